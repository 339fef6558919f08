"""Our account, live: snapshots and news; with --buy, a small post-only order far below the market, then its
cancellation.

    BITFINEX_API_KEY=… BITFINEX_API_SECRET=… python examples/ws_private.py [--url ws://127.0.0.1:8080/ws/2] [--buy
    0.0002@1000]

The nonces of a key have to rise over all its users: give this program a key of its own.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from genesis.adapters.bitfinex.session import ACCOUNT_URL
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.domain.account_events import SnapshotsComplete
from genesis.domain.exchange.orders import Account, ById
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import check
from genesis.domain.risk.refusal import Refused
from genesis.domain.units import Currency, Symbol, atoms, decimal_from_text
from genesis.ports.secrets import Secret

BTC = Instrument(Symbol("tBTCUSD"), Currency("BTC"), Currency("USD"), atoms("0.0001"), price_decimals=5)


async def order_and_cancel(stream: AccountStream, cid: Cid, wish: str, clock: SystemClock) -> None:
    """Place AMOUNT@PRICE and take it back."""
    amount, _, price = wish.partition("@")
    order = OrderRequest(
        cid=cid,
        symbol=BTC.symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=atoms(amount),
        mts=clock.now(),
        price=BTC.price(decimal_from_text(price)),
        post_only=True,
    )
    approved = check(order, BTC, position=0, is_halted=False)
    if isinstance(approved, Refused):
        print("refused by the risk gate:", approved)
        return
    ack = await stream.submit(approved)
    print("accepted:", ack.order.id, ack.text, *ack.differences)
    print("cancelling:", (await stream.cancel(ById(ack.order.id))).status_text)


async def main(url: str, seconds: float, wish: str) -> None:
    """Open the account and show what happens."""
    key, secret = (Secret(os.environ.get(f"BITFINEX_API_{name}", "")) for name in ("KEY", "SECRET"))
    if not key or not secret:
        sys.exit("BITFINEX_API_KEY and BITFINEX_API_SECRET are needed")
    clock = SystemClock()
    folder = Path(os.environ.get("GENESIS_HOME") or "var") / "nonces"
    nonces = open_nonces(folder, key, clock, create=True)
    async with AiohttpConnector() as connector:
        socket_key = SocketKey(Signer(key, secret), nonces)
        instruments = {BTC.symbol: BTC}
        stream = AccountStream(socket_key, connector, clock, MemoryMetrics(), instruments, Account.EXCHANGE, url=url)

        async def show() -> None:
            while True:
                event = await stream.next()
                print(event)
                if isinstance(event, SnapshotsComplete):
                    complete.set()

        complete = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in (stream.run(), show())]
            await complete.wait()
            if wish:
                await order_and_cancel(stream, await nonces.next_cid(), wish, clock)
            await asyncio.sleep(seconds)
            for task in running:
                task.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=ACCOUNT_URL)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--buy", default="", metavar="AMOUNT@PRICE")
    options = parser.parse_args()
    asyncio.run(main(options.url, options.seconds, options.buy))
