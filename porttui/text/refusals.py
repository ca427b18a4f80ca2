"""Why a process is not signalled, or only when a person names it."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.process import Process

FOREIGN_PIDS = (
    "/proc shows another PID namespace or none, so its pids mean other processes here. "
    "Run porttui where /proc was mounted"
)
ITSELF = "this is porttui itself"


def system_process(pid: int) -> str:
    """Of the idle task, init and kthreadd."""
    return f"pid {pid} is the system itself: stopping it could stop the machine"


def kernel_thread(process: Process) -> str:
    """The kernel ignores signals to it."""
    return f"{process.label} is a kernel thread: signals do not end it"


def other_users_process(process: Process) -> str:
    """Another user's, without root."""
    owner = process.user or "another user"
    return f"{process.label} belongs to {owner}, not to you. As root: sudo kill -TERM {process.pid}"


def not_the_callers(process: Process) -> str:
    """Another user's than the person's who called sudo."""
    owner = f"user {process.user}" if process.user else "another user"
    return f"{process.label} belongs to {owner}, not to you"


def ancestor_of_porttui(process: Process) -> str:
    """An ancestor."""
    return f"porttui runs inside {process.label}: stopping it may end this session"


def wider_role(process: Process, role: str) -> str:
    """`role`: what else depends on it, as a clause."""
    return f"{process.label} does more than serve this port: {role}"


def received_socket(process: Process, users: Sequence[str]) -> str:
    """`users`: in whose name the socket was opened, where that is known."""
    whose = f"user {' and '.join(users)} opened it" if users else "who opened it is unknown"
    return f"{process.label} may have received this socket from another process: {whose}"


def unknown_opener(sharing: int) -> str:
    """`sharing`: the number of processes that have the socket."""
    return f"any of the {sharing} processes that share this socket may have opened it"


def no_visible_process(hidden_user: str | None, *, is_elevated: bool) -> str:
    """Of a port that no process in sight holds."""
    owner = f" (the socket belongs to {hidden_user})" if hidden_user else ""
    if is_elevated:
        return (
            f"no visible process holds it{owner}: the kernel may, "
            "or a process in another PID namespace (a container), or one that ends too quickly"
        )
    return f"its process is hidden from you{owner}: run porttui with sudo to see and stop it"
