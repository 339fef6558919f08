"""The authenticated connection without IO: authentication, every kind of message, gaps, silence, and garbage."""

import json
from decimal import Decimal

import pytest

from genesis.adapters.bitfinex.account_line import AccountLine, AccountRules, auth_text
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.happenings import LinkChanged, Ring
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain import account_events as events
from genesis.domain.account_events import AccountEvent, News
from genesis.domain.exchange.account import MarginBase, MarginPair
from genesis.domain.exchange.orders import ReportedStatus
from genesis.domain.link import Link
from genesis.domain.market import Gap, GapReason, Print
from genesis.domain.order import Side
from genesis.ports.errors import AuthRefused, Maintenance, StaleNonce
from tests.fakes.line import counted

GREETING = '{"event":"info","version":2,"platform":{"status":1}}'
ORDER = (
    '[120000000001,null,77,"tBTCUSD",1700000000123,1700000000123,0.3,0.5,"EXCHANGE LIMIT",null,null,null,0,"%s",'
    'null,null,100,0,0,0,null,null,null,0,0,null,null,null,"API>BFX",null,null,{}]'
)
TRADE = '[800001,"tBTCUSD",1700000001000,120000000001,0.2,100.5,"EXCHANGE LIMIT",101,-1,%s,77]'
WALLET = '["exchange","USD",949.75,0,null,"Exchange 0.5 BTC for USD @ 100.5",null]'
POSITION = (
    '["tBTCUSD","ACTIVE",-0.5,100.5,0,0,null,null,null,null,null,140000001,1700000000000,1700000001000,'
    "null,0,null,0,0,null]"
)
OFFER = (
    '[41,"fUSD",1700000000000,1700000000000,60,100,"LIMIT",null,null,0,"ACTIVE",null,null,null,'
    "0.0003,30,0,0,null,0,null]"
)
LOAN = (  # without its end: a credit has one field more
    '[42,"fUSD",1,1700000000000,1700000000001,100,0,"ACTIVE","FIXED",null,null,0.0003,30,1700000000000,'
    "null,0,0,null,0,null,0"
)


class Heard:
    """An `AccountLine` and what it said."""

    def __init__(self, rules: AccountRules | None = None, items_max: int = 100) -> None:
        self.now_s = 50.0
        self.events: list[AccountEvent] = []
        self.items_max = items_max
        self.metrics = MemoryMetrics()
        self.ring = Ring()
        rules = rules or AccountRules(flags=Flags.NONE)
        self.line = AccountLine(rules, self._emit, self.metrics, self.ring, self.now_s)

    def _emit(self, event: AccountEvent) -> bool:
        if len(self.events) >= self.items_max:
            return False
        self.events.append(event)
        return True

    def open(self) -> "Heard":
        self.line.receive(GREETING)
        self.line.auth_sent(self.now_s)
        self.line.receive('{"event":"auth","status":"OK","chanId":0,"userId":7,"caps":{"orders":{"read":1,"write":1}}}')
        return self

    def wait(self, seconds: float, frame: str = "") -> None:
        for _ in range(int(2 * seconds)):
            self.now_s += 0.5
            if frame:
                self.line.receive(frame)
            self.line.tick(self.now_s)

    def counted(self, name: str) -> int:
        return counted(self.metrics, name)

    def one(self, frame: str) -> AccountEvent:
        self.events.clear()
        self.line.receive(frame)
        assert len(self.events) == 1, (frame, self.ring.frames)
        return self.events[0]


def test_it_authenticates_when_greeted_and_opens_when_answered() -> None:
    heard = Heard()
    heard.line.receive(GREETING)
    assert heard.line.wants_auth
    assert list(heard.line.happenings) == []
    heard.open()
    assert heard.line.is_open
    assert list(heard.line.happenings) == [LinkChanged(Link.OPEN, "authenticated")]
    assert (heard.counted("ws_auth_request"), heard.counted("ws_auth_success")) == (1, 1)


def test_the_request_says_what_the_sheet_says() -> None:
    rules = AccountRules(filters=("trading", "wallet"), dead_man_switch=True)
    assert json.loads(auth_text("K", 1700000000000002, "AUTH1700000000000002", "6c09", rules)) == {
        "event": "auth",
        "apiKey": "K",
        "authNonce": 1700000000000002,
        "authPayload": "AUTH1700000000000002",
        "authSig": "6c09",
        "dms": 4,
        "filter": ["trading", "wallet"],
    }


def test_d31_the_dead_man_switch_is_off_unless_asked_for() -> None:
    asked = json.loads(auth_text("K", 1, "AUTH1", "s", AccountRules()))
    assert "dms" not in asked
    assert "filter" not in asked


@pytest.mark.parametrize(
    ("reply", "kind", "metric"),
    [
        ('{"event":"auth","status":"FAILED","code":10100,"msg":"apikey: invalid"}', AuthRefused, "ws_auth_error"),
        ('{"event":"auth","status":"FAILED","code":10113,"msg":"digest"}', AuthRefused, "ws_auth_error"),
        ('{"event":"auth","status":"FAIL","code":10114,"msg":"nonce: small"}', StaleNonce, "ws_auth_error"),
        ('{"event":"auth","status":"FAILED","msg":"nonce: small"}', StaleNonce, "ws_auth_error"),
        ('{"event":"auth","status":"FAILED","code":20060,"msg":"maintenance"}', Maintenance, "ws_auth_maintenance"),
        ('{"event":"error","code":10100,"msg":"auth: invalid"}', AuthRefused, "ws_auth_error"),
    ],
)
def test_d11_a_refused_authentication_ends_with_its_meaning(reply: str, kind: type[Exception], metric: str) -> None:
    heard = Heard()
    heard.line.receive(GREETING)
    heard.line.auth_sent(heard.now_s)
    heard.line.receive(reply)
    assert isinstance(heard.line.refusal, kind)
    assert heard.line.ended
    assert heard.counted(metric) == 1


def test_an_unanswered_authentication_ends() -> None:
    heard = Heard()
    heard.line.receive(GREETING)
    heard.line.auth_sent(heard.now_s)
    heard.wait(10, frame='{"event":"pong"}')
    assert heard.line.ended == "the authentication was not answered"
    assert heard.counted("ws_auth_timeout") == 1


def test_c20_an_answer_to_no_authentication_opens_nothing() -> None:
    heard = Heard()
    heard.line.receive('{"event":"auth","status":"OK","chanId":0}')
    assert not heard.line.is_open


def test_the_platform_in_maintenance_is_not_asked_to_authenticate() -> None:
    heard = Heard()
    heard.line.receive('{"event":"info","version":2,"platform":{"status":0}}')
    assert not heard.line.wants_auth
    assert heard.line.is_in_maintenance
    assert heard.counted("ws_auth_maintenance") == 1
    heard.line.receive('{"event":"info","code":20061,"msg":""}')
    assert heard.line.ended.startswith("maintenance ended")


def test_d15_maintenance_takes_no_requests_and_its_end_reads_everything_anew() -> None:
    heard = Heard().open()
    heard.line.receive('{"event":"info","code":20060,"msg":"maintenance"}')
    assert not heard.line.is_open
    assert heard.line.happenings[-1].link is Link.MAINTENANCE
    heard.line.receive('{"event":"info","code":20061,"msg":"resumed"}')
    assert heard.line.ended


@pytest.mark.parametrize(("kind", "news"), [("on", News.NEW), ("ou", News.CHANGED), ("oc", News.CLOSED)])
def test_orders(kind: str, news: News) -> None:
    event = Heard().open().one(f'[0,"{kind}",{ORDER % "PARTIALLY FILLED @ 100.5(0.2)"}]')
    assert isinstance(event, events.OrderNews)
    assert event.news is news
    assert event.order.status is ReportedStatus.PARTIALLY_FILLED
    assert (event.order.cid, event.order.amount, event.order.amount_remaining) == (77, Decimal("0.5"), Decimal("0.3"))


def test_the_fee_comes_with_tu_and_is_unknown_with_te() -> None:
    heard = Heard().open()
    executed = heard.one(f'[0,"te",{TRADE % "null,null"}]')
    confirmed = heard.one(f'[0,"tu",{TRADE % (chr(45) + "0.0004," + chr(34) + "BTC" + chr(34))}]')
    assert isinstance(executed, events.FillNews)
    assert isinstance(confirmed, events.FillNews)
    assert (executed.print, executed.fill.fee) == (Print.EXECUTED, None)
    assert (confirmed.print, confirmed.fill.fee, confirmed.fill.fee_currency) == (
        Print.CONFIRMED,
        Decimal("0.0004"),
        "BTC",
    )


SNAPSHOTS = [
    ("os", ORDER % "ACTIVE", events.OrdersSnapshot),
    ("ws", WALLET, events.WalletsSnapshot),
    ("ps", POSITION, events.PositionsSnapshot),
    ("fos", OFFER, events.OffersSnapshot),
    ("fcs", LOAN + ',"tBTCUSD"]', events.LoansSnapshot),
    ("fls", LOAN + "]", events.LoansSnapshot),
]


@pytest.mark.parametrize(("kind", "row", "wanted"), SNAPSHOTS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_snapshots(kind: str, row: str, wanted: type, count: int) -> None:
    event = Heard().open().one(f'[0,"{kind}",[{",".join([row] * count)}]]')
    assert isinstance(event, wanted)
    *_, rows = tuple[object, ...](event)  # the last field of each snapshot is its tuple
    assert isinstance(rows, tuple)
    assert len(rows) == count


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        (f'[0,"wu",{WALLET}]', events.WalletNews),
        (f'[0,"pn",{POSITION}]', events.PositionNews),
        (f'[0,"pu",{POSITION}]', events.PositionNews),
        (f'[0,"pc",{POSITION}]', events.PositionNews),
        (f'[0,"fon",{OFFER}]', events.OfferNews),
        (f'[0,"fou",{OFFER}]', events.OfferNews),
        (f'[0,"foc",{OFFER}]', events.OfferNews),
        (f'[0,"fcn",{LOAN},"tBTCUSD"]]', events.LoanNews),
        (f'[0,"fcu",{LOAN},"tBTCUSD"]]', events.LoanNews),
        (f'[0,"fcc",{LOAN},"tBTCUSD"]]', events.LoanNews),
        (f'[0,"fln",{LOAN}]]', events.LoanNews),
        (f'[0,"flu",{LOAN}]]', events.LoanNews),
        (f'[0,"flc",{LOAN}]]', events.LoanNews),
        ('[0,"uac",["tBTCUSD",600]]', events.PriceAlert),
        ('[0,"ats",[]]', events.SnapshotsComplete),
    ],
)
def test_news(frame: str, wanted: type) -> None:
    assert isinstance(Heard().open().one(frame), wanted)


def test_the_computed_values() -> None:
    heard = Heard().open()
    assert heard.one('[0,"bu",[1000.5,999]]') == events.BalanceNews(Decimal("1000.5"), Decimal(999))
    base = heard.one('[0,"miu",["base",[1,2,3,4,5]]]')
    assert isinstance(base, events.MarginNews)
    assert isinstance(base.margin, MarginBase)
    pair = heard.one('[0,"miu",["sym","tBTCUSD",[1,2,3,4,null,null,null,null]]]')
    assert isinstance(pair, events.MarginNews)
    assert isinstance(pair.margin, MarginPair)
    info = heard.one('[0,"fiu",["sym","fUSD",[0.0001,0.0002,3,4]]]')
    assert info == events.FundingInfo("fUSD", Decimal("0.0001"), Decimal("0.0002"), Decimal(3), Decimal(4))  # type: ignore[arg-type]  # a test's text
    fill = heard.one('[0,"ftu",[1,"fUSD",1700000000000,41,-50,0.0003,30,1]]')
    assert isinstance(fill, events.FundingFillNews)
    assert (fill.side, fill.amount) == (Side.BUY, Decimal(50))
    notice = heard.one('[0,"n",[null,"ucm-test",null,null,{"a":1},null,"SUCCESS","text"]]')
    assert notice == events.Notice("ucm-test", "SUCCESS", None, "text")


@pytest.mark.parametrize(
    "frame",
    [
        '[0,"hos",[]]',
        '[0,"os",{}]',
        '[0,"os"]',
        '[0,"on",[1,2,3]]',
        f'[0,"on",{ORDER % "A NEW STATUS"}]',
        f'[0,"on",{(ORDER % "ACTIVE").replace("EXCHANGE LIMIT", "LIMIT ON CLOSE")}]',
        f'[0,"on",{(ORDER % "ACTIVE").replace("0.3,0.5", "NaN,0.5")}]',
        f'[0,"on",{(ORDER % "ACTIVE").replace("0.3,0.5", chr(34) + "0.3" + chr(34) + ",0.5")}]',
        '[0,"on",' + (ORDER % "ACTIVE").replace("{}", '{"a":1,"a":2}') + "]",
        f'[0,"wu",{WALLET.replace("949.75", "1e999")}]',
        f'[0,"wu",{WALLET.replace("exchange", "savings")}]',
        "[0,7,[]]",
        "[0]",
        "[0,",
        "[0,null,null]",
        '[0,"\\u006fs",[]]',
        '[0,"os",' + "[" * 100_000,
        '[0,"n",[1,2]]',
    ],
    ids=lambda frame: frame[:50],
)
def test_d29_what_cannot_be_read_is_a_gap_and_never_guessed(frame: str) -> None:
    heard = Heard().open()
    assert heard.one(frame) == Gap(GapReason.UNREADABLE, 1)
    assert len(heard.ring.frames) == 1
    assert heard.line.ended == ""


def test_d29_fields_that_are_added_change_nothing() -> None:
    heard = Heard().open()
    order = (ORDER % "ACTIVE")[:-1] + ',"new",[1],{"x":2}]'
    assert isinstance(heard.one(f'[0,"on",{order},"new"]'), events.OrderNews)


def test_c8_a_gap_in_the_numbers_is_told() -> None:
    heard = Heard(AccountRules()).open()
    heard.line.receive('[0,"ats",[],5,0,1700000000999]')
    heard.line.receive('[0,"hb",6,1700000000999]')
    heard.line.receive('[0,"bu",[1,1],9,1,1700000000999]')
    assert heard.events[1:] == [Gap(GapReason.SEQUENCE, 2), events.BalanceNews(Decimal(1), Decimal(1))]


def test_notifications_of_requests_never_look_like_a_gap() -> None:
    heard = Heard(AccountRules()).open()
    heard.line.receive('[0,"hb",6,1700000000999]')
    heard.line.receive('[0,"n",[1,"on-req",null,null,null,null,"ERROR","no"],12]')
    heard.line.receive('[0,"hb",7,1700000000999]')
    heard.line.receive('[0,"hb",9,1700000000999]')
    assert [type(event) for event in heard.events] == [events.Notice, Gap]


def test_d23_a_silent_account_channel_ends_the_connection() -> None:
    heard = Heard().open()
    heard.wait(19, frame='{"event":"pong"}')
    assert heard.line.ended == ""
    heard.wait(2, frame='{"event":"pong"}')
    assert heard.line.ended == "the account channel fell silent"


def test_r19_a_dead_line_is_found_within_eight_seconds() -> None:
    heard = Heard().open()
    heard.wait(8)
    assert heard.line.ended == "nothing was heard after a ping"


def test_a_full_queue_ends_the_connection_instead_of_dropping() -> None:
    heard = Heard(items_max=2).open()
    for _ in range(3):
        heard.line.receive('[0,"bu",[1,1]]')
    assert "too slow" in heard.line.ended
    assert len(heard.events) == 2


def test_frames_of_other_channels_are_dropped_and_counted() -> None:
    heard = Heard().open()
    heard.line.receive("[17,[1,2,3]]")
    assert heard.events == []
    assert heard.counted("ws_frames_unknown_channel_total") == 1
