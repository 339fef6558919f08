"""Holds the exchange's truth, the wire and the durable journal against each other, after every step and at the end."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from attrs import define, field, frozen

from genesis.app.simulation.bounds import Bounds
from genesis.app.simulation.checker.budgets import Budgets
from genesis.app.simulation.checker.cancels import CancelView
from genesis.app.simulation.checker.findings import Findings
from genesis.app.simulation.checker.guards import GuardView
from genesis.app.simulation.checker.journal import Account, Entry, JournalView
from genesis.app.simulation.checker.stillness import StillnessView
from genesis.app.simulation.checker.timers import TimerView
from genesis.app.simulation.checker.truth import TrueOrder, Truth
from genesis.app.simulation.checker.wire import Attempt, WireView
from genesis.domain.instrument import Instrument
from genesis.domain.journal.chain import BadRow, Row, verify
from genesis.domain.order import OrderId
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Symbol
from genesis.ports.transport import HttpAnswer, HttpRequest

ATOMS: Final = 10**8
FOREIGN_SEEN_AFTER_MS: Final = 300_000
"""What somebody else did within this time may not have been seen by us: it counts for nothing against us."""

RATE_SLACK_S: Final = 1.0
"""How far the exchange's time, by which orders are counted, may differ from the time at which they leave."""

ROUNDING: Final = 2
"""Atoms by which a fill's cost may be booked higher than the exchange took: it rounds its way, we against us."""


@frozen
class Belief:
    """What the core takes for true, in atoms: the checker compares it, and takes nothing from it.

    *holdings* are the strategies' and the house's together, by currency; *pending* what may still fill, by cid;
    *details* everything that must outlive a process, by name.
    """

    holdings: Mapping[str, int]
    pending: Mapping[int, int]
    unknown: tuple[int, ...]
    details: Mapping[str, str]


@define(eq=False)
class Checker:
    """The checker of one world; *exchange_mts* is the exchange's own time. It is a `Tap` of the wire."""

    findings: Findings
    user: UserId
    instruments: Mapping[Symbol, Instrument]
    bounds: Bounds
    exchange_mts: Callable[[], Mts]
    is_foreign: Callable[[OrderId], bool]
    wallet: Callable[[str], int]
    """What the account has of a currency now, by the exchange."""
    latch: Callable[[], str | None]
    wire: WireView = field(init=False)
    journal: JournalView = field(init=False)
    truth: Truth = field(init=False)

    stillness: StillnessView = field(init=False)
    timers: TimerView = field(init=False)
    cancels: CancelView = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stillness, self.timers = StillnessView(self.findings), TimerView(self.findings)
        self.cancels = CancelView(self.findings, self._cid_of, self._is_open)
        self.wire = WireView(
            *(self.findings, lambda: self.exchange_mts() * 1000, self._submitted, Budgets(self.findings)),
            self.cancels.left,
        )
        scales = {str(symbol): each.price_scale for symbol, each in self.instruments.items()}
        guards = GuardView(self.findings, scales)
        heard: dict[str, Callable[[Entry], None]] = {
            "account_shown": self._shown,
            "wake_at": lambda entry: self.timers.set(entry["mts"]),
            "time_passed": lambda entry: self.timers.rang(entry["mts"], self.exchange_mts()),
            "cancel": lambda entry: self.cancels.wanted(entry["cid"]),
            "link_state": self._link,
        }
        self.journal = JournalView(self.findings, self._evidence, guards, on_candle=self._candle, on_row=heard)
        self.truth = Truth(
            self.findings, self.user, self.is_foreign, lambda cid: cid in self.wire.attempts, self._placed
        )

    def stood_still(self, seconds: float) -> None:
        """Take that nothing of the process ran for so long, until now."""
        self.stillness.stood_still(seconds)

    # The wire

    def frame_left(self, text: str) -> None:
        """Take a frame that leaves."""
        self.wire.frame_left(text)

    def frame_came(self, text: str) -> None:
        """Take a frame that the process reads."""
        self.wire.frame_came(text)
        self.timers.look(self.exchange_mts())
        self.cancels.look()

    def request_left(self, request: HttpRequest) -> None:
        """Take a request that leaves."""
        self.wire.request_left(request)

    def answer_came(self, request: HttpRequest, answer: HttpAnswer) -> None:
        """Take an answer that the process reads."""
        self.wire.answer_came(request, answer)

    def _submitted(self, attempt: Attempt) -> None:
        cid, require = attempt.cid, self.findings.require
        account = self.journal.orders.get(cid)
        if require(account is not None, "I1", f"order {cid} left without a durable intent", attempt.body):
            assert account is not None
            told = self._difference(account.intent, attempt)
            require(not told, "I1", f"order {cid} left as another than was intended: {told}", attempt.body)
            require(account.began_s is not None, "I1", f"order {cid} left without a durable record that it is sent")
            require(
                not account.gone and account.closed is None,
                "I2",
                f"order {cid} left after it was said to be {account.gone or 'closed'}",
            )
            self._is_part(cid, account)
            self.stillness.left(cid, account.written_s)
        require(attempt.body["type"].startswith("EXCHANGE "), "I11", f"order {cid} may borrow", attempt.body)
        killed = self.latch()
        require(killed is None, "I9", f"order {cid} left while the kill latch was set ({killed})", attempt.way)
        require(not self.wire.in_maintenance, "I8", f"order {cid} left in maintenance, of which we had read")
        self._bounded(attempt)

    def _is_part(self, cid: int, account: Account) -> None:
        """Require that what the parts of an undertaking filled and may still fill is no more than it was for."""
        whole = self.journal.undertakings.get(account.undertaking)
        if whole is not None:
            orders = self.journal.orders.items()
            at_risk = sum(self._at_risk(*each) for each in orders if each[1].undertaking == account.undertaking)
            told = f"with order {cid}, the parts of undertaking {account.undertaking} may fill {at_risk} of {whole}"
            self.findings.require(at_risk <= whole, "I2", told)

    def _at_risk(self, cid: int, account: Account) -> int:
        true = self.truth.ours.get(cid)
        if true is not None:
            return true.filled + true.left
        return 0 if account.is_settled or cid not in self.wire.attempts else account.amount

    def _difference(self, intent: Entry, attempt: Attempt) -> str:
        body, instrument = attempt.body, self.instruments[Symbol(intent["symbol"])]
        sign = 1 if intent["side"] == "buy" else -1
        if body["symbol"] != intent["symbol"]:
            return f"{body['symbol']}, not {intent['symbol']}"
        if attempt.amount * ATOMS != sign * intent["amount"]:
            return f"amount {attempt.amount}, not {sign * intent['amount']} atoms"
        price = intent["price"] if intent["stop_price"] is None else intent["stop_price"]
        sent = body.get("price")
        if (sent is None) != (price is None) or (sent and Decimal(sent) * instrument.price_scale != price):
            return f"price {sent}, not {price} units"
        if intent["type"] not in body["type"].lower().replace(" ", "_"):
            return f"a {body['type']}, not a {intent['type']}"
        return ""

    # Risk, reckoned from the exchange's truth and the wire alone

    def _bounded(self, attempt: Attempt) -> None:
        bounds, require = self.bounds, self.findings.require
        symbol = Symbol(attempt.body["symbol"])
        worth = self._worth(symbol, int(abs(attempt.amount) * ATOMS))
        require(worth <= bounds.order_notional, "I12", f"order {attempt.cid} is worth {worth} atoms", bounds)
        since_s = attempt.at_s - bounds.window_s + RATE_SLACK_S
        # What was provably refused for its nonce and left again is one order.
        count = sum(tries[-1].at_s > since_s for tries in self.wire.attempts.values())
        decided = self.journal.account.orders.get(attempt.cid)
        is_within = count <= bounds.orders_a_window or (decided is not None and decided.gets_out)
        require(is_within, "I12", f"{count} orders left within {bounds.window_s} s", bounds)
        each = {name: self._worth(name, self._worst(name)) for name in self.instruments}
        total = sum(each.values())
        # What is held may have come to be worth more by itself: an order that adds nothing to it gets out.
        adds = self._worst(symbol) > min(self._worsts(symbol, attempt.cid))
        told = f"with order {attempt.cid}, {symbol} may come to be worth {each[symbol]} atoms"
        require(each[symbol] <= bounds.exposure_each or not adds, "I11", told, bounds)
        told = f"with order {attempt.cid}, everything may come to be worth {total} atoms"
        require(total <= bounds.exposure or not adds, "I11", told, bounds)
        self.journal.account.left(attempt.cid, self.wire.attempts.keys(), self.wire.heard_s.get(symbol))
        self._positions(attempt)
        account = self.journal.orders.get(attempt.cid)
        if account is not None and account.limits is not None:
            self._lowered(attempt, account.limits, worth, each[symbol], total)

    def _lowered(self, attempt: Attempt, limits: Entry, worth: int, each: int, total: int) -> None:
        """Hold an order to the limits that were in force when it was decided: a person had lowered them before."""
        require, symbol = self.findings.require, attempt.body["symbol"]
        most = {one["symbol"]: one["max_exposure"] for one in limits["instruments"]}
        told = f"order {attempt.cid} is worth {worth} atoms"
        require(worth <= limits["max_order_notional"], "I15", told, limits)
        if attempt.amount > 0:  # sales get out, whatever there is
            told = f"with order {attempt.cid}, {symbol} may come to be worth {each} atoms, everything {total}"
            require(each <= most[symbol] and total <= limits["max_exposure"], "I15", told, limits)

    def _positions(self, attempt: Attempt) -> None:
        """Require that a purchase opens no position beyond those that there may be at once."""
        decided, symbol = self.journal.account.orders.get(attempt.cid), Symbol(attempt.body["symbol"])
        most = None if decided is None else decided.limits.get("max_positions")
        least = {name: each.amount_min for name, each in self.instruments.items()}
        if most is None or attempt.amount < 0 or max(self._worsts(symbol, attempt.cid)) >= least[symbol]:
            return  # it is no purchase, or there is a position already, ours or a stranger's
        count = sum(self._worst(name) >= amount for name, amount in least.items())
        told = f"order {attempt.cid} makes {count} positions at once, {symbol} the last of them"
        self.findings.require(count <= most, "I12", told)

    def _worth(self, symbol: Symbol, amount: int) -> int:
        return amount * self.truth.low(symbol) // self.instruments[symbol].price_scale

    def _worst(self, symbol: Symbol) -> int:
        """Return the largest net amount that the account may come to have, by what nobody could fail to know."""
        return min(self._worsts(symbol))

    def _worsts(self, symbol: Symbol, besides: int | None = None) -> tuple[int, int]:
        """Return the largest net amounts that we alone, and we and others together, may come to have.

        The order *besides* is left out.
        """
        buys = sells = 0
        for order in self.truth.ours.values():
            if order.symbol == symbol and order.cid != besides:
                buys, sells = _pending(buys, sells, order.side.sign * order.left)
        for attempt in self.wire.undecided():
            account = self.journal.orders.get(attempt.cid)
            is_over = account is not None and account.is_settled
            is_counted = attempt.cid not in self.truth.ours and attempt.cid != besides and not is_over
            if attempt.body["symbol"] == symbol and is_counted:
                buys, sells = _pending(buys, sells, int(attempt.amount * ATOMS))
        ours = self.truth.net_of_ours(symbol)
        everything = self.wallet(self.instruments[symbol].base)
        foreign_buys, foreign_sells = self._foreign(symbol)
        alone = max(abs(ours + buys), abs(ours - sells))
        together = max(abs(everything + buys + foreign_buys), abs(everything - sells - foreign_sells))
        return alone, together

    def _foreign(self, symbol: Symbol) -> tuple[int, int]:
        buys = sells = 0
        seen = self.exchange_mts() - FOREIGN_SEEN_AFTER_MS
        for order in self.truth.foreign.values():
            if order.symbol == symbol and order.created < seen:
                buys, sells = _pending(buys, sells, order.side.sign * order.left)
        return buys, sells

    # The exchange and the journal against each other

    def _placed(self, order: TrueOrder) -> None:
        account = self.journal.orders.get(order.cid)
        if account is not None:
            self._is_not_gone(order.cid, account)

    def _evidence(self, cid: int, account: Account) -> None:
        self._is_not_gone(cid, account)
        order = self.truth.ours.get(cid)
        if order is None:
            self.findings.require(
                not account.trades and account.id is None and not account.booked,
                "I3",
                f"order {cid} is said to be {account.id} at the exchange, which never had it",
            )
            return
        for trade_id, amount in account.trades.items():
            true = order.trades.get(trade_id)
            self.findings.require(
                true is not None and true[0] == amount, "I6", f"trade {trade_id} of order {cid} is {true} in truth"
            )
        self.findings.require(
            account.booked <= order.filled, "I16", f"order {cid}: {account.booked} were booked, {order.filled} filled"
        )
        if account.closed is not None:
            self.findings.require(
                account.closed == (order.id, order.filled) and not order.is_open,
                "I4",
                f"order {cid} is said to have ended as {account.closed}, which is not true",
                order,
            )

    def _is_not_gone(self, cid: int, account: Account) -> None:
        there = cid in self.truth.ours
        self.findings.require(
            not (account.gone and there), "I5", f"order {cid} was said to be {account.gone}, and the exchange had it"
        )

    def _shown(self, _: Entry) -> None:
        self.stillness.shown()
        self.timers.shown()

    def _link(self, entry: Entry) -> None:
        """Take a new state of a link; while orders go by REST, a cancel may be held up by what nobody can help."""
        if entry["name"] == "account":
            self.cancels.link(is_free=entry["link"] == "open" and "REST" not in entry["reason"])

    def _cid_of(self, order_id: int) -> int | None:
        orders = self.truth.ours.values()
        return next((each.cid for each in orders if order_id == each.id or order_id in each.open_ids), None)

    def _is_open(self, cid: int) -> bool:
        order = self.truth.ours.get(cid)
        return order is not None and order.is_open

    def _candle(self, symbol: str, candle: Entry) -> None:
        now = self.exchange_mts()
        self.findings.require(
            now >= candle["mts"] + 60_000, "I32", f"{symbol}: candle {candle['mts']} was told closed at {now}"
        )

    # Processes

    def process_began(self, rows: Sequence[Row]) -> None:
        """Look at what a process finds when it starts."""
        for view in (self.wire, self.stillness, self.timers, self.cancels):
            view.process_began()
        found = verify(rows)
        self.findings.require(not isinstance(found, BadRow), "I26", f"the journal does not verify: {found}")

    def process_failed(self, error: BaseException) -> None:
        """Note that a process ended with an error that is a mistake of ours."""
        self.findings.require(False, "I38", f"the process ended with {type(error).__name__}: {error}")

    def compare_minds(self, replayed: Belief, in_memory: Belief, when: str) -> None:
        """Compare what the journal tells with what the process had in mind when all of it was accepted."""
        self.findings.require(
            replayed == in_memory,
            "I24",
            f"{when}: the journal tells another state than the process had",
            _differences(replayed, in_memory),
        )

    def recovered(self, first: Belief, again: Belief) -> None:
        """Compare two recoveries from the same rows."""
        self.findings.require(first == again, "I25", "two recoveries differ", _differences(first, again))

    # The end

    def healed(self, belief: Belief, opened: Mapping[int, int]) -> list[str]:
        """Return what keeps the world from being healed: sentences, none when all is well.

        *opened* are the atoms that our open orders may still fill, by cid, as the exchange has them.
        """
        wrong = [f"I37: order {cid} is still unknown" for cid in belief.unknown]
        for cid, account in self.journal.orders.items():
            order = self.truth.ours.get(cid)
            if account.began_s is not None and not account.is_known:
                wrong.append(f"I37: nothing is known of order {cid}")
            if order is None:
                continue
            if not order.is_open and not account.is_settled:
                wrong.append(f"I3: order {cid} is over at the exchange, and the journal has it open")
            if account.booked != order.filled:
                wrong.append(f"I16: order {cid}: {account.booked} booked, {order.filled} filled")
        wrong += [
            f"I3: order {cid} is at the exchange, and no intent tells of it"
            for cid in self.truth.ours
            if cid not in self.journal.orders
        ]
        for currency, amount in belief.holdings.items():
            there = self.wallet(currency)
            if amount != there:
                wrong.append(f"I18: we hold {amount} atoms of {currency}, the exchange says {there}")
        pending = {cid: amount for cid, amount in belief.pending.items() if amount}
        if pending != dict(opened):
            wrong.append(f"I14: reserved for {pending}, the exchange has {dict(opened)}")
        return wrong

    def require_healed(self, wrong: Sequence[str]) -> None:
        """Note what was still wrong at the deadline of the heal phase."""
        for each in ("I37", "I3", "I14", "I16", "I18"):
            told = [text for text in wrong if text.startswith(f"{each}:")]
            self.findings.require(not told, each, "; ".join(told) or "healed")


def _pending(buys: int, sells: int, signed: int) -> tuple[int, int]:
    return (buys + signed, sells) if signed > 0 else (buys, sells - signed)


def _differences(first: Belief, second: Belief) -> str:
    names = sorted({*first.details, *second.details})
    pairs = [(name, first.details.get(name), second.details.get(name)) for name in names]
    pairs += [
        (name, str(getattr(first, name)), str(getattr(second, name))) for name in ("holdings", "pending", "unknown")
    ]
    return "; ".join(f"{name}: {one} and {other}" for name, one, other in pairs if one != other)
