"""A process for tests to look at and to stop: `python children.py SPEC`, with SPEC as JSON.

It makes the sockets that SPEC asks for, prints one line of JSON (`Report`) and stays. What it
is told afterwards are words on stdin, one a line: `close` closes its sockets (and reports
again), `again` lets a supervisor start the next child. A bystander reports at the end of stdin
which signals it got, and exits. It needs the standard library only, so it starts fast.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15


class SocketSpec(TypedDict, total=False):
    """One socket to make. Without `protocol` TCP; the family is that of `address`."""

    protocol: str
    address: str
    port: int
    v6only: bool
    reuse_address: bool
    reuse_port: bool
    listens: bool
    backlog: int
    peer: tuple[str, int] | None
    autobinds: bool
    """The kernel chooses the port when it connects."""


class Spec(TypedDict, total=False):
    """What the process is to be."""

    sockets: Sequence[SocketSpec]
    forks: int
    """Further processes that share all sockets."""
    forks_follow: bool
    """They end when the first one does, a moment later."""
    accepts: bool
    """Connections are accepted and kept."""
    ignores_term: bool
    comm: str
    """The kernel's name for it; 15 bytes, of whatever content."""
    uid: int
    """Who it becomes once its sockets are made."""
    most_files: int
    """Its soft RLIMIT_NOFILE."""
    parent: str
    """"lazy" never reaps its child; "supervisor" starts it again at once; "on demand" when it
    is told to."""
    is_bystander: bool


class Report(TypedDict):
    """What it is now."""

    pids: list[int]
    """Itself and its siblings; of a parent's child, the child."""
    ports: list[int]
    """Of `sockets`, in their order."""
    signals: list[int]
    """Those a bystander got."""


def report(sockets: Sequence[socket.socket], pids: Sequence[int], got: Sequence[int] = ()) -> None:
    ports = [each.getsockname()[1] for each in sockets]
    line = json.dumps(Report(pids=list(pids), ports=ports, signals=list(got)))
    # One write, so that lines of several processes cannot mix (pipe(7), PIPE_BUF).
    os.write(1, line.encode() + b"\n")


def make(spec: SocketSpec) -> socket.socket:
    address, protocol = spec.get("address", "127.0.0.1"), spec.get("protocol", "tcp")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(family, kind)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(spec.get("v6only", False)))
    # As most servers do; a UDP socket with it would share its port.
    if spec.get("reuse_address", protocol == "tcp"):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if spec.get("reuse_port"):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    peer = spec.get("peer")
    if not spec.get("autobinds"):
        made.bind((address, spec.get("port", 0)))
    if peer is not None:
        made.connect((peer[0], peer[1]))
    elif protocol == "tcp" and spec.get("listens", True):
        made.listen(spec.get("backlog", 16))
    return made


def stay() -> NoReturn:
    while True:
        signal.pause()


def prctl(option: int, argument: int | bytes) -> None:
    ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


def become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # As after an execve: its files in /proc belong to the new user.
    prctl(PR_SET_DUMPABLE, 1)


def accept_all(listener: socket.socket) -> None:
    kept = []
    with contextlib.suppress(OSError):
        while True:
            kept.append(listener.accept())


def serve(spec: Spec, ports: Sequence[int] = ()) -> list[socket.socket]:
    """Become what `spec` says, but for the parents; reports and comes back."""
    if spec.get("ignores_term"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "comm" in spec:
        prctl(PR_SET_NAME, spec["comm"].encode("utf-8", "surrogateescape"))
    if "most_files" in spec:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spec["most_files"], hard))
    wanted = list(spec.get("sockets", ()))
    for one, port in zip(wanted, ports, strict=False):
        one["port"] = port
    sockets = [make(each) for each in wanted]
    if "uid" in spec:
        become(spec["uid"])
    pids = [os.getpid()]
    for _ in range(spec.get("forks", 0)):
        # A fork that has not come to its prctl() yet would miss the end of this process.
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            if spec.get("forks_follow"):
                prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            os.close(reading)
            os.close(writing)
            stay()
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        pids.append(pid)
    if spec.get("accepts"):
        for each in sockets:
            threading.Thread(target=accept_all, args=(each,), daemon=True).start()
    report(sockets, pids)
    return sockets


def obey(sockets: list[socket.socket]) -> NoReturn:
    for line in sys.stdin:
        if line.strip() == "close":
            while sockets:
                sockets.pop().close()
            report([], [os.getpid()])
    stay()


def run_parent(spec: Spec) -> NoReturn:
    ports: list[int] = []
    while True:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            sockets = serve(spec, ports)
            os.write(writing, json.dumps([each.getsockname()[1] for each in sockets]).encode())
            stay()
        ports = json.loads(os.read(reading, 4096))
        os.close(reading)
        os.close(writing)
        if spec["parent"] == "lazy":
            stay()
        os.waitpid(pid, 0)
        if spec["parent"] == "on demand":
            sys.stdin.readline()


def watch(spec: Spec) -> None:
    got: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        got.append(number)

    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, note)
    sockets = serve(spec)
    sys.stdin.read()
    report(sockets, [os.getpid()], got)


def main() -> None:
    spec: Spec = json.loads(sys.argv[1])
    if spec.get("is_bystander"):
        watch(spec)
    elif "parent" in spec:
        run_parent(spec)
    else:
        obey(serve(spec))


if __name__ == "__main__":
    main()
