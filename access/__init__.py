"""Facility access for council planners: what closing a centre does to families' travel."""

from importlib import import_module
from typing import Any

_HOMES = {
    "access.errors": ("AccessError",),
    "access.network": (
        "Network",
        "Profile",
        "TravelMatrix",
        "build_network",
        "bus_matrix",
        "read_timetable",
        "travel_matrix",
    ),
    "access.notebook": ("Answers", "answer"),
    "access.scenario": ("Scenario", "compare", "rank_closures"),
    "access.siting": (
        "Solution",
        "capacitated_p_median",
        "max_cover",
        "p_centre",
        "p_median",
        "set_cover",
        "site",
        "verify",
    ),
    "access.study": ("Study", "load_study"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(["__version__", *_HOME_OF])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import access` stays quick."""
    if name == "__version__":
        return import_module("importlib.metadata").version("family-access")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'access' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
