"""A socket that counts what comes through it: frames, how many a second, and how long a ping is on its way."""

from typing import Final

from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics
from genesis.ports.socket import Connector, Socket

WINDOW_S: Final = 1.0
PING: Final = '{"event":"ping"'
PONG: Final = '{"event":"pong"'


class MeteredSocket:
    """*socket*, with figures labelled by *client*."""

    def __init__(self, socket: Socket, clock: Clock, metrics: Metrics, client: str) -> None:
        self._socket = socket
        self._clock = clock
        self._metrics = metrics
        self._labels = {"client": client}
        self._since_s = clock.monotonic_s()
        self._frames = 0
        self._characters = 0
        self._pinged_s: float | None = None

    async def send(self, text: str) -> None:
        """Send; see `Socket.send`."""
        if text.startswith(PING):
            self._pinged_s = self._clock.monotonic_s()
        await self._socket.send(text)

    async def receive(self) -> str:
        """Receive; see `Socket.receive`."""
        text = await self._socket.receive()
        self._frames += 1
        self._characters += len(text)
        now_s = self._clock.monotonic_s()
        if now_s - self._since_s >= WINDOW_S:
            self._tell(now_s)
        if self._pinged_s is not None and text.startswith(PONG):
            self._metrics.observe("ws_ping_seconds", now_s - self._pinged_s, self._labels)
            self._pinged_s = None
        return text

    async def close(self) -> None:
        """Close; see `Socket.close`."""
        self._tell(self._clock.monotonic_s())
        await self._socket.close()

    def _tell(self, now_s: float) -> None:
        """Hand on what came since the last time: one call for many frames, for they come by the thousand."""
        frames, self._frames = self._frames, 0
        characters, self._characters = self._characters, 0
        spent_s, self._since_s = now_s - self._since_s, now_s
        if not frames:
            return
        self._metrics.increment("ws_frames_total", frames, self._labels)
        self._metrics.increment("ws_characters_total", characters, self._labels)
        if spent_s >= WINDOW_S:
            self._metrics.observe("ws_frames_per_second", frames / spent_s, self._labels)


async def connect_metered(connector: Connector, url: str, clock: Clock, metrics: Metrics, client: str) -> MeteredSocket:
    """Connect, with the errors of `Connector.connect`, and time it."""
    begun_s = clock.monotonic_s()
    socket = await connector.connect(url)
    metrics.observe("ws_connect_seconds", clock.monotonic_s() - begun_s, {"client": client})
    return MeteredSocket(socket, clock, metrics, client)
