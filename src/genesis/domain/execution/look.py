"""A look at the account: what the exchange showed of it, in whole.

Its parts are read one after the other, so whoever takes the look reads again until nothing moved meanwhile.
"""

from attrs import frozen

from genesis.domain.exchange.account import Position, Wallet
from genesis.domain.exchange.orders import FillReport, OrderReport


@frozen
class Look:
    """What the exchange showed.

    *open_orders* are all there are; *history* the finished ones as far back as asked; *fills* ours since the last one
    known, oldest first; *wallets* and *positions* all there are.
    """

    open_orders: tuple[OrderReport, ...] = ()
    history: tuple[OrderReport, ...] = ()
    fills: tuple[FillReport, ...] = ()
    wallets: tuple[Wallet, ...] = ()
    positions: tuple[Position, ...] = ()
