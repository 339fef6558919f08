"""Strategies as expressions over indicators, and the ones that ship."""
