"""Whatever users do, no atom appears or disappears, no hold outlives its order, and the book never crosses."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.accounts import NotEnoughFunds
from genesis.domain.simulation.exchange import Exchange, OrderChange
from genesis.domain.simulation.exchange_events import OrderMoved, OwnTrade, WalletMoved
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_order import NO_PRICE, UserId
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol

BTC = Symbol("tBTCUSD")
ETH = Symbol("tETHUSD")
USERS = [UserId(number) for number in range(1, 6)]
HOUR = 3_600_000


def exchange() -> Exchange:
    made = Exchange()
    for symbol in (BTC, ETH):
        made.add_market(spot_instrument(symbol, Atoms(1_000), price_decimals=2), MarginTerms())
    for user in USERS:
        made.accounts.open(user)
        for kind in (WalletKind.EXCHANGE, WalletKind.MARGIN):
            made.accounts.deposit(user, kind, Currency("USD"), 5_000_00000000, Mts(0))
        made.accounts.deposit(user, WalletKind.EXCHANGE, Currency("BTC"), 20_00000000, Mts(0))
        made.accounts.deposit(user, WalletKind.EXCHANGE, Currency("ETH"), 20_00000000, Mts(0))
    made.accounts.open(UserId(99), unlimited=True)
    return made


def some_ticket(dice: random.Random, mts: int) -> OrderTicket:
    kind = dice.choice([OrderType.LIMIT] * 6 + list(OrderType))
    side = dice.choice((Side.BUY, Side.SELL))
    price = Price(10_000 + dice.randint(-900, 900))
    stop = Price(10_000 + dice.randint(-900, 900))
    on_margin = dice.random() < 0.5
    return OrderTicket(
        dice.choice((BTC, ETH)),
        side,
        kind,
        Atoms(dice.randint(1_000, 9_00000000)),
        NO_PRICE if kind in (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP) else price,
        stop if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else NO_PRICE,
        Price(dice.randint(1, 500)) if kind is OrderType.TRAILING_STOP else NO_PRICE,
        stop if kind is OrderType.LIMIT and dice.random() < 0.15 else NO_PRICE,
        on_margin=on_margin,
        hidden=dice.random() < 0.1,
        post_only=kind is OrderType.LIMIT and dice.random() < 0.1,
        reduce_only=on_margin and dice.random() < 0.15,
        closes=on_margin and dice.random() < 0.05,
        avoids_self=dice.random() < 0.2,
        expires=Mts(mts + dice.randint(1, 2 * HOUR)) if dice.random() < 0.1 else Mts(0),
    )


def do_something(made: Exchange, dice: random.Random, mts: Mts) -> object:
    user = dice.choice([*USERS, UserId(99)])
    roll = dice.random()
    orders = made.open_orders(user)
    if roll < 0.7 or not orders:
        return made.submit(user, some_ticket(dice, mts), mts)
    if roll < 0.82:
        return made.cancel(user, dice.choice(orders).id, mts)
    if roll < 0.94:
        change = OrderChange(
            Atoms(dice.randint(1_000, 5_00000000)) if dice.random() < 0.7 else None,
            price=Price(10_000 + dice.randint(-900, 900)) if dice.random() < 0.5 else None,
        )
        return made.update(user, dice.choice(orders).id, change, mts)
    if roll < 0.97:
        try:
            source, target = dice.sample((WalletKind.EXCHANGE, WalletKind.MARGIN), 2)
            made.accounts.transfer(user, source, target, Currency("USD"), dice.randint(1, 500_00000000), mts)
        except NotEnoughFunds:
            return None
        return None
    return made.close_position(user, BTC, mts)


def check(made: Exchange) -> None:
    assert made.accounts.imbalance() == {}
    for user, account in made.accounts.by_user.items():
        held: dict[Currency, int] = {}
        for order in made.open_orders(user):
            market = made.markets[order.symbol]
            currency = market.quote if order.side is Side.BUY else market.base
            held[currency] = held.get(currency, 0) + order.held
        for wallet in account.wallets.values():
            if wallet.kind is WalletKind.EXCHANGE:
                assert wallet.held == held.get(wallet.currency, 0)
                assert account.unlimited or wallet.available >= 0
    for market in made.markets.values():
        bid, ask = market.engine.best_price(Side.BUY), market.engine.best_price(Side.SELL)
        assert bid is None or ask is None or bid < ask
    tracked = {order.id for user in made.accounts.by_user for order in made.open_orders(user)}
    assert tracked == {order_id for market in made.markets.values() for order_id in market.engine.orders}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_no_atom_appears_or_disappears(seed: int) -> None:
    dice, made, mts = random.Random(seed), exchange(), Mts(HOUR)
    for _ in range(250):
        mts = Mts(mts + dice.choice((0, 1, 1_000, HOUR // 3)))
        made.advance(mts)
        do_something(made, dice, mts)
        check(made)


def test_the_sequence_of_a_filled_order_is_trade_wallets_closed() -> None:
    made, now = exchange(), Mts(1)
    maker, taker = USERS[:2]
    made.submit(maker, OrderTicket(BTC, Side.SELL, OrderType.LIMIT, Atoms(50_000_000), Price(10_050)), now)
    result = made.submit(taker, OrderTicket(BTC, Side.BUY, OrderType.MARKET, Atoms(50_000_000)), now)
    assert not isinstance(result, Refusal)
    mine = [
        event
        for event in result.events
        if (isinstance(event, OrderMoved | OwnTrade) and event.order.user == taker)
        or (isinstance(event, WalletMoved) and event.entry.user == taker)
    ]
    assert [type(event) for event in mine] == [OwnTrade, WalletMoved, WalletMoved, WalletMoved, OrderMoved]
    deltas = [(event.entry.currency, event.entry.amount) for event in mine if isinstance(event, WalletMoved)]
    assert deltas == [("BTC", 50_000_000), ("USD", -50_25000000), ("BTC", -100_000)]
