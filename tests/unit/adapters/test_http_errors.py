"""Everything that Genesis raises on purpose has an answer of its own: none of it is called a fault of Genesis."""

import inspect

import pytest

from genesis.adapters.http.errors import HANDLERS, on_failure
from genesis.ports import errors

RAISED_ON_PURPOSE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", RAISED_ON_PURPOSE)
def test_no_error_of_a_port_is_answered_as_a_bug(kind: type[Exception]) -> None:
    nearest = next(each for each in kind.__mro__ if each in HANDLERS)
    assert HANDLERS[nearest] is not on_failure
