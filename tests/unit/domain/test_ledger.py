"""The ledger against a Decimal oracle that rounds where the rules say, and nowhere else."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.fill import Fill
from genesis.domain.instrument import spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, Side
from genesis.domain.units import Atoms, Mts, Price, Symbol, atoms, decimal_from_atoms

BITCOIN = spot_instrument(Symbol("tBTCUSD"), atoms("0.0001"))
ATOM = Decimal("0.00000001")

fills = st.builds(
    lambda side, amount, price, fee_part: (side, amount, price, fee_part),
    st.sampled_from(Side),
    st.integers(10_000, 10**13),
    st.integers(1, 10**14),
    st.integers(0, 1000),
)


@given(st.integers(0, 10**17), st.lists(fills, max_size=40))
def test_the_ledger_equals_decimal_arithmetic_to_the_last_atom(
    cash: int, wishes: list[tuple[Side, int, int, int]]
) -> None:
    ledger = Ledger(Atoms(cash))
    oracle_cash, oracle_position = decimal_from_atoms(cash), Decimal(0)
    with localcontext() as context:
        context.prec = 80
        for number, (side, amount, price, fee_part) in enumerate(wishes, 1):
            received = amount if side is Side.BUY else amount * price // 10**8
            fee = received * fee_part // 10_000
            fill = Fill(Mts(number), BITCOIN.symbol, Cid(number), side, Atoms(amount), Price(price), Atoms(fee))
            notional = decimal_from_atoms(amount) * BITCOIN.decimal_from_price(Price(price))
            if side is Side.BUY:
                next_cash = oracle_cash - notional.quantize(ATOM, ROUND_CEILING)
                next_position = oracle_position + decimal_from_atoms(amount) - decimal_from_atoms(fee)
            else:
                next_cash = oracle_cash + notional.quantize(ATOM, ROUND_FLOOR) - decimal_from_atoms(fee)
                next_position = oracle_position - decimal_from_atoms(amount)
            ledger.book(fill, BITCOIN)
            oracle_cash, oracle_position = next_cash, next_position
            assert ledger.is_overdrawn == (oracle_cash < 0 or oracle_position < 0)
            assert decimal_from_atoms(ledger.cash) == oracle_cash
            assert decimal_from_atoms(ledger.position(BITCOIN.symbol)) == oracle_position
