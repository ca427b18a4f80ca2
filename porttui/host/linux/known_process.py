"""A process as it was read: what it held, and whether that can have changed since."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from porttui.host.linux.holders import socket_link
from porttui.host.linux.processes import ProcessText, read_text
from porttui.host.linux.threads import Threads, counts_of
from porttui.model.process import Process


class Known(NamedTuple):
    """A process as it was read."""

    ran: bytes
    """What its threads' counts were."""
    sockets: Mapping[int, str]
    """By inode one of the descriptors that it had for it."""
    text: ProcessText | None
    """None of one without sockets."""
    process: Process | None
    """What that means."""
    threads: Threads | None
    """None where too many files would have to be held open: then they are looked up by name."""

    def ran_since(self, proc: str, pid: int) -> bool:
        """Whether it may differ from what was read."""
        if not self.ran:
            return True
        now = self.threads.ran() if self.threads else counts_of(f"{proc}/{pid}")
        return now != self.ran

    @property
    def only_count(self) -> int | None:
        """The descriptor of its thread's count, if it is held, and it has but one thread."""
        if not self.ran or self.threads is None or len(self.threads.counts) != 1:
            return None
        return self.threads.counts[0]

    def still_holds(self, proc: str, pid: int, held: Iterable[int]) -> bool:
        """Whether it has these sockets, which it had, and is the program that it was."""
        directory = f"{proc}/{pid}/fd"
        try:
            has_them = all(
                os.readlink(f"{directory}/{self.sockets[inode]}") == socket_link(inode)
                for inode in held
            )
        except OSError:
            return False
        return has_them and read_text(pid) == self.text


UNREAD = Known(b"", {}, None, None, None)
"""A process that nothing is known of yet."""
