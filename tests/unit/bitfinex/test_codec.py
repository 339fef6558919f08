"""What is shown of an answer that cannot be read."""

import pytest

from genesis.adapters.bitfinex.wire.codec import SHOWN_MAX, decode, excerpt
from genesis.ports.errors import ProtocolViolation

SECRET = "S3cretS3cretS3cretS3cretS3cretS3cret"


@pytest.mark.parametrize("before", range(SHOWN_MAX - 60, SHOWN_MAX + 5))
def test_an_excerpt_holds_whole_words_for_half_a_secret_would_pass_for_none(before: int) -> None:
    body = b'["' + b"x" * (before - 2) + b'","' + SECRET.encode() + b'",1]'
    with pytest.raises(ProtocolViolation) as caught:
        decode(body, list[int], endpoint="wallets")
    assert SECRET in str(caught.value) or SECRET[:4] not in str(caught.value)


def test_one_long_word_is_not_shown_at_all() -> None:
    assert excerpt(b"x" * 1000) == "…"
    assert excerpt(b"x" * SHOWN_MAX) == "x" * SHOWN_MAX
