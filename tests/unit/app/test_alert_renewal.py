"""A channel whose secret was replaced where it is kept, against a web server that knows which one counts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genesis.app.alerting import alert_channels
from genesis.app.logs import guarded_secret
from genesis.app.settings import AlertSettings
from genesis.domain.units import Mts
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.secrets import Secret
from tests.fakes.alert_server import AlertServer, answering

NOTICE = Notice("k", "risk.test", "risk", "error", "flat and halted", "here", Mts(1))


@pytest.fixture
async def server() -> AsyncIterator[AlertServer]:
    async with AlertServer() as running:
        yield running


@pytest.fixture
def kept(tmp_path: Path, server: AlertServer) -> Path:
    file = tmp_path / "webhook"
    file.touch(0o600)
    file.write_text(f"{server.base}/the-first-secret-path")
    return file


def channel_of(kept: Path) -> AlertChannel:
    settings = AlertSettings(webhook=Secret(f"file:{kept}"), hosts="127.0.0.0/8")
    (channel,) = alert_channels(settings, guarded_secret)
    return channel


async def test_what_is_refused_is_tried_again_with_the_secret_as_it_is_kept_now(
    server: AlertServer, kept: Path
) -> None:
    channel = channel_of(kept)
    kept.write_text(f"{server.base}/the-second-secret-path")
    await channel.deliver(NOTICE)  # what works is asked for no more often than before
    server.planned = [answering(404)]
    await channel.deliver(NOTICE)
    await channel.deliver(NOTICE)
    first, second = "/the-first-secret-path", "/the-second-secret-path"
    assert [path for path, _ in server.seen] == [first, first, second, second]


async def test_a_refusal_of_the_secret_that_is_kept_still_is_final(server: AlertServer, kept: Path) -> None:
    channel = channel_of(kept)
    server.planned = [answering(404)]
    with pytest.raises(Undelivered, match="answered 404") as raised:
        await channel.deliver(NOTICE)
    assert raised.value.is_final
    assert len(server.seen) == 1


async def test_a_secret_that_cannot_be_looked_up_again_is_named_by_its_place_alone(
    server: AlertServer, kept: Path
) -> None:
    channel = channel_of(kept)
    kept.unlink()
    server.planned = [answering(404)]
    with pytest.raises(Undelivered, match=f"answered 404; .*{kept.name}") as raised:
        await channel.deliver(NOTICE)
    assert "secret-path" not in str(raised.value)
    await channel.deliver(NOTICE)  # the old one stays in use


async def test_a_new_secret_leads_nowhere_that_alerts_may_not_go(server: AlertServer, kept: Path) -> None:
    channel = channel_of(kept)
    kept.write_text("https://elsewhere.test/the-second-secret-path")
    server.planned = [answering(404)]
    with pytest.raises(Undelivered, match=r"alerts may not go to elsewhere\.test") as raised:
        await channel.deliver(NOTICE)
    assert raised.value.is_final
    assert len(server.seen) == 1
