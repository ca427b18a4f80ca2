"""Where the filter is typed: it applies with every key, and a bad one keeps the last good rows.

No `Input`: that has a queue of its own, so a key typed right after Enter would overtake what was
typed before it, and act on rows that are not filtered yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.filter import SYNTAX, Filter, FilterError, parse_filter

_EXAMPLES = (example for example, _ in SYNTAX if " " not in example)
_HINT = f"{'   '.join(_EXAMPLES)}      Enter keeps it, Esc clears it"
_LONGEST = 200
_SLASH, _HINT_STYLE, _CURSOR = "filter-line--slash", "filter-line--hint", "filter-line--cursor"
_PLAIN = ""


class FilterLine(Widget):
    """One line, there only while it is open. It is handed keys; it never has the focus."""

    DEFAULT_CSS = """
    FilterLine { display: none; height: 1; background: $panel; color: $foreground; }
    FilterLine.open { display: block; }
    FilterLine.bad { color: $text-error; }
    FilterLine > .filter-line--slash { text-style: bold; }
    FilterLine > .filter-line--hint { text-style: dim; }
    FilterLine > .filter-line--cursor { text-style: reverse; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_SLASH, _HINT_STYLE, _CURSOR}

    class Rejected(Message):
        """What stands there is no filter; the last good one stays in force."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self) -> None:
        super().__init__()
        self._typed = ""
        self._cursor = 0
        self._selected = False
        self._good = Filter()

    @property
    def is_open(self) -> bool:
        """Whether keys are typed into it."""
        return self.has_class("open")

    @property
    def is_bad(self) -> bool:
        """Whether what stands there is no filter."""
        return self.has_class("bad")

    @property
    def good(self) -> Filter:
        """The last filter that could be understood."""
        return self._good

    def open(self, wanted: Filter) -> None:
        """Begin to type. The filter in force stands there, selected: typing replaces it."""
        self._good = wanted
        self._edit(wanted.text, len(wanted.text))
        self._selected = bool(wanted)
        self.add_class("open")

    def close(self) -> None:
        """Go away."""
        self.remove_class("open", "bad")

    def press(self, event: events.Key) -> bool:
        """Take a key; False when it is none for typing and editing."""
        edit = self._EDITS.get(event.key)
        if edit is not None:
            edit(self)
        elif event.is_printable and event.character:
            self.insert(event.character)
        else:
            return False
        return True

    def insert(self, text: str) -> None:
        """Write at the cursor; of a pasted text the first line, without controls."""
        first = next(iter(text.splitlines()), "")
        plain = "".join(character for character in first if character.isprintable())
        if self._selected:
            self._cut_to_start()
        room = max(0, _LONGEST - len(self._typed))
        before, after = self._typed[: self._cursor], self._typed[self._cursor :]
        self._edit(before + plain[:room] + after, self._cursor + len(plain[:room]))

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """The slash, what was typed, and the cursor; what does not fit is cut."""
        plain, find = self.rich_style, self.get_component_rich_style
        segments = [
            Segment(text, find(style) if style else plain) for text, style in self._parts() if text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _parts(self) -> Sequence[tuple[str, str]]:
        slash, typed, at = (" /", _SLASH), self._typed, self._cursor
        if not typed:
            return (slash, (" ", _CURSOR), (f" {_HINT}", _HINT_STYLE))
        if self._selected:
            return (slash, (typed, _CURSOR))
        under = typed[at : at + 1] or " "
        return (slash, (typed[:at], _PLAIN), (under, _CURSOR), (typed[at + 1 :], _PLAIN))

    def _edit(self, typed: str, cursor: int) -> None:
        self._cursor = max(0, min(cursor, len(typed)))
        self._selected = False
        self.refresh()
        if typed == self._typed:
            return
        self._typed = typed
        try:
            self._good = parse_filter(typed)
        except FilterError as error:
            self.add_class("bad")
            self.post_message(self.Rejected(str(error)))
        else:
            self.remove_class("bad")

    def _keep(self) -> None:
        if not self.is_bad:
            self.close()

    def _to_start(self) -> None:
        self._edit(self._typed, 0)

    def _to_end(self) -> None:
        self._edit(self._typed, len(self._typed))

    def _left(self) -> None:
        self._edit(self._typed, self._cursor - 1)

    def _right(self) -> None:
        self._edit(self._typed, self._cursor + 1)

    def _cut_left(self) -> None:
        self._cut(self._cursor - 1, self._cursor)

    def _cut_right(self) -> None:
        self._cut(self._cursor, self._cursor + 1)

    def _cut_to_start(self) -> None:
        self._cut(0, self._cursor)

    def _cut_word(self) -> None:
        self._cut(self._typed[: self._cursor].rstrip().rfind(" ") + 1, self._cursor)

    def _cut(self, start: int, end: int) -> None:
        if self._selected:
            start, end = 0, len(self._typed)
        start = max(0, start)
        self._edit(self._typed[:start] + self._typed[end:], start)

    _EDITS: ClassVar[dict[str, Callable[[FilterLine], None]]] = {
        "enter": _keep,
        "backspace": _cut_left,
        "delete": _cut_right,
        "left": _left,
        "right": _right,
        "home": _to_start,
        "ctrl+a": _to_start,
        "end": _to_end,
        "ctrl+e": _to_end,
        "ctrl+u": _cut_to_start,
        "ctrl+w": _cut_word,
    }
