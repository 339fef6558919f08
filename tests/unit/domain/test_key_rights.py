"""Which keys a trading program takes: every combination of rights, and answers that say nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.exchange.account import Permission
from genesis.domain.exchange.key_rights import refusals

TRADING = ("account", "funding", "history", "orders", "positions")
OTHERS = ("withdraw", "ui_withdraw", "wallets", "settings", "teleport")
SCOPES = (*TRADING, *OTHERS)


def rights(writable: set[str]) -> list[Permission]:
    return [Permission(scope, can_read=True, can_write=scope in writable) for scope in SCOPES]


@given(writable=st.sets(st.sampled_from(SCOPES)), allowed=st.sets(st.sampled_from(SCOPES)))
def test_a_key_trades_only_with_rights_that_trading_needs_or_somebody_allowed(
    writable: set[str], allowed: set[str]
) -> None:
    accepted = not refusals(rights(writable), is_trading=True, allowed=allowed)
    assert accepted == ("orders" in writable and not (writable & set(OTHERS)) - allowed)


@given(writable=st.sets(st.sampled_from(SCOPES)))
def test_a_key_that_shall_only_read_writes_nothing(writable: set[str]) -> None:
    assert (not refusals(rights(writable), is_trading=False)) == (not writable)


@pytest.mark.parametrize("scope", OTHERS)
def test_each_right_beyond_trading_is_named(scope: str) -> None:
    (reason,) = refusals(rights({"orders", scope}), is_trading=True)
    assert reason.startswith("can ")


@pytest.mark.parametrize(
    "permissions", [[], [Permission("orders", can_read=True, can_write=True)] * 2], ids=["nothing", "twice"]
)
def test_an_answer_that_says_nothing_for_certain_refuses_the_key(permissions: list[Permission]) -> None:
    assert refusals(permissions, is_trading=True)
    assert refusals(permissions, is_trading=False)
