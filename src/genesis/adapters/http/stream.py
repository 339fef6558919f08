"""`/stream`: a snapshot, then deltas, to every page that is open.

Twenty times a second what changed is encoded once and put into the queue of each reader. Frames are numbered without
gaps; a delta may repeat what the snapshot before it had already, and keys (an order's cid, a fill's or event's seq, a
candle's time) make that harmless. A reader that is too slow, so that 256 frames or 1 MiB wait for it, loses its queue
and gets a new snapshot, which says so; one that takes nothing for ten seconds is cut off. So memory is bounded, and
nothing old is ever shown as new.

Where too many are open, the oldest of whoever has the most gives way: programs first, so that none keeps a person out.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from attrs import frozen
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from genesis.adapters.http.limiter import COSTLY_MAX, MinuteLimiter
from genesis.adapters.http.readings import latency_rows
from genesis.adapters.http.security_log import SecurityLog
from genesis.adapters.http.sessions import Principal, Sessions
from genesis.adapters.http.waiting import WaitingStrangers, address_of, giving_way
from genesis.domain.json_value import MalformedJson, parse_json
from genesis.ports.access import Role
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.monitor import Health, Monitor, Note
from genesis.ports.session_view import (
    CandleRow,
    Changes,
    EquityPoint,
    FillRow,
    LatencyRow,
    Order,
    Overview,
    SessionView,
    Span,
)

TICK_S: Final = 0.05
BEAT_S: Final = 1.0
TOKEN_WITHIN_S: Final = 2.0
READERS_MAX: Final = 64
STRANGERS_MAX: Final = 16
"""Streams that are open and have not shown a token yet."""

FRAMES_MAX: Final = 256
BYTES_MAX: Final = 1 << 20
CHANGES_MAX: Final = 1_000
"""More changes than this in one tick are not sent one by one: readers are told to load the charts anew."""

OPEN_ORDERS_MAX: Final = 10_000
"""More than a session remembers: a snapshot has every open order, however many came after it."""

EQUITY_MAX: Final = 4
"""Points of the equity line in one delta: at full speed the latest are enough, and the history has them all."""

SPOKEN: Final = "genesis"
TOKEN_OFFERED: Final = "token."
"""The subprotocol that is spoken, and what stands before a token that is offered beside it.

A page can send no header of its own with a handshake, but these. Who shows a token there waits in no place among
strangers, so nobody who opens many keeps its owner out.
"""

UNKNOWN: Final = 4401
LATER: Final = 1013
ENDS: Final = 1012
"""Close codes: the token is wrong, for good; nothing is wrong with it, and another try may do; the session ends."""

_log: Final = logging.getLogger(__name__)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@frozen
class _Refusal:
    """Why nobody listens, as the client hears it."""

    code: int
    reason: str


_WRONG_TOKEN: Final = _Refusal(UNKNOWN, "this is no token that lets you in")
_UNHEARD: Final = _Refusal(LATER, "no token was heard within two seconds, or too many wait: try again")
_UNREAD: Final = _Refusal(LATER, "the tokens cannot be read now: try again")
_SO_MANY: Final = _Refusal(LATER, "so many streams a minute are too many")


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first message of a client, and the only one: its token."""

    token: str


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot", tag_field="type"):
    """Everything as it is; *reason* is `start`, or `slow` for a reader that was left behind."""

    seq: int
    reason: Literal["start", "slow"]
    overview: Overview
    health: Health
    orders: Sequence[Order]
    fills: Sequence[FillRow]
    events: Sequence[Note]
    latency: Sequence[LatencyRow]


class Delta(msgspec.Struct, frozen=True, tag="delta", tag_field="type", omit_defaults=True):
    """What changed; a field that is left out is as it was. With *reload* the charts are to be loaded anew."""

    seq: int
    overview: Overview | None = None
    health: Health | None = None
    orders: Sequence[Order] = ()
    fills: Sequence[FillRow] = ()
    candles: Sequence[CandleRow] = ()
    equity: Sequence[EquityPoint] = ()
    events: Sequence[Note] = ()
    latency: Sequence[LatencyRow] = ()
    reload: bool = False


class _Reader:
    """One client's queue."""

    def __init__(self, token: str, principal: Principal) -> None:
        self.token = token
        self.principal = principal
        self.frames: deque[bytes] = deque()
        self.bytes = 0
        self.is_behind = False
        self.waiting = asyncio.Event()
        self.close_code = 0

    def offer(self, frame: bytes) -> None:
        if len(self.frames) >= FRAMES_MAX or self.bytes + len(frame) > BYTES_MAX:
            self.fall_behind()
        if not self.is_behind:  # the snapshot that it gets instead will have what is in this frame
            self.frames.append(frame)
            self.bytes += len(frame)
        self.waiting.set()

    def fall_behind(self) -> None:
        self.frames.clear()
        self.bytes = 0
        self.is_behind = True
        self.waiting.set()

    def end(self, code: int) -> None:
        self.close_code = code
        self.waiting.set()


class StreamHub:
    """The ASGI application of `/stream`; it runs while somebody reads."""

    def __init__(
        self,
        view: SessionView,
        monitor: Monitor,
        sessions: Sessions,
        security: SecurityLog,
        clock: Clock,
        opened_max: int = COSTLY_MAX,
    ) -> None:
        self._view = view
        self._monitor = monitor
        self._sessions = sessions
        self._security = security
        self._clock = clock
        self._readers: list[_Reader] = []  # the oldest first
        self._opened = MinuteLimiter(opened_max)  # a snapshot costs more than most answers
        self._strangers = WaitingStrangers(STRANGERS_MAX)
        self._ticking: asyncio.Task[None] | None = None
        self._frame_seq = 0
        self._since = 0
        self._note_seq = 0
        self._beat_s = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        offered = scope["subprotocols"] if scope["type"] == ScopeType.WEBSOCKET else []
        await send({"type": "websocket.accept", "subprotocol": SPOKEN if SPOKEN in offered else None, "headers": []})
        reader = await self._introduced(scope, offered, receive)
        if isinstance(reader, _Refusal):
            await send({"type": "websocket.close", "code": reader.code, "reason": reader.reason})
            return
        self._readers.append(reader)
        if len(self._readers) > READERS_MAX:
            self._make_room()
        if self._ticking is None or self._ticking.done():
            self._start()
        listening = asyncio.ensure_future(self._listen(reader, receive))
        try:
            await self._serve(reader, send)
        finally:
            if reader in self._readers:
                self._readers.remove(reader)
            listening.cancel()
            if not self._readers and self._ticking is not None:
                self._ticking.cancel()
                self._ticking = None

    def _make_room(self) -> None:
        """End the oldest stream of the program that has the most; a person's only where there is no program's."""
        programs = [each for each in self._readers if each.principal.session is None]
        first = giving_way(programs or self._readers, lambda each: each.principal.name)
        self._readers.remove(first)
        first.end(LATER)

    async def _introduced(self, scope: Scope, offered: Sequence[str], receive: Receive) -> _Reader | _Refusal:
        """Return a reader for the token that was offered, or comes first; only one that is wrong is refused for good.

        Who had to give way, or was not heard in time, may have a token that is right.
        """
        address = address_of(scope["client"]) if scope["type"] == ScopeType.WEBSOCKET else ""
        token = next((each.removeprefix(TOKEN_OFFERED) for each in offered if each.startswith(TOKEN_OFFERED)), None)
        try:
            if token is None:
                token = await self._said(address, receive)
            principal = self._principal(token)
        except TimeoutError:
            return _UNHEARD
        except (MalformedJson, msgspec.ValidationError):
            return _WRONG_TOKEN
        except StoreError:
            return _UNREAD
        if principal is None:
            await self._security.failed("wrong_token", address)
            return _WRONG_TOKEN
        is_one_more = self._opened.is_too_much(principal.name, self._clock.monotonic_s())
        return _SO_MANY if is_one_more else _Reader(token, principal)

    async def _said(self, address: str, receive: Receive) -> str:
        """Return the token that the client says first; raises what is wrong with that, or `TimeoutError`."""
        async with self._strangers.wait(address, TOKEN_WITHIN_S):
            message: Any = await receive()  # Any: an ASGI event
        if message["type"] == "websocket.disconnect":
            raise TimeoutError  # it cannot be heard any more, and a token that was not said is not wrong
        return msgspec.convert(parse_json(message.get("text") or ""), Hello).token

    def _principal(self, token: str) -> Principal | None:
        """Return who may listen with *token*, None where nobody; raises `StoreError`."""
        found = self._sessions.find(token) if token.isascii() else None
        return found if found is not None and found.role >= Role.READ else None

    async def _listen(self, reader: _Reader, receive: Receive) -> None:
        """End the stream when the client goes, or says anything more: nothing is expected of it."""
        message: Any = await receive()  # Any: an ASGI event
        if message["type"] == "websocket.receive":
            reader.end(4400)
        else:
            reader.end(ENDS if message.get("code") == ENDS else 1000)

    async def _serve(self, reader: _Reader, send: Send) -> None:
        if not reader.close_code:
            await send({"type": "websocket.send", "bytes": self._snapshot("start"), "text": None})
        while not reader.close_code:
            await reader.waiting.wait()
            reader.waiting.clear()
            while reader.frames and not reader.close_code:
                frame = reader.frames.popleft()
                reader.bytes -= len(frame)
                await send({"type": "websocket.send", "bytes": frame, "text": None})
            if reader.is_behind and not reader.close_code:
                reader.is_behind = False
                await send({"type": "websocket.send", "bytes": self._snapshot("slow"), "text": None})
        reason = self._why_it_ends() if reader.close_code == ENDS else ""
        await send({"type": "websocket.close", "code": reader.close_code, "reason": reason})

    def _why_it_ends(self) -> str:
        """Return why the session ends, empty where nobody has said so."""
        health = self._monitor.health()
        return health.reason if health.status == "stopping" else ""

    def _start(self) -> None:
        self._since = self._view.overview().seq
        notes = self._monitor.dashboard().notes
        self._note_seq = notes[-1].seq if notes else 0
        self._ticking = asyncio.get_running_loop().create_task(self._tick_for_ever(), name="stream")
        self._ticking.add_done_callback(self._ended)

    def _ended(self, ticking: "asyncio.Task[None]") -> None:
        """End all streams where a fault of ours ended the ticks: who comes back gets a snapshot, and never silence."""
        if ticking.cancelled() or ticking.exception() is None:
            return
        _log.error("stream.failed", exc_info=ticking.exception())
        for reader in self._readers:
            reader.end(1011)

    async def _tick_for_ever(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        now_s = self._clock.monotonic_s()
        is_beat = now_s - self._beat_s >= BEAT_S
        changes = self._view.changes(self._since)
        self._since = changes.seq
        # All notes are copied to be looked through, so a quiet session is asked for them once a second alone.
        notes = self._new_notes() if is_beat or changes.orders or changes.fills or changes.overview else ()
        if is_beat:
            self._beat_s = now_s
            self._end_unknown()
        if not (is_beat or notes or _is_any(changes)):
            return
        if not changes.is_whole:  # more happened than the session view remembers one by one
            for reader in self._readers:
                reader.fall_behind()
            return
        self._frame_seq += 1
        frame = _ENCODER.encode(self._delta(changes, notes, is_beat=is_beat))
        for reader in self._readers:
            reader.offer(frame)

    def _new_notes(self) -> Sequence[Note]:
        notes = [note for note in self._monitor.dashboard().notes if note.seq > self._note_seq]
        if notes:
            self._note_seq = notes[-1].seq
        return notes

    def _end_unknown(self) -> None:
        for reader in self._readers:
            try:
                if self._principal(reader.token) is None:
                    reader.end(UNKNOWN)
            except StoreError:
                reader.end(LATER)

    def _delta(self, changes: Changes, notes: Sequence[Note], *, is_beat: bool) -> Delta:
        many = len(changes.candles) + len(changes.equity) > CHANGES_MAX
        latency = latency_rows(self._monitor.dashboard().metrics.distributions) if is_beat else ()
        return Delta(
            self._frame_seq,
            changes.overview,
            self._monitor.health() if is_beat else None,
            changes.orders,
            changes.fills,
            changes.candles if not many else (),
            changes.equity[-EQUITY_MAX:] if not many else (),
            notes,
            latency,
            reload=many,
        )

    def _snapshot(self, reason: Literal["start", "slow"]) -> bytes:
        page = Span(limit=200)
        dashboard = self._monitor.dashboard()
        snapshot = Snapshot(
            self._frame_seq,
            reason,
            self._view.overview(),
            dashboard.health,
            self._orders(page),
            self._view.fills(page).items,
            dashboard.notes,
            latency_rows(dashboard.metrics.distributions),
        )
        return _ENCODER.encode(snapshot)

    def _orders(self, page: Span) -> Sequence[Order]:
        """Return the youngest orders, and every open one that is older, youngest first."""
        youngest = self._view.orders(page).items
        known = {order.cid for order in youngest}
        still_open = self._view.orders(Span(OPEN_ORDERS_MAX), only_open=True).items
        return [*youngest, *(order for order in still_open if order.cid not in known)]


def _is_any(changes: Changes) -> bool:
    return bool(
        not changes.is_whole or changes.overview or changes.orders or changes.fills or changes.candles or changes.equity
    )
