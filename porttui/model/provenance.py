"""Provenance of a process, and its supervisors."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.process import Process
from porttui.record import NamedTuple


class Provenance(NamedTuple):
    """Working directory, project, ancestors and control groups. All text is safe to print."""

    process: Process
    cwd: str | None = None
    """Working directory; None where this user may not know it."""
    project: str | None = None
    """The nearest directory above it that a project begins in."""
    ancestors: tuple[Process, ...] = ()
    """From the parent upwards."""
    cgroups: tuple[str, ...] = ()
    """Paths of its control groups (cgroups(7)); none elsewhere than on Linux."""
    executable: str = ""
    """The path of its program, as the kernel has it; "" where this user may not know it."""


class SupervisorKind(StrEnum):
    """What kind of supervisor it is."""

    SYSTEMD = "systemd"
    SYSTEMD_USER = "systemd_user"
    CONTAINER = "container"
    PORT_FORWARDER = "port_forwarder"
    """A proxy that a container runtime runs for a published port."""
    RELOADER = "reloader"
    """A tool or a process manager that starts its children again."""
    SHELL_LOOP = "shell_loop"


class Container(NamedTuple):
    """A container, as its control group tells (cgroups(7))."""

    runtime: str
    """What the path calls it: docker, libpod (podman's), cri-containerd ..."""
    id: str
    """64 hexadecimal digits."""
    name: str | None = None
    """Its usual name; None where it is unknown, or not read yet."""


class Supervisor(NamedTuple):
    """A service manager, container or tool that may restart the process."""

    kind: SupervisorKind
    name: str
    """The unit, the short form of the container's id, or the tool."""
    command: str
    """What really stops it, for a shell; "" where that is not certain."""
    process: Process | None = None
    """The tool itself, where it is an ancestor."""
    container: Container | None = None


class Origin(NamedTuple):
    """The provenance of a process with its supervisors."""

    provenance: Provenance
    supervisors: tuple[Supervisor, ...]
    """The nearest first; none when none is known of, which does not mean that there is none."""
