"""The run-time tasks, shown alike by `genesis NAME` and, in a checkout, by `./inv NAME`.

Every module of this package holds the tasks of one noun. It declares each with `command`, prints for people, prints
JSON with `--json` where there is a result, and imports heavy libraries inside its functions, so that `--help` stays
quick. A new module is found by itself; a dot in a task's name makes a group, as in `data.import`.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from genesis.app.invoking import Collection, Task


class Command(Task[Any]):  # Any: a task's result goes nowhere
    """A task whose bare words may all belong to one repeated option."""

    # Any: the options are invoke's and go to it as they are.
    def __init__(self, body: Callable[..., None], words: str, **options: Any) -> None:
        super().__init__(body, **options)
        self.words = words
        self.texts: Mapping[str, str] = dict(self.help)

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:  # Any: as invoke has it
        """What invoke makes of the parameter *name*, asked as often as one likes: invoke uses the texts up."""
        self.help = {key: text for key, text in self.texts.items() if key == name}
        # invoke would take a tuple, the default that cannot be changed by accident, for the type of a single value.
        known: Any = None if name in self.iterable else default  # Any: any default
        return super().arg_opts(name, known, taken_names)


def command(
    name: str, *, words: str = "", repeated: Iterable[str] = (), help: Mapping[str, str] | None = None
) -> Callable[[Callable[..., None]], Command]:
    """Declare a function of `(Context, options…)` as the task *name*.

    Options are the function's parameters. Their defaults give the types; a trailing underscore is dropped (`from_` is
    `--from`); a parameter without a default is a bare word that must be there. Those in *repeated* may be given many
    times and arrive as a list. The option *words* is repeated too and takes bare words as well: with `words="paths"`,
    `data.import A B` is `data.import --paths A --paths B`. A parameter whose type is a
    `NamedTuple` stands for the options that are its fields.
    """

    def declare(body: Callable[..., None]) -> Command:
        iterable = [*repeated, words] if words else [*repeated]
        options = _with_fields(body)
        unknown = set(iterable) - set(inspect.signature(options).parameters)
        assert not unknown, f"{name} repeats options that it does not have: {unknown}"
        return Command(options, words, name=name, iterable=iterable, auto_shortflags=False, help=dict(help or {}))

    return declare


def _with_fields(body: Callable[..., None]) -> Callable[..., None]:
    """Return *body* as a function of the fields of its groups of options, where it has groups."""
    signature = inspect.signature(body)
    parameters = signature.parameters.values()
    # Any: a group is a class that typing.NamedTuple made, and such classes have no type in common.
    groups: dict[str, Any] = {each.name: each.annotation for each in parameters if hasattr(each.annotation, "_fields")}
    if not groups:
        return body
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    bare = [each for each in parameters if each.name not in groups]
    fields = [
        inspect.Parameter(name, kind, default=group._field_defaults[name])
        for group in groups.values()
        for name in group._fields
    ]

    @functools.wraps(body)
    def call(*context: object, **given: object) -> None:
        made = {name: group(**{each: given.pop(each) for each in group._fields}) for name, group in groups.items()}
        body(*context, **made, **given)

    vars(call)["__signature__"] = signature.replace(parameters=[*bare[:1], *fields, *bare[1:]])
    return call


def namespace(only: str = "") -> Collection:
    """The collection of all run-time tasks, as invoke sees it; of the module *only*, where one is named."""
    root = Collection()
    modules = sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name)
    for module in [module for module in modules if only in ("", module.name)]:
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Command):
                add_command(root, value)
    return root


def add_command(root: Collection, task: Command) -> None:
    """Put *task* into the group its dotted name tells; a task with the group's own name becomes the group's default."""
    group, _, leaf = task.name.rpartition(".")
    if not group and task.name in root.collections:
        root.collections[task.name].add_task(task, default=True)
    elif not group:
        root.add_task(task)
    else:
        if group not in root.collections:
            first = root.tasks.pop(group, None)
            root.add_collection(Collection(group))
            if first is not None:
                root.collections[group].add_task(first, default=True)
        root.collections[group].add_task(task, name=leaf)
