"""A venue without a network for tests: signed requests in, responses out; frames in, frames out."""

import json
from typing import Any

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.http import Request, Response
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.sockets import Close
from genesis.adapters.venue.venue import DEMO_KEYS, Venue, path_after_version
from genesis.ports.secrets import Secret

Json = Any  # tests look into answers of all shapes


class Caller:
    """One user at the doors of a venue."""

    def __init__(self, venue: Venue, user: int = 0, first_nonce: int = 1) -> None:
        demo = DEMO_KEYS[user]
        self.venue = venue
        self.key = demo.key
        self.signer = Signer(Secret(demo.key), Secret(demo.secret))
        self.nonce = first_nonce
        self.at_ms = 0

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
        path, _, query = path.partition("?")
        pairs = dict(part.split("=", 1) for part in query.split("&")) if query else {}
        request = Request(method, path_after_version(path), pairs, headers or {}, body, "127.0.0.1", self.at_ms)
        return self.venue.request(path, request)

    def get(self, path: str) -> Json:
        return json.loads(self.send("GET", f"/v2/{path}").body)

    def post(self, path: str, **fields: Json) -> Response:
        body = json.dumps(fields).encode()
        self.nonce += 1
        return self.send("POST", f"/v2/{path}", body, self.signer.rest_headers(path, self.nonce, body))

    def ask(self, path: str, **fields: Json) -> Json:
        return json.loads(self.post(path, **fields).body)

    def control(self, name: str, **fields: Json) -> Json:
        response = self.send("POST", f"/sim/{name}", json.dumps(fields).encode())
        assert response.status == 200, response.body
        return json.loads(response.body)

    def submit(self, amount: str, price: str, kind: str = "EXCHANGE LIMIT", **more: Json) -> Json:
        return self.ask("auth/w/order/submit", type=kind, symbol="tBTCUSD", amount=amount, price=price, **more)


class Line:
    """One connection."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        connection = venue.connect("127.0.0.1", 0)
        assert connection is not None
        self.connection: ConnectionId = connection
        self.at_ms = 0

    def send(self, message: Json) -> list[Json]:
        """Send a message; return what came since the last look."""
        self.venue.receive(self.connection, json.dumps(message), self.at_ms)
        return self.frames()

    def frames(self) -> list[Json]:
        out = [what for connection, what in self.venue.take_outbox() if connection == self.connection]
        return [what if isinstance(what, Close) else json.loads(what) for what in out]

    def login(self, caller: Caller, **more: Json) -> list[Json]:
        caller.nonce += 1
        payload, signature = caller.signer.socket_payload(caller.nonce)
        return self.send(
            {
                "event": "auth",
                "apiKey": caller.key,
                "authNonce": caller.nonce,
                "authPayload": payload,
                "authSig": signature,
                **more,
            }
        )

    def order(self, **fields: Json) -> list[Json]:
        return self.send([0, "on", None, {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", **fields}])


def kinds(frames: list[Json]) -> list[str]:
    """The second element of every account frame."""
    return [frame[1] for frame in frames if isinstance(frame, list) and frame[0] == 0]
