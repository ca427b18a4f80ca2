"""Lets go of widgets that are closed, which Textual keeps painted for a long time.

Each widget has its painted lines, and a cache of Textual's (StylesCache.get_inner_outer) holds on
to those of the last thousand widgets that there ever were: two megabytes for every ten dialogs
(https://github.com/Textualize/textual/issues/6665).
"""

from __future__ import annotations

from textual._styles_cache import StylesCache

EVERY_S = 60.0
"""What is cached takes microseconds to be made again."""


def let_go() -> None:
    """Keep nothing of them; without that cache, as in another version, there is nothing to do."""
    forget = getattr(StylesCache.get_inner_outer, "cache_clear", None)
    if forget is not None:
        forget()
