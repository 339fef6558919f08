"""The life of an order: what may happen to it, what an answer proves, and what is left to prove."""
