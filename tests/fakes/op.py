"""A stand-in for the program `op`: it reads what it shall do from the folder that it lies in."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

SCRIPT = """#!{python}
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "asked"), "a") as asked:
    json.dump({{"words": sys.argv[1:], "environment": dict(os.environ)}}, asked)
    asked.write("\\n")
with open(os.path.join(here, "script.json")) as file:
    script = json.load(file)
if sys.argv[1] != "read" or "--no-newline" not in sys.argv:
    sys.exit("[ERROR] unknown command")
sys.stderr.write(script.get("stderr", ""))
sys.stderr.flush()
if script.get("hang"):
    if os.fork() == 0:  # a child that holds the pipes open as well
        time.sleep(600)
    time.sleep(600)
answer = script["fields"].get(sys.argv[-1])
if script.get("code"):
    sys.exit(script["code"])
if answer is None:
    sys.stderr.write('[ERROR] "x" isn\\'t an item in the "v" vault.')
    sys.exit(1)
sys.stdout.write(answer * script.get("times", 1))
"""


class FakeOp:
    """The program in a folder of its own; `say` tells what it does the next times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "op"
        program.write_text(SCRIPT.format(python=sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.fields: dict[str, str] = {}
        self.say()

    def say(self, **script: Any) -> None:  # Any: JSON
        (self.folder / "script.json").write_text(json.dumps({"fields": self.fields, **script}))

    def put(self, name: str, value: str) -> None:
        self.fields[f"op://{name}"] = value
        self.say()

    def asked(self) -> list[dict[str, Any]]:  # Any: JSON
        path = self.folder / "asked"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def path(self) -> str:
        return os.pathsep.join((str(self.folder), os.environ.get("PATH", "")))
