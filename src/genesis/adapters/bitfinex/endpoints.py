"""The endpoints of Bitfinex v2 that we use: path, how often, how large an answer, and how urgent.

Source: Bitfinex reference; requests per minute from "Requirements and limitations" and each endpoint's page. Where a
page states no limit, the smallest usual one (30) is assumed.
"""

from typing import Final

from attrs import evolve, field, frozen

from genesis.domain.resilience import Priority, Ration

MIB: Final = 1 << 20


@frozen
class Endpoint:
    """A kind of request. *name* is its label in metrics and its budget, *template* what follows `/v2/`."""

    name: str
    template: str
    per_minute: int = 90
    priority: Priority = Priority.READ
    is_write: bool = False
    answer_bytes_max: int = MIB
    path: str = field(default="")

    def at(self, **parts: str | int) -> "Endpoint":
        """Return the endpoint with its path filled in."""
        return evolve(self, path=self.template.format(**parts))

    def urgent(self, priority: Priority) -> "Endpoint":
        """Return the endpoint with another priority: a download reads the same path as a decision does."""
        return evolve(self, priority=priority)

    @property
    def ration(self) -> Ration:
        """What the exchange takes of it and its family."""
        return Ration(self.name, self.per_minute)

    @property
    def is_signed(self) -> bool:
        """Whether requests carry a nonce and a signature."""
        return self.template.startswith("auth/")


def _write(name: str, template: str, priority: Priority = Priority.ORDER) -> Endpoint:
    return Endpoint(name, template, priority=priority, is_write=True)


PLATFORM_STATUS: Final = Endpoint("platform_status", "platform/status", 30)
TICKER: Final = Endpoint("ticker", "ticker/{symbol}", 90)
TICKERS: Final = Endpoint("tickers", "tickers", 30)
TICKERS_HISTORY: Final = Endpoint("tickers_history", "tickers/hist", 30)
TRADES: Final = Endpoint("trades", "trades/{symbol}/hist", 15, answer_bytes_max=4 * MIB)
BOOK: Final = Endpoint("book", "book/{symbol}/{precision}", 240)
CANDLES: Final = Endpoint("candles", "candles/{key}/hist", 30, answer_bytes_max=4 * MIB)
CANDLE_LAST: Final = Endpoint("candles", "candles/{key}/last", 30)
STATISTICS: Final = Endpoint("stats", "stats1/{key}/hist", 15, answer_bytes_max=4 * MIB)
STATISTIC_LAST: Final = Endpoint("stats", "stats1/{key}/last", 15)
DERIVATIVE_STATUS: Final = Endpoint("derivative_status", "status/deriv", 90)
DERIVATIVE_STATUS_HISTORY: Final = Endpoint(
    "derivative_status", "status/deriv/{symbol}/hist", 90, answer_bytes_max=4 * MIB
)
LIQUIDATIONS: Final = Endpoint("liquidations", "liquidations/hist", 3)
CONF: Final = Endpoint("conf", "conf/{keys}", 90, answer_bytes_max=4 * MIB)
AVERAGE_PRICE: Final = Endpoint("average_price", "calc/trade/avg", 90)
EXCHANGE_RATE: Final = Endpoint("exchange_rate", "calc/fx", 90)

WALLETS: Final = Endpoint("wallets", "auth/r/wallets")
POSITIONS: Final = Endpoint("positions", "auth/r/positions")
POSITION_HISTORY: Final = Endpoint("position_history", "auth/r/positions/hist")
ORDERS: Final = Endpoint("orders", "auth/r/orders")
ORDERS_OF: Final = Endpoint("orders", "auth/r/orders/{symbol}")
ORDER_HISTORY: Final = Endpoint("order_history", "auth/r/orders/hist", answer_bytes_max=4 * MIB)
ORDER_HISTORY_OF: Final = Endpoint("order_history", "auth/r/orders/{symbol}/hist", answer_bytes_max=4 * MIB)
ORDER_TRADES: Final = Endpoint("order_trades", "auth/r/order/{symbol}:{id}/trades")
OWN_TRADES: Final = Endpoint("own_trades", "auth/r/trades/hist", answer_bytes_max=4 * MIB)
OWN_TRADES_OF: Final = Endpoint("own_trades", "auth/r/trades/{symbol}/hist", answer_bytes_max=4 * MIB)
LEDGERS: Final = Endpoint("ledgers", "auth/r/ledgers/hist", answer_bytes_max=4 * MIB)
LEDGERS_OF: Final = Endpoint("ledgers", "auth/r/ledgers/{currency}/hist", answer_bytes_max=4 * MIB)
MARGIN: Final = Endpoint("margin", "auth/r/info/margin/{key}")
USER: Final = Endpoint("user", "auth/r/info/user")
SUMMARY: Final = Endpoint("summary", "auth/r/summary")
PERMISSIONS: Final = Endpoint("permissions", "auth/r/permissions")
AVAILABLE_BALANCE: Final = Endpoint("available_balance", "auth/calc/order/avail")

ORDER_SUBMIT: Final = _write("order_submit", "auth/w/order/submit")
ORDER_UPDATE: Final = _write("order_update", "auth/w/order/update")
ORDER_CANCEL: Final = _write("order_cancel", "auth/w/order/cancel", Priority.CANCEL)
ORDER_CANCEL_MULTI: Final = _write("order_cancel_multi", "auth/w/order/cancel/multi", Priority.CANCEL)
ORDER_MULTI: Final = _write("order_multi", "auth/w/order/multi")

FUNDING_OFFERS: Final = Endpoint("funding_offers", "auth/r/funding/offers")
FUNDING_OFFERS_OF: Final = Endpoint("funding_offers", "auth/r/funding/offers/{symbol}")
FUNDING_LOANS: Final = Endpoint("funding_loans", "auth/r/funding/loans")
FUNDING_LOANS_OF: Final = Endpoint("funding_loans", "auth/r/funding/loans/{symbol}")
FUNDING_CREDITS: Final = Endpoint("funding_credits", "auth/r/funding/credits")
FUNDING_CREDITS_OF: Final = Endpoint("funding_credits", "auth/r/funding/credits/{symbol}")
FUNDING_SUBMIT: Final = _write("funding_submit", "auth/w/funding/offer/submit")
FUNDING_CANCEL: Final = _write("funding_cancel", "auth/w/funding/offer/cancel", Priority.CANCEL)
FUNDING_CANCEL_ALL: Final = _write("funding_cancel_all", "auth/w/funding/offer/cancel/all", Priority.CANCEL)
