"""The one loop: events to the core, decisions to the market."""

from typing import Protocol

from genesis.domain.core import TradingCore
from genesis.domain.events import Alert, CandleClosed, OrderFilled, RequestQuote, Submit
from genesis.domain.fill import Fill
from genesis.ports.market import Market


class Observer(Protocol):
    """Whoever wants to see the run: statistics, read models, a journal. Called in order; must not block."""

    def close(self, mts: int, equity: int, position: int) -> None:
        """Take the account's state at a close."""

    def fill(self, fill: Fill) -> None:
        """Take a fill that the core has booked."""

    def submit(self, submit: Submit) -> None:
        """Take an order that is about to leave, with its reasons."""

    def alert(self, alert: Alert) -> None:
        """Take something that a person should see."""


async def trade(core: TradingCore, market: Market, observer: Observer) -> None:
    """Run until the market's events end, or until cancelled between two of them."""
    handle, close = core.handle, observer.close
    async for event in market.events():
        decisions = handle(event)
        if type(event) is CandleClosed:
            close(event.candle.mts, core.equity, core.position)
        elif type(event) is OrderFilled:
            observer.fill(event.fill)
        for decision in decisions:
            match decision:
                case RequestQuote(wanted):
                    market.request_quote(wanted)
                case Submit():
                    observer.submit(decision)
                    await market.submit(decision.order)
                case Alert():
                    observer.alert(decision)
