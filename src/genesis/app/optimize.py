"""Search instead of a sweep: Optuna proposes combinations of the grid, learns from their results, and remembers.

What the n-th trial proposes follows from the seed and the trials of the batches before its own, and from nothing else:
a search that was stopped makes its unfinished batch again, so that it ends as if it had never been stopped.
"""

import hashlib
import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from filelock import FileLock

from genesis.app.desk_sweeper import DeskSweeper
from genesis.app.progress import Show
from genesis.app.search_folder import Start, check_unfinished
from genesis.app.sweep import SweepPlan
from genesis.app.sweep_part import expressions_of
from genesis.app.sweeper import Sweeper, sweeper_of
from genesis.domain.candle import Candles, Ints
from genesis.domain.statistics.sweep_figures import DESCENDING, sweep_figures
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import InexactNumber
from genesis.ports.errors import InputError, StoreError, disk_advice

if TYPE_CHECKING:
    from optuna import Study, Trial

ASKED: Final = 16
"""Combinations that are asked for at once: the search learns after each batch, and not more often with more threads."""
WITHOUT_OPTUNA: Final = "optimize needs Optuna: install the extra `research`"
_CREATE_TRIAL: Final = 4
"""The line of Optuna's journal that begins a trial. Source: Optuna, `JournalOperation`."""


def optimize(
    plan: SweepPlan,
    candles: Candles,
    journal: Path,
    order: str,
    trials: int,
    seed: int,
    workers: int,
    start: Start,
    show: Show,
) -> Ints:
    """Search until *journal* holds *trials* trials; return the distinct combinations of the first so many, ascending.

    The same seed proposes the same, whatever the threads and however often it was stopped. Raises `InputError` without
    Optuna, where a price that is used does not fit, or where *start* does not say what to do with trials from before.
    """
    if start is Start.ANEW:
        journal.unlink(missing_ok=True)
    study = _study(journal, order)
    check_unfinished(journal.parent, start, _finished(study), trials, "trials")
    if _finished(study) < trials:
        study = _cut_to_batch(study, journal, order)
    finished = _finished(study)
    show(min(finished, trials), trials)
    with sweeper_of(candles, plan.terms, workers) as sweeper:
        while finished < trials:
            _batch(plan, study, sweeper, order, len(candles), min(ASKED, trials - finished), _drawn(seed, finished))
            finished = _finished(study)
            show(min(finished, trials), trials)
    numbers = {trial.user_attrs["index"] for trial in study.trials[:trials] if trial.value is not None}
    return np.array(sorted(numbers), dtype=np.int64)


def optuna_version() -> str:
    """Return the version of what proposes the trials: another may propose others; raises `InputError` without it."""
    try:
        return version("optuna")
    except PackageNotFoundError as error:
        raise InputError(WITHOUT_OPTUNA) from error


def _drawn(seed: int, finished: int) -> int:
    """Return what the batch after *finished* trials draws with: no batch of another seed draws the same."""
    return int.from_bytes(hashlib.sha256(f"{seed} {finished}".encode()).digest()[:4], "big")


class StudyLock:
    """Optuna's lock over its journal, held by the kernel.

    Optuna's own are files that it renames: interrupted there, one fails with another error or stays behind.
    """

    def __init__(self, journal: Path) -> None:
        self._lock = FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


def _study(journal: Path, order: str) -> "Study":
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise InputError(WITHOUT_OPTUNA) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        _mend(journal)
        lock: Any = StudyLock(journal)  # Any: Optuna wants its own base class, which is not loaded with this module
        storage = JournalStorage(JournalFileBackend(str(journal), lock))
        direction: Literal["maximize", "minimize"] = "maximize" if DESCENDING[order] else "minimize"
        return optuna.create_study(storage=storage, study_name=order, direction=direction, load_if_exists=True)
    except OSError as error:
        raise StoreError(f"{journal}: cannot be written ({error.strerror}): {disk_advice(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{journal}: is damaged ({type(error).__name__}): --anew begins again") from error


def _cut_to_batch(study: "Study", journal: Path, order: str) -> "Study":
    """Forget the batch that was not finished, if there is one: it is made again from what was known before it."""
    whole = ASKED * (_finished(study) // ASKED)
    if whole == len(study.trials):
        return study
    begun = at = 0
    for line in journal.read_bytes().splitlines(keepends=True):
        if json.loads(line).get("op_code") == _CREATE_TRIAL:
            if begun == whole:
                break
            begun += 1
        at += len(line)
    os.truncate(journal, at)
    return _study(journal, order)


def _mend(journal: Path) -> None:
    """Cut off a last line that a power cut left unfinished: Optuna would append to it, and never read it again."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)


def _finished(study: "Study") -> int:
    """Return how many trials there are before the first that is not finished."""
    every = study.trials
    return next((trial.number for trial in every if not trial.state.is_finished()), len(every))


def _batch(
    plan: SweepPlan,
    study: "Study",
    sweeper: Sweeper | DeskSweeper,
    order: str,
    candles: int,
    count: int,
    seed: int,
) -> None:
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    study.sampler = TPESampler(seed=seed)
    taken: list[tuple[Trial, Expr]] = []
    for _ in range(count):
        trial = study.ask()
        index = _asked(plan, trial)
        trial.set_user_attr("index", index)
        made = expressions_of(plan.strategy, plan.space, plan.constraints, np.array([index], dtype=np.int64))
        expression = next((each for _, _, each in made), None)
        if expression is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            taken.append((trial, expression))
    try:
        outcomes = sweeper.run(expression for _, expression in taken)
    except InexactNumber as error:
        raise InputError(f"{error}; data.check tells more about the candles") from error
    if outcomes is None:
        return
    values = np.asarray(sweep_figures(outcomes, plan.terms.cash, candles)[order], dtype=np.float64)
    for (trial, _), value in zip(taken, values.tolist(), strict=True):
        if value == value:
            study.tell(trial, value)
        else:
            study.tell(trial, state=TrialState.FAIL)


def _asked(plan: SweepPlan, trial: "Trial") -> int:
    """Return the number of the combination that *trial* proposes: a position on each axis."""
    index = 0
    for axis in plan.space.axes:
        last = len(axis.values) - 1
        index = index * len(axis.values) + (trial.suggest_int(axis.name, 0, last) if last else 0)
    return index
