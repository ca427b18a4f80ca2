"""Measures porttui against the kernel's bare answer and other tools: `python -m tests.bench`.

Nothing here is a timed test.
"""
