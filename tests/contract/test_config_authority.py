"""One door to the configuration: nothing counts before it is audited, nobody's work is lost, nobody slips by."""

import asyncio
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries, verify_file
from genesis.adapters.audit_witness import WitnessFile
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.config_authority import Applied, ConfigAuthority, Invalid
from genesis.app.config_file import ConfigFile
from genesis.app.config_watch import ConfigWatch
from genesis.domain.audit import ChainHead
from genesis.domain.config_change import Stale, Unchanged, Unconfirmed
from genesis.domain.config_history import DEFAULT, document_hash
from genesis.domain.json_value import JsonObject
from genesis.ports.errors import InputError, StoreError, StoreFull

FIRST: JsonObject = {"dry_run": True, "max_daily_loss": 250, "fees": {"fee_bps": 20}}


class House:
    """A data directory with a clock, and as many authorities over it as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.monitor = MemoryMonitor(self.clock, MemoryMetrics(), version="0", mode="paper")

    @property
    def log_path(self) -> Path:
        return self.folder / "logs" / "config_audit.log"

    @property
    def file(self) -> Path:
        return self.folder / "config" / "current.json"

    def log(
        self, *, write: Callable[[int, bytes], int] = os.write, fsync: Callable[[int], None] = os.fsync
    ) -> AuditFile:
        witness = WitnessFile(self.folder / "audit" / "witness")
        return AuditFile(self.log_path, self.clock, self.monitor, witness, write=write, fsync=fsync)

    def authority(self, log: AuditFile | None = None) -> ConfigAuthority:
        found = ConfigAuthority(log or self.log(), ConfigFile(self.file), self.clock, self.monitor)
        found.open()
        return found

    def alarms(self) -> list[str]:
        return [note.name for note in self.monitor.dashboard().notes if note.severity != "info"]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def applied(authority: ConfigAuthority, document: JsonObject, *, confirm: str = "") -> Applied:
    number = authority.current().number
    result = await authority.apply(document, number, who="ann", reason="test", confirmation=confirm)
    assert isinstance(result, Applied), result
    return result


async def test_before_anything_a_dry_run_holds_and_no_file_is_made(house: House) -> None:
    authority = house.authority()
    assert (authority.current().number, authority.current().document) == (0, DEFAULT)
    assert authority.config().dry_run
    assert not house.file.exists()


async def test_a_version_is_in_force_audited_and_written_for_people(house: House) -> None:
    authority = house.authority()
    result = await applied(authority, FIRST)
    assert (result.version.number, result.version.hash) == (1, document_hash(FIRST))
    assert authority.config().max_daily_loss == 25_000_000_000
    (entry,) = read_entries(house.log_path)
    assert isinstance(entry.entry, dict)
    assert {key: entry.entry[key] for key in ("action", "version", "who", "reason", "document")} == {
        "action": "config.apply",
        "version": 1,
        "who": "ann",
        "reason": "test",
        "document": FIRST,
    }
    assert json.loads(house.file.read_text()) == FIRST


async def test_versions_outlive_restarts(house: House) -> None:
    await applied(house.authority(), FIRST)
    await applied(house.authority(), {**FIRST, "max_daily_loss": 100})
    again = house.authority()
    assert [version.number for version in again.history()] == [0, 1, 2]
    assert again.current().document["max_daily_loss"] == 100
    assert [version.document for version in again.history()[:2]] == [DEFAULT, FIRST]


async def test_i27_no_subscriber_hears_of_a_version_before_its_line_is_durable(house: House) -> None:
    synced: list[bytes] = []

    def fsync(fd: int) -> None:
        os.fsync(fd)
        synced.append(house.log_path.read_bytes())

    log = house.log(fsync=fsync)
    authority = house.authority(log)
    told: list[tuple[int, bool]] = []

    def hook(version: Applied) -> None:
        told.append((version.version.number, version.version.hash.encode() in synced[-1]))

    leave = authority.subscribe(hook)
    await applied(authority, FIRST)
    await applied(authority, {**FIRST, "max_daily_loss": 10})
    leave()
    await applied(authority, {**FIRST, "max_daily_loss": 9})
    assert told == [(1, True), (2, True)]


async def test_a16_i28_a_change_that_the_disk_refuses_had_no_effect_and_the_next_works(house: House) -> None:
    is_full = True

    def write(fd: int, raw: bytes) -> int:
        if is_full:
            os.write(fd, raw[:30])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, raw)

    authority = house.authority(house.log(write=write))
    told: list[int] = []
    authority.subscribe(lambda version: told.append(version.version.number))
    with pytest.raises(StoreFull, match="make room"):
        await applied(authority, FIRST)
    assert (authority.current().number, told, house.file.exists()) == (0, [], False)
    is_full = False
    await applied(authority, FIRST)
    assert told == [1]
    assert house.authority().current().document == FIRST


async def test_e2_the_loser_of_two_editors_gets_what_the_other_did_and_what_is_left_of_its_own(house: House) -> None:
    ann, bob = house.authority(), house.authority()
    await applied(ann, FIRST)
    result = await bob.apply({"dry_run": True, "max_daily_loss": 99}, 0, who="bob", reason="lower")
    assert isinstance(result, Stale)
    assert result.current.number == 1
    assert result.theirs is not None
    assert [change.path for change in result.theirs] == ["$.fees", "$.max_daily_loss"]
    assert [(change.path, change.old, change.new) for change in result.yours] == [
        ("$.fees", {"fee_bps": 20}, None),
        ("$.max_daily_loss", 250, 99),
    ]
    assert bob.current().number == 1  # it knows by now


async def test_e2_a_version_of_another_history_is_stale_though_its_number_fits(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    result = await authority.apply(DEFAULT, 1, who="ann", reason="x", expected_hash="0" * 64)
    assert isinstance(result, Stale)
    assert result.theirs is None
    assert isinstance(await authority.apply(DEFAULT, 7, who="ann", reason="x"), Stale)


async def test_e2_tasks_that_race_lose_no_update(house: House) -> None:
    authorities = [house.authority() for _ in range(4)]
    stale = 0

    async def count_up(authority: ConfigAuthority) -> None:
        nonlocal stale
        done = 0
        while done < 5:
            now = authority.current()
            seen = now.document.get("x-count", 0)
            assert isinstance(seen, int)
            result = await authority.apply({**now.document, "x-count": seen + 1}, now.number, who="t", reason="up")
            done += isinstance(result, Applied)
            stale += isinstance(result, Stale)

    await asyncio.gather(*map(count_up, authorities))
    assert house.authority().current().document["x-count"] == 20
    assert house.authority().current().number == 20
    assert stale > 0


RACE = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_config_authority import Applied, House
async def main():
    authority, done, stale = House(Path(sys.argv[1])).authority(), 0, 0
    while done < 15:
        now = authority.current()
        document = {**now.document, "x-count": now.document.get("x-count", 0) + 1}
        result = await authority.apply(document, now.number, who=sys.argv[2], reason="up")
        if isinstance(result, Applied):
            done += 1
        else:
            stale += 1
            assert result.theirs and result.current.number > now.number
    print(stale)
asyncio.run(main())
"""


def test_e2_processes_that_race_lose_no_update(house: House) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", RACE, str(house.folder)]
    racing = [
        subprocess.Popen([*command, name], env=environment, cwd=root, stdout=subprocess.PIPE)
        for name in ("a", "b", "c")
    ]
    ends = [(process.communicate()[0], process.returncode) for process in racing]
    assert [code for _, code in ends] == [0, 0, 0]
    history = house.authority().history()
    assert [version.document.get("x-count", 0) for version in history] == list(range(46))
    assert {version.who for version in history[1:]} == {"a", "b", "c"}
    assert verify_file(house.log_path) == ChainHead(45, read_head(house))


def read_head(house: House) -> str:
    last = json.loads(house.log_path.read_text().splitlines()[-1])
    return str(last["hash"])


async def test_what_is_in_force_already_makes_no_version(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    same: JsonObject = {"fees": {"fee_bps": Decimal("20.0")}, "max_daily_loss": Decimal("250.00"), "dry_run": True}
    assert isinstance(await authority.apply(same, 1, who="ann", reason="again"), Unchanged)
    assert len(read_entries(house.log_path)) == 1


async def test_an_invalid_document_is_refused_with_everything_and_leaves_no_trace(house: House) -> None:
    authority = house.authority()
    result = await authority.apply({"fees": {"fee_bps": -1}}, 0, who="ann", reason="x")
    assert isinstance(result, Invalid)
    assert [problem.path for problem in result.problems] == ["$.dry_run", "$.fees.fee_bps"]
    assert not house.log_path.exists() or not house.log_path.read_bytes()


@pytest.mark.parametrize(
    ("who", "reason", "said"), [("", "x", "who is"), ("ann", " \n", "reason is"), ("ann", "x" * 1001, "1000")]
)
async def test_a_change_says_who_and_why(house: House, who: str, reason: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        await house.authority().apply(FIRST, 0, who=who, reason=reason)


async def test_e5_a_limit_raised_tenfold_waits_for_a_typed_phrase_and_a_cool_off(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    raised = {**FIRST, "max_daily_loss": 250_000}
    phrase = "raise $.max_daily_loss from 250 to 250000"

    async def attempt(confirmation: str, through: ConfigAuthority = authority) -> object:
        return await through.apply(raised, 1, who="ann", reason="more", confirmation=confirmation)

    first = await attempt(phrase)  # whoever knows the phrase by heart waits as well
    assert isinstance(first, Unconfirmed)
    assert (first.phrase, first.ready_mts - house.clock.now()) == (phrase, 60_000)
    house.clock.move(59.9)
    assert isinstance(await attempt(phrase), Unconfirmed)
    house.clock.move(0.2)
    wrong = await attempt("raise it")
    assert isinstance(wrong, Unconfirmed)
    assert wrong.is_wrong
    assert authority.current().number == 1
    other = house.authority()  # another process may confirm, for the log knows since when
    assert isinstance(await attempt(phrase, other), Applied)
    assert authority.diff(raised).phrase == phrase
    assert [entry.entry["action"] for entry in read_entries(house.log_path) if isinstance(entry.entry, dict)] == [
        "config.apply",
        "config.propose",
        "config.apply",
    ]


async def test_e5_a_clock_that_is_set_forward_shortens_no_cool_off_of_this_process(house: House) -> None:
    authority = house.authority()
    live: JsonObject = {"dry_run": False}
    await authority.apply(live, 0, who="ann", reason="go")
    house.clock.step_wall(120)
    phrase = authority.diff(live).phrase
    result = await authority.apply(live, 0, who="ann", reason="go", confirmation=phrase)
    assert isinstance(result, Unconfirmed)
    house.clock.move(61)
    assert isinstance(await authority.apply(live, 0, who="ann", reason="go", confirmation=phrase), Applied)


async def test_e5_a_proposal_ends_with_the_version_it_was_made_on_with_an_hour_and_with_a_clock_set_back(
    house: House,
) -> None:
    authority = house.authority()
    live: JsonObject = {"dry_run": False}
    phrase = authority.diff(live).phrase

    async def attempt(number: int) -> object:
        return await authority.apply(live, number, who="ann", reason="go", confirmation=phrase)

    await attempt(0)
    house.clock.move(3_601)
    assert isinstance(await attempt(0), Unconfirmed)  # made anew
    house.clock.step_wall(-7_200)
    assert isinstance(await attempt(0), Unconfirmed)
    house.clock.move(61)
    await applied(authority, {**DEFAULT, "x-note": 1})
    assert isinstance(await attempt(1), Unconfirmed)


async def test_a_rollback_is_a_new_version_under_the_same_rules(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    await applied(authority, {**FIRST, "max_daily_loss": 5})
    result = await authority.rollback(1, 2, who="ann", reason="too low")
    assert isinstance(result, Unconfirmed)  # 5 to 250 is fifty times as much
    house.clock.move(61)
    result = await authority.rollback(1, 2, who="ann", reason="too low", confirmation=result.phrase)
    assert isinstance(result, Applied)
    assert (result.version.number, result.version.rolled_back_to) == (3, 1)
    assert result.version.document == FIRST
    assert isinstance(await authority.rollback(1, 2, who="ann", reason="late"), Stale)
    with pytest.raises(InputError, match="no version 9: versions run from 0 to 3"):
        await authority.rollback(9, 3, who="ann", reason="x")
    assert house.authority().current().rolled_back_to == 1


async def test_what_waits_for_a_restart_does_not_count_in_the_running_process(house: House) -> None:
    await applied(house.authority(), FIRST)
    authority = house.authority()
    told: list[Applied] = []
    authority.subscribe(told.append)
    await applied(authority, {**FIRST, "risk": {"max_positions": 2}, "fees": {"fee_bps": 7}})
    assert told[0].waiting == ["$.fees.fee_bps"]
    assert told[0].running.risk.max_positions == 2
    assert (str(told[0].running.fees.fee_bps), str(told[0].config.fees.fee_bps)) == ("20", "7")
    assert authority.running() == told[0].running
    assert house.authority().running().fees.fee_bps == 7


async def test_i15_a_limit_that_another_process_lowers_reaches_the_subscribers(house: House) -> None:
    running, other = house.authority(), house.authority()
    told: list[int] = []
    running.subscribe(lambda version: told.append(version.version.number))
    watching = asyncio.create_task(ConfigWatch(running, house.clock, house.monitor).run())
    await applied(other, FIRST)
    await applied(other, {**FIRST, "risk": {"max_exposure": 1}})
    async with asyncio.timeout(
        60
    ):  # the watch reads in threads of its own: how long that takes is the machine's business
        while len(told) < 2:
            await house.clock.advance(1)
            await asyncio.to_thread(lambda: None)
    watching.cancel()
    assert told == [1, 2]
    assert running.running().risk.max_exposure == 100_000_000


@pytest.mark.parametrize("edit", ['{"dry_run": false}', "not json", '{"dry_run": true, "dry_run": false}', ""])
async def test_e3_a_file_edited_by_hand_is_put_back_kept_aside_and_told(house: House, edit: str) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    for number in (1, 2):
        house.file.write_text(edit)
        await authority.check_file()
        assert json.loads(house.file.read_text()) == FIRST
        assert house.file.with_name(f"current.json.edited-{number}").read_text() == edit
    assert house.alarms() == ["config.drift", "config.drift"]
    assert authority.current().number == 1


async def test_e3_a_file_that_says_the_same_in_other_words_is_no_drift(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    text = '{"fees":{"fee_bps":20.00},"max_daily_loss":2.5e2,"dry_run":true}'
    house.file.write_text(text)
    await authority.check_file()
    assert house.file.read_text() == text
    assert house.alarms() == []


async def test_e3_an_edit_of_the_file_that_a_session_began_with_is_told_once(house: House) -> None:
    source = house.folder / "mine.json"
    source.write_text(json.dumps(FIRST))
    authority = house.authority()
    await applied(authority, FIRST)
    watch = ConfigWatch(authority, house.clock, house.monitor, source)
    watch._look_at_source()
    assert house.alarms() == []
    source.write_text('{"dry_run": false}')
    for _ in range(3):
        watch._look_at_source()
    assert house.alarms() == ["config.drift"]
    assert authority.config().dry_run


async def test_e3_an_edit_that_goes_back_to_an_earlier_version_is_told(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    earlier = house.file.read_text()
    await applied(authority, {**FIRST, "max_daily_loss": 100})
    house.file.write_text(earlier)
    await authority.check_file()
    assert json.loads(house.file.read_text())["max_daily_loss"] == 100
    assert house.alarms() == ["config.drift"]
    await authority.check_file()
    assert house.alarms() == ["config.drift"]


async def test_what_several_authorities_of_a_process_take_in_is_noted_once(house: House) -> None:
    one = house.authority()
    other = ConfigAuthority(house.log(), ConfigFile(house.file), house.clock, house.monitor, announces=False)
    other.open()
    await applied(other, FIRST)
    await one.refresh()
    assert [note.name for note in house.monitor.dashboard().notes] == ["config.applied"]


async def test_a_deleted_or_older_file_is_made_again_without_an_alarm(house: House) -> None:
    authority = house.authority()
    await applied(authority, FIRST)
    first = house.file.read_text()
    await applied(authority, {**FIRST, "max_daily_loss": 1})
    second = house.file.read_text()
    for broken in (None, first):  # the older one is what a crash between the log and the file leaves
        house.file.unlink()
        if broken is not None:
            house.file.write_text(broken)
        house.authority()
        assert house.file.read_text() == second
    assert house.alarms() == []


async def test_nobody_forges_a_change_through_the_door_for_notes(house: House) -> None:
    for action in ("config.apply", "config.propose", "config.anything"):
        with pytest.raises(InputError, match="apply one instead"):
            await house.log().append({"action": action, "version": 1, "document": {"dry_run": False}})
    await house.log().append({"action": "kill.reset"})
    assert house.authority().current().number == 0


async def test_e9_a_log_of_a_newer_genesis_is_left_alone(house: House) -> None:
    await applied(house.authority(), FIRST)
    version = house.authority().current()
    body: JsonObject = {
        "action": "config.apply",
        "format": 2,
        "version": 2,
        "hash": "?",
        "previous_hash": version.hash,
        "document": {},
    }
    house.log().transact(0, lambda _: body)
    before = house.log_path.read_bytes()
    with pytest.raises(StoreError, match=r"line 2 has format 2, this Genesis knows 1; use the newer one"):
        house.authority()
    assert house.log_path.read_bytes() == before


async def test_e9_a_version_that_this_genesis_does_not_accept_leaves_the_running_one(house: House) -> None:
    running = house.authority()
    await applied(running, FIRST)
    told: list[int] = []
    running.subscribe(lambda version: told.append(version.version.number))
    newer: JsonObject = {"dry_run": True, "a_field_of_tomorrow": 1}
    body: JsonObject = {
        "action": "config.apply",
        "format": 1,
        "version": 2,
        "hash": document_hash(newer),
        "previous_hash": running.current().hash,
        "rolled_back_to": None,
        "who": "new",
        "reason": "r",
        "document": newer,
    }
    house.log().transact(0, lambda _: body)
    await running.refresh()
    assert told == []
    assert house.alarms() == ["config.not_accepted"]


async def test_a_config_of_the_largest_size_is_audited_and_read_again(house: House) -> None:
    deep: object = 1
    for _ in range(29):
        deep = [deep]
    document: JsonObject = {"dry_run": True, "x-deep": deep, "x-wide": ["é"] * 9_900}  # type: ignore[dict-item]  # nested
    await applied(house.authority(), document)
    assert house.authority().current().document == document
