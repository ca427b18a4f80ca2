"""Text of a probe."""

from __future__ import annotations

from collections.abc import Iterator

from porttui.analysis.address_rules import accepts_connection
from porttui.model.probe import ConnectProbe, ProbeOutcome, ProbeResult
from porttui.model.process import Suspension
from porttui.model.socket import Socket
from porttui.text.processes import holder_names, verb_form

OUTCOME_NAMES = {
    ProbeOutcome.REFUSED: "refused",
    ProbeOutcome.NOT_ACCEPTED: "not accepted",
    ProbeOutcome.TIMED_OUT: "timed out",
    ProbeOutcome.UNREACHABLE: "unreachable",
    ProbeOutcome.NO_PORT: "no port left",
    ProbeOutcome.NOT_PERMITTED: "not permitted",
    ProbeOutcome.FAILED: "failed",
    ProbeOutcome.RESET: "connected, then reset",
    ProbeOutcome.CLOSED: "connected, then closed",
    ProbeOutcome.SILENT: "connected, silent",
    ProbeOutcome.ANSWERS: "answers",
}

_HEAD_BYTES = 400
_TLS_ALERT = b"\x15\x03"
"""Content type and major version of a TLS record (RFC 8446, 5.1)."""
_NOT_HTTP = (
    (b"HTTP request to an HTTPS server", "TLS"),
    (b"plain HTTP request was sent to HTTPS port", "TLS"),
    (b"speaking plain HTTP to an SSL-enabled server port", "TLS"),
    (b"MongoDB over HTTP on the native driver port", "MongoDB"),
    (b"not an HTTP port", "Elasticsearch's transport protocol"),
)
"""What Go, nginx, Apache, MongoDB and Elasticsearch answer to HTTP on another protocol's port."""
_MYSQL_GREETING = b"\x00\x0a"
"""Sequence 0, protocol version 10, behind a length of three bytes."""
_MAX_SHOWN_BYTES = 60
_AT_ONCE_MS = 100


def probe_words(result: ProbeResult, probe: ConnectProbe) -> str:
    """Who refused, accepted or answered, and after how long."""
    listeners = [socket for socket in result.listeners if _accepts(probe, socket)]
    took = f"after {max(probe.took_ms, 0.1):.1f} ms"
    match probe.outcome:
        case ProbeOutcome.REFUSED:
            if probe.device is None:
                return "no process listens there, or a firewall rejects it"
            if not listeners:
                return "no process listens there"
            return f"{_holder_text(listeners)} {verb_form(listeners, 'listens')} there, but refused"
        case ProbeOutcome.TIMED_OUT:
            return _timeout_text(listeners)
        case ProbeOutcome.NO_PORT:
            return (
                "this machine has no port left to connect from: "
                f"porttui check --to {probe.remote} shows who holds them"
            )
        case ProbeOutcome.ANSWERS:
            return f"{_protocol_text(probe.answer)}, {took}"
        case ProbeOutcome.NOT_ACCEPTED:
            return _queue_text(result, listeners)
        case ProbeOutcome.SILENT if probe.was_asked:
            return f"{took}; {_holder_text(listeners)} did not answer the HTTP request"
        case ProbeOutcome.SILENT:
            return f"{took}; {_holder_text(listeners)} sent nothing"
        case ProbeOutcome.CLOSED | ProbeOutcome.RESET:
            verb = "closed" if probe.outcome is ProbeOutcome.CLOSED else "reset"
            return f"{_holder_text(listeners)} accepted {took} and {verb} {_when_ended(probe)}"
        case ProbeOutcome.UNREACHABLE | ProbeOutcome.NOT_PERMITTED | ProbeOutcome.FAILED:
            return probe.detail
    return ""


def advice(result: ProbeResult) -> Iterator[str]:
    """What else matters: other listeners, and which address a name leads to first."""
    tried = {probe.outcome.is_connected for probe in result.probes}
    is_here = any(probe.device is not None for probe in result.probes)
    for socket in result.listeners if is_here else ():
        if not any(_accepts(probe, socket) for probe in result.probes):
            listens = verb_form([socket], "listens")
            yield f"{_holder_text([socket])} also {listens} on {socket.local} (not probed)"
    if tried == {True, False}:
        first = result.probes[0]
        later = next(probe for probe in result.probes if probe.outcome.is_connected)
        if not first.outcome.is_connected:
            yield (
                f"{result.host} resolves to {first.remote.address} first, which fails; clients "
                f"that do not try {later.remote.address} cannot connect"
            )
    if is_here and not result.listeners and not result.is_connected:
        yield f"nothing listens on port {result.port} of this machine"


def _accepts(probe: ConnectProbe, socket: Socket) -> bool:
    if probe.device is None:
        return False
    return accepts_connection(socket, probe.remote.address.destination, probe.device) is not False


def _when_ended(probe: ConnectProbe) -> str:
    if probe.was_asked:
        return "after the HTTP request"
    open_ms = probe.ended_ms - probe.took_ms
    return "at once" if open_ms < _AT_ONCE_MS else f"after {open_ms / 1000:.1f} s more"


def _queue_text(result: ProbeResult, listeners: list[Socket]) -> str:
    """Why a connection waits: the kernel completes those that nobody has accepted (listen(2))."""
    queue = "it waits in the queue"
    for socket in listeners:
        suspensions = [result.suspended.get(holder) for holder in socket.holders]
        # While one of them runs it may still accept.
        if suspensions and None not in suspensions:
            [holder, *_], [suspension, *_] = socket.holders, suspensions
            assert suspension is not None
            return f"{queue} of {holder.label}, which is {SUSPENSION_TEXT[suspension]}"
    waiting = max((socket.recv_queue for socket in listeners), default=0)
    others = f"; {waiting:,} connections wait" if waiting > 1 else ""
    has = verb_form(listeners, "has")
    return f"{queue}: {_holder_text(listeners)} {has} not accepted it (busy, or hangs){others}"


SUSPENSION_TEXT = {
    Suspension.STOPPED: "stopped (SIGCONT resumes it)",
    Suspension.TRACED: "stopped by a debugger",
    Suspension.FROZEN: "frozen by its control group (thaw it first)",
    Suspension.UNINTERRUPTIBLE: "blocked in the kernel (state D: a device or a file system)",
}


def _timeout_text(listeners: list[Socket]) -> str:
    # One more than the backlog fits (include/net/sock.h, sk_acceptq_is_full).
    full = [socket for socket in listeners if socket.recv_queue > socket.send_queue]
    if full:
        [one, *_] = full
        return (
            f"{_holder_text(full)} {verb_form(full, 'does')} not accept: "
            f"{one.recv_queue} connections wait in a queue of {one.send_queue}"
        )
    if listeners:
        return (
            f"{_holder_text(listeners)} {verb_form(listeners, 'listens')}, but nothing answered: "
            "a firewall (nft list ruleset, iptables -S) or the network drops packets"
        )
    return "nothing answered: a firewall or the network drops packets"


def _holder_text(sockets: list[Socket]) -> str:
    return holder_names(sockets, 1) if sockets else "the server"


def _protocol_text(answer: bytes) -> str:
    """The protocol, where the first bytes tell it."""
    head = answer[:_HEAD_BYTES]
    lines = head.replace(b"\r", b"").split(b"\n")
    first = _text(lines[0])
    if head.startswith(b"HTTP/"):
        servers = [line[7:].strip() for line in lines if line.lower().startswith(b"server:")]
        for words, protocol in _NOT_HTTP:
            if words in head:
                return f"{protocol}, not HTTP (it answers {first})"
        return f"HTTP: {first}{f', {_text(servers[0])}' if servers else ''}"
    if head.startswith(_TLS_ALERT):
        return "TLS: not plain HTTP"
    if head.startswith(b"SSH-"):
        return f"SSH: {first}"
    if head[3:5] == _MYSQL_GREETING:
        return f"MySQL or MariaDB: {_text(head[5:].partition(bytes(1))[0])}"
    if head.startswith((b"-ERR", b"-DENIED", b"-NOAUTH")):
        return f"Redis: {first}"
    if head.startswith(b"E") and b"FATAL" in head:
        return "PostgreSQL: refuses other protocols"
    if head.startswith(b"220"):
        return f"a mail or file server: {first}"
    return f"sent {_text(head)}"


def _text(raw: bytes) -> str:
    """Bytes from a stranger, in printable ASCII."""
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[:_MAX_SHOWN_BYTES])
    return f"{shown}..." if len(raw) > _MAX_SHOWN_BYTES else shown
