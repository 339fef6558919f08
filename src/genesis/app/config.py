"""Configuration as the rest of the house sees it: immutable, exact, and made from valid documents alone.

The schema says the shape and `config_problems` the rules; here are the types.
"""

import functools
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import Factory, frozen

from genesis.app.config_document import read_config_bytes, valid_document
from genesis.app.config_problems import mts_from_config, problems
from genesis.app.config_risk import AccountStrategyConfig, ParameterValue, RiskConfig, share
from genesis.domain.json_value import JsonValue, MalformedJson, parse_json
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.units import Atoms, Mts, Ppb, Symbol, atoms, ppb
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from cattrs import Converter


@frozen
class StrategyConfig:
    """What decides, on what.

    None leaves the choice to the session; *size* is the part of equity that a full target takes.
    """

    name: str
    symbol: Symbol | None = None
    timeframe: str | None = None
    params: Mapping[str, ParameterValue] = Factory(dict)
    size: Decimal = Decimal(1)


@frozen
class FeesConfig:
    """What trading costs, in basis points."""

    fee_bps: Decimal = Decimal(20)
    slippage_bps: Decimal = Decimal(1)

    @property
    def fee(self) -> Ppb:
        """The fee in parts per billion."""
        return ppb(self.fee_bps, per=10_000)

    @property
    def slippage(self) -> Ppb:
        """The slippage in parts per billion."""
        return ppb(self.slippage_bps, per=10_000)


@frozen
class DataConfig:
    """What the session runs on: candles from *start* up to, but without, *end*; no paths are the synthetic market."""

    paths: tuple[str, ...] = ()
    start: Mts | None = None
    end: Mts | None = None
    cash: Atoms = Factory(lambda: atoms(10_000))


@frozen
class Config:
    """A valid configuration; a guard whose limit is None is off."""

    dry_run: bool
    max_drawdown_pct: Decimal | None = None
    position_cap_pct: Decimal | None = None
    max_daily_loss: Atoms | None = None
    strategy: StrategyConfig | None = None
    strategies: tuple[AccountStrategyConfig, ...] = ()
    risk: RiskConfig = Factory(RiskConfig)
    fees: FeesConfig = Factory(FeesConfig)
    data: DataConfig = Factory(DataConfig)

    @property
    def limits(self) -> RiskLimits:
        """The limits of the one strategy, where it is not a list of them."""
        return RiskLimits(share(self.position_cap_pct), share(self.max_drawdown_pct), self.max_daily_loss)


def config_from_document(document: JsonValue) -> Config:
    """Return *document* as a `Config`; raises `InputError` that lists every problem."""
    found = problems(document)
    if found:
        said = "; ".join(f"{problem.path} {problem.message}" for problem in found)
        raise InputError(f"{len(found)} problem{'s' if len(found) > 1 else ''} in the configuration: {said}")
    return _converter().structure(document, Config)


def load_config(path: Path) -> Config:
    """Return the configuration in the file *path*; raises `InputError` that names the file and every problem."""
    from genesis.app.logs import REDACTOR

    return config_from_document(valid_document(path, REDACTOR.knows))


def read_document(path: Path) -> JsonValue:
    """Return the JSON document in the file *path*; raises `InputError` when it cannot be read or is not JSON."""
    try:
        return parse_json(read_config_bytes(path))
    except MalformedJson as error:
        raise InputError(f"{path}: {error}") from error


@functools.cache
def _converter() -> "Converter":
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, override

    converter = Converter()
    converter.register_structure_hook_func(lambda wanted: wanted is Decimal, lambda value, _: Decimal(value))
    converter.register_structure_hook_func(lambda wanted: wanted is Atoms, lambda value, _: atoms(value))
    converter.register_structure_hook_func(lambda wanted: wanted is Mts, lambda value, _: mts_from_config(value))
    converter.register_structure_hook_func(
        lambda wanted: wanted == Mapping[str, ParameterValue], lambda value, _: dict(value)
    )
    converter.register_structure_hook(
        DataConfig,
        make_dict_structure_fn(DataConfig, converter, start=override(rename="from"), end=override(rename="to")),
    )
    return converter
