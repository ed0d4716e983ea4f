"""Networks from networkx and osmnx graphs, and from GraphML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from access.errors import Fault, NetworkError
from access.files import sha256_of
from access.network.access_rules import _add_slope, _barrier_closed, _Heights, _judge, _Verdict
from access.network.data import (
    _add_delays,
    _corner_metres,
    _Draft,
    _finish,
    _line_metres,
    _SourceInfo,
)
from access.network.network import Network
from access.network.osm import _RELEVANT_TAGS, check_street_file
from access.network.profiles import Profile
from access.network.route_rules import _GRAPH_TURNS, _bind
from access.units import WGS84, great_circle_m, metric_crs_of, project, unproject

if TYPE_CHECKING:
    import networkx as nx

#: A length may fall this much short of the straight line (other earth radii, rounding).
_SHORTFALL, _SHORTFALL_M = 0.02, 2.0
#: Lines may begin this far from their edge's node, metres, or at this share of their length.
_LOOSE_END_M, _LOOSE_END = 50.0, 0.25
#: Where lengths are so many times what is drawn, they are not metres.
_OVERLONG = 2.5
_FLAGS = {"true": "yes", "false": "no"}
_ACCESS = ("access", "foot", "vehicle", "motor_vehicle", "motorcar")


def _read_graphml(path: Path) -> tuple[nx.Graph, _SourceInfo]:
    """Read a GraphML file as osmnx or networkx writes it."""
    import networkx as nx

    check_street_file(path)
    try:
        graph = nx.read_graphml(path)
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError,
            RecursionError, nx.NetworkXException) as error:  # fmt: skip
        raise NetworkError(f"{path} cannot be read as GraphML: {error}") from error
    return graph, _SourceInfo(path.name, sha256_of(path))


def _network_from_graph(
    graph: nx.Graph,
    profile: Profile,
    *,
    info: _SourceInfo | None = None,
    keep: str = "main",
    heights: _Heights | None = None,
) -> Network:
    """Build a network from a networkx or osmnx graph."""
    info = info or _SourceInfo("networkx graph")
    if not graph.number_of_edges():
        raise NetworkError(f"{info.name} has no edges; expected a graph of streets")
    nodes = list(graph.nodes)
    row = {node: i for i, node in enumerate(nodes)}
    here = _crs(graph.graph.get("crs"), info.name)
    xy_given = _coordinates(graph, nodes, info.name, degrees=here == WGS84)
    lonlat = _degrees(xy_given, here, info.name)
    crs = metric_crs_of(lonlat)
    found = _Edges(graph, row, profile, info.name, xy_given)
    draft, at = _draft(graph, nodes, found, lonlat, crs, here, profile, info.name)
    if np.isnan(found.minutes).any():  # minutes that are given hold their delays already
        lit = [graph.nodes[node].get("highway") == "traffic_signals" for node in nodes]
        _add_delays(draft, profile, np.array(lit)[at])
    if heights is not None:
        _add_slope(draft, profile, heights, crs)
    told = [_GRAPH_TURNS] if profile.mode == "drive" else []
    network = _finish(Network, draft, profile, crs=crs, source=info, keep=keep, assumptions=told)
    return _bind(network, (), 0) if profile.mode == "drive" else network


def _crs(given: Any, name: str) -> str:
    """The CRS of a graph's coordinates, `WGS84` where it says none."""
    if given is None or given == "":
        return WGS84
    try:
        crs = pyproj.CRS.from_user_input(given)
    except (pyproj.exceptions.ProjError, TypeError, ValueError, AttributeError) as error:
        raise NetworkError(
            f"{name}: graph.graph['crs'] is {str(given)[:80]!r}, which is no CRS; expected for "
            "example 'EPSG:4326' (degrees) or 'EPSG:27700'"
        ) from error
    if not (crs.is_geographic or crs.is_projected):
        raise NetworkError(
            f"{name}: graph.graph['crs'] is {str(given)[:80]!r}, which is no CRS of a map; "
            "expected for example 'EPSG:4326' (degrees) or 'EPSG:27700'"
        )
    return WGS84 if crs.to_epsg() == 4326 else crs.to_wkt()


def _degrees(xy: NDArray[np.float64], here: str, name: str) -> NDArray[np.float64]:
    """Turn a graph's coordinates into degrees, and refuse what falls off the earth."""
    if here != WGS84 and pyproj.CRS(here).is_projected and (np.abs(xy) <= (180, 90)).all():
        raise NetworkError(
            f"{name}: its coordinates are degrees, but the CRS it names is one of metres; set "
            "graph.graph['crs'] to 'EPSG:4326'"
        )
    try:
        lonlat = xy if here == WGS84 else unproject(xy, here)
    except pyproj.exceptions.ProjError as error:
        raise NetworkError(f"{name}: its CRS has no way to degrees ({error})") from error
    wrong = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat) > (180, 90)).any(axis=1)
    if wrong.any():
        x, y = xy[np.argmax(wrong)].tolist()
        raise NetworkError(
            f"{name}: {int(wrong.sum()):,} points lie off the earth, the first at x={x}, y={y}; "
            f"expected {'WGS84 degrees' if here == WGS84 else 'coordinates of the CRS it names'}"
        )
    return lonlat


def _draft(
    graph: nx.Graph,
    nodes: list[Any],
    found: _Edges,
    lonlat: NDArray[np.float64],
    crs: str,
    here: str,
    profile: Profile,
    name: str,
) -> tuple[_Draft, NDArray[np.intp]]:
    """Weigh the edges; also say which node of the graph each node of the draft is."""
    points = _degrees(np.concatenate(found.lines), here, name)
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in found.lines])])
    drawn = _line_metres(points, offsets)
    length = np.array(found.lengths, float)
    length = np.where(np.isnan(length), drawn, length)
    ends = np.column_stack([found.tails, found.heads])
    found.check_lengths(length, drawn, lonlat[ends], name)
    classes = sorted(set(found.classes))
    ahead, back = _minutes(found, length)
    tail, head, at = _stopped(graph, nodes, ends, profile)
    draft = _Draft(
        node_lonlat=lonlat[at],
        node_xy=project(lonlat[at, 0], lonlat[at, 1], crs),
        node_ids=_node_ids(nodes)[at],
        edge_from=tail.astype(np.int32),
        edge_to=head.astype(np.int32),
        edge_metres=length,
        edge_minutes_forward=np.where([v.forward for v in found.verdicts], ahead, np.inf),
        edge_minutes_backward=np.where([v.backward for v in found.verdicts], back, np.inf),
        edge_class=np.array([classes.index(c) for c in found.classes], np.int16),
        class_names=tuple(classes),
        geometry_xy=project(points[:, 0], points[:, 1], crs),
        geometry_metres=_corner_metres(points, offsets),
        geometry_offsets=offsets,
        edge_way=np.array(found.ways, np.int64),
        edge_speed_tagged=np.array([v.speed_tagged for v in found.verdicts]),
        edge_joinable=np.array([v.joinable for v in found.verdicts]),
        edge_local=np.array([v.local for v in found.verdicts]),
        counts={
            "edges_read": graph.number_of_edges(),
            "edges_open": len(found.tails),
            "edges_refused": found.refused,
        },
    )
    return draft, at


def _minutes(
    found: _Edges, length: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Minutes each way: those given; else a ferry's own time and wait; else by speed."""
    ways = np.array(found.ways)
    _, way = np.unique(np.where(ways < 0, -1 - np.arange(len(ways)), ways), return_inverse=True)
    whole = np.bincount(way, weights=length)[way]
    share = np.divide(length, whole, out=np.zeros_like(length), where=whole > 0)
    tagged = share * np.array([v.whole_minutes for v in found.verdicts])
    wait = share * np.array([v.wait_minutes for v in found.verdicts])

    def one_way(given: list[float], kmh: list[float]) -> NDArray[np.float64]:
        own = np.where(np.isnan(tagged), length * 0.06 / np.array(kmh), tagged) + wait
        return np.where(np.isnan(given), own, given)

    return (
        one_way(found.minutes, [v.kmh_forward for v in found.verdicts]),
        one_way(found.minutes_back, [v.kmh_backward for v in found.verdicts]),
    )


def _stopped(
    graph: nx.Graph, nodes: list[Any], ends: NDArray[np.int64], profile: Profile
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Give each edge its own copy of a closed barrier: it leads up to it, not through."""
    at = np.arange(len(nodes))
    shut = [
        "barrier" in graph.nodes[node] and _barrier_closed(_tags(graph.nodes[node], None), profile)
        for node in nodes
    ]
    flat = ends.T.ravel().copy()
    stopped = np.array(shut)[flat]
    at = np.concatenate([at, flat[stopped]])
    flat[stopped] = len(nodes) + np.arange(int(stopped.sum()))
    tail, head = np.split(flat, 2)
    return tail, head, at


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
        self.minutes_back: list[float] = []
        self.lines: list[NDArray[Any]] = []
        self.classes: list[str] = []
        self.ways: list[int] = []
        self.verdicts: list[_Verdict] = []
        self.refused = 0
        faults: list[Fault] = []
        cache: dict[tuple[Any, ...], _Verdict] = {}
        waiting: dict[tuple[Any, ...], list[int]] = {}
        for a, b, data in graph.edges(data=True):
            tags = _tags(data)
            verdict = _verdict(tags, profile, graph.is_directed(), cache)
            if verdict.reason:
                self.refused += 1
                continue
            where = f"edge {str(a)[:40]} to {str(b)[:40]}"
            length = _number(data, "length", where, name, faults)
            minutes = _number(data, "minutes", where, name, faults)
            same = (_ways(data.get("osmid")), round(length, 3), verdict.street_class,
                    verdict.local, verdict.joinable)  # fmt: skip
            twins = waiting.get((row[b], row[a], *same)) if graph.is_directed() else None
            if twins and a != b:
                twin = twins.pop()
                # Each direction has minutes and a speed of its own.
                self.minutes_back[twin] = minutes
                self.verdicts[twin] = replace(
                    self.verdicts[twin], backward=True, kmh_backward=verdict.kmh_forward
                )
                continue
            waiting.setdefault((row[a], row[b], *same), []).append(len(self.tails))
            self.lengths.append(length)
            self.minutes.append(minutes)
            self.minutes_back.append(minutes)
            self.tails.append(row[a])
            self.heads.append(row[b])
            line = _line(data.get("geometry"), xy[row[a]], xy[row[b]])
            if line is None:
                shape = str(data["geometry"])[:60]
                expected = "a LineString from one end of the edge to the other"
                faults.append(Fault(name, where, "geometry", shape, expected))
                line = xy[[row[a], row[b]]]
            self.lines.append(line)
            self.classes.append(verdict.street_class)
            self.ways.append(_way(data.get("osmid")))
            self.verdicts.append(verdict)
        if faults:
            raise NetworkError(f"{name} has {len(faults):,} faults in its edges", faults[:20])
        if not self.tails:
            raise NetworkError(f"{name} holds no street that the profile {profile.name!r} may use")

    def check_lengths(
        self,
        length: NDArray[np.float64],
        drawn: NDArray[np.float64],
        ends: NDArray[np.float64],
        name: str,
    ) -> None:
        """Refuse lengths that are not metres: shorter than straight, or all of them far longer."""
        straight = great_circle_m(*ends[:, 0].T, *ends[:, 1].T)
        short = np.flatnonzero(length < straight * (1 - _SHORTFALL) - _SHORTFALL_M)
        if len(short):
            raise NetworkError(
                f"{name}: {len(short):,} of {len(length):,} edges are shorter than the straight "
                "line between their ends; expected lengths in metres",
                [
                    Fault(name, f"edge {i + 1}", "length", f"{length[i]:g}",
                          f"{straight[i]:.0f} metres or more")
                    for i in short[:20]
                ],
            )  # fmt: skip
        real = drawn > _SHORTFALL_M
        if real.any() and np.median(length[real] / drawn[real]) > _OVERLONG:
            times = float(np.median(length[real] / drawn[real]))
            raise NetworkError(
                f"{name}: lengths are {times:.1f} times what is drawn; expected metres, not feet "
                "or another unit"
            )


def _verdict(
    tags: dict[str, str], profile: Profile, directed: bool, cache: dict[tuple[Any, ...], _Verdict]
) -> _Verdict:
    key = tuple(sorted(tags.items()))
    if key not in cache:
        if "highway" not in tags and tags.get("route") != "ferry":
            both = not (directed and profile.one_way)
            speed = profile.kmh
            cache[key] = _Verdict("street", "", True, both, speed, speed)
        else:
            if directed:  # direction is in the graph itself
                tags = {k: v for k, v in tags.items() if "oneway" not in k and k != "junction"}
                if tags.get("highway") == "motorway":
                    tags["oneway"] = "no"
            found = _judge(tags, profile)
            if directed and profile.one_way and not found.reason:
                found = replace(found, forward=True, backward=False)
            cache[key] = found
    return cache[key]


def _tags(data: Mapping[str, Any], keys: frozenset[str] | None = _RELEVANT_TAGS) -> dict[str, str]:
    """OSM tags of an edge; where osmnx merged streets, what holds on the worst of them.

    Of several limits the least counts, of several permissions the one that closes, of other
    values the first by the alphabet: osmnx lists them in an order that is another in every process,
    and in each direction of a street.
    """
    tags = {}
    for key, value in data.items():
        if (keys is not None and key not in keys) or value is None:
            continue
        if isinstance(value, str) and value.startswith("['"):
            value = value.strip("[]").replace("'", "").split(", ")
        if isinstance(value, (list, tuple, set)):
            values = [_plain(v) for v in sorted(value, key=str)]
        else:
            values = [_plain(value)]
        if not values or values == [""]:
            continue
        if key.startswith("maxspeed"):
            tags[key] = ";".join(values)
        else:
            shut = [v for v in values if key in _ACCESS and v in ("no", "private")]
            tags[key] = (shut or values)[0]
    return tags


def _plain(value: Any) -> str:
    """A tag's value as text; flags as OpenStreetMap writes them, whatever wrote the file."""
    if isinstance(value, float) and np.isnan(value):
        return ""
    text = str(value)
    return _FLAGS.get(text.lower(), text)


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


def _line(shape: Any, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64] | None:
    """Corner points of an edge, from its first node to its second; None where it has no such."""
    if shape is None or (isinstance(shape, float) and np.isnan(shape)):
        return np.array([a, b])
    if isinstance(shape, str):
        try:
            shape = shapely.from_wkt(shape)
        except shapely.errors.ShapelyError:
            return None
    if not isinstance(shape, shapely.LineString) or shape.is_empty:
        return None
    line: NDArray[np.float64] = shapely.get_coordinates(shape)
    if not np.isfinite(line).all():
        return None
    # Undirected graphs keep the line of one direction, and it need not be that of the edge.
    ahead, back = (
        np.hypot(*(line[[0, -1]] - ends).T).max() for ends in (np.array([a, b]), np.array([b, a]))
    )
    near = max(_LOOSE_END * float(shape.length), _LOOSE_END_M * _unit(a))
    if min(ahead, back) > near:
        return None
    return line if ahead <= back else line[::-1]


def _unit(point: NDArray[Any]) -> float:
    """About a metre in the units of a point: degrees where it can be degrees."""
    return 1 / 60_000 if np.all(np.abs(point) <= (180, 90)) else 1.0


def _ways(osmid: Any) -> tuple[str, ...]:
    """Ids of the ways in an edge, in the same order whichever direction it is drawn."""
    return tuple(sorted(str(osmid).strip("[]").split(", ")))


def _way(osmid: Any) -> int:
    first = osmid[0] if isinstance(osmid, (list, tuple)) and osmid else osmid
    try:
        way = int(str(first).strip("[]").split(",")[0])
    except ValueError:
        return -1
    return way if abs(way) < 2**63 else -1


def _node_ids(nodes: list[Any]) -> NDArray[np.int64]:
    try:
        return np.array([int(node) for node in nodes], np.int64)
    except (TypeError, ValueError, OverflowError):
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
            f"{name}: {len(missing):,} nodes have no coordinates",
            [Fault(name, f"node {str(nodes[i])[:40]}", "x, y", "", "numbers in the graph's CRS")
             for i in missing[:20]],
        )  # fmt: skip
    if degrees and (np.abs(out) > (180, 90)).any():
        raise NetworkError(
            f"{name}: node coordinates are not degrees, but the graph names no other CRS; set "
            "graph.graph['crs'], for example to 'EPSG:27700'"
        )
    return out
