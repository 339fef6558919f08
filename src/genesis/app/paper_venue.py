"""The venue of a paper session: its candles as the market, and one account with its cash and fees."""

import secrets

import numpy as np
from attrs import frozen

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.keys import all_rights
from genesis.adapters.venue.markets.quoted_candles import QuotedCandles
from genesis.adapters.venue.venue import Venue
from genesis.app.backtest import Terms
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import Instrument, spot_instrument
from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret


@frozen(eq=False)
class PaperVenue:
    """A venue whose time stands before the first candle, and the key of the account on it."""

    venue: Venue
    signer: Signer
    instrument: Instrument
    reads: tuple[Symbol, ...] = ()
    """Instruments that strategies read, whose candles it plays as well."""


def paper_venue(terms: Terms, candles: Candles, timeframe: Timeframe) -> PaperVenue:
    """Build the venue on which *terms* trade *candles*; its key is new, and known to nobody else.

    Raises `InputError` for candles that begin where the venue's do not: weeks that begin on another day.
    """
    for played in (candles, *terms.others.values()):
        off = np.flatnonzero(timeframe.starts(played.mts) != played.mts)
        if len(off):
            where = f"the candle of {played.mts[off[0]]} begins within an interval of {timeframe.value}"
            raise InputError(f"{where}, so it cannot be played over the wire: use --over memory")
    instrument, costs = terms.desk.instrument, terms.costs
    start = Mts(min(int(played.mts[0]) for played in (candles, *terms.others.values())) - 1)
    venue = Venue(start, limited=False)
    venue.list_instrument(instrument)
    core = venue.core
    user = core.new_user()
    accounts = core.exchange.accounts
    core.fees.fix(user, FeeTier(costs.fee, costs.fee))
    accounts.deposit(user, WalletKind.EXCHANGE, instrument.quote, terms.cash, start)
    key, secret = secrets.token_hex(16), secrets.token_hex(32)
    core.keys.add(user, key, secret, all_rights())
    for symbol, read in terms.others.items():
        if symbol != instrument.symbol:
            other = spot_instrument(symbol)
            venue.list_instrument(other)
            venue.add_driver(QuotedCandles(other, read, costs.slippage, length_ms=timeframe.span_ms))
    venue.add_driver(QuotedCandles(instrument, candles, costs.slippage, length_ms=timeframe.span_ms))
    return PaperVenue(venue, Signer(Secret(key), Secret(secret)), instrument, tuple(terms.others))
