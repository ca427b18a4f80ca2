"""Whom porttui does not signal."""

from __future__ import annotations

import pytest

from porttui.host.contract import Host
from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import SocketCredentials, StopTarget
from porttui.stopping.guards import Guard, refusal, target_refusal
from porttui.text.stop import unknown_opener
from tests.making import machine, process, target

USER = machine(pid=999, uid=1000)
ROOT = machine(pid=999, uid=0, is_elevated=True)
WINDOWS = machine(pid=999, uid=None)

ITSELF = "this is porttui itself"


def the_system(pid: int) -> str:
    return f"pid {pid} is a system process: stopping it could halt the machine"


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
            "nfsd 77 is a kernel thread: signals do not end it",
        ),
        (
            process(77, "nfsd", uid=0, is_kernel_thread=True),
            USER,
            "nfsd 77 is a kernel thread: signals do not end it",
        ),
        (
            process(80, "nginx", user="root", uid=0),
            USER,
            "nginx 80 belongs to root, not to you. As root: sudo kill -TERM 80",
        ),
        (
            process(80, "nginx", user="bob", uid=1001),
            USER,
            "nginx 80 belongs to bob, not to you. As root: sudo kill -TERM 80",
        ),
        (
            process(80, "nginx", user=None, uid=1001),
            USER,
            "nginx 80 belongs to another user, not to you. As root: sudo kill -TERM 80",
        ),
        (process(80, user="root", uid=None), USER, None),
        (process(80, user="bob", uid=None), WINDOWS, None),
        (process(80, user="bob", uid=1001), WINDOWS, None),
    ],
)
def test_who_is_refused_and_why(each: Process, host: Host, reason: str | None) -> None:
    assert refusal(each, host) == reason


OUT_OF_SIGHT = (
    "the holder may be the kernel, a short-lived process, "
    "or one in another PID namespace (a container)"
)


def test_porttui_as_pid_1_of_a_container_is_porttui() -> None:
    assert refusal(process(1, uid=0), machine(pid=1, uid=0, is_elevated=True)) == ITSELF


@pytest.mark.parametrize(
    ("stop_target", "host", "reason"),
    [
        (target(holders=[process()]), USER, None),
        (target(holders=[process(1)], hidden_user="root"), ROOT, None),
        (
            target(hidden_user="postgres"),
            USER,
            "its process is hidden from you (the socket belongs to postgres): "
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
            f"no visible process holds it (the socket belongs to root): {OUT_OF_SIGHT}",
        ),
        (
            target(),
            ROOT,
            f"no visible process holds it: {OUT_OF_SIGHT}",
        ),
    ],
)
def test_a_target_without_a_process_is_refused(
    stop_target: StopTarget, host: Host, reason: str | None
) -> None:
    assert target_refusal(stop_target, host) == reason


SUDO = machine(uid=0, is_elevated=True, invoking_uid=1000)
SHELL = machine(ancestors=[4213])


def warned(each: Process, host: Host) -> str | None:
    return Guard(target(holders=[each]), host).warning(each)


PM2 = process(7, "node", cmdline=["PM2 v6.0.5: God Daemon (/home/ana/.pm2)"])
BACKEND = process(900, "postgres", cmdline=["postgres: ana shop 127.0.0.1(5000) idle"])


@pytest.mark.parametrize(
    ("each", "host", "words"),
    [
        (process(4213, "node"), USER, None),
        (process(4213, "node"), SUDO, None),
        (process(4213, "zsh"), SHELL, "porttui runs inside"),
        (
            process(598, "sshd", uid=0, user="root"),
            SUDO,
            "may be logged in through sshd 598",
        ),
        (process(7, "sshd-session"), USER, "an SSH session ends with sshd-session 7"),
        (process(7, "docker-proxy"), USER, "containers lose their published ports when"),
        (process(7, "rootlesskit"), USER, "containers lose their published ports when"),
        (process(7, "rootlessport"), USER, "containers lose their published ports when"),
        (process(7, "containerd-shim"), USER, "containers lose their published ports when"),
        (process(7, "systemd-journal"), USER, "other users may lose their sessions"),
        (process(7, "supervisord"), USER, "runs end with it"),
        (process(7, "xinetd"), USER, "runs end with it"),
        (PM2, USER, "node 7 holds the ports of all PM2 applications"),
        (process(812, "postgres"), USER, "all clients of this PostgreSQL server are"),
        (BACKEND, USER, "this one: SELECT pg_terminate_backend(900)"),
        (process(81, "nginx", uid=111, user="www"), SUDO, "belongs to user www, not to you"),
        (process(81, "nginx", uid=0, user="root"), SUDO, "belongs to user root, not to you"),
        (process(81, "nginx", uid=1000), WINDOWS, None),
    ],
)
def test_names_that_have_to_be_typed(each: Process, host: Host, words: str | None) -> None:
    said = warned(each, host)
    assert (said is None) == (words is None)
    assert said is None or (words is not None and words in said)
    assert refusal(each, host) is None


def test_a_program_is_told_by_the_kernel_whatever_it_calls_itself() -> None:
    each = process(7, "innocent")
    host = machine(details={each: ProcessDetails("/usr/sbin/rootlesskit", uid=each.uid)})
    assert "containers lose their published ports" in (warned(each, host) or "")


def test_only_more_than_a_port_is_a_danger() -> None:
    """A script with --yes may stop another user's server, not what others depend on."""
    for each, host, is_danger in (
        (process(81, "nginx", uid=111, user="www"), SUDO, False),
        (process(598, "sshd", uid=0), SUDO, True),
        (process(4213, "zsh"), SHELL, True),
    ):
        assert (Guard(target(holders=[each]), host).danger(each) is not None) == is_danger


ROOTS = SocketCredentials(0, "root", cgroup_id=50)
ANAS = SocketCredentials(1000, "ana", cgroup_id=60)


@pytest.mark.parametrize(
    ("maker", "details", "is_opener"),
    [
        (ROOTS, ProcessDetails(uid=0, cgroup_id=50), True),
        (ROOTS, ProcessDetails(uid=0, cgroup_id=51), False),
        (ROOTS, ProcessDetails(uid=0), False),
        (ROOTS._replace(cgroup_id=0), ProcessDetails(uid=0, cgroup_id=50), True),
        (ANAS, ProcessDetails(uid=0, cgroup_id=60), False),
        (ROOTS, ProcessDetails(uid=1000, cgroup_id=50), False),
        (ROOTS._replace(uid=None), ProcessDetails(uid=0, cgroup_id=50), False),
    ],
)
def test_who_opened_a_socket_has_its_user_and_its_control_group(
    maker: SocketCredentials, details: ProcessDetails, is_opener: bool
) -> None:
    each = process(7, uid=0, user="root")
    stop_target = target(holders=[each])._replace(credentials=((7, maker),))
    host = machine(uid=0, is_elevated=True, details={each: details})
    assert Guard(stop_target, host).openers == ((each,) if is_opener else ())
    doubt = Guard(stop_target, host).danger(each)
    assert (doubt is None) == is_opener
    if doubt:
        assert doubt.startswith("node 7 may have received this socket from another process:")


def test_where_nobody_tells_who_opened_it_only_root_is_careful() -> None:
    """psutil, macOS, Windows: a user can end processes of their own alone."""
    each = process(7)
    stop_target = target(holders=[each])._replace(credentials=((7, SocketCredentials(None, None)),))
    assert Guard(stop_target, machine(details={})).openers == (each,)
    assert Guard(stop_target, machine(uid=0, is_elevated=True, details={})).openers == ()


def test_a_worker_with_another_user_has_its_masters_socket() -> None:
    master, worker = process(500, "nginx", uid=0, user="root"), process(501, "nginx", ppid=500)
    credentials = tuple((pid, ROOTS._replace(cgroup_id=0)) for pid in (500, 501))
    stop_target = target(holders=[master, worker])._replace(credentials=credentials)
    host = machine(uid=0, is_elevated=True, invoking_uid=0)
    assert Guard(stop_target, host).openers == (master,)
    assert Guard(stop_target, host).danger(worker) is None


def shared(*holders: Process, maker: SocketCredentials = ANAS) -> StopTarget:
    """One socket."""
    return target(holders=holders)._replace(
        credentials=tuple((each.pid, maker) for each in holders)
    )


def test_of_several_that_may_have_opened_it_the_master_has() -> None:
    """Its workers descend from it, also by way of one another."""
    master, worker, last = process(500), process(501, ppid=500), process(502, ppid=501)
    guard = Guard(shared(master, worker, last), USER)
    assert guard.openers == (master,)
    assert [guard.warning(each) for each in (master, worker, last)] == [None] * 3


def test_of_several_that_nobody_started_any_may_have_opened_it() -> None:
    """The same user and control group: one may have been handed it, or their master has ended."""
    one, other = process(500), process(700)
    guard = Guard(shared(one, other), USER)
    assert guard.openers == ()
    for each in (one, other):
        assert guard.danger(each) is None
        assert guard.warning(each) == unknown_opener(2)


def test_each_of_two_sockets_has_its_own_opener() -> None:
    """SO_REUSEPORT: two servers with an address."""
    one, other = process(500), process(700)
    credentials = ((500, ANAS._replace(inode=1)), (700, ANAS._replace(inode=2)))
    guard = Guard(target(holders=[one, other])._replace(credentials=credentials), USER)
    assert guard.openers == (one, other)


def test_thousands_of_holders_are_told_apart() -> None:
    """A chain of processes, none of which can have opened it, and a circle of parents."""
    chain = [process(10 + number, ppid=9 + number) for number in range(3000)]
    ring = [process(1, ppid=2), process(2, ppid=1)]
    guard = Guard(shared(*ring, *chain, maker=ROOTS), machine(uid=0, is_elevated=True))
    assert guard.openers == ()
    assert all("user root opened it" in (guard.danger(each) or "") for each in chain)


def test_nothing_is_signalled_where_pids_mean_other_processes() -> None:
    said = refusal(process(), machine(pids_match=False))
    assert said is not None
    assert "another PID namespace" in said


def test_a_process_that_runs_another_program_has_changed() -> None:
    each = process(7)
    programs = {each: ProcessDetails("/usr/bin/web")}
    host = machine(details=programs)
    guard = Guard(shared(each), host)
    assert not guard.has_changed(each)
    programs[each] = ProcessDetails("/usr/bin/sleep")
    assert guard.has_changed(each)
    del programs[each]
    assert not guard.has_changed(each), "it has gone, which is seen otherwise"
