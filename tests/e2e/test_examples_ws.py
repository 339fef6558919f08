"""The examples of the sockets, as a person would run them, against a server on 127.0.0.1."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fakes.socket_exchange import FakePeer
from tests.fakes.socket_server import loopback

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER = (
    '[12,null,%d,"tBTCUSD",1700000000123,1700000000123,0.0002,0.0002,"EXCHANGE LIMIT",null,null,null,4096,"ACTIVE",'
    'null,null,1000,0,0,0,null,null,null,0,0,null,null,null,"API>BFX",null,null,{"$F7":1}]'
)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_public_example_shows_books_and_trades(capsys: pytest.CaptureFixture[str]) -> None:
    async with loopback() as world:
        await example("ws_public").main(world.url, 0.2)
    shown = capsys.readouterr().out
    assert "public-1 is OPEN: greeted" in shown
    assert "book tBTCUSD P0 F0 25: 100.5 (1.25) / 101.0 (0.75)" in shown
    assert "trades tBTCUSD: buy 0.5 (snapshot 900001)" in shown


async def test_the_private_example_orders_and_cancels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cids: list[int] = []

    def answer(peer: FakePeer, kind: str, data: Any) -> None:  # Any: as it came
        cids.append(data.get("cid", 0))
        body = ORDER % cids[0]
        peer.data(0, f'"n",[1700000000123,"{kind}-req",null,null,{body},null,"SUCCESS","done"]')

    monkeypatch.setenv("GENESIS_HOME", str(tmp_path))
    monkeypatch.setenv("BITFINEX_API_KEY", "K")
    monkeypatch.setenv("BITFINEX_API_SECRET", "demo-secret")
    async with loopback() as world:
        world.exchange.answer = answer
        await example("ws_private").main(world.url, 0.1, "0.0002@1000")
    shown = capsys.readouterr().out
    assert "accepted: 12 done" in shown
    assert "cancelling: ACTIVE" in shown
    assert "demo-secret" not in shown
    assert [kind for kind, _ in world.exchange.inputs] == ["on", "oc"]
