"""A whole paper session at DEBUG with planted secrets, and everything that it leaves behind, for a scanner.

Secrets go in through every door: the environment, `.env`, a file that a setting refers to, headers, queries, paths and
bodies of HTTP requests, a strategy's file, the command line of a session that is refused.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from genesis.app.access import credentials_of
from genesis.ports.access import Role

ROOT: Final = Path(__file__).parents[2]

# Letters, digits and signs that every encoding treats otherwise; no eight characters of one are in another, or a word.
SECRETS: Final[Mapping[str, str]] = {
    "BITFINEX_API_KEY": "Qk3vZ8yJ0uWbT5nLr2HsXd7Gm1Pc",
    "BITFINEX_API_SECRET": "Zr9tKx4Vq7Wc2Bn5Mj8Hf1Gd6Sa3Le",
    "BITFINEX_WS_API_KEY": "hT6yU2jM9kI4oL7pN1bV5cX8zA3sD0",
    "BITFINEX_WS_API_SECRET": "w2E/x4R+t6Y=u8I&o0P%a1S\"d3F'g5H",
    "GENESIS_AUDIT_KEY": "nB7mV3cX9zL1kJ5hG8fD2sA4pO6iU0",
}
PLAIN_NAMED: Final = "st8ra7te6gy5_na4me3_ca2na1ry0_zq"
"""A secret that could be the name of a strategy."""

STRATEGY: Final = """
from genesis.domain.strategy.expression import Expr, close, where
from genesis.domain.strategy.specification import strategy

@strategy
def {name}() -> Expr:
    return where(close > 0.0, 1.0, 0.0)
"""


def program(*words: str) -> list[str]:
    return [sys.executable, "-c", "from genesis.app.cli import main; main()", *words]


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        "GENESIS_HOME": str(folder / "home"),
        "GENESIS_LOG": "DEBUG",
        "BITFINEX_API_KEY": SECRETS["BITFINEX_API_KEY"],
        "BITFINEX_API_SECRET": SECRETS["BITFINEX_API_SECRET"],
        "GENESIS_AUDIT_KEY": f"file:{folder / 'keys' / 'audit'}",
    }


def prepare(folder: Path) -> None:
    """Put the secrets that lie in files there."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    (keys / "audit").write_text(SECRETS["GENESIS_AUDIT_KEY"])
    (keys / "audit").chmod(0o600)
    lines = [f"{name}={json.dumps(SECRETS[name])}" for name in ("BITFINEX_WS_API_KEY", "BITFINEX_WS_API_SECRET")]
    (folder / ".env").write_text("\n".join(lines))
    (folder / ".env").chmod(0o600)


class Outputs:
    """Everything that came out, by where it came out."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def add(self, place: str, content: bytes) -> None:
        self.found[place] = self.found.get(place, b"") + content

    def add_files(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.add(f"file {path.relative_to(folder)}", path.read_bytes())


def run_session(folder: Path, speed: str, data: str = "synthetic:3:1", *more: str) -> Outputs:
    """Run a session to its end, send it secrets by HTTP meanwhile, and return all that it said and left."""
    outputs = Outputs()
    prepare(folder)
    words = ("run", "--data", data, "--speed", speed, "--port", "0", *more)
    errors = (folder / "stderr").open("wb")
    with subprocess.Popen(
        program(*words), env=environment(folder), cwd=folder, stdout=subprocess.PIPE, stderr=errors
    ) as process:
        assert process.stdout is not None
        port = 0
        for line in process.stdout:
            outputs.add("stdout", line)
            if match := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                port = int(match[1])
                break
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):  # there is no /proc everywhere
                outputs.add(f"/proc {name}", Path(f"/proc/{process.pid}/{name}").read_bytes())
        if speed != "max":  # such a session is over before the first answer
            for answer in answers(port, credentials_of(folder / "home").issue_token("canary", Role.TRADE, 1)):
                outputs.add("HTTP", answer)
        outputs.add("stdout", process.stdout.read())
    errors.close()
    outputs.add("stderr", (folder / "stderr").read_bytes())
    outputs.add_files(folder / "home")
    assert process.returncode == 0, outputs.found["stderr"].decode()[-2_000:]
    return outputs


def run_refused(folder: Path) -> Outputs:
    """Start sessions whose options, configuration or strategy hold a secret; none of them begins."""
    outputs = Outputs()
    secret = SECRETS["BITFINEX_API_SECRET"]
    named = folder / "named.py"
    named.write_text(STRATEGY.format(name=PLAIN_NAMED))
    config = folder / "config.json"
    config.write_text(json.dumps({"dry_run": True, "x-note": secret, "strategy": {"name": secret}}))
    doors = (
        ("run", "--strategy", secret),
        ("run", "--strategy", f"{named}:{PLAIN_NAMED}"),
        ("run", "--param", f"fast={secret}"),
        ("run", "--symbol", secret),
        ("run", "--data", secret),
        ("run", "--config", str(config)),
        ("config.validate", str(config)),
        ("config.diff", str(config)),
        ("config.apply", str(config), "--reason", secret),
        ("auth.headers", "auth/r/wallets", "--new-key"),
    )
    for words in doors:
        variables = {**environment(folder), "BITFINEX_WS_API_KEY": PLAIN_NAMED, "BITFINEX_WS_API_SECRET": PLAIN_NAMED}
        done = subprocess.run(program(*words), env=variables, cwd=folder, capture_output=True)
        assert done.returncode in (0, 1, 2), done.stderr
        assert done.returncode or words[0] in ("config.diff", "auth.headers")
        outputs.add(f"refused {words[0]}", done.stdout + done.stderr)
    outputs.add_files(folder / "home")
    return outputs


def answers(port: int, token: str) -> Iterator[bytes]:
    """Yield the whole answers to requests that hold secrets everywhere that a request can; *token* is one that may."""
    document = {"dry_run": True, "x-mine": list(SECRETS.values()), **{f"x-{value}": 1 for value in SECRETS.values()}}
    bodies = {
        "/config/validate": document,
        "/config/diff": {"old": {"dry_run": True}, "new": document},
        "/config/audit": {"who": SECRETS["BITFINEX_API_KEY"], "note": document},
    }
    for path, body in bodies.items():
        raw = json.dumps(body).encode()
        head = f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n"
        yield ask(port, f"POST {path}", f"Authorization: Bearer {token}\r\n{head}".encode(), raw)
        yield ask(port, f"POST {path}", head.encode() + planted_headers(), raw)
    for path in ("/health", "/observability/dashboard", "/metrics", "/", "/nope", "/api/v1/overview", "/api/v1/events"):
        yield ask(port, f"GET {path}", planted_headers(), b"")
        yield ask(port, f"GET {path}?key={SECRETS['BITFINEX_API_KEY']}", b"", b"")
    yield ask(port, f"GET /{SECRETS['BITFINEX_API_SECRET']}", b"", b"")


def planted_headers() -> bytes:
    secret = SECRETS["BITFINEX_API_SECRET"]
    return f"Authorization: Bearer {secret}\r\nX-Mine: {secret}\r\nUser-Agent: {secret}\r\n".encode()


def ask(port: int, line: str, head: bytes, body: bytes) -> bytes:
    request = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n".encode() + head + b"\r\n" + body
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        pieces = []
        with contextlib.suppress(ConnectionError):  # it may refuse the head and not wait for the rest
            connection.sendall(request)
            while piece := connection.recv(65_536):
                pieces.append(piece)
    return b"".join(pieces)
