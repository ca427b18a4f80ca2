"""How a look at the machine fails."""

from __future__ import annotations


class SampleError(Exception):
    """Nothing could be read; the message says why. What was shown before is stale."""


class SamplerDefectError(Exception):
    """A defect of porttui's own in another process; the message is its traceback."""
