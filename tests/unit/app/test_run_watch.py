"""Who starts a refused session again each minute, as containers do, hears of it once an hour, not each time."""

import logging
from pathlib import Path

import pytest

from genesis.adapters.memory.alerts import MemoryAlerts
from genesis.adapters.memory.clock import ManualClock
from genesis.app import run_watch
from genesis.app.run_watch import AGAIN_S, MARKS_MAX, People, tell
from genesis.ports.alerts import Notice, Undelivered
from genesis.ports.errors import InputError

LATCH, KEY = InputError("the kill latch is set (enough)"), InputError("the key can withdraw")


class Deaf:
    """A channel that takes nothing."""

    name = "deaf"

    def __init__(self, *, is_final: bool) -> None:
        self.is_final = is_final
        self.tried: list[Notice] = []

    async def deliver(self, notice: Notice) -> None:
        self.tried.append(notice)
        raise Undelivered("answered 404", is_final=self.is_final)


class House:
    """Starts one after another in one data directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.memory = MemoryAlerts()
        self.clock = ManualClock()

    def start(self) -> People:
        return People([self.memory], logging.WARNING, "a test", self.home)

    def refuse(self, error: Exception) -> None:
        tell(self.start(), error, self.clock)

    @property
    def told(self) -> list[str]:
        return [each.text.split("reason=")[1].strip("'") for each in self.memory.notices]


def test_the_same_refusal_is_told_once_an_hour_and_another_one_at_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    for _ in range(3):
        house.refuse(LATCH)
    house.refuse(KEY)
    house.clock.move(AGAIN_S)
    house.refuse(LATCH)
    assert house.told == [f"InputError: {each}" for each in (LATCH, KEY, LATCH)]


def test_after_a_session_that_began_the_same_is_news_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.refuse(LATCH)
    house.start().begin()
    house.refuse(LATCH)
    assert len(house.told) == 2


def test_what_ends_a_run_outside_its_session_is_told_each_time(tmp_path: Path) -> None:
    house = House(tmp_path)
    for _ in range(2):
        people = house.start()
        people.begin()
        tell(people, OSError("no room for the summary"), house.clock)
    assert len(house.told) == 2


def test_numbers_that_are_others_each_time_make_no_other_reason(tmp_path: Path) -> None:
    house = House(tmp_path)
    for skew in ("12.31", "12.36", "12.42"):
        house.refuse(InputError(f"this machine's clock is {skew} s before the exchange's"))
    assert len(house.told) == 1


def test_reasons_that_come_by_turns_are_told_once_an_hour_each(tmp_path: Path) -> None:
    house = House(tmp_path)
    for _ in range(3):
        house.refuse(LATCH)
        house.refuse(KEY)
    assert len(house.told) == 2
    house.clock.move(AGAIN_S)
    house.refuse(KEY)
    house.refuse(KEY)
    assert len(house.told) == 3


def test_what_is_kept_of_reasons_does_not_grow_for_ever(tmp_path: Path) -> None:
    house = House(tmp_path)
    for letter in range(3 * MARKS_MAX):
        house.refuse(InputError(f"no candles of {'x' * letter}"))
    (kept,) = (tmp_path / "alerts").iterdir()
    assert len(kept.read_text().splitlines()) == MARKS_MAX
    house.refuse(InputError(f"no candles of {'x' * (3 * MARKS_MAX - 1)}"))
    assert len(house.told) == 3 * MARKS_MAX


def test_a_directory_that_keeps_nothing_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("a file is no folder")
    house = House(tmp_path / "gone" / "and" / "away")
    house.refuse(LATCH)
    assert len(house.told) == 1


@pytest.mark.parametrize("is_final", [True, False])
def test_an_alert_that_reached_nobody_is_said_on_standard_error_and_is_news_the_next_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, is_final: bool
) -> None:
    monkeypatch.setattr(run_watch, "TELL_S", 0.01)
    deaf, house = Deaf(is_final=is_final), House(tmp_path)
    for _ in range(2):
        tell(People([deaf], logging.WARNING, "a test", tmp_path), LATCH, house.clock)
    line = "genesis: this alert did not arrive (deaf: answered 404): alerts.test tries the channels\n"
    assert capsys.readouterr().err == 2 * line
    assert len(deaf.tried) == 2
    house.refuse(LATCH)
    assert (len(house.told), capsys.readouterr().err) == (1, "")
