"""Stop processes: recheck, signal, await the exit, verify the port."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from porttui.analysis.stop_targets import colliding_sockets, still_holds
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.contract import (
    Host,
    ProcessChangedError,
    ProcessGoneError,
    ProcessHandle,
    SignalDeniedError,
)
from porttui.host.request import HostError, SocketRequest
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.stop import (
    SentSignal,
    StopOutcome,
    StopResult,
    StopSignal,
    StopTarget,
)
from porttui.record import NamedTuple
from porttui.sampling.sources import SampleError, SnapshotSource
from porttui.stopping.guards import Guard, refusal, target_refusal
from porttui.stopping.verdict import NEWCOMER_OUTCOMES, Verdict, classify_holders, judge
from porttui.text import stop as text

GRACE_S = {StopSignal.TERM: 3.0, StopSignal.KILL: 2.0}
"""How long a process has to exit before it is said to be still running."""

PORT_GRACE_S = 1.0
"""How long siblings of an exited process have to let go of the port, too."""

RESPAWN_WATCH_S = 2.0
"""How long the free port is watched for a restart: a supervisor takes some time."""

_POLL_INTERVAL_S = 0.05

StepCallback = Callable[[str], object]
"""Called with one line for each step, as it happens, from the thread that runs the stop."""


class _StopEnded(Exception):  # noqa: N818  it carries a result, not an error
    """The stop is over early."""

    def __init__(self, outcome: StopOutcome, reason: str = "") -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Stopper:
    """Stops processes of one host."""

    def __init__(
        self,
        host: Host,
        sampler: SnapshotSource,
        *,
        watch_s: float = RESPAWN_WATCH_S,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`watch_s`: how long a freed port is watched for somebody who takes it again."""
        self._host = host
        self._sampler = sampler
        self._watch_s = watch_s
        self._clock = clock

    @property
    def supports_sigterm(self) -> bool:
        """False where SIGTERM ends a process without asking it (Windows)."""
        return self._host.control.supports_sigterm

    def refusal(self, target: StopTarget, process: Process | None = None) -> str | None:
        """Why `target`, or its holder `process`, will not be signalled; None when it may be."""
        if process is None:
            return target_refusal(target, self._host)
        return refusal(process, self._host)

    def guard(self, target: StopTarget) -> Guard:
        """What is to be known of the processes of `target` before one is chosen."""
        return Guard(target, self._host)

    def stop(
        self,
        target: StopTarget,
        chosen: Sequence[Process],
        signal: StopSignal,
        on_step: StepCallback = lambda _: None,
        *,
        grace_s: float | None = None,
        guard: Guard | None = None,
    ) -> StopResult:
        """Signal the `chosen` holders of `target` and find out what came of it.

        Blocks for as long as the graces last; run it off the user interface's thread. Never
        signals anything but the chosen processes, and none of them unless all are still the
        same, and the holders among them still have a socket on the target's address.

        Args:
            target: What was asked to be stopped, as it was then.
            chosen: Those of its holders that are to be signalled, their supervisor, or the
                members of a process group.
            signal: TERM or KILL.
            on_step: Called with one line for each step.
            grace_s: How long they have to exit; by default GRACE_S.
            guard: What was known of them when they were chosen.
        """
        grace_s = GRACE_S[signal] if grace_s is None else grace_s
        guard = guard or self.guard(target)
        plan = _StopPlan(target, tuple(chosen), signal, grace_s, self._watch_s, guard)
        attempt = _StopAttempt(self._host, self._sampler, plan, on_step, self._clock)
        try:
            return attempt.run()
        finally:
            attempt.release()


class _StopPlan(NamedTuple):
    """What one stop is to do."""

    target: StopTarget
    chosen: tuple[Process, ...]
    signal: StopSignal
    grace_s: float
    watch_s: float
    guard: Guard


class _StopAttempt:
    """One stop from the first check to the verdict."""

    def __init__(
        self,
        host: Host,
        sampler: SnapshotSource,
        plan: _StopPlan,
        on_step: StepCallback,
        clock: Clock,
    ) -> None:
        self._host = host
        self._sampler = sampler
        self._target, self._chosen, self._signal, self._grace_s, self._watch_s, guard = plan
        self._guard = guard
        self._on_step = on_step
        self._clock = clock
        self._handles: dict[Process, ProcessHandle] = {}
        self._sent: list[SentSignal] = []
        self._back_after_ms: float | None = None
        self._start, self._started_at = self._clock.monotonic(), self._clock.time()
        self._sent_at = self._start

    def run(self) -> StopResult:
        try:
            self._check_refusals()
            self._open_handles()
            self._recheck()
            self._send()
            self._await_exit()
        except _StopEnded as ended:
            if ended.outcome is StopOutcome.ALREADY_GONE:
                return self._result(self._poll_port()._replace(outcome=ended.outcome))
            return self._result(Verdict(ended.outcome, reason=ended.reason))
        waited_ms = (self._clock.monotonic() - self._sent_at) * 1000
        return self._result(self._verify_port())._replace(
            waited_ms=waited_ms, taken_after_ms=self._back_after_ms
        )

    def release(self) -> None:
        for handle in self._handles.values():
            handle.close()

    def _check_refusals(self) -> None:
        reasons = [target_refusal(self._target, self._host)]
        reasons += [refusal(process, self._host) for process in self._chosen]
        for reason in filter(None, reasons):
            raise _StopEnded(StopOutcome.REFUSED, reason)

    def _open_handles(self) -> None:
        for process in self._chosen:
            try:
                self._handles[process] = self._host.control.open(process.identity)
            except ProcessGoneError:
                continue
            except ProcessChangedError as error:
                raise _StopEnded(StopOutcome.CHANGED, str(error)) from error
            except SignalDeniedError as error:
                raise _StopEnded(StopOutcome.DENIED, str(error)) from error
            except HostError as error:
                raise _StopEnded(StopOutcome.REFUSED, str(error)) from error
        if not self._handles:
            raise _StopEnded(StopOutcome.ALREADY_GONE)

    def _recheck(self) -> None:
        """The hold keeps the pid from becoming another's; the socket may have moved on, and the
        process run another program."""
        try:
            snapshot = self._sample()
        except SampleError as error:
            raise _StopEnded(StopOutcome.REFUSED, text.unreadable(error)) from error
        for process, handle in list(self._handles.items()):
            if handle.has_exited():
                self._handles.pop(process).close()
            elif process in self._target.holders and not still_holds(
                snapshot, self._target, process.identity
            ):
                raise _StopEnded(
                    StopOutcome.CHANGED, text.no_longer_holds(process, self._target.endpoint)
                )
            elif self._guard.has_changed(process):
                raise _StopEnded(StopOutcome.CHANGED, text.runs_another_program(process))
        if not self._handles:
            raise _StopEnded(StopOutcome.ALREADY_GONE)

    def _send(self) -> None:
        self._sent_at = self._clock.monotonic()
        for process, handle in self._handles.items():
            try:
                handle.send(self._signal)
            except ProcessGoneError:
                continue
            except SignalDeniedError as error:
                raise _StopEnded(StopOutcome.DENIED, str(error)) from error
            self._sent.append(SentSignal(process.pid, self._signal))
            self._step(text.signal_sent(process, self._signal))
            self._resume(process, handle)
        if not self._sent:
            raise _StopEnded(StopOutcome.ALREADY_GONE)

    def _resume(self, process: Process, handle: ProcessHandle) -> None:
        try:
            if handle.resume():
                self._sent.append(SentSignal(process.pid, StopSignal.CONT))
                self._step(text.resumed(process, self._signal))
        except (ProcessGoneError, SignalDeniedError):
            pass  # it has exited, or will be seen to be still running

    def _await_exit(self) -> None:
        deadline = self._clock.monotonic() + self._grace_s
        for process, handle in self._handles.items():
            if handle.has_exited(timeout_s=max(0.0, deadline - self._clock.monotonic())):
                self._step(text.exited(process))
        if self._survivors():
            is_kill = self._signal is StopSignal.KILL
            raise _StopEnded(StopOutcome.UNKILLABLE if is_kill else StopOutcome.IGNORED_TERM)

    def _verify_port(self) -> Verdict:
        """Look at the port, and if it is free watch for a while whether it stays so."""
        exited_at = self._clock.monotonic()
        verdict = self._poll_port()
        if verdict.is_free and self._target.is_listener and self._watch_s > 0:
            self._step(text.watching(self._target.endpoint.port, self._watch_s))
            verdict = self._watch_free_port(self._clock.monotonic() + self._watch_s)
        verdict = classify_holders(verdict, self._target, self._chosen, self._started_at)
        if verdict.outcome in NEWCOMER_OUTCOMES:
            self._back_after_ms = (self._clock.monotonic() - exited_at) * 1000
        return verdict

    def _watch_free_port(self, until: float) -> Verdict:
        while self._clock.monotonic() < until:
            self._clock.sleep(_POLL_INTERVAL_S)
            try:
                listeners = self._sample(SocketRequest.LISTENING_REFRESH)
            except SampleError as error:
                reason = text.unreadable_after_free(error)
                return Verdict(StopOutcome.EXITED_BUT_UNVERIFIED, reason=reason)
            if any(socket.is_listening for socket in colliding_sockets(listeners, self._target)):
                break
        # The whole truth once more: a bound socket or a connection may hold it now.
        return self._judge_port()

    def _poll_port(self) -> Verdict:
        """Look until the port is free, or the siblings' grace is over."""
        deadline = self._clock.monotonic() + PORT_GRACE_S
        while True:
            verdict = self._judge_port()
            if verdict.is_final or self._clock.monotonic() >= deadline:
                return verdict
            self._clock.sleep(_POLL_INTERVAL_S)

    def _judge_port(self) -> Verdict:
        try:
            snapshot = self._sample()
        except SampleError as error:
            return Verdict(StopOutcome.EXITED_BUT_UNVERIFIED, reason=text.unreadable(error))
        answer = self._host.can_bind(self._target.protocol, self._target.endpoint)
        return judge(self._target, snapshot, answer)

    def _sample(self, request: SocketRequest = SocketRequest.ALL) -> Snapshot:
        """Ask twice: a sampling process that does not answer has been replaced by then."""
        try:
            return self._sampler.sample(request)
        except SampleError:
            return self._sampler.sample(request)

    def _survivors(self) -> tuple[Process, ...]:
        return tuple(
            process for process, handle in self._handles.items() if not handle.has_exited()
        )

    def _result(self, verdict: Verdict) -> StopResult:
        return StopResult(
            target=self._target,
            chosen=self._chosen,
            signal=self._signal,
            outcome=verdict.outcome,
            sent=tuple(self._sent),
            waited_ms=(self._clock.monotonic() - self._sent_at) * 1000,
            survivors=self._survivors() if self._sent else (),
            held_by=verdict.held_by,
            can_bind=verdict.can_bind,
            elsewhere=verdict.elsewhere,
            reason=verdict.reason,
        )

    def _step(self, event: str) -> None:
        self._on_step(text.step(self._clock.monotonic() - self._start, event))
