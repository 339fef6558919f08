"""Nonces a second: the mapped store, the store under filelock, and the usual JSON file under filelock.

    python -m genesis.bench.nonces [--directory DIR] [--seconds 0.5] [--runs 5]

Every store is durable before it returns. Each run checks that no number came twice and that each process saw them rise.
One JSON object a line: median, least and most of the runs.
"""

import argparse
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    def report(store: str, processes: int, measure: Callable[[Path], float]) -> None:
        rates = []
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory(dir=options.directory) as folder:
                rates.append(measure(Path(folder)))
        row = {"bench": "nonces", "store": store, "processes": processes, "unit": "1/s", "runs": options.runs}
        figures = {"median": statistics.median(rates), "least": min(rates), "most": max(rates)}
        print(json.dumps(row | {name: round(value) for name, value in figures.items()}))  # its output

    stores = {"mapped": mapped, "filelock": locked, "filelock + json": json_file}
    for name, make in stores.items():
        for processes in (1, 4):
            report(name, processes, partial(rate, make, processes=processes, seconds=options.seconds))
    report("mapped, awaited", 1, partial(mapped_in_a_loop, seconds=options.seconds))


if __name__ == "__main__":
    main()
