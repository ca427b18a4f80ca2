"""What the tests of the user interface share."""

from __future__ import annotations

import pytest

from tests.scripted import ScriptedClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ScriptedClock:
    """The time that the sampling loop and the marks go by, moved by hand."""
    return ScriptedClock.of_sampling(monkeypatch)
