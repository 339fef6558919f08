"""Who plays the market: recorded candles, recorded frames, or seeded traders."""
