"""Recovery: a journal through the core again, then what the end of the last process proves of each order.

Start-up is crash recovery: a session that ended well leaves nothing to do but to read. What the journal cannot say the
exchange does, in the look at the account that comes before any new decision.
"""

from collections.abc import Iterator
from typing import Final

from genesis.domain.core import TradingCore
from genesis.domain.events import Event, OrderReported
from genesis.domain.execution.reconciliation import after_crash
from genesis.domain.link import Link, LinkState
from genesis.ports.journal import Journal

LINKS: Final = ("market", "account")


async def begin_again(core: TradingCore, journal: Journal) -> None:
    """Record, durably, what the end of the last process means: at the time of the market that the core knows.

    The machine's clock may be anywhere, and what it said once would hurry or hold up all that waits for a time.

    Its connections are gone, so nothing is sent before the account was looked at. An intent without a record of sending
    never left. Of an order that was being sent nobody knows: the look finds it, or asks for a search.
    """
    for event in _what_a_start_means(core):
        await journal.append(event)
        for decision in core.handle(event):
            await journal.append(decision)
    await journal.commit()


def _what_a_start_means(core: TradingCore) -> Iterator[Event]:
    for name in LINKS:
        yield LinkState(core.now, name, Link.RECONNECT, "the session begins")
    for own in tuple(core.books.orders.open()):
        evidence = after_crash(own.life)
        if evidence is not None:
            yield OrderReported(core.now, own.life.order.symbol, own.life.order.cid, evidence)
