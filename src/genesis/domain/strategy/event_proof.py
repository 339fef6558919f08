"""Proof on data that an event strategy does not look ahead, keeps its promises, and stands what markets throw at it.

Its events are closed candles: of the instrument that it is tried on and, where they are given, of others, in the order
of their times, the instrument's own first. What it would learn from quotes and fills is not tried.
"""

import copy
import math
from collections.abc import Callable, Mapping
from heapq import merge
from typing import Any, Final, NamedTuple

import numpy as np

from genesis.domain.candle import Candle, Candles, Floats
from genesis.domain.events import CandleClosed
from genesis.domain.strategy.carried import carried_prices
from genesis.domain.strategy.columns import NO_OTHERS
from genesis.domain.strategy.event_strategy import AnyEventStrategy, Targets
from genesis.domain.strategy.proof import Fault, Finding, Proof, agreement, distinct
from genesis.domain.strategy.trials import Market, Trial, changed_futures, moved_in_time, spoiled
from genesis.domain.units import Symbol

CUTS: Final = 6
Build = Callable[[], AnyEventStrategy]


class Broken(Exception):
    """A strategy raised, or gave something that is no decision: the fault, and where."""

    def __init__(self, fault: Fault, text: str, candle: int) -> None:
        super().__init__(text)
        self.fault = fault
        self.candle = candle


class Decided(NamedTuple):
    """What was decided on a candle; *own* is how many of the instrument's own candles there were until then."""

    mts: int
    own: int
    is_own: bool
    targets: Targets


def prove_events(
    name: str,
    build: Build,
    symbol: Symbol,
    candles: Candles,
    seed: int = 0,
    others: Mapping[Symbol, Candles] = NO_OTHERS,
) -> Proof:
    """Try the strategy that *build* gives on *candles* of *symbol*; the same seed makes the same trials."""
    return _Trying(name, build, symbol, Market(candles, others), seed).proof()


class _Trying:
    """One strategy and one market, tried in every way."""

    def __init__(self, name: str, build: Build, symbol: Symbol, market: Market, seed: int) -> None:
        self._name = name
        self._build = build
        self._symbol = symbol
        self._market = market
        self._seed = seed
        self._findings: list[Finding] = []
        self._trials = 0

    def proof(self) -> Proof:
        whole = self._try("the data as it is", lambda: self._run(self._market))
        if whole is None:
            return Proof(distinct(self._findings), self._trials, None, None, None)
        self._carries()
        self._compare("the data once more", whole, lambda: self._run(self._market), Fault.DECIDES_OTHERWISE)
        for trial in changed_futures(self._market, 0, self._seed, CUTS):
            self._hold(trial, whole, Fault.LOOKS_AHEAD)
        self._move(whole)
        self._compare("every state given twice", whole, self._run_twice, Fault.CHANGES_ITS_STATE)
        restart = len(self._market.candles) // 2
        words = f"a restart at candle {restart} from a copy of the state"
        self._compare(words, whole, lambda: self._run(self._market, restart), Fault.HIDES_ITS_STATE)
        for trial in spoiled(self._market, self._seed):
            self._hold(trial, whole, Fault.LOOKS_AHEAD)
        targets = _held_targets(whole, self._symbol)
        decided = np.flatnonzero(~np.isnan(targets))
        first = int(decided[0]) if len(decided) else None
        return Proof(distinct(self._findings), self._trials, None, first, self._agreement(targets))

    def _carries(self) -> None:
        self._trials += 1
        for candles in (self._market.candles, *self._market.others.values()):
            where = carried_prices((self._build(),), candles)
            if where is not None:
                self._findings.append(Finding(Fault.CARRIES_DATA, self._name, where, 0))

    def _hold(self, trial: Trial, whole: list[Decided], fault: Fault) -> None:
        """Demand the decisions until the last known candle, of the market as it is, in the changed one."""
        last = int(self._market.candles.mts[trial.known - 1])
        # Others' candles of the last known start come after it, and are changed: nothing says what they lead to.
        known = [each for each in whole if each.mts < last or (each.mts == last and each.is_own)]
        self._compare(trial.words, known, lambda: self._run(trial.market), fault)

    def _move(self, whole: list[Decided]) -> None:
        """Move the market in time; only who decides otherwise after every move knows the date itself."""
        before = list(self._findings)
        for trial in moved_in_time(self._market):
            found = len(self._findings)
            self._hold(trial, whole, Fault.KNOWS_THE_DATE)
            if len(self._findings) == found:
                self._findings = before
                return

    def _compare(self, words: str, known: list[Decided], run: Callable[[], list[Decided]], fault: Fault) -> None:
        again = self._try(words, run)
        if again is None:
            return
        for before, after in zip(known, again, strict=False):
            if not _same(before.targets, after.targets):
                self._findings.append(Finding(fault, self._name, words, before.own - 1))
                return

    def _try(self, words: str, run: Callable[[], list[Decided]]) -> list[Decided] | None:
        self._trials += 1
        try:
            return run()
        except Broken as broken:
            self._findings.append(Finding(broken.fault, self._name, f"{words}: {broken}", broken.candle))
        except Exception as error:  # noqa: BLE001 - a strategy is a person's code and may raise anything
            text = f"{words}: {type(error).__name__}: {error}"
            self._findings.append(Finding(Fault.BREAKS, self._name, text, 0))
        return None

    def _run(self, market: Market, restart: int | None = None) -> list[Decided]:
        strategy = self._build()
        state, decided, own = strategy.start(), [], 0
        for event in _events(self._symbol, market):
            own += event.symbol == self._symbol
            if own == restart:
                strategy, state, restart = self._build(), copy.deepcopy(state), None
            state, targets = self._decide(strategy, state, event, own)
            decided.append(Decided(event.candle.mts, own, event.symbol == self._symbol, targets))
        return decided

    def _run_twice(self) -> list[Decided]:
        strategy = self._build()
        state, decided, own = strategy.start(), [], 0
        for event in _events(self._symbol, self._market):
            own += event.symbol == self._symbol
            self._decide(strategy, state, event, own)
            state, targets = self._decide(strategy, state, event, own)
            decided.append(Decided(event.candle.mts, own, event.symbol == self._symbol, targets))
        return decided

    # Any: a state is the strategy's own business
    def _decide(self, strategy: AnyEventStrategy, state: Any, event: CandleClosed, own: int) -> tuple[Any, Targets]:
        try:
            state, targets = strategy.decide(state, event)
            sound = all(_is_sound(each.symbol, each.exposure) for each in targets)
        except Exception as error:  # a strategy is a person's code and may raise anything
            raise Broken(Fault.BREAKS, f"{type(error).__name__}: {error}", own - 1) from error
        if not sound:
            raise Broken(Fault.BAD_TARGET, f"{targets!r}: a target is a symbol and a share from -1 to 1", own - 1)
        return state, targets

    def _agreement(self, targets: Floats) -> int | None:
        middle = len(self._market.candles) // 2
        late = self._try("a start in the middle", lambda: self._run(self._later_half(middle)))
        return None if late is None else agreement(_held_targets(late, self._symbol), targets[middle:])

    def _later_half(self, middle: int) -> Market:
        start = int(self._market.candles.mts[middle])
        others = {symbol: each.between(start, None) for symbol, each in self._market.others.items()}
        return Market(self._market.candles[middle:], others)


def _events(symbol: Symbol, market: Market) -> list[CandleClosed]:
    def keyed(rank: int, name: Symbol, candles: Candles) -> list[tuple[int, int, Symbol, Candle]]:
        return [(candle.mts, rank, name, candle) for candle in candles]

    queues = [keyed(0, symbol, market.candles)]
    queues += [keyed(rank, name, each) for rank, (name, each) in enumerate(sorted(market.others.items()), 1)]
    return [CandleClosed(name, candle) for _, _, name, candle in merge(*queues, key=lambda each: each[:2])]


def _is_sound(symbol: object, exposure: object) -> bool:
    if not (isinstance(symbol, str) and isinstance(exposure, int | float)):
        return False
    return math.isnan(exposure) or -1.0 <= exposure <= 1.0


def _same(one: Targets, other: Targets) -> bool:
    return len(one) == len(other) and all(
        a.symbol == b.symbol and (a.exposure == b.exposure or (a.exposure != a.exposure and b.exposure != b.exposure))
        for a, b in zip(one, other, strict=True)
    )


def _held_targets(decided: list[Decided], symbol: Symbol) -> Floats:
    """Return the target of *symbol* in force after each of its own candles; NaN before the first decision."""
    held: list[float] = []
    last = math.nan
    for each in decided:
        for target in each.targets:
            if target.symbol == symbol and target.exposure == target.exposure:
                last = float(target.exposure)
        if len(held) < each.own:
            held.append(last)
        elif held:
            held[-1] = last
    return np.array(held, dtype=np.float64)
