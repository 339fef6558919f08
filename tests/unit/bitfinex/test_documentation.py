"""The page about REST names every endpoint that there is a method for, and no method that there is not."""

import re
from pathlib import Path

from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_funding import BitfinexFunding
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders

PAGE = Path(__file__).parents[3] / "docs" / "bitfinex-rest.md"
CLIENTS = (BitfinexMarket, BitfinexAccount, BitfinexOrders, BitfinexFunding)


def test_the_page_lists_each_method_once() -> None:
    rows = [
        line.split("|")[2] for line in PAGE.read_text().splitlines() if re.match(r"\| `(?!Un|Rate|Stale|Key)", line)
    ]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    methods = [name for client in CLIENTS for name in vars(client) if not name.startswith("_")]
    assert sorted(named) == sorted(methods)
