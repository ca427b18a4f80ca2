"""Whom the keys of the stop dialog choose."""

from __future__ import annotations

from porttui.model.origin import Origin, Supervisor, SupervisorKind, Traces
from porttui.stopping.aim import Aim, AimAt
from tests.making import process, target

MASTER = process(500, "gunicorn")
WORKERS = [process(pid, "gunicorn", ppid=500) for pid in (501, 502)]
SHELL = process(490, "sh", ppid=1)


def shared() -> Aim:
    return Aim(target(holders=[MASTER, *WORKERS]))


def test_it_begins_at_the_master_alone() -> None:
    aim = shared()
    assert (aim.holder, aim.chosen) == (MASTER, (MASTER,))
    assert [aim.started(each) for each in aim.target.holders] == [2, 0, 0]


def test_nobody_is_aimed_at_where_all_are_hidden() -> None:
    aim = Aim(target(hidden_user="root"))
    for at in AimAt:
        aim.toggle(at)
        assert (aim.holder, aim.chosen, aim.parent, aim.group) == (None, (), None, ())
    aim.move(1)
    assert aim.number == 0


def test_what_is_not_known_cannot_be_aimed_at() -> None:
    aim = Aim(target(holders=[MASTER]))
    for at in (AimAt.ALL_HOLDERS, AimAt.PARENT, AimAt.GROUP):
        aim.toggle(at)
        assert aim.chosen == (MASTER,)


def test_a_group_of_one_is_no_choice() -> None:
    aim = shared()
    aim.know_groups({MASTER: (MASTER,)}, {})
    assert not aim.can_be_at(AimAt.GROUP)


def test_the_group_comes_by_seniority_and_goes_again() -> None:
    aim = shared()
    aim.know_groups({MASTER: (*WORKERS, MASTER, SHELL), WORKERS[0]: (WORKERS[0], WORKERS[1])}, {})
    aim.toggle(AimAt.GROUP)
    assert set(aim.chosen) == {SHELL, MASTER, *WORKERS}
    assert aim.chosen.index(MASTER) < aim.chosen.index(WORKERS[0])
    aim.toggle(AimAt.GROUP)
    assert aim.chosen == (MASTER,)


def test_another_holder_is_aimed_at_alone_and_has_a_group_of_its_own() -> None:
    aim = shared()
    aim.know_groups({MASTER: (MASTER, SHELL), WORKERS[0]: tuple(WORKERS)}, {})
    aim.toggle(AimAt.GROUP)
    aim.move(1)
    assert aim.chosen == (WORKERS[0],)
    aim.toggle(AimAt.GROUP)
    assert aim.chosen == tuple(WORKERS)
    aim.move(1)
    assert not aim.can_be_at(AimAt.GROUP), "nothing is known of the group of this one"


def test_one_choice_takes_the_place_of_another() -> None:
    aim = shared()
    loop = Supervisor(SupervisorKind.SHELL_LOOP, "sh", "kill -TERM 490", SHELL)
    aim.origins[MASTER] = Origin(Traces(MASTER), (loop,))
    aim.know_groups({MASTER: (MASTER, SHELL)}, {})
    for at, chosen in (
        (AimAt.PARENT, {SHELL}),
        (AimAt.ALL_HOLDERS, {MASTER, *WORKERS}),
        (AimAt.GROUP, {MASTER, SHELL}),
        (AimAt.PARENT, {SHELL}),
    ):
        aim.toggle(at)
        assert set(aim.chosen) == chosen


def test_what_else_a_member_listens_on_is_known_with_the_group() -> None:
    aim = Aim(target(holders=[MASTER])._replace(also_holds=((500, ("[::]:9229",)),)))
    aim.know_groups({MASTER: (MASTER, SHELL)}, {490: ("127.0.0.1:4000",)})
    assert [aim.others_of(pid) for pid in (500, 490, 491)] == [
        ("[::]:9229",),
        ("127.0.0.1:4000",),
        (),
    ]
