"""Says what else ends when a process is stopped.

Told by its program, which the kernel names, or by the name that it gives itself: a false name only
makes one more careful.
"""

from __future__ import annotations

from porttui.model.process import Process, ProcessDetails

_SESSIONS = "other users may lose their sessions"
_LOGINS = "others may be logged in through it"
_CONTAINERS = "containers lose their ports when it ends"
_CHILDREN = "the programs that it runs end with it"

_PROGRAMS = {
    **dict.fromkeys(
        (
            *("init", "launchd", "systemd", "systemd-logind", "systemd-journald", "login"),
            *("systemd-resolved", "systemd-networkd", "systemd-udevd", "dbus-daemon"),
            *("dbus-broker", "NetworkManager", "Xorg", "Xwayland", "gnome-shell"),
            *("kwin_wayland", "WindowServer"),
        ),
        _SESSIONS,
    ),
    "sshd": _LOGINS,
    **dict.fromkeys(("sshd-session", "sshd-auth"), "an SSH session ends with it"),
    **dict.fromkeys(
        (
            *("dockerd", "docker-proxy", "containerd", "containerd-shim", "podman", "conmon"),
            *("containerd-shim-runc-v2", "rootlesskit", "rootlesskit-docker-proxy"),
            *("rootlessport", "rootlessport-child", "slirp4netns", "pasta", "kubelet", "crio"),
        ),
        _CONTAINERS,
    ),
    **dict.fromkeys(
        ("supervisord", "xinetd", "inetd", "circusd", "monit", "runsvdir", "s6-svscan"), _CHILDREN
    ),
}
_COMM_BYTES = 15
"""The kernel keeps so much of a name."""


def stop_consequence(process: Process, details: ProcessDetails | None) -> str | None:
    """What else ends with the process, in words; None for one that only serves its port."""
    program = details.executable.rpartition("/")[2] if details else ""
    title = process.cmdline[0] if process.cmdline else ""
    if title.startswith("PM2 ") and "God Daemon" in title:
        return "it holds the ports of all applications of PM2"
    if "postgres" in (program, process.name) or process.name == "postmaster":
        if title.startswith("postgres:"):
            return (
                "SIGKILL disconnects every client of PostgreSQL; "
                f"SELECT pg_terminate_backend({process.pid}) ends it alone"
            )
        return "it disconnects all clients of this PostgreSQL server when it ends"
    for name in (program, process.name):
        for known, words in _PROGRAMS.items():
            if name == known or (len(name) == _COMM_BYTES and known.startswith(name)):
                return words
    return None
