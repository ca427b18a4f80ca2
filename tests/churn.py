"""Short connections without end: `python -m tests.churn CLIENTS LIFE_MS`.

A server on 127.0.0.1:8001 and as many clients, each of which connects, stays for LIFE_MS, resets
the connection and connects again: at every moment there are about CLIENTS of them. It prints one
line when all are there and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import struct
import sys
import threading
from typing import NoReturn

PORT = 8001
_RESET = struct.pack("ii", 1, 0)
"""struct linger: close(2) resets, so no TIME_WAIT is left (socket(7))."""
_SERVERS = 2


def serve(listener: socket.socket) -> NoReturn:
    """Accept, and close when the client has gone."""
    with select.epoll() as poll:
        poll.register(listener, select.EPOLLIN)
        accepted: dict[int, socket.socket] = {}
        while True:
            for number, _ in poll.poll():
                if number == listener.fileno():
                    try:
                        made, _ = listener.accept()
                    except OSError:
                        continue
                    accepted[made.fileno()] = made
                    poll.register(made, select.EPOLLIN | select.EPOLLHUP)
                else:
                    poll.unregister(number)
                    accepted.pop(number).close()


async def connect_again_and_again(life_s: float) -> NoReturn:
    loop = asyncio.get_running_loop()
    while True:
        with socket.socket() as client:
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            try:
                await loop.sock_connect(client, ("127.0.0.1", PORT))
            except OSError:
                await asyncio.sleep(0.001)
                continue
            await asyncio.sleep(life_s)


async def run(clients: int, life_s: float) -> None:
    tasks = [asyncio.create_task(connect_again_and_again(life_s)) for _ in range(clients)]
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    await asyncio.gather(*tasks)


def _end_with_stdin() -> NoReturn:
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)
    raise AssertionError


def main() -> None:
    clients, life_ms = int(sys.argv[1]), float(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", PORT), backlog=1024)
    listener.setblocking(False)
    os.setpgid(0, 0)
    for _ in range(_SERVERS):
        if os.fork() == 0:
            serve(listener)
    listener.close()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(run(clients, life_ms / 1000))


if __name__ == "__main__":
    main()
