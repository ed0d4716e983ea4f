"""The search agrees with networkx and with a ten-line Dijkstra on graphs of every awkward kind.

One-way streets, parallel edges, loops, both ends on one edge, ends on a node, parts that do not
connect, streets without length, delays at nodes: all drawn at random, then compared pair by pair.
"""

from __future__ import annotations

import heapq
from functools import cache
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from access.network import Network, Status, contraction, data, routing, travel_matrix
from access.network.routing import _least_pairs
from access.network.snapping import _Snaps
from tests.streets import at, places

INF = float("inf")


def ten_line_dijkstra(arcs, start):
    best, queue = {}, [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node in best:
            continue
        best[node] = cost
        for head, weight in arcs.get(node, ()):
            heapq.heappush(queue, (cost + weight, head))
    return best


LENGTH = st.sampled_from([0.0, 1.0, 2.5, 7.0]) | st.floats(0, 10, allow_subnormal=False)
OR_SHUT = LENGTH | st.just(INF)
SHARE = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.integers(1, 999).map(lambda i: i / 1000)


@cache
def streets_of(n):
    """Some streets between so many nodes, and what each node delays: made once, drawn often."""
    node = st.integers(0, n - 1)
    way = st.tuples(node, node, LENGTH, OR_SHUT, OR_SHUT)
    delays = st.lists(st.sampled_from([0.0, 0.0, 0.5]), min_size=n, max_size=n)
    return st.lists(way, min_size=1, max_size=12), delays


@cache
def points_on(edges):
    """Some places on so many streets."""
    return st.lists(st.tuples(st.integers(0, edges - 1), SHARE), min_size=1, max_size=5)


@st.composite
def towns(draw):
    n = draw(st.integers(1, 7))
    ways, delay = streets_of(n)
    edges = draw(ways)
    if not any(np.isfinite(f) or np.isfinite(b) for *_, f, b in edges):
        edges[0] = (*edges[0][:3], 1.0, INF)
    edges = [e for e in edges if np.isfinite(e[3]) or np.isfinite(e[4])]
    delays = draw(delay)
    points = points_on(len(edges))
    return n, edges, delays, draw(points), draw(points)


def network_of(n, edges, delays, keep="all"):
    lon, lat = zip(*(at(i, i % 3) for i in range(n)), strict=True)
    u, v, metres, ahead, back = map(list, zip(*edges, strict=True))
    return Network.from_edges(
        lon, lat, u, v, metres=metres, minutes_forward=ahead, minutes_backward=back,
        node_delay_minutes=delays, keep=keep,
    )  # fmt: skip


def snaps_of(points):
    edge, along = zip(*points, strict=True)
    n = len(points)
    return _Snaps(np.array(edge, np.int32), np.array(along), np.zeros(n), np.zeros((n, 2)))


def split_graph(edges, delays, points, weight):
    """Every point becomes a node of its own, or is the node it lies on: the plain way."""
    arcs: dict = {}
    name = {}
    for e, (u, v, metres, ahead, back) in enumerate(edges):
        stops = {0.0: ("node", u), 1.0: ("node", v)}
        for where, share in points:
            if where == e:
                name[where, share] = stops.setdefault(share, ("point", e, share))
        for a, b in pairwise(sorted(stops)):
            for tail, head, minutes in ((a, b, ahead), (b, a, back)):
                if not np.isfinite(minutes):
                    continue
                goal = stops[head]
                if weight == "metres":
                    cost = (b - a) * metres
                else:
                    cost = (b - a) * minutes + (delays[goal[1]] if goal[0] == "node" else 0.0)
                arcs.setdefault(stops[tail], []).append((goal, cost))
    return arcs, name


@settings(max_examples=80)
@given(towns(), st.sampled_from(["minutes", "metres"]))
def test_every_pair_is_what_dijkstra_says(town, by):
    n, edges, delays, origins, targets = town
    network = network_of(n, edges, delays)
    first, _, cut = _least_pairs(network, snaps_of(origins), snaps_of(targets), by, INF)
    alone = _least_pairs(network, snaps_of(origins), snaps_of(targets), by, INF, alone=True)[0]
    assert np.array_equal(alone, first)
    arcs, name = split_graph(edges, delays, origins + targets, by)
    for i, origin in enumerate(origins):
        best = ten_line_dijkstra(arcs, name[origin])
        for j, target in enumerate(targets):
            expected = best.get(name[target], INF)
            assert first[i, j] == pytest.approx(expected, abs=1e-9)
            assert cut[i, j] == np.isinf(expected)


@settings(max_examples=20)
@given(towns(), st.sampled_from([0.2, 3.0, INF]))
def test_minutes_alone_are_those_of_the_matrix(town, limit):
    n, edges, delays, *_ = town
    network = network_of(n, edges, delays)
    points = np.array([at(k / 2, k % 3) for k in range(2 * n)])
    one, other = (
        places(**{f"p{k}": spot for k, spot in enumerate(spots.tolist())})
        for spots in (points, points[::-1])
    )
    options = {"snap_limit_m": 400.0}
    matrix = travel_matrix(network, one, other, max_minutes=limit, **options)
    found = routing._minutes_within(network, points, points[::-1], minutes=limit, **options)
    assert np.array_equal(found, matrix.total_minutes)


# metres over the smallest minutes there are: a ratio beyond every number
SMALLEST = [(0, 0, 0.0, 0.0, INF), (0, 0, 4.0, 0.0, 2.2250738585072014e-308)]


@settings(max_examples=80)
@given(towns())
@example((1, SMALLEST, [0.0], [(0, 0.0)], [(0, 0.0)]))
def test_networkx_says_the_same(town):
    n, edges, delays, origins, targets = town
    network = network_of(n, edges, delays)
    first, _, _ = _least_pairs(network, snaps_of(origins), snaps_of(targets), "minutes", INF)
    arcs, name = split_graph(edges, delays, origins + targets, "minutes")
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(name.values())
    graph.add_edges_from((t, h, {"w": w}) for t, out in arcs.items() for h, w in out)
    for i, origin in enumerate(origins):
        best = nx.single_source_dijkstra_path_length(graph, name[origin], weight="w")
        expected = [best.get(name[target], INF) for target in targets]
        assert first[i].tolist() == pytest.approx(expected, abs=1e-9)


@settings(max_examples=80)
@given(towns(), st.sampled_from(["minutes", "metres"]))
def test_searching_from_either_side_gives_the_same(town, by):
    n, edges, delays, origins, targets = town
    network = network_of(n, edges, delays)
    many = targets * 6  # more targets than origins turns the search round
    one, _, _ = _least_pairs(network, snaps_of(origins), snaps_of(targets[:1]), by, INF)
    other, _, _ = _least_pairs(network, snaps_of(origins), snaps_of(many), by, INF)
    assert one[:, 0] == pytest.approx(other[:, 0], abs=1e-9)


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["minutes", "metres"]))
def test_the_other_weight_is_that_of_the_path_taken(seed, by):
    """With weights that never tie there is one best path: its other weight must come along."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 12)), int(rng.integers(4, 30))
    edges = [
        (int(u), int(v), metres, INF if one_way < 0.2 else ahead, back)
        for (u, v), (metres, ahead, back, one_way) in zip(
            rng.integers(0, n, (m, 2)), rng.uniform(0.1, 10, (m, 4)) * [1, 1, 1, 0.1], strict=True
        )
    ]
    delays = rng.uniform(0, 1, n)
    points = [(int(rng.integers(m)), float(s)) for s in rng.uniform(0, 1, 6)]
    network = network_of(n, edges, delays)
    origins, targets = points[:4], points[4:]
    _, second, _ = _least_pairs(network, snaps_of(origins), snaps_of(targets), by, INF)
    arcs, name = split_graph(edges, delays, points, by)
    others, _ = split_graph(edges, delays, points, "metres" if by == "minutes" else "minutes")
    pairs = {
        t: [(h, (w, x)) for (h, w), (_, x) in zip(arcs[t], others[t], strict=True)] for t in arcs
    }
    for i, origin in enumerate(origins):
        best = _dijkstra_with_both(pairs, name[origin])
        for j, target in enumerate(targets):
            expected = best.get(name[target], (INF, INF))[1]
            assert second[i, j] == pytest.approx(expected, abs=1e-9)


def _dijkstra_with_both(arcs, start):
    best, queue = {}, [(0.0, 0.0, start)]
    while queue:
        cost, other, node = heapq.heappop(queue)
        if node in best:
            continue
        best[node] = (cost, other)
        for head, (w, x) in arcs.get(node, ()):
            heapq.heappush(queue, (cost + w, other + x, head))
    return best


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["to_site", "from_site"]))
def test_whole_matrices_on_random_towns_hold_together(seed, direction):
    """From tables to matrix: sums, statuses, counts, and no pair beats a straight line."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 15))
    lon, lat = np.array([at(*p) for p in rng.uniform(0, 8, (n, 2))]).T
    u, v = rng.integers(0, n, (2, int(rng.integers(1, 30))))
    keep = u != v
    u, v = (u[keep], v[keep]) if keep.any() else (np.array([0]), np.array([1]))
    back = np.where(rng.random(len(u)) < 0.3, np.inf, 1.0)
    network = Network.from_edges(lon, lat, u, v, minutes_forward=np.ones(len(u)),
                                 minutes_backward=back)  # fmt: skip
    spots = [at(*p) for p in rng.uniform(-2, 10, (9, 2))]
    areas = places(**{f"a{i}": p for i, p in enumerate(spots[:6])})
    sites = places(**{f"s{i}": p for i, p in enumerate(spots[5:])})  # a5 and s0 are one place
    m = travel_matrix(network, areas, sites, direction=direction, snap_limit_m=300)
    assert m.shape == (6, 4)
    assert sum(m.status_counts().values()) == 24
    assert m.status[5, 0] == Status.SAME_PLACE
    assert m.total_minutes[5, 0] == 0
    reached = m.status <= Status.SAME_PLACE
    total = m.entry_minutes + m.network_minutes + m.exit_minutes
    assert np.array_equal(total[reached], m.total_minutes[reached])
    for array in (m.entry_minutes, m.network_minutes, m.exit_minutes, m.network_metres):
        assert np.isinf(array[~reached]).all()
        assert (array[reached] >= 0).all()
    assert not (m.status == Status.UNREACHABLE).all() or not np.isfinite(m.total_minutes).any()


@settings(max_examples=80)
@given(towns(), st.sampled_from(["minutes", "metres"]), st.sampled_from([INF, 5.0]))
def test_few_streets_are_searched_to_the_last_digit_as_many_are(town, by, limit):
    n, edges, _, origins, targets = town
    edges = [(u, v, metres, metres / 80, metres / 80) for u, v, metres, *_ in edges]
    found = []
    for few in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not few:
                patch.setattr(routing, "_FEW_PAIRS", -1)
                for room in (data, contraction):
                    patch.setattr(room, "_FEW", -1)
            for keep in ("main", "all"):
                network = network_of(n, edges, [0.0] * n, keep)
                there = _least_pairs(
                    network, snaps_of(origins), snaps_of(targets), by, limit
                ) if keep == "all" else ()  # fmt: skip
                found.append((network.digest, network.counts, network.edge_sides.tolist(),
                              *(array.tolist() for array in there)))  # fmt: skip
    assert found[:2] == found[2:]
