"""What a match does to the two accounts: amounts, fees in the currency received, positions."""

from genesis.domain.exchange.account import WalletKind
from genesis.domain.order import Side
from genesis.domain.simulation.accounts import Account, Accounts
from genesis.domain.simulation.exchange_events import ExchangeEvent, OwnTrade, PositionMoved, Step, WalletMoved
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_events import Traded
from genesis.domain.simulation.snapshot import snapshot
from genesis.domain.simulation.wallets import Cause, LedgerEntry
from genesis.domain.units import PPB, Atoms, Currency, Mts, Price, ceil_mul_div, format_atoms, format_scaled

Changes = list[ExchangeEvent]


class Settlement:
    """Books matches into accounts. Both sides move the same atoms of quote, so a match changes no total."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._position_ids = 0

    def settle(self, market: Market, order: PlacedOrder, trade: Traded, is_maker: bool) -> Changes:
        """Book one side of *trade* into the account of *order*, whose `left` and holds are already brought up to
        date."""
        account = self._accounts.by_user[order.user]
        cost = market.cost(trade.amount, trade.price)
        amount = order.side.sign * trade.amount
        # A hidden order pays as a taker, and who hits it pays as a maker. Source: Bitfinex documentation, "Hidden
        # orders".
        pays_as_maker = is_maker is not trade.maker.hidden
        rate = account.tier.maker if pays_as_maker else account.tier.taker
        if order.ticket.on_margin:
            fee, currency = ceil_mul_div(cost, rate, PPB), market.quote
            changes = self._into_position(market, account, amount, -order.side.sign * cost, trade.mts, trade.price)
            kind = WalletKind.MARGIN
        else:
            received, currency = (trade.amount, market.base) if order.side is Side.BUY else (cost, market.quote)
            fee = ceil_mul_div(received, rate, PPB)
            changes = self._exchanged(market, account, amount, -order.side.sign * cost, trade.mts, trade.price)
            kind = WalletKind.EXCHANGE
        if fee:
            text = fee_text(market, trade.amount, trade.price, abs(rate))
            changes.append(moved(account, self._accounts.charge_fee(account, kind, currency, fee, trade.mts, text)))
        own = OwnTrade(trade.id, trade.mts, snapshot(order), trade.price, trade.amount, pays_as_maker, fee, currency)
        return [own, *changes]

    def _exchanged(self, market: Market, account: Account, amount: int, cash: int, mts: Mts, price: Price) -> Changes:
        text = f"Exchange {format_atoms(amount)} {market.base} for {market.quote} @ {price_text(market, price)}"
        legs: tuple[tuple[Currency, int], ...] = ((market.base, amount), (market.quote, cash))
        return [
            moved(
                account,
                self._accounts.change(account, WalletKind.EXCHANGE, currency, change, Cause.EXCHANGE, mts, text),
            )
            for currency, change in legs
        ]

    def _into_position(
        self, market: Market, account: Account, amount: int, cash: int, mts: Mts, price: Price
    ) -> Changes:
        symbol = market.instrument.symbol
        position = account.positions.get(symbol)
        if position is None:
            self._position_ids += 1
            position = MarginPosition(self._position_ids, symbol, market.base, market.quote, mts, mts)
            account.positions[symbol] = position
            position.apply(amount, cash)
            return [PositionMoved(Step.OPENED, account.user, snapshot(position))]
        reduction = reducing_part(position, amount)
        share = cash * reduction // amount if amount else 0
        changes: Changes = []
        if reduction:
            changes += self._reduce(account, position, reduction, share, mts, price_text(market, price))
        if amount != reduction:
            if not position.net_amount:
                return changes + self._into_position(market, account, amount - reduction, cash - share, mts, price)
            position.changed = mts
            position.apply(amount - reduction, cash - share)
            changes.append(PositionMoved(Step.CHANGED, account.user, snapshot(position)))
        return changes

    def _reduce(
        self, account: Account, position: MarginPosition, amount: int, cash: int, mts: Mts, price: str
    ) -> Changes:
        profit = position.apply(amount, cash)
        position.changed = mts
        step = Step.CHANGED if position.net_amount else Step.CLOSED
        if step is Step.CLOSED:
            del account.positions[position.symbol]
        text = f"Position {step.value} @ {price} (TRADE)"
        entry = self._accounts.change(account, WalletKind.MARGIN, position.quote, profit, Cause.POSITION, mts, text)
        return [moved(account, entry), PositionMoved(step, account.user, snapshot(position))]


def reducing_part(position: MarginPosition, amount: int) -> int:
    """Return the part of the signed *amount* that brings *position* towards zero, signed alike."""
    if not position.net_amount or (position.net_amount > 0) == (amount > 0):
        return 0
    size = min(abs(amount), abs(position.net_amount))
    return size if amount > 0 else -size


def moved(account: Account, entry: LedgerEntry) -> WalletMoved:
    """Return the event of a ledger entry."""
    return WalletMoved(entry, account.wallet(entry.wallet, entry.currency).available)


def price_text(market: Market, price: Price) -> str:
    """Return a price as plain text."""
    return format_scaled(price, market.instrument.price_decimals)


def fee_text(market: Market, amount: Atoms, price: Price, rate: int) -> str:
    """Return the line of a ledger for a trading fee. Source: Bitfinex documentation, "Ledgers"."""
    pair = f"{market.base}{market.quote}"
    percent = format_scaled(rate, 7)
    return (
        f"Trading fees for {format_atoms(amount)} {market.base} ({pair}) @ {price_text(market, price)} "
        f"on BFX ({percent}%)"
    )
