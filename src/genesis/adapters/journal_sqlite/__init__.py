"""The journal in SQLite: one file of chained rows, a witness of its head beside it, and a reserve for a full disk."""
