"""Clears a cache of Textual's that keeps closed widgets alive.

`StylesCache.get_inner_outer` caches the rendered lines of the last thousand widgets: two megabytes
for ten dialogs
(https://github.com/Textualize/textual/issues/6665).
"""

from __future__ import annotations

from textual._styles_cache import StylesCache

CLEAR_INTERVAL_S = 60.0
"""Filling the cache again takes microseconds."""


def clear() -> None:
    """Clear the cache, if this version of Textual has it."""
    clear_cache = getattr(StylesCache.get_inner_outer, "cache_clear", None)
    if clear_cache is not None:
        clear_cache()
