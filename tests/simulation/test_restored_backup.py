"""A25: the journal of an earlier moment is put back while the exchange went on; the nonce store is as it was."""

import asyncio

from attrs import define, field

from genesis.adapters.memory.virtual_time import run_virtually
from genesis.app.simulation.options import SYMBOLS, WorldOptions
from genesis.app.simulation.production import Production
from genesis.app.simulation.world import World
from genesis.domain.events import Asked, OperatorAsked

MINUTES_BETWEEN = 30


@define
class Seen:
    """Orders that left: until the backup was made, until it was put back, until it was resumed, and at the end."""

    left: list[int] = field(factory=list)
    alerts: int = 0
    holdings_agree: bool = False


class RestoredWorld(World):
    """A world without faults, but for one backup."""

    async def live(self) -> Seen:
        """Trade, copy the journal, trade on, put the copy back, wait, and let an operator resume."""
        seen = Seen()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each) for each in (self._shell.run(), self._keep_alive(), self.operator.run())]
            await self._wait(seen)
            backup = list(self.host.disk.rows)
            await self._wait(seen)
            assert self.life is not None
            self.life.kill("for its backup")
            self.host.disk.rows[:] = backup
            await self._wait(seen)
            seen.alerts = sum("journal_behind" in row.payload for row in self.host.disk.rows)
            seen.holdings_agree = self._agrees()
            self.operator.want(lambda mts: OperatorAsked(mts, Asked.RESUME, "", "the backup is meant"))
            await self._wait(seen)
            for each in running:
                each.cancel()
        return seen

    async def _wait(self, seen: Seen) -> None:
        await asyncio.sleep(60 * MINUTES_BETWEEN)
        seen.left.append(len(self.checker.wire.left_s))

    def _agrees(self) -> bool:
        belief = None if self._program is None else self._program.belief()
        return belief is not None and all(
            self._wallet(currency) == amount for currency, amount in belief.holdings.items()
        )


def test_a25_nothing_is_sent_on_an_older_journal_until_an_operator_resumes() -> None:
    options = WorldOptions(2, 1.0, SYMBOLS[:1], 2, (), 1.0, 60)
    seen = run_virtually(lambda loop: RestoredWorld(options, Production(), loop, None).live())
    made, put_back, resumed, end = seen.left
    assert 0 < made < put_back == resumed < end
    assert seen.alerts == 1
    assert seen.holdings_agree
