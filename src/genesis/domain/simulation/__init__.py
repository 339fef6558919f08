"""Fills without an exchange: the rules of the backtest."""
