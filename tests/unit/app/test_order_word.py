"""D9: what a person may say of an order, by its limit, its side and its account."""

import pytest

from genesis.app.order_word import Moved, Seen, Word, judged
from genesis.domain.events import AccountShown
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import AnswerLost, SendBegan
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import OrderLife, advance
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, atoms
from genesis.ports.errors import InputError
from tests.unit.domain.accounts import BTC, INSTRUMENT

PRICE = INSTRUMENT.price(100)
LOOKED = AccountShown(Mts(14 * 86_400_000), Look())


def lost(side: Side) -> OrderLife:
    """An order of ten with a limit of 100, the answer to which was lost."""
    order = OrderRequest(Cid(7), BTC, side, OrderType.LIMIT, atoms(10), Mts(0), PRICE)
    return advance(advance(OrderLife(order), SendBegan()), AnswerLost("reset"))


@pytest.mark.parametrize(
    ("side", "word", "said"),
    [
        (Side.BUY, Word("x", "10", "100.01"), "the price 100.01 is above its limit of 100"),
        (Side.SELL, Word("x", "10", "99.99"), "the price 99.99 is below its limit of 100"),
        (Side.SELL, Word("x", "1", "100", "100"), "a fee of 100 USD is all of the 100 that it is taken from"),
    ],
)
def test_d9_no_order_trades_beyond_its_limit_or_for_nothing(side: Side, word: Word, said: str) -> None:
    with pytest.raises(InputError, match=said):
        judged(lost(side), word, INSTRUMENT, Seen(LOOKED, PRICE), Account.EXCHANGE)


def test_d9_on_margin_a_purchase_pays_its_fee_in_money() -> None:
    word, seen = Word("x", "10", "100", "11"), Seen(LOOKED, PRICE)
    assert judged(lost(Side.BUY), word, INSTRUMENT, seen, Account.MARGIN).fee == atoms(11)
    with pytest.raises(InputError, match="a fee of 11 BTC"):
        judged(lost(Side.BUY), word, INSTRUMENT, seen, Account.EXCHANGE)


def test_d9_a_sale_shows_in_the_wallets_too() -> None:
    sold = Seen(LOOKED, PRICE, Moved(-atoms(10), atoms(998)))
    judged(lost(Side.SELL), Word("x", "10", "100", "2"), INSTRUMENT, sold, Account.EXCHANGE)
    with pytest.raises(InputError, match="-10 BTC and 998 USD more than is booked without it, so 10 of it were filled"):
        judged(lost(Side.SELL), Word("never was"), INSTRUMENT, sold, Account.EXCHANGE)
