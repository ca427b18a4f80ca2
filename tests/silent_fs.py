"""A filesystem that does not answer: `python -m tests.silent_fs DIRECTORY`, as root on Linux.

FUSE, with a server that answers just enough for a process to have its working directory there, and
then keeps silent, as a file server that is gone does. It prints one line when it is mounted, and is
gone with this process, in a mount namespace of its own. (linux/fuse.h)
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys

_HEADER = struct.Struct("=IIQQIIII")
"""struct fuse_in_header: length, opcode, unique, node, uid, gid, pid, padding."""
_ANSWER = struct.Struct("=IiQ")
_LOOKUP, _GETATTR, _INIT, _ACCESS = 1, 3, 26, 34
_INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
_ATTR_OUT = struct.Struct("=QIIQQQQQQIIIIIIIIII")
_ENOSYS = 38


def _attributes() -> bytes:
    """Of the root: a directory that everybody may enter."""
    attr = (1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
    return _ATTR_OUT.pack(3600, 0, 0, *attr)


def serve(device: int) -> None:
    while True:
        request = os.read(device, 1 << 17)
        _, opcode, unique, *_ = _HEADER.unpack_from(request)
        if opcode == _INIT:
            answer = _INIT_OUT.pack(7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0)
        elif opcode == _GETATTR:
            answer = _attributes()
        elif opcode == _LOOKUP:
            continue  # for ever
        else:
            os.write(device, _ANSWER.pack(_ANSWER.size, -_ENOSYS, unique))
            continue
        os.write(device, _ANSWER.pack(_ANSWER.size + len(answer), 0, unique) + answer)


def main() -> None:
    directory, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"fuse", directory.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if os.fork() == 0:
        serve(device)
    os.chdir(directory)
    subprocess.run(command, check=False)


if __name__ == "__main__":
    main()
