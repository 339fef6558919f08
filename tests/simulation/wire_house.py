"""A session over the wire, put together as `run` does: a venue on loopback, the streams, the market, lock-step."""

import asyncio
from decimal import Decimal

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.venue.faults import Firing, Rule
from genesis.app.backtest import RunObserver, Terms
from genesis.app.paper import Pace
from genesis.app.paper_venue import PaperVenue, paper_venue
from genesis.app.paper_wire import WireHouse, trade_over_wire, wired_market
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.core import TradingCore, one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import LinkState
from genesis.domain.order import Cid
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.statistics.record import Record, Recorder
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import Symbol, atoms


class Listener:
    """Notes what the connections did."""

    def __init__(self) -> None:
        self.links: list[LinkState] = []
        self.round_trips: list[float] = []
        self.faults: list[Firing] = []

    def link(self, state: LinkState) -> None:
        self.links.append(state)

    def round_trip(self, seconds: float) -> None:
        self.round_trips.append(seconds)

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        raise AssertionError(f"order {cid} was accepted otherwise: {differences}")

    def operator_must(self, cid: Cid, reason: str) -> None:
        raise AssertionError(f"order {cid} cannot be found out about: {reason}")


def over_the_wire(
    terms: Terms,
    candles: Candles,
    listener: Listener,
    timeframe: Timeframe = Timeframe.M1,
    *faults: Rule,
    funded: Terms | None = None,
) -> Record:
    """Trade *candles* in lock-step with a venue that has these faults; *funded* has what the account there has."""

    async def run() -> Record:
        recorder = Recorder(terms.desk.instrument, terms.cash, None)
        core = one_desk(terms.desk, terms.cash)
        house = WireHouse(SystemClock(), MemoryMetrics(), listener)
        venue = paper_venue(funded or terms, candles, timeframe)
        for rule in faults:
            venue.venue.faults.add(rule)
        listener.faults = venue.venue.faults.log
        async with wired_market(venue, candles, timeframe, Pace(None), house) as wired:
            await trade_over_wire(core, wired, RunObserver(recorder))
        if funded is None:
            assert_the_venue_agrees(venue, core, len(recorder.fills))
        return recorder.finish(core.cash, core.position(terms.desk.instrument.symbol), core.refusals)

    return asyncio.run(run())


def assert_the_venue_agrees(venue: PaperVenue, core: TradingCore, fills: int) -> None:
    """No atom appeared or vanished there, and the account has what our ledger says; it rounds costs down, we up."""
    exchange, instrument = venue.venue.core.exchange, core.settings.desks[0].instrument
    assert not exchange.accounts.imbalance()
    account = exchange.accounts.by_user[venue.venue.core.keys.by_key[venue.signer.key].user]
    assert account.wallet(WalletKind.EXCHANGE, instrument.base).balance == core.position(instrument.symbol)
    assert 0 <= account.wallet(WalletKind.EXCHANGE, instrument.quote).balance - core.cash <= fills


def terms_of(
    strategy: str, *, symbol: str = "tBTCUSD", slippage_bps: str = "1", limits: RiskLimits | None = None
) -> Terms:
    expression = SHIPPED[strategy].build()
    settings = DeskSettings(spot_instrument(Symbol(symbol)), expression, 1.0, limits or RiskLimits())
    return Terms(settings, costs_from_bps(Decimal(20), Decimal(slippage_bps)), atoms(10_000))
