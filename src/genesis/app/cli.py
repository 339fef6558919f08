"""The command line: invoke's `Program`, with the manners that people expect of a command.

Exit codes: 0 done; 1 the task's own "no" (a difference, a failed check); 2 input that cannot be used, said in one
sentence on stderr; 130 interrupted.
"""

import inspect
import io
import os
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NoReturn

import genesis
from genesis.app.commands import Command, namespace
from genesis.app.invoking import Collection, Exit, ParseError, ParserContext, Program, UnexpectedExit
from genesis.ports.errors import GenesisError, disk_advice


def main() -> None:
    """Run the `genesis` command with the process's arguments; always ends in `SystemExit`.

    `kill` is loaded alone: it must start when little else does, and at once.
    """
    CommandLine("genesis", namespace("kill" if sys.argv[1:2] == ["kill"] else "")).main()


class CommandLine(Program):
    """The tasks of *collection* as the command *binary*."""

    def __init__(self, binary: str, collection: Collection) -> None:
        super().__init__(version=genesis.__version__, namespace=collection, name="genesis", binary=binary)

    def main(self, argv: Sequence[str] | None = None) -> NoReturn:
        """Run the task that *argv* names (default: the process's arguments) and exit with its code."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has the signs of our formulas
        try:
            self._run(list(sys.argv if argv is None else argv))
            if sys.stdout is not None:  # a service may be started without one
                sys.stdout.flush()
        except Exit as end:
            if end.message:
                print(end.message, file=sys.stderr)
            sys.exit(end.code)
        except (GenesisError, ParseError) as error:
            print(f"{self.binary}: {error}", file=sys.stderr)
            sys.exit(2)
        except UnexpectedExit as failed:
            sys.exit(failed.result.exited)
        except KeyboardInterrupt:
            sys.exit(130)
        except BrokenPipeError:
            _drop_output()  # the reader went away, as `head` does
            sys.exit(0)
        except OSError as error:
            _drop_output()
            where = f"{error.filename}: {error.strerror}: {disk_advice(error)}" if error.filename else f"{error}"
            print(f"{self.binary}: {where}", file=sys.stderr)
            sys.exit(2)
        sys.exit(0)

    def _run(self, argv: list[str]) -> None:
        self.create_config()
        self.parse_core(argv)
        self.parse_collection()
        self.parse_tasks()
        self.parse_cleanup()
        self.update_config()
        self.execute()

    def parse_tasks(self) -> None:
        """Parse what follows the core options, with bare words given to the option that takes them."""
        self.parser = self._make_parser()
        words = list(self._named_words(self.core.unparsed))
        try:
            result = self.parser.parse_argv(words)
        except ParseError as error:
            raise ParseError(f"{error}{self._who_knows(str(error), error.context)}", error.context) from error
        except ValueError as error:
            raise ParseError(f"{' '.join(words)}: {_said(error)}") from error
        self.core_via_tasks = result.pop(0)
        self._update_core_context(context=self.core[0], new_args=self.core_via_tasks.args)
        self.tasks = result

    def _who_knows(self, said: str, asked: ParserContext | None) -> str:
        """Return what may have been meant by the word that *said* calls unknown, as a sentence; empty if nothing."""
        word = said.removeprefix("No idea what '").partition("'")[0]
        tasks = self.parser.contexts.values()
        known = sorted({context.name for context in tasks if word in context.flags})
        if known:
            return f" It is an option of {', '.join(known)}."
        flags = [] if asked is None else list(asked.flags)
        words = flags if word.startswith("-") else sorted(context.name for context in tasks)
        meant = [each for each in words if each.endswith(f".{word}")] or get_close_matches(word, words)
        return f" Did you mean {' or '.join(meant)}?" if meant else ""

    def _named_words(self, words: Sequence[str]) -> Iterator[str]:
        """Put the option's flag before each bare word of a task that declares `words`."""
        option, flags, is_value = "", ParserContext().flags, False
        for word in words:
            is_bare = not is_value and (not word.startswith("-") or word == "-")
            if is_bare and option:
                yield option
            elif is_bare and word in self.parser.contexts:
                option, flags = words_option(self.collection[word]), self.parser.contexts[word].flags
            is_value = not is_bare and not is_value and word in flags and flags[word].takes_value
            yield word

    def print_help(self) -> None:
        """Print how to call the command, and its tasks."""
        for words in ("TASK [--options]", "TASK --help", "--version"):
            print(f"Usage: {self.binary} {words}")
        self.list_tasks()

    def print_task_help(self, name: str) -> None:
        """Print what the task *name* does and its options."""
        task = self.collection[name]
        option = words_option(task)
        words = f" [{option.strip('-').upper()}...]" if option else ""
        print(f"Usage: {self.binary} {name} [--options]{words}\n\n{inspect.getdoc(task) or ''}\n\nOptions:\n")
        self.print_columns([*self.parser.contexts[name].help_tuples(), ("--help", "Show this.")])


def _said(error: ValueError) -> str:
    """Return what is wrong with an option's number without the words of Python's own conversions."""
    for kind, claim in (("invalid literal for int", "whole number"), ("could not convert string to float", "number")):
        if str(error).startswith(kind):
            return f"{str(error).partition(': ')[2]} is no {claim}"
    return str(error)


def _drop_output() -> None:
    """Let what is left in the buffer of stdout go nowhere, for it must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def words_option(task: object) -> str:
    """The flag of the option that takes the task's bare words, empty where they are not for it."""
    return f"--{task.words.strip('_').replace('_', '-')}" if isinstance(task, Command) and task.words else ""
