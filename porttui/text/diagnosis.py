"""Text of a diagnosis, a search for free ports, and a wait."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.holders import by_seniority
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis, Reason, ReasonKind
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.text.numbers import pluralized
from porttui.text.processes import holder_names, join_limited, verb_form, with_user

VERDICT_NAMES = {
    BindVerdict.HELD: "held",
    BindVerdict.FREE: "free",
    BindVerdict.FREE_WITH_REUSEADDR: "free only with SO_REUSEADDR",
    BindVerdict.NOT_PERMITTED: "not permitted",
    BindVerdict.NOT_AVAILABLE: "not available",
    BindVerdict.UNKNOWN: "unknown",
}


_BIND_RESULTS = {
    BindVerdict.HELD: "a server cannot bind it",
    BindVerdict.FREE: "bind() succeeded with and without SO_REUSEADDR",
    BindVerdict.FREE_WITH_REUSEADDR: "bind() succeeded with SO_REUSEADDR only",
    BindVerdict.NOT_PERMITTED: "this user may not bind it (EACCES)",
    BindVerdict.NOT_AVAILABLE: "bind() cannot assign the address (EADDRNOTAVAIL)",
    BindVerdict.UNKNOWN: "bind() could not be tried, or failed for another reason",
}


def reasons(diagnosis: Diagnosis, verdict: AddressVerdict) -> tuple[str, ...]:
    """A sentence, without a full stop, for each reason."""
    return tuple(_sentence(diagnosis, verdict, reason) for reason in verdict.reasons)


def explanation(diagnosis: Diagnosis, verdict: AddressVerdict) -> str:
    """What the verdict rests on: the listed sockets, and what bind() said."""
    sockets = pluralized(len(diagnosis.sockets), "socket")
    return f"{sockets} with this local port; {_BIND_RESULTS[verdict.verdict]}"


def _sentence(diagnosis: Diagnosis, verdict: AddressVerdict, reason: Reason) -> str:
    if reason.socket is not None:
        return _of_socket(verdict, reason.kind, reason.socket)
    match reason.kind:
        case ReasonKind.UNLISTED:
            return (
                "in use by a socket that the kernel does not list "
                "(before Linux 6.8: bound but not listening)"
            )
        case ReasonKind.EPHEMERAL:
            return f"in the ephemeral range {diagnosis.ephemeral}: outgoing connections may take it"
    return refusal_text(reason.kind, verdict.address, diagnosis.port)


def refusal_text(kind: ReasonKind, address: Address, port: int) -> str:
    """Why bind() fails, other than that the port is in use; without a full stop."""
    match kind:
        case ReasonKind.PRIVILEGED if port < 1024:
            return "ports below 1024 need root"
        case ReasonKind.PRIVILEGED:
            return f"port {port} needs root (net.ipv4.ip_unprivileged_port_start)"
        case ReasonKind.FORBIDDEN:
            return (
                "a policy forbids bind(): Landlock, SELinux, AppArmor, or SocketBindDeny of systemd"
            )
        case ReasonKind.NOT_LOCAL:
            return f"{address} is not an address of this machine"
        case ReasonKind.TENTATIVE:
            return f"{address} is not usable yet: duplicate address detection runs, or has failed"
        case ReasonKind.IPV6_OFF:
            return "IPv6 is off on this machine (net.ipv6.conf.all.disable_ipv6)"
        case ReasonKind.NO_INTERFACE:
            return f"{address} needs its interface, like {address}%eth0"
        case ReasonKind.NOT_TESTED:
            return "bind() could not be tried here"
        case _:
            raise ValueError(f"{kind} needs a socket")


_SHARED_UDP = "; one more may join where both set SO_REUSEADDR or SO_REUSEPORT"
"""As for mDNS; sock_diag does not report the options."""


def _of_socket(verdict: AddressVerdict, kind: ReasonKind, socket: Socket) -> str:
    who = _holder_text(socket)
    is_here = socket.local.address == verdict.address
    serves = _serves([socket], "" if is_here else str(socket.local))
    match kind:
        case ReasonKind.LISTENS if socket.protocol is Protocol.UDP:
            return f"{who} {serves}{_covering(verdict, socket)}{_SHARED_UDP}"
        case ReasonKind.LISTENS:
            return f"{who} {serves}{_covering(verdict, socket)}"
        case ReasonKind.BOUND:
            does = verb_form([socket], "does")
            return f"{who} {serves} but {does} not listen (starting or stuck)"
        case ReasonKind.CONNECTED:
            return (
                f"{who} {verb_form([socket], 'has')} a connection from {socket.local} to "
                f"{socket.remote}: as a client's source port, or left over from a closed listener"
            )
        case ReasonKind.CLOSING:
            return (
                f"the kernel is closing a connection from {socket.local} to {socket.remote} "
                f"({socket.state}); no process holds it"
            )
        case ReasonKind.TIME_WAIT:
            closed = f"a closed connection to {socket.remote}"
            return f"{closed} still occupies it (TIME_WAIT){_left(socket)}"
        case ReasonKind.OTHER_ADDRESS:
            return f"{who} {serves}{_localhost(verdict, socket)}"
    return who


def _holder_text(socket: Socket) -> str:
    if socket.holders:
        return join_limited([with_user(holder) for holder in by_seniority(socket.holders)], 1)
    whose = f" of {socket.user}" if socket.user and socket.ownership is Ownership.HIDDEN else ""
    return holder_names([socket]) + whose


def _serves(sockets: Sequence[Socket], endpoints: str) -> str:
    """ "listens on 127.0.0.1:3000", "is bound to 127.0.0.1:3000"; "listens here" for none."""
    is_listened = any(socket.state is TcpState.LISTEN for socket in sockets)
    verb = verb_form(sockets, "listens") if is_listened else f"{verb_form(sockets, 'is')} bound"
    if not endpoints:
        return f"{verb} here"
    return f"{verb} {'on' if is_listened else 'to'} {endpoints}"


def _covering(verdict: AddressVerdict, socket: Socket) -> str:
    """Why a listener on another address is in the way."""
    local = socket.local.address
    if local == verdict.address:
        return ""
    if local.zone and local.zone != verdict.address.zone:
        return f": it serves {local.zone} alone, but this address cannot be bound beside it"
    ours, theirs = len(verdict.address.unmapped), len(local.unmapped)
    if local.is_wildcard and ours <= theirs:
        return ", which also takes IPv4" if ours < theirs else ", which includes this address"
    if verdict.address.is_wildcard:
        wildcard = host_text(Endpoint(verdict.address, socket.local.port))
        return f"; {wildcard} would include that address"
    return ", the same address"


def _left(socket: Socket) -> str:
    if socket.expires_ms is None:
        return ", for up to 60 s"
    return f", for {-(-socket.expires_ms // 1000)} s more"


def _localhost(verdict: AddressVerdict, socket: Socket) -> str:
    """`localhost` is both loopback addresses, ::1 first where it has one (RFC 6724)."""
    ours, theirs = verdict.address, socket.local.address
    are_local = all(address.is_loopback or address.is_wildcard for address in (ours, theirs))
    differ = len(ours.unmapped) != len(theirs.unmapped)
    return "; localhost may resolve to it" if are_local and differ else ""


def host_text(endpoint: Endpoint) -> str:
    """An address with its brackets, without the port."""
    return str(endpoint).rpartition(":")[0]


def ports_found(number: int, requested: int) -> str:
    """Fewer ports are free than were requested."""
    return f"found {pluralized(number, 'free port')} of {requested}"


def port_is_free(port: int) -> str:
    """A server can bind the port."""
    return f"port {port} is free"


def port_is_held(port: int) -> str:
    """The port is neither free nor listening."""
    return f"port {port} has no listener, but cannot be bound"


def listeners_text(sockets: Sequence[Socket]) -> str:
    """ "node 10 listens on 127.0.0.1:3000", or "is bound to" for UDP."""
    endpoints = ", ".join(dict.fromkeys(str(socket.local) for socket in sockets))
    return f"{holder_names(sockets)} {_serves(sockets, endpoints)}"


def waiting(port: int, seconds: float, state: str, *, for_listener: bool) -> str:
    """Progress of a wait, in one line; `state` is a clause."""
    goal = f"for a listener on port {port}" if for_listener else f"for port {port} to be free"
    return f"waiting {goal} ({seconds:.0f} s): {state}"


def waited(seconds: float, state: str, *, reached: bool) -> str:
    """The end of a wait; `state` is a clause."""
    if reached:
        return f"{state} (after {seconds:.1f} s)"
    return f"gave up after {seconds:.1f} s: {state}"
