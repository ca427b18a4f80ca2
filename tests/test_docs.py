"""README.md and docs/ say what the code says, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from porttui import __version__
from porttui.ui.keymap import ACTIONS
from tests.servers import ROOT
from tests.write_docs import WRITTEN, keys_table, with_part, written

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_from_the_code_is_up_to_date(name: str) -> None:
    page = ROOT / name
    assert page.read_text(encoding="utf-8") == written(page), "run: python -m tests.write_docs"


def test_the_table_has_every_key() -> None:
    table = keys_table()
    for action in ACTIONS:
        assert table.count(f"| {action.help} |") == 1
        for key in action.keys_text.split(", "):
            assert f"`{key}`" in table


def test_a_part_that_is_missing_is_noticed() -> None:
    assert with_part("a\n<!-- b -->\nc\n<!-- /b -->\nd", "b", "e") == (
        "a\n<!-- b -->\ne\n<!-- /b -->\nd"
    )
    with pytest.raises(ValueError, match="no part"):
        with_part("a\n<!-- b -->\nc", "b", "e")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_or_a_heading_leads_there(page: Path) -> None:
    lost = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (heading and heading not in _headings(target)):
            lost.append(link)
    assert lost == []


def _headings(page: Path) -> set[str]:
    """As GitHub turns them into anchors."""
    lines = page.read_text(encoding="utf-8").splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?([^\]\s]+)", changelog, re.MULTILINE)
    assert __version__ in versions[:2]
