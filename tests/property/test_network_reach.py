"""Reach and paths agree with the travel matrix and with plain searches, on awkward graphs."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from access.network import Network
from access.network.reach import Route, _Reach
from access.network.routing import _least_pairs
from tests.property.test_network_search import (
    INF,
    network_of,
    snaps_of,
    split_graph,
    ten_line_dijkstra,
    towns,
)
from tests.property.test_route_rules import town as ruled_town

SHARES = np.array([0.0, 0.03, 0.21, 0.5, 0.77, 0.96, 1.0])


def one(snaps, k):
    return type(snaps)(**{name: value[[k]] for name, value in vars(snaps).items()})


def checked_parts(network: Network, parts, start, target) -> None:
    """The parts are one way on open streets, from the one place to the other."""
    tail, head, minutes, _ = network.half_edges
    for part in parts:
        assert 0 <= part.start < part.end <= 1
        assert np.isfinite(minutes[part.half])
    for one_, other in pairwise(parts):
        assert one_.end == 1 and other.start == 0
        assert head[one_.half] == tail[other.half]
        assert (one_.half, other.half) not in set(map(tuple, network.banned_turns.tolist()))
    if parts:
        spots = []
        for half, share in ((parts[0].half, parts[0].start), (parts[-1].half, parts[-1].end)):
            along = 1 - share if half % 2 else share
            ends = {0.0: network.edge_from, 1.0: network.edge_to}
            at = ("node", ends[along][half // 2]) if along in ends else (half // 2, along)
            spots.append(at)
        for (where, share), spot in zip((start, target), spots, strict=True):
            ends = {0.0: network.edge_from, 1.0: network.edge_to}
            own = ("node", ends[share][where]) if share in ends else (where, share)
            assert own[0] == spot[0] and own[1] == pytest.approx(spot[1], abs=1e-12)


#: A dead end at another pace than the streets that go round: its metres are its own.
DEAD_END = (
    3, [(1, 1, 1.0, INF, 1.0), (0, 1, 0.0, INF, 1.0), (0, 2, 0.0, 1.0, 1.0)], [0.0] * 3,
    [(0, 0.0)], [(2, 0.0)],
)  # fmt: skip


@settings(max_examples=60)
@given(towns())
@example(DEAD_END)
def test_a_path_adds_up_to_the_minutes_and_metres_of_the_matrix(town):
    n, edges, delays, origins, targets = town
    network = network_of(n, edges, delays)
    a, b = snaps_of(origins), snaps_of(targets)
    minutes, metres, _ = _least_pairs(network, a, b, "minutes", INF)
    for i, origin in enumerate(origins):
        for j, target in enumerate(targets):
            backwards = len(targets) <= len(origins)
            route = Route.between(network, one(a, i), one(b, j), backwards=backwards)
            assert (route is None) == np.isinf(minutes[i, j])
            if route is None:
                continue
            checked_parts(network, route.parts, origin, target)
            taken, long = route.costs()
            assert taken.sum() == pytest.approx(minutes[i, j], abs=1e-9)
            if all(min(ahead, back) > 1e-9 for *_, ahead, back in edges):
                # on streets that take no time any detour is as quick, and its metres no one's
                assert long.sum() == pytest.approx(metres[i, j], abs=1e-9)


@settings(max_examples=50)
@given(st.integers(0, 5000))
def test_a_path_keeps_the_rules_of_whole_routes(seed):
    network = ruled_town(seed)
    rng = np.random.default_rng(seed)
    points = [(int(rng.integers(network.n_edges)), float(rng.integers(1, 10)) / 10)
              for _ in range(6)]  # fmt: skip
    places = snaps_of(points)
    minutes, _, _ = _least_pairs(network, places, places, "minutes", INF)
    for i in range(6):
        for j in range(6):
            route = Route.between(network, one(places, i), one(places, j))
            assert (route is None) == np.isinf(minutes[i, j])
            if route is not None:
                checked_parts(network, route.parts, points[i], points[j])
                taken, _ = route.costs()
                assert taken.sum() == pytest.approx(minutes[i, j], abs=1e-9)


def inside(pieces, edge: int, share: float, slack: float) -> bool:
    own = pieces.edge == edge
    return bool(np.any(own & (pieces.start - slack <= share) & (share <= pieces.end + slack)))


def check_reach(network: Network, point, to_site: bool, limit: float) -> None:
    """A street point is in the reach where the matrix says it is near enough, and only there."""
    site = snaps_of([point])
    pieces = _Reach.of(network, site, limit, to_site=to_site).within(limit)
    assert (pieces.end > pieces.start).all()
    probes = [(e, float(s)) for e in range(network.n_edges) for s in SHARES[1:-1]]
    pair = (snaps_of(probes), site) if to_site else (site, snaps_of(probes))
    minutes = _least_pairs(network, *pair, "minutes", INF)[0].ravel()
    for (edge, share), taken in zip(probes, minutes.tolist(), strict=True):
        if taken <= limit - 1e-9:
            assert inside(pieces, edge, share, 1e-9)
        elif taken > limit + 1e-9:
            assert not inside(pieces, edge, share, -1e-9)


# an edge of the smallest minutes there are: how often it could be walked is beyond every number
AT_ONCE = (1, [(0, 0, 0.0, INF, 2.2250738585072014e-308)], [0.0], [(0, 0.0)], [(0, 0.0)])


@settings(max_examples=60)
@given(towns(), st.booleans(), st.sampled_from([0.5, 1.0, 4.0, 9.5, 30.0]))
@example(AT_ONCE, False, 4.0)
@example(AT_ONCE, True, 4.0)
def test_every_street_point_within_the_minutes_is_in_and_no_other(town, to_site, limit):
    n, edges, delays, origins, _ = town
    check_reach(network_of(n, edges, delays), origins[0], to_site, limit)


@settings(max_examples=60)
@given(st.integers(0, 5000), st.booleans(), st.sampled_from([2.0, 6.0, 11.0]))
def test_reach_keeps_the_rules_of_whole_routes(seed, to_site, limit):
    network = ruled_town(seed)
    check_reach(network, (seed % network.n_edges, 0.3), to_site, limit)


@settings(max_examples=60)
@given(towns(), st.sampled_from([0.5, 2.0, 7.5]))
def test_the_length_reached_is_what_networkx_says(town, limit):
    n, edges, delays, origins, _ = town
    network = network_of(n, edges, delays)
    point = origins[0]
    pieces = _Reach.of(network, snaps_of([point]), limit, to_site=False).within(limit)
    arcs, name = split_graph(edges, delays, [point], "minutes")
    graph = nx.MultiDiGraph()
    graph.add_node(name[point])
    graph.add_edges_from((t, h, {"w": w}) for t, out in arcs.items() for h, w in out)
    best = nx.single_source_dijkstra_path_length(graph, name[point], weight="w")
    assert best == pytest.approx(ten_line_dijkstra(arcs, name[point]))
    expected = 0.0
    for e, (u, v, metres, ahead, back) in enumerate(edges):
        stops = {0.0: ("node", u), 1.0: ("node", v)}
        if point[0] == e:
            stops.setdefault(point[1], name[point])
        shares = sorted(stops)
        for a, b in pairwise(shares):
            from_a = max(limit - best.get(stops[a], INF), -1.0)
            from_b = max(limit - best.get(stops[b], INF), -1.0)
            part = 0.0
            for left, pace in ((from_a, ahead), (from_b, back)):
                whole = (b - a) * pace
                if left >= 0 and np.isfinite(pace):
                    part += min(1.0, left / whole) if whole > 0 else 1.0
            expected += min(part, 1.0) * (b - a) * metres
    found = ((pieces.end - pieces.start) * network.edge_metres[pieces.edge]).sum()
    assert found == pytest.approx(expected, abs=1e-6)
