"""Streets as graphs, timetables, and travel times along them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from access.network.build import build_network
    from access.network.bus import bus_matrix
    from access.network.matrix import Status, TravelMatrix
    from access.network.network import Network
    from access.network.profiles import Profile
    from access.network.routing import travel_matrix
    from access.network.timetable import Timetable, read_timetable
    from access.network.windowed import WindowedTravel

__all__ = [
    "Network",
    "Profile",
    "Status",
    "Timetable",
    "TravelMatrix",
    "WindowedTravel",
    "build_network",
    "bus_matrix",
    "read_timetable",
    "travel_matrix",
]
_HOME_OF = {
    "Network": "access.network.network",
    "Profile": "access.network.profiles",
    "Status": "access.network.matrix",
    "Timetable": "access.network.timetable",
    "TravelMatrix": "access.network.matrix",
    "WindowedTravel": "access.network.windowed",
    "build_network": "access.network.build",
    "bus_matrix": "access.network.bus",
    "read_timetable": "access.network.timetable",
    "travel_matrix": "access.network.routing",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: few streets need no reader of street maps."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'access.network' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
