"""Networks from networkx and osmnx graphs, and from GraphML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray

from access.errors import Fault, NetworkError
from access.ledger import sha256_of
from access.network.access_rules import Verdict, judge
from access.network.components import Draft, finish
from access.network.from_arrays import corner_metres, line_metres
from access.network.network import Network
from access.network.osm import RELEVANT_TAGS, SourceInfo
from access.network.profiles import Profile
from access.network.slope import Heights, add_slope
from access.units import WGS84, metric_crs, project, unproject


def read_graphml(path: Path) -> tuple[nx.Graph, SourceInfo]:
    """Read a GraphML file as osmnx or networkx writes it."""
    try:
        graph = nx.read_graphml(path)
    except (OSError, SyntaxError, ValueError, KeyError, nx.NetworkXError) as error:
        raise NetworkError(f"{path} cannot be read as GraphML: {error}") from error
    return graph, SourceInfo(path.name, sha256_of(path))


def network_from_graph(
    graph: nx.Graph,
    profile: Profile,
    *,
    info: SourceInfo | None = None,
    keep: str = "main",
    heights: Heights | None = None,
) -> Network:
    """Build a network from a networkx or osmnx graph."""
    info = info or SourceInfo("networkx graph")
    if not graph.number_of_edges():
        raise NetworkError(f"{info.name} has no edges; expected a graph of streets")
    nodes = list(graph.nodes)
    row = {node: i for i, node in enumerate(nodes)}
    here = str(graph.graph.get("crs", WGS84))
    xy_given = _coordinates(graph, nodes, info.name, degrees=here.upper() == WGS84)
    lonlat = xy_given if here.upper() == WGS84 else unproject(xy_given, here)
    crs = metric_crs(*np.median(lonlat, axis=0))
    found = _Edges(graph, row, profile, info.name, xy_given)
    draft = _draft(graph, nodes, found, lonlat, crs, here)
    if heights is not None:
        add_slope(draft, profile, heights, crs)
    return finish(Network, draft, profile, crs=crs, source=info, keep=keep)


def _draft(
    graph: nx.Graph,
    nodes: list[Any],
    found: _Edges,
    lonlat: NDArray[np.float64],
    crs: str,
    here: str,
) -> Draft:
    points = np.concatenate(found.lines)
    points = points if here.upper() == WGS84 else unproject(points, here)
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in found.lines])])
    length = np.array(found.lengths, float)
    length = np.where(np.isnan(length), line_metres(points, offsets), length)
    classes = sorted(set(found.classes))
    pace = np.array([v.kmh_forward for v in found.verdicts])
    minutes = np.where(np.isnan(found.minutes), length * 0.06 / pace, found.minutes)
    return Draft(
        node_lonlat=lonlat,
        node_xy=project(lonlat[:, 0], lonlat[:, 1], crs),
        node_ids=_node_ids(nodes),
        edge_from=np.array(found.tails, np.int32),
        edge_to=np.array(found.heads, np.int32),
        edge_metres=length,
        edge_minutes_forward=np.where([v.forward for v in found.verdicts], minutes, np.inf),
        edge_minutes_backward=np.where([v.backward for v in found.verdicts], minutes, np.inf),
        edge_class=np.array([classes.index(c) for c in found.classes], np.int16),
        class_names=tuple(classes),
        geometry_xy=project(points[:, 0], points[:, 1], crs),
        geometry_metres=corner_metres(points, offsets),
        geometry_offsets=offsets,
        edge_way=np.array(found.ways, np.int64),
        edge_speed_tagged=np.array([v.speed_tagged for v in found.verdicts]),
        counts={
            "edges_read": graph.number_of_edges(),
            "edges_open": len(found.tails),
            "edges_refused": found.refused,
        },
    )


class _Edges:
    """Edges of a graph, twins of a two-way street drawn into one."""

    def __init__(
        self,
        graph: nx.Graph,
        row: Mapping[Any, int],
        profile: Profile,
        name: str,
        xy: NDArray[np.float64],
    ) -> None:
        self.tails: list[int] = []
        self.heads: list[int] = []
        self.lengths: list[float] = []
        self.minutes: list[float] = []
        self.lines: list[NDArray[Any]] = []
        self.classes: list[str] = []
        self.ways: list[int] = []
        self.verdicts: list[Verdict] = []
        self.refused = 0
        faults: list[Fault] = []
        cache: dict[tuple[Any, ...], Verdict] = {}
        waiting: dict[tuple[Any, ...], list[int]] = {}
        for a, b, data in graph.edges(data=True):
            tags = _tags(data)
            verdict = _verdict(tags, profile, graph.is_directed(), cache)
            if verdict.reason:
                self.refused += 1
                continue
            where = f"edge {a} to {b}"
            length = _number(data, "length", where, name, faults)
            same = (_ways(data.get("osmid")), round(length, 3))
            twins = waiting.get((row[b], row[a], *same)) if graph.is_directed() else None
            if twins and a != b:
                twin = twins.pop()
                self.verdicts[twin] = replace(self.verdicts[twin], backward=True)
                continue
            waiting.setdefault((row[a], row[b], *same), []).append(len(self.tails))
            self.lengths.append(length)
            self.minutes.append(_number(data, "minutes", where, name, faults))
            self.tails.append(row[a])
            self.heads.append(row[b])
            self.lines.append(_line(data.get("geometry"), xy[row[a]], xy[row[b]]))
            self.classes.append(verdict.street_class)
            self.ways.append(_way(data.get("osmid")))
            self.verdicts.append(verdict)
        if faults:
            raise NetworkError(f"{name} has edges that cannot be used", faults[:20])
        if not self.tails:
            raise NetworkError(f"{name} holds no street that the profile {profile.name!r} may use")


def _verdict(
    tags: dict[str, str], profile: Profile, directed: bool, cache: dict[tuple[Any, ...], Verdict]
) -> Verdict:
    key = tuple(sorted(tags.items()))
    if key not in cache:
        if "highway" not in tags and tags.get("route") != "ferry":
            both = not (directed and profile.one_way)
            speed = profile.kmh
            cache[key] = Verdict("street", "", True, both, speed, speed)
        else:
            if directed:  # direction is in the graph itself
                tags = {k: v for k, v in tags.items() if "oneway" not in k and k != "junction"}
                if tags.get("highway") == "motorway":
                    tags["oneway"] = "no"
            found = judge(tags, profile)
            if directed and profile.one_way and not found.reason:
                found = replace(found, forward=True, backward=False)
            cache[key] = found
    return cache[key]


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    """OSM tags of an edge; where osmnx merged several values, the first."""
    tags = {}
    for key, value in data.items():
        if key not in RELEVANT_TAGS or value is None:
            continue
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if isinstance(value, str) and value.startswith("['"):
            value = value.strip("[]").replace("'", "").split(", ")
        if isinstance(value, (list, tuple, set)):
            value = sorted(map(str, value))[0] if isinstance(value, set) else value[0]
        tags[key] = str(value)
    return tags


def _number(data: Mapping[str, Any], key: str, where: str, name: str, faults: list[Fault]) -> float:
    if data.get(key) is None:
        return float("nan")
    try:
        value = float(data[key])
    except (TypeError, ValueError):
        value = -1.0
    if not 0 <= value < float("inf"):
        faults.append(Fault(name, where, key, str(data[key]), f"{key} of 0 or more"))
    return value


def _line(shape: Any, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    if shape is None:
        return np.array([a, b])
    if isinstance(shape, str):
        shape = shapely.from_wkt(shape)
    points: NDArray[np.float64] = shapely.get_coordinates(shape)
    return points


def _ways(osmid: Any) -> tuple[str, ...]:
    """Ids of the ways in an edge, in the same order whichever direction it is drawn."""
    return tuple(sorted(str(osmid).strip("[]").split(", ")))


def _way(osmid: Any) -> int:
    first = osmid[0] if isinstance(osmid, (list, tuple)) and osmid else osmid
    try:
        return int(str(first).strip("[]").split(",")[0])
    except ValueError:
        return -1


def _node_ids(nodes: list[Any]) -> NDArray[np.int64]:
    try:
        return np.array([int(node) for node in nodes], np.int64)
    except (TypeError, ValueError):
        return np.arange(len(nodes), dtype=np.int64)


def _coordinates(
    graph: nx.Graph, nodes: list[Any], name: str, *, degrees: bool
) -> NDArray[np.float64]:
    out = np.full((len(nodes), 2), np.nan)
    for i, node in enumerate(nodes):
        data = graph.nodes[node]
        pair = (data.get("x", data.get("lon")), data.get("y", data.get("lat")))
        try:
            out[i] = [float(str(value)) for value in pair]
        except (TypeError, ValueError):
            continue
    missing = np.flatnonzero(~np.isfinite(out).all(axis=1))
    if len(missing):
        raise NetworkError(
            f"{name}: {len(missing)} nodes have no coordinates",
            [Fault(name, f"node {nodes[i]}", "x, y", "", "numbers in the graph's CRS")
             for i in missing[:20]],
        )  # fmt: skip
    if degrees and (np.abs(out) > (180, 90)).any():
        raise NetworkError(
            f"{name}: node coordinates are not degrees, but the graph names no other CRS; set "
            "graph.graph['crs'], for example to 'EPSG:27700'"
        )
    return out
