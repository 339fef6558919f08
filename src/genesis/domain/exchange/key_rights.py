"""Whether a key has the rights that a trading program needs, and none that it should not have.

Whoever steals a key that can withdraw takes the money; one that can only trade does less harm. So rights beyond trading
are refused unless somebody allows them by name, and so is a write right that nobody has heard of.
"""

from collections.abc import Collection, Sequence
from typing import Final

from genesis.domain.exchange.account import Permission

HARMLESS: Final = frozenset({"account", "funding", "history", "orders", "positions"})
"""Scopes whose write right cannot move money out of the account or change how it is guarded."""

DANGEROUS: Final = {
    "withdraw": "can withdraw",
    "ui_withdraw": "can withdraw through the web page",
    "wallets": "can transfer between wallets and accounts",
    "settings": "can change the account's settings",
}


def refusals(permissions: Sequence[Permission], *, is_trading: bool, allowed: Collection[str] = ()) -> list[str]:
    """Return why a key is refused, in sentences; none if it may be used. *allowed* names scopes accepted on purpose.

    A trading program needs to write orders; one that only reads takes no key with any write right.
    """
    scopes = [permission.scope for permission in permissions]
    if not scopes or len(set(scopes)) != len(scopes):
        return ["the exchange did not list each right once: nothing can be said about this key"]
    found = [_refusal(scope) for scope in _writable(permissions) if scope not in allowed and is_trading]
    if not is_trading:
        found = [
            f"can write {scope}, and only reading is wanted" for scope in _writable(permissions) if scope not in allowed
        ]
    if is_trading and "orders" not in _writable(permissions):
        found.append("cannot write orders")
    return [reason for reason in found if reason]


def _writable(permissions: Sequence[Permission]) -> list[str]:
    return [permission.scope for permission in permissions if permission.can_write]


def _refusal(scope: str) -> str:
    if scope in HARMLESS:
        return ""
    return DANGEROUS.get(scope, f"can write {scope!r}, a right that Genesis does not know")
