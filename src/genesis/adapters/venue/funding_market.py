"""The public side of funding: the book of offers and bids, and the ticker of a currency.

The house lends to positions at its own rate, which stands for the FRR; offers rest, so there are no funding trades."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final, NamedTuple

from genesis.adapters.bitfinex.wire.number import js_text
from genesis.adapters.venue.feeds import Listeners
from genesis.adapters.venue.numbers import scaled_text
from genesis.adapters.venue.public_book import DIGITS, RAW
from genesis.adapters.venue.session import BULK, Session
from genesis.adapters.venue.statistics import Statistics
from genesis.domain.order import Side
from genesis.domain.simulation.funding_offers import FundingOffer, FundingOffers
from genesis.domain.units import ATOM_DECIMALS, Currency, Mts, decimal_from_text, unscaled

TICKER_LEVELS: Final = 25


class FundingLine(NamedTuple):
    """A level of a funding book, or an offer of a raw one, as the wire writes them: *body* follows *head*."""

    head: str
    body: str
    is_offer: bool

    def text(self) -> str:
        """Return the row."""
        return f"[{self.head},{self.body}]"

    def removal(self) -> str:
        """Return the row that takes it away: a rate of 0 in a raw book, a count of 0 in another."""
        return f"[{self.head},0,{1 if self.is_offer else -1}]"


class Rated(NamedTuple):
    """An offer and its rate a day, the FRR's included where the offer follows it."""

    rate: Decimal
    offer: FundingOffer


class FundingMarket:
    """What everyone sees of funding."""

    def __init__(self, offers: FundingOffers, statistics: Statistics) -> None:
        self._offers = offers
        self._statistics = statistics

    @property
    def changes(self) -> int:
        """How often the books have changed."""
        return self._offers.changes

    def knows(self, symbol: str) -> bool:
        """Whether *symbol*, as in `fUSD`, is lent here."""
        return self._statistics.lends(symbol)

    def symbols(self) -> list[str]:
        """Return all funding symbols."""
        return sorted(f"f{currency}" for currency in self._statistics.currencies())

    def lines(self, symbol: str, precision: str, length: int) -> list[FundingLine]:
        """Return the best bids, the highest rate first, then the best offers, the lowest first."""
        both = []
        for side in (Side.BUY, Side.SELL):
            offers = self._of(symbol, side)
            both += _raw(offers[:length]) if precision == RAW else _levels(offers, DIGITS[precision])[:length]
        return both

    def ticker_text(self, symbol: str) -> str:
        """Return the ticker of a currency; what nobody knows is null."""
        sides = []
        for side in (Side.BUY, Side.SELL):
            best = self._of(symbol, side)[:TICKER_LEVELS]
            size = scaled_text(sum(offer.amount for _, offer in best), ATOM_DECIMALS)
            rate, period = (js_text(best[0].rate), best[0].offer.period_days) if best else ("null", "null")
            sides.append(f"{rate},{period},{size}")
        frr = scaled_text(self._statistics.house_rate(symbol), 9)
        return f"[{frr},{sides[0]},{sides[1]},0,0,{frr},0,{frr},{frr},null,null,null]"

    def _of(self, symbol: str, side: Side) -> list[Rated]:
        """Return the open offers of one side, the best first: by rate, then by age."""
        frr = unscaled(self._statistics.house_rate(symbol), 9)
        found = []
        for offer in self._offers.open_in(Currency(symbol[1:])):
            rate = decimal_from_text(offer.rate) + (0 if offer.type == "LIMIT" else frr)
            if offer.side is side and rate > 0:
                found.append(Rated(rate, offer))
        return sorted(found, key=lambda each: (-side.sign * each.rate, each.offer.id))


class FundingBookFeed:
    """A funding book in one precision and length, as a channel."""

    def __init__(self, market: FundingMarket, symbol: str, precision: str, length: int) -> None:
        self.listeners: Listeners = {}
        self._market = market
        self._wanted = (symbol, precision, length)
        self._shown: dict[tuple[bool, str], FundingLine] = {}
        self._seen = -1

    def begin(self, session: Session, mts: Mts) -> None:
        """Send the window that all listeners hold."""
        self._catch_up(mts, skip=session)
        rows = ",".join(line.text() for line in self._shown.values())
        session.data(self.listeners[session], f"[{rows}]", mts, "book")

    def flush(self, mts: Mts) -> None:
        """Send the rows that changed, those that go first."""
        self._catch_up(mts)

    def _catch_up(self, mts: Mts, skip: Session | None = None) -> None:
        if self._seen == self._market.changes:
            return
        self._seen = self._market.changes
        before, now = self._shown, {}
        for line in self._market.lines(*self._wanted):
            now[line.is_offer, line.head] = line
        self._shown = now
        rows = [line.removal() for key, line in before.items() if key not in now]
        rows += [line.text() for key, line in now.items() if before.get(key) != line]
        if not rows:
            return
        for session, channel in self.listeners.items():
            if session is not skip:
                for body in [f"[{','.join(rows)}]"] if session.has(BULK) else rows:
                    session.data(channel, body, mts, "book")


def _raw(best: Iterable[Rated]) -> list[FundingLine]:
    return [
        FundingLine(
            f"{offer.id},{offer.period_days}",
            f"{js_text(rate)},{_signed(offer.amount, offer.side)}",
            offer.side is Side.SELL,
        )
        for rate, offer in best
    ]


def _levels(best: Iterable[Rated], digits: int) -> list[FundingLine]:
    """Group offers by rate and period; a level never shows a better rate than its offers have."""
    levels: dict[str, list[FundingOffer]] = {}
    for rate, offer in best:
        rounding = ROUND_CEILING if offer.side is Side.SELL else ROUND_FLOOR
        shown = Context(prec=digits, rounding=rounding).plus(rate)
        levels.setdefault(f"{js_text(shown)},{offer.period_days}", []).append(offer)
    return [
        FundingLine(
            head,
            f"{len(level)},{_signed(sum(offer.amount for offer in level), level[0].side)}",
            level[0].side is Side.SELL,
        )
        for head, level in levels.items()
    ]


def _signed(amount: int, side: Side) -> str:
    """An offer's amount is > 0, a bid's < 0: the other way round than in a pair's book."""
    return scaled_text(-side.sign * amount, ATOM_DECIMALS)
