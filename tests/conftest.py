"""What tests of several rooms share: real processes, and a network of their own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Iterator

import pytest

from porttui.host import programs
from tests.host.namespaces import Network, open_network
from tests.marks import is_alone, mark_of
from tests.servers import Servers

if sys.platform != "win32":
    # A shell ignores these signals for its background jobs, nohup ignores SIGHUP, and children
    # inherit that (execve(2)). With a handler, even one that does nothing, they get the default.
    for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(_number) is signal.SIG_IGN:
            signal.signal(_number, lambda *_: None)


_OPENS_THE_MACHINE = {"subprocess.Popen", "os.fork", "socket.bind", "socket.connect"}
"""Python's events for what only a test with the mark real may do."""
_limited: list[str] = []
"""The test that runs, if it is not a real one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its mark: unit, pilot or real; and alone."""
    for item in items:
        item.add_marker(mark_of(item))
        if is_alone(item):
            item.add_marker("alone")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that is not a real one fails when it opens the machine."""
    if mark_of(item) != "real":
        _limited.append(item.nodeid)
    try:
        return (yield)
    finally:
        _limited.clear()


def _watch(event: str, _arguments: object) -> None:
    if _limited and event in _OPENS_THE_MACHINE:
        raise AssertionError(f"{event}: {_limited[0]} has not the mark real, see tests/marks.py")


sys.addaudithook(_watch)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Starts real processes; none of them outlives the test."""
    with Servers() as started:
        yield started


@pytest.fixture
def network(servers: Servers) -> Network:
    """A network namespace of the test's own: nobody else opens sockets in it."""
    return open_network(servers)


@pytest.fixture
def fakes_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root would run no fake of a program: they are in folders that anybody may write into."""
    monkeypatch.setattr(programs, "_is_root_owned", lambda _: True)
