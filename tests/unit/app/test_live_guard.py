"""What keeps a live session from beginning: every guard by itself, and all of them at once."""

from decimal import Decimal

import pytest

from genesis.app.live_guard import (
    PHRASE,
    Seen,
    account_problems,
    cash_problems,
    is_paper,
    limit_problems,
    loosened,
    phrase_problem,
    price_problems,
    problems,
    skew_problems,
)
from genesis.domain.exchange.account import Permission, Wallet, WalletKind
from genesis.domain.exchange.market import PairRules, Ticker
from genesis.domain.json_value import JsonObject
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits
from genesis.domain.units import Atoms, Currency, Symbol, format_atoms
from tests.unit.domain.accounts import CASH, INSTRUMENT, World

BTC, PAPER = Symbol("tBTCUSD"), Symbol("tTESTBTC:TESTUSD")


def wallet(currency: str, balance: str, kind: WalletKind = WalletKind.EXCHANGE) -> Wallet:
    return Wallet(kind, Currency(currency), Decimal(balance), None, Decimal(0))


def ticker(last_price: float | None) -> Ticker:
    return Ticker(BTC, *(None,) * 6, last_price, *(None,) * 3)


GOOD = Seen(
    [Permission("orders", can_read=True, can_write=True), Permission("withdraw", can_read=True, can_write=False)],
    [wallet("USD", "1000")],
    [PairRules(BTC, Atoms(1), Atoms(2), None, None)],
    [],
    0.4,
    1,
)


def test_everything_as_it_should_be_is_no_problem() -> None:
    assert problems([BTC], GOOD) == []


def test_all_problems_are_told_at_once() -> None:
    seen = Seen([], [wallet("TESTUSD", "10")], [], [], -9.0, 1)
    assert len(problems([BTC], seen)) == 4


@pytest.mark.parametrize(
    ("price", "is_fine"), [(None, True), (0.0, True), (0.0001, True), (0.000099999, False), (8.1234e-6, False)]
)
def test_what_is_too_cheap_for_the_decimals_of_a_price_is_not_traded(price: float | None, is_fine: bool) -> None:
    found = price_problems(World("one").core, [ticker(price)])
    assert (found == []) is is_fine
    assert all(each.startswith("tBTCUSD trades at") for each in found)


def test_what_is_held_of_something_cheap_keeps_no_session_from_going_on() -> None:
    world = World("one")
    assert price_problems(world.core, [ticker(0.00001)])
    world.close(1.0)
    assert price_problems(world.core, [ticker(0.00001)]) == []


def test_the_phrase_is_exact() -> None:
    assert phrase_problem(f"{PHRASE}\n") == ""
    for typed in ("", "yes", PHRASE.lower(), PHRASE + "!"):
        assert PHRASE in phrase_problem(typed)


@pytest.mark.parametrize(
    ("symbols", "wallets", "count"),
    [
        ([BTC], [wallet("USD", "1")], 0),
        ([PAPER], [wallet("TESTUSD", "1")], 0),
        ([PAPER], [wallet("USD", "1")], 1),
        ([BTC, PAPER], [wallet("USD", "1")], 1),
        ([BTC], [wallet("TESTUSD", "1")], 1),
        ([BTC], [], 1),
        ([BTC], [wallet("USD", "0")], 1),
        ([BTC], [wallet("USD", "1"), wallet("TESTBTC", "1")], 1),
    ],
)
def test_e5_e10_paper_money_trades_paper_symbols_and_real_money_real_ones(
    symbols: list[Symbol], wallets: list[Wallet], count: int
) -> None:
    assert len(account_problems(symbols, wallets)) == count


def test_paper_symbols_are_known_by_their_currencies() -> None:
    assert [is_paper(Symbol(name)) for name in ("tTESTBTC:TESTUSD", "tBTCUSD", "tTESTBTC:TESTUSDT")] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("skew_s", "is_fine"), [(0.0, True), (4.9, True), (-4.9, True), (5.1, False), (-31.0, False)])
def test_b5_a_clock_that_is_off_by_more_than_five_seconds_does_not_start(skew_s: float, is_fine: bool) -> None:
    assert (skew_problems(skew_s) == []) is is_fine


def test_only_the_exchange_wallet_counts_for_what_strategies_trade_with() -> None:
    core = World("one").core  # begins with 1000 USD
    assert cash_problems(core, ["one"], [wallet("USD", "1000")]) == []
    (problem,) = cash_problems(core, ["one"], [wallet("USD", "999"), wallet("USD", "5000", WalletKind.MARGIN)])
    assert "one shall begin with 1000 USD" in problem


def test_what_a_strategy_has_put_into_coins_keeps_no_session_from_going_on() -> None:
    world = World("one", "two")
    world.close(1.0, 0.0)
    left = world.core.cash
    assert left < 2 * CASH
    wallets = [wallet("USD", format_atoms(left))]
    assert cash_problems(world.core, [], wallets) == []
    assert cash_problems(world.core, ["two"], wallets) == []
    (problem,) = cash_problems(world.core, ["two"], [wallet("USD", format_atoms(Atoms(left - 1)))])
    assert "two shall begin with 1000 USD" in problem


def test_an_order_limit_below_the_least_that_the_exchange_takes_begins_no_session() -> None:
    least = INSTRUMENT.amount_min
    limits, too_low = (
        AccountLimits((InstrumentLimits(BTC, max_order_amount=most),)) for most in (least, Atoms(least - 1))
    )
    assert limit_problems(limits, {BTC: INSTRUMENT}) == []
    assert limit_problems(too_low, {PAPER: INSTRUMENT}) == []
    (problem,) = limit_problems(too_low, {BTC: INSTRUMENT})
    assert "0.00009999" in problem


def test_e5_a_file_of_one_s_own_loosens_no_limit_that_is_in_force() -> None:
    in_force: JsonObject = {"dry_run": True, "max_daily_loss": 250, "risk": {"max_exposure": "100"}}
    assert loosened(in_force, {**in_force, "dry_run": False}) == []
    assert loosened(in_force, {"dry_run": False, "max_daily_loss": 300, "risk": {"max_exposure": "50"}}) == []
    (raised,) = loosened(in_force, {"dry_run": False, "max_daily_loss": 25_000, "risk": {"max_exposure": "100"}})
    assert "raise $.max_daily_loss from 250 to 25000" in raised
    assert len(loosened(in_force, {"dry_run": False})) == 2
