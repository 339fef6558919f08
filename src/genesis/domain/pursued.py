"""An undertaking that is under way, and why."""

from attrs import frozen

from genesis.domain.events import Reasons
from genesis.domain.execution.plans import Undertaking


@frozen
class Pursued:
    """One that *is_given_up* ends with the parts that are open."""

    undertaking: Undertaking
    reasons: Reasons
    is_given_up: bool = False
