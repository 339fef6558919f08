"""`run`: the main job, a paper session with its HTTP API."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import InputError


@command(
    "run",
    words="data",
    repeated=("param", "other"),
    help={
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "mode": "paper: fills are simulated, no order leaves this machine; live: on Bitfinex, with the key's money.",
        "over": "wire: over sockets to a local venue; memory: without, some thousand times faster.",
        "config": "A configuration file; options given here win over it.",
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "other": "Paper: candles of another instrument that it reads, as SYMBOL=DATA; else they come from the archive.",
        "symbol": "The instrument, where the data does not say.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "speed": "Market time per wall time, such as 60; max is as fast as it goes.",
        "until": "Stop after this much market time, such as 90m, 1h or 2d.",
        "host": "Where the HTTP API listens; only this machine is allowed.",
        "port": "Its port; 0 takes any free one.",
        "i_understand": "Live: the phrase that it asks for, to begin without a terminal.",
        "new_key": "Live: the key was never used on this machine: make its nonce store.",
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
    other: Sequence[str] = (),
    i_understand: str = "",
    new_key: bool = False,
    json: bool = False,
) -> None:
    """Trade: candles through the trading core, with the HTTP API in front.

    On paper, orders go over the wire to a local venue that plays the candles and waits for the session at each of them.
    Live, they go to Bitfinex (dry_run in the configuration decides and writes down, and sends nothing); it begins only
    with a typed phrase, and with a key that can trade and nothing more.
    Ctrl-C ends the session, writes its state and prints the summary.
    """
    from genesis.app.logs import guard_secrets, refuse_secrets
    from genesis.app.run_watch import run_watch
    from genesis.app.session_plan import Mode, SessionOptions, plan_session
    from genesis.app.settings import load_settings

    with run_watch(f"run --mode {mode}") as people:
        guard_secrets()
        refuse_secrets(*data, *param, *other, config, strategy, symbol)
        settings = load_settings()
        words = (mode, config, strategy, tuple(param), symbol, timeframe, speed, until, host, port, over, tuple(other))
        options = SessionOptions(tuple(data), *words)
        if mode == Mode.LIVE.value:
            from genesis.app.live_plan import plan_live
            from genesis.app.live_session import LiveOptions, run_live

            run_live(plan_live(options, settings), settings, LiveOptions(i_understand, new_key, json), people)
            return
        if i_understand or new_key:
            raise InputError("--i-understand and --new-key are for --mode live")
        from genesis.app.paper_session import run_session

        plan = plan_session(options, settings)
        refuse_secrets(*map(str, plan.params.values()))
        run_session(plan, settings.home, people, json=json)
