"""Signed reads and account writes over REST. Source: Bitfinex reference, "REST Authenticated Endpoints"."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from genesis.adapters.bitfinex.wire.account import PermissionRow
from genesis.adapters.venue.account_stream import AccountStream
from genesis.adapters.venue.complaints import GENERIC, Complaint, invalid
from genesis.adapters.venue.fee_desk import FeeDesk
from genesis.adapters.venue.funding_desk import FundingDesk
from genesis.adapters.venue.histories import Histories
from genesis.adapters.venue.keys import SCOPES, ApiKey, KeyRing, Right
from genesis.adapters.venue.numbers import (
    ZERO,
    atoms_from_wire,
    integer_from_wire,
    number,
    number_from_atoms,
    price_from_wire,
    token,
)
from genesis.adapters.venue.order_desk import date_of
from genesis.adapters.venue.paging import page
from genesis.adapters.venue.rows import ledger_row, order_row, own_trade_row, position_row, wallet_row
from genesis.domain.exchange.account import WalletKind
from genesis.domain.order import OrderId
from genesis.domain.simulation.accounts import NotEnoughFunds
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.settlement import moved
from genesis.domain.units import PPB, Currency, Mts, Symbol, format_atoms, unscaled

Fields = Mapping[str, object]
Endpoint = Callable[[ApiKey, list[str], Fields, Mts], object]

ORDERS_KEPT_MS: Final = 14 * 86_400_000
ORDER_TRADES_KEPT_MS: Final = 10 * 86_400_000

TOKEN_LIVES_S: Final = 120

KINDS: Final = {
    "exchange": WalletKind.EXCHANGE,
    "margin": WalletKind.MARGIN,
    "trading": WalletKind.MARGIN,
    "funding": WalletKind.FUNDING,
    "deposit": WalletKind.FUNDING,
}
"""Wallets as requests name them, old labels included."""

T = TypeVar("T")


class AccountRest:
    """Answers signed requests other than orders."""

    def __init__(
        self,
        exchange: Exchange,
        histories: Histories,
        stream: AccountStream,
        funding: FundingDesk,
        keys: KeyRing,
        fees: FeeDesk,
    ) -> None:
        self.lag_ms = 0
        """How far reads of orders and trades are behind: what is younger is in neither list."""
        self._exchange = exchange
        self._histories = histories
        self._stream = stream
        self._funding = funding
        self._keys = keys
        self._fees = fees
        reads = {
            "wallets": ("wallets", self._wallets),
            "orders": ("orders", self._orders),
            "order": ("orders", self._order_trades),
            "trades": ("history", self._trades),
            "ledgers": ("history", self._ledgers),
            "positions": ("positions", self._positions),
            "info": ("account", self._info),
            "summary": ("account", self._summary),
            "permissions": ("account", self._permissions),
        }
        self._reads: Mapping[str, tuple[str, Endpoint]] = reads

    def answer(self, key: ApiKey, path: list[str], fields: Fields, mts: Mts) -> object | None:
        """Return the answer to `auth/…`, rows or JSON text, None where there is no such endpoint; raises
        `Complaint`."""
        match path:
            case ["r", name, *rest] if name in self._reads:
                scope, read = self._reads[name]
                if name != "permissions":
                    key.require(Right(scope))
                return read(key, rest, fields, mts)
            case ["r", "funding", *rest]:
                key.require(Right("funding"))
                return self._funding_reads(key, rest)
            case ["w", "funding", "offer", *rest]:
                key.require(Right("funding", write=True))
                return self._funding_writes(key, rest, fields, mts)
            case ["r", "movements", *_] | ["r", "alerts"] | ["r", "logins", "hist"] | ["r", "audit", "hist"]:
                key.require(Right("history"))
                return []
            case ["w", "token"]:
                lives_s = integer_from_wire(fields.get("ttl") or TOKEN_LIVES_S, "ttl")
                writes = fields.get("writePermission") in (True, 1)
                return [self._keys.make_token(key, mts + lives_s * 1000, writes=writes)]
            case ["w", "transfer"]:
                key.require(Right("wallets", write=True))
                return self._transfer(key.user, fields, mts)
            case ["calc", "order", "avail"]:
                key.require(Right("orders"))
                return self._available(key.user, fields)
            case _:
                return None

    def _wallets(self, key: ApiKey, rest: list[str], fields: Fields, mts: Mts) -> object | None:
        account = self._exchange.accounts.by_user[key.user]
        if not rest:
            return [wallet_row(wallet) for wallet in account.wallets.values()]
        if rest != ["hist"]:
            return None
        end = integer_from_wire(fields.get("end") or mts, "end")
        balances = {(entry.wallet, entry.currency): entry for entry in account.ledger if entry.mts <= end}
        wanted = fields.get("currency")
        return [
            [entry.wallet.value, entry.currency, number_from_atoms(entry.balance), ZERO, None, None, end]
            for entry in balances.values()
            if wanted in (None, entry.currency)
        ]

    def _orders(self, key: ApiKey, rest: list[str], fields: Fields, mts: Mts) -> object | None:
        symbol, is_past = _symbol_and_hist(rest)
        if is_past is None:
            return None
        if is_past:
            found = page(
                _of(symbol, self._histories.of[key.user].orders),
                lambda order: order.created,
                fields,
                default=25,
                most=2500,
                since=mts - ORDERS_KEPT_MS,
            )
            found = [order for order in found if order.changed <= mts - self.lag_ms]
        else:
            found = list(_of(symbol, self._exchange.open_orders(key.user)))[::-1]
            found = [order for order in found if order.created <= mts - self.lag_ms]
        return [order_row(order, self._exchange.markets[order.symbol].instrument) for order in _chosen(found, fields)]

    def _order_trades(self, key: ApiKey, rest: list[str], _fields: Fields, mts: Mts) -> object | None:
        if len(rest) != 2 or rest[1] != "trades":
            return None
        symbol, _, order_id = rest[0].rpartition(":")
        wanted = OrderId(integer_from_wire(order_id, "id"))
        rows = []
        for trade in reversed(self._histories.of[key.user].trades):
            order = trade.order
            if order.id == wanted and order.symbol == symbol and trade.mts >= mts - ORDER_TRADES_KEPT_MS:
                rows.append(own_trade_row(trade, self._exchange.markets[order.symbol].instrument))
        return rows

    def _trades(self, key: ApiKey, rest: list[str], fields: Fields, mts: Mts) -> object | None:
        symbol, is_past = _symbol_and_hist(rest)
        if not is_past:
            return None
        trades = [
            trade
            for trade in self._histories.of[key.user].trades
            if symbol in (None, trade.order.symbol) and trade.mts <= mts - self.lag_ms
        ]
        found = page(trades, lambda trade: trade.mts, fields, default=125, most=2500)
        return [own_trade_row(trade, self._exchange.markets[trade.order.symbol].instrument) for trade in found]

    def _ledgers(self, key: ApiKey, rest: list[str], fields: Fields, _mts: Mts) -> object | None:
        if not rest or rest[-1] != "hist" or len(rest) > 2:
            return None
        currency = rest[0] if len(rest) == 2 else None
        category, wallet = fields.get("category"), fields.get("wallet")
        entries = [
            entry
            for entry in self._exchange.accounts.by_user[key.user].ledger
            if currency in (None, entry.currency)
            and (category is None or entry.cause.value == integer_from_wire(category, "category"))
            and (wallet is None or KINDS.get(str(wallet)) is entry.wallet)
        ]
        return [ledger_row(entry) for entry in page(entries, lambda entry: entry.mts, fields, default=25, most=2500)]

    def _positions(self, key: ApiKey, rest: list[str], fields: Fields, _mts: Mts) -> object | None:
        account = self._exchange.accounts.by_user[key.user]
        if not rest:
            positions = list(account.positions.values())
        elif rest in (["hist"], ["snap"], ["audit"]):
            past = self._histories.of[key.user].positions
            most = 50 if rest == ["hist"] else 250
            positions = page(past, lambda position: position.changed, fields, default=min(50, most), most=most)
        else:
            return None
        return [
            position_row(position, self._exchange.markets[position.symbol], account, self._exchange.margins)
            for position in positions
        ]

    def _info(self, key: ApiKey, rest: list[str], _fields: Fields, _mts: Mts) -> object | None:
        match rest:
            case ["user"]:
                return _user_row(key.user)
            case ["margin", "base"]:
                return self._stream.margin_base_text(key.user)
            case ["margin", "sym_all"]:
                rows = [self._stream.margin_symbol_text(key.user, symbol) for symbol in self._margin_symbols()]
                return f"[{','.join(rows)}]"
            case ["margin", name] if Symbol(name) in self._margin_symbols():
                return self._stream.margin_symbol_text(key.user, Symbol(name))
            case ["margin", _]:
                raise invalid("symbol")
            case ["funding", name]:
                return ["sym", name, [ZERO, ZERO, ZERO, ZERO]]
            case _:
                return None

    def _margin_symbols(self) -> list[Symbol]:
        return [symbol for symbol, market in self._exchange.markets.items() if market.terms is not None]

    def _summary(self, key: ApiKey, rest: list[str], _fields: Fields, mts: Mts) -> object | None:
        if rest:
            return None
        tier = self._exchange.accounts.by_user[key.user].tier
        maker, taker = number(unscaled(tier.maker, 9)), number(unscaled(tier.taker, 9))
        makers = [maker, maker, maker, None, None, token("-0.0002")]
        takers = [taker, taker, taker, None, None, token("0.00065")]
        traded = number_from_atoms(self._fees.volume(key.user, mts))
        volumes = [
            [{"curr": "Total (USD)", "vol": traded, "vol_safe": traded, "vol_maker": ZERO, "vol_BFX": traded}],
            {},
            0,
        ]
        earnings: list[object] = [None, {}, 0]
        leo = {"leo_lev": 0, "leo_amount_avg": 0}
        return [None, None, None, None, [makers, takers], volumes, earnings, None, None, leo]

    def _permissions(self, key: ApiKey, rest: list[str], _fields: Fields, _mts: Mts) -> object | None:
        if rest:
            return None
        rights = {scope: key.rights.get(scope, (False, False)) for scope in SCOPES}
        return [
            PermissionRow(scope=scope, read=1 if read else 0, write=1 if write else 0)
            for scope, (read, write) in rights.items()
        ]

    def _funding_reads(self, key: ApiKey, rest: list[str]) -> object | None:
        """Offers are there; loans and credits never are, for the house alone lends."""
        match rest:
            case ["offers", *more] if more in ([], ["hist"]) or (
                more[0].startswith("f") and more[1:] in ([], ["hist"])
            ):
                symbol = more[0] if more and more[0] != "hist" else None
                return self._funding.rows(key.user, symbol, is_open=more[-1:] != ["hist"])
            case ["loans" | "credits" | "trades", *more] if len(more) < 3:
                return []
            case _:
                return None

    def _funding_writes(self, key: ApiKey, rest: list[str], fields: Fields, mts: Mts) -> object | None:
        match rest:
            case ["submit"]:
                return self._funding.submit(key.user, fields, mts)
            case ["cancel"]:
                return self._funding.cancel(key.user, fields, mts)
            case ["cancel", "all"]:
                return self._funding.cancel_all(key.user, fields, mts)
            case _:
                return None

    def _transfer(self, user: UserId, fields: Fields, mts: Mts) -> object:
        source, target = KINDS.get(str(fields.get("from"))), KINDS.get(str(fields.get("to")))
        if source is None or target is None:
            raise invalid("wallet")
        currency = Currency(str(fields.get("currency")))
        amount = atoms_from_wire(fields.get("amount"), "amount")
        try:
            entries = self._exchange.accounts.transfer(user, source, target, currency, amount, mts)
        except NotEnoughFunds:
            raise Complaint(GENERIC, "Insufficient balance") from None
        except ValueError:
            raise invalid("amount") from None
        account = self._exchange.accounts.by_user[user]
        self._stream.send([moved(account, entry) for entry in entries], mts)
        row = [mts, source.value, target.value, None, currency, None, None, number_from_atoms(amount)]
        words = f"{format_atoms(amount)} {currency} transferred from {source.value} to {target.value}"
        return [mts // 1000, "acc_tf", None, None, row, None, "SUCCESS", words]

    def _available(self, user: UserId, fields: Fields) -> object:
        market = self._exchange.markets.get(Symbol(str(fields.get("symbol"))))
        if market is None:
            raise invalid("symbol")
        account = self._exchange.accounts.by_user[user]
        is_buy = integer_from_wire(fields.get("dir"), "dir") > 0
        given = fields.get("rate")
        rate = market.mark() if given is None else price_from_wire(given, "rate", market.instrument)
        if fields.get("type") == "MARGIN" and market.terms is not None:
            free = self._exchange.margins.tradable(account, self._exchange.open_orders(user), market.quote)
            amount = free * PPB // market.terms.initial * market.scale // rate if rate else 0
        elif is_buy:
            free = account.wallet(WalletKind.EXCHANGE, market.quote).available
            amount = free * market.scale // rate if rate else 0
        else:
            amount = account.wallet(WalletKind.EXCHANGE, market.base).available
        return [number_from_atoms(amount if is_buy else -amount)]


def _symbol_and_hist(rest: list[str]) -> tuple[Symbol | None, bool | None]:
    """Read `[SYMBOL][/hist]`; the second part is None for anything else."""
    match rest:
        case []:
            return None, False
        case ["hist"]:
            return None, True
        case [name]:
            return Symbol(name), False
        case [name, "hist"]:
            return Symbol(name), True
        case _:
            return None, None


def _of(symbol: Symbol | None, orders: Iterable[PlacedOrder]) -> Iterable[PlacedOrder]:
    return (order for order in orders if symbol in (None, order.symbol))


def _chosen(orders: list[PlacedOrder], fields: Fields) -> list[PlacedOrder]:
    """Keep what `id`, `gid` or `cid` with its date name; without them everything."""
    ids, gid, cid = fields.get("id"), fields.get("gid"), fields.get("cid")
    if ids is not None:
        wanted = {integer_from_wire(item, "id") for item in (ids if isinstance(ids, list) else [ids])}
        orders = [order for order in orders if order.id in wanted]
    if gid is not None:
        orders = [order for order in orders if order.gid == integer_from_wire(gid, "gid")]
    if cid is not None:
        date = fields.get("cid_date")
        orders = [
            order
            for order in orders
            if order.cid == integer_from_wire(cid, "cid") and date in (None, date_of(order.created))
        ]
    return orders


def _user_row(user: UserId) -> list[object]:
    """Return `info/user` with the 55 positions that clients count on."""
    row: list[object] = [None] * 55
    row[0:4] = [user, f"user{user}@example.com", f"user{user}", 1_500_000_000_000]
    row[4:6] = [1, 3]
    row[7:11] = ["UTC", "en", "bitfinex", 1]
    row[14:20] = [1_500_000_000_000, None, None, 0, 1, 0]
    row[21] = row[23] = 1  # paper trading, at either of the two positions that sources name
    row[26] = []
    row[44] = "2020-01-01T00:00:00.000Z"
    row[49:51] = [[], []]
    row[54] = 0
    return row
