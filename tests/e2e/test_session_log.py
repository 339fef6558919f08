"""The log of a real session: one JSON object an event, no order missing, and nobody waits for its reader."""

import json
import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from genesis.app.cli import main; main()", "run", "--port", "0", "--json"]
WORDS = ("--over", "memory", "--speed", "max", "--strategy", "ema_cross", "--data", "synthetic:3:5")


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GENESIS_HOME": str(home), "GENESIS_LOG": "INFO", "GENESIS_LOG_FORMAT": "json"}


def test_every_order_of_a_session_is_a_line_with_its_category(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, *WORDS], env=environment(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {line["category"] for line in lines} >= {"order", "system"}
    assert all(line.keys() >= {"time", "level", "category", "event", "logger", "fields"} for line in lines)
    events = [line["event"] for line in lines]
    summary = json.loads(done.stdout)
    assert events.count("order.filled") == summary["fills"] > 20
    assert "system.log_lines_dropped" not in events


def test_a33_a_session_whose_log_nobody_reads_ends_as_if_somebody_did(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    full = 0
    try:
        while True:  # the pipe is full before the session begins
            full += os.write(write_end, b"x" * 4_096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    assert full >= 4_096
    with subprocess.Popen(
        # What it says at its start goes to standard output then, which is read: its log alone has no reader.
        [word for word in (*COMMAND, *WORDS) if word != "--json"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=write_end,
        text=True,
    ) as process:
        os.close(write_end)
        try:
            out, _ = process.communicate(timeout=120)
        finally:
            process.kill()
            os.close(read_end)
    assert process.returncode == 0
    assert "Decision hash" in out
