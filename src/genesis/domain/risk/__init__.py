"""Sizing, guards, limits and the gate, as pure functions."""
