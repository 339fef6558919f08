"""What the gate looks at around an order, where nothing is in its way."""

from genesis.domain.risk.scene import Pending, Scene, Standing
from genesis.domain.units import Mts, Price


def quiet_scene(pending: tuple[Pending, ...] = ()) -> Scene:
    """Return an account that has all there is and nothing but *pending* orders, in a market at 100."""
    return Scene(
        now=Mts(0),
        standing=Standing.OPEN,
        strategy="main",
        bid=Price(100 * 10**8),
        ask=Price(100 * 10**8),
        age_ms=0,
        net_amount=10**15,
        pending=pending,
        exposure_elsewhere=0,
        positions_elsewhere=0,
        sent=(),
        cash_free=10**18,
    )
