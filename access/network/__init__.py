"""Streets as graphs, and travel times along them."""
