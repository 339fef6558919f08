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
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.units import Mts
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret


@frozen(eq=False)
class PaperVenue:
    """A venue whose time stands before the first candle, and the key of the account on it."""

    venue: Venue
    signer: Signer
    instrument: Instrument


def paper_venue(terms: Terms, candles: Candles, timeframe: Timeframe) -> PaperVenue:
    """Build the venue on which *terms* trade *candles*; its key is new, and known to nobody else.

    Raises `InputError` for candles that begin where the venue's do not: weeks that begin on another day.
    """
    off = np.flatnonzero(timeframe.starts(candles.mts) != candles.mts)
    if len(off):
        where = f"the candle of {candles.mts[off[0]]} begins within an interval of {timeframe.value}"
        raise InputError(f"{where}, so it cannot be played over the wire: use --over memory")
    instrument, costs = terms.desk.instrument, terms.costs
    start = Mts(int(candles.mts[0]) - 1)
    venue = Venue(start, limited=False)
    venue.list_instrument(instrument)
    core = venue.core
    user = core.new_user()
    accounts = core.exchange.accounts
    core.fees.fix(user, FeeTier(costs.fee, costs.fee))
    accounts.deposit(user, WalletKind.EXCHANGE, instrument.quote, terms.cash, start)
    key, secret = secrets.token_hex(16), secrets.token_hex(32)
    core.keys.add(user, key, secret, all_rights())
    venue.add_driver(QuotedCandles(instrument, candles, costs.slippage, length_ms=timeframe.span_ms))
    return PaperVenue(venue, Signer(Secret(key), Secret(secret)), instrument)
