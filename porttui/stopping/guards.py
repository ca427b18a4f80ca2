"""Whom porttui does not signal, and why."""

from __future__ import annotations

from porttui.host.contract import Host
from porttui.model.process import Process
from porttui.model.stop import StopTarget

SYSTEM_PIDS = frozenset({0, 1, 2})
"""The idle task, init, and on Linux the parent of the kernel's threads."""


def refusal(process: Process, host: Host) -> str | None:
    """Why `process` must not be signalled; None when it may be tried."""
    if process.pid == host.pid:
        return "that is porttui itself: q leaves it"
    if process.pid in SYSTEM_PIDS:
        return f"pid {process.pid} is the system itself: ending it could take everything down"
    if process.is_kernel_thread:
        return f"{process.label} is a thread of the kernel: signals do not end it"
    if _is_foreign(process, host):
        owner = process.user or "another user"
        return (
            f"{process.label} belongs to {owner}, not to you: "
            f"sudo kill -TERM {process.pid} would ask it to exit"
        )
    return None


DAEMONS = frozenset(
    {
        *("init", "launchd", "systemd", "systemd-logind", "systemd-journald", "systemd-resolved"),
        *("systemd-networkd", "systemd-udevd", "dbus-daemon", "dbus-broker", "NetworkManager"),
        *("sshd", "login", "dockerd", "docker-proxy", "containerd", "containerd-shim", "podman"),
        *("kubelet", "Xorg", "Xwayland", "gnome-shell", "kwin_wayland", "WindowServer"),
    }
)
"""Programs that hold up much more than a port."""


def danger(process: Process, host: Host) -> str | None:
    """What else would end with `process`; None for one that only serves its port."""
    if process.pid in host.ancestor_pids():
        return f"{process.label} is what porttui itself runs in: ending it may end this session"
    if process.name in DAEMONS:
        return f"{process.name} holds up more than this port: others may lose their sessions"
    return None


def warning(process: Process, host: Host) -> str | None:
    """Why a person has to type the name of `process` before it is signalled; None for others."""
    found = danger(process, host)
    if found is not None:
        return found
    strangers = host.is_elevated and None not in (host.person_uid, process.uid)
    if strangers and process.uid != host.person_uid:
        return f"{process.label} belongs to {process.user or 'another user'}, not to you"
    return None


def target_refusal(target: StopTarget, host: Host) -> str | None:
    """Why nothing can be stopped for `target`; None when it has a process in sight."""
    if target.holders:
        return None
    owner = f" (the socket is {target.hidden_user}'s)" if target.hidden_user else ""
    if host.is_elevated:
        return (
            f"no process in sight holds it{owner}: the kernel does, or a process in another "
            "PID namespace, a container's for example"
        )
    return f"its process is hidden from you{owner}: run porttui with sudo to see and stop it"


def _is_foreign(process: Process, host: Host) -> bool:
    """The kernel's rule for signals, less capabilities (kill(2))."""
    if host.uid is None or host.is_elevated or process.uid is None:
        return False
    return process.uid != host.uid
