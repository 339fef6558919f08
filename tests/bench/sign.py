"""Microseconds a signed order: body and headers, beside the ways that other clients take.

The order is the same for all; each call signs another nonce.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from statistics import median
from typing import Final

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.wire.codec import encode_body
from genesis.adapters.bitfinex.wire.requests import OrderSubmit
from genesis.ports.secrets import Secret
from tests.bench._turns import in_turn, report

KEY, SECRET = "k" * 43, "s" * 43
PATH: Final = "auth/w/order/submit"
ORDER: Final = OrderSubmit(
    type="EXCHANGE LIMIT", symbol="tBTCUSD", amount="0.015", price="91234", cid=28220153601968, flags=4096
)
NONCE: Final = 1_763_769_600_123_456

Case = Callable[[int], object]


def cases() -> dict[str, Case]:
    """Return what is measured, by name."""
    signer, secret, body = Signer(Secret(KEY), Secret(SECRET)), SECRET.encode(), encode_body(ORDER)
    fields = json.loads(body)

    def plain(nonce: int) -> object:
        text = json.dumps(fields)
        payload = f"/api/v2/{PATH}{nonce}{text}".encode()
        signature = hmac.new(secret, payload, hashlib.sha384).hexdigest()
        return {"bfx-apikey": KEY, "bfx-nonce": str(nonce), "bfx-signature": signature}

    return {
        "genesis: body and headers": lambda nonce: signer.rest_headers(PATH, nonce, encode_body(ORDER)),
        "genesis: headers": lambda nonce: signer.rest_headers(PATH, nonce, body),
        "genesis: signature": lambda nonce: signer.signature(b"/api/v2/%b%d%b" % (PATH.encode(), nonce, body)),
        "hmac.digest: signature": lambda nonce: hmac.digest(
            secret, b"/api/v2/%b%d%b" % (PATH.encode(), nonce, body), "sha384"
        ).hex(),
        "json and hmac.new: body and headers": plain,
    }


def measure(runs: int, calls: int) -> dict[str, dict[str, object]]:
    """Return median, least and most microseconds of each case over *runs* runs of *calls* calls."""

    def repeated(case: Case) -> Callable[[], None]:
        def run() -> None:
            for nonce in range(NONCE, NONCE + calls):
                case(nonce)

        return run

    seconds = in_turn({name: repeated(case) for name, case in cases().items()}, runs)
    figures: dict[str, dict[str, object]] = {}
    for name, each in seconds.items():
        micros = [second / calls * 1e6 for second in each]
        middle, least, most = (round(number, 3) for number in (median(micros), min(micros), max(micros)))
        figures[name] = {"median_us": middle, "least_us": least, "most_us": most}
    return figures


def main() -> None:
    """Print the figures."""
    report("sign", lambda: measure(9, 5_000))


if __name__ == "__main__":
    main()
