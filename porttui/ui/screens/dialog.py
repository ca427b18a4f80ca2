"""The frame that all dialogs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from porttui.ui.key_order import KeyTaker
from porttui.ui.keymap import DIALOG_KEYS, DialogKey
from porttui.ui.widgets.columns import Tone

T = TypeVar("T")

_LABEL_CELLS = 12
_MOST_CELLS = 90
_FRAME_CELLS = 6
_FRAME_LINES = 3
"""The frame, and the line between the body and the keys."""


class KeyHint(NamedTuple):
    """A key and what it does here."""

    key: str
    words: str


class KeyHints(Widget):
    """Hints in as many lines as they need; none is broken over two lines."""

    DEFAULT_CSS = "KeyHints { height: auto; width: 1fr; margin-top: 1; }"
    GAP = 3

    def __init__(self) -> None:
        super().__init__()
        self._hints: Sequence[KeyHint] = ()

    def show(self, hints: Sequence[KeyHint]) -> None:
        """Show these instead."""
        self._hints = hints
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as it takes."""
        return max(1, len(self._lines(width)))

    def render(self) -> Text:
        """The lines."""
        return Text("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Text]:
        lines: list[Text] = []
        for hint in self._hints:
            words = Text.assemble((hint.key, "bold reverse"), f" {hint.words}")
            if lines and lines[-1].cell_len + self.GAP + words.cell_len <= width:
                lines[-1].append(" " * self.GAP).append_text(words)
            else:
                lines.append(words)
        return lines


class DialogBody(Static):
    """What a dialog says; its component classes are the colours of tones."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"dialog--{tone}" for tone in Tone if tone is not Tone.PLAIN
    }

    DEFAULT_CSS = """
    DialogBody { width: 1fr; height: auto; }
    DialogBody > .dialog--muted { color: $text-muted; }
    DialogBody > .dialog--gone { color: $text-muted; text-style: bold; }
    DialogBody > .dialog--ok { color: $text-success; text-style: bold; }
    DialogBody > .dialog--new { color: $text-success; text-style: bold; }
    DialogBody > .dialog--warning { color: $text-warning; text-style: bold; }
    DialogBody > .dialog--changed { color: $text-warning; text-style: bold; }
    DialogBody > .dialog--error { color: $text-error; text-style: bold; }
    DialogBody > .dialog--accent { color: $text-accent; text-style: bold; }
    """


class Dialog(KeyTaker, ModalScreen[T], Generic[T]):
    """A box in the middle: a title, a body that scrolls, and a line that names every key."""

    # Not in the session's sheet: that is read before the first frame.
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog .dialog {
        width: 90;
        max-width: 96%;
        height: auto;
        max-height: 100%;
        border: round $accent;
        border-title-color: $accent;
        border-title-style: bold;
        background: $surface;
        padding: 0 1;
    }
    Dialog .dialog-scroll { height: auto; scrollbar-size-vertical: 1; }
    """

    NAME: ClassVar[str]
    """Of its keys in the keymap."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._box_title = title
        self._is_up = False
        self._body = DialogBody(markup=False)
        self._scroll = VerticalScroll(classes="dialog-scroll")
        self._hints = KeyHints()

    def compose(self) -> ComposeResult:
        """Title in the frame, body, keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._box_title)
            with self._scroll:
                yield self._body
            yield self._hints

    def on_mount(self) -> None:
        """Fill it."""
        self._is_up = True
        self.draw()

    def draw(self) -> None:
        """Write body and keys anew. Before it is on the screen there is nothing to write on, nor
        after: an answer may come when the dialog is closed."""
        if not self._is_up or not self.is_attached:
            return
        self._body.update(Group(*self.body()))
        self._hints.show(self.hints())
        self._leave_room()

    def on_unmount(self) -> None:
        """There is nothing to write on any more."""
        self._is_up = False

    def show_end(self) -> None:
        """Bring the end of the body into view."""
        self._scroll.scroll_end(animate=False)

    def on_resize(self) -> None:
        """A long body scrolls, so that the keys stay in view."""
        self._leave_room()

    def _leave_room(self) -> None:
        inner = min(_MOST_CELLS, self.size.width) - _FRAME_CELLS
        hints = self._hints.get_content_height(self.size, self.size, inner)
        self._scroll.styles.max_height = max(1, self.size.height - _FRAME_LINES - hints)

    def toned(self, text: str, tone: Tone) -> Text:
        """Text in the theme's colour for `tone`."""
        if tone is Tone.PLAIN:
            return Text(text)
        style = self._body.get_component_rich_style(f"dialog--{tone}")
        return Text(text, style=Style(color=style.color, bold=style.bold))

    @property
    def keys(self) -> Sequence[DialogKey]:
        """Every key of this dialog."""
        return DIALOG_KEYS[self.NAME]

    def hint(self, id: str, words: str = "") -> KeyHint:
        """A key of this dialog, with what the keymap says or with other words."""
        key = next(key for key in self.keys if key.id == id)
        return KeyHint(key.shown_keys, words or key.label)

    def action_close(self) -> None:
        """Close, with no result."""
        self.dismiss(None)

    def body(self) -> Sequence[RenderableType]:
        """What it says, line by line; foreign text only in `Text`, never as markup."""
        raise NotImplementedError

    def hints(self) -> Sequence[KeyHint]:
        """Every key that can be pressed now."""
        raise NotImplementedError


def labelled(label: str, value: str | Text) -> Table:
    """A fact: its label in a column of its own, its value beside it however long it is."""
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=max(_LABEL_CELLS, cell_len(label)), no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(label, style="dim"), value if isinstance(value, Text) else Text(value))
    return line
