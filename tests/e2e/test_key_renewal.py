"""G3: a live session follows its key to where it is kept, and takes a new one that can do what it needs."""

from pathlib import Path

import pytest

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.current_nonces import CurrentNonces
from genesis.adapters.key_lock_file import KeyLock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.app.key_renewal import KeyPlaces, KeyRenewal
from genesis.app.live_guard import PHRASE
from genesis.app.settings import Keys
from genesis.ports.secrets import Secret
from tests.e2e.test_live import KEY, LONG_ABOVE, RIGHTS, SECRET, house, stopped


class Kept:
    """A key in two files, where the settings of a session say that it is kept."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: folder / name for name in ("key", "secret")}
        self.put(KEY, SECRET)

    def put(self, key: str, secret: str) -> None:
        for name, value in (("key", key), ("secret", secret)):
            self._files[name].write_text(value)
            self._files[name].chmod(0o600)

    @property
    def references(self) -> dict[str, str]:
        return {f"BITFINEX_API_{name.upper()}": f"file:{path}" for name, path in self._files.items()}


NEXT_KEY, NEXT_SECRET = "the-key-that-came-after-it", "the-secret-that-came-after-it"


async def test_g3_a_key_that_was_replaced_and_revoked_is_followed_without_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        kept = Kept(tmp_path)
        here.strategy, here.keys = LONG_ABOVE, kept.references
        process = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        person = await here.watched(process)
        await person.hear('"candles":[{')
        kept.put(NEXT_KEY, NEXT_SECRET)
        here.venue.core.keys.add(here.user, NEXT_KEY, NEXT_SECRET, RIGHTS)
        del here.venue.core.keys.by_key[KEY]
        async with here.client.post(f"http://127.0.0.1:{here.port}/sim/restart", json={}) as answer:
            assert answer.status == 200
        await person.hear("key.renewed")
        here.price = "100.9"  # from here on the strategy wants to be in, and only the new key can do that
        await person.hear('"status":"filled"')
        done = await stopped(process)
        assert done.code == 0, done.stderr
    assert not {each for each in (KEY, SECRET, NEXT_KEY, NEXT_SECRET) if each in done.stdout + done.stderr}
    assert len(list((tmp_path / "nonces").iterdir())) == 2


@pytest.mark.parametrize(
    ("rights", "is_own", "said"),
    [
        ({**RIGHTS, "withdraw": (True, True)}, True, "the key can withdraw"),
        (RIGHTS, False, "the key belongs to another account"),
        (None, True, "code 10100"),
    ],
)
async def test_g3_a_new_key_that_cannot_be_used_leaves_the_old_one(
    rights: dict[str, tuple[bool, bool]] | None, is_own: bool, said: str, tmp_path: Path
) -> None:
    async with house(tmp_path) as here:
        if rights is not None:
            user = here.user if is_own else here.venue.core.new_user()
            here.venue.core.keys.add(user, NEXT_KEY, NEXT_SECRET, rights)
        found = [Keys(Secret(KEY), Secret(SECRET)), Keys(Secret(NEXT_KEY), Secret(NEXT_SECRET))]
        clock = SystemClock()
        monitor = MemoryMonitor(clock, MemoryMetrics(), version="0", mode="live")
        signer = Signer(Secret(KEY), Secret(SECRET))
        nonces = CurrentNonces(open_nonces(tmp_path / "nonces", Secret(KEY), clock, create=True))
        places = KeyPlaces(here.environment["GENESIS_REST_URL"], tmp_path, tmp_path / "locks", 1, "a test")
        renewal = KeyRenewal(lambda _: found.pop(0), signer, nonces, places, clock, monitor)
        assert not await renewal.renew()
        assert (signer.key, signer.turns) == (KEY, 0)
        (note,) = monitor.dashboard().notes
        assert said in str(note.fields)
        with KeyLock(tmp_path / "locks", Secret(NEXT_KEY), "somebody else"):
            pass  # it holds nothing of a key that it does not use
        renewal.close()
