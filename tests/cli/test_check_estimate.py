"""`porttui check` where it is not known how ports are given out, as on macOS and Windows.

The machine is made up: here the kernel is Linux.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from porttui.cli.check import CheckCommand, run_check
from porttui.cli.output import CheckStatus
from porttui.host.request import SourceName
from porttui.model.address import Address
from porttui.model.kernel import PortRange, RangeName
from porttui.model.socket import TcpState
from porttui.sampling.sampler import Sampler
from tests.making import connection, listener
from tests.scripted import CURL, NODE, ScriptedMachine

COMMAND = CheckCommand(
    destinations=(),
    bind_addresses=(),
    warn=20.0,
    crit=5.0,
    as_json=False,
    with_holders=False,
    interval_s=None,
    source=SourceName.PSUTIL,
)


def a_mac(clients: int) -> ScriptedMachine:
    machine = ScriptedMachine(
        [
            listener("127.0.0.1", 3000, held_by=[NODE]),
            *(
                connection(f"127.0.0.1:{port}", "127.0.0.1:3000", held_by=[CURL])
                for port in range(49152, 49152 + clients)
            ),
            connection("127.0.0.1:49251", "127.0.0.1:3000", state=TcpState.TIME_WAIT),
        ]
    )
    machine.ephemeral = PortRange(RangeName.EPHEMERAL, 49152, 49251)
    machine.tcp_rules = None
    machine.lists_bound_inactive = False
    return machine


def checked(machine: ScriptedMachine, command: CheckCommand) -> tuple[CheckStatus, str]:
    host = machine.host()
    out = io.StringIO()
    status = run_check(command, host, Sampler(host), out, io.StringIO())
    return status, out.getvalue()


def test_the_words_are_of_the_range() -> None:
    status, said = checked(a_mac(84), COMMAND)
    assert status is CheckStatus.WARNING
    first, *others = said.splitlines()
    assert first == (
        "PORTS WARNING - TCP ports of the ephemeral range: about 15 of 100 left (estimate); "
        "85 in use; 1 socket in TIME_WAIT | "
        "'tcp_range'=15;20:;5:;0;100 'udp_range'=100;20:;5:;0;100"
    )
    table = "\n".join(others)
    assert "connect() to" not in table
    assert "bind()" not in table
    assert "reusable" not in table
    [row] = [line for line in others if line.startswith("TCP ports")]
    assert row.split()[-5:] == ["about", "15", "WARNING", "85", "1"]
    assert "estimate: this system does not document how it assigns ports" in table


@pytest.mark.parametrize(
    "asked",
    [
        COMMAND._replace(destinations=(("127.0.0.1", 9),)),
        COMMAND._replace(bind_addresses=(Address.parse("127.0.0.1"),)),
    ],
)
def test_what_is_asked_for_gets_the_estimate_and_no_prediction(asked: CheckCommand) -> None:
    status, said = checked(a_mac(10), asked)
    assert status is CheckStatus.OK
    assert said.startswith(
        "PORTS OK - TCP ports of the ephemeral range: about 89 of 100 left (estimate) | "
    )


def test_json_has_no_headroom() -> None:
    status, said = checked(a_mac(99), COMMAND._replace(as_json=True, with_holders=True))
    assert status is CheckStatus.CRITICAL
    found: dict[str, Any] = json.loads(said)
    assert found["estimate"] is True
    assert found["verdict"] == "critical", "never exhausted: that cannot be told"
    tcp = found["tcp"]
    assert (tcp["used"], tcp["time_wait"], tcp["reusable"]) == (100, 1, None)
    assert tcp["bind_headroom"] == {}
    [destination] = tcp["destinations"]
    assert (destination["headroom"], destination["verdict"]) == (None, "unknown")
    assert (destination["in_use"], destination["time_wait"]) == (100, 1)
    assert destination["holders"][0]["ports"] == 99
    assert found["udp"] == {"used": 0, "headroom": None, "headroom_range": None}
