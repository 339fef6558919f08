"""Whatever users send, a client that follows the frames holds the venue's book, and no message brings the venue
down."""

import json
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.adapters.venue.public_book import Line as BookLine
from genesis.adapters.venue.public_book import checksum
from tests.e2e.venue_house import BTC, quiet_venue
from tests.unit.adapters.venue_bench import Caller, Line

Json = Any  # frames have all shapes
CHANNELS = (("P0", "25", 0), ("R0", "25", 0), ("P1", "1", 0), ("P0", "250", 536870912))
KINDS = ("LIMIT", "MARKET", "STOP", "STOP LIMIT", "TRAILING STOP", "FOK", "IOC")


class Holder:
    """A client of one book channel: it knows what the frames said and nothing else."""

    def __init__(self, line: Line, precision: str, length: str, flags: int) -> None:
        self.line = line
        self.precision = precision
        self.length = int(length)
        self.rows: dict[tuple[float, int], list[float]] = {}
        self.sequence = 0
        line.send({"event": "conf", "flags": 65536 | 131072 | flags})
        self.take(line.send({"event": "subscribe", "channel": "book", "symbol": BTC, "prec": precision, "len": length}))

    def take(self, frames: list[Json]) -> None:
        for frame in (frame for frame in frames if isinstance(frame, list)):
            assert frame[-1] == self.sequence + 1
            self.sequence = frame[-1]
            if frame[1] == "cs":
                assert frame[2] == self.checksum()
            elif frame[1] != "hb":
                for row in frame[1] if frame[1] and isinstance(frame[1][0], list) else [frame[1]] if frame[1] else []:
                    self.apply(row)

    def apply(self, row: list[float]) -> None:
        side = 1 if row[2] > 0 else -1
        if row[1] == 0:
            del self.rows[row[0], side]  # a deletion names what the client has
        else:
            self.rows[row[0], side] = row
        assert sum(side == known for _, known in self.rows) <= self.length

    def sides(self) -> tuple[list[list[float]], list[list[float]]]:
        place = 1 if self.precision == "R0" else 0
        bids = sorted((row for row in self.rows.values() if row[2] > 0), key=lambda row: (-row[place], row[0]))
        asks = sorted((row for row in self.rows.values() if row[2] < 0), key=lambda row: (row[place], row[0]))
        return bids, asks

    def checksum(self) -> int:
        return checksum(
            *([BookLine(0, f"{row[0]:.12g}", "", f"{row[2]:.12g}") for row in side] for side in self.sides())
        )


def some_order(dice: random.Random) -> dict[str, Json]:
    price = str(100 + dice.randint(-8, 9))
    return {
        "type": dice.choice(("EXCHANGE ", "")) + dice.choice(KINDS),
        "symbol": BTC,
        "amount": f"{dice.choice((1, -1)) * dice.randint(1, 40) / 10}",
        "price": price,
        "price_aux_limit": str(100 + dice.randint(-8, 9)),
        "price_trailing": str(dice.randint(1, 5)),
        "price_oco_stop": str(100 + dice.randint(-8, 9)),
        "flags": dice.choice((0, 0, 0, 64, 512, 1024, 4096, 16384)),
        "meta": dice.choice(({}, {"protect_selfmatch": 1})),
    }


def some_input(dice: random.Random, ids: list[int]) -> list[Json]:
    roll = dice.random()
    if roll < 0.7 or not ids:
        return [0, "on", None, some_order(dice)]
    order_id = dice.choice(ids)
    if roll < 0.8:
        return [0, "oc", None, {"id": order_id}]
    if roll < 0.95:
        change = {"id": order_id, "amount": str(dice.randint(-20, 20) / 10), "price": str(100 + dice.randint(-9, 9))}
        return [0, "ou", None, change]
    return [0, "oc_multi", None, {"all": 1}]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_a_client_that_follows_the_frames_holds_the_venues_book(seed: int) -> None:
    dice, venue = random.Random(seed), quiet_venue()
    holders = [Holder(Line(venue), *channel) for channel in CHANNELS]
    users = [Line(venue), Line(venue)]
    for at, line in enumerate(users):
        line.login(Caller(venue, user=at))
    by_connection = {holder.line.connection: holder for holder in holders}
    ids: list[int] = []
    for _ in range(80):
        venue.receive(dice.choice(users).connection, json.dumps(some_input(dice, ids)), 0)
        frames: dict[int, list[Json]] = {}
        for connection, what in venue.take_outbox():
            assert isinstance(what, str)
            frames.setdefault(connection, []).append(json.loads(what))
        for connection, holder in by_connection.items():
            holder.take(frames.get(connection, []))
        ids = [
            order.id for user in venue.core.exchange.accounts.by_user for order in venue.core.exchange.open_orders(user)
        ]
        assert venue.core.exchange.accounts.imbalance() == {}
    book = venue.core.public.books[BTC]
    for holder in holders:
        lines = [[json.loads(line.text()) for line in side] for side in book.lines(holder.precision, holder.length)]
        assert [*holder.sides()] == lines


@settings(max_examples=150, deadline=None)
@given(
    message=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "event",
                        "channel",
                        "symbol",
                        "key",
                        "flags",
                        "chanId",
                        "id",
                        "cid",
                        "amount",
                        "price",
                        "type",
                        "tif",
                        "meta",
                        "gid",
                        "prec",
                        "len",
                    )
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ),
    name=st.sampled_from(("on", "ou", "oc", "oc_multi", "ox_multi", "calc", "n", "fon", "foc", "x")),
)
def test_no_message_brings_the_venue_down(message: Json, name: str) -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.login(Caller(venue))
    for text in (
        message,
        [0, name, None, message],
        {"event": "subscribe", "channel": "book", "symbol": message},
        {"event": "conf", "flags": message},
        {"event": "unsubscribe", "chanId": message},
        {"event": "auth", "apiKey": message},
        {"event": "ping", "cid": message},
    ):
        line.send(text)
    caller = Caller(venue, user=1)
    for path in (
        "auth/w/order/submit",
        "auth/w/order/cancel/multi",
        "auth/w/order/multi",
        "auth/r/trades/hist",
        "auth/w/transfer",
    ):
        body = json.dumps(message).encode()
        caller.nonce += 1
        response = caller.send("POST", f"/v2/{path}", body, caller.signer.rest_headers(path, caller.nonce, body))
        json.loads(response.body)
