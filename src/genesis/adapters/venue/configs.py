"""The `conf` endpoint: pairs, currencies, limits. Source: Bitfinex documentation, "Configs"."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from genesis.adapters.bitfinex.wire.conf import PairInfo, PairInfoRow
from genesis.adapters.venue.complaints import invalid
from genesis.adapters.venue.numbers import number
from genesis.domain.simulation.market import Market
from genesis.domain.units import PPB, Currency, format_atoms, unscaled

LABELS: Final = {"BTC": "Bitcoin", "ETH": "Ethereum", "USD": "US Dollar", "UST": "Tether USDt"}
METHODS: Final = {"BTC": "BITCOIN", "ETH": "ETHEREUM"}
POOLS: Final = {"BTC": "BTC", "ETH": "ETH"}


def config(key: str, markets: Iterable[Market]) -> object:
    """Return the element of one `conf` key; raises `Complaint` for a key that the exchange does not know."""
    answer = ANSWERS.get(key)
    if answer is None:
        raise invalid("key")
    return answer(list(markets))


def _pairs(markets: list[Market]) -> list[str]:
    return sorted(market.instrument.symbol[1:] for market in markets)


def _margin_pairs(markets: list[Market]) -> list[str]:
    return _pairs([market for market in markets if market.terms is not None])


def _currencies(markets: list[Market]) -> list[Currency]:
    return sorted({currency for market in markets for currency in (market.base, market.quote)})


def _pair_infos(markets: list[Market]) -> list[PairInfoRow]:
    return [PairInfoRow(pair=market.instrument.symbol[1:], info=_pair_info(market)) for market in markets]


def _pair_info(market: Market) -> PairInfo:
    instrument, terms = market.instrument, market.terms
    return PairInfo(
        amount_min=format_atoms(instrument.amount_min),
        amount_max=format_atoms(instrument.amount_max),
        initial_margin=None if terms is None else number(unscaled(terms.initial, 9)),
        minimum_margin=None if terms is None else number(unscaled(terms.minimum, 9)),
    )


def _map(names: Mapping[str, object]) -> Callable[[list[Market]], object]:
    return lambda markets: [[code, names[code]] for code in _currencies(markets) if code in names]


def _methods(markets: list[Market]) -> object:
    known = _currencies(markets)
    return [[method, [code]] for code, method in METHODS.items() if code in known]


def _method_states(markets: list[Market]) -> object:
    known = _currencies(markets)
    return [
        [method, 1, 1, None, None, None, None, 0, 0, None, None, 1] for code, method in METHODS.items() if code in known
    ]


def _nothing(_markets: list[Market]) -> object:
    return []


def _empty_object(_markets: list[Market]) -> object:
    return {}


EXPLORERS: Final[Mapping[str, object]] = {}

ANSWERS: Final[Mapping[str, Callable[[list[Market]], object]]] = {
    "pub:list:pair:exchange": _pairs,
    "pub:list:pair:margin": _margin_pairs,
    "pub:list:pair:futures": _nothing,
    "pub:list:pair:securities": _nothing,
    "pub:list:currency": _currencies,
    "pub:list:currency:margin": _currencies,
    "pub:list:competitions": _nothing,
    "pub:map:currency:sym": _map({"UST": "USDt"}),
    "pub:map:currency:label": _map(LABELS),
    "pub:map:currency:unit": _nothing,
    "pub:map:currency:undl": _nothing,
    "pub:map:currency:pool": _map(POOLS),
    "pub:map:currency:explorer": _map(EXPLORERS),
    "pub:map:currency:tx:fee": _map({code: [0, 0] for code in LABELS}),
    "pub:map:tx:method": _methods,
    "pub:info:pair": _pair_infos,
    "pub:info:pair:futures": _nothing,
    "pub:info:tx:status": _method_states,
    "pub:fees": _empty_object,
    "pub:spec:margin": _empty_object,
}

assert PPB == 10**9, "margin fractions are written with nine decimals"
