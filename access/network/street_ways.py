"""The way along the streets from an area to a site: its line, for a map."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from access.network.network import Network
from access.network.snapping import _Snaps, read_points, snap
from access.units import unproject

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
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
    rows = []
    for site_id, own in wanted.groupby("site_id", sort=True):
        to = int(np.flatnonzero(places[1]["id"] == site_id)[0])
        if ends.edge[to] < 0:
            continue
        reach, following = streets.search(ends, to)
        froms = pd.Index(places[0]["id"]).get_indexer(pd.Index(own["area_id"]))
        for at in sorted(set(froms[starts.edge[froms] >= 0].tolist())):
            found = streets.way(starts, at, ends, to, reach, following)
            if found is not None:
                rows.append((places[0]["id"][at], site_id, *found))
    return pd.DataFrame(rows, columns=["area_id", "site_id", "minutes", "geometry"])


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

    def search(self, ends: _Snaps, to: int) -> tuple[_Floats, _Ints]:
        """Give each node's minutes to a place, and the node that follows on the way there."""
        net, edge, along = self.network, int(ends.edge[to]), float(ends.along[to])
        nodes = np.array([net.edge_from[edge], net.edge_to[edge]], np.int64)
        delay = net.node_delay_minutes[nodes[::-1]]  # of the node at the far end, if it is reached
        last = np.array(
            [
                _part(along, net.edge_minutes_forward[edge], delay[0] * (along == 1)),
                _part(1 - along, net.edge_minutes_backward[edge], delay[1] * (along == 0)),
            ]
        )
        use = np.isfinite(last)
        rows = np.concatenate([self.head, np.full(int(use.sum()), self.n)])
        columns = np.concatenate([self.tail, nodes[use]])
        data = np.concatenate([self.minutes, np.maximum(last[use], _LEAST_MINUTES)])
        size = self.n + 1
        matrix = sparse.csr_array((data, (rows, columns)), shape=(size, size))
        reach, following = csgraph.dijkstra(matrix, indices=self.n, return_predecessors=True)
        return reach, following

    def way(
        self, starts: _Snaps, at: int, ends: _Snaps, to: int, reach: _Floats, following: _Ints
    ) -> tuple[float, shapely.LineString] | None:
        """Give the minutes and the line from one place to another; None where there is no way."""
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
            parts.append(self._stretch(goal, 0.0 if node == net.edge_from[goal] else 1.0, end))
        xy = np.concatenate(parts)
        lonlat = unproject(xy, net.crs).round(6)
        return float(minutes), shapely.LineString(lonlat if len(lonlat) > 1 else [lonlat[0]] * 2)

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
