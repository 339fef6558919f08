"""The way of our orders to the exchange: judged by the gate as the account stands, and in the books once they leave."""

from collections.abc import Container
from typing import Final

from attrs import evolve

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.events import OrderRefused, Reasons, Submit
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest
from genesis.domain.risk import gate
from genesis.domain.risk.account_guards import within_balance
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Standing
from genesis.domain.units import Atoms, Mts, Price

TOO_LOW: Final = "max_order_amount or max_order_notional is below that: raise it, else nothing gets in or out"


class Dispatch:
    """See the module; *reasons* are why each strategy sent its last order.

    Where *has_to_see* is off no exchange has to show the account: without *limits* there is less to judge then.
    """

    def __init__(self, books: Books, limits: AccountLimits, *, has_to_see: bool) -> None:
        self.limits = limits
        self.reasons: dict[str, Reasons] = {}
        self._books = books
        self._has_to_see = has_to_see

    def send(
        self,
        desk: Desk,
        order: OrderRequest,
        reasons: Reasons,
        now: Mts,
        undertaking: int = 0,
        wished: Atoms | None = None,
    ) -> Submit | OrderRefused:
        """Send an order if the gate lets it pass, else count and tell why not; *wished* is its amount before a cut.

        It leaves as `check` approves it: cut once more, perhaps.
        """
        answer = self.check(desk, order, now)
        if isinstance(answer, Refused):
            return desk.refused(order.mts, order.side, order.amount, answer)
        if undertaking != PROTECTION:
            self.reasons[desk.name] = reasons
        if answer.order.amount < order.amount:
            wished = wished or order.amount
        self._books.sent(answer.order, desk.name, undertaking, self.limits, now)
        return Submit(answer, reasons, desk.name, undertaking, wished)

    def check(self, desk: Desk, order: OrderRequest, now: Mts, gone: Container[Cid] = ()) -> gate.Approved | Refused:
        """Judge an order, as if those of ours that are *gone* were not there.

        What only gets out of a position, or guards it, is cut to the coins there are, and approved so.
        """
        halted, instrument = desk.halted, desk.settings.instrument
        on_margin = desk.settings.margin is not None
        if halted is not None and desk.is_paused:
            return Refused(RefusalCode.SYMBOL_PAUSED, halted.text, "orders once it is resumed")
        is_halted = halted is not None
        if self.limits.is_off and not self._has_to_see and self._books.standings.now is Standing.OPEN:
            return gate.check(order, instrument, desk.position, is_halted, on_margin=on_margin)
        scene = self._books.scene(order, desk.name, now, gone)
        answer = gate.check_in_account(
            within_balance(order, instrument, scene),
            instrument,
            desk.position,
            is_halted,
            self.limits,
            scene,
            on_margin=on_margin,
        )
        if isinstance(answer, Refused) and answer.code is RefusalCode.AMOUNT_BELOW_MINIMUM:
            return self._why_so_small(answer, instrument)
        return answer

    def within_one_order(self, instrument: Instrument, amount: Atoms, price: Price) -> Atoms:
        """Cut *amount* to what one order may be at *price*; the rest follows later."""
        return self.limits.within_one_order(instrument, amount, price)

    def _why_so_small(self, refused: Refused, instrument: Instrument) -> Refused:
        """Say of an order that is too small where our own limits leave no other: they keep a strategy in, too."""
        quote, least = self._books.quotes.get(instrument.symbol), instrument.amount_min
        if quote is None or self.within_one_order(instrument, least, quote.ask) >= least:
            return refused
        return evolve(refused, allowed=f"{refused.allowed}, and {TOO_LOW}")
