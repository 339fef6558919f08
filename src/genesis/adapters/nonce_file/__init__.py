"""Nonces and client order ids on disk, one file a key: see `opening` for the way in."""
