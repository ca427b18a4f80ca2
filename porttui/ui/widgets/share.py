"""When the share of a range that is in use is a danger."""

from __future__ import annotations

from porttui.analysis.usage import RangeUsage
from porttui.model.port_range import RangeName
from porttui.ui.widgets.columns import Tone

WARN_SHARE = 0.80
CRITICAL_SHARE = 0.95
"""Of the ephemeral range: less than 20 %, less than 5 % is left."""


def share_tone(usage: RangeUsage) -> Tone:
    """Only running out of ephemeral ports is a danger: nothing is drawn from the other ranges."""
    if usage.key is not RangeName.EPHEMERAL:
        return Tone.PLAIN
    if usage.share > CRITICAL_SHARE:
        return Tone.ERROR
    return Tone.WARNING if usage.share > WARN_SHARE else Tone.OK
