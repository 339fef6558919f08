"""The progress bar shows itself late, on a terminal, on stderr alone."""

import sys

import pytest

from genesis.app.progress import Bar, progress


def test_short_work_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar("reading", patience_s=1.0, now=iter([0.0, 0.5, 0.9]).__next__)
    bar.show(1, 3)
    bar.show(2, 3)
    bar.close()
    assert capsys.readouterr() == ("", "")


def test_long_work_draws_on_stderr_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    bar = Bar("reading prices", patience_s=1.0, now=iter([0.0, 2.0]).__next__)
    bar.show(1, 3)
    bar.show(3, 3)
    bar.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert "reading prices" in err


def test_without_a_terminal_nothing_is_drawn_however_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    with progress("reading") as show:
        for done in range(1000):
            show(done, 1000)
    assert capsys.readouterr() == ("", "")
