"""Derivative status and liquidations. The venue lists no derivative: a status shows what its spot market implies."""

from typing import Final, NamedTuple

from genesis.adapters.venue.numbers import scaled_text
from genesis.adapters.venue.tape import Bar, Tape
from genesis.domain.units import ATOM_DECIMALS, Mts, Symbol

DERIVATIVES: Final = {Symbol("tBTCF0:USTF0"): Symbol("tBTCUSD"), Symbol("tETHF0:USTF0"): Symbol("tETHUSD")}
FUNDING_EVERY_MS: Final = 8 * 3_600_000


class Liquidation(NamedTuple):
    """A position that was closed by force; *net_amount* in signed atoms, prices in price units."""

    position_id: int
    mts: Mts
    symbol: Symbol
    net_amount: int
    base_price: int
    price: int
    price_decimals: int


def derivative_text(tape: Tape, mts: Mts) -> str:
    """Return the status of a derivative whose price is that of its spot market, without the key."""
    price = "null" if tape.last_price is None else scaled_text(tape.last_price, tape.instrument.price_decimals)
    return _status_text(price, mts)


def past_derivative_text(bar: Bar, decimals: int) -> str:
    """Return the status at the end of a minute of the spot market."""
    return _status_text(scaled_text(bar.close, decimals), bar.mts)


def _status_text(price: str, mts: int) -> str:
    next_funding = (mts // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS
    minute = mts // 60_000 * 60_000
    return (
        f"[{minute},null,{price},{price},null,0,null,{next_funding},0,0,null,0,null,null,{price},"
        "null,null,0,null,null,null,-0.0005,0.0025]"
    )


def liquidation_text(liquidation: Liquidation) -> str:
    """Return the row of a liquidation that went straight to the market."""
    decimals = liquidation.price_decimals
    amount = scaled_text(liquidation.net_amount, ATOM_DECIMALS)
    base, price = scaled_text(liquidation.base_price, decimals), scaled_text(liquidation.price, decimals)
    return (
        f'["pos",{liquidation.position_id},{liquidation.mts},null,"{liquidation.symbol}",{amount},{base},'
        f"null,1,1,null,{price}]"
    )
