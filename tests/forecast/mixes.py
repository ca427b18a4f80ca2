"""Random mixes of sockets in a small ephemeral range, each in a network namespace of its own.

A mix is made in two steps: what is to be old first, then what is to be fresh. All of it hangs on
the process that made it, and ends with it and its namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import random
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.forecast.sockets import (
    DEVICE_ROUTES,
    LINGER_RESET,
    LINK_LOCAL,
    OWN_ADDRESS,
    ROUTES,
    bound_socket,
    connected_socket,
    family_of,
    udp_socket,
)
from tests.host.tools import require_tool

KINDS = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::v6only", "::ffff:127.0.0.1")
"""What can be bound; "::v6only" is [::] with IPV6_V6ONLY."""

DEVICE_KINDS = ("127.0.0.1%lo", "0.0.0.0%lo", "0.0.0.0%v0", "::%lo", "fe80::1%v0", "fe80::1%v1")
"""The same, bound to a device."""

FIRST_PORT = 40000
"""Of the ranges. Servers are below."""

_CLONE_NEWNET = 0x40000000


class Settings(NamedTuple):
    """The sysctls of a namespace."""

    first: int
    last: int
    reserved: str
    tw_reuse: int
    timestamps: int
    tw_reuse_delay_ms: int
    autobind_reuse: int

    @property
    def is_odd(self) -> bool:
        """Whether the kernel may pass over the first or the last port."""
        return (self.last - self.first) % 2 == 0


class Mix:
    """The sockets of one namespace."""

    def __init__(self, seed: int, *, has_devices: bool = False) -> None:
        """Enter a new namespace, for good, and let servers listen outside its range."""
        self.routes = (*ROUTES, *DEVICE_ROUTES) if has_devices else ROUTES
        self._kinds = (*KINDS, *DEVICE_KINDS) if has_devices else KINDS
        self._dice = random.Random(seed)
        self.settings = _settings(self._dice)
        if has_devices:
            # Two clients of equal ends take a second, for the SYN is sent again.
            self.settings = self.settings._replace(tw_reuse_delay_ms=1)
        self.explains: list[str] = [str(self.settings)]
        """What was made."""
        self.is_spoilt = self._dice.random() < 0.3
        """Ports are bound by clients, and listeners leave what they accepted: what that does
        cannot be told from the tables."""
        self._kept: list[socket.socket] = []
        self._servers: dict[tuple[str, int], socket.socket] = {}
        _enter_namespace(self.settings)
        self._serve()

    def make_old(self) -> None:
        """What is there first; its TIME_WAIT is to be old."""
        self._some("bound", self._bind, 8)
        self._some("clients", self._connect, 40)
        self._some("listeners", self._listen, 6)
        self._some("accepting listeners", self._listen_and_accept, 3)
        self._some("old TIME_WAIT", self._leave_time_wait, 25)
        self._some("half closed", self._half_close, 4)
        self._some("UDP", self._udp, 25)
        if self.is_spoilt:
            self._some("explicit clients", self._connect_from_port, 12)
            self._some("explicit TIME_WAIT", self._leave_time_wait_from_port, 8)
            self._some("orphans", self._leave_accepted, 3)
            self._some("explicit UDP over IPv6", self._udp_from_port, 5)

    def make_fresh(self) -> None:
        """TIME_WAIT that has just begun, and others."""
        self._some("fresh TIME_WAIT", self._leave_time_wait, 25)
        self._some("more clients", self._connect, 20)
        self._some("more bound", self._bind, 4)
        if self._dice.random() < 0.15:
            self._fill()

    def count(self, take: Callable[[], socket.socket]) -> int:
        """How many sockets can be had before one cannot; all are gone afterwards."""
        taken: list[socket.socket] = []
        try:
            while len(taken) < 1000:
                taken.append(take())
        except OSError:
            pass
        for each in taken:
            if each.type == socket.SOCK_STREAM:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
            each.close()
        for server in self._servers.values():
            _accept_all(server)
        return len(taken)

    def _some(self, what: str, make: Callable[[], None], most: int) -> None:
        """Nothing in every third case, so that each kind is met by itself, too."""
        number = self._dice.choice((0, self._dice.randint(1, most), most // 2))
        self.explains.append(f"{number} {what}")
        for _ in range(number):
            # A port or the range may be taken: that is a mix as well.
            with contextlib.suppress(OSError):
                make()

    def _fill(self) -> None:
        """One destination gets all that is left to it."""
        route = self._dice.choice(self.routes)
        self.explains.append(f"all from {route.source} to {route.to} {route.device}")
        with contextlib.suppress(OSError):
            while True:
                self._keep_pair(connected_socket(route), self._servers[route.server].accept()[0])

    def _serve(self) -> None:
        for end in {route.server for route in self.routes}:
            self._servers[end] = bound_socket(socket.SOCK_STREAM, *end, reuse=True)
            self._servers[end].listen(2000)

    def _port(self) -> int:
        """Of the kernel's choice, or one of the range, which others may use."""
        settings = self.settings
        return self._dice.choice((0, 0, self._dice.randint(settings.first, settings.last)))

    def _bind(self) -> None:
        reuse = self._dice.random() < 0.3
        kind = self._dice.choice(self._kinds)
        self._kept.append(bound_socket(socket.SOCK_STREAM, kind, self._port(), reuse=reuse))

    def _listen(self) -> None:
        self._bind()
        self._kept[-1].listen()

    def _listen_and_accept(self) -> None:
        kind = self._dice.choice(("127.0.0.1", "0.0.0.0", "::1", "::", "::v6only"))
        server = bound_socket(
            socket.SOCK_STREAM, kind, self._port(), reuse=self._dice.random() < 0.5
        )
        self._kept.append(server)
        server.listen()
        to = "::1" if ":" in kind else "127.0.0.1"
        for _ in range(self._dice.randint(1, 4)):
            self._kept.append(socket.socket(family_of(to)))
            self._kept[-1].connect((to, server.getsockname()[1]))
            self._kept.append(server.accept()[0])

    def _leave_accepted(self) -> None:
        """Connections, from ports outside the range, whose listener is gone."""
        kind = self._dice.choice(("127.0.0.1", "0.0.0.0", "::1", "::"))
        with bound_socket(socket.SOCK_STREAM, kind, 0, reuse=True) as server:
            server.listen()
            to = self._dice.choice(("::1", "127.0.0.1")) if kind == "::" else kind
            to = "127.0.0.1" if to == "0.0.0.0" else to
            client = bound_socket(
                socket.SOCK_STREAM, to, self._dice.randint(30000, 39000), reuse=True
            )
            self._kept.append(client)
            client.connect((to, server.getsockname()[1]))
            self._kept.append(server.accept()[0])

    def _connect(self) -> None:
        self._keep_pair(*self._connected())

    def _connect_from_port(self) -> None:
        self._keep_pair(*self._connected_from_port())

    def _leave_time_wait(self) -> None:
        self._part(*self._connected())

    def _leave_time_wait_from_port(self) -> None:
        self._part(*self._connected_from_port())

    def _half_close(self) -> None:
        """FIN_WAIT2 of a client that is there or gone."""
        self._keep_pair(*self._connected())
        client = self._kept[-2]
        client.shutdown(socket.SHUT_WR)
        if self._dice.random() < 0.5:
            self._kept.remove(client)
            client.close()

    def _connected(self) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection."""
        route = self._dice.choice(self.routes)
        return connected_socket(route), self._servers[route.server].accept()[0]

    def _connected_from_port(self) -> tuple[socket.socket, socket.socket]:
        """The same with a client that has bound its port before it connects."""
        route = self._dice.choice([route for route in self.routes if not route.device])
        own = {"::1": "::1", OWN_ADDRESS: OWN_ADDRESS}.get(route.to[0], "127.0.0.1")
        own = f"::ffff:{own}" if route.to[0].startswith("::ffff:") else own
        client = bound_socket(
            socket.SOCK_STREAM, own, self._port(), reuse=self._dice.random() < 0.3
        )
        try:
            client.connect(route.to)
        except OSError:
            client.close()
            raise
        return client, self._servers[route.server].accept()[0]

    def _udp(self) -> None:
        if self._dice.random() < 0.5:
            reuse = self._dice.random() < 0.3
            kind = self._dice.choice(self._kinds)
            self._kept.append(bound_socket(socket.SOCK_DGRAM, kind, self._port(), reuse=reuse))
        else:
            self._kept.append(udp_socket(self._dice.choice(("127.0.0.1", "::1"))))

    def _udp_from_port(self) -> None:
        self._kept.append(bound_socket(socket.SOCK_DGRAM, "::1", self._port()))
        self._kept[-1].connect(("::1", 9))

    def _keep_pair(self, client: socket.socket, accepted: socket.socket) -> None:
        self._kept += [client, accepted]

    def _part(self, client: socket.socket, accepted: socket.socket) -> None:
        """Close the client first: it is left in TIME_WAIT, at once, since loopback is."""
        client.shutdown(socket.SHUT_WR)
        accepted.close()
        client.close()


def _settings(dice: random.Random) -> Settings:
    size = dice.choice((100, 100, 120, 150, 101))
    first = FIRST_PORT + dice.randint(0, 1)
    reserved = [first + dice.randint(-5, size) for _ in range(dice.choice((0, 0, 2)))]
    return Settings(
        first=first,
        last=first + size - 1,
        reserved=",".join(f"{each}-{each + dice.randint(0, 9)}" for each in reserved),
        tw_reuse=dice.choice((0, 1, 2, 2)),
        timestamps=dice.choice((0, 1, 1, 1)),
        tw_reuse_delay_ms=dice.choice((1, 1000, 1000, 2000)),
        autobind_reuse=dice.choice((0, 0, 1)),
    )


def _enter_namespace(settings: Settings) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    ip = require_tool("ip")
    setup = f"link set lo up\naddress add {OWN_ADDRESS}/32 dev lo\nlink add v0 type veth peer v1\n"
    for device in ("v0", "v1"):
        setup += f"link set {device} up\naddress add {LINK_LOCAL}/64 dev {device} nodad\n"
    subprocess.run([ip, "-batch", "-"], input=setup, text=True, check=True)
    for name, value in (
        ("ip_local_port_range", f"{settings.first} {settings.last}"),
        ("ip_local_reserved_ports", settings.reserved),
        ("tcp_tw_reuse", settings.tw_reuse),
        ("tcp_timestamps", settings.timestamps),
        ("tcp_tw_reuse_delay", settings.tw_reuse_delay_ms),
        ("ip_autobind_reuse", settings.autobind_reuse),
    ):
        Path(f"/proc/sys/net/ipv4/{name}").write_text(f"{value}\n")


def _accept_all(server: socket.socket) -> None:
    server.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
    server.setblocking(True)
