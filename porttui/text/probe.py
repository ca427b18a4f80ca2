"""What a probe found, in words."""

from __future__ import annotations

from collections.abc import Iterator

from porttui.analysis.overlap import stands_in_the_way
from porttui.model.contact import Contact, ContactOutcome, Reach
from porttui.model.socket import Socket
from porttui.text.processes import agreeing, holder_names

OUTCOMES = {
    ContactOutcome.REFUSED: "refused",
    ContactOutcome.TIMED_OUT: "timed out",
    ContactOutcome.UNREACHABLE: "unreachable",
    ContactOutcome.NO_PORT: "no port left",
    ContactOutcome.NOT_PERMITTED: "not permitted",
    ContactOutcome.FAILED: "failed",
    ContactOutcome.RESET: "connected, then reset",
    ContactOutcome.CLOSED: "connected, then closed",
    ContactOutcome.SILENT: "connected, silent",
    ContactOutcome.ANSWERS: "answers",
}

_HEAD_BYTES = 400
_TLS_ALERT = b"\x15\x03"
"""Content type and major version of a TLS record (RFC 8446, 5.1)."""
_MYSQL_GREETING = b"\x00\x0a"
"""Sequence 0, protocol version 10, behind a length of three bytes."""
_SHOWN = 60


def contact_words(reach: Reach, contact: Contact) -> str:
    """Who refused, accepted or answered, and after how long."""
    here = [each for each in reach.listeners if _takes(contact, each)]
    took = f"after {max(contact.took_ms, 0.1):.1f} ms"
    match contact.outcome:
        case ContactOutcome.REFUSED:
            if not here:
                return "nobody listens there"
            return f"{_who(here)} {_listens(here)} there, but refused"
        case ContactOutcome.TIMED_OUT:
            return _why_no_answer(here)
        case ContactOutcome.NO_PORT:
            return (
                "this machine has no port left to connect from: "
                f"porttui check --to {contact.remote} shows who has them"
            )
        case ContactOutcome.ANSWERS:
            return f"{_recognised(contact.answer)}, {took}"
        case ContactOutcome.SILENT:
            # The kernel completes connections that nobody has accepted yet (listen(2)).
            return f"{took}; {_who(here)} sent nothing"
        case ContactOutcome.CLOSED:
            return f"{_who(here)} accepted {took} and closed at once"
        case ContactOutcome.RESET:
            return f"{_who(here)} accepted {took} and reset at once"
        case ContactOutcome.UNREACHABLE | ContactOutcome.NOT_PERMITTED | ContactOutcome.FAILED:
            return contact.detail
    return ""


def advice(reach: Reach) -> Iterator[str]:
    """What else matters: other listeners, and which address a name leads to first."""
    tried = {contact.outcome.is_connected for contact in reach.contacts}
    for each in reach.listeners:
        if not any(_takes(contact, each) for contact in reach.contacts):
            yield f"{_who([each])} also {_listens([each])} on {each.local} (not tested)"
    if tried == {True, False}:
        first = reach.contacts[0]
        later = next(each for each in reach.contacts if each.outcome.is_connected)
        if not first.outcome.is_connected:
            yield (
                f"{reach.host} leads to {first.remote.address} first, which fails: clients "
                f"that do not try {later.remote.address} cannot connect"
            )
    if not reach.listeners and not reach.is_reached:
        yield f"nothing listens on port {reach.port} of this machine"


def _takes(contact: Contact, each: Socket) -> bool:
    return stands_in_the_way(contact.remote.address, each) is not False


def _why_no_answer(here: list[Socket]) -> str:
    full = [each for each in here if each.recv_queue > each.send_queue > 0]
    if full:
        [one, *_] = full
        return (
            f"{_who(full)} {agreeing(full, 'does', 'do')} not accept: "
            f"{one.recv_queue} connections wait in a queue of {one.send_queue}"
        )
    if here:
        return (
            f"{_who(here)} {_listens(here)}, but nothing answered: a firewall "
            "(nft list ruleset, iptables -S) or the network drops packets"
        )
    return "nothing answered: a firewall or the network drops packets"


def _listens(sockets: list[Socket]) -> str:
    return agreeing(sockets, "listens", "listen")


def _who(sockets: list[Socket]) -> str:
    return holder_names(sockets, 1) if sockets else "the server"


def _recognised(answer: bytes) -> str:
    """The protocol, where the first bytes tell it."""
    head = answer[:_HEAD_BYTES]
    lines = head.replace(b"\r", b"").split(b"\n")
    first = _text(lines[0])
    if head.startswith(b"HTTP/"):
        servers = [line[7:].strip() for line in lines if line.lower().startswith(b"server:")]
        return f"HTTP: {first}{f', {_text(servers[0])}' if servers else ''}"
    if head.startswith(_TLS_ALERT):
        return "TLS: it does not speak plain HTTP"
    if head.startswith(b"SSH-"):
        return f"SSH: {first}"
    if head[3:5] == _MYSQL_GREETING:
        return f"MySQL or MariaDB: {_text(head[5:].partition(bytes(1))[0])}"
    if head.startswith((b"-ERR", b"-DENIED", b"-NOAUTH")):
        return f"Redis: {first}"
    if head.startswith(b"E") and b"FATAL" in head:
        return "PostgreSQL: it refuses other protocols"
    if head.startswith(b"220"):
        return f"a mail or file server: {first}"
    return f"it says {_text(head)}"


def _text(raw: bytes) -> str:
    """Bytes from a stranger, in printable ASCII."""
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[:_SHOWN])
    return f"{shown}..." if len(raw) > _SHOWN else shown
