"""The tasks of the journal: is it whole, does it replay, and why was an order sent."""

from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.app.research_options import ACCOUNT_HELP, STRATEGY_HELP, AccountOptions
from genesis.ports.errors import InputError

LATEST = "The journal; none is the latest session."


@command(
    "journal.verify",
    words="paths",
    help={"paths": LATEST, "json": "Print one JSON object: path, whole, rows, problem."},
)
def verify(_: Context, paths: Sequence[str] = (), json: bool = False) -> None:
    """Check that no row of a journal was changed, dropped or moved.

    Exits 1 and names the first row that does not belong, if there is one; 2 if there is no journal to check.
    """
    from genesis.adapters.journal_sqlite.reading import verify_journal
    from genesis.app.json_output import print_json
    from genesis.domain.journal.chain import BadRow

    path = _journal(paths)
    found = verify_journal(path)
    problem = f"row {found.seq} {found.reason}" if isinstance(found, BadRow) else None
    if json:
        rows = None if isinstance(found, BadRow) else found.seq
        print_json({"path": str(path), "whole": problem is None, "rows": rows, "problem": problem})
    else:
        print(f"{path}: {problem or f'{found.seq} rows, whole'}")
    if problem:
        raise Exit(code=1)


@command(
    "replay",
    words="paths",
    repeated=("param",),
    help={
        **ACCOUNT_HELP,
        "paths": "A journal (none is the latest session), or recorded frames: a segment of `record`, or their folder.",
        "strategy": f"Frames: {STRATEGY_HELP}",
        "param": "Frames: a parameter of the strategy, as NAME=VALUE; may be given many times.",
        "symbol": "Frames: the instrument.",
        "timeframe": "Frames: the candles to decide on; they are made of trades where there is no channel of theirs.",
        "speed": "Frames: recorded time per real time, such as 1 or 100; 0 is as fast as it goes.",
        "expect": "Frames: the decision hash that must come out.",
        "json": "Print one JSON object: events, decisions, same, difference.",
    },
)
def replay(
    _: Context,
    account: AccountOptions,
    paths: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    symbol: str = "tBTCUSD",
    timeframe: str = "1m",
    speed: str = "0",
    expect: str = "",
    json: bool = False,
) -> None:
    """Run a journal, or recorded frames, through the trading core again.

    A journal's decisions are compared with those that it holds, and frames give the decisions of a strategy on what
    they say. Exits 1 where decisions differ from the journal's, or from those that --expect names.
    """
    from genesis.adapters.frames_file import SUFFIX
    from genesis.app.commands._replay_frames import FramesOptions, replay_frames

    found = Path(paths[0]) if len(paths) == 1 else None
    if found is not None and (found.is_dir() or SUFFIX in found.name):
        replay_frames(found, FramesOptions(strategy, param, symbol, timeframe, speed, expect, json), account)
    else:
        _replay_journal(_journal(paths), json=json)


def _replay_journal(path: Path, *, json: bool) -> None:
    from genesis.app.json_output import JsonDocument, print_json
    from genesis.app.replay import replay as run_replay

    found = run_replay(path)
    difference = found.difference
    if json:
        first: JsonDocument | None = None
        if difference is not None:
            first = {"row": difference.seq, "recorded": difference.recorded, "replayed": difference.replayed}
        counts = {"events": found.events, "decisions": found.decisions}
        same = {"same": first is None, "same_code": not found.is_other_code}
        print_json({"path": str(path), **counts, **same, "ended": found.ended, "difference": first})
    elif difference is None:
        print(f"{path}: {found.events} events, {found.decisions} decisions, all the same; equity {found.equity}")
        if not found.ended:
            print("the session has no end: it is running, or it was cut")
    else:
        print(f"{path}: after {found.decisions} equal decisions, the one on the event of row {difference.seq} differs:")
        print(f"  recorded: {difference.recorded}\n  replayed: {difference.replayed}")
        print(f"the journal was written by {'other code than this' if found.is_other_code else 'this same code'}")
    if difference is not None:
        raise Exit(code=1)


@command(
    "explain",
    words="order",
    help={
        "order": "The order's cid.",
        "journal": LATEST,
        "refusals": "Say instead what was refused, by which guard, with what it observed and what it allows.",
        "json": "Print one JSON object.",
    },
)
def explain(
    _: Context, order: Sequence[str] = (), journal: str = "", refusals: bool = False, json: bool = False
) -> None:
    """Say why an order was sent: the value of every node, sizes before and after caps, timings, fills.

    An order that its session left open is followed into the sessions after it.
    """
    if refusals:
        if order:
            raise InputError("either one order or --refusals: those have no orders; call it as explain --refusals")
        _explain_refusals(_journal([journal] if journal else []), json=json)
        return
    from genesis.app.explain import document, lines
    from genesis.app.explain import explain as run_explain
    from genesis.app.json_output import print_json

    if len(order) != 1 or not (order[0].isascii() and order[0].isdigit()):
        raise InputError("one order needed, by the number of its cid; call it as explain CID")
    found = run_explain(_journal([journal] if journal else []), int(order[0]))
    if json:
        print_json(document(found))
    else:
        print("\n".join(lines(found)))


def _explain_refusals(path: Path, *, json: bool) -> None:
    from genesis.app.explain_refusals import document, lines, refusals_of
    from genesis.app.json_output import print_json

    found = refusals_of(path)
    if json:
        print_json(document(found))
    else:
        print("\n".join(lines(found)))


def _journal(paths: Sequence[str]) -> Path:
    from genesis.adapters.journal_sqlite.folder import journals
    from genesis.app.home import home

    if len(paths) > 1:
        raise InputError(f"one journal at a time, {len(paths)} given")
    if paths:
        return Path(paths[0])
    folder = home() / "journal"
    found = next(journals(folder), None)
    if found is None:
        raise InputError(f"{folder}: has no journal yet; a session of `run` writes one")
    return found
