"""What is typed after `/`: how it is read, what it finds, and why it is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest

from porttui.analysis.filter import (
    EndpointTerm,
    Filter,
    FilterError,
    PortTerm,
    PrefixTerm,
    WordTerm,
    parse_filter,
)
from porttui.analysis.filter_columns import Searchable, listening_text, pair_text, socket_text
from porttui.analysis.listeners import listening_rows
from porttui.analysis.loopback import loopback_pairs
from porttui.model.address import Address, Protocol
from porttui.model.kernel import port_bitmap
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket, TcpState
from tests.analysis.naive_filter import is_found
from tests.making import connection, listener, made, pair, process, snapshot, udp

NODE = process(3000, "node", user="Ana", cmdline=("/usr/bin/node", "--inspect=9229", "Server.js"))
CURL = process(77, "curl", user="bob", cmdline=("curl", "localhost"))


def socket(each: Socket, service: str | None = None) -> Searchable:
    endpoints = (each.local, each.remote) if each.remote else (each.local,)
    return Searchable(endpoints, socket_text(each, service))


def listening_row(each: Socket, service: str | None = None) -> Searchable:
    services = {(each.protocol, each.local.port): service} if service else {}
    (row,) = listening_rows(snapshot(each, services=services))
    return Searchable((row.local,), listening_text(row))


def pair_row(*sockets: Socket, service: str | None = None) -> Searchable:
    services = {(Protocol.TCP, 5432): service} if service else {}
    (row,) = loopback_pairs(snapshot(*sockets, services=services))
    return Searchable((row.client.endpoint, row.server.endpoint), pair_text(row))


def on(address: str, port: int, *held_by: Process) -> Searchable:
    return listening_row(listener(address, port, held_by=held_by))


CONNECTED = pair_row(*pair("127.0.0.1:45678", "127.0.0.1:5432", client_of=[CURL], server_of=[NODE]))


@pytest.mark.parametrize(
    ("typed", "port", "found"),
    [
        ("3000", 3000, True),
        ("3000", 30000, False),
        ("3000", 13000, False),
        ("3000", 300, False),
        (":3000", 3000, True),
        (":3000", 30000, False),
        ("03000", 3000, True),
        ("1", 1, True),
        ("65535", 65535, True),
        ("3000-3010", 2999, False),
        ("0-1023", 1023, True),
        ("*:3000", 3000, True),
        ("*:3000", 30000, False),
        ("3000-3010", 3000, True),
        ("3000-3010", 3005, True),
        ("3000-3010", 3010, True),
        ("3000-3010", 3011, False),
        ("3000-3000", 3000, True),
        ("3000-3000", 3001, False),
        (":3000-3010", 3007, True),
        ("1-65535", 1, True),
        ("1-65535", 65535, True),
        ("300*", 300, True),
        ("300*", 3000, True),
        ("300*", 30099, True),
        ("300*", 3010, False),
        ("300*", 13000, False),
        ("300*", 30, False),
        (":300*", 3001, True),
        ("65535*", 65535, True),
        ("6554*", 6554, True),
    ],
)
def test_ports_ranges_and_prefixes(typed: str, port: int, found: bool) -> None:
    assert is_found(typed, on("127.0.0.1", port)) is found


@pytest.mark.parametrize("typed", ["3000", ":3000", "3000-3000", "3000*", "127.0.0.1:3000"])
def test_a_port_is_no_pid_and_no_argument(typed: str) -> None:
    """NODE has pid 3000, and an argument that names 9229."""
    assert not is_found(typed, on("127.0.0.1", 8080, NODE))
    assert not is_found(typed.replace("3000", "9229"), on("127.0.0.1", 8080, NODE))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("45678", True),
        ("5432", True),
        ("5431-5433", True),
        ("456*", True),
        ("127.0.0.1:5432", True),
        ("127.0.0.1:45678", True),
        ("5433-45677", False),
        ("4567", False),
    ],
)
def test_a_port_is_looked_for_at_both_ends(typed: str, found: bool) -> None:
    assert is_found(typed, CONNECTED) is found
    for each in pair("127.0.0.1:45678", "127.0.0.1:5432"):
        assert is_found(typed, socket(each)) is found


@pytest.mark.parametrize(
    ("typed", "address", "found"),
    [
        ("127.0.0.1:3000", "127.0.0.1", True),
        ("127.0.0.1:3000", "127.0.0.2", False),
        ("127.0.0.1:3000", "0.0.0.0", False),
        ("127.0.0.1:3000", "::1", False),
        ("127.0.0.1:3000", "::ffff:127.0.0.1", True),
        ("127.0.0.1:3001", "127.0.0.1", False),
        ("127.0.0.1:300", "127.0.0.1", False),
        ("[::ffff:127.0.0.1]:3000", "127.0.0.1", True),
        ("[::1]:3000", "::1", True),
        ("[::1]:3000", "::", False),
        ("[0:0:0:0:0:0:0:1]:3000", "::1", True),
        ("[::]:3000", "::", True),
        ("[::]:3000", "::1", False),
        ("0.0.0.0:3000", "0.0.0.0", True),
        ("0.0.0.0:3000", "::", False),
        ("[fe80::1%eth0]:3000", "fe80::1%eth0", True),
        ("[fe80::1]:3000", "fe80::1%eth0", True),
        ("[FE80::1]:3000", "fe80::1", True),
        ("localhost:3000", "127.0.0.1", True),
        ("localhost:3000", "127.0.0.2", True),
        ("localhost:3000", "::1", True),
        ("localhost:3000", "::ffff:127.0.0.1", True),
        ("localhost:3000", "0.0.0.0", False),
        ("localhost:3000", "10.0.0.1", False),
        ("localhost:3001", "127.0.0.1", False),
        ("LocalHost:3000", "127.0.0.1", True),
    ],
)
def test_endpoints(typed: str, address: str, found: bool) -> None:
    assert is_found(typed, on(address, 3000)) is found


def test_an_address_and_a_port_of_two_ends_are_no_endpoint() -> None:
    row = pair_row(*pair("127.0.0.1:45678", "127.0.0.2:5432"))
    assert is_found("127.0.0.2:5432", row)
    assert not is_found("127.0.0.1:5432", row)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("node", True),
        ("NODE", True),
        ("od", True),
        ("server.JS", True),
        ("--inspect=9229", True),
        ("/usr/bin/", True),
        ("ana", True),
        ("127.0.0", True),
        ("127.0.0.1", True),
        ("loopback", True),
        ("tcp", True),
        ("hbci", True),
        ("python", False),
        ("udp", False),
        ("hidden", False),
        ("10.0.0.1", False),
        ("3000x", False),
        ("localhost", False),
    ],
)
def test_a_word_is_looked_for_in_everything_a_row_says(typed: str, found: bool) -> None:
    each = listener("127.0.0.1", 3000, held_by=[NODE])
    assert is_found(typed, listening_row(each, "HBCI")) is found
    assert is_found(typed, socket(each, "HBCI")) is found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("node", True),
        ("curl", True),
        ("bob", True),
        ("ana", True),
        ("postgres", True),
        ("established", True),
        ("tcp", True),
        ("127.0.0.1", True),
        ("hidden", False),
        ("python", False),
    ],
)
def test_a_word_is_looked_for_at_both_ends_of_a_connection(typed: str, found: bool) -> None:
    row = pair_row(
        *pair("127.0.0.1:45678", "127.0.0.1:5432", client_of=[CURL], server_of=[NODE]),
        service="PostgreSQL",
    )
    assert is_found(typed, row) is found


@pytest.mark.parametrize(
    ("typed", "address", "found"),
    [
        ("::1", "::1", True),
        ("::1", "127.0.0.1", False),
        ("[::1]", "::1", True),
        ("::", "::", True),
        ("::", "0.0.0.0", False),
        ("fe80", "fe80::1%eth0", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("FE80::1%ETH0", "fe80::1%eth0", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("2001:db8::80", "2001:db8::80", True),
        ("2001:db8::80", "2001:db8::81", False),
        ("fe80::1:443", "fe80::1", False),
        ("fe80::1:443", "fe80::1:443", True),
    ],
)
def test_an_ipv6_address_alone_is_a_word_and_its_last_group_no_port(
    typed: str, address: str, found: bool
) -> None:
    assert is_found(typed, on(address, 443)) is found


def test_the_last_group_of_an_ipv6_address_does_not_find_that_port() -> None:
    assert not is_found("2001:db8::80", on("127.0.0.1", 80))


@pytest.mark.parametrize(
    ("each", "word"),
    [
        (listener("0.0.0.0", 80), "hidden"),
        (listener("0.0.0.0", 80), "interfaces"),
        (listener("10.0.0.7", 80), "interface"),
        (listener("0.0.0.0", 80, user="www-data"), "www-data"),
        (udp("127.0.0.1", 53), "udp"),
    ],
)
def test_words_of_other_listening_rows(each: Socket, word: str) -> None:
    assert is_found(word, listening_row(each))
    assert is_found(word, socket(each))


def test_what_the_kernel_holds_is_not_hidden() -> None:
    kernel = made(Protocol.TCP, TcpState.LISTEN, "0.0.0.0:2049", ownership=Ownership.KERNEL)
    assert not is_found("hidden", listening_row(kernel))
    assert not is_found("hidden", socket(kernel))


@pytest.mark.parametrize(
    ("peer", "word"),
    [
        (None, "seen"),
        (connection("127.0.0.1:5432", "127.0.0.1:45678"), "accepted"),
        (
            connection("127.0.0.1:5432", "127.0.0.1:45678", ownership=Ownership.HIDDEN),
            "hidden",
        ),
        (
            connection("127.0.0.1:5432", "127.0.0.1:45678", state=TcpState.FIN_WAIT2),
            "fin_wait2",
        ),
    ],
)
def test_what_is_said_of_an_end_can_be_looked_for(peer: Socket | None, word: str) -> None:
    near = connection("127.0.0.1:45678", "127.0.0.1:5432", held_by=[CURL])
    assert is_found(word, pair_row(*filter(None, (near, peer))))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("node 3000", True),
        ("3000 node", True),
        ("  3000   node  ", True),
        ("node\t3000\n", True),
        ("node 3001", False),
        ("python 3000", False),
        ("3000 3001", False),
        ("30* 3000-3010 :3000 127.0.0.1:3000 node ana tcp", True),
    ],
)
def test_all_terms_must_be_met(typed: str, found: bool) -> None:
    assert is_found(typed, on("127.0.0.1", 3000, NODE)) is found


def test_a_holder_without_a_known_user_is_found_by_its_name() -> None:
    assert is_found("node", on("127.0.0.1", 80, process(1, "node", user=None)))


def test_different_ends_may_meet_different_terms() -> None:
    assert is_found("45678 5432 curl node", CONNECTED)


def test_no_word_begins_in_one_field_and_ends_in_the_next() -> None:
    row = on("127.0.0.1", 3000, process(1, "ab", user="cd", cmdline=()))
    assert is_found("ab cd", row)
    assert not is_found("abcd", row)
    assert not is_found("cdab", row)


@pytest.mark.parametrize("typed", ["", " ", "\t\n  "])
def test_an_empty_filter_lets_everything_pass(typed: str) -> None:
    row_filter = parse_filter(typed)
    assert row_filter == Filter()
    assert not row_filter
    assert is_found(typed, CONNECTED)
    assert is_found(typed, Searchable((), ""))


def test_a_filter_with_a_term_is_true_and_keeps_its_text() -> None:
    row_filter = parse_filter("  Node 3000 ")
    assert row_filter
    assert row_filter.text == "Node 3000"
    assert len(row_filter.terms) == 2


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (":", ": needs a port, like :3000"),
        ("0", "0 is not a port: ports are 1 to 65535"),
        (":0", "0 is not a port: ports are 1 to 65535"),
        ("00000", "00000 is not a port: ports are 1 to 65535"),
        ("65536", "65536 is not a port: ports are 1 to 65535"),
        (":65536", "65536 is not a port: ports are 1 to 65535"),
        ("99999999999999999999", "999999999999 is not a port: ports are 1 to 65535"),
        pytest.param(
            "9" * 5000, "999999999999 is not a port: ports are 1 to 65535", id="5000 digits"
        ),
        ("3000-", "3000- needs a last port, like 3000-3000"),
        (":3000-", ":3000- needs a last port, like 3000-3000"),
        ("3010-3000", "3010-3000: the first port is above the last"),
        ("3000-70000", "70000 is not a port: ports are 1 to 65535"),
        ("*", "*: * must follow the first digits of a port, like 300*"),
        ("*300", "*300: * must follow the first digits of a port, like 300*"),
        ("3*0", "3*0: * must follow the first digits of a port, like 300*"),
        ("300**", "300**: * must follow the first digits of a port, like 300*"),
        ("node*", "node*: * must follow the first digits of a port, like 300*"),
        (
            "127.0.0.1:30*",
            "127.0.0.1:30*: * must follow the first digits of a port, like 300*",
        ),
        (".*", ".*: * must follow the first digits of a port, like 300*"),
        ("0*", "no port starts with 0"),
        ("65536*", "no port starts with 65536"),
        ("700000*", "no port starts with 700000"),
        ("127.0.0.1:0", "0 is not a port: ports are 1 to 65535"),
        ("127.0.0.1:65536", "65536 is not a port: ports are 1 to 65535"),
        ("[::1]:65536", "65536 is not a port: ports are 1 to 65535"),
        ("localhost:65536", "65536 is not a port: ports are 1 to 65535"),
        ("node 0", "0 is not a port: ports are 1 to 65535"),
        ("0 node", "0 is not a port: ports are 1 to 65535"),
    ],
)
def test_a_bad_filter_says_why(typed: str, sentence: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse_filter(typed)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    "typed",
    ["1" * 5000 + "*", "0" * 5000 + "80", "0" * 5000 + "*", "1" * 5000 + "-2"],
    ids=["prefix", "zeros", "zero prefix", "range"],
)
def test_thousands_of_digits_are_no_crash(typed: str) -> None:
    """Python refuses to read numbers of more than 4300 digits, with a ValueError."""
    with suppress(FilterError):
        parse_filter(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "[/red]",
        "[bold",
        "\x1b[31m",
        "\x00",
        "\udc80",
        "\u202e",
        "(((",
        pytest.param("a" * 10000, id="10000 letters"),
        "%s",
        "{0}",
        "'; DROP",
        "-3000",
        "3000-3010-3020",
        "3000-x",
        "٨٠",
        "²",
        "1e3",
        "0x50",
        "+80",
        "80.5",
        "3_000",
        "foo:80",
        "foo:99999",
        "127.0.0.1:",
        "localhost:",
        "::1:3000",
        "[::1]",
        "[]:80",
        "::",
        ":x",
    ],
)
def test_hostile_and_half_typed_text_is_a_word(typed: str) -> None:
    row_filter = parse_filter(typed)
    assert row_filter.terms
    assert not is_found(typed, on("10.0.0.7", 80, NODE))


def test_hostile_text_is_found_where_it_is() -> None:
    hostile = process(1, "[/red]", cmdline=(r"\x1b[31m", "((("))
    for typed in ("[/red]", r"\X1B[31M", "((("):
        assert is_found(typed, on("127.0.0.1", 80, hostile))


@pytest.mark.parametrize(
    "digits", ["0", "00", "01", "1", "3", "6", "65", "300", "655", "6553", "65536", "99999"]
)
def test_the_spans_of_a_prefix_are_the_ports_it_means(digits: str) -> None:
    meant = {port for port in range(65536) if str(port).startswith(digits)}
    spans = PrefixTerm(digits).spans
    assert sum(map(len, spans)) == len(meant)
    assert set().union(*spans) == meant
    assert {port for port, mark in enumerate(port_bitmap(spans)) if mark} == meant


@pytest.mark.parametrize(
    "typed",
    [
        ":::3000",
        "3000/tcp",
        "Error: listen EADDRINUSE: address already in use :::3000",
        "listen tcp :3000: bind: address already in use",
        "bind() to 0.0.0.0:3000 failed (98: Address already in use)",
    ],
)
def test_the_port_that_a_program_printed_is_shown_at_every_address(typed: str) -> None:
    assert parse_filter(typed).terms == (PortTerm(3000, 3000),)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("::1:3000", "::1"),
        ("0.0.0.0/0.0.0.0:3000", "0.0.0.0"),
        ("http://127.0.0.1:3000/a/b", "127.0.0.1"),
        ("tcp://[::1]:3000", "::1"),
        ("[fe80::1]%v0:3000", "fe80::1%v0"),
        ("[fe80::1%v0]:3000", "fe80::1%v0"),
        ("fe80::1%v0:3000", "fe80::1%v0"),
    ],
)
def test_the_endpoint_that_a_program_printed(typed: str, address: str) -> None:
    assert parse_filter(typed).terms == (EndpointTerm(Address.parse(address), 3000),)


@pytest.mark.parametrize("typed", ["http://db.example:3000", "/usr/bin/node", "a/b:c", "fe80::1"])
def test_what_is_no_endpoint_is_a_word(typed: str) -> None:
    assert parse_filter(typed).terms == (WordTerm(typed),)


def test_thousands_of_addresses_share_the_ports_of_a_word() -> None:
    addresses = [Address.parse(f"2001:db8::{number:x}") for number in range(1, 1000)]
    ports = WordTerm("]:443").ports_at(addresses)
    assert len({id(bitmap) for bitmap in ports}) == 1, "64 KB each"
    assert ports[0].count(1) == 111, "443, 4430 to 4439, and 44300 to 44399"


def test_a_word_that_ends_in_thousands_of_digits_is_in_no_end() -> None:
    """Python refuses to make a number of them."""
    [ports] = WordTerm(".1:" + "9" * 5000).ports_at([Address.parse("127.0.0.1")])
    assert not any(ports)
    assert PrefixTerm("1" * 5000).spans == ()
