"""Every channel to people delivers a notice or says why not, and tells no secret; F24 holds for those on the web."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from attrs import frozen

from genesis.adapters.alerts.destination import allow_list
from genesis.adapters.alerts.telegram import TelegramAlerts
from genesis.adapters.alerts.webhook import WebhookAlerts
from genesis.adapters.memory.alerts import MemoryAlerts
from genesis.domain.units import Mts
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret
from tests.fakes.alert_server import AlertServer, answering

TOKEN = "123456:ABC-secret_of_the_bot"
NOTICE = Notice("k", "risk.max_drawdown", "risk", "error", 'flat and halted "now" ☂', "ema_cross, paper", Mts(1_700))
OWN = ("127.0.0.0/8", "hooks.test")


@frozen
class Channel:
    """A channel, what arrived, and where its secret would show."""

    channel: AlertChannel
    texts: Callable[[], list[str]]
    server: AlertServer | None


def webhook(server: AlertServer, allowed: tuple[str, ...] = OWN, host: str = "127.0.0.1", **more: Any) -> WebhookAlerts:
    return WebhookAlerts(Secret(f"http://{host}:{server.port}/{TOKEN}"), allow_list(allowed), **more)


def telegram(server: AlertServer, **more: Any) -> TelegramAlerts:
    return TelegramAlerts(Secret(TOKEN), "-100", allow_list(OWN), base=server.base, **more)


@pytest.fixture
async def server() -> AsyncIterator[AlertServer]:
    async with AlertServer() as running:
        yield running


@pytest.fixture(params=["memory", "webhook", "telegram"])
def channel(request: pytest.FixtureRequest, server: AlertServer) -> Channel:
    if request.param == "memory":
        memory = MemoryAlerts()
        return Channel(memory, lambda: [notice.text for notice in memory.notices], None)
    made: AlertChannel = webhook(server) if request.param == "webhook" else telegram(server)
    return Channel(made, lambda: [body["text"] for _, body in server.seen], server)


@pytest.fixture(params=["webhook", "telegram"])
def on_the_web(request: pytest.FixtureRequest, server: AlertServer) -> AlertChannel:
    return webhook(server, total_s=5.0) if request.param == "webhook" else telegram(server, total_s=5.0)


async def test_a_notice_arrives_whole(channel: Channel) -> None:
    await channel.channel.deliver(NOTICE)
    (text,) = channel.texts()
    assert NOTICE.text in text


async def test_many_at_once_all_arrive(channel: Channel) -> None:
    await asyncio.gather(*(channel.channel.deliver(NOTICE) for _ in range(20)))
    assert len(channel.texts()) == 20


async def test_a_webhook_says_the_same_twice_for_the_same_notice(server: AlertServer) -> None:
    for _ in range(2):
        await webhook(server).deliver(NOTICE)
    first, second = (body for _, body in server.seen)
    assert first == second
    assert first["id"]
    assert (first["severity"], first["event"], first["time_mts"]) == ("error", "risk.max_drawdown", 1_700)


async def test_telegram_is_asked_as_its_documentation_says(server: AlertServer) -> None:
    await telegram(server).deliver(NOTICE)
    ((path, body),) = server.seen
    assert path == f"/bot{TOKEN}/sendMessage"
    assert body["chat_id"] == "-100"


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(400, True), (401, True), (404, True), (408, True), (429, False), (500, False), (503, False)],
)
async def test_an_answer_that_is_no_success_says_whether_to_try_again(
    server: AlertServer, on_the_web: AlertChannel, status: int, is_final: bool
) -> None:
    server.planned = [answering(status, {"ok": False}, retry_after="7")]
    with pytest.raises(Undelivered) as undelivered:
        await on_the_web.deliver(NOTICE)
    assert undelivered.value.is_final is is_final
    assert undelivered.value.retry_after_s == (0.0 if is_final else 7.0)
    assert str(status) in str(undelivered.value)
    assert "secret" not in str(undelivered.value)


async def test_telegram_says_in_its_body_how_long_to_wait(server: AlertServer) -> None:
    server.planned = [answering(429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 35}})]
    with pytest.raises(Undelivered) as undelivered:
        await telegram(server).deliver(NOTICE)
    assert undelivered.value.retry_after_s == 35.0


@pytest.mark.parametrize("body", [b"<html>", b'{"ok": false}', b"[]", b"\xff"])
async def test_an_answer_that_is_not_telegrams_is_no_delivery(server: AlertServer, body: bytes) -> None:
    async def odd(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    server.planned = [odd]
    with pytest.raises(Undelivered):
        await telegram(server).deliver(NOTICE)


async def test_f24_a_redirect_is_not_followed(server: AlertServer, on_the_web: AlertChannel) -> None:
    async with AlertServer() as elsewhere:
        server.planned = [answering(307, location=f"{elsewhere.base}/latest/meta-data")]
        with pytest.raises(Undelivered, match="redirect") as undelivered:
            await on_the_web.deliver(NOTICE)
        assert undelivered.value.is_final
        assert elsewhere.seen == []


@pytest.mark.parametrize("channel_of", [webhook, telegram])
async def test_a_server_that_never_answers_is_given_up_in_time(
    server: AlertServer, channel_of: Callable[..., AlertChannel]
) -> None:
    released = asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    server.planned = [never]
    with pytest.raises(Undelivered, match=r"no answer within 0\.2 s"):
        await channel_of(server, total_s=0.2).deliver(NOTICE)
    released.set()


async def test_an_answer_without_end_is_not_read_to_its_end(server: AlertServer) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        except ConnectionError:
            return response

    server.planned = [endless]
    await webhook(server, total_s=5.0).deliver(NOTICE)


async def test_nobody_listens(server: AlertServer) -> None:
    channel = webhook(server)
    await server.__aexit__(None, None, None)
    with pytest.raises(Undelivered) as undelivered:
        await channel.deliver(NOTICE)
    assert not undelivered.value.is_final
    assert "secret" not in f"{undelivered.value} {undelivered.value.__cause__} {undelivered.value.__context__!r}"


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let the name server answer with *answers*, one after the other; returns the names that it was asked for."""
    asked: list[str] = []
    left = list(answers)

    def found(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255"),
        *(
            "169.254.169.254",
            "224.0.0.1",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ),
        *("64:ff9b::7f00:1", "ff02::1", "::"),
    ],
)
async def test_f24_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    server: AlertServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolving(monkeypatch, [address])
    channel = WebhookAlerts(Secret(f"https://hooks.test:{server.port}/x"), allow_list(["hooks.test"]))
    with pytest.raises(Undelivered, match="may not be reached") as undelivered:
        await channel.deliver(NOTICE)
    assert undelivered.value.is_final
    assert server.seen == []


async def test_f24_one_bad_address_among_good_ones_is_enough(
    server: AlertServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    channel = WebhookAlerts(Secret(f"https://hooks.test:{server.port}/x"), allow_list(["hooks.test"]))
    with pytest.raises(Undelivered, match=r"10\.0\.0\.1 may not be reached"):
        await channel.deliver(NOTICE)


async def test_f24_metadata_is_refused_though_its_network_was_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["169.254.169.254"])
    channel = WebhookAlerts(Secret("https://hooks.test/x"), allow_list(["hooks.test", "0.0.0.0/0"]))
    with pytest.raises(Undelivered, match="may not be reached"):
        await channel.deliver(NOTICE)


async def test_f24_a_name_that_changes_its_mind_is_asked_once(
    server: AlertServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    await webhook(server, host="hooks.test").deliver(NOTICE)
    assert asked == ["hooks.test"]
    assert len(server.seen) == 1


async def test_plain_text_does_not_leave_this_machine(server: AlertServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["93.184.216.34"])
    with pytest.raises(Undelivered, match="use https"):
        await webhook(server, host="hooks.test").deliver(NOTICE)


async def test_a_certificate_of_nobodys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    trustme = pytest.importorskip("trustme")
    authority, stranger = trustme.CA(), trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.test").configure_cert(serving)
    trusting, doubting = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    stranger.configure_trust(doubting)
    seen: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/x", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving)
    await site.start()
    port = runner.addresses[0][1]
    resolving(monkeypatch, ["127.0.0.1"])
    url = Secret(f"https://hooks.test:{port}/x")
    with pytest.raises(Undelivered, match="certificate"):
        await WebhookAlerts(url, allow_list(OWN), ssl_context=doubting).deliver(NOTICE)
    assert seen == []
    await WebhookAlerts(url, allow_list(OWN), ssl_context=trusting).deliver(NOTICE)
    assert len(seen) == 1
    await runner.cleanup()


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://hooks.test/", "file:///etc/passwd", "https:///x", "https://user:pass@hooks.test/"),
        *(
            "https://other.test/",
            "https://10.0.0.1/",
            "https://hooks.test.evil.test/",
            "http://[::1/",
            "https://hooks.test:99999/",
        ),
        *("gopher://hooks.test/", "https://2130706433/", "https://0x7f.1/", "https://HOOKS.test@evil.test/"),
    ],
)
def test_f24_an_address_that_was_not_allowed_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(InputError) as refused:
        WebhookAlerts(Secret(url), allow_list(OWN))
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(
    "word", ["", "a b", "https://hooks.test", "hooks.test:443", "10.0.0.1/8", "10.0.0.0/99", "a/b"]
)
def test_an_allow_list_holds_hosts_and_networks(word: str) -> None:
    with pytest.raises(InputError, match="GENESIS_ALERT_HOSTS"):
        allow_list([word])


@pytest.mark.parametrize(("token", "chat"), [("", "1"), ("a/../b:c", "1"), ("1:a?b", "1"), (TOKEN, " ")])
def test_a_bot_without_token_or_chat_is_refused(token: str, chat: str) -> None:
    with pytest.raises(InputError, match="GENESIS_ALERT_TELEGRAM"):
        TelegramAlerts(Secret(token), chat, allow_list(["api.telegram.org"]))
