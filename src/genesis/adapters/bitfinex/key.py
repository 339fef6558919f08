"""One API key at work: its nonces, its signatures, the lane in which its requests leave, and when it must stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import evolve

from genesis.adapters.bitfinex.errors import AUTHENTICATION
from genesis.adapters.bitfinex.lane import Lane, Turn
from genesis.adapters.bitfinex.log import log
from genesis.adapters.bitfinex.sender import Call, Sender
from genesis.adapters.bitfinex.sign import Signer
from genesis.domain.resilience import Priority
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, ExchangeError, KeyContended, StaleNonce, Unreachable
from genesis.ports.metrics import Metrics
from genesis.ports.nonces import NonceStore
from genesis.ports.transport import HttpRequest

Renew = Callable[[], Awaitable[bool]]
"""Called when the exchange refuses the key; tells whether the signer has another one now."""


async def never_renewed() -> bool:
    """Have no other key."""
    return False


class ApiKey:
    """Signs and sends. Make one object for a key and give it to all clients of the process: it holds the key's lane.

    The lane is left when the last byte has been handed to the connection, so that requests leave in the order of their
    nonces and a slow answer delays nobody. Two connections can still swap them on the way; the exchange then refuses
    the smaller nonce, which proves that nothing happened. The one retry keeps the lane until its answer is there:
    nothing of ours can pass it, so a second refusal shows that somebody else signs with the key.
    """

    def __init__(
        self,
        signer: Signer,
        nonces: NonceStore,
        clock: Clock,
        metrics: Metrics,
        auth_pause_s: float = 60.0,
        renew: Renew = never_renewed,
    ) -> None:
        """Put a key to work.

        After a refused signature *renew* may bring another key; without one nothing is signed for *auth_pause_s*.
        """
        self._signer = signer
        self._nonces = nonces
        self._clock = clock
        self._metrics = metrics
        self._auth_pause_s = auth_pause_s
        self._renew = renew
        self.lane: Final = Lane()
        """Give it to the `SocketKey` of the same key: a nonce taken there must not overtake one on its way here."""
        self._refusal: AuthRefused | None = None
        self._refused_until_s = 0.0
        self._contention: KeyContended | None = None

    async def send(self, sender: Sender, call: Call) -> bytes:
        """Sign and send; once more, alone in the lane, if the exchange has seen a larger nonce.

        Raises `KeyContended` when that one is refused too; from then on new orders and changes are refused here, while
        cancels and reads still try.
        """
        self._refuse_early(call)
        turns = self._signer.turns
        try:
            return await self._twice(sender, call)
        except AuthRefused as refusal:
            if refusal.code not in AUTHENTICATION or (turns == self._signer.turns and not await self._renew()):
                raise
            self._refusal = None
        return await self._twice(sender, call)

    async def _twice(self, sender: Sender, call: Call) -> bytes:
        try:
            return await self._once(sender, call, is_alone=False)
        except StaleNonce as stale:
            log(logging.INFO, "nonce.bump", {**call.label, "request_id": call.asked.request_id}, stale)
            for name in ("rest_auth_nonce_bump", "rest_auth_retry_triggered"):
                self._metrics.increment(name, labels=call.label)
        try:
            return await self._once(sender, call, is_alone=True)
        except StaleNonce as again:
            text = "two nonces in a row were too small: somebody else signs with this key; give each program its own"
            asked = call.asked
            self._contention = KeyContended(text, endpoint=asked.endpoint, code=again.code, request_id=asked.request_id)
            log(logging.ERROR, "key.contended", {**call.label, "request_id": asked.request_id}, again)
            raise self._contention from again

    async def _once(self, sender: Sender, call: Call, *, is_alone: bool) -> bytes:
        await sender.admit(call)
        turn = await self._enter(call)
        try:
            nonce = await self._nonces.next()
            request = self._signed(call, nonce, None if is_alone else turn.leave)
            self._metrics.increment("rest_auth_request", labels=call.label)
            body = await sender.send(evolve(call, request=request))
        except ExchangeError as error:
            self._note(error)
            raise
        finally:
            turn.leave()
        self._metrics.increment("rest_auth_success", labels=call.label)
        return body

    async def _enter(self, call: Call) -> Turn:
        """Wait for the lane, no longer than the call may wait: who gives up here has sent nothing."""
        if self.lane.is_free:
            return await self.lane.enter(call.endpoint.priority)
        try:
            async with asyncio.timeout(call.leave_by_s - self._clock.monotonic_s()):
                return await self.lane.enter(call.endpoint.priority)
        except TimeoutError:
            asked = call.asked
            text = "the requests of this key that came before it took all the time it had"
            raise Unreachable(text, endpoint=asked.endpoint, request_id=asked.request_id) from None

    def _signed(self, call: Call, nonce: int, on_sent: Callable[[], None] | None) -> HttpRequest:
        signed = self._signer.rest_headers(call.asked.endpoint, nonce, call.request.body)
        return evolve(call.request, headers={**call.request.headers, **signed}, on_sent=on_sent)

    def _note(self, error: ExchangeError) -> None:
        if isinstance(error, AuthRefused) and error.code in AUTHENTICATION:
            self._refusal, self._refused_until_s = error, self._clock.monotonic_s() + self._auth_pause_s
            facts = {"text": error.text, "code": error.code, "pause_s": self._auth_pause_s}
            log(logging.ERROR, "key.refused", facts, error)

    def _refuse_early(self, call: Call) -> None:
        """Spare the exchange what it has just refused.

        A key that is not valid gets one request a minute, not a storm.
        """
        asked = call.asked
        facts = {"endpoint": asked.endpoint, "request_id": asked.request_id}
        wait_s = self._refused_until_s - self._clock.monotonic_s()
        if self._refusal is not None and wait_s > 0:
            text = f"{self._refusal.text}; not asked again for {wait_s:.0f} s"
            raise AuthRefused(text, code=self._refusal.code, **facts)
        if self._contention is not None and call.endpoint.priority is Priority.ORDER:
            raise KeyContended(self._contention.text, code=self._contention.code, **facts)
