"""What dialogs act on the machine with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.clipboard import SystemClipboard
from porttui.host.contract import Host
from porttui.host.programs import open_url
from porttui.sampling.sources import SnapshotSource
from porttui.stopping.stopper import Stopper


class Services(NamedTuple):
    """Each may take time, or hang: a dialog calls them in a thread."""

    host: Host
    sampler: SnapshotSource
    stopper: Stopper
    clipboard: SystemClipboard
    open_url: Callable[[str], None] = open_url
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""

    @property
    def diagnoser(self) -> Diagnoser:
        """Diagnoses ports of this host."""
        return Diagnoser(self.host, self.sampler)
