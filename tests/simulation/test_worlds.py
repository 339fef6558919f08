"""R1, R3, R15: worlds by seed violate no invariant, come out the same everywhere, and seeded bugs are found."""

import gc
import json
import os
import subprocess
import sys

import pytest
from attrs import evolve

from genesis.app.simulation.campaign import simulate
from genesis.app.simulation.options import STRICTER, FaultClass, options_of
from genesis.app.simulation.production import Production, settings_of
from genesis.app.simulation.world import World, live_through
from genesis.domain.core import TradingCore
from genesis.domain.events import Decision, Event, Quote, RequestQuote
from tests.simulation.seeded_bugs import BUGS

HOURS_IN_ALL = 500
SEEDS_A_TEST = 10
BUG_SEEDS = range(1, 26)

KEPT = (1, 11, 13, 15, 24, 48, 73, 135, 136, 141, 147, 152, 153, 263, 264, 266, 294, 426, 473, 520)
"""Seeds that once found something; each is run for ever, in the world that it stood for then."""

KEPT_BLOCKED = (253, 311, 322, 417, 487, 2522, 2555, 3433, 3765, 4687, 4883, 6125, 7542, 9889)
"""Those that found something since worlds stand still at times."""

KEPT_LIMITED = (1960, 7677)
"""Those that found something since worlds enter by limit orders and have budgets."""


@pytest.mark.parametrize("first", range(1, HOURS_IN_ALL + 1, SEEDS_A_TEST))
def test_r1_worlds_with_faults_violate_no_invariant(first: int) -> None:
    lines = [simulate(seed, 1.0, "") for seed in range(first, first + SEEDS_A_TEST)]
    assert {line.seed: line.violations for line in lines if line.violations} == {}
    hours = sum(line.simulated_s for line in lines) / 3600
    assert sum(line.intents for line in lines) >= 10 * hours
    assert sum(sum(line.faults.values()) for line in lines) >= 5 * hours


@pytest.mark.parametrize("seed", KEPT + KEPT_BLOCKED + KEPT_LIMITED)
def test_what_a_seed_once_found_stays_mended(seed: int) -> None:
    options = options_of(seed)
    if seed not in KEPT_LIMITED:
        options = evolve(options, enters_by_limit=False, has_budgets=False)
    if seed in KEPT:
        then = tuple(each for each in options.faults if each is not FaultClass.LOOP_BLOCKED)
        options = evolve(options, faults=then)
    assert live_through(options, Production()).violations == ()


def test_a_world_in_which_something_goes_on_without_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    real = TradingCore.handle

    def handle(core: TradingCore, event: Event) -> tuple[Decision, ...]:
        asked = (RequestQuote(event.symbol),) if isinstance(event, Quote) else ()
        return (*real(core, event), *asked)

    monkeypatch.setattr(TradingCore, "handle", handle)
    (violation,) = simulate(194, 1.0, "").violations
    assert "I37" in violation
    assert "without end" in violation


PROGRAM = """
import json
from genesis.app.simulation.campaign import simulate
print(json.dumps([simulate(seed, 0.3, "").trace for seed in (1, 2, 3, 5)]))
"""


def test_r3_the_same_seed_has_the_same_trace_on_any_hash_seed() -> None:
    path = os.pathsep.join(filter(None, sys.path))
    traces = []
    for hash_seed in ("0", "1"):
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        traces.append(json.loads(done.stdout))
    assert traces[0] == traces[1]
    assert len(set(traces[0])) == 4


def test_a_world_that_has_ended_leaves_nothing_behind() -> None:
    before = _alive()
    for seed in (4, 8):  # with every fault: disks that are full and broken are among what comes
        live_through(evolve(options_of(seed), faults=tuple(FaultClass)), Production())
    assert _alive() <= before


def _alive() -> int:
    gc.collect()
    return sum(isinstance(each, World | Production | TradingCore) for each in gc.get_objects())


def test_half_of_the_fault_classes_are_off_in_each_world_and_each_is_on_somewhere() -> None:
    worlds = [options_of(seed) for seed in range(100)]
    by_halves = [{*world.faults} - {FaultClass.LOOP_BLOCKED} for world in worlds]
    assert {len(faults) for faults in by_halves} == {len(FaultClass) // 2}
    assert 30 <= sum(FaultClass.LOOP_BLOCKED in world.faults for world in worlds) <= 70
    assert {fault for world in worlds for fault in world.faults} == set(FaultClass)
    assert {world.saved_every for world in worlds} == {20, 2_000}


def test_each_limit_of_an_account_is_set_in_some_world() -> None:
    worlds = [options_of(seed) for seed in range(1, HOURS_IN_ALL + 1)]
    assert {world.stricter for world in worlds} == set(STRICTER)
    limits = [settings_of(world).limits for world in worlds if world.stricter == "all"]
    for each in limits:
        values = (each.max_data_age_ms, each.price_collar, each.max_repeats, each.max_positions)
        assert None not in (*values, *(one.max_order_amount for one in each.instruments))


@pytest.mark.parametrize("name", BUGS)
def test_r15_a_seeded_bug_is_found_within_a_few_seeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    bug.patch(monkeypatch)
    for seed in BUG_SEEDS:
        outcome = live_through(evolve(options_of(seed, 0.5), **bug.world), Production())
        if {violation.invariant for violation in outcome.violations} & bug.invariants:
            return
    pytest.fail(f"{name} was not found in {len(BUG_SEEDS)} seeds")
