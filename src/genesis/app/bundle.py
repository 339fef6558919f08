"""Run bundles: one JSON file with all that made a result, so that it can be made again anywhere and compared.

It holds the command with every option, defaults included; the version and hash of the code; the hash of the candles;
the texts of strategies of one's own, be they traded, compared or the regime of a budget, with those of the modules
beside them that they import; and the hash of the result.
Hashes cover what is exact on every machine: fills, ledgers, and figures made of correctly rounded operations.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import asdict, field, frozen

import genesis
from genesis.adapters.atomic_file import write_whole
from genesis.app.backtest_result import DataDescription
from genesis.app.code_version import code_sha256
from genesis.app.compare import Compared
from genesis.app.json_output import Json, json_text
from genesis.app.strategies import StrategyOrigin
from genesis.app.strategy_source import place_of
from genesis.app.walkforward import WalkForward
from genesis.domain.statistics.record import decision_hash
from genesis.ports.errors import InputError

FORMAT: Final = 2
COMMANDS: Final = ("backtest", "sweep", "optimize", "walkforward", "portfolio", "compare")

Options = Mapping[str, Json]


@frozen
class Made:
    """A result that can be made again: the candles and the strategies that it was made of, and its hash.

    *libraries* are the versions, by name, of those that decided what was tried: others may propose something else.
    """

    data: DataDescription
    origins: tuple[StrategyOrigin, ...]
    sha256: str
    libraries: Mapping[str, str] = field(factory=dict)


@frozen
class Bundle:
    """A bundle as it was read."""

    command: str
    options: Options
    code: Mapping[str, str]
    rows: int
    data_sha256: str
    origins: tuple[StrategyOrigin, ...]
    sha256: str
    others: Mapping[str, str] = field(factory=dict)
    """The hashes of the candles of other instruments, by symbol."""
    libraries: Mapping[str, str] = field(factory=dict)
    """As of `Made`; empty in bundles of before they were written down."""


def write_bundle(path: Path, command: str, options: Options, made: Made) -> None:
    """Write the bundle of a finished run; raises `StoreError` where it cannot be written."""
    document: dict[str, Json] = {
        "bundle": FORMAT,
        "command": command,
        "options": options,
        "code": {
            "version": genesis.__version__,
            "sha256": code_sha256(),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "libraries": made.libraries,
        },
        "data": {**asdict(made.data), "files": list(made.data.files), "notes": list(made.data.notes)},
        "strategies": [
            {
                "name": each.name,
                "source": each.source,
                "helpers": {str(place): text for place, text in each.helpers.items()},
                "sha256": each.sha256,
            }
            for each in made.origins
        ],
        "result": {"sha256": made.sha256},
    }
    write_whole(path, json.dumps(json.loads(json_text(document)), indent=2, ensure_ascii=False) + "\n")


def read_bundle(path: Path) -> Bundle:
    """Return the bundle at *path*; raises `InputError` for anything that is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["bundle"] != FORMAT or said["command"] not in COMMANDS:
            raise InputError(f"{path}: is a bundle of a kind that this version does not know")
        data = said["data"]
        origins = tuple(_origin(each) for each in said["strategies"])
        libraries = {str(name): str(each) for name, each in said["code"].get("libraries", {}).items()}
        code = {name: str(value) for name, value in said["code"].items() if name != "libraries"}
        options = dict(said["options"])
        rows, sha256, result = int(data["rows"]), str(data["sha256"]), said["result"]["sha256"]
        others = {str(symbol): str(each) for symbol, each in data.get("others", {}).items()}
        return Bundle(said["command"], options, code, rows, sha256, origins, result, others, libraries)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no run bundle ({type(error).__name__}: {error})") from error


def _origin(said: Mapping[str, object]) -> StrategyOrigin:
    name, source, helpers = said["name"], said["source"], said.get("helpers", {})
    if not isinstance(name, str) or not isinstance(source, str | None) or not isinstance(helpers, dict):
        raise ValueError(f"a strategy is {name!r}")
    if not all(isinstance(text, str) for text in helpers.values()):
        raise ValueError(f"a module of the strategy {name!r} is no text")
    return StrategyOrigin(name, source, {place_of(place): text for place, text in helpers.items()})


def comparison_sha256(compared: Compared) -> str:
    """Return the hash of what each of the runs that are compared traded, in their order."""
    text = json.dumps([decision_hash(record) for _, record in compared.runs])
    return hashlib.sha256(text.encode()).hexdigest()


def walk_forward_sha256(found: WalkForward) -> str:
    """Return the hash of what walk-forward chose and traded.

    What is drawn at random afterwards is left out: its sums may be rounded in another order on another machine.
    """
    windows = [
        [*each.window, dict(each.params), repr(each.train_sharpe), decision_hash(each.test)] for each in found.judged
    ]
    text = json.dumps([found.trials, windows, int(found.final_equity)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
