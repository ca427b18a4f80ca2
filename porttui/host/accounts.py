"""User names, and whether this user sees everything."""

from __future__ import annotations

import os
from functools import cache

from porttui.host.foreign_text import safe
from porttui.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.host.bounded import Bounded

_PASSWD = "/etc/passwd"
_WITHIN_S = 0.5
"""How long a name service (nsswitch.conf(5): LDAP, sssd) has for a name."""


def user_name(uid: int) -> str:
    """The account's name, or "uid 1234" for a number without an account (in containers, say).

    Of the file first: others may be asked over a network.
    """
    name = _known.get(uid)
    if name is None:
        name = _names_in_file().get(uid)
        if name is None:
            name = _name_from_service(uid)
        if name is None:
            return f"uid {uid}"  # nobody has answered: another time somebody may
        _known[uid] = name
    return name or f"uid {uid}"


_known: dict[int, str] = {}
"""Names by uid; "" for one without an account."""


def effective_uid() -> int | None:
    """This process's effective user id; None on Windows."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def person_uid() -> int | None:
    """Who sits here: behind sudo the user who called it (sudo(8), SUDO_UID)."""
    uid = effective_uid()
    called_by = os.environ.get("SUDO_UID", "")
    is_uid = called_by.isdecimal() and len(called_by) <= 10 and int(called_by) < 0xFFFFFFFF
    return int(called_by) if uid == 0 and is_uid else uid


def is_elevated() -> bool:
    """Root on POSIX; a member of the Administrators with the token to show for it on Windows."""
    uid = effective_uid()
    if uid is not None:
        return uid == 0
    import ctypes

    shell32 = getattr(getattr(ctypes, "windll", None), "shell32", None)
    return bool(shell32.IsUserAnAdmin()) if shell32 is not None else False


@cache
def _names_in_file(path: str = _PASSWD) -> dict[int, str]:
    """By uid, the first of each (passwd(5))."""
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    names: dict[int, str] = {}
    for line in lines:
        name, *fields = line.split(b":")
        if name and len(fields) > 1 and fields[1].isdigit():
            names.setdefault(int(fields[1]), safe(name))
    return names


def _name_from_service(uid: int) -> str | None:
    """As the name services have it, "" for none; None where they do not answer."""
    return _name_services().ask(lambda: _getpwuid(uid))


@cache
def _name_services() -> Bounded[str]:
    from porttui.host.bounded import Bounded  # seldom needed, and it imports threading

    return Bounded(_WITHIN_S)


def _getpwuid(uid: int) -> str:
    # pwd is missing on Windows, where nothing has a numeric uid.
    import pwd

    try:
        return safe(pwd.getpwuid(uid).pw_name)
    except (KeyError, OverflowError, UnicodeError):
        return ""
