"""Channels to people: a webhook and Telegram."""
