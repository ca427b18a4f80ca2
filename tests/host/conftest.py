"""What tests of the host layer share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.host.actors import Actor, actors_asleep


@pytest.fixture
def actors() -> Iterator[list[Actor]]:
    """Two of them, asleep."""
    with actors_asleep(2) as made:
        yield made
