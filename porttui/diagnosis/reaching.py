"""Whether a client can connect: every address that a name stands for, and who listens there."""

from __future__ import annotations

from collections.abc import Callable

from porttui.host.asking import Want
from porttui.host.connect_probe import CONNECT_S, connect, resolve
from porttui.model.address import Protocol
from porttui.model.contact import Contact, Reach
from porttui.sampling.snapshots import SnapshotSource


def reach(
    sampler: SnapshotSource,
    host: str,
    port: int,
    *,
    speak_http: bool = False,
    timeout_s: float = CONNECT_S,
    tell: Callable[[Contact], object] = lambda _: None,
) -> Reach:
    """Try all the addresses, not only the first that answers: the others tell, too.

    `tell` hears of each as it is known.

    Raises:
        HostError: the name stands for no address.
        SampleError: the sockets of this machine could not be read.
    """
    contacts = []
    for end in resolve(host, port):
        contacts.append(connect(end, speak_http=speak_http, timeout_s=timeout_s))
        tell(contacts[-1])
    table = sampler.sample(Want.LISTENING).sockets
    on_port = (table[row] for row in table.on_port(Protocol.TCP, port))
    listeners = tuple(each for each in on_port if each.is_listening)
    return Reach(host, port, tuple(contacts), listeners)
