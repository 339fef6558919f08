"""Make the result of a run bundle again, and say whether it is the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from attrs import frozen

from genesis.app.bundle import Bundle, Made
from genesis.app.code_version import code_sha256
from genesis.app.portfolio import make_portfolio
from genesis.app.research_options import (
    AccountOptions,
    BacktestOptions,
    CompareOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OptimizeOptions,
    PortfolioOptions,
    SearchOptions,
    SweepOptions,
    TradingOptions,
    WalkOptions,
)
from genesis.app.research_runs import (
    Progress,
    make_backtest,
    make_comparison,
    make_optimization,
    make_sweep,
    make_walk_forward,
)
from genesis.app.strategies import StrategyOrigin, origin_of
from genesis.ports.errors import InputError, NoCandles

Group = TypeVar("Group", bound=tuple[object, ...])

_KINDS: Final[dict[type, str]] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    tuple: "a list of texts",
}


@frozen
class Reproduction:
    """What came of it; *code_differs* says that other code made the bundle, *others* which libraries did."""

    expected: str
    found: str
    code_differs: bool
    others: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether the result is the same."""
        return self.found == self.expected


def reproduce(
    bundle: Bundle, data: Sequence[str], other: Sequence[str], *, runs_carried: bool, progress: Progress
) -> Reproduction:
    """Make the result again, from *data* and *other* where they are given.

    Raises `InputError` where candles or the strategy are missing, or are others. A strategy's text that the bundle
    carries is run only with *runs_carried*, for it is code that somebody else may have written.
    """
    with ExitStack() as folders:
        names = {
            each.name: folders.enter_context(_strategy(each, runs_carried=runs_carried)) for each in bundle.origins
        }
        given = {name: list(each) for name, each in (("data", data), ("other", other)) if each}
        options = {**bundle.options, **given, **_renamed(bundle.options, names), "workers": "0"}
        try:
            made = _make(bundle.command, options, progress)
        except InputError as error:
            is_hint = isinstance(error, NoCandles) and not data
            where = "; if the candles are elsewhere, name them with --data" if is_hint else ""
            raise InputError(f"the bundle cannot be made again here: {error}{where}") from error
    if made.data.sha256 != bundle.data_sha256:
        told = f"{made.data.rows} rows with the hash {made.data.sha256[:12]}"
        raise InputError(
            f"these are other candles: the bundle was made of {bundle.rows} rows with the hash"
            f" {bundle.data_sha256[:12]}, these are {told}"
        )
    for symbol, sha256 in bundle.others.items():
        if made.data.others.get(symbol) != sha256:
            raise InputError(f"these are other candles of {symbol}: the bundle was made of rows with {sha256[:12]}")
    others = tuple(
        f"{name} {made.libraries.get(name, 'is not used')} here, {version} in the bundle"
        for name, version in bundle.libraries.items()
        if made.libraries.get(name) != version
    )
    return Reproduction(bundle.sha256, made.sha256, bundle.code.get("sha256") != code_sha256(), others)


@contextmanager
def _strategy(origin: StrategyOrigin, *, runs_carried: bool) -> Iterator[str]:
    """Give the name of the strategy: as it was, or of a file made of the text that the bundle carries."""
    if origin.source is None:
        yield origin.name
        return
    path = origin.name.rpartition(":")[0]
    local = Path(path)
    if local.is_file() and _sha256(origin.name) == origin.sha256:
        yield origin.name
        return
    if not runs_carried:
        texts = "the one" if not origin.helpers else "with the modules that it imports the one"
        what = f"is not {texts} of the bundle" if local.is_file() else "is not here"
        raise InputError(
            f"the strategy {path} {what}: read its text in the bundle (strategies), and run it with --carried"
        )
    with TemporaryDirectory() as folder:
        yield origin.written_to(Path(folder))


def _renamed(options: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """Return the options that name strategies, with the *names* that they have here."""
    found: dict[str, object] = {}
    for option in ("strategy", "regime"):
        if isinstance(said := options.get(option), str):
            found[option] = names.get(said, said)
    for option, separator in (("trade", "="), ("run", "")):
        if isinstance(texts := options.get(option), list):
            found[option] = [_with_name(str(text), separator, names) for text in texts]
    return found


def _with_name(text: str, separator: str, names: Mapping[str, str]) -> str:
    """Return `NAME PARAM=VALUE…`, after what *separator* ends, with another name."""
    symbol, found, rest = text.partition(separator) if separator else ("", "", text)
    name, *params = rest.split() or [""]
    return symbol + found + " ".join([names.get(name, name), *params])


def _sha256(name: str) -> str | None:
    try:
        return origin_of(name).sha256
    except InputError:
        return None


def _make(command: str, options: Mapping[str, object], progress: Progress) -> Made:
    market, account = _group(MarketOptions, options), _group(AccountOptions, options)
    trading = TradingOptions(market, account, _group(CostOptions, options), _group(DeskOptions, options))
    if command == "portfolio":
        return make_portfolio(_group(PortfolioOptions, options), trading).made
    if command == "compare":
        return make_comparison(_group(CompareOptions, options), trading).made
    if command == "backtest":
        return make_backtest(_group(BacktestOptions, options), trading, progress).made
    search = _group(SearchOptions, options)
    if command == "walkforward":
        return make_walk_forward(_group(WalkOptions, options), search, trading, progress).made
    with TemporaryDirectory() as name:
        folder = Path(name)
        if command == "sweep":
            wanted = _group(SweepOptions, options)
            return make_sweep(wanted, search, trading, progress, folder=folder).made
        trials = _group(OptimizeOptions, options)
        return make_optimization(trials, search, trading, progress, folder=folder).made


def _group(kind: type[Group], options: Mapping[str, object]) -> Group:
    """Return the group of options *kind* from a bundle; raises `InputError` for one that is not as it should be."""
    named: Any = kind  # Any: what typing.NamedTuple makes has no type of its own
    found: dict[str, object] = {}
    for name, default in named._field_defaults.items():
        value = options.get(name, default)
        if isinstance(default, tuple):
            is_right = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        else:
            is_right = type(value) is type(default)
        if not is_right:
            raise InputError(f"its option {name} is {value!r}, and has to be {_KINDS[type(default)]}")
        found[name] = value
    made: Group = named(**found)
    return made
