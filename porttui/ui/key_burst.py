"""Tells a key that somebody pressed from one that came in a crowd: a pasted word is no answer."""

from __future__ import annotations

from textual import events

from porttui.ui.input_guard import BURST_S

_MOVES = frozenset(
    {"j", "k", "g", "G", "up", "down", "home", "end", "pageup", "pagedown", "tab", "1", "2", "3"}
)
_FILTERS, _ASKS, _YES = "slash", "x", "y"


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
        """Whether its last key may answer a question: it came alone, or it is `y` behind the key
        that asks, with nothing but filters and moves before. No text is like that by chance."""
        *keys, last = self._keys
        if not keys:
            return True
        while _FILTERS in keys and _MOVES.issuperset(keys[: keys.index(_FILTERS)]):
            if "enter" not in keys:
                return False
            keys = keys[keys.index("enter") + 1 :]
        return last == _YES and keys[-1:] == [_ASKS] and _MOVES.issuperset(keys[:-1])
