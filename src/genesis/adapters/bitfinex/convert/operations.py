"""What is asked of an account's orders, as the bodies that REST and WebSocket send alike."""

from collections.abc import Mapping

from attrs import frozen

from genesis.adapters.bitfinex.convert.orders import cancel_to_wire, change_to_wire, submit_to_wire
from genesis.adapters.bitfinex.wire.requests import Operation, OrderSubmit, OrderUpdate
from genesis.domain.exchange.orders import Account, ByCid, ById, OrderChange, OrderReference
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

Wish = Approved | ApprovedChange | OrderReference
"""What can be asked in one operation."""


@frozen
class Bodies:
    """Makes bodies: *instruments* tell how many decimals a price has, *account* from which wallet orders trade.

    Each raises `InputError` for an instrument that is not among them.
    """

    instruments: Mapping[Symbol, Instrument]
    account: Account

    def submit(self, order: OrderRequest) -> OrderSubmit:
        """Return the body of a new order."""
        return submit_to_wire(order, self._instrument(order.symbol), self.account)

    def update(self, change: OrderChange) -> OrderUpdate:
        """Return the body of a change."""
        return change_to_wire(change, self._instrument(change.symbol))

    def operation(self, wish: Wish) -> Operation:
        """Return a wish as one of several operations in a request."""
        match wish:
            case Approved(order=order):
                return "on", self.submit(order)
            case ApprovedChange(change=change):
                return "ou", self.update(change)
            case ById() | ByCid():
                return "oc", cancel_to_wire(wish)

    def _instrument(self, symbol: Symbol) -> Instrument:
        if symbol not in self.instruments:
            known = ", ".join(self.instruments) or "none"
            raise InputError(f"{symbol} is no instrument of this account: {known} known")
        return self.instruments[symbol]
