"""The one table of keys: bindings, footer, help, command palette and README come from it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from textual.binding import Binding


class Group(StrEnum):
    """The sections of the help."""

    LOOK = "Look around"
    FIND = "Find"
    ACT = "Act on the row under the cursor"
    SESSION = "Session"


class Action(NamedTuple):
    """One thing that a key does."""

    id: str
    """`action_<id>` of the application carries it out; the table's own actions have a dot."""
    keys: tuple[str, ...]
    """In Textual's spelling."""
    label: str
    """For the footer: one or two words."""
    help: str
    """For the help and the README: a sentence."""
    group: Group
    in_footer: bool = False
    spelled: str = ""
    """The keys as people write them, where Textual's spelling is another."""

    @property
    def shown_keys(self) -> str:
        """ "j, down" """
        return self.spelled or ", ".join(self.keys)

    @property
    def footer_key(self) -> str:
        """One of them, for the footer."""
        return self.spelled.partition(",")[0] or self.keys[0]

    @property
    def is_tables(self) -> bool:
        """The focused table has the binding, not the application."""
        return "." in self.id


ACTIONS: tuple[Action, ...] = (
    Action(
        "stop",
        ("x",),
        "Stop",
        "Stop the process: asks first, then proves whether the port is free.",
        Group.ACT,
        in_footer=True,
    ),
    Action(
        "copy",
        ("c",),
        "Copy",
        "Copy the address of the row.",
        Group.ACT,
        in_footer=True,
    ),
    Action(
        "filter",
        ("slash",),
        "Filter",
        "Filter by port, address or word; Enter keeps it, Esc clears it.",
        Group.FIND,
        in_footer=True,
        spelled="/",
    ),
    Action(
        "table.choose",
        ("enter",),
        "Details",
        "Details of the row; the sockets of a range or destination.",
        Group.ACT,
        in_footer=True,
        spelled="Enter",
    ),
    Action(
        "why",
        ("w",),
        "Why",
        "Why is it in use? Each address, who holds it, and the next free port.",
        Group.ACT,
        in_footer=True,
    ),
    Action(
        "reach",
        ("t",),
        "Test",
        "Test the server: connect, and say who accepts, refuses or answers.",
        Group.ACT,
    ),
    Action(
        "copy_as",
        ("C",),
        "Copy as",
        "Copy as a URL, PORT=, or a line for kill, ss or lsof.",
        Group.ACT,
    ),
    Action("browse", ("o",), "Open", "Open the server in a browser.", Group.ACT),
    Action("next_port", ("n",), "Next port", "Copy the next free port.", Group.ACT),
    Action("sort", ("s",), "Sort", "Sort by the next column.", Group.FIND, in_footer=True),
    Action("reverse", ("S",), "Reverse", "Reverse the order.", Group.FIND),
    Action(
        "clear",
        ("escape",),
        "Clear",
        "Clear the filter or message; leave a range.",
        Group.FIND,
        spelled="Esc",
    ),
    Action("pause", ("p",), "Pause", "Pause or resume updates.", Group.SESSION, in_footer=True),
    Action("refresh", ("r",), "Refresh", "Refresh now, even while paused.", Group.SESSION),
    Action("pane(1)", ("1",), "Listening", "The listening pane.", Group.LOOK),
    Action("pane(2)", ("2",), "Loopback", "The loopback connections.", Group.LOOK),
    Action("pane(3)", ("3",), "Ranges", "The port ranges.", Group.LOOK),
    Action("next_pane", ("tab",), "Next pane", "The next pane.", Group.LOOK, spelled="Tab"),
    Action(
        "previous_pane",
        ("shift+tab",),
        "Previous pane",
        "The pane before.",
        Group.LOOK,
        spelled="Shift+Tab",
    ),
    Action("table.down", ("j", "down"), "Down", "One row down.", Group.LOOK, spelled="j, ↓"),
    Action("table.up", ("k", "up"), "Up", "One row up.", Group.LOOK, spelled="k, ↑"),
    Action("table.top", ("g", "home"), "First", "The first row.", Group.LOOK, spelled="g, Home"),
    Action("table.bottom", ("G", "end"), "Last", "The last row.", Group.LOOK, spelled="G, End"),
    Action(
        "table.page-down", ("pagedown",), "Page down", "One page down.", Group.LOOK, spelled="PgDn"
    ),
    Action("table.page-up", ("pageup",), "Page up", "One page up.", Group.LOOK, spelled="PgUp"),
    Action(
        "table.half-page-down",
        ("ctrl+d",),
        "Half a page down",
        "Half a page down.",
        Group.LOOK,
        spelled="Ctrl+D",
    ),
    Action(
        "table.half-page-up",
        ("ctrl+u",),
        "Half a page up",
        "Half a page up.",
        Group.LOOK,
        spelled="Ctrl+U",
    ),
    Action(
        "help",
        ("question_mark", "f1"),
        "Help",
        "These keys, the marks and the filter.",
        Group.SESSION,
        in_footer=True,
        spelled="?",
    ),
    Action(
        "command_palette",
        ("ctrl+p",),
        "Palette",
        "All commands by name, themes and a screenshot.",
        Group.SESSION,
        spelled="Ctrl+P",
    ),
    Action(
        "suspend_process",
        ("ctrl+z",),
        "Suspend",
        "Go back to the shell; fg returns.",
        Group.SESSION,
        spelled="Ctrl+Z",
    ),
    Action("quit", ("q", "ctrl+c"), "Quit", "Quit.", Group.SESSION, in_footer=True, spelled="q"),
)


_TEXTUALS = frozenset({"tab", "shift+tab", "ctrl+c"})
"""Keys that Textual's screens have for themselves: here the application comes first."""


def bindings(actions: Iterable[Action] = ACTIONS) -> list[Binding]:
    """The application's bindings, in the order of the footer; the tables have their own."""
    return [
        Binding(
            key,
            action.id,
            action.label,
            show=action.in_footer and key == action.keys[0],
            id=action.id,
            tooltip=action.help,
            key_display=action.spelled or None,
            priority=key in _TEXTUALS,
        )
        for action in actions
        if not action.is_tables
        for key in action.keys
    ]
