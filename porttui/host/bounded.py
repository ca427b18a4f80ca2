"""Lookups that may never come back, left to a thread that nobody waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from porttui.light_typing import Generic, TypeVar

T = TypeVar("T")

REMEMBERED_S = 60.0
"""How long who did not answer is not asked again."""


class Bounded(Generic[T]):
    """Asks somebody who may not answer, a name service for example."""

    def __init__(self, within_s: float) -> None:
        """`within_s`: how long an answer may take."""
        self._within_s = within_s
        self._silent_until = float("-inf")

    def ask(self, function: Callable[[], T]) -> T | None:
        """What `function` finds, which raises nothing; None where that takes too long, or where no
        thread can be started that asks."""
        if time.monotonic() < self._silent_until:
            return None
        found: list[T] = []
        thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return None
        thread.join(self._within_s)
        if not found:
            self._silent_until = time.monotonic() + REMEMBERED_S
        return found[0] if found else None
