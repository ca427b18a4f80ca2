"""Measures what it costs to know all sockets and their holders."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

import psutil

from porttui.forecast.forecast import forecast
from porttui.host.linux.inet_diag import ALL_STATES
from porttui.host.linux.source import linux_source
from porttui.host.local import local_host
from porttui.host.request import SocketRequest
from porttui.sampling.sampler import Sampler
from tests.bench.installed import environ, porttui
from tests.bench.timing import Timing, measure_in_turns

FORECAST = "porttui: the forecast of all sockets"
RAW = "the kernel's answer, received and thrown away"
WARM = "porttui: all sockets and holders, warm"
COLD = "porttui: the same, for the first time"
LISTENERS = "porttui: listeners and holders, warm"
PSUTIL = "psutil.net_connections()"
SS_ALL = "ss -tanp"
SS_LISTENERS = "ss -Htlnp"
LIST_LISTENERS = "porttui list --listening --json"
LIST_ALL = "porttui list --json"
SAMPLE = "the sample of that, by itself"
CHECK = "porttui check"
WHO = "porttui who 22"
PASS = "python -c pass"


def one_shot(rounds: int) -> dict[str, Timing]:
    """Commands on an idle machine, the sample of one alone, and Python that does nothing."""
    return measure_in_turns(
        {
            PASS: _command(sys.executable, "-c", "pass"),
            LIST_LISTENERS: _command(*porttui("list", "--listening", "--json")),
            SAMPLE: lambda: Sampler(local_host()).sample(SocketRequest.LISTENING),
            LIST_ALL: _command(*porttui("list", "--json")),
            WHO: _command(*porttui("who", "22")),
            CHECK: _command(*porttui("check")),
        },
        rounds,
    )


def collection(rounds: int) -> dict[str, Timing]:
    """All ways to the same knowledge, in turns. What a machine lacks is left out."""
    warm = linux_source()
    warm.read()
    snapshot = Sampler(local_host()).sample()
    measured: dict[str, Callable[[], object]] = {
        RAW: receive_all,
        WARM: warm.read,
        # Not after the first read: that forks this process, which then pays for each page anew.
        LISTENERS: lambda: warm.read(SocketRequest.LISTENING_REFRESH),
        COLD: lambda: linux_source().read(),
        FORECAST: lambda: forecast(snapshot),
        PSUTIL: psutil.net_connections,
        LIST_LISTENERS: _command(*porttui("list", "--listening", "--json")),
        LIST_ALL: _command(*porttui("list", "--json")),
        CHECK: _command(*porttui("check")),
        PASS: _command(sys.executable, "-c", "pass"),
    }
    for command in (SS_ALL, SS_LISTENERS, "ss -tan", "lsof -nP -iTCP", "netstat -tanp"):
        name, *arguments = command.split()
        if shutil.which(name):
            measured[command] = _command(name, *arguments)
    return measure_in_turns(measured, rounds)


def receive_all() -> int:
    """The floor: send the same requests, receive the answers, read nothing but their end."""
    received = 0
    buffer = bytearray(1 << 18)
    request = struct.Struct("=IHHIIBBBBI48s")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink_socket:
        for number in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            for family in (socket.AF_INET, socket.AF_INET6):
                fields = (72, 20, 0x301, 1, 0, family, number, 0, 0, ALL_STATES, bytes(48))
                netlink_socket.send(request.pack(*fields))
                while True:
                    received += netlink_socket.recv_into(buffer)
                    if struct.unpack_from("=IH", buffer)[1] == 3:
                        break
    return received


def _command(*argv: str) -> Callable[[], object]:
    return lambda: subprocess.run(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ(), check=False
    )
