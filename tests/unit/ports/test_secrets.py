"""A secret shows itself to `reveal` alone."""

import io
import logging

from genesis.ports.secrets import Secret

TEXT = "a-very-secret-text"


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret(TEXT)
    stream = io.StringIO()
    print(secret, [secret], {"a": secret}, file=stream)
    logging.StreamHandler(stream).handle(logging.LogRecord("n", 10, "p", 1, "%s %r", (secret, secret), None))
    shown = stream.getvalue() + f"{secret} {secret!r} {secret!s:>40} {secret!a}"
    assert TEXT not in shown
