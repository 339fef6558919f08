"""A connection kept alive: connect, converse, judge what ended it, wait, and again.

A pure judge decides how long to wait and when to give up; the loop does it. All connections to one host share a
budget, so that no storm of losses breaks the exchange's limit on new connections. Source: Bitfinex documentation,
"Requirements and limitations".
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, NoReturn, Protocol

from attrs import Factory, frozen

from genesis.adapters.bitfinex.metered_socket import connect_metered
from genesis.domain.link import Link
from genesis.domain.resilience import Backoff, Priority, Ration
from genesis.ports.budgets import Budget
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, GenesisError, Maintenance, NotProcessed, RateLimited
from genesis.ports.metrics import Metrics
from genesis.ports.socket import Connector, Socket, SocketClosed

PUBLIC_URL: Final = "wss://api-pub.bitfinex.com/ws/2"
ACCOUNT_URL: Final = "wss://api.bitfinex.com/ws/2"

FRAMES_IN_A_TURN: Final = 256
"""Frames that are read in a row before other tasks get their turn, when a burst has filled the socket's buffer."""


PUBLIC_CONNECTIONS: Final = Ration("public_connections", limit=20, window_s=61.0)
"""For public data: 20 a minute, with a second to spare for what the network shifts."""

ACCOUNT_CONNECTIONS: Final = Ration("account_connections", limit=5, window_s=16.0)
"""To the authenticated host: 5 in 15 seconds."""


class Line(Protocol):
    """The part of a connection that knows no IO."""

    outgoing: deque[str]
    ended: str

    def receive(self, frame: str) -> None:
        """Take one message."""

    def tick(self, now_s: float) -> None:
        """Let time pass."""


@frozen
class SessionRules:
    """How to come back, in seconds."""

    backoff: Backoff = Factory(Backoff)
    stable_s: float = 30.0  # a connection that held for so long has earned a fresh start
    tick_s: float = 0.5
    send_s: float = 5.0  # for the network to take one message


@frozen
class Retry:
    """Connect again after *after_s*; until then the link is *link*."""

    after_s: float
    link: Link


@frozen
class GiveUp:
    """Do not connect again: *error* is for a person."""

    error: GenesisError


def judge(problem: GenesisError | None, failures: int, rules: SessionRules, random: float) -> Retry | GiveUp:
    """Decide what follows a connection that failed or ended, the *failures*-th in a row; *random* is uniform in [0, 1).

    Wrong credentials stay wrong: trying again would only end in a ban. Everything else passes.
    """
    if isinstance(problem, AuthRefused):
        return GiveUp(problem)
    pause_s = rules.backoff.delay_s(failures, random)
    if isinstance(problem, RateLimited):
        return Retry(problem.retry_after_s + pause_s, Link.RECONNECT)
    if isinstance(problem, Maintenance):
        return Retry(pause_s, Link.MAINTENANCE)
    return Retry(pause_s, Link.RECONNECT)


class Over(Exception):
    """A conversation is over; the text says why."""


async def converse(
    line: Line,
    socket: Socket,
    clock: Clock,
    rules: SessionRules,
    wake: asyncio.Event,
    on_step: Callable[[], None],
    *others: Coroutine[None, None, None],
) -> str:
    """Run *line* over *socket* until either ends; return why.

    *wake* tells that something is to be sent, *on_step* is called whenever the line may have news, *others* run
    alongside. The socket is closed in every case.
    """
    sending = _Sending()
    # Not a task group: one whose part ends in the moment in which it is cancelled forgets that it was.
    parts = [
        asyncio.ensure_future(part)
        for part in (
            *others,
            _read(line, socket, clock, wake, on_step),
            _write(line, socket, clock, wake, sending),
            _watch(line, clock, rules, wake, sending, on_step),
        )
    ]
    try:
        await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for part in parts:
            part.cancel()
        ends = await asyncio.gather(*parts, return_exceptions=True)
        await socket.close()
    return _reason(line, ends)


def _reason(line: Line, ends: Sequence[BaseException | None]) -> str:
    """Return why a conversation ended; raises what nobody expected, as an `ExceptionGroup`."""
    problems = [end for end in ends if isinstance(end, Exception) and not isinstance(end, Over | SocketClosed)]
    if problems:
        raise ExceptionGroup("a connection failed", problems)
    over = dict.fromkeys(str(end) for end in ends if isinstance(end, Over))
    closed = [str(end) for end in ends if isinstance(end, SocketClosed)]
    return "; ".join(over) if over else line.ended or "; ".join(closed)


class _Sending:
    since_s: float | None = None


async def _read(line: Line, socket: Socket, clock: Clock, wake: asyncio.Event, on_step: Callable[[], None]) -> NoReturn:
    left = FRAMES_IN_A_TURN
    while True:
        line.receive(await socket.receive())
        on_step()
        if line.outgoing:
            wake.set()
        if line.ended:
            raise Over(line.ended)
        left -= 1
        if not left:
            left = FRAMES_IN_A_TURN
            await clock.sleep(0)


async def _write(line: Line, socket: Socket, clock: Clock, wake: asyncio.Event, sending: _Sending) -> NoReturn:
    while True:
        wake.clear()  # before looking: who woke this part before it ran must not be forgotten
        while line.outgoing:
            sending.since_s = clock.monotonic_s()
            await socket.send(line.outgoing.popleft())
            sending.since_s = None
        if line.ended:
            raise Over(line.ended)
        await wake.wait()


async def _watch(
    line: Line,
    clock: Clock,
    rules: SessionRules,
    wake: asyncio.Event,
    sending: _Sending,
    on_step: Callable[[], None],
) -> NoReturn:
    while True:
        await clock.sleep(rules.tick_s)
        now_s = clock.monotonic_s()
        line.tick(now_s)
        on_step()
        if line.outgoing:
            wake.set()
        if line.ended:
            raise Over(line.ended)
        if sending.since_s is not None and now_s - sending.since_s > rules.send_s:
            raise Over("the network takes nothing")


class Session:
    """Connects again and again; what to do with a socket is its user's business."""

    def __init__(
        self,
        url: str,
        connector: Connector,
        clock: Clock,
        metrics: Metrics,
        budget: Budget,
        random: Callable[[], float],
        rules: SessionRules,
        client: str,
    ) -> None:
        """*random* returns numbers uniform in [0, 1): `secrets.SystemRandom().random`, or a seeded one.

        *client* names the connections in metrics.
        """
        self._url = url
        self._connector = connector
        self._clock = clock
        self._metrics = metrics
        self._budget = budget
        self._random = random
        self._rules = rules
        self._client = client

    async def run(
        self,
        use: Callable[[Socket], Coroutine[None, None, str]],
        on_link: Callable[[Link, str], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        """Connect and *use* each socket until it returns why it ended; return when nobody wants it any more.

        Raises what *use* raised if that is final (`AuthRefused`), after telling *on_link* that the link is CLOSED.
        """
        failures = 0
        while is_wanted():
            await self._wait_for_turn()
            if not is_wanted():
                return
            problem: GenesisError | None = None
            started_s = self._clock.monotonic_s()
            try:
                reason = await self._once(use)
            except (NotProcessed, AuthRefused) as error:
                problem, reason = error, str(error)
            is_stable = self._clock.monotonic_s() - started_s >= self._rules.stable_s
            failures = 1 if is_stable else failures + 1
            verdict = judge(problem, failures, self._rules, self._random())
            if isinstance(verdict, GiveUp):
                on_link(Link.CLOSED, reason)
                raise verdict.error
            on_link(verdict.link, reason)
            self._metrics.increment("ws_reconnect_total")
            if is_wanted():
                await self._clock.sleep(verdict.after_s)

    async def _once(self, use: Callable[[Socket], Coroutine[None, None, str]]) -> str:
        socket = await connect_metered(self._connector, self._url, self._clock, self._metrics, self._client)
        try:
            return await use(socket)
        finally:
            await socket.close()

    async def _wait_for_turn(self) -> None:
        while (wait_s := self._budget.start(self._clock.monotonic_s(), Priority.CANCEL)) > 0.0:
            await self._clock.sleep(wait_s)
