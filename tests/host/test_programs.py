"""Programs that porttui starts: none from untrusted folders, and none as root for a user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from porttui.host.clipboard import CopyOutcome, SystemClipboard
from porttui.host.programs import (
    RunAs,
    find_program,
    isolated_python,
    open_url,
    run_as_invoking_user,
    run_as_self,
    run_program,
    trusted_path,
)
from porttui.host.request import HostError, SourceName
from porttui.sampling.process import SamplingProcess
from tests.cli.running import environment
from tests.host.namespaces import require_root
from tests.host.process_context import NOBODY
from tests.host.tools import open_to_all
from tests.servers import PATIENCE_S, ROOT, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who runs what, as on Linux")

SHADOWED = ("select", "struct", "signal", "webbrowser", "pyperclip", "subprocess", "psutil")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory full of modules and programs that record that they ran."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    plant = f"open({str(folder / 'ran')!r}, 'a').write(__name__ + ' ')\n"
    for name in SHADOWED:
        (folder / f"{name}.py").write_text(plant)
    (folder / "porttui").mkdir()
    (folder / "porttui" / "__init__.py").write_text(plant)
    for name in ("docker", "xclip", "xsel", "tmux", "wl-copy", "xdg-open", "which"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho -n '{name} ' >> {folder}/ran\n")
        program.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def has_run(hostile: Path) -> str:
    ran = hostile / "ran"
    return ran.read_text() if ran.exists() else ""


def test_the_sampling_process_finds_nothing_in_the_working_directory(hostile: Path) -> None:
    dashboards = SamplingProcess(SourceName.AUTO)
    try:
        assert dashboards.next().snapshot.sockets is not None
    finally:
        dashboards.close()
    assert has_run(hostile) == ""


@pytest.mark.parametrize("path", [".", "", "bin:.:", ":"])
def test_the_clipboard_finds_nothing_in_the_working_directory(hostile: Path, path: str) -> None:
    """A relative folder on PATH is below the working directory."""
    run_as = RunAs({"PATH": path, "DISPLAY": ":65000", "TMUX": "x,1,0", "TERM": "xterm"})
    assert SystemClipboard(run_as, "linux", 10).copy("3000").outcome is CopyOutcome.TERMINAL
    assert has_run(hostile) == ""


def test_the_browser_finds_nothing_in_the_working_directory(hostile: Path) -> None:
    with pytest.raises(HostError, match="the browser failed"):
        open_url("http://127.0.0.1:3000/", RunAs({"PATH": ".", "DISPLAY": ":65000"}))
    assert has_run(hostile) == ""


def test_run_as_a_module_it_looks_into_the_working_directory_last(hostile: Path) -> None:
    """`python -m porttui`, with a developer's struct.py beside it."""
    (hostile / "porttui" / "__init__.py").unlink()
    (hostile / "porttui").rmdir()
    done = subprocess.run(
        [sys.executable, "-m", "porttui", "list", "--json"],
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    # Only root sees every holder; others get a notice.
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert has_run(hostile) == ""


def test_every_program_starts_in_the_root_directory_in_a_session_of_its_own() -> None:
    code = "import os; print(os.getcwd(), os.getsid(0) == os.getpid(), sys.flags.isolated)"
    done = run_program(isolated_python(code), run_as_self(), timeout_s=20.0, max_bytes=100)
    assert done.output.split() == [b"/", b"True", b"1"]


def test_only_absolute_folders_of_a_path_count(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.touch(mode=0o755)
    assert find_program("tool", f"{tmp_path}") == str(program)
    assert find_program("tool", os.path.relpath(tmp_path)) is None
    assert find_program("tool", "") is None
    program.chmod(0o644)
    assert find_program("tool", f"{tmp_path}") is None


def test_root_runs_no_program_that_another_user_may_have_put_there(tmp_path: Path) -> None:
    require_root()
    assert run_program(["true"], run_as_self(), timeout_s=10.0).status == 0
    folder = tmp_path / "bin"
    folder.mkdir(mode=0o755)
    program = folder / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = run_program([str(program)], run_as_self(), timeout_s=10.0)
    assert found.failure == f"is not owned by root ({program})", "anybody may write into /tmp"
    as_nobody = RunAs({"PATH": str(folder)}, NOBODY, NOBODY)
    open_to_all(tmp_path)
    assert run_program(["tool"], as_nobody, timeout_s=10.0).status == 0, "that user may"


@pytest.mark.parametrize(
    ("does", "failure"),
    [
        ("sleep 60", "did not answer in time"),
        ("yes", "sent too much output"),
        ("exit 3", "failed (exit status 3)"),
    ],
)
def test_a_program_is_bounded_in_time_and_output(does: str, failure: str) -> None:
    done = run_program(["sh", "-c", does], run_as_self(), timeout_s=0.5, max_bytes=1000)
    assert done.failure == failure


def test_root_gives_its_own_tools_a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    require_root()
    for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PYTHONPATH", "LD_PRELOAD", "BROWSER"):
        monkeypatch.setenv(name, "/tmp/x")
    monkeypatch.setenv("PATH", "/tmp:/usr/bin")
    monkeypatch.setenv("HOME", "/tmp")
    found = run_as_self().environ
    assert found["PATH"] == trusted_path()
    assert "/tmp/x" not in found.values()
    assert found["HOME"] != "/tmp"


def test_root_that_nobody_called_sudo_for_has_no_foreign_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_root()
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("BROWSER", "/tmp/x")
    monkeypatch.setenv("DISPLAY", ":7")
    found = run_as_invoking_user()
    assert found.uid is None
    assert (found.environ.get("BROWSER"), found.environ["DISPLAY"]) == (None, ":7")
    assert found.environ["PATH"] == trusted_path()


BECOME = """
import json, os, sys
from porttui.host.programs import run_as_invoking_user
reading, writing = os.pipe()
if os.fork():
    os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
    os.write(writing, b"x")
    os.wait()
    os._exit(0)
os.read(reading, 1)
os.environ["SUDO_UID"] = "65534"
run_as = run_as_invoking_user()
print(json.dumps([run_as.uid, run_as.gid, run_as.name, dict(run_as.environ)]))
"""


def test_behind_sudo_the_environment_is_that_of_the_shell_above() -> None:
    """A process of the user with a child of root, as with sudo."""
    require_root()
    mine = {"DISPLAY": ":7", "TMUX": "/tmp/tmux,1,0", "PATH": "/home/x/bin:/usr/bin", "HOME": "/x"}
    done = subprocess.run(
        isolated_python(BECOME), env=mine, capture_output=True, timeout=PATIENCE_S, check=True
    )
    uid, gid, name, environ = json.loads(done.stdout)
    assert (uid, gid, name) == (65534, 65534, "nobody")
    assert {key: environ[key] for key in ("DISPLAY", "TMUX", "PATH")} == {
        key: mine[key] for key in ("DISPLAY", "TMUX", "PATH")
    }
    assert environ["HOME"] != "/x", "the account's"


def nobody_can_run_python() -> bool:
    """Skipped if the interpreter is in root's home."""
    try:
        subprocess.run([sys.executable, "-c", ""], user=NOBODY, check=True)
    except PermissionError:
        return False
    return True


def test_behind_sudo_the_browser_is_the_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or none, but never root's."""
    require_root()
    tmp_path.chmod(0o777)
    got, browser = tmp_path / "got", tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho $(id -u) $HOME $1 > {got}.part; mv {got}.part {got}\n")
    browser.chmod(0o755)
    changes: Mapping[str, str] = {
        "SUDO_UID": str(NOBODY),
        "SUDO_USER": "nobody",
        "DISPLAY": ":7",
        "BROWSER": str(browser),
    }
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    open_to_all(tmp_path)
    if nobody_can_run_python():
        open_url("http://127.0.0.1:3000/")
        until(got.exists, "a browser that was started")
        uid, home, url = got.read_text().split()
        assert (uid, url) == (str(NOBODY), "http://127.0.0.1:3000/")
        assert home != os.environ["HOME"]
    else:
        with pytest.raises(HostError, match="the browser of nobody cannot be run"):
            open_url("http://127.0.0.1:3000/")
