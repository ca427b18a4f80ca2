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
    widths = [max(_cells(line[at]) for line in lines) for at in range(len(heading))]
    return "\n".join(
        "  ".join(_padded(line[at], widths[at], is_right=at in right) for at in shown).rstrip()
        for line in lines
    )


def _padded(text: str, width: int, *, is_right: bool) -> str:
    blanks = " " * (width - _cells(text))
    return blanks + text if is_right else text + blanks


def _cells(text: str) -> int:
    """How many cells of a terminal it takes (Unicode UAX #11)."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    widths = {"W": 2, "F": 2}
    return sum(
        0 if category(sign) in ("Mn", "Me", "Cf") else widths.get(east_asian_width(sign), 1)
        for sign in text
    )
