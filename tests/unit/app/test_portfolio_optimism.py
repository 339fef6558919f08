"""The optimism ledger of a portfolio says what the portfolio itself says on those terms."""

import pytest

from genesis.app.portfolio import PortfolioPlan, plan_portfolio, run_portfolio
from genesis.app.portfolio_optimism import portfolio_optimism
from genesis.app.portfolio_result import report_of
from genesis.app.research_options import AccountOptions, CostOptions, MarketOptions, PortfolioOptions, TradingOptions

MARKET = MarketOptions(data=("tBTCUSD=synthetic:1:6", "tETHUSD=synthetic:2:6"), timeframe="5m")


@pytest.fixture(autouse=True)
def _home(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path))


def plan(account: AccountOptions, cost: CostOptions | None = None) -> PortfolioPlan:
    return plan_portfolio(PortfolioOptions(), TradingOptions(MARKET, account, cost or CostOptions()))


@pytest.mark.parametrize(
    ("assumption", "account"),
    [("Maker fee (10 bp)", AccountOptions(fee_bps="10")), ("Zero slippage", AccountOptions(slippage_bps="0"))],
)
def test_an_assumption_adds_what_a_run_on_its_terms_ends_with(assumption: str, account: AccountOptions) -> None:
    honest = run_portfolio(plan(AccountOptions()), "columnar")
    flattered = run_portfolio(plan(account), "columnar").figures.final_equity
    (entry,) = (each for each in portfolio_optimism(honest.plan) if each.name == assumption)
    assert entry.final_equity == flattered
    assert entry.difference == flattered - honest.figures.final_equity > 0


def test_measured_slippage_has_its_own_assumptions() -> None:
    names = [each.name for each in portfolio_optimism(plan(AccountOptions(), CostOptions(slippage_impact_bps="50")))]
    assert names == ["Fill at the close", "Zero slippage", "No impact", "Maker fee (10 bp)", "All together"]


def test_the_page_adds_up_what_the_instruments_cost() -> None:
    result = run_portfolio(plan(AccountOptions()), "columnar")
    report = report_of(result)
    assert report.ledger.names == ("Portfolio", "Buy and hold")
    assert report.ledger.costs[0][:2] == ["Fees (USD)", f"{result.figures.fees / 1e8:,.2f}"]
    assert report.drawdowns[0].depth == pytest.approx(result.figures.max_drawdown_pct / 100.0)
    growth = 1.0
    for month in report.months:
        growth *= 1.0 + month.fraction
    assert growth == pytest.approx(1.0 + result.figures.total_return_pct / 100.0)
