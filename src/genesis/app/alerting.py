"""Who is told what: channels from the settings, and the log as the one place where everything worth telling passes."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, get_args

from genesis.adapters.alerts.destination import AllowList, allow_list
from genesis.adapters.alerts.telegram import HOST, TelegramAlerts
from genesis.adapters.alerts.webhook import WebhookAlerts
from genesis.adapters.redaction.logs import RedactingFilter
from genesis.adapters.redaction.redactor import Redactor
from genesis.app.alert_renewal import RenewedAlerts
from genesis.app.log_lines import category_of_record, event_of, severity_of, shown
from genesis.app.settings import AlertSettings
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, SecretError
from genesis.ports.monitor import Status, news_key
from genesis.ports.secrets import Secret

LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
TEXT_CHARS_MAX: Final = 1_000


Guard = Callable[[str, Secret, bool], Secret]
"""Takes a setting's name and its secret, or a reference to one, and returns the secret, masked from now on.

With True nothing that is known of a reference is taken for granted.
"""


def alert_channels(settings: AlertSettings, guard: Guard) -> Sequence[AlertChannel]:
    """Return the channels that are set up; raises the first of what `found_channels` says of the others."""
    found, problems = found_channels(settings, guard)
    if problems:
        raise problems[0]
    return found


def found_channels(settings: AlertSettings, guard: Guard) -> tuple[Sequence[AlertChannel], Sequence[InputError]]:
    """Return the channels that are set up, and what is wrong with the others.

    That is one set up by half, one whose secret cannot be had, and one that leads where alerts may not go.
    """
    problems: list[InputError] = []
    named = [word for word in (each.strip() for each in settings.hosts.split(",")) if word]
    try:
        allowed = allow_list(named)
    except InputError as error:
        problems.append(error)
        allowed = allow_list(())
    found: list[AlertChannel] = []
    for make in (_webhook, _telegram):
        try:
            if (channel := make(settings, allowed, guard)) is not None:
                found.append(channel)
        except InputError as error:
            problems.append(error)
    return found, problems


def _webhook(settings: AlertSettings, allowed: AllowList, guard: Guard) -> AlertChannel | None:
    if not settings.webhook:
        return None
    with _of_setting("GENESIS_ALERT_WEBHOOK") as name:
        return RenewedAlerts(
            lambda is_doubted: guard(name, settings.webhook, is_doubted), lambda url: WebhookAlerts(url, allowed)
        )


def _telegram(settings: AlertSettings, allowed: AllowList, guard: Guard) -> AlertChannel | None:
    if bool(settings.telegram_token) is not bool(settings.telegram_chat):
        raise InputError("GENESIS_ALERT_TELEGRAM_TOKEN and GENESIS_ALERT_TELEGRAM_CHAT are set together or not at all")
    if not settings.telegram_token:
        return None
    with _of_setting("GENESIS_ALERT_TELEGRAM_TOKEN") as name:
        reached = AllowList(allowed.hosts | {HOST}, allowed.networks)
        return RenewedAlerts(
            lambda is_doubted: guard(name, settings.telegram_token, is_doubted),
            lambda token: TelegramAlerts(token, settings.telegram_chat, reached),
        )


@contextmanager
def _of_setting(name: str) -> Iterator[str]:
    """Name the setting in what is wrong with it, its reference included: whoever reads it has many."""
    try:
        yield name
    except (InputError, SecretError) as error:
        text = str(error)
        raise InputError(text if text.startswith("GENESIS_ALERT_") else f"{name} cannot be used: {text}") from error


def alert_level(settings: AlertSettings) -> int:
    """Return the level from which on people are told; raises `InputError` for a word that is none."""
    if settings.level.lower() not in LEVELS:
        raise InputError(f"GENESIS_ALERT_LEVEL is {settings.level}: it must be one of {', '.join(LEVELS)}")
    return LEVELS[settings.level.lower()]


class AlertHandler(logging.Handler):
    """Tells *tell* of records from *level* on, masked, and *passed* what holds no longer; *source* says who speaks."""

    def __init__(
        self,
        tell: Callable[[Notice], None],
        clock: Clock,
        redactor: Redactor,
        source: str,
        level: int,
        passed: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(min(level, logging.INFO))
        self._tell = tell
        self._passed = passed
        self._told_from = level
        self._clock = clock
        self._redactor = redactor
        self._source = source
        self.addFilter(RedactingFilter(redactor))

    def emit(self, record: logging.LogRecord) -> None:
        """Make a notice of *record*."""
        fields: object = getattr(record, "fields", None)
        facts = {str(name): shown(value) for name, value in fields.items()} if isinstance(fields, Mapping) else {}
        if record.levelno < self._told_from:
            if about := _about(event_of(record), facts):
                self._passed(about)
            return
        event, message = event_of(record), shown(record.getMessage())
        first = event if event == record.getMessage() else f"{event}: {message}"
        words = " ".join([first, *(f"{name}={value}" for name, value in facts.items())])
        severity = severity_of(record)
        notice = Notice(
            key=self._redactor.text(news_key(first, severity, facts)),
            name=event,
            category=category_of_record(record),
            severity=severity,
            text=self._redactor.text(words)[:TEXT_CHARS_MAX],
            source=self._source,
            mts=self._clock.now(),
            about=_about(event, facts),
        )
        self._tell(notice)


def _about(event: str, facts: Mapping[str, str]) -> str:
    """Return what an event says the state of, empty where it is over in the moment in which it happens."""
    category, _, word = event.partition(".")
    if category == "link":
        return f"link {facts.get('link', '')}"
    return "status" if category == "system" and word in get_args(Status) else ""


@contextmanager
def telling(
    tell: Callable[[Notice], None] | None,
    clock: Clock,
    redactor: Redactor,
    source: str,
    level: int,
    passed: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Let what Genesis logs from *level* on reach *tell*, whatever level is written."""
    if tell is None:
        yield
        return
    handler, logger = AlertHandler(tell, clock, redactor, source, level, passed), logging.getLogger("genesis")
    before = logger.level
    logger.addHandler(handler)
    if logger.getEffectiveLevel() > handler.level:
        logger.setLevel(handler.level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


async def try_channels(channels: Sequence[AlertChannel], clock: Clock) -> list[tuple[str, str]]:
    """Send a test over each channel; returns its name and why it was not taken, or nothing."""
    found = []
    for channel in channels:
        text = "this is a test: alerts of this machine arrive here"
        notice = Notice("alerts.test", "system.alert_test", "system", "info", text, "alerts.test", clock.now())
        try:
            await channel.deliver(notice)
        except Undelivered as problem:
            found.append((channel.name, str(problem)))
        else:
            found.append((channel.name, ""))
    return found
