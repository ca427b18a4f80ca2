"""The base class of dialogs."""

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

from porttui.ui.key_order import KeyHandler
from porttui.ui.keymap import DIALOG_KEYS, DialogKey
from porttui.ui.widgets.columns import Tone

T = TypeVar("T")

_LABEL_CELLS = 12
_MAX_CELLS = 90
_FRAME_CELLS = 6
_FRAME_LINES = 3
"""The frame, and the line between the body and the keys."""


class KeyHint(NamedTuple):
    """A key and what it does here."""

    key: str
    label: str


class KeyHints(Widget):
    """Key hints, wrapped between hints."""

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
            line = Text.assemble((hint.key, "bold reverse"), f" {hint.label}")
            if lines and lines[-1].cell_len + self.GAP + line.cell_len <= width:
                lines[-1].append(" " * self.GAP).append_text(line)
            else:
                lines.append(line)
        return lines


class DialogBody(Static):
    """The body of a dialog; its component classes are the colours of tones."""

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


class Dialog(KeyHandler, ModalScreen[T], Generic[T]):
    """A centred box with a title, a scrolling body and key hints."""

    # Not in theme.tcss: that is parsed before the first frame.
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
    """The name of its keys in DIALOG_KEYS."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._box_title = title
        self._is_drawable = False
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
        self._is_drawable = True
        self.draw()

    def draw(self) -> None:
        """Update body and hints. Does nothing before mounting and after closing: a worker may end
        later than the dialog."""
        if not self._is_drawable or not self.is_attached:
            return
        self._body.update(Group(*self.body()))
        self._hints.show(self.hints())
        self._limit_body_height()

    def on_unmount(self) -> None:
        """There is nothing to write on any more."""
        self._is_drawable = False

    def show_end(self) -> None:
        """Bring the end of the body into view."""
        self._scroll.scroll_end(animate=False)

    def on_resize(self) -> None:
        """A long body scrolls, so that the keys stay in view."""
        self._limit_body_height()

    def _limit_body_height(self) -> None:
        inner = min(_MAX_CELLS, self.size.width) - _FRAME_CELLS
        hints = self._hints.get_content_height(self.size, self.size, inner)
        self._scroll.styles.max_height = max(1, self.size.height - _FRAME_LINES - hints)

    def style_text(self, text: str, tone: Tone) -> Text:
        """A text in the colour of a tone."""
        if tone is Tone.PLAIN:
            return Text(text)
        style = self._body.get_component_rich_style(f"dialog--{tone}")
        return Text(text, style=Style(color=style.color, bold=style.bold))

    @property
    def keys(self) -> Sequence[DialogKey]:
        """Every key of this dialog."""
        return DIALOG_KEYS[self.NAME]

    def hint(self, id: str, label: str = "") -> KeyHint:
        """The hint of a key of this dialog, with its own label or the given one."""
        key = next(key for key in self.keys if key.id == id)
        return KeyHint(key.keys_text, label or key.label)

    def action_close(self) -> None:
        """Close, with no result."""
        self.dismiss(None)

    def body(self) -> Sequence[RenderableType]:
        """The lines of the body; foreign text only as `Text`, never as markup."""
        raise NotImplementedError

    def hints(self) -> Sequence[KeyHint]:
        """Every key that can be pressed now."""
        raise NotImplementedError


def labelled_line(label: str, value: str | Text) -> Table:
    """A line with a label column and a value that wraps."""
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=max(_LABEL_CELLS, cell_len(label)), no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(label, style="dim"), value if isinstance(value, Text) else Text(value))
    return line
