"""Textual's command palette with a fix for page keys."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import CommandList, CommandPalette


class Palette(CommandPalette):
    """In Textual 8.2.8 a page key ends the application with a KeyError while the list of commands
    is not laid out yet, as it is after each letter that is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page_down", "Next page", show=False),
        Binding("pageup", "page_up", "Previous page", show=False),
    ]

    def action_page_down(self) -> None:
        """A page down in the list."""
        with suppress(KeyError, IndexError):
            self.query_one(CommandList).action_page_down()  # type: ignore[no-untyped-call]

    def action_page_up(self) -> None:
        """A page up in the list."""
        with suppress(KeyError, IndexError):
            self.query_one(CommandList).action_page_up()  # type: ignore[no-untyped-call]
