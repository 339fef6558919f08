"""Nothing that a client prints, logs or raises shows the secret or a signature, whatever goes wrong."""

import hashlib
import hmac
import logging
import traceback
from collections.abc import Callable

import pytest
from aiohttp import web

from genesis.ports.errors import GenesisError
from genesis.ports.transport import HttpRequest
from tests.fakes.bitfinex_server import KEY, SECRET, BitfinexServer, answering, error, hang_up, ok
from tests.fakes.rest import desk

WALLETS = "auth/r/wallets"
FAULTS: dict[str, Callable[[], web.Response]] = {
    "refused": lambda: error(10112, "signature: invalid"),
    "stale": lambda: error(10114, "nonce: small"),
    "unreadable": lambda: ok([["exchange"]]),
    "page": lambda: web.Response(status=502, text="<html>"),
}


@pytest.mark.parametrize("fault", [*FAULTS, "hang up"])
async def test_errors_and_logs_show_neither_secret_nor_signature(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """I39."""
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    async with BitfinexServer() as server, desk(server.url) as ours:

        async def note(request: web.Request, raw: bytes) -> web.StreamResponse:
            seen.append(request.headers["bfx-signature"])
            return await (hang_up if fault == "hang up" else answering(FAULTS[fault]))(request, raw)

        server.next(WALLETS, *[note] * 10)
        with pytest.raises(GenesisError) as caught:
            await ours.account.wallets()
        caught.value.with_traceback(caught.tb.tb_next)  # this function's own locals know the signatures
        text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        text += caplog.text + repr(ours) + str(ours.metrics.snapshot())
    assert seen
    assert SECRET not in text
    assert not [signature for signature in seen if signature in text]


def test_a_request_does_not_print_its_headers_or_body() -> None:
    signature = hmac.new(SECRET.encode(), b"x", hashlib.sha384).hexdigest()
    request = HttpRequest("POST", "http://x/", 1, 1, 1, {"bfx-apikey": KEY, "bfx-signature": signature}, b"body")
    assert signature not in repr(request)
    assert KEY not in repr(request)
    assert "body" not in repr(request).replace("body_", "")
