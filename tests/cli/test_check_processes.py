"""`porttui check` and the open files of processes: another exhaustion than that of ports."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from tests.host.namespaces import Network
from tests.servers import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a network of its own")

MOST = 64


@pytest.fixture
def crowded(network: Network) -> Child:
    """A process that has few descriptors left, and another one with many."""
    network.start({"sockets": [{}] * 3})
    return network.start({"sockets": [{}] * 56, "most_files": MOST})


def test_it_is_in_the_json_and_decides_where_nothing_else_was_asked(
    network: Network, crowded: Child
) -> None:
    used = len(os.listdir(f"/proc/{crowded.pid}/fd"))
    done = network.place.porttui("check", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    first, *others = document["limits"]["processes"]
    assert first == {
        "pid": crowded.pid,
        "name": "python",
        "used": used,
        "most": MOST,
        "verdict": "warning",
    }
    assert [each["verdict"] for each in others] == ["ok"]
    assert (done.returncode, document["verdict"]) == (1, "warning")
    assert document["message"] == f"open files of python {crowded.pid}: {MOST - used} of 64 left"
    assert "EMFILE" in document["cure"]
    for asked in (["--to", "127.0.0.1:8001"], ["--bind", "127.0.0.1"]):
        done = network.place.porttui("check", "--json", *asked)
        assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "ok")


def test_in_words_it_is_there_where_processes_are_looked_for(
    network: Network, crowded: Child
) -> None:
    title = f"open files of python {crowded.pid}"
    done = network.place.porttui("check", "--who")
    assert done.returncode == 1
    first, *others = done.stdout.splitlines()
    said, _, measured = first.partition(" | ")
    assert said.startswith(f"PORTS WARNING - {title}: ")
    assert "process_files" not in measured
    assert [line for line in others if "open files of python" in line] == [
        line for line in others if line.startswith(title)
    ], "the one with descriptors left is not in the table"
    quick = network.place.porttui("check")
    assert quick.returncode == 0
    assert "open files of python" not in quick.stdout


def test_a_source_that_does_not_tell_has_none(network: Network, crowded: Child) -> None:
    assert crowded.pids
    done = network.place.porttui("check", "--json", "--source", "psutil")
    assert json.loads(done.stdout)["limits"]["processes"] == []
