"""The checker finds what it is there to find: each invariant broken by hand, and not found where nothing is broken."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from genesis.app.simulation.bounds import Bounds
from genesis.app.simulation.checker.checker import Belief, Checker
from genesis.app.simulation.checker.findings import Findings
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.chain import FIRST_HASH, Row
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.exchange_events import OrderMoved, OwnTrade, PublicTrade, Step
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder
from genesis.domain.simulation.matching_order import NO_PRICE, UserId
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol
from genesis.ports.transport import HttpAnswer, HttpRequest

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)
USER = UserId(7)
CID = 1000
ONE = 100_000_000
NOW = Mts(1_700_000_000_000)
MANY = 10**18
BOUNDS = Bounds(MANY, MANY, MANY, 1_000, 60.0)


class Scene:
    """A checker with hands to show it things."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.now_s = 0.0
        self.latch: str | None = None
        self.wallet = 0
        self.findings = Findings(lambda: self.now_s)
        self.checker = Checker(
            self.findings,
            USER,
            {BTC: INSTRUMENT},
            bounds,
            lambda: NOW,
            lambda order_id: order_id >= 900,
            lambda _: self.wallet,
            lambda: self.latch,
        )
        self._seq = 0
        guards = {"max_drawdown": 90_000_000, "max_daily_loss": None, "on_breach": "halt"}
        self.row(
            type="session_began",
            strategies=[{"name": "one", "instrument": {"symbol": BTC}, "limits": guards, "cash": 1_000 * ONE}],
            limits={"instruments": []},
        )
        self.row(type="link_state", mts=NOW, name="market", link="open", reason="")
        self.row(type="link_state", mts=NOW, name="account", link="open", reason="")
        self.row(type="account_shown", mts=NOW, look={"open_orders": [], "history": [], "fills": []})

    @property
    def broken(self) -> set[str]:
        """The invariants that were found broken."""
        return {violation.invariant for violation in self.findings.violations}

    def row(self, **entry: Any) -> None:
        self._seq += 1
        self.checker.journal.take([Row(self._seq, 0, "", json.dumps(entry), FIRST_HASH)])

    def intend(self, cid: int = CID, side: str = "buy", amount: int = ONE, undertaking: int = 0) -> None:
        order = {"cid": cid, "symbol": BTC, "side": side, "type": "market", "amount": amount}
        self.row(
            type="submit",
            order={**order, "price": None, "stop_price": None},
            reasons={},
            strategy="one",
            undertaking=undertaking,
        )

    def say(self, kind: str, cid: int = CID, **told: Any) -> None:
        self.row(type="order_reported", mts=NOW, symbol=BTC, cid=cid, evidence={"type": kind, **told})

    def send(self, cid: int = CID, amount: str = "1", symbol: str = BTC) -> None:
        body = {"type": "EXCHANGE MARKET", "symbol": symbol, "amount": amount, "cid": cid}
        self.checker.frame_left(json.dumps([0, "on", None, body]))

    def order(self, cid: int = CID, side: Side = Side.BUY, number: int = 1) -> PlacedOrder:
        ticket = OrderTicket(BTC, side, OrderType.MARKET, Atoms(ONE))
        prices = (NO_PRICE, NO_PRICE, NO_PRICE)
        return PlacedOrder(
            *(OrderId(number), USER, ticket, side, OrderType.MARKET, Atoms(ONE), Atoms(ONE)),
            *(*prices, Mts(0), cid, None, NOW, NOW, {}),  # type: ignore[arg-type]  # a cid is a number here
        )

    def place(self, cid: int = CID, side: Side = Side.BUY, number: int = 1) -> None:
        self.checker.truth.watch([OrderMoved(Step.OPENED, self.order(cid, side, number))], NOW)

    def trade(self, cid: int = CID, number: int = 1, trade: int = 5, amount: int = ONE, side: Side = Side.BUY) -> None:
        order = self.order(cid, side, number)
        match = OwnTrade(trade, NOW, order, Price(1), Atoms(amount), False, 0, Currency("BTC"))
        self.checker.truth.watch([match], NOW)

    def close(self, cid: int = CID, number: int = 1) -> None:
        self.checker.truth.watch([OrderMoved(Step.CLOSED, self.order(cid, number=number))], NOW)

    def book(self, amount: int = ONE, cid: int = CID) -> None:
        fill = {"mts": NOW, "symbol": BTC, "cid": cid, "side": "buy", "amount": amount, "price": 1, "fee": 0}
        self.row(type="booked", strategy="one", fill=fill)

    def healthy_life(self) -> None:
        self.intend()
        self.say("send_began")
        self.send()
        self.trade()
        self.close()
        self.say("traded", trade_id=5, order_id=1, amount=ONE)
        self.book()
        self.say("closed", id=1, filled=ONE, status="EXECUTED")


def test_a_life_in_which_nothing_is_wrong_breaks_nothing() -> None:
    scene = Scene()
    scene.healthy_life()
    belief = Belief({"BTC": 0}, {}, (), {})
    assert scene.checker.healed(belief, {}) == []
    assert scene.broken == set()
    assert {"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I16", "I22"} <= set(scene.findings.checks)


def sent_without_intent(scene: Scene) -> None:
    scene.send()


def sent_another_amount(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send(amount="2")


def sent_without_a_record(scene: Scene) -> None:
    scene.intend()
    scene.send()


def sent_twice(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.send()


def two_orders_for_one_cid(scene: Scene) -> None:
    scene.healthy_life()
    scene.place(number=2)


def order_that_nobody_sent(scene: Scene) -> None:
    scene.place()


def refused_and_yet_there(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.say("refused", reason="")
    scene.say("accepted", id=1, filled=0)


def ended_twice(scene: Scene) -> None:
    scene.healthy_life()
    scene.say("closed", id=1, filled=0, status="CANCELED")


def ended_before_it_did(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.place()
    scene.say("closed", id=1, filled=0, status="CANCELED")


def absent_and_yet_there(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.place()
    scene.now_s = 100.0
    scene.say("proven_absent", searched="")


def absent_by_age(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.now_s = 30.0
    scene.say("proven_absent", searched="")


def trade_of_another_size(scene: Scene) -> None:
    scene.healthy_life()
    scene.say("traded", trade_id=5, order_id=1, amount=ONE // 2)


def trade_that_never_was(scene: Scene) -> None:
    scene.healthy_life()
    scene.say("traded", trade_id=6, order_id=1, amount=ONE)


def booked_twice(scene: Scene) -> None:
    scene.healthy_life()
    scene.book()


def decided_while_the_link_was_down(scene: Scene) -> None:
    scene.row(type="link_state", mts=NOW, name="account", link="reconnect", reason="")
    scene.intend()


def decided_before_the_account_was_shown(scene: Scene) -> None:
    for link in ("reconnect", "open"):
        scene.row(type="link_state", mts=NOW, name="account", link=link, reason="")
    scene.intend()


def bought_while_halted(scene: Scene) -> None:
    scene.row(type="operator_asked", mts=NOW, asked="halt", target="", reason="")
    scene.intend()


def sent_in_maintenance(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.checker.frame_came('{"event":"info","code":20060,"msg":""}')
    scene.send()


def sent_while_killed(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")
    scene.latch = "a person wants it"
    scene.send()


def traded_with_ourselves(scene: Scene) -> None:
    for cid, side in ((CID, "buy"), (CID + 1, "sell")):
        scene.intend(cid, side)
        scene.say("send_began", cid)
        scene.send(cid, "1" if side == "buy" else "-1")
    scene.trade(CID, 1)
    scene.trade(CID + 1, 2, side=Side.SELL)


def cid_used_twice(scene: Scene) -> None:
    scene.intend()
    scene.intend()


def nonce_that_falls(scene: Scene) -> None:
    for nonce in (2_000, 1_999):
        request = HttpRequest("POST", "https://x/v2/auth/r/wallets", 1, 1, 1, {"bfx-nonce": str(nonce)})
        scene.checker.request_left(request)


def nonce_of_the_future(scene: Scene) -> None:
    nonce = str(NOW * 1000 + 3_600_000_000)
    scene.checker.frame_left(json.dumps({"event": "auth", "authNonce": nonce}))


def candle_that_goes_back(scene: Scene) -> None:
    prices = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0}
    for mts in (NOW - 120_000, NOW - 180_000):
        scene.row(type="candle_closed", symbol=BTC, candle={"mts": mts, **prices})


def candle_that_is_not_over(scene: Scene) -> None:
    prices = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0}
    scene.row(type="candle_closed", symbol=BTC, candle={"mts": NOW - 30_000, **prices})


def two_minds(scene: Scene) -> None:
    scene.checker.compare_minds(Belief({}, {}, (), {}), Belief({"BTC": 1}, {}, (), {}), "at a crash")


def two_recoveries(scene: Scene) -> None:
    scene.checker.recovered(Belief({}, {}, (), {}), Belief({}, {}, (), {"desk": ""}))


def broken_chain(scene: Scene) -> None:
    scene.checker.process_began([Row(1, 0, "event", "{}", FIRST_HASH)])


def process_with_a_mistake(scene: Scene) -> None:
    scene.checker.process_failed(KeyError("x"))


@pytest.mark.parametrize(
    ("break_it", "invariant"),
    [
        (sent_without_intent, "I1"),
        (sent_another_amount, "I1"),
        (sent_without_a_record, "I1"),
        (sent_twice, "I2"),
        (two_orders_for_one_cid, "I2"),
        (order_that_nobody_sent, "I3"),
        (refused_and_yet_there, "I4"),
        (ended_twice, "I4"),
        (ended_before_it_did, "I4"),
        (absent_and_yet_there, "I5"),
        (absent_by_age, "I5"),
        (trade_of_another_size, "I6"),
        (trade_that_never_was, "I6"),
        (booked_twice, "I16"),
        (decided_while_the_link_was_down, "I7"),
        (decided_before_the_account_was_shown, "I7"),
        (bought_while_halted, "I8"),
        (sent_in_maintenance, "I8"),
        (sent_while_killed, "I9"),
        (traded_with_ourselves, "I10"),
        (cid_used_twice, "I22"),
        (nonce_that_falls, "I20"),
        (nonce_of_the_future, "I21"),
        (candle_that_goes_back, "I31"),
        (candle_that_is_not_over, "I32"),
        (two_minds, "I24"),
        (two_recoveries, "I25"),
        (broken_chain, "I26"),
        (process_with_a_mistake, "I38"),
    ],
)
def test_what_is_broken_is_found(break_it: Callable[[Scene], None], invariant: str) -> None:
    scene = Scene()
    break_it(scene)
    assert invariant in scene.broken


@pytest.mark.parametrize(("waited_ms", "is_found"), [(0, True), (1, False)])
def test_i10_a_stop_that_waited_may_meet_an_order_of_ours_and_one_that_triggers_at_once_may_not(
    waited_ms: int, is_found: bool
) -> None:
    scene = Scene()
    for cid, side in ((CID, "buy"), (CID + 1, "sell")):
        scene.intend(cid, side)
        scene.say("send_began", cid)
        scene.send(cid, "1" if side == "buy" else "-1")
    scene.place(CID + 1, Side.SELL, 2)
    scene.trade(CID, 1)
    stop = evolve(scene.order(CID + 1, Side.SELL, 2), ticket=OrderTicket(BTC, Side.SELL, OrderType.STOP, Atoms(ONE)))
    match = OwnTrade(5, Mts(NOW + waited_ms), stop, Price(1), Atoms(ONE), False, 0, Currency("USD"))
    scene.checker.truth.watch([match], match.mts)
    assert ("I10" in scene.broken) is is_found


def test_i2_i12_an_order_may_leave_again_once_it_was_provably_refused_and_counts_once() -> None:
    scene = Scene(evolve(BOUNDS, orders_a_window=1))
    scene.intend()
    scene.say("send_began")
    body = json.dumps({"type": "EXCHANGE MARKET", "symbol": BTC, "amount": "1", "cid": CID}).encode()
    first, again = (
        HttpRequest("POST", "https://x/v2/auth/w/order/submit", 1, 1, 1, {"bfx-nonce": nonce}, body)
        for nonce in ("1", "2")
    )
    scene.checker.request_left(first)
    scene.checker.answer_came(first, HttpAnswer(500, {}, b'["error",10114,"nonce: small"]'))
    scene.checker.request_left(again)
    assert scene.broken == set()


def test_c12_a_page_of_the_front_end_refuses_nothing() -> None:
    scene = Scene()
    scene.intend()
    scene.say("send_began")
    body = json.dumps({"type": "EXCHANGE MARKET", "symbol": BTC, "amount": "1", "cid": CID}).encode()
    first, again = (
        HttpRequest("POST", "https://x/v2/auth/w/order/submit", 1, 1, 1, {"bfx-nonce": nonce}, body)
        for nonce in ("1", "2")
    )
    scene.checker.request_left(first)
    scene.checker.answer_came(first, HttpAnswer(502, {}, b"<html></html>"))
    scene.checker.request_left(again)
    assert scene.broken == {"I2"}


@pytest.mark.parametrize(
    ("bounds", "invariant"),
    [
        (evolve(BOUNDS, orders_a_window=1), "I12"),
        (evolve(BOUNDS, order_notional=ONE), "I12"),
        (evolve(BOUNDS, exposure_each=2 * ONE), "I11"),
        (evolve(BOUNDS, exposure=2 * ONE), "I11"),
    ],
)
def test_i11_i12_limits_are_reckoned_from_what_left_and_what_the_exchange_has(bounds: Bounds, invariant: str) -> None:
    scene = Scene(bounds)
    price = INSTRUMENT.price(2)
    scene.checker.truth.watch([PublicTrade(BTC, 1, NOW, Side.BUY, Atoms(1), price)], NOW)
    scene.wallet = 10 * ONE
    for cid in (CID, CID + 1):  # of the first nobody knows: it counts
        scene.intend(cid)
        scene.say("send_began", cid)
        scene.send(cid)
    assert invariant in scene.broken


@pytest.mark.parametrize(("side", "broken"), [("sell", set()), ("buy", {"I11"})])
def test_i11_what_came_to_be_worth_too_much_by_itself_may_be_sold(side: str, broken: set[str]) -> None:
    scene = Scene(evolve(BOUNDS, exposure_each=2 * ONE))
    scene.wallet = ONE
    scene.checker.truth.watch([PublicTrade(BTC, 1, NOW, Side.BUY, Atoms(1), INSTRUMENT.price(1))], NOW)
    scene.healthy_life()
    later = Mts(NOW + 600_000)  # nobody traded at the price of before within the last minutes
    scene.checker.truth.watch([PublicTrade(BTC, 2, later, Side.BUY, Atoms(1), INSTRUMENT.price(3))], later)
    scene.intend(CID + 1, side)
    scene.say("send_began", CID + 1)
    scene.send(CID + 1, "1" if side == "buy" else "-1")
    assert scene.broken == broken


def test_i11_what_was_proven_absent_counts_no_longer() -> None:
    scene = Scene(evolve(BOUNDS, exposure_each=2 * ONE))
    scene.checker.truth.watch([PublicTrade(BTC, 1, NOW, Side.BUY, Atoms(1), INSTRUMENT.price(2))], NOW)
    for cid in (CID, CID + 1):
        scene.intend(cid)
        scene.say("send_began", cid)
        scene.send(cid)
        scene.now_s += 100.0
        scene.say("proven_absent", cid, searched="")
    assert scene.broken == set()


def close_at(scene: Scene, minute: int, price: float) -> None:
    prices = {"open": price, "high": price, "low": price, "close": price}
    scene.row(type="candle_closed", symbol=BTC, candle={"mts": minute * 60_000, **prices, "volume": 1.0})


def bought(scene: Scene) -> None:
    """Let the strategy hold 10 coins for 10 each, of 1 000 that it may lose 9 % of."""
    price = INSTRUMENT.price(10)
    fill = {"mts": NOW, "symbol": BTC, "cid": 0, "side": "buy", "amount": 10 * ONE, "price": price, "fee": 0}
    scene.row(type="booked", strategy="one", fill=fill)
    close_at(scene, 1, 10.0)


@pytest.mark.parametrize(
    ("price", "side", "resumed", "broken"),
    [
        (2.0, "buy", False, set()),
        (0.0, "buy", False, {"I13"}),
        (0.0, "sell", False, set()),
        (0.0, "buy", True, set()),
    ],
)
def test_i13_who_lost_more_than_it_may_buys_no_more_until_it_is_resumed(
    price: float, side: str, resumed: bool, broken: set[str]
) -> None:
    scene = Scene()
    bought(scene)
    close_at(scene, 2, price)
    if resumed:
        scene.row(type="operator_asked", mts=NOW, asked="resume", target="one", reason="")
    scene.intend(side=side)
    assert scene.broken == broken


def test_i13_candles_before_the_account_was_shown_are_history() -> None:
    scene = Scene()
    bought(scene)
    guards = {"max_drawdown": 1, "max_daily_loss": None, "on_breach": "halt"}
    strategy = {"name": "one", "instrument": {"symbol": BTC}, "limits": guards, "cash": ONE}
    scene.row(type="session_began", strategies=[strategy], limits={"instruments": []})
    close_at(scene, 2, 0.0)
    scene.row(type="link_state", mts=NOW, name="account", link="open", reason="")
    scene.row(type="account_shown", mts=NOW, look={"open_orders": [], "history": [], "fills": []})
    scene.row(type="link_state", mts=NOW, name="market", link="open", reason="")
    scene.intend()
    assert scene.broken == set()


@pytest.mark.parametrize(("gone", "broken"), [(False, {"I2"}), (True, set())])
def test_i2_parts_are_never_more_than_the_whole(gone: bool, broken: set[str]) -> None:
    scene = Scene()
    scene.row(type="undertaken", undertaking={"id": 3, "amount": ONE}, reasons={})
    for cid in (CID, CID + 1):
        scene.intend(cid, undertaking=3)
        scene.say("send_began", cid)
        scene.send(cid)
        if gone:
            scene.say("refused", cid, reason="no")
    assert scene.broken == broken


@pytest.mark.parametrize("before", [True, False])
def test_i15_an_order_decided_after_limits_were_lowered_keeps_to_them(before: bool) -> None:
    scene = Scene()
    scene.checker.truth.watch([PublicTrade(BTC, 1, NOW, Side.BUY, Atoms(1), INSTRUMENT.price(2))], NOW)
    each = [{"symbol": BTC, "max_exposure": MANY}]
    lowered = {"instruments": each, "max_order_notional": ONE, "max_exposure": MANY}
    if before:
        scene.row(type="limits_applied", mts=NOW, limits=lowered)
    scene.intend()
    scene.say("send_began")
    if not before:
        scene.row(type="limits_applied", mts=NOW, limits=lowered)
    scene.send()
    assert scene.broken == ({"I15"} if before else set())


def test_i35_an_endpoint_that_is_asked_too_often_within_a_minute_is_found() -> None:
    scene = Scene()
    for number in range(31):
        scene.checker.request_left(
            HttpRequest("GET", f"https://x/v2/candles/trade:1m:tBTCUSD/hist?n={number}", 1, 1, 1)
        )
        scene.now_s += 1.9
        assert scene.broken == set() if number < 30 else {"I35"}
    scene.now_s += 60.0
    scene.checker.request_left(HttpRequest("GET", "https://x/v2/candles/trade:1m:tETHUSD/hist", 1, 1, 1))
    assert len(scene.findings.violations) == 1


@pytest.mark.parametrize(
    ("belief", "opened", "said"),
    [
        (Belief({"BTC": 1}, {}, (), {}), {}, "I18"),
        (Belief({"BTC": 0}, {CID: 1}, (), {}), {}, "I14"),
        (Belief({"BTC": 0}, {}, (), {}), {CID: 1}, "I14"),
        (Belief({"BTC": 0}, {}, (CID,), {}), {}, "I37"),
    ],
)
def test_i14_i18_i37_a_world_that_does_not_agree_is_not_healed(
    belief: Belief, opened: dict[int, int], said: str
) -> None:
    scene = Scene()
    scene.healthy_life()
    wrong = scene.checker.healed(belief, opened)
    assert [text.partition(":")[0] for text in wrong] == [said]
    scene.checker.require_healed(wrong)
    assert scene.broken == {said}


def test_i3_i16_what_the_exchange_has_and_the_journal_does_not_is_not_healed() -> None:
    scene = Scene()
    scene.intend()
    scene.say("send_began")
    scene.send()
    scene.trade()
    scene.close()
    wrong = scene.checker.healed(Belief({"BTC": 0}, {}, (), {}), {})
    assert {text.partition(":")[0] for text in wrong} == {"I37", "I3", "I16"}


LIMITS: dict[str, Any] = {
    "instruments": [],
    "max_data_age_ms": None,
    "price_collar": None,
    "max_repeats": None,
    "repeat_window_ms": 60_000,
    "max_positions": None,
}
ETH = Symbol("tETHUSD")


def limited(**limits: int) -> Scene:
    """Return a scene of a session with *limits*, with ETH beside BTC."""
    scene = Scene()
    scene.checker.instruments = {BTC: INSTRUMENT, ETH: spot_instrument(ETH)}
    guards = {"max_drawdown": None, "max_daily_loss": None, "on_breach": "halt"}
    cooling = {"cool_down_losses": limits.pop("cool_down_losses", None), "cool_down_ms": 60_000}
    strategies = [
        {"name": name, "instrument": {"symbol": BTC}, "limits": {**guards, **cooling}, "cash": 1_000 * ONE}
        for name in ("other", "wild")
    ]
    scene.row(type="session_began", strategies=strategies, limits={**LIMITS, **limits})
    scene.row(type="link_state", mts=NOW, name="market", link="open", reason="")
    scene.row(type="link_state", mts=NOW, name="account", link="open", reason="")
    scene.row(type="account_shown", mts=NOW, look={"open_orders": [], "history": [], "fills": []})
    return scene


def wish(scene: Scene, cid: int, strategy: str = "wild", after_ms: int = 0, undertaking: int = 0, **order: Any) -> None:
    """Let an order be decided and leave."""
    wanted = {"symbol": BTC, "side": "buy", "type": "market", "amount": ONE, "price": None, "stop_price": None, **order}
    wanted |= {"cid": cid, "mts": NOW + after_ms}
    scene.row(type="submit", order=wanted, reasons={}, strategy=strategy, undertaking=undertaking)
    scene.say("send_began", cid)
    price = None if wanted["price"] is None else str(wanted["price"] / INSTRUMENT.price_scale)
    kind = f"EXCHANGE {wanted['type'].upper()}"
    amount = "1" if wanted["side"] == "buy" else "-1"
    body = {"cid": cid, "type": kind, "symbol": wanted["symbol"], "amount": amount}
    scene.checker.frame_left(json.dumps([0, "on", None, body if price is None else {**body, "price": price}]))


def quoted(scene: Scene, bid: float = 100.0, ask: float = 101.0, age_ms: int = 0) -> None:
    units = (int(each * INSTRUMENT.price_scale) for each in (bid, ask))
    told = dict(zip(("bid", "ask"), units, strict=True))
    scene.row(type="quote", symbol=BTC, mts=NOW, cids=[], age_ms=age_ms, **told)


@pytest.mark.parametrize(
    ("order", "broken"),
    [
        ({"type": "limit", "price": 105.0}, set()),
        ({"type": "limit", "price": 105.1}, {"I12"}),
        ({"type": "limit", "price": 95.95, "side": "sell"}, set()),
        ({"type": "limit", "price": 95.94, "side": "sell"}, {"I12"}),
        ({"type": "limit", "price": 1.0}, set()),
        ({}, set()),
    ],
)
def test_i12_an_order_beyond_the_collar_is_found(order: dict[str, Any], broken: set[str]) -> None:
    scene = limited(price_collar=50_000_000)
    quoted(scene)
    if "price" in order:
        order = {**order, "price": round(order["price"] * INSTRUMENT.price_scale)}
    wish(scene, CID, **order)
    assert scene.broken == broken


@pytest.mark.parametrize(("ask", "broken"), [(105.0, set()), (106.0, {"I12"})])
def test_i12_a_market_order_into_a_torn_book_is_found(ask: float, broken: set[str]) -> None:
    scene = limited(price_collar=50_000_000)
    quoted(scene, ask=ask)
    wish(scene, CID)
    assert scene.broken == broken


@pytest.mark.parametrize(("age_ms", "broken"), [(5_000, set()), (5_001, {"I7"})])
def test_i7_an_order_that_was_decided_on_old_data_is_found(age_ms: int, broken: set[str]) -> None:
    scene = limited(max_data_age_ms=5_000)
    quoted(scene, age_ms=age_ms)
    wish(scene, CID)
    assert scene.broken == broken


@pytest.mark.parametrize(
    ("frame", "broken"),
    [("[[100,1,1]]", set()), ('"hb"', {"I7"})],  # a heartbeat tells nothing of a market
)
def test_i7_an_order_that_leaves_long_after_its_market_was_heard_of_is_found(frame: str, broken: set[str]) -> None:
    """However young the journal calls the data: the wire is what was heard."""
    scene = limited(max_data_age_ms=5_000)
    scene.checker.frame_came(json.dumps({"event": "subscribed", "channel": "book", "chanId": 17, "symbol": BTC}))
    scene.checker.frame_came("[17,[[100,1,1]]]")
    scene.now_s += 30.0
    scene.checker.frame_came(f"[17,{frame}]")
    quoted(scene)
    wish(scene, CID)
    assert scene.broken == broken


@pytest.mark.parametrize(
    ("third", "broken"),
    [
        ({}, {"I12"}),
        ({"side": "sell"}, set()),
        ({"strategy": "other"}, set()),
        ({"symbol": ETH}, set()),
        ({"after_ms": 60_000}, set()),
    ],
)
def test_i12_a_strategy_that_does_the_same_too_often_is_found(third: dict[str, Any], broken: set[str]) -> None:
    scene = limited(max_repeats=2)
    for cid in (CID, CID + 1):
        wish(scene, cid)
    wish(scene, CID + 2, **third)
    assert scene.broken == broken


def holds(scene: Scene, amount: int) -> None:
    """Let the wild strategy have bought *amount*."""
    fill = {"mts": NOW, "symbol": BTC, "cid": 0, "side": "buy", "amount": amount, "fee": 0}
    scene.row(type="booked", strategy="wild", fill={**fill, "price": INSTRUMENT.price(100)})


def test_i12_a_guard_between_two_purchases_hides_no_row() -> None:
    scene = limited(max_repeats=1)
    holds(scene, ONE)
    wish(scene, CID)
    wish(scene, CID + 1, side="sell", undertaking=-1)
    wish(scene, CID + 2)
    assert scene.broken == {"I12"}


@pytest.mark.parametrize(("held", "broken"), [(ONE, set()), (ONE - 1, {"I12"})])
def test_i12_what_only_gets_out_may_leave_whatever_left_before(held: int, broken: set[str]) -> None:
    scene = limited(max_repeats=1)
    scene.checker.bounds = evolve(BOUNDS, orders_a_window=1)
    wish(scene, CID, side="sell", strategy="other")
    holds(scene, held)
    wish(scene, CID + 1, side="sell")
    assert scene.broken == broken


def test_i12_orders_that_never_left_repeat_nothing() -> None:
    scene = limited(max_repeats=2)
    for cid in (CID, CID + 1):
        order = {"cid": cid, "symbol": BTC, "side": "buy", "type": "market", "amount": ONE, "mts": NOW}
        order |= {"price": None, "stop_price": None}
        scene.row(type="submit", order=order, reasons={}, strategy="wild", undertaking=0)
    wish(scene, CID + 2)
    assert scene.broken == set()


@pytest.mark.parametrize(
    ("second", "broken"), [({"symbol": ETH}, {"I12"}), ({}, set()), ({"symbol": ETH, "side": "sell"}, set())]
)
def test_i12_a_purchase_that_opens_one_position_too_many_is_found(second: dict[str, Any], broken: set[str]) -> None:
    scene = limited(max_positions=1)
    wish(scene, CID)
    wish(scene, CID + 1, **second)
    assert scene.broken == broken


def test_i12_a_position_that_the_account_has_already_is_not_opened_again() -> None:
    scene = limited(max_positions=1)
    scene.wallet = 10 * ONE  # a stranger's, in every currency
    wish(scene, CID)
    wish(scene, CID + 1, symbol=ETH)
    assert scene.broken == set()


def round_trip(scene: Scene, sold_at: int) -> None:
    """Buy for 100 and sell for *sold_at*."""
    for side, price in (("buy", 100), ("sell", sold_at)):
        fill = {"mts": NOW, "symbol": BTC, "cid": 0, "side": side, "amount": ONE, "fee": 0}
        scene.row(type="booked", strategy="wild", fill={**fill, "price": INSTRUMENT.price(price)})


@pytest.mark.parametrize(
    ("trips", "order", "broken"),
    [
        ((99, 98), {}, {"I13"}),
        ((99, 98), {"side": "sell"}, set()),
        ((99, 98), {"strategy": "other"}, set()),
        ((99, 98), {"after_ms": 60_000}, set()),
        ((99, 101), {}, set()),
        ((99, 101, 99), {}, set()),
        ((99,), {}, set()),
    ],
)
def test_i13_who_buys_while_it_cools_down_after_losses_is_found(
    trips: tuple[int, ...], order: dict[str, Any], broken: set[str]
) -> None:
    scene = limited(cool_down_losses=2)
    for sold_at in trips:
        round_trip(scene, sold_at)
    wish(scene, CID, **order)
    assert scene.broken == broken


@pytest.mark.parametrize(("candle", "broken"), [(NOW, set()), (NOW - 120_000, {"I13"})])
def test_i13_a_clock_that_was_set_back_makes_no_pause_longer(candle: int, broken: set[str]) -> None:
    scene = limited(cool_down_losses=2)
    for sold_at in (99, 98):
        round_trip(scene, sold_at)
    prices = dict.fromkeys(("open", "high", "low", "close"), 98.0)
    scene.row(type="candle_closed", symbol=BTC, candle={"mts": candle, **prices, "volume": 1.0})
    wish(scene, CID, after_ms=-3_600_000)
    assert scene.broken - {"I32"} == broken
