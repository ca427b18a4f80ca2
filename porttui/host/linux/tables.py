"""What both ways to the kernel's socket tables have in common."""

from __future__ import annotations

from typing import Protocol

from porttui.host.asking import Want
from porttui.host.linux.holder_groups import Holders
from porttui.model.snapshot import Problem
from porttui.model.socket_table import SocketTable


class Tables(Protocol):
    """What was read, before it is known who holds it."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What may be missing from it."""

    def inodes(self) -> set[int]:
        """Of all open sockets."""

    def build(self, holders: Holders | None) -> SocketTable:
        """The table of all rows that were read, with who holds what; with None without."""


class TableReader(Protocol):
    """Reads the socket tables of this network namespace."""

    @property
    def name(self) -> str:
        """For the status line."""

    def read(self, want: Want, ports: range) -> Tables:
        """At least the sockets that are wanted, of those with one of these local ports.

        Raises:
            HostError: they could not be read.
        """
