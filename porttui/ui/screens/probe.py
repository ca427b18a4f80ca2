"""Probes every address of a host and shows the outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.binding import BindingType

from porttui.diagnosis.probe import probe_host
from porttui.host.request import HostError
from porttui.model.probe import ConnectProbe, ProbeOutcome, ProbeResult
from porttui.sampling.sources import SampleError
from porttui.text import session as session_text
from porttui.text.diagnosis import host_text
from porttui.text.probe import OUTCOME_NAMES, advice, probe_words
from porttui.ui.keymap import dialog_bindings
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.services import Services
from porttui.ui.widgets.columns import Tone


class ProbeDialog(Dialog[None]):
    """Sends nothing until it is told to speak HTTP."""

    NAME = "probe"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self, host: str, port: int, services: Services) -> None:
        super().__init__(session_text.connect_to(host, port))
        self._host = host
        self._port = port
        self._services = services
        self._result: ProbeResult | None = None
        self._failure = ""

    def on_mount(self) -> None:
        """Probe at once."""
        self.action_probe()

    def body(self) -> Sequence[RenderableType]:
        """A line for each address, and what else to know."""
        if self._failure:
            return [self.style_text(session_text.probe_failed(self._failure), Tone.ERROR)]
        if self._result is None:
            return [self.style_text(session_text.CONNECTING, Tone.MUTED)]
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for probe in self._result.probes:
            table.add_row(
                Text(host_text(probe.remote)),
                self.style_text(OUTCOME_NAMES[probe.outcome], _tone(probe)),
                Text(probe_words(self._result, probe)),
            )
        notes = [self.style_text(note, Tone.WARNING) for note in advice(self._result)]
        return [table, *([Text()] if notes else []), *notes]

    def hints(self) -> Sequence[KeyHint]:
        """HTTP only where a server is silent."""
        outcomes = {each.outcome for each in self._result.probes} if self._result else set()
        http = (self.hint("probe_http"),) if ProbeOutcome.SILENT in outcomes else ()
        return (*http, self.hint("probe"), self.hint("close"))

    def action_probe(self) -> None:
        """Connect, and send nothing."""
        self._start(try_http=False)

    def action_probe_http(self) -> None:
        """Connect, and send one HEAD request where the server waits."""
        self._start(try_http=True)

    def _start(self, *, try_http: bool) -> None:
        self._result = None
        self.draw()
        self.run_worker(self._probe(try_http), "probe", exclusive=True)

    async def _probe(self, try_http: bool) -> None:
        machine, sampler = self._services.host, self._services.sampler
        probe = partial(probe_host, machine, sampler, self._host, self._port, try_http=try_http)
        try:
            self._result, self._failure = await asyncio.to_thread(probe), ""
        except (HostError, SampleError) as error:
            self._failure = str(error)
        self.draw()


def _tone(probe: ConnectProbe) -> Tone:
    if probe.outcome is ProbeOutcome.ANSWERS:
        return Tone.OK
    return Tone.WARNING if probe.outcome.is_connected else Tone.ERROR
