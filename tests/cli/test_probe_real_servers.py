"""`porttui probe` against servers that people run: those of them that are installed here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.running import run
from tests.host.process_context import NOBODY
from tests.servers import PATIENCE_S, free_port, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and paths differ")


class Known(NamedTuple):
    """A kind of server."""

    command: Callable[[Path, int], Sequence[str]]
    """That serves from a directory of its own on a port of 127.0.0.1."""
    http: str = ""
    """What it says of itself to a HEAD request."""
    prepare: Callable[[Path], Sequence[str]] | None = None
    """A command to run before."""
    not_as_root: bool = False


def _nginx(directory: Path, port: int) -> Sequence[str]:
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off; pid {directory}/pid; error_log {directory}/log; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; }} }}\n"
    )
    return ["nginx", "-c", str(config)]


def _redis(directory: Path, port: int) -> Sequence[str]:
    options = {"bind": "127.0.0.1", "save": "", "dir": str(directory)}
    return ["redis-server", "--port", str(port)] + [
        word for name, value in options.items() for word in (f"--{name}", value)
    ]


def _python(_directory: Path, port: int) -> Sequence[str]:
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]


def _postgres(directory: Path, port: int) -> Sequence[str]:
    return ["postgres", "-D", f"{directory}/data", "-p", str(port), "-k", str(directory)]


def _initdb(directory: Path) -> Sequence[str]:
    return ["initdb", "-D", f"{directory}/data", "-A", "trust", "-N"]


KNOWN = {
    "nginx": Known(_nginx, http="nginx/"),
    "redis-server": Known(_redis),
    "postgres": Known(_postgres, prepare=_initdb, not_as_root=True),
}
SERVERS = {
    "python": Known(_python, http="SimpleHTTP/"),
    **{name: known for name, known in KNOWN.items() if shutil.which(name)},
}


class Serving(NamedTuple):
    """One that runs."""

    name: str
    known: Known
    port: int


@pytest.fixture(params=SERVERS)
def serving(request: pytest.FixtureRequest) -> Iterator[Serving]:
    """One after the other; it is ended with the test."""
    name: str = request.param
    known, port = SERVERS[name], free_port()
    uid = NOBODY if known.not_as_root and os.geteuid() == 0 else None
    # Not pytest's own: others than root may not go there.
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        if uid is not None:
            os.chown(directory, uid, uid)
        if known.prepare is not None:
            preparing = known.prepare(directory)
            subprocess.run(preparing, user=uid, cwd="/", env=_C, check=True, capture_output=True)
        with subprocess.Popen(
            known.command(directory, port),
            user=uid,
            cwd="/",
            env=_C,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                until(lambda: _accepts(port), f"{name} accepts")
                yield Serving(name, known, port)
            finally:
                process.terminate()
                process.wait(PATIENCE_S)


_C = {**os.environ, "LC_ALL": "C"}
"""Whatever locales are installed."""


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def probe_json(*argv: str) -> dict[str, Any]:
    done = run("probe", "--json", *argv)
    assert done.returncode == 0, done.stderr
    [contact] = json.loads(done.stdout)["contacts"]
    assert isinstance(contact, dict)
    return contact


def test_it_is_told_who_took_the_connection_and_waits(serving: Serving) -> None:
    """None of them speaks first."""
    contact = probe_json(f"127.0.0.1:{serving.port}")
    assert contact["outcome"] == "silent"
    assert serving.name in contact["words"]
    assert "sent nothing" in contact["words"]


def test_http_is_recognised(serving: Serving) -> None:
    contact = probe_json("--http", f"127.0.0.1:{serving.port}")
    if serving.known.http:
        assert contact["outcome"] == "answers"
        assert "HTTP/1." in contact["words"]
        assert serving.known.http in contact["words"]
    else:
        assert "HTTP/1." not in contact["words"]


def test_who_names_it(serving: Serving) -> None:
    done = run("who", "--json", str(serving.port))
    assert done.returncode == 0
    assert any(each["name"].startswith(serving.name) for each in json.loads(done.stdout)["holders"])
