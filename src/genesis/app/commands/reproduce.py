"""`reproduce`: the result of a run bundle, made again."""

from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.app.research_options import JSON_HELP
from genesis.ports.errors import InputError


@command(
    "reproduce",
    words="bundles",
    repeated=("data", "other"),
    help={
        "bundles": "The bundle: the file that --bundle of a research command wrote.",
        "data": "The candles, where they are not as they were named then.",
        "other": "The candles of other instruments, as SYMBOL=DATA, where they are not as they were named then.",
        "carried": "Run the texts of strategies that the bundle carries: they are code, so read them first.",
        "json": JSON_HELP,
    },
)
def reproduce(
    _: Context,
    bundles: Sequence[str] = (),
    data: Sequence[str] = (),
    other: Sequence[str] = (),
    carried: bool = False,
    json: bool = False,
) -> None:
    """Run what a bundle describes again, and compare the hash of the result.

    Exits 1 when the result differs; 2 when candles or strategy are missing or are others.
    """
    from genesis.app.bundle import read_bundle
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.reproduce import reproduce as make_again

    if len(bundles) != 1:
        raise InputError("name one bundle: reproduce BUNDLE.json")
    bundle = read_bundle(Path(bundles[0]))
    found = make_again(bundle, data, other, runs_carried=carried, progress=progress)
    if json:
        print_json(
            {
                "bundle": bundles[0],
                "command": bundle.command,
                "expected": found.expected,
                "found": found.found,
                "same": found.is_same,
                "code_differs": found.code_differs,
                "libraries_differ": list(found.others),
            }
        )
    else:
        print(f"{bundles[0]}: {bundle.command}, {'the same result' if found.is_same else 'ANOTHER RESULT'}")
        print(f"  expected {found.expected}\n  found    {found.found}")
        if found.code_differs:
            print(f"The code differs: the bundle was made by version {bundle.code.get('version')}.")
        for each in found.others:
            print(f"Another version proposed what was tried: {each}.")
    if not found.is_same:
        raise Exit(code=1)
