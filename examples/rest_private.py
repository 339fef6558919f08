"""Read balances, place an order far from the market, cancel it: `python examples/rest_private.py [URL] [--new-key]`.

The key comes from BITFINEX_API_KEY and BITFINEX_API_SECRET. `--new-key` is for its first use on this machine. The order
is a real one: it rests at a tenth of a dollar, which is nowhere near the market.
"""

import asyncio
import sys
from decimal import Decimal

from genesis.adapters.bitfinex.rest_account import get_wallets
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders
from genesis.app.bitfinex_rest import signed_client
from genesis.app.home import home
from genesis.app.logs import guarded_keys
from genesis.domain.exchange.orders import Account, ById
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.risk.gate import check
from genesis.domain.risk.refusal import Refused
from genesis.domain.units import Symbol
from genesis.ports.errors import OutcomeUnknown, Rejected


async def main(url: str = "", *, is_new: bool = False) -> None:
    """Show the wallets, then submit and cancel one order."""
    symbol = Symbol("tBTCUSD")
    async with signed_client(guarded_keys(), home(), url, is_new=is_new) as access:
        for wallet in await get_wallets(access.client):
            print(f"{wallet.kind.value} {wallet.currency}: {wallet.balance}")
        rules = {rule.symbol: rule for rule in await BitfinexMarket(access.client).pair_rules()}
        instrument = spot_instrument(symbol, rules[symbol].amount_min)
        orders = BitfinexOrders(access.client, {symbol: instrument}, Account.EXCHANGE)
        order = OrderRequest(
            cid=await access.nonces.next_cid(),
            symbol=symbol,
            side=Side.BUY,
            type=OrderType.LIMIT,
            amount=instrument.amount_min,
            mts=access.clock.now(),
            price=instrument.price(Decimal("0.1")),
            post_only=True,
        )
        approved = check(order, instrument, position=0, is_halted=False)
        if isinstance(approved, Refused):
            print("refused by the risk gate:", approved)
            return
        try:
            ack = await orders.submit(approved)
        except Rejected as refusal:
            print("refused:", refusal)
        except OutcomeUnknown as unknown:
            print("look the order up by its cid before doing anything else:", unknown)
        else:
            print("placed:", ack.order.id, ack.order.status_text)
            print("cancelled:", (await orders.cancel(ById(ack.order.id))).id)


if __name__ == "__main__":
    urls = [word for word in sys.argv[1:] if not word.startswith("-")]
    asyncio.run(main(*urls[:1], is_new="--new-key" in sys.argv))
