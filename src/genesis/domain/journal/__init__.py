"""What a journal holds: entries, their one canonical text, and the chain that binds them."""
