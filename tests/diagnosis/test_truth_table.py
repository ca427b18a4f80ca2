"""The kernel is the judge: for every holder and every address, what a real server then finds."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.local import local_host
from porttui.model.address import Address, Protocol
from porttui.model.diagnosis import BindVerdict
from porttui.sampling.sampler import Sampler
from tests.host.socket_queries import is_accepted, states_between
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")

WANTED = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1")

Holder = Callable[[ExitStack, bool], int]
"""Makes what holds a port, with SO_REUSEADDR or without; the port."""


def made(
    kind: socket.SocketKind, address: str, reuse: bool, port: int = 0, v6only: bool = False
) -> socket.socket:
    """A bound socket."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    try:
        one.bind((address, port))
    except OSError:
        one.close()
        raise
    return one


def listening(address: str, *, v6only: bool = False) -> Holder:
    def hold(stack: ExitStack, reuse: bool) -> int:
        one = stack.enter_context(made(socket.SOCK_STREAM, address, reuse, v6only=v6only))
        one.listen()
        return int(one.getsockname()[1])

    return hold


def bound(kind: socket.SocketKind, address: str, *, v6only: bool = False) -> Holder:
    def hold(stack: ExitStack, reuse: bool) -> int:
        one = stack.enter_context(made(kind, address, reuse, v6only=v6only))
        return int(one.getsockname()[1])

    return hold


def _peer(stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_server(("127.0.0.1", 0)))


def outgoing(*, explicit: bool) -> Holder:
    """A client, whose port is given out by the kernel or bound by itself."""

    def hold(stack: ExitStack, reuse: bool) -> int:
        server = _peer(stack)
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        if explicit:
            client.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        stack.enter_context(server.accept()[0])
        return int(client.getsockname()[1])

    return hold


def accepted(stack: ExitStack, reuse: bool) -> int:
    """A connection whose listener is gone."""
    with made(socket.SOCK_STREAM, "127.0.0.1", reuse) as server:
        server.listen()
        stack.enter_context(socket.create_connection(server.getsockname()))
        stack.enter_context(server.accept()[0])
        return int(server.getsockname()[1])


def lingering(address: str, *, first: str) -> Holder:
    """TIME_WAIT at the end that was closed first."""

    def hold(_stack: ExitStack, reuse: bool) -> int:
        with made(socket.SOCK_STREAM, address, reuse) as server, socket.socket() as client:
            server.listen()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            port = int(server.getsockname()[1])
            client.connect(("127.0.0.1", port))
            with server.accept()[0] as child:
                until(lambda: is_accepted(port), "an accepted connection")
                ends = [client, child] if first == "client" else [child, client]
                left, other = (int(end.getsockname()[1]) for end in ends)
                for end in ends:
                    end.shutdown(socket.SHUT_WR)
                for end in ends:
                    end.close()
        until(lambda: "TIME_WAIT" in states_between("127.0.0.1", left, other), "TIME_WAIT")
        return left

    return hold


TCP = {
    "listen 127.0.0.1": listening("127.0.0.1"),
    "listen 127.0.0.2": listening("127.0.0.2"),
    "listen 0.0.0.0": listening("0.0.0.0"),
    "listen ::1": listening("::1"),
    "listen :: dual": listening("::"),
    "listen :: v6only": listening("::", v6only=True),
    "listen ::ffff:127.0.0.1": listening("::ffff:127.0.0.1"),
    "bound 127.0.0.1": bound(socket.SOCK_STREAM, "127.0.0.1"),
    "bound 0.0.0.0": bound(socket.SOCK_STREAM, "0.0.0.0"),
    "bound :: dual": bound(socket.SOCK_STREAM, "::"),
    "outgoing, port given out": outgoing(explicit=False),
    "outgoing, port bound": outgoing(explicit=True),
    "accepted, listener gone": accepted,
    "TIME_WAIT of a server on 127.0.0.1": lingering("127.0.0.1", first="server"),
    "TIME_WAIT of a server on 0.0.0.0": lingering("0.0.0.0", first="server"),
    "TIME_WAIT of a client": lingering("127.0.0.1", first="client"),
    "UDP 0.0.0.0": bound(socket.SOCK_DGRAM, "0.0.0.0"),
}

UDP = {
    "127.0.0.1": bound(socket.SOCK_DGRAM, "127.0.0.1"),
    "0.0.0.0": bound(socket.SOCK_DGRAM, "0.0.0.0"),
    ":: dual": bound(socket.SOCK_DGRAM, "::"),
    ":: v6only": bound(socket.SOCK_DGRAM, "::", v6only=True),
    "TCP 0.0.0.0": listening("0.0.0.0"),
}


@contextmanager
def held(holder: Holder, reuse: bool) -> Iterator[int]:
    with ExitStack() as stack:
        yield holder(stack, reuse)


def can_serve(kind: socket.SocketKind, address: str, port: int, *, reuse: bool) -> bool:
    """What a server finds that is started now."""
    try:
        with made(kind, address, reuse, port) as server:
            if kind == socket.SOCK_STREAM:
                server.listen()
    except OSError:
        return False
    return True


def verdicts(protocol: Protocol, port: int) -> dict[str, BindVerdict]:
    host = local_host()
    found = Diagnoser(host, Sampler(host)).diagnose(
        protocol, port, [Address.parse(each) for each in WANTED]
    )
    return {each.address.text: each.verdict for each in found.addresses}


@pytest.mark.parametrize("reuse", [False, True], ids=["without", "with SO_REUSEADDR"])
@pytest.mark.parametrize("name", TCP)
def test_tcp(name: str, reuse: bool) -> None:
    with held(TCP[name], reuse) as port:
        verdict_of = verdicts(Protocol.TCP, port)
        for address, verdict in verdict_of.items():
            plain = can_serve(socket.SOCK_STREAM, address, port, reuse=False)
            reusing = can_serve(socket.SOCK_STREAM, address, port, reuse=True)
            truth = (
                BindVerdict.FREE
                if plain
                else BindVerdict.FREE_WITH_REUSEADDR
                if reusing
                else BindVerdict.HELD
            )
            assert verdict is truth, address


@pytest.mark.parametrize("reuse", [False, True], ids=["without", "with SO_REUSEADDR"])
@pytest.mark.parametrize("name", UDP)
def test_udp(name: str, reuse: bool) -> None:
    """With the flag on both sides the kernel would let a second one in, to steal datagrams."""
    with held(UDP[name], reuse) as port:
        verdict_of = verdicts(Protocol.UDP, port)
        for address, verdict in verdict_of.items():
            plain = can_serve(socket.SOCK_DGRAM, address, port, reuse=False)
            assert verdict is (BindVerdict.FREE if plain else BindVerdict.HELD), address
