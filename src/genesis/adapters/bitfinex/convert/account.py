"""Account rows to account values."""

from decimal import Decimal

from genesis.adapters.bitfinex.convert.numbers import member, mts_or_none, plain, plain_or_none
from genesis.adapters.bitfinex.wire.account import (
    FeesRow,
    LedgerRow,
    MarginBaseRow,
    MarginSymbolRow,
    PermissionRow,
    PositionRow,
    UserRow,
    WalletHistoryRow,
    WalletRow,
)
from genesis.domain.exchange.account import (
    FeeSchedule,
    LedgerEntry,
    MarginBase,
    MarginPair,
    Permission,
    Position,
    PositionState,
    User,
    Wallet,
    WalletKind,
)
from genesis.domain.units import Currency, Mts, Symbol


def wallet_from_wire(row: WalletRow | WalletHistoryRow) -> Wallet:
    """Return a balance; raises `ValueError` for a wallet that we do not model."""
    return Wallet(
        kind=member(WalletKind, row.type, "wallet"),
        currency=Currency(row.currency),
        balance=plain(row.balance),
        available=plain_or_none(row.available),
        unsettled_interest=Decimal(row.unsettled_interest or 0),
    )


def position_from_wire(row: PositionRow) -> Position:
    """Return a position; raises `ValueError` for a state or type that we do not model."""
    if row.type not in {None, 0, 1}:
        raise ValueError(f"position type {row.type} is not known")
    return Position(
        symbol=Symbol(row.symbol),
        state=member(PositionState, row.status, "position status"),
        net_amount=plain(row.amount),
        base_price=plain(row.base_price),
        funding_cost=Decimal(row.funding or 0),
        id=row.position_id,
        mts_created=mts_or_none(row.mts_create),
        mts_updated=mts_or_none(row.mts_update),
        profit=plain_or_none(row.pl),
        profit_percent=plain_or_none(row.pl_perc),
        liquidation_price=plain_or_none(row.price_liq),
        leverage=plain_or_none(row.leverage),
        is_derivative=None if row.type is None else row.type == 1,
        collateral=plain_or_none(row.collateral),
        collateral_min=plain_or_none(row.collateral_min),
    )


def ledger_entry_from_wire(row: LedgerRow) -> LedgerEntry:
    """Return a ledger entry."""
    return LedgerEntry(
        id=row.id,
        mts=Mts(row.mts),
        currency=Currency(row.currency),
        wallet=None if row.wallet is None else member(WalletKind, row.wallet, "wallet"),
        amount=plain(row.amount),
        balance=plain(row.balance),
        description=row.description or "",
    )


def margin_base_from_wire(row: MarginBaseRow) -> MarginBase:
    """Return the account's margin figures."""
    values = row.values
    return MarginBase(
        profit=plain(values.user_pl),
        swaps=plain(values.user_swaps),
        balance=plain(values.margin_balance),
        net=plain(values.margin_net),
        required=plain_or_none(values.margin_min),
    )


def margin_pair_from_wire(row: MarginSymbolRow) -> MarginPair:
    """Return what can be traded on margin in one pair."""
    values = row.values
    return MarginPair(
        symbol=Symbol(row.symbol),
        tradable_balance=plain(values.tradable_balance),
        gross_balance=plain(values.gross_balance),
        buy=plain_or_none(values.buy),
        sell=plain_or_none(values.sell),
    )


def permission_from_wire(row: PermissionRow) -> Permission:
    """Return what a key may do in one scope."""
    return Permission(scope=row.scope, can_read=row.read == 1, can_write=row.write == 1)


def fee_schedule_from_wire(row: FeesRow) -> FeeSchedule:
    """Return the account's fees; raises `ValueError` where a rate is not a fraction below one half."""
    schedule = FeeSchedule(
        maker=plain(row.maker.maker),
        taker_to_crypto=plain(row.taker.to_crypto),
        taker_to_stable=plain(row.taker.to_stable),
        taker_to_fiat=plain(row.taker.to_fiat),
        derivative_maker_rebate=plain_or_none(row.maker.derivative_rebate),
        derivative_taker=plain_or_none(row.taker.derivative),
    )
    rates = (schedule.maker, schedule.taker_to_crypto, schedule.taker_to_stable, schedule.taker_to_fiat)
    if any(abs(rate) >= Decimal("0.5") for rate in rates):
        raise ValueError(f"fees {', '.join(map(str, rates))} are no fractions")
    return schedule


def user_from_wire(row: UserRow) -> User:
    """Return the owner of the key."""
    return User(
        id=row.id,
        username=row.username,
        email=row.email,
        timezone=row.timezone,
        mts_created=mts_or_none(row.mts_account_create),
    )
