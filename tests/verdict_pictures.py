"""Pictures of `porttui 3000` against five kinds of servers, each stopped and ending in the truth.

They are real servers: what the pictures say is what the kernel said.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from porttui.host.local import local_host
from porttui.model.address import PortQuery, Protocol
from porttui.sampling.sampler import Sampler
from porttui.settings import Settings
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests.local_dashboards import LocalDashboards
from tests.scripted import ScriptedClipboard
from tests.ui.session import lines_of, until

PORT = 3000

_SERVER = """
import os, signal, socket, sys
address, *ways = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
server = socket.create_server((address, 3000), family=family)
if "--ignore-sigterm" in ways:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "--fork" in ways and os.fork() == 0 and os.fork() == 0:
    pass
signal.pause()
"""


class Verdict(NamedTuple):
    """One picture."""

    name: str
    commands: tuple[str, ...]
    keys: tuple[str, ...]
    """To the stop, from the diagnosis."""
    says: str


VERDICT_NAMES = (
    Verdict("verdict-plain", ("python3 server.py 127.0.0.1",), ("x", "y"), "port 3000 is free ("),
    Verdict(
        "verdict-respawner",
        ("while true; do python3 server.py 127.0.0.1; done",),
        ("x", "y"),
        "something restarts it",
    ),
    Verdict("verdict-forked", ("python3 server.py 127.0.0.1 --fork",), ("x", "y"), "still held by"),
    Verdict(
        "verdict-ignores-sigterm",
        ("python3 server.py 127.0.0.1 --ignore-sigterm",),
        ("x", "y"),
        "It ignores SIGTERM",
    ),
    Verdict(
        "verdict-ipv6-twin",
        ("python3 server.py 127.0.0.1", "python3 server.py ::1"),
        ("x", "1", "y"),
        "in use on other addresses",
    ),
)


def take_verdicts(keep: Callable[[str, str], object], as_picture: Callable[[str], str]) -> None:
    """Take them all; `keep` gets a name and an SVG."""
    for verdict in VERDICT_NAMES:
        with _running(verdict.commands):
            keep(verdict.name, as_picture(asyncio.run(_take(verdict))))


@contextmanager
def _running(commands: tuple[str, ...]) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory, "shop")
        project.mkdir()
        Path(project, "server.py").write_text(_SERVER)
        Path(project, "pyproject.toml").touch()
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        started = [
            subprocess.Popen(
                ["bash", "-c", command], cwd=project, env=environ, start_new_session=True
            )
            for command in commands
        ]
        try:
            yield
        finally:
            for process in started:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


async def _take(verdict: Verdict) -> str:
    host = local_host()
    sampler = Sampler(host)
    app = PorttuiApp(
        LocalDashboards(sampler),
        lambda: Services(host, sampler, Stopper(host, sampler), ScriptedClipboard()),
        Settings(port_query=PortQuery(Protocol.TCP, PORT)),
    )
    async with app.run_test(size=(120, 34)) as pilot:

        def shows(*words: str) -> bool:
            screen = "\n".join(lines_of(pilot))
            return all(each in screen for each in words)

        while not shows("x stop it"):
            await pilot.press("r")
            await pilot.pause(0.1)
        for key in verdict.keys:
            await pilot.press(key)
            if key == "x" and "1" not in verdict.keys:
                await until(pilot, lambda: shows("parents"), "where it comes from")
        # A line may end between the words.
        await until(pilot, lambda: shows(*verdict.says.split(), "Esc close"), verdict.says)
        await pilot.wait_for_scheduled_animations()
        return app.export_screenshot(title="porttui", simplify=True)
