"""Finds the supervisors of a process in its control groups and its ancestors' command lines.

A name on these lists is a fact (the unit, the container, the parent's command line); that it will
start the process again is what such tools do, and is worded so.

Whoever may make control groups in a place (cgroups(7)) chooses their names. Below a user's own
manager, and inside a container, that is not only root. So a command is suggested for certain names
alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from porttui.model.process import Process
from porttui.model.provenance import Container, Origin, Provenance, Supervisor, SupervisorKind
from porttui.record import NamedTuple

_STOP_COMMANDS = {
    "docker": "docker stop",
    "libpod": "podman stop",
    "nerdctl": "nerdctl stop",
    **dict.fromkeys(("cri-containerd", "crio", "kubepods"), "crictl stop"),
}
_SHORT_ID = 12
"""Characters of a container's id that its tools show."""

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

_ONE_WORD = (
    "nodemon vite forever foreman overmind honcho hivemind supervisord runsv s6-supervise "
    "circusd monit gunicorn uwsgi watchmedo watchexec entr air reflex rerun guard"
)
"""Tools that are recognised by their name alone."""

RELOADERS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in _ONE_WORD.split()},
    "ts-node-dev": ("ts-node-dev", "tsnd"),
    "tsx watch": ("tsx watch",),
    "next dev": ("next dev",),
    "webpack": ("webpack serve", "webpack-dev-server", "webpack --watch"),
    "node --watch": ("node --watch",),
    "bun --watch": ("bun --watch", "bun --hot"),
    "deno --watch": ("deno run --watch",),
    "pm2": ("pm2", "PM2", "God Daemon"),
    "daemontools": ("supervise",),
    "uvicorn --reload": ("uvicorn --reload",),
    "cargo watch": ("cargo-watch", "cargo watch", "bacon"),
    "flask run": ("flask run",),
    "django runserver": ("manage.py runserver",),
    "spring": ("spring server",),
}
"""For each tool the words, one after another, of which a command line that is its own has all:
the program by its base name, behind an interpreter if there is one, then options and commands."""

_SCRIPTS = (".js", ".cjs", ".mjs", ".py", ".rb", ".exe")

_INTERPRETERS = frozenset({"node", "python", "ruby", "perl", "php", "bun", "deno", "env", "npx"})

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"})
_LOOP = re.compile(r"(?:^|[\s;&|(])(while|until|for)\s")


class CommandUser(NamedTuple):
    """The user a command is suggested to."""

    uid: int | None
    """Effective user id."""
    has_systemd: bool
    """Whether systemd runs this machine (sd_booted(3)): else `systemctl` asks nobody."""


def origin_of(provenance: Provenance, user: CommandUser) -> Origin:
    """The process with all that would start it again, and commands that stop it for good.

    A command may be pasted into a root shell: it is quoted, and there is none where somebody else
    than its manager may have chosen the name in it.
    """
    return Origin(provenance, tuple(_supervisors(provenance, user)))


def _supervisors(provenance: Provenance, user: CommandUser) -> Iterator[Supervisor]:
    cgroup_supervisors = [_cgroup_supervisor(path, user) for path in provenance.cgroups]
    supervisor = next(filter(None, cgroup_supervisors), None)
    if supervisor is None or supervisor.kind is not SupervisorKind.CONTAINER:
        yield from _port_forwarder(provenance, user)  # in a container anybody may call itself so
    yield from _reloader(provenance)
    if supervisor is not None:
        yield supervisor


def _cgroup_supervisor(path: str, user: CommandUser) -> Supervisor | None:
    """A container, or a unit; one that certainly is before one that may only be called so."""
    container, unit = _container(path, user), _unit(path, user)
    if container and unit and unit.command and not container.command:
        return unit
    return container or unit


def _container(path: str, user: CommandUser) -> Supervisor | None:
    """The outermost container: the one that the runtime of this machine knows."""
    parts = path.strip("/").split("/")
    for at, part in enumerate(parts):
        match, above = _ID.match(part), parts[:at]
        runtime = _runtime(part, above) if match else ""
        if match is None or not runtime:
            continue
        owner, is_certain = _owner(above)
        container = Container(runtime=runtime, id=match[1])
        short_id = container.id[:_SHORT_ID]
        stop = _STOP_COMMANDS.get(runtime)
        # A user's containers are known to that user's engine alone.
        is_theirs = owner in (None, user.uid)
        command = f"{stop} {short_id}" if stop and is_certain and is_theirs else ""
        return Supervisor(SupervisorKind.CONTAINER, short_id, command, container=container)
    return None


def _runtime(part: str, above: list[str]) -> str:
    """docker, libpod (podman's), cri-containerd, crio, kubepods, nerdctl; "" for none."""
    head = part.partition(".")[0]
    for name in _RUNTIMES:
        if head.startswith(f"{name}-") or f":{name}:" in part:
            return name
    if any(name.startswith("kubepods") for name in above):
        return "kubepods"
    return "docker" if above[-1:] == ["docker"] else ""


def _owner(above: list[str]) -> tuple[int | None, bool]:
    """Whose a container is, from the groups above it: a uid, or None for root.

    And whether that is certain: only root, or that user, can have made a group of that name.
    """
    for part in above:
        users = _USERS.fullmatch(part)
        if users:
            uid = int(users[1])
            return uid, above[:3] == ["user.slice", f"user-{uid}.slice", part]
    return None, all(part.endswith(".slice") or part in _OF_ROOT or _is_pod(part) for part in above)


def _is_pod(part: str) -> bool:
    """A level of the kubelet's (cgroupfs driver): kubepods/besteffort/podUID/ID."""
    return part in ("besteffort", "burstable") or part.startswith("pod")


def _unit(path: str, user: CommandUser) -> Supervisor | None:
    """The systemd service, of the system or of a user (systemd.special(7)). A .scope is none."""
    unit = _unit_cgroup(path)
    if unit is None:
        return None
    command: list[str] = []
    if unit.is_certain and user.has_systemd:
        if unit.machine:
            command = ["systemctl", f"--machine={unit.machine}", "stop", unit.name]
        elif unit.uid is None:
            command = ["systemctl", "stop", unit.name]
        elif unit.uid == user.uid:
            command = ["systemctl", "--user", "stop", unit.name]
        elif user.uid == 0:
            command = ["systemctl", "--user", f"--machine={unit.uid}@", "stop", unit.name]
    is_users = unit.uid is not None
    kind = SupervisorKind.SYSTEMD_USER if is_users else SupervisorKind.SYSTEMD
    return Supervisor(kind, unit.name, shlex.join(command))


class _UnitCgroup(NamedTuple):
    """A systemd service's group."""

    name: str
    uid: int | None
    """Of the user whose manager runs it; None for the system's."""
    machine: str
    """The container with a systemd of its own (machinectl(1)) that it is in; "" for none."""
    is_certain: bool
    """Only root, or that user, can have made the group, and a unit can have this name."""


def _unit_cgroup(path: str) -> _UnitCgroup | None:
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
    return _UnitCgroup(first, uid, machine, is_certain and is_name)


def _are_slices(parts: list[str], least: int = 1) -> bool:
    return len(parts) >= least and all(part.endswith(".slice") for part in parts)


def _port_forwarder(provenance: Provenance, user: CommandUser) -> Iterator[Supervisor]:
    """docker-proxy holds a published port for a container; ending it only breaks the container."""
    process = provenance.process
    is_proxy = provenance.executable.rpartition("/")[2] == "docker-proxy"
    if not is_proxy or process.uid not in (0, user.uid):
        return  # whoever calls itself so may name any port
    options = dict(pairwise(process.cmdline))
    port, protocol = options.get("-host-port", ""), options.get("-proto", "tcp")
    if port.isascii() and port.isdecimal() and protocol in ("tcp", "udp"):
        command = f"docker stop $(docker ps -q --filter publish={int(port)}/{protocol})"
        if options.get("-host-ip", "0.0.0.0") not in ("0.0.0.0", "::"):
            command = ""  # another container may have the port at another address
        yield Supervisor(SupervisorKind.PORT_FORWARDER, "docker-proxy", command)


def _reloader(provenance: Provenance) -> Iterator[Supervisor]:
    for ancestor in provenance.ancestors:
        if ancestor.pid <= 1:
            return
        command = f"kill -TERM {ancestor.pid}"
        name = _tool(ancestor.cmdline)
        if name is None and _reloads_itself(ancestor, provenance.process):
            name = ancestor.name
        if name is not None:
            yield Supervisor(SupervisorKind.RELOADER, name, command, ancestor)
            return
        if _is_loop(ancestor.cmdline):
            yield Supervisor(SupervisorKind.SHELL_LOOP, ancestor.name, command, ancestor)
            return


def _tool(cmdline: Sequence[str]) -> str | None:
    """Whose command line it is; a title that a process gave itself counts as one."""
    words = [word for argument in cmdline for word in argument.split(" ")]
    programs = _programs(words)
    for name, spellings in RELOADERS.items():
        for spelling in spellings:
            program, *others = spelling.split(" ")
            if any(_is_program(word, program) for word in programs) and all(
                other in words for other in others
            ):
                return name
    return None


def _programs(words: Sequence[str]) -> list[str]:
    """The program, and what an interpreter was given to run: a file named so is not the tool."""
    names = [word.rpartition("/")[2] for word in words]
    if names and names[0].rstrip("0123456789.") in _INTERPRETERS:
        return [name for name in names[1:] if not name.startswith("-")][:1]
    return names[:1]


def _is_program(word: str, program: str) -> bool:
    return word.rstrip(":") == program or word in [f"{program}{end}" for end in _SCRIPTS]


def _reloads_itself(parent: Process, child: Process) -> bool:
    """Flask's, Django's and werkzeug's reloaders run the very same command as their child."""
    if not parent.cmdline or parent.cmdline != child.cmdline:
        return False
    words = {argument.rpartition("/")[2] for argument in parent.cmdline}
    return not words.isdisjoint(("flask", "runserver", "--reload"))


def _is_loop(cmdline: Sequence[str]) -> bool:
    """A shell that was given a loop to run: `sh -c "while true; do ...; done"`."""
    if len(cmdline) < 3 or cmdline[0].rpartition("/")[2].lstrip("-") not in _SHELLS:
        return False
    for option, text in pairwise(cmdline):
        if option.startswith("-") and option.endswith("c"):
            return bool(_LOOP.search(text))
    return False
