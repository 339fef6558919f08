"""Where the result of a research command goes: a page, a run bundle, JSON, or the terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.app.research_options import OutputOptions

if TYPE_CHECKING:
    from genesis.app.bundle import Made, Options
    from genesis.app.json_output import JsonDocument


def put_out(
    output: OutputOptions,
    command: str,
    options: "Options",
    made: "Made",
    *,
    page: Callable[[], str],
    document: "Callable[[], JsonDocument]",
    tell: Callable[[], None],
) -> None:
    """Write and print what *output* asks for; *options* are all those of *command*, as a bundle has them."""
    from genesis.adapters.atomic_file import write_whole
    from genesis.app.bundle import write_bundle
    from genesis.app.json_output import print_json

    if output.report:
        write_whole(Path(output.report), page())
    if output.bundle:
        write_bundle(Path(output.bundle), command, options, made)
    if output.json:
        print_json(document())
    else:
        tell()
