"""What a seed stands for: a world with its people, its faults, and how often they come."""

from enum import Enum
from random import Random
from typing import Final

from attrs import asdict, frozen


class FaultClass(Enum):
    """What can go wrong. A random half of the classes is switched off in each world, so that the others meet often."""

    ACK_LOST = "ack_lost"
    """An order is carried out and its acknowledgement never comes (D1)."""
    ACK_LATE = "ack_late"
    """An acknowledgement comes seconds to minutes late, after the fills and after the deadline (D2, D3)."""
    CANCEL_ACK_LOST = "cancel_ack_lost"
    """A cancellation is carried out and never acknowledged (D4)."""
    ORDER_REFUSED = "order_refused"
    """The exchange says no, for a reason of its own (D17)."""
    FRAME_TWICE = "frame_twice"
    """A private frame comes twice (C8, D3)."""
    FRAME_SWAPPED = "frame_swapped"
    """A private frame comes after the next one: fills before acknowledgements (C8, D3)."""
    FRAME_LOST = "frame_lost"
    """A private frame never comes, and no gap in the sequence tells (D24)."""
    FEE_LOST = "fee_lost"
    """A trade is told as executed and never as complete (D3)."""
    SEQUENCE_GAP = "sequence_gap"
    """A sequence number is skipped (C8)."""
    BAD_CHECKSUM = "bad_checksum"
    """A book's checksum does not match (D22)."""
    REST_ACK_LOST = "rest_ack_lost"
    """A signed request is carried out and its connection reset (C4)."""
    REST_ACCEPTED_5XX = "rest_accepted_5xx"
    """A signed request is carried out and answered with a page of the front end (D13)."""
    REST_HTML = "rest_html"
    """A request is answered with a page of the front end and not carried out (C12)."""
    REST_STALLED = "rest_stalled"
    """A request is never answered (C5)."""
    REST_LIMITED = "rest_limited"
    """A request is answered with 429 (D12)."""
    NONCE_SMALL = "nonce_small"
    """A signed request is refused with 10114, as HTTP 500 (D10)."""
    REST_LAG = "rest_lag"
    """What REST shows is behind, for a while (D8)."""
    MAINTENANCE = "maintenance"
    """20060, a while, 20061 (D15)."""
    EXCHANGE_RESTART = "exchange_restart"
    """20051, and every connection is closed (D14)."""
    DISCONNECT = "disconnect"
    """Every connection is reset, with what is under way (D5)."""
    HALF_OPEN = "half_open"
    """Connections carry nothing and say nothing (C7)."""
    NETWORK_DOWN = "network_down"
    """No connection can be made for a while (C1, C15)."""
    NETWORK_SLOW = "network_slow"
    """Everything takes seconds (C16)."""
    PROCESS_KILLED = "process_killed"
    """The process dies at any place: before, in and after each commit, message and answer (A1-A6)."""
    PROCESS_VANISHED = "process_vanished"
    """The process dies, and nobody closes its connections."""
    DISK_FULL = "disk_full"
    """Nothing can be written for a while (A15, A16)."""
    DISK_BROKEN = "disk_broken"
    """A write fails with EIO (A17)."""
    DISK_SLOW = "disk_slow"
    """Commits take seconds (A22)."""
    CLOCK_STEP = "clock_step"
    """The wall clock is set, back or forward (B1, B2)."""
    CLOCK_DRIFT = "clock_drift"
    """The wall clock runs wrong (B3)."""
    KILLED = "killed"
    """A person pulls the kill latch, and resets it later (E16, E17)."""
    HALTED = "halted"
    """A person halts the session, and resumes it later."""
    LIMITS_LOWERED = "limits_lowered"
    """A person lowers the limits of the account, and raises them later."""
    FOREIGN_ORDERS = "foreign_orders"
    """Somebody else trades with the same account (D7, D25)."""
    DEPOSITS = "deposits"
    """Money comes into the account and leaves it."""
    HOSTILE_STRATEGY = "hostile_strategy"
    """A strategy says NaN, infinity, flips with every candle, and wants it all (A32)."""
    LOOP_BLOCKED = "loop_blocked"
    """Nothing of the process runs for a while: it is stopped, suspended, or busy with one thing (A9, A30, B4)."""


MADE_BY_VENUE: Final = {
    FaultClass.ACK_LOST: 0.06,
    FaultClass.ACK_LATE: 0.06,
    FaultClass.CANCEL_ACK_LOST: 0.10,
    FaultClass.ORDER_REFUSED: 0.04,
    FaultClass.FRAME_TWICE: 0.03,
    FaultClass.FRAME_SWAPPED: 0.03,
    FaultClass.FRAME_LOST: 0.01,
    FaultClass.FEE_LOST: 0.03,
    FaultClass.SEQUENCE_GAP: 0.01,
    FaultClass.BAD_CHECKSUM: 0.02,
    FaultClass.REST_ACK_LOST: 0.01,
    FaultClass.REST_ACCEPTED_5XX: 0.01,
    FaultClass.REST_HTML: 0.01,
    FaultClass.REST_STALLED: 0.005,
    FaultClass.REST_LIMITED: 0.003,
    FaultClass.NONCE_SMALL: 0.01,
}
"""Faults of single messages, with the chance of each message to meet one."""

SOMETIMES: Final = {
    FaultClass.REST_LAG: 1.0,
    FaultClass.MAINTENANCE: 0.5,
    FaultClass.EXCHANGE_RESTART: 1.0,
    FaultClass.DISCONNECT: 3.0,
    FaultClass.HALF_OPEN: 1.0,
    FaultClass.NETWORK_DOWN: 1.0,
    FaultClass.NETWORK_SLOW: 1.0,
    FaultClass.PROCESS_KILLED: 3.0,
    FaultClass.PROCESS_VANISHED: 0.5,
    FaultClass.DISK_FULL: 0.5,
    FaultClass.DISK_BROKEN: 0.5,
    FaultClass.DISK_SLOW: 1.0,
    FaultClass.CLOCK_STEP: 1.0,
    FaultClass.CLOCK_DRIFT: 0.5,
    FaultClass.KILLED: 0.7,
    FaultClass.HALTED: 1.0,
    FaultClass.LIMITS_LOWERED: 1.5,
    FaultClass.FOREIGN_ORDERS: 4.0,
    FaultClass.DEPOSITS: 1.0,
    FaultClass.LOOP_BLOCKED: 2.0,
}
"""Faults that last or come of themselves, with how many come in an hour."""

SYMBOLS: Final = ("tBTCUSD", "tETHUSD", "tLTCUSD")


@frozen
class WorldOptions:
    """A world. *faults* are the classes that are switched on."""

    seed: int
    hours: float
    symbols: tuple[str, ...]
    desks: int
    faults: tuple[FaultClass, ...]
    intensity: float
    """By what the usual rates of faults are multiplied."""
    market_step_s: int
    """How often the market's people quote and trade."""
    manners: tuple[str, ...] = ("market",) * 4
    """How each strategy carries its orders out, and what guards its position."""
    guard: str = "none"
    """What the last strategy may lose."""
    stricter: str = "none"
    """What else the account's limits hold orders to, beyond the bounds of every world."""
    cools_down: bool = False
    """Whether every strategy adds no risk for a while after losses in a row."""
    enters_by_limit: bool = False
    """Whether the second strategy opens positions as a maker, whatever its manner."""
    has_budgets: bool = False
    """Whether a volatility target and a regime say how much of each strategy's size may be used."""
    saved_every: int = 2_000
    """After how many facts about orders the state of the core is written."""

    def described(self) -> dict[str, object]:
        """Return the options as plain values, for people and reports."""
        return asdict(self, value_serializer=lambda _, __, value: value.value if isinstance(value, Enum) else value)


MANNERS: Final = ("market", "market", "post_only", "iceberg", "twap", "guarded", "pair", "trailing")
GUARDS: Final = ("none", "drawdown", "daily_loss")
STRICTER: Final = ("none", "none", "none", "data_age", "collar", "repeats", "positions", "order_amount", "all")
HOURS: Final = 1.0


def options_of(seed: int, hours: float = HOURS) -> WorldOptions:
    """Return the world that *seed* stands for."""
    chance = Random(f"world {seed}")  # nosec B311 - a world made up from a seed is no secret
    classes: list[FaultClass] = [each for each in FaultClass if each is not FaultClass.LOOP_BLOCKED]
    chance.shuffle(classes)
    switched_on = set(classes[: (len(classes) + 1) // 2])
    blocks = Random(f"blocked {seed}")  # nosec B311 - as above; by itself, so that worlds stay as they were before it
    switched_on |= {FaultClass.LOOP_BLOCKED} if blocks.random() < 0.5 else set()
    more = Random(f"more {seed}")  # nosec B311 - likewise
    manners = tuple(chance.choice(MANNERS) for _ in range(4))
    symbols = SYMBOLS[: chance.choice((1, 1, 1, 2, 3))]
    return WorldOptions(
        seed=seed,
        hours=hours,
        symbols=symbols,
        desks=max(len(symbols), chance.choice((2, 2, 2, 3, 4))),
        faults=tuple(each for each in FaultClass if each in switched_on),
        intensity=chance.choice((0.5, 1.0, 1.0, 2.0, 4.0)),
        market_step_s=chance.choice((30, 60, 60)),
        manners=manners,
        guard=chance.choice(GUARDS),
        stricter=chance.choice(STRICTER),
        cools_down=chance.choice((False, False, True)),
        enters_by_limit=more.random() < 0.15,
        has_budgets=more.random() < 0.15,
        saved_every=chance.choice((20, 2_000)),
    )
