"""The API reference: a page for each module, made of its docstrings.

Run as `python -m tests.docs.reference [MODULE…]`; writes `build/docs` and exits 1 on any warning about them.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "build" / "docs"
MODULES: Final = ("genesis", "!genesis.app.commands")
ANNOTATIONS: Final = "doc_types.py"
"""Where pdoc evaluates annotations. It cannot for aliases that name themselves and for what only type checkers import,
and shows them as they are written; whether they are right is mypy's business, which reads them all.
"""


def write_reference(target: Path, modules: Sequence[str] = MODULES) -> list[str]:
    """Write the pages of *modules* into *target* and return what pdoc warned of."""
    from pdoc import pdoc, render

    render.configure(docformat="markdown", show_source=False, footer_text="Genesis", search=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pdoc(*modules, output_directory=target)
    return [
        f"{path.name}: {each.message}"
        for each in told
        if "pdoc" in (path := Path(each.filename)).parts and path.name != ANNOTATIONS
    ]


def main() -> None:
    """Write all pages."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.reference")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    problems = write_reference(TARGET, options.modules or MODULES)
    pages = sum(1 for _ in TARGET.rglob("*.html"))
    print("\n".join(problems) or f"{pages} pages in {TARGET.relative_to(ROOT)}; begin with index.html")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
