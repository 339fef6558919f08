"""E6: a secret in a configuration is refused with a hint, and never repeated."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genesis.app.config_document import judge_text
from genesis.app.config_problems import problems
from genesis.domain.config_secrets import is_reference, masked, secrets_in
from genesis.domain.json_value import JsonObject, canonical_json

# Put together here, so that no scanner of this repository takes them for real ones.
PLAIN = {
    "bitfinex": "mQ3xTz8Lr0" + "WvYb6Nc1Ke" + "Hj9Sd5Fg7P" + "aUo2Ii4",
    "hex": "9f86d081" + "884c7d65" + "9a2feaa0" + "c55ad015",
    "token": "pub:api:" + "5f1c0a9e-caps",
    "web token": "eyJhbGciOiJI" + ".eyJzdWIi.x",
    "own token": "gen_" + "abcdefghijklmnopqrst",
    "pem": "-----BEGIN EC PRIVATE" + " KEY-----",
    "address": "https://user:" + "hunter2@example.invalid/x",
    "telegram": "123456789" + ":AAE" + "x" * 32,
}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_e6_a_secret_is_found_by_its_look_wherever_it_stands_and_never_repeated(name: str) -> None:
    secret = PLAIN[name]
    places: list[tuple[JsonObject, str]] = [
        ({"dry_run": True, "x-a": {"b": [secret]}}, "$.x-a.b[0]"),
        ({"dry_run": True, "strategy": {"name": "ema_cross", "params": {"p": secret[:64]}}}, "$.strategy.params.p"),
        ({"dry_run": True, f"x-{secret}": 1}, "$['***']"),
        ({"dry_run": True, secret: 1}, "$['***']"),
    ]
    for document, place in places:
        found = [problem for problem in problems(document) if problem.rule == "secret"]
        assert [problem.path for problem in found] == [place], name
        assert "env:NAME" in found[0].message
        said = str(problems(document)) + str(judge_text(canonical_json(document).encode()))
        assert secret not in said
        assert secret[-12:] not in said


@pytest.mark.parametrize(
    "key", ["api_key", "apiSecret", "API-KEY", "bot_token", "password", "passphrase", "credentials"]
)
def test_e6_a_secret_is_found_by_its_name(key: str) -> None:
    document: JsonObject = {"dry_run": True, "x-mine": {key: "short"}}
    (problem,) = problems(document)
    assert (problem.path.endswith(key) or key in problem.path, problem.rule) == (True, "secret")
    assert "short" not in problem.message


@pytest.mark.parametrize(
    "reference", ["env:BITFINEX_KEY", "file:/run/secrets/key", "keyring:genesis/key", "azure-kv:vault/name", "op:v/i/f"]
)
def test_e6_a_reference_is_no_secret(reference: str) -> None:
    assert is_reference(reference)
    assert problems({"dry_run": True, "x-mine": {"api_key": reference}}) == []


@pytest.mark.parametrize(
    "harmless",
    [
        "../shared/data/tBTCUSD-1m-2017.csv.gz",
        "/home/trader/Candles2024/Bitfinex/tBTCUSD/OneMinute/part1",
        "a-long-strategy-name-of-version-20240101-best-of-7",
        "0" * 64,
        "1" * 40,
        "https://example.invalid/path?x=1",
        "2017-02-01T12:30:00Z",
        "the key to it is patience",
    ],
)
def test_what_is_no_secret_is_let_in(harmless: str) -> None:
    assert problems({"dry_run": True, "x-note": harmless, "data": {"paths": [harmless]}}) == []


def test_e6_a_value_that_the_process_knows_is_found_whatever_it_looks_like() -> None:
    document: JsonObject = {"dry_run": True, "x-note": "before correct horse after"}
    assert problems(document) == []
    (problem,) = problems(document, lambda text: "correct horse" in text)
    assert (problem.path, "horse" in problem.message) == ("$.x-note", False)


words = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(sorted(PLAIN.values()))
documents = st.recursive(
    words | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(words, documents, max_size=3))
@example({"apiKey": "a secret of no shape"})
def test_e6_what_is_masked_holds_none_of_what_was_found(document: JsonObject) -> None:
    text = canonical_json(masked((), document))
    assert not [secret for secret in PLAIN.values() if secret in text]
    assert secrets_in(masked((), {"a": document})) == []
