"""What the venue says at its start: where it is, its keys, and how to point each client at it."""

from collections.abc import Sequence

from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.app.json_output import JsonDocument


def addresses(port: int, symbols: Sequence[str]) -> JsonDocument:
    """Return addresses, instruments and keys for machines."""
    return {
        "rest": f"http://127.0.0.1:{port}/v2",
        "ws": f"ws://127.0.0.1:{port}/ws/2",
        "control": f"http://127.0.0.1:{port}/sim",
        "symbols": list(symbols),
        "keys": [{"name": demo.name, "key": demo.key, "secret": demo.secret} for demo in DEMO_KEYS],
    }


def people_text(port: int, symbols: Sequence[str]) -> str:
    """Return the same for people, with a snippet for each client."""
    host, first = f"127.0.0.1:{port}", DEMO_KEYS[0]
    keys = "\n".join(f"  {demo.name:20} {demo.key:20} {demo.secret}" for demo in DEMO_KEYS)
    return f"""A local Bitfinex on http://{host}: REST at /v2, WebSocket at /ws/2, control at /sim. Ctrl-C ends it.
Markets: {", ".join(symbols)}
Keys (they open nothing but this):
{keys}

bitfinex-api-py
  Client({first.key!r}, {first.secret!r},
         rest_host="http://{host}/v2", wss_host="ws://{host}/ws/2")
ccxt
  client = ccxt.bitfinex({{"apiKey": {first.key!r}, "secret": {first.secret!r}}})
  client.urls["api"] = {{"public": "http://{host}", "private": "http://{host}",
      "ws": {{"public": "ws://{host}/ws/2", "private": "ws://{host}/ws/2"}}}}
bitfinex-api-node
  new BFX({{ apiKey: {first.key!r}, apiSecret: {first.secret!r},
    rest: {{ url: "http://{host}" }}, ws: {{ url: "ws://{host}/ws/2" }} }})
"""
