"""On real streets the matrix says what networkx says, from corner to corner."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import access
from access.network.data import BOTH
from access.network.network import Network
from tests.property.test_route_rules import searched


def corners(network: Network, n: int, seed: int) -> np.ndarray:
    """Nodes that stand alone at their spot, on streets that serve both ways."""
    spot = pd.Series(list(map(tuple, network.node_xy.round(3))))
    alone = ~spot.duplicated(keep=False).to_numpy()
    good = np.zeros(network.n_nodes, bool)
    both = network.edge_sides == BOTH
    good[network.edge_from[both]] = good[network.edge_to[both]] = True
    return np.random.default_rng(seed).choice(np.flatnonzero(alone & good), n, replace=False)


def as_places(network: Network, nodes: np.ndarray) -> pd.DataFrame:
    lon, lat = network.node_lonlat[nodes].T
    return pd.DataFrame({"id": [f"n{node}" for node in nodes], "lon": lon, "lat": lat})


@pytest.fixture(scope="module")
def built(shared_data):
    """Give real streets by mode; they are read once."""
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    return cache(lambda mode: access.build_network(streets, mode=mode))


@pytest.fixture(scope="module", params=["walk", "drive"])
def network(request, built):
    return built(request.param)


@cache
def without_rules(network: Network) -> Network:
    """The same streets with every turn allowed and all open to through traffic."""
    return replace(
        network,
        banned_turns=np.zeros((0, 2), np.int32),
        edge_local=np.zeros(network.n_edges, bool),
    )


@cache
def graph_of(network: Network, by: str) -> nx.DiGraph:
    """The same streets for networkx, whichever way; of two between the same corners the shorter."""
    csr = network.csr
    tails = np.repeat(np.arange(network.n_nodes), np.diff(csr.indptr))
    weight = csr.minutes if by == "minutes" else csr.metres
    arcs = pd.DataFrame({"tail": tails, "head": csr.indices, "weight": weight})
    least = arcs.sort_values("weight", kind="stable").drop_duplicates(["tail", "head"])
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(least.itertuples(index=False, name=None))
    return graph


@pytest.mark.parametrize("direction", ["to_site", "from_site"])
@pytest.mark.parametrize("by", ["minutes", "metres"])
def test_the_matrix_is_what_networkx_says(network, by, direction):
    network = without_rules(network)
    areas, sites = corners(network, 40, 1), corners(network, 6, 2)
    m = access.travel_matrix(
        network, as_places(network, areas), as_places(network, sites), minimise=by,
        direction=direction,
    )  # fmt: skip
    graph = graph_of(network, by)
    if direction == "to_site":
        graph = graph.reverse(copy=False)
    ours = m.network_minutes if by == "minutes" else m.network_metres
    for j, site in enumerate(sites.tolist()):
        found = nx.single_source_dijkstra_path_length(graph, site)
        expected = [found[area] for area in areas.tolist()]
        assert ours[:, j] == pytest.approx(expected, abs=1e-6)
    assert np.nanmax(m.entry_minutes) < 1e-6


def test_banned_turns_and_local_streets_are_heeded_as_a_full_search_heeds_them(built):
    network = built("drive")
    assert len(network.banned_turns) > 50
    assert network.edge_local.any()
    rng = np.random.default_rng(5)
    straight = np.flatnonzero((np.diff(network.geometry_offsets) == 2) & (network.edge_sides == 0)
                              & (network.edge_metres > 40))  # fmt: skip
    homes, centres = (rng.choice(straight, n, replace=False) for n in (12, 3))

    def middles(edges: np.ndarray) -> pd.DataFrame:
        ends = network.node_lonlat[np.column_stack([network.edge_from, network.edge_to])[edges]]
        at = ends.mean(axis=1)
        return pd.DataFrame({"id": edges, "lon": at[:, 0], "lat": at[:, 1]})

    m = access.travel_matrix(network, middles(homes), middles(centres))
    found = [
        [searched(network, int(home), 0.5, int(centre), 0.5) for centre in centres]
        for home in homes
    ]
    assert m.network_minutes == pytest.approx(np.array(found), abs=0.02)


def test_metres_and_minutes_of_one_path_fit_each_other(network):
    """The path that is shortest in one measure cannot beat the other's shortest in the other."""
    areas, sites = corners(network, 60, 3), corners(network, 9, 4)
    quick, short = (
        access.travel_matrix(network, as_places(network, areas), as_places(network, sites),
                             minimise=by)
        for by in ("minutes", "metres")
    )  # fmt: skip
    assert (quick.network_minutes <= short.network_minutes + 1e-9).all()
    assert (short.network_metres <= quick.network_metres + 1e-6).all()
    straight = np.hypot(*(network.node_xy[areas][:, None] - network.node_xy[sites][None]).T).T
    assert (short.network_metres >= straight * 0.995).all()
