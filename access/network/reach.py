"""What lies within so many minutes of a site, and the way between two places along the streets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from access.network.contraction import _Chains, _meeting
from access.network.data import NEITHER
from access.network.network import Network
from access.network.routing import (
    _along_chains,
    _anchor,
    _Anchors,
    _arriving,
    _Ends,
    _least_pairs,
    _leaving,
    _with_roots,
    _within_trees,
)
from access.network.snapping import Points, _Snaps, read_points, snap
from access.units import unproject

# What lies within so many minutes of a site, and the way between two places as a line.
#
# Both are read off the same search as the travel matrix, so that they agree with it to the last
# digit: banned turns, one-way streets, delays at junctions and streets without through traffic too.

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]

REACHED, UNSNAPPED, TOO_FAR = "reached", "unsnapped", "too_far_from_street"
#: Corners of a quarter of a circle where a buffer goes round the end of a street.
_QUARTER = 4


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Stretches of streets: edges, and the shares of their length between which each lies."""

    edge: _Ints
    start: _Floats
    end: _Floats


@dataclass(frozen=True, eq=False)
class _Isochrone:
    """What lies within so many minutes of a site; shapes in WGS84, empty where nothing does."""

    minutes: float
    status: str
    leg_minutes: float
    street_metres: float
    polygon: shapely.Geometry
    streets: shapely.Geometry


def isochrones(
    network: Network,
    sites: Points,
    minutes: Sequence[float],
    *,
    to_site: bool,
    snap_limit_m: float,
    buffer_m: float,
) -> list[list[_Isochrone]]:
    """Find, for each site and each of the rising minutes, the streets within them."""
    snaps = snap(network, sites, limit_m=snap_limit_m, as_origin=not to_site)
    legs = snaps.metres * 0.06 / network.profile.off_network_kmh
    found = []
    for k, leg in enumerate(legs.tolist()):
        own = _Snaps(**{name: value[[k]] for name, value in vars(snaps).items()})
        if not own.found[0]:
            found.append([_nothing(m, UNSNAPPED, leg) for m in minutes])
        elif leg > minutes[-1]:
            found.append([_nothing(m, TOO_FAR, leg) for m in minutes])
        else:
            found.append(_nested(_Reach.of(network, own, minutes[-1], to_site=to_site),
                                 minutes, leg, buffer_m))  # fmt: skip
    return found


def _nothing(minutes: float, status: str, leg: float) -> _Isochrone:
    return _Isochrone(minutes, status, leg, 0.0, shapely.Polygon(), shapely.MultiLineString())


def _nested(
    reach: _Reach, minutes: Sequence[float], leg: float, buffer_m: float
) -> list[_Isochrone]:
    """Grow the polygon from each of the minutes to the next, so that the lesser lies within."""
    network = reach.network
    polygon: shapely.Geometry = shapely.Polygon()
    drawn: shapely.Geometry = shapely.Polygon()
    whole = np.zeros(network.n_edges, bool)
    joined = np.ones(network.n_edges, bool)
    if len(network.edge_sides):
        joined = network.edge_sides != NEITHER
    found = []
    for limit in minutes:
        if leg > limit:
            found.append(_nothing(limit, TOO_FAR, leg))
            continue
        pieces = reach.within(limit - leg)
        lines = _lines(network, pieces)
        fresh = joined[pieces.edge] & ~whole[pieces.edge]
        around = shapely.buffer(lines[fresh], buffer_m, quad_segs=_QUARTER)
        polygon = shapely.union_all([polygon, *around])
        whole[pieces.edge[(pieces.start == 0) & (pieces.end == 1)]] = True
        metres = float(((pieces.end - pieces.start) * network.edge_metres[pieces.edge]).sum())
        streets = shapely.multilinestrings(lines)
        # a straight side on the grid is not quite one in degrees: the lesser is joined there too
        drawn = shapely.union(_in_degrees(polygon, network.crs), drawn)
        found.append(
            _Isochrone(limit, REACHED, leg, metres, drawn, _in_degrees(streets, network.crs))
        )
    return found


def _in_degrees(shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    """Take a shape from a network's grid to WGS84."""
    return shapely.transform(shape, lambda xy: unproject(xy, crs))


@dataclass(frozen=True, eq=False)
class _Reach:
    """Minutes between a site and just inside both ends of every edge.

    A point inside an edge is reached over one of its ends, so these say all of it, but for the
    site's own edge, along which it is reached straight.
    """

    network: Network
    to_site: bool
    edge: int
    along: float
    by_start: _Floats
    by_end: _Floats

    @classmethod
    def of(cls, network: Network, site: _Snaps, limit: float, *, to_site: bool) -> _Reach:
        """Search once, as the travel matrix does, with the ends of all edges as places."""
        n = network.n_edges
        nowhere = np.full((2 * n, 2), np.nan)
        edges = np.repeat(np.arange(n, dtype=np.int32), 2)
        ends = _Snaps(edges, np.tile([0.0, 1.0], n), np.zeros(2 * n), nowhere)
        pair = (ends, site) if to_site else (site, ends)
        cost, _, _ = _least_pairs(network, *pair, "minutes", limit, alone=True)
        by_start, by_end = cost.reshape(n, 2).T
        if to_site:  # who leaves an edge enters the node at its end
            by_start = by_start + network.node_delay_minutes[network.edge_from]
            by_end = by_end + network.node_delay_minutes[network.edge_to]
        return cls(network, to_site, int(site.edge[0]), float(site.along[0]), by_start, by_end)

    def within(self, minutes: float) -> _Pieces:
        """Cut every edge where the minutes are used up."""
        away, back = self._paces()
        first = _share(minutes - self.by_start, away)
        last = 1.0 - _share(minutes - self.by_end, back)
        met = first >= last
        first, last = np.where(met, 1.0, first), np.where(met, 1.0, last)
        edge = np.arange(self.network.n_edges, dtype=np.int32)
        others = edge != self.edge
        own = _merged([(0.0, float(first[self.edge])), (float(last[self.edge]), 1.0),
                       self._straight(minutes, away, back)])  # fmt: skip
        head, tail = others & (first > 0), others & (last < 1)
        edges = np.concatenate([edge[head], edge[tail], np.full(len(own), self.edge, np.int32)])
        start = np.concatenate([np.zeros(int(head.sum())), last[tail], [a for a, _ in own]])
        end = np.concatenate([first[head], np.ones(int(tail.sum())), [b for _, b in own]])
        order = np.lexsort((start, edges))
        return _Pieces(edges[order], start[order], end[order])

    def _paces(self) -> tuple[_Floats, _Floats]:
        """Minutes along each edge between its start and a point, and between its end and one."""
        ways = (self.network.edge_minutes_forward, self.network.edge_minutes_backward)
        away, back = ways[::-1] if self.to_site else ways
        return away, back

    def _straight(self, minutes: float, away: _Floats, back: _Floats) -> tuple[float, float]:
        """Stretch of the site's own edge that is reached without leaving it."""
        at = self.along
        if not 0 < at < 1:  # at a node, whose delay the search counts
            return at, at
        left = np.array([minutes])
        further, before = (float(_share(left, pace[[self.edge]])[0]) for pace in (away, back))
        return max(at - before, 0.0), min(at + further, 1.0)


def _share(left: _Floats, minutes: _Floats) -> _Floats:
    """Share of an edge that the minutes left are enough for."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # more than enough is all
        share = np.where(minutes > 0, left / minutes, 1.0)
    return np.where(left >= 0, np.clip(share, 0.0, 1.0), 0.0)


def _merged(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join stretches of one edge that touch; drop those of no length."""
    merged: list[tuple[float, float]] = []
    for a, b in sorted(s for s in stretches if s[1] > s[0]):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _lines(network: Network, pieces: _Pieces) -> NDArray[np.object_]:
    """Draw stretches in the network's CRS."""
    lines: NDArray[np.object_] = network.lines[pieces.edge].copy()
    for k in np.flatnonzero((pieces.start > 0) | (pieces.end < 1)).tolist():
        corners = _stretch(network, int(pieces.edge[k]), pieces.start[k], pieces.end[k])
        lines[k] = shapely.linestrings(corners)
    return lines


def _stretch(network: Network, edge: int, start: float, end: float) -> _Floats:
    """Corner points of a stretch of an edge; shares are of its length on the ground."""
    span = slice(*network.geometry_offsets[edge : edge + 2].tolist())
    ground, xy = network.geometry_metres[span], network.geometry_xy[span]
    a, b = start * ground[-1], end * ground[-1]
    tips = np.column_stack([np.interp([a, b], ground, xy[:, k]) for k in (0, 1)])
    first = xy[0] if start <= 0 else tips[0]
    last = xy[-1] if end >= 1 else tips[1]
    inner = (ground > a) & (ground < b)
    return np.vstack([first, xy[inner], last])


class _Part(NamedTuple):
    """A half-edge, and the shares of its length between which it is travelled."""

    half: int
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Route:
    """The way between two snapped places that the travel matrix takes, part by part."""

    network: Network
    parts: Sequence[_Part]

    @classmethod
    def between(
        cls, network: Network, origin: _Snaps, target: _Snaps, *, backwards: bool = True
    ) -> Route | None:
        """Find the way; None without one."""
        start, stop = _anchor(network, origin), _anchor(network, target)
        least, build = np.inf, None
        if network.chains.n_junctions:
            least, build = _over_junctions(network, start, stop, backwards)
        near: list[tuple[float, Callable[[], list[_Part]]]] = []
        for side, (o, _, minutes, _) in enumerate(_along_chains(network, start, stop)):
            if len(o):
                near.append((float(minutes[0]), partial(_chain_parts, network, start, stop, side)))
        for case, (o, _, minutes, _) in enumerate(_within_trees(network, start, stop)):
            if len(o):
                near.append((float(minutes[0]), partial(_tree_parts, network, start, stop, case)))
        for minutes_taken, way in near:
            if minutes_taken < least:
                least, build = minutes_taken, way
        if build is None or not np.isfinite(least):
            return None
        return cls(network, [part for part in build() if part.end > part.start])

    def corners(self, joint: _Floats) -> _Floats:
        """Corner points in the network's CRS; of a way without length, its joint twice."""
        drawn = []
        for half, start, end in self.parts:
            if half % 2:
                drawn.append(_stretch(self.network, half // 2, 1 - end, 1 - start)[::-1])
            else:
                drawn.append(_stretch(self.network, half // 2, start, end))
        xy = np.vstack(drawn) if drawn else np.vstack([joint, joint])
        keep = np.concatenate([[True], np.any(xy[1:] != xy[:-1], axis=1)])
        return xy[keep] if keep.sum() > 1 else xy[[0, -1]]

    def costs(self) -> tuple[_Floats, _Floats]:
        """Minutes (delays at the nodes entered included) and metres of each part."""
        half = np.array([p.half for p in self.parts], np.int32)
        share = np.array([p.end - p.start for p in self.parts])
        _, head, minutes, metres = self.network.half_edges
        entered = np.array([p.end == 1 for p in self.parts], bool)
        delay = self.network.node_delay_minutes[head[half]]
        return share * minutes[half] + np.where(entered, delay, 0.0), share * metres[half]


def _over_junctions(
    network: Network, start: _Anchors, stop: _Anchors, backwards: bool
) -> tuple[float, Callable[[], list[_Part]]]:
    """Search between the junctions, from the same side as the matrix: ties fall alike."""
    from scipy.sparse import csgraph  # long to import

    chains = network.chains
    out, into = _leaving(chains, start), _arriving(chains, stop)
    graph = network.search("minutes", backwards=backwards)
    root, leaf = (into, out) if backwards else (out, into)
    matrix, _ = _with_roots(graph, root, slice(0, 1), "minutes")
    n = len(graph.indptr) - 1
    reach, before = csgraph.dijkstra(matrix, directed=True, indices=n, return_predecessors=True)
    ways = reach[leaf.junction[0]] + leaf.minutes[0]
    leaf_side = int(np.argmin(ways))

    def build() -> list[_Part]:
        at, met = int(leaf.junction[0, leaf_side]), []
        while at != n:
            met.append(at)
            at = int(before[at])
        root_side = _side(root, met[-1])
        out_side, in_side = (leaf_side, root_side) if backwards else (root_side, leaf_side)
        met = met if backwards else met[::-1]
        parts = _to_junction(network, start, out_side)
        for one, other in pairwise(met):
            parts += _arc(network, one, other)
        return parts + _from_junction(network, stop, in_side)

    return float(ways[leaf_side]), build


def _side(ends: _Ends, junction: int) -> int:
    """Say which way round a place comes to a junction; of two, as `with_roots` chooses."""
    first, second = np.where(ends.junction[0] == junction, ends.minutes[0], np.inf)
    return 0 if first < second else 1


def _arc(network: Network, one: int, other: int) -> list[_Part]:
    """Give the chain of the arc between two junctions that the search graph holds."""
    chains = network.chains
    arcs = np.flatnonzero((chains.arc_from == one) & (chains.arc_to == other))
    best = arcs[np.lexsort((chains.arc_metres[arcs], chains.arc_minutes[arcs]))[0]]
    half = int(chains.arc_half[best])
    return [] if half < 0 else [_core(network, half), *_following(network, half)]


def _core(network: Network, half: int, start: float = 0.0, end: float = 1.0) -> _Part:
    """Name a half-edge of the core as one of the network."""
    edge = int(np.searchsorted(np.maximum.accumulate(network.core_edges), half // 2))
    return _Part(2 * edge + half % 2, start, end)


def _following(network: Network, half: int, until: int = -1) -> list[_Part]:
    """Half-edges that follow in a chain, down to the place of the last but one."""
    chains: _Chains = network.chains
    same = np.flatnonzero(chains.last == chains.last[half])
    place = chains.place[same]
    same = same[(place < chains.place[half]) & (place > until)]
    order = same[np.argsort(-chains.place[same])]
    return [_core(network, int(h)) for h in order]


def _mirrored(parts: Sequence[_Part]) -> list[_Part]:
    """Give the same way from its other end."""
    return [_Part(p.half ^ 1, 1 - p.end, 1 - p.start) for p in reversed(parts)]


def _climb(network: Network, node: int, top: int) -> list[_Part]:
    """Go up a dead end from a node to one above it."""
    parts = []
    while node != top:
        parts.append(_Part(int(network.trees.parent_half[node]), 0.0, 1.0))
        node = int(network.trees.parent[node])
    return parts


def _up(network: Network, place: _Anchors) -> list[_Part]:
    """Go out of a dead end, from a place to the core; nothing for a place on the core."""
    child = int(place.child[0])
    if child < 0:
        return []
    trees = network.trees
    first = _Part(int(trees.parent_half[child]), 1 - float(place.rest[0]), 1.0)
    return [first, *_climb(network, int(trees.parent[child]), int(trees.root[child]))]


def _passes_root(passed: _Ints | None, place: _Anchors) -> bool:
    """Whether a place in a dead end meets the search graph at its root itself."""
    child = int(place.child[0])
    return passed is not None and child >= 0 and int(passed[child]) >= 0


def _to_junction(network: Network, place: _Anchors, side: int) -> list[_Part]:
    parts = _up(network, place)
    if _passes_root(network.chains.root_leaves, place):
        return parts
    half, share = int(place.half[0, side]), float(place.share[0, side])
    return [*parts, _core(network, half, share), *_following(network, half)]


def _from_junction(network: Network, place: _Anchors, side: int) -> list[_Part]:
    parts = _mirrored(_up(network, place))
    if _passes_root(network.chains.root_enters, place):
        return parts
    half, share = int(place.half[0, side]), float(place.share[0, side])
    return [*_mirrored(_following(network, half ^ 1)), _core(network, half, 0.0, share), *parts]


def _chain_parts(network: Network, start: _Anchors, stop: _Anchors, side: int) -> list[_Part]:
    """Go straight along the chain that both places are on."""
    chains = network.chains
    out, share = int(start.half[0, side]), float(start.share[0, side])
    other = int(chains.last[stop.half[0, 0]] != chains.last[out])
    into, until = int(stop.half[0, other]), float(stop.share[0, other])
    if out == into:
        along = [_core(network, out, share, until)]
    else:
        between = _following(network, out, until=int(chains.place[into]))
        along = [_core(network, out, share), *between, _core(network, into, 0.0, until)]
    return [*_up(network, start), *along, *_mirrored(_up(network, stop))]


def _tree_parts(network: Network, start: _Anchors, stop: _Anchors, case: int) -> list[_Part]:
    """Go within one dead end; the cases are those of `within_trees`, in its order."""
    trees = network.trees
    a, b = int(start.child[0]), int(stop.child[0])
    up_a, up_b = int(trees.parent_half[a]), int(trees.parent_half[b])
    rest_a, rest_b = float(start.rest[0]), float(stop.rest[0])
    if case == 0:
        if rest_a > rest_b:
            return [_Part(up_a, 1 - rest_a, 1 - rest_b)]
        return [_Part(up_a ^ 1, rest_a, rest_b)]
    leave = (
        (a, _Part(up_a ^ 1, rest_a, 1.0)),
        (int(trees.parent[a]), _Part(up_a, 1 - rest_a, 1.0)),
    )
    enter = (
        (b, _Part(up_b, 0.0, 1 - rest_b)),
        (int(trees.parent[b]), _Part(up_b ^ 1, 0.0, rest_b)),
    )
    (x, first), (y, last) = leave[(case - 1) // 2], enter[(case - 1) % 2]
    top = int(_meeting(trees, np.array([x], np.int32), np.array([y], np.int32))[0])
    return [first, *_climb(network, x, top), *_mirrored(_climb(network, y, top)), last]


# ------------------------------------------------------------------------------
# The way along the streets from an area to a site: its line, for a map.

_Longs = NDArray[np.int64]
#: A graph drops arcs of no weight; nobody notices this many minutes.
_LEAST_MINUTES = 1e-9


def street_ways(
    network: Network,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    pairs: Iterable[tuple[str, str]],
    *,
    snap_limit_m: float = 500.0,
) -> pd.DataFrame:
    """Find the quickest way along the streets from some areas to some sites.

    Banned turns and streets without through traffic are not minded, so that whoever draws a way
    compares its minutes with those of `travel_matrix`.

    Parameters
    ----------
    network : Network
    areas, sites : DataFrame
        ``id lon lat``, WGS84.
    pairs : iterable of (area id, site id)
    snap_limit_m : float
        Longest straight leg between a place and its street, metres.

    Returns
    -------
    DataFrame
        ``area_id site_id minutes geometry``: one row a pair that streets join, minutes without the
        straight legs, WGS84 lines from street to street.

    Examples
    --------
    >>> import pandas as pd
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], mode="walk")
    >>> ends = [pd.DataFrame({"id": [i], "lon": [x], "lat": [53.43]})
    ...         for i, x in (("A", -1.358), ("S", -1.352))]
    >>> way = street_ways(net, *ends, [("A", "S")])
    >>> way["geometry"].iloc[0].wkt, float(way["minutes"].iloc[0].round(1))
    ('LINESTRING (-1.358 53.43, -1.352 53.43)', 5.0)
    """
    wanted = pd.DataFrame(list(pairs), columns=["area_id", "site_id"])
    places = [
        frame[frame["id"].isin(wanted[column])][["id", "lon", "lat"]].reset_index(drop=True)
        for frame, column in ((areas, "area_id"), (sites, "site_id"))
    ]
    if wanted.empty or any(frame.empty for frame in places):
        return pd.DataFrame({"area_id": [], "site_id": [], "minutes": [], "geometry": []})
    streets = _Streets(network)
    starts, ends = (
        snap(network, read_points(frame, "places"), limit_m=snap_limit_m, as_origin=side == 0)
        for side, frame in enumerate(places)
    )
    rows: list[tuple[object, object, float]] = []
    lines: list[_Floats] = []
    ids = places[0]["id"].tolist()
    for site_id, own in wanted.groupby("site_id", sort=True):
        to = int(np.flatnonzero(places[1]["id"] == site_id)[0])
        if ends.edge[to] < 0:
            continue
        reach, following = streets.search(ends, to)
        froms = pd.Index(places[0]["id"]).get_indexer(pd.Index(own["area_id"]))
        for at in sorted(set(froms[starts.edge[froms] >= 0].tolist())):
            found = streets.way(starts, at, ends, to, reach, following)
            if found is not None:
                rows.append((ids[at], site_id, found[0]))
                lines.append(found[1])
    made = pd.DataFrame(rows, columns=["area_id", "site_id", "minutes"])
    return made.assign(geometry=_lines_in_degrees(lines, network.crs))


def _lines_in_degrees(lines: Sequence[_Floats], crs: str) -> NDArray[np.object_]:
    """Make WGS84 lines of corners in metres, all at once: to turn each alone takes far longer."""
    of = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    made = np.empty(len(lines), dtype=object)
    if len(lines):
        made[:] = shapely.linestrings(unproject(np.concatenate(lines), crs).round(6), indices=of)
    return made


class _Streets:
    """A network as one graph of nodes, and the lines of its edges."""

    def __init__(self, network: Network) -> None:
        self.network, self.n = network, network.n_nodes
        csr = network.csr
        tail = np.repeat(np.arange(self.n), np.diff(csr.indptr))
        key = tail * self.n + csr.indices.astype(np.int64)
        order = np.lexsort((csr.minutes, key))
        first = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
        self.key, self.edge = key[first], csr.edge[first].astype(np.int64)
        self.tail, self.head = tail[first], csr.indices[first].astype(np.int64)
        self.minutes = np.maximum(csr.minutes[first], _LEAST_MINUTES)
        self._lines: dict[tuple[int, int], _Floats] = {}

    def search(self, ends: _Snaps, to: int) -> tuple[_Floats, _Longs]:
        """Give each node's minutes to a place, and the node that follows on the way there."""
        from scipy import sparse  # long to import
        from scipy.sparse import csgraph

        nodes, last = self._last(ends, to)
        use = np.isfinite(last)
        if nodes[0] == nodes[1]:  # a ring: the shorter way round
            use[np.argmax(last)] = False
        # the oldest scipy that is allowed searches no matrix whose places are long numbers
        rows = np.concatenate([self.head, np.full(int(use.sum()), self.n)]).astype(np.int32)
        columns = np.concatenate([self.tail, nodes[use]]).astype(np.int32)
        data = np.concatenate([self.minutes, np.maximum(last[use], _LEAST_MINUTES)])
        size = self.n + 1
        matrix = sparse.csr_array((data, (rows, columns)), shape=(size, size))
        reach, following = csgraph.dijkstra(matrix, indices=self.n, return_predecessors=True)
        return reach, following

    def _last(self, ends: _Snaps, to: int) -> tuple[_Longs, _Floats]:
        """Give the nodes at the start and end of a place's street, and the minutes from each."""
        net, edge, along = self.network, int(ends.edge[to]), float(ends.along[to])
        nodes = np.array([net.edge_from[edge], net.edge_to[edge]], np.int64)
        delay = net.node_delay_minutes[nodes[::-1]]  # of the node at the far end, if it is reached
        ahead = _part(along, net.edge_minutes_forward[edge], delay[0] * (along == 1))
        back = _part(1 - along, net.edge_minutes_backward[edge], delay[1] * (along == 0))
        return nodes, np.array([ahead, back])

    def way(
        self, starts: _Snaps, at: int, ends: _Snaps, to: int, reach: _Floats, following: _Longs
    ) -> tuple[float, _Floats] | None:
        """Give minutes and the line, in metres, from a place to another; None where none goes."""
        net, edge, along = self.network, int(starts.edge[at]), float(starts.along[at])
        u, v = int(net.edge_from[edge]), int(net.edge_to[edge])
        delay = net.node_delay_minutes
        choices = [
            (_part(along, net.edge_minutes_backward[edge], delay[u]) + reach[u], u, 0.0),
            (_part(1 - along, net.edge_minutes_forward[edge], delay[v]) + reach[v], v, 1.0),
        ]
        end, goal = float(ends.along[to]), int(ends.edge[to])
        if goal == edge:
            each = net.edge_minutes_forward if end >= along else net.edge_minutes_backward
            there = {0.0: delay[u], 1.0: delay[v]}.get(end, 0.0)
            choices.append((_part(abs(end - along), each[edge], there), -1, end))
        minutes, node, share = min(choices)
        if not np.isfinite(minutes):
            return None
        parts = [self._stretch(edge, along, share)]
        while node >= 0 and (after := int(following[node])) != self.n:
            parts.append(self._between(node, after))
            node = after
        if node >= 0:
            nodes, last = self._last(ends, to)
            side = int(np.argmin(np.where(nodes == node, last, np.inf)))
            parts.append(self._stretch(goal, float(side), end))
        xy = np.concatenate(parts)
        return float(minutes), xy if len(xy) > 1 else np.repeat(xy, 2, axis=0)

    def _between(self, tail: int, head: int) -> _Floats:
        """Give the line of the quickest street from one node to the next."""
        if (tail, head) not in self._lines:  # ways to one place share most of their streets
            edge = int(self.edge[np.searchsorted(self.key, tail * self.n + head)])
            ends = (0.0, 1.0) if self._leaves(edge, tail) else (1.0, 0.0)
            self._lines[tail, head] = self._stretch(edge, *ends)
        return self._lines[tail, head]

    def _leaves(self, edge: int, tail: int) -> bool:
        return int(self.network.edge_from[edge]) == tail

    def _stretch(self, edge: int, start: float, stop: float) -> _Floats:
        """Cut a part out of a street's line, against it where it stops before it starts."""
        some = slice(*self.network.geometry_offsets[[edge, edge + 1]])
        xy, ground = self.network.geometry_xy[some], self.network.geometry_metres[some]
        low, high = sorted((start * ground[-1], stop * ground[-1]))
        if low <= 0 and high >= ground[-1]:  # the whole street: nothing is to be cut
            inner = (ground > low) & (ground < high)
            inner[[0, -1]] = True
            whole: _Floats = xy[inner]
            return whole if start <= stop else whole[::-1]
        at = np.concatenate([[low], ground[(ground > low) & (ground < high)], [high]])
        line = np.column_stack([np.interp(at, ground, xy[:, k]) for k in (0, 1)])
        return line if start <= stop else line[::-1]


def _part(share: float, minutes: float, delay: float) -> float:
    """Give the minutes over a share of a street, which may be closed, and into its end."""
    return share * float(minutes) + float(delay) if share > 0 else 0.0
