"""Reads the sockets of processes from /proc/PID/fd (proc_pid_fd(5))."""

from __future__ import annotations

import os
from collections.abc import Collection
from stat import S_ISSOCK

from porttui.host.request import HostError

_SOCKET_PREFIX = "socket:["

_FileIdentity = tuple[int, int, int]
"""Device, inode and type of an open file."""


def count_descriptors(directory: str) -> int:
    """Number of links in a /proc/PID/fd; 0 if the process has ended, and before Linux 6.2."""
    try:
        return os.stat(directory).st_size
    except OSError:
        return 0


def socket_link(inode: int) -> str:
    """The target of a descriptor's link to this socket."""
    return f"{_SOCKET_PREFIX}{inode}]"


def read_socket_fds(directory: str) -> dict[int, str]:
    """The sockets in a /proc/PID/fd: by inode one of its descriptors.

    Empty if this user may not read the directory.

    Raises:
        HostError: no more files can be opened.
    """
    fd_by_inode: dict[int, str] = {}
    try:
        # Names below an open directory: the kernel finds a link in 4 us, by its whole path in 5.
        directory_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for descriptor in os.listdir(directory_fd):
                try:
                    target = os.readlink(descriptor, dir_fd=directory_fd)
                except (FileNotFoundError, ProcessLookupError):
                    continue  # closed since it was listed
                if target.startswith(_SOCKET_PREFIX):
                    fd_by_inode[int(target[len(_SOCKET_PREFIX) : -1])] = descriptor
        finally:
            os.close(directory_fd)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # it has ended, or belongs to another user
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return fd_by_inode


class OwnDescriptors:
    """The sockets of this process. It runs whenever it reads, so each read includes it.

    Most of its descriptors are other processes' schedstat files, perhaps thousands. They are not
    listed while the kernel counts as many descriptors as are known, and all others are the same
    files as before.
    """

    def __init__(self) -> None:
        self._identities: dict[int, _FileIdentity] = {}

    def sockets(self, excluded: Collection[str]) -> dict[int, str]:
        """By inode one of its descriptors.

        `excluded`: descriptors that are known not to be sockets.
        """
        if not self._is_unchanged(len(excluded)):
            numbers = [int(name) for name in os.listdir("/proc/self/fd") if name not in excluded]
            identities = ((number, _file_identity(number)) for number in numbers)
            self._identities = {
                number: identity for number, identity in identities if identity is not None
            }
        return {
            inode: str(number)
            for number, (_, inode, mode) in self._identities.items()
            if S_ISSOCK(mode)
        }

    def _is_unchanged(self, excluded_count: int) -> bool:
        # Before Linux 6.2 the count is 0: then all are listed.
        known = self._identities
        return count_descriptors("/proc/self/fd") == excluded_count + len(known) and all(
            _file_identity(number) == identity for number, identity in known.items()
        )


def _file_identity(descriptor: int) -> _FileIdentity | None:
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return None  # it was open only for the listing
    return stat.st_dev, stat.st_ino, stat.st_mode
