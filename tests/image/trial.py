"""The image on trial: built, and then run as an operator runs it.

Run as `python -m tests.image.trial TAG [--base IMAGE] [--builder PROGRAM]`; prints a line for each check, exits 1 on
the first that fails. *PROGRAM* is called with the context and the tag in place of the engine's own build.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from tests.image.engines import ROOT, Engine, buildah_environment, find_engine
from tests.image.walk import AUDITED, logged_in, told

GENESIS: Final = "/opt/genesis/bin/genesis"
HEALTH: Final = "/opt/genesis/bin/genesis-health"
HOUR: Final = ("run", "--until", "1h", "--speed", "max", "--port", "0", "--json")
OWN: Final = ("/tmp", "/data", "/proc", "/dev", "/sys", "/run", "/var/tmp")
UNTOUCHED: Final = ("/opt", "/usr", "/etc", "/bin", "/lib", "/sbin", "/var/lib", "/home", "/root")
START_S: Final = 60.0


@frozen
class Trial:
    """The checks, each a claim that raises `AssertionError` where it does not hold."""

    engine: Engine

    def run(self, *words: str, port: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run *words* to their end."""
        command = self.engine.command(words, {"GENESIS_PORT": str(port)})
        return subprocess.run(command, capture_output=True, text=True, timeout=300, env=buildah_environment())

    def script(self, *lines: str) -> str:
        """Run *lines* in one container, each after the other has succeeded, and return what they print."""
        done = self.run("sh", "-ec", "\n".join(lines))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def decides_as_the_checkout(self) -> None:
        """An hour of market in the image leads to the decisions of the checkout."""
        inside = self.run(GENESIS, *HOUR)
        assert inside.returncode == 0, inside.stderr
        code = "from genesis.app.cli import main; main()"
        with tempfile.TemporaryDirectory() as folder:
            outside = subprocess.run(
                [sys.executable, "-c", code, *HOUR],
                capture_output=True,
                check=True,
                text=True,
                env={**buildah_environment(), "GENESIS_HOME": folder},
            )
        assert json.loads(inside.stdout)["decision_hash"] == json.loads(outside.stdout)["decision_hash"]

    def answers_and_is_killed(self) -> None:
        """A session answers, is killed from another container, and one starts again once that is allowed."""
        port = free_port()
        command = self.engine.command((GENESIS, "run", "--speed", "600", "--json"), {"GENESIS_PORT": str(port)})
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buildah_environment()
        ) as session:
            try:
                health = json.loads(answered(f"http://127.0.0.1:{port}/health", session))
                assert health["mode"] == "paper", health
                assert "genesis_up 1.0" in answered(f"http://127.0.0.1:{port}/metrics", session)
                healthy = self.run(HEALTH, port=port)
                assert healthy.returncode == 0, healthy.stderr
                killed = self.run(GENESIS, "kill", "end", "of", "the", "trial")
                assert killed.returncode == 0, killed.stderr
                _, errors = session.communicate(timeout=60)
            finally:
                session.kill()
        assert session.returncode == 2, errors
        assert "kill latch is set (end of the trial)" in errors, errors
        assert self.run(HEALTH, port=port).returncode == 1
        assert self.run(GENESIS, *HOUR).returncode == 2
        assert self.run(GENESIS, "kill.reset", "--reason", "the trial goes on").returncode == 0
        assert self.run(GENESIS, *HOUR).returncode == 0

    def is_walked_through(self) -> None:
        """A session trades over the wire, shows its page, is halted, limited, killed, and its audit log has it all."""
        port = free_port()
        words = (GENESIS, "run", "--data", "synthetic:3:20", "--strategy", "rsi_reversion", "--speed", "3000", "--json")
        with subprocess.Popen(
            self.engine.command(words, {"GENESIS_PORT": str(port)}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=buildah_environment(),
        ) as session:
            try:
                url = f"http://127.0.0.1:{port}"
                answered(f"{url}/health", session)
                walk = logged_in(url, self.script("cat /data/access/link"))
                walk.shows_its_page()
                walk.trades()
                walk.is_halted_and_goes_on()
                shown = json.loads(self.script(f"{GENESIS} config.show --json"))
                walk.refuses_beyond_a_lowered_limit(shown["version"], shown["hash"])
                walk.is_killed()
                _, errors = session.communicate(timeout=60)
            finally:
                session.kill()
        assert session.returncode == 2, errors
        assert "exposure" in self.script(f"{GENESIS} explain --refusals")
        assert self.run(GENESIS, "audit.verify").returncode == 0
        commands = told(self.script("cat /data/logs/config_audit.log"))
        assert commands == AUDITED, commands
        assert self.run(GENESIS, "kill.reset", "--reason", "the walk is over").returncode == 0

    def is_nobody(self) -> None:
        """The user is 10001, has no group of the system, and may write nowhere but where state and scratch belong."""
        who = self.run("id", "-u")
        assert who.stdout.strip() == "10001", who.stderr
        found = self.script(f"find {' '.join(UNTOUCHED)} -xdev -writable -not -type l 2>/dev/null || true")
        assert found == "", found

    def leaves_the_root_alone(self) -> None:
        """A session and a backtest work on a root file system that does not change."""
        kept = " ".join(f"-not -path '{place}/*' -not -path {place}" for place in OWN)
        found = self.script(
            "touch /tmp/begun", backtest("ema_cross"), f"find / -xdev -newer /tmp/begun {kept} 2>/dev/null || true"
        )
        assert found == "", found
        if self.engine.is_read_only:
            assert self.run("sh", "-c", "echo x > /opt/genesis/x").returncode != 0

    def compiles_nothing(self) -> None:
        """What a backtest runs was compiled when the image was built."""
        kernels = [f"cd {place} && find . -type f | sort" for place in ("/opt/genesis/kernels", "/tmp/genesis-kernels")]
        lines = self.script(backtest("rsi_reversion"), *kernels).split()
        half = len(lines) // 2
        assert half > 10, lines
        assert lines[:half] == lines[half:], lines


def backtest(strategy: str) -> str:
    """Return the command of a short backtest whose result nobody reads."""
    return f"{GENESIS} backtest --strategy {strategy} --data synthetic:1:3 --engine columnar --json >/dev/null"


def free_port() -> int:
    """Return a port of this machine that is free at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def answered(url: str, session: "subprocess.Popen[str]") -> str:
    """Return what *url* answers, asked again until the session is up."""
    until = time.monotonic() + START_S
    while True:
        assert session.poll() is None, "the session ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                text: str = response.read().decode()
                return text
        except urllib.error.URLError:
            assert time.monotonic() < until, f"{url} did not answer within {START_S} s"
            time.sleep(0.2)


def build(engine: Engine, tag: str, base: str, builder: str) -> None:
    """Build the image by *builder*, or by the engine itself."""
    if builder:
        subprocess.run([builder, str(ROOT), tag], check=True, env=buildah_environment())
    else:
        engine.build(tag, base)


def checks(engine: Engine) -> Sequence[Callable[[], None]]:
    """Return the checks in the order in which they are made."""
    trial = Trial(engine)
    return (
        trial.is_nobody,
        trial.decides_as_the_checkout,
        trial.leaves_the_root_alone,
        trial.compiles_nothing,
        trial.is_walked_through,
        trial.answers_and_is_killed,
    )


def main() -> None:
    """Build, then check."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.trial")
    parser.add_argument("tag")
    parser.add_argument("--base", default="")
    parser.add_argument("--builder", default="")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    engine = find_engine(options.tag)
    if engine is None:
        sys.exit("no container engine works here: start docker or podman, or install buildah and be root")
    build(engine, options.tag, options.base, options.builder)
    try:
        for check in checks(engine) if options.check else ():
            begun = time.monotonic()
            check()
            print(f"{check.__name__.replace('_', ' ')}: yes, {time.monotonic() - begun:.1f} s", flush=True)
    finally:
        engine.close()
    print(f"image {options.tag} is built{' and holds' if options.check else ''}")


if __name__ == "__main__":
    main()
