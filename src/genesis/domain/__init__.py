"""Decisions: pure functions and immutable values. No IO, no clock, no logging, no async."""
