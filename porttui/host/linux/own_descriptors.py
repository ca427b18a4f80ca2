"""The sockets of this process, which runs whenever it looks, and so is read in every look.

Most of what it has open are other processes' counts, thousands perhaps. They need not be listed:
if the kernel counts as many descriptors as are known, and each of the others is still what it
was, there is no other one.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from stat import S_ISSOCK

from porttui.host.linux.holders import open_descriptors

_Identity = tuple[int, int, int]
"""Device, inode and kind of what a descriptor stands for."""


class OwnDescriptors:
    """Remembers what this process has open besides what it says it holds."""

    def __init__(self) -> None:
        self._others: dict[int, _Identity] = {}

    def sockets(self, held: Collection[str]) -> dict[int, str]:
        """By inode, each with one of its descriptors.

        `held`: descriptors that are known to be no sockets.
        """
        if not self._is_as_it_was(len(held)):
            numbers = [int(each) for each in os.listdir("/proc/self/fd") if each not in held]
            found = ((each, _identity(each)) for each in numbers)
            self._others = {each: identity for each, identity in found if identity is not None}
        return {
            inode: str(number)
            for number, (_, inode, mode) in self._others.items()
            if S_ISSOCK(mode)
        }

    def _is_as_it_was(self, held: int) -> bool:
        # Before Linux 6.2 the count is 0: then everything is listed.
        known = self._others
        return open_descriptors("/proc/self/fd") == held + len(known) and all(
            _identity(each) == identity for each, identity in known.items()
        )


def _identity(descriptor: int) -> _Identity | None:
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return None  # it was open for the listing alone
    return stat.st_dev, stat.st_ino, stat.st_mode
