"""Streets as graphs, and travel times along them."""

from access.network.build import build_network
from access.network.matrix import Status, TravelMatrix
from access.network.network import Network
from access.network.profiles import Profile
from access.network.routing import travel_matrix

__all__ = ["Network", "Profile", "Status", "TravelMatrix", "build_network", "travel_matrix"]
