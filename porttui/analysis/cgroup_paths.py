"""Recognises containers and systemd units in control group paths (cgroups(7)).

Whoever may make groups in a place chooses their names. Below a user's own manager, and inside a
container, that is not only root. So each result says whether its name is certain.
"""

from __future__ import annotations

import re

from porttui.record import NamedTuple

_ID = re.compile(r"(?:^|.*?[-:])?([0-9a-f]{64})(?:\.scope)?$")
_RUNTIMES = ("docker", "libpod", "cri-containerd", "containerd", "crio", "nerdctl")
"""Runtimes, as they write their names before the id."""
_OF_ROOT = frozenset({"docker", "libpod_parent", "kubepods", "containerd.service"})
"""Other groups of root that contain containers, besides slices."""
_UNIT = re.compile(
    r"(?:[A-Za-z0-9:_.@]|\\x[2-7][0-9a-f])(?:[A-Za-z0-9:_.@-]|\\x[2-7][0-9a-f])*\.service"
)
"""systemd.unit(5): what a unit's name is made of, other signs escaped; not what reads as an
option."""
_USERS = re.compile(r"user@(\d{1,10})\.service")
_MACHINE = re.compile(
    r"(?:systemd-nspawn@|machine-)([A-Za-z0-9][A-Za-z0-9_.-]*)\.(?:service|scope)"
)


class ContainerCgroup(NamedTuple):
    """A container's group."""

    runtime: str
    """docker, libpod (podman's), cri-containerd, crio, kubepods, nerdctl ..."""
    id: str
    """64 hexadecimal digits."""
    uid: int | None
    """Whose it is; None for root's."""
    is_certain: bool
    """Whether only root, or that user, can have made a group of that name."""


class UnitCgroup(NamedTuple):
    """A systemd service's group."""

    name: str
    uid: int | None
    """Of the user whose manager runs it; None for the system's."""
    machine: str
    """The container with a systemd of its own (machinectl(1)) that it is in; "" for none."""
    is_certain: bool
    """As of a container; and the name is one that a unit can have."""


def container_cgroup(path: str) -> ContainerCgroup | None:
    """The outermost container: the one that the runtime of this machine knows."""
    parts = path.strip("/").split("/")
    for at, part in enumerate(parts):
        match = _ID.match(part)
        if match is None:
            continue
        before = parts[:at]
        runtime = _runtime(part, before)
        if runtime:
            uid, is_certain = _owner(before)
            return ContainerCgroup(runtime, match[1], uid, is_certain)
    return None


def unit_cgroup(path: str) -> UnitCgroup | None:
    """The service nearest to the root of those that slices lead to; None for a session."""
    parts = path.strip("/").split("/")
    machine, rest = "", parts
    for at, part in enumerate(parts):
        match = _MACHINE.fullmatch(part)
        if match and _are_slices(parts[:at]):
            machine, rest = match[1], parts[at + 1 :]
            rest = rest[1:] if rest[:1] in (["payload"], ["supervisor"]) else rest
            break
    services = [part for part in rest if part.endswith(".service")]
    if not services:
        return None
    first = services[0]
    before = rest[: rest.index(first)]
    uid, is_certain = None, _are_slices(before)
    users = _USERS.fullmatch(first)
    if users:
        if len(services) == 1:
            return None
        uid = int(users[1])
        inner = rest[rest.index(first) + 1 :]
        is_certain = before == ["user.slice", f"user-{uid}.slice"] and not machine
        first = services[1]
        is_certain = is_certain and _are_slices(inner[: inner.index(first)], least=0)
    is_name = _UNIT.fullmatch(first) is not None
    return UnitCgroup(first, uid, machine, is_certain and is_name)


def _owner(before: list[str]) -> tuple[int | None, bool]:
    """Who made a container, from the groups above it, and whether that is certain."""
    for part in before:
        users = _USERS.fullmatch(part)
        if users:
            uid = int(users[1])
            return uid, before[:3] == ["user.slice", f"user-{uid}.slice", part]
    is_roots = all(part.endswith(".slice") or part in _OF_ROOT or _is_pod(part) for part in before)
    return None, is_roots


def _is_pod(part: str) -> bool:
    """A level of the kubelet's (cgroupfs driver): kubepods/besteffort/podUID/ID."""
    return part in ("besteffort", "burstable") or part.startswith("pod")


def _runtime(part: str, before: list[str]) -> str:
    head = part.partition(".")[0]
    for name in _RUNTIMES:
        if head.startswith(f"{name}-") or f":{name}:" in part:
            return name
    if any(name.startswith("kubepods") for name in before):
        return "kubepods"
    return "docker" if before[-1:] == ["docker"] else ""


def _are_slices(parts: list[str], least: int = 1) -> bool:
    return len(parts) >= least and all(part.endswith(".slice") for part in parts)
