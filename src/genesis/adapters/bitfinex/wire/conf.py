"""Rows of the `conf` endpoint: pairs, limits, names.

Source: Bitfinex reference, "Configs".
"""

from genesis.adapters.bitfinex.wire.codec import Row, Unused
from genesis.adapters.bitfinex.wire.number import Number


class PairInfo(Row, frozen=True, kw_only=True):
    """Order sizes, in base currency and quoted, and margin fractions of a pair; no margin, no trading on margin."""

    unused_0: Unused = None
    unused_1: Unused = None
    unused_2: Unused = None
    amount_min: str
    amount_max: str
    unused_5: Unused = None
    unused_6: Unused = None
    unused_7: Unused = None
    initial_margin: Number | None = None
    minimum_margin: Number | None = None


class PairInfoRow(Row, frozen=True, kw_only=True):
    """`pub:info:pair`: a pair without its `t`, and its rules."""

    pair: str
    info: PairInfo


class NameRow(Row, frozen=True, kw_only=True):
    """`pub:map:currency:sym|label|unit|undl|pool`: a code and what it stands for."""

    code: str
    value: str
