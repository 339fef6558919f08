"""Wallets, and the entries that explain every change of one."""

from enum import Enum
from typing import NamedTuple

from attrs import define

from genesis.domain.exchange.account import WalletKind
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Currency, Mts


class Cause(Enum):
    """Why a balance changed; the value is the exchange's ledger category.

    Source: Bitfinex documentation, "Ledgers", table of categories.
    """

    EXCHANGE = 5
    POSITION = 22
    CLAIM = 23
    INTEREST = 28
    TRANSFER = 51
    DEPOSIT = 101
    WITHDRAWAL = 104
    TRADING_FEE = 201
    TRADING_REBATE = 202
    ADJUSTMENT = 401


@define
class Wallet:
    """One currency of one kind: *balance* in atoms, of which *held* waits for open orders.

    A margin balance may fall below zero by a loss or a fee; an exchange balance may not, except of an unlimited
    account."""

    kind: WalletKind
    currency: Currency
    balance: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """Atoms that no open order waits for."""
        return self.balance - self.held


class LedgerEntry(NamedTuple):
    """One change of one balance; *balance* is what it came to."""

    id: int
    user: UserId
    wallet: WalletKind
    currency: Currency
    mts: Mts
    amount: int
    balance: int
    cause: Cause
    text: str
