"""`porttui check` and the open files of processes: another exhaustion than that of ports."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.host.namespaces import Network
from tests.servers import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a network of its own")

MOST = 64
PYTHON = Path(sys.executable).name


@pytest.fixture
def crowded(network: Network) -> Child:
    """A process that has few descriptors left, and another one with many."""
    network.start({"sockets": [{}] * 3})
    return network.start({"sockets": [{}] * 56, "most_files": MOST})


def test_it_is_in_the_json_with_a_verdict_of_its_own(network: Network, crowded: Child) -> None:
    used = len(os.listdir(f"/proc/{crowded.pid}/fd"))
    done = network.context.porttui("check", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    first, *others = document["limits"]["processes"]
    assert first == {
        "pid": crowded.pid,
        "name": PYTHON,
        "used": used,
        "most": MOST,
        "verdict": "warning",
    }
    assert [each["verdict"] for each in others] == ["ok"]
    # What the quick look does not see does not decide: all forms are to agree.
    for asked in ([], ["--to", "127.0.0.1:8001"], ["--bind", "127.0.0.1"]):
        done = network.context.porttui("check", "--json", *asked)
        assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "ok")


def test_in_words_it_is_there_where_processes_are_looked_for(
    network: Network, crowded: Child
) -> None:
    title = f"open files of {PYTHON} {crowded.pid}"
    done = network.context.porttui("check", "--who")
    assert done.returncode == 0
    first, *others = done.stdout.splitlines()
    assert first.startswith("PORTS OK - ")
    assert "process_files" not in first
    [told] = [line for line in others if title in line]
    assert "WARNING" in told
    assert [line for line in others if f"open files of {PYTHON}" in line] == [
        line for line in others if line.startswith(title)
    ], "the one with descriptors left is not in the table"
    quick = network.context.porttui("check")
    assert quick.returncode == 0
    assert "open files of python" not in quick.stdout


def test_a_source_that_does_not_tell_has_none(network: Network, crowded: Child) -> None:
    assert crowded.pids
    done = network.context.porttui("check", "--json", "--source", "psutil")
    assert json.loads(done.stdout)["limits"]["processes"] == []
