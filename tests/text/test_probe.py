"""What is said of a connection that nobody has accepted."""

from __future__ import annotations

import pytest

from porttui.model.address import Endpoint
from porttui.model.probe import ConnectProbe, ProbeOutcome, ProbeResult
from porttui.model.process import Process, Suspension
from porttui.text.probe import probe_words
from tests.making import listener, process

MASTER, WORKER = process(10, "master"), process(11, "worker")


@pytest.mark.parametrize(
    ("suspended", "words"),
    [
        ((), "has not accepted it"),
        ((WORKER,), "has not accepted it"),
        ((MASTER, WORKER), "which is stopped"),
    ],
)
def test_only_if_every_holder_is_stopped_that_is_the_cause(
    suspended: tuple[Process, ...], words: str
) -> None:
    server = listener("127.0.0.1", 3000, held_by=[MASTER, WORKER])
    attempt = ConnectProbe(server.local, ProbeOutcome.NOT_ACCEPTED, 1.0, device="lo")
    stopped = dict.fromkeys(suspended, Suspension.STOPPED)
    result = ProbeResult("localhost", 3000, (attempt,), (server,), stopped)
    assert words in probe_words(result, attempt).replace("have not", "has not")


def test_what_another_machine_refuses_is_not_known_to_be_without_a_server() -> None:
    attempt = ConnectProbe(Endpoint.of("10.9.0.2", 3000), ProbeOutcome.REFUSED, 1.0)
    result = ProbeResult("db", 3000, (attempt,), (listener("0.0.0.0", 3000, held_by=[MASTER]),))
    assert probe_words(result, attempt) == "no process listens there, or a firewall rejects it"
