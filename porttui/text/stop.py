"""Text of a stop: refusals, warnings, plans, steps and the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from porttui.analysis.holders import holders_of
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.process import Process, ProcessDetails
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.stop import StopOutcome, StopResult, StopSignal
from porttui.text.numbers import pluralized
from porttui.text.processes import holder_names, join_limited, names, with_user

_MAX_NAMES = 4


def sentence(result: StopResult) -> str:
    """What is true now, in words, with the next step where there is one."""
    return _SENTENCES[result.outcome](result)


def is_success(result: StopResult) -> bool:
    """Whether the person got what they asked for."""
    if result.outcome is StopOutcome.ALREADY_GONE:
        return not _is_listened(result.held_by)
    return result.outcome is StopOutcome.FREED


def _freed(result: StopResult) -> str:
    endpoint = result.target.endpoint
    if not result.target.is_listener:
        return f"{_exited(result)}: its connection from {endpoint} is closed."
    if result.elsewhere:
        return f"{_exited(result)}: {_address(result)} is free. {_elsewhere(result)}"
    return f"{_exited(result)}: {_port(result)} is free ({endpoint} can be bound)."


def _freed_lingering(result: StopResult) -> str:
    states = ", ".join(sorted({socket.state for socket in result.held_by if socket.state}))
    closed = pluralized(len(result.held_by), "closed connection")
    occupy = "occupies" if len(result.held_by) == 1 else "occupy"
    start = f"{_exited(result)}, but {closed} still {occupy} {_address(result)} ({states})"
    if result.can_bind is None:
        return f"{start} for up to 60 s."
    if result.can_bind:
        return f"{start}. A server that sets SO_REUSEADDR can start now, others within 60 s."
    return f"{start}. No server can bind it for up to 60 s."


def _still_held(result: StopResult) -> str:
    how = "" if _is_listened(result.held_by) else " through open connections"
    return f"{_exited(result)}, but {_address(result)} is {_held_by(result)}{how}."


def _held_by(result: StopResult) -> str:
    before = {process.identity for process in result.target.holders} | result.target.port_holders
    holders = holders_of(result.held_by)
    newcomers = [process for process in holders if process.identity not in before]
    if newcomers and all(map(result.target.had_socket, result.held_by)):
        # Inherited, or passed over a unix socket: the port was never free.
        return f"still held by {names(holders)} through the same socket"
    if newcomers:
        return f"now held by {names(newcomers)} (new on this port)"
    if holders:
        return f"still held by {names(holders)}"
    users = sorted({socket.user for socket in result.held_by if socket.user})
    whose = f" (user {', '.join(users) or 'unknown'})" if _is_hidden(result.held_by) else ""
    return f"still held by {holder_names(result.held_by)}{whose}"


def _is_hidden(sockets: Iterable[Socket]) -> bool:
    return any(socket.ownership is Ownership.HIDDEN for socket in sockets)


def _respawned(result: StopResult) -> str:
    holders = holders_of(result.held_by)
    by = f" (started by pid {holders[0].ppid})" if holders and holders[0].ppid > 1 else ""
    return (
        f"{_exited(result)}, but {_address(result)} was taken again{_after(result)} by "
        f"{names(holders)}, the same command{by}: something restarts it."
    )


def _taken(result: StopResult) -> str:
    return (
        f"{_exited(result)}, but {_address(result)} was taken{_after(result)} by "
        f"{names(holders_of(result.held_by))}, a different process."
    )


def _after(result: StopResult) -> str:
    if result.taken_after_ms is None:
        return ""
    return f" within {max(0.1, result.taken_after_ms / 1000):.1f} s"


def _ignored_term(result: StopResult) -> str:
    who, are = names(result.survivors), _is_or_are(result.survivors)
    ignores = any(process.ignores_sigterm for process in result.survivors)
    why = " It ignores SIGTERM." if ignores else ""
    return f"{who} {are} still running {_seconds(result)} after SIGTERM.{why}"


def _unkillable(result: StopResult) -> str:
    who, are = names(result.survivors), _is_or_are(result.survivors)
    return (
        f"{who} {are} still running {_seconds(result)} after SIGKILL, "
        "in an uninterruptible system call."
    )


def _denied(result: StopResult) -> str:
    sent = {signal.pid for signal in result.sent}
    rest = [process for process in result.chosen if process.pid not in sent]
    pids = " ".join(str(process.pid) for process in rest)
    done = [process for process in result.chosen if process.pid in sent]
    already = f" {names(done)} had already been sent {result.signal}." if done else ""
    return f"Denied: {result.reason}.{already} As root: sudo kill -{result.signal.name} {pids}."


def _already_gone(result: StopResult) -> str:
    start = f"{names(result.chosen)} had already exited: nothing was sent."
    if _is_listened(result.held_by):
        return f"{start} {_address(result)} is {_held_by(result)}."
    if result.held_by:
        return f"{start} Closed connections still occupy {_address(result)}."
    return f"{start} {_address(result)} is free." if result.can_bind else start


def _unverified(result: StopResult) -> str:
    return (
        f"{_exited(result)}, but {_address(result)} could not be verified as free: {result.reason}."
    )


def _not_sent(result: StopResult) -> str:
    return f"Nothing was sent: {result.reason}."


_SENTENCES: Mapping[StopOutcome, Callable[[StopResult], str]] = {
    StopOutcome.FREED: _freed,
    StopOutcome.FREED_LINGERING: _freed_lingering,
    StopOutcome.RESPAWNED: _respawned,
    StopOutcome.STILL_HELD_BY_OTHERS: _still_held,
    StopOutcome.TAKEN_BY_OTHER: _taken,
    StopOutcome.IGNORED_TERM: _ignored_term,
    StopOutcome.UNKILLABLE: _unkillable,
    StopOutcome.DENIED: _denied,
    StopOutcome.ALREADY_GONE: _already_gone,
    StopOutcome.CHANGED: _not_sent,
    StopOutcome.EXITED_BUT_UNVERIFIED: _unverified,
    StopOutcome.REFUSED: _not_sent,
}


def _exited(result: StopResult) -> str:
    return f"{names(result.chosen)} exited after {_seconds(result)}"


def _address(result: StopResult) -> str:
    """With "(udp)" for UDP: the same number may be held for TCP."""
    udp = result.target.protocol is Protocol.UDP
    return f"{result.target.endpoint}{' (udp)' if udp else ''}"


def _port(result: StopResult) -> str:
    udp = result.target.protocol is Protocol.UDP
    return f"{'udp ' if udp else ''}port {result.target.endpoint.port}"


def _is_or_are(processes: Sequence[Process]) -> str:
    return "is" if len(processes) == 1 else "are"


def _elsewhere(result: StopResult) -> str:
    servers = [f"{socket.local} ({holder_names([socket])})" for socket in result.elsewhere]
    return f"The port is in use on other addresses: {join_limited(servers, _MAX_NAMES)}."


def _is_listened(sockets: Iterable[Socket]) -> bool:
    return any(socket.is_listening or socket.state in (None, TcpState.CLOSE) for socket in sockets)


def _seconds(result: StopResult) -> str:
    if result.waited_ms < 950:
        return f"{max(1, round(result.waited_ms))} ms"
    return f"{result.waited_ms / 1000:.1f} s"


FOREIGN_PIDS = (
    "/proc belongs to another PID namespace or is missing, so its pids mean other processes here. "
    "Run porttui in the namespace of /proc"
)
ITSELF = "this is porttui itself"


def system_process(pid: int) -> str:
    """The idle task, init or kthreadd."""
    return f"pid {pid} is a system process: stopping it could halt the machine"


def kernel_thread(process: Process) -> str:
    """The kernel ignores signals to it."""
    return f"{process.label} is a kernel thread: signals do not end it"


def other_users_process(process: Process) -> str:
    """Another user's, without root."""
    owner = process.user or "another user"
    return f"{process.label} belongs to {owner}, not to you. As root: sudo kill -TERM {process.pid}"


def not_the_callers(process: Process) -> str:
    """Another user's than the person's who called sudo."""
    owner = f"user {process.user}" if process.user else "another user"
    return f"{process.label} belongs to {owner}, not to you"


def ancestor_of_porttui(process: Process) -> str:
    """The process is a parent of porttui, or a parent of that."""
    return f"porttui runs inside {process.label}: stopping it may end this session"


def received_socket(process: Process, users: Sequence[str]) -> str:
    """`users`: those in whose name the socket was opened, as far as they are known."""
    opener = f"user {' and '.join(users)} opened it" if users else "its opener is unknown"
    return f"{process.label} may have received this socket from another process: {opener}"


def unknown_opener(sharing: int) -> str:
    """`sharing`: the number of processes that have the socket."""
    return f"any of the {sharing} processes that share this socket may have opened it"


def no_visible_process(hidden_user: str | None, *, is_elevated: bool) -> str:
    """No visible process holds the port."""
    owner = f" (the socket belongs to {hidden_user})" if hidden_user else ""
    if is_elevated:
        return (
            f"no visible process holds it{owner}: the holder may be the kernel, a short-lived "
            "process, or one in another PID namespace (a container)"
        )
    return f"its process is hidden from you{owner}: run porttui with sudo to see and stop it"


_CONSEQUENCES = {
    "other users may lose their sessions when {label} ends": (
        "init launchd login systemd systemd-logind systemd-journald systemd-resolved "
        "systemd-networkd systemd-udevd dbus-daemon dbus-broker NetworkManager Xorg Xwayland "
        "gnome-shell kwin_wayland WindowServer"
    ),
    "others may be logged in through {label}": "sshd",
    "an SSH session ends with {label}": "sshd-session sshd-auth",
    "containers lose their published ports when {label} ends": (
        "dockerd docker-proxy containerd containerd-shim containerd-shim-runc-v2 podman conmon "
        "rootlesskit rootlesskit-docker-proxy rootlessport rootlessport-child slirp4netns pasta "
        "kubelet crio"
    ),
    "the programs that {label} runs end with it": (
        "supervisord xinetd inetd circusd monit runsvdir s6-svscan"
    ),
}
"""What ends with a program, and the programs."""
_COMM_BYTES = 15
"""The kernel keeps this many bytes of a name."""


def consequence(process: Process, details: ProcessDetails | None) -> str | None:
    """What else ends with the process; None for one that only serves its port.

    Its program decides, which the kernel names, or the name that it gives itself: a false name
    only makes a person more careful.
    """
    label = process.label
    program = details.executable.rpartition("/")[2] if details else ""
    title = process.cmdline[0] if process.cmdline else ""
    if title.startswith("PM2 ") and "God Daemon" in title:
        return f"{label} holds the ports of all PM2 applications"
    if "postgres" in (program, process.name) or process.name == "postmaster":
        if title.startswith("postgres:"):
            return (
                f"SIGKILL to {label} disconnects all PostgreSQL clients; "
                f"to end only this one: SELECT pg_terminate_backend({process.pid})"
            )
        return f"all clients of this PostgreSQL server are disconnected when {label} ends"
    for name in (program, process.name):
        for words, programs in _CONSEQUENCES.items():
            if any(_is_program(name, known) for known in programs.split()):
                return words.format(label=label)
    return None


def _is_program(name: str, program: str) -> bool:
    return name == program or (len(name) == _COMM_BYTES and program.startswith(name))


NOTHING_SENT = "nothing was sent"
KILL_HINT = "--kill sends SIGKILL."
ALL_HOLDERS_HINT = "--all-holders stops every process that shares the socket."


def not_sent(reason: str) -> str:
    """No signal was sent; `reason` is a clause."""
    return f"{NOTHING_SENT}: {reason}"


def already_free(port: int, notes: Sequence[str]) -> str:
    """`notes`: what limits the port, as clauses."""
    limits = f" ({'; '.join(notes)})" if notes else ""
    return f"port {port} is already free; {NOTHING_SENT}{limits}"


def without_listener(addresses: Sequence[str], port: int, obstacles: Sequence[str]) -> str:
    """`obstacles`: why the port cannot be bound, a clause for each address."""
    where = " or ".join(addresses) or f"port {port}"
    return not_sent(
        f"no process listens on {where}, but it cannot be bound: {'; '.join(obstacles)}"
    )


def plan(signal: StopSignal, chosen: Sequence[Process], endpoint: Endpoint, others: int) -> str:
    """ "send SIGTERM to node 10 on 127.0.0.1:3000"; `others`: the number of other holders."""
    stay = f" ({pluralized(others, 'other holder')} not signalled)" if others else ""
    return f"send {signal} to {names(chosen, limit=len(chosen))} on {endpoint}{stay}"


def needs_yes(plans: str) -> str:
    """Nobody confirmed the plans."""
    return f"{NOTHING_SENT}; --yes would {plans}"


def interface_address(address: Address) -> str:
    """An address with a zone: servers on other interfaces have the same address."""
    return f"{address} names an interface; this source does not report a server's interface"


def needs_pid(danger: str, pid: int) -> str:
    """A process that only its pid on the command line stops."""
    return f"{danger}. --pid {pid} stops it anyway"


def cannot_tell_holder(pid: int, endpoint: Endpoint, reason: str) -> str:
    """The holders of `endpoint` are not visible."""
    return f"cannot tell whether process {pid} holds {endpoint}: {reason}"


def is_no_holder(pid: int, port: int) -> str:
    """A pid that does not hold the port."""
    return f"process {pid} does not hold port {port}"


def cannot_tell_opener(holders: Sequence[Process], users: Sequence[str]) -> str:
    """Names all holders; `users`: those in whose name the socket was opened."""
    user = f" (user {', '.join(users)})" if users else ""
    return (
        f"cannot tell which process opened it{user}; held by "
        f"{', '.join(map(with_user, holders))}. --pid PID stops one, --all-holders stops all"
    )


BOUND_UNLISTED = (
    "no socket is listed on the address, but the system reports it in use; "
    "a socket may be bound without listening"
)
BIND_NOT_PERMITTED = (
    "no socket is listed on the address, but you may not bind this port to verify it"
)
NO_LONGER_LOCAL = "the address is no longer one of this machine's"
BIND_NOT_TRIED = "no socket is listed on the address, but bind() could not be tried"


def unreadable(error: Exception) -> str:
    """The sockets were not read."""
    return f"cannot read the sockets: {error}"


def unreadable_after_free(error: Exception) -> str:
    """The port was free before the sockets became unreadable."""
    return f"it was free, but the sockets can no longer be read: {error}"


def no_longer_holds(process: Process, endpoint: Endpoint) -> str:
    """The process has closed its socket since it was chosen."""
    return f"{process.label} no longer holds {endpoint}"


def runs_another_program(process: Process) -> str:
    """The process has called execve(2) since it was chosen."""
    return f"{process.label} now runs another program"


def step(seconds: float, text: str) -> str:
    """One line of progress, `seconds` after the start of the stop."""
    return f"{seconds:.1f} s  {text}"


def signal_sent(process: Process, signal: StopSignal) -> str:
    """A signal was sent."""
    return f"sent {signal} to {process.label}"


def resumed(process: Process, signal: StopSignal) -> str:
    """SIGCONT was sent to a suspended process after `signal`."""
    return f"{process.label} was suspended: sent SIGCONT so that it can act on {signal}"


def exited(process: Process) -> str:
    """The process has exited."""
    return f"{process.label} exited"


def watching(port: int, seconds: float) -> str:
    """The port is free, and a restart is still possible."""
    return f"port {port} is free; watching {seconds:g} s for a restart"
