"""Detecting which processes ran, many at once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porttui.host.linux.schedstat import IdleProcesses
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")

Cats = dict[int, tuple[subprocess.Popen[bytes], int]]


@pytest.fixture
def cats() -> Iterator[Cats]:
    """Processes that sleep until they get input; by pid the schedstat."""
    started = [
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(6)
    ]
    made: Cats = {}
    try:
        for cat in started:
            wake(cat)
            count = os.open(f"/proc/{cat.pid}/schedstat", os.O_RDONLY)
            made[cat.pid] = cat, count
        yield made
    finally:
        for cat in started:
            cat.kill()
            cat.communicate()
        for _, count in made.values():
            os.close(count)


def wake(cat: subprocess.Popen[bytes]) -> None:
    """Make the process run, and sleep again."""
    assert cat.stdin is not None
    assert cat.stdout is not None
    cat.stdin.write(b"x")
    cat.stdin.flush()
    assert cat.stdout.read(1) == b"x"
    state = Path(f"/proc/{cat.pid}/stat")
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "S", "it sleeps")


def watch_all(cats: Cats) -> IdleProcesses:
    """All schedstats, now."""
    idle = IdleProcesses()
    for pid, (_, count) in cats.items():
        idle.watch(pid, count, os.pread(count, 128, 0))
    return idle


def test_who_has_run_is_told_and_nobody_else(cats: Cats) -> None:
    idle = watch_all(cats)
    assert idle.pids_that_ran() == []
    for pid in list(cats)[1:4]:
        wake(cats[pid][0])
    assert sorted(idle.pids_that_ran()) == sorted(list(cats)[1:4])


def test_of_some_that_are_asked_for_who_has_run_is_told(cats: Cats) -> None:
    idle = watch_all(cats)
    first, second, third, *_ = cats
    for pid in (first, third):
        wake(cats[pid][0])
    asked = {third, second, 1}
    assert idle.pids_that_ran(asked) == [third]
    assert [idle.pids_that_ran({pid}) for pid in (first, second, third)] == [[first], [], [third]]
    assert idle.pids_that_ran(set()) == []
    assert sorted(idle.pids_that_ran()) == sorted([first, third])
    cats[second][0].kill()
    cats[second][0].wait()
    assert sorted(idle.pids_that_ran(asked)) == sorted([second, third])


def test_who_has_ended_is_told(cats: Cats) -> None:
    idle = watch_all(cats)
    first, *_, last = cats
    for pid in (first, last):
        cats[pid][0].kill()
        cats[pid][0].wait()
    assert sorted(idle.pids_that_ran()) == sorted([first, last])


def test_who_is_forgotten_is_not_told_and_the_others_still_are(cats: Cats) -> None:
    dice = random.Random(7)
    for _ in range(20):
        idle = watch_all(cats)
        kept = list(cats)
        for pid in dice.sample(kept, dice.randint(1, len(kept) - 1)):
            idle.forget(pid)
            kept.remove(pid)
        idle.forget(1)
        assert idle.pids == set(kept)
        woken = dice.choice(list(cats))
        wake(cats[woken][0])
        assert idle.pids_that_ran() == [pid for pid in kept if pid == woken]


def test_what_was_read_anew_counts_from_there(cats: Cats) -> None:
    idle = watch_all(cats)
    pid, (cat, count) = next(iter(cats.items()))
    wake(cat)
    assert idle.pids_that_ran() == [pid]
    idle.watch(pid, count, os.pread(count, 128, 0))
    assert idle.pids_that_ran() == []
