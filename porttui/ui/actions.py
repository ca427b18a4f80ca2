"""What keys do to the row under the cursor: details, stops, copies, diagnoses and probes.

Imported, with the dialogs, at the first of them: not in the way of the first frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from porttui.analysis.copy_formats import ServedEndpoint, copy_formats
from porttui.diagnosis.diagnoser import default_addresses
from porttui.host.clipboard import CopyOutcome
from porttui.host.request import HostError
from porttui.model.address import PortQuery, Protocol
from porttui.model.stop import StopResult
from porttui.sampling.sources import SampleError
from porttui.text import session as session_text
from porttui.text.stop import is_success, sentence
from porttui.ui.keymap import key_text
from porttui.ui.panes.pane import Details, StopChoice
from porttui.ui.screens.diagnosis import DiagnosisDialog, next_free_ports
from porttui.ui.screens.plain_dialogs import (
    Choice,
    ChooseDialog,
    DetailsDialog,
    HelpDialog,
    ManualCopyDialog,
)
from porttui.ui.screens.probe import ProbeDialog
from porttui.ui.screens.stop import choose_target
from porttui.ui.services import Services
from porttui.ui.widgets.columns import Tone

if TYPE_CHECKING:
    from porttui.ui.app import PorttuiApp


class Actions:
    """Opens dialogs over the application, and does what takes no dialog in its workers."""

    def __init__(self, app: PorttuiApp, services: Services) -> None:
        self._app = app
        self._services = services

    def help(self) -> None:
        """Show the keys."""
        self._app.push_screen(HelpDialog())

    def details(
        self, details: Details, address: str | None, choices: Sequence[StopChoice], taken_at: str
    ) -> None:
        """Show all that is known of a row; from there it can be copied or stopped."""

        def follow_up(action: str | None) -> None:
            if action == "copy":
                self.copy(address)
            elif action == "stop":
                self.stop(choices)

        dialog = DetailsDialog(details, taken_at, can_stop=bool(choices))
        self._app.push_screen(dialog, follow_up)

    def stop(self, choices: Sequence[StopChoice]) -> None:
        """Ask which of a row's processes to stop, if there are two, and then whether to."""
        if choices:
            choose_target(self._app, session_text.STOP_WHICH_END, choices, self._services)
        else:
            self._app.show_message(session_text.NO_PROCESS_TO_STOP, Tone.WARNING)

    def show_stopped(self, result: StopResult, *, is_shown: bool) -> None:
        """Say how a stop ended, as a toast if no dialog shows it."""
        good, words = is_success(result), sentence(result)
        self._app.show_message(words, Tone.OK if good else Tone.WARNING)
        if not is_shown:
            severity: Literal["information", "warning"] = "information" if good else "warning"
            self._app.notify(words, severity=severity, timeout=10, markup=False)

    def copy(self, text: str | None) -> None:
        """Copy, and say what came of it; None is no row."""
        if text is None:
            self._app.show_message(session_text.NO_ROW_TO_COPY, Tone.WARNING)
        else:
            self._app.run_worker(self._copy(text), "copy")

    async def _copy(self, text: str) -> None:
        result = await asyncio.to_thread(self._services.clipboard.copy, text)
        app = self._app
        if result.outcome is CopyOutcome.CONFIRMED:
            app.show_message(session_text.copied(text, result.method), Tone.OK)
        elif result.outcome is CopyOutcome.UNCONFIRMED:
            app.show_message(session_text.sent(text, result.method, result.detail), Tone.PLAIN)
        elif result.outcome is CopyOutcome.TERMINAL:
            app.copy_to_clipboard(text)
            app.show_message(session_text.sent_to_terminal(text), Tone.PLAIN)
        else:
            app.show_message(session_text.select_by_hand(text), Tone.WARNING)
            app.push_screen(ManualCopyDialog(text, result.detail))

    def copy_as(self, served: ServedEndpoint | None) -> None:
        """Ask in which form to copy a server's address."""
        if served is None:
            self._app.show_message(session_text.NO_SERVER, Tone.WARNING)
            return

        def copy(text: str | None) -> None:
            if text is not None:
                self.copy(text)

        choices = [
            Choice(each.key, each.text, each.text, each.label) for each in copy_formats(served)
        ]
        self._app.push_screen(ChooseDialog(session_text.COPY_WHAT, choices), copy)

    def browse(self, served: ServedEndpoint | None) -> None:
        """Open a server in the browser."""
        if served is None or served.protocol is not Protocol.TCP:
            self._app.show_message(session_text.NO_SERVER_TO_OPEN, Tone.WARNING)
        else:
            self._app.run_worker(self._browse(served.url), "browser")

    async def _browse(self, url: str) -> None:
        try:
            await asyncio.to_thread(self._services.open_url, url)
        except HostError as error:
            copy_key = key_text("copy_as")
            self._app.show_message(session_text.not_opened(error, copy_key, url), Tone.WARNING)
        else:
            self._app.show_message(session_text.opened(url), Tone.PLAIN)

    def probe(self, served: ServedEndpoint | None) -> None:
        """Show whether a client can connect."""
        if served is None or served.protocol is not Protocol.TCP:
            self._app.show_message(session_text.NO_SERVER_TO_PROBE, Tone.WARNING)
        else:
            dialog = ProbeDialog(served.host, served.endpoint.port, self._services)
            self._app.push_screen(dialog)

    def diagnose(self, port_query: PortQuery) -> None:
        """Show why a port is held or free."""
        self._app.push_screen(DiagnosisDialog(port_query, self._services))

    def diagnose_row(self, port_query: PortQuery | None) -> None:
        """The same for a row, on its own address and the usual ones."""
        if port_query is None:
            self._app.show_message(session_text.WHICH_PORT, Tone.WARNING)
        else:
            self.diagnose(self._with_usual(port_query))

    def copy_next_port(self, port_query: PortQuery | None) -> None:
        """Copy the next free port after a row's."""
        if port_query is None:
            self._app.show_message(session_text.AFTER_WHICH_PORT, Tone.WARNING)
        else:
            self._app.run_worker(self._copy_next_port(self._with_usual(port_query)), "next port")

    async def _copy_next_port(self, port_query: PortQuery) -> None:
        services = self._services
        try:
            snapshot = await asyncio.to_thread(services.sampler.sample)
            next_free = partial(next_free_ports, services, port_query, snapshot, 1)
            ports = await asyncio.to_thread(next_free)
        except (HostError, SampleError) as error:
            self._app.show_message(session_text.no_next_port(error), Tone.ERROR)
            return
        if ports:
            await self._copy(f"PORT={ports[0]}")
        else:
            self._app.show_message(session_text.no_free_port(port_query.port), Tone.WARNING)

    def _with_usual(self, port_query: PortQuery) -> PortQuery:
        """The usual addresses, and before them one that is not among them."""
        usual = default_addresses(self._services.host, port_query.protocol)
        known = {(address.unmapped, address.zone) for address in usual}
        unusual = [
            address
            for address in port_query.addresses
            if (address.unmapped, address.zone) not in known
        ]
        return port_query._replace(addresses=(*unusual, *usual))
