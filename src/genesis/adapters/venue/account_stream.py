"""The account channel: snapshots after login, and what every event of the exchange means for the sockets of its
user."""

from collections import defaultdict
from collections.abc import Iterable

from genesis.adapters.bitfinex.wire.funding import FundingOfferRow
from genesis.adapters.venue.numbers import number_from_atoms, written
from genesis.adapters.venue.rows import order_row, own_trade_row, position_row, wallet_row
from genesis.adapters.venue.session import Session
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_events import (
    ExchangeEvent,
    OrderMoved,
    OwnTrade,
    PositionMoved,
    Step,
    WalletMoved,
)
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.wallets import Wallet
from genesis.domain.units import Currency, Mts, Symbol

ORDER_KINDS = {Step.OPENED: "on", Step.CHANGED: "ou", Step.CLOSED: "oc"}
POSITION_KINDS = {Step.OPENED: "pn", Step.CHANGED: "pu", Step.CLOSED: "pc"}
USD = Currency("USD")


class AccountStream:
    """Sends accounts what concerns them."""

    def __init__(self, exchange: Exchange) -> None:
        self.sessions: defaultdict[UserId, list[Session]] = defaultdict(list)
        self._exchange = exchange

    def login(self, session: Session, user: UserId, offers: Iterable[FundingOfferRow], mts: Mts) -> None:
        """Send the snapshots in the documented order, then the end of snapshots and what is calculated."""
        self.sessions[user].append(session)
        account = self._exchange.accounts.by_user[user]
        positions = [self.position_text(user, position.symbol) for position in account.positions.values()]
        wallets = [written(wallet_row(wallet)) for wallet in account.wallets.values()]
        orders = [
            written(order_row(order, self._exchange.markets[order.symbol].instrument))
            for order in self._exchange.open_orders(user)
        ]
        for kind, rows, topic in (
            ("ps", positions, "trading"),
            ("ws", wallets, "wallet"),
            ("os", orders, "trading"),
            ("fos", [written(offer) for offer in offers], "funding"),
            ("fcs", [], "funding"),
            ("fls", [], "funding"),
        ):
            if session.wants(topic):
                session.account(kind, f"[{','.join(rows)}]", mts)
        session.account("ats", "[]", mts)
        if session.wants("balance", "wallet"):
            session.account("bu", self.balance_text(user), mts)
        if session.wants("trading", "wallet"):
            session.account("miu", self.margin_base_text(user), mts)

    def logout(self, session: Session) -> None:
        """Send this session nothing more."""
        if session.key is not None and session in self.sessions[session.key.user]:
            self.sessions[session.key.user].remove(session)

    def notify(self, user: UserId, notification: str, mts: Mts, only: Session | None = None) -> None:
        """Send a notification to all sockets of a user, or to the one that asked."""
        for session in [only] if only is not None else list(self.sessions[user]):
            if session.wants("notify", "trading", "wallet", "funding"):
                session.account("n", notification, mts)

    def send(self, events: Iterable[ExchangeEvent], mts: Mts) -> None:
        """Send what happened; complete trades (`tu`) follow at the end, as they follow their order's end."""
        settled: list[OwnTrade] = []
        margins: dict[UserId, None] = {}
        for event in events:
            match event:
                case OrderMoved():
                    self._order(event, mts)
                case OwnTrade():
                    self._trade(event, mts, complete=False)
                    settled.append(event)
                case WalletMoved():
                    self._wallet(event, mts)
                case PositionMoved():
                    body = self.position_text(event.user, event.position.symbol, event)
                    self.tell(
                        event.user, POSITION_KINDS[event.step], body, mts, "trading", f"trading-{event.position.symbol}"
                    )
                    margins[event.user] = None
                case _:
                    pass
        for trade in settled:
            self._trade(trade, mts, complete=True)
        for user in margins:
            if self.sessions[user]:
                self.tell(user, "miu", self.margin_base_text(user), mts, "trading", "wallet")

    # Texts

    def balance_text(self, user: UserId) -> str:
        """Return `bu`: all wallets in USD, gross and net."""
        account = self._exchange.accounts.by_user[user]
        total = sum(
            self._exchange.margins.converted(wallet.balance, wallet.currency, USD)
            for wallet in account.wallets.values()
        )
        profit = self._exchange.margins.profit(account, USD)
        return written([number_from_atoms(total), number_from_atoms(total + profit)])

    def margin_base_text(self, user: UserId) -> str:
        """Return `miu base`."""
        account, margins = self._exchange.accounts.by_user[user], self._exchange.margins
        swaps = sum(position.interest_paid for position in account.positions.values())
        values = (
            margins.profit(account, USD),
            swaps,
            margins.balance(account, USD),
            margins.equity(account, USD),
            margins.minimum(account, USD),
        )
        return written(["base", [number_from_atoms(value) for value in values]])

    def margin_symbol_text(self, user: UserId, symbol: Symbol) -> str:
        """Return `miu sym`: what can still be traded on margin in a pair."""
        market = self._exchange.markets[symbol]
        account, margins = self._exchange.accounts.by_user[user], self._exchange.margins
        free = margins.tradable(account, self._exchange.open_orders(user), market.quote)
        initial = market.terms.initial if market.terms is not None else 10**9
        tradable = free * 10**9 // initial
        mark = market.mark()
        size = tradable * market.scale // mark if mark else 0
        gross = margins.equity(account, market.quote) * 10**9 // initial
        values = [number_from_atoms(value) for value in (tradable, gross, size, size)]
        return written(["sym", symbol, [*values, None, None, None, None]])

    def wallet_text(self, wallet: Wallet) -> str:
        """Return a balance with what is available."""
        return written(wallet_row(wallet))

    def position_text(self, user: UserId, symbol: Symbol, event: PositionMoved | None = None) -> str:
        """Return a position as it is, or as *event* has it."""
        account = self._exchange.accounts.by_user[user]
        position = event.position if event is not None else account.positions[symbol]
        return written(position_row(position, self._exchange.markets[symbol], account, self._exchange.margins))

    # Events

    def _order(self, event: OrderMoved, mts: Mts) -> None:
        order = event.order
        if self.sessions[order.user]:
            body = written(order_row(order, self._exchange.markets[order.symbol].instrument))
            self.tell(order.user, ORDER_KINDS[event.step], body, mts, "trading", f"trading-{order.symbol}")

    def _trade(self, trade: OwnTrade, mts: Mts, *, complete: bool) -> None:
        order = trade.order
        if self.sessions[order.user]:
            instrument = self._exchange.markets[order.symbol].instrument
            body = written(own_trade_row(trade, instrument, complete=complete))
            self.tell(order.user, "tu" if complete else "te", body, mts, "trading", f"trading-{order.symbol}")

    def _wallet(self, event: WalletMoved, mts: Mts) -> None:
        entry = event.entry
        if self.sessions[entry.user]:
            wallet = Wallet(entry.wallet, entry.currency, entry.balance)
            body = written(wallet_row(wallet, entry.text, event.available))
            topic = f"wallet-{entry.wallet.value}-{entry.currency}"
            self.tell(entry.user, "wu", body, mts, "wallet", topic)

    def tell(self, user: UserId, kind: str, body: str, mts: Mts, *topics: str) -> None:
        """Send a frame to the sockets of a user whose filter lets one of *topics* through."""
        for session in self.sessions[user]:
            if session.wants(*topics):
                session.account(kind, body, mts)
