"""A filesystem that does not answer, for a command: as root on Linux
`python -m tests.silent_fs fuse|overlay DIRECTORY COMMAND ...`

FUSE, with a server that answers just enough for a process to have its working directory there, and
then keeps silent, as a file server that is gone does. It prints one line when it is mounted, and is
gone with this process, in a mount namespace of its own (linux/fuse.h). An overlay over it does not
answer either, whatever it is called.
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
_LOOKUP, _GETATTR, _STATFS, _INIT = 1, 3, 17, 26
_INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
_ATTR_OUT = struct.Struct("=QIIQQQQQQIIIIIIIIII")
_STATFS_OUT = struct.Struct("=QQQQQIIII24x")
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
        elif opcode == _STATFS:  # an overlay asks for the longest name
            answer = _STATFS_OUT.pack(0, 0, 0, 0, 0, 4096, 255, 4096, 0)
        elif opcode == _LOOKUP:
            continue  # for ever
        else:
            os.write(device, _ANSWER.pack(_ANSWER.size, -_ENOSYS, unique))
            continue
        os.write(device, _ANSWER.pack(_ANSWER.size + len(answer), 0, unique) + answer)


def main() -> None:
    kind, directory, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"fuse", directory.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if os.fork() == 0:
        serve(device)
    if kind == "overlay":
        layers = f"lowerdir={directory}:/var/empty"
        os.makedirs("/var/empty", exist_ok=True)
        if libc.mount(b"overlay", directory.encode(), b"overlay", 0, layers.encode()):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.chdir(directory)
    subprocess.run(command, check=False)


if __name__ == "__main__":
    main()
