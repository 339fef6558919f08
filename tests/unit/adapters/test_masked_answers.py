"""The last stop of an answer, over an application that says a secret."""

from typing import Any

from genesis.adapters.http.masking import MaskedAnswers


async def test_the_reason_of_a_close_passes_through_the_mask_too() -> None:
    sent: list[Any] = []

    async def app(_: Any, __: Any, send: Any) -> None:  # Any: ASGI
        await send({"type": "websocket.close", "code": 1012, "reason": "killed: for s3cr3t"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is asked for")

    scope: Any = {"type": "websocket"}
    await MaskedAnswers(app, lambda text: text.replace(b"s3cr3t", b"***"))(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1012, "reason": "killed: for ***"}]
