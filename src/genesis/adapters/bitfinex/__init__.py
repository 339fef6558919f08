"""Speaking Bitfinex: REST and WebSocket, public and authenticated."""
