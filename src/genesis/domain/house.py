"""The house account: what the account has and no strategy does.

Deposits, coins of others, rounding and fills of foreign orders end here, so that the strategies and the house together
are the account, always. It may be negative: then the strategies believe in more than there is.
"""

from collections.abc import Iterable, Mapping

from attrs import define, field

from genesis.domain.exchange.account import Position, Wallet, WalletKind
from genesis.domain.instrument import Instrument
from genesis.domain.units import ATOMS_PER_UNIT, Symbol


@define
class House:
    """Atoms by currency; on margin, positions stand under their symbol."""

    balances: dict[str, int] = field(factory=dict)

    def of(self, name: str) -> int:
        """Return the atoms of a currency, or of a position."""
        return self.balances.get(name, 0)

    def add(self, name: str, amount: int) -> None:
        """Book atoms, of either sign."""
        self.balances[name] = self.of(name) + amount


def shown_spot(wallets: Iterable[Wallet]) -> Mapping[str, int]:
    """Return what the exchange wallets hold, in atoms, rounded down."""
    return {
        wallet.currency: int(wallet.balance * ATOMS_PER_UNIT // 1)
        for wallet in wallets
        if wallet.kind is WalletKind.EXCHANGE
    }


def shown_margin(
    wallets: Iterable[Wallet], positions: Iterable[Position], instruments: Mapping[Symbol, Instrument]
) -> Mapping[str, int]:
    """Return the net amount of each position, and the cash that the account would have without any, in atoms.

    A position was paid for at its base price, which the exchange books only when it closes: cash = balance of the
    margin wallet − Σ net amount × base price.
    """
    cash: dict[str, int] = {}
    for wallet in wallets:
        if wallet.kind is WalletKind.MARGIN:
            cash[wallet.currency] = int(wallet.balance * ATOMS_PER_UNIT // 1)
    shown: dict[str, int] = {}
    for position in positions:
        instrument = instruments.get(position.symbol)
        if instrument is not None:
            shown[position.symbol] = int(position.net_amount * ATOMS_PER_UNIT // 1)
            paid = int(position.net_amount * position.base_price * ATOMS_PER_UNIT // 1)
            cash[instrument.quote] = cash.get(instrument.quote, 0) - paid
    return {**cash, **shown}
