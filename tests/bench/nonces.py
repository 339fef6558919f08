"""Nonces a second: the mapped store, the store under filelock, and the usual JSON file under filelock.

Every store is durable before it returns. Each run checks that no number came twice and that each process saw them rise.
"""

import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from filelock import FileLock

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.ports.secrets import Secret
from tests.bench._turns import report

KEY: Final = Secret("a key of the benchmark")

Take = Callable[[], int]


def mapped(folder: Path) -> Take:
    """Return the call of the mapped store."""
    return open_nonces(folder, KEY, SystemClock(), create=True).take


def locked(folder: Path) -> Take:
    """Return the call of the store under filelock."""
    return open_nonces(folder, KEY, SystemClock(), create=True, share_memory=False).take


def json_file(folder: Path) -> Take:
    """Return the usual way: a JSON file, written and synced under filelock for each nonce."""
    path, lock = folder / "nonce.json", FileLock(folder / "nonce.lock")

    def take() -> int:
        with lock:
            last = json.loads(path.read_text())["nonce"] if path.exists() else 0
            number = max(time.time_ns() // 1000, last + 1)
            with path.open("w") as file:
                json.dump({"nonce": number}, file)
                file.flush()
                os.fsync(file.fileno())
            return number

    return take


def mapped_in_a_loop(folder: Path, seconds: float) -> float:
    """Return calls a second of `await store.next()` by one task."""

    async def measure() -> float:
        store = open_nonces(folder, KEY, SystemClock(), create=True)
        calls, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            for _ in range(20):
                await store.next()
            calls += 20
        return calls / (time.perf_counter() - start)

    return asyncio.run(measure())


def _work(make: Callable[[Path], Take], folder: Path, seconds: float, gate: Barrier, out: Connection) -> None:
    take = make(folder)
    numbers = [take()]
    gate.wait()
    start = time.perf_counter()
    while time.perf_counter() < start + seconds:
        numbers += [take() for _ in range(20)]
    elapsed_s = time.perf_counter() - start
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise RuntimeError("numbers fell")
    out.send(((len(numbers) - 1) / elapsed_s, numbers))


def rate(make: Callable[[Path], Take], folder: Path, processes: int, seconds: float) -> float:
    """Return numbers a second over all processes; raises `RuntimeError` if one came twice."""
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(processes)
    receivers, workers = [], []
    for _ in range(processes):
        receiver, sender = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(make, folder, seconds, gate, sender))
        worker.start()
        sender.close()
        receivers.append(receiver)
        workers.append(worker)
    results = [receiver.recv() for receiver in receivers]
    for worker in workers:
        worker.join()
    everything = [number for _, numbers in results for number in numbers]
    if len(set(everything)) != len(everything):
        raise RuntimeError("a number came twice")
    rates: list[float] = [each for each, _ in results]
    return sum(rates)


def figures(seconds: float, runs: int) -> dict[str, dict[str, object]]:
    """Return numbers a second of each store, for one process and for four together; the stores take turns."""
    stores = {"mapped": mapped, "filelock": locked, "filelock + json": json_file}
    cases: dict[str, Callable[[Path], float]] = {
        f"{name}, {processes} process{'es' if processes > 1 else ''}": partial(
            rate, make, processes=processes, seconds=seconds
        )
        for name, make in stores.items()
        for processes in (1, 4)
    }
    cases["mapped, awaited"] = partial(mapped_in_a_loop, seconds=seconds)
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, measure in cases.items():
            with tempfile.TemporaryDirectory() as folder:
                rates[name].append(measure(Path(folder)))
    return {
        name: {
            "median_per_s": round(statistics.median(each)),
            "least_per_s": round(min(each)),
            "most_per_s": round(max(each)),
        }
        for name, each in rates.items()
    }


def main() -> None:
    """Print the figures."""
    report("nonces", lambda: figures(0.5, 5))


if __name__ == "__main__":
    main()
