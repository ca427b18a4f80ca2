"""Processes: what they are called and what tells them apart."""

from __future__ import annotations

import pytest

from porttui.model.process import base_name
from tests.making import process


def test_a_pid_given_out_again_is_another_process() -> None:
    assert process(4213, started=1).identity != process(4213, started=2).identity
    assert process(4213, "sh", started=1).identity == process(4213, "node", started=1).identity


def test_a_label_is_the_name_and_the_pid() -> None:
    assert process(4213, "node").label == "node 4213"


@pytest.mark.parametrize(
    ("cmdline", "command", "short"),
    [
        (("node", "server.js"), "node server.js", "node server.js"),
        (
            ("/usr/bin/python3", "-m", "http.server"),
            "/usr/bin/python3 -m http.server",
            "python3 -m http.server",
        ),
        (("/srv/a", "/srv/b"), "/srv/a /srv/b", "a /srv/b"),
        (("./run",), "./run", "run"),
        (("/srv/",), "/srv/", "/srv/"),
        ((), "node", "node"),
    ],
)
def test_a_command_in_one_line(cmdline: tuple[str, ...], command: str, short: str) -> None:
    made = process(name="node", cmdline=cmdline)
    assert made.command == command
    assert made.short_command == short


@pytest.mark.parametrize(
    ("name", "cmdline", "short"),
    [
        ("sshd", ("sshd: ana@pts/0",), "sshd: ana@pts/0"),
        (
            "nginx",
            ("nginx: master process /usr/sbin/nginx",),
            "nginx: master process /usr/sbin/nginx",
        ),
        ("kworker/0:1", (), "kworker/0:1"),
    ],
)
def test_a_title_that_is_no_path_stays_whole(
    name: str, cmdline: tuple[str, ...], short: str
) -> None:
    assert process(name=name, cmdline=cmdline).short_command == short


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/opt/app", "app"),
        ("\u2068/opt/שלום\u2069", "\u2068שלום\u2069"),
        ("שלום", "שלום"),
    ],
)
def test_the_last_part_of_a_path_is_isolated_as_the_whole_was(path: str, name: str) -> None:
    assert base_name(path) == name
