"""What is true of a port after a stop."""

from __future__ import annotations

import pytest

from porttui.host.contract import BindResult
from porttui.model.address import Protocol
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.stop import StopOutcome
from porttui.stopping.verdict import Verdict, classify_holders, judge
from tests.making import connection, listener, process, snapshot, target, udp

NODE, OTHER = process(10, "node"), process(20, "other")
ENDPOINT = "127.0.0.1:3000"

HELD = listener("127.0.0.1", 3000, held_by=[OTHER])
HIDDEN = listener("0.0.0.0", 3000, user="root")
STILL_OPEN = connection(ENDPOINT, "127.0.0.1:40000", held_by=[OTHER])
TIME_WAIT = connection(ENDPOINT, "127.0.0.1:40001", state=TcpState.TIME_WAIT)
FIN_WAIT = connection(ENDPOINT, "127.0.0.1:40002", state=TcpState.FIN_WAIT2)
WILDCARD_6 = listener("::", 3000, held_by=[OTHER])
ELSEWHERE = listener("::1", 3000, held_by=[OTHER])
CLIENT = connection("127.0.0.1:40000", ENDPOINT, held_by=[OTHER])

BINDABLE, IN_USE = BindResult.BINDABLE, BindResult.IN_USE
NOT_PERMITTED, UNKNOWN = BindResult.PRIVILEGED, BindResult.UNKNOWN

FREED, LINGERING = StopOutcome.FREED, StopOutcome.FREED_LINGERING
STILL_HELD, UNVERIFIED = StopOutcome.STILL_HELD_BY_OTHERS, StopOutcome.EXITED_BUT_UNVERIFIED


def judged(answer: BindResult, *sockets: Socket) -> Verdict:
    return judge(target(ENDPOINT, holders=[NODE]), snapshot(*sockets), answer)


@pytest.mark.parametrize(
    ("sockets", "answer", "outcome", "held_by", "can_bind"),
    [
        ([], BINDABLE, FREED, (), True),
        ([CLIENT], BINDABLE, FREED, (), True),
        ([ELSEWHERE], BINDABLE, FREED, (), True),
        ([WILDCARD_6], BINDABLE, FREED, (), True),
        ([HELD], IN_USE, STILL_HELD, (HELD,), False),
        ([HELD], BINDABLE, STILL_HELD, (HELD,), True),
        ([HELD], UNKNOWN, STILL_HELD, (HELD,), None),
        ([HELD], NOT_PERMITTED, STILL_HELD, (HELD,), None),
        ([HIDDEN], IN_USE, STILL_HELD, (HIDDEN,), False),
        ([STILL_OPEN], IN_USE, STILL_HELD, (STILL_OPEN,), False),
        ([STILL_OPEN], BINDABLE, STILL_HELD, (STILL_OPEN,), True),
        ([TIME_WAIT, HELD, FIN_WAIT], IN_USE, STILL_HELD, (HELD,), False),
        ([TIME_WAIT], BINDABLE, LINGERING, (TIME_WAIT,), True),
        ([TIME_WAIT, FIN_WAIT], IN_USE, LINGERING, (TIME_WAIT, FIN_WAIT), False),
        ([TIME_WAIT, WILDCARD_6], IN_USE, LINGERING, (TIME_WAIT,), False),
        ([WILDCARD_6], IN_USE, STILL_HELD, (WILDCARD_6,), False),
        ([], IN_USE, UNVERIFIED, (), False),
        ([ELSEWHERE], IN_USE, UNVERIFIED, (), False),
        ([], NOT_PERMITTED, UNVERIFIED, (), None),
        ([], UNKNOWN, UNVERIFIED, (), None),
        ([WILDCARD_6], UNKNOWN, UNVERIFIED, (), None),
    ],
)
def test_tables_name_holders_and_the_probe_decides_the_rest(
    sockets: list[Socket],
    answer: BindResult,
    outcome: StopOutcome,
    held_by: tuple[Socket, ...],
    can_bind: bool | None,
) -> None:
    verdict = judged(answer, *sockets)
    assert verdict.outcome is outcome
    assert verdict.held_by == held_by
    assert verdict.can_bind is can_bind
    assert verdict.is_final is (outcome is FREED)
    assert bool(verdict.reason) is (outcome is UNVERIFIED)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            IN_USE,
            "no socket is listed on the address, but the system reports it in use; "
            "a socket may be bound without listening",
        ),
        (
            NOT_PERMITTED,
            "no socket is listed on the address, but you may not bind this port to verify it",
        ),
        (
            UNKNOWN,
            "no socket is listed on the address, but bind() could not be tried",
        ),
    ],
)
def test_why_it_could_not_be_verified(answer: BindResult, reason: str) -> None:
    assert judged(answer).reason == reason


@pytest.mark.parametrize("answer", [NOT_PERMITTED, UNKNOWN])
def test_what_lingers_on_the_address_is_listed_there(answer: BindResult) -> None:
    """A web server on port 80, stopped by a user who may not bind port 80."""
    verdict = judged(answer, TIME_WAIT)
    assert verdict.held_by == (TIME_WAIT,)
    assert verdict.can_bind is None
    assert "no socket is listed" not in verdict.reason


@pytest.mark.parametrize(
    ("sockets", "answer", "elsewhere"),
    [
        ([ELSEWHERE], BINDABLE, (ELSEWHERE,)),
        ([WILDCARD_6], BINDABLE, (WILDCARD_6,)),
        ([ELSEWHERE, HELD], IN_USE, (ELSEWHERE,)),
        ([ELSEWHERE, TIME_WAIT], BINDABLE, (ELSEWHERE,)),
        ([ELSEWHERE, TIME_WAIT], IN_USE, (ELSEWHERE,)),
        ([ELSEWHERE], UNKNOWN, (ELSEWHERE,)),
        ([WILDCARD_6], IN_USE, ()),
        ([listener("127.0.0.2", 3000)], BINDABLE, (listener("127.0.0.2", 3000),)),
        ([listener("::1", 3001)], BINDABLE, ()),
        ([udp("::1", 3000)], BINDABLE, ()),
        ([connection("[::1]:3000", "[::1]:40000", held_by=[OTHER])], BINDABLE, ()),
        ([HIDDEN], IN_USE, ()),
    ],
)
def test_listeners_that_do_not_stand_in_the_way_are_elsewhere(
    sockets: list[Socket], answer: BindResult, elsewhere: tuple[Socket, ...]
) -> None:
    assert judged(answer, *sockets).elsewhere == elsewhere


@pytest.mark.parametrize(
    ("stop_target", "sockets", "answer", "outcome"),
    [
        ("0.0.0.0:3000", [HELD], IN_USE, STILL_HELD),
        ("0.0.0.0:3000", [TIME_WAIT], BINDABLE, LINGERING),
        ("0.0.0.0:3000", [ELSEWHERE], BINDABLE, FREED),
        ("[::]:3000", [ELSEWHERE], IN_USE, STILL_HELD),
        ("[::]:3000", [HELD], BINDABLE, FREED),
        ("[::]:3000", [HELD], IN_USE, STILL_HELD),
        ("[::1]:3000", [HELD], BINDABLE, FREED),
    ],
)
def test_verdicts_for_other_addresses(
    stop_target: str, sockets: list[Socket], answer: BindResult, outcome: StopOutcome
) -> None:
    assert judge(target(stop_target), snapshot(*sockets), answer).outcome is outcome


def test_udp_is_judged_by_udp_sockets() -> None:
    stop_target = target("0.0.0.0:53", protocol=Protocol.UDP)
    tcp, held = listener("0.0.0.0", 53, held_by=[OTHER]), udp("127.0.0.1", 53, held_by=[OTHER])
    assert judge(stop_target, snapshot(tcp), BINDABLE) == Verdict(FREED, can_bind=True)
    assert judge(stop_target, snapshot(tcp, held), IN_USE).held_by == (held,)


def test_a_connection_not_accepted_does_not_hold_the_port() -> None:
    waiting = connection(ENDPOINT, "127.0.0.1:40000")
    assert waiting.ownership is Ownership.KERNEL
    assert judged(BINDABLE, waiting).outcome is LINGERING


@pytest.mark.parametrize(
    ("inode", "outcome"),
    [(7, STILL_HELD), (8, StopOutcome.RESPAWNED), (0, StopOutcome.RESPAWNED)],
    ids=["the same socket", "another socket", "a source that does not number them"],
)
def test_a_late_child_with_the_same_socket_has_not_taken_the_port_again(
    inode: int, outcome: StopOutcome
) -> None:
    child = process(30, "node", age_s=0.0)
    held = HELD._replace(holders=(child,), inode=inode)
    stop_target = target(ENDPOINT, holders=[NODE])._replace(inodes=frozenset({7}))
    found = classify_holders(
        Verdict(STILL_HELD, (held,)), stop_target, [NODE], child.create_time - 1
    )
    assert found.outcome is outcome
