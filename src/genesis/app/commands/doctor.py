"""`doctor`: is this machine fit to trade, and what is to be done if not."""

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit


@command(
    "doctor",
    help={
        "url": "Base of the REST interface, ending in /v2/ (default: Bitfinex).",
        "offline": "Ask no exchange.",
        "json": "Print one JSON object: is_well, and each check with verdict, found and advice.",
    },
)
def doctor(_: Context, url: str = "", offline: bool = False, json: bool = False) -> None:
    """Look at clock, disk, permissions, key, configuration, candles, journal and versions, and say what to do.

    Exits 1 when something has to be mended before anything trades. Asking what the key may do takes one nonce.
    """
    import asyncio

    from genesis.app.doctor.examination import Scope, examine
    from genesis.app.doctor.finding import is_well
    from genesis.app.json_output import print_json

    findings = asyncio.run(examine(Scope(url, offline)))
    if json:
        checks = [
            {"check": each.check, "verdict": each.verdict, "found": each.found, "advice": each.advice or None}
            for each in findings
        ]
        print_json({"is_well": is_well(findings), "checks": checks})
    else:
        for each in findings:
            print(f"{each.verdict:<9} {each.check:<16} {each.found}")
            if each.advice:
                print(f"{'':<26} → {each.advice}")
    if not is_well(findings):
        raise Exit(code=1)
