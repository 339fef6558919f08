"""What a process of a world finds where it starts."""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from genesis.adapters.bitfinex.sign import Signer
from genesis.app.operated_market import OperatorInbox
from genesis.app.simulation.options import WorldOptions
from genesis.domain.instrument import Instrument
from genesis.domain.journal.chain import Row
from genesis.domain.units import ATOMS_PER_UNIT
from genesis.ports.budgets import Budgets
from genesis.ports.clock import Clock
from genesis.ports.journal import Journal
from genesis.ports.kill import KillLatch
from genesis.ports.metrics import Metrics
from genesis.ports.nonces import NonceStore
from genesis.ports.socket import Connector
from genesis.ports.transport import Transport

KEY, SECRET = "simulated-key", "simulated-secret"
CASH: Final = 30_000 * ATOMS_PER_UNIT


@frozen(eq=False)
class Machine:
    """What a process finds when it starts: everything that a real one would make from its settings."""

    options: WorldOptions
    instruments: tuple[Instrument, ...]
    clock: Clock
    metrics: Metrics
    transport: Transport
    connector: Connector
    rest_url: str
    socket_url: str
    journal: Journal
    rows: Sequence[Row]
    """What the journal held when it was opened."""
    nonces: NonceStore
    latch: KillLatch
    budgets: Budgets
    signer: Signer
    random: Callable[[], float]
    inbox: OperatorInbox
    set_exchange_us: Callable[[Callable[[], int]], None]
    """Takes who knows the exchange's time, for the nonces."""


class ExchangeUs:
    """The exchange's time as a process knows it: its own clock's until it has learned better."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._ask = clock

    def now(self) -> int:
        """Return the time in microseconds."""
        return self._ask()

    def learn(self, ask: Callable[[], int]) -> None:
        """Ask *ask* from now on."""
        self._ask = ask
