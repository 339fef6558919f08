"""`/stream`: who may listen, what they hear, and what becomes of those who do not keep up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from genesis.adapters.http import stream
from genesis.adapters.http.sessions import NOBODY
from genesis.domain.units import Mts
from genesis.ports.access import TOKEN_PREFIX, Role
from genesis.ports.errors import StoreError
from genesis.ports.session_view import CandleRow
from tests.e2e.api_house import START, STEP, House, feed, fill, house, order, overview


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        feed(found.view)
        yield found


async def connected(site: House, **headers: str) -> aiohttp.ClientWebSocketResponse:
    sent = {"Origin": site.url, **headers}
    return await site.client.ws_connect(f"{site.url}/stream", headers=sent)


async def listening(site: House, role: Role = Role.READ) -> aiohttp.ClientWebSocketResponse:
    socket = await connected(site)
    token = site.bearer(role)["Authorization"].removeprefix("Bearer ")
    await socket.send_str(json.dumps({"token": token}))
    return socket


async def heard(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:  # Any: JSON
    message = await socket.receive(10)
    assert message.type is aiohttp.WSMsgType.TEXT, (message, socket.close_code)
    found: dict[str, Any] = json.loads(message.data)
    return found


async def closed_with(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(20):
        while (message := await socket.receive(10)).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            pass
    # What the server said: the client notes 1006 instead where the connection is gone before it read that.
    return message.data if message.type is aiohttp.WSMsgType.CLOSE else socket.close_code


async def test_a_snapshot_then_deltas_without_a_gap(site: House) -> None:
    socket = await listening(site)
    first = await heard(socket)
    assert (first["type"], first["reason"]) == ("snapshot", "start")
    assert len(first["orders"]) == 6
    site.view.show(overview("1.25"))
    site.view.fill(fill(9))
    site.view.candle(CandleRow(Mts(START + 10**9), 1.0, 2.0, 0.5, 1.5, 3.0))
    site.monitor.note("risk", "risk.refused", {}, "warning")
    seq = first["seq"]
    seen: dict[str, Any] = {}  # Any: JSON
    while not {"overview", "fills", "candles", "events"} <= seen.keys():
        delta = await heard(socket)
        assert delta["seq"] == seq + 1
        seq = delta["seq"]
        seen |= {name: value for name, value in delta.items() if value}
    assert seen["overview"]["portfolio"]["equity"] == "1.25"
    assert [each["cid"] for each in seen["fills"]] == [9]
    assert [each["name"] for each in seen["events"]] == ["risk.refused"]
    await socket.close()


async def test_a_snapshot_has_every_open_order_however_old(site: House) -> None:
    for cid in range(7, 400):
        site.view.order(order(cid), STEP)
    socket = await listening(site)
    orders = (await heard(socket))["orders"]
    assert [each["cid"] for each in orders if each["is_open"]] == [6]
    assert [each["cid"] for each in orders] == [*range(399, 199, -1), 6]
    await socket.close()


async def test_a_fault_ends_the_streams_for_all_to_see_and_the_next_one_goes_on(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await listening(site)
    await heard(socket)

    def broken(since: int) -> None:
        raise ValueError(f"a fault of ours after {since}")

    with monkeypatch.context() as patched:
        patched.setattr(site.view, "changes", broken)
        assert await closed_with(socket) == 1011
    again = await listening(site)
    assert (await heard(again))["type"] == "snapshot"
    assert (await heard(again))["type"] == "delta"
    await again.close()


async def test_a_beat_comes_though_nothing_happens(site: House) -> None:
    socket = await listening(site)
    await heard(socket)
    assert "health" in await heard(socket)
    await socket.close()


async def test_f12_a_foreign_or_missing_origin_is_refused_before_it_opens(site: House) -> None:
    for origin in ("http://127.0.0.1:1", "http://evil.test", "null", site.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connected(site, Origin=origin)
        assert refused.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.client.ws_connect(f"{site.url}/stream")
    assert refused.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.client.ws_connect(f"{site.url}/elsewhere", headers={"Origin": site.url})
    assert refused.value.status == 404


@pytest.mark.parametrize("hello", ['{"token":"wrong"}', "{}", "nonsense", '{"token":"x","more":1}', '{"token":1}'])
async def test_whoever_has_no_token_hears_nothing(site: House, hello: str) -> None:
    socket = await connected(site)
    await socket.send_str(hello)
    message = await socket.receive(10)
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 4401


async def test_a_token_that_does_not_come_within_two_seconds_is_not_wrong_but_late(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TOKEN_WITHIN_S", 0.05)
    assert await closed_with(await connected(site)) == 1013


async def test_who_gives_way_among_strangers_may_come_again_with_the_same_token(site: House) -> None:
    token = await site.login()
    socket = await connected(site)  # the owner's, whose token is not there yet
    strangers = [await connected(site) for _ in range(stream.STRANGERS_MAX)]
    assert await closed_with(socket) == 1013
    socket = await connected(site)
    await socket.send_str(json.dumps({"token": token}))
    assert (await heard(socket))["type"] == "snapshot"
    for each in (socket, *strangers):
        await each.close()


async def test_a_program_that_opens_many_at_once_is_told_to_come_later_and_not_that_it_is_unknown(site: House) -> None:
    token = site.bearer(Role.READ)["Authorization"].removeprefix("Bearer ")

    async def opened() -> int | None:
        socket = await connected(site)
        with suppress(ConnectionError):  # it had to give way before that
            await socket.send_str(json.dumps({"token": token}))
        message = await socket.receive(10)
        await socket.close()
        return message.data if message.type is aiohttp.WSMsgType.CLOSE else None

    codes = set(await asyncio.gather(*(opened() for _ in range(80))))
    assert codes <= {None, 1013}


@pytest.mark.parametrize("is_open", [False, True])
async def test_tokens_that_cannot_be_read_make_none_of_them_wrong(
    site: House, monkeypatch: pytest.MonkeyPatch, *, is_open: bool
) -> None:
    socket = await (listening(site) if is_open else connected(site))
    if is_open:
        await heard(socket)

    def unreadable(token: str) -> None:
        raise StoreError(f"no disk for {len(token)} characters")

    monkeypatch.setattr(site.credentials, "token", unreadable)
    if not is_open:
        await socket.send_str(json.dumps({"token": f"{TOKEN_PREFIX}some"}))
    assert await closed_with(socket) == 1013


async def offering(site: House, token: str) -> aiohttp.ClientWebSocketResponse:
    offered = ("genesis", f"token.{token}")
    return await site.client.ws_connect(f"{site.url}/stream", headers={"Origin": site.url}, protocols=offered)


async def test_f6_a_token_in_the_handshake_waits_in_no_place_that_strangers_can_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STRANGERS_MAX", 0)
    async with house(tmp_path) as site:
        assert await closed_with(await listening(site)) == 1013
        token = site.bearer(Role.READ)["Authorization"].removeprefix("Bearer ")
        sockets = await asyncio.gather(*(offering(site, token) for _ in range(50)))
        for socket in sockets:
            assert socket.protocol == "genesis"
            assert (await heard(socket))["type"] == "snapshot"
        await sockets[0].send_str(json.dumps({"token": token}))
        assert await closed_with(sockets[0]) == 4400
        for socket in sockets[1:]:
            await socket.close()


async def test_a_wrong_token_in_the_handshake_is_refused_as_one_that_is_said(site: House) -> None:
    for token in (f"{TOKEN_PREFIX}some", "", "x" * 4_000):
        assert await closed_with(await offering(site, token)) == 4401
    only_spoken = await site.client.ws_connect(
        f"{site.url}/stream", headers={"Origin": site.url}, protocols=("genesis", "other")
    )
    await only_spoken.send_str(json.dumps({"token": await site.login()}))
    assert (await heard(only_spoken))["type"] == "snapshot"
    await only_spoken.close()


async def test_a_token_in_the_address_is_none(site: House) -> None:
    token = site.bearer(Role.ADMIN)["Authorization"].removeprefix("Bearer ")
    socket = await site.client.ws_connect(f"{site.url}/stream?token={token}", headers={"Origin": site.url})
    await socket.send_str("{}")
    assert await closed_with(socket) == 4401


async def test_a_client_that_says_more_or_too_much_is_cut_off(site: House) -> None:
    socket = await listening(site)
    await socket.send_str("hello?")
    assert await closed_with(socket) == 4400
    socket = await connected(site)
    await socket.send_str("x" * 70_000)
    assert await closed_with(socket) == 1009
    socket = await connected(site)
    await socket.send_bytes(b"binary")
    assert await closed_with(socket) == 1003


async def test_a_stream_ends_when_its_token_does(site: House) -> None:
    socket = await listening(site)
    await heard(socket)
    site.credentials.revoke("read")
    assert await closed_with(socket) == 4401


async def test_f7_a_reader_that_is_too_slow_starts_anew_and_keeps_memory_bounded() -> None:
    reader = stream._Reader("token", NOBODY)
    for _ in range(stream.FRAMES_MAX):
        reader.offer(b"x")
    assert (len(reader.frames), reader.is_behind) == (stream.FRAMES_MAX, False)
    reader.offer(b"x")
    assert (len(reader.frames), reader.bytes, reader.is_behind) == (0, 0, True)
    reader.offer(b"x")
    assert not reader.frames  # until the snapshot, which will have it all
    large = stream._Reader("token", NOBODY)
    for _ in range(40):
        large.offer(b"x" * 40_000)
        assert large.bytes <= stream.BYTES_MAX
    assert large.is_behind


async def test_f7_clients_that_never_read_neither_grow_nor_hold_others_up(site: House) -> None:
    stuck = [await asyncio.open_connection("127.0.0.1", site.port, limit=1) for _ in range(3)]
    token = site.bearer(Role.READ)["Authorization"].removeprefix("Bearer ")
    hello = json.dumps({"token": token}).encode()
    mask = b"\0\0\0\0"
    for _, writer in stuck:
        head = (
            f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nOrigin: {site.url}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        writer.write(head.encode())
        await writer.drain()
    await asyncio.wait([asyncio.ensure_future(reader.readuntil(b"\r\n\r\n")) for reader, _ in stuck], timeout=5)
    for _, writer in stuck:
        writer.write(bytes((0x81, 0x80 | len(hello))) + mask + hello)
    socket = await listening(site)
    seq = (await heard(socket))["seq"]
    for number in range(40):
        for _ in range(50):
            site.view.fill(fill(number))
        delta = await heard(socket)
        assert delta["seq"] == seq + 1
        seq = delta["seq"]
    await socket.close()
    for _, writer in stuck:
        writer.close()


async def as_person(site: House) -> aiohttp.ClientWebSocketResponse:
    socket = await connected(site)
    await socket.send_str(json.dumps({"token": await site.login()}))
    return socket


async def test_whoever_has_the_most_streams_gives_way_and_no_program_to_nobody(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READERS_MAX", 3)
    owner = await as_person(site)
    many = [await listening(site), await listening(site)]
    other = await listening(site, Role.TRADE)
    assert await closed_with(many[0]) == 1013
    for socket in (owner, many[1], other):
        assert (await heard(socket))["type"] == "snapshot"
    again = await listening(site)  # and its own gives way, nobody else's
    assert await closed_with(many[1]) == 1013
    for socket in (owner, other, again):
        await heard(socket)
        await socket.close()


async def test_programs_never_keep_a_person_out_or_push_one_out(site: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "READERS_MAX", 2)
    programs = [await listening(site), await listening(site, Role.TRADE)]
    people = [await as_person(site), await as_person(site)]
    for socket in programs:
        assert await closed_with(socket) == 1013
    late = await listening(site)
    assert await closed_with(late) == 1013
    for socket in people:
        assert (await heard(socket))["type"] == "snapshot"
        await socket.close()


async def test_the_same_one_opens_so_many_streams_a_minute(tmp_path: Path) -> None:
    async with house(tmp_path, costly_max=2) as site:
        for _ in range(2):
            socket = await listening(site)
            await heard(socket)
            await socket.close()
        assert await closed_with(await listening(site)) == 1013
        owner = await as_person(site)
        assert (await heard(owner))["type"] == "snapshot"
        await owner.close()
