"""Reads accounts and the user ids of this process.

/etc/passwd comes first: name services may use a network and never answer (`TimeLimitedCaller`).
"""

from __future__ import annotations

import os
from functools import cache

from porttui.host.safe_text import safe_text
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.host.time_limit import TimeLimitedCaller

_PASSWD = "/etc/passwd"
_PASSWD_FIELDS = 7
NAME_SERVICES_S = 0.5
"""Time of name services (nsswitch.conf(5): LDAP, sssd) for all names of a period."""


class Account(NamedTuple):
    """An entry of the user database (passwd(5))."""

    name: str
    """Unescaped; `user_name` gives one for display."""
    gid: int
    home: str
    shell: str


NO_ACCOUNT = Account("", 0, "/", "")
"""Stands for a uid without an account."""


def user_name(uid: int) -> str:
    """The account's name, or "uid 1234" without an account (for example in containers)."""
    account = account_of(uid)
    return f"uid {uid}" if account is None else safe_text(os.fsencode(account.name))


def account_of(uid: int) -> Account | None:
    """None without an account, or if no name service answers in time."""
    account = _passwd_accounts().get(uid) or _resolved_accounts.get(uid)
    if account is None:
        account = _name_service_caller().call(lambda: _getpwuid(uid))
        if account is not None:  # otherwise a later call may get an answer
            _resolved_accounts[uid] = account
    return account if account and account.name else None


_resolved_accounts: dict[int, Account] = {}
"""Answers of name services by uid; NO_ACCOUNT if there is none."""


def group_ids_of(account: Account) -> tuple[int, ...]:
    """All groups of an account; its primary group alone if no name service answers in time."""
    primary_gid = account.gid
    group_ids = _name_service_caller().call(lambda: os.getgrouplist(account.name, primary_gid))
    return tuple(group_ids or (primary_gid,))


def effective_uid() -> int | None:
    """Effective user id of this process; None on Windows."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def invoking_uid() -> int | None:
    """Uid of the user who called sudo (sudo(8), SUDO_UID), else the effective one."""
    uid = effective_uid()
    sudo_uid = os.environ.get("SUDO_UID", "")
    is_uid = sudo_uid.isdecimal() and len(sudo_uid) <= 10 and int(sudo_uid) < 0xFFFFFFFF
    return int(sudo_uid) if uid == 0 and is_uid else uid


def is_elevated() -> bool:
    """Root on POSIX; on Windows an administrator with an elevated token."""
    uid = effective_uid()
    if uid is not None:
        return uid == 0
    import ctypes

    shell32 = getattr(getattr(ctypes, "windll", None), "shell32", None)
    return bool(shell32.IsUserAnAdmin()) if shell32 is not None else False


@cache
def _passwd_accounts(path: str = _PASSWD) -> dict[int, Account]:
    """By uid the first entry (passwd(5))."""
    try:
        with open(path, "rb") as file:
            lines = [os.fsdecode(line).split(":") for line in file.read().splitlines()]
    except OSError:
        return {}
    accounts: dict[int, Account] = {}
    for line in lines:
        if len(line) == _PASSWD_FIELDS and line[0] and line[2].isdecimal() and line[3].isdecimal():
            name, _, uid, gid, _, home, shell = line
            accounts.setdefault(int(uid), Account(name, int(gid), home, shell))
    return accounts


@cache
def _name_service_caller() -> TimeLimitedCaller:
    from porttui.host.time_limit import TimeBudget, TimeLimitedCaller  # seldom needed

    return TimeLimitedCaller(TimeBudget(NAME_SERVICES_S))


def _getpwuid(uid: int) -> Account:
    # pwd is missing on Windows, which has no numeric uids.
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except (KeyError, OverflowError, UnicodeError):
        return NO_ACCOUNT
    return Account(entry.pw_name, entry.pw_gid, entry.pw_dir, entry.pw_shell)
