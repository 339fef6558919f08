"""Where the budgets of an exchange are: for Bitfinex, all processes of a data directory share them."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.ports.budgets import Budgets


def exchange_budgets(home: Path, url: str) -> Budgets:
    """Return the budgets of the exchange at *url*, REST or WebSocket; no file is touched before they are asked."""
    if os.name != "posix":
        return MemoryBudgets()  # the files need locks that Windows has not
    from genesis.adapters.budget_files import FileBudgets

    parts = urlsplit(url)
    host = parts.hostname or "unknown"
    if host.endswith(".bitfinex.com"):  # its hosts are one exchange
        return FileBudgets(home / "budgets" / "bitfinex")
    return FileBudgets(home / "budgets" / (f"{host}:{parts.port}" if parts.port else host))
