"""The official JavaScript client as a witness, where Node and the package are; `NODE_PATH` says where packages are."""

import asyncio
import os
import shutil
import subprocess
import textwrap

import pytest

from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from tests.e2e.venue_house import quiet_venue

NODE = shutil.which("node")

SCRIPT = """
const BFX = require('bitfinex-api-node'), { Order } = require('bfx-api-node-models');
const [, host, apiKey, apiSecret] = process.argv;
const bfx = new BFX({ apiKey, apiSecret, transform: true, ws: { url: `ws://${host}/ws/2`, seqAudit: true,
  manageOrderBooks: true }, rest: { url: `http://${host}` } });
const ws = bfx.ws(2), rest = bfx.rest(2);
ws.on('error', (error) => { console.error(error); process.exit(1) });
ws.on('open', () => ws.auth());
ws.once('auth', async () => {
  ws.enableFlag(131072);
  await ws.subscribeOrderBook('tBTCUSD', 'P0', '25');
  await ws.subscribeTrades('tBTCUSD'); await ws.subscribeTicker('tBTCUSD');
  const order = new Order({ cid: 77, symbol: 'tBTCUSD', price: 90, amount: 0.5, type: 'EXCHANGE LIMIT' }, ws);
  order.registerListeners();
  await order.submit(); await order.update({ amount: '0.4' }); await order.cancel();
  const market = new Order({ cid: 78, symbol: 'tBTCUSD', amount: 1.5, type: 'EXCHANGE MARKET' }, ws);
  await market.submit();
  const trades = await rest.accountTrades({ symbol: 'tBTCUSD' }), wallets = await rest.wallets();
  console.log(JSON.stringify({ trades: trades.length, wallets: wallets.length }));
  await ws.close(); process.exit(0);
});
ws.open();
"""


def has_package() -> bool:
    if NODE is None:
        return False
    probe = subprocess.run([NODE, "-e", "require('bitfinex-api-node')"], capture_output=True, check=False)
    return probe.returncode == 0


@pytest.mark.skipif(not has_package(), reason="Node with bitfinex-api-node is not here (set NODE_PATH)")
async def test_the_javascript_client_trades_and_its_audits_agree() -> None:
    assert NODE is not None
    async with serving(quiet_venue()) as port:
        process = await asyncio.create_subprocess_exec(
            *(NODE, "-e", textwrap.dedent(SCRIPT), f"127.0.0.1:{port}", DEMO_KEYS[0].key, DEMO_KEYS[0].secret),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ),
        )
        said, complained = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complained.decode()
    assert b'{"trades":2,"wallets":5}' in said
