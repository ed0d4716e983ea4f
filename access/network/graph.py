"""The street network as a frozen value: nodes, edges, minutes, metres, geometry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from access.network.arcs import SearchGraph, search_graph
from access.network.chains import Chains, draw_together
from access.network.finder import Finder, make_finder
from access.network.profile import Profile
from access.network.trees import Trees, peel
from access.sources.osm import SourceInfo
from access.units import WGS84, unproject

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Values of `Network.edge_sides`.
BOTH, WAY_OUT, WAY_IN = 0, 1, 2


class Csr(NamedTuple):
    """Open directed edges in compressed rows: `indices[indptr[n]:indptr[n + 1]]` leave node n."""

    indptr: Ints
    indices: Ints
    metres: Floats
    minutes: Floats
    edge: Ints


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Streets that are not in a network, kept to say whom that concerns.

    Parameters
    ----------
    reason : tuple of str
        Words that `reason_code` points to.
    reason_code : ndarray of uint8, shape (k,)
    part : ndarray of int32, shape (k,)
        Number of the cut-off part, from 1; 0 where the street itself is refused.
    metres : ndarray, shape (k,)
    xy, offsets : ndarray
        Geometry in the network's CRS, as in `Network`.
    """

    reason: tuple[str, ...] = ()
    reason_code: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    part: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    metres: Floats = field(default_factory=lambda: np.zeros(0))
    xy: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))


@dataclass(frozen=True, eq=False)
class Network:
    """Streets that one kind of traveller can use. Made by `build_network` or `from_edges`.

    Parameters
    ----------
    mode : str
        ``"walk"`` or ``"drive"``.
    crs : str
        Metric CRS of `node_xy` and `geometry_xy`.
    profile : Profile
    node_lonlat, node_xy : ndarray, shape (nodes, 2)
        WGS84 degrees; metres of `crs`.
    node_ids : ndarray of int64, shape (nodes,)
        OpenStreetMap ids, or row numbers. Not unique where a barrier cuts a street.
    node_delay_minutes : ndarray, shape (nodes,)
        Lost on entering the node: junctions and lights when driving.
    edge_from, edge_to : ndarray of int32, shape (edges,)
    edge_metres : ndarray, shape (edges,)
        On the ground, never grid metres.
    edge_minutes_forward, edge_minutes_backward : ndarray, shape (edges,)
        As drawn and against it; ``inf`` where it may not be travelled.
    edge_class : ndarray of int16, shape (edges,)
        Position in `class_names`.
    class_names : tuple of str
    edge_way : ndarray of int64, shape (edges,)
        OpenStreetMap way id; -1 where there is none.
    edge_name : ndarray of int32, shape (edges,)
        Position in `street_names`.
    street_names : tuple of str
    edge_speed_tagged : ndarray of bool, shape (edges,)
        Whether a tagged speed limit gave the minutes.
    geometry_xy : ndarray, shape (points, 2)
        Corner points of all edges, metres of `crs`.
    geometry_metres : ndarray, shape (points,)
        Metres on the ground from the start of its edge to each corner point.
    geometry_offsets : ndarray of int64, shape (edges + 1,)
        Where each edge begins in `geometry_xy`.
    source : SourceInfo
    counts : dict
        What was read, kept, refused and cut off.
    left_out : LeftOut
        Cut-off parts and private streets, for the audit.
    assumptions : tuple of str
        What readers of any number made with this network must be told.
    edge_sides : ndarray of uint8, shape (edges,)
        `BOTH`; `WAY_OUT` where one can leave for the rest of the network but not come back;
        `WAY_IN` where one can only be reached from it. Origins never join a `WAY_IN` street,
        destinations never a `WAY_OUT` street.

    Examples
    --------
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], mode="walk")
    >>> net.n_nodes, net.n_edges, round(net.edge_metres[0])
    (2, 1, 663)
    """

    mode: str
    crs: str
    profile: Profile
    node_lonlat: Floats
    node_xy: Floats
    node_ids: NDArray[np.int64]
    node_delay_minutes: Floats
    edge_from: Ints
    edge_to: Ints
    edge_metres: Floats
    edge_minutes_forward: Floats
    edge_minutes_backward: Floats
    edge_class: NDArray[np.int16]
    class_names: tuple[str, ...]
    edge_way: NDArray[np.int64]
    edge_name: Ints
    street_names: tuple[str, ...]
    edge_speed_tagged: NDArray[np.bool_]
    geometry_xy: Floats
    geometry_metres: Floats
    geometry_offsets: NDArray[np.int64]
    source: SourceInfo
    counts: dict[str, Any]
    left_out: LeftOut = field(default_factory=LeftOut)
    assumptions: tuple[str, ...] = ()
    edge_sides: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __post_init__(self) -> None:
        for value in (*vars(self).values(), *vars(self.left_out).values()):
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

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
        source: SourceInfo | str = "edges handed over",
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
        from access.network.handed import network_from_arrays

        return network_from_arrays(
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
    def half_edges(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Tail, head, minutes and metres of half-edges: 2e as drawn, 2e + 1 against it."""
        both = (self.edge_from, self.edge_to)
        tail = np.column_stack(both).ravel()
        head = np.column_stack(both[::-1]).ravel()
        minutes = np.column_stack(
            (self.edge_minutes_forward, self.edge_minutes_backward)
        ).ravel()  # fmt: skip
        return tail, head, minutes, np.repeat(self.edge_metres, 2)

    @cached_property
    def trees(self) -> Trees:
        """Dead ends, and every node's way to the core; made when first asked for."""
        return peel(*self.half_edges, self.node_delay_minutes)

    @cached_property
    def core_edges(self) -> Ints:
        """Number of each edge among those of the core; -1 for dead ends."""
        in_core = np.ones(self.n_edges, bool)
        up = self.trees.parent_half
        in_core[up[up >= 0] // 2] = False
        return np.where(in_core, np.cumsum(in_core) - 1, -1).astype(np.int32)

    @cached_property
    def chains(self) -> Chains:
        """The core drawn together at degree-2 nodes; made when first asked for."""
        core = np.repeat(self.core_edges >= 0, 2)
        tail, head, minutes, metres = self.half_edges
        return draw_together(
            tail[core], head[core], minutes[core], metres[core], self.node_delay_minutes
        )

    @cached_property
    def _searches(self) -> dict[tuple[str, bool], SearchGraph]:
        return {}

    def search(self, by: str, *, backwards: bool) -> SearchGraph:
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
            self._searches[key] = search_graph(self.chains, by=by, backwards=backwards)
        return self._searches[key]

    @cached_property
    def csr(self) -> Csr:
        """Open directed edges as compressed rows; minutes include the delay at the head."""
        tail, head, minutes, metres = self.half_edges
        is_open = np.flatnonzero(np.isfinite(minutes))
        order = is_open[np.lexsort((head[is_open], tail[is_open]))]
        indptr = np.zeros(self.n_nodes + 1, np.int32)
        np.cumsum(np.bincount(tail[order], minlength=self.n_nodes), out=indptr[1:])
        return Csr(
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
        return shapely.linestrings(self.geometry_xy, indices=which)

    @cached_property
    def _finders(self) -> dict[int, Finder]:
        return {}

    def finder(self, side: int) -> Finder:
        """Spatial index of the streets that an origin or a destination may join.

        Parameters
        ----------
        side : int
            `WAY_OUT` for origins, `WAY_IN` for destinations.

        Returns
        -------
        Finder
        """
        use = (self.edge_sides == BOTH) | (self.edge_sides == side)
        key = BOTH if use.all() else side
        if key not in self._finders:
            self._finders[key] = make_finder(self.geometry_xy, self.geometry_offsets, use)
        return self._finders[key]

    @cached_property
    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the streets, degrees."""
        west, south = self.node_lonlat.min(axis=0)
        east, north = self.node_lonlat.max(axis=0)
        return float(west), float(south), float(east), float(north)

    @cached_property
    def digest(self) -> str:
        """Fingerprint of everything that decides a travel time (sha256, hexadecimal)."""
        total = hashlib.sha256(repr((self.mode, self.crs, self.profile.to_dict())).encode())
        for name in (
            "node_lonlat", "node_delay_minutes", "edge_from", "edge_to", "edge_metres",
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

        def minutes(values: Floats) -> Floats:
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
        from access.network.show import network_html

        return network_html(self)
