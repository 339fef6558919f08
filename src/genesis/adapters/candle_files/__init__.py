"""Files of candles as people have them: CSV in Bitfinex's order, plain or gzip, and the candles endpoint's JSON."""
