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

from porttui.host.contract import BindResult
from porttui.model.address import Endpoint, Family, Protocol

_EXCLUSIVE = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)


def can_bind(protocol: Protocol, endpoint: Endpoint) -> BindResult:
    """Whether a server that sets SO_REUSEADDR could bind `endpoint` right now.

    For [::] it is enough that the IPv6 side can be bound: an IPv4 server beside it is another's.
    """
    if endpoint.address.family is Family.IPV4:
        return _bind(socket.AF_INET, protocol, endpoint, v6only=None)
    if endpoint.address.is_wildcard:
        outcome = _bind(socket.AF_INET6, protocol, endpoint, v6only=False)
        if outcome is not BindResult.IN_USE:
            return outcome
        return _bind(socket.AF_INET6, protocol, endpoint, v6only=True)
    is_mapped = len(endpoint.address.unmapped) == 4
    return _bind(socket.AF_INET6, protocol, endpoint, v6only=not is_mapped)


def try_bind(protocol: Protocol, endpoint: Endpoint, reuse: bool) -> BindResult:
    """Whether `endpoint` can be bound as it stands, [::] for both families.

    Without `reuse` a server that starts at the same moment can fail for it: only for a person who
    asks, never again and again. Where the flag means something else it is not set.
    """
    if endpoint.address.family is Family.IPV4:
        return _bind(socket.AF_INET, protocol, endpoint, v6only=None, reuse=reuse)
    is_dual_stack = endpoint.address.is_wildcard or len(endpoint.address.unmapped) == 4
    return _bind(socket.AF_INET6, protocol, endpoint, v6only=not is_dual_stack, reuse=reuse)


def _bind(
    family: socket.AddressFamily,
    protocol: Protocol,
    endpoint: Endpoint,
    *,
    v6only: bool | None,
    reuse: bool = True,
) -> BindResult:
    socket_type = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    try:
        probe = socket.socket(family, socket_type)
    except OSError:
        return BindResult.UNKNOWN  # a sandbox forbids it, or there is no IPv6: bind was not asked
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
        return BindResult.NOT_PERMITTED
    except OSError as error:
        answers = {errno.EADDRINUSE: BindResult.IN_USE, errno.EADDRNOTAVAIL: BindResult.NOT_LOCAL}
        return answers.get(error.errno or 0, BindResult.UNKNOWN)
    return BindResult.BINDABLE
