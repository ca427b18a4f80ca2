"""Carries out a command about one port. Each imports what it needs and no more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from porttui.cli.exit_status import ExitStatus
from porttui.cli.port_arguments import (
    FreeCommand,
    NextCommand,
    PortCommand,
    ProbeCommand,
    WhoCommand,
)
from porttui.host.local import local_host
from porttui.sampling.errors import SampleError
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO

_LOOK_ONCE = (WhoCommand, NextCommand, ProbeCommand)
_NAME_HOLDERS = (WhoCommand, FreeCommand, ProbeCommand)


def run_port_command(command: PortCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Run it on this machine.

    Raises:
        HostError: the source that was asked for does not exist here.
        OutputError: `out` cannot be written.
    """
    try:
        return _run(command, out, err)
    except SampleError as error:
        print(f"porttui: {error}", file=err)
        return ExitStatus.UNREADABLE


def _run(command: PortCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    host = local_host(command.source, once=isinstance(command, _LOOK_ONCE))
    sampler = Sampler(host)
    if isinstance(command, _NAME_HOLDERS):
        sampler.begin()
    if isinstance(command, WhoCommand):
        from porttui.cli.who import run_who
        from porttui.diagnosis.diagnoser import Diagnoser

        return run_who(command, Diagnoser(host, sampler), out, err)
    if isinstance(command, NextCommand):
        from porttui.cli.next_port import run_next

        return run_next(command, host, sampler, out, err)
    if isinstance(command, ProbeCommand):
        from porttui.cli.probe import run_probe

        return run_probe(command, sampler, out)
    if isinstance(command, FreeCommand):
        from porttui.cli.free import Freeing, run_free
        from porttui.diagnosis.diagnoser import Diagnoser
        from porttui.stopping.stopper import Stopper

        ask = _ask if sys.stdin is not None and sys.stdin.isatty() and err.isatty() else None
        means = Freeing(sampler, Diagnoser(host, sampler), Stopper(host, sampler), ask)
        return run_free(command, means, out, err)
    from porttui.cli.wait import run_wait

    return run_wait(command, host, sampler, out, err)


def _ask(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
