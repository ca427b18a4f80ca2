"""Takes the README's pictures: `python -m tests.take_screenshots`, as root on Linux.

The application, its host and everything it shows are real: processes with real sockets, in a
network, PID and mount namespace of their own, so that nothing of this machine gets into the
pictures. Two things are for show: the processes wear the names and command lines of servers that
a developer runs, and /etc/passwd names their users. Needs util-linux, iproute2, Chromium and the
font Fira Code.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from textual.pilot import Pilot

from porttui.host.contract import Host
from porttui.host.local import local_host
from porttui.sampling.sampler import Sampler
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests import children
from tests.children import SocketSpec
from tests.local_dashboards import LocalDashboards
from tests.scripted import ScriptedClipboard
from tests.servers import ROOT
from tests.ui.session import lines_of, until
from tests.verdict_pictures import VERDICT_NAMES, take_verdicts

SCREENSHOTS = ROOT / "screenshots"

USERS = {"sshd": 104, "postgres": 111, "redis": 112, "statsd": 113, "elastic": 114, "ana": 1000}


class Role(TypedDict, total=False):
    """A process to play: whom it passes itself off as, and what it really does."""

    name: str
    command: str
    user: str
    sockets: list[SocketSpec]
    workers: list[str]
    """Command lines of children that share the sockets; they accept, when there are any."""
    accepts: bool


def tcp(*where: tuple[str, int]) -> list[SocketSpec]:
    """Listeners; those on IPv6 leave IPv4 alone."""
    return [SocketSpec(address=address, port=port, v6only=True) for address, port in where]


def to(*where: tuple[str, int]) -> list[SocketSpec]:
    """Connections."""
    return [
        SocketSpec(address=address, peer=(address, port), autobinds=True) for address, port in where
    ]


def both(port: int) -> list[SocketSpec]:
    """Listeners on both loopback addresses."""
    return tcp(("127.0.0.1", port), ("::1", port))


HTTP = Role(
    name="python3",
    command="python3 -m http.server 8080",
    user="ana",
    sockets=tcp(("0.0.0.0", 8080)),
)

SERVERS: dict[int, Role] = {
    598: Role(
        name="sshd",
        command="sshd: /usr/sbin/sshd -D [listener]",
        user="root",
        sockets=tcp(("0.0.0.0", 22), ("::", 22)),
    ),
    640: Role(
        name="redis-server",
        command="/usr/bin/redis-server 127.0.0.1:6379",
        user="redis",
        sockets=both(6379),
        accepts=True,
    ),
    812: Role(
        name="postgres",
        command="/usr/lib/postgresql/16/bin/postgres -D /var/lib/postgresql/16/main",
        user="postgres",
        sockets=both(5432),
        workers=["postgres: checkpointer", "postgres: walwriter", "postgres: shop idle"],
        accepts=True,
    ),
    1710: Role(
        name="statsd",
        command="statsd /etc/statsd.js",
        user="statsd",
        sockets=[SocketSpec(protocol="udp", address="127.0.0.1", port=8125)],
    ),
    1902: Role(
        name="node_exporter",
        command="node_exporter --web.listen-address=192.168.1.20:9100",
        user="root",
        sockets=tcp(("192.168.1.20", 9100)),
    ),
    4213: Role(
        name="node",
        command="node /srv/shop/node_modules/.bin/vite --port 3000",
        user="ana",
        sockets=both(3000),
        accepts=True,
    ),
    4377: Role(
        name="node",
        command="node --inspect=[::]:9229 /srv/shop/api/server.js",
        user="ana",
        sockets=tcp(("127.0.0.1", 3001), ("::", 9229)),
        accepts=True,
    ),
    7650: Role(
        name="jobs",
        command="/srv/shop/bin/jobs --queue 127.0.0.1:9400",
        user="ana",
        sockets=tcp(("127.0.0.1", 9400)),
    ),
    9001: Role(
        name="gunicorn",
        command="gunicorn: master [shop.wsgi]",
        user="ana",
        sockets=tcp(("127.0.0.1", 8000), ("127.0.0.1", 8001)),
        workers=["gunicorn: worker [shop.wsgi]", "gunicorn: worker [shop.wsgi]"],
        accepts=True,
    ),
    9921: HTTP,
    9950: Role(
        name="ruby",
        command="ruby bin/rails server",
        user="ana",
        sockets=tcp(("127.0.0.1", 3030)),
    ),
}

CLIENTS: dict[int, Role] = {
    9102: Role(
        name="gunicorn",
        command="gunicorn: tasks [shop.wsgi]",
        user="ana",
        sockets=to(*[("127.0.0.1", 5432)] * 2, ("127.0.0.1", 6379)),
    ),
    3301: Role(
        name="chrome",
        command="/opt/google/chrome/chrome --type=utility",
        user="ana",
        sockets=to(("127.0.0.1", 3000), ("127.0.0.1", 3000), ("::1", 3000), ("::1", 9229)),
    ),
    7701: Role(
        name="agent",
        command="/srv/shop/bin/agent --jobs 127.0.0.1:9400",
        user="ana",
        sockets=to(("127.0.0.1", 9400)),
    ),
    12044: Role(
        name="curl",
        command="curl --no-buffer http://127.0.0.1:8000/events",
        user="ana",
        sockets=to(*[("127.0.0.1", 8000)] * 2, ("127.0.0.1", 3001)),
    ),
}

OUT_OF_SIGHT = Role(
    name="java", command="java elasticsearch", user="elastic", sockets=tcp(("127.0.0.1", 9300))
)
"""In another PID namespace, as a container's processes are: root of this one cannot see it."""

RESTARTED = {15201: HTTP}
NEW = {
    15210: Role(
        name="deno",
        command="deno run --allow-net main.ts",
        user="ana",
        sockets=tcp(("127.0.0.1", 4000)),
    )
}

IMPORTER = {
    15301: Role(
        name="import.py",
        command="python3 /srv/shop/import.py --no-pool",
        user="ana",
        sockets=to(*[("127.0.0.1", 5432)] * 905),
    )
}
FEW_PORTS = "32768 33767"

CLOSED_CONNECTIONS = 480


# Playing a role


def play(role: Role) -> None:
    """Become what the role says, report, and stay."""
    children.prctl(children.PR_SET_NAME, role["name"].encode())
    wear(role["command"])
    os.chdir("/")  # it is nobody's business where these pictures are taken
    children.become(USERS.get(role["user"], 0))
    sockets = [children.make(spec) for spec in role.get("sockets", ())]
    pids = [os.getpid()]
    for command in role.get("workers", ()):
        # One after the other, each with its threads: what comes later would take pids of others.
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            wear(command)
            serve(role, sockets)
            os.write(writing, b"ready")
            children.stay()
        os.read(reading, 5)
        pids.append(pid)
    if not role.get("workers"):
        serve(role, sockets)
    children.report(sockets, pids)
    children.stay()


def serve(role: Role, sockets: Sequence[socket.socket]) -> None:
    """Accept, if the role says so, in threads."""
    if role.get("accepts"):
        for each in sockets:
            threading.Thread(target=children.accept_all, args=(each,), daemon=True).start()


_ARG_START, _ARG_END = 45, 46
"""Places in /proc/PID/stat (proc_pid_stat(5)), counted from behind the name."""


def wear(command: str) -> None:
    """Have /proc/self/cmdline say this: it reads the memory where the arguments came in."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
    words = "\0".join(command.split(" ")).encode()
    assert len(words) < end - start, "the arguments that came in were shorter"
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, words, len(words))


class Cast:
    """The processes that play."""

    def __init__(self) -> None:
        self._playing: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, role: Role) -> int:
        """Start a process, wait until it is ready, and give its pid."""
        # Room for the command line that it will wear.
        spec = json.dumps(role) + " " * 100
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.take_screenshots", "--play", spec],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(f"{role['command']} did not get ready")
        self._playing[process.pid] = process
        return process.pid

    def start_as(self, pid: int, role: Role) -> None:
        """Start a process with this pid; somebody else may be quicker, so try more than once."""
        for _ in range(20):
            # The next process of this PID namespace gets the number after (pid_namespaces(7)).
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
            given = self.start(role)
            if given == pid:
                return
            self.end(given)
        raise RuntimeError(f"{role['command']} never got pid {pid}")

    def start_all(self, roles: dict[int, Role]) -> None:
        """Start these, with their pids."""
        for pid, role in roles.items():
            self.start_as(pid, role)

    def end(self, pid: int) -> None:
        """End a process and its workers."""
        process = self._playing.pop(pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self) -> None:
        """End all of them."""
        for pid in list(self._playing):
            self.end(pid)


def close_connections(number: int) -> None:
    """Leave connections to port 3000 behind whose client closed first: they are in TIME_WAIT."""
    with socket.create_server(("127.0.0.1", 3000)) as server:
        for _ in range(number):
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
            client.close()
            accepted.recv(1)
            accepted.close()


# The session


class Shot(NamedTuple):
    """A picture: its size, and what to press."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()


def to_port(port: int) -> tuple[str, ...]:
    """Keys that go to the listener on a port: a filter leads there, and is taken away again."""
    return ("slash", *str(port), "enter", "escape")


LARGE, SMALL = (120, 40), (80, 24)
SHOTS = (
    Shot("main-120x40", LARGE, ("j",) * 3),
    Shot("main-80x24", SMALL, ("j",) * 3),
    Shot("filtered", (120, 34), ("slash", *"300*"), ("match 300*",)),
    Shot("details", LARGE, (*to_port(9229), "enter"), ("Esc close",)),
    Shot("stop", LARGE, (*to_port(8000), "x"), ("leave it", "parents")),
    Shot("why", LARGE, (*to_port(3000), "w"), ("next free ports on all of these",)),
    Shot("pressure", LARGE, ("3", "j"), ("in use by import.py",)),
)


def take_all() -> None:
    """Take the verdicts, on a port that nothing lingers on yet, and every picture of the cast."""
    take_verdicts(
        lambda name, svg: Path(SCREENSHOTS, f"{name}.svg").write_text(svg, encoding="utf-8"),
        as_in_a_terminal,
    )
    cast = Cast()
    close_connections(CLOSED_CONNECTIONS)
    cast.start_all(SERVERS)
    cast.start_all(CLIENTS)
    host = local_host()._replace(invoking_uid=USERS["ana"])
    for shot in SHOTS:
        svg = asyncio.run(take(shot, host, cast))
        Path(SCREENSHOTS, f"{shot.name}.svg").write_text(svg, encoding="utf-8")
    cast.end_all()


async def take(shot: Shot, host: Host, cast: Cast) -> str:
    """One picture, as SVG. While it is taken servers come, restart and go."""
    sampler = Sampler(host)
    app = PorttuiApp(
        LocalDashboards(sampler),
        lambda: Services(host, sampler, Stopper(host, sampler), ScriptedClipboard()),
    )
    async with app.run_test(size=shot.size) as pilot:
        await until(pilot, lambda: "gunicorn 9001" in shown(pilot), "the first sample")
        with_marks = shot.name.startswith("main")
        if with_marks:
            change(cast)
            await until(pilot, lambda: {"+", "-", "~"} <= marks(pilot), "the marks")
        if shot.name == "pressure":
            Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(FEW_PORTS)
            cast.start_all(IMPORTER)
            await until(pilot, lambda: "WARNING" in shown(pilot), "few ports are left")
            app.clear_notifications()
        await pilot.press(*shot.keys)
        await until(pilot, lambda: all(words in shown(pilot) for words in shot.shows), shot.name)
        await pilot.wait_for_scheduled_animations()
        svg = as_in_a_terminal(app.export_screenshot(title="porttui", simplify=True))
        if with_marks:
            change_back(cast)
    return svg


def as_in_a_terminal(svg: str) -> str:
    """Without Fira Code's ligatures: few terminals draw an arrow for "->"."""
    # Rich gives every picture names of its own: without them only what changed is different.
    svg = re.sub(r"\bterminal-\d+-", "terminal-", svg)
    place = ".terminal-matrix {"
    assert svg.count(place) == 1
    return svg.replace(place, f"{place}\n        font-variant-ligatures: none;")


def change(cast: Cast) -> None:
    """Something restarts, something goes and something comes."""
    cast.end(9950)
    cast.end(9921)
    cast.start_all(RESTARTED)
    cast.start_all(NEW)


def change_back(cast: Cast) -> None:
    """As it was."""
    for pid in (*RESTARTED, *NEW):
        cast.end(pid)
    cast.start_all({pid: SERVERS[pid] for pid in (9921, 9950)})


def shown(pilot: Pilot[Any]) -> str:
    """The screen."""
    return "\n".join(lines_of(pilot))


def marks(pilot: Pilot[Any]) -> set[str]:
    """The glyphs before the rows."""
    return {line[1] for line in lines_of(pilot) if line.startswith("│")}


# PNG


def draw(svg: Path) -> None:
    """Have Chromium draw the SVG to a PNG beside it."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    assert found is not None, "Rich writes a viewBox"
    width, height = (round(float(each)) for each in found.groups())
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory, "page.html")
        page.write_text(
            f'<body style="margin: 0"><img src="{svg.as_uri()}" width="{width}" height="{height}">',
            encoding="utf-8",
        )
        subprocess.run(
            [
                chromium(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--allow-file-access-from-files",
                "--default-background-color=00000000",
                "--run-all-compositor-stages-before-draw",
                "--virtual-time-budget=5000",
                f"--user-data-dir={directory}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={svg.with_suffix('.png')}",
                page.as_uri(),
            ],
            check=True,
            timeout=120,
            capture_output=True,
        )


def chromium() -> str:
    """Whichever name it has here."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    raise SystemExit("Chromium is missing")


def require_font() -> None:
    """Without it the frames have gaps."""
    families = subprocess.run(
        ["fc-list", ":", "family"], capture_output=True, text=True, check=True
    )
    if "Fira Code" not in families.stdout:
        raise SystemExit("The font Fira Code is missing: apt-get install fonts-firacode")


# From one namespace into the next


def in_new_namespaces() -> None:
    """Go on in a network and a mount namespace of our own."""
    require_font()
    again("--in-network", within=["unshare", "--net", "--mount"])
    for name in [shot.name for shot in (*SHOTS, *VERDICT_NAMES)]:
        draw(SCREENSHOTS / f"{name}.svg")


def in_network() -> None:
    """Arrange the network and the accounts, and go on in a PID namespace."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", "192.168.1.20/32", "dev", "lo")
    run("mount", "-t", "tmpfs", "accounts", "/mnt")
    accounts = Path("/mnt/passwd")
    lines = [f"{name}:x:{uid}:{uid}::/:/bin/sh" for name, uid in {"root": 0, **USERS}.items()]
    accounts.write_text("\n".join(lines) + "\n")
    run("mount", "--bind", str(accounts), "/etc/passwd")
    cast = Cast()
    cast.start(OUT_OF_SIGHT)
    try:
        again("--in-processes", within=["unshare", "--pid", "--fork", "--mount-proc"])
    finally:
        cast.end_all()


def again(option: str, within: Sequence[str]) -> None:
    """Run this program with an option, by way of another one."""
    command = [*within, sys.executable, "-m", "tests.take_screenshots", option]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status != 0:
        raise SystemExit(status)


def run(*command: str) -> None:
    """Run a program that must succeed."""
    subprocess.run(command, check=True)


def main() -> None:
    """Take the pictures, or a step on the way there."""
    parser = argparse.ArgumentParser(description=__doc__)
    steps: dict[str, Callable[[], None]] = {"--in-network": in_network, "--in-processes": take_all}
    for option in steps:
        parser.add_argument(option, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--play", help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    if given["play"]:
        play(json.loads(given["play"]))
    elif sys.platform != "linux" or os.geteuid() != 0:
        raise SystemExit("only root on Linux can make the namespaces for the pictures")
    else:
        chosen = [step for option, step in steps.items() if given[option[2:].replace("-", "_")]]
        (chosen or [in_new_namespaces])[0]()


if __name__ == "__main__":
    main()
