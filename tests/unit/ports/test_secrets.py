"""A secret shows itself to `reveal` alone."""

import copy
import io
import json
import logging
import pickle
import traceback

import pytest
from attrs import asdict, frozen

from genesis.ports.secrets import Secret

TEXT = "a-very-secret-text"


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret(TEXT)
    stream = io.StringIO()
    print(secret, [secret], {"a": secret}, file=stream)
    logging.StreamHandler(stream).handle(logging.LogRecord("n", 10, "p", 1, "%s %r", (secret, secret), None))
    shown = stream.getvalue() + f"{secret} {secret!r} {secret!s:>40} {secret!a} {secret:>40}"
    assert "***" in shown
    assert TEXT not in shown


def test_the_length_does_not_show_either() -> None:
    assert f"{Secret('x')!r} {Secret('x')}" == f"{Secret(TEXT)!r} {Secret(TEXT)}"


def test_it_cannot_be_pickled_or_turned_into_json_or_looked_into() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(Secret(TEXT), protocol)
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))
    with pytest.raises(TypeError):
        vars(Secret(TEXT))


def test_a_traceback_with_locals_does_not_show_it() -> None:
    secret = Secret(TEXT)
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "secret = Secret(***)" in shown
    assert TEXT not in shown


def test_it_reveals_compares_hashes_and_copies_as_itself() -> None:
    secret = Secret(TEXT)
    assert secret.reveal() == TEXT
    assert secret == Secret(TEXT) != Secret(TEXT + "x")
    assert secret != TEXT
    assert len({secret, Secret(TEXT), Secret("other \ud800 text")}) == 2
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_a_settings_object_that_holds_it_prints_and_converts_without_it() -> None:
    @frozen
    class Settings:
        key: Secret

    assert TEXT not in repr(Settings(Secret(TEXT))) + str(asdict(Settings(Secret(TEXT))))
