"""Asks the kernel whether an address can be bound, by binding it for a moment.

Nothing listens and no packet is sent. On Linux the probe sets SO_REUSEADDR: then it never makes
a server that starts at the same moment fail, and a listener still refuses it (socket(7)). On
BSDs that flag would slip in beside a wildcard listener and on Windows it would hijack the
port, so there the probe goes without.
"""

from __future__ import annotations

import errno
import socket
import sys

from porttui.host.contract import BindAnswer
from porttui.model.address import Endpoint, Family, Protocol

_EXCLUSIVE = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)


def can_bind(protocol: Protocol, endpoint: Endpoint) -> BindAnswer:
    """Whether a server that sets SO_REUSEADDR could bind `endpoint` right now.

    For [::] it is enough that the IPv6 side can be bound: an IPv4 server beside it is another's.
    """
    if endpoint.address.family is Family.IPV4:
        return _bind(socket.AF_INET, protocol, endpoint, v6only=None)
    if endpoint.address.is_wildcard:
        dual = _bind(socket.AF_INET6, protocol, endpoint, v6only=False)
        if dual is not BindAnswer.IN_USE:
            return dual
        return _bind(socket.AF_INET6, protocol, endpoint, v6only=True)
    mapped = len(endpoint.address.unmapped) == 4
    return _bind(socket.AF_INET6, protocol, endpoint, v6only=not mapped)


def try_bind(protocol: Protocol, endpoint: Endpoint, reuse: bool) -> BindAnswer:
    """Whether `endpoint` can be bound as it stands, [::] for both families.

    Without `reuse` a server that starts at the same moment can fail for it: only for a person who
    asks, never again and again. Where the flag means something else it is not set.
    """
    if endpoint.address.family is Family.IPV4:
        return _bind(socket.AF_INET, protocol, endpoint, v6only=None, reuse=reuse)
    both = endpoint.address.is_wildcard or len(endpoint.address.unmapped) == 4
    return _bind(socket.AF_INET6, protocol, endpoint, v6only=not both, reuse=reuse)


def _bind(
    family: socket.AddressFamily,
    protocol: Protocol,
    endpoint: Endpoint,
    *,
    v6only: bool | None,
    reuse: bool = True,
) -> BindAnswer:
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    try:
        probe = socket.socket(family, kind)
    except OSError:
        return BindAnswer.UNKNOWN  # a sandbox forbids it, or there is no IPv6: bind was not asked
    try:
        with probe:
            if v6only is not None:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
            # A UDP socket with the flag would share the port of any other that has it.
            if sys.platform == "linux" and protocol is Protocol.TCP and reuse:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            elif _EXCLUSIVE is not None:
                probe.setsockopt(socket.SOL_SOCKET, _EXCLUSIVE, 1)
            probe.bind((endpoint.address.text, endpoint.port))
    except PermissionError:
        return BindAnswer.NOT_PERMITTED
    except OSError as error:
        answers = {errno.EADDRINUSE: BindAnswer.IN_USE, errno.EADDRNOTAVAIL: BindAnswer.NOT_HERE}
        return answers.get(error.errno or 0, BindAnswer.UNKNOWN)
    return BindAnswer.BINDABLE
