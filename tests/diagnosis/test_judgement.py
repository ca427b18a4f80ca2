"""From tables and probes to verdicts and words, for what no kernel here makes, too."""

from __future__ import annotations

import pytest

from porttui.diagnosis.judgement import BindProbes, judge
from porttui.host.contract import BindResult
from porttui.model.address import Address, Protocol
from porttui.model.diagnosis import BindVerdict, Diagnosis, ReasonKind
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.text.diagnosis import explanation, reasons
from tests.making import connection, listener, made, process, snapshot, udp

OK, IN_USE, DENIED = BindResult.BINDABLE, BindResult.IN_USE, BindResult.PRIVILEGED
NODE = process(10, "node", user="ana")
OLDER = process(9, "node", user="ana", age_s=900)

TIME_WAIT = connection("127.0.0.1:3000", "127.0.0.1:50000", state=TcpState.TIME_WAIT)
IDLE = made(Protocol.TCP, TcpState.CLOSE, "127.0.0.1:3000", held_by=[NODE])


def diagnosed(
    *sockets: Socket,
    address: str = "127.0.0.1",
    answers: tuple[BindResult, BindResult] = (IN_USE, IN_USE),
    port: int = 3000,
    protocol: Protocol = Protocol.TCP,
) -> Diagnosis:
    probes = {Address.parse(address): BindProbes(*answers)}
    return judge(snapshot(*sockets), protocol, port, probes)


def verdict_and_reasons(found: Diagnosis) -> tuple[BindVerdict, list[ReasonKind]]:
    [one] = found.addresses
    return one.verdict, [reason.kind for reason in one.reasons]


@pytest.mark.parametrize(
    ("sockets", "address", "answers", "verdict", "why"),
    [
        ([], "127.0.0.1", (OK, OK), BindVerdict.FREE, []),
        ([], "127.0.0.1", (IN_USE, IN_USE), BindVerdict.HELD, [ReasonKind.UNLISTED]),
        ([], "127.0.0.1", (OK, IN_USE), BindVerdict.FREE_WITH_REUSEADDR, [ReasonKind.UNLISTED]),
        ([], "127.0.0.1", (DENIED, DENIED), BindVerdict.NOT_PERMITTED, [ReasonKind.PRIVILEGED]),
        *(
            ([], "10.0.0.1", (answer,) * 2, BindVerdict.NOT_AVAILABLE, [kind])
            for answer, kind in (
                (BindResult.NOT_LOCAL, ReasonKind.NOT_LOCAL),
                (BindResult.TENTATIVE, ReasonKind.TENTATIVE),
                (BindResult.IPV6_OFF, ReasonKind.IPV6_OFF),
                (BindResult.INVALID, ReasonKind.NO_INTERFACE),
            )
        ),
        (
            [],
            "127.0.0.1",
            (BindResult.FORBIDDEN,) * 2,
            BindVerdict.NOT_PERMITTED,
            [ReasonKind.FORBIDDEN],
        ),
        # Whoever listens: the address is not here.
        (
            [listener("0.0.0.0", 3000, held_by=[NODE])],
            "10.0.0.1",
            (BindResult.NOT_LOCAL,) * 2,
            BindVerdict.NOT_AVAILABLE,
            [ReasonKind.NOT_LOCAL],
        ),
        ([], "::1", (BindResult.UNKNOWN,) * 2, BindVerdict.UNKNOWN, [ReasonKind.NOT_TESTED]),
        # The tables name a holder even where the probe is not permitted.
        (
            [listener("127.0.0.1", 3000, held_by=[NODE])],
            "127.0.0.1",
            (DENIED, DENIED),
            BindVerdict.HELD,
            [ReasonKind.LISTENS, ReasonKind.PRIVILEGED],
        ),
        # No flag gets past a listener, whatever else is on the port.
        (
            [listener("0.0.0.0", 3000, held_by=[NODE]), TIME_WAIT, IDLE],
            "127.0.0.1",
            (IN_USE, IN_USE),
            BindVerdict.HELD,
            [ReasonKind.LISTENS],
        ),
        ([IDLE], "127.0.0.1", (IN_USE, IN_USE), BindVerdict.HELD, [ReasonKind.BOUND]),
        (
            [TIME_WAIT, TIME_WAIT._replace(inode=0)],
            "127.0.0.1",
            (OK, IN_USE),
            BindVerdict.FREE_WITH_REUSEADDR,
            [ReasonKind.TIME_WAIT],
        ),
        # Gone between the look and the probe: the probe is younger.
        ([TIME_WAIT], "127.0.0.1", (OK, OK), BindVerdict.FREE, []),
        # A dual-stack listener whose table does not tell so (psutil, /proc/net).
        (
            [listener("::", 3000, held_by=[NODE])],
            "127.0.0.1",
            (IN_USE, IN_USE),
            BindVerdict.HELD,
            [ReasonKind.LISTENS],
        ),
        # The same, and the probe says that it is IPv6-only.
        (
            [listener("::", 3000, held_by=[NODE])],
            "127.0.0.1",
            (OK, OK),
            BindVerdict.FREE,
            [ReasonKind.OTHER_ADDRESS],
        ),
        (
            [listener("::1", 3000, held_by=[NODE])],
            "127.0.0.1",
            (OK, OK),
            BindVerdict.FREE,
            [ReasonKind.OTHER_ADDRESS],
        ),
        ([udp("127.0.0.1", 3000)], "127.0.0.1", (OK, OK), BindVerdict.FREE, []),
    ],
)
def test_verdicts(
    sockets: list[Socket],
    address: str,
    answers: tuple[BindResult, BindResult],
    verdict: BindVerdict,
    why: list[ReasonKind],
) -> None:
    assert verdict_and_reasons(diagnosed(*sockets, address=address, answers=answers)) == (
        verdict,
        why,
    )


def test_a_port_that_outgoing_connections_may_take_is_said_to_be_one() -> None:
    found = diagnosed(answers=(OK, OK), port=50000)
    assert verdict_and_reasons(found) == (BindVerdict.FREE, [ReasonKind.EPHEMERAL])
    assert "outgoing connections may take it" in reasons(found, found.addresses[0])[0]


@pytest.mark.parametrize(
    ("sockets", "address", "words"),
    [
        (
            [listener("127.0.0.1", 3000, held_by=[OLDER, NODE])],
            "127.0.0.1",
            "node 9 (ana) and 1 more listen here",
        ),
        (
            [listener("0.0.0.0", 3000, held_by=[NODE])],
            "127.0.0.1",
            "node 10 (ana) listens on 0.0.0.0:3000, which includes this address",
        ),
        (
            [listener("0.0.0.0", 3000, held_by=[NODE])],
            "::",
            "node 10 (ana) listens on 0.0.0.0:3000; [::] would include that address",
        ),
        (
            [listener("127.0.0.1", 3000, held_by=[NODE])],
            "0.0.0.0",
            "node 10 (ana) listens on 127.0.0.1:3000; 0.0.0.0 would include that address",
        ),
        (
            [listener("::", 3000, held_by=[NODE])._replace(v6only=False)],
            "127.0.0.1",
            "node 10 (ana) listens on [::]:3000, which also takes IPv4",
        ),
        (
            [listener("127.0.0.1", 3000, held_by=[NODE])],
            "::",
            "node 10 (ana) listens on 127.0.0.1:3000; [::] would include that address",
        ),
        (
            [listener("127.0.0.1", 3000, user="bob")],
            "127.0.0.1",
            "a hidden process of bob listens here",
        ),
        (
            [made(Protocol.TCP, TcpState.LISTEN, "127.0.0.1:3000", ownership=Ownership.KERNEL)],
            "127.0.0.1",
            "the kernel listens here",
        ),
        (
            [IDLE],
            "127.0.0.1",
            "node 10 (ana) is bound here but does not listen (starting or stuck)",
        ),
        (
            [connection("127.0.0.1:3000", "127.0.0.1:5432", held_by=[NODE])],
            "127.0.0.1",
            "node 10 (ana) has a connection from 127.0.0.1:3000 to 127.0.0.1:5432: "
            "as a client's source port, or left over from a closed listener",
        ),
        (
            [connection("127.0.0.1:3000", "127.0.0.1:5432", state=TcpState.FIN_WAIT2)],
            "127.0.0.1",
            "the kernel is closing a connection from 127.0.0.1:3000 to 127.0.0.1:5432 "
            "(FIN_WAIT2); no process holds it",
        ),
        (
            [TIME_WAIT._replace(expires_ms=12_345)],
            "127.0.0.1",
            "a closed connection to 127.0.0.1:50000 still occupies it (TIME_WAIT), for 13 s more",
        ),
        (
            [TIME_WAIT],
            "127.0.0.1",
            "a closed connection to 127.0.0.1:50000 still occupies it (TIME_WAIT), for up to 60 s",
        ),
    ],
)
def test_the_first_reason_in_words(sockets: list[Socket], address: str, words: str) -> None:
    found = diagnosed(*sockets, address=address)
    assert reasons(found, found.addresses[0])[0] == words


def test_localhost_may_lead_to_the_other_family() -> None:
    server = listener("::1", 3000, held_by=[NODE])
    found = diagnosed(server, answers=(OK, OK))
    assert reasons(found, found.addresses[0]) == (
        "node 10 (ana) listens on [::1]:3000; localhost may resolve to it",
    )
    beside = diagnosed(server, address="192.168.1.5", answers=(OK, OK))
    assert reasons(beside, beside.addresses[0]) == ("node 10 (ana) listens on [::1]:3000",)


def test_one_server_on_both_loopback_addresses_is_one() -> None:
    both = [listener(address, 3000, held_by=[NODE]) for address in ("127.0.0.1", "::1")]
    found = diagnosed(*both)
    assert reasons(found, found.addresses[0]) == ("node 10 (ana) listens here",)


def test_the_longest_time_wait_speaks_for_all() -> None:
    some = [TIME_WAIT._replace(expires_ms=left, inode=0) for left in (1000, 50_000, 9000)]
    found = diagnosed(*some)
    assert reasons(found, found.addresses[0]) == (
        "a closed connection to 127.0.0.1:50000 still occupies it (TIME_WAIT), for 50 s more",
    )


@pytest.mark.parametrize("answers", [(OK, OK), (OK, IN_USE), (IN_USE, IN_USE), (DENIED, DENIED)])
def test_the_way_to_the_verdict_can_be_told(answers: tuple[BindResult, BindResult]) -> None:
    found = diagnosed(TIME_WAIT, answers=answers)
    assert explanation(found, found.addresses[0]).startswith("1 socket with this local port")
