"""The durable journal, read plainly: what its rows say of each order, of links, and of who asked for what."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings
from genesis.app.simulation.checker.guards import GuardView
from genesis.app.simulation.checker.limits import LimitView
from genesis.domain.journal.chain import Row

ATOMS: Final = 10**8
PROOF_S_MIN: Final = 70.0
"""The soonest proof of absence: a minute after the answer was due, and two looks a pause apart."""

Entry = Mapping[str, Any]  # Any: JSON


@define(eq=False)
class Account:
    """What the journal says of one order of ours."""

    intent: Entry
    strategy: str
    written_s: float
    undertaking: int = 0
    limits: Entry | None = None
    """The account's limits that a person had set when it was decided, None where nobody had."""
    began_s: float | None = None
    lost: bool = False
    id: int | None = None
    filled_told: int = 0
    closed: tuple[int, int] | None = None
    """The exchange's id and what was filled, once its end was told."""
    gone: str = ""
    """How it was said never to have been: `refused`, `nothing_left` or `proven_absent`."""
    trades: dict[int, int] = field(factory=dict)
    booked: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether its end is known."""
        return self.closed is not None or bool(self.gone) or sum(self.trades.values()) >= self.amount

    @property
    def is_known(self) -> bool:
        """Whether anything shows that the exchange has it, or its end."""
        return self.is_settled or self.id is not None

    @property
    def amount(self) -> int:
        """Atoms that were ordered."""
        return int(self.intent["amount"])


@define(eq=False)
class JournalView:
    """Follows the durable rows. *on_evidence* hears of each order about which something new was said."""

    findings: Findings
    on_evidence: Callable[[int, "Account"], None]
    guards: GuardView
    orders: dict[int, Account] = field(factory=dict)
    links: dict[str, str] = field(factory=dict)
    is_reconciled: bool = False
    was_shown: bool = False
    """Whether the session of the moment was shown the account: until then candles are history."""
    halted: bool = False
    limits: Entry | None = None
    amounts: dict[str, int | None] = field(factory=dict)
    """What one order of an instrument may amount to, None where that is not limited."""
    undertakings: dict[int, int] = field(factory=dict)
    """Atoms of each order that is carried out in parts."""
    positions: dict[tuple[str, str], int] = field(factory=dict)
    """What each strategy holds, by strategy and symbol."""
    candles: dict[str, int] = field(factory=dict)
    counts: dict[str, int] = field(factory=dict)
    on_candle: Callable[[str, Entry], None] = lambda _, __: None
    on_row: Mapping[str, Callable[[Entry], None]] = field(factory=dict)
    """Who else hears of rows, by their type."""
    proof_s_min: float = PROOF_S_MIN
    account: LimitView = field(init=False)
    _ids: dict[int, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.account = LimitView(self.findings)

    def take(self, rows: Sequence[Row]) -> None:
        """Take rows that have just become durable."""
        for row in rows:
            entry = json.loads(row.payload)
            kind = entry["type"]
            self.counts[kind] = self.counts.get(kind, 0) + 1
            read = getattr(self, f"_{kind}", None)
            if read is not None:
                read(entry)
            hear = self.on_row.get(kind)
            if hear is not None:
                hear(entry)

    # Sessions and links

    def _session_began(self, entry: Entry) -> None:
        self.guards.began(entry)
        self.account.began(entry["limits"])
        self.amounts = {each["symbol"]: each["max_order_amount"] for each in entry["limits"]["instruments"]}
        self.links.clear()
        self.is_reconciled = self.was_shown = False
        self.candles.clear()

    def _link_state(self, entry: Entry) -> None:
        self.links[entry["name"]] = entry["link"]
        if entry["name"] == "account" and entry["link"] != "open":
            self.is_reconciled = False

    def _operator_asked(self, entry: Entry) -> None:
        if entry["target"] == "" and entry["asked"] in ("halt", "resume"):
            self.halted = entry["asked"] == "halt"
        if entry["asked"] == "resume":
            self.guards.resumed(entry["target"])

    def _limits_applied(self, entry: Entry) -> None:
        self.limits = entry["limits"]
        self.account.applied(entry["limits"])

    def _quote(self, entry: Entry) -> None:
        self.account.quoted(entry)

    def _candle_closed(self, entry: Entry) -> None:
        candle, symbol = entry["candle"], entry["symbol"]
        before = self.candles.get(symbol)
        self.findings.require(
            before is None or candle["mts"] > before, "I31", f"{symbol}: candle {candle['mts']} came after {before}"
        )
        low, high = candle["low"], candle["high"]
        inside = low <= candle["open"] <= high and low <= candle["close"] <= high
        self.findings.require(inside, "I31", f"{symbol}: a candle whose prices are not between low and high", candle)
        self.candles[symbol] = candle["mts"]
        if self.was_shown:
            self.guards.closed(symbol, candle)
        self.on_candle(symbol, candle)

    # Decisions

    def _submit(self, entry: Entry) -> None:
        order = entry["order"]
        cid = order["cid"]
        is_new = self.findings.require(cid not in self.orders, "I22", f"cid {cid} was used for two intents", order)
        self.findings.require(
            set(self.links.values()) == {"open"} and self.is_reconciled,
            "I7",
            f"order {cid} was decided while links were {self.links} and the account was "
            f"{'' if self.is_reconciled else 'not '}reconciled",
        )
        self.findings.require(
            not (self.halted and order["side"] == "buy"), "I8", f"order {cid} buys while the session is halted", order
        )
        amount_max = self.amounts.get(order["symbol"])
        is_within = amount_max is None or order["amount"] <= amount_max
        self.findings.require(is_within, "I12", f"order {cid} is larger than one order may be", order)
        self.guards.submitted(entry["strategy"], order)
        held = self.positions.get((entry["strategy"], order["symbol"]), 0)
        self.account.decided(entry["strategy"], order, entry["undertaking"], held)
        if is_new:
            self.orders[cid] = Account(
                order, entry["strategy"], self.findings.now_s(), entry["undertaking"], self.limits
            )

    def _undertaken(self, entry: Entry) -> None:
        undertaking = entry["undertaking"]
        self.undertakings[undertaking["id"]] = undertaking["amount"]

    def _booked(self, entry: Entry) -> None:
        fill, strategy = entry["fill"], entry["strategy"]
        sign = 1 if fill["side"] == "buy" else -1
        self.guards.booked(strategy, fill)
        key = (strategy, fill["symbol"])
        self.positions[key] = self.positions.get(key, 0) + sign * fill["amount"] - (fill["fee"] if sign > 0 else 0)
        account = self.orders.get(fill["cid"])
        if account is not None:
            account.booked += fill["amount"]
            self.findings.require(
                account.booked <= account.amount, "I6", f"order {fill['cid']} was booked beyond its amount", entry
            )
            self.on_evidence(fill["cid"], account)
        else:
            self.findings.require(
                fill["cid"] == 0, "I16", f"a fill of order {fill['cid']} was booked, which is no order"
            )

    # Evidence

    def _order_reported(self, entry: Entry) -> None:
        evidence = dict(entry["evidence"])
        self._evidence(entry["cid"], evidence.pop("type"), evidence)

    def _account_shown(self, entry: Entry) -> None:
        self.is_reconciled = self.was_shown = True
        look = entry["look"]
        for report in (*look["open_orders"], *look["history"]):
            cid = self._cid_of(report["id"], report)
            if cid is None:
                continue
            filled = _atoms(report["amount"]) - _atoms(report["amount_remaining"])
            is_open = report["status"] in ("ACTIVE", "PARTIALLY FILLED")
            self._evidence(cid, "accepted" if is_open else "closed", {"id": report["id"], "filled": filled})
        for fill in look["fills"]:
            cid = self._ids.get(fill["order_id"])
            if cid is not None:
                told = {"trade_id": fill["id"], "order_id": fill["order_id"], "amount": _atoms(fill["amount"])}
                self._evidence(cid, "traded", told)

    def _cid_of(self, order_id: int, report: Entry) -> int | None:
        cid = self._ids.get(order_id, report["cid"])
        if cid not in self.orders or self.orders[cid].intent["symbol"] != report["symbol"]:
            return None
        return cid

    def _evidence(self, cid: int, kind: str, told: Entry) -> None:
        account = self.orders.get(cid)
        if not self.findings.require(account is not None, "I3", f"order {cid} was reported and never intended", told):
            return
        assert account is not None
        match kind:
            case "send_began":
                account.began_s = self.findings.now_s()
            case "answer_lost":
                account.lost = True
            case "accepted":
                self._named(cid, account, told["id"])
                account.filled_told = max(account.filled_told, told["filled"])
            case "traded":
                self._named(cid, account, told["order_id"])
                known = account.trades.setdefault(told["trade_id"], told["amount"])
                same = known == told["amount"]
                self.findings.require(same, "I6", f"trade {told['trade_id']} of order {cid} has two sizes", told)
            case "closed":
                self._named(cid, account, told["id"])
                end = (told["id"], told["filled"])
                self.findings.require(
                    account.closed in (None, end), "I4", f"order {cid} ended as {account.closed} and as {end}"
                )
                account.closed = end
            case "refused" | "nothing_left" | "proven_absent":
                self.findings.require(
                    account.gone in ("", kind), "I4", f"order {cid} was {account.gone} and is {kind} now", told
                )
                account.gone = kind
                if kind == "proven_absent" and account.began_s is not None:
                    after_s = self.findings.now_s() - account.began_s
                    self.findings.require(
                        after_s >= self.proof_s_min,
                        "I5",
                        f"order {cid} was proven absent {after_s:.0f} s after it was sent",
                    )
        self.findings.require(
            not (account.gone and (account.closed or account.trades or account.id)),
            "I4",
            f"order {cid} was {account.gone}, and the exchange has it as {account.id}",
            told,
        )
        self.on_evidence(cid, account)

    def _named(self, cid: int, account: Account, order_id: int) -> None:
        same = account.id in (None, order_id)
        self.findings.require(same, "I2", f"order {cid} has the exchange ids {account.id} and {order_id}")
        account.id = order_id
        self._ids[order_id] = cid


def _atoms(text: str) -> int:
    return int(Decimal(text) * ATOMS)
