"""Styles in the theme's colours, made when they are first painted.

With a component class for each of them Textual would match its rules against every one, for each
widget, at the start and whenever the focus moves: a fifth of a millisecond each time.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.widget import Widget

_AUTO = "auto"
"""As a colour: black or white, whichever is seen better."""


class Look(NamedTuple):
    """How a part of a widget looks, in the words of its style sheets; "" is the widget's own."""

    color: str = ""
    """A variable of the theme, with an opacity perhaps: "primary 30%"."""
    background: str = ""
    text_style: str = ""


class ThemeStyles(dict[Look, Style]):
    """The styles of a widget's parts; to be cleared when the widget's own style has changed."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget
        self._own: tuple[Color, RichColor | None] | None = None
        """The widget's background and colour, which Textual finds anew each time."""

    def clear(self) -> None:
        """Forget how everything looked."""
        super().clear()
        self._own = None

    def __missing__(self, look: Look) -> Style:
        if self._own is None:
            self._own = self._widget.background_colors[1], self._widget.rich_style.color
        own, color = self._own
        background = theme_color(self._widget, look.background, own) if look.background else own
        if look.color:
            color = theme_color(self._widget, look.color, background).rich_color
        style = Style(color=color, bgcolor=background.rich_color)
        if color == background.rich_color and not color.is_default:
            # Themes of the terminal's own colours have no shades of one: text on it is not seen.
            style = Style(color=color, bgcolor=own.rich_color, reverse=True)
        self[look] = style = style + Style.parse(look.text_style)
        return style


class ThemedWidget(Widget, inherit_css=False):
    """A widget that paints its parts in the theme's colours.

    It has none of what Textual's style sheet is about, scroll bars and links: to read and match
    those rules for all of them is a hundredth of the first frame.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looks = ThemeStyles(self)

    def notify_style_update(self) -> None:
        self._looks.clear()
        super().notify_style_update()


def theme_color(widget: Widget, words: str, background: Color) -> Color:
    """What a variable of the theme, perhaps with an opacity, looks like on a background."""
    variable, _, opacity = words.partition(" ")
    name, _, its_opacity = widget.app.theme_variables[variable].partition(" ")
    color = background.get_contrast_text(1.0) if name == _AUTO else Color.parse(name)
    if color.ansi is None:
        color = color.multiply_alpha(_share(opacity) * _share(its_opacity))
    return background + color


def _share(percent: str) -> float:
    return float(percent.rstrip("%")) / 100 if percent else 1.0
