"""Ports answered from memory: for backtests, paper trading and simulation, with the same contracts as the real ones."""
