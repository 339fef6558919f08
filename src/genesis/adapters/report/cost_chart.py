"""Where the money went: from the initial cash over gains and costs to the final equity."""

from typing import Final

from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.chart import FAINT, GAIN, LOSS, MAIN, Chart, Plain, axis, label, layout
from genesis.domain.statistics.trade_costs import TradeCosts
from genesis.domain.statistics.wording import money
from genesis.domain.units import ATOMS_PER_UNIT

ROOM: Final = 0.12
"""What the bars leave free above and below for their labels."""


def cost_chart(report: BacktestReport, costs: TradeCosts) -> Chart:
    """Return the waterfall from initial cash to final equity."""
    record = report.record
    before_costs = record.final_equity - record.initial_cash + costs.total - costs.limit_gains
    steps: list[tuple[str, int, str]] = [
        ("Initial cash", record.initial_cash, "absolute"),
        ("Before costs", before_costs, "relative"),
        ("Fees", -costs.fees, "relative"),
        ("Slippage", -costs.slippage, "relative"),
        *([("Limit gains", int(costs.limit_gains), "relative")] if costs.limit_gains else []),
        ("Final equity", 0, "total"),
    ]
    shown = {"Final equity": record.final_equity}
    bars: dict[str, Plain] = {
        "type": "waterfall",
        "name": "Money",
        "x": [name for name, _, _ in steps],
        "y": [round(amount / ATOMS_PER_UNIT, report.decimals) for _, amount, _ in steps],
        "measure": [measure for _, _, measure in steps],
        "text": [
            money(shown.get(name, amount), report.decimals, measure == "relative") for name, amount, measure in steps
        ],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": f"%{{x}}: %{{text}} {label(report.quote)}<extra></extra>",
        "opacity": 0.9,
        "increasing": {"marker": {"color": GAIN}},
        "decreasing": {"marker": {"color": LOSS}},
        "totals": {"marker": {"color": MAIN}},
        "connector": {"line": {"color": FAINT, "width": 1}},
    }
    before_limits = record.final_equity - costs.limit_gains
    levels = (
        0,
        record.initial_cash,
        record.initial_cash + before_costs,
        before_limits + costs.slippage,
        before_limits,
        record.final_equity,
    )
    low, high = min(levels) / ATOMS_PER_UNIT, max(levels) / ATOMS_PER_UNIT
    room = ROOM * (high - low)
    caption = (
        "“Before costs” is what the same fills would have earned at the opens of their candles, had they cost nothing:"
        " the profit with fees and slippage added back, without what limits gained."
    )
    money_axis = axis(f"Money ({report.quote})", tickformat=",~f", range=[low - room, high + room])
    return Chart(
        "costs",
        "Where the money went",
        caption,
        (bars,),
        layout(380, showlegend=False, xaxis=axis(""), yaxis=money_axis),
    )
