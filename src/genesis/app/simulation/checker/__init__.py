"""The outside checker: it knows the exchange's truth, the wire and the durable journal, and nothing of our code's mind.

What it holds against each other it reads in its own plain way, so that a mistake of the core is not made twice.
"""
