"""The texts that a strategy of one's own is made of: its file, and the modules beside it that this imports.

What is installed is not among them, nor what a text reads while it runs, such as files of numbers.
"""

import ast
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import genesis

Texts = Mapping[PurePosixPath, str]


def helpers_of(path: Path, text: str) -> Texts:
    """Return the modules that the file *text* at *path* imports, and those that they do, by place; empty for no Python.

    They are looked for where Python would: in the folder of the file, and then on the path of this process.
    """
    roots, found = [path.resolve().parent, *_own_folders()], dict[PurePosixPath, str]()
    waiting = list(_imported(text, ""))
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        for place, helper in _module(roots, name):
            if place in found:
                continue
            found[place] = helper
            more = set(_imported(helper, ".".join(place.parent.parts))) - seen
            waiting += more
            seen |= more
    found.pop(PurePosixPath(path.name), None)
    return dict(sorted(found.items()))


@contextmanager
def importable(path: Path) -> Iterator[None]:
    """Let the file at *path* import the modules beside it, as a program could; those of other folders are forgotten."""
    folder = path.resolve().parent
    for place in helpers_of(path, path.read_text(encoding="utf-8", errors="replace")):
        name = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
        loaded = sys.modules.get(name)
        if loaded is not None and getattr(loaded, "__file__", None) != str(folder / place):
            del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def place_of(text: str) -> PurePosixPath:
    """Return where a helper belongs; raises `ValueError` for what is no module inside the folder."""
    place = PurePosixPath(text)
    names = place.with_suffix("").parts
    if place.suffix != ".py" or not names or not all(name.isidentifier() for name in names):
        raise ValueError(f"{text!r} is no place of a module")
    return place


def _imported(text: str, package: str) -> Iterator[str]:
    """Yield the modules that *text*, a module in *package*, may mean where it imports."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level and package else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base:
                yield base
            yield from (f"{base}.{each.name}" if base else each.name for each in node.names)


def _module(roots: list[Path], name: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the texts of the module *name* and of the packages that it is in; nothing where it is installed."""
    parts = name.split(".")
    if parts[0] in sys.stdlib_module_names or parts[0] == genesis.__name__:
        return
    for root in roots:
        if not ((root / parts[0]).is_dir() or (root / f"{parts[0]}.py").is_file()):
            continue
        for depth in range(1, len(parts) + 1):
            inside = PurePosixPath(*parts[:depth])
            for place in (inside / "__init__.py", inside.with_suffix(".py")):
                if (root / place).is_file():
                    yield place, (root / place).read_text(encoding="utf-8", errors="replace")
                    break
        return


def _own_folders() -> list[Path]:
    """Return the folders that modules come from, without those of what is installed."""
    paths = sysconfig.get_paths()
    library = [Path(paths[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    library += [Path(each).resolve() for each in site.getsitepackages()]
    folders = (Path(each).resolve() for each in sys.path)
    return [each for each in folders if not any(each.is_relative_to(installed) for installed in library)]
