"""The life of an order in the core: in flight until it is closed, whatever it meets on the way."""

from genesis.domain.candle import Candle
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    Alert,
    AlertCode,
    CandleClosed,
    Decision,
    OrderReported,
    Quote,
    RequestQuote,
    Submit,
)
from genesis.domain.execution.evidence import Closed, Evidence, Refused, SendBegan, Traded
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, Side
from genesis.domain.strategy.features import volume
from genesis.domain.units import Atoms, Mts, Symbol, atoms

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)
PRICE = INSTRUMENT.price(100)


class Account:
    """A core with 1000 of cash; candles carry the target in their volume."""

    def __init__(self) -> None:
        self.core = one_desk(DeskSettings(INSTRUMENT, volume), atoms(1000))
        self.minutes = 0
        self.cid = Cid(0)
        self.trades = self.filled = 0

    def close(self, target: float) -> tuple[Decision, ...]:
        self.minutes += 1
        return self.core.handle(CandleClosed(BTC, Candle(Mts(60_000 * self.minutes), 100, 100, 100, 100, target)))

    def buy(self, cid: Cid | None = None) -> Submit:
        assert self.close(1.0) == (RequestQuote(BTC),)
        (submit,) = self.core.handle(Quote(BTC, Mts(0), PRICE, PRICE, () if cid is None else (cid,)))
        assert isinstance(submit, Submit)
        self.cid = submit.order.order.cid
        self.report(SendBegan())
        return submit

    def report(self, evidence: Evidence) -> tuple[Decision, ...]:
        return self.core.handle(OrderReported(Mts(0), BTC, self.cid, evidence))

    def fill(self, amount: str) -> None:
        self.trades += 1
        self.filled += atoms(amount)
        self.report(Traded(self.trades, OrderId(self.cid), Mts(0), atoms(amount), PRICE, Atoms(0)))

    def end(self) -> tuple[Decision, ...]:
        return self.report(Closed(OrderId(self.cid), Atoms(self.filled), "CANCELED"))


def test_an_order_is_in_flight_until_all_of_it_is_filled() -> None:
    account = Account()
    assert account.buy().order.order.amount == atoms(10)
    account.fill("4")
    assert account.close(0.0) == ()
    account.fill("6")
    assert account.core.position(BTC) == atoms(10)
    assert account.close(0.0) == (RequestQuote(BTC),)
    assert account.end() == ()


def test_what_was_not_filled_is_told_and_tried_again_after_the_next_close() -> None:
    account = Account()
    account.buy()
    account.fill("4")
    (alert,) = account.end()
    assert isinstance(alert, Alert)
    assert (alert.code, alert.text) == (AlertCode.ORDER_INCOMPLETE, "order 1 tBTCUSD: 6 of it were not filled")
    assert account.core.halted is None
    assert account.buy().order.order.amount == atoms(6)


def test_a_refused_order_is_told_and_tried_again_after_the_next_close() -> None:
    account = Account()
    account.buy()
    (alert,) = account.report(Refused("no"))
    assert isinstance(alert, Alert)
    assert alert.code is AlertCode.ORDER_REJECTED
    assert account.buy().order.order.amount == atoms(10)


def test_the_id_of_an_order_is_the_quotes_and_else_above_all_that_were() -> None:
    account = Account()
    cids = []
    for lent in (Cid(77), None, Cid(99), None):
        cids.append(account.buy(lent).order.order.cid)
        account.report(Refused("no"))
    assert cids == [77, 78, 99, 100]


def test_a_partly_filled_entry_is_left_when_the_strategy_wants_out_again() -> None:
    account = Account()
    account.buy()
    account.fill("4")
    account.end()
    assert account.close(0.0) == (RequestQuote(BTC),)
    (submit,) = account.core.handle(Quote(BTC, Mts(0), PRICE, PRICE))
    assert isinstance(submit, Submit)
    assert (submit.order.order.side, submit.order.order.amount) == (Side.SELL, atoms(4))


def test_a_partly_filled_entry_is_left_even_after_an_order_of_which_nothing_came() -> None:
    account = Account()
    account.buy()
    account.fill("1")
    account.end()
    account.filled = 0
    account.buy()
    account.report(Refused("no"))
    assert account.close(0.0) == (RequestQuote(BTC),)
    (submit,) = account.core.handle(Quote(BTC, Mts(0), PRICE, PRICE))
    assert isinstance(submit, Submit)
    assert (submit.order.order.side, submit.order.order.amount) == (Side.SELL, atoms("1"))
