"""Diagnoses in words that a person understands."""

from __future__ import annotations

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis, Reason, Why
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.text.processes import HIDDEN, listed, with_user

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
    """How the verdict was come to: what was listed, and what binding said."""
    listed = len(diagnosis.sockets)
    rows = f"{listed} socket{'' if listed == 1 else 's'} with this local port listed"
    probe = {
        BindVerdict.HELD: "a server cannot bind it",
        BindVerdict.FREE: "it was bound for a moment, with SO_REUSEADDR and without",
        BindVerdict.FREE_WITH_REUSEADDR: "it was bound with SO_REUSEADDR; without, it was refused",
        BindVerdict.NOT_PERMITTED: "binding it was refused to this user (EACCES)",
        BindVerdict.UNKNOWN: "binding it could not be tried, or failed for another reason",
    }
    return f"{rows}; {probe[of.verdict]}"


def _sentence(diagnosis: Diagnosis, of: AddressVerdict, reason: Reason) -> str:
    port = diagnosis.port
    if reason.socket is None:
        return {
            Why.UNSEEN: (
                "the kernel says that it is in use, yet lists no socket on it: one that is bound "
                "and does not listen (kernels before 6.8 do not list those)"
            ),
            Why.PRIVILEGED: f"ports as low as {port} are not for every user: sudo may bind it",
            Why.NOT_HERE: f"{of.address} is no address of this machine",
            Why.UNTRIED: "binding it could not be tried here",
            Why.IN_RANGE: (
                f"inside the ephemeral range {diagnosis.ephemeral}: "
                "any outgoing connection may take it"
            ),
        }[reason.why]
    return _of_socket(of, reason.why, reason.socket)


def _of_socket(of: AddressVerdict, why: Why, each: Socket) -> str:
    who = _who(each)
    where = "" if each.local.address == of.address else f", at {each.local}"
    match why:
        case Why.LISTENS:
            verb = "listens" if each.state is TcpState.LISTEN else "has it"
            return f"{who} {verb}{where or ' here'}{_covering(of, each)}"
        case Why.BOUND:
            return f"{who} has bound it{where} and does not listen: starting up, or stuck in it"
        case Why.CONNECTED:
            return (
                f"{who} has a connection from {each.local} to {each.remote}: it uses the port as "
                "its outgoing one, or its listener is gone"
            )
        case Why.CLOSING:
            return (
                f"a connection from {each.local} to {each.remote} is being closed by the kernel "
                f"({each.state}); no process holds it"
            )
        case Why.TIME_WAIT:
            return f"a closed connection to {each.remote} lingers (TIME_WAIT){_left(each)}"
        case Why.ELSEWHERE:
            return f"{who} serves {each.local}{_localhost(of, each)}"
        case _:
            return who


def _who(each: Socket) -> str:
    if each.holders:
        return listed([with_user(holder) for holder in by_seniority(each.holders)], 1)
    if each.ownership is Ownership.HIDDEN:
        return f"{HIDDEN} of {each.user}" if each.user else HIDDEN
    if each.ownership is Ownership.GONE:
        return "a process that has closed it since"
    return "the kernel itself, without a process,"


def _covering(of: AddressVerdict, each: Socket) -> str:
    """Why a listener at another address is in the way."""
    local = each.local.address
    if local == of.address:
        return ""
    if local.is_wildcard:
        both = len(local.unmapped) == 16 and len(of.address.unmapped) == 4
        return ", which takes IPv4, too" if both else ", which takes every address"
    if of.address.is_wildcard:
        both = len(of.address.unmapped) == 16 and len(local.unmapped) == 4
        return ", and [::] would take IPv4, too" if both else ", which the wildcard would take"
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
