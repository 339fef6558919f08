"""A sweep on a Ray cluster: parts as tasks, candles shipped once a node, the same results as threads give.

A task knows its part by the numbers of its combinations; all else lies in Ray's object store, which every node fetches
once. A worker or a node that dies takes its parts with it, and Ray runs those again elsewhere. Each task is one core;
its process keeps the columns that runs share from task to task. Only this module imports Ray.
"""

import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from attrs import fields, frozen

from genesis.app.backtest import Terms
from genesis.app.code_version import code_sha256
from genesis.app.strategies import StrategyOrigin
from genesis.app.sweep import SweepPlan, name_of, with_expression
from genesis.app.sweep_part import MadePart, PartMaker
from genesis.domain.candle import Candles, Ints
from genesis.domain.strategy.constraint import Constraint
from genesis.domain.strategy.expression import Constant
from genesis.domain.strategy.space import Space
from genesis.ports.errors import InputError

RETRIES: Final = 5
"""How often a part is run again when its worker dies: a part that kills every worker must not go on for ever."""
CONNECT_TIMEOUT_S: Final = 10.0
ATTEMPTS: Final = 3
"""How often a client asks a cluster that answers: it starts a server for each, which on a busy machine may be lost."""
CLIENT_PORT: Final = 10_001
"""Where a cluster listens for `ray://HOST`. Source: Ray, "Ray Client"."""
QUEUED: Final = 3
"""Parts that wait for each core: enough that none is ever idle, few enough that results do not pile up."""


@frozen(eq=False)
class Work:
    """What a worker needs besides the numbers: picklable, and without the expression, which is built where it runs.

    The *terms* have the expressions of budgets and measured slippage, as they were built here.
    """

    name: str
    code: str
    origin: StrategyOrigin
    space: Space
    constraints: tuple[str, ...]
    terms: Terms
    candles: Candles


_kept: dict[str, PartMaker] = {}
"""In a worker process: the maker of the sweep that it works for."""


def make_part(work: Work, indices: Ints) -> MadePart | str:
    """Run a part in a worker; a fault that a person can mend comes back as its sentence."""
    try:
        return _maker_of(work).make(indices)
    except InputError as error:
        return str(error)


def _maker_of(work: Work) -> PartMaker:
    if work.name not in _kept:
        if work.code != code_sha256():
            raise InputError("a node of the cluster runs another version of Genesis: install the same one everywhere")
        for old in _kept.values():
            old.close()
        _kept.clear()
        # What lies in the object store is read-only, and compiled loops would be compiled anew for that.
        own = Candles(**{each.name: np.array(getattr(work.candles, each.name)) for each in fields(Candles)})
        constraints = [Constraint(text) for text in work.constraints]
        _kept[work.name] = PartMaker(work.origin.load(), work.space, constraints, work.terms, own, workers=1)
    return _kept[work.name]


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself would try for minutes."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    if address != "auto" and parts.hostname:
        port = parts.port or CLIENT_PORT
        with socket.create_connection((parts.hostname, port), timeout=CONNECT_TIMEOUT_S):
            pass


def _join(ray: Any, where: str) -> None:  # Any: as below
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR)
            return
        except ConnectionAbortedError:
            ray.shutdown()
            if attempt == ATTEMPTS:
                raise


class ClusterRunner:
    """Runs the parts of *plan* on the cluster at *address*: `ray` is the one that runs here, or `ray://HOST:PORT`."""

    def __init__(self, plan: SweepPlan, candles: Candles, address: str) -> None:
        self._plan, self._candles, self._address = plan, candles, address
        self._ray: Any = None  # Any: Ray's annotations do not survive its decorators
        self._said = redirect_stdout(sys.stderr)
        """Ray tells of nodes that it lost on the standard output, whose JSON is ours."""

    def __enter__(self) -> "ClusterRunner":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ImportError as error:
            raise InputError("--workers ray needs Ray: install the extra `cluster`") from error
        where = os.environ.get("RAY_ADDRESS", "auto") if self._address == "ray" else self._address
        try:
            _knock(where)
            _join(ray, where)
        except Exception as error:  # Ray has an error of its own for each way of not being there
            told = f"no Ray cluster answers at {where} ({error})"
            raise InputError(f"--workers {self._address}: {told}: start one with `ray start --head`") from error
        self._ray = ray
        self._said.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ray.shutdown()
        self._said.__exit__(kind, error, traceback)

    def run(self, parts: Sequence[int]) -> Iterator[tuple[int, MadePart]]:
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=False)(make_part)
        work = ray.put(self._work())
        cores = max(int(ray.cluster_resources().get("CPU", 1)), 1)
        waiting = list(reversed(parts))
        running: dict[object, int] = {}
        while waiting or running:
            while waiting and len(running) < QUEUED * cores:
                part = waiting.pop()
                running[task.remote(work, self._plan.part(part))] = part
            ready, _ = ray.wait(list(running), num_returns=1)
            for each in ready:
                part = running.pop(each)
                yield part, self._made(part, each)

    def _made(self, part: int, reference: object) -> MadePart:
        try:
            made = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise InputError(
                f"part {part} cannot be run on the cluster: {error}; --resume goes on from here"
            ) from error
        if isinstance(made, str):
            raise InputError(made)
        assert isinstance(made, MadePart)
        return made

    def _work(self) -> Work:
        plan = self._plan
        texts = tuple(each.text for each in plan.constraints)
        terms = with_expression(plan.terms, Constant(0.0))
        return Work(name_of(plan), code_sha256(), plan.origin, plan.space, texts, terms, self._candles)
