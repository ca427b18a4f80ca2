"""From where a bound address can be reached."""

from __future__ import annotations

from porttui.model.address import Address
from porttui.model.socket import Exposure

WORDS = {
    Exposure.LOOPBACK: "loopback",
    Exposure.ONE_INTERFACE: "one interface",
    Exposure.ALL_INTERFACES: "all interfaces",
}


def exposure(address: Address) -> Exposure:
    """Loopback, one interface, or all of them. A firewall may narrow it: that is not seen here."""
    if address.is_wildcard:
        return Exposure.ALL_INTERFACES
    return Exposure.LOOPBACK if address.is_loopback else Exposure.ONE_INTERFACE
