"""Netting among our own strategies: what one wants to buy and another to sell never goes to the exchange."""

from collections.abc import Mapping
from typing import NamedTuple

from genesis.domain.order import Side
from genesis.domain.units import Atoms


class Wanted(NamedTuple):
    """What a strategy would trade, in atoms of the base currency."""

    side: Side
    amount: Atoms


class Match(NamedTuple):
    """An amount that two strategies trade with each other."""

    buyer: str
    seller: str
    amount: Atoms


class Netted(NamedTuple):
    """The matches inside, and what is left of each wish: 0 where all of it was matched."""

    matches: tuple[Match, ...]
    left: Mapping[str, Atoms]


def net(wishes: Mapping[str, Wanted]) -> Netted:
    """Match purchases and sales in the order in which they stand; what is left is all on one side."""
    left = {name: wanted.amount for name, wanted in wishes.items()}
    buyers = [name for name, wanted in wishes.items() if wanted.side is Side.BUY]
    sellers = [name for name, wanted in wishes.items() if wanted.side is Side.SELL]
    matches: list[Match] = []
    while buyers and sellers:
        buyer, seller = buyers[0], sellers[0]
        amount = min(left[buyer], left[seller])
        matches.append(Match(buyer, seller, amount))
        for name, queue in ((buyer, buyers), (seller, sellers)):
            left[name] = Atoms(left[name] - amount)
            if not left[name]:
                queue.pop(0)
    return Netted(tuple(matches), left)
