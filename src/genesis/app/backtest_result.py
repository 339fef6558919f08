"""What a backtest says, as one JSON object for machines and as lines for people: the same numbers in both."""

from collections.abc import Mapping

from attrs import asdict, field, frozen

from genesis.app.backtest import Run, Terms
from genesis.app.json_output import JsonDocument
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.execution.protection import Bracket, Trailing
from genesis.domain.risk.guards import OnBreach
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.cost_words import bps_text
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import Summary, summarise
from genesis.domain.strategy.specification import Value
from genesis.domain.units import format_atoms, format_scaled


@frozen
class DataDescription:
    """The candles of a run: where they came from, how many, and the hash of their rows, of *others* by symbol too."""

    symbol: str
    timeframe: str
    files: tuple[str, ...]
    rows: int
    first_mts: int | None
    last_mts: int | None
    gaps: int
    missing: int
    sha256: str
    is_synthetic: bool
    notes: tuple[str, ...]
    others: Mapping[str, str] = field(factory=dict)


@frozen
class BacktestResult:
    """A finished run with everything that made it."""

    strategy: str
    params: Mapping[str, Value]
    data: DataDescription
    terms: Terms
    engine: str
    run: Run
    seconds: float

    @property
    def summary(self) -> Summary:
        """The figures of the run."""
        return summarise(self.run.record)


def document_of(result: BacktestResult) -> JsonDocument:
    """Return the result as JSON; money as exact strings, ratios that have no meaning as null."""
    record, summary, terms = result.run.record, result.summary, result.terms
    limits = terms.desk.limits
    return {
        "strategy": result.strategy,
        "params": dict(result.params),
        "expression": str(terms.desk.strategy),
        "data": {**asdict(result.data), "files": list(result.data.files), "notes": list(result.data.notes)},
        "cash": format_atoms(terms.cash),
        "size": terms.desk.size,
        "fee_bps": bps_text(terms.costs.fee),
        "slippage_bps": bps_text(terms.costs.slippage),
        **more_costs(terms.costs),
        "min_amount": format_atoms(terms.desk.instrument.amount_min),
        "position_cap_pct": _pct(limits.position_cap),
        "max_drawdown_limit_pct": _pct(limits.max_drawdown),
        "max_daily_loss": None if limits.max_daily_loss is None else format_atoms(limits.max_daily_loss),
        "more_terms": desk_words(terms.desk),
        "fills": len(record.fills),
        "round_trips": summary.round_trips,
        "final_cash": format_atoms(record.final_cash),
        "final_position": format_atoms(record.final_position),
        "final_equity": format_atoms(record.final_equity),
        "total_return_pct": summary.total_return_pct,
        "max_drawdown_pct": summary.max_drawdown_pct,
        "sharpe": summary.sharpe,
        "sortino": summary.sortino,
        "calmar": summary.calmar,
        "profit_factor": summary.profit_factor,
        "win_rate_pct": summary.win_rate_pct,
        "exposure_pct": summary.exposure_pct,
        "turnover": summary.turnover,
        "total_fees": format_atoms(summary.total_fees),
        "refusals": {code.value: count for code, count in record.refusals.items()},
        "alerts": [{"mts": alert.mts, "code": alert.code.value, "text": alert.text} for alert in record.alerts],
        "decision_hash": decision_hash(record),
        "engine": result.engine,
        "seconds": round(result.seconds, 6),
    }


def desk_words(desk: DeskSettings) -> list[str]:
    """Return what is not as in a plain spot run: limits, budget, margin and stops, each in a few words."""
    limits, budget, margin, words = desk.limits, desk.budget, desk.margin, []
    if limits.on_breach is OnBreach.REDUCE_ONLY:
        words.append("reduce-only on a breach")
    if limits.cool_down_losses is not None:
        words.append(
            f"cool-down of {format_scaled(limits.cool_down_ms, 3)} s after {limits.cool_down_losses} losing round trips"
        )
    if budget.volatility is not None:
        words.append(f"volatility target {_pct(budget.volatility.target)} % by {budget.volatility.measure}")
    if budget.regimes is not None:
        shares = ", ".join(f"{_plain(regime)}: {_pct(share)} %" for regime, share in budget.regimes.shares)
        words.append(f"budget by regime {shares} of {budget.regimes.regime}")
    if margin is not None:
        words.append(
            f"margin with leverage {format_scaled(margin.leverage, 9)}, maintenance {_pct(margin.maintenance)} %,"
            f" funding {bps_text(margin.funding_a_day)} bp a day"
        )
    if isinstance(desk.plan, LimitEntry):
        patience = format_scaled(desk.plan.patience_ms, 3)
        words.append(f"entries by limit {bps_text(desk.plan.offset)} bp away, withdrawn after {patience} s")
    match desk.protection:
        case Bracket(stop, take):
            words.append(f"stop loss {_pct(stop)} %" + ("" if take is None else f", take profit {_pct(take)} %"))
        case Trailing(distance):
            words.append(f"trailing stop {_pct(distance)} %")
    return words


def more_costs(costs: Costs) -> JsonDocument:
    """Return what trading costs beyond one fee and one slippage, as JSON."""
    volatility, impact = costs.volatility, costs.impact
    return {
        "fees": "tiers" if costs.has_tiers else "fixed",
        "maker_fee_bps": bps_text(costs.resting_fee),
        "slippage_volatility": (
            None
            if volatility is None
            else {
                "factor": format_scaled(volatility.factor, 9),
                "measure": str(volatility.measure),
                "cap_bps": bps_text(volatility.cap),
            }
        ),
        "slippage_impact": (
            None
            if impact is None
            else {
                "bps": bps_text(impact.coefficient),
                "volume": str(impact.volume),
                "cap_bps": bps_text(impact.cap),
            }
        ),
    }


def _plain(number: float) -> str:
    return repr(number).removesuffix(".0")


def _pct(share: int | None) -> str | None:
    return None if share is None else format_scaled(share * 100, 9)
