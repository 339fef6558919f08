"""A local Bitfinex: REST v2 and WebSocket v2 over the simulated exchange, for any client in any language."""
