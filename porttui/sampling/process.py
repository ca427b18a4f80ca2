"""Runs the sampling child and reads its replies."""

from __future__ import annotations

import pickle
import threading
import time

from porttui.host.child_process import ChildEndedError, ChildProcess, ChildTimeoutError
from porttui.host.request import HostError, SocketRequest, SourceName
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sources import SampleError, SamplerDefectError

if TYPE_CHECKING:
    # At run time it comes out of the first reply, while Textual is being imported.
    from collections.abc import Mapping
    from concurrent.futures import ThreadPoolExecutor

    from porttui.analysis.dashboard import Dashboard
    from porttui.model.snapshot import Snapshot

PICKLE_PROTOCOL = 5
"""The newest that all Pythons from 3.11 on know: both processes are of the same."""

DASHBOARD_REQUESTS = {SocketRequest.ALL: b"a", SocketRequest.LISTENING: b"l"}
SNAPSHOT_REQUESTS = {
    SocketRequest.ALL: b"A",
    SocketRequest.LISTENING: b"L",
    SocketRequest.LISTENING_REFRESH: b"G",
    SocketRequest.WITHOUT_HOLDERS: b"P",
}
"""These change no dashboard."""


_FIRST_FACTOR = 3
ANSWER_TIMEOUT_S = 5.0
"""How long the child may take, at least, before it is replaced; _FIRST_FACTOR times
as long for its first answer."""
_SLOWEST_FACTOR = 10
"""Times the longest answer so far, though no longer than the first may take: a machine under load
is no child that hangs."""


class SamplingReply(NamedTuple):
    """What the child answers with: one of the five."""

    dashboard: Dashboard | None = None
    """The first one."""
    changed: Mapping[str, object] | None = None
    """`Dashboard.changes_since` the last one. Most samples are of listeners alone, and tens of
    thousands of connections would go through the pipe again."""
    snapshot: Snapshot | None = None
    """If that was asked for."""
    failure: str = ""
    """The machine could not be read."""
    defect: str = ""
    """The traceback of a defect."""
    cpu_s: float = 0.0
    """What the child has spent in its life, with its own children."""


class SamplingProcess:
    """Gives dashboards and snapshots: sampling here, too, would hold tens of thousands of sockets
    twice, and delay keys.

    It is started at once and asked for the first dashboard, before anybody waits for it.
    """

    def __init__(self, source: SourceName, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Sample `source` in a new process.

        Args:
            source: Where sockets are read.
            answer_timeout_s: See ANSWER_TIMEOUT_S.

        Raises:
            HostError: it cannot be started.
        """
        self._source = source
        self._answer_timeout_s = answer_timeout_s
        self._timeout_s = _FIRST_FACTOR * max(answer_timeout_s, ANSWER_TIMEOUT_S)
        self._starter: ThreadPoolExecutor | None = None
        """The thread that starts other children: each lives as long as the thread that started
        it, and a caller's thread may end soon."""
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_first_pending = False
        """Whether the first dashboard was requested and not received yet."""
        self._first_reply: SamplingReply | None = None
        """That, where a snapshot was asked for before it was taken."""
        self._cpu_s = 0.0
        self._child_cpu_s = 0.0
        self._dashboard: Dashboard | None = None
        """The child's last one; its answers are the changes since. A new child starts with a
        whole one, of higher generations."""
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Of the child that samples now."""
        return self._child.pid

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        """The next dashboard. A child that has died is replaced before the following call."""
        with self._lock:
            reply, self._first_reply = self._first_reply, None
            if reply is None:
                reply = self._answer(
                    None if self._is_first_pending else DASHBOARD_REQUESTS[request]
                )
            _raise_failure(reply)
            if reply.dashboard is not None:
                self._dashboard = reply.dashboard
            assert self._dashboard is not None, "the first reply is a whole dashboard"
            if reply.changed is not None:
                self._dashboard = self._dashboard._replace(**reply.changed)  # type: ignore[arg-type]
            return self._dashboard

    def sample(self, request: SocketRequest = SocketRequest.ALL) -> Snapshot:
        """A snapshot; its cost is not counted in `cpu_s`."""
        with self._lock:
            if self._is_first_pending:
                self._first_reply = self._answer(None)
            reply = self._answer(SNAPSHOT_REQUESTS[request], is_dashboard=False)
            _raise_failure(reply)
            assert reply.snapshot is not None
            return reply.snapshot

    @property
    def cpu_s(self) -> float:
        return self._cpu_s

    def is_ready(self) -> bool:
        return self._first_reply is not None or (
            self._is_first_pending and self._child.has_answered()
        )

    def close(self) -> None:
        """Close the source; a pending `next` raises SampleError."""
        self._is_closed = True
        self._child.close()

    def _answer(self, request: bytes | None, *, is_dashboard: bool = True) -> SamplingReply:
        """Answer a request, or the first one; `is_dashboard`: count its cost."""
        try:
            if request is not None:
                self._child.send(request)
            self._is_first_pending = False
            requested_at = time.monotonic()
            # From porttui's own child, over a pipe of these two alone.
            answer, cpu_started_s = self._child.receive(self._timeout_s), time.thread_time()
        except (ChildEndedError, ChildTimeoutError) as error:
            self._replace_child()
            raise SampleError(f"{error}; it has been restarted") from error
        slowest_s = _SLOWEST_FACTOR * (time.monotonic() - requested_at)
        slowest_s = min(slowest_s, _FIRST_FACTOR * max(self._answer_timeout_s, ANSWER_TIMEOUT_S))
        self._timeout_s = max(self._answer_timeout_s, self._timeout_s * 0.9, slowest_s)
        reply: SamplingReply = pickle.loads(answer)
        spent_s = time.thread_time() - cpu_started_s + max(0.0, reply.cpu_s - self._child_cpu_s)
        self._child_cpu_s = reply.cpu_s
        if is_dashboard:
            self._cpu_s += spent_s
        return reply

    def _start(self) -> ChildProcess:
        self._child_cpu_s = 0.0
        self._dashboard = self._first_reply = None
        child = ChildProcess("porttui.sampling.child", [self._source.value])
        child.send(DASHBOARD_REQUESTS[SocketRequest.ALL])
        self._is_first_pending = True
        return child

    def _replace_child(self) -> None:
        if self._is_closed:
            raise SampleError("the session is closing")
        self._child.close()
        if self._starter is None:
            from concurrent.futures import ThreadPoolExecutor

            self._starter = ThreadPoolExecutor(1)
        self._timeout_s = max(self._timeout_s, _FIRST_FACTOR * self._answer_timeout_s)
        try:
            self._child = self._starter.submit(self._start).result()
        except (HostError, RuntimeError) as error:  # the latter: no thread can be started
            raise SampleError(str(error)) from error


def _raise_failure(reply: SamplingReply) -> None:
    if reply.defect:
        raise SamplerDefectError(reply.defect)
    if reply.failure:
        raise SampleError(reply.failure)
