"""Plain text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(
    heading: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> str:
    """Lines under a heading, the columns `right` aligned to the right; "" without a row."""
    if not rows:
        return ""
    lines = [heading, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heading))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
