"""The sentence that a stop ends in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.stop_targets import target_of_connection_end
from porttui.host.contract import BindResult
from porttui.model.address import Protocol
from porttui.model.process import Process
from porttui.model.socket import Socket, TcpState
from porttui.model.stop import SentSignal, StopOutcome, StopResult, StopSignal, StopTarget
from porttui.stopping.verdict import judge
from porttui.text.stop import is_success, sentence
from tests.making import connection, listener, pair, process, snapshot, target, udp

NODE, OTHER = process(10, "node"), process(20, "other")
WORKERS = [process(pid, "nginx", ppid=10) for pid in range(31, 36)]
TARGET = target("127.0.0.1:3000", holders=[NODE])
END = target("127.0.0.1:40000", is_listener=False, holders=[NODE])

HELD = listener("127.0.0.1", 3000, held_by=[OTHER])
TIME_WAIT = connection("127.0.0.1:3000", "127.0.0.1:40001", state=TcpState.TIME_WAIT)
FIN_WAIT = connection("127.0.0.1:3000", "127.0.0.1:40002", state=TcpState.FIN_WAIT2)
ELSEWHERE = listener("::1", 3000, held_by=[OTHER])


def ended(
    outcome: StopOutcome,
    *,
    stop_target: StopTarget = TARGET,
    chosen: Sequence[Process] = (NODE,),
    signal: StopSignal = StopSignal.TERM,
    waited_ms: float = 231.4,
    survivors: Sequence[Process] = (),
    held_by: Sequence[Socket] = (),
    can_bind: bool | None = None,
    elsewhere: Sequence[Socket] = (),
    reason: str = "",
) -> StopResult:
    return StopResult(
        target=stop_target,
        chosen=tuple(chosen),
        signal=signal,
        outcome=outcome,
        waited_ms=waited_ms,
        survivors=tuple(survivors),
        held_by=tuple(held_by),
        can_bind=can_bind,
        elsewhere=tuple(elsewhere),
        reason=reason,
    )


@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param(
            ended(StopOutcome.FREED, can_bind=True),
            "node 10 exited after 231 ms: port 3000 is free (127.0.0.1:3000 can be bound).",
            id="freed",
        ),
        pytest.param(
            ended(StopOutcome.FREED, can_bind=True, chosen=WORKERS[:2]),
            "nginx 31, nginx 32 exited after 231 ms: port 3000 is free "
            "(127.0.0.1:3000 can be bound).",
            id="freed by several",
        ),
        pytest.param(
            ended(StopOutcome.FREED, can_bind=True, elsewhere=[ELSEWHERE]),
            "node 10 exited after 231 ms: 127.0.0.1:3000 is free. "
            "The port is in use on other addresses: [::1]:3000 (other 20).",
            id="freed, another server elsewhere",
        ),
        pytest.param(
            ended(StopOutcome.FREED, can_bind=True, elsewhere=[listener("::1", 3000)]),
            "node 10 exited after 231 ms: 127.0.0.1:3000 is free. "
            "The port is in use on other addresses: [::1]:3000 (a hidden process).",
            id="freed, a hidden server elsewhere",
        ),
        pytest.param(
            ended(
                StopOutcome.FREED,
                can_bind=True,
                elsewhere=[ELSEWHERE, listener("127.0.0.2", 3000, held_by=[NODE, OTHER])],
            ),
            "node 10 exited after 231 ms: 127.0.0.1:3000 is free. The port is in use on "
            "other addresses: [::1]:3000 (other 20), 127.0.0.2:3000 (node 10, other 20).",
            id="freed, two servers elsewhere",
        ),
        pytest.param(
            ended(StopOutcome.FREED, can_bind=True, stop_target=END),
            "node 10 exited after 231 ms: its connection from 127.0.0.1:40000 is closed.",
            id="the end of a connection",
        ),
        pytest.param(
            ended(StopOutcome.FREED_LINGERING, held_by=[TIME_WAIT, FIN_WAIT], can_bind=True),
            "node 10 exited after 231 ms, but 2 closed connections still occupy 127.0.0.1:3000 "
            "(FIN_WAIT2, TIME_WAIT). "
            "A server that sets SO_REUSEADDR can start now, others within 60 s.",
            id="lingering, can be bound",
        ),
        pytest.param(
            ended(StopOutcome.FREED_LINGERING, held_by=[TIME_WAIT, TIME_WAIT], can_bind=False),
            "node 10 exited after 231 ms, but 2 closed connections still occupy 127.0.0.1:3000 "
            "(TIME_WAIT). No server can bind it for up to 60 s.",
            id="lingering, cannot be bound",
        ),
        pytest.param(
            ended(StopOutcome.FREED_LINGERING, held_by=[TIME_WAIT, TIME_WAIT]),
            "node 10 exited after 231 ms, but 2 closed connections still occupy 127.0.0.1:3000 "
            "(TIME_WAIT) for up to 60 s.",
            id="lingering, not tried",
        ),
        pytest.param(
            ended(
                StopOutcome.STILL_HELD_BY_OTHERS,
                stop_target=target(holders=[NODE, *WORKERS[:2]]),
                held_by=[listener("127.0.0.1", 3000, held_by=WORKERS[:2])],
            ),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is still held by nginx 31, nginx 32.",
            id="still held by siblings",
        ),
        pytest.param(
            ended(StopOutcome.STILL_HELD_BY_OTHERS, held_by=[HELD]),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is now held by other 20 "
            "(new on this port).",
            id="held again by a newcomer",
        ),
        pytest.param(
            ended(
                StopOutcome.STILL_HELD_BY_OTHERS,
                held_by=[listener("127.0.0.1", 3000, held_by=[process(10, "node", started=99)])],
            ),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is now held by node 10 "
            "(new on this port).",
            id="the same pid, another process",
        ),
        pytest.param(
            ended(
                StopOutcome.STILL_HELD_BY_OTHERS,
                held_by=[listener("127.0.0.1", 3000, user="postgres")],
            ),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is still held by "
            "a hidden process (user postgres).",
            id="still held by somebody hidden",
        ),
        pytest.param(
            ended(
                StopOutcome.STILL_HELD_BY_OTHERS,
                held_by=[listener("127.0.0.1", 3000, user=None)],
            ),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is still held by "
            "a hidden process (user unknown).",
            id="still held by somebody unknown",
        ),
        pytest.param(
            ended(
                StopOutcome.STILL_HELD_BY_OTHERS,
                stop_target=target(holders=[NODE, OTHER]),
                held_by=[connection("127.0.0.1:3000", "127.0.0.1:40000", held_by=[OTHER])],
            ),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 is still held by other 20 "
            "through open connections.",
            id="still held through connections",
        ),
        pytest.param(
            ended(StopOutcome.IGNORED_TERM, waited_ms=3004, survivors=[NODE]),
            "node 10 is still running 3.0 s after SIGTERM.",
            id="still running",
        ),
        pytest.param(
            ended(
                StopOutcome.IGNORED_TERM,
                waited_ms=3004,
                survivors=[NODE._replace(ignores_sigterm=True)],
            ),
            "node 10 is still running 3.0 s after SIGTERM. It ignores SIGTERM.",
            id="ignores SIGTERM",
        ),
        pytest.param(
            ended(
                StopOutcome.UNKILLABLE,
                signal=StopSignal.KILL,
                waited_ms=2010,
                survivors=[NODE],
            ),
            "node 10 is still running 2.0 s after SIGKILL, in an uninterruptible system call.",
            id="unkillable",
        ),
        pytest.param(
            ended(StopOutcome.DENIED, reason="not permitted to signal process 10"),
            "Denied: not permitted to signal process 10. As root: sudo kill -TERM 10.",
            id="denied",
        ),
        pytest.param(
            ended(
                StopOutcome.DENIED,
                signal=StopSignal.KILL,
                chosen=WORKERS[:2],
                reason="not permitted to signal process 31",
            ),
            "Denied: not permitted to signal process 31. As root: sudo kill -KILL 31 32.",
            id="denied for several",
        ),
        pytest.param(
            ended(StopOutcome.ALREADY_GONE, can_bind=True),
            "node 10 had already exited: nothing was sent. 127.0.0.1:3000 is free.",
            id="already gone, free",
        ),
        pytest.param(
            ended(StopOutcome.ALREADY_GONE, held_by=[HELD], can_bind=False),
            "node 10 had already exited: nothing was sent. 127.0.0.1:3000 is now held "
            "by other 20 (new on this port).",
            id="already gone, held again",
        ),
        pytest.param(
            ended(StopOutcome.ALREADY_GONE),
            "node 10 had already exited: nothing was sent.",
            id="already gone, not tried",
        ),
        pytest.param(
            ended(StopOutcome.ALREADY_GONE, can_bind=False, held_by=[TIME_WAIT]),
            "node 10 had already exited: nothing was sent. "
            "Closed connections still occupy 127.0.0.1:3000.",
            id="already gone, cannot be bound",
        ),
        pytest.param(
            ended(StopOutcome.CHANGED, reason="pid 10 now belongs to another process"),
            "Nothing was sent: pid 10 now belongs to another process.",
            id="changed",
        ),
        pytest.param(
            ended(StopOutcome.EXITED_BUT_UNVERIFIED, reason="it could not be tried"),
            "node 10 exited after 231 ms, but 127.0.0.1:3000 could not be verified as free: "
            "it could not be tried.",
            id="not verified",
        ),
        pytest.param(
            ended(StopOutcome.REFUSED, reason="this is porttui itself"),
            "Nothing was sent: this is porttui itself.",
            id="refused",
        ),
    ],
)
def test_every_outcome_has_its_sentence(result: StopResult, words: str) -> None:
    assert sentence(result) == words


@pytest.mark.parametrize("outcome", StopOutcome)
def test_no_outcome_is_without_a_sentence(outcome: StopOutcome) -> None:
    words = sentence(ended(outcome, survivors=[NODE], held_by=[HELD], reason="because"))
    assert words.endswith(".")
    assert ".." not in words


def test_with_another_server_elsewhere_the_whole_port_is_not_said_to_be_free() -> None:
    words = sentence(ended(StopOutcome.FREED, can_bind=True, elsewhere=[ELSEWHERE]))
    assert "port 3000 is free" not in words
    assert "127.0.0.1:3000 is free" in words


def test_a_udp_port_is_not_said_to_be_free_for_tcp() -> None:
    """Port 53 may well have a TCP server still: the two are tables of their own."""
    stop_target = target("127.0.0.1:53", protocol=Protocol.UDP, holders=[NODE])
    words = sentence(ended(StopOutcome.FREED, stop_target=stop_target, can_bind=True))
    assert "udp" in words.lower()


def test_one_closed_connection_occupies_it() -> None:
    words = sentence(ended(StopOutcome.FREED_LINGERING, held_by=[TIME_WAIT], can_bind=True))
    assert "but 1 closed connection still occupies 127.0.0.1:3000 (TIME_WAIT)." in words


def test_two_survivors_are_still_running() -> None:
    words = sentence(ended(StopOutcome.IGNORED_TERM, waited_ms=3004, survivors=WORKERS[:2]))
    assert words.startswith("nginx 31, nginx 32 are still running 3.0 s after SIGTERM.")


def test_a_master_that_was_there_all_along_is_no_newcomer() -> None:
    """Stopped was the worker that served one connection; its master listens on, as before."""
    master, worker = process(30, "nginx"), WORKERS[0]
    listens = listener("127.0.0.1", 3000, held_by=[master])
    both = pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[OTHER], server_of=[worker])
    before = snapshot(listens, *both)
    (row,) = loopback_pairs(before)
    stop_target = target_of_connection_end(before, row.server)
    verdict = judge(stop_target, snapshot(listens), BindResult.IN_USE)
    words = sentence(
        ended(
            verdict.outcome,
            stop_target=stop_target,
            chosen=[worker],
            held_by=verdict.held_by,
            can_bind=False,
        )
    )
    assert "nginx 30" in words
    assert "(new on this port)" not in words


def test_a_signal_that_was_sent_is_told_when_the_next_was_denied() -> None:
    result = ended(
        StopOutcome.DENIED, chosen=WORKERS[:2], reason="not permitted to signal process 32"
    )
    result = result._replace(sent=(SentSignal(31, StopSignal.TERM),))
    words = sentence(result)
    assert "As root: sudo kill -TERM 32." in words


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, "nginx 31"),
        (4, "nginx 31, nginx 32, nginx 33, nginx 34"),
        (5, "nginx 31, nginx 32, nginx 33, nginx 34 and 1 more"),
    ],
)
def test_many_processes_are_named_in_short(count: int, names: str) -> None:
    words = sentence(ended(StopOutcome.FREED, chosen=WORKERS[:count], can_bind=True))
    assert words.startswith(f"{names} exited after")


@pytest.mark.parametrize(
    ("waited_ms", "words"),
    [
        (0.0, "1 ms"),
        (0.4, "1 ms"),
        (1.6, "2 ms"),
        (949.4, "949 ms"),
        (950.1, "1.0 s"),
        (1249.0, "1.2 s"),
        (12000.0, "12.0 s"),
    ],
)
def test_how_long_it_took(waited_ms: float, words: str) -> None:
    result = ended(StopOutcome.FREED, waited_ms=waited_ms, can_bind=True)
    assert f"exited after {words}:" in sentence(result)


def test_siblings_that_hold_the_port_are_told_by_seniority_and_once() -> None:
    held = [listener("127.0.0.1", 3000, held_by=[WORKERS[1], OTHER])] * 2
    stop_target = target(holders=[NODE, OTHER, *WORKERS])
    words = sentence(ended(StopOutcome.STILL_HELD_BY_OTHERS, stop_target=stop_target, held_by=held))
    assert words.endswith("is still held by other 20, nginx 32.")


def test_hidden_holders_are_told_by_their_users() -> None:
    held = [
        listener("0.0.0.0", 3000, user="www"),
        listener("127.0.0.1", 3000, user="root"),
        listener("127.0.0.1", 3000, user="root"),
    ]
    words = sentence(ended(StopOutcome.STILL_HELD_BY_OTHERS, held_by=held))
    assert words.endswith("a hidden process (user root, www).")


def test_a_udp_socket_is_held_by_itself_and_not_through_connections() -> None:
    held = udp("127.0.0.1", 53, remote="127.0.0.1:40000", held_by=[NODE])
    stop_target = target("127.0.0.1:53", protocol=Protocol.UDP, holders=[NODE])
    words = sentence(
        ended(StopOutcome.STILL_HELD_BY_OTHERS, stop_target=stop_target, held_by=[held])
    )
    assert "connections" not in words


@pytest.mark.parametrize("outcome", StopOutcome)
def test_only_a_free_port_and_a_process_that_is_gone_are_good(outcome: StopOutcome) -> None:
    expected = outcome in (StopOutcome.FREED, StopOutcome.ALREADY_GONE)
    assert is_success(ended(outcome, can_bind=True)) is expected


def test_a_process_that_is_gone_is_not_good_when_another_has_its_port() -> None:
    result = ended(StopOutcome.ALREADY_GONE, held_by=[HELD], can_bind=False)
    assert not is_success(result)
