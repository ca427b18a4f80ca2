"""Where the tests of the stop sit: they see what the panes show, and stop what is on a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from porttui.analysis.listeners import listening_rows
from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.stop_targets import target_of_connection_end, target_of_listening_row
from porttui.host.linux.processes import read_process
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.address import Protocol
from porttui.model.process import Process
from porttui.model.stop import StopOutcome, StopResult, StopSignal, StopTarget
from porttui.sampling.sampler import Sampler
from porttui.stopping.stopper import Stopper
from tests.servers import Child, Servers, has_exited

TERM, KILL = StopSignal.TERM, StopSignal.KILL


class StopHarness:
    """This machine, with a stopper for it."""

    def __init__(self, source: SourceName = SourceName.AUTO, watch_s: float = 0.0) -> None:
        host = local_host(source)
        self.sampler = Sampler(host)
        self.stopper = Stopper(host, self.sampler, watch_s=watch_s)

    def target(
        self, port: int, address: str | None = None, protocol: Protocol = Protocol.TCP
    ) -> StopTarget:
        """At the only row of the listening pane with this port (and address)."""
        snapshot = self.sampler.sample()
        [row] = [
            row
            for row in listening_rows(snapshot)
            if (row.protocol, row.local.port) == (protocol, port)
            and address in (None, row.local.address.text)
        ]
        return target_of_listening_row(snapshot, row)

    def connection_target(self, port: int) -> StopTarget:
        """At the end with this port of the only connection that has one."""
        snapshot = self.sampler.sample()
        [end] = [
            end
            for pair in loopback_pairs(snapshot)
            for end in (pair.client, pair.server)
            if end.endpoint.port == port
        ]
        return target_of_connection_end(snapshot, end)

    def stop(
        self,
        target: StopTarget,
        chosen: Sequence[Process] | None = None,
        signal: StopSignal = TERM,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> StopResult:
        """Stop the chosen holders; all of them, if nothing else is said."""
        return self.stopper.stop(
            target, target.holders if chosen is None else chosen, signal, on_step
        )


def holder_of(target: StopTarget, pid: int) -> Process:
    """That holder of the target which has `pid`."""
    [found] = [holder for holder in target.holders if holder.pid == pid]
    return found


def stop_port(port: int, signal: StopSignal = TERM) -> StopResult:
    """Stop all holders that the listening pane shows for a port, by whoever calls this."""
    harness = StopHarness()
    return harness.stop(harness.target(port), signal=signal)


def stop_pid(port: int, pid: int) -> StopResult:
    """Stop a process as if the pane had shown it, although it may be out of sight."""
    harness, process = StopHarness(), read_process(pid)
    assert process is not None
    return harness.stop(harness.target(port)._replace(holders=(process,)))


def stop_after_reuse(source: SourceName) -> tuple[StopOutcome, int, bool]:
    """Aim at a server whose pid, and port, is another's before the stop.

    To be called in a PID namespace of its own. The result is the outcome, how many signals were
    sent, and whether the other lives.
    """
    with Servers() as servers:
        # The first pids are the system's, which would be refused.
        harness, first = StopHarness(source), _listen_with_pid(servers, 1000)
        target = harness.target(first.port)
        first.end()
        assert first.process.wait()
        second = _listen_with_pid(servers, first.pid, first.port)
        result = harness.stop(target)
        return result.outcome, len(result.sent), not has_exited(second.pid)


def _listen_with_pid(servers: Servers, pid: int, port: int = 0) -> Child:
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
        file.write(str(pid - 1))
    child = servers.listen(port=port)
    assert child.pid == pid
    return child
