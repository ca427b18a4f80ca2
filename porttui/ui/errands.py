"""What takes time: done off the application's thread, its answer handed back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.app import App

from porttui.host.asking import HostError
from porttui.sampling.errors import SampleError
from porttui.ui.messages import Answered

T = TypeVar("T")


class Errands:
    """Runs errands for one application."""

    def __init__(self, app: App[int]) -> None:
        self._app = app

    def run(self, name: str, errand: Callable[[], None]) -> None:
        """Run it in a thread; it answers with `tell`."""
        self._app.run_worker(errand, thread=True, name=name)

    def tell(self, tell: Callable[[], object]) -> None:
        """From a thread: have it done by the application, in the order in which it is told."""
        self._app.post_message(Answered(tell))

    def ask(
        self,
        name: str,
        question: Callable[[], T],
        then: Callable[[T], object],
        failed: Callable[[str], object],
    ) -> None:
        """Answer a question in a thread; the application does `then` with the answer, or `failed`
        with the reason why the machine gave none."""

        def errand() -> None:
            try:
                answer = question()
            except (HostError, SampleError) as error:
                reason = str(error)
                self.tell(lambda: failed(reason))
            else:
                self.tell(lambda: then(answer))

        self.run(name, errand)
