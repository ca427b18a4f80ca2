"""Makes mixes, forecasts what the kernel will do, and has it done."""

from __future__ import annotations

import os
import pickle
import random
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from porttui.host.local import local_host
from porttui.host.request import SocketRequest
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import ConnectPath, Headroom
from porttui.model.snapshot import Snapshot
from porttui.sampling.sampler import Sampler
from tests.forecast.mixes import DEVICE_KINDS, Mix
from tests.forecast.small_range import bind_headroom, connect_headroom, udp_headroom
from tests.forecast.sockets import LINK_LOCAL, Route, bound_socket, connected_socket, udp_socket

PARALLEL_MIXES = 2
"""How many mixes are judged at the same time; the others are made, or grow old."""

FIRST_SEED_WITH_DEVICES = 1000

_ATTEMPTS = 5

_BOUND = ("127.0.0.1", "127.0.0.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0")


class Answer(NamedTuple):
    """What was forecast, and what came."""

    question: str
    headroom: Headroom
    came: int


class Trial(NamedTuple):
    """What was found of one mix."""

    seed: int
    explains: tuple[str, ...]
    is_odd: bool
    """The first or the last port may be passed over."""
    is_spoilt: bool
    """Not everything can be told."""
    answers: tuple[Answer, ...] = ()
    defect: str = ""


class Question(NamedTuple):
    """What is forecast, and how it is tried."""

    name: str
    forecast: Callable[[Snapshot], Headroom | None]
    take: Callable[[], socket.socket]


def judge(seeds: Sequence[int]) -> list[Trial]:
    """A trial of each seed. Every one is made in a process, and so in a namespace, of its own."""
    turns = os.pipe()
    os.write(turns[1], b"." * PARALLEL_MIXES)
    running = [(seed, *_fork(seed, turns)) for seed in seeds]
    trials = []
    for seed, pid, reading in running:
        with open(reading, "rb") as answer:
            content = answer.read()
        os.waitpid(pid, 0)
        trials.append(
            pickle.loads(content) if content else Trial(seed, (), False, False, defect="it died")
        )
    return trials


def _fork(seed: int, turns: tuple[int, int]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        trial = _trial(seed, turns)
    except BaseException:  # noqa: BLE001  it is told to the test
        trial = Trial(seed, (), False, False, defect=traceback.format_exc())
    with open(writing, "wb") as answer:
        answer.write(pickle.dumps(trial))
    os._exit(0)


def _trial(seed: int, turns: tuple[int, int]) -> Trial:
    for _ in range(_ATTEMPTS):
        mix = Mix(seed, has_devices=seed >= FIRST_SEED_WITH_DEVICES)
        mix.make_old()
        delay_s = mix.settings.tw_reuse_delay_ms / 1000
        # Only time makes TIME_WAIT old; the kernel counts it in ticks of some milliseconds.
        time.sleep(delay_s + 0.05)
        os.read(turns[0], 1)
        try:
            start = time.monotonic()
            mix.make_fresh()
            answers = _ask(mix, seed)
            is_in_time = delay_s < 0.1 or time.monotonic() - start < delay_s - 0.05
        finally:
            os.write(turns[1], b".")
        if is_in_time:
            explains = tuple(mix.explains)
            return Trial(seed, explains, mix.settings.is_odd, mix.is_spoilt, answers)
    raise AssertionError("the machine is too slow: what was fresh had grown old")


def _ask(mix: Mix, seed: int) -> tuple[Answer, ...]:
    """Each question with a forecast of its own. The bound ones last: kernels before 6.18 never
    give a port back to connect(2) that was bound once beside a client."""
    dice = random.Random(-seed - 1)
    bound = _BOUND if seed < FIRST_SEED_WITH_DEVICES else (*_BOUND, *DEVICE_KINDS)
    asked = [
        *(_connecting(each) for each in dice.sample(mix.routes, 3)),
        *(_binding(each) for each in dice.sample(bound, 3)),
        *(_udp(each) for each in ("127.0.0.1", "::1")),
    ]
    sampler = Sampler(local_host())
    if mix.settings.tw_reuse_delay_ms == 1:
        time.sleep(0.02)
    answers = []
    for each in asked:
        headroom = each.forecast(sampler.sample())
        assert headroom is not None
        # What `check` reads: less, and it must say the same.
        assert headroom == each.forecast(
            sampler.sample(SocketRequest.WITHOUT_HOLDERS, only_ephemeral=True)
        )
        answers.append(Answer(each.name, headroom, mix.count(each.take)))
    return tuple(answers)


def _connecting(route: Route) -> Question:
    source = route.source or {"127.0.0.2": "127.0.0.1"}.get(route.to[0], route.to[0])
    zone = f"%{route.device}" if route.device else ""
    to, port = route.to
    path = ConnectPath(
        Address.parse(source + zone), Endpoint.of(to + zone if to == LINK_LOCAL else to, port)
    )
    return Question(
        f"connect from {source}{zone} to {route.to}",
        lambda snapshot: connect_headroom(snapshot, path),
        partial(connected_socket, route),
    )


def _binding(address: str) -> Question:
    return Question(
        f"bind {address}",
        lambda snapshot: bind_headroom(snapshot, Address.parse(address)),
        partial(bound_socket, socket.SOCK_STREAM, address, 0),
    )


def _udp(to: str) -> Question:
    wildcard = Address.parse("::" if ":" in to else "0.0.0.0")
    return Question(
        f"UDP to {to}",
        lambda snapshot: udp_headroom(snapshot, wildcard),
        partial(udp_socket, to),
    )
