"""Microseconds a signed order: body and headers, beside the ways that other clients take.

Run as `python -m genesis.bench.sign`. The cases take turns run by run, for a machine's speed wanders: their ratio is
the result. The order is the same for all; each call signs another nonce.
"""

import argparse
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.wire.codec import encode_body
from genesis.adapters.bitfinex.wire.requests import OrderSubmit
from genesis.ports.secrets import Secret

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


def measure(runs: int, calls: int) -> dict[str, dict[str, float]]:
    """Return median, least and most microseconds of each case over *runs* runs of *calls* calls."""
    seconds: dict[str, list[float]] = {name: [] for name in cases()}
    for run in range(runs + 1):
        for name, case in cases().items():
            start = perf_counter()
            for nonce in range(NONCE, NONCE + calls):
                case(nonce)
            if run:  # the first one warms up
                seconds[name].append((perf_counter() - start) / calls * 1e6)
    return {
        name: {"median_us": round(median(each), 3), "least_us": round(min(each), 3), "most_us": round(max(each), 3)}
        for name, each in seconds.items()
    }


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--calls", type=int, default=5_000)
    options = parser.parse_args()
    figures = measure(options.runs, options.calls)
    json.dump({"bench": "sign", "runs": options.runs, "calls": options.calls, "cases": figures}, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
