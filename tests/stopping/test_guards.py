"""Whom porttui does not signal."""

from __future__ import annotations

import pytest

from porttui.host.contract import Host
from porttui.model.process import Process
from porttui.model.stop import StopTarget
from porttui.stopping.guards import danger, refusal, target_refusal, warning
from tests.making import machine, process, target

USER = machine(pid=999, uid=1000)
ROOT = machine(pid=999, uid=0, is_elevated=True)
WINDOWS = machine(pid=999, uid=None)

ITSELF = "that is porttui itself: q leaves it"


def the_system(pid: int) -> str:
    return f"pid {pid} is the system itself: ending it could take everything down"


@pytest.mark.parametrize(
    ("each", "host", "reason"),
    [
        (process(4213), USER, None),
        (process(4213, uid=0, user="root"), ROOT, None),
        (process(4213, uid=1000), ROOT, None),
        (process(3), USER, None),
        (process(999), USER, ITSELF),
        (process(999, uid=0), ROOT, ITSELF),
        (process(999, uid=None), WINDOWS, ITSELF),
        (process(0, "idle"), ROOT, the_system(0)),
        (process(1, "systemd", uid=0), ROOT, the_system(1)),
        (process(1, "tini", uid=1000), USER, the_system(1)),
        (process(2, "kthreadd", uid=0, is_kernel_thread=True), ROOT, the_system(2)),
        (
            process(77, "nfsd", uid=0, is_kernel_thread=True),
            ROOT,
            "nfsd 77 is a thread of the kernel: signals do not end it",
        ),
        (
            process(77, "nfsd", uid=0, is_kernel_thread=True),
            USER,
            "nfsd 77 is a thread of the kernel: signals do not end it",
        ),
        (
            process(80, "nginx", user="root", uid=0),
            USER,
            "nginx 80 belongs to root, not to you: sudo kill -TERM 80 would ask it to exit",
        ),
        (
            process(80, "nginx", user="bob", uid=1001),
            USER,
            "nginx 80 belongs to bob, not to you: sudo kill -TERM 80 would ask it to exit",
        ),
        (
            process(80, "nginx", user=None, uid=1001),
            USER,
            "nginx 80 belongs to another user, not to you: sudo kill -TERM 80 would ask it to exit",
        ),
        (process(80, user="root", uid=None), USER, None),
        (process(80, user="bob", uid=None), WINDOWS, None),
        (process(80, user="bob", uid=1001), WINDOWS, None),
    ],
)
def test_who_is_refused_and_why(each: Process, host: Host, reason: str | None) -> None:
    assert refusal(each, host) == reason


def test_porttui_as_pid_1_of_a_container_is_porttui() -> None:
    assert refusal(process(1, uid=0), machine(pid=1, uid=0, is_elevated=True)) == ITSELF


@pytest.mark.parametrize(
    ("aim", "host", "reason"),
    [
        (target(holders=[process()]), USER, None),
        (target(holders=[process(1)], hidden_user="root"), ROOT, None),
        (
            target(hidden_user="postgres"),
            USER,
            "its process is hidden from you (the socket is postgres's): "
            "run porttui with sudo to see and stop it",
        ),
        (
            target(),
            USER,
            "its process is hidden from you: run porttui with sudo to see and stop it",
        ),
        (
            target(hidden_user="root"),
            ROOT,
            "no process in sight holds it (the socket is root's): the kernel does, or a process "
            "in another PID namespace, a container's for example",
        ),
        (
            target(),
            ROOT,
            "no process in sight holds it: the kernel does, or a process "
            "in another PID namespace, a container's for example",
        ),
    ],
)
def test_a_target_without_a_process_is_refused(
    aim: StopTarget, host: Host, reason: str | None
) -> None:
    assert target_refusal(aim, host) == reason


SUDO = machine(uid=0, is_elevated=True, person_uid=1000)
SHELL = machine(ancestors=[4213])


@pytest.mark.parametrize(
    ("each", "host", "words"),
    [
        (process(4213, "node"), USER, None),
        (process(4213, "node"), SUDO, None),
        (process(4213, "zsh"), SHELL, "is what porttui itself runs in"),
        (process(598, "sshd", uid=0, user="root"), SUDO, "sshd holds up more than this port"),
        (process(7, "docker-proxy"), USER, "docker-proxy holds up more"),
        (process(812, "postgres", uid=111, user="postgres"), SUDO, "belongs to postgres, not to"),
        (process(812, "postgres", uid=0, user="root"), SUDO, "belongs to root, not to you"),
        (process(812, "postgres", uid=1000), WINDOWS, None),
    ],
)
def test_names_that_have_to_be_typed(each: Process, host: Host, words: str | None) -> None:
    said = warning(each, host)
    assert (said is None) == (words is None)
    assert said is None or (words is not None and words in said)
    assert refusal(each, host) is None


def test_only_more_than_a_port_is_a_danger() -> None:
    """A script with --yes may stop another user's server, not what others depend on."""
    assert danger(process(812, "postgres", uid=111, user="postgres"), SUDO) is None
    assert danger(process(598, "sshd", uid=0), SUDO) is not None
    assert danger(process(4213, "zsh"), SHELL) is not None
