"""The nonce store of the key that is in use, where the key may be replaced while it is used."""

from genesis.domain.nonce import Nonce
from genesis.domain.order import Cid
from genesis.ports.nonces import NonceStore


class CurrentNonces:
    """A `NonceStore` that hands on to *store*, which may be another one later."""

    def __init__(self, store: NonceStore) -> None:
        self.store = store

    async def next(self) -> Nonce:
        return await self.store.next()

    async def bump(self, above: int) -> None:
        await self.store.bump(above)

    async def next_cid(self) -> Cid:
        return await self.store.next_cid()
