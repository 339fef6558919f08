"""The walk of a new user through a session of this checkout; `image --check` takes it in the image."""

import json
from pathlib import Path

from tests.e2e.test_run_command import ended, running
from tests.image.walk import AUDITED, logged_in, told


def test_a_new_user_watches_halts_lowers_a_limit_reads_why_kills_and_reads_the_audit(tmp_path: Path) -> None:
    words = ("--data", "synthetic:3:20", "--strategy", "rsi_reversion", "--speed", "3000")
    with running(tmp_path, *words) as (process, url):
        walk = logged_in(url, (tmp_path / "access" / "link").read_text("ascii"))
        walk.shows_its_page()
        walk.trades()
        walk.is_halted_and_goes_on()
        shown = json.loads(ended(tmp_path, "config.show", "--json").stdout)
        walk.refuses_beyond_a_lowered_limit(shown["version"], shown["hash"])
        walk.is_killed()
        process.communicate(timeout=60)
        assert process.returncode == 2
    (journal,) = (tmp_path / "journal").glob("*.sqlite")
    refused = ended(tmp_path, "explain", "--refusals", "--journal", str(journal))
    assert "exposure" in refused.stdout, refused.stdout + refused.stderr
    assert told((tmp_path / "logs" / "config_audit.log").read_text("utf-8")) == AUDITED
    assert ended(tmp_path, "audit.verify").returncode == 0
