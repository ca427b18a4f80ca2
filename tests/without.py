"""Runs a command that lacks something: `python -m tests.without WHAT [WHAT ...] -- COMMAND ...`.

call:NAME:ERRNO   a system call fails so, as a sandbox lets it (seccomp(2))
family:N          no socket of that address family can be made
threads           no thread can be started
children          SIGCHLD is ignored, so that nobody tells how a child ended
files:N           it may open so many files
memory:MB         it may take so much address space
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys

CALLS = {
    "x86_64": {
        "socket": 41,
        "pidfd_open": 434,
        "pidfd_send_signal": 424,
        "readlinkat": 267,
        "sched_getaffinity": 204,
        "clone": 56,
        "clone3": 435,
    },
    "aarch64": {
        "socket": 198,
        "pidfd_open": 434,
        "pidfd_send_signal": 424,
        "readlinkat": 78,
        "sched_getaffinity": 123,
        "clone": 220,
        "clone3": 435,
    },
}
"""Their numbers (unistd.h)."""
NUMBER = CALLS.get(platform.machine(), {})
NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
LOAD, AND, EQUALS, RETURN = 0x20, 0x54, 0x15, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16
"""In struct seccomp_data."""
CLONE_THREAD = 0x10000


def refuse(call: int, error: int, argument: tuple[int, int] | None = None) -> None:
    """Let the system call fail from now on; only where its first argument, under a mask, has a
    value, if `argument` is (mask, value)."""
    program = [(LOAD, 0, 0, NUMBER_AT), (EQUALS, 0, 1 if argument is None else 4, call)]
    if argument is not None:
        mask, value = argument
        program += [(LOAD, 0, 0, FIRST_ARGUMENT_AT), (AND, 0, 0, mask), (EQUALS, 0, 1, value)]
    program += [(RETURN, 0, 0, ERROR | error), (RETURN, 0, 0, ALLOW)]
    code = b"".join(struct.pack("=HBBI", *each) for each in program)
    held = ctypes.create_string_buffer(code)
    described = struct.pack("HL", len(program), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, described, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def do_without(what: str) -> None:
    """See above."""
    kind, _, rest = what.partition(":")
    if kind == "call":
        name, _, error = rest.partition(":")
        refuse(NUMBER[name], getattr(errno, error))
    elif kind == "family":
        refuse(NUMBER["socket"], errno.EPERM, (0xFFFFFFFF, int(rest)))
    elif kind == "threads":
        refuse(NUMBER["clone3"], errno.ENOSYS)
        refuse(NUMBER["clone"], errno.EAGAIN, (CLONE_THREAD, CLONE_THREAD))
    elif kind == "children":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    elif kind == "files":
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(rest), int(rest)))
    elif kind == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (int(rest) << 20, int(rest) << 20))
    else:
        raise ValueError(what)


def main() -> None:
    """Do without, and become the command."""
    end = sys.argv.index("--")
    for what in sys.argv[1:end]:
        do_without(what)
    os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])


if __name__ == "__main__":
    main()
