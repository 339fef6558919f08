"""Looks at a machine and at the state on it before a session does, and says what to do."""
