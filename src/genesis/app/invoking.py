"""The names of invoke that Genesis uses, imported without the third of its start-up time that a test double needs.

`invoke.context` imports `unittest.mock`, and with it asyncio and ssl, for the class `MockContext` alone. A stand-in
takes that module's place while invoke is imported; nothing here or in invoke's ordinary use touches it.
"""

import sys
from types import ModuleType

_MOCK = "unittest.mock"
_had_mock = _MOCK in sys.modules
if not _had_mock:
    _stand_in = ModuleType(_MOCK)
    vars(_stand_in)["Mock"] = object
    sys.modules[_MOCK] = _stand_in
try:
    from invoke.collection import Collection
    from invoke.context import Context
    from invoke.exceptions import Exit, ParseError, UnexpectedExit
    from invoke.parser.context import ParserContext
    from invoke.program import Program
    from invoke.tasks import Task
finally:
    if not _had_mock:
        del sys.modules[_MOCK]

__all__ = ["Collection", "Context", "Exit", "ParseError", "ParserContext", "Program", "Task", "UnexpectedExit"]
