"""Whom the keys of the stop dialog choose."""

from __future__ import annotations

from porttui.model.provenance import Origin, Provenance, Supervisor, SupervisorKind
from porttui.stopping.selection import SelectionMode, StopSelection
from tests.making import process, target

MASTER = process(500, "gunicorn")
WORKERS = [process(pid, "gunicorn", ppid=500) for pid in (501, 502)]
SHELL = process(490, "sh", ppid=1)


def shared() -> StopSelection:
    return StopSelection(target(holders=[MASTER, *WORKERS]))


def test_it_begins_at_the_master_alone() -> None:
    selection = shared()
    assert (selection.holder, selection.chosen) == (MASTER, (MASTER,))
    assert [selection.children_among_holders(each) for each in selection.target.holders] == [
        2,
        0,
        0,
    ]


def test_nobody_is_aimed_at_where_all_are_hidden() -> None:
    selection = StopSelection(target(hidden_user="root"))
    for at in SelectionMode:
        selection.toggle(at)
        assert (selection.holder, selection.chosen, selection.parent, selection.group) == (
            None,
            (),
            None,
            (),
        )
    selection.move_holder(1)
    assert selection.holder_index == 0


def test_what_is_not_known_cannot_be_aimed_at() -> None:
    selection = StopSelection(target(holders=[MASTER]))
    for at in (SelectionMode.ALL_HOLDERS, SelectionMode.PARENT, SelectionMode.GROUP):
        selection.toggle(at)
        assert selection.chosen == (MASTER,)


def test_a_group_of_one_is_no_choice() -> None:
    selection = shared()
    selection.set_groups({MASTER: (MASTER,)}, {})
    assert not selection.can_select(SelectionMode.GROUP)


def test_the_group_comes_by_seniority_and_goes_again() -> None:
    selection = shared()
    selection.set_groups(
        {MASTER: (*WORKERS, MASTER, SHELL), WORKERS[0]: (WORKERS[0], WORKERS[1])}, {}
    )
    selection.toggle(SelectionMode.GROUP)
    assert set(selection.chosen) == {SHELL, MASTER, *WORKERS}
    assert selection.chosen.index(MASTER) < selection.chosen.index(WORKERS[0])
    selection.toggle(SelectionMode.GROUP)
    assert selection.chosen == (MASTER,)


def test_another_holder_is_aimed_at_alone_and_has_a_group_of_its_own() -> None:
    selection = shared()
    selection.set_groups({MASTER: (MASTER, SHELL), WORKERS[0]: tuple(WORKERS)}, {})
    selection.toggle(SelectionMode.GROUP)
    selection.move_holder(1)
    assert selection.chosen == (WORKERS[0],)
    selection.toggle(SelectionMode.GROUP)
    assert selection.chosen == tuple(WORKERS)
    selection.move_holder(1)
    assert not selection.can_select(SelectionMode.GROUP), (
        "nothing is known of the group of this one"
    )


def test_one_choice_takes_the_place_of_another() -> None:
    selection = shared()
    loop = Supervisor(SupervisorKind.SHELL_LOOP, "sh", "kill -TERM 490", SHELL)
    selection.origins[MASTER] = Origin(Provenance(MASTER), (loop,))
    selection.set_groups({MASTER: (MASTER, SHELL)}, {})
    for at, chosen in (
        (SelectionMode.PARENT, {SHELL}),
        (SelectionMode.ALL_HOLDERS, {MASTER, *WORKERS}),
        (SelectionMode.GROUP, {MASTER, SHELL}),
        (SelectionMode.PARENT, {SHELL}),
    ):
        selection.toggle(at)
        assert set(selection.chosen) == chosen


def test_what_else_a_member_listens_on_is_known_with_the_group() -> None:
    selection = StopSelection(
        target(holders=[MASTER])._replace(other_endpoints=((500, ("[::]:9229",)),))
    )
    selection.set_groups({MASTER: (MASTER, SHELL)}, {490: ("127.0.0.1:4000",)})
    assert [selection.other_endpoints_of(pid) for pid in (500, 490, 491)] == [
        ("[::]:9229",),
        ("127.0.0.1:4000",),
        (),
    ]
