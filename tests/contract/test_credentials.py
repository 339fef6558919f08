"""The credentials' contract, in memory and in a folder: codes work once, tokens until their end, and nothing leaks."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import pytest

from genesis.adapters.credentials_folder import CredentialsFolder
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.ports.access import Role
from genesis.ports.errors import InputError, StoreError

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

Both: TypeAlias = MemoryCredentials | CredentialsFolder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "folder"])
def credentials(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Both:
    return MemoryCredentials(clock) if request.param == "memory" else CredentialsFolder(tmp_path / "access", clock)


async def pass_s(clock: ManualClock, seconds: float) -> None:
    await clock.advance(seconds)


def test_a_code_gives_its_role_once(credentials: Both) -> None:
    code = credentials.issue_code(Role.TRADE)
    assert credentials.redeem(code) is Role.TRADE
    assert credentials.redeem(code) is None
    assert credentials.redeem("../../etc/passwd") is None
    assert credentials.redeem("") is None


def test_of_many_at_once_one_gets_the_role(credentials: Both) -> None:
    for _ in range(20):
        code = credentials.issue_code(Role.ADMIN)
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(credentials.redeem, [code] * 8))
        assert found.count(Role.ADMIN) == 1


async def test_a_code_is_too_old_after_an_hour(credentials: Both, clock: ManualClock) -> None:
    fresh, old = credentials.issue_code(Role.ADMIN), credentials.issue_code(Role.ADMIN)
    await pass_s(clock, HOUR_S)
    assert credentials.redeem(fresh) is Role.ADMIN
    await pass_s(clock, 1)
    assert credentials.redeem(old) is None


async def test_a_token_is_somebodys_until_its_end_or_its_revocation(credentials: Both, clock: ManualClock) -> None:
    first, second = credentials.issue_token("one", Role.READ, 1), credentials.issue_token("two", Role.ADMIN, 2)
    assert first.startswith("gen_")
    found = credentials.token(first)
    assert found is not None
    assert (found.name, found.role) == ("one", Role.READ)
    assert [each.name for each in credentials.tokens()] == ["one", "two"]
    await pass_s(clock, DAY_S)
    assert credentials.token(first) is None
    assert credentials.token(second) is not None
    assert credentials.revoke("two")
    assert not credentials.revoke("two")
    assert credentials.token(second) is None
    assert credentials.token("gen_" + "x" * 43) is None


def test_a_name_is_for_one_token(credentials: Both) -> None:
    credentials.issue_token("grafana", Role.READ, 1)
    with pytest.raises(InputError, match="there is a token 'grafana' already"):
        credentials.issue_token("grafana", Role.READ, 1)


def test_another_process_sees_a_revocation_and_a_new_token(tmp_path: Path, clock: ManualClock) -> None:
    session, command = CredentialsFolder(tmp_path, clock), CredentialsFolder(tmp_path, clock)
    token = command.issue_token("one", Role.READ, 1)
    assert session.token(token) is not None
    command.revoke("one")
    assert session.token(token) is None
    assert session.redeem(command.issue_code(Role.READ)) is Role.READ


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nothing_in_the_folder_can_be_used_or_read_by_others(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "access"
    credentials = CredentialsFolder(folder, clock)
    secrets = [credentials.issue_code(Role.ADMIN), credentials.issue_token("one", Role.READ, 1)]
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
        assert all(secret not in path.name for secret in secrets)
        if path.is_file():
            assert all(secret not in path.read_text("ascii") for secret in secrets)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 33, "é", "../x", "owner-1", "Owner-x"])
def test_names_of_tokens_are_plain_and_no_persons(credentials: Both, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a token"):
        credentials.issue_token(name, Role.READ, 1)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_every_token_has_an_end(tmp_path: Path, clock: ManualClock, days: int) -> None:
    with pytest.raises(InputError, match="1 to 366 days"):
        CredentialsFolder(tmp_path, clock).issue_token("one", Role.READ, days)


def test_a_broken_list_lets_nobody_in_and_says_so(tmp_path: Path, clock: ManualClock) -> None:
    credentials = CredentialsFolder(tmp_path, clock)
    token = credentials.issue_token("one", Role.READ, 1)
    (tmp_path / "tokens.json").write_text("{", "ascii")
    with pytest.raises(StoreError, match="no list of tokens"):
        credentials.token(token)


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that takes nothing, for a file is in its place: a read-only disk does the same to everybody but root."""
    (tmp_path / "access").write_text("")
    return tmp_path / "access"


def test_codes_that_the_folder_does_not_take_go_to_a_place_of_the_owner_s_alone(
    blocked: Path, clock: ManualClock, tmp_path: Path
) -> None:
    session, command = (CredentialsFolder(blocked, clock, tmp_path / "spare") for _ in range(2))
    code = command.issue_code(Role.ADMIN)
    assert (tmp_path / "spare").stat().st_mode & 0o077 == 0
    assert session.redeem("another code") is None
    assert session.redeem(code) is Role.ADMIN
    assert session.redeem(code) is None


async def test_old_codes_are_forgotten_where_they_were_kept_apart_too(
    blocked: Path, clock: ManualClock, tmp_path: Path
) -> None:
    credentials = CredentialsFolder(blocked, clock, tmp_path / "spare")
    credentials.issue_code(Role.ADMIN)
    (old,) = (tmp_path / "spare" / "codes").iterdir()
    made_s = clock.now() / 1000 - 3 * HOUR_S
    os.utime(old, (made_s, made_s))
    credentials.issue_code(Role.ADMIN)
    assert not old.exists()
    assert len(list((tmp_path / "spare" / "codes").iterdir())) == 1


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o1777])
def test_a_spare_place_that_others_may_enter_is_not_used(
    mode: int, blocked: Path, clock: ManualClock, tmp_path: Path
) -> None:
    spare = tmp_path / "spare"
    own = CredentialsFolder(blocked, clock, spare)
    code = own.issue_code(Role.ADMIN)
    spare.chmod(mode)
    with pytest.raises(StoreError):
        own.issue_code(Role.ADMIN)
    with pytest.raises(StoreError):
        own.redeem(code)


def test_a_code_that_cannot_be_taken_away_counts_once_all_the_same(
    clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    credentials = CredentialsFolder(tmp_path / "access", clock)
    code = credentials.issue_code(Role.ADMIN)
    monkeypatch.setattr(Path, "unlink", read_only)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(credentials.redeem, [code] * 8))
    assert found.count(Role.ADMIN) == 1
