"""Why a port is held or free: the verdict on each address, and what can be done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.message import Message

from porttui.analysis.holders import holders_of
from porttui.analysis.stop_targets import targets_on_port
from porttui.diagnosis.diagnoser import next_ports
from porttui.diagnosis.wait import PortState, PortWaiter, WaitResult
from porttui.host.request import HostError
from porttui.model.address import Endpoint, PortQuery
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis
from porttui.model.provenance import Origin
from porttui.model.snapshot import Snapshot
from porttui.model.stop import StopTarget
from porttui.sampling.sources import SampleError
from porttui.text import session as session_text
from porttui.text.diagnosis import VERDICT_NAMES, explanation, host_text, reasons
from porttui.ui.keymap import dialog_bindings
from porttui.ui.messages import CopyRequested
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.screens.process_lines import provenance_lines
from porttui.ui.screens.stop import choose_stop
from porttui.ui.services import Services
from porttui.ui.widgets.columns import Tone

_TONES = {
    BindVerdict.HELD: Tone.ERROR,
    BindVerdict.FREE: Tone.OK,
    BindVerdict.FREE_WITH_REUSEADDR: Tone.WARNING,
    BindVerdict.NOT_PERMITTED: Tone.WARNING,
    BindVerdict.NOT_AVAILABLE: Tone.WARNING,
    BindVerdict.UNKNOWN: Tone.MUTED,
}

_OTHER_PORTS = 3
_ORIGINS = 3
"""Processes whose origin is shown."""


class _View(NamedTuple):
    """A diagnosis with all that the dialog shows around it."""

    diagnosis: Diagnosis
    targets: tuple[StopTarget, ...]
    """What listens there and could be stopped."""
    other_ports: tuple[int, ...]
    """Free on all the addresses."""
    origins: tuple[Origin, ...]
    """Of the senior processes that have a socket on the port."""
    holders: int
    """How many such processes there are."""


class WaitProgress(Message):
    """The port was tried once more."""

    def __init__(self, until: PortState, waited: WaitResult) -> None:
        super().__init__()
        self.until = until
        self.waited = waited


class DiagnosisDialog(Dialog[None]):
    """Diagnoses when it opens, and again whenever it comes back into view."""

    NAME = "diagnosis"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self, port_query: PortQuery, services: Services) -> None:
        super().__init__(str(port_query).capitalize())
        self._port_query = port_query
        self._services = services
        self._diagnoser = services.diagnoser
        self._view: _View | None = None
        self._failure = ""
        self._waited: WaitProgress | None = None
        self._awaited: PortState | None = None
        """What the person waits for; None when nobody waits."""
        self._explains = False

    def on_mount(self) -> None:
        """Begin at once."""
        self.action_diagnose()

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        """A stop may have changed everything."""
        if self._view is not None:
            self.action_diagnose()

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self._awaited = None

    def body(self) -> Sequence[RenderableType]:
        """A line for each address, the ports beside it, how the wait goes, and who it is."""
        if self._failure:
            return [self.style_text(session_text.diagnosis_failed(self._failure), Tone.ERROR)]
        if self._view is None:
            return [self.style_text(session_text.LOOKING, Tone.MUTED)]
        lines: list[RenderableType] = [self._verdicts(self._view.diagnosis)]
        ports = " ".join(map(str, self._view.other_ports))
        lines += [Text(), Text(session_text.next_ports(ports))]
        lines += [
            self.style_text(session_text.not_seen(problem), Tone.WARNING)
            for problem in self._view.diagnosis.problems
        ]
        if self._waited is not None:
            lines += [Text(), self._progress(self._waited)]
        return [*lines, *self._holders(self._view)]

    def hints(self) -> Sequence[KeyHint]:
        """Only what can be done now."""
        if self._view is None:
            return (self.hint("diagnose"), self.hint("close"))
        hints = [self.hint("stop")] if self._view.targets else []
        if self._view.other_ports:
            hints.append(self.hint("copy_next", session_text.copy_port(self._view.other_ports[0])))
        hints.append(self.hint("copy_address"))
        wait = session_text.wait_until(_next_goal(self._view.diagnosis))
        hints.append(self.hint("wait", session_text.STOP_WAITING if self._awaited else wait))
        hints.append(self.hint("diagnose"))
        hints.append(self.hint("explain", session_text.EXPLAIN_LESS if self._explains else ""))
        return [*hints, self.hint("close")]

    def action_diagnose(self) -> None:
        """Read the sockets and try to bind, again."""
        self.draw()
        self.run_worker(self._diagnose(), "diagnose", group="diagnose", exclusive=True)

    def action_stop(self) -> None:
        """Ask whether to stop what listens there."""
        if self._view is not None and self._view.targets:
            choose_stop(self.app, self._view.targets, self._services)

    def action_copy_next(self) -> None:
        """Copy it as it is set before a command."""
        if self._view is not None and self._view.other_ports:
            self.post_message(CopyRequested(f"PORT={self._view.other_ports[0]}"))

    def action_copy_address(self) -> None:
        """Copy the first address with the port."""
        if self._view is not None:
            first = self._view.diagnosis.addresses[0]
            self.post_message(CopyRequested(str(Endpoint(first.address, self._port_query.port))))

    def action_wait(self) -> None:
        """Wait until a held port is free, or something listens on a free one; or stop waiting."""
        if self._view is None:
            return
        self._waited = None
        if self._awaited is None:
            self._awaited = _next_goal(self._view.diagnosis)
            self.run_worker(self._wait(self._awaited), "wait", group="wait")
        else:
            self._awaited = None
        self.draw()

    def action_explain(self) -> None:
        """Show how each verdict was reached, or hide it."""
        self._explains = not self._explains
        self.draw()

    async def _diagnose(self) -> None:
        try:
            view = await asyncio.to_thread(self._view_now)
            self._view, self._failure = view, ""
            self.draw()
            # Names of containers may take seconds: the rest is shown without them.
            origins = await asyncio.to_thread(self._diagnoser.with_container_names, view.origins)
        except (HostError, SampleError) as error:
            self._fail(str(error))
            return
        if origins != view.origins:
            self._view = view._replace(origins=origins)
            self.draw()

    def _view_now(self) -> _View:
        diagnosis, snapshot = self._diagnoser.diagnose_with_snapshot(*self._port_query)
        holders = holders_of(diagnosis.sockets)
        return _View(
            diagnosis,
            targets_on_port(snapshot, *self._port_query),
            next_free_ports(self._services, self._port_query, snapshot, _OTHER_PORTS),
            tuple(map(self._diagnoser.origin, holders[:_ORIGINS])),
            len(holders),
        )

    async def _wait(self, until: PortState) -> None:
        protocol, port, addresses = self._port_query
        host = self._services.host
        waiting = PortWaiter(host, self._services.sampler, protocol, port, addresses)
        wait = partial(
            waiting.wait,
            until,
            None,
            lambda waited: self.post_message(WaitProgress(until, waited)),
            lambda: self._awaited is not until,
        )
        try:
            await asyncio.to_thread(wait)
        except (HostError, SampleError) as error:
            self._fail(str(error))

    @on(WaitProgress)
    def _show_progress(self, message: WaitProgress) -> None:
        if self._awaited is not message.until:
            return  # the person has stopped waiting
        self._waited = message
        if message.waited.reached:
            self._awaited = None
            self.app.bell()
            self.action_diagnose()
        self.draw()

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._awaited = None
        self.draw()

    def _verdicts(self, diagnosis: Diagnosis) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for verdict in diagnosis.addresses:
            table.add_row(
                Text(host_text(Endpoint(verdict.address, diagnosis.port))),
                self.style_text(VERDICT_NAMES[verdict.verdict], _TONES[verdict.verdict]),
                self._reasons(diagnosis, verdict),
            )
        return table

    def _holders(self, view: _View) -> Iterator[RenderableType]:
        for origin in view.origins:
            process = origin.provenance.process
            yield Text()
            yield Text.assemble((process.label, "bold"), f": {process.command}")
            yield from provenance_lines(origin, self.style_text)
        rest = view.holders - len(view.origins)
        if rest > 0:
            yield self.style_text(session_text.more_processes(rest), Tone.MUTED)

    def _reasons(self, diagnosis: Diagnosis, verdict: AddressVerdict) -> Text:
        lines = [Text(reason) for reason in reasons(diagnosis, verdict)]
        if self._explains:
            lines.append(self.style_text(explanation(diagnosis, verdict), Tone.MUTED))
        return Text("\n").join(lines)

    def _progress(self, progress: WaitProgress) -> Text:
        waited = progress.waited
        if waited.reached:
            return self.style_text(session_text.waited(waited.state, waited.waited_ms), Tone.OK)
        still = session_text.waiting(waited.waited_ms, progress.until, waited.state)
        return self.style_text(still, Tone.WARNING)


def next_free_ports(
    services: Services, port_query: PortQuery, snapshot: Snapshot, number: int
) -> tuple[int, ...]:
    """Up to `number` ports after this one that are free on its addresses, or the usual ones."""
    return next_ports(
        services.diagnoser,
        snapshot,
        port_query.port,
        number,
        protocol=port_query.protocol,
        addresses=port_query.addresses,
    )


def _next_goal(diagnosis: Diagnosis) -> PortState:
    return PortState.FREE if diagnosis.is_held else PortState.LISTENING
