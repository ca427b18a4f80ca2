"""The panes and the header of one snapshot."""

from __future__ import annotations

from porttui.analysis.dashboard import (
    Dashboard,
    DashboardHistory,
    next_dashboard,
    with_listening_rows,
)
from porttui.analysis.rows import RowChange
from porttui.model.kernel import PortRange, RangeName, TcpRules
from porttui.model.socket import Socket, TcpState
from tests.making import TAKEN_AT, connection, listener, pair, process, snapshot, udp

NODE, CURL = process(10, "node"), process(20, "curl")
CONNECTED = pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[NODE])
LOCAL = listener("127.0.0.1", 3000, held_by=[NODE])


class Dashboards:
    """Makes one dashboard after the other."""

    def __init__(self) -> None:
        self._memory: DashboardHistory | None = None

    def next(self, *sockets: Socket, at: float = 0.0) -> Dashboard:
        made, self._memory = next_dashboard(self._memory, snapshot(*sockets), at)
        return made


def dashboard(*sockets: Socket) -> Dashboard:
    return Dashboards().next(*sockets)


def test_the_header_counts_it_all() -> None:
    taken = snapshot(
        LOCAL,
        listener("0.0.0.0", 80),
        listener("0.0.0.0", 80, held_by=[NODE]),
        listener("10.0.0.7", 443),
        udp("::", 5353),
        udp("127.0.0.1", 5353, remote="127.0.0.1:53"),
        *CONNECTED,
        connection("127.0.0.1:40001", "127.0.0.1:3000", state=TcpState.TIME_WAIT),
        connection("127.0.0.1:3000", "127.0.0.1:40002", state=TcpState.TIME_WAIT),
        connection("10.0.0.7:40001", "10.0.0.8:443"),
        elevated=True,
        hidden=4,
    )
    summary = next_dashboard(None, taken, 0.0)[0].summary
    assert summary.listeners == 4
    assert summary.exposed == 3
    assert summary.pairs == 1
    assert summary.time_wait == 2
    assert summary.hidden == 4
    assert summary.elevated
    assert summary.ephemeral is not None
    assert summary.ephemeral.key is RangeName.EPHEMERAL
    assert (summary.ephemeral.tcp, summary.ephemeral.range.capacity) == (2, 28232)


def test_an_empty_machine() -> None:
    found = dashboard()
    assert (len(found.listening), len(found.pairs)) == (0, 0)
    assert found.summary[:3] == (0, 0, 0)
    assert (found.summary.time_wait, found.summary.hidden, found.summary.elevated) == (0, 0, False)


def test_without_the_kernel_s_range_the_header_has_none() -> None:
    found = next_dashboard(None, snapshot(ephemeral=None), 0.0)[0]
    assert found.summary.ephemeral is None
    assert [row.key for row in found.pressure] == ["well-known", "registered", "dynamic"]
    assert found.summary.worst is None


def test_what_is_left_has_a_trend_that_a_new_range_begins_anew() -> None:
    def clients(number: int) -> list[Socket]:
        return [
            connection(f"127.0.0.1:{port}", "127.0.0.1:80", held_by=[NODE])
            for port in range(40000, 40000 + number)
        ]

    def rate(found: Dashboard) -> float | None:
        [row] = [row for row in found.pressure if row.gauge and row.gauge.destination]
        assert row.trend is not None
        return row.trend.rate

    rules = TcpRules(tw_reuse=2, timestamps=True, tw_reuse_delay_ms=1000, autobind_reuse=False)
    look = snapshot(*clients(10))._replace(tcp_rules=rules)
    first, history = next_dashboard(None, look, 0.0)
    assert rate(first) is None
    look = snapshot(*clients(40))._replace(tcp_rules=rules)
    second, history = next_dashboard(history, look, 3.0)
    assert rate(second) == 10
    small = PortRange(RangeName.EPHEMERAL, 40000, 40099)
    third, _ = next_dashboard(history, look._replace(ephemeral=small), 6.0)
    assert rate(third) is None


def test_nothing_is_new_at_the_first_look() -> None:
    found = dashboard(LOCAL, *CONNECTED)
    assert [each.change for each in found.listening] == [RowChange.NONE]
    assert [each.change for each in found.pairs] == [RowChange.NONE]


def test_what_came_and_went_is_marked_in_both_panes() -> None:
    dashboards = Dashboards()
    dashboards.next(LOCAL)
    second = dashboards.next(LOCAL, *CONNECTED, listener("::", 80), at=1.0)
    assert [each.change for each in second.listening] == [RowChange.NEW, RowChange.NONE]
    assert [each.change for each in second.pairs] == [RowChange.NEW]
    third = dashboards.next(at=2.0)
    assert {each.change for each in third.listening} == {RowChange.GONE}
    assert [each.change for each in third.pairs] == [RowChange.GONE]
    assert (third.summary.listeners, third.summary.pairs) == (0, 0)
    fourth = dashboards.next(at=7.0)
    assert (len(fourth.listening), len(fourth.pairs)) == (0, 0)


def test_while_nothing_changes_the_listeners_keep_their_generation() -> None:
    old = listener("127.0.0.1", 3000, held_by=[process(10, "node", age_s=3 * 60 + 1)])
    first, history = next_dashboard(None, snapshot(old, taken_at=TAKEN_AT), 0.0)
    second, history = next_dashboard(history, snapshot(old, taken_at=TAKEN_AT + 2), 2.0)
    start, _ = first.generations
    assert second.generations == (start + 1, start)
    assert "listening" not in second.changes_since(first.generations)
    third, history = with_listening_rows(
        second, history, snapshot(old, taken_at=TAKEN_AT + 58), 58.0
    )
    assert third is second
    # A minute more is to be read of it.
    fourth, history = with_listening_rows(
        third, history, snapshot(old, taken_at=TAKEN_AT + 59), 59.0
    )
    assert [each.row.age_s for each in fourth.listening] == [4 * 60]
    assert fourth.generations == (start + 1, start + 1)
    assert set(fourth.changes_since(second.generations)) == {"generations", "listening", "summary"}
    assert fourth.changes_since(fourth.generations) == {}
    fifth, _ = next_dashboard(history, snapshot(old, taken_at=TAKEN_AT + 60), 60.0)
    assert fifth.generations == (start + 2, start + 1)


def test_a_later_start_has_other_generations() -> None:
    """A sampling process that replaces another must not repeat its numbers."""
    first, history = next_dashboard(None, snapshot(LOCAL), 10.0)
    for at in range(11, 15):
        first, history = next_dashboard(history, snapshot(), at)
    again, _ = next_dashboard(None, snapshot(LOCAL), 15.0)
    assert min(again.generations) > max(first.generations)


def test_a_mark_that_fades_is_a_change() -> None:
    look = snapshot(LOCAL, listener("::", 80))
    first, history = next_dashboard(None, snapshot(LOCAL), 0.0)
    second, history = with_listening_rows(first, history, look, 1.0)
    third, history = with_listening_rows(second, history, look, 2.0)
    assert third is second
    assert [each.change for each in third.listening] == [RowChange.NEW, RowChange.NONE]
    fourth, _ = with_listening_rows(third, history, look, 9.0)
    assert [each.change for each in fourth.listening] == [RowChange.NONE, RowChange.NONE]


def test_a_restarted_server_is_a_change_of_the_same_row() -> None:
    again = listener("127.0.0.1", 3000, held_by=[process(11, "node")])
    dashboards = Dashboards()
    dashboards.next(LOCAL)
    found = dashboards.next(again, at=1.0)
    assert [each.change for each in found.listening] == [RowChange.CHANGED]


def test_the_board_keeps_its_snapshot() -> None:
    taken = snapshot(LOCAL)
    assert next_dashboard(None, taken, 0.0)[0].snapshot is taken
