"""E18: people are told once, in the end, and trading waits for none of it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from genesis.adapters.memory.alerts import MemoryAlerts
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.redaction.redactor import Redactor
from genesis.app.alert_desk import AlertDesk, AlertRules
from genesis.app.alerting import alert_channels, alert_level, found_channels, telling
from genesis.app.settings import AlertSettings
from genesis.domain.resilience import Backoff
from genesis.domain.units import Mts
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.errors import InputError, SecretRefused
from genesis.ports.monitor import Severity
from genesis.ports.secrets import Secret

RULES = AlertRules(repeat_s=60.0, deadline_s=100.0, closing_s=1.0, queue_max=3, keys_max=4, backoff=Backoff(8.0, 8.0))


def notice(text: str, severity: Severity = "warning", key: str = "") -> Notice:
    return Notice(key or text, "risk.test", "risk", severity, text, "here", Mts(0))


class Broken:
    """A channel that fails as it is told, and remembers when it was tried."""

    name = "webhook"

    def __init__(self, clock: ManualClock, *problems: Undelivered) -> None:
        self.tried: list[float] = []
        self.taken: list[str] = []
        self._clock = clock
        self._problems = list(problems)

    async def deliver(self, notice: Notice) -> None:
        self.tried.append(self._clock.monotonic_s())
        if self._problems:
            raise self._problems.pop(0)
        self.taken.append(notice.text)


class Stuck:
    """A channel that takes a notice and never comes back."""

    name = "telegram"

    def __init__(self) -> None:
        self.given: list[str] = []

    async def deliver(self, notice: Notice) -> None:
        self.given.append(notice.text)
        await asyncio.Event().wait()


class House:
    """A desk with its clock and figures."""

    def __init__(self, channels: Callable[[ManualClock], list[AlertChannel]], rules: AlertRules = RULES) -> None:
        self.clock, self.metrics = ManualClock(), MemoryMetrics()
        self.channels = channels(self.clock)
        self.reached: list[tuple[str, str]] = []
        heard = lambda channel, why_not: self.reached.append((channel, why_not))  # noqa: E731
        self.desk = AlertDesk(self.channels, self.clock, self.metrics, rules, lambda: 0.5, heard)

    def count(self, name: str) -> float:
        return sum(value for key, value in self.metrics.snapshot().counters.items() if key.startswith(name))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        work = asyncio.ensure_future(self.desk.run())
        await self.clock.advance(0.0)
        yield
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_the_same_is_said_once_and_then_with_its_number() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    async with house.running():
        for _ in range(5):
            house.desk.tell(notice("no link", key="link"))
        house.desk.tell(notice("halted"))
        await house.clock.advance(60.0)
        house.desk.tell(notice("no link", key="link"))
        await house.clock.advance(0.0)
    assert [each.text for each in memory.notices] == [
        "no link",
        "halted",
        "no link (4 more since it was last said)",
    ]
    assert house.count("notices_repeated_total") == 5


async def test_a_desk_that_only_delivers_tries_again_and_ends_when_all_is_taken() -> None:
    channels: list[Broken] = []

    def made(clock: ManualClock) -> list[AlertChannel]:
        channels.append(Broken(clock, Undelivered("busy"), Undelivered("busy")))
        return list(channels)

    house = House(made)
    house.desk.tell(notice("no session began"))
    work = asyncio.ensure_future(house.desk.deliver(60.0))
    await house.clock.advance(60.0)
    await work
    assert channels[0].taken == ["no session began"]


async def test_a_desk_that_only_delivers_gives_up_what_nobody_takes_in_time() -> None:
    house = House(lambda clock: [Stuck(), Broken(clock, *(Undelivered("busy") for _ in range(1_000)))])
    house.desk.tell(notice("no session began"))
    await house.desk.deliver(0.01)
    assert house.count("notices_dropped_total") == 2


async def test_what_comes_again_too_soon_and_then_stays_is_said_when_it_may_be() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    async with house.running():
        house.desk.tell(notice("no link", key="link"))
        await house.clock.advance(40.0)
        house.desk.tell(notice("still no link", key="link"))
        await house.clock.advance(19.0)
        assert [each.text for each in memory.notices] == ["no link"]
        await house.clock.advance(3_600.0)
    assert [each.text for each in memory.notices] == ["no link", "still no link (1 more since it was last said)"]


async def test_what_has_passed_is_not_said_again_and_what_comes_and_goes_is_said_once_a_while() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    log = logging.getLogger("genesis.session")
    passed = house.desk.passed
    with telling(house.desk.tell, house.clock, Redactor(), "here", logging.WARNING, passed):
        async with house.running():
            for _ in range(12):
                log.warning("link.closed", extra={"fields": {"link": "account"}})
                await house.clock.advance(5.0)
                log.info("link.open", extra={"fields": {"link": "market"}})
                log.info("link.open", extra={"fields": {"link": "account"}})
                await house.clock.advance(5.0)
    told = ["link.closed link=account", "link.closed link=account (5 more since it was last said)"]
    assert [each.text for each in memory.notices] == told


async def test_a_channel_is_tried_again_with_pauses_until_it_takes_the_notice() -> None:
    problems = [Undelivered("down"), Undelivered("slow down", retry_after_s=30.0), Undelivered("down")]
    house = House(lambda clock: [Broken(clock, *problems)])
    (channel,) = house.channels
    assert isinstance(channel, Broken)
    async with house.running():
        house.desk.tell(notice("halted"))
        await house.clock.advance(50.0)
    assert channel.tried == [0.0, 4.0, 34.0, 38.0]  # half of eight seconds, and thirty where it was asked to wait
    assert channel.taken == ["halted"]
    assert (house.count("notices_failed_total"), house.count("notices_sent_total")) == (3, 1)
    assert house.count("notices_dropped_total") == 0


async def test_what_will_fail_again_is_not_tried_again() -> None:
    house = House(lambda clock: [Broken(clock, Undelivered("no such chat", is_final=True))])
    (channel,) = house.channels
    assert isinstance(channel, Broken)
    async with house.running():
        house.desk.tell(notice("first"))
        house.desk.tell(notice("second"))
        await house.clock.advance(50.0)
    assert channel.taken == ["second"]
    assert len(channel.tried) == 2
    assert house.count("notices_dropped_total") == 1


async def test_a_notice_is_given_up_at_its_deadline() -> None:
    house = House(lambda clock: [Broken(clock, *(Undelivered("down") for _ in range(1_000)))])
    async with house.running():
        house.desk.tell(notice("halted"))
        await house.clock.advance(99.0)
        assert house.count("notices_dropped_total") == 0
        await house.clock.advance(10.0)
        assert house.count("notices_dropped_total") == 1


async def test_e18_a_channel_that_hangs_holds_up_neither_the_caller_nor_the_others() -> None:
    memory, stuck = MemoryAlerts(), Stuck()
    house = House(lambda _: [stuck, memory], RULES)
    async with house.running():
        for number in range(50):
            house.desk.tell(notice(f"{number}"))
            await house.clock.advance(0.0)
    assert [each.text for each in memory.notices] == [str(number) for number in range(50)]
    assert stuck.given[0] == "0"
    assert house.count('notices_dropped_total{channel="telegram"}') >= 47


async def test_e18_a_channel_that_fails_is_an_alarm_of_its_own_once_until_it_works_again() -> None:
    problems = [Undelivered("down"), Undelivered("down still"), Undelivered("no such chat", is_final=True)]
    house = House(lambda clock: [Broken(clock, *problems), MemoryAlerts()])
    async with house.running():
        house.desk.tell(notice("halted"))
        await house.clock.advance(30.0)
        assert house.reached == [("webhook", "down")]
        house.desk.tell(notice("killed"))
        await house.clock.advance(1.0)
    assert house.reached == [("webhook", "down"), ("webhook", "")]


async def test_a_full_queue_loses_what_is_least_urgent_first() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    severities: list[Severity] = ["error", "info", "warning", "error", "warning"]
    for number, severity in enumerate(severities):  # before it runs
        house.desk.tell(notice(f"{severity} {number}", severity))
    async with house.running():
        await house.clock.advance(0.0)
    assert [each.text for each in memory.notices] == ["error 0", "error 3", "warning 4"]
    assert house.count("notices_dropped_total") == 2


async def test_what_waits_at_the_end_has_one_more_chance() -> None:
    house = House(lambda clock: [Broken(clock, Undelivered("down"))])
    (channel,) = house.channels
    assert isinstance(channel, Broken)
    async with house.running():
        house.desk.tell(notice("killed", "error"))
        await house.clock.advance(0.0)
    assert channel.taken == ["killed"]


async def test_the_end_waits_no_longer_than_it_may() -> None:
    house = House(lambda _: [Stuck()], AlertRules(closing_s=0.05))
    async with house.running():
        house.desk.tell(notice("killed", "error"))
    assert house.count("notices_dropped_total") == 1


async def test_what_was_said_is_forgotten_in_bounded_space() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    async with house.running():
        for number in (0, 1, 2, 3, 4, 0):
            house.desk.tell(notice(str(number)))
            await house.clock.advance(0.0)
    assert len(memory.notices) == 6
    assert len(house.desk._lines[0].said) <= 4


async def test_what_a_full_queue_lost_is_told_when_it_comes_again() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])
    for number in range(3):
        house.desk.tell(notice(f"error {number}", "error"))
    house.desk.tell(notice("no link"))  # finds the queue full of what is more urgent
    async with house.running():
        await house.clock.advance(0.0)
        house.desk.tell(notice("no link"))
        await house.clock.advance(0.0)
    assert [each.text for each in memory.notices] == ["error 0", "error 1", "error 2", "no link"]
    assert house.count("notices_dropped_total") == 1


async def test_what_was_given_up_is_told_when_it_comes_again() -> None:
    house = House(lambda clock: [Broken(clock, Undelivered("no such chat", is_final=True))])
    (channel,) = house.channels
    assert isinstance(channel, Broken)
    async with house.running():
        for _ in range(2):
            house.desk.tell(notice("halted"))
            await house.clock.advance(1.0)
    assert channel.taken == ["halted"]


async def test_many_threads_may_tell_while_the_queue_is_full_and_is_emptied() -> None:
    memory = MemoryAlerts()
    house = House(lambda _: [memory])

    def tell(thread: int) -> None:
        for number in range(500):
            house.desk.tell(notice(f"{thread} {number}"))

    async with house.running():
        await asyncio.gather(*(asyncio.to_thread(tell, thread) for thread in range(4)))
        await house.clock.advance(0.0)
    assert len(memory.notices) + house.count("notices_dropped_total") == 2_000


def test_alerts_of_other_orders_causes_or_severities_are_other_news() -> None:
    told = list[Notice]()
    log = logging.getLogger("genesis.bitfinex")
    with telling(told.append, ManualClock(), Redactor(), "here", logging.WARNING):
        for cid in (1, 2):
            log.warning("order.unknown", extra={"fields": {"cid": cid}})
        for reason in ("no answer for 3 s", "no answer for 4 s", "refused"):
            log.warning("link.down", extra={"fields": {"link": "account", "reason": reason}})
        log.error("link.down", extra={"fields": {"link": "account", "reason": "refused"}})
    assert len({each.key for each in told}) == 5  # two orders, two causes, and one of them graver


def test_what_is_logged_is_told_masked_from_its_level_on() -> None:
    redactor, told = Redactor(), list[Notice]()
    redactor.register(Secret("s3cret-of-some-length"))
    log = logging.getLogger("genesis.bitfinex")
    with telling(told.append, ManualClock(), redactor, "ema_cross, paper", logging.WARNING):
        log.info("rest.retry")
        log.warning("order.unknown", extra={"fields": {"text": "no s3cret-of-some-length here", "code": 7}})
        log.error("two\nlines of %s", "s3cret-of-some-length")
    log.error("order.unknown")
    assert [(each.name, each.category, each.severity) for each in told] == [
        ("order.unknown", "order", "warning"),
        ("log.genesis", "system", "error"),
    ]
    assert told[0].text == "order.unknown text='no *** here' code=7"
    assert told[0].key == "warning order.unknown code=7 text='no *** here'"
    assert "s3cret" not in told[1].text
    assert told[1].text.isprintable()


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (AlertSettings(), []),
        (AlertSettings(webhook=Secret("https://hooks.test/abcdefgh"), hosts="hooks.test"), ["webhook"]),
        (AlertSettings(telegram_token=Secret("123456:ABCDEF"), telegram_chat="7"), ["telegram"]),
    ],
)
def test_channels_are_those_that_are_set_up(settings: AlertSettings, names: list[str]) -> None:
    assert [channel.name for channel in alert_channels(settings, lambda _, secret, __: secret)] == names


@pytest.mark.parametrize(
    "settings",
    [
        AlertSettings(webhook=Secret("https://hooks.test/abcdefgh")),
        AlertSettings(telegram_token=Secret("123456:ABCDEF")),
        AlertSettings(telegram_chat="7"),
        AlertSettings(webhook=Secret("https://hooks.test/abcdefgh"), hosts="hooks.test,10.0.0.1/8"),
    ],
)
def test_a_channel_that_is_set_up_by_half_is_refused(settings: AlertSettings) -> None:
    with pytest.raises(InputError, match="GENESIS_ALERT"):
        alert_channels(settings, lambda _, secret, __: secret)


def test_what_is_wrong_with_one_channel_names_its_setting_and_leaves_the_other_one() -> None:
    def guard(name: str, secret: Secret, _: bool) -> Secret:
        if name == "GENESIS_ALERT_WEBHOOK":
            raise SecretRefused("op:house/hook/url: there is no such item")
        return secret

    settings = AlertSettings(Secret("op:house/hook/url"), Secret("123456:ABCDEF"), "7")
    (channel,), (problem,) = found_channels(settings, guard)
    assert channel.name == "telegram"
    assert str(problem) == "GENESIS_ALERT_WEBHOOK cannot be used: op:house/hook/url: there is no such item"


def test_a_reference_is_followed_to_the_secret() -> None:
    settings = AlertSettings(webhook=Secret("file:/run/secrets/webhook"), hosts="hooks.test")
    (channel,) = alert_channels(settings, lambda *_: Secret("https://hooks.test/abcdefgh"))
    assert channel.name == "webhook"


def test_a_level_that_is_none_is_named() -> None:
    assert alert_level(AlertSettings(level="Error")) == logging.ERROR
    with pytest.raises(InputError, match="GENESIS_ALERT_LEVEL is loud"):
        alert_level(AlertSettings(level="loud"))
