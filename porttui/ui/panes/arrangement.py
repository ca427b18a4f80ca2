"""Where each pane is on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.widget import Widget

from porttui.ui.panes.pane import Pane


class PanesBetweenLines(VerticalLayout):
    """Lines above and below, and in the room between them one pane, or one above all others.

    A container for the panes, and another for those below, would be a hundredth of the first frame
    each, and a step of every layout.
    """

    def __init__(self, tell_room: Callable[[Size], object]) -> None:
        """`tell_room`: is told with each layout what room there is for panes."""
        super().__init__()
        self._tell_room = tell_room

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        """From top to bottom, in the order of the document."""
        panes = [child for child in children if isinstance(child, Pane)]
        if not panes:
            return super().arrange(parent, children, size, greedy)  # a layer without any: tooltips
        parent.pre_layout(self)
        room = Size(size.width, max(0, size.height - (len(children) - len(panes))))
        self._tell_room(room)
        shares = dict(zip(panes, _shares(room, len(panes)), strict=True))
        placements: list[WidgetPlacement] = []
        y = 0
        for child in children:
            if child in shares:
                placements.append(_placed(child, shares[child].translate((0, y))))
                y += room.height if child is panes[-1] else 0
            else:
                placements.append(_placed(child, Region(0, y, size.width, 1)))
                y += 1
        return placements


def _shares(room: Size, panes: int) -> Sequence[Region]:
    """The first above, all others side by side below it."""
    if panes == 1:
        return [room.region]
    above = (room.height + 1) // 2
    others = panes - 1
    edges = [room.width * at // others for at in range(others + 1)]
    return [
        Region(0, 0, room.width, above),
        *(
            Region(left, above, right - left, room.height - above)
            for left, right in pairwise(edges)
        ),
    ]


def _placed(widget: Widget, region: Region) -> WidgetPlacement:
    return WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, widget)
