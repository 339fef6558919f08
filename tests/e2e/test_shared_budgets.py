"""Programs of one data directory against one exchange: what each asks counts for all of them (D12, I35)."""

from pathlib import Path

import pytest

from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.app.bitfinex_rest import public_client, signed_client
from genesis.app.settings import Keys
from genesis.domain.exchange.market import PlatformStatus
from genesis.ports.errors import RateLimited
from genesis.ports.secrets import Secret
from tests.fakes.bitfinex_server import KEY, SECRET, BitfinexServer, answering, error

KEYS = Keys(Secret(KEY), Secret(SECRET))


async def test_i35_a_program_that_starts_again_has_what_the_one_before_it_left_of_the_minute(tmp_path: Path) -> None:
    async with BitfinexServer() as server:
        server.answers |= {"platform/status": [1]}
        async with public_client(tmp_path, server.url) as client:
            for _ in range(22):
                assert await BitfinexMarket(client).platform_status() is PlatformStatus.OPERATIVE
        async with signed_client(KEYS, tmp_path, server.url, is_new=True) as access:
            with pytest.raises(RateLimited, match="our own budget of 30 requests a minute"):
                await BitfinexMarket(access.client).platform_status()
        async with public_client(tmp_path / "another", server.url) as client:
            await BitfinexMarket(client).platform_status()
    assert server.count("platform/status") == 23


async def test_d12_a_ban_of_one_program_keeps_the_others_of_the_machine_from_asking(tmp_path: Path) -> None:
    async with BitfinexServer() as server:
        server.next("auth/r/wallets", answering(lambda: error(11010, "ratelimit: error", 429)))
        async with signed_client(KEYS, tmp_path, server.url, is_new=True) as access:
            with pytest.raises(RateLimited):
                await BitfinexAccount(access.client).wallets()
        async with signed_client(KEYS, tmp_path, server.url) as access:
            with pytest.raises(RateLimited, match="used up for"):
                await BitfinexAccount(access.client).wallets()
    assert server.count("auth/r/wallets") == 1
