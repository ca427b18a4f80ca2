"""Formats times in the local time zone."""

from __future__ import annotations

import time


def time_of_day(epoch_s: float) -> str:
    """The time of day here: "14:03:55"."""
    return time.strftime("%H:%M:%S", time.localtime(epoch_s))


def date_and_time(epoch_s: float) -> str:
    """Date and time here: "2026-11-21 14:03:55"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch_s))
