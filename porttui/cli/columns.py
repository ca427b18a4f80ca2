"""Plain text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    where_told: Sequence[int] = (),
) -> str:
    """Lines under a heading; "" without a row.

    Args:
        heading: A word for each column.
        rows: As many cells each.
        right: Columns to align to the right.
        where_told: Columns to leave out where no row has anything in them.
    """
    if not rows:
        return ""
    shown = [
        at for at in range(len(heading)) if at not in where_told or any(row[at] for row in rows)
    ]
    lines = [heading, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heading))]
    return "\n".join(
        "  ".join(
            line[at].rjust(widths[at]) if at in right else line[at].ljust(widths[at])
            for at in shown
        ).rstrip()
        for line in lines
    )
