"""Tests whether an address can be bound, by a short bind.

The probe does not listen and sends no packet. On Linux it sets SO_REUSEADDR: then a server that
starts at the same moment does not fail, and a listener still refuses the bind (socket(7)). On BSDs
the flag would allow a bind beside a wildcard listener, and on Windows it would hijack the port, so
there the probe does not set it.
"""

from __future__ import annotations

import errno
import socket
import sys

from porttui.host.contract import BindResult
from porttui.host.privileges import first_bindable_port
from porttui.host.request import HostError
from porttui.host.socket_address import bind_to_device, socket_address
from porttui.model.address import Endpoint, Family, Protocol

_EXCLUSIVE = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)


def can_bind(protocol: Protocol, endpoint: Endpoint) -> BindResult:
    """Whether a server that sets SO_REUSEADDR could bind `endpoint` now.

    For [::] the IPv6 side is enough: an IPv4 server may run beside it.
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
    """Whether `endpoint` can be bound exactly as given, [::] for both families.

    Without `reuse` the probe can make a server fail that starts at the same moment. So it is for
    single requests of a user, never for repeated ones. `reuse` sets SO_REUSEADDR on Linux alone.
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
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT and family == socket.AF_INET6:
            return BindResult.IPV6_OFF
        return BindResult.UNKNOWN  # a sandbox forbids sockets
    try:
        with probe:
            if v6only is not None:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
            # UDP sockets that have the flag share a port.
            if sys.platform == "linux" and protocol is Protocol.TCP and reuse:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            elif _EXCLUSIVE is not None:
                probe.setsockopt(socket.SOL_SOCKET, _EXCLUSIVE, 1)
            bind_to_device(probe, endpoint.address)
            probe.bind(socket_address(endpoint))
    except OSError as error:
        return _refusal(error, endpoint)
    return BindResult.BINDABLE


def _refusal(error: OSError, endpoint: Endpoint) -> BindResult:
    """Why bind(2) failed."""
    match error.errno:
        case errno.EADDRINUSE:
            return BindResult.IN_USE
        case errno.EACCES if endpoint.port < first_bindable_port():
            return BindResult.PRIVILEGED
        case errno.EACCES | errno.EPERM:
            return BindResult.FORBIDDEN
        case errno.EADDRNOTAVAIL:
            return _unavailable(endpoint)
        case errno.EINVAL if endpoint.address.is_link_local and not endpoint.address.zone:
            return BindResult.INVALID
    return BindResult.UNKNOWN


def _unavailable(endpoint: Endpoint) -> BindResult:
    """Why an address cannot be assigned."""
    address = endpoint.address
    if address.family is Family.IPV6 and _is_ipv6_disabled():
        return BindResult.IPV6_OFF
    if sys.platform == "linux":
        from porttui.host.linux.own_addresses import read_own_addresses  # seldom needed

        try:
            own = read_own_addresses()
        except HostError:
            own = ()
        if any(entry.is_tentative and entry.address.packed == address.packed for entry in own):
            return BindResult.TENTATIVE
    return BindResult.NOT_LOCAL


def _is_ipv6_disabled() -> bool:
    """By net.ipv6.conf.all.disable_ipv6; False where there is no such sysctl."""
    try:
        with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "rb") as file:
            return file.read().strip() == b"1"
    except OSError:
        return False
