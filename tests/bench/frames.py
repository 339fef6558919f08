"""Public frames a second, from text to typed events with books kept: Genesis, and the clients that are installed.

The frames are generated from a seed: 80 % book (P0, 25 levels a side, two symbols), 15 % trades (`te`, then `tu`), 3
% candles, 2 % heartbeats. There is no network. Each client gets text as its transport would hand it over, and does
nothing with the events.
"""

import asyncio
import gc
import json
import random
import statistics
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from genesis.adapters.bitfinex.connection import Connection
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.happenings import ConnectionRules, Ring
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.channel import BookChannel, CandlesChannel, Channel, TradesChannel
from genesis.domain.market import Gap, MarketEvent
from genesis.domain.units import Symbol
from tests.bench._turns import in_turn, report

DEPTH: Final = 25
START_MTS: Final = 1_700_000_000_000
MARKETS: Final = (("tBTCUSD", 91_250, 101), ("tETHUSD", 30_480, 201))
"""Symbol, first price, first channel id: books have that id, trades the next, candles the one after."""

Case = Callable[[], None]


class SyntheticMarket:
    """A pair whose book, trades and candles look like the exchange's; its own copy of the book gives the checksums."""

    def __init__(self, price: int, channel_id: int, rng: random.Random) -> None:
        self.channel_id = channel_id
        self._rng = rng
        self._price = price
        self._bids = {price - 1 - i: self._amount() for i in range(DEPTH)}
        self._asks = {price + 1 + i: self._amount() for i in range(DEPTH)}
        self._trade_id = 1_500_000_000

    def snapshot(self) -> str:
        """Return the rows of the book."""
        rows = [self._row(price, is_bid=True) for price in sorted(self._bids, reverse=True)]
        return "[" + ",".join(rows + [self._row(price, is_bid=False) for price in sorted(self._asks)]) + "]"

    def book_rows(self) -> Iterator[str]:
        """Change a level near the top; or let one go, and let the next come into view behind the last."""
        is_bid = self._rng.random() < 0.5
        side = self._bids if is_bid else self._asks
        prices = sorted(side, reverse=is_bid)
        place = min(int(self._rng.expovariate(0.25)), DEPTH - 1)
        if self._rng.random() < 0.7 or place == 0:
            side[prices[place]] = self._amount()
            yield self._row(prices[place], is_bid=is_bid)
            return
        del side[prices[place]]
        yield f"[{prices[place]},0,{1 if is_bid else -1}]"
        gaps = [price for price in range(min(prices), max(prices)) if price not in side]
        next_price = self._rng.choice(gaps) if len(gaps) > 1 else prices[-1] + (-1 if is_bid else 1)
        side[next_price] = self._amount()
        yield self._row(next_price, is_bid=is_bid)

    def trade(self, mts: int) -> str:
        """Return a trade at the touch."""
        self._trade_id += self._rng.randint(1, 9)
        is_buy = self._rng.random() < 0.5
        price = min(self._asks) if is_buy else max(self._bids)
        return f"[{self._trade_id},{mts},{'' if is_buy else '-'}{self._amount()},{price}]"

    def candle(self, mts: int) -> str:
        """Return a running candle."""
        first, last = (self._price + self._rng.randint(-40, 40) for _ in range(2))
        start = mts // 60_000 * 60_000
        return f"[{start},{first},{last},{max(first, last) + 7},{min(first, last) - 9},{self._amount()}]"

    def checksum(self) -> int:
        """Return the exchange's checksum of the book."""
        parts: list[str] = []
        for bid, ask in zip(sorted(self._bids, reverse=True), sorted(self._asks), strict=True):
            parts += (str(bid), self._bids[bid], str(ask), "-" + self._asks[ask])
        value = zlib.crc32(":".join(parts).encode())
        return value if value < 2**31 else value - 2**32

    def _amount(self) -> str:
        text = f"{max(1e-4, self._rng.lognormvariate(-1.5, 1.6)):.8f}".rstrip("0")
        return text.removesuffix(".")

    def _row(self, price: int, *, is_bid: bool) -> str:
        amount = self._bids[price] if is_bid else "-" + self._asks[price]
        return f"[{price},{self._rng.randint(1, 9)},{amount}]"


def synthetic_frames(count: int, *, seed: int = 7, checksum_every: int = 0) -> list[str]:
    """Return *count* frames behind the snapshots; with *checksum_every*, a `cs` after so many book frames of a
    channel.
    """
    rng = random.Random(seed)  # nosec B311  # a benchmark's market, no secret
    markets = [SyntheticMarket(price, channel_id, rng) for _, price, channel_id in MARKETS]
    frames = [f"[{market.channel_id},{market.snapshot()}]" for market in markets]
    since = dict.fromkeys(markets, 0)
    wanted, mts = count + len(frames), START_MTS
    while len(frames) < wanted:
        market = markets[rng.random() < 0.35]
        mts += rng.randint(1, 30)
        drawn = rng.random()
        if drawn < 0.8:
            for row in market.book_rows():
                frames.append(f"[{market.channel_id},{row}]")
                since[market] += 1
            if checksum_every and since[market] >= checksum_every:
                since[market] = 0
                frames.append(f'[{market.channel_id},"cs",{market.checksum()}]')
        elif drawn < 0.92:
            trade = market.trade(mts)
            frames += (f'[{market.channel_id + 1},"{kind}",{trade}]' for kind in ("te", "tu"))
        elif drawn < 0.97:
            frames.append(f"[{market.channel_id + 2},{market.candle(mts)}]")
        else:
            frames.append(f'[{market.channel_id + rng.randrange(3)},"hb"]')
    return frames[:wanted]


def answers() -> list[str]:
    """Return the greeting and the answers to the subscriptions whose frames follow."""
    said = ['{"event":"info","version":2,"serverId":"x","platform":{"status":1}}']
    for symbol, _, channel_id in MARKETS:
        book = {"channel": "book", "symbol": symbol, "prec": "P0", "freq": "F0", "len": "25", "pair": symbol[1:]}
        trades = {"channel": "trades", "symbol": symbol, "pair": symbol[1:]}
        candles = {"channel": "candles", "key": f"trade:1m:{symbol}"}
        said += (
            json.dumps({"event": "subscribed", "chanId": channel_id + i, **fields})
            for i, fields in enumerate((book, trades, candles))
        )
    return said


def genesis(frames: list[str], *, with_rows: bool = False, keeps_books: bool = True) -> Case:
    """Genesis: typed events, books kept in order, checksums verified."""

    def run() -> None:
        gaps: list[MarketEvent] = []

        def sink(_: Channel, event: MarketEvent) -> None:
            if type(event) is Gap:
                gaps.append(event)

        rules = ConnectionRules(flags=Flags.NONE, with_rows=with_rows, keeps_books=keeps_books)
        line = Connection(rules, sink, MemoryMetrics(), Ring(), 0.0)
        greeting, *taken = answers()
        line.receive(greeting)
        for name, _, _ in MARKETS:
            symbol = Symbol(name)
            for channel in (BookChannel(symbol), TradesChannel(symbol), CandlesChannel(symbol, "1m")):
                line.subscribe(channel)
        for answer in taken:
            line.receive(answer)
        receive = line.receive
        for frame in frames:
            receive(frame)
        if gaps or line.ended:
            raise AssertionError(f"a book broke: {gaps[:3]}, {line.ended}")

    return run


def genesis_with_rows(frames: list[str]) -> Case:
    """Genesis, with an event for each row of a book, besides its top."""
    return genesis(frames, with_rows=True)


def genesis_without_books(frames: list[str]) -> Case:
    """Genesis, decoding and dispatching alone: an event for each row, no book."""
    return genesis(frames, keeps_books=False)


def bitfinex_api_py(frames: list[str]) -> Case:
    """The official client: data classes and an event emitter; no book, checksums passed on."""
    import websockets.client
    from bfxapi.websocket._client.bfx_websocket_bucket import BfxWebSocketBucket
    from bfxapi.websocket._event_emitter.bfx_event_emitter import BfxEventEmitter

    class Socket:
        """Frames instead of a network."""

        def __init__(self, *_: object, **__: object) -> None:
            self._texts = iter([*_with_sub_ids(answers()[1:]), *frames])

        async def __aenter__(self) -> "Socket":
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        def __aiter__(self) -> "Socket":
            return self

        async def __anext__(self) -> str:
            for text in self._texts:
                return text
            raise StopAsyncIteration

        async def send(self, *_: object) -> None:
            pass

    websockets.client.connect = Socket  # type: ignore[assignment]  # the client has no other door

    async def play() -> None:
        emitter = BfxEventEmitter()
        for event in ("t_book_snapshot", "t_book_update", "t_trade_execution", "t_trade_execution_update"):
            emitter.on(event, lambda *_: None)
        for event in ("candles_update", "checksum"):
            emitter.on(event, lambda *_: None)
        await BfxWebSocketBucket("", emitter).start()

    return lambda: asyncio.run(play())


def ccxt_pro(frames: list[str]) -> Case:
    """ccxt: dictionaries, sorted books, caches of trades and candles; checksums verified."""
    import ccxt.pro
    from ccxt.async_support.base.ws.client import Client

    def market(symbol: str) -> dict[str, Any]:  # Any: ccxt's own shape
        base, quote = symbol[1:4], symbol[4:]
        kinds = dict.fromkeys(("margin", "swap", "future", "option", "contract", "active"), False)
        names = {"base": base, "quote": quote, "baseId": base, "quoteId": quote, "type": "spot", "spot": True}
        return (
            {
                "id": symbol,
                "symbol": f"{base}/{quote}",
                "precision": {"amount": 8, "price": 5},
                "limits": {},
                "info": {},
            }
            | kinds
            | names
        )

    async def play() -> None:
        exchange = ccxt.pro.bitfinex()
        exchange.set_markets([market(name) for name, _, _ in MARKETS])
        client = Client(
            "ws://x", exchange.handle_message, exchange.on_error, exchange.on_close, exchange.on_connected, {}
        )
        for name, _, _ in MARKETS:
            client.subscriptions[f"book:{name}"] = {"checksum": True}
        for text in [*answers()[1:], *frames]:
            client.handle_text_or_binary_message(text)
        if len(exchange.orderbooks) != len(MARKETS):
            raise AssertionError("a book broke")
        await exchange.close()

    return lambda: asyncio.run(play())


def _with_sub_ids(texts: list[str]) -> list[str]:
    return [json.dumps(json.loads(text) | {"subId": str(i)}) for i, text in enumerate(texts)]


def figures(count: int, runs: int) -> dict[str, dict[str, object]]:
    """Return frames a second of each client; all take turns run by run."""
    rows: dict[str, dict[str, object]] = {}
    for name, every in (("books", 0), ("books, a checksum per ten book frames", 10)):
        frames = synthetic_frames(count, checksum_every=every)
        gc.freeze()
        cases: dict[str, Case] = {}
        for peer in (genesis, genesis_with_rows, genesis_without_books, bitfinex_api_py, ccxt_pro):
            try:
                cases[peer.__name__] = peer(frames)
            except ImportError as missing:
                rows[f"{name}: {peer.__name__}"] = {"skipped": str(missing)}
        for client, seconds in in_turn(cases, runs).items():
            rates = sorted(len(frames) / each for each in seconds)
            middle, least, most = round(statistics.median(rates)), round(rates[0]), round(rates[-1])
            rows[f"{name}: {client}"] = {"median_per_s": middle, "least_per_s": least, "most_per_s": most}
    return rows


def main() -> None:
    """Print the figures."""
    report("frames", lambda: figures(200_000, 5))


if __name__ == "__main__":
    main()
