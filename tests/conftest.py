"""What tests of several rooms share: real processes, and a network of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.host.namespaces import Network, open_network
from tests.servers import Servers


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Starts real processes; none of them outlives the test."""
    with Servers() as started:
        yield started


@pytest.fixture
def network(servers: Servers) -> Network:
    """A network namespace of the test's own: nobody else opens sockets in it."""
    return open_network(servers)
