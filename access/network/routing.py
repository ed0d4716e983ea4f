"""`travel_matrix`: the exact least travel from every area to every site along the streets.

A place in a dead end is anchored at the core node that its tree hangs on, with the minutes and
metres of the way there and back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import NetworkError, ParameterError
from access.network.contraction import (
    _FEW_PAIRS,
    _Chains,
    _costs_of_few,
    _meeting,
    _SearchGraph,
    _Trees,
)
from access.network.matrix import Status, TravelMatrix
from access.network.network import Network
from access.network.snapping import Points, _check_over, _Snaps, read_points, snap

if TYPE_CHECKING:
    from scipy import sparse

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Anchors:
    """Points on the core, and their way to it.

    Parameters
    ----------
    half : ndarray of int32, shape (n, 2)
        Half-edge of the core each way; -1 where the place's part has no core.
    share : ndarray, shape (n, 2)
        Share of the half-edge that lies before the place.
    out_minutes, in_minutes, metres : ndarray, shape (n,)
        From the place to its anchor and back; 0 on the core, ``inf`` where closed.
    child : ndarray of int32, shape (n,)
        For a place in a dead end the further node of its edge; -1 on the core.
    rest : ndarray, shape (n,)
        For a place in a dead end the share of its edge between it and the nearer node.
    """

    half: _Ints
    share: _Floats
    out_minutes: _Floats
    in_minutes: _Floats
    metres: _Floats
    child: _Ints
    rest: _Floats


@dataclass(frozen=True, eq=False)
class _Ends:
    """Between places and the junctions at the ends of their chains, both ways round.

    Parameters
    ----------
    minutes, metres : ndarray, shape (n, 2)
        ``inf`` where the way is closed.
    """

    junction: _Ints
    minutes: _Floats
    metres: _Floats


def _part_out(rest: _Floats, minutes: _Floats, delay: _Floats) -> _Floats:
    """Minutes over the last part of a half-edge and into the node at its head."""
    with np.errstate(invalid="ignore"):
        return np.where(rest > 0, rest * minutes + delay, 0.0)


def _part_in(share: _Floats, minutes: _Floats, delay: _Floats) -> _Floats:
    """Minutes over the first part of a half-edge; the node's delay only if it is reached."""
    with np.errstate(invalid="ignore"):
        part = share * minutes + np.where(share == 1, delay, 0.0)
    return np.where(share > 0, part, 0.0)


def _anchor(network: Network, snaps: _Snaps) -> _Anchors:
    """Find where snapped places stand on the core."""
    n = len(snaps.edge)
    core = network.core_edges[snaps.edge]
    half = np.column_stack([2 * core, 2 * core + 1]).astype(np.int32)
    share = np.column_stack([snaps.along, 1 - snaps.along])
    out, into, metres = np.zeros(n), np.zeros(n), np.zeros(n)
    child, rest = np.full(n, -1, np.int32), np.zeros(n)
    hang = np.flatnonzero(core < 0)
    if len(hang):
        trees, chains = network.trees, network.chains
        child[hang], up = _child(network, snaps.edge[hang])
        rest[hang] = np.where(up % 2 == 0, 1 - snaps.along[hang], snaps.along[hang])
        parent = trees.parent[child[hang]]
        out[hang] = _above(trees.up_minutes, trees.up_closed, parent) + _tree_out(
            network, up, rest[hang]
        )
        into[hang] = _above(trees.down_minutes, trees.down_closed, parent) + _tree_in(
            network, up ^ 1, rest[hang]
        )
        metres[hang] = trees.metres[parent] + rest[hang] * network.edge_metres[up // 2]
        first = chains.first_half[trees.root[child[hang]]]
        half[hang] = np.column_stack([first, np.where(first < 0, -1, first ^ 1)])
        share[hang] = (0.0, 1.0)
    return _Anchors(half, share, out, into, metres, child, rest)


def _tree_out(network: Network, half: _Ints, rest: _Floats) -> _Floats:
    """Minutes over the last part of half-edges of dead ends; see `_part_out`."""
    minutes, delay = _half_costs(network, half)
    return _part_out(rest, minutes, delay)


def _tree_in(network: Network, half: _Ints, share: _Floats) -> _Floats:
    """Minutes over the first part of half-edges of dead ends; see `_part_in`."""
    minutes, delay = _half_costs(network, half)
    return _part_in(share, minutes, delay)


def _half_costs(network: Network, half: _Ints) -> tuple[_Floats, _Floats]:
    """Minutes along half-edges, and the delay at their heads."""
    edge, as_drawn = half // 2, half % 2 == 0
    minutes = np.where(
        as_drawn, network.edge_minutes_forward[edge], network.edge_minutes_backward[edge]
    )
    head = np.where(as_drawn, network.edge_to[edge], network.edge_from[edge])
    return minutes, network.node_delay_minutes[head]


def _child(network: Network, edge: _Ints) -> tuple[_Ints, _Ints]:
    """Further node of each dead-end edge, and the half-edge that leads up from it."""
    up = network.trees.parent_half
    u, v = network.edge_from[edge], network.edge_to[edge]
    child = np.where(up[u] // 2 == edge, u, v).astype(np.int32)
    return child, up[child]


def _above(minutes: _Floats, closed: _Ints, node: _Ints) -> _Floats:
    return np.where(closed[node] > 0, np.inf, minutes[node])


def _leaving(chains: _Chains, places: _Anchors) -> _Ends:
    """From each place to the junction at the end of its chain, each way."""
    half, rest = np.maximum(places.half, 0), 1 - places.share
    minutes = _part_out(rest, chains.minutes[half], chains.delay[half])
    minutes = minutes + chains.after_minutes[half] + places.out_minutes[:, None]
    metres = rest * chains.metres[half] + chains.after_metres[half] + places.metres[:, None]
    shut = chains.after_closed[half] > 0
    found = _ends(places, chains.leaves_at[half], minutes, metres, shut)
    return _at_roots(places, found, places.out_minutes, chains.root_leaves)


def _arriving(chains: _Chains, places: _Anchors) -> _Ends:
    """From the junction at the start of each place's chain to the place, each way."""
    half = np.maximum(places.half, 0)
    minutes = _part_in(places.share, chains.minutes[half], chains.delay[half])
    minutes = minutes + chains.before_minutes[half] + places.in_minutes[:, None]
    metres = places.share * chains.metres[half] + chains.after_metres[half ^ 1]
    metres = metres + places.metres[:, None]
    shut = chains.before_closed[half] > 0
    found = _ends(places, chains.enters_at[half], minutes, metres, shut)
    return _at_roots(places, found, places.in_minutes, chains.root_enters)


def _at_roots(places: _Anchors, ends: _Ends, minutes: _Floats, pass_at: _Ints | None) -> _Ends:
    """Let places in dead ends pass their root where it is no plain junction."""
    if pass_at is None:
        return ends
    at = np.where(places.child >= 0, pass_at[places.child], -1)
    here = np.flatnonzero((at >= 0) & np.isfinite(minutes))
    ends.junction[here] = at[here, None]
    ends.minutes[here] = np.column_stack([minutes[here], np.full(len(here), np.inf)])
    ends.metres[here] = np.column_stack([places.metres[here], np.full(len(here), np.inf)])
    return ends


def _ends(
    places: _Anchors, junction: _Ints, minutes: _Floats, metres: _Floats, shut: NDArray[np.bool_]
) -> _Ends:
    shut = shut | ~np.isfinite(minutes) | (places.half < 0)
    return _Ends(junction, np.where(shut, np.inf, minutes), np.where(shut, np.inf, metres))


#: Most numbers held for one block of roots, so that memory does not grow with their number.
_BLOCK = 1_000_000


def _least(
    graph: _SearchGraph, roots: _Ends, leaves: _Ends, *, by: str, limit: float = np.inf,
    alone: bool = False,
) -> tuple[_Floats, _Floats]:  # fmt: skip
    """Least cost between every root and every leaf, over paths through a junction.

    And the other cost on that way, infinite where the least is asked for `alone`.
    """
    n_junctions, n = len(graph.indptr) - 1, len(roots.minutes)
    m = len(leaves.minutes)
    first, second = np.full((n, m), np.inf), np.full((n, m), np.inf)
    leaf_first, leaf_second = (leaves.minutes, leaves.metres)[:: 1 if by == "minutes" else -1]
    block = max(1, _BLOCK // (n_junctions + 1))
    for start in range(0, n, block):
        some = slice(start, min(start + block, n))
        reach, summed = _search(graph, roots, some, by, limit, alone=alone)
        ways = reach[:, leaves.junction] + leaf_first
        pick = np.argmin(ways, axis=2)[..., None]
        first[some] = np.take_along_axis(ways, pick, axis=2)[..., 0]
        if summed is not None:
            ways = summed[:, leaves.junction] + leaf_second
            second[some] = np.take_along_axis(ways, pick, axis=2)[..., 0]
    second[~np.isfinite(first)] = np.inf
    return first, second


def _search(
    graph: _SearchGraph, roots: _Ends, some: slice, by: str, limit: float, *, alone: bool = False
) -> tuple[_Floats, _Floats | None]:
    """Least cost from some roots to every junction, and the other weight on that way if asked."""
    n_junctions = len(graph.indptr) - 1
    first = (roots.minutes if by == "minutes" else roots.metres)[some]
    if n_junctions * len(roots.minutes) <= _FEW_PAIRS and not np.isnan(graph.ratio):
        begin = np.full((len(first), n_junctions), np.inf)
        np.minimum.at(begin, (np.arange(len(first))[:, None], roots.junction[some]), first)
        reach = _costs_of_few(graph.indptr, graph.head, graph.first, begin, limit)
        return reach, None if alone else reach * graph.ratio
    from scipy.sparse import csgraph  # long to import

    matrix, arcs = _with_roots(graph, roots, some, by)
    sources = np.arange(n_junctions, matrix.shape[0])
    if alone:
        return csgraph.dijkstra(matrix, directed=True, indices=sources, limit=limit), None
    reach, before = csgraph.dijkstra(
        matrix, directed=True, indices=sources, return_predecessors=True, limit=limit
    )
    return reach, _along(graph, arcs, reach, before)


def _with_roots(
    graph: _SearchGraph, roots: _Ends, some: slice, by: str
) -> tuple[sparse.csr_array, tuple[_Ints, _Ints, _Floats]]:
    """Add the roots as nodes that can be left but not entered, after the junctions."""
    from scipy import sparse

    n_junctions = len(graph.indptr) - 1
    first, second = (roots.minutes, roots.metres)[:: 1 if by == "minutes" else -1]
    first, second, junction = first[some], second[some], roots.junction[some]
    n = len(first)
    use = np.isfinite(first)
    twice = junction[:, 0] == junction[:, 1]
    worse = (first[:, 0] < first[:, 1]).astype(np.intp)
    use[np.flatnonzero(twice), worse[twice]] = False
    indptr = np.concatenate([graph.indptr, graph.indptr[-1] + np.cumsum(use.sum(axis=1))])
    head = np.concatenate([graph.head, junction[use]]).astype(np.int32)
    data = np.concatenate([graph.first, first[use]])
    size = n_junctions + n
    matrix = sparse.csr_array((data, head, indptr.astype(np.int32)), shape=(size, size))
    tail = np.repeat(np.arange(n_junctions, size, dtype=np.int32), use.sum(axis=1))
    return matrix, (tail, junction[use], second[use])


def _along(
    graph: _SearchGraph, arcs: tuple[_Ints, _Ints, _Floats], reach: _Floats, before: _Ints
) -> _Floats:
    """Sum the other weight along the paths of a search, by pointer doubling."""
    n_junctions = len(graph.indptr) - 1
    if not np.isnan(graph.ratio):
        return reach * graph.ratio
    out = np.zeros_like(reach)
    width = reach.shape[1]
    own = np.arange(width)
    head, tail = graph.head.astype(np.intp), graph.tail.astype(np.intp)
    root_tail, root_head, root_second = arcs
    further, gain = np.empty(width, np.intp), np.empty(width)
    # Row by row, so that everything a round of doubling touches stays in the cache.
    for i, (step, row) in enumerate(zip(out, before.astype(np.intp), strict=True)):
        # Which arc each junction was reached by, and what it adds.
        taken = np.flatnonzero(row.take(head) == tail)
        step[head[taken]] = graph.second[taken]
        mine = np.flatnonzero(root_tail == n_junctions + i)
        straight = mine[row[root_head[mine]] == n_junctions + i]
        step[root_head[straight]] = root_second[straight]
        pointer = np.where(row < 0, own, row)
        while True:
            step.take(pointer, out=gain, mode="clip")
            step += gain
            pointer.take(pointer, out=further, mode="clip")
            if (further == pointer).all():
                break
            pointer, further = further, pointer
    out[~np.isfinite(reach)] = np.inf
    return out


Pairs = tuple[NDArray[np.intp], NDArray[np.intp], _Floats, _Floats]


def _along_chains(network: Network, origins: _Anchors, targets: _Anchors) -> list[Pairs]:
    """Both ways along the chain between places that are anchored on the same one."""
    chains = network.chains
    if not len(chains.last):
        return []
    names = []
    for places in (origins, targets):
        ends = chains.last[np.maximum(places.half, 0)]
        off = places.half[:, 0] < 0
        if chains.root_leaves is not None:  # from a dead end by way of its root, under its rules
            off = off | ((places.child >= 0) & (chains.root_leaves[places.child] >= 0))
        names.append(np.where(off, -1, ends.min(axis=1)))
    o, t = np.nonzero((names[0][:, None] == names[1][None, :]) & (names[0][:, None] >= 0))
    if not len(o):
        return []
    found = []
    half_t, share_t = targets.half[t], targets.share[t]
    for side in (0, 1):
        ho, so = origins.half[o, side], origins.share[o, side]
        same_way = chains.last[half_t[:, 0]] == chains.last[ho]
        ht = np.where(same_way, half_t[:, 0], half_t[:, 1])
        st = np.where(same_way, share_t[:, 0], share_t[:, 1])
        minutes, metres = _on_chain(chains, ho, so, ht, st)
        minutes = minutes + origins.out_minutes[o] + targets.in_minutes[t]
        metres = metres + origins.metres[o] + targets.metres[t]
        found.append((o, t, minutes, np.where(np.isfinite(minutes), metres, np.inf)))
    return found


def _on_chain(
    chains: _Chains, ho: _Ints, so: _Floats, ht: _Ints, st: _Floats
) -> tuple[_Floats, _Floats]:
    one = ho == ht
    # On one edge: from share to share.
    with np.errstate(invalid="ignore"):
        part = (st - so) * chains.minutes[ho] + np.where(st == 1, chains.delay[ho], 0.0)
    part = np.where(st > so, part, np.where(st == so, 0.0, np.inf))
    # On two: out of the one, over what lies between, into the other.
    is_open = np.isfinite(chains.minutes[ht])
    last = np.where(is_open, chains.minutes[ht] + chains.delay[ht], 0.0)
    between = chains.after_minutes[ho] - chains.after_minutes[ht] - last
    shut = chains.after_closed[ho] - chains.after_closed[ht] - ~is_open
    apart = _part_out(1 - so, chains.minutes[ho], chains.delay[ho])
    apart = apart + np.maximum(between, 0.0) + _part_in(st, chains.minutes[ht], chains.delay[ht])
    apart[(chains.place[ho] <= chains.place[ht]) | (shut > 0)] = np.inf
    gap = chains.after_metres[ho] - chains.after_metres[ht] - chains.metres[ht]
    metres = np.where(
        one,
        (st - so) * chains.metres[ho],
        (1 - so) * chains.metres[ho] + np.maximum(gap, 0.0) + st * chains.metres[ht],
    )
    return np.where(one, part, apart), metres


def _within_trees(network: Network, origins: _Anchors, targets: _Anchors) -> list[Pairs]:
    """The one way between places in the same dead end."""
    trees = network.trees
    roots = [np.where(p.child < 0, -1, trees.root[p.child]) for p in (origins, targets)]
    o, t = np.nonzero((roots[0][:, None] == roots[1][None, :]) & (roots[0][:, None] >= 0))
    if not len(o):
        return []
    a, b = origins.child[o], targets.child[t]
    up_a, up_b = trees.parent_half[a], trees.parent_half[b]
    rest_a, rest_b = origins.rest[o], targets.rest[t]
    found = [(o, t, *_on_tree_edge(network, up_a, up_b, rest_a, rest_b))]
    long_a, long_b = network.edge_metres[up_a // 2], network.edge_metres[up_b // 2]
    # Each place joins its tree at either end of its edge; of the four ways the least is the path.
    leave = (
        (a, _tree_out(network, up_a ^ 1, 1 - rest_a), (1 - rest_a) * long_a),
        (trees.parent[a], _tree_out(network, up_a, rest_a), rest_a * long_a),
    )
    enter = (
        (b, _tree_in(network, up_b, 1 - rest_b), (1 - rest_b) * long_b),
        (trees.parent[b], _tree_in(network, up_b ^ 1, rest_b), rest_b * long_b),
    )
    for x, out, out_metres in leave:
        for y, into, into_metres in enter:
            minutes, metres = _between_nodes(trees, x, y)
            minutes = out + minutes + into
            metres = out_metres + metres + into_metres
            found.append((o, t, minutes, np.where(np.isfinite(minutes), metres, np.inf)))
    return found


def _on_tree_edge(
    network: Network, up_a: _Ints, up_b: _Ints, rest_a: _Floats, rest_b: _Floats
) -> tuple[_Floats, _Floats]:
    """Straight along the edge that both places of a pair are on, up or down."""
    share = np.abs(rest_a - rest_b)
    half = np.where(rest_a > rest_b, up_a, up_a ^ 1)
    reached = np.where(rest_a > rest_b, rest_b == 0, rest_b == 1)
    minutes, delay = _half_costs(network, half)
    with np.errstate(invalid="ignore"):
        cost = share * minutes + np.where(reached, delay, 0.0)
    cost = np.where(share > 0, cost, 0.0)
    cost = np.where(up_a == up_b, cost, np.inf)
    metres = share * network.edge_metres[up_a // 2]
    return cost, np.where(np.isfinite(cost), metres, np.inf)


def _between_nodes(trees: _Trees, x: _Ints, y: _Ints) -> tuple[_Floats, _Floats]:
    """Up from one node of a tree to where the ways meet, and down to the other."""
    m = _meeting(trees, x, y)
    up = np.maximum(trees.up_minutes[x] - trees.up_minutes[m], 0.0)
    down = np.maximum(trees.down_minutes[y] - trees.down_minutes[m], 0.0)
    shut = (trees.up_closed[x] > trees.up_closed[m]) | (trees.down_closed[y] > trees.down_closed[m])
    metres = trees.metres[x] + trees.metres[y] - 2 * trees.metres[m]
    return np.where(shut, np.inf, up + down), np.maximum(metres, 0.0)


_Table: TypeAlias = pd.DataFrame | gpd.GeoDataFrame | Points
_SAME_PLACE_DEGREES = 1e-7
#: Most pairs of one matrix, and arrays of its shape that are held while it is made.
_MOST_PAIRS = 100_000_000
_ARRAYS_HELD = 14


def travel_matrix(
    network: Network,
    areas: _Table,
    sites: _Table,
    *,
    minimise: str = "minutes",
    snap_limit_m: float = 500.0,
    max_minutes: float | None = None,
    direction: str = "to_site",
    cache: str | Path | None = None,
) -> TravelMatrix:
    """Minutes and metres from every area to every site, on the streets of a network.

    A place joins the nearest point on any street of the network; the street is split there
    without changing the network. The leg to it is walked. Total = entry + network + exit.

    Parameters
    ----------
    network : Network
    areas, sites : DataFrame or GeoDataFrame
        ``id``, and ``lon`` and ``lat`` in WGS84 degrees or a geometry with a CRS.
    minimise : str
        ``"minutes"`` or ``"metres"``: what decides the path along the network. The other is
        summed along that same path.
    snap_limit_m : float
        Longest leg between a place and its street, metres.
    max_minutes : float, optional
        Totals above this are `Status.BEYOND_LIMIT`.
    direction : str
        ``"to_site"``, or ``"from_site"`` for the way home (it differs where streets are
        one-way).
    cache : path, optional
        A folder to keep matrices in, as for `build_network`.

    Returns
    -------
    TravelMatrix, shape (areas, sites)
        Every id that was handed over, in its order; ``inf`` and a status where there is no
        way.

    Raises
    ------
    ParameterError
        If ids are missing or duplicated, columns are missing, coordinates are swapped, in
        metres or missing, an option is unknown, or the pairs would not fit in memory.
    NetworkError
        If the network lies somewhere else altogether.

    Notes
    -----
    Dijkstra's algorithm from whichever side is fewer, against the streets where that is the
    destination's side.

    Examples
    --------
    >>> import pandas as pd
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], metres=[800.0])
    >>> homes = pd.DataFrame({"id": ["home"], "lon": [-1.36], "lat": [53.43]})
    >>> centre = pd.DataFrame({"id": ["centre"], "lon": [-1.355], "lat": [53.43]})
    >>> m = travel_matrix(net, homes, centre)
    >>> round(m.network_metres.item()), round(m.total_minutes.item(), 1)
    (400, 5.0)
    """
    _check_options(network, minimise, snap_limit_m, max_minutes, direction, cache)
    a, s = read_points(areas, "areas"), read_points(sites, "sites")
    _check_many(a, s)
    _check_covered(network, a, s)
    limit = np.inf if max_minutes is None else float(max_minutes)
    parameters = {
        "minimise": minimise,
        "snap_limit_m": float(snap_limit_m),
        "max_minutes": max_minutes,
    }
    if cache is None:
        return _measure(network, a, s, limit, direction, parameters)
    from access.network.cache import _cache_key, _kept_matrix

    places = hashlib.sha256(repr((a.ids, s.ids)).encode())
    places.update(a.lonlat.tobytes() + s.lonlat.tobytes())
    about = [network.assumptions, network.to_dict()]
    key = _cache_key(
        {**parameters, "network": about, "places": places.hexdigest(), "direction": direction}
    )
    return _kept_matrix(cache, key, lambda: _measure(network, a, s, limit, direction, parameters))


def _minutes_within(
    network: Network, origins: _Floats, targets: _Floats, *, minutes: float, snap_limit_m: float
) -> _Floats:
    """Minutes between points (degrees) as `travel_matrix` gives them, and no metres."""
    a, s = (Points(tuple(map(str, range(len(at)))), at) for at in (origins, targets))
    _check_many(a, s)
    snap_a = snap(network, a, limit_m=snap_limit_m, as_origin=True)
    snap_s = snap(network, s, limit_m=snap_limit_m, as_origin=False)
    pairs = _Pairs(network, snap_a, snap_s, "minutes", True, minutes, alone=True)
    pace = 0.06 / network.profile.off_network_kmh
    legs = [snaps.metres * pace for snaps in (snap_a, snap_s)]
    total: _Floats = _arrays(pairs, legs, _same_place(a, s), minutes)["total_minutes"]
    return total


def _check_many(areas: Points, sites: Points) -> None:
    many, more = len(areas.ids), len(sites.ids)
    if many * more > _MOST_PAIRS:
        raise ParameterError(
            f"{many:,} areas x {more:,} sites would take about "
            f"{many * more * 8 * _ARRAYS_HELD / 1e9:.0f} GB of memory; expected at "
            f"most {_MOST_PAIRS:,} pairs. Measure some sites at a time."
        )


def _check_options(
    network: object,
    minimise: object,
    snap_limit_m: object,
    max_minutes: object,
    direction: object,
    cache: object,
) -> None:
    """Refuse arguments of a wrong type or value, each by its name."""
    if not isinstance(network, Network):
        raise ParameterError(
            f"network is a {type(network).__name__}; expected what access.build_network returns"
        )
    for name, value, allowed in (
        ("minimise", minimise, ("minutes", "metres")),
        ("direction", direction, ("to_site", "from_site")),
    ):
        if not isinstance(value, str) or value not in allowed:
            expected = " or ".join(map(repr, allowed))
            raise ParameterError(f"{name} is {str(value)[:80]!r}; expected {expected}")
    if not _is_positive(snap_limit_m, most=np.inf):
        raise ParameterError(f"snap_limit_m is {snap_limit_m!r}; expected metres above 0")
    if max_minutes is not None and not _is_positive(max_minutes, most=np.inf, whole_range=True):
        raise ParameterError(f"max_minutes is {max_minutes!r}; expected minutes above 0")
    if cache is not None and not isinstance(cache, (str, Path)):
        raise ParameterError(f"cache is a {type(cache).__name__}; expected a folder's path")


def _is_positive(value: object, *, most: float, whole_range: bool = False) -> bool:
    """Whether a value is a plain number above 0, and below (or at) the most."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return False
    number = float(value) if not isinstance(value, complex) else -1.0
    return 0 < number < most or (whole_range and number == most)


def _measure(
    network: Network, a: Points, s: Points, limit: float, direction: str, parameters: dict[str, Any]
) -> TravelMatrix:
    snap_limit_m, to_site = parameters["snap_limit_m"], direction == "to_site"
    snap_a = snap(network, a, limit_m=snap_limit_m, as_origin=to_site)
    snap_s = snap(network, s, limit_m=snap_limit_m, as_origin=not to_site)
    pairs = _Pairs(network, snap_a, snap_s, parameters["minimise"], to_site, limit)
    pace = 0.06 / network.profile.off_network_kmh
    legs = [snaps.metres * pace for snaps in (snap_a, snap_s)]
    arrays: dict[str, Any] = _arrays(pairs, legs, _same_place(a, s), limit)
    return TravelMatrix(
        area_ids=a.ids,
        site_ids=s.ids,
        mode=network.mode,
        direction=direction,
        assumptions=network.assumptions,
        provenance={"network": network.to_dict(), **parameters},
        **arrays,
    )


def _check_covered(network: Network, areas: Points, sites: Points) -> None:
    inside = [
        _check_over(places, what, network.bounds_lonlat)
        for places, what in ((areas, "areas"), (sites, "sites"))
    ]
    if not inside[0].any() and not inside[1].any():
        west, south, east, north = network.bounds_lonlat
        lon, lat = np.vstack([areas.lonlat, sites.lonlat]).mean(axis=0)
        raise NetworkError(
            f"the network {network.source.name} misses the study area: its streets lie between "
            f"lon {west:.3f} and {east:.3f}, lat {south:.3f} and {north:.3f}, but the "
            f"{len(areas.ids)} areas and {len(sites.ids)} sites lie around lon {lon:.3f}, "
            f"lat {lat:.3f}. Give the street extract of the right county."
        )


def _only(snaps: _Snaps, which: NDArray[np.intp]) -> _Snaps:
    return replace(snaps, **{k: v[which] for k, v in vars(snaps).items()})


class _Pairs:
    """Network minutes and metres of every pair of snapped places, and who is cut off."""

    def __init__(
        self, network: Network, areas: _Snaps, sites: _Snaps, by: str, to_site: bool, limit: float,
        *, alone: bool = False,
    ) -> None:  # fmt: skip
        rows, cols = np.flatnonzero(areas.found), np.flatnonzero(sites.found)
        shape = (len(areas.edge), len(sites.edge))
        self.minutes = np.full(shape, np.inf)
        self.metres = np.full(shape, np.inf)
        self.cut_off = np.zeros(shape, bool)
        if not len(rows) or not len(cols):
            return
        a, s = _only(areas, rows), _only(sites, cols)
        origins, targets = (a, s) if to_site else (s, a)
        first, second, cut = _least_pairs(network, origins, targets, by, limit, alone=alone)
        if not to_site:
            first, second, cut = first.T, second.T, cut.T
        at = np.ix_(rows, cols)
        self.minutes[at], self.metres[at] = (first, second)[:: 1 if by == "minutes" else -1]
        self.cut_off[at] = cut


def _least_pairs(
    network: Network, origins: _Snaps, targets: _Snaps, by: str, limit: float, *,
    alone: bool = False,
) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:  # fmt: skip
    """Least cost between snapped places, the other cost on that way, and which are cut off.

    The least `alone` is found sooner; nothing is said of the others then.
    """
    chains = network.chains
    start, stop = _anchor(network, origins), _anchor(network, targets)
    shape = (len(origins.edge), len(targets.edge))
    first, second = np.full(shape, np.inf), np.full(shape, np.inf)
    joined = np.zeros(shape, bool)
    if chains.n_junctions:
        out, into = _leaving(chains, start), _arriving(chains, stop)
        backwards = shape[1] <= shape[0]
        graph = network.search(by, backwards=backwards)
        roots, leaves = (into, out) if backwards else (out, into)
        search_limit = limit if by == "minutes" else np.inf
        found = _least(graph, roots, leaves, by=by, limit=search_limit, alone=alone)
        first, second = (array.T.copy() if backwards else array for array in found)
        if not alone and not np.isfinite(first).all():
            joined = _joined(chains, out, into)
    near = _along_chains(network, start, stop) + _within_trees(network, start, stop)
    for o, t, minutes, metres in near:
        one, other = (minutes, metres)[:: 1 if by == "minutes" else -1]
        joined[o, t] |= np.isfinite(one)
        better = one < first[o, t]
        first[o[better], t[better]] = one[better]
        second[o[better], t[better]] = other[better]
    return first, second, ~np.isfinite(first) & ~joined


def _joined(chains: _Chains, out: _Ends, into: _Ends) -> NDArray[np.bool_]:
    """Which targets each origin can reach at all, however far."""
    from scipy import sparse
    from scipy.sparse import csgraph

    n = chains.n_junctions
    ones = np.ones(len(chains.arc_from), np.int8)
    graph = sparse.coo_array((ones, (chains.arc_from, chains.arc_to)), (n, n)).tocsr()
    joined = np.zeros((len(out.minutes), len(into.minutes)), bool)
    _, part = csgraph.connected_components(graph, directed=True, connection="strong")
    known: dict[int, NDArray[np.bool_]] = {}
    for i in range(len(out.minutes)):
        for side in np.flatnonzero(np.isfinite(out.minutes[i])):
            start = int(out.junction[i, side])
            if part[start] not in known:
                seen = np.zeros(n, bool)
                seen[csgraph.breadth_first_order(graph, start, return_predecessors=False)] = True
                known[part[start]] = np.any(seen[into.junction] & np.isfinite(into.minutes), axis=1)
            joined[i] |= known[part[start]]
    return joined


def _same_place(areas: Points, sites: Points) -> NDArray[np.bool_]:
    """Pairs at one point, to a ten-millionth of a degree (a centimetre)."""
    points = np.rint(np.vstack([areas.lonlat, sites.lonlat]) / _SAME_PLACE_DEGREES)
    _, spot = np.unique(points.astype(np.int64), axis=0, return_inverse=True)
    spot_a, spot_s = np.split(spot.ravel(), [len(areas.ids)])
    return np.equal.outer(spot_a, spot_s)


def _arrays(
    pairs: _Pairs, legs: list[_Floats], same: NDArray[np.bool_], limit: float
) -> dict[str, NDArray[Any]]:
    """Add the legs, and say of every pair how it came about."""
    entry = np.broadcast_to(legs[0][:, None], same.shape).copy()
    exit_ = np.broadcast_to(legs[1][None, :], same.shape).copy()
    minutes, metres = pairs.minutes, pairs.metres
    for array in (entry, exit_, minutes, metres):
        array[same] = 0.0
    total = entry + minutes + exit_
    unsnapped = ~(np.isfinite(entry) & np.isfinite(exit_))
    status = np.select(
        [same, unsnapped, pairs.cut_off, ~np.isfinite(total) | (total > limit)],
        [Status.SAME_PLACE, Status.UNSNAPPED, Status.UNREACHABLE, Status.BEYOND_LIMIT],
        default=Status.OK,
    )
    unreached = status > Status.SAME_PLACE
    for array in (entry, exit_, minutes, metres, total):
        array[unreached] = np.inf
    return {
        "entry_minutes": entry,
        "network_minutes": minutes,
        "exit_minutes": exit_,
        "total_minutes": total,
        "network_metres": metres,
        "status": status,
    }
