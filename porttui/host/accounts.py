"""User names, and whether this user sees everything."""

from __future__ import annotations

import os
from functools import lru_cache

from porttui.host.foreign_text import safe


@lru_cache(maxsize=1024)
def user_name(uid: int) -> str:
    """The account's name, or "uid 1234" for a number without an account (in containers, say)."""
    # pwd is missing on Windows, where nothing has a numeric uid.
    import pwd

    try:
        return safe(pwd.getpwuid(uid).pw_name)
    except (KeyError, OverflowError):
        return f"uid {uid}"


def effective_uid() -> int | None:
    """This process's effective user id; None on Windows."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def person_uid() -> int | None:
    """Who sits here: behind sudo the user who called it (sudo(8), SUDO_UID)."""
    uid = effective_uid()
    called_by = os.environ.get("SUDO_UID", "")
    return int(called_by) if uid == 0 and called_by.isdecimal() else uid


def is_elevated() -> bool:
    """Root on POSIX; a member of the Administrators with the token to show for it on Windows."""
    uid = effective_uid()
    if uid is not None:
        return uid == 0
    import ctypes

    shell32 = getattr(getattr(ctypes, "windll", None), "shell32", None)
    return bool(shell32.IsUserAnAdmin()) if shell32 is not None else False
