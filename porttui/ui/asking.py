"""Questions about a port: why it is held, which one is free instead, whether a client connects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import App

from porttui.analysis.copies import Served
from porttui.analysis.holders import by_seniority
from porttui.analysis.targets import targets_on_port
from porttui.diagnosis.diagnoser import Diagnoser, usual_addresses
from porttui.diagnosis.next_port import next_ports
from porttui.diagnosis.reaching import reach
from porttui.diagnosis.waiting import Until, Waited, Waiting
from porttui.host.contract import Host
from porttui.model.address import Place, Protocol
from porttui.model.snapshot import Snapshot
from porttui.model.stop import StopTarget
from porttui.sampling.snapshots import SnapshotSource
from porttui.ui.errands import Errands
from porttui.ui.screens.reach import ReachDialog
from porttui.ui.screens.why import Deeds, Finding, WhyDialog
from porttui.ui.widgets.columns import Tone

_OTHER_PORTS = 3
_ORIGINS = 3
"""Processes of which it is told where they come from."""


class Asking:
    """Asks the machine, and shows its answers in dialogs over an application."""

    def __init__(
        self,
        app: App[int],
        host: Host,
        sampler: SnapshotSource,
        *,
        say: Callable[[str, Tone], None],
        copy: Callable[[str], None],
        stop: Callable[[Sequence[StopTarget]], None],
    ) -> None:
        """Ask `host` by way of `sampler`; `say`, `copy` and `stop` do what the dialogs wish."""
        self._app = app
        self._host = host
        self._sampler = sampler
        self._say = say
        self._copy = copy
        self._diagnoser = Diagnoser(host, sampler)
        self._errands = Errands(app)
        self._deeds = Deeds(self._look, self._wait, stop, copy)

    def why_row(self, place: Place | None) -> None:
        """Show why a row's port is held or free, on its own address and the usual ones."""
        if place is None:
            self._say("Which port? Go to a row, or filter by one port", Tone.WARNING)
        else:
            self.why(self._with_usual(place))

    def why(self, place: Place) -> None:
        """Show why a port is held or free."""
        self._app.push_screen(WhyDialog(place, self._deeds))

    def next_port(self, place: Place | None) -> None:
        """Copy the next free port after a row's."""
        if place is None:
            self._say("Next to which port? Go to a row, or filter by one port", Tone.WARNING)
            return
        self._errands.ask(
            "next port",
            lambda: self._next_ports(self._sampler.sample(), self._with_usual(place)),
            lambda ports: self._copy_port(place, ports),
            lambda why: self._say(f"No port was found: {why}", Tone.ERROR),
        )

    def reach(self, served: Served | None) -> None:
        """Show whether a client can connect."""
        if served is None or served.protocol is not Protocol.TCP:
            self._say("There is no TCP server on this row to connect to", Tone.WARNING)
            return
        dialog = ReachDialog(served.host, served.endpoint.port, self._try_to_connect)
        self._app.push_screen(dialog)

    def _look(self, dialog: WhyDialog) -> None:
        def look() -> Finding:
            diagnosis, snapshot = self._diagnoser.look(*dialog.place)
            targets = targets_on_port(snapshot, *dialog.place)
            holders = by_seniority(each for one in diagnosis.sockets for each in one.holders)
            origins = tuple(map(self._diagnoser.origin, holders[:_ORIGINS]))
            ports = self._next_ports(snapshot, dialog.place)
            return Finding(diagnosis, targets, ports, origins, len(holders))

        def found(finding: Finding) -> None:
            dialog.found(finding)
            self._errands.ask(
                "names",
                lambda: self._diagnoser.named(finding.origins),
                lambda origins: dialog.named(finding, origins),
                dialog.failed,
            )

        self._errands.ask("look", look, found, dialog.failed)

    def _wait(self, dialog: WhyDialog) -> None:
        protocol, port, addresses = dialog.place
        until = dialog.awaited or Until.FREE
        wanted = addresses or usual_addresses(self._host, protocol)
        waiting = Waiting(self._host, self._sampler, protocol, port, wanted)

        def tell(seen: Waited) -> None:
            self._errands.tell(lambda: dialog.waited(seen))

        self._errands.ask(
            "wait",
            lambda: waiting.wait(until, None, tell, lambda: dialog.awaited is not until),
            lambda _: None,  # every look has been told, the last one too
            dialog.failed,
        )

    def _try_to_connect(self, dialog: ReachDialog, speak_http: bool) -> None:
        self._errands.ask(
            "connect",
            lambda: reach(self._sampler, dialog.host, dialog.port, speak_http=speak_http),
            dialog.found,
            dialog.failed,
        )

    def _with_usual(self, place: Place) -> Place:
        """The usual addresses, and before them one that is not among them."""
        usual = usual_addresses(self._host, place.protocol)
        known = {each.unmapped for each in usual}
        unusual = [each for each in place.addresses if each.unmapped not in known]
        return place._replace(addresses=(*unusual, *usual))

    def _next_ports(self, snapshot: Snapshot, place: Place) -> tuple[int, ...]:
        return next_ports(
            self._diagnoser,
            snapshot,
            place.port,
            _OTHER_PORTS,
            protocol=place.protocol,
            addresses=place.addresses or usual_addresses(self._host, place.protocol),
        )

    def _copy_port(self, place: Place, ports: Sequence[int]) -> None:
        if ports:
            self._copy(f"PORT={ports[0]}")
        else:
            self._say(f"No free port was found after {place.port}", Tone.WARNING)
