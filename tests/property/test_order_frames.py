"""D3: one order's frames tell the same whatever order they come in, once they are all there."""

from collections.abc import Iterable
from itertools import permutations

from genesis.adapters.bitfinex.account_line import AccountLine, AccountRules
from genesis.adapters.bitfinex.happenings import Ring
from genesis.adapters.bitfinex.inputs import Key, Request
from genesis.adapters.bitfinex.wire.orders import NotificationRow
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.account_events import AccountEvent, FillNews, OrderNews
from genesis.domain.execution.evidence import SendBegan, evidence_from_fill, evidence_from_report
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.instrument import Instrument
from genesis.domain.market import Gap
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol
from genesis.ports.errors import ExchangeError

BTC = Symbol("tBTCUSD")
INSTRUMENT = Instrument(BTC, Currency("BTC"), Currency("USD"), Atoms(1000), price_decimals=5)
ORDER = OrderRequest(Cid(77), BTC, Side.BUY, OrderType.LIMIT, Atoms(50_000_000), Mts(1), price=Price(10_000_000))


def order_row(remaining: str, status: str) -> str:
    return (
        f'[12,null,77,"tBTCUSD",1700000000123,1700000000123,{remaining},0.5,"EXCHANGE LIMIT",null,null,null,0,'
        f'"{status}",null,null,100,0,0,0,null,null,null,0,0,null,null,null,"API>BFX",null,null,{{}}]'
    )


def trade_row(fee: str, currency: str) -> str:
    return f'[800001,"tBTCUSD",1700000001000,12,0.2,100,"EXCHANGE LIMIT",100,1,{fee},{currency},77]'


FRAMES = (
    f'"n",[1700000000123,"on-req",null,null,{order_row("0.5", "ACTIVE")},null,"SUCCESS","Submitting"]',
    f'"on",{order_row("0.5", "ACTIVE")}',
    f'"te",{trade_row("null", "null")}',
    f'"ou",{order_row("0.3", "PARTIALLY FILLED @ 100(0.2)")}',
    f'"tu",{trade_row("-0.0002", chr(34) + "BTC" + chr(34))}',
    f'"oc",{order_row("0.3", "CANCELED was: PARTIALLY FILLED @ 100(0.2)")}',
)


def heard(
    frames: tuple[str, ...], numbers: Iterable[int] | None = None
) -> tuple[list[AccountEvent], list[NotificationRow | ExchangeError]]:
    """Return what an account's connection tells of *frames*, and what it answers the request.

    They are numbered as they come unless told otherwise.
    """
    told: list[AccountEvent] = []
    answers: list[NotificationRow | ExchangeError] = []

    def emit(event: AccountEvent) -> bool:
        told.append(event)
        return True

    line = AccountLine(AccountRules(), emit, MemoryMetrics(), Ring(), 0.0)
    line.receive('{"event":"info","version":2,"platform":{"status":1}}')
    line.auth_sent(0.0)
    line.receive('{"event":"auth","status":"OK","chanId":0}')
    line.ask(Request("on-req", Key(cid=77), "", 10.0, answers.append))
    for number, frame in zip(numbers or range(1, len(frames) + 1), frames, strict=True):
        line.receive(f"[0,{frame},{number},{number},1700000000999]")
    assert not line.ended
    return told, answers


def life_after(told: list[AccountEvent]) -> OrderLife:
    life = advance(OrderLife(ORDER), SendBegan())
    for event in told:
        if isinstance(event, OrderNews):
            life = advance(life, evidence_from_report(event.order))
        elif isinstance(event, FillNews):
            life = advance(life, evidence_from_fill(event.fill, INSTRUMENT))
    return life


def test_d3_every_order_of_arrival_gives_the_same_reports_one_answer_and_the_same_life() -> None:
    plain, _ = heard(FRAMES)
    wanted = life_after(plain)
    assert (wanted.status, wanted.filled, wanted.fee_is_known) == (Status.CANCELED, 20_000_000, True)
    for frames in permutations(FRAMES):
        told, answers = heard(frames)
        assert sorted(map(repr, told)) == sorted(map(repr, plain))
        assert len(answers) == 1
        assert isinstance(answers[0], NotificationRow)
        assert life_after(told) == wanted


def test_d3_frames_that_come_twice_book_nothing_twice() -> None:
    wanted = life_after(heard(FRAMES)[0])
    for frames in permutations(FRAMES[2:]):
        told, answers = heard((FRAMES[0], *frames, *frames, FRAMES[0]))
        assert life_after(told) == wanted
        assert len(answers) == 1


def test_c8_a_lost_frame_of_the_account_is_told_as_a_gap() -> None:
    told, _ = heard((FRAMES[1],) * 3, numbers=(1, 2, 4))
    assert [event.missed for event in told if isinstance(event, Gap)] == [1]
