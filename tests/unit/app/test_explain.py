"""What `explain` says of an order: how it was cut, and what later sessions found out about it."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.clock import ManualClock
from genesis.app.explain import document, explain, lines
from genesis.domain.core import FIRST_CID
from genesis.domain.events import Decision, Event, LimitsApplied
from genesis.domain.exchange.orders import Account, FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.evidence import (
    Accepted,
    AnswerLost,
    Evidence,
    NothingLeft,
    ProvenAbsent,
    Refused,
    SendBegan,
    Traded,
    Vouched,
)
from genesis.domain.execution.look import Look
from genesis.domain.journal.entries import FORMAT, Entry, SessionBegan, StrategyBegan
from genesis.domain.order import OrderId, OrderRequest, Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits
from genesis.domain.saved import saved
from genesis.domain.units import Mts, Ppb, atoms
from tests.order_reports import RESTING
from tests.unit.domain.accounts import BTC, CASH, INSTRUMENT, World, wallet

STRATEGY = StrategyBegan("one", "own", (), "volume", INSTRUMENT, 1.0, RiskLimits(), CASH)
BEGAN = SessionBegan(FORMAT, "1", "live", (STRATEGY,), OFF, Account.EXCHANGE, True, FIRST_CID, Ppb(0), Ppb(0), "")
ENDED_LOST = AnswerLost("the session ended while it was being sent")


class Sessions(World):
    """A world that writes journals: *begin* begins the next one with the state of the core."""

    def __init__(self, folder: Path, limits: AccountLimits = OFF) -> None:
        super().__init__("one", limits=limits)
        self.folder = folder
        self.journals: list[list[Entry]] = []
        self.fills = False
        real = self.core.handle

        def handle(event: Event) -> tuple[Decision, ...]:
            decisions = real(event)
            self.journals[-1] += [event, *decisions]
            return decisions

        self.core.handle = handle  # type: ignore[method-assign]  # the journal is between, as in the loop
        self.begin()

    def begin(self, mode: str = "live") -> None:
        self.journals.append([evolve(BEGAN, mode=mode, limits=self.core.dispatch.limits), saved(self.core)])

    async def write(self) -> Path:
        """Write the journals; return the first one's path."""
        for number, entries in enumerate(self.journals):
            journal = SqliteJournal(self.folder / f"{number}.sqlite", ManualClock())
            for entry in entries:
                await journal.append(entry)
            await journal.close()
        return self.folder / "0.sqlite"


def executed(order: OrderRequest) -> tuple[OrderReport, Sequence[FillReport]]:
    report = evolve(
        RESTING,
        id=OrderId(50),
        cid=order.cid,
        side=order.side,
        type=order.type,
        amount=Decimal(10),
        amount_remaining=Decimal(0),
        status=ReportedStatus.EXECUTED,
        status_text="EXECUTED",
        mts_created=Mts(1),
        mts_updated=Mts(2),
        price=None,
    )
    fill = FillReport(
        5, BTC, Mts(9), OrderId(50), order.cid, Side.BUY, Decimal(10), Decimal(100), False, Decimal(0), "BTC"
    )
    return report, (fill,)


async def test_a_session_that_was_cut_alone_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    found = explain(await world.write(), world.sent[0].cid)
    assert found.outcome == "unknown: the session was cut while it was leaving"
    assert document(found)["settled_in"] is None


async def test_a_look_of_a_later_session_settles_the_order(tmp_path: Path) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    world.begin("live, dry run")  # another account, as it were
    world.begin()
    (order,) = world.sent
    world.report(order, ENDED_LOST)
    report, fills = executed(order)
    wallets = (wallet("USD", Decimal(0)), wallet("BTC", Decimal(10)))
    for _ in range(2):  # the next look shows it again, which is no news
        world.show(Look(history=(report,), fills=tuple(fills), wallets=wallets))
    world.begin()
    found = explain(await world.write(), order.cid)
    assert (found.outcome, found.settled_in) == ("filled", "2.sqlite")
    assert [what for what, _ in found.timings] == ["sending", "answer lost", "closed", "fill"]
    assert "outcome: filled (in 2.sqlite)" in lines(found)


async def test_the_evidence_of_a_filled_order_is_its_id_its_trades_and_how_it_closed(tmp_path: Path) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    (order,) = world.sent
    world.report(order, SendBegan())
    world.report(order, Accepted(OrderId(50)))
    world.report(order, Traded(5, OrderId(50), Mts(9), atoms(10), INSTRUMENT.price(100)))
    report, fills = executed(order)  # a look, which tells the fee of the same trade
    world.show(
        Look(history=(report,), fills=tuple(fills), wallets=(wallet("USD", Decimal(0)), wallet("BTC", Decimal(10))))
    )
    found = explain(await world.write(), order.cid)
    rows = document(found)["evidence"]
    assert isinstance(rows, list)
    assert [{name: value for name, value in row.items() if name != "after_us"} for row in rows] == [
        {"what": "sending"},
        {"what": "accepted", "exchange_id": 50, "filled": "0"},
        {
            "what": "traded",
            "trade_id": 5,
            "exchange_id": 50,
            "mts": 9,
            "amount": "10",
            "price": "100",
            "fee": "0",
            "fee_currency": "BTC",
        },
        {"what": "closed", "exchange_id": 50, "filled": "10", "status": "EXECUTED"},
    ]
    assert all(isinstance(row["after_us"], int) for row in rows)
    said = "\n".join(lines(found))
    assert "accepted as 50, 0 of it filled by then, " in said
    assert "trade 5 of 50 at 9: 10 at 100, " in said
    assert "50 closed as EXECUTED, 10 of it filled, " in said


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (Refused("not enough"), "refused: not enough"),
        (NothingLeft("no line"), "not sent: no line"),
        (ProvenAbsent("everywhere"), "proven absent: everywhere"),
        (Vouched("I saw it gone"), "a person vouched for 0 of it filled: I saw it gone"),
    ],
)
async def test_the_evidence_of_an_order_that_never_was_is_its_reason(
    tmp_path: Path, evidence: Evidence, said: str
) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    world.report(world.sent[0], ENDED_LOST)
    world.report(world.sent[0], evidence)
    found = explain(await world.write(), world.sent[0].cid)
    assert any(f"  {said}, " in line for line in lines(found))
    rows = document(found)["evidence"]
    assert isinstance(rows, list)
    assert rows[-1]["reason"] == said.split(": ")[1]


async def test_a_search_of_a_later_session_settles_the_order(tmp_path: Path) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    world.begin()
    world.report(world.sent[0], ENDED_LOST)
    world.begin()
    world.report(world.sent[0], ProvenAbsent("everywhere, twice"))
    world.begin()
    found = explain(await world.write(), world.sent[0].cid)
    assert (found.outcome, found.settled_in) == ("proven absent: everywhere, twice", "2.sqlite")
    assert document(found)["settled_in"] == "2.sqlite"


async def test_each_cut_of_the_amount_is_among_the_sizes(tmp_path: Path) -> None:
    world = Sessions(tmp_path, AccountLimits(max_order_notional=atoms(400)))
    world.close(1.0)
    found = explain(await world.write(), world.sent[0].cid)
    cuts = [("wish", "10"), ("largest_order", "4"), ("balance", "4")]
    assert document(found)["amounts"] == [{"after": by, "amount": amount} for by, amount in cuts]
    assert [f"  amount after {by}: {amount}" for by, amount in cuts] == [
        line for line in lines(found) if "amount after" in line
    ]


async def test_the_largest_order_is_that_of_the_limits_which_were_in_force(tmp_path: Path) -> None:
    world = Sessions(tmp_path, AccountLimits(max_order_notional=atoms(400)))
    world.handle(LimitsApplied(Mts(1), AccountLimits(max_order_notional=atoms(300))))
    world.close(1.0)
    found = explain(await world.write(), world.sent[0].cid)
    assert [amount for _, amount in found.amounts] == [atoms(10), atoms(3), atoms(3)]


async def test_an_amount_that_was_not_cut_has_no_steps(tmp_path: Path) -> None:
    world = Sessions(tmp_path, OFF)
    world.close(1.0)
    found = explain(await world.write(), world.sent[0].cid)
    assert document(found)["amounts"] == []


async def test_a_refusal_in_the_words_of_a_lost_answer_is_evidence_of_its_own(tmp_path: Path) -> None:
    world = Sessions(tmp_path)
    world.close(1.0)
    world.report(world.sent[0], AnswerLost("no line"))
    world.report(world.sent[0], Refused("no line"))
    found = explain(await world.write(), world.sent[0].cid)
    assert found.outcome == "refused: no line"
