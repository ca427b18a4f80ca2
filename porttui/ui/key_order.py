"""Keys that are carried out one after the other."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import App

from porttui.ui.input_guard import BURST_S
from porttui.ui.key_burst import KeyBurst
from porttui.ui.widgets.keyed_table import KeyedTable


class KeyTaker:
    """A screen that takes keys before any binding does."""

    def press(self, event: events.Key) -> bool:  # noqa: ARG002
        """Take a key; whether it was taken."""
        return False


class KeysInOrder(App[int]):
    """An application that carries out each key before the next one is looked at.

    Textual hands a key from queue to queue, and a quick "/3000", Enter, "x" would stop the row
    that was under the cursor before the filter. Here order is a matter of safety.
    """

    def __init__(self, *, key_pause_s: float = BURST_S) -> None:
        """`key_pause_s`: see `KeyBurst`."""
        super().__init__()
        self.burst = KeyBurst(key_pause_s)
        self.input_read_at = float("-inf")
        """When something was last read from the terminal that may be a key, or a part of one."""

    def answer(
        self, event: events.Key, then: Callable[[], object], again: Callable[[], object]
    ) -> None:
        """Do what a key says that answers a question, once it is sure that somebody pressed it:
        nothing came with it. Otherwise have it asked for `again`."""
        number, pause_s = self.burst.number, self.burst.pause_s

        def decide() -> None:
            is_alone = number == self.burst.number and self.input_read_at <= event.time
            (then if is_alone else again)()

        if not self.burst.is_answer:
            again()
        elif pause_s:
            self.set_timer(pause_s, decide)
        else:
            then()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pasted text do not go through the queues of widgets."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.burst.hear(event)
        if isinstance(event, events.Key) and not event.is_forwarded:
            if await self._press(event):
                return
        elif isinstance(event, events.Paste) and self.takes(event):
            return
        await super().on_event(event)

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Write it where text is typed; False where none is, or the key is none for typing."""
        raise NotImplementedError

    async def act_in_table(self, action: str) -> None:
        """Carry out what a key of the table in view is bound to."""
        raise NotImplementedError

    async def _press(self, event: events.Key) -> bool:
        if isinstance(self.screen, KeyTaker):
            if self.screen.press(event):
                return True
        elif self.screen is not self.screen_stack[0]:
            return False  # a screen of Textual's own, the palette for example
        if self.takes(event):
            return True
        bound = self.screen.active_bindings.get(event.key)
        if bound is not None and bound.enabled:
            if isinstance(bound.node, KeyedTable):
                await self.act_in_table(bound.binding.action)
            else:
                await self.run_action(bound.binding.action, bound.node)
        # A key that means nothing now must not come back when a dialog is open: it ends here.
        return True
