"""Runs other programs: trusted path, user, environment, time limit.

porttui may run with sudo. Then it runs no program and no module that another user could have put in
its way. Programs come from folders that only root can write, Python runs isolated (-I), and all
start in the root directory with a small environment. The user's own programs (browser, clipboard,
tmux) run as the user who called sudo, with that user's environment.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache

import porttui
from porttui.host.accounts import account_of, effective_uid, group_ids_of, invoking_uid
from porttui.host.request import HostError
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess
    from typing import IO, Any

TRUSTED_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""sudo's own secure_path (sudoers(5)). Only root should write there; `trusted_path` checks it."""

PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(porttui.__file__)))
"""The folder that this porttui was imported from: its code runs already."""

_BOOTSTRAP_SCRIPT = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
import porttui
sys.path.append(sys.path.pop(0))
"""
"""Imports this very porttui, and nothing else before the standard library.

-I leaves out the working directory, PYTHONPATH and the user's site-packages, and porttui may be in
any of them.
"""

_KEPT_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT")
_LIBRARY_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Some Pythons do not start without these. This one was started with them; sudo removes them."""
_SESSION_VARIABLES = (
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP"),
    *("DBUS_SESSION_BUS_ADDRESS", "BROWSER", "TERM", "TERM_PROGRAM", "TMUX"),
    *("SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME"),
)
_MAX_ENVIRON_BYTES = 1 << 18
SYSTEM_TOOL_TIMEOUT_S = 2.0
"""For each call."""
_BROWSER_TIMEOUT_S = 15.0
_KILL_TIMEOUT_S = 0.2
"""Wait for the end of a killed program."""


class RunAs(NamedTuple):
    """User and environment of a program."""

    environ: Mapping[str, str]
    uid: int | None = None
    """None for the user of porttui."""
    gid: int = 0
    groups: tuple[int, ...] = ()
    name: str = ""
    """Name of the account; "" for the user of porttui."""


class ProgramResult(NamedTuple):
    """Result of a program."""

    status: int | None
    """Exit status; None if the program did not exit, then `failure` says why."""
    output: bytes
    failure: str


def isolated_python(code: str, *arguments: str) -> list[str]:
    """The command that runs `code` in this interpreter, with this very porttui."""
    options = ["-I"]
    if sys.dont_write_bytecode:
        options.append("-B")
    if sys.pycache_prefix is not None:
        options += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return [sys.executable, *options, "-c", _BOOTSTRAP_SCRIPT + code, PACKAGE_ROOT, *arguments]


def minimal_environ() -> dict[str, str]:
    """Environment of porttui's own processes."""
    path = trusted_path() if _is_root() else os.environ.get("PATH", os.defpath)
    return {**_environ_subset((*_KEPT_VARIABLES, *_LIBRARY_VARIABLES)), "PATH": path}


def run_as_self(environ: Mapping[str, str] = os.environ) -> RunAs:
    """As the user of porttui; for root without variables that sudo may have let through."""
    if not _is_root():
        return RunAs(environ)
    account = account_of(0)
    home = account.home if account else "/"
    return RunAs({**_environ_subset(_KEPT_VARIABLES), "PATH": trusted_path(), "HOME": home})


def run_as_invoking_user(environ: Mapping[str, str] = os.environ) -> RunAs:
    """As the user who called sudo, with that user's environment; without sudo as `run_as_self`.

    If root called sudo: without BROWSER, and with programs from root's folders alone.
    """
    uid = invoking_uid()
    if not _is_root() or uid is None:
        return RunAs(environ)
    if uid == 0:
        displays = [name for name in _SESSION_VARIABLES if name != "BROWSER"]
        return RunAs({**run_as_self().environ, **_environ_subset(displays)})
    return _run_as_account(uid)


def find_program(name: str, path: str | None) -> str | None:
    """The program `name` in one of the absolute folders of `path`; None if there is none.

    A relative folder is below the working directory, which any user may have written.
    """
    if os.path.isabs(name):
        return name
    suffixes = ("", ".exe") if sys.platform == "win32" else ("",)
    for folder in (path or os.defpath).split(os.pathsep):
        for suffix in suffixes:
            program = os.path.join(folder, name + suffix)
            if os.path.isabs(folder) and os.path.isfile(program) and os.access(program, os.X_OK):
                return program
    return None


@cache
def trusted_path() -> str:
    """Folders of TRUSTED_PATH that only root may write into."""
    folders = TRUSTED_PATH.split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if _is_root_owned(folder))


def _is_root_owned(path: str) -> bool:
    """Whether only root can have written it or replaced it."""
    path = os.path.realpath(path)
    while True:
        try:
            stat = os.stat(path)
        except OSError:
            return False
        is_writable_by_others = bool(stat.st_mode & 0o002 or (stat.st_mode & 0o020 and stat.st_gid))
        if stat.st_uid or is_writable_by_others:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


def popen_options(run_as: RunAs) -> dict[str, Any]:
    """Options that separate a program from this one: folder, session, environment, user."""
    options: dict[str, Any] = {
        "cwd": os.path.abspath(os.sep),
        # Its own session can be killed as a whole, and keys of the terminal do not reach it.
        "start_new_session": True,
        "env": dict(run_as.environ),
    }
    if run_as.uid is not None:
        options.update(user=run_as.uid, group=run_as.gid, extra_groups=run_as.groups)
    return options


def run_program(
    command: Sequence[str],
    run_as: RunAs,
    *,
    timeout_s: float,
    stdin: bytes = b"",
    max_bytes: int = 0,
    may_keep_running: bool = False,
) -> ProgramResult:
    """Run a program; after `timeout_s` seconds kill it with its children.

    Args:
        command: The program, by name or absolute path, and its arguments.
        run_as: Its user and environment.
        timeout_s: Time limit in seconds.
        stdin: Its standard input.
        max_bytes: Most output that it may write; more is a failure. With 0 it has no output, and
            a child that it leaves behind may continue.
        may_keep_running: It is not killed, and counts as successful if it still runs.
    """
    # Imported late: most commands run no program.
    import subprocess
    import threading

    deadline = time.monotonic() + timeout_s
    program = find_program(command[0], run_as.environ.get("PATH"))
    if program is None:
        return ProgramResult(None, b"", "is not installed")
    is_trusted = run_as.uid is not None or program == sys.executable  # it runs already
    if _is_root() and not is_trusted and not _is_root_owned(program):
        return ProgramResult(None, b"", f"is not owned by root ({program})")
    try:
        process = subprocess.Popen(
            [program, *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if max_bytes else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **popen_options(run_as),
        )
    except OSError as error:
        return ProgramResult(None, b"", f"cannot be run ({error.strerror})")
    output: list[bytes] = []
    threads = [threading.Thread(target=_write_input, args=(process.stdin, stdin), daemon=True)]
    if process.stdout is not None:
        reader_arguments = (process.stdout, max_bytes, output)
        threads.append(threading.Thread(target=_read_output, args=reader_arguments, daemon=True))
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if sum(map(len, output)) > max_bytes:
            return ProgramResult(None, b"", "sent too much output")
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        if may_keep_running:
            return ProgramResult(0, b"".join(output), "")
        return ProgramResult(None, b"".join(output), "did not answer in time")
    except RuntimeError as error:
        return ProgramResult(None, b"", f"cannot be run ({error})")
    else:
        return ProgramResult(status, b"".join(output), f"failed (exit status {status})")
    finally:
        if not may_keep_running:
            kill_process_group(process)


def open_url(url: str, run_as: RunAs | None = None) -> None:
    """Pass `url` to the default browser; whether it was shown is unknown.

    Waits up to 15 seconds for the browser's start: some stay in the foreground.

    Args:
        url: The URL.
        run_as: Owner of the browser; by default the user who called sudo, or porttui's own.

    Raises:
        HostError: there is no graphical browser.
    """
    run_as = run_as or run_as_invoking_user()
    if sys.platform not in ("win32", "darwin") and not (
        run_as.environ.get("DISPLAY") or run_as.environ.get("WAYLAND_DISPLAY")
    ):
        # A text browser would start in this terminal.
        raise HostError("there is no graphical display")
    # In another process: browsers write to the terminal that they were started from.
    command = isolated_python(_OPEN_SCRIPT, url)
    result = run_program(command, run_as, timeout_s=_BROWSER_TIMEOUT_S, may_keep_running=True)
    if result.status != 0:
        owner = f" of {run_as.name}" if run_as.name else ""
        raise HostError(f"the browser{owner} {result.failure}")


_OPEN_SCRIPT = "import webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def run_system_tool(command: Sequence[str]) -> str:
    """The output of a tool of macOS or Windows, with U+FFFD for every byte that is not ASCII.

    Raises:
        HostError: it cannot be run, does not answer, or fails.
    """
    import subprocess

    name = os.path.splitext(os.path.basename(command[0]))[0]
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SYSTEM_TOOL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{name} did not answer in {SYSTEM_TOOL_TIMEOUT_S:g} s") from error
    except OSError as error:
        raise HostError(f"{name} cannot be run: {error.strerror}") from error
    if result.returncode != 0:
        raise HostError(f"{name} failed with exit status {result.returncode}")
    return result.stdout.decode("ascii", "replace")


def elevation_command(
    argv0: str | None = None,
    secure_path: str = TRUSTED_PATH,
    environ: Mapping[str, str] = os.environ,
    package_root: str = PACKAGE_ROOT,
) -> str:
    """The command that reruns this porttui as root: sudo finds no program of a venv by name.

    Args:
        argv0: The name that this program was started by; None for the real one.
        secure_path: Where sudo looks for commands by default (sudoers(5)).
        environ: Environment with the PATH of the shell.
        package_root: Folder that porttui was imported from.
    """
    program_path = sys.argv[0] if argv0 is None else argv0
    if os.path.basename(program_path) != "porttui":
        # Not from the working directory: it may contain another user's porttui/.
        python = shlex.quote(sys.executable)
        if os.path.basename(package_root) in ("site-packages", "dist-packages"):
            return f"sudo {python} -I -m porttui"
        return f"sudo env PYTHONPATH={shlex.quote(package_root)} {python} -P -m porttui"
    if find_program("porttui", secure_path):
        return "sudo porttui"
    if find_program("porttui", environ.get("PATH")):
        return 'sudo "$(which porttui)"'
    return f"sudo {shlex.quote(os.path.abspath(program_path))}"


def kill_process_group(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its children, unless it has ended: then its pid may be another process's."""
    import subprocess

    if process.returncode is None:
        if sys.platform == "win32":
            process.kill()
        else:
            # macOS answers EPERM when only zombies are left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        try:
            process.wait(_KILL_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # It is in an uninterruptible wait: it is reaped when that ends.
            _abandoned.append(process)
    _abandoned[:] = [process for process in _abandoned if process.poll() is None]


_abandoned: list[subprocess.Popen[bytes]] = []


def _write_input(pipe: IO[bytes], stdin: bytes) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        pipe.write(stdin)


def _read_output(pipe: IO[bytes], max_bytes: int, output: list[bytes]) -> None:
    """In chunks: the output of a program that hangs is kept up to that point."""
    remaining = max_bytes + 1
    with contextlib.suppress(OSError, ValueError), pipe:
        while remaining > 0 and (chunk := os.read(pipe.fileno(), remaining)):
            output.append(chunk)
            remaining -= len(chunk)


def _is_root() -> bool:
    return effective_uid() == 0


def _environ_subset(names: Sequence[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


def _run_as_account(uid: int) -> RunAs:
    account = account_of(uid)
    if account is None:
        return RunAs(
            {**_environ_subset(_KEPT_VARIABLES), "PATH": trusted_path(), "HOME": "/"}, uid, uid
        )
    environ = {
        "PATH": trusted_path(),
        **_environ_subset((*_KEPT_VARIABLES, *_SESSION_VARIABLES)),
        **_invoking_user_environ(uid),
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": account.shell,
    }
    runtime = f"/run/user/{uid}"
    if os.path.isdir(runtime):
        environ.setdefault("XDG_RUNTIME_DIR", runtime)
    return RunAs(environ, uid, account.gid, group_ids_of(account), account.name)


def _invoking_user_environ(uid: int) -> dict[str, str]:
    """The environment of this process's nearest ancestor that belongs to `uid`: as a rule the shell
    that called sudo. sudo itself removes most of it."""
    pid = os.getppid()
    for _ in range(32):
        if pid <= 1:
            break
        try:
            with open(f"/proc/{pid}/status", "rb") as file:
                status = dict(
                    line.split(b":", 1) for line in file.read().splitlines() if b":" in line
                )
            if int(status[b"Uid"].split()[0]) == int(status[b"Uid"].split()[1]) == uid:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    return _parse_environ(file.read(_MAX_ENVIRON_BYTES))
            pid = int(status[b"PPid"])
        except (OSError, KeyError, ValueError):
            break
    return {}


def _parse_environ(content: bytes) -> dict[str, str]:
    """proc_pid_environ(5): each entry ends in NUL."""
    pairs = (entry.partition(b"=") for entry in content.split(b"\0"))
    return {
        os.fsdecode(name): os.fsdecode(value) for name, is_set, value in pairs if is_set and name
    }
