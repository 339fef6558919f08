"""A result is never shown without what speaks against it."""

from attrs import evolve

from genesis.domain.candle import DAY_MS
from genesis.domain.events import Alert, AlertCode
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.cautions import Caution, DataQuality, Severity, cautions
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.summary import Summary
from genesis.domain.units import Atoms, Mts, Ppb, Symbol, atoms

CLEAN = DataQuality(is_synthetic=False, gaps=0, missing=0)
YEAR = tuple((Mts(n * DAY_MS), atoms(11_000)) for n in (0, 364))
RECORD = Record(
    spot_instrument(Symbol("tBTCUSD")), atoms(10_000), atoms(11_000), Atoms(0), atoms(11_000), 525_600, 1000, 0.1,
    YEAR, (), (), {},
)  # fmt: skip
SUMMARY = Summary(100, 10.0, 1.0, 1.0, 1.0, 1.5, 60.0, 50.0, 10.0, atoms(200), 10.0)


def found(
    record: Record = RECORD, summary: Summary = SUMMARY, costs: Costs | None = None, data: DataQuality = CLEAN
) -> tuple[Caution, ...]:
    return cautions(record, summary, costs or Costs(), data)


def test_nothing_is_said_where_nothing_is_to_say() -> None:
    assert found() == ()


def test_made_up_data_come_first() -> None:
    said = found(data=DataQuality(is_synthetic=True, gaps=3, missing=10, notes=("repaired 2 rows",)))
    assert [each.title for each in said] == ["Synthetic data", "Gaps", "Data"]
    assert said[0].severity is Severity.STOP
    assert "10 intervals in 3 gaps" in said[1].text
    assert said[2].text == "repaired 2 rows"


def test_gaps_weigh_by_their_share() -> None:
    assert found(data=DataQuality(is_synthetic=False, gaps=1, missing=1))[0].severity is Severity.NOTE
    assert found(data=DataQuality(is_synthetic=False, gaps=1, missing=100_000))[0].severity is Severity.WARN


def test_a_guard_that_halted_the_run_is_said_with_its_time() -> None:
    alert = Alert(Mts(0), AlertCode.MAX_DRAWDOWN, "max_drawdown breached")
    [said] = found(evolve(RECORD, alerts=(alert,)))
    assert said.severity is Severity.STOP
    assert said.title == "Max drawdown at 1970-01-01 00:00"


def test_every_refusal_is_said_with_its_count() -> None:
    said = found(evolve(RECORD, refusals=dict.fromkeys(RefusalCode, 1234)))
    assert len(said) == len(RefusalCode)
    assert all(each.text.startswith("1,234 orders did not leave") for each in said)


def test_thirty_round_trips_are_the_fewest_that_pass() -> None:
    assert found(summary=evolve(SUMMARY, round_trips=30)) == ()
    assert [each.title for each in found(summary=evolve(SUMMARY, round_trips=29))] == ["Few trades"]


def test_a_short_span_an_open_position_and_a_deep_drawdown_are_said() -> None:
    short = evolve(RECORD, days=YEAR[:1], final_position=Atoms(1))
    said = found(short, evolve(SUMMARY, max_drawdown_pct=25.0))
    assert [each.title for each in said] == ["Short span", "Deep drawdown", "Open position"]


def test_fees_are_said_where_they_eat_a_quarter_of_what_was_earned() -> None:
    assert not found(summary=evolve(SUMMARY, total_fees=atoms(333)))
    eaten = found(evolve(RECORD, final_equity=atoms(11_800)), evolve(SUMMARY, total_fees=atoms(600)))
    assert [each.title for each in eaten] == ["Costs"]
    lost = found(evolve(RECORD, final_equity=atoms(8_000)), evolve(SUMMARY, total_fees=atoms(600)))
    assert "nothing was earned before them" in lost[0].text


def test_a_run_without_costs_is_called_optimistic() -> None:
    assert "no fees;" in found(costs=Costs(fee=Ppb(0)))[0].text
    assert "no fees and slippage;" in found(costs=Costs(Ppb(0), Ppb(0)))[0].text
