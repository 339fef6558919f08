"""The HTTP side under load: latency while a core trades and fifty pages listen, and throughput against a bare Litestar.

Run as `python -m tests.bench.http`. To beat: with 2 000 events a second through the core and 50 `/stream` clients, p99
of `GET /health` and of the page's reads 10 ms, and loop lag of trading p99 10 ms; health 0.9 × a bare Litestar app on
the same server. Clients run in processes of their own.
"""

import asyncio
import multiprocessing
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import aiohttp
from litestar import Litestar, get

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.server import HttpServer
from genesis.app.session_feeding import SessionAbout, SessionFeeding
from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore, one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import CandleClosed
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.access import Role
from genesis.ports.monitor import Health
from tests.bench._turns import report
from tests.e2e.api_house import House, feed, house

EVENTS_PER_S = 2_000
STREAMS = 50
SECONDS = 8.0
ALONE_S = 3.0
"""How long trading is measured before anybody asks."""

READS = ("/health", "/api/v1/overview", "/api/v1/orders", "/api/v1/risk", "/api/v1/strategies")
INSTRUMENT = spot_instrument(Symbol("tBTCUSD"))


def _p(values: list[float], percent: int) -> float:
    return round(1000 * quantiles(values, n=100)[percent - 1], 2)


# In processes of their own


def _listen(port: int, token: str, count: int, seconds: float, said: Connection) -> None:
    url = f"http://127.0.0.1:{port}"

    async def opened(client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        offered = ("genesis", f"token.{token}")
        socket = await client.ws_connect(f"{url}/stream", headers={"Origin": url}, protocols=offered)
        await socket.receive_str(timeout=5)
        return socket

    async def one(socket: aiohttp.ClientWebSocketResponse, end: float) -> tuple[int, int]:
        frames = size = 0
        while perf_counter() < end:
            frames, size = frames + 1, size + len(await socket.receive_str(timeout=5))
        await socket.close()
        return frames, size

    async def all_of_them() -> list[tuple[int, int]]:
        async with aiohttp.ClientSession() as client:
            sockets = await asyncio.gather(*(opened(client) for _ in range(count)))
            end = perf_counter() + seconds
            return await asyncio.gather(*(one(socket, end) for socket in sockets))

    said.send(asyncio.run(all_of_them()))


def _read(port: int, token: str, seconds: float, said: Connection) -> None:
    async def ask() -> dict[str, list[float]]:
        took: dict[str, list[float]] = {path: [] for path in READS}
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
            end = perf_counter() + seconds
            while perf_counter() < end:
                for path in READS:
                    begin = perf_counter()
                    async with client.get(f"http://127.0.0.1:{port}{path}") as answer:
                        await answer.read()
                        assert answer.status == 200
                    took[path].append(perf_counter() - begin)
                    await asyncio.sleep(0.004)
        return took

    said.send(asyncio.run(ask()))


def _hammer(port: int, seconds: float, said: Connection) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port

    async def one(end: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            count += 1
        writer.close()
        return count

    async def all_of_them() -> int:
        end = perf_counter() + seconds
        return sum(await asyncio.gather(*(one(end) for _ in range(16))))

    said.send(asyncio.run(all_of_them()) / seconds)


class Child:
    """A client process and what it will say."""

    def __init__(self, work: object, *args: object) -> None:
        context = multiprocessing.get_context("spawn")
        self.ear, mouth = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(*args, mouth))  # type: ignore[arg-type]  # one of the above
        self.process.start()

    async def said(self) -> object:
        found = await asyncio.to_thread(self.ear.recv)
        await asyncio.to_thread(self.process.join)
        return found


# In ours


async def _trade(core: TradingCore, feeding: SessionFeeding, candles: list[Candle], lags: list[float]) -> None:
    """Send 2 000 closes a second through the core, in steps of 5 ms; note how late each step comes."""
    step_s, at = 0.005, 0
    due_s = perf_counter()
    while True:
        due_s += step_s
        await asyncio.sleep(max(0.0, due_s - perf_counter()))
        lags.append(max(0.0, perf_counter() - due_s))
        for _ in range(round(EVENTS_PER_S * step_s)):
            candle = candles[at % len(candles)]
            event = CandleClosed(INSTRUMENT.symbol, candle._replace(mts=Mts(candles[0].mts + 60_000 * at)))
            core.handle(event)
            feeding.saw(event)
            at += 1
        due_s = max(due_s, perf_counter() - 0.25)


async def _under_load(inside: House) -> dict[str, dict[str, object]]:
    feed(inside.view)
    about = SessionAbout("paper", INSTRUMENT.symbol, "1m", {}, {})
    feeding = SessionFeeding(inside.view, about, SystemClock())
    core = one_desk(DeskSettings(INSTRUMENT, SHIPPED["ema_cross"].build()), atoms(10_000))
    feeding.begin(core)
    candles, lags = list(synthetic_candles(1, 2.0)), list[float]()
    token = inside.credentials.issue_token("bench", Role.READ, 1)
    beside = [asyncio.create_task(feeding.run()), asyncio.create_task(_trade(core, feeding, candles, lags))]
    await asyncio.sleep(ALONE_S)  # what is measured first is a session without clients
    alone = lags[:]
    lags.clear()
    listeners = Child(_listen, inside.port, token, STREAMS, SECONDS + 3)
    readers = Child(_read, inside.port, token, SECONDS)
    took = await readers.said()
    heard = await listeners.said()
    for task in beside:
        task.cancel()
    assert isinstance(took, dict)
    assert isinstance(heard, list)
    figures: dict[str, dict[str, object]] = {
        path: {"p50_ms": _p(values, 50), "p99_ms": _p(values, 99), "requests": len(values)}
        for path, values in took.items()
    }
    figures["loop lag of trading, no clients"] = {"p50_ms": _p(alone, 50), "p99_ms": _p(alone, 99)}
    figures["loop lag of trading"] = {
        "p50_ms": _p(lags, 50),
        "p99_ms": _p(lags, 99),
        "max_ms": round(1000 * max(lags), 1),
    }
    frames = [frames for frames, _ in heard]
    kilobytes = sum(size for _, size in heard) / 1000 / (SECONDS + 3)
    figures["stream"] = {"clients": len(frames), "frames_least": min(frames), "kilobytes_per_s": round(kilobytes)}
    return figures


async def _bare() -> tuple[HttpServer, "asyncio.Task[None]"]:
    @get("/health")
    async def health() -> Health:
        return Health("running", "", "0", "paper", 1.0, Mts(1))

    server = HttpServer(Litestar([health], openapi_config=None, logging_config=None), port=0)
    server.bind()
    return server, asyncio.create_task(server.run())


async def _throughput(inside: House) -> dict[str, object]:
    bare, serving = await _bare()
    rates: dict[str, list[float]] = {"genesis": [], "litestar": []}
    for _ in range(4):
        for name, port in (("genesis", inside.port), ("litestar", bare.bind())):
            found = await Child(_hammer, port, 1.5).said()
            assert isinstance(found, float)
            rates[name].append(found)
    serving.cancel()
    await asyncio.wait([serving])
    ours, theirs = median(rates["genesis"]), median(rates["litestar"])
    return {"genesis_per_s": round(ours), "litestar_per_s": round(theirs), "ratio": round(ours / theirs, 2)}


async def measure() -> dict[str, dict[str, object]]:
    """Return all figures."""
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder)) as inside:
            inside.monitor.set_status("running")
            figures = await _under_load(inside)
            figures["health, A B A B"] = await _throughput(inside)
            return figures


def main() -> None:
    """Print the figures."""
    report("http", lambda: asyncio.run(measure()))


if __name__ == "__main__":
    main()
