"""The street network as a frozen value: nodes, edges, and the street nearest to a place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from access.display import html_answer
from access.network.contraction import (
    _Chains,
    _draw_together,
    _peel,
    _ratio,
    _search_graph,
    _SearchGraph,
    _Trees,
)
from access.network.data import BOTH, _Csr, _NetworkData, _SourceInfo
from access.network.profiles import Profile
from access.network.route_rules import _nodes_at_bans, _nodes_at_rules, _with_rules
from access.units import WGS84, project, unproject

if TYPE_CHECKING:
    from scipy.spatial import KDTree


# Find the nearest street to many places at once.
#
# Streets are cut into pieces of at most `_PIECE_M` metres; a k-d tree of the pieces' middles gives
# a few pieces that can hold the nearest point, and exact geometry decides among them. This takes
# a fraction of the time and memory of a tree of line objects, which serves where streets are few,
# as modelled ones are, and takes less time to import.

_Floats = NDArray[np.float64]

#: Longest piece, metres.
_PIECE_M = 25.0
#: Straight stretches up to which they make a tree as they are.
_FEW = 10_000
#: A tree of lines measures as exactly as this, metres.
_SLACK_M = 1e-6


@dataclass(frozen=True, eq=False)
class _SegmentIndex:
    """Pieces of streets, ready to be searched.

    Parameters
    ----------
    tree : KDTree or STRtree
        Of the middles of pieces; of few streets of whole stretches, each its own piece.
    corner : ndarray of int32, shape (pieces,)
        Corner point at the start of the straight stretch that each piece is cut from.
    edge : ndarray of int32, shape (pieces,)
        Its edge.
    reach : float
        Most metres from a piece's middle to its end.
    """

    tree: KDTree | shapely.STRtree
    corner: NDArray[np.int32]
    edge: NDArray[np.int32]
    reach: float


def _segment_index(
    xy: _Floats, offsets: NDArray[np.int64], use: NDArray[np.bool_]
) -> _SegmentIndex:
    """Cut streets into pieces and index them."""
    edge = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))[:-1]
    inside = use[edge]
    inside[offsets[1:-1] - 1] = False
    corner = np.flatnonzero(inside).astype(np.int32)
    edge = edge[corner]
    if len(corner) <= _FEW:
        ends = np.stack([xy[corner], xy[corner + 1]], axis=1)
        return _SegmentIndex(shapely.STRtree(shapely.linestrings(ends)), corner, edge, 0.0)
    from scipy.spatial import KDTree

    length = np.hypot(*(xy[corner + 1] - xy[corner]).T)
    cuts = np.maximum(1, np.ceil(length / _PIECE_M)).astype(np.int32)
    reach = float((length / cuts).max() / 2)
    which = np.repeat(np.arange(len(corner), dtype=np.int32), cuts)
    nth = np.arange(len(which), dtype=np.int32) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = (nth + 0.5) / cuts[which]
    corner, edge = corner[which], edge[which]
    del which, nth, cuts, length
    middle = xy[corner + 1] - xy[corner]
    middle *= share[:, None]
    middle += xy[corner]
    return _SegmentIndex(
        KDTree(middle, balanced_tree=False, compact_nodes=False), corner, edge, reach
    )


def _nearest_piece(
    finder: _SegmentIndex, xy: _Floats, places: _Floats, *, limit_m: float
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Nearest point on any street to each place.

    Parameters
    ----------
    finder : SegmentIndex
    xy : ndarray, shape (points, 2)
        Corner points, as the finder was made from.
    places : ndarray, shape (n, 2)
        Metres, in the same CRS.
    limit_m : float
        Look no further.

    Returns
    -------
    piece : ndarray of int64, shape (n,)
        Nearest piece; -1 where none lies within the limit.
    along : ndarray, shape (n,)
        Share of the straight stretch that lies before the nearest point.
    metres : ndarray, shape (n,)
        Straight distance; ``inf`` where none.
    """
    if isinstance(finder.tree, shapely.STRtree):
        return _nearest_of_few(finder, finder.tree, xy, places, limit_m)
    piece = np.full(len(places), -1, np.int64)
    along, metres = np.zeros(len(places)), np.full(len(places), np.inf)
    todo = np.arange(len(places))
    k = min(8, finder.tree.n)
    while len(todo):
        far, found = finder.tree.query(places[todo], k=[*range(1, k + 1)],
                                       distance_upper_bound=limit_m + finder.reach)  # fmt: skip
        there = found < finder.tree.n
        found = np.where(there, found, 0)
        share, off = _to_stretches(xy, finder.corner[found], places[todo])
        off = np.where(there, off, np.inf)
        best = off.min(axis=1)
        # Among equally near pieces the first of the network, whatever order they came in.
        pick = np.where(off == best[:, None], found, finder.tree.n)
        pick_at = pick.argmin(axis=1)
        rows = np.arange(len(todo))
        # No unseen piece can be nearer: its middle is at least as far as the last one seen.
        sure = (far[:, -1] - finder.reach > best) | ~there[:, -1] | (k == finder.tree.n)
        hit = sure & (best <= limit_m)
        piece[todo[hit]] = pick[rows, pick_at][hit]
        along[todo[hit]] = share[rows, pick_at][hit]
        metres[todo[hit]] = best[hit]
        todo = todo[~sure]
        k = min(4 * k, finder.tree.n)
    return piece, along, metres


def _nearest_of_few(
    finder: _SegmentIndex, tree: shapely.STRtree, xy: _Floats, places: _Floats, limit_m: float
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Find the nearest stretches in a tree of them; among equally near ones the first."""
    piece = np.full(len(places), -1, np.int64)
    along, metres = np.zeros(len(places)), np.full(len(places), np.inf)
    points = shapely.points(places)
    (near, _), far = tree.query_nearest(
        points, max_distance=limit_m + _SLACK_M, return_distance=True, all_matches=False
    )
    which, found = tree.query(points[near], predicate="dwithin", distance=far + _SLACK_M)
    share, off = _to_stretches(xy, finder.corner[found][:, None], places[near[which]])
    order = np.lexsort((found, off[:, 0], which))
    which, first = np.unique(which[order], return_index=True)
    best = order[first]
    hit = off[best, 0] <= limit_m
    at, best = near[which[hit]], best[hit]
    piece[at], along[at], metres[at] = found[best], share[best, 0], off[best, 0]
    return piece, along, metres


def _to_stretches(
    xy: _Floats, corner: NDArray[np.int32], places: _Floats
) -> tuple[_Floats, _Floats]:
    """Share along each straight stretch of its point nearest to the place, and how far off."""
    start = xy[corner]
    step = xy[corner + 1] - start
    gap = places[:, None, :] - start
    square = (step**2).sum(axis=2)
    share = np.divide((gap * step).sum(axis=2), square, out=np.zeros_like(square),
                      where=square > 0)  # fmt: skip
    share = np.clip(share, 0.0, 1.0)
    rest = gap - share[:, :, None] * step
    return share, np.hypot(rest[:, :, 0], rest[:, :, 1])


# ------------------------------------------------------------------------------
# The street network as a frozen value: nodes, edges, minutes, metres, geometry.

_Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Network(_NetworkData):
    """Streets that one kind of traveller can use. Made by `build_network` or `from_edges`.

    A frozen value; its fields are those of `NetworkData`. What a search needs besides (dead ends,
    chains, a spatial index) is made when it is first asked for, and kept.

    Examples
    --------
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], mode="walk")
    >>> net.n_nodes, net.n_edges, round(net.edge_metres[0])
    (2, 1, 663)
    """

    @classmethod
    def from_edges(
        cls,
        node_lon: ArrayLike,
        node_lat: ArrayLike,
        edge_from: ArrayLike,
        edge_to: ArrayLike,
        *,
        mode: str = "walk",
        metres: ArrayLike | None = None,
        minutes_forward: ArrayLike | None = None,
        minutes_backward: ArrayLike | None = None,
        edge_class: str | Sequence[str] = "street",
        geometry: Sequence[ArrayLike] | None = None,
        node_delay_minutes: ArrayLike | None = None,
        profile: Profile | None = None,
        crs: str | None = None,
        keep: str = "main",
        source: _SourceInfo | str = "edges handed over",
        assumptions: Sequence[str] = (),
    ) -> Network:
        """Make a network from nodes and edges that are already known.

        Parameters
        ----------
        node_lon, node_lat : array_like, shape (nodes,)
            WGS84 degrees.
        edge_from, edge_to : array_like of int, shape (edges,)
            Node rows. An edge is one street, with up to two directions; parallel edges and
            loops are allowed.
        mode : str
            ``"walk"`` or ``"drive"``.
        metres : array_like, shape (edges,), optional
            Length on the ground; measured along the geometry when not given.
        minutes_forward, minutes_backward : array_like, shape (edges,), optional
            ``inf`` closes a direction. Forward: from the profile's speed when not given;
            backward: as forward when not given.
        edge_class : str or sequence of str
            Class of all edges, or of each.
        geometry : sequence of array_like, optional
            One (points, 2) array of lon, lat an edge, ends included; straight when not given.
        node_delay_minutes : array_like, shape (nodes,), optional
            Lost on entering each node.
        profile : Profile, optional
            The preset of the mode when not given.
        crs : str, optional
            Metric working CRS; named after the first node when not given.
        keep : str
            ``"main"`` keeps the main connected part (strongly connected if the profile says
            so), ``"all"`` keeps everything.
        source : SourceInfo or str
        assumptions : sequence of str
            What readers must be told, for example that the streets are modelled.

        Returns
        -------
        Network

        Raises
        ------
        NetworkError
            If shapes disagree, a node is unknown, or lengths or minutes are negative or
            missing.
        """
        from access.network.data import _network_from_arrays

        return _network_from_arrays(
            cls, node_lon, node_lat, edge_from, edge_to, mode=mode, metres=metres,
            minutes_forward=minutes_forward, minutes_backward=minutes_backward,
            edge_class=edge_class, geometry=geometry, node_delay_minutes=node_delay_minutes,
            profile=profile, crs=crs, keep=keep, source=source, assumptions=assumptions,
        )  # fmt: skip

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_xy)

    @property
    def n_edges(self) -> int:
        """Number of edges; a two-way street counts once."""
        return len(self.edge_from)

    @property
    def has_rules(self) -> bool:
        """Whether some turns are banned, or some streets closed to through traffic."""
        return bool(len(self.banned_turns)) or bool(self.edge_local.any())

    @property
    def half_edges(self) -> tuple[_Ints, _Ints, _Floats, _Floats]:
        """Tail, head, minutes and metres of half-edges: 2e as drawn, 2e + 1 against it."""
        both = (self.edge_from, self.edge_to)
        tail = np.column_stack(both).ravel()
        head = np.column_stack(both[::-1]).ravel()
        minutes = np.column_stack(
            (self.edge_minutes_forward, self.edge_minutes_backward)
        ).ravel()  # fmt: skip
        return tail, head, minutes, np.repeat(self.edge_metres, 2)

    @cached_property
    def trees(self) -> _Trees:
        """Dead ends, and every node's way to the core; made when first asked for."""
        return _peel(*self.half_edges, self.node_delay_minutes, _nodes_at_bans(self))

    @cached_property
    def core_edges(self) -> _Ints:
        """Number of each edge among those of the core; -1 for dead ends."""
        in_core = np.ones(self.n_edges, bool)
        up = self.trees.parent_half
        in_core[up[up >= 0] // 2] = False
        return np.where(in_core, np.cumsum(in_core) - 1, -1).astype(np.int32)

    @cached_property
    def chains(self) -> _Chains:
        """The core drawn together at degree-2 nodes; made when first asked for."""
        core = np.repeat(self.core_edges >= 0, 2)
        tail, head, minutes, metres = self.half_edges
        held = _nodes_at_rules(self)
        drawn = _draw_together(
            tail[core], head[core], minutes[core], metres[core], self.node_delay_minutes, held
        )
        return drawn if held is None else _with_rules(drawn, self, tail[core], head[core])

    @cached_property
    def _searches(self) -> dict[tuple[str, bool], _SearchGraph]:
        return {}

    def search(self, by: str, *, backwards: bool) -> _SearchGraph:
        """Arcs arranged for a search; made when first asked for.

        Parameters
        ----------
        by : str
            ``"minutes"`` or ``"metres"``: what is minimised.
        backwards : bool
            From destinations, against the arcs.

        Returns
        -------
        SearchGraph
        """
        key = (by, backwards)
        if key not in self._searches:
            _, _, minutes, metres = self.half_edges
            delayed = bool(self.node_delay_minutes.any())
            ratio = np.nan if delayed else _ratio(minutes, metres, by)
            self._searches[key] = _search_graph(self.chains, ratio, by=by, backwards=backwards)
        return self._searches[key]

    @cached_property
    def csr(self) -> _Csr:
        """Open directed edges as compressed rows; minutes include the delay at the head.

        Banned turns and streets without through traffic are not in it.
        """
        tail, head, minutes, metres = self.half_edges
        is_open = np.flatnonzero(np.isfinite(minutes))
        order = is_open[np.lexsort((head[is_open], tail[is_open]))]
        indptr = np.zeros(self.n_nodes + 1, np.int32)
        np.cumsum(np.bincount(tail[order], minlength=self.n_nodes), out=indptr[1:])
        return _Csr(
            indptr,
            head[order].astype(np.int32),
            metres[order],
            minutes[order] + self.node_delay_minutes[head[order]],
            (order // 2).astype(np.int32),
        )

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """One shapely LineString an edge, in `crs`."""
        which = np.repeat(np.arange(self.n_edges), np.diff(self.geometry_offsets))
        lines: NDArray[np.object_] = shapely.linestrings(self.geometry_xy, indices=which)
        return lines

    @cached_property
    def _finders(self) -> dict[int, _SegmentIndex]:
        return {}

    def finder(self, side: int) -> _SegmentIndex:
        """Spatial index of the streets that an origin or a destination may join.

        Parameters
        ----------
        side : int
            `WAY_OUT` for origins, `WAY_IN` for destinations.

        Returns
        -------
        SegmentIndex
        """
        use = (self.edge_sides == BOTH) | (self.edge_sides == side)
        key = BOTH if use.all() else side
        if key not in self._finders:
            self._finders[key] = _segment_index(self.geometry_xy, self.geometry_offsets, use)
        return self._finders[key]

    @cached_property
    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the streets, degrees."""
        west, south = self.node_lonlat.min(axis=0)
        east, north = self.node_lonlat.max(axis=0)
        return float(west), float(south), float(east), float(north)

    def metres_past(self, lon: ArrayLike, lat: ArrayLike) -> float:
        """Metres that the streets reach past these places, on the side where they reach least."""
        points = shapely.multipoints(project(lon, lat, self.crs))
        reached = shapely.convex_hull(shapely.geometrycollections(self.lines))
        if not shapely.covers(reached, points):
            return 0.0
        return float(shapely.distance(points, shapely.boundary(reached)))

    @cached_property
    def digest(self) -> str:
        """Fingerprint of everything that decides a travel time (sha256, hexadecimal)."""
        total = hashlib.sha256(repr((self.mode, self.crs, self.profile.to_dict())).encode())
        rules = [*(("edge_local", "banned_turns") if self.has_rules else ()),
                 *(("edge_sides",) if self.edge_sides.any() else ())]  # fmt: skip
        for name in (
            *rules, "node_lonlat", "node_delay_minutes", "edge_from", "edge_to", "edge_metres",
            "edge_minutes_forward", "edge_minutes_backward", "geometry_xy", "geometry_offsets",
        ):  # fmt: skip
            total.update(np.ascontiguousarray(getattr(self, name)).data)
        return total.hexdigest()

    def edges_frame(self, *, crs: str | None = None) -> gpd.GeoDataFrame:
        """Edges as a layer for QGIS or a GeoPackage.

        Parameters
        ----------
        crs : str, optional
            ``"EPSG:4326"`` for degrees; the network's metric CRS when not given.

        Returns
        -------
        GeoDataFrame
            One row an edge: way, name, street_class, metres, minutes_forward,
            minutes_backward (missing where closed), speed_tagged, geometry.
        """

        def minutes(values: _Floats) -> _Floats:
            return np.where(np.isfinite(values), values, np.nan)

        frame = gpd.GeoDataFrame(
            {
                "way": self.edge_way,
                "name": np.array(self.street_names, object)[self.edge_name],
                "street_class": np.array(self.class_names, object)[self.edge_class],
                "metres": self.edge_metres,
                "minutes_forward": minutes(self.edge_minutes_forward),
                "minutes_backward": minutes(self.edge_minutes_backward),
                "speed_tagged": self.edge_speed_tagged,
            },
            geometry=self.lines,
            crs=self.crs,
        )
        if crs is None or crs == self.crs:
            return frame
        if crs == WGS84:  # the same transformation as everywhere else, to the last digit
            which = np.repeat(np.arange(self.n_edges), np.diff(self.geometry_offsets))
            lonlat = unproject(self.geometry_xy, self.crs)
            return frame.set_geometry(shapely.linestrings(lonlat, indices=which), crs=WGS84)
        return frame.to_crs(crs)

    def to_dict(self) -> dict[str, Any]:
        """What the ledger keeps of a network.

        Returns
        -------
        dict
            JSON-ready: mode, crs, digest, source, profile, counts, assumptions.
        """
        return {
            "mode": self.mode,
            "crs": self.crs,
            "digest": self.digest,
            "source": vars(self.source).copy(),
            "profile": self.profile.to_dict(),
            "counts": dict(self.counts),
            "assumptions": list(self.assumptions),
        }

    def __repr__(self) -> str:
        km = self.edge_metres.sum() / 1000
        return (
            f"<Network {self.profile.name}: {self.n_nodes:,} nodes, {self.n_edges:,} edges, "
            f"{km:,.0f} km, from {self.source.name}>"
        )

    def _repr_html_(self) -> str:

        return _network_html(self)


def _network_html(network: Network) -> str:
    """Write a network for a notebook: whose streets, how many, and of which kind."""
    km = np.bincount(
        network.edge_class, weights=network.edge_metres / 1000, minlength=len(network.class_names)
    )
    order = np.argsort(-km, kind="stable")
    rows = [(network.class_names[k], f"{km[k]:,.0f}") for k in order[:8] if km[k] > 0]
    rest = float(km[order[8:]].sum())
    if rest > 0:
        rows.append(("all others", f"{rest:,.0f}"))
    sentence = (
        f"Streets to {network.mode} along, from {network.source.name}: {network.n_edges:,} pieces, "
        f"{network.n_nodes:,} junctions and ends, {km.sum():,.0f} km."
    )
    return html_answer(sentence, ["Kind of street", "km"], rows, notes=network.assumptions)
