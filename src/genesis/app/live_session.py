"""A live session: the same wiring as on paper, against Bitfinex, behind the guards of `live_guard`."""

import asyncio
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from attrs import evolve, frozen

from genesis.adapters.atomic_file import write_whole
from genesis.adapters.bitfinex.candle_line import ReadInstrument
from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.reconciler import LookRules
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.current_nonces import CurrentNonces
from genesis.adapters.key_lock_file import KeyLock
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.app.account_plan import AccountPlan
from genesis.app.bitfinex_rest import signed_client, signer_of
from genesis.app.config_view import user
from genesis.app.dry_orders import DryOrders
from genesis.app.exchange_budgets import exchange_budgets
from genesis.app.json_output import json_text
from genesis.app.key_renewal import KeyPlaces, KeyRenewal
from genesis.app.kill_sessions import session_of
from genesis.app.live_begin import Begun, begin, live_began, mode_of
from genesis.app.live_guard import (
    PHRASE,
    Seen,
    cash_problems,
    instruments_of,
    limit_problems,
    loosened,
    phrase_problem,
    price_problems,
    problems,
)
from genesis.app.live_machine import machine_problems
from genesis.app.live_plan import LivePlan
from genesis.app.live_watch import Halting, LockWatch, RightsWatch, SkewWatch
from genesis.app.logs import find_keys, guarded_keys
from genesis.app.paper import Component
from genesis.app.recording import LatchWatch, recorded_session, refuse_while_killed
from genesis.app.recovery import begin_again
from genesis.app.run_watch import People
from genesis.app.session_feeding import SessionAbout
from genesis.app.session_run import login_line, until_stopped
from genesis.app.session_watch import session_watch
from genesis.app.settings import Keys, Settings
from genesis.app.trade import Recording
from genesis.app.trade_beside import trade_beside
from genesis.app.wires import KeyInUse, Outside, Place, bitfinex_wires, place_at
from genesis.app.wiring import SessionSystem, build_session, kill_latch
from genesis.domain.exchange.orders import Account
from genesis.domain.json_value import JsonObject
from genesis.domain.saved import saved
from genesis.domain.units import Symbol, format_atoms
from genesis.ports.errors import InputError


@frozen
class LiveOptions:
    """How a live session was asked for: the phrase as it was given, and whether the key is new on this machine."""

    phrase: str = ""
    new_key: bool = False
    json: bool = False


@frozen(eq=False)
class LiveHouse:
    """What a live session runs on."""

    plan: LivePlan
    account: AccountPlan
    begun: Begun
    system: SessionSystem
    keys: Keys
    place: Place
    home: Path
    lock: KeyLock
    places: KeyPlaces


def run_live(plan: LivePlan, settings: Settings, options: LiveOptions, people: People) -> None:
    """Run *plan* until someone asks it to stop (Ctrl-C, SIGTERM); *people* hear of what goes wrong in it.

    Raises `InputError` with every reason for which it does not begin, and `GenesisError` for what ended it early.
    """
    home = settings.home
    refuse_while_killed(kill_latch(home))
    keys = guarded_keys()
    signer_of(keys)
    place = place_at(settings.rest_url, settings.ws_url)
    say = sys.stderr if options.json else sys.stdout
    locks, what = settings.locks.expanduser(), session_of(home)
    with KeyLock(locks, keys.api_key, what) as lock:
        seen = asyncio.run(look_around(keys, home, settings.rest_url, plan.symbols, is_new=options.new_key))
        _refuse_for(machine_problems(home) + problems(plan.symbols, seen, plan.reads) + _unaudited(plan))
        instruments = instruments_of(plan.symbols, seen.rules)
        account = plan.account(instruments)
        _refuse_for(limit_problems(account.limits, instruments))
        begun = begin(plan, account, home / "journal", seen.owner)
        _refuse_for(price_problems(begun.core, seen.tickers) + cash_problems(begun.core, begun.new, seen.wallets))
        print(_what(plan, place), file=say, flush=True)
        _confirm(options.phrase, say.write)
        chart = account.strategies[0].desk.instrument
        system = build_session(chart, plan.cash, about(plan), home, plan.host, plan.port, plan.basis)
        port = system.server.bind()
        print(f"live session at {system.server.url}", file=say, flush=True)
        print(login_line(system, home, say), file=say, flush=True)
        print(f"journal: {system.journal_path}", file=say, flush=True)
        places = KeyPlaces(settings.rest_url, home, locks, seen.owner, what)
        house = LiveHouse(plan, account, begun, system, keys, place, home, lock, places)
        try:
            source = f"{', '.join(plan.symbols)}, live"
            with session_watch(people, source, system.clock, system.metrics, system.feed) as watch:
                asyncio.run(watch.around(lambda: until_stopped(_recorded(house), system.feed)))
        except KeyboardInterrupt:
            print("interrupted", file=say)
        finally:
            system.server.close()
            _finish(house, home, port, json=options.json)


def _refuse_for(found: Sequence[str]) -> None:
    if found:
        raise InputError(f"no live session begins: {'; '.join(found)}")


async def look_around(keys: Keys, home: Path, rest_url: str, symbols: Collection[Symbol], *, is_new: bool) -> Seen:
    """Ask the exchange for all that the guards want to see, of what is traded the *symbols* alone."""
    async with signed_client(keys, home, rest_url, is_new=is_new) as access:
        account, market = BitfinexAccount(access.client), BitfinexMarket(access.client)
        permissions, wallets = await account.permissions(), await account.wallets()
        owner = (await account.user()).id
        rules, tickers = await market.pair_rules(), await market.tickers(symbols)
        return Seen(permissions, wallets, rules, tickers, access.time.offset_s, owner)


def about(plan: LivePlan) -> SessionAbout:
    """Return what the session of *plan* is, for those who watch it."""
    labels = {each.config.name: each.config.strategy for each in plan.strategies}
    params = {each.config.name: {name: str(value) for name, value in each.params.items()} for each in plan.strategies}
    return SessionAbout(mode_of(plan), plan.symbols[0], plan.timeframe.value, labels, params)


def _unaudited(plan: LivePlan) -> list[str]:
    """Return what a file would do behind the back of the configuration in force; a dry run may do anything."""
    basis = plan.basis
    return [] if plan.is_dry or basis.in_force is None else loosened(basis.in_force, basis.document)


def _what(plan: LivePlan, place: Place) -> str:
    lines = [f"LIVE on {place.rest.auth_url}" + (", dry run: no order is sent" if plan.is_dry else "")]
    lines += [
        f"  {each.config.name}: {each.config.strategy} on {each.symbol}, {plan.timeframe.value}, "
        f"with {format_atoms(each.cash)}"
        for each in plan.strategies
    ]
    return "\n".join(lines)


def _confirm(phrase: str, ask: Callable[[str], object]) -> None:
    typed = phrase
    if not typed and sys.stdin.isatty():
        ask(f"Type to go on: {PHRASE}\n> ")
        sys.stdout.flush()
        typed = sys.stdin.readline()
    problem = phrase_problem(typed)
    if problem:
        raise InputError(problem)


async def _recorded(house: LiveHouse) -> None:
    plan, basis = house.plan, house.plan.basis
    facts: JsonObject = {"action": "session.begin", "mode": mode_of(plan), "config": basis.name, "hash": basis.hash}
    await house.system.audit.append({**facts, "document": basis.document, "who": user()})
    recording = house.system.recording()
    async with recorded_session(recording, live_began(house.plan, house.account, house.places.owner)):
        await _trade(house, recording)


async def _trade(house: LiveHouse, recording: Recording) -> None:
    system, plan = house.system, house.plan
    clock, metrics = system.clock, system.metrics
    time = ExchangeTime(clock, metrics)
    first = open_nonces(house.home / "nonces", house.keys.api_key, clock, exchange_us=time.now_us)
    signer, nonces = signer_of(house.keys), CurrentNonces(first)
    renewal = KeyRenewal(find_keys, signer, nonces, house.places, clock, system.feed)
    transport = AiohttpTransport(metrics=metrics)
    try:
        async with AiohttpConnector() as connector:
            key = KeyInUse(signer, nonces, time, renewal.renew)
            budgets = exchange_budgets(house.home, house.place.rest.auth_url)
            outside = Outside(connector, transport, clock, metrics, budgets)
            traded = house.account.settings(needs_account=True)
            instruments = traded.instruments
            wires = bitfinex_wires(house.place, key, outside, instruments, Account.EXCHANGE)
            renewal.renewed = lambda: wires.account.reconnect("the key was renewed")
            if plan.is_dry:
                wires = evolve(wires, gateway=DryOrders())
            begun = house.begun
            system.observer.begin(begun.core)
            for breach in begun.breaches:
                system.observer.alert(breach)
            await recording.journal.append(saved(begun.core))
            await begin_again(begun.core, recording.journal)
            market_time = LiveTime(clock, time)
            rules = MarketRules(market_time, LookRules(), begun.known, begun.since, system.latch, keeps_pace=True)
            market = TradingMarket(
                [
                    TradedInstrument(each, plan.timeframe, plan.warm_up, traded.reads_of(symbol))
                    for symbol, each in instruments.items()
                ],
                wires,
                clock,
                system.observer,
                rules,
                [ReadInstrument(symbol, plan.timeframe, plan.warm_up) for symbol in traded.reads],
            )
            desks = begun.core.desks.values()
            halting = Halting(system.inbox, lambda: all(desk.halted is not None for desk in desks))
            parts: tuple[Component, ...] = (
                market,
                system.server,
                LatchWatch(system.latch, clock, system.feed),
                system.feeding,
                system.watching,
                RightsWatch(wires.reader, clock, halting),
                renewal,
                SkewWatch(time, clock, halting, system.feed),
                LockWatch(lambda: (house.lock, *renewal.locks), clock),
                *(() if system.config is None else (system.config,)),
            )
            operated = system.operated(market)
            ways = (recording, market.cancelled, market.uncancelled)
            await trade_beside(begun.core, operated, system.observer, parts, *ways)
    finally:
        await transport.close()
        renewal.close()
        first.close()


def _finish(house: LiveHouse, home: Path, port: int, *, json: bool) -> None:
    """Write how the session ended; the journal has everything else."""
    observer = house.system.observer
    if not observer.has_begun:
        return
    core = observer.core
    halted = core.halted
    text = json_text(
        {
            "port": port,
            "mode": mode_of(house.plan),
            "journal": str(house.system.journal_path),
            "equity": format_atoms(core.equity),
            "halted": "" if halted is None else halted.text,
            "fills": len(observer.recorder.fills),
        }
    )
    print(text if json else f"equity of the strategies: {format_atoms(core.equity)} {core.settings.quote}")
    write_whole(home / "sessions" / f"{house.system.clock.now()}.json", text + "\n")
