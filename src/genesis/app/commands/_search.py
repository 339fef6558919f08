"""What `sweep` and `optimize` have in common: results in a folder that is taken up again, and one page for both."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from genesis.app.commands._output import put_out
from genesis.app.research_options import OutputOptions, StartOptions

if TYPE_CHECKING:
    from genesis.app.bundle import Options
    from genesis.app.research_runs import SweepRun
    from genesis.app.search_folder import Start


def carry_out(
    command: str,
    options: "Options",
    start: StartOptions,
    output: OutputOptions,
    make: "Callable[[Start], SweepRun]",
) -> None:
    """Make the runs of *command*, whose options are *options*, and put out what came of them."""
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.app.search_folder import resumable, start_of
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import document_of, print_sweep

    with resumable():
        run = make(start_of(resume=start.resume, anew=start.anew))
    put_out(
        output,
        command,
        options,
        run.made,
        page=lambda: sweep_page(report_of(run)),
        document=lambda: document_of(run.result),
        tell=lambda: print_sweep(run.result),
    )
