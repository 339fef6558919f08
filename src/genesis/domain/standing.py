"""Whether the account may trade at all: the state of its links, and whether it was reconciled since they came up."""

from typing import Final

from attrs import define, field

from genesis.domain.link import Link, LinkState
from genesis.domain.risk.scene import Standing

ACCOUNT: Final = "account"
"""The name of the link over which the account is told."""


@define
class Standings:
    """Follows the links by name.

    *is_reconciled* at the start where the account is known to be as the books say; *is_frozen* while a person has to
    look.
    """

    is_reconciled: bool
    is_frozen: bool = False
    links: dict[str, Link] = field(factory=dict)
    now: Standing = field(init=False)
    """Where the account stands."""

    def __attrs_post_init__(self) -> None:
        self.now = self._judge()

    def reconciled(self) -> None:
        """Take that the account was looked at."""
        self.is_reconciled = True
        self.now = self._judge()

    def freeze(self, *, is_frozen: bool) -> None:
        """Stop everything until a person has looked, or go on."""
        self.is_frozen = is_frozen
        self.now = self._judge()

    def take(self, state: LinkState) -> None:
        """Take a link's new state: what happened on an account while its link was not open has to be looked at."""
        self.links[state.name] = state.link
        if state.name == ACCOUNT and state.link is not Link.OPEN:
            self.is_reconciled = False
        self.now = self._judge()

    def _judge(self) -> Standing:
        if self.is_frozen:
            return Standing.FROZEN
        links = self.links.values()
        if Link.MAINTENANCE in links:
            return Standing.MAINTENANCE
        if any(link is not Link.OPEN for link in links):
            return Standing.LINK_DOWN
        return Standing.OPEN if self.is_reconciled else Standing.RECONCILING
