"""The frame that all dialogs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

T = TypeVar("T")

_LABEL_CELLS = 12


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


class Dialog(ModalScreen[T], Generic[T]):
    """A box in the middle: a title, a body that scrolls, and a line that names every key."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._box_title = title
        self._body = Static(markup=False, classes="dialog-body")
        self._hints = KeyHints()

    def compose(self) -> ComposeResult:
        """Title in the frame, body, keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._box_title)
            with VerticalScroll(classes="dialog-scroll"):
                yield self._body
            yield self._hints

    def on_mount(self) -> None:
        """Fill it."""
        self.draw()

    def draw(self) -> None:
        """Write body and keys anew."""
        self._body.update(Group(*self.body()))
        self._hints.show(self.hints())

    def body(self) -> Sequence[RenderableType]:
        """What it says, line by line; foreign text only in `Text`, never as markup."""
        raise NotImplementedError

    def hints(self) -> Sequence[KeyHint]:
        """Every key that can be pressed now."""
        raise NotImplementedError


def labelled(label: str, value: str, style: str = "") -> Table:
    """A fact: its label in a column of its own, its value beside it however long it is."""
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=max(_LABEL_CELLS, cell_len(label)), no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(label, style="dim"), Text(value, style=style))
    return line
