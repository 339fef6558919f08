"""Cancels wait for nobody (I36): one that was decided while the account's socket was open leaves at once."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings

AT_ONCE_S: Final = 0.05
"""How long a cancel may take from its durable record to the wire."""

ASKED_LATELY_S: Final = 120.0
"""For so long a cancel that left counts as asked: it is repeated by itself, after what stood in its way."""

Body = Mapping[str, Any]  # Any: JSON


@define(eq=False)
class CancelView:
    """Follows the cancels of one process at a time; *cid_of* knows whose an exchange id is, *is_open* what may fill."""

    findings: Findings
    cid_of: Callable[[int], int | None]
    is_open: Callable[[int], bool]
    _wanted_s: dict[int, float] = field(factory=dict)
    _left_s: dict[int, float] = field(factory=dict)
    _is_free: bool = False
    """Whether the account's socket is open, by what the process last said of it."""

    def process_began(self) -> None:
        """Forget what the process before wanted."""
        self._wanted_s.clear()
        self._left_s.clear()
        self._is_free = False

    def link(self, *, is_free: bool) -> None:
        """Take a new state of the account's link: what waits may wait for it from now on."""
        self._is_free = is_free
        self._wanted_s.clear()

    def wanted(self, cid: int) -> None:
        """Take that a cancel was decided and is durable."""
        if not self._is_free or not self.is_open(cid):
            return
        now_s, asked_s = self.findings.now_s(), self._left_s.get(cid)
        if asked_s is not None and now_s - asked_s <= ASKED_LATELY_S:  # it did not even wait for its record
            self.findings.require(True, "I36", "")
        else:
            self._wanted_s.setdefault(cid, now_s)

    def left(self, names: Body) -> None:
        """Take that a cancel leaves, by the exchange's id or ours."""
        cid = names["cid"] if "cid" in names else self.cid_of(names["id"])
        if cid is not None:
            self._left_s[cid] = self.findings.now_s()
            self._judge(cid)

    def look(self) -> None:
        """Require that no cancel waits that could leave."""
        for cid in [each for each, wanted_s in self._wanted_s.items() if self._is_late(wanted_s)]:
            self._judge(cid)

    def _is_late(self, wanted_s: float) -> bool:
        return self.findings.now_s() - wanted_s > AT_ONCE_S

    def _judge(self, cid: int) -> None:
        wanted_s = self._wanted_s.pop(cid, None)
        if wanted_s is not None and self.is_open(cid):
            waited_s = self.findings.now_s() - wanted_s
            told = f"the cancel of order {cid} waited {waited_s:.3f} s for nothing but ourselves"
            self.findings.require(waited_s <= AT_ONCE_S, "I36", told)
