"""A channel that looks its secret up again where the other side refuses it: it may have been replaced meanwhile."""

from collections.abc import Callable
from typing import Final

from genesis.adapters.own_threads import OwnThreads, left_behind
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.errors import InputError, SecretError, SecretUnavailable
from genesis.ports.secrets import Secret

FindSecret = Callable[[bool], Secret]
"""Returns the secret that a setting names; with True its keeper is asked anew.

Blocks; raises `InputError` and `SecretError`.
"""

_LOOK_UPS: Final = OwnThreads("alert-secrets", 1, left_behind)


class RenewedAlerts:
    """The channel that *make* makes of the secret, and makes anew of the next one."""

    def __init__(self, find: FindSecret, make: Callable[[Secret], AlertChannel]) -> None:
        """Make the channel; raises what *find* and *make* do."""
        self._find = find
        self._make = make
        self._secret = find(False)
        self._channel = make(self._secret)

    @property
    def name(self) -> str:
        """See the port."""
        return self._channel.name

    async def deliver(self, notice: Notice) -> None:
        """Deliver *notice*, with another secret where this one is refused for good and its keeper has another."""
        try:
            await self._channel.deliver(notice)
        except Undelivered as problem:
            if not (problem.is_final and await self._is_renewed(problem)):
                raise
        else:
            return
        await self._channel.deliver(notice)

    async def _is_renewed(self, refusal: Undelivered) -> bool:
        """Take the secret as it is kept now; raises `Undelivered`, final unless its keeper may answer later."""
        try:
            secret = await _LOOK_UPS.run(lambda: self._find(True))
            if secret == self._secret:
                return False
            self._channel = self._make(secret)
        except SecretUnavailable as error:
            raise Undelivered(f"{refusal}; {error}", retry_after_s=error.retry_after_s) from error
        except (InputError, SecretError) as error:
            raise Undelivered(f"{refusal}; {error}", is_final=True) from error
        self._secret = secret
        return True
