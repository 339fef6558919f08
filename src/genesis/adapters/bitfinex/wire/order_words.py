"""The words and flags of orders on the wire. Source: Bitfinex documentation, "Order types", "Flag values"."""

from typing import Final

from genesis.domain.order import OrderType

HIDDEN: Final = 64
REDUCE_ONLY: Final = 1024
POST_ONLY: Final = 4096
ONE_CANCELS_OTHER: Final = 16384

SPOT_PREFIX: Final = "EXCHANGE "

TYPE_TO_WIRE: Final = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP",
    OrderType.STOP_LIMIT: "STOP LIMIT",
    OrderType.TRAILING_STOP: "TRAILING STOP",
    OrderType.FILL_OR_KILL: "FOK",
    OrderType.IMMEDIATE_OR_CANCEL: "IOC",
}
TYPE_FROM_WIRE: Final = {text: kind for kind, text in TYPE_TO_WIRE.items()}
