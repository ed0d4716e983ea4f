"""Streets as graphs, and travel times along them."""

from access.network.build import build_network
from access.network.graph import Network
from access.network.matrix import Status, TravelMatrix
from access.network.profile import Profile
from access.network.travel import travel_matrix

__all__ = ["Network", "Profile", "Status", "TravelMatrix", "build_network", "travel_matrix"]
