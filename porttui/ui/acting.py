"""What keys do beyond looking: dialogs, copies and stops. Imported at the first of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

from textual.app import App

from porttui.analysis.copies import Served, copies
from porttui.analysis.targets import targets_on_port
from porttui.diagnosis.diagnoser import Diagnoser, usual_addresses
from porttui.diagnosis.next_port import next_ports
from porttui.diagnosis.reaching import reach
from porttui.diagnosis.waiting import Until, Waited, Waiting
from porttui.host.browser import open_url
from porttui.host.clipboard import CopyOutcome, SystemClipboard
from porttui.host.contract import Host, HostError
from porttui.model.address import Place, Protocol
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.stop import StopSignal, StopTarget
from porttui.sampling.errors import SampleError
from porttui.sampling.sampler import Sampler
from porttui.stopping.stopper import Stopper
from porttui.stopping.wording import is_good, sentence
from porttui.ui.messages import Answered, CopyFinished, StopFinished, StopStepped
from porttui.ui.panes.pane import Details, StopChoice
from porttui.ui.screens.choose_end import ChooseEnd
from porttui.ui.screens.copy_as import CopyAs
from porttui.ui.screens.details import DetailsDialog
from porttui.ui.screens.help import HelpDialog
from porttui.ui.screens.reach import ReachDialog
from porttui.ui.screens.show_text import ShowText
from porttui.ui.screens.stop import StopDialog
from porttui.ui.screens.why import Deeds, Finding, WhyDialog
from porttui.ui.widgets.columns import Tone
from porttui.ui.wording import holders

Say = Callable[[str, Tone], None]
"""Puts a message on the status line."""


_OTHER_PORTS = 3
_ORIGINS = 12
"""Holders of which it is looked up where they come from."""


class Means(NamedTuple):
    """What acts on the machine."""

    host: Host
    sampler: Sampler
    stopper: Stopper
    clipboard: SystemClipboard
    open_url: Callable[[str], None] = open_url

    @property
    def diagnoser(self) -> Diagnoser:
        """Of this host."""
        return Diagnoser(self.host, self.sampler)


class Acting:
    """Opens the dialogs over an application, and does off its thread what they decide."""

    def __init__(self, app: App[int], means: Means, say: Say) -> None:
        self._app = app
        self._means = means
        self._stopper = means.stopper
        self._say = say

    def help(self) -> None:
        """Show the keys."""
        self._app.push_screen(HelpDialog())

    def details(
        self, details: Details, address: str | None, choices: tuple[StopChoice, ...], taken_at: str
    ) -> None:
        """Show what is known of a row; from there it can be copied or stopped."""

        def follow_up(action: str | None) -> None:
            if action == "copy":
                self.copy(address)
            elif action == "stop":
                self.choose_end(choices)

        dialog = DetailsDialog(details, taken_at, can_stop=bool(choices))
        self._app.push_screen(dialog, follow_up)

    def copy(self, text: str | None) -> None:
        """Copy; a `CopyFinished` tells what came of it."""
        if text is None:
            self._say("There is no row here to copy", Tone.WARNING)
            return

        def copy() -> None:
            self._app.post_message(CopyFinished(text, self._means.clipboard.copy(text)))

        self._app.run_worker(copy, thread=True, name="copy")

    def show_copy(self, message: CopyFinished) -> None:
        """Say which clipboard has it and how sure that is."""
        text, result = message.text, message.result
        if result.outcome is CopyOutcome.CONFIRMED:
            self._say(f"Copied {text} ({result.via})", Tone.OK)
        elif result.outcome is CopyOutcome.HANDED_OVER:
            self._say(f"Handed {text} to {result.via}: {result.detail}", Tone.PLAIN)
        elif result.outcome is CopyOutcome.TERMINAL:
            self._app.copy_to_clipboard(text)
            self._say(f"Sent {text} to the terminal's clipboard (OSC 52, unconfirmed)", Tone.PLAIN)
        else:
            self._say(f"No clipboard here; select it: {text}", Tone.WARNING)
            self._app.push_screen(ShowText(text, result.detail))

    def choose_end(self, choices: tuple[StopChoice, ...]) -> None:
        """Ask which of a row's processes to stop, if there are two, and then whether to."""
        if not choices:
            self._say("There is no process on this row to stop", Tone.WARNING)
        elif len(choices) == 1:
            self._ask_to_stop(choices[0].target)
        else:
            self._app.push_screen(ChooseEnd(choices), self._ask_to_stop)

    def why_row(self, place: Place | None) -> None:
        """Show why a row's port is held or free, on its own address and the usual ones."""
        if place is None:
            self._say("Which port? Go to a row, or filter by one port", Tone.WARNING)
        else:
            self.why(self._with_usual(place))

    def why(self, place: Place) -> None:
        """Show why a port is held or free."""
        deeds = Deeds(self._look, self._wait, self._stop_one_of, self.copy)
        self._app.push_screen(WhyDialog(place, deeds))

    def reach(self, served: Served | None) -> None:
        """Show whether a client can connect."""
        if served is None or served.protocol is not Protocol.TCP:
            self._say("There is no TCP server on this row to connect to", Tone.WARNING)
            return
        dialog = ReachDialog(served.host, served.endpoint.port, self._try_to_connect)
        self._app.push_screen(dialog)

    def copy_as(self, served: Served | None) -> None:
        """Ask in which form to copy a server's address."""
        if served is None:
            self._say("There is no server on this row", Tone.WARNING)
            return

        def copy(text: str | None) -> None:
            if text is not None:
                self.copy(text)

        self._app.push_screen(CopyAs(copies(served)), copy)

    def browse(self, served: Served | None) -> None:
        """Open a server in the browser."""
        if served is None or served.protocol is not Protocol.TCP:
            self._say("There is no TCP server on this row to open", Tone.WARNING)
            return
        url = served.url

        def hand_over() -> None:
            try:
                self._means.open_url(url)
            except HostError as error:
                words = f"Not opened: {error}; C copies {url}"
                self._tell(lambda: self._say(words, Tone.WARNING))
            else:
                self._tell(lambda: self._say(f"Handed {url} to the browser", Tone.PLAIN))

        self._app.run_worker(hand_over, thread=True, name="browser")

    def _try_to_connect(self, dialog: ReachDialog, speak_http: bool) -> None:
        def connect() -> None:
            try:
                found = reach(self._means.sampler, dialog.host, dialog.port, speak_http=speak_http)
            except (HostError, SampleError) as error:
                reason = str(error)
                self._tell(lambda: dialog.failed(reason))
            else:
                self._tell(lambda: dialog.found(found))

        self._app.run_worker(connect, thread=True, name="connect")

    def next_port(self, place: Place | None) -> None:
        """Copy the next free port after one."""
        if place is None:
            self._say("Next to which port? Go to a row, or filter by one port", Tone.WARNING)
            return

        def find() -> None:
            try:
                snapshot = self._means.sampler.sample()
                ports = self._next_ports(snapshot, self._with_usual(place))
            except SampleError as error:
                words = f"No port was found: {error}"
                self._tell(lambda: self._say(words, Tone.ERROR))
                return
            self._tell(lambda: self._copy_port(place, ports))

        self._app.run_worker(find, thread=True, name="next port")

    def _with_usual(self, place: Place) -> Place:
        """The usual addresses, and before them one that is not among them."""
        usual = usual_addresses(self._means.host, place.protocol)
        known = {each.unmapped for each in usual}
        unusual = [each for each in place.addresses if each.unmapped not in known]
        return place._replace(addresses=(*unusual, *usual))

    def _copy_port(self, place: Place, ports: Sequence[int]) -> None:
        if ports:
            self.copy(f"PORT={ports[0]}")
        else:
            self._say(f"No free port was found after {place.port}", Tone.WARNING)

    def _look(self, dialog: WhyDialog) -> None:
        place = dialog.place

        def look() -> None:
            try:
                diagnosis, snapshot = self._means.diagnoser.look(*place)
                targets = targets_on_port(snapshot, *place)
                finding = Finding(diagnosis, targets, self._next_ports(snapshot, place))
            except SampleError as error:
                reason = str(error)
                self._tell(lambda: dialog.failed(reason))
            else:
                self._tell(lambda: dialog.found(finding))

        self._app.run_worker(look, thread=True, name="look")

    def _next_ports(self, snapshot: Snapshot, place: Place) -> tuple[int, ...]:
        return next_ports(
            self._means.diagnoser,
            snapshot,
            place.port,
            _OTHER_PORTS,
            protocol=place.protocol,
            addresses=place.addresses or usual_addresses(self._means.host, place.protocol),
        )

    def _wait(self, dialog: WhyDialog) -> None:
        protocol, port, addresses = dialog.place
        wanted = addresses or usual_addresses(self._means.host, protocol)
        waiting = Waiting(self._means.host, self._means.sampler, protocol, port, wanted)

        def tell(seen: Waited) -> None:
            self._tell(lambda: dialog.waited(seen))

        def wait() -> None:
            try:
                waiting.wait(Until.FREE, None, tell, lambda: not dialog.is_waiting)
            except SampleError as error:
                reason = str(error)
                self._tell(lambda: dialog.failed(reason))

        self._app.run_worker(wait, thread=True, name="wait")

    def _stop_one_of(self, targets: tuple[StopTarget, ...]) -> None:
        """Each address is a server of its own."""
        letters = map(str, range(1, 10))
        self.choose_end(
            tuple(
                StopChoice(letter, f"{target.endpoint}: {_whose(target)}", target)
                for letter, target in zip(letters, targets, strict=False)
            )
        )

    def _tell(self, tell: Callable[[], None]) -> None:
        """From a thread: have it done by the application."""
        self._app.post_message(Answered(tell))

    def show_step(self, message: StopStepped) -> None:
        """One step of a stop, in its dialog if that is still open."""
        for dialog in self._stop_dialogs(message.target):
            dialog.stepped(message.words)

    def show_result(self, message: StopFinished) -> None:
        """What a stop ended in: in its dialog, or as a toast where that was left."""
        result = message.result
        good, words = is_good(result), sentence(result)
        self._say(words, Tone.OK if good else Tone.WARNING)
        dialogs = self._stop_dialogs(result.target)
        for dialog in dialogs:
            dialog.finished(result)
        if not dialogs:
            severity: Literal["information", "warning"] = "information" if good else "warning"
            self._app.notify(words, severity=severity, timeout=10, markup=False)

    def _ask_to_stop(self, target: StopTarget | None) -> None:
        if target is not None:
            dialog = StopDialog(target, self._stopper, self._begin_stop, time.time())
            self._app.push_screen(dialog)
            self._tell_origins(dialog)

    def _tell_origins(self, dialog: StopDialog) -> None:
        def look() -> None:
            for process in dialog.target.holders[:_ORIGINS]:
                origin = self._means.diagnoser.origin(process)
                self._tell(partial(dialog.tell_origin, process, origin))

        self._app.run_worker(look, thread=True, name="origins")

    def _begin_stop(
        self, target: StopTarget, chosen: tuple[Process, ...], signal: StopSignal
    ) -> None:
        def tell(words: str) -> None:
            self._app.post_message(StopStepped(target, words))

        def stop() -> None:
            result = self._stopper.stop(target, chosen, signal, tell)
            self._app.post_message(StopFinished(result))

        self._app.run_worker(stop, thread=True, name="stop")

    def _stop_dialogs(self, target: StopTarget) -> list[StopDialog]:
        open_ones = [each for each in self._app.screen_stack if isinstance(each, StopDialog)]
        return [each for each in open_ones if each.target == target]


def _whose(target: StopTarget) -> str:
    return holders(target.holders) if target.holders else "a process out of sight"
