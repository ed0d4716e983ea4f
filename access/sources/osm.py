"""Read streets out of OpenStreetMap files: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``.

Reading is done by libosmium (pyosmium), which filters in C++; Python sees only ways that may be
streets, and the nodes on them that carry a barrier or a traffic signal. Equal sets of relevant
tags are stored once, so that access rules are judged once per set and not once per way.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from access.errors import NetworkError
from access.ledger import sha256_of

#: Tags that any rule reads; all others are forgotten when a file is read.
RELEVANT_TAGS = frozenset((
    "highway", "railway", "man_made", "route", "area", "access", "foot", "vehicle",
    "motor_vehicle", "motorcar", "oneway", "oneway:foot", "oneway:motor_vehicle", "junction",
    "maxspeed", "maxspeed:forward", "maxspeed:backward", "service", "designation", "motorroad",
    "sac_scale", "surface", "smoothness", "wheelchair", "incline", "tracktype", "duration",
    "vehicle:forward", "vehicle:backward", "motor_vehicle:forward", "motor_vehicle:backward",
    "layer",
))  # fmt: skip
SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")
_WAY_KEYS = ("highway", "route", "railway", "man_made")
_NODE_KEYS = ("barrier", "highway")
_ASKED = (*sorted(RELEVANT_TAGS), "name", "ref")
_TAGGED_NODES = frozenset(("traffic_signals", "mini_roundabout", "elevator"))


@dataclass(frozen=True)
class SourceInfo:
    """Where streets came from, for the ledger.

    Parameters
    ----------
    name : str
        File name or a plain description.
    sha256 : str
        Of the file's bytes; empty where there is no file.
    data_date : str
        The date of the data as the file's header gives it; empty where it gives none.
    licence : str
        Attribution that every output showing these streets must carry.
    """

    name: str
    sha256: str = ""
    data_date: str = ""
    licence: str = ""


@dataclass(frozen=True, eq=False)
class Streets:
    """Ways that may be streets, with their tags, before any access rule is applied.

    Parameters
    ----------
    node_ids : ndarray of int64, shape (n,)
        OpenStreetMap ids, ascending.
    lonlat : ndarray, shape (n, 2)
        WGS84 degrees.
    way_ids : ndarray of int64, shape (w,)
    way_tags, way_names : ndarray of int32, shape (w,)
        Positions in `tag_sets` and `names`.
    refs : ndarray of int32, shape (r,)
        Rows of `lonlat`, way after way.
    offsets : ndarray of int64, shape (w + 1,)
        Where each way begins in `refs`.
    tag_sets : tuple of dict
    names : tuple of str
    node_tags : dict of int to dict
        Tags of barrier and signal nodes, by row.
    info : SourceInfo
    missing_nodes : int
        Node references that lie outside the file; ways are cut there.
    """

    node_ids: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    way_ids: NDArray[np.int64]
    way_tags: NDArray[np.int32]
    way_names: NDArray[np.int32]
    refs: NDArray[np.int32]
    offsets: NDArray[np.int64]
    tag_sets: tuple[dict[str, str], ...]
    names: tuple[str, ...]
    node_tags: dict[int, dict[str, str]]
    info: SourceInfo
    missing_nodes: int = 0


def read_streets(path: str | Path) -> Streets:
    """Read every way that may be a street from an OpenStreetMap file.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    Streets
        One value for every mode: read once, build several networks.

    Raises
    ------
    NetworkError
        If there is no such file, it cannot be read to its end, or it holds no streets.
    """
    path = Path(path)
    if not path.is_file():
        raise NetworkError(
            f"no street file at {path}; expected an OpenStreetMap extract "
            f"({', '.join(SUFFIXES)}), for example a county from download.geofabrik.de"
        )
    if not path.name.lower().endswith(SUFFIXES):
        raise NetworkError(f"{path} is not a street file; expected one of {', '.join(SUFFIXES)}")
    collector = _Collector()
    try:
        _scan(path, collector)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path} cannot be read to its end ({error}); the file is damaged or its download "
            "stopped short. Download it again and compare its size or checksum."
        ) from error
    if not collector.way_ids:
        raise NetworkError(
            f"{path} holds no streets; expected ways tagged highway=*. "
            "Was the extract cut to another theme?"
        )
    date = osmium.FileProcessor(str(path)).header.get("osmosis_replication_timestamp", "")
    info = SourceInfo(
        path.name, sha256_of(path), date[:10], "© OpenStreetMap contributors, ODbL 1.0"
    )
    return collector.finish(info)


@dataclass
class _Collector:
    """Gathers ways while a file streams by."""

    way_ids: array = field(default_factory=lambda: array("q"))
    way_tags: array = field(default_factory=lambda: array("i"))
    way_names: array = field(default_factory=lambda: array("i"))
    sizes: array = field(default_factory=lambda: array("q"))
    refs: array = field(default_factory=lambda: array("q"))
    lon: array = field(default_factory=lambda: array("d"))
    lat: array = field(default_factory=lambda: array("d"))
    tag_sets: dict[tuple, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    node_tags: dict[int, dict[str, str]] = field(default_factory=dict)
    wanted: dict[int, dict[str, str]] = field(default_factory=dict)
    missing: int = 0

    def add(self, way: osmium.osm.Way, tags: Mapping[str, str]) -> None:
        kept = tuple((key, value) for key, value in tags.items() if key in RELEVANT_TAGS)
        tag_set = self.tag_sets.setdefault(kept, len(self.tag_sets))
        name = self.names.setdefault(tags.get("name") or tags.get("ref", ""), len(self.names))
        start = len(self.refs)
        for node in way.nodes:
            location = node.location
            if location.valid():
                self.refs.append(node.ref)
                self.lon.append(location.lon)
                self.lat.append(location.lat)
            else:
                self.missing += 1
                self._close(way.id, tag_set, name, start)
                start = len(self.refs)
        self._close(way.id, tag_set, name, start)

    def _close(self, way_id: int, tag_set: int, name: int, start: int) -> None:
        size = len(self.refs) - start
        if size < 2:
            del self.refs[start:], self.lon[start:], self.lat[start:]
            return
        self.way_ids.append(way_id)
        self.way_tags.append(tag_set)
        self.way_names.append(name)
        self.sizes.append(size)

    def finish(self, info: SourceInfo) -> Streets:
        node_ids, first, rows = np.unique(
            np.frombuffer(self.refs, np.int64), return_index=True, return_inverse=True
        )
        lonlat = np.column_stack([np.frombuffer(self.lon)[first], np.frombuffer(self.lat)[first]])
        at = np.searchsorted(node_ids, list(self.node_tags))
        node_tags = {
            int(row): tags
            for row, (node, tags) in zip(at, self.node_tags.items(), strict=True)
            if row < len(node_ids) and node_ids[row] == node
        }
        return Streets(
            node_ids,
            lonlat,
            np.array(self.way_ids, np.int64),
            np.array(self.way_tags, np.int32),
            np.array(self.way_names, np.int32),
            rows.astype(np.int32),
            np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64),
            tuple(dict(items) for items in self.tag_sets),
            tuple(self.names),
            node_tags,
            info,
            self.missing,
        )


def _scan(path: Path, collector: _Collector) -> None:
    streams = (
        osmium.FileProcessor(str(path))
        .with_locations()
        .with_filter(osmium.filter.EmptyTagFilter())
        .with_filter(osmium.filter.KeyFilter(*_WAY_KEYS, *_NODE_KEYS))
    )
    outlines: dict[int, dict[str, str]] = {}
    for thing in streams:
        if isinstance(thing, osmium.osm.Way):
            # Asking for each tag by name is quicker than listing all that a way has.
            get = thing.tags.get
            tags = {key: value for key in _ASKED if (value := get(key)) is not None}
            if _may_be_street(tags):
                collector.add(thing, tags)
        elif isinstance(thing, osmium.osm.Node):
            tags = dict(thing.tags)
            if "barrier" in tags or tags.get("highway") in _TAGGED_NODES:
                collector.node_tags[thing.id] = tags
        elif isinstance(thing, osmium.osm.Relation):
            tags = dict(thing.tags)
            if tags.get("type") == "multipolygon" and tags.get("highway") == "pedestrian":
                square = {**tags, "area": "yes"}
                outlines.update((m.ref, square) for m in thing.members if m.type == "w")
    _add_outlines(path, collector, outlines)


def _add_outlines(
    path: Path, collector: _Collector, outlines: Mapping[int, dict[str, str]]
) -> None:
    """Squares drawn as multipolygons: the edges of the square are walkable ways."""
    known = set(collector.way_ids)
    missing = sorted(way for way in outlines if way not in known)
    if not missing:
        return
    ways = osmium.FileProcessor(str(path)).with_locations().with_filter(
        osmium.filter.EntityFilter(osmium.osm.WAY)
    ).with_filter(osmium.filter.IdFilter(missing))  # fmt: skip
    for way in ways:
        if isinstance(way, osmium.osm.Way):
            collector.add(way, outlines[way.id])


def _may_be_street(tags: Mapping[str, str]) -> bool:
    return (
        "highway" in tags
        or tags.get("route") == "ferry"
        or tags.get("railway") == "platform"
        or tags.get("man_made") == "pier"
    )


def is_street_file(path: str | Path) -> bool:
    """Say whether a path has the ending of an OpenStreetMap file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_street_file("south-yorkshire-latest.osm.pbf"), is_street_file("streets.graphml")
    (True, False)
    """
    return Path(path).name.lower().endswith(SUFFIXES)
