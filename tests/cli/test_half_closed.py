"""Connections over loopback that are closing, and not closed by their processes."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from tests.cli.running import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with the kernel")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client and the server's end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted = server.accept()[0]
        with client, accepted:
            yield client, accepted


def rows(port: int) -> list[str]:
    lines = run("list", "--loopback", str(port)).stdout.splitlines()
    return [line for line in lines if f":{port}" in line]


def test_a_half_closed_connection_is_one_row(pair: tuple[socket.socket, socket.socket]) -> None:
    client, _ = pair
    port = client.getsockname()[1]
    client.shutdown(socket.SHUT_WR)
    [row] = rows(port)
    assert row.count("python") == 2, "both processes hold it, and data may still flow"


def test_a_server_that_forgets_to_close_is_seen(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The classic leak: CLOSE_WAIT."""
    client, accepted = pair
    port = client.getsockname()[1]
    client.close()
    [row] = rows(port)
    assert "python" in row
    accepted.close()
    assert rows(port) == [], "TIME_WAIT is no connection"
