"""Sockets of this process."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from porttui.host.linux.fd_links import OwnDescriptors

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture
def held() -> Iterator[set[str]]:
    """Open files that are known not to be sockets."""
    with ExitStack() as open_files:
        files = [open_files.enter_context(open(os.devnull, "rb")) for _ in range(20)]
        yield {str(file.fileno()) for file in files}


def inode(of: socket.socket) -> int:
    return os.fstat(of.fileno()).st_ino


def test_a_socket_is_there_while_it_is_open(held: set[str]) -> None:
    own = OwnDescriptors()
    before = own.sockets(held)
    with socket.socket() as opened:
        assert sorted(own.sockets(held)) == sorted([*before, inode(opened)])
    assert own.sockets(held) == before


def test_another_socket_with_the_same_number_is_another_one(held: set[str]) -> None:
    own = OwnDescriptors()
    first = socket.socket()
    number, old = first.fileno(), inode(first)
    assert old in own.sockets(held)
    first.close()
    with socket.socket() as second:
        assert second.fileno() == number
        found = own.sockets(held)
        assert inode(second) in found
        assert old not in found


def test_a_socket_in_place_of_a_file_is_found(held: set[str]) -> None:
    own = OwnDescriptors()
    with open(os.devnull, "rb") as file:
        own.sockets(held)
        with socket.socket() as opened:
            number = inode(opened)
            os.dup2(opened.fileno(), file.fileno())
        assert own.sockets(held)[number] == str(file.fileno())


def test_while_nothing_is_opened_nothing_is_listed(
    held: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OwnDescriptors()
    with socket.socket() as opened:
        first = own.sockets(held)
        monkeypatch.setattr("porttui.host.linux.fd_links.os.listdir", None)
        assert own.sockets(held) == first
        assert inode(opened) in first


def test_where_descriptors_are_not_counted_they_are_listed(
    held: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: kernels before 6.2 give 0."""
    monkeypatch.setattr("porttui.host.linux.fd_links.count_descriptors", lambda _: 0)
    own = OwnDescriptors()
    own.sockets(held)
    with socket.socket() as opened:
        assert inode(opened) in own.sockets(held)
