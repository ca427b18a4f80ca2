"""Tells at which interface a connection to an address of this machine arrives."""

from __future__ import annotations

from collections.abc import Mapping

from porttui.analysis.address_rules import accepts_connection
from porttui.host.contract import Host
from porttui.host.request import HostError
from porttui.model.address import Address
from porttui.model.socket import LOOPBACK_DEVICE, Socket


def read_devices(host: Host) -> Mapping[bytes, str]:
    """The interface of each address of this machine; empty where they cannot be read."""
    try:
        return {own.address.unmapped: own.device for own in host.own_addresses()}
    except HostError:
        return {}


def device_of(address: Address, devices: Mapping[bytes, str]) -> str | None:
    """The interface; None for an address that is not one of this machine's."""
    if address.is_loopback or address.is_wildcard:
        return address.zone or LOOPBACK_DEVICE
    device = devices.get(address.unmapped)
    # Two interfaces may have one link-local address.
    return address.zone or device if device is not None else None


def is_reached(address: Address, socket: Socket, devices: Mapping[bytes, str]) -> bool:
    """Whether a client of this machine that connects to the address gets to a listener on the port,
    for all that is known."""
    device = device_of(address, devices)
    if device is None:
        return False
    return accepts_connection(socket, address.destination, device) is not False
