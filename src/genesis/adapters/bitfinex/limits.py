"""Who may send now: request budgets by endpoint family, which processes share, and a breaker by host.

The decisions are `domain.resilience`; here is the waiting. Nobody holds anything while waiting, so a cancel never
stands behind a download: it finds the part of the budget that downloads may not touch.
"""

import logging

from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.errors import Asked
from genesis.adapters.bitfinex.log import log
from genesis.domain.resilience import Breaker, BreakerRules, BreakerState, Priority
from genesis.ports.budgets import Budgets
from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError, OutcomeUnknown, RateLimited, Unreachable
from genesis.ports.metrics import Metrics

STATE_VALUES = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 1.0, BreakerState.OPEN: 2.0}


class Limits:
    """The budgets and breakers of one address: make one for a process and give it to every client."""

    def __init__(self, clock: Clock, metrics: Metrics, budgets: Budgets, rules: BreakerRules | None = None) -> None:
        """*budgets* are those of the address, of whatever process."""
        self._clock = clock
        self._metrics = metrics
        self._budgets = budgets
        self._rules = rules or BreakerRules()
        self._breakers: dict[str, Breaker] = {}

    async def admit(self, endpoint: Endpoint, host: str, asked: Asked, leave_by_s: float) -> None:
        """Wait until a request may start, and count it; `RateLimited` or `Unreachable` if that is past *leave_by_s*.

        A cancel passes an open breaker: it makes nothing worse, and its answer tells whether the host is back.
        """
        budget, breaker = self._budgets.of(endpoint.ration), self._breaker(host)
        while True:
            now_s = self._clock.monotonic_s()
            breaker_s = 0.0 if endpoint.priority is Priority.CANCEL else breaker.wait_s(now_s)
            budget_s = 0.0 if breaker_s else budget.start(now_s, endpoint.priority)
            if not budget_s and not breaker_s:
                breaker.start(now_s)
                self._show(host, breaker)
                return
            if now_s + budget_s + breaker_s > leave_by_s:
                raise self._late(budget_s, breaker_s, endpoint, asked)
            await self._clock.sleep(budget_s + breaker_s)

    def finish(self, endpoint: Endpoint, host: str, error: ExchangeError | None) -> None:
        """Note how an admitted request ended: rate limits block its family, silence counts against its host."""
        now_s = self._clock.monotonic_s()
        if isinstance(error, RateLimited):
            self._budgets.of(endpoint.ration).block(now_s, error.retry_after_s)
            self._metrics.increment("rest_rate_limited_total", labels={"endpoint": endpoint.name})
            log(logging.WARNING, "rest.limited", {"endpoint": endpoint.name, "retry_after_s": error.retry_after_s})
        breaker = self._breaker(host)
        before = breaker.state
        breaker.finish(now_s, is_failure=isinstance(error, OutcomeUnknown | Unreachable))
        self._show(host, breaker)
        if breaker.state is not before:
            level = logging.WARNING if breaker.state is BreakerState.OPEN else logging.INFO
            log(level, "breaker.turned", {"host": host, "state": breaker.state.value, "before": before.value})

    def _late(self, budget_s: float, breaker_s: float, endpoint: Endpoint, asked: Asked) -> ExchangeError:
        if breaker_s:
            text = f"the last calls to this host failed: none is sent for {breaker_s:.1f} s"
            return Unreachable(text, endpoint=asked.endpoint, request_id=asked.request_id)
        text = f"our own budget of {endpoint.per_minute} requests a minute is used up for {budget_s:.1f} s"
        return RateLimited(text, endpoint=asked.endpoint, retry_after_s=budget_s, request_id=asked.request_id)

    def _breaker(self, host: str) -> Breaker:
        return self._breakers.setdefault(host, Breaker(self._rules))

    def _show(self, host: str, breaker: Breaker) -> None:
        self._metrics.gauge("rest_breaker_state", STATE_VALUES[breaker.state], {"host": host})
