"""The settings of a session: one value, from the command line to the application."""

from __future__ import annotations

from porttui.host.request import SourceName
from porttui.model.address import PortQuery
from porttui.record import NamedTuple

DEFAULT_INTERVAL_S = 1.0


class Settings(NamedTuple):
    """What a session begins with."""

    source: SourceName = SourceName.AUTO
    interval_s: float = DEFAULT_INTERVAL_S
    """From one sample to the next."""
    filter: str = ""
    """As it is typed, and without an error; empty for every row."""
    port_query: PortQuery | None = None
    """The port to diagnose at once."""
