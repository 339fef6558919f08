"""One indicator a file: its step, and the compiled loop over that same step."""
