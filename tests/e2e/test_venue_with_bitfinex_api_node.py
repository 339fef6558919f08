"""The official JavaScript client as a witness: it trades every order type and its own audits agree."""

import json

from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from tests.e2e.node_house import node_path, run_node
from tests.e2e.venue_house import quiet_venue

SCRIPT = """
const BFX = require('bitfinex-api-node'), { Order } = require('bfx-api-node-models');
const [, host, apiKey, apiSecret] = process.argv;
const bfx = new BFX({ apiKey, apiSecret, transform: true, ws: { url: `ws://${host}/ws/2`, seqAudit: true,
  manageOrderBooks: true, manageCandles: true }, rest: { url: `http://${host}` } });
const ws = bfx.ws(2), rest = bfx.rest(2), seen = {};
const count = (name) => { seen[name] = (seen[name] || 0) + 1 };
const place = (fields) => { const order = new Order({ symbol: 'tBTCUSD', ...fields }, ws);
  order.registerListeners(); return order.submit().then(() => order) };
ws.on('error', (error) => { console.error(error); process.exit(1) });
ws.on('open', () => ws.auth());
ws.once('auth', () => main().catch((error) => { console.error(error); process.exit(1) }));
async function main () {
  ws.enableFlag(131072);
  const T = { symbol: 'tBTCUSD' };
  ws.onTicker(T, () => count('ticker')); ws.onTrades(T, () => count('trades'));
  ws.onOrderBook({ ...T, prec: 'P0', len: '25' }, () => count('book'));
  ws.onCandle({ key: 'trade:1m:tBTCUSD' }, () => count('candles'));
  ws.onStatus({ key: 'deriv:tBTCF0:USTF0' }, () => count('status'));
  await ws.subscribeTicker('tBTCUSD'); await ws.subscribeTrades('tBTCUSD');
  await ws.subscribeOrderBook('tBTCUSD', 'P0', '25'); await ws.subscribeOrderBook('tBTCUSD', 'R0', '25');
  await ws.subscribeCandles('trade:1m:tBTCUSD'); await ws.subscribeStatus('deriv:tBTCF0:USTF0');
  ws.onOrderNew({}, () => count('on')); ws.onOrderUpdate({}, () => count('ou'));
  ws.onOrderClose({}, () => count('oc')); ws.onAccountTradeEntry({}, () => count('te'));
  let cid = 70;
  for (const prefix of ['EXCHANGE ', '']) {
    const resting = [{ type: 'LIMIT', price: 90 }, { type: 'STOP', price: 190 },
      { type: 'STOP LIMIT', price: 190, priceAuxLimit: 195 }, { type: 'TRAILING STOP', priceTrailing: 40 }];
    for (const { type, ...rest } of resting) {
      const order = await place({ cid: cid++, type: prefix + type, amount: 0.5, ...rest });
      if (type === 'LIMIT') await order.update({ amount: '0.4' });
      await order.cancel();
    }
    for (const { type, ...rest } of [{ type: 'MARKET' }, { type: 'IOC', price: 120 }, { type: 'FOK', price: 120 }]) {
      await place({ cid: cid++, type: prefix + type, amount: 0.5, ...rest });
    }
  }
  seen.refused = await place({ cid: 99, type: 'EXCHANGE LIMIT', amount: 1e6, price: 90 }).then(() => '', (e) => `${e}`);
  const lists = { trades: rest.accountTrades(T), wallets: rest.wallets(), ledgers: rest.ledgers({ filters: 'USD' }),
    positions: rest.positions(), open: rest.activeOrders(), past: rest.orderHistory(T) };
  for (const [name, list] of Object.entries(lists)) seen[`${name}_rest`] = (await list).length;
  console.log(JSON.stringify(seen));
  await ws.close(); process.exit(0);
}
ws.open();
"""


async def test_the_javascript_client_trades_and_its_audits_agree() -> None:
    node_path()
    async with serving(quiet_venue()) as port:
        said = await run_node(SCRIPT, f"127.0.0.1:{port}", DEMO_KEYS[0].key, DEMO_KEYS[0].secret)
    seen = json.loads(said.splitlines()[-1])
    assert "not enough exchange balance" in seen.pop("refused")
    channels = {seen.pop(name) > 0 for name in ("ticker", "trades", "book", "candles", "status")}
    assert channels == {True}
    # Eight orders rest, two are updated, fourteen end; the six that fill at once do so in one trade each.
    orders = {"on": 8, "ou": 2, "oc": 14, "te": 6, "trades_rest": 6, "past_rest": 14, "open_rest": 0}
    assert seen == orders | {"wallets_rest": 5, "ledgers_rest": 9, "positions_rest": 1}
