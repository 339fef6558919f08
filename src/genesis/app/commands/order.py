"""`order.settle`: a person says how an order ended of which nothing can be proven any more."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import InputError


@command(
    "order.settle",
    words="order",
    help={
        "order": "The order's cid.",
        "absent": "The exchange never had it.",
        "filled": "How much of it was filled in all, in its base currency; 0 where it ended without.",
        "price": "At which average price what the journal does not have of that was filled.",
        "fee": "What was paid for it: coins of a purchase, money of a sale.",
        "reason": "How you know; it is kept in the journal and in the audit log.",
    },
)
def settle(
    _: Context,
    order: Sequence[str] = (),
    absent: bool = False,
    filled: str = "",
    price: str = "",
    fee: str = "0",
    reason: str = "",
) -> None:
    """Say how an order ended that the exchange's history no longer shows: never there, or filled.

    Only while no session trades with the key, only for an order in doubt, and only once a look at the account thirteen
    days after it was sent does not show it: until then the session finds the proof itself. The next session goes on
    from what was said; where that was wrong, its first look gives the difference to the house account.
    """
    from genesis.app.order_settling import settle_order
    from genesis.app.order_word import Word
    from genesis.app.settings import load_settings

    if len(order) != 1 or not (order[0].isascii() and order[0].isdigit()):
        raise InputError("one order needed, by the number of its cid; call it as order.settle CID")
    if absent == bool(filled) or (absent and price):
        raise InputError("say either --absent, or --filled AMOUNT --price PRICE")
    if not reason.strip():
        raise InputError("say how you know: order.settle --reason TEXT")
    print(settle_order(int(order[0]), Word(reason.strip(), filled, price, fee), load_settings()))
