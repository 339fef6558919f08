"""`kill` looks on after nothing is open: an order whose bytes had left before may arrive later (I9, E16)."""

import json
from collections.abc import Callable
from itertools import count
from typing import cast

import pytest

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.http import Request
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.app.kill_orders import IDS_IN_A_REQUEST, Killer, KillRules, Left
from genesis.domain.nonce import CIDS_PER_MS
from genesis.domain.order import Cid, OrderType, Side
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder, Refusal
from genesis.domain.units import Mts, Price, atoms
from genesis.ports.errors import ExchangeError, Maintenance, OutcomeUnknown, Rejected, Unreachable
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, quiet_venue

DEMO = DEMO_KEYS[0]
RULES = KillRules()


class World:
    """A venue, the time that passes while `kill` sleeps, and what it says."""

    def __init__(self) -> None:
        self.venue: Venue = quiet_venue()
        self.begun = self.venue.now
        self.told: list[str] = []
        self.asked: list[tuple[float, str]] = []
        self._signer = Signer(Secret(DEMO.key), Secret(DEMO.secret))
        self._nonces = count(1)

    @property
    def now_s(self) -> float:
        return (self.venue.now - self.begun) / 1000

    def sleep(self, seconds: float) -> None:
        self.venue.core.advance(Mts(self.venue.now + round(seconds * 1000)))

    def post(self, path: str, body: dict[str, object]) -> object:
        self.asked.append((self.now_s, path))
        sent = json.dumps(body).encode()
        headers = self._signer.rest_headers(path, next(self._nonces), sent)
        request = Request("POST", path, {}, headers, sent, "", round(self.now_s * 1000))
        return json.loads(self.venue.request(f"/v2/{path}", request).body)

    def arrive_after(self, seconds: float) -> None:
        """Let an order that has left rest at the exchange only when *seconds* have passed."""
        self.venue.core.later(round(seconds * 1000), self._place)

    def _place(self) -> None:
        core = self.venue.core
        cid = Cid(self.begun * CIDS_PER_MS)
        ticket = OrderTicket(BTC, Side.BUY, OrderType.LIMIT, atoms("0.01"), Price(atoms("50")), cid=cid)
        result = core.exchange.submit(core.keys.by_key[DEMO.key].user, ticket, core.now)
        assert not isinstance(result, Refusal)
        core.apply(result.events)

    @property
    def open_orders(self) -> list[PlacedOrder]:
        core = self.venue.core
        return core.exchange.open_orders(core.keys.by_key[DEMO.key].user)

    def kill(self, rules: KillRules = RULES) -> Left:
        say: Callable[[str], None] = self.told.append
        return Killer(self, rules, say, lambda: self.now_s, self.sleep).run()


def test_an_order_that_arrives_late_is_cancelled_too() -> None:
    for late_s in (0.5, 3.0, 30.0, 59.0):
        world = World()
        world.arrive_after(late_s)
        left = world.kill()
        assert (left.is_done, left.cancelled, world.open_orders) == (True, 1, []), f"{late_s} s late"
        assert world.now_s >= 60


def test_it_says_at_once_that_nothing_is_open_and_asks_seldom_while_it_looks_on() -> None:
    world = World()
    assert world.kill().is_done
    (said,) = world.told
    assert said.startswith("0 orders cancelled, none of ours is open; looking on for 60 s")
    assert len(world.asked) <= 16
    assert world.now_s == 60


def test_who_does_not_want_to_wait_needs_not() -> None:
    world = World()
    world.arrive_after(30)
    assert world.kill(KillRules(watch_s=0.0)).is_done
    assert world.now_s == 1.0


def test_after_maintenance_it_looks_on_for_as_long_as_from_the_beginning() -> None:
    world = World()
    world.arrive_after(615)
    post = world.post

    def maintained(path: str, body: dict[str, object]) -> object:
        if 0.5 < world.now_s < 600:
            raise Maintenance("maintenance", endpoint=path)
        return post(path, body)

    world.post = maintained  # type: ignore[method-assign]  # ten minutes of maintenance
    left = world.kill()
    assert (left.is_done, left.cancelled, world.open_orders) == (True, 1, [])
    assert world.now_s >= 660


def test_an_order_that_comes_late_and_does_not_go_is_told() -> None:
    world = World()
    world.arrive_after(59)
    post = world.post

    def deaf(path: str, body: dict[str, object]) -> object:
        return [0, 0, 0, 0, [], 0, "SUCCESS", ""] if path.endswith("multi") else post(path, body)

    world.post = deaf  # type: ignore[method-assign]  # cancels are lost
    left = world.kill(KillRules(wait_s=20.0))
    assert (left.is_done, len(left.ids), left.problem) == (False, 1, "not gone within 20 s")


@pytest.mark.parametrize("problem", [Rejected, OutcomeUnknown, Unreachable])
def test_a_request_that_fails_keeps_none_of_the_others_from_being_sent(problem: type[ExchangeError]) -> None:
    """R23: in each turn the first request has an order that cannot be cancelled."""
    world = World()
    for late_s in range(250):
        world.arrive_after(late_s / 1000)
    world.sleep(1)
    post, stubborn = world.post, list[int]()

    def refuse(path: str, body: dict[str, object]) -> object:
        ids = cast("list[int]", body.get("id", []))
        stubborn.extend([] if stubborn else ids[:1])
        if set(stubborn) & set(ids):
            raise problem("not now", endpoint=path)
        return post(path, body)

    world.post = refuse  # type: ignore[method-assign]  # an answer that the venue never gives
    left = world.kill(KillRules(wait_s=5))
    assert "not now" in left.problem
    assert 0 < len(world.open_orders) <= IDS_IN_A_REQUEST
