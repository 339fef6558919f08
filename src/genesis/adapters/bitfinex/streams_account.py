"""Our account, live: one authenticated connection kept alive, its events, and orders sent over it.

It is a stream of events and an `OrderGateway`. No request is ever sent twice: one that was not answered before its
deadline or the loss of the connection raises `OutcomeUnknown`, one that provably never left raises `Unreachable`.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import Factory, evolve, frozen

from genesis.adapters.bitfinex import account_funding
from genesis.adapters.bitfinex.account_line import AccountLine, AccountRules, auth_text
from genesis.adapters.bitfinex.asking import Asking
from genesis.adapters.bitfinex.convert import orders
from genesis.adapters.bitfinex.convert.operations import Bodies, Wish
from genesis.adapters.bitfinex.errors import Asked
from genesis.adapters.bitfinex.happenings import LinkChanged, Ring
from genesis.adapters.bitfinex.inputs import CALC_KEYS_MAX, Key, calc_text
from genesis.adapters.bitfinex.key import Renew, never_renewed
from genesis.adapters.bitfinex.lane import Lane
from genesis.adapters.bitfinex.maintenance import StatusPoll
from genesis.adapters.bitfinex.notifications import Notified, accepted
from genesis.adapters.bitfinex.queues import ACCOUNT_ITEMS_MAX, AccountQueue
from genesis.adapters.bitfinex.session import ACCOUNT_CONNECTIONS, ACCOUNT_URL, Over, Session, SessionRules, converse
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.wire.orders import NotificationRow, OrderRow
from genesis.adapters.bitfinex.wire.requests import OrderSubmit, OrderUpdate
from genesis.domain.account_events import AccountEvent
from genesis.domain.exchange.funding import FundingOfferRequest
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    ById,
    CancelMany,
    Everything,
    OrderAck,
    OrderChange,
    OrderReference,
    OrderReport,
)
from genesis.domain.instrument import Instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.order import OrderRequest
from genesis.domain.resilience import Priority, RequestBudget
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.units import Symbol
from genesis.ports.budgets import Budget
from genesis.ports.clock import Clock
from genesis.ports.errors import (
    AuthRefused,
    ClockAhead,
    ExchangeError,
    InputError,
    KeyContended,
    NotProcessed,
    OutcomeUnknown,
    RateLimited,
    StaleNonce,
    StoreError,
)
from genesis.ports.metrics import Metrics
from genesis.ports.nonces import NonceStore
from genesis.ports.socket import Connector, Socket

NAME: Final = "account"
ANSWER_S: Final = 10.0
OPERATIONS_MAX: Final = 15
"""Operations in one `ox_multi`: the official Node client sends no more at once, and no limit is documented for
sockets.
"""


@frozen(eq=False)
class SocketKey:
    """An API key as a socket needs it: *lane* is held while a nonce is taken, signed and sent, for nonces must arrive
    in order.

    Whoever signs REST requests with the same key passes the lane they share.
    """

    signer: Signer
    nonces: NonceStore
    lane: Lane = Factory(Lane)
    renew: Renew = never_renewed


class AccountStream:
    """The account of one API key; see the module. Everything it needs from the world is a parameter."""

    def __init__(
        self,
        key: SocketKey,
        connector: Connector,
        clock: Clock,
        metrics: Metrics,
        instruments: Mapping[Symbol, Instrument],
        account: Account,
        *,
        url: str = ACCOUNT_URL,
        rules: AccountRules | None = None,
        session_rules: SessionRules | None = None,
        budget: Budget | None = None,
        random: Callable[[], float] | None = None,
        items_max: int = ACCOUNT_ITEMS_MAX,
        answer_s: float = ANSWER_S,
        on_outcome_unknown: Callable[[OutcomeUnknown], None] = lambda _: None,
        status: StatusPoll | None = None,
    ) -> None:
        """*instruments* tell how many decimals a price has, *account* from which wallet orders trade.

        *on_outcome_unknown* hears of each write that was cancelled after it had left, before the cancellation goes on:
        the same as `RestClient`'s. *status* is asked when maintenance does not end.
        """
        self.ring = Ring()
        """The last frames that could not be read."""
        self._key = key
        self._clock = clock
        self._metrics = metrics
        self._bodies = Bodies(instruments, account)
        self._status = status
        self._rules = evolve(rules or AccountRules(), status_is_polled=status is not None)
        self._session_rules = session_rules or SessionRules()
        random = random or secrets.SystemRandom().random
        budget = budget or RequestBudget(ACCOUNT_CONNECTIONS.limit, ACCOUNT_CONNECTIONS.window_s)
        self._session = Session(url, connector, clock, metrics, budget, random, self._session_rules, NAME)
        self._queue: AccountQueue[AccountEvent] = AccountQueue(items_max)
        self._asking = Asking(clock, metrics, answer_s, on_outcome_unknown)
        self._calcs = RequestBudget(limit=8, window_s=1.0)
        self._greeted = asyncio.Event()
        self._answered = asyncio.Event()
        self._stale_nonces = 0
        self._store_problem: StoreError | None = None

    async def run(self) -> None:
        """Keep the connection alive until cancelled.

        Raises `AuthRefused` when the exchange refuses the key, and `StoreError` when no nonce can be had: then
        nothing may be signed, and the last event says that the link is CLOSED.
        """
        signer = self._key.signer
        while True:
            turns = signer.turns
            try:
                await self._session.run(self._use, self._changed, lambda: True)
            except KeyContended:
                raise
            except AuthRefused:
                if turns == signer.turns and not await self._key.renew():
                    raise

    async def next(self) -> AccountEvent:
        """Return the next event, waiting for one. One consumer at a time."""
        return await self._queue.next()

    @property
    def is_open(self) -> bool:
        """Whether requests are taken now."""
        return self._asking.line is not None and self._asking.line.is_open

    @property
    def is_in_maintenance(self) -> bool:
        """Whether the exchange has said that it is in maintenance."""
        return self._asking.line is not None and self._asking.line.is_in_maintenance

    def reconnect(self, reason: str) -> None:
        """End the connection of the moment, so that nothing more can come over it; the next one is made at once."""
        if self._asking.line is not None:
            self._asking.line.end(reason)
            self._asking.wake.set()

    async def submit(self, order: Approved) -> OrderAck:
        """Send a new order (`on`) and return its echo; see `OrderGateway.submit`."""
        body = self._bodies.submit(order.order)
        notified = await self._asking.ask("on", body, Key(cid=order.order.cid))
        return _submitted(order.order, body, notified)

    async def update(self, change: ApprovedChange) -> OrderAck:
        """Change an open order (`ou`) and return its echo; see `OrderGateway.update`."""
        body = self._bodies.update(change.change)
        notified = await self._asking.ask("ou", body, _key_of(change))
        return _changed(change.change, body, notified)

    async def cancel(self, order: OrderReference) -> OrderReport:
        """Ask to cancel an order (`oc`) and return it as it was before; see `OrderGateway.cancel`."""
        notified = await self._asking.ask("oc", orders.cancel_to_wire(order), _key_of(order))
        return _canceled(notified).order

    async def cancel_many(self, what: CancelMany | Everything) -> list[OrderReport]:
        """Ask to cancel several orders or all (`oc_multi`) and return those that the exchange found."""
        notified = await self._asking.ask("oc_multi", orders.cancel_many_to_wire(what), Key())
        return notified.many(OrderRow, orders.order_from_wire)

    async def execute(self, operations: Sequence[Wish]) -> list[OrderAck | ExchangeError]:
        """Carry out up to 15 operations in one message (`ox_multi`) and return an outcome for each, in order."""
        if not 0 < len(operations) <= OPERATIONS_MAX:
            raise InputError(f"one message carries 1 to {OPERATIONS_MAX} operations, not {len(operations)}")
        bodies = [self._bodies.operation(wish) for wish in operations]
        wanted = [(kind, _key_of(wish)) for wish, (kind, _) in zip(operations, bodies, strict=True)]
        answers = await self._asking.ask_together("ox_multi", bodies, wanted)
        return [
            _outcome(wish, body, answer) for wish, (_, body), answer in zip(operations, bodies, answers, strict=True)
        ]

    async def calculate(self, keys: Sequence[str]) -> None:
        """Ask for up to 30 values to be computed (`calc`), such as `margin_base`; they come as events.

        At most 8 such messages leave a second, the others wait. Source: Bitfinex documentation, "Calc".
        """
        if not 0 < len(keys) <= CALC_KEYS_MAX:
            raise InputError(f"one calculation takes 1 to {CALC_KEYS_MAX} keys, not {len(keys)}")
        while (wait_s := self._calcs.start(self._clock.monotonic_s(), Priority.CANCEL)) > 0.0:
            await self._clock.sleep(wait_s)
        self._asking.ready("ws calc")
        self._asking.tell("ws calc", calc_text(keys))

    async def submit_funding_offer(self, offer: FundingOfferRequest) -> int:
        """Send a funding offer (`fon`) and return its id; the offer itself comes as an event.

        There is no client id: an unknown outcome is looked up by its values.
        """
        return await account_funding.submit(self._asking, offer)

    async def cancel_funding_offer(self, offer_id: int) -> None:
        """Ask to cancel a funding offer (`foc`); that it is gone comes as an event."""
        await account_funding.cancel(self._asking, offer_id)

    async def _use(self, socket: Socket) -> str:
        now_s = self._clock.monotonic_s()
        self._asking.line = line = AccountLine(self._rules, self._queue.put, self._metrics, self.ring, now_s)
        self._greeted.clear()
        self._asking.wake.set()
        try:
            reason = await converse(
                line,
                socket,
                self._clock,
                self._session_rules,
                self._asking.wake,
                self._step,
                self._authenticate(line, socket),
                *([self._status.watch(line)] if self._status else []),
            )
        finally:
            line.end("the connection ended")
            line.settle_all()
            self._asking.line = None
        problem, self._store_problem = self._store_problem, None
        if problem is not None and not isinstance(
            problem, ClockAhead
        ):  # clocks agree again by themselves, disks do not
            self._changed(Link.CLOSED, str(problem))
            raise problem
        self._judge_refusal(line)
        return reason

    async def _authenticate(self, line: AccountLine, socket: Socket) -> None:
        """Sign in once greeted.

        The lane is left when the message has been handed over; REST may then still overtake it with a larger nonce. So
        after a stale one the lane is kept until the answer is there: nothing of ours can pass, and a second refusal
        shows that somebody else signs with the key.
        """
        await self._greeted.wait()
        signer = self._key.signer
        turn = await self._key.lane.enter(Priority.ORDER)
        try:
            nonce = await self._key.nonces.next()
            payload, signature = signer.socket_payload(nonce)
            line.auth_sent(self._clock.monotonic_s())
            self._answered.clear()
            await socket.send(auth_text(signer.key, nonce, payload, signature, self._rules))
            if self._stale_nonces:
                await self._answered.wait()
        except StoreError as problem:
            self._store_problem = problem
            raise Over(str(problem)) from problem
        finally:
            turn.leave()

    def _judge_refusal(self, line: AccountLine) -> None:
        """Raise what the session's judge has to know; a second stale nonce in a row says that somebody else has the
        key.
        """
        refusal = line.refusal
        if line.was_accepted:
            self._stale_nonces = 0
        if isinstance(refusal, StaleNonce):
            self._stale_nonces += 1
            if self._stale_nonces > 1:
                text = (
                    "two nonces in a row were too small: somebody else signs with this key; give each program its own"
                )
                raise KeyContended(text, endpoint=refusal.endpoint, code=refusal.code)
        if refusal is not None and refusal.text.startswith("rate:"):
            raise RateLimited(refusal.text, endpoint=refusal.endpoint, code=refusal.code, retry_after_s=60.0)
        if isinstance(refusal, NotProcessed | AuthRefused):
            raise refusal

    def _step(self) -> None:
        line = self._asking.line
        if line is None:
            return
        if line.wants_auth:
            line.wants_auth = False
            self._greeted.set()
        if not line.awaits_auth:
            self._answered.set()
        while line.happenings:
            happened: LinkChanged = line.happenings.popleft()
            self._changed(happened.link, happened.reason)

    def _changed(self, link: Link, reason: str) -> None:
        self._queue.put_always(LinkState(self._clock.now(), NAME, link, reason))


def _key_of(wish: Wish) -> Key:
    match wish:
        case Approved(order=order):
            return Key(cid=order.cid)
        case ApprovedChange(change=change):
            return Key(id=change.id)
        case ById(id=id_):
            return Key(id=id_)
        case ByCid(cid=cid):
            return Key(cid=cid)


def _submitted(order: OrderRequest, body: OrderSubmit, notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    mismatch = orders.echo_mismatch(order, echo)
    if mismatch:
        raise notified.asked.unknown(f"the echo is another order's: {mismatch}")
    return OrderAck(echo, notified.row.text or "", orders.echo_differences(body, echo))


def _changed(change: OrderChange, body: OrderUpdate, notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    if (echo.id, echo.symbol, echo.side) != (change.id, change.symbol, change.side):
        raise notified.asked.unknown(f"the echo is order {echo.id} {echo.symbol}'s, {change.id} was changed")
    return OrderAck(echo, notified.row.text or "", orders.echo_differences(body, echo))


def _canceled(notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    return OrderAck(echo, notified.row.text or "")


def _outcome(wish: Wish, body: object, answer: NotificationRow | BaseException) -> OrderAck | ExchangeError:
    if isinstance(answer, ExchangeError):
        return answer
    if isinstance(answer, BaseException):
        raise answer
    asked = Asked(endpoint=f"ws {answer.type}", is_write=True)
    try:
        notified = accepted(answer, frozenset({answer.type}), asked)
        match wish, body:
            case Approved(order=order), OrderSubmit():
                return _submitted(order, body, notified)
            case ApprovedChange(change=change), OrderUpdate():
                return _changed(change, body, notified)
            case ((ById() | ByCid()), _):
                return _canceled(notified)
    except ExchangeError as error:
        return error
    raise TypeError(f"{type(wish).__name__} is no operation")
