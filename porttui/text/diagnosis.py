"""Diagnoses in words that a person understands."""

from __future__ import annotations

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis, Reason, Why
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.text.numbers import counted
from porttui.text.processes import agreeing, holder_names, listed, with_user

VERDICTS = {
    BindVerdict.HELD: "held",
    BindVerdict.FREE: "free",
    BindVerdict.FREE_WITH_REUSEADDR: "free with SO_REUSEADDR only",
    BindVerdict.NOT_PERMITTED: "not permitted",
    BindVerdict.UNKNOWN: "unknown",
}


def reasons(diagnosis: Diagnosis, of: AddressVerdict) -> tuple[str, ...]:
    """A sentence, without a full stop, for each reason."""
    return tuple(_sentence(diagnosis, of, reason) for reason in of.reasons)


def explanation(diagnosis: Diagnosis, of: AddressVerdict) -> str:
    """What the verdict rests on: the listed sockets, and what bind() said."""
    tried = {
        BindVerdict.HELD: "a server cannot bind it",
        BindVerdict.FREE: "bind() succeeded with and without SO_REUSEADDR",
        BindVerdict.FREE_WITH_REUSEADDR: "bind() succeeded with SO_REUSEADDR only",
        BindVerdict.NOT_PERMITTED: "bind() is not permitted to this user (EACCES)",
        BindVerdict.UNKNOWN: "bind() could not be tried, or failed for another reason",
    }
    sockets = counted(len(diagnosis.sockets), "socket")
    return f"{sockets} with this local port; {tried[of.verdict]}"


def _sentence(diagnosis: Diagnosis, of: AddressVerdict, reason: Reason) -> str:
    port = diagnosis.port
    if reason.socket is None:
        return {
            Why.UNSEEN: (
                "in use by a socket that the kernel does not list "
                "(before Linux 6.8: bound but not listening)"
            ),
            Why.PRIVILEGED: (
                "ports below 1024 need root"
                if port < 1024
                else f"port {port} needs root (net.ipv4.ip_unprivileged_port_start)"
            ),
            Why.NOT_HERE: f"{of.address} is not an address of this machine",
            Why.UNTRIED: "bind() could not be tried here",
            Why.IN_RANGE: (
                f"in the ephemeral range {diagnosis.ephemeral}: any outgoing connection may take it"
            ),
        }[reason.why]
    return _of_socket(of, reason.why, reason.socket)


def _of_socket(of: AddressVerdict, why: Why, each: Socket) -> str:
    who = _who(each)
    match why:
        case Why.LISTENS:
            return f"{who} {_serves(each)} {_where(of, each)}{_covering(of, each)}"
        case Why.BOUND:
            bound = f"{agreeing([each], 'is', 'are')} bound"
            return f"{who} {bound} {_where(of, each, 'to')} without listening: starting, or stuck"
        case Why.CONNECTED:
            return (
                f"{who} {agreeing([each], 'has', 'have')} a connection from {each.local} to "
                f"{each.remote}: as a client's source port, or left over from a closed listener"
            )
        case Why.CLOSING:
            return (
                f"the kernel is closing a connection from {each.local} to {each.remote} "
                f"({each.state}); no process holds it"
            )
        case Why.TIME_WAIT:
            closed = f"a closed connection to {each.remote}"
            return f"{closed} still occupies it (TIME_WAIT){_left(each)}"
        case Why.ELSEWHERE:
            return f"{who} {_serves(each)} {_where(of, each)}{_localhost(of, each)}"
        case _:
            return who


def _who(each: Socket) -> str:
    if each.holders:
        return listed([with_user(holder) for holder in by_seniority(each.holders)], 1)
    whose = f" of {each.user}" if each.user and each.ownership is Ownership.HIDDEN else ""
    return holder_names([each]) + whose


def _serves(each: Socket) -> str:
    if each.state is TcpState.LISTEN:
        return agreeing([each], "listens", "listen")
    return f"{agreeing([each], 'is', 'are')} bound"


def _where(of: AddressVerdict, each: Socket, to: str = "") -> str:
    """ "here", or "on 127.0.0.1:3000" where that is another address."""
    if each.local.address == of.address:
        return "here"
    to = to or ("on" if each.state is TcpState.LISTEN else "to")
    return f"{to} {each.local}"


def _covering(of: AddressVerdict, each: Socket) -> str:
    """Why a listener at another address is in the way."""
    local = each.local.address
    if local == of.address:
        return ""
    if local.is_wildcard:
        both = len(local.unmapped) == 16 and len(of.address.unmapped) == 4
        return ", which also takes IPv4" if both else ", which takes every address"
    if of.address.is_wildcard:
        return f"; {spelled(Endpoint(of.address, each.local.port))} would include that address"
    return ", the same address"


def _left(each: Socket) -> str:
    if each.expires_ms is None:
        return ", for up to 60 s"
    return f", for {-(-each.expires_ms // 1000)} s more"


def _localhost(of: AddressVerdict, each: Socket) -> str:
    """`localhost` is both loopback addresses, ::1 first where it has one (RFC 6724)."""
    ours, theirs = of.address, each.local.address
    here = ours.is_loopback or ours.is_wildcard
    there = theirs.is_loopback or theirs.is_wildcard
    if here and there and len(ours.unmapped) != len(theirs.unmapped):
        return ": localhost may lead there instead"
    return ""


def spelled(endpoint: Endpoint) -> str:
    """An address with its brackets, without the port."""
    return str(endpoint).rpartition(":")[0]
