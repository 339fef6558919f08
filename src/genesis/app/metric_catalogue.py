"""Every metric that Genesis writes: what it means, and the closed set of each of its labels."""

from typing import Final, get_args

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.connections_aiohttp import NUMBERS_MAX
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.inputs import ANSWERS
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.domain.events import AlertCode
from genesis.domain.market import GapReason
from genesis.domain.order import Side
from genesis.domain.risk.refusal import RefusalCode
from genesis.ports.errors import ExchangeError
from genesis.ports.metric_spec import (
    BYTE_RATE_BOUNDS,
    LATENCY_BOUNDS_S,
    RATE_BOUNDS,
    MetricKind,
    MetricSpec,
)
from genesis.ports.monitor import Category, Severity, Status


def _names(kind: type[Exception]) -> frozenset[str]:
    found = {kind.__name__}
    for each in kind.__subclasses__():
        found |= _names(each)
    return frozenset(found)


ENDPOINTS: Final = frozenset(each.name for each in vars(endpoints).values() if isinstance(each, Endpoint))
OUTCOMES: Final = frozenset({"success", "cancelled"}) | _names(ExchangeError)
CLIENTS: Final = frozenset({"public", "account"})
LINKS: Final = frozenset({"account", *(f"public-{number}" for number in range(1, 21))})
CONNECTIONS: Final = frozenset({"more", *(str(number) for number in range(1, NUMBERS_MAX + 1))})
CATEGORIES: Final = frozenset(get_args(Category))
CHANNELS: Final = frozenset({"webhook", "telegram", "memory"})
SIDES: Final = frozenset(side.value for side in Side)
REQUESTS: Final = frozenset({"ox_multi", *ANSWERS})

_BY_ENDPOINT: Final = {"endpoint": ENDPOINTS}
_BY_CLIENT: Final = {"client": CLIENTS}
_BY_CONNECTION: Final = {"connection": CONNECTIONS}


def _counter(name: str, text: str, **labels: frozenset[str]) -> MetricSpec:
    return MetricSpec(name, MetricKind.COUNTER, text, labels)


def _gauge(name: str, text: str, **labels: frozenset[str]) -> MetricSpec:
    return MetricSpec(name, MetricKind.GAUGE, text, labels)


def _seconds(name: str, text: str, **labels: frozenset[str]) -> MetricSpec:
    return MetricSpec(name, MetricKind.HISTOGRAM, text, labels, LATENCY_BOUNDS_S)


def _rate(name: str, text: str, bounds: tuple[float, ...], **labels: frozenset[str]) -> MetricSpec:
    return MetricSpec(name, MetricKind.HISTOGRAM, text, labels, bounds)


_SESSION: Final = (
    _gauge("up", "1 while the session answers."),
    _gauge("status", "1 for the status that holds, 0 for the others.", status=frozenset(get_args(Status))),
    _gauge("uptime_seconds", "Seconds since the start."),
    _gauge("last_event_timestamp_seconds", "Market time of the last event."),
    _counter("candles_total", "Closed candles that the core has handled."),
    _gauge("candle_period_seconds", "The time frame of the candles that are traded."),
    _gauge("candle_quiet_seconds", "For how long no candle has come."),
    _gauge("equity_quote", "Cash, and the position at the last close, in the quote currency."),
    _gauge("position_base", "The position in the base currency; negative is short."),
    _counter("orders_submitted_total", "Orders that left.", side=SIDES),
    _counter("orders_accepted_otherwise_total", "Orders that the exchange took otherwise than asked."),
    _counter("orders_given_up_total", "Orders of which nothing can be proven any more: a person decides."),
    _counter("fills_total", "Fills that the core has booked.", side=SIDES),
    _counter("alerts_total", "What the core wanted a person to see.", code=frozenset(x.value for x in AlertCode)),
    _gauge("refusals", "Orders that a guard refused, since the start.", code=frozenset(x.value for x in RefusalCode)),
    _gauge("link_open", "1 while a connection to the exchange is open.", link=LINKS),
    _seconds("order_round_trip_seconds", "From sending an order to its acknowledgement."),
    _seconds("journal_commit_seconds", "Until what was journalled was durable; each order waits for it."),
    _gauge("journal_rows", "Rows of the journal that are durable."),
    _counter("journal_reserve_used_total", "Entries written in the reserve, for the journal was full or broken."),
    _gauge("loop_stalled_seconds", "For how long the trading loop has stood still; 0 while it turns."),
    _seconds("loop_lag_seconds", "How late the event loop came to a task that was due."),
    _gauge("data_free_bytes", "Room that is left where the data directory is."),
    _gauge("exchange_clock_offset_seconds", "The exchange's clock less ours."),
)
_EVENTS: Final = (
    _counter(
        "events_total",
        "Events that were noted, written or not.",
        category=CATEGORIES,
        severity=frozenset(get_args(Severity)),
    ),
    _counter("events_sampled_out_total", "Events that sampling kept out of the log.", category=CATEGORIES),
    _counter("log_lines_dropped_total", "Log lines that nobody took in time."),
)
_NOTICES: Final = (
    _counter("notices_sent_total", "Alerts that a channel has taken.", channel=CHANNELS),
    _counter("notices_failed_total", "Attempts to send an alert that failed.", channel=CHANNELS),
    _counter("notices_dropped_total", "Alerts that were given up, or found the queue full.", channel=CHANNELS),
    _counter("notices_repeated_total", "Alerts that were not sent, for the same had just been."),
)
_REST: Final = (
    MetricSpec(
        "rest_requests_total",
        MetricKind.COUNTER,
        "Requests by outcome.",
        {**_BY_ENDPOINT, "outcome": OUTCOMES},
        begins={"outcome": frozenset({"OutcomeUnknown", "AuthRefused", "KeyContended"})},
    ),
    _seconds("rest_request_seconds", "From sending a request to its outcome.", **_BY_ENDPOINT),
    _counter("rest_answer_bytes_total", "Bytes of answers.", **_BY_ENDPOINT),
    _rate("rest_answer_bytes_per_second", "Bytes of an answer by the time it took.", BYTE_RATE_BOUNDS, **_BY_ENDPOINT),
    _counter("rest_rate_limited_total", "Answers that asked us to wait.", **_BY_ENDPOINT),
    _counter("rest_unreadable_total", "Answers that could not be read.", **_BY_ENDPOINT),
    _counter("rest_retry_triggered", "Public requests that were tried again.", **_BY_ENDPOINT),
    _counter("rest_auth_request", "Signed requests that left.", **_BY_ENDPOINT),
    _counter("rest_auth_success", "Signed requests that succeeded.", **_BY_ENDPOINT),
    _counter("rest_auth_retry_triggered", "Signed requests that were tried again.", **_BY_ENDPOINT),
    _counter("rest_auth_nonce_bump", "Nonces that the exchange found too small.", **_BY_ENDPOINT),
    _gauge(
        "rest_breaker_state",
        "Circuit breaker of a host: 0 closed, 1 half open, 2 open.",
        host=frozenset({RestSettings().public_url, RestSettings().auth_url}),
    ),
    _gauge("rest_connections_open", "Connections of the pool that are open."),
    _counter(
        "rest_connection_requests_total",
        "Requests by the connection that carried them.",
        **_BY_CONNECTION,
        outcome=frozenset({"answer", "no_answer"}),
    ),
    _seconds("rest_connection_request_seconds", "Time of a request on its connection.", **_BY_CONNECTION),
    _counter("rest_connection_answer_bytes_total", "Bytes that a connection brought.", **_BY_CONNECTION),
)
_SOCKET: Final = (
    _seconds("ws_connect_seconds", "From asking for a connection to its handshake.", **_BY_CLIENT),
    _seconds("ws_ping_seconds", "From a ping to its answer.", **_BY_CLIENT),
    _counter("ws_frames_total", "Frames that came.", **_BY_CLIENT),
    _counter("ws_characters_total", "Characters of the frames that came.", **_BY_CLIENT),
    _rate("ws_frames_per_second", "Frames by the second in which they came.", RATE_BOUNDS, **_BY_CLIENT),
    _seconds("ws_request_seconds", "From asking to the notification that answers.", request=REQUESTS),
    _counter("ws_requests_total", "Requests by outcome.", request=REQUESTS, outcome=OUTCOMES),
    _counter("ws_reconnect_total", "Connections that ended."),
    _counter("ws_resync_total", "Channels subscribed anew.", reason=frozenset(reason.value for reason in GapReason)),
    _counter("ws_sequence_gap_total", "Frames that were lost or came twice."),
    _counter("ws_frames_unreadable_total", "Frames that could not be read."),
    _counter("ws_frames_unknown_channel_total", "Frames of channels that nobody asked for."),
    _counter("ws_answers_unexpected_total", "Answers to nothing that was asked."),
    _counter("ws_channel_lost_total", "Channels that the exchange no longer gives."),
    _counter("ws_auth_request", "Authentications that left."),
    _counter("ws_auth_success", "Authentications that succeeded."),
    _counter("ws_auth_error", "Authentications that were refused."),
    _counter("ws_auth_timeout", "Authentications that were not answered."),
    _counter("ws_auth_maintenance", "Authentications that met maintenance."),
    _counter("ws_request_timeout_total", "Requests without a notification in time."),
    _counter("ws_account_overflow_total", "Connections ended because the consumer was too slow."),
)

CATALOGUE: Final = (*_SESSION, *_EVENTS, *_NOTICES, *_REST, *_SOCKET)
