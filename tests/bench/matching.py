"""Commands a second of the matching engine: 60 % limit, 30 % cancel, 10 % market on a book of 1 000 levels.

The commands are made beforehand; what is timed is the engine alone.
"""

import gc
import random
from collections.abc import Iterator
from time import perf_counter, perf_counter_ns
from typing import Final, NamedTuple

from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.matching import MatchingEngine
from genesis.domain.simulation.matching_order import MatchingOrder, UserId
from genesis.domain.units import Atoms, Mts, Price
from tests.bench._turns import report

LEVELS: Final = 1_000
MID: Final = 100_000
NOW: Final = Mts(1_700_000_000_000)

Command = MatchingOrder | OrderId
"""An order to submit, or the id of one to cancel."""


class Figures(NamedTuple):
    """Commands a second over the whole run, and the time of single commands in microseconds, timer included."""

    commands: int
    events: int
    commands_per_s: int
    p50_us: float
    p99_us: float
    max_us: float


def limit_order(order_id: int, dice: random.Random, side: Side) -> MatchingOrder:
    """Return a passive limit order within the levels of its side."""
    price = MID - side.sign * dice.randint(1, LEVELS // 2)
    return MatchingOrder(
        OrderId(order_id), UserId(dice.randint(1, 50)), side, OrderType.LIMIT, amount(dice), Price(price)
    )


def amount(dice: random.Random) -> Atoms:
    """Return between 0.01 and 1 unit."""
    return Atoms(dice.randint(1_000_000, 100_000_000))


def full_book(dice: random.Random) -> tuple[MatchingEngine, int]:
    """Return a book with some orders at each of its levels, and the next free order id."""
    engine, order_id = MatchingEngine(), 1
    for distance in range(1, LEVELS // 2 + 1):
        for side in Side:
            for _ in range(4):
                price = Price(MID - side.sign * distance)
                engine.submit(
                    MatchingOrder(OrderId(order_id), UserId(1), side, OrderType.LIMIT, amount(dice), price), NOW
                )
                order_id += 1
    return engine, order_id


def commands(count: int, dice: random.Random, first_id: int) -> Iterator[Command]:
    """Yield the mix. Cancels name any order submitted so far; one that has traded meanwhile is refused, as in life."""
    cancelable = list(range(1, first_id))
    for order_id in range(first_id, first_id + count):
        roll, side = dice.random(), dice.choice((Side.BUY, Side.SELL))
        if roll < 0.6:
            cancelable.append(order_id)
            yield limit_order(order_id, dice, side)
        elif roll < 0.9:
            at = dice.randrange(len(cancelable))
            cancelable[at], cancelable[-1] = cancelable[-1], cancelable[at]
            yield OrderId(cancelable.pop())
        else:
            yield MatchingOrder(OrderId(order_id), UserId(2), side, OrderType.MARKET, amount(dice))


def measure(count: int = 200_000, seed: int = 1) -> Figures:
    """Run the mix twice over equal books: once for the rate, once with a timer around each command."""
    event_count = 0
    engine, mix = _prepared(count, seed)
    gc.collect()
    start = perf_counter()
    for command in mix:
        events = engine.submit(command, NOW) if isinstance(command, MatchingOrder) else engine.cancel(command, NOW)
        event_count += len(events)
    elapsed = perf_counter() - start
    engine, mix = _prepared(count, seed)
    times: list[int] = []
    for command in mix:
        begin = perf_counter_ns()
        if isinstance(command, MatchingOrder):
            engine.submit(command, NOW)
        else:
            engine.cancel(command, NOW)
        times.append(perf_counter_ns() - begin)
    times.sort()
    return Figures(
        count,
        event_count,
        round(count / elapsed),
        times[count // 2] / 1_000,
        times[count * 99 // 100] / 1_000,
        times[-1] / 1_000,
    )


def _prepared(count: int, seed: int) -> tuple[MatchingEngine, list[Command]]:
    dice = random.Random(seed)
    engine, first_id = full_book(dice)
    return engine, list(commands(count, dice, first_id))


def main() -> None:
    """Print the figures."""
    report("matching", lambda: {"60 % limit, 30 % cancel, 10 % market": measure()._asdict()})


if __name__ == "__main__":
    main()
