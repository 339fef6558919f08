"""Bitfinex over REST and WebSocket: bytes ► `wire` structs ► `convert` ► domain values.

`rest*` and `stream*` do the IO.
"""
