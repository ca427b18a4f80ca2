"""The table of keys: source of bindings, footer, help, palette and docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from textual.binding import Binding, BindingType


class Group(StrEnum):
    """The sections of the help."""

    LOOK = "Look around"
    FIND = "Find"
    ACT = "Act on the row under the cursor"
    SESSION = "Session"


class Action(NamedTuple):
    """One thing that a key does."""

    id: str
    """`action_<id>` of the application carries it out, unless it is the table's."""
    keys: tuple[str, ...]
    """In Textual's spelling."""
    label: str
    """For the footer: one or two words."""
    help: str
    """For the help and the README: a sentence."""
    group: Group
    in_footer: bool = False
    key_display: str = ""
    """The keys as people write them, where Textual's spelling is another."""
    table_action: str = ""
    """The action of the focused table that carries it out."""

    @property
    def keys_text(self) -> str:
        """ "j, down" """
        return self.key_display or ", ".join(self.keys)

    @property
    def footer_key(self) -> str:
        """One of them, for the footer."""
        return self.key_display.partition(",")[0] or self.keys[0]

    @property
    def is_table_action(self) -> bool:
        """The focused table has the binding, not the application."""
        return bool(self.table_action)


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
        key_display="/",
    ),
    Action(
        "table.choose",
        ("enter",),
        "Details",
        "Details of the row; the sockets of a range or destination.",
        Group.ACT,
        in_footer=True,
        key_display="Enter",
        table_action="choose",
    ),
    Action(
        "diagnose",
        ("w",),
        "Why",
        "Why is it in use? Each address, who holds it, and the next free port.",
        Group.ACT,
        in_footer=True,
    ),
    Action(
        "probe",
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
        key_display="Esc",
    ),
    Action("pause", ("p",), "Pause", "Pause or resume updates.", Group.SESSION, in_footer=True),
    Action("refresh", ("r",), "Refresh", "Refresh now, even while paused.", Group.SESSION),
    Action("pane(1)", ("1",), "Listening", "The listening pane.", Group.LOOK),
    Action("pane(2)", ("2",), "Loopback", "The loopback connections.", Group.LOOK),
    Action("pane(3)", ("3",), "Ranges", "The port ranges.", Group.LOOK),
    Action("next_pane", ("tab",), "Next pane", "The next pane.", Group.LOOK, key_display="Tab"),
    Action(
        "previous_pane",
        ("shift+tab",),
        "Previous pane",
        "The pane before.",
        Group.LOOK,
        key_display="Shift+Tab",
    ),
    Action(
        "table.down",
        ("j", "down"),
        "Down",
        "One row down.",
        Group.LOOK,
        key_display="j, ↓",
        table_action="step(1)",
    ),
    Action(
        "table.up",
        ("k", "up"),
        "Up",
        "One row up.",
        Group.LOOK,
        key_display="k, ↑",
        table_action="step(-1)",
    ),
    Action(
        "table.top",
        ("g", "home"),
        "First",
        "The first row.",
        Group.LOOK,
        key_display="g, Home",
        table_action="edge('top')",
    ),
    Action(
        "table.bottom",
        ("G", "end"),
        "Last",
        "The last row.",
        Group.LOOK,
        key_display="G, End",
        table_action="edge('bottom')",
    ),
    Action(
        "table.page-down",
        ("pagedown",),
        "Page down",
        "One page down.",
        Group.LOOK,
        key_display="PgDn",
        table_action="page(1.0)",
    ),
    Action(
        "table.page-up",
        ("pageup",),
        "Page up",
        "One page up.",
        Group.LOOK,
        key_display="PgUp",
        table_action="page(-1.0)",
    ),
    Action(
        "table.half-page-down",
        ("ctrl+d",),
        "Half a page down",
        "Half a page down.",
        Group.LOOK,
        key_display="Ctrl+D",
        table_action="page(0.5)",
    ),
    Action(
        "table.half-page-up",
        ("ctrl+u",),
        "Half a page up",
        "Half a page up.",
        Group.LOOK,
        key_display="Ctrl+U",
        table_action="page(-0.5)",
    ),
    Action(
        "help",
        ("question_mark", "f1"),
        "Help",
        "These keys, the marks and the filter.",
        Group.SESSION,
        in_footer=True,
        key_display="?",
    ),
    Action(
        "command_palette",
        ("ctrl+p",),
        "Palette",
        "All commands by name, themes and a screenshot.",
        Group.SESSION,
        key_display="Ctrl+P",
    ),
    Action(
        "suspend_process",
        ("ctrl+z",),
        "Suspend",
        "Go back to the shell; fg returns.",
        Group.SESSION,
        key_display="Ctrl+Z",
    ),
    Action(
        "quit", ("q", "ctrl+c"), "Quit", "Quit.", Group.SESSION, in_footer=True, key_display="q"
    ),
)


_PRIORITY_KEYS = frozenset({"tab", "shift+tab", "ctrl+c"})
"""Keys that Textual's screens have for themselves: here the application comes first."""


def app_bindings() -> list[BindingType]:
    """The application's bindings, in the order of the footer."""
    return [_binding(action, action.id, key) for action, key in _keys(of_tables=False)]


def table_bindings() -> list[BindingType]:
    """The bindings of every table."""
    return [_binding(action, action.table_action, key) for action, key in _keys(of_tables=True)]


def _keys(*, of_tables: bool) -> Iterator[tuple[Action, str]]:
    return (
        (action, key)
        for action in ACTIONS
        if action.is_table_action == of_tables
        for key in action.keys
    )


def _binding(action: Action, does: str, key: str) -> Binding:
    return Binding(
        key,
        does,
        action.label,
        show=action.in_footer and key == action.keys[0],
        id=action.id,
        tooltip=action.help,
        key_display=action.key_display or None,
        priority=key in _PRIORITY_KEYS,
    )


class DialogKey(NamedTuple):
    """One key of a dialog."""

    id: str
    """`action_<id>` of the dialog carries it out; the dialog itself takes an answer."""
    keys: tuple[str, ...]
    """In Textual's spelling."""
    label: str
    """For the dialog's last line and the docs; a dialog may say it more exactly."""
    key_display: str = ""
    """The keys as people write them, where Textual's spelling is another."""
    is_answer: bool = False
    """It answers a question: it counts only when it is pressed alone."""

    @property
    def keys_text(self) -> str:
        """For the dialog's last line."""
        return self.key_display or self.keys[0]


_CLOSE = DialogKey("close", ("escape", "q", "enter"), "close", "Esc")

DIALOG_KEYS: Mapping[str, tuple[DialogKey, ...]] = {
    "stop": (
        DialogKey("terminate", ("y",), "ask to exit (SIGTERM)", is_answer=True),
        DialogKey("kill", ("f",), "force (SIGKILL)", is_answer=True),
        DialogKey("decline", ("n",), "leave it"),
        DialogKey("select('ALL_HOLDERS')", ("a",), "all holders"),
        DialogKey("select('PARENT')", ("P",), "stop its parent"),
        DialogKey("select('GROUP')", ("G",), "its process group"),
        DialogKey("move(1)", ("j",), "another", "j k"),
        DialogKey("move(-1)", ("k",), "", "k"),
        DialogKey("close", ("escape", "q"), "close", "Esc"),
        DialogKey("close_when_over", ("enter",), "", "Enter"),
    ),
    "diagnosis": (
        DialogKey("stop", ("x",), "stop it"),
        DialogKey("copy_next", ("n",), "copy the next free port"),
        DialogKey("copy_address", ("c",), "copy the address"),
        DialogKey("wait", ("W",), "wait until free, or until something listens"),
        DialogKey("diagnose", ("r",), "look again"),
        DialogKey("explain", ("question_mark",), "why this verdict", "?"),
        _CLOSE,
    ),
    "probe": (
        DialogKey("probe_http", ("h",), "ask by HTTP"),
        DialogKey("probe", ("r",), "try again"),
        _CLOSE,
    ),
    "details": (
        DialogKey("finish('stop')", ("x",), "stop"),
        DialogKey("finish('copy')", ("c",), "copy address"),
        _CLOSE,
    ),
    "choice": (DialogKey("close", ("escape", "n", "q"), "leave it", "Esc"),),
    "text": (_CLOSE,),
    "help": (_CLOSE._replace(keys=("escape", "q", "question_mark", "enter")),),
}
"""The keys of every dialog, by its name. One without a label is not shown on its last line."""


def dialog_bindings(name: str) -> list[BindingType]:
    """The bindings of a dialog; it takes answers itself."""
    return [
        Binding(key, dialog_key.id, dialog_key.label, show=False)
        for dialog_key in DIALOG_KEYS[name]
        if not dialog_key.is_answer
        for key in dialog_key.keys
    ]


def key_text(id: str) -> str:
    """The key of an action, as people write it."""
    return next(action.footer_key for action in ACTIONS if action.id == id)
