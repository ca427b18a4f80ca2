"""Errors of a sample."""

from __future__ import annotations


class SampleError(Exception):
    """Nothing could be read; the message says why. The previous sample is stale."""


class SamplerDefectError(Exception):
    """A defect of porttui in the sampling child; the message is its traceback."""
