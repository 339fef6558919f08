"""The audit log in a file of lines: see `file` for who appends, `reading` for who follows."""
