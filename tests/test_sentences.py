"""What commands print names no key of the session: whoever reads it is at a shell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT

NAMES_A_KEY = re.compile(
    r"(?<![\w'\-.:/%])(?:[b-zB-Z?/]|Enter|Esc|Tab|Ctrl\+\w) [a-z]+s\b"  # "f sends SIGKILL"
    r"|\b(?:[Pp]ress|[Kk]eys?|Enter|Esc|Tab|Ctrl\+(?!C\b))\b"  # Ctrl+C is the terminal's own
)
SESSION = ROOT / "porttui/text/session.py"
"""The session's own text; a contract of import-linter keeps it from the commands."""
COMMANDS = [
    path
    for path in (ROOT / "porttui").rglob("*.py")
    if "ui" not in path.relative_to(ROOT).parts and path != SESSION
]


TEXT = [*(path for path in COMMANDS if "text" in path.relative_to(ROOT).parts), SESSION]
MOST_WORDS = 20


def sentences(path: Path) -> Iterator[str]:
    """All text in a module but its docstrings, with a blank for each value that is put in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(_text(part) or "\0" for part in node.values)
        elif id(node) not in docstrings:
            yield _text(node)


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_outside_the_session_names_a_key(path: Path) -> None:
    assert [said for said in sentences(path) if NAMES_A_KEY.search(said)] == []


@pytest.mark.parametrize(
    "said",
    ["It is still running. f sends SIGKILL.", "\0: x stops it", "Enter confirms", "press y"],
)
def test_a_key_would_be_noticed(said: str) -> None:
    assert NAMES_A_KEY.search(said)


def test_the_room_of_sentences_is_among_those_that_commands_print() -> None:
    assert {path.name for path in TEXT} >= {"stop.py", "diagnosis.py", "probe.py", "forecast.py"}


@pytest.mark.parametrize("path", TEXT, ids=lambda path: path.name)
def test_no_sentence_is_long(path: Path) -> None:
    clauses = [each for said in sentences(path) for each in re.split(r"[.;:](?=\s|$)", said)]
    assert [each for each in clauses if len(each.split()) > MOST_WORDS] == []
