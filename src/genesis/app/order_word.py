"""A person's word for how an order ended, and whether it can be true: judged by what was seen, and by nothing else."""

from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from genesis.domain.events import AccountShown
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.absence import AGE_MAX_S
from genesis.domain.execution.evidence import Traded, Vouched
from genesis.domain.execution.order_life import ContradictingEvidence, ImpossibleStep, OrderLife, advance, knows
from genesis.domain.execution.reconciliation import after_crash, facts
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import value_of
from genesis.domain.order import OrderRequest, Side
from genesis.domain.risk.scene import limit_of
from genesis.domain.units import InexactNumber, Price, atoms, decimal_from_text, format_atoms
from genesis.ports.errors import InputError

HORIZON_MS: Final = int(AGE_MAX_S * 1000)
"""For how long after it was sent the exchange can show what became of an order."""

FAR: Final = 10
"""A price so many times above or below the last one known is a slip of the pen: no pair moved that far in a month."""

NEAR: Final = 2
"""What wallets lost for what they got is the price of a trade up to so many times the last one known."""

REBATE_PARTS: Final = 1_000
"""A rebate is at most one part of so many: the maker's fee of the base tier, which rebates are taken from."""

PARTS: Final = 100
"""Less than one part of so many of an order is no difference: fees and rounding are."""


@frozen
class Word:
    """What a person says of an order, as text: what was *filled* of it in all, at which price, for which fee.

    Without *filled* the exchange never had it.
    """

    reason: str
    filled: str = ""
    price: str = ""
    fee: str = "0"

    def vouched(self, instrument: Instrument) -> Vouched:
        """Return it as evidence; raises `InexactNumber` for what is no number, or finer than the exchange has it."""
        price = instrument.price(decimal_from_text(self.price)) if self.price else None
        return Vouched(self.reason, atoms(self.filled or "0"), price, atoms(self.fee))


@frozen
class Moved:
    """What the account has more, or less, than is booked: *coins* of the base currency and *money*, in atoms."""

    coins: int
    money: int


@frozen
class Seen:
    """What there is to judge a word by: the newest *look* at the account, and the last *price* known.

    *moved* is what wallets say, None where they cannot tell what came by the order.
    """

    look: AccountShown | None
    price: Price | None = None
    moved: Moved | None = None


def judged(life: OrderLife, word: Word, instrument: Instrument, seen: Seen, account: Account) -> Vouched:
    """Return *word* as evidence; raises `InputError` where it may not, or cannot, settle the order."""
    order = life.order
    look = _latest(life, instrument, seen)
    if life.id is not None and not word.filled:
        raise InputError(f"order {order.cid}: the exchange had it as {life.id}: say --filled, 0 where nothing was")
    try:
        vouched = word.vouched(instrument)
        ended = advance(life if (proof := after_crash(life)) is None else advance(life, proof), vouched)
    except (ContradictingEvidence, ImpossibleStep, InexactNumber) as error:
        raise InputError(f"this cannot be how it ended: {error}") from error
    match = ended.vouched
    if match is None and (vouched.fee or (word.price and not word.filled)):
        raise InputError(f"order {order.cid}: nothing of it is left to be booked: it had no price and cost no fee")
    impossible = _impossible(order, match, instrument, seen.price, account) if match is not None else ""
    if impossible or (seen.moved is not None and (impossible := _unseen(order, match, instrument, seen, seen.moved))):
        raise InputError(f"order {order.cid}: this cannot be how it ended: {impossible} (look of {date(look.mts)})")
    return vouched


def date(mts: int) -> str:
    """Return a time as a person reads it."""
    return f"{datetime.fromtimestamp(mts / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _latest(life: OrderLife, instrument: Instrument, seen: Seen) -> AccountShown:
    """Return the newest look; raises `InputError` while the exchange can prove what became of the order."""
    order, look = life.order, seen.look
    provable_until = order.mts + HORIZON_MS
    if look is None or look.mts <= provable_until:
        raise InputError(
            f"order {order.cid}: the exchange can show what became of it until {date(provable_until)}, and no look at "
            "the account was taken after that: let a session begin then, and look first"
        )
    shown = facts({order.cid: life}, look.look, {order.symbol: instrument})
    is_open = any(order.cid == each.cid or life.id == each.id for each in look.look.open_orders)
    news = [evidence for _, evidence in shown.ours if not knows(life, evidence)]
    if is_open or news or shown.unreadable:
        said = "; ".join([*map(str, news), *shown.unreadable]) or "it is open"
        raise InputError(
            f"order {order.cid}: the exchange still shows it: let a session take what it shows "
            f"(look of {date(look.mts)}: {said})"
        )
    return look


def _impossible(
    order: OrderRequest, match: Traded, instrument: Instrument, last: Price | None, account: Account
) -> str:
    """Return why a match cannot have been, as a part of a sentence; empty where it can."""
    price, limit, is_purchase = match.price, limit_of(order), order.side is Side.BUY
    if limit is not None and (price > limit if is_purchase else price < limit):
        than = "above" if is_purchase else "below"
        return f"the price {_text(instrument, price)} is {than} its limit of {_text(instrument, limit)}"
    if last is not None and not last <= price * FAR <= last * FAR * FAR:
        return f"the price {_text(instrument, price)} is more than {FAR} times off the last, {_text(instrument, last)}"
    in_coins = is_purchase and account is not Account.MARGIN
    brought = match.amount if in_coins else value_of(match.amount, price, instrument.price_scale)
    currency, fee = instrument.base if in_coins else instrument.quote, match.fee or 0
    if fee >= brought:
        return f"a fee of {format_atoms(fee)} {currency} is all of the {format_atoms(brought)} that it is taken from"
    if -fee * REBATE_PARTS > brought:
        most = format_atoms(brought // REBATE_PARTS)
        return f"a fee of {format_atoms(fee)} {currency} is a larger rebate than there is, {most} at the most"
    return ""


def _unseen(order: OrderRequest, match: Traded | None, instrument: Instrument, seen: Seen, moved: Moved) -> str:
    """Return what wallets show that clearly is not what a person says; empty where they agree, or do not tell."""
    said = 0 if match is None else match.amount
    got, paid = order.side.sign * moved.coins, -order.side.sign * moved.money
    least = order.amount // PARTS
    has = f"{format_atoms(moved.coins)} {instrument.base} and {format_atoms(moved.money)} {instrument.quote}"
    if match is not None:
        worth = value_of(match.amount, match.price, instrument.price_scale)
        if abs(got) * PARTS <= said and abs(paid) * PARTS <= worth:
            return f"the wallets have {has} more than is booked without it, so nothing came of it"
    last = seen.price
    is_one_trade = (
        last is not None
        and least <= got <= order.amount + least
        and last <= NEAR * (paid * instrument.price_scale // got) <= last * NEAR * NEAR
    )
    if is_one_trade and abs(got - said) > least:
        return f"the wallets have {has} more than is booked without it, so {format_atoms(got)} of it were filled"
    return ""


def _text(instrument: Instrument, price: Price) -> str:
    return f"{instrument.decimal_from_price(price).normalize():f}"
