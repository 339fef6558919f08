"""`run`: the main job, a paper session with its HTTP API."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context


@command(
    "run",
    words="data",
    repeated=("param",),
    help={
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "mode": "paper: fills are simulated, no order leaves this machine.",
        "over": "wire: over sockets to a local venue; memory: without, some thousand times faster.",
        "config": "A configuration file; options given here win over it.",
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "symbol": "The instrument, where the data does not say.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "speed": "Market time per wall time, such as 60; max is as fast as it goes.",
        "until": "Stop after this much market time, such as 90m, 1h or 2d.",
        "host": "Where the HTTP API listens; only this machine is allowed.",
        "port": "Its port; 0 takes any free one.",
        "json": "Print the summary as one JSON object.",
    },
)
def run(
    _: Context,
    data: Sequence[str] = (),
    mode: str = "paper",
    config: str = "",
    strategy: str = "",
    param: Sequence[str] = (),
    symbol: str = "",
    timeframe: str = "",
    speed: str = "",
    until: str = "",
    host: str = "",
    port: str = "",
    over: str = "wire",
    json: bool = False,
) -> None:
    """Trade on paper: candles at a chosen speed through the trading core, with the HTTP API in front.

    Orders go over the wire to a local venue that plays the candles and waits for the session at each of them.
    Ctrl-C ends the session, writes its state and prints the summary.
    """
    from genesis.app.paper_session import run_session
    from genesis.app.session_plan import SessionOptions, plan_session
    from genesis.app.settings import load_settings

    settings = load_settings()
    words = (mode, config, strategy, tuple(param), symbol, timeframe, speed, until, host, port, over)
    run_session(plan_session(SessionOptions(tuple(data), *words), settings), settings.home, json=json)
