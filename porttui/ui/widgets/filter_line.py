"""The filter input: it applies at every key; an invalid filter keeps the last valid one.

Not Textual's `Input`: that has its own message queue, so a key right after Enter would overtake
the keys before it and act on rows that are not filtered yet.
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
from porttui.text import session as session_text
from porttui.ui.keymap import key_text

_EXAMPLES = (example for example, _ in SYNTAX if " " not in example)
_HINT = f"{'   '.join(_EXAMPLES)}      {session_text.filter_keys(key_text('clear'))}"
_MAX_LENGTH = 200
_SLASH, _HINT_STYLE, _CURSOR = "filter-line--slash", "filter-line--hint", "filter-line--cursor"
_PLAIN = ""


class FilterLine(Widget):
    """One line, visible while open. The application passes it keys; it never has the focus."""

    DEFAULT_CSS = """
    FilterLine { display: none; height: 1; background: $panel; color: $foreground; }
    FilterLine.open { display: block; }
    FilterLine.invalid { color: $text-error; }
    FilterLine > .filter-line--slash { text-style: bold; }
    FilterLine > .filter-line--hint { text-style: dim; }
    FilterLine > .filter-line--cursor { text-style: reverse; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_SLASH, _HINT_STYLE, _CURSOR}

    class Rejected(Message):
        """The text is not a filter; the last valid one stays in force."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._cursor = 0
        self._selected = False
        self._valid_filter = Filter()

    @property
    def is_open(self) -> bool:
        """Whether it takes keys."""
        return self.has_class("open")

    @property
    def is_invalid(self) -> bool:
        """Whether the text is not a filter."""
        return self.has_class("invalid")

    @property
    def valid_filter(self) -> Filter:
        """The last valid filter."""
        return self._valid_filter

    def open(self, row_filter: Filter) -> None:
        """Open with the filter in force selected, so that input replaces it."""
        self._valid_filter = row_filter
        self._edit(row_filter.text, len(row_filter.text))
        self._selected = bool(row_filter)
        self.add_class("open")

    def close(self) -> None:
        """Go away."""
        self.remove_class("open", "invalid")

    def consume_key(self, event: events.Key) -> bool:
        """Handle an editing key; False for any other key."""
        edit = self._EDITS.get(event.key)
        if edit is not None:
            edit(self)
        elif event.is_printable and event.character:
            self.insert(event.character)
        else:
            return False
        return True

    def insert(self, text: str) -> None:
        """Insert the printable characters of the top line of a text."""
        first_line = next(iter(text.splitlines()), "")
        plain = "".join(character for character in first_line if character.isprintable())
        if self._selected:
            self._cut_to_start()
        room = max(0, _MAX_LENGTH - len(self._text))
        before, after = self._text[: self._cursor], self._text[self._cursor :]
        self._edit(before + plain[:room] + after, self._cursor + len(plain[:room]))

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """Render slash, text and cursor; the excess is cut."""
        plain, component_style = self.rich_style, self.get_component_rich_style
        segments = [
            Segment(text, component_style(style) if style else plain)
            for text, style in self._parts()
            if text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _parts(self) -> Sequence[tuple[str, str]]:
        slash, text, cursor = (" /", _SLASH), self._text, self._cursor
        if not text:
            return (slash, (" ", _CURSOR), (f" {_HINT}", _HINT_STYLE))
        if self._selected:
            return (slash, (text, _CURSOR))
        cursor_character = text[cursor : cursor + 1] or " "
        return (
            slash,
            (text[:cursor], _PLAIN),
            (cursor_character, _CURSOR),
            (text[cursor + 1 :], _PLAIN),
        )

    def _edit(self, text: str, cursor: int) -> None:
        self._cursor = max(0, min(cursor, len(text)))
        self._selected = False
        self.refresh()
        if text == self._text:
            return
        self._text = text
        try:
            self._valid_filter = parse_filter(text)
        except FilterError as error:
            self.add_class("invalid")
            self.post_message(self.Rejected(str(error)))
        else:
            self.remove_class("invalid")

    def _accept(self) -> None:
        if not self.is_invalid:
            self.close()

    def _move_to_start(self) -> None:
        self._edit(self._text, 0)

    def _move_to_end(self) -> None:
        self._edit(self._text, len(self._text))

    def _move_left(self) -> None:
        self._edit(self._text, self._cursor - 1)

    def _move_right(self) -> None:
        self._edit(self._text, self._cursor + 1)

    def _cut_left(self) -> None:
        self._cut(self._cursor - 1, self._cursor)

    def _cut_right(self) -> None:
        self._cut(self._cursor, self._cursor + 1)

    def _cut_to_start(self) -> None:
        self._cut(0, self._cursor)

    def _cut_word(self) -> None:
        self._cut(self._text[: self._cursor].rstrip().rfind(" ") + 1, self._cursor)

    def _cut(self, start: int, end: int) -> None:
        if self._selected:
            start, end = 0, len(self._text)
        start = max(0, start)
        self._edit(self._text[:start] + self._text[end:], start)

    _EDITS: ClassVar[dict[str, Callable[[FilterLine], None]]] = {
        "enter": _accept,
        "backspace": _cut_left,
        "delete": _cut_right,
        "left": _move_left,
        "right": _move_right,
        "home": _move_to_start,
        "ctrl+a": _move_to_start,
        "end": _move_to_end,
        "ctrl+e": _move_to_end,
        "ctrl+u": _cut_to_start,
        "ctrl+w": _cut_word,
    }
