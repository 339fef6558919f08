"""Rows to domain values and back: pure, both ways, and the only place where the sign of an amount has a meaning."""
