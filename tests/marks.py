"""Says of each test what it needs: nothing, the session on a pilot, or this machine."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

MARKS = ("unit", "pilot", "real")

_TESTS = Path(__file__).parent
_PILOT = ("ui", "snapshots")
"""Folders whose tests run the application under Textual's pilot, if they are coroutines."""
_OPENS_THE_MACHINE = {"servers", "actors"}
"""Fixtures that start processes; all that is built on them does, too."""
_REAL_ROOMS = ("host",)
_UNIT_FILES = (
    "host/test_elevation.py",
    "host/test_foreign_ranges.py",
    "host/test_safe_text.py",
)
"""Of rooms with the mark real, those that need nothing."""
REAL = (
    "cli/test_arguments.py",
    "cli/test_check.py",
    "cli/test_half_closed.py",
    "cli/test_json_schema.py",
    "cli/test_list_sockets.py",
    "cli/test_port_commands.py",
    "cli/test_probe.py",
    "cli/test_probe_real_servers.py",
    "cli/test_short_connections.py",
    "cli/test_shortages.py",
    "diagnosis/test_truth_table.py",
    "forecast/test_kernel_judges.py",
    "host/test_foreign_ranges.py::test_macos_range_comes_from_sysctl",
    "host/test_foreign_ranges.py::test_what_cannot_be_read_is_said",
    "host/test_foreign_ranges.py::test_windows_range_comes_from_netsh",
    "host/test_safe_text.py::test_arguments_of_a_real_process",
    "sampling/test_process.py",
    "sampling/test_sampler.py::test_the_ephemeral_range_is_the_kernels",
    "sampling/test_sampler.py::test_the_host_knows_what_linux_tells",
    "stopping/test_nothing_sent.py",
    "test_architecture.py",
    "test_bench.py::test_it_measures_everything_on_a_small_load",
    "test_quality.py",
    "ui/test_end_to_end.py",
    # It connects to the port of a scripted row.
    "ui/test_keymap.py::test_every_key_does_what_its_action_says[t-probe]",
    "ui/test_probe.py",
    "ui/test_terminal.py",
)
"""Files, tests and cases of tests that open sockets or start processes without these fixtures."""

_ALONE = (
    # They compare a moving machine with what was read of it: other tests are in the way.
    "cli/test_short_connections.py",
    "host/test_asked_holders.py",
)
"""Files whose tests have the mark alone, too."""


def mark_of(item: pytest.Item) -> str:
    """The one of MARKS that a test has."""
    path = _path(item)
    function = getattr(item, "function", None)
    name = getattr(function, "__name__", "")
    fixtures = set(getattr(item, "fixturenames", ()))
    room = path.partition("/")[0]
    if (
        fixtures & _OPENS_THE_MACHINE
        or {path, f"{path}::{name}", f"{path}::{item.name}"} & {*REAL}
        or (room in _REAL_ROOMS and path not in _UNIT_FILES)
    ):
        return "real"
    is_piloted = inspect.iscoroutinefunction(function) or "snap_compare" in fixtures
    return "pilot" if room in _PILOT and is_piloted else "unit"


def is_alone(item: pytest.Item) -> bool:
    """Whether a test must run in no worker of pytest-xdist."""
    return _path(item) in _ALONE


def _path(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).as_posix()
