"""Format numbers and ages."""

from __future__ import annotations

from porttui.analysis.holders import AGE_UNITS


def count(number: int) -> str:
    """ "28,232" """
    return f"{number:,}"


def pluralized(number: int, one: str, many: str | None = None) -> str:
    """ "1 listener", "14 listeners" """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """ "1.5 %"; what is not nothing is never written as 0."""
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{share * 100:.1f} %" if share < 0.9995 else "100 %"


def age(seconds: float | None) -> str:
    """The largest unit that fits: "4 min". "" for None."""
    if seconds is None:
        return ""
    for size, unit in AGE_UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"
