"""What the README takes from the code: `python -m tests.readme` prints it, to be pasted."""

from __future__ import annotations

from porttui.ui.keymap import ACTIONS, Action, Group


def keys_table() -> str:
    """The table between `<!-- keys -->` and `<!-- /keys -->`."""
    lines = ["| key | does |", "|---|---|"]
    for group in Group:
        lines.append(f"| **{group}** | |")
        lines += [_row(action) for action in ACTIONS if action.group is group]
    return "\n".join(lines)


def _row(action: Action) -> str:
    keys = " ".join(f"`{key}`" for key in action.shown_keys.split(", "))
    return f"| {keys} | {action.help} |".replace("`|`", "`\\|`")


if __name__ == "__main__":
    print(keys_table())
