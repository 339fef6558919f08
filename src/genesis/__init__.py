"""Genesis: the trading core for people who run their own algorithms on Bitfinex."""

__version__ = "0.1.0"
