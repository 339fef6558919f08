"""Who owns what, and the law that no atom appears or disappears.

Wallets and the legs of margin positions, plus what the house took as fees and interest, sum to what was deposited,
for each currency and after every operation. `imbalance` says where that fails."""

from collections import defaultdict
from typing import Final

from attrs import Factory, define, field

from genesis.domain.exchange.account import WalletKind
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.wallets import Cause, LedgerEntry, Wallet
from genesis.domain.units import PPB, Currency, Mts, Ppb, Symbol

MAKER: Final = Ppb(PPB // 1_000)
TAKER: Final = Ppb(PPB // 500)
"""The lowest tier: 0.1 % and 0.2 %. Source: Bitfinex documentation, "Fees"."""


class NotEnoughFunds(ValueError):
    """A movement that would take more than is available."""


@define(frozen=True)
class FeeTier:
    """Fee rates of an account; negative ones are rebates."""

    maker: Ppb = MAKER
    taker: Ppb = TAKER


@define(eq=False)
class Account:
    """One user. An *unlimited* one is the market: nobody asks whether it can pay."""

    user: UserId
    tier: FeeTier = Factory(FeeTier)
    unlimited: bool = False
    wallets: dict[tuple[WalletKind, Currency], Wallet] = field(factory=dict)
    positions: dict[Symbol, MarginPosition] = field(factory=dict)
    ledger: list[LedgerEntry] = field(factory=list)

    def wallet(self, kind: WalletKind, currency: Currency) -> Wallet:
        """Return the wallet, made empty if there was none."""
        wallet = self.wallets.get((kind, currency))
        if wallet is None:
            wallet = self.wallets[kind, currency] = Wallet(kind, currency)
        return wallet


class Accounts:
    """All accounts and the house."""

    def __init__(self) -> None:
        self.by_user: dict[UserId, Account] = {}
        self.fees: defaultdict[Currency, int] = defaultdict(int)
        self.interest: defaultdict[Currency, int] = defaultdict(int)
        self.deposited: defaultdict[Currency, int] = defaultdict(int)
        self._entries = 0

    def open(self, user: UserId, tier: FeeTier | None = None, *, unlimited: bool = False) -> Account:
        """Open an account; raises `ValueError` if the user has one."""
        if user in self.by_user:
            raise ValueError(f"user {user} already has an account")
        account = self.by_user[user] = Account(user, tier or FeeTier(), unlimited)
        return account

    def deposit(self, user: UserId, kind: WalletKind, currency: Currency, amount: int, mts: Mts) -> LedgerEntry:
        """Bring *amount* atoms in from outside, or take them out when negative; raises `NotEnoughFunds`."""
        account = self.by_user[user]
        if amount < 0:
            _require(account, kind, currency, -amount)
        self.deposited[currency] += amount
        cause = Cause.DEPOSIT if amount >= 0 else Cause.WITHDRAWAL
        text = f"{'Deposit' if amount >= 0 else 'Withdrawal'} ({currency}) on wallet {kind.value}"
        return self.change(account, kind, currency, amount, cause, mts, text)

    def transfer(
        self, user: UserId, source: WalletKind, target: WalletKind, currency: Currency, amount: int, mts: Mts
    ) -> tuple[LedgerEntry, LedgerEntry]:
        """Move atoms between wallets of one user; raises `NotEnoughFunds`, and `ValueError` for an amount that is not
        > 0."""
        if amount <= 0:
            raise ValueError(f"a transfer must be > 0, was {amount}")
        account = self.by_user[user]
        _require(account, source, currency, amount)
        text = f"Transfer of {currency} from wallet {source.value} to {target.value} on wallet"
        return (
            self.change(account, source, currency, -amount, Cause.TRANSFER, mts, f"{text} {source.value}"),
            self.change(account, target, currency, amount, Cause.TRANSFER, mts, f"{text} {target.value}"),
        )

    def charge_fee(
        self, account: Account, kind: WalletKind, currency: Currency, amount: int, mts: Mts, text: str
    ) -> LedgerEntry:
        """Take a trading fee for the house; a negative one is paid out."""
        self.fees[currency] += amount
        cause = Cause.TRADING_FEE if amount >= 0 else Cause.TRADING_REBATE
        return self.change(account, kind, currency, -amount, cause, mts, text)

    def charge_interest(self, account: Account, currency: Currency, amount: int, mts: Mts, text: str) -> LedgerEntry:
        """Take the cost of borrowed funds from the margin wallet."""
        self.interest[currency] += amount
        return self.change(account, WalletKind.MARGIN, currency, -amount, Cause.INTEREST, mts, text)

    def change(
        self, account: Account, kind: WalletKind, currency: Currency, amount: int, cause: Cause, mts: Mts, text: str
    ) -> LedgerEntry:
        """Book one side of a movement; the caller books the other."""
        wallet = account.wallet(kind, currency)
        wallet.balance += amount
        self._entries += 1
        entry = LedgerEntry(self._entries, account.user, kind, currency, mts, amount, wallet.balance, cause, text)
        if not account.unlimited:  # the market trades for days, and nobody reads its ledger
            account.ledger.append(entry)
        return entry

    def imbalance(self) -> dict[Currency, int]:
        """Return the atoms that appeared (> 0) or disappeared (< 0) by currency: empty, or the books are wrong."""
        total: defaultdict[Currency, int] = defaultdict(int)
        for account in self.by_user.values():
            for wallet in account.wallets.values():
                total[wallet.currency] += wallet.balance
            for position in account.positions.values():
                total[position.base] += position.net_amount
                total[position.quote] += position.cash
        for house in (self.fees, self.interest):
            for currency, amount in house.items():
                total[currency] += amount
        for currency, amount in self.deposited.items():
            total[currency] -= amount
        return {currency: amount for currency, amount in total.items() if amount}


def _require(account: Account, kind: WalletKind, currency: Currency, amount: int) -> None:
    available = account.wallet(kind, currency).available
    if available < amount and not account.unlimited:
        raise NotEnoughFunds(f"{kind.value} wallet has {available} atoms of {currency} available, {amount} are needed")
