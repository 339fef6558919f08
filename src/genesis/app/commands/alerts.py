"""`alerts.test`: whether people are reached."""

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit


@command("alerts.test", help={"json": "Print one JSON object: channel by channel, taken or why not."})
def try_alerts(_: Context, json: bool = False) -> None:
    """Send a notice over every channel that is set up (GENESIS_ALERT_…), once each.

    Exits 1 if one does not take it, 2 if none is set up.
    """
    import asyncio

    from genesis.adapters.clock_system import SystemClock
    from genesis.app.alerting import alert_channels, try_channels
    from genesis.app.json_output import print_json
    from genesis.app.logs import guarded_secret
    from genesis.app.settings import load_alert_settings
    from genesis.ports.errors import InputError

    channels = alert_channels(load_alert_settings(), guarded_secret)
    if not channels:
        raise InputError("nobody is told: set GENESIS_ALERT_WEBHOOK, or GENESIS_ALERT_TELEGRAM_TOKEN and …_CHAT")
    found = asyncio.run(try_channels(channels, SystemClock()))
    if json:
        print_json({"channels": [{"channel": name, "is_taken": not why, "reason": why or None} for name, why in found]})
    else:
        for name, why in found:
            print(f"{name}: {why or 'taken'}")
    if any(why for _, why in found):
        raise Exit(code=1)
