"""Which fees accounts pay: by their volume of thirty days, settled anew each hour, or as a control call says."""

from collections.abc import Iterable
from typing import Final

from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_events import ExchangeEvent, OwnTrade
from genesis.domain.simulation.fee_tiers import HOUR_MS, TradedVolumes, tier_of
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Currency, Mts

USD: Final = Currency("USD")


class FeeDesk:
    """Follows what users trade and sets their tiers."""

    def __init__(self, exchange: Exchange, ignored: Iterable[UserId] = ()) -> None:
        self._exchange = exchange
        self._ignored = frozenset(ignored)
        self._volumes = TradedVolumes()
        self._fixed: set[UserId] = set()
        self._hour = 0

    def record(self, events: Iterable[ExchangeEvent]) -> None:
        """Count the trades of users."""
        for event in events:
            if isinstance(event, OwnTrade) and event.order.user not in self._ignored:
                market = self._exchange.markets[event.order.symbol]
                cost = market.cost(event.amount, event.price)
                worth = self._exchange.margins.converted(cost, market.quote, USD)
                self._volumes.add(event.order.user, worth, event.mts)

    def turn(self, mts: Mts) -> None:
        """Settle the tiers when an hour has begun."""
        if mts // HOUR_MS == self._hour:
            return
        self._hour = mts // HOUR_MS
        for user in self._volumes.users():
            if user not in self._fixed:
                self._exchange.accounts.by_user[user].tier = tier_of(self._volumes.of(user, mts))

    def fix(self, user: UserId, tier: FeeTier) -> None:
        """Let *user* pay *tier* from now on, whatever the volume."""
        self._fixed.add(user)
        self._exchange.accounts.by_user[user].tier = tier

    def volume(self, user: UserId, mts: Mts) -> int:
        """Return the volume of thirty days, in atoms of USD."""
        return self._volumes.of(user, mts)
