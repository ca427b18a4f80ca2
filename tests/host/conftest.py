"""Fixtures for tests of the host room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.host.actors import Actor, actors_asleep


@pytest.fixture
def actors() -> Iterator[list[Actor]]:
    """Two sleeping actors."""
    with actors_asleep(2) as made:
        yield made
