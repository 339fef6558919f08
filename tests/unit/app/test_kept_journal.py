"""A journal that Python 3.11 wrote once is replayed by every version that runs the tests: decision by decision (I24).

Two strategies on 48 candles: one in slices with a stop and a take-profit, one scaled by volatility. Where the format of
journals or a decision changes, the file is written anew, and its figures are put in here: `genesis run --config
tests/data/kept-journal.json --data synthetic:3:1 --timeframe 30m --speed max --port 0`, then `VACUUM INTO` and `gzip`.
"""

import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.replay import EVENTS, core_of, first_entry, replay, settings_of
from genesis.domain.journal.encoding import encode

KEPT = Path(__file__).parents[2] / "data" / "journal-python-3.11.sqlite.gz"
DECISIONS = 132
DECISION_HASH = "95ffc4d3738ba97539c51ace33469c48e7dae9cf91f61cf0dd1b762559766021"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The kept journal, unpacked."""
    path = tmp_path / "1.sqlite"
    path.write_bytes(gzip.decompress(KEPT.read_bytes()))
    return path


def hash_of(decisions: list[str]) -> str:
    return sha256("\n".join(decisions).encode()).hexdigest()


def test_i24_a_journal_of_another_python_replays_whole(journal: Path) -> None:
    found = replay(journal)
    assert (found.difference, found.decisions, found.ended) == (None, DECISIONS, "data_ended")
    assert found.equity == "9830.13274111 USD"


def test_i24_its_decisions_are_the_same_to_the_last_letter(journal: Path) -> None:
    rows = read_journal(journal)
    began = first_entry(journal, rows)
    core = core_of(began, settings_of(began))
    recorded, made = list[str](), list[str]()
    for row, entry in rows:
        if row.kind == "decision":
            recorded.append(row.payload)
        elif isinstance(entry, EVENTS):
            made += [encode(decision)[1] for decision in core.handle(entry)]
    assert made == recorded
    assert hash_of(made) == DECISION_HASH
    assert any('"oco_stop":4' in each for each in made), "a stop with its take-profit is among them"
