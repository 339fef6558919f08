"""A new API key for a session that goes on: found where the settings say, proven, then signed with.

The keeper is asked every minute, and at once when the exchange refuses the key. A new key counts only if the exchange
accepts it for the same account, with the rights to trade and none besides: until then the old one stays.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NoReturn

from attrs import frozen

from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.current_nonces import CurrentNonces
from genesis.adapters.key_lock_file import KeyLock
from genesis.adapters.nonce_file.marks import key_id
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.app.bitfinex_rest import signed_client, signer_of
from genesis.app.settings import Keys
from genesis.domain.exchange.key_rights import refusals
from genesis.ports.clock import Clock
from genesis.ports.errors import GenesisError, InputError
from genesis.ports.monitor import MonitorFeed

LOOK_EVERY_S: Final = 60.0

FindKeys = Callable[[bool], Keys]
"""Returns the keys where the settings say; with True it asks their keepers anew. Blocks; raises `GenesisError`."""


@frozen(eq=False)
class KeyPlaces:
    """Where a key is used: exchange, data directory, folder of locks, *owner* whose account it is, and for what."""

    rest_url: str
    home: Path
    locks: Path
    owner: int
    what: str


class KeyRenewal:
    """Replaces what *signer* and *nonces* stand for once *find* returns another key; a context manager.

    *renewed* is called after that.
    """

    def __init__(
        self,
        find: FindKeys,
        signer: Signer,
        nonces: CurrentNonces,
        places: KeyPlaces,
        clock: Clock,
        feed: MonitorFeed,
    ) -> None:
        self.renewed: Callable[[], None] = lambda: None
        self._find = find
        self._signer = signer
        self._nonces = nonces
        self._places = places
        self._clock = clock
        self._feed = feed
        self._known = find(False)
        self._turn = asyncio.Lock()
        self._held = ExitStack()
        self._locks: tuple[KeyLock, ...] = ()
        self._told = ""

    @property
    def locks(self) -> tuple[KeyLock, ...]:
        """The locks of the keys that came later."""
        return self._locks

    async def run(self) -> NoReturn:
        """Look for a new key every minute, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self._renew(is_refused=False)

    async def renew(self) -> bool:
        """Ask the keeper anew, for the exchange refused the key; tell whether another one is used from now on."""
        return await self._renew(is_refused=True)

    def close(self) -> None:
        """Let go of the locks and stores of the keys that came later."""
        self._locks = ()
        self._held.close()

    async def _renew(self, *, is_refused: bool) -> bool:
        async with self._turn:
            try:
                keys = await asyncio.to_thread(self._find, is_refused)
                if (keys.api_key, keys.api_secret) == (self._known.api_key, self._known.api_secret):
                    return False
                await self._use(keys)
            except (
                GenesisError
            ) as error:  # half of a pair that is being written, a keeper that is away: looked at again
                self._tell(f"a new key cannot be used yet: {error}")
                return False
            self._known, self._told = keys, ""
            self._feed.note("security", "key.renewed", {"key_id": key_id(keys.api_key).hex()[:12]}, "warning")
            self.renewed()
            return True

    async def _use(self, keys: Keys) -> None:
        signer = signer_of(keys)
        is_new = keys.api_key != self._known.api_key
        lock = KeyLock(self._places.locks, keys.api_key, self._places.what)
        with ExitStack() as taken:
            if is_new:  # the old key's lock stays: what was signed with it may still be on its way
                taken.enter_context(lock)
            await self._prove(keys)
            if is_new:
                last, cid = await self._nonces.next(), await self._nonces.next_cid()
                store = open_nonces(
                    self._places.home / "nonces", keys.api_key, self._clock, create=True, floor=last, cid_floor=cid
                )
                taken.callback(store.close)
                self._nonces.store = store
            self._signer.use(signer)
            self._held.push(taken.pop_all())
            if is_new:
                self._locks += (lock,)

    async def _prove(self, keys: Keys) -> None:
        """Raise `GenesisError` for a key that may not trade here, or may do more."""
        places = self._places
        async with signed_client(keys, places.home, places.rest_url, is_new=True) as access:
            account = BitfinexAccount(access.client)
            found = refusals(await account.permissions(), is_trading=True)
            if found:
                raise InputError(f"the key {'; '.join(found)}")
            if (await account.user()).id != places.owner:
                raise InputError("the key belongs to another account than the one that is traded")

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._feed.note("security", "key.not_renewed", {"reason": reason}, "error")
        self._told = reason
