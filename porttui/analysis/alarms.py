"""What is said once when something begins to run out, and once when it is over."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.forecast.gauges import Gauge, severity
from porttui.model.forecast import Level
from porttui.record import NamedTuple

_WELL_ABOVE = 1.1
"""It is over when so many times the share of the warning is left: a number that trembles around
a threshold is announced once, and not every second."""

_QUIET = frozenset({Level.OK, Level.UNKNOWN})


class News(NamedTuple):
    """Something to announce."""

    gauge: Gauge
    """As it is now; as it was announced if it is gone."""
    is_over: bool = False
    """It recovered."""
    is_gone: bool = False
    """It is no more among the destinations that press most."""


class Alarms(NamedTuple):
    """What has been announced, by the key of the gauge, and not been taken back."""

    announced: Mapping[Hashable, Gauge] = {}

    def then(self, gauges: Sequence[Gauge], warn: float) -> tuple[Alarms, tuple[News, ...]]:
        """After another forecast, of which the gauges are the worst first.

        `warn`: percent of the capacity that is the first threshold.
        """
        news: list[News] = []
        announced: dict[Hashable, Gauge] = {}
        there = {gauge.key: gauge for gauge in gauges}
        for key, gauge in there.items():
            known = self.announced.get(key)
            worst_known = severity(known.level) if known else 0
            if gauge.level not in _QUIET and severity(gauge.level) > worst_known:
                announced[key] = gauge
                news.append(News(gauge))
            elif known is not None:
                if _is_over(gauge, warn):
                    news.append(News(gauge, is_over=True))
                else:
                    announced[key] = known
        gone = [known for key, known in self.announced.items() if key not in there]
        news += [News(known, is_over=True, is_gone=True) for known in gone]
        return Alarms(announced), tuple(news)


def _is_over(gauge: Gauge, warn: float) -> bool:
    return gauge.level is Level.OK and 100 * gauge.left >= _WELL_ABOVE * warn * gauge.capacity
