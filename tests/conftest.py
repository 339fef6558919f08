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
