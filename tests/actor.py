"""A process that does one thing to its descriptors at a time: `python actor.py`.

It reads one JSON list a line from stdin, [verb, argument ...], does it, and answers with one line
of JSON. So a test can look at it between two acts, while it sleeps.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import sys
import threading
from typing import NoReturn

_kept: dict[str, socket.socket] = {}


def inode(descriptor: int) -> int:
    return os.fstat(descriptor).st_ino


def listen(name: str) -> int:
    made = socket.create_server(("127.0.0.1", 0))
    _kept[name] = made
    return inode(made.fileno())


def close(name: str) -> int:
    _kept.pop(name).close()
    return 0


def replace(name: str) -> int:
    """Close one listener and put another behind the same descriptor number."""
    number = _kept[name].fileno()
    made = socket.create_server(("127.0.0.1", 0))
    os.dup2(made.fileno(), number)
    made.close()
    return inode(number)


def swap_for_file(name: str) -> int:
    """Put a file behind a listener's descriptor: as many descriptors as before, one socket less."""
    number = _kept[name].fileno()
    other = os.open(os.devnull, os.O_RDONLY)
    os.dup2(other, number)
    os.close(other)
    return number


def fork() -> int:
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    return pid


def end(pid: str) -> int:
    os.kill(int(pid), signal.SIGKILL)
    return os.waitpid(int(pid), 0)[0]


def open_in_thread(name: str) -> int:
    """A thread that is not the first one opens a listener and stays asleep."""
    ready, stay = threading.Event(), threading.Event()

    def run() -> None:
        listen(name)
        ready.set()
        stay.wait()

    threading.Thread(target=run, daemon=True).start()
    ready.wait()
    return inode(_kept[name].fileno())


def send(name: str, path: str) -> int:
    """Pass a listener on to whoever receives at `path` (unix(7), SCM_RIGHTS)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        descriptors = array.array("i", [_kept[name].fileno()])
        line.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)], 0, path)
    return 0


def receive_at(path: str) -> int:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(path)
    _kept[path] = line
    return 0


def receive(path: str) -> int:
    """Take a socket that was passed on, in exchange for the line it came by."""
    line = _kept.pop(path)
    _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    number = line.fileno()
    line.detach()
    os.dup2(descriptors[0], number)
    os.close(descriptors[0])
    return inode(number)


def become(program: str) -> NoReturn:
    """Execute another program, which keeps what is inheritable."""
    for each in _kept.values():
        os.set_inheritable(each.fileno(), True)
    print(json.dumps(0), flush=True)
    os.execvp(program, [program, "1000"])


VERBS = {
    each.__name__: each
    for each in (
        listen, close, replace, swap_for_file, fork, end, open_in_thread, send, receive_at,
        receive, become,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(VERBS[verb](*arguments)), flush=True)


if __name__ == "__main__":
    main()
