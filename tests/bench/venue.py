"""The local venue over loopback: order round trips of one client, public frames delivered to twenty.

The venue has a process of its own; the clients are aiohttp, so what is measured is both ends.
"""

import asyncio
import json
import multiprocessing
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Final, NamedTuple

import aiohttp

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.core import MAKER
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, DemoKey, Venue
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.units import Mts, Price, Symbol, atoms
from genesis.ports.secrets import Secret
from tests.bench._turns import report

BTC: Final = Symbol("tBTCUSD")
START: Final = Mts(1_700_000_000_000)
SUBSCRIBERS: Final = 20


class Figures(NamedTuple):
    """Round trips a second, one at a time and sixteen in flight; public frames delivered a second, and whether any
    was lost."""

    round_trips_per_s: int
    pipelined_round_trips_per_s: int
    delivered_per_s: int
    lost: int


def serve(pipe: "Connection[int, str]") -> None:
    """Serve a venue with one quoted market until the pipe says so."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: "Connection[int, str]") -> None:
    venue = Venue(START, limited=False)
    venue.list_instrument(spot_instrument(BTC, atoms("0.0001")))
    for level in range(50):
        for side in Side:
            price = Price(atoms(str(1_000 - side.sign * (level + 1))))
            result = venue.core.exchange.submit(
                MAKER, OrderTicket(BTC, side, OrderType.LIMIT, atoms("1000"), price), START
            )
            assert not isinstance(result, Refusal)
            venue.core.apply(result.events)
    venue.add_demo_users()
    async with serving(venue) as port:
        pipe.send(port)
        await asyncio.to_thread(pipe.recv)


async def _login(http: aiohttp.ClientSession, port: int, demo: DemoKey) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(f"ws://127.0.0.1:{port}/ws/2")
    payload, signature = Signer(Secret(demo.key), Secret(demo.secret)).socket_payload(1)
    auth = {"event": "auth", "apiKey": demo.key, "authNonce": 1, "authPayload": payload, "authSig": signature}
    await socket.send_str(json.dumps(auth))
    while '"miu"' not in await socket.receive_str():
        pass
    return socket


async def _round_trips(
    socket: aiohttp.ClientWebSocketResponse, count: int, in_flight: int, kind: str = "EXCHANGE LIMIT"
) -> float:
    """Place *count* orders, each answered before more than *in_flight* wait; return orders a second."""
    begin, sent, answered = perf_counter(), 0, 0
    while answered < count:
        while sent < count and sent - answered < in_flight:
            order = {"type": kind, "symbol": BTC, "amount": "0.001", "price": str(500 + sent % 100)}
            await socket.send_str(json.dumps([0, "on", None, order]))
            sent += 1
        if '"on-req"' in await socket.receive_str():
            answered += 1
    return count / (perf_counter() - begin)


async def _subscriber(http: aiohttp.ClientSession, port: int, ready: asyncio.Barrier, done: asyncio.Event) -> list[int]:
    """Listen to ticker, trades and raw book with sequence numbers; return them."""
    numbers: list[int] = []
    async with http.ws_connect(f"ws://127.0.0.1:{port}/ws/2") as socket:
        await socket.send_str('{"event":"conf","flags":65536}')
        for channel in ("ticker", "trades", "book"):
            await socket.send_str(json.dumps({"event": "subscribe", "channel": channel, "symbol": BTC, "prec": "R0"}))
        while len(numbers) < 3:
            frame = await socket.receive_str()
            if frame.startswith("["):
                numbers.append(int(frame[frame.rindex(",") + 1 : -1]))
        await ready.wait()
        while True:
            try:
                frame = await asyncio.wait_for(socket.receive_str(), 0.5)
            except TimeoutError:
                if done.is_set():
                    return numbers
                continue
            numbers.append(int(frame[frame.rindex(",") + 1 : -1]))


async def _deliveries(http: aiohttp.ClientSession, port: int, orders: int) -> tuple[float, int]:
    """Place and fill orders while twenty listen; return frames delivered a second and how many are missing."""
    ready, done = asyncio.Barrier(SUBSCRIBERS + 1), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        listeners = [tasks.create_task(_subscriber(http, port, ready, done)) for _ in range(SUBSCRIBERS)]
        async with await _login(http, port, DEMO_KEYS[1]) as socket:
            await ready.wait()
            begin = perf_counter()
            await _round_trips(socket, orders, 64, "EXCHANGE MARKET")  # each changes one row of the book
            elapsed = perf_counter() - begin
            done.set()
    heard = [listener.result() for listener in listeners]
    lost = sum(numbers[-1] - len(numbers) for numbers in heard)
    return sum(map(len, heard)) / elapsed, lost


async def _measure(port: int, orders: int) -> Figures:
    async with aiohttp.ClientSession() as http:
        async with await _login(http, port, DEMO_KEYS[0]) as socket:
            one = await _round_trips(socket, orders, 1)
            many = await _round_trips(socket, orders, 16)
        delivered, lost = await _deliveries(http, port, orders)
    return Figures(round(one), round(many), round(delivered), lost)


def measure(orders: int = 2_000) -> Figures:
    """Run a venue in a process of its own and measure it."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    try:
        return asyncio.run(_measure(here.recv(), orders))
    finally:
        here.send("stop")
        process.join()


def main() -> None:
    """Print the figures."""
    report("venue", lambda: {"over loopback": measure()._asdict()})


if __name__ == "__main__":
    main()
