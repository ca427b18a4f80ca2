"""What the tests of the user interface share."""

from __future__ import annotations

import pytest

from tests.scripted import ScriptedClock


@pytest.fixture
def clock() -> ScriptedClock:
    """The time of the sampling loop and of the marks, moved by hand."""
    return ScriptedClock()
