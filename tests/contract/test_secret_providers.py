"""Every place for secrets gives what is there, says no in the same way, and never shows a value."""

import logging
import os
import stat
import subprocess
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import keyring
import keyring.backend
import pytest
from azure.keyvault.secrets._shared.http_challenge_cache import clear as forget_challenges
from keyring.errors import KeyringLocked

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.secrets_azure import AzureSecrets
from genesis.adapters.secrets_env import EnvironmentSecrets
from genesis.adapters.secrets_file import FileSecrets
from genesis.adapters.secrets_keyring import KeyringSecrets
from genesis.adapters.secrets_op import OnePasswordSecrets
from genesis.domain.secret_text import BYTES_MAX
from genesis.ports.errors import SecretError, SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, SecretProvider
from tests.fakes.key_vault import CLIENT_SECRET, DOMAIN, TENANT, KeyVault, own_names, serving
from tests.fakes.op import FakeOp

VALUE = "C4nary+planted/0123456789=Kq"
OTHER = "C4nary-rotated-9876543210-Zw"


class House(ABC):
    """A provider with hands on what it reads."""

    provider: SecretProvider
    name: str
    missing: str
    malformed: tuple[str, ...]

    @abstractmethod
    def put(self, value: str) -> None:
        """Let the secret be *value*."""

    @abstractmethod
    def break_down(self) -> None:
        """Let the place give no answer."""


class EnvironmentHouse(House):
    name, missing, malformed = "PLANTED", "NOT_THERE", ("", "A B", "A=B", "1A")

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.provider = EnvironmentSecrets(self.variables)

    def put(self, value: str) -> None:
        self.variables[self.name] = value

    def break_down(self) -> None:
        pytest.skip("the environment is never away")


class FileHouse(House):
    malformed = ("relative/path", "")

    def __init__(self, folder: Path) -> None:
        self.provider = FileSecrets()
        self.path = folder / "key"
        self.name, self.missing = str(self.path), str(folder / "none")

    def put(self, value: str) -> None:
        self.path.write_bytes(value.encode())
        self.path.chmod(0o600)

    def break_down(self) -> None:
        self.path.unlink()
        self.path.parent.rmdir()
        self.path.parent.write_text("in the way")  # ENOTDIR: no answer about the file either way


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory, locked or not."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as the library has it
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[(service, username)] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("locked, and its message repeats " + VALUE)
        return self.entries.get((service, username))


class KeyringHouse(House):
    name, missing, malformed = "genesis/bitfinex/api", "genesis/bitfinex/none", ("", "alone", "/user", "service/")

    def __init__(self, stack: ExitStack) -> None:
        self.backend = MemoryKeyring()
        before = keyring.get_keyring()
        stack.callback(keyring.set_keyring, before)
        keyring.set_keyring(self.backend)
        self.provider = KeyringSecrets({f"{MemoryKeyring.__module__}.MemoryKeyring"})

    def put(self, value: str) -> None:
        self.backend.set_password("genesis/bitfinex", "api", value)

    def break_down(self) -> None:
        self.backend.is_locked = True


class AzureHouse(House):
    name, missing, malformed = (
        "keys/bitfinex",
        "keys/none",
        ("", "keys", "keys/", "keys/a b", "k.evil.test/x", "keys/a/b/c"),
    )

    def __init__(self, stack: ExitStack) -> None:
        self.vault = KeyVault()
        self.stack = stack
        forget_challenges()  # the library keeps them for the process, by the name of the vault
        stack.enter_context(own_names(self.vault))
        self.bundle = stack.enter_context(serving(self.vault))
        self.provider = self.provider_with(CLIENT_SECRET)

    def provider_with(self, client_secret: str, bundle: str = "") -> AzureSecrets:
        from azure.identity import ClientSecretCredential

        verify = bundle or self.bundle
        login = f"https://login.{DOMAIN}"

        def credential() -> ClientSecretCredential:
            found = ClientSecretCredential(
                TENANT,
                "client",
                client_secret,
                authority=login,
                connection_verify=verify,
                disable_instance_discovery=True,
                retry_total=0,
            )
            self.stack.callback(found.close)
            return found

        options = {"connection_verify": verify, "read_timeout": 1.0}
        return AzureSecrets(SystemClock(), credential, domain=f"{DOMAIN}", options=options)

    def put(self, value: str) -> None:
        self.vault.put("bitfinex", value)

    def break_down(self) -> None:
        self.vault.instead = status(503)


class OpHouse(House):
    name, missing = "Trading/Bitfinex/secret", "Trading/None/secret"
    malformed = ("", "one/two", "a/b/c/d/e", "a/b/$(touch x)", "a//c", "--help/b/c\n")

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.op = FakeOp(folder / "bin")
        before = os.environ["PATH"]
        stack.callback(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = self.op.path
        self.provider = OnePasswordSecrets(SystemClock(), 20.0)

    def put(self, value: str) -> None:
        self.op.put(self.name, value)

    def break_down(self) -> None:
        self.op.say(code=1, stderr=f"[ERROR] You are not currently signed in. {VALUE}")


@pytest.fixture(params=["env", "file", "keyring", "azure-kv", "op"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        makers: dict[str, Callable[[], House]] = {
            "env": EnvironmentHouse,
            "file": lambda: FileHouse(tmp_path / "keys"),
            "keyring": lambda: KeyringHouse(stack),
            "azure-kv": lambda: AzureHouse(stack),
            "op": lambda: OpHouse(tmp_path, stack),
        }
        (tmp_path / "keys").mkdir()
        yield makers[request.param]()


def refused(house: House, name: str, kind: type[SecretError] = SecretRefused) -> str:
    """Return what is said; neither it nor the chain of errors behind it holds anything secret."""
    with pytest.raises(kind) as caught:
        house.provider.fetch(name)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (VALUE, OTHER, CLIENT_SECRET, "planted-access-token"):
        assert secret not in shown
    return str(caught.value)


def test_what_was_put_there_comes_back(house: House) -> None:
    house.put(VALUE)
    found = house.provider.fetch(house.name)
    assert found.value.reveal() == VALUE
    assert VALUE not in repr(found)


def test_g3_a_new_value_counts_without_a_restart(house: House) -> None:
    house.put(VALUE)
    before: FetchedSecret = house.provider.fetch(house.name)
    house.put(OTHER)
    assert before.value.reveal() == VALUE
    assert house.provider.fetch(house.name).value.reveal() == OTHER


def test_g3_what_is_not_there_is_refused_by_its_name(house: House) -> None:
    assert house.missing in refused(house, house.missing)


def test_g3_a_name_that_is_none_is_refused_before_anybody_is_asked(house: House) -> None:
    for name in house.malformed:
        assert "write" in refused(house, name), name


@pytest.mark.parametrize(
    "value", ["", "\n", " spaced ", "two\nlines", "\ufeffmarked", "x" * (BYTES_MAX + 1), "tab\there"]
)
def test_g3_what_cannot_be_a_secret_is_refused_and_not_repeated(house: House, value: str) -> None:
    house.put(value)
    said = refused(house, house.name)
    assert house.name in said
    assert not value.strip() or value.strip() not in said


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_g3_the_line_break_that_an_editor_leaves_is_no_part_of_it(house: House, ending: str) -> None:
    house.put(VALUE + ending)
    assert house.provider.fetch(house.name).value.reveal() == VALUE


def test_g3_a_place_that_is_away_is_told_from_one_that_says_no(house: House) -> None:
    house.put(VALUE)
    house.break_down()
    assert house.name in refused(house, house.name, SecretUnavailable)


def test_g1_nothing_of_it_is_logged_at_any_level(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house.put(VALUE)
    house.provider.fetch(house.name)
    refused(house, house.missing)
    shown = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    for secret in (VALUE, CLIENT_SECRET, "planted-access-token"):
        assert secret not in shown


# What only one of them has.


@pytest.fixture
def file_house(tmp_path: Path) -> FileHouse:
    (tmp_path / "keys").mkdir()
    found = FileHouse(tmp_path / "keys")
    found.put(VALUE)
    return found


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o601, 0o777])
def test_g5_a_file_that_others_can_touch_is_refused(file_house: FileHouse, mode: int) -> None:
    file_house.path.chmod(mode)
    assert f"mode {mode:04o}" in refused(file_house, file_house.name)


def test_g5_a_file_that_is_none_of_ours_is_refused(file_house: FileHouse) -> None:
    link, pipe = file_house.path.with_name("link"), file_house.path.with_name("pipe")
    link.symlink_to(file_house.path)
    os.mkfifo(pipe, 0o600)
    assert "symbolic link" in refused(file_house, str(link))
    assert "no ordinary file" in refused(file_house, str(pipe))
    assert "no ordinary file" in refused(file_house, str(file_house.path.parent))
    if os.geteuid() == 0:
        os.chown(file_house.path, 12345, 12345)
        assert "belongs to user 12345" in refused(file_house, file_house.name)


@pytest.mark.parametrize("is_file", [False, True], ids=["clone", "worktree"])
def test_g5_a_file_in_a_git_work_tree_is_refused_though_a_link_leads_there(
    file_house: FileHouse, tmp_path: Path, is_file: bool
) -> None:
    git = tmp_path / "keys" / ".git"
    if is_file:
        git.write_text("gitdir: elsewhere")
    else:
        git.mkdir()
    around = tmp_path / "around"
    around.symlink_to(tmp_path / "keys")
    for name in (file_house.name, str(around / "key")):
        assert "git work tree" in refused(file_house, name)


def test_env_is_gone_after_the_first_reading_and_still_known() -> None:
    house = EnvironmentHouse()
    house.put(VALUE)
    assert house.provider.fetch(house.name).value.reveal() == VALUE
    assert house.variables == {}
    assert house.provider.fetch(house.name).value.reveal() == VALUE


TAKING = """
import os, subprocess, sys
from genesis.adapters.secrets_env import EnvironmentSecrets
value = EnvironmentSecrets().fetch("PLANTED").value.reveal()
with open("/proc/self/environ", "rb") as file:
    shown = file.read()
child = subprocess.run(["env"], capture_output=True).stdout
assert b"OTHER=stays" in shown and b"OTHER=stays" in child
print(len(value), value.encode() in shown, value.encode() in child, "PLANTED" in os.environ)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_e6_env_is_gone_from_the_kernels_view_and_from_every_child() -> None:
    import sys

    environment = {**os.environ, "PLANTED": VALUE, "OTHER": "stays", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", TAKING], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{len(VALUE)} False False False\n", "")


def test_keyrings_that_are_not_known_to_be_safe_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import chainer, fail, null

    with ExitStack() as stack:
        house = KeyringHouse(stack)
        house.put(VALUE)
        chain = chainer.ChainerBackend()  # type: ignore[no-untyped-call]  # as the library has it
        kinds: list[keyring.backend.KeyringBackend] = [fail.Keyring(), null.Keyring(), chain]  # type: ignore[no-untyped-call]
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [house.backend, null.Keyring()])  # type: ignore[no-untyped-call]
        for backend in kinds:
            keyring.set_keyring(backend)
            assert "not known to keep secrets safe" in refused(house, house.name)
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [house.backend])
        assert house.provider.fetch(house.name).value.reveal() == VALUE
        keyring.set_keyring(house.backend)
        house.provider = KeyringSecrets()  # the backend in memory is known to tests alone
        assert "MemoryKeyring is not known" in refused(house, house.name)


def status(code: int, **headers: str):  # type: ignore[no-untyped-def]  # an aiohttp handler
    from aiohttp import web

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"error": {"code": "X", "message": f"repeats {VALUE}"}},
            status=code,
            headers={key.replace("_", "-"): value for key, value in headers.items()},
        )

    return answer


@pytest.fixture
def azure() -> Iterator[AzureHouse]:
    with ExitStack() as stack:
        found = AzureHouse(stack)
        found.put(VALUE)
        yield found


def test_azure_answers_the_challenge_once_and_names_versions(azure: AzureHouse) -> None:
    first = azure.provider.fetch(azure.name)
    azure.put(OTHER)
    assert azure.provider.fetch(azure.name).value.reveal() == OTHER
    assert azure.provider.fetch(f"{azure.name}/{first.version}").value.reveal() == VALUE
    assert azure.vault.asked.count(f"/{TENANT}/oauth2/v2.0/token") == 1


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (401, SecretRefused, "does not accept who we are"),
        (403, SecretRefused, "no right"),
        (404, SecretRefused, "no such secret"),
        (400, SecretRefused, "refuses (400)"),
        (500, SecretUnavailable, "out of order"),
        (503, SecretUnavailable, "out of order"),
    ],
)
def test_g3_azure_says_what_each_answer_means(azure: AzureHouse, code: int, kind: type[SecretError], said: str) -> None:
    azure.vault.instead = status(code)
    assert said in refused(azure, azure.name, kind)


def test_g3_azure_that_asks_to_wait_says_how_long(azure: AzureHouse) -> None:
    azure.vault.instead = status(429, Retry_After="37")
    with pytest.raises(SecretUnavailable, match="37 s") as caught:
        azure.provider.fetch(azure.name)
    assert caught.value.retry_after_s == 37.0
    assert len(azure.vault.asked) == 3  # the challenge, the sign-in, and one question


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"enabled": False}, "disabled"),
        ({"exp": 1_000_000_000}, "has expired"),
        ({"nbf": 32_503_680_000}, "not valid yet"),
    ],
)
def test_g3_azure_secrets_that_do_not_count_are_refused(
    azure: AzureHouse, attributes: dict[str, object], said: str
) -> None:
    azure.vault.put("bitfinex", OTHER, **attributes)
    assert said in refused(azure, azure.name)


def test_azure_tells_when_a_secret_will_expire(azure: AzureHouse) -> None:
    azure.vault.put("bitfinex", OTHER, exp=32_503_680_000)
    assert azure.provider.fetch(azure.name).expires_mts == 32_503_680_000_000


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_g4_azure_redirects_are_not_followed(azure: AzureHouse, code: int) -> None:
    azure.vault.instead = status(code, Location="https://elsewhere.test/secrets/bitfinex/")
    assert "sends its callers elsewhere" in refused(azure, azure.name)
    assert azure.vault.elsewhere == []


def test_g4_azure_challenges_for_another_resource_get_no_token(azure: AzureHouse) -> None:
    azure.vault.resource = "https://vault.evil.test"
    assert "sends its callers elsewhere" in refused(azure, azure.name)
    assert not [seen for seen in azure.vault.tokens_seen if azure.vault.token in seen]


def test_g3_azure_sign_ins_that_fail_are_told(azure: AzureHouse) -> None:
    azure.provider = azure.provider_with("wrong" * 5)
    refused(azure, azure.name, SecretError)
    azure.provider = azure.provider_with(CLIENT_SECRET)
    azure.vault.token_answer = (200, {"token_type": "Bearer", "expires_in": 1, "access_token": "stale" + "x" * 20})
    assert "401" in refused(azure, azure.name)


def test_c2_azure_certificates_of_strangers_are_refused(azure: AzureHouse) -> None:
    import trustme

    with trustme.CA().cert_pem.tempfile() as other:
        azure.provider = azure.provider_with(CLIENT_SECRET, other)
        refused(azure, azure.name, SecretUnavailable)
    assert azure.vault.asked == []


def test_g3_azure_answers_that_are_slow_or_huge_are_given_up(azure: AzureHouse) -> None:
    import asyncio

    from aiohttp import web

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()  # longer than any client waits
        return web.Response()

    sent = 0

    async def huge(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 1 << 30:
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    azure.vault.instead = slow
    assert "cannot be asked" in refused(azure, azure.name, SecretUnavailable)
    azure.vault.instead = huge
    assert "cannot be asked" in refused(azure, azure.name, SecretUnavailable)
    assert sent < 64 << 20


@pytest.fixture
def op(tmp_path: Path) -> Iterator[OpHouse]:
    with ExitStack() as stack:
        found = OpHouse(tmp_path, stack)
        found.put(VALUE)
        yield found


@pytest.mark.parametrize(
    ("complaint", "kind", "said"),
    [
        (
            '"Bitfinex": More than one item matches "Bitfinex". Try again and specify',
            SecretRefused,
            "more than one item",
        ),
        ('"x" isn\'t a vault in this account', SecretRefused, "no such vault"),
        ("session expired, sign in to create a new session", SecretUnavailable, "op signin"),
        ("dial tcp: lookup my.1password.com: no such host", SecretUnavailable, "cannot be reached"),
        (f"something else with {VALUE} in it", SecretRefused, "ended with code 1"),
    ],
)
def test_g3_op_says_what_its_complaints_mean(op: OpHouse, complaint: str, kind: type[SecretError], said: str) -> None:
    op.op.say(code=1, stderr=f"[ERROR] 2026/11/28 {complaint}")
    assert said in refused(op, op.name, kind)


def test_g3_op_that_hangs_is_ended_with_its_children(op: OpHouse) -> None:
    op.op.say(hang=True, stderr="waiting for a fingerprint")
    op.provider = OnePasswordSecrets(SystemClock(), 1.0)
    assert "no answer within 1 s" in refused(op, op.name, SecretUnavailable)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(op.op.folder) not in left


def test_g3_op_that_says_too_much_is_ended(op: OpHouse) -> None:
    op.op.say(times=1 << 20)
    assert "longer than" in refused(op, op.name)


def test_g3_op_that_warns_on_the_side_is_believed(op: OpHouse) -> None:
    op.op.say(stderr="[WARN] a new version is there\n")
    assert op.provider.fetch(op.name).value.reveal() == VALUE


def test_e6_op_sees_nothing_of_our_environment_but_its_own(op: OpHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITFINEX_API_SECRET", VALUE)
    monkeypatch.setenv("OP_ACCOUNT", "mine")
    op.provider.fetch(op.name)
    (asked,) = op.op.asked()
    assert asked["words"] == ["read", "--no-newline", f"op://{op.name}"]
    assert VALUE not in str(asked["environment"])
    assert asked["environment"]["OP_ACCOUNT"] == "mine"


def test_op_that_is_not_there_or_cannot_start_is_told(op: OpHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    program = op.op.folder / "op"
    program.write_text("#!/nowhere/at/all\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert "cannot be started" in refused(op, op.name)
    monkeypatch.setenv("PATH", str(op.op.folder.parent))
    assert "not on the PATH" in refused(op, op.name)


@pytest.mark.parametrize(
    ("module", "kind", "name"), [("keyring", "keyring", "a/b"), ("azure.core.exceptions", "azure", "a/b")]
)
def test_a_library_that_is_not_installed_is_told(
    monkeypatch: pytest.MonkeyPatch, module: str, kind: str, name: str
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    provider: SecretProvider = KeyringSecrets() if kind == "keyring" else AzureSecrets(SystemClock())
    with pytest.raises(SecretRefused, match=r"not installed; install genesis-core\[secrets\]"):
        provider.fetch(name)
