"""What an account may trade on margin, and when it may no longer: equity against the needs of positions and orders."""

from collections.abc import Iterable, Mapping

from genesis.domain.exchange.account import WalletKind
from genesis.domain.simulation.accounts import Account
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.market import Market
from genesis.domain.units import PPB, Currency, Price, Symbol


class Margins:
    """Valuations over the markets of one exchange; all amounts in atoms of the quote currency asked for."""

    def __init__(self, markets: Mapping[Symbol, Market]) -> None:
        self._markets = markets

    def converted(self, amount: int, source: Currency, target: Currency) -> int:
        """Return *amount* of *source* in *target* at last prices; 0 where no market joins them."""
        if source == target or not amount:
            return amount
        for market in self._markets.values():
            price = market.mark()
            if not price:
                continue
            if (market.base, market.quote) == (source, target):
                return amount * price // market.scale
            if (market.base, market.quote) == (target, source):
                return amount * market.scale // price
        return 0

    def balance(self, account: Account, target: Currency) -> int:
        """Return the sum of the margin wallets."""
        return sum(
            self.converted(wallet.balance, wallet.currency, target)
            for wallet in account.wallets.values()
            if wallet.kind is WalletKind.MARGIN
        )

    def profit(self, account: Account, target: Currency) -> int:
        """Return the unrealised profit of all positions."""
        return sum(
            self.converted(position.profit(market.mark(), market.scale), market.quote, target)
            for position, market in self._positions(account)
        )

    def equity(self, account: Account, target: Currency) -> int:
        """Return the margin wallets with the unrealised profit of all positions."""
        return self.balance(account, target) + self.profit(account, target)

    def minimum(self, account: Account, target: Currency) -> int:
        """Return the equity below which the positions are liquidated."""
        return sum(
            self.converted(position.value(market.mark(), market.scale), market.quote, target)
            * market.terms.minimum
            // PPB
            for position, market in self._positions(account)
            if market.terms is not None
        )

    def used(self, account: Account, orders: Iterable[PlacedOrder], target: Currency) -> int:
        """Return the equity that positions and open margin orders tie up."""
        tied = 0
        by_symbol: dict[Symbol, list[PlacedOrder]] = {}
        for order in orders:
            if order.ticket.on_margin and order.placed_by is None:
                by_symbol.setdefault(order.symbol, []).append(order)
        for symbol in {*account.positions, *by_symbol}:
            market = self._markets[symbol]
            position = account.positions.get(symbol)
            net = position.net_amount if position is not None else 0
            mark = market.mark()
            long = short = 0
            for order in by_symbol.get(symbol, ()):
                worst = market.most(order.left, order.price or order.stop_price or mark)
                if order.side.sign > 0:
                    long += worst
                else:
                    short += worst
            held = market.cost(net, mark) if mark else 0
            worst_case = max(abs(held), abs(held + long), abs(held - short))
            initial = market.terms.initial if market.terms is not None else PPB
            tied += self.converted(worst_case * initial // PPB, market.quote, target)
        return tied

    def tradable(self, account: Account, orders: Iterable[PlacedOrder], target: Currency) -> int:
        """Return the equity that is free for new margin orders, never below zero."""
        return max(0, self.equity(account, target) - self.used(account, orders, target))

    def is_short_of_margin(self, account: Account) -> bool:
        """Whether the positions must be liquidated."""
        for _, market in self._positions(account):
            if self.equity(account, market.quote) < self.minimum(account, market.quote):
                return True
        return False

    def liquidation_price(self, account: Account, position: MarginPosition) -> Price:
        """Return the price at which this position alone would bring the account to its minimum; 0 if none does."""
        market = self._markets[position.symbol]
        if not position.net_amount or market.terms is None:
            return Price(0)
        others = self.equity(account, market.quote) - position.profit(market.mark(), market.scale)
        # others + cash + net·p = |net|·p·m  ⇒  p = (others + cash) / (|net|·m − net)
        weight = abs(position.net_amount) * market.terms.minimum - position.net_amount * PPB
        if not weight:
            return Price(0)
        return Price(max(0, (others + position.cash) * market.scale * PPB // weight))

    def _positions(self, account: Account) -> Iterable[tuple[MarginPosition, Market]]:
        return [(position, self._markets[symbol]) for symbol, position in account.positions.items()]
