"""`auth.headers` and `auth.check`: signed headers for curl, and what a key may do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit

if TYPE_CHECKING:
    from genesis.app.json_output import JsonDocument
    from genesis.domain.exchange.account import Permission

_NEW = "The key was never used on this machine: make its nonce store."


@command(
    "auth.headers",
    words="path",
    help={
        "path": "What follows /v2/ in the address: auth/r/wallets.",
        "body": "The body, exactly as it will be sent.",
        "reveal": "Print key and signature instead of masking them.",
        "new_key": _NEW,
        "json": "Print one JSON object.",
    },
)
def headers(
    _: Context,
    path: Sequence[str] = (),
    body: str = "{}",
    reveal: bool = False,
    new_key: bool = False,
    json: bool = False,
) -> None:
    """Print the headers of a signed request, for curl; the secret itself is never shown.

    Each call takes a nonce: send the request before anything else signs with the key.
    """
    import asyncio

    from genesis.app.json_output import print_json
    from genesis.ports.errors import InputError

    if len(path) != 1 or not path[0].startswith("auth/"):
        raise InputError("name one signed path, without host and version: auth.headers auth/r/wallets")
    signed = asyncio.run(_headers(path[0], body, is_new=new_key))
    shown = signed if reveal else {name: _masked(name, value) for name, value in signed.items()}
    if json:
        print_json(shown)
        return
    for name, value in shown.items():
        print(f"{name}: {value}")


@command(
    "auth.check",
    repeated=("allow",),
    help={
        "allow": "Accept a key with this right beyond trading: withdraw, wallets, settings…; may be given many times.",
        "read_only": "The key shall only read: refuse every right to write.",
        "url": "Base of the REST interface, ending in /v2/ (default: Bitfinex).",
        "new_key": _NEW,
        "json": "Print one JSON object.",
    },
)
def check(
    _: Context,
    allow: Sequence[str] = (),
    read_only: bool = False,
    url: str = "",
    new_key: bool = False,
    json: bool = False,
) -> None:
    """Tell what the key may do, and whether Genesis accepts it; exits 1 if it does not.

    Rights to withdraw, to transfer or to change settings are refused, and so are rights that nobody knows.
    """
    import asyncio

    from genesis.app.json_output import print_json
    from genesis.domain.exchange.key_rights import refusals

    permissions = asyncio.run(_permissions(url, is_new=new_key))
    found = refusals(permissions, is_trading=not read_only, allowed=allow)
    if json:
        rights: list[JsonDocument] = [
            {"scope": each.scope, "read": each.can_read, "write": each.can_write} for each in permissions
        ]
        print_json({"is_accepted": not found, "refusals": found, "permissions": rights})
    else:
        for each in permissions:
            print(f"{each.scope:<14} {'read' if each.can_read else '':<5} {'write' if each.can_write else ''}".rstrip())
        print("\n".join(f"refused: {reason}" for reason in found) or "accepted")
    if found:
        raise Exit(code=1)


async def _headers(path: str, body: str, *, is_new: bool) -> dict[str, str]:
    from genesis.adapters.clock_system import SystemClock
    from genesis.adapters.nonce_file.opening import open_nonces
    from genesis.app.bitfinex_rest import signer_of
    from genesis.app.home import home
    from genesis.app.logs import guarded_keys

    keys = guarded_keys()
    signer = signer_of(keys)
    nonces = open_nonces(home() / "nonces", keys.api_key, SystemClock(), create=is_new)
    try:
        signed = signer.rest_headers(path, await nonces.next(), body.encode())
    finally:
        nonces.close()
    return {"content-type": "application/json", **signed}


async def _permissions(url: str, *, is_new: bool) -> "list[Permission]":
    from genesis.adapters.bitfinex.rest_account import BitfinexAccount
    from genesis.app.bitfinex_rest import signed_client
    from genesis.app.home import home
    from genesis.app.logs import guarded_keys

    async with signed_client(guarded_keys(), home(), url, is_new=is_new) as access:
        return await BitfinexAccount(access.client).permissions()


def _masked(name: str, value: str) -> str:
    return "***" if name in {"bfx-apikey", "bfx-signature"} else value
