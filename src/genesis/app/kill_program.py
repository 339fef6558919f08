"""`kill` as a program of its own: the latch first, then the exchange, with as little as possible around it.

It imports little and needs nothing of a running session: no lock that one may hold, no disk that may be full. Its
nonces start above all that the key's store has promised to anybody, so it need not ask the store either; what a session
signs meanwhile is refused by the exchange. A session that sees the latch ends; where no latch can be set, it is ended.
What others have asked the exchange within the minute counts where that can be read; a share is for cancels alone.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from genesis.adapters.bitfinex.rest_blocking import BlockingRest
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.nonce_file.marks import PAGE, SLOT_BYTES, key_id, marks_from_slot
from genesis.app.exchange_budgets import exchange_budgets
from genesis.app.kill_orders import Killer, KillRules, Left
from genesis.app.kill_sessions import PATIENCE_S, end_sessions
from genesis.domain.config_secrets import is_reference
from genesis.ports.errors import GenesisError, InputError
from genesis.ports.secrets import Secret

BITFINEX: Final = "https://api.bitfinex.com/v2/"
DOTENV: Final = Path(".env")
LOCKS: Final = "~/.genesis/locks"
RECORD_WITHIN_S: Final = 10.0
NAMES: Final = (("BITFINEX_KILL_API_KEY", "BITFINEX_KILL_API_SECRET"), ("BITFINEX_API_KEY", "BITFINEX_API_SECRET"))


def run_kill(reason: str, rules: KillRules) -> int:
    """Set the latch, cancel, and tell what is left; returns the exit code: 0 done, 1 something is left.

    Where the latch cannot be set, the sessions that it would have told are ended beside the cancels.
    """
    values = Environment()
    folder = Path(values.get("GENESIS_HOME") or "var")
    latch = KillLatchFile(folder / "kill.latch")
    is_set, ending = True, None
    try:
        latch.pull(reason)
        print(f"the kill latch is set: {folder / 'kill.latch'} ({latch.reason()})", flush=True)
    except GenesisError as error:  # the orders go all the same
        is_set = False
        print(error, file=sys.stderr, flush=True)
        ending = threading.Thread(target=end_sessions, args=(folder, _locks(values), _tell, time.sleep), daemon=True)
        ending.start()
    try:
        is_done = _cancelled(reason, values, folder, rules)
    finally:
        if ending is not None:
            ending.join(2 * PATIENCE_S)
    return 0 if is_set and is_done else 1


def _cancelled(reason: str, values: "Environment", folder: Path, rules: KillRules) -> bool:
    """Cancel what is open, and note it; tell whether nothing is left."""
    keys = next(((values.get(key), values.get(secret)) for key, secret in NAMES if values.get(key)), None)
    if keys is None:
        _record(folder, reason, "")
        _tell("no API key is set, so no order on an exchange was cancelled: set BITFINEX_API_KEY and …_SECRET for that")
        return True
    left = _cancel_all(*keys, values.get("GENESIS_REST_URL") or BITFINEX, folder, rules)
    print(_words(left), file=sys.stdout if left.is_done else sys.stderr, flush=True)
    _record(folder, reason, _words(left))
    return left.is_done


def _locks(values: "Environment") -> Path:
    return Path(values.get("GENESIS_LOCKS") or LOCKS).expanduser()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _record(folder: Path, reason: str, came_of_it: str) -> None:
    """Note who killed in the audit log, once nothing else is left to do: a disk that says no only says so."""

    def record() -> None:
        try:
            from genesis.app.kill_record import record_kill  # late: it imports what a kill itself does without

            record_kill(folder, reason, came_of_it)
        except GenesisError as error:
            print(f"this kill is not in the audit log: {error}", file=sys.stderr, flush=True)

    recording = threading.Thread(target=record, daemon=True)  # left behind where the disk never answers
    recording.start()
    recording.join(RECORD_WITHIN_S)
    if recording.is_alive():
        print(
            f"this kill is not in the audit log after {RECORD_WITHIN_S:g} s: its disk does not answer", file=sys.stderr
        )


class Environment:
    """Variables of the environment, and of `.env` where that has them."""

    def __init__(self, dotenv: Path = DOTENV) -> None:
        self._more: dict[str, str | None] = {}
        if dotenv.is_file():
            try:
                from dotenv import dotenv_values

                self._more = dict(dotenv_values(dotenv))
            except (OSError, ValueError) as error:  # a file that cannot be read must not keep anyone from killing
                print(f"{dotenv}: {error}; going on without it", file=sys.stderr)

    def get(self, name: str) -> str:
        """Return a value, empty where there is none."""
        return os.environ.get(name) or self._more.get(name) or ""


def nonces_above(marks: int, now_us: Callable[[], int]) -> Iterator[int]:
    """Yield rising nonces: the clock's, above *marks* and above each other."""
    last = marks
    while True:
        last = max(now_us(), last + 1)
        yield last


def _kept(value: str) -> Secret:
    """Return a key, from where it is kept if *value* says where; raises `SecretError`."""
    if not is_reference(value):
        return Secret(value)
    from genesis.app.logs import secret_resolver  # late: a key in the environment needs none of it

    return secret_resolver().resolve(value)


def _cancel_all(key: str, secret: str, url: str, folder: Path, rules: KillRules) -> Left:
    kept_key, kept_secret = _kept(key), _kept(secret)
    try:
        signer = Signer(kept_key, kept_secret)
    except ValueError as error:
        raise InputError(f"the API key cannot be used: {error}") from None
    nonces = nonces_above(_promised(folder, kept_key), lambda: time.time_ns() // 1000)
    rest = BlockingRest(url, signer, lambda: next(nonces), exchange_budgets(folder, url))
    try:
        return Killer(rest, rules, lambda text: print(text, flush=True), time.monotonic, time.sleep).run()
    finally:
        rest.close()


def _promised(folder: Path, key: Secret) -> int:
    """Return the nonce up to which the key's store on this machine may have given numbers; 0 where there is none."""
    name = key_id(key)
    try:
        content = (folder / "nonces" / name.hex() / "nonces").read_bytes()
    except OSError:
        return 0
    # Only read: mending a torn copy is the business of whoever holds the file's lock.
    slots = (marks_from_slot(name, content[at : at + SLOT_BYTES]) for at in (0, PAGE))
    return max((marks.nonce for marks in slots if marks is not None), default=0)


def _words(left: Left) -> str:
    others = f"; {left.foreign} of others are left alone (--all takes them too)" if left.foreign else ""
    if left.is_done:
        return f"nothing of ours is open on the exchange: {left.cancelled} orders cancelled{others}"
    what = f"{len(left.ids)} orders are open" if left.ids else "what is open is not known"
    return f"NOT DONE: {what}{others}: {left.problem}. Run kill again, or cancel them on the exchange's own page"
