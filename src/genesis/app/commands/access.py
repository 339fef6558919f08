"""`login`, `token.*` and `openapi`: who may ask a running session, and what there is to ask."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from genesis.domain.json_value import JsonObject
    from genesis.ports.access import Role


@command("login", help={"role": "What it may do: read, trade or admin.", "json": "Print one JSON object: link."})
def login(_: Context, role: str = "admin", json: bool = False) -> None:
    """Print a link that logs a browser in once, within the hour: to the session that runs with this data directory."""
    from genesis.app.access import credentials_of, login_link, session_url
    from genesis.app.home import home
    from genesis.app.json_output import print_json

    folder = home()
    url, code = session_url(folder), credentials_of(folder).issue_code(_role(role))
    _recorded("link", {"role": role})
    link = login_link(url, code)
    if json:
        print_json({"link": link, "code": code, "url": url, "role": role})
    else:
        print(link)


@command(
    "token.create",
    words="name",
    help={
        "name": "What it is for, such as grafana.",
        "role": "What it may do: read, trade or admin.",
        "days": "How long it is valid.",
    },
)
def create(_: Context, name: Sequence[str] = (), role: str = "read", days: int = 30) -> None:
    """Print a new token for a program, this once: it is kept nowhere. Send it as Authorization: Bearer TOKEN."""
    from genesis.app.access import credentials_of
    from genesis.app.home import home

    known = _name(name)
    token = credentials_of(home()).issue_token(known, _role(role), days)
    _recorded("token_created", {"token": known, "role": role, "days": days})
    print(token)


@command("token.list", help={"json": "Print one JSON object: tokens."})
def listed(_: Context, json: bool = False) -> None:
    """Show the tokens of programs: their names, roles and ends."""
    from genesis.app.access import credentials_of
    from genesis.app.home import home
    from genesis.app.json_output import Json, print_json

    tokens = credentials_of(home()).tokens()
    if json:
        rows: list[Json] = [
            {"name": each.name, "role": each.role.name.lower(), "expires_mts": each.expires_mts} for each in tokens
        ]
        print_json({"tokens": rows})
        return
    for each in tokens:
        until = datetime.fromtimestamp(each.expires_mts / 1000, UTC)
        print(f"{each.name}: {each.role.name.lower()}, until {until:%Y-%m-%d %H:%M} UTC")
    if not tokens:
        print("no tokens")


@command("token.revoke", words="name", help={"name": "Which."})
def revoke(_: Context, name: Sequence[str] = ()) -> None:
    """Take a token away; a running session refuses it at once."""
    from genesis.app.access import credentials_of
    from genesis.app.home import home

    known = _name(name)
    if not credentials_of(home()).revoke(known):
        raise Exit(f"there is no token {known!r}: token.list shows which there are", code=1)
    _recorded("token_revoked", {"token": known})
    print(f"the token {known} is revoked")


@command("openapi", words="path", help={"path": "The file to write; none prints it."})
def openapi(_: Context, path: Sequence[str] = ()) -> None:
    """Write the OpenAPI description of the HTTP API."""
    from genesis.adapters.atomic_file import write_whole
    from genesis.app.description import described

    text = described()
    if path:
        write_whole(Path(path[0]), text)
        print(f"written to {path[0]}")
    else:
        print(text, end="")


def _recorded(name: str, facts: "JsonObject") -> None:
    """Note in the audit log who did *name*; a log that cannot be written keeps nobody out, and that is told."""
    import asyncio

    from genesis.adapters.clock_system import SystemClock
    from genesis.app.audit import CommandFeed, audit_log
    from genesis.app.config_view import user
    from genesis.app.home import home
    from genesis.ports.errors import StoreError

    feed = CommandFeed()
    try:
        entry = {"action": f"security.{name}", "who": user(), **facts}
        asyncio.run(audit_log(home(), SystemClock(), feed).append(entry))
    except StoreError as error:
        feed.note("security", "security.not_recorded", {"event": name, "reason": str(error)}, "warning")


def _name(words: Sequence[str]) -> str:
    if len(words) != 1:
        raise InputError("give one name, such as token.create grafana --role read")
    return words[0]


def _role(text: str) -> "Role":
    from genesis.ports.access import Role

    roles = {role.name.lower(): role for role in Role if role is not Role.PUBLIC}
    if text not in roles:
        raise InputError(f"--role {text!r}: choose one of {', '.join(roles)}")
    return roles[text]
