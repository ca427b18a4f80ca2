"""Tells a key that a person pressed from keys of a burst: only the first answers a question."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from porttui.ui.input_guard import BURST_S
from porttui.ui.keymap import ACTIONS, Group

_MOVES = frozenset(key for action in ACTIONS if action.group is Group.LOOK for key in action.keys)
"""They change which row or pane is meant, and nothing else."""
_FILTER, _STOP, _YES = "slash", "x", "y"


class KeyBurst:
    """The keys that came without a pause, up to the last one."""

    def __init__(self, pause_s: float = BURST_S) -> None:
        """`pause_s`: how long a pause ends a burst; with 0 every key is one of its own."""
        self.pause_s = pause_s
        self.number = 0
        """Of keys and pastes since the beginning."""
        self.input_read_at = float("-inf")
        """When something was last read from the terminal that may be a key, or a part of one."""
        self._keys: list[str] = []
        self._last_event_at = float("-inf")

    def record(self, event: events.Key | events.Paste) -> None:
        """Of each, before anything is done for it."""
        if event.time - self._last_event_at >= self.pause_s:
            self._keys.clear()
        self._last_event_at = event.time
        self._keys.append(event.key if isinstance(event, events.Key) else "")
        self.number += 1

    @property
    def may_answer(self) -> bool:
        """Whether its last key may answer a question.

        It may if it came alone, or if it is `y` right behind `x` with only filters and moves
        before. No text is like that by chance.
        """
        *keys, last = self._keys
        if not keys:
            return True
        while _FILTER in keys and _MOVES.issuperset(keys[: keys.index(_FILTER)]):
            if "enter" not in keys:
                return False
            keys = keys[keys.index("enter") + 1 :]
        return last == _YES and keys[-1:] == [_STOP] and _MOVES.issuperset(keys[:-1])

    def answer(
        self,
        event: events.Key,
        set_timer: Callable[[float, Callable[[], None]], object],
        confirm: Callable[[], object],
        ask_again: Callable[[], object],
    ) -> None:
        """Take a key as the answer to a question once nothing came with it.

        Args:
            event: The key.
            set_timer: Calls a function after some seconds, as `set_timer` of a widget does.
            confirm: Carries out the answer.
            ask_again: Asks once more: the key came with others.
        """
        number = self.number

        def decide() -> None:
            is_alone = number == self.number and self.input_read_at <= event.time
            (confirm if is_alone else ask_again)()

        if not self.may_answer:
            ask_again()
        elif self.pause_s:
            set_timer(self.pause_s, decide)
        else:
            confirm()


class KeyHandler:
    """A screen that takes keys before any binding does."""

    def consume_key(self, event: events.Key, burst: KeyBurst) -> bool:  # noqa: ARG002
        """Take a key, the last one of `burst`; whether it was taken."""
        return False
