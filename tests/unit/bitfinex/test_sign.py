"""Signatures against the worked examples of the protocol's description and against the standard library."""

import hmac
import pickle
from traceback import TracebackException

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.sign import Signer
from genesis.ports.secrets import Secret

SUBMIT = b'{"type":"EXCHANGE LIMIT","symbol":"tBTCUSD","amount":"0.5","price":"100"}'

BROKEN = Secret("canary-\ud800")


def test_a_request_without_parameters_signs_as_published() -> None:
    headers = Signer(Secret("K"), Secret("demo-secret")).rest_headers("auth/r/wallets", 1700000000000000, b"{}")
    assert headers == {
        "bfx-apikey": "K",
        "bfx-nonce": "1700000000000000",
        "bfx-signature": "58890465f922488f358d83358b5ff2406fa988805e85cb389b0046c0eb15f8f3"
        "88ab8cf1c87806ca3f4f944cb7e700d6",
    }


def test_an_order_signs_as_published() -> None:
    headers = Signer(Secret("K"), Secret("demo-secret")).rest_headers("auth/w/order/submit", 1700000000000001, SUBMIT)
    assert headers["bfx-signature"] == (
        "6dfbbccaf566e2dffa1a6b27a1eacd60ae63db0e1d022f45db48bb5eb53d5b279cad7e92742a7b4a704025552e0076ff"
    )


def test_a_socket_authentication_signs_as_published() -> None:
    assert Signer(Secret("K"), Secret("demo-secret")).socket_payload(1700000000000002) == (
        "AUTH1700000000000002",
        "6c0927c20ebda81f7824bc3d5f81f316acf66aa19577006a5add3d5ff9120126b82527c2c30af83b06fb9557d544cc63",
    )


@given(secret=st.text(min_size=1, max_size=200), payload=st.binary(max_size=500))
def test_it_is_the_hmac_of_the_standard_library(secret: str, payload: bytes) -> None:
    signer = Signer(Secret("K"), Secret(secret))
    expected = hmac.new(secret.encode(), payload, "sha384").hexdigest()
    assert [signer.signature(payload), signer.signature(payload)] == [expected, expected]


def test_a_secret_that_cannot_be_encoded_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        Signer(Secret("K"), BROKEN)
    shown = TracebackException.from_exception(caught.value, capture_locals=True)
    assert shown.stack
    assert "canary-" not in "".join(shown.format())


def test_nothing_printed_or_pickled_shows_the_secret() -> None:
    signer = Signer(Secret("key-0123456789"), Secret("secret-0123456789"))
    assert repr(signer) == str(signer) == "Signer(…)"
    with pytest.raises(TypeError):
        pickle.dumps(signer)


@pytest.mark.parametrize(
    ("key", "secret"), [("", "s"), ("k", ""), ("k\r\nx: y", "s"), ("ké", "s"), ("a b", "s"), ("k\x7f", "s")]
)
def test_a_key_that_cannot_be_sent_is_refused(key: str, secret: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Signer(Secret(key), Secret(secret))
