"""Who starts a refused session again each minute, as containers do, hears of it once an hour, not each time."""

import logging
from pathlib import Path

import pytest

from genesis.adapters.memory.alerts import MemoryAlerts
from genesis.adapters.memory.clock import ManualClock
from genesis.app.run_watch import AGAIN_S, People, tell
from genesis.ports.errors import InputError

LATCH, KEY = InputError("the kill latch is set (enough)"), InputError("the key can withdraw")


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
    house.refuse(LATCH)
    house.clock.move(AGAIN_S)
    house.refuse(LATCH)
    assert house.told == [f"InputError: {each}" for each in (LATCH, KEY, LATCH, LATCH)]


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


@pytest.mark.parametrize("home", ["gone/and/away", None])
def test_a_directory_that_keeps_nothing_keeps_nobody_from_being_told(home: str | None, tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("a file is no folder")
    memory = MemoryAlerts()
    people = People([memory], logging.WARNING, "a test", None if home is None else tmp_path / home)
    tell(people, LATCH, ManualClock())
    assert len(memory.notices) == 1
