"""A process of its own that samples: sixty thousand sockets never hold up a key."""

from __future__ import annotations

import pickle
import threading
import time

from porttui.host.asking import HostError, SourceName, Want
from porttui.host.child_process import ChildEndedError, ChildHangsError, ChildProcess
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.errors import SampleError, SamplerDefectError

if TYPE_CHECKING:
    # At run time it comes out of the first frame, while Textual is being imported.
    from collections.abc import Mapping
    from concurrent.futures import ThreadPoolExecutor

    from porttui.analysis.board import Board
    from porttui.model.snapshot import Snapshot

PICKLE_PROTOCOL = 5
"""The newest that all Pythons from 3.11 on know: both processes are of the same."""

BOARD_REQUESTS = {Want.ALL: b"a", Want.LISTENING: b"l"}
SNAPSHOT_REQUESTS = {
    Want.ALL: b"A",
    Want.LISTENING: b"L",
    Want.LISTENING_AGAIN: b"G",
    Want.PORTS: b"P",
}
"""These change no board."""


_FIRST = 3
ANSWER_S = 5.0
"""How long the child may take, at least, before it is taken to hang and is replaced; _FIRST times
as long where it has to start, and to look at everything for the first time."""
_SLOWEST = 10
"""Times the longest answer so far, though no longer than the first may take: a machine under load
is no child that hangs."""


class Frame(NamedTuple):
    """What the child answers with: one of the five."""

    board: Board | None = None
    """The first one."""
    changed: Mapping[str, object] | None = None
    """The fields of the board that are others than in the last one: most looks are at listeners
    alone, and tens of thousands of connections would go through the pipe again."""
    snapshot: Snapshot | None = None
    """If that was asked for."""
    failure: str = ""
    """The machine could not be read."""
    defect: str = ""
    """The traceback of a defect."""
    cpu_s: float = 0.0
    """What the child has spent in its life, with its own children."""


class SamplingProcess:
    """Gives boards, and snapshots to whoever asks for more: to look here, too, would be to remember
    tens of thousands of sockets and their holders twice, and hold up keys meanwhile.

    It is started at once and asked for the first board, before anybody waits for it.
    """

    def __init__(self, source: SourceName, *, answer_s: float = ANSWER_S) -> None:
        """Sample `source` in a new process.

        Args:
            source: Where sockets are read.
            answer_s: See ANSWER_S.

        Raises:
            HostError: it cannot be started.
        """
        self._source = source
        self._answer_s = answer_s
        self._may_take_s = _FIRST * max(answer_s, ANSWER_S)
        self._starter: ThreadPoolExecutor | None = None
        """The thread that starts other children: each lives as long as the thread that started
        it, and whoever asks may be a thread that soon ends."""
        self._one_at_a_time = threading.Lock()
        self._is_closed = False
        self._is_asked = False
        """For the first board, which nobody has taken yet."""
        self._first: Frame | None = None
        """That, where a snapshot was asked for before it was taken."""
        self._cpu_s = 0.0
        self._childs_cpu_s = 0.0
        self._board: Board | None = None
        """The child's last one: its answers tell what has changed since."""
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Of the child that samples now."""
        return self._child.pid

    def next(self, want: Want = Want.ALL) -> Board:
        """See `BoardSource.next`. A child that has died is replaced for the next time."""
        with self._one_at_a_time:
            frame, self._first = self._first, None
            if frame is None:
                frame = self._answer(None if self._is_asked else BOARD_REQUESTS[want])
            _raise_failure(frame)
            if frame.board is not None:
                self._board = frame.board
            assert self._board is not None, "it tells all before it tells what has changed"
            if frame.changed is not None:
                self._board = self._board._replace(**frame.changed)  # type: ignore[arg-type]
            return self._board

    def sample(self, want: Want = Want.ALL) -> Snapshot:
        """See `SnapshotSource.sample`. What it costs is no board's."""
        with self._one_at_a_time:
            if self._is_asked:
                self._first = self._answer(None)
            frame = self._answer(SNAPSHOT_REQUESTS[want], is_boards=False)
            _raise_failure(frame)
            assert frame.snapshot is not None
            return frame.snapshot

    @property
    def cpu_s(self) -> float:
        """See `BoardSource.cpu_s`."""
        return self._cpu_s

    def has_answer(self) -> bool:
        """See `BoardSource.has_answer`."""
        return self._first is not None or (self._is_asked and self._child.has_answered())

    def close(self) -> None:
        """See `BoardSource.close`. Whoever waits for an answer is told that there will be none."""
        self._is_closed = True
        self._child.close()

    def _answer(self, request: bytes | None, *, is_boards: bool = True) -> Frame:
        """To a request, or to what was asked at the start; `is_boards`: its cost is a board's."""
        try:
            if request is not None:
                self._child.send(request)
            self._is_asked = False
            asked_at = time.monotonic()
            # From porttui's own child, over a pipe that nobody else has.
            answer, begun_s = self._child.receive(self._may_take_s), time.thread_time()
        except (ChildEndedError, ChildHangsError) as error:
            self._replace()
            raise SampleError(f"{error}; a new one has been started") from error
        slowest_s = _SLOWEST * (time.monotonic() - asked_at)
        slowest_s = min(slowest_s, _FIRST * max(self._answer_s, ANSWER_S))
        self._may_take_s = max(self._answer_s, self._may_take_s * 0.9, slowest_s)
        frame: Frame = pickle.loads(answer)
        spent_s = time.thread_time() - begun_s + max(0.0, frame.cpu_s - self._childs_cpu_s)
        self._childs_cpu_s = frame.cpu_s
        if is_boards:
            self._cpu_s += spent_s
        return frame

    def _start(self) -> ChildProcess:
        self._childs_cpu_s = 0.0
        self._board = self._first = None
        child = ChildProcess("porttui.sampling.child", [self._source.value])
        child.send(BOARD_REQUESTS[Want.ALL])
        self._is_asked = True
        return child

    def _replace(self) -> None:
        if self._is_closed:
            raise SampleError("the session is at its end")
        self._child.close()
        if self._starter is None:
            from concurrent.futures import ThreadPoolExecutor

            self._starter = ThreadPoolExecutor(1)
        self._may_take_s = max(self._may_take_s, _FIRST * self._answer_s)
        try:
            self._child = self._starter.submit(self._start).result()
        except (HostError, RuntimeError) as error:  # the latter: no thread can be started
            raise SampleError(str(error)) from error


def _raise_failure(frame: Frame) -> None:
    if frame.defect:
        raise SamplerDefectError(frame.defect)
    if frame.failure:
        raise SampleError(frame.failure)
