"""A core and an exchange of a few lines beside it, which fills market orders at the quote and keeps the others."""

from collections.abc import Mapping
from decimal import Decimal

from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    AccountShown,
    Cancel,
    CandleClosed,
    Decision,
    Event,
    OrderReported,
    Quote,
    RequestQuote,
    Submit,
)
from genesis.domain.exchange.account import Wallet, WalletKind
from genesis.domain.execution.evidence import Accepted, Closed, Evidence, SendBegan, Traded
from genesis.domain.execution.look import Look
from genesis.domain.execution.plans import Market, Plan
from genesis.domain.execution.protection import Protection
from genesis.domain.instrument import Instrument, spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits
from genesis.domain.strategy.features import close, volume
from genesis.domain.units import Atoms, Currency, Mts, Symbol, atoms, decimal_from_atoms

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)
CASH = atoms(1_000)


def wallet(currency: str, balance: Decimal) -> Wallet:
    return Wallet(WalletKind.EXCHANGE, Currency(currency), balance, None, Decimal(0))


class World:
    """A core of strategies that all take their target from the candle's volume, but those that take it from its close.

    *sent* are the orders that left; market orders fill at once unless *fills* is off.
    """

    def __init__(
        self,
        *names: str,
        limits: AccountLimits = OFF,
        plan: Plan | None = None,
        protection: Protection | None = None,
        guards: RiskLimits | None = None,
        needs_account: bool = False,
        is_dry: bool = False,
        instruments: Mapping[str, Instrument] | None = None,
    ) -> None:
        self.instruments = instruments or {}
        desks = tuple(
            DeskSettings(
                self.instruments.get(name, INSTRUMENT),
                volume if at == 0 else close - 100.0,
                1.0,
                guards or RiskLimits(),
                name,
                plan or Market(),
                protection,
            )
            for at, name in enumerate(names)
        )
        settings = CoreSettings(desks, limits, needs_account=needs_account, is_dry=is_dry)
        self.core = TradingCore(settings, {name: Ledger(CASH) for name in names})
        self.sent: list[OrderRequest] = []
        self.canceled: list[Cid] = []
        self.decisions: list[Decision] = []
        self.fills = True
        self.minute = 0
        self.trades = 0
        self.price = 100
        self.age_ms = 0
        self.cash, self.coins = len(names) * CASH, 0
        """What the exchange says the account has: booked here, by its own arithmetic."""

    def handle(self, event: Event) -> list[Decision]:
        """Let the core take *event* and carry out what it decides; return its decisions."""
        decisions = list(self.core.handle(event))
        self.decisions += decisions
        for decision in decisions:
            match decision:
                case RequestQuote(symbol, orders):
                    self.handle(self.quote(symbol, orders))
                case Submit(order=approved):
                    order = approved.order
                    self.sent.append(order)
                    self.report(order, SendBegan())
                    if self.fills and order.type is OrderType.MARKET:
                        self.fill(order, order.amount)
                    elif self.fills:
                        self.report(order, Accepted(OrderId(order.cid)))
                case Cancel(cid=cid):
                    self.canceled.append(cid)
                case _:
                    pass
        return decisions

    def quote(self, symbol: Symbol, orders: int) -> Quote:
        """The book: one price for both sides, so that the exchange's arithmetic is easy."""
        del orders
        price = INSTRUMENT.price(self.price)
        return Quote(symbol, Mts(60_000 * self.minute), price, price, (), self.age_ms)

    def close(self, target: float, other: float = 0.0, symbol: Symbol = BTC) -> list[Decision]:
        """Close a candle on which the first strategy has *target*, and the others *other*."""
        self.minute += 1
        return self.handle(
            CandleClosed(symbol, Candle(Mts(60_000 * self.minute), 100.0, 200.0, 1.0, 100.0 + other, target))
        )

    def report(self, order: OrderRequest, evidence: Evidence) -> list[Decision]:
        """Tell a fact about an order."""
        return self.handle(OrderReported(Mts(60_000 * self.minute), order.symbol, order.cid, evidence))

    def fill(self, order: OrderRequest, amount: int, fee: int = 0) -> list[Decision]:
        """Fill a part of an order at the current price, free of fees unless told otherwise."""
        self.trades += 1
        sign = order.side.sign
        self.coins += sign * amount - (fee if sign > 0 else 0)
        self.cash -= sign * amount * self.price + (fee if sign < 0 else 0)
        price = INSTRUMENT.price(self.price)
        traded = Traded(self.trades, OrderId(order.cid), Mts(60_000 * self.minute), Atoms(amount), price, Atoms(fee))
        return self.report(order, traded)

    def end(self, order: OrderRequest, filled: int) -> list[Decision]:
        """Let the exchange end an order."""
        return self.report(order, Closed(OrderId(order.cid), Atoms(filled), "CANCELED"))

    def show(self, look: Look | None = None) -> list[Decision]:
        """Show the whole account as the exchange has it."""
        wallets = (wallet("USD", decimal_from_atoms(self.cash)), wallet("BTC", decimal_from_atoms(self.coins)))
        return self.handle(AccountShown(Mts(60_000 * self.minute), look or Look(wallets=wallets)))

    def order_of(self, cid: Cid) -> OrderRequest:
        """Return one of the orders that left."""
        return next(order for order in self.sent if order.cid == cid)

    def sides(self) -> list[Side]:
        """The sides of all that was sent."""
        return [order.side for order in self.sent]
