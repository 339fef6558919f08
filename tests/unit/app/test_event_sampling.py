"""Sampling keeps a log readable and loses nothing that matters."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.app.event_sampling import CATEGORIES, RATES, Sampler, category_of, rates_from
from genesis.ports.errors import InputError
from genesis.ports.monitor import Category, Severity

events = st.lists(
    st.tuples(
        st.sampled_from(CATEGORIES), st.sampled_from(("info", "warning", "error")), st.floats(0.0, 5.0, allow_nan=False)
    ),
    max_size=300,
)


@given(events)
def test_no_warning_and_no_order_is_ever_withheld(seen: list[tuple[Category, Severity, float]]) -> None:
    sampler = Sampler(dict.fromkeys(RATES, 0))
    for category, severity, now_s in sorted(seen, key=lambda each: each[2]):
        passes = sampler.admits(category, severity, now_s)
        assert passes is (severity != "info" or category == "order")


@given(events)
def test_a_second_holds_no_more_than_its_rate_and_the_rest_is_counted(
    seen: list[tuple[Category, Severity, float]],
) -> None:
    sampler, passed, withheld = Sampler(), Counter[tuple[Category, int]](), Counter[Category]()
    for category, severity, now_s in sorted(seen, key=lambda each: each[2]):
        if severity == "info" and category != "order":
            if sampler.admits(category, severity, now_s):
                passed[category, int(now_s)] += 1
            else:
                withheld[category] += 1
    assert all(count <= RATES[category] for (category, _), count in passed.items())
    assert {each: sampler.withheld(each) for each in CATEGORIES} == {each: withheld[each] for each in CATEGORIES}


@pytest.mark.parametrize(
    ("event", "category"),
    [
        ("order.filled", "order"),
        ("rest.failed", "link"),
        ("breaker.turned", "link"),
        ("key.contended", "security"),
        ("nonce.bump", "security"),
        ("audit.torn_line", "config"),
        ("risk.max_drawdown", "risk"),
        ("venue.serving", "system"),
        ("", "system"),
    ],
)
def test_an_event_is_of_the_category_that_its_first_word_tells(event: str, category: Category) -> None:
    assert category_of(event) == category


def test_rates_are_read_and_keep_what_they_do_not_name() -> None:
    assert rates_from("market=7, link=0") == {**RATES, "market": 7, "link": 0}
    assert rates_from("") == RATES


@pytest.mark.parametrize("text", ["order=1", "weather=1", "market", "market=", "market=-1", "market=1.5", "=1"])
def test_a_rate_that_is_none_is_named(text: str) -> None:
    with pytest.raises(InputError, match="GENESIS_LOG_SAMPLE"):
        rates_from(text)
