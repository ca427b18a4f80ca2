"""Tells a key that somebody pressed from one that came in a crowd: a pasted word is no answer."""

from __future__ import annotations

from textual import events

from porttui.ui.input_guard import BURST_S

_MOVES = frozenset(
    {"j", "k", "g", "G", "up", "down", "home", "end", "pageup", "pagedown", "tab", "1", "2", "3"}
)
_ASKS = "x"


class KeyBurst:
    """The keys that came without a pause, up to the last one."""

    def __init__(self, pause_s: float = BURST_S) -> None:
        """`pause_s`: how long a pause ends a burst; with 0 every key is one of its own."""
        self.pause_s = pause_s
        self.number = 0
        """Of keys and pastes since the beginning."""
        self._keys: list[str] = []
        self._heard_at = float("-inf")

    def hear(self, event: events.Key | events.Paste) -> None:
        """Of each, before anything is done for it."""
        if event.time - self._heard_at >= self.pause_s:
            self._keys.clear()
        self._heard_at = event.time
        self._keys.append(event.key if isinstance(event, events.Key) else "")
        self.number += 1

    @property
    def is_answer(self) -> bool:
        """Whether its last key may answer a question: it came alone, or behind nothing but a filter
        that was entered, moves, and the key that asks. No word of a text is like that."""
        keys = self._keys[:-1]
        while "enter" in keys:
            keys = keys[keys.index("enter") + 1 :]
        return not keys or (keys[-1] == _ASKS and _MOVES.issuperset(keys[:-1]))
