"""An unprivileged user sees every row, with its user if the kernel reports it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from porttui.host.accounts import user_name
from porttui.host.programs import elevation_command
from tests.children import SocketSpec
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY, ProcessContext
from tests.servers import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's namespaces")

Json = dict[str, Any]

SUDO = elevation_command("porttui/__main__.py")
"""In tests it has no name that sudo would find."""


@pytest.fixture
def nobody(network: Network) -> ProcessContext:
    """The user nobody, in the test's network namespace."""
    return network.context._replace(uid=NOBODY)


@pytest.fixture
def roots(network: Network) -> Child:
    """A server of root, shared by two processes, with a client."""
    sockets: list[SocketSpec] = [{}, {"protocol": "udp", "address": "::1"}]
    server = network.start({"sockets": sockets, "forks": 1})
    network.start({"sockets": [{"peer": ("127.0.0.1", server.port)}]})
    return server


def test_every_row_is_there_with_its_user_and_hidden_owners(
    nobody: ProcessContext, network: Network, roots: Child
) -> None:
    seen, words = _list(nobody)
    everything, _ = _list(network.context)
    assert [_row(listed) for listed in seen["sockets"]] == [
        _row(listed) for listed in everything["sockets"]
    ]
    held = [listed for listed in seen["sockets"] if listed["ownership"] == "hidden"]
    assert len(held) == 3
    for listed in held:
        assert (listed["uid"], listed["user"], listed["holders"]) == (0, user_name(0), [])
    assert seen["coverage"] == {"elevated": False, "hidden_holders": 3, "pids_match": True}
    assert words == f"porttui: the owners of 3 sockets are hidden: run {SUDO} list\n"
    assert everything["coverage"] == {"elevated": True, "hidden_holders": 0, "pids_match": True}
    assert roots.pid in [
        holder["pid"] for listed in everything["sockets"] for holder in listed["holders"]
    ]


def test_what_waits_for_accept_is_not_said_to_be_hidden(
    nobody: ProcessContext, roots: Child
) -> None:
    seen, _ = _list(nobody)
    [waiting] = [listed for listed in seen["sockets"] if listed["ownership"] == "kernel"]
    assert waiting["local"] == {"address": "127.0.0.1", "port": roots.port}
    assert (waiting["uid"], waiting["user"]) == (None, None)


def test_own_processes_are_seen(nobody: ProcessContext, network: Network, roots: Child) -> None:
    own = network.start({"sockets": [{}], "uid": NOBODY})
    seen, words = _list(nobody, str(own.port))
    [found] = seen["sockets"]
    assert found["ownership"] == "known"
    [holder] = found["holders"]
    assert (holder["pid"], holder["user"]) == (own.pid, user_name(NOBODY))
    # The count is for the whole machine, not for the filtered rows.
    assert seen["coverage"]["hidden_holders"] == 3
    assert "sudo" in words
    assert roots.pid != own.pid


def test_the_table_never_shows_an_empty_owner(nobody: ProcessContext, roots: Child) -> None:
    done = nobody.porttui("list", "--listening", str(roots.port))
    assert done.returncode == 0
    [_, line] = done.stdout.splitlines()
    *_, user, process = line.split()
    assert (user, process) == (user_name(0), "hidden")


def test_one_hidden_owner_is_said_in_the_singular(nobody: ProcessContext, network: Network) -> None:
    network.start({"sockets": [{}]})
    _, words = _list(nobody)
    assert words == f"porttui: the owner of 1 socket is hidden: run {SUDO} list\n"


def test_without_hidden_owners_nothing_is_said(nobody: ProcessContext) -> None:
    seen, words = _list(nobody)
    assert (seen["sockets"], seen["coverage"]["hidden_holders"], words) == ([], 0, "")


def test_psutil_sees_the_same_rows(nobody: ProcessContext, network: Network, roots: Child) -> None:
    seen, _ = _list(nobody, "--source", "psutil")
    everything, _ = _list(network.context)
    assert sorted(map(_row, seen["sockets"])) == sorted(map(_row, everything["sockets"]))
    assert not any(listed["holders"] for listed in seen["sockets"])
    assert seen["coverage"]["elevated"] is False
    assert seen["coverage"]["hidden_holders"] >= 3
    assert roots.pids


def _list(place: ProcessContext, *flags: str) -> tuple[Json, str]:
    done = place.porttui("list", "--json", *flags)
    assert done.returncode == 0
    document: Json = json.loads(done.stdout)
    return document, done.stderr


def _row(each: Json) -> tuple[str, str, str]:
    return (
        f"{each['protocol']} {each['family']} {each['state']}",
        f"{each['local']}",
        f"{each['remote']}",
    )
