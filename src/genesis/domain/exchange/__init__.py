"""What an exchange tells us, as values.

The market it shows to all, and our orders, balances and fees as it sees them.
"""
