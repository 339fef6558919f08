"""Search everything that whole sessions leave behind for planted secrets: megabytes read, pieces of secrets found.

`--megabytes 50` is how much is searched; every byte is read in all encodings that the scanner knows, two deep.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.canary_session import PLAIN_NAMED, SECRETS, Outputs, run_session
from tests.property.secret_scanner import leaks_in_large

ALL = (*SECRETS.values(), PLAIN_NAMED)


def session_of(folder: Path, number: int) -> Outputs:
    """Return the outputs of a session with HTTP at first, and of long ones without afterwards."""
    place = folder / str(number)
    place.mkdir()
    if number == 0:
        return run_session(place, "20000")
    return run_session(place, "max", f"synthetic:{number}:40", "--over", "memory")


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--json", action="store_true")
    reader.add_argument("--megabytes", type=float, default=50.0)
    chosen = reader.parse_args()
    read, hits, places, number = 0, 0, set[str](), 0
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        while read < chosen.megabytes * 1e6:
            for place, content in session_of(Path(folder), number).found.items():
                found = leaks_in_large(ALL, content)
                hits += sum(map(len, found.values()))
                read += len(content)
                places.add(place.split("/")[0])
            number += 1
    seconds = time.perf_counter() - began_s
    figures = {"megabytes": round(read / 1e6, 1), "sessions": number, "hits": hits, "seconds": round(seconds, 1)}
    if chosen.json:
        print(json.dumps(figures))
    else:
        print(
            f"{figures['megabytes']} MB of {number} sessions read in {figures['seconds']} s: {hits} pieces of secrets"
        )
    sys.exit(1 if hits else 0)


if __name__ == "__main__":
    main()
