"""Where requests may go."""

import pytest

from genesis.adapters.bitfinex.rest_settings import RestSettings


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bitfinex.com/v2/",
        "http://127.0.0.1.example.com/v2/",
        "http://localhost@example.com/v2/",
        "ftp://127.0.0.1/v2/",
        "api.bitfinex.com/v2/",
        "https:///v2/",
        "https://user:word@api.bitfinex.com/v2/",
    ],
)
def test_nothing_is_sent_in_plain_text_but_to_this_machine(url: str) -> None:
    """C2."""
    with pytest.raises(ValueError, match="must"):
        RestSettings(auth_url=url)
    with pytest.raises(ValueError, match="must"):
        RestSettings(public_url=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/v2/", "http://localhost/v2/", "http://[::1]:1/v2/"])
def test_this_machine_may_be_asked_in_plain_text(url: str) -> None:
    assert RestSettings(auth_url=url).auth_url == url


def test_a_base_ends_with_the_version() -> None:
    with pytest.raises(ValueError, match="end in /v2/"):
        RestSettings(auth_url="https://api.bitfinex.com/")
