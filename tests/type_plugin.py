"""For mypy: look for garbage seldom. A fifth of its time was that, and there is little to find."""

from __future__ import annotations

import gc

from mypy.plugin import Plugin

#: So many new objects before the young are looked at, and so seldom the old: 70 MB more are held.
GARBAGE_AFTER = (1_000_000, 1000, 1000)


def plugin(version: str) -> type[Plugin]:
    """Give a plugin that changes no type: mypy calls this once it has set its own limits."""
    gc.set_threshold(*GARBAGE_AFTER)
    return Plugin
