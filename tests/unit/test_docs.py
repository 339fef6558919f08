"""No page leads nowhere: links, their anchors, and the files that pages name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:tests|docs|ops|schemas|examples)/[\w./-]+)`")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual renderers make them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_of_a_page_is_dead(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links {link}"
        assert target.is_relative_to(ROOT), f"{page.name} links {link}, which is not of the checkout"
        assert not anchor or anchor in anchors(target), f"{page.name} links {link}, which has no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    for name in NAMED.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_index_leads_to_a_beginning() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert {"quick-start.md", "concepts.md", "capabilities.md", "operations.md"} <= {
        found[1] for found in LINK.finditer(text)
    }


def test_the_capability_page_says_of_everything_whether_it_works() -> None:
    text = (ROOT / "docs" / "capabilities.md").read_text(encoding="utf-8")
    rows = [
        line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ") and not line.startswith("| **")
    ]
    for name, works, held in rows[1:]:
        assert works.strip() in {"yes", "partly", "no"}, name
        assert held.strip(), name


def test_the_reference_is_made_of_the_docstrings_without_a_warning(tmp_path: Path) -> None:
    from tests.docs.reference import write_reference

    assert write_reference(tmp_path, ["genesis.ports.clock", "genesis.ports.alerts"]) == []
    page = (tmp_path / "genesis" / "ports" / "alerts.html").read_text(encoding="utf-8")
    assert "Telling a person who is not looking" in page


def test_a_module_that_cannot_be_documented_is_a_problem(tmp_path: Path) -> None:
    from tests.docs.reference import write_reference

    (tmp_path / "broken_module.py").write_text("raise RuntimeError('no')\n")
    with pytest.raises(RuntimeError):
        write_reference(tmp_path / "out", [str(tmp_path / "broken_module.py")])
