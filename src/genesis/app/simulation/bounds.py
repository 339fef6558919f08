"""The limits of a world's account, as the checker holds orders to them and as the gate is given them."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from genesis.domain.instrument import Instrument
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.units import ATOMS_PER_UNIT, Atoms


@frozen
class Bounds:
    """Limits in atoms of the quote currency, and orders in a window."""

    exposure: int
    exposure_each: int
    order_notional: int
    orders_a_window: int
    window_s: float

    def lowered(self, percent: int) -> "Bounds":
        """Return the bounds with *percent* of every amount."""
        return evolve(
            self,
            exposure=self.exposure * percent // 100,
            exposure_each=self.exposure_each * percent // 100,
            order_notional=self.order_notional * percent // 100,
        )

    def limits(self, instruments: Iterable[Instrument]) -> AccountLimits:
        """Return what the gate is told."""
        return AccountLimits(
            instruments=tuple(
                InstrumentLimits(each.symbol, max_exposure=Atoms(self.exposure_each)) for each in instruments
            ),
            max_order_notional=Atoms(self.order_notional),
            max_exposure=Atoms(self.exposure),
            rates=(RateLimit(self.orders_a_window, int(self.window_s * 1000)),),
        )


BOUNDS: Final = Bounds(
    exposure=30_000 * ATOMS_PER_UNIT,
    exposure_each=16_000 * ATOMS_PER_UNIT,
    order_notional=6_000 * ATOMS_PER_UNIT,
    orders_a_window=40,
    window_s=600.0,
)
