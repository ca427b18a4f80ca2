"""Writes what README.md and docs/ take from the code: `python -m tests.write_docs`.

The text between `<!-- NAME -->` and `<!-- /NAME -->` is replaced. tests/test_docs.py compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from porttui.analysis.filter import SYNTAX
from porttui.text.rows import LEGEND
from porttui.ui.keymap import ACTIONS, DIALOG_KEYS, Action, Group
from tests.bench.bars import BARS
from tests.servers import ROOT


def keys_table() -> str:
    """Every key of the main screen, by group."""
    lines = ["| key | does |", "|---|---|"]
    for group in Group:
        lines.append(f"| **{group}** | |")
        lines += [f"| {_keys(each)} | {each.help} |" for each in ACTIONS if each.group is group]
    return "\n".join(lines)


def names_table() -> str:
    """Every action with its name in the command palette and its keys in Textual's spelling."""
    lines = ["| name | key names | in the footer |", "|---|---|---|"]
    for action in ACTIONS:
        names = " ".join(f"`{key}`" for key in action.keys)
        lines.append(f"| {action.label} | {names} | {'yes' if action.in_footer else ''} |")
    return "\n".join(lines)


def dialogs_table() -> str:
    """Every key of the dialogs that they name on their last line."""
    lines = ["| dialog | key | does |", "|---|---|---|"]
    for dialog, keys in DIALOG_KEYS.items():
        lines += [f"| {dialog} | `{key.keys_text}` | {key.label} |" for key in keys if key.label]
    return "\n".join(lines)


def marks_table() -> str:
    """The marks in front of a row, and the arrows."""
    return "\n".join(["| mark | means |", "|---|---|", *_rows(LEGEND)])


def filter_table() -> str:
    """What can be typed behind `/`."""
    return "\n".join(["| typed | fits |", "|---|---|", *_rows(SYNTAX)])


def bars_table() -> str:
    """What porttui may take at most."""
    rows = (f"| {bar.what} | {bar} |" for bar in BARS)
    return "\n".join(["| what | bar |", "|---|---|", *rows])


def _rows(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"| `{sign}` | {meaning} |" for sign, meaning in pairs)


def _keys(action: Action) -> str:
    return " ".join(f"`{key}`" for key in action.keys_text.split(", ")).replace("`|`", "`\\|`")


WRITTEN: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"keys": keys_table},
    "docs/keys.md": {
        "names": names_table,
        "dialogs": dialogs_table,
        "marks": marks_table,
        "filter": filter_table,
    },
    "docs/speed.md": {"bars": bars_table},
}
"""For each file the parts that are written, and what writes each."""


def with_part(text: str, name: str, part: str) -> str:
    """The text with another part `name`.

    Raises:
        ValueError: there is no such part.
    """
    begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the text has no part {begin.strip()} ... {end.strip()}")
    return f"{before}{begin}{part}{end}{after}"


def written(path: Path) -> str:
    """What is to be in the file."""
    text = path.read_text(encoding="utf-8")
    for name, write in WRITTEN[path.relative_to(ROOT).as_posix()].items():
        text = with_part(text, name, write())
    return text


if __name__ == "__main__":
    for each in WRITTEN:
        (ROOT / each).write_text(written(ROOT / each), encoding="utf-8")
