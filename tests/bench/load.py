"""Creates a load of sockets and processes: `python -m tests.bench.load`.

Prints "ready" when it exists, and holds it until standard input ends. Run it in a network
namespace.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, NoReturn, TypeVar

T = TypeVar("T")

PR_SET_PDEATHSIG = 1
_FIRST_PORT = 10000
"""Below the ephemeral range, so that no connection takes a listener's port."""


class Load(NamedTuple):
    """How much of everything."""

    pairs: int = 0
    time_wait: int = 0
    processes: int = 1
    """That hold the pairs, in equal shares, each with a listener of its own."""
    busy: int = 0
    """Those of them that talk over one of their connections, ten times a second."""
    idle: int = 0
    """Processes with some open files and no socket."""
    files: int = 50
    """Open files of each idle process."""


def hold(load: Load) -> None:
    """Make it all, say so, and keep it until stdin ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    children = []
    for at in range(load.processes):
        share = load.pairs // load.processes + (at < load.pairs % load.processes)
        keep = _exchange_bytes if at < load.busy else _wait_forever
        children.append(_child(partial(_connect, at, share), keep))
    if load.time_wait:
        children.append(_child(partial(_leave_time_wait, load.time_wait)))
    children += [_child(partial(_open_files, load.files)) for _ in range(load.idle)]
    for ready, _ in children:
        assert os.read(ready, 1) == b"r", "a process of the load did not get ready"
        os.close(ready)
    print("ready", flush=True)
    sys.stdin.read()
    for _, pid in children:
        os.kill(pid, signal.SIGKILL)
    for _, pid in children:
        os.waitpid(pid, 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _wait_forever(_sockets: object) -> NoReturn:
    while True:
        signal.pause()


def _exchange_bytes(sockets: list[socket.socket]) -> NoReturn:
    _, client, server, *_ = sockets
    while True:
        client.send(b"x")
        server.recv(1)
        time.sleep(0.1)


def _child(make: Callable[[], T], keep: Callable[[T], NoReturn] = _wait_forever) -> tuple[int, int]:
    """Fork a process that makes something and keeps it: where it says that it is ready, its pid."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        # The other children's pipes, too: two thousand processes would have two million of them.
        os.closerange(3, write_end)
        os.closerange(write_end + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        _end_with_parent()
        sockets = make()
        os.write(write_end, b"r")
        os.close(write_end)
        keep(sockets)
    os.close(write_end)
    return read_end, pid


def _end_with_parent() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _connect(at: int, pairs: int) -> list[socket.socket]:
    """Both ends of `pairs` connections; each process has an address of its own to connect to."""
    address = (f"127.0.{at // 250}.{at % 250 + 1}", _FIRST_PORT + at)
    sockets = [socket.create_server(address, backlog=16)]
    for _ in range(pairs):
        sockets.append(socket.create_connection(address))
        sockets.append(sockets[0].accept()[0])
    return sockets


def _leave_time_wait(number: int) -> list[socket.socket]:
    """Connections that the client closes first: each leaves one TIME_WAIT for a minute."""
    for at in range(0, number, 10000):
        address = (f"127.1.0.{at // 10000 + 1}", _FIRST_PORT)
        with socket.create_server(address) as server:
            for _ in range(min(10000, number - at)):
                client = socket.create_connection(address)
                accepted, _ = server.accept()
                client.close()
                accepted.close()
    return []


def _open_files(number: int) -> list[int]:
    return [os.open(os.devnull, os.O_RDONLY) for _ in range(number)]


def parse(argv: Sequence[str]) -> Load:
    """The load that a command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load")
    for name, default in Load()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return Load(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        hold(parse(sys.argv[1:]))
