"""Streets as graphs, timetables, and travel times along them."""

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
