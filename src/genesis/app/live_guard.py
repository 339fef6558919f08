"""What stands between `run --mode live` and money: a phrase, the key's rights, the kind of account, clock and cash.

Each check is a pure function that returns sentences; none means that it is fine. What cannot be read counts as refused.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import frozen

from genesis.domain.config_diff import diff
from genesis.domain.config_effects import dangers
from genesis.domain.core import TradingCore
from genesis.domain.exchange.account import Permission, Wallet, WalletKind
from genesis.domain.exchange.key_rights import refusals
from genesis.domain.exchange.market import PairRules, Ticker
from genesis.domain.instrument import PRICE_DECIMALS, PRICE_MIN, Instrument, spot_pair
from genesis.domain.json_value import JsonObject
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.units import Atoms, Symbol, decimal_from_atoms, format_atoms
from genesis.ports.errors import InputError

PHRASE: Final = "I understand that real orders are sent"
PAPER: Final = "TEST"
"""How the currencies of paper accounts begin. Source: Bitfinex documentation, "Paper trading"."""

SKEW_NOTED_S: Final = 1.0
SKEW_REFUSED_S: Final = 5.0
SKEW_HALT_S: Final = 30.0


@frozen
class Seen:
    """What the exchange showed before anything is traded; *skew_s* is its clock less ours, *owner* whose key it is.

    *tickers* are those of what shall be traded.
    """

    permissions: Sequence[Permission]
    wallets: Sequence[Wallet]
    rules: Sequence[PairRules]
    tickers: Sequence[Ticker]
    skew_s: float
    owner: int


def is_paper(symbol: Symbol) -> bool:
    """Whether *symbol* is traded with the money of paper accounts."""
    return any(currency.startswith(PAPER) for currency in spot_pair(symbol))


def phrase_problem(typed: str) -> str:
    """Return why *typed* does not start a live session, empty when it does."""
    if typed.strip() == PHRASE:
        return ""
    return f"live trading begins only with the exact phrase: --i-understand {PHRASE!r}"


def account_problems(symbols: Collection[Symbol], wallets: Sequence[Wallet]) -> list[str]:
    """Return why this account is not the one for *symbols*: paper money trades paper symbols, and real money real ones.

    The kind of an account shows in its wallets alone, so an empty one is refused as well.
    """
    kinds = {wallet.currency.startswith(PAPER) for wallet in wallets if wallet.balance}
    if not kinds:
        return ["the account is empty, so whether it is a paper account cannot be told: fund it first"]
    if len(kinds) > 1:
        return ["the account shows paper money and real money at once: nothing can be said about it"]
    has_paper = True in kinds
    return [
        f"{symbol} is traded with {'paper' if is_paper(symbol) else 'real'} money, and the key is of a "
        f"{'paper' if has_paper else 'live'} account"
        for symbol in symbols
        if is_paper(symbol) != has_paper
    ]


def cash_problems(core: TradingCore, new: Collection[str], wallets: Sequence[Wallet]) -> list[str]:
    """Return why the account has too little for strategies that are *new* in *core*, empty where it has enough.

    What the others have is theirs, and what they hold is no cash now: nothing of that may keep a session from going on.
    """
    if not new:
        return []
    quote = core.settings.quote
    has = sum(each.balance for each in wallets if (each.kind, each.currency) == (WalletKind.EXCHANGE, quote))
    wanted, theirs = (
        Atoms(sum(desk.ledger.cash for desk in core.desks.values() if (desk.name in new) is is_new))
        for is_new in (True, False)
    )
    if has >= decimal_from_atoms(Atoms(wanted + theirs)):
        return []
    others = f", of which others have {format_atoms(theirs)}" if theirs else ""
    text = f"{', '.join(sorted(new))} shall begin with {format_atoms(wanted)} {quote}"
    return [f"{text}, and the exchange wallet has {has}{others}: lower cash in the configuration, or fund it"]


def loosened(in_force: JsonObject, document: JsonObject) -> list[str]:
    """E5: return what a file loosens so much that the configuration in force could not be without a confirmation.

    That orders leave at all is confirmed by the phrase of each start.
    """
    found = [danger for danger in dangers(diff(in_force, document)) if danger.path != "$.dry_run"]
    return [
        f"the file would {danger.phrase}, and the configuration in force does not: apply it first, which asks for a "
        "confirmation (config.apply)"
        for danger in found
    ]


def skew_problems(skew_s: float) -> list[str]:
    """B5: return why a clock so far from the exchange's does not start."""
    if abs(skew_s) <= SKEW_REFUSED_S:
        return []
    text = f"the exchange's clock and this machine's differ by {skew_s:.1f} s ({SKEW_REFUSED_S:g} s allowed)"
    return [f"{text}: set this machine's clock"]


def price_problems(core: TradingCore, tickers: Sequence[Ticker]) -> list[str]:
    """Return what is too cheap for its fills to be booked exactly; nothing is said of what has no price yet.

    What is held of it keeps no session from going on: whoever holds it has to get out.
    """
    return [
        f"{ticker.symbol} trades at {ticker.last_price:.12g}, and prices below {PRICE_MIN:g} may have more than the "
        f"{PRICE_DECIMALS} decimals with which fills are booked: take its strategies out of the configuration"
        for ticker in tickers
        if ticker.last_price is not None and 0 < ticker.last_price < PRICE_MIN and not _is_held(core, ticker.symbol)
    ]


def _is_held(core: TradingCore, symbol: Symbol) -> bool:
    return abs(core.position(symbol)) >= core.settings.instruments[symbol].amount_min


def problems(symbols: Collection[Symbol], seen: Seen, reads: Collection[Symbol] = ()) -> list[str]:
    """Return everything that forbids to trade *symbols* with this key now, on candles of *reads* beside their own."""
    found = [f"the key {reason}" for reason in refusals(seen.permissions, is_trading=True)]
    found += account_problems(symbols, seen.wallets)
    found += skew_problems(seen.skew_s)
    known = {rules.symbol for rules in seen.rules}
    found += [f"the exchange has no candles of {symbol}, which is read" for symbol in reads if symbol not in known]
    return found + [f"the exchange does not trade {symbol}" for symbol in symbols if symbol not in known]


def limit_problems(limits: AccountLimits, instruments: Mapping[Symbol, Instrument]) -> list[str]:
    """Return which limits let no order through that the exchange would take: what is held could not be sold either."""
    found = []
    for symbol, instrument in instruments.items():
        most, least = limits.of(symbol).max_order_amount, instrument.amount_min
        if most is not None and most < least:
            text = f"max_order_amount of {symbol} is {format_atoms(most)}, and the exchange takes no order below"
            found.append(f"{text} {format_atoms(least)}: raise it")
    return found


def instruments_of(symbols: Collection[Symbol], rules: Sequence[PairRules]) -> dict[Symbol, Instrument]:
    """Return what is traded, with the exchange's limits on amounts; raises `InputError` for a pair that it has not."""
    by_symbol = {each.symbol: each for each in rules}
    found = {}
    for symbol in symbols:
        if symbol not in by_symbol:
            raise InputError(f"the exchange does not trade {symbol}")
        base, quote = spot_pair(symbol)
        found[symbol] = Instrument(symbol, base, quote, by_symbol[symbol].amount_min, by_symbol[symbol].amount_max)
    return found
