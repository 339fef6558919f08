"""The limits of a world's account, as the checker holds orders to them and as the gate is given them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from genesis.app.simulation.crowd import PRICES
from genesis.domain.instrument import Instrument
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.units import ATOMS_PER_UNIT, PPB, Atoms, Ppb


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

ORDER_AMOUNT_MAX: Final = 2_500
"""What one order may be worth at the price at which a world begins, where its amount is limited."""


def stricter(limits: AccountLimits, name: str, instruments: Sequence[Instrument]) -> AccountLimits:
    """Return *limits* with those that *name* adds, as `options.STRICTER` has them: orders still flow within."""
    added: dict[str, dict[str, Any]] = {  # Any: each field has its own type
        "data_age": {"max_data_age_ms": 30_000},
        "collar": {"price_collar": Ppb(PPB // 500)},
        "repeats": {"max_repeats": 25, "repeat_window_ms": 1_800_000},
        "positions": {"max_positions": max(1, len(instruments) - 1)},
        "order_amount": {
            "instruments": tuple(
                evolve(each, max_order_amount=Atoms(ORDER_AMOUNT_MAX * ATOMS_PER_UNIT // PRICES[each.symbol]))
                for each in limits.instruments
            )
        },
    }
    names = added if name == "all" else (name,)
    return evolve(limits, **{field: value for each in names for field, value in added.get(each, {}).items()})
