"""Offers to lend and to borrow. They rest and hold what they offer; the house, which lends to positions, takes none
of them."""

from collections.abc import Iterator

from attrs import define

from genesis.domain.exchange.account import WalletKind
from genesis.domain.order import Side
from genesis.domain.simulation.accounts import Accounts, NotEnoughFunds
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Atoms, Currency, Mts


@define(eq=False)
class FundingOffer:
    """An offer; *side* SELL lends and holds its amount in the funding wallet, BUY wishes to borrow."""

    id: int
    user: UserId
    currency: Currency
    side: Side
    amount: Atoms
    rate: str
    """A fraction a day, as it was asked for."""
    period_days: int
    type: str
    created: Mts
    changed: Mts
    is_open: bool = True


class FundingOffers:
    """All offers of one exchange, oldest first; cancelled ones are kept for their history."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._offers: dict[int, FundingOffer] = {}
        self.changes = 0
        """How often what is open has changed."""

    def of(self, user: UserId, *, is_open: bool = True) -> Iterator[FundingOffer]:
        """Yield the user's offers that are open, or that are not."""
        return (offer for offer in self._offers.values() if offer.user == user and offer.is_open is is_open)

    def open_in(self, currency: Currency) -> Iterator[FundingOffer]:
        """Yield everyone's open offers in a currency."""
        return (offer for offer in self._offers.values() if offer.currency == currency and offer.is_open)

    def submit(self, offer: FundingOffer) -> None:
        """Take an offer; raises `NotEnoughFunds` where its owner does not have what it lends."""
        wallet = self._accounts.by_user[offer.user].wallet(WalletKind.FUNDING, offer.currency)
        if offer.side is Side.SELL:
            if wallet.available < offer.amount:
                raise NotEnoughFunds(f"{wallet.available} atoms of {offer.currency} are available to lend")
            wallet.held += offer.amount
        self._offers[offer.id] = offer
        self.changes += 1

    def cancel(self, user: UserId, offer_id: int, mts: Mts) -> FundingOffer | None:
        """Cancel an open offer of the user and free what it held; None where there is none."""
        offer = self._offers.get(offer_id)
        if offer is None or offer.user != user or not offer.is_open:
            return None
        offer.is_open, offer.changed = False, mts
        self.changes += 1
        if offer.side is Side.SELL:
            self._accounts.by_user[user].wallet(WalletKind.FUNDING, offer.currency).held -= offer.amount
        return offer
