"""Limits beside the ports, as this kernel counts them and as others leave them out."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from porttui.host.linux.limits import read_limits
from porttui.model.limits import Limit, Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sysctl")


def test_open_files_are_counted() -> None:
    """The kernel counts in batches, one for each processor (percpu_counter)."""
    with ExitStack() as stack:
        before = read_limits().open_files
        for _ in range(900):
            stack.enter_context(open(os.devnull, "rb"))
        after = read_limits().open_files
    assert before is not None
    assert after is not None
    assert after.most == before.most >= after.used > before.used


def test_what_netfilter_tracks(tmp_path: Path) -> None:
    _write(tmp_path, "net/netfilter/nf_conntrack_count", "812\n")
    _write(tmp_path, "net/netfilter/nf_conntrack_max", "65536\n")
    _write(tmp_path, "fs/file-nr", "1472\t32\t2466183\n")
    assert read_limits(f"{tmp_path}/") == Limits(Limit(812, 65536), Limit(1440, 2466183))


def test_a_maximum_of_0_is_no_limit(tmp_path: Path) -> None:
    _write(tmp_path, "net/netfilter/nf_conntrack_count", "812\n")
    _write(tmp_path, "net/netfilter/nf_conntrack_max", "0\n")
    assert read_limits(f"{tmp_path}/").conntrack is None


@pytest.mark.parametrize("content", [None, "", "1 2\n", "many\n"])
def test_what_is_not_told_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        _write(tmp_path, "fs/file-nr", content)
    assert read_limits(f"{tmp_path}/") == Limits(None, None)


def _write(directory: Path, name: str, content: str) -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
