"""Format rows as aligned columns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    right_aligned: Sequence[int] = (),
    optional: Sequence[int] = (),
) -> str:
    """Lines under a heading; "" without a row.

    Args:
        heading: A word for each column.
        rows: As many cells each.
        right_aligned: Columns to align to the right.
        optional: Columns to leave out where no row has anything in them.
    """
    if not rows:
        return ""
    visible = [
        index
        for index in range(len(heading))
        if index not in optional or any(row[index] for row in rows)
    ]
    lines = [heading, *rows]
    widths = [max(_cell_width(line[index]) for line in lines) for index in range(len(heading))]
    return "\n".join(
        "  ".join(
            _pad(line[index], widths[index], is_right=index in right_aligned) for index in visible
        ).rstrip()
        for line in lines
    )


def _pad(text: str, width: int, *, is_right: bool) -> str:
    blanks = " " * (width - _cell_width(text))
    return blanks + text if is_right else text + blanks


def _cell_width(text: str) -> int:
    """How many cells of a terminal it takes (Unicode UAX #11)."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    widths = {"W": 2, "F": 2}
    return sum(
        0
        if category(character) in ("Mn", "Me", "Cf")
        else widths.get(east_asian_width(character), 1)
        for character in text
    )
