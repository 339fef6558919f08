"""What every bench shares: cases taken in turns, medians, the machine, and one object or a table on stdout."""

import argparse
import gc
import json
import os
import platform
from collections.abc import Callable, Mapping
from time import perf_counter


def in_turn(cases: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Return the seconds of *runs* calls of each case, taken in turn after one call that is not counted.

    A machine's speed wanders, so what is compared takes turns call by call: the ratio is the result.
    """
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for call in cases.values():
        call()
    gc.collect()
    for _ in range(runs):
        for name, call in cases.items():
            start = perf_counter()
            call()
            seconds[name].append(perf_counter() - start)
    return seconds


def machine() -> dict[str, object]:
    """Return what figures depend on: processor, cores, load, Python."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except FileNotFoundError:  # not Linux
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def report(name: str, measure: Callable[[], Mapping[str, Mapping[str, object]]]) -> None:
    """Print what *measure* finds, a row each: as one JSON object with `--json`, as a table for people without.

    Nothing is measured before the options are read.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.{name}")
    parser.add_argument("--json", action="store_true", help="Print one JSON object, for machines.")
    is_json, figures = parser.parse_args().json, measure()
    if is_json:
        print(json.dumps({"bench": name, "machine": machine(), "figures": figures}))
        return
    print(f"{name} on {', '.join(f'{key} {value}' for key, value in machine().items())}")
    width = max(map(len, figures), default=0)
    for row, cells in figures.items():
        print(f"  {row:{width}}  {'  '.join(f'{key} {value}' for key, value in cells.items())}")
