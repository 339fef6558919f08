"""Reading the adapters' code loads no HTTP library: commands start quickly, and a simulation needs none."""

import subprocess
import sys

CODE = """
import importlib, pkgutil, sys
import genesis.adapters.bitfinex as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith(".connections_aiohttp"):  # a class of the library's own: loaded with the first request
        importlib.import_module(module.name)
print(sorted({"aiohttp", "yarl", "polars", "litestar"} & set(sys.modules)))
"""


def test_no_module_of_the_adapter_loads_the_http_library() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
