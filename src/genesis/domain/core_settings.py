"""What a trading core trades, and within which limits."""

from collections.abc import Mapping

from attrs import field, frozen

from genesis.domain.desk_settings import DeskSettings
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import Instrument
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits
from genesis.domain.strategy.by_events import reads_of
from genesis.domain.units import Currency, Symbol


@frozen
class CoreSettings:
    """What trades on one account; *needs_account*: an exchange has to show the account before anything is sent.

    *is_dry* says that no order ever leaves, so that the account's orders are those of other sessions.

    All instruments have one quote currency, the account's money. Raises `ValueError` for settings that do not fit
    together.
    """

    desks: tuple[DeskSettings, ...] = field()
    limits: AccountLimits = OFF
    account: Account = Account.EXCHANGE
    needs_account: bool = False
    is_dry: bool = False
    together: RiskLimits | None = None
    """Where the desks share one cash, what guards all that they are worth; None where each has cash of its own."""

    def __attrs_post_init__(self) -> None:
        names = [desk.name for desk in self.desks]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"an account has at least one strategy, each with a name of its own, not {names}")
        quotes = {desk.instrument.quote for desk in self.desks}
        if len(quotes) != 1:
            raise ValueError(f"the instruments of one account have one quote currency, not {', '.join(sorted(quotes))}")

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        """Everything that is traded."""
        return {desk.instrument.symbol: desk.instrument for desk in self.desks}

    @property
    def reads(self) -> tuple[Symbol, ...]:
        """The instruments whose candles strategies of another one read, in the order of their names."""
        return tuple(sorted({symbol for traded in self.instruments for symbol in self.reads_of(traded)}))

    def reads_of(self, traded: Symbol) -> tuple[Symbol, ...]:
        """Return the instruments whose candles the strategies of one instrument read beside its own."""
        desks = [desk for desk in self.desks if desk.instrument.symbol == traded]
        return tuple(sorted({symbol for desk in desks for symbol in reads_of(desk.strategy)}))

    @property
    def quote(self) -> Currency:
        """The account's money."""
        return self.desks[0].instrument.quote
