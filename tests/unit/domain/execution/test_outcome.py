"""C12, D10-D13, D17-D19: an answer is a yes, a no on a list, or it proves nothing."""

from decimal import Decimal

import pytest

from genesis.domain.exchange.orders import Account, OrderReport, ReportedStatus
from genesis.domain.execution.evidence import Accepted, AnswerLost, NothingLeft, Refused, SendBegan
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.execution.outcome import (
    Answer,
    Complained,
    Echoed,
    NeverConnected,
    Unreadable,
    Verdict,
    outcome,
)
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, Symbol, atoms

ORDER = OrderRequest(Cid(7), Symbol("tBTCUSD"), Side.BUY, OrderType.LIMIT, atoms("0.5"), Mts(0), Price(5))


def echo(
    cid: int = 7, symbol: str = "tBTCUSD", side: Side = Side.BUY, amount: str = "0.5", remaining: str = "0.5"
) -> Echoed:
    report = OrderReport(
        id=OrderId(99),
        cid=Cid(cid),
        group_id=None,
        symbol=Symbol(symbol),
        account=Account.EXCHANGE,
        side=side,
        type=OrderType.LIMIT,
        amount=Decimal(amount),
        amount_remaining=Decimal(remaining),
        status=ReportedStatus.ACTIVE,
        status_text="ACTIVE",
        mts_created=Mts(0),
        mts_updated=Mts(0),
        price=Decimal(5),
        price_average=None,
        price_trailing=None,
        price_auxiliary=None,
        post_only=False,
        reduce_only=False,
        hidden=False,
        placed_id=None,
        mts_expiry=None,
    )
    return Echoed(report)


@pytest.mark.parametrize(
    ("answer", "verdict", "status"),
    [
        (NeverConnected("refused"), Verdict.NOT_PROCESSED, Status.NOT_SENT),
        (Complained(10114, "nonce: small", 500), Verdict.NOT_PROCESSED, Status.NOT_SENT),
        (Complained(11000, "ready: false", 500), Verdict.NOT_PROCESSED, Status.NOT_SENT),
        (Complained(11010, "ERR_RATE_LIMIT", 429), Verdict.NOT_PROCESSED, Status.NOT_SENT),
        (Complained(10020, "amount: invalid", 500), Verdict.NO, Status.REJECTED),
        (Complained(10100, "apikey: invalid", 500), Verdict.NO, Status.REJECTED),
        (Complained(10111, "apikey", 200), Verdict.NO, Status.REJECTED),
        (Complained(10112, "signature", 500), Verdict.NO, Status.REJECTED),
        (Complained(10113, "hmac", 500), Verdict.NO, Status.REJECTED),
        (Complained(10300, "subscribe: invalid", 500), Verdict.NO, Status.REJECTED),
        (Complained(10001, "Invalid order: not enough exchange balance", 500), Verdict.NO, Status.REJECTED),
        (Complained(10001, "something nobody has seen", 500), Verdict.UNKNOWN, Status.UNKNOWN),
        (Complained(10008, "concurrent", 500), Verdict.UNKNOWN, Status.UNKNOWN),
        (Complained(10000, "unknown event", 400), Verdict.UNKNOWN, Status.UNKNOWN),
        (Complained(None, "forbidden", 403), Verdict.NO, Status.REJECTED),
        (Complained(None, "no words known", 500), Verdict.UNKNOWN, Status.UNKNOWN),
        (Complained(None, "bad gateway", 502), Verdict.UNKNOWN, Status.UNKNOWN),
        (Complained(None, "whatever it says"), Verdict.NO, Status.REJECTED),
        (Unreadable("10 s passed"), Verdict.UNKNOWN, Status.UNKNOWN),
        (Unreadable("<html>"), Verdict.UNKNOWN, Status.UNKNOWN),
        (echo(), Verdict.YES, Status.WORKING),
        (echo(remaining="0.2"), Verdict.YES, Status.PARTIAL),
        (echo(cid=8), Verdict.UNKNOWN, Status.UNKNOWN),
        (echo(symbol="tETHUSD"), Verdict.UNKNOWN, Status.UNKNOWN),
        (echo(side=Side.SELL), Verdict.UNKNOWN, Status.UNKNOWN),
        (echo(amount="0.123456789"), Verdict.UNKNOWN, Status.UNKNOWN),
    ],
)
def test_c12_d10_d13_each_answer_proves_what_the_table_says(answer: Answer, verdict: Verdict, status: Status) -> None:
    found = outcome(ORDER, answer)
    assert found.verdict is verdict
    assert advance(advance(OrderLife(ORDER), SendBegan()), found.evidence).status is status


def test_each_verdict_has_its_own_evidence() -> None:
    kinds = {
        Verdict.YES: Accepted,
        Verdict.NO: Refused,
        Verdict.NOT_PROCESSED: NothingLeft,
        Verdict.UNKNOWN: AnswerLost,
    }
    for answer in (echo(), Complained(10020, "no", 500), NeverConnected("x"), Unreadable("x")):
        found = outcome(ORDER, answer)
        assert type(found.evidence) is kinds[found.verdict]


def test_d18_an_order_taken_otherwise_than_asked_is_taken_and_says_so() -> None:
    found = outcome(ORDER, echo(amount="0.4", remaining="0.4"))
    assert found.verdict is Verdict.YES
    assert found.differences == ("amount 0.4, asked 0.50000000",)
