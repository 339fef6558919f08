"""How a larger order is carried out: plans that say, from what became of its parts so far, what the next part is.

A plan keeps no state of its own. What it says follows from the undertaking, the lives of its orders and the time, so
after a crash it goes on where the journal ends, and an order whose outcome is unknown counts as if it were there: no
part is sent twice.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias, assert_never

from attrs import field, frozen

from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.instrument import Instrument, Rounding
from genesis.domain.order import Cid, OrderType, Side
from genesis.domain.risk.scene import Top
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, Symbol, ceil_mul_div, floor_mul_div

LATE_MAX: Final = 2
"""A plan in slices that slept goes on for so many times its length; what is left then is decided anew."""

REFUSALS_MAX: Final = 3
"""After so many parts in a row that never were there, a plan gives up."""


@frozen
class Market:
    """All at once, at whatever price the book has."""


@frozen
class Twap:
    """In *slices* equal parts, one every *every_ms*, each at the market."""

    slices: int = field()
    every_ms: int = field()

    @slices.validator
    def _check_slices(self, _attribute: object, value: int) -> None:
        if value < 1:
            raise ValueError(f"a TWAP has at least 1 slice, was {value}")

    @every_ms.validator
    def _check_every_ms(self, _attribute: object, value: int) -> None:
        if value < 1:
            raise ValueError(f"the slices of a TWAP are at least 1 ms apart, was {value}")


@frozen
class PostOnly:
    """At our side of the book, as a maker; moved after the market every *reprice_ms*, given up after *patience_ms*."""

    reprice_ms: int = field()
    patience_ms: int = field()

    def __attrs_post_init__(self) -> None:
        if not 0 < self.reprice_ms <= self.patience_ms:
            raise ValueError("a post-only order is moved after at least 1 ms and given up no earlier than that")


@frozen
class Iceberg:
    """Like `PostOnly`, but never more than *visible* atoms of it are in the book."""

    visible: Atoms = field()
    reprice_ms: int = field()
    patience_ms: int = field()

    def __attrs_post_init__(self) -> None:
        if self.visible <= 0:
            raise ValueError(f"the visible part of an iceberg must be > 0, was {self.visible}")
        PostOnly(self.reprice_ms, self.patience_ms)


@frozen
class LimitEntry:
    """A position is entered as a maker, *offset* behind our side of the book, and left at the market.

    The order stays where it is, and is given up after *patience_ms*.
    """

    offset: Ppb = field()
    patience_ms: int = field()

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.offset < PPB:
            raise ValueError("the offset of an entry must be at least 0 and below 10000 bp")
        PostOnly(self.patience_ms, self.patience_ms)


Plan: TypeAlias = Market | Twap | PostOnly | Iceberg | LimitEntry


@frozen
class Undertaking:
    """An order that is carried out in parts; *id* tells it from the other undertakings of the account."""

    id: int
    strategy: str
    symbol: Symbol
    side: Side
    amount: Atoms
    begun: Mts
    plan: Plan


class Place(NamedTuple):
    """Send a part, once there is a quote to price it on."""

    amount: Atoms


class Withdraw(NamedTuple):
    """Cancel a part; what is left of it is decided on when it has ended."""

    cid: Cid


class Wait(NamedTuple):
    """Nothing to do before *until*, or before a part ends where that is None."""

    until: Mts | None


class Finished(NamedTuple):
    """The undertaking is over; *left* of it was not filled."""

    left: Atoms


Step: TypeAlias = Place | Withdraw | Wait | Finished


class Pricing(NamedTuple):
    """How a part goes to the exchange; *price* is None at the market."""

    type: OrderType
    price: Price | None
    post_only: bool


def next_step(
    undertaking: Undertaking, parts: Sequence[OrderLife], now: Mts, top: Top | None, instrument: Instrument
) -> Step:
    """Return what *undertaking* needs now; *parts* are its orders so far, *top* the last quote of its instrument."""
    filled = sum(part.filled for part in parts)
    working = sum(part.at_risk for part in parts)
    left = undertaking.amount - filled
    if len(parts) >= REFUSALS_MAX and all(_never_was(part) for part in parts[-REFUSALS_MAX:]):
        return Finished(Atoms(left))
    match undertaking.plan:
        case Market():
            due = undertaking.amount if not parts else 0
            return _sliced(due, left, filled, working, None, instrument)
        case Twap(slices, every_ms):
            return _twap(undertaking, slices, every_ms, parts, now, instrument)
        case PostOnly(reprice_ms, patience_ms):
            resting = _Resting(undertaking, undertaking.amount, reprice_ms, patience_ms)
            return _rest(resting, parts, now, top, left, working, instrument)
        case LimitEntry(_, patience_ms):
            resting = _Resting(undertaking, undertaking.amount, patience_ms, patience_ms)
            return _rest(resting, parts, now, top, left, working, instrument)
        case Iceberg(visible, reprice_ms, patience_ms):
            resting = _Resting(undertaking, visible, reprice_ms, patience_ms)
            return _rest(resting, parts, now, top, left, working, instrument)
        case _:
            assert_never(undertaking.plan)


def _never_was(part: OrderLife) -> bool:
    """Whether a part ended without having been there."""
    return part.status in {Status.REJECTED, Status.NOT_SENT, Status.ABSENT}


def pricing(plan: Plan, side: Side, top: Top, instrument: Instrument) -> Pricing:
    """Return how a part of *plan* is priced on a quote: resting at our own side of the book, or at the market."""
    if isinstance(plan, Market | Twap):
        return Pricing(OrderType.MARKET, None, post_only=False)
    if isinstance(plan, LimitEntry):
        return Pricing(OrderType.LIMIT, entry_price(plan.offset, side, top, instrument), post_only=True)
    return Pricing(OrderType.LIMIT, own_side(side, top, instrument), post_only=True)


def own_side(side: Side, top: Top, instrument: Instrument) -> Price:
    """Return the best price at which an order of *side* rests: the bid for a purchase, on the grid."""
    if side is Side.BUY:
        return instrument.on_grid(top.bid, Rounding.DOWN)
    return instrument.on_grid(top.ask, Rounding.UP)


def entry_price(offset: Ppb, side: Side, top: Top, instrument: Instrument) -> Price:
    """Return the price *offset* behind our side of the book, on the grid and no nearer to the market."""
    if side is Side.BUY:
        return instrument.on_grid(Price(max(1, floor_mul_div(top.bid, PPB - offset, PPB))), Rounding.DOWN)
    return instrument.on_grid(Price(ceil_mul_div(top.ask, PPB + offset, PPB)), Rounding.UP)


def _twap(
    undertaking: Undertaking,
    slices: int,
    every_ms: int,
    parts: Sequence[OrderLife],
    now: Mts,
    instrument: Instrument,
) -> Step:
    """Send the slices that are due. Who slept does not send all of them at once: one a time, and none long after."""
    amount, begun = undertaking.amount, undertaking.begun
    filled, working = sum(part.filled for part in parts), sum(part.at_risk for part in parts)
    passed = min(slices, (now - begun) // every_ms + 1)
    due, a_slice = amount * passed // slices, amount // slices
    until = None if passed == slices else Mts(begun + passed * every_ms)
    if due - filled - working >= 2 * a_slice and now >= begun + LATE_MAX * slices * every_ms:
        return Wait(None) if working else Finished(Atoms(amount - filled))
    if due - filled - working >= a_slice:
        last = next((part.order.mts for part in reversed(parts) if not _never_was(part)), None)
        if last is not None and now < last + every_ms:
            return Wait(Mts(last + every_ms))
        due = min(due, filled + working - (-amount // slices))
    return _sliced(due, amount - filled, filled, working, until, instrument)


def _sliced(due: int, left: int, filled: int, working: int, until: Mts | None, instrument: Instrument) -> Step:
    """Send what is due and neither filled nor on its way; a part below the minimum waits for the next slice."""
    missing = due - filled - working
    if missing >= instrument.amount_min:
        return Place(Atoms(missing))
    if working or until is not None:
        return Wait(until)
    return Finished(Atoms(left))


class _Resting(NamedTuple):
    undertaking: Undertaking
    visible: int
    reprice_ms: int
    patience_ms: int


def _rest(
    plan: _Resting,
    parts: Sequence[OrderLife],
    now: Mts,
    top: Top | None,
    left: int,
    working: int,
    instrument: Instrument,
) -> Step:
    given_up = Mts(plan.undertaking.begun + plan.patience_ms)
    if not working:
        if left < instrument.amount_min or now >= given_up:
            return Finished(Atoms(left))
        rest = left - plan.visible
        # What would be too small to be sent alone goes along with the part before it.
        return Place(Atoms(plan.visible if rest >= instrument.amount_min else left))
    part = next(part for part in reversed(parts) if part.at_risk)
    if part.id is None:  # not seen yet: nothing can be said of it before it is
        return Wait(None)
    if now >= given_up:
        return Withdraw(part.order.cid)
    moves = Mts(part.order.mts + plan.reprice_ms)
    if now < moves:
        return Wait(min(moves, given_up))
    is_behind = top is not None and part.order.price != own_side(plan.undertaking.side, top, instrument)
    return Withdraw(part.order.cid) if is_behind else Wait(min(Mts(now + plan.reprice_ms), given_up))
