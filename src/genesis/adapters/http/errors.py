"""How a failure is answered: a stable code and a sentence, never a traceback, never a value that could be a secret."""

import logging
import secrets
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from genesis.adapters.http.limiter import PAUSE_S
from genesis.adapters.http.wire import error_body
from genesis.domain.json_value import MalformedJson
from genesis.ports.errors import GenesisError, InputError, Killed, NotPossible, SecretError, StoreError, StoreFull

AnyRequest = Request[Any, Any, Any]  # Any: users, tokens and state of Litestar, none of which is used

_log: Final = logging.getLogger(__name__)


class BadBody(Exception):
    """A body of the wrong shape; the text says what was expected."""


class BadQuery(Exception):
    """A query of the wrong shape; the text says what was expected."""


class ReusedKey(Exception):
    """An Idempotency-Key that came with another request before."""


class Missing(Exception):
    """There is nothing of that name or number; the text says which."""


class Denied(Exception):
    """Something that the asker's role allows, but not as it was asked; *code* is for programs."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class TooManyFailures(Exception):
    """Somebody who did not prove who they are, once too often."""


def error_response(status: int, code: str, message: str) -> Response[bytes]:
    """Return the answer to a request that failed."""
    return Response(error_body(code, message), status_code=status, media_type="application/json")


def on_http_error(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar itself refuses: unknown routes, methods, and the like."""
    status = HTTPStatus(error.status_code)
    if status >= 500:
        return on_failure(_, error)
    response = error_response(status, status.name.lower(), status.description or status.phrase)
    response.headers.update(error.headers or {})
    return response


def on_malformed_json(_: AnyRequest, error: MalformedJson) -> Response[bytes]:
    """Answer a body that is not JSON as we read it."""
    return error_response(400, "malformed_json", f"the body {error}")


def on_bad_body(_: AnyRequest, error: BadBody) -> Response[bytes]:
    """Answer JSON of the wrong shape."""
    return error_response(400, "wrong_type", str(error))


def on_bad_query(_: AnyRequest, error: BadQuery) -> Response[bytes]:
    """Answer a query of the wrong shape."""
    return error_response(400, "bad_query", str(error))


def on_missing(_: AnyRequest, error: Missing) -> Response[bytes]:
    """Answer a question about something that is not there."""
    return error_response(404, "not_found", str(error))


def on_denied(_: AnyRequest, error: Denied) -> Response[bytes]:
    """Answer what the role allows, but not like this."""
    return error_response(403, error.code, str(error))


def on_too_many_failures(_: AnyRequest, __: TooManyFailures) -> Response[bytes]:
    """Answer whoever guesses: the right one would have been taken."""
    answer = error_response(429, "too_many_failures", "too many wrong codes: wait between two tries")
    answer.headers["retry-after"] = f"{PAUSE_S:g}"
    return answer


def on_reused_key(_: AnyRequest, error: ReusedKey) -> Response[bytes]:
    """Answer an Idempotency-Key that came with something else before."""
    return error_response(409, "key_reused", str(error))


def on_not_possible(_: AnyRequest, error: NotPossible) -> Response[bytes]:
    """Answer a command that the session cannot carry out as it is."""
    return error_response(409, "not_possible", f"nothing was changed: {error}")


def on_input_error(_: AnyRequest, error: InputError) -> Response[bytes]:
    """Answer a body that asks for what this door is not for: nothing was done."""
    return error_response(400, "refused", str(error))


def on_killed(_: AnyRequest, error: Killed) -> Response[bytes]:
    """Answer whoever asks a session that was killed."""
    return error_response(409, "killed", str(error))


def on_store_full(_: AnyRequest, error: StoreFull) -> Response[bytes]:
    """Answer a request whose record did not fit on the disk: nothing was done."""
    return error_response(507, "disk_full", f"nothing was done: {error}")


def on_store_error(_: AnyRequest, error: StoreError) -> Response[bytes]:
    """Answer a request whose record could not be written: nothing was done."""
    return error_response(503, "store_unavailable", f"nothing was done: {error}")


def on_secret_error(_: AnyRequest, error: SecretError) -> Response[bytes]:
    """Answer a request that needs a secret whose keeper says no, or does not answer."""
    return error_response(503, "secret_unavailable", f"a secret that this needs cannot be had: {error}")


def on_other_error(_: AnyRequest, error: GenesisError) -> Response[bytes]:
    """Answer what else Genesis says on purpose: something outside of it is missing, and the sentence says what."""
    return error_response(503, "unavailable", str(error))


def on_failure(_: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer a bug of ours with an id that finds it in the log."""
    error_id = secrets.token_hex(8)
    _log.error("http.failed id=%s", error_id, exc_info=error)
    return error_response(500, "internal_error", f"this is a fault of Genesis; the log has more under {error_id}")


HANDLERS: Final[ExceptionHandlersMap] = {
    HTTPException: on_http_error,
    MalformedJson: on_malformed_json,
    BadBody: on_bad_body,
    BadQuery: on_bad_query,
    Missing: on_missing,
    Denied: on_denied,
    ReusedKey: on_reused_key,
    TooManyFailures: on_too_many_failures,
    NotPossible: on_not_possible,
    InputError: on_input_error,
    Killed: on_killed,
    StoreFull: on_store_full,
    StoreError: on_store_error,
    SecretError: on_secret_error,
    GenesisError: on_other_error,
    Exception: on_failure,
}
"""Of several that fit an error, the one for its nearest class answers."""
