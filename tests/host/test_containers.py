"""Names of containers, from fakes of docker and podman."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from porttui.host.containers import ContainerNames
from porttui.host.local import local_host
from porttui.host.programs import RunAs
from porttui.model.provenance import Container
from tests.host.fake_tool import FakeTool
from tests.host.namespaces import require_root
from tests.host.process_context import NOBODY, ProcessContext
from tests.host.tools import open_to_all
from tests.servers import has_exited, until

pytestmark = [
    pytest.mark.usefixtures("fakes_are_trusted"),
    pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's"),
]

ID, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
WEB = Container("docker", ID)


@pytest.mark.parametrize(
    ("runtime", "tool", "says"), [("docker", "docker", "/web"), ("libpod", "podman", "web")]
)
def test_the_tool_of_the_runtime_is_asked(
    tmp_path: Path, runtime: str, tool: str, says: str
) -> None:
    fake = FakeTool(tmp_path, tool, f"echo {says}")
    assert ContainerNames(RunAs(fake.environ)).name_of(Container(runtime, ID), 20.0) == "web"
    assert fake.calls == [f"inspect --type container --format {{{{.Name}}}} {ID}"]


def test_it_is_asked_once(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", "echo /web")
    names = ContainerNames(RunAs(fake.environ))
    for _ in range(3):
        assert names.name_of(WEB, 20.0) == "web"
    assert names.name_of(WEB, 0.0) == "web", "what is known takes no time"
    assert len(fake.calls) == 1
    assert names.name_of(Container("docker", OTHER), 20.0) == "web"
    assert len(fake.calls) == 2


def test_threads_that_ask_at_the_same_time_start_one_tool(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", "sleep 0.2; echo /web")
    names, told = ContainerNames(RunAs(fake.environ)), list[str | None]()
    threads = [
        threading.Thread(target=lambda: told.append(names.name_of(WEB, 20.0))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["web"] * 4
    assert len(fake.calls) == 1


def test_a_tool_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", f"sleep 600 & echo $! > {tmp_path}/child; wait")
    names, start = ContainerNames(RunAs(fake.environ)), time.monotonic()
    assert names.name_of(WEB, 1.0) is None
    assert 1.0 <= time.monotonic() - start < 10.0
    child = int((tmp_path / "child").read_text())
    until(lambda: has_exited(child) and has_exited(fake.pids[0]), "their end")
    assert names.name_of(WEB, 1.0) is None
    assert len(fake.calls) == 1, "it is not asked again and again"


@pytest.mark.parametrize(
    "does",
    [
        "exit 1",
        "echo /web; exit 1",
        "kill -9 $$",
        ":",
        "echo",
        "echo /",
        r"printf '/we\033[31mb'",
        r"printf '/web\n/other\n'",
        r"printf '/\342\200\256bew'",
        r"printf '/\377\376'",
        r"printf '/we b'",
        "echo '/-rf'",
        "echo '/$(reboot)'",
        "head -c 100000 /dev/zero | tr '\\0' a",
    ],
)
def test_what_is_no_name_is_none(tmp_path: Path, does: str) -> None:
    fake = FakeTool(tmp_path, "docker", does)
    assert ContainerNames(RunAs(fake.environ)).name_of(WEB, 20.0) is None
    assert len(fake.calls) == 1


def test_a_tool_that_never_ends_to_write_is_not_listened_to(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", "exec yes")
    start = time.monotonic()
    assert ContainerNames(RunAs(fake.environ)).name_of(WEB, 20.0) is None
    assert time.monotonic() - start < 15.0
    until(lambda: has_exited(fake.pids[0]), "its end")


def test_a_long_name_is_cut(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", f"echo /{'a' * 200}")
    assert ContainerNames(RunAs(fake.environ)).name_of(WEB, 20.0) == "a" * 63 + "…"


def test_without_the_tool_there_is_no_name(tmp_path: Path) -> None:
    assert ContainerNames(RunAs({"PATH": str(tmp_path)})).name_of(WEB, 20.0) is None


@pytest.mark.parametrize("runtime", ["cri-containerd", "crio", "containerd"])
def test_runtimes_without_names_are_not_asked(tmp_path: Path, runtime: str) -> None:
    fakes = [FakeTool(tmp_path, tool, "echo /web") for tool in ("docker", "podman", "crictl")]
    assert ContainerNames(RunAs(fakes[0].environ)).name_of(Container(runtime, ID), 20.0) is None
    assert [fake.calls for fake in fakes] == [[], [], []]


def test_a_failure_is_not_remembered_for_ever(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", f"cat {tmp_path}/name")
    names = ContainerNames(RunAs(fake.environ), retry_after_s=0.0)
    assert names.name_of(WEB, 20.0) is None
    (tmp_path / "name").write_text("/web\n")
    assert names.name_of(WEB, 20.0) == "web"


def test_no_time_is_no_look_up_and_no_failure(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", "echo /web")
    names = ContainerNames(RunAs(fake.environ))
    assert names.name_of(WEB, 0.0) is None
    assert names.name_of(WEB, -1.0) is None
    assert fake.calls == []
    assert names.name_of(WEB, 20.0) == "web"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    fake = FakeTool(tmp_path, "docker", "exec yes")
    names = ContainerNames(RunAs(fake.environ), retry_after_s=0.0)
    names.name_of(WEB, 20.0)
    before = sorted(os.listdir("/proc/self/fd"))
    names.name_of(WEB, 20.0)
    assert sorted(os.listdir("/proc/self/fd")) == before


def local_container_name(timeout_s: float) -> str | None:
    return local_host().container_name(Container("docker", "ab" * 32), timeout_s)


def test_this_machine_asks_the_tool_on_its_path(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    fake = FakeTool(tmp_path, "docker", "echo /web")
    nobody = ProcessContext(("env", f"PATH={fake.environ['PATH']}"), NOBODY)
    assert nobody.call(local_container_name, 20.0) == "web"


def test_root_asks_tools_of_roots_folders_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_root()
    fake = FakeTool(tmp_path, "docker", "echo /web")
    monkeypatch.setenv("PATH", fake.environ["PATH"])
    monkeypatch.chdir(tmp_path)
    assert local_container_name(20.0) is None
    assert not fake.calls
