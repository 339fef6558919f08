"""What holds for every test: money never meets a float, and laws are tried without a stopwatch."""

import decimal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from genesis.app.settings import TAKEN

# The machine that runs the tests is shared and compiles on first calls: a deadline would test its load.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("laws")


@pytest.fixture(autouse=True)
def _floats_do_not_mix_with_decimals() -> Iterator[None]:
    with decimal.localcontext() as context:
        context.traps[decimal.FloatOperation] = True
        yield


@pytest.fixture(autouse=True)
def _no_key_of_another_test() -> None:
    TAKEN.clear()


class _Failures:
    """Names a failure when it happens: the whole takes a quarter of an hour, and may be ended before its end."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.ensure_newline()
            self._terminal.write_line(f"FAILED {report.nodeid}: {report.longreprtext.splitlines()[-1]}")


@pytest.hookimpl(trylast=True)  # after the one that makes the terminal
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(terminal, pytest.TerminalReporter) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Failures(terminal))
