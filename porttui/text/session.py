"""Messages of the session: status line, toasts and questions. A key that one names is passed in."""

from __future__ import annotations

from porttui.analysis.gauge_history import Announcement
from porttui.model.forecast import Level
from porttui.text.forecast import left_text, title, verdict
from porttui.text.numbers import pluralized

NO_ROW = "There is no row here"
NO_ROW_TO_COPY = "There is no row here to copy"
NO_PROCESS_TO_STOP = "There is no process on this row to stop"
NO_SERVER = "There is no server on this row"
NO_SERVER_TO_OPEN = "There is no TCP server on this row to open"
NO_SERVER_TO_PROBE = "There is no TCP server on this row to connect to"
WHICH_PORT = "Which port? Go to a row, or filter by one port"
AFTER_WHICH_PORT = "Next free port after which? Go to a row, or filter by one port"
NO_SAMPLE_YET = "Nothing is known yet: the first sample is under way"
NO_CLIPBOARD = "No clipboard here"
SELECT_BY_HAND = "Select it with the mouse, in most terminals with Shift held down:"

STOP_WHICH_END = "Stop which end?"
STOP_WHICH_ONE = "Stop which one?"
COPY_WHAT = "Copy what?"
PRESS_ALONE = "That key came with others: press it again to answer."
STOPS_PARENT = "This will stop the parent instead:"

SCANNING = "scanning ..."
LOOKING = "looking ..."
CONNECTING = "connecting ..."
WAITING = "waiting ..."

SEND_IT = "send it"
LEAVE_IT = "leave it"
LEAVE_RUNNING = "leave it running in the background"
END_FORCED = "end it (forced)"
ONLY_ONE = "only one"
HOLDER_INSTEAD = "the holder instead"
STOP_WAITING = "stop waiting"
EXPLAIN_LESS = "less"

_GOALS = {"free": "it is free", "listening": "something listens"}
_STATES = {"free": "free", "listening": "in use", "held": "cannot be bound"}
"""By the state of a port."""

SAMPLE_IS_LATE = "The next sample is late."
NOT_LIVE = "not live"
PAUSED_INFO = "paused"

OUT_OF_FILES = "the session may open no more files and has ended; see ulimit -n"
OUT_OF_MEMORY = "the session had too little memory and has ended"
OUT_OF_THREADS = "the session may start no more threads and has ended; see ulimit -u"


def no_sample(reason: str) -> str:
    """The machine could not be read."""
    return f"No sample: {reason}."


def shown_as_of(time: str) -> str:
    """The rows on the screen are older than they should be."""
    return f"Showing {time}."


def pace(interval_s: float, took_s: float, period_s: float) -> list[str]:
    """How often the machine is sampled, and what a sample takes."""
    live = f"live {interval_s:g} s"
    if period_s > interval_s * 1.05:
        return [live, f"all sockets every {period_s:.1f} s, a sample takes {took_s:.1f} s"]
    return [live, f"{took_s * 1000:.0f} ms a sample"]


def filter_rejected(reason: str) -> str:
    """What is typed is no filter."""
    return f"{reason}; the last valid filter applies"


def filter_keys(clear_key: str) -> str:
    """How the filter line is left."""
    return f"Enter keeps it, {clear_key} clears it"


def paused(resume_key: str) -> str:
    """Updates are paused."""
    return f"PAUSED: {resume_key} resumes"


def copied(text: str, via: str) -> str:
    """The clipboard was read back and holds the text."""
    return f"Copied {text} ({via})"


def sent(text: str, via: str, detail: str) -> str:
    """The text was handed to something that does not confirm it."""
    return f"Sent {text} to {via}; {detail}"


def sent_to_terminal(text: str) -> str:
    """The terminal was asked to copy."""
    return f"Sent {text} to the terminal's clipboard (OSC 52, unconfirmed)"


def select_by_hand(text: str) -> str:
    """Nothing can copy here."""
    return f"No clipboard here; select it: {text}"


def not_copied(reason: str) -> str:
    """Why nothing could copy."""
    return f"Not copied: {reason}."


def opened(url: str) -> str:
    """A browser was started."""
    return f"Sent {url} to the browser"


def not_opened(reason: object, copy_key: str, url: str) -> str:
    """No browser was started; `copy_key` copies the URL."""
    return f"Not opened: {reason}; {copy_key} copies {url}"


def no_next_port(reason: object) -> str:
    """The machine did not answer."""
    return f"No port was found: {reason}"


def no_free_port(after: int) -> str:
    """Every port that was tried is held."""
    return f"No free port was found after {after}"


def more_alarms(number: int, ranges_key: str) -> str:
    """How many more alarms there are; `ranges_key` shows them."""
    return f" (and {number:,} more, key {ranges_key})"


def alarm(announcement: Announcement) -> str:
    """A resource runs low, or no longer does."""
    gauge = announcement.gauge
    if announcement.is_gone:  # it may not have recovered
        return f"Over: {title(gauge)} is no longer among the worst"
    if announcement.has_recovered:
        return f"Recovered: {title(gauge)}: {left_text(gauge)}"
    if gauge.level is Level.EXHAUSTED:
        return verdict(gauge)
    return f"{gauge.level.value.capitalize()}: {verdict(gauge)}"


def cannot_stop(reason: str) -> str:
    """The stop is refused."""
    return f"Not possible: {reason}."


WRONG_NAME = "That is not its name or pid."


def type_to_send(names: str, signal: str) -> str:
    """Much depends on the process: its name has to be typed."""
    return f"Type {names} and Enter to send {signal}: "


def forces(kill_key: str) -> str:
    """SIGTERM was ignored."""
    return f" {kill_key} sends SIGKILL."


def group_title(label: str, size: str) -> str:
    """The process group that is to be stopped."""
    return f"The process group of {label}: {size}"


def diagnosis_failed(reason: str) -> str:
    """The port could not be diagnosed."""
    return f"Not known: {reason}."


def probe_failed(reason: str) -> str:
    """Nothing could be probed."""
    return f"Nothing was tried: {reason}."


def next_ports(ports: str) -> str:
    """Ports that are free on all diagnosed addresses."""
    return f"next free ports on all of these: {ports or 'none found'}"


def not_seen(problem: str) -> str:
    """What the sample lacks."""
    return f"not seen: {problem}"


def wait_until(goal: str) -> str:
    """What can be waited for; `goal`: a state of the port."""
    return f"wait until {_GOALS[goal]}"


def waiting(waited_ms: float, goal: str, state: str) -> str:
    """The port is not yet in the state that is waited for."""
    return f"waiting {_seconds(waited_ms)} until {_GOALS[goal]}: still {_STATES[state]}"


def waited(state: str, waited_ms: float) -> str:
    """The port has come into this state."""
    return f"{_STATES[state]} (after {_seconds(waited_ms)})"


def copy_port(port: int) -> str:
    """Copies the next free port."""
    return f"copy PORT={port}"


def more_processes(number: int) -> str:
    """Processes that are not listed."""
    return f"... {pluralized(number, 'more process', 'more processes')}"


def more_holders(number: int) -> str:
    """Holders that are not listed, after those that are."""
    return f"... {pluralized(number, 'more holder')}"


def holders_before(number: int) -> str:
    """Holders that are not listed, before those that are."""
    return f"... {pluralized(number, 'holder')} before"


def started_others(started: int, others: int) -> str:
    """The master of a prefork server, which started `started` of the other holders."""
    return "started the others" if started == others else f"started {started} of the others"


def connected(clients: int) -> str:
    """The clients of a listener."""
    return f"{pluralized(clients, 'client')} connected" if clients else "no client"


def connect_to(host: str, port: int) -> str:
    """The title of a probe."""
    return f"Connect to {f'[{host}]' if ':' in host else host}:{port}"


def stop_title(holders: str = "") -> str:
    """The question of a stop; "" for hidden holders."""
    return f"Stop {holders}?" if holders else "Stop?"


def stop_parent(label: str) -> str:
    """Stops the parent instead of the holder."""
    return f"stop its parent {label}"


def stop_group(members: int) -> str:
    """Stops the process group instead of the holder."""
    return f"its process group of {members}"


def as_of(time: str) -> str:
    """The sample that details are from."""
    return f"as of {time}"


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.0f} s"
