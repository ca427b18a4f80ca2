"""What the tests of the stop share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import Child, Servers, has_exited
from tests.stopping.harness import StopHarness


@pytest.fixture
def harness() -> StopHarness:
    """This machine, read in the best way."""
    return StopHarness()


@pytest.fixture
def bystander(servers: Servers) -> Iterator[Child]:
    """A server of the same user that must get no signal whatsoever."""
    child = servers.start({"sockets": [{}], "is_bystander": True})
    yield child
    assert not has_exited(child.pid)
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.await_report()["signals"] == []
