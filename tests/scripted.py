"""Fakes: a machine, a clock and a clipboard that do only what a test says.

The sampler, the stopper and the whole session on top of them are the real ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from porttui.analysis.address_rules import blocks_bind
from porttui.host.clipboard import CopyOutcome, CopyResult, SystemClipboard
from porttui.host.contract import (
    BindResult,
    Host,
    ProcessChangedError,
    ProcessGoneError,
    SignalDeniedError,
    SocketReading,
)
from porttui.host.programs import RunAs
from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS, Address, Endpoint, Protocol
from porttui.model.kernel import Limit, Limits, PortRange, TcpRules
from porttui.model.process import Process, ProcessDetails, ProcessIdentity
from porttui.model.provenance import Container, Provenance
from porttui.model.snapshot import Problem
from porttui.model.socket import Socket, TcpState
from porttui.model.socket_table import SocketTable
from porttui.model.stop import StopSignal
from tests.making import EPHEMERAL, TAKEN_AT, connection, listener, pair, process, udp, uid_of

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


class ScriptedClock:
    """A fake clock: it moves when the test moves it, when somebody sleeps, or a slow read does."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: float | None = None
        """When the thread that rests will wake up by itself; None while none rests."""
        self._changed = threading.Condition()
        self._waiting: list[threading.Condition] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        """It stands still."""
        return TAKEN_AT

    def thread_time(self) -> float:
        """Whoever lets time pass while it reads works all that time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        with self._changed:
            self.now += seconds
            waiting = tuple(self._waiting)
        for condition in waiting:
            with condition:
                condition.notify_all()

    def wait_for(
        self,
        condition: threading.Condition,
        predicate: Callable[[], object],
        timeout_s: float | None = None,
    ) -> None:
        due = float("inf") if timeout_s is None else self.now + timeout_s
        self._waiting.append(condition)
        try:
            while not predicate() and self.now < due:
                self._rest_until(due)
                condition.wait()
                self._rest_until(None)
        finally:
            self._waiting.remove(condition)

    def wait_for_rest(self) -> float:
        """Wait, in real time, until a thread rests; when it will wake up."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.due is not None, timeout=30):
                raise AssertionError("no thread has come to rest")
            assert self.due is not None
            return self.due

    def _rest_until(self, due: float | None) -> None:
        with self._changed:
            self.due = due
            self._changed.notify_all()


class ScriptedMachine:
    """A fake machine with the sockets and processes that a test puts on it."""

    name = "scripted"
    """Where its sockets are read."""
    supports_sigterm = True

    def __init__(self, sockets: Iterable[Socket] = ()) -> None:
        self.sockets = tuple(sockets)
        self.ephemeral: PortRange | None = EPHEMERAL
        self.services: dict[tuple[Protocol, int], str] = {}
        self.problems: tuple[Problem, ...] = ()
        self.failure: Exception | None = None
        """Raised by the next reads."""
        self.may_read = threading.Event()
        """Reads block until it is set."""
        self.may_read.set()
        self.reads = 0
        self.most_at_once = 0
        self.on_read: Callable[[], object] = lambda: None
        self.signals: list[tuple[int, StopSignal]] = []
        """Every signal that was delivered, in order."""
        self.endures: dict[int, set[StopSignal]] = {}
        """The signals that a pid lives on after."""
        self.invoking_uid: int | None = None
        """None: whoever it is has all the processes."""
        self.opened: list[str] = []
        self.now: Callable[[], float] = time.time
        """URLs that a browser was handed."""
        self.ancestors: set[int] = set()
        """Pids that porttui descends from."""
        self.tcp_rules: TcpRules | None = TcpRules(2, True, 1000, False)
        """Linux' default."""
        self.lists_bound_inactive = True
        """It tells of sockets that are bound and idle, as Linux does over netlink."""
        self.limits = Limits(conntrack=None, open_files=None)
        self.open_files: dict[int, Limit] = {}
        """Of pids, and how many they can have."""
        self.sources: dict[Address, Address] = {}
        """The address that speaks to another, where it is not the same."""
        self.provenance: dict[int, Provenance] = {}
        """Where pids come from."""
        self.container_names: dict[str, str] = {}
        """What people call the containers with these ids."""
        self.may_name = threading.Event()
        """Look-ups of those names block until it is set."""
        self.may_name.set()
        self.groups: list[tuple[Process, ...]] = []
        """The process groups that there are."""
        self.denies: set[int] = set()
        """Pids that must not be signalled."""
        self.gone: set[int] = set()
        self.reused: set[int] = set()
        """Pids that are another process by now."""
        self.may_exit = threading.Event()
        """What was signalled goes on until it is set."""
        self.may_exit.set()
        self.pids_match = True
        self.details: dict[int, ProcessDetails] = {}
        """What the kernel tells of pids; by default that they opened what they hold."""
        self.pid = 99999
        self.uid = 0
        self._reading = 0
        self._lock = threading.Lock()

    def open_url(self, url: str) -> None:
        """Open it in no browser."""
        self.opened.append(url)

    def host(self) -> Host:
        """The machine as the rest of porttui sees it."""
        return Host(
            sockets=self,
            ephemeral_range=self._ephemeral_range,
            service_name=lambda protocol, port: self.services.get((protocol, port)),
            control=self,
            can_bind=self._can_bind,
            try_bind=self._try_bind,
            read_provenance=self._read_traces,
            process_groups=self._process_groups,
            container_name=self._container_name,
            ancestor_pids=lambda: frozenset(self.ancestors),
            pid=self.pid,
            pids_match=self.pids_match,
            process_details=self._process_details,
            uid=self.uid,
            invoking_uid=self.invoking_uid,
            has_systemd=True,
            is_elevated=self.uid == 0,
            tcp_rules=lambda: self.tcp_rules,
            lists_bound_inactive=lambda: self.lists_bound_inactive,
            limits=lambda: self.limits,
            open_files=lambda process: self.open_files.get(process.pid),
            own_addresses=lambda: (),
            first_bindable_port=lambda: 0,
            source_address=lambda remote: self.sources.get(remote, remote),
        )

    def read(
        self,
        request: SocketRequest = SocketRequest.ALL,  # noqa: ARG002
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        """See `SocketSource.read`."""
        with self._lock:
            self.reads += 1
            self._reading += 1
            self.most_at_once = max(self.most_at_once, self._reading)
        try:
            self.on_read()
            if not self.may_read.wait(timeout=30):
                raise AssertionError("the test never let the machine be read")
            if self.failure is not None:
                raise self.failure
            return SocketReading(SocketTable.of(self.sockets), self.problems)
        finally:
            with self._lock:
                self._reading -= 1

    def open(self, identity: ProcessIdentity) -> ScriptedHandle:
        """See `ProcessControl.open`."""
        if identity.pid in self.gone:
            raise ProcessGoneError(f"there is no process {identity.pid}")
        if identity.pid in self.reused:
            raise ProcessChangedError(f"pid {identity.pid} is another process by now")
        return ScriptedHandle(self, identity.pid)

    def end(self, pid: int) -> None:
        """The process exits: what it held it holds no more."""
        self.gone.add(pid)
        left = (
            each._replace(holders=tuple(one for one in each.holders if one.pid != pid))
            for each in self.sockets
            if tuple(one.pid for one in each.holders) != (pid,)
        )
        self.sockets = tuple(left)

    def _ephemeral_range(self) -> PortRange:
        if self.ephemeral is None:
            raise HostError("this kernel does not tell")
        return self.ephemeral

    def _can_bind(self, protocol: Protocol, where: Endpoint) -> BindResult:
        taken = any(
            each.protocol is protocol and each.local == where and each.is_listening
            for each in self.sockets
        )
        return BindResult.IN_USE if taken else BindResult.BINDABLE

    def _read_traces(self, process: Process) -> Provenance:
        return self.provenance.get(process.pid, Provenance(process))

    def _process_details(self, process: Process) -> ProcessDetails | None:
        """It opens sockets as the user whose its own are; None where it has gone."""
        uids = [each.uid for each in self.sockets if process in each.holders]
        its_own = ProcessDetails(uid=uids[0]) if uids else None
        return self.details.get(process.pid, its_own)

    def _container_name(self, container: Container, _timeout_s: float) -> str | None:
        if not self.may_name.wait(timeout=30):
            raise AssertionError("the test never let containers be named")
        return self.container_names.get(container.id)

    def _process_groups(
        self, processes: Sequence[Process]
    ) -> Mapping[Process, tuple[Process, ...]]:
        """Of those whose group the test has made."""
        return {
            process: members
            for process in processes
            for members in self.groups
            if process in members
        }

    def _try_bind(self, protocol: Protocol, where: Endpoint, _reuse: bool) -> BindResult:
        table = SocketTable.of(self.sockets)
        on_port = [table[row] for row in table.rows_on_port(protocol, where.port)]
        taken = any(blocks_bind(where.address, each) for each in on_port)
        return BindResult.IN_USE if taken else BindResult.BINDABLE


class ScriptedHandle:
    """A fake hold on one process of a scripted machine."""

    def __init__(self, machine: ScriptedMachine, pid: int) -> None:
        self._machine = machine
        self._pid = pid

    def send(self, signal: StopSignal) -> None:
        """See `ProcessHandle.send`."""
        if self._pid in self._machine.denies:
            raise SignalDeniedError(f"the system does not let you signal pid {self._pid}")
        self._machine.signals.append((self._pid, signal))
        if (
            signal not in self._machine.endures.get(self._pid, ())
            and self._machine.may_exit.is_set()
        ):
            self._machine.end(self._pid)

    def resume(self) -> bool:
        """See `ProcessHandle.resume`."""
        return False

    def has_exited(self, timeout_s: float = 0.0) -> bool:
        """See `ProcessHandle.has_exited`."""
        sent = {signal for pid, signal in self._machine.signals if pid == self._pid}
        is_ending = bool(sent - self._machine.endures.get(self._pid, set()))
        if is_ending and timeout_s and self._machine.may_exit.wait(timeout=30):
            self._machine.end(self._pid)
        return self._pid in self._machine.gone

    def close(self) -> None:
        """See `ProcessHandle.close`."""


class ScriptedClipboard(SystemClipboard):
    """A fake clipboard with one answer."""

    def __init__(self, outcome: CopyOutcome = CopyOutcome.CONFIRMED) -> None:
        super().__init__(RunAs({}), "linux")
        self.result = _RESULTS[outcome]
        self.copied: list[str] = []

    def copy(self, text: str) -> CopyResult:
        """See `SystemClipboard.copy`."""
        self.copied.append(text)
        return self.result


_RESULTS = {
    CopyOutcome.CONFIRMED: CopyResult(CopyOutcome.CONFIRMED, "xclip", ""),
    CopyOutcome.UNCONFIRMED: CopyResult(
        CopyOutcome.UNCONFIRMED, "the tmux buffer", "your terminal may have it, too"
    ),
    CopyOutcome.TERMINAL: CopyResult(CopyOutcome.TERMINAL, "OSC 52", "there is no display here"),
    CopyOutcome.UNAVAILABLE: CopyResult(
        CopyOutcome.UNAVAILABLE, "", "there is no display here; no OSC 52 either"
    ),
}


def _command(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NODE = process(
    4213,
    "node",
    cmdline=_command("node /srv/shop/node_modules/.bin/vite --port 3000"),
    age_s=2 * HOUR_S,
)
PYTHON = process(9921, "python3", cmdline=_command("python3 -m http.server 8080"), age_s=240)
REDIS = process(
    640,
    "redis-server",
    cmdline=_command("/usr/bin/redis-server 127.0.0.1:6379"),
    user="redis",
    uid=uid_of("redis"),
    age_s=9 * DAY_S,
)
STATSD = process(
    1710,
    "statsd",
    cmdline=_command("statsd /etc/statsd.js"),
    user="statsd",
    uid=113,
    age_s=3 * DAY_S,
)
WEB = process(9001, "uvicorn", cmdline=_command("uvicorn shop.main:app --port 8000"), age_s=HOUR_S)
CURL = process(12044, "curl", cmdline=_command("curl http://127.0.0.1:3000/"), age_s=2)
AGENT = process(
    7701,
    "agent",
    cmdline=_command("agent --connect 127.0.0.1:8000"),
    user="root",
    uid=0,
    age_s=DAY_S,
)
POSTGRES = tuple(
    process(
        812 + number,
        "postgres",
        cmdline=_command("postgres: worker" if number else "postgres -D /var/lib/postgresql"),
        user="postgres",
        uid=111,
        age_s=3 * DAY_S,
        ppid=812 if number else 1,
    )
    for number in range(4)
)


def developers_machine() -> ScriptedMachine:
    """What a developer has running: servers of all exposures, shared, hidden, talked to."""
    machine = ScriptedMachine(
        [
            listener("127.0.0.1", 3000, held_by=[NODE]),
            listener("127.0.0.1", 5432, held_by=POSTGRES),
            listener("::1", 5432, held_by=POSTGRES),
            listener("127.0.0.1", 6379, held_by=[REDIS], user="redis"),
            listener("127.0.0.1", 8000, held_by=[WEB]),
            listener("0.0.0.0", 8080, held_by=[PYTHON]),
            udp("127.0.0.1", 8125, held_by=[STATSD]),
            listener("::", 9229, held_by=[NODE]),
            listener("127.0.0.1", 9300, user="elastic"),
            listener("192.168.1.20", 22022, held_by=[WEB]),
            *_pair("127.0.0.1:49650", "127.0.0.1:5432", WEB, POSTGRES[0]),
            *_pair("127.0.0.1:49652", "127.0.0.1:5432", WEB, POSTGRES[1]),
            *_pair("127.0.0.1:51230", "127.0.0.1:3000", CURL, NODE),
            *_pair("[::1]:40112", "[::1]:9229", CURL, NODE),
            *pair("127.0.0.1:44010", "127.0.0.1:8000", client_of=[AGENT]),
            connection("127.0.0.1:45450", "127.0.0.1:9999", held_by=[CURL]),
            *(
                connection(f"127.0.0.1:{port}", "127.0.0.1:3000", state=TcpState.TIME_WAIT)
                for port in range(52000, 52012)
            ),
        ]
    )
    machine.services = {
        (Protocol.TCP, 5432): "postgresql",
        (Protocol.TCP, 6379): "redis",
        (Protocol.TCP, 8080): "http-alt",
    }
    return machine


def _pair(client: str, server: str, client_of: Process, server_of: Process) -> tuple[Socket, ...]:
    return pair(client, server, client_of=[client_of], server_of=[server_of])
