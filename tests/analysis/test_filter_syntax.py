"""The one table of the filter's syntax: true, and the same in the README."""

from __future__ import annotations

import pytest

from porttui.analysis.filter import (
    SYNTAX,
    EndpointTerm,
    PortTerm,
    PrefixTerm,
    WordTerm,
    parse_filter,
)
from porttui.model.address import Address
from tests.servers import ROOT

DOCS = ROOT / "docs"
TERMS = {
    "3000": [PortTerm(3000, 3000)],
    "3000-3010": [PortTerm(3000, 3010)],
    "300*": [PrefixTerm("300")],
    "127.0.0.1:3000": [EndpointTerm(Address.parse("127.0.0.1"), 3000)],
    "http://localhost:3000": [EndpointTerm(None, 3000)],
    "word": [WordTerm("word")],
    "3000 node": [PortTerm(3000, 3000), WordTerm("node")],
}


@pytest.mark.parametrize("example", [example for example, _ in SYNTAX])
def test_an_example_is_read_as_it_is_told(example: str) -> None:
    assert list(parse_filter(example).terms) == TERMS[example]


def test_the_documentation_has_the_table() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *DOCS.glob("*.md"))]
    [page] = [page for page in pages if "<!-- filter -->" in page]
    _, _, behind = page.partition("<!-- filter -->\n")
    written, _, _ = behind.partition("\n<!-- /filter -->")
    rows = [f"| `{example}` | {meaning} |" for example, meaning in SYNTAX]
    assert written == "\n".join(["| typed | fits |", "|---|---|", *rows])
