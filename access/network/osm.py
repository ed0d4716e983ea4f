"""Stream the streets out of an OpenStreetMap file through libosmium's own text form.

Filtering, looking up node positions and writing lines of text (OPL, documented at
osmcode.org/opl-file-format) all happen in C++; Python reads a few thousand short lines, and numpy
all their numbers at once. This takes a quarter of the time of handling each node in Python.
"""

from __future__ import annotations

import re
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray

from access.errors import NetworkError
from access.ledger import sha256_of

_Tags = dict[str, str]
_WAY_KEYS = ("highway", "route", "railway", "man_made")
_NODE_KEYS = ("barrier", "highway")
_TAGGED_NODES = frozenset(("traffic_signals", "mini_roundabout", "elevator"))
_ESCAPED = re.compile(r"%([0-9a-fA-F]+)%")
_TO_SPACES = str.maketrans("nxy,", "    ")
#: Ways whose numbers are read at a time.
_BLOCK = 20_000


@dataclass
class _Collected:
    """Ways and tagged nodes, as they came.

    Parameters
    ----------
    way_ids, sizes : array of int
        Id and number of nodes of each way.
    way_tags, way_names : array of int
        Positions in `tag_sets` and `names`.
    numbers : list of ndarray, shape (k, 3)
        Node id, longitude and latitude of every node of every way, in order.
    tag_sets, names : dict
        Position of each.
    node_tags : dict of int to dict
        Tags of barriers and signals by node id.
    missing : int
        Nodes of ways that are not in the file.
    """

    keep: frozenset[str]
    way_ids: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    way_tags: array[int] = field(default_factory=lambda: array("i"))
    way_names: array[int] = field(default_factory=lambda: array("i"))
    numbers: list[NDArray[np.float64]] = field(default_factory=list)
    tag_sets: dict[tuple[Any, ...], int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    node_tags: dict[int, _Tags] = field(default_factory=dict)
    missing: int = 0
    _waiting: list[str] = field(default_factory=list)

    def add(self, way_id: int, nodes: str, tags: _Tags) -> None:
        """Take a way; it is cut where a node lies outside the file."""
        kept = tuple((key, value) for key, value in tags.items() if key in self.keep)
        tag_set = self.tag_sets.setdefault(kept, len(self.tag_sets))
        name = self.names.setdefault(tags.get("name") or tags.get("ref", ""), len(self.names))
        pieces = [nodes]
        if "xy" in nodes:
            listed = nodes.split(",")
            self.missing += sum(node.endswith("xy") for node in listed)
            pieces = list(_runs(listed))
        for piece in pieces:
            size = piece.count("n")
            if size > 1:
                self.way_ids.append(way_id)
                self.sizes.append(size)
                self.way_tags.append(tag_set)
                self.way_names.append(name)
                self._waiting.append(piece)
        if len(self._waiting) >= _BLOCK:
            self.settle()

    def settle(self) -> None:
        """Turn the text of the ways taken so far into numbers."""
        text = " ".join(self._waiting).translate(_TO_SPACES)
        self.numbers.append(np.fromstring(text, sep=" ").reshape(-1, 3))
        self._waiting.clear()


def _runs(nodes: list[str]) -> Iterator[str]:
    run: list[str] = []
    for node in [*nodes, "xy"]:
        if node.endswith("xy"):
            yield ",".join(run)
            run = []
        else:
            run.append(node)


def _collect(path: Path, keep: frozenset[str]) -> _Collected:
    """Read every way that may be a street, and the nodes that bar or delay."""
    found = _Collected(keep)
    outlines: dict[int, _Tags] = {}
    places = osmium.index.create_map("flex_mem")
    asked = keep | {"name", "ref", "type"}
    with tempfile.TemporaryDirectory(prefix="access-") as folder:
        text = Path(folder) / "streets.opl"
        _write_text(path, text, places)
        with text.open(encoding="utf-8") as lines:
            for line in lines:
                parts = line.rstrip("\n").split(" ")
                if line[0] == "w":
                    tags = _tags(parts[1], asked)
                    if _may_be_street(tags):
                        found.add(int(parts[0][1:]), parts[2][1:], tags)
                elif line[0] == "n":
                    tags = _tags(parts[1], None)
                    if "barrier" in tags or tags.get("highway") in _TAGGED_NODES:
                        found.node_tags[int(parts[0][1:])] = tags
                else:
                    tags = _tags(parts[1], asked)
                    if tags.get("type") == "multipolygon" and tags.get("highway") == "pedestrian":
                        square = {**tags, "area": "yes"}
                        ways = (m.split("@")[0] for m in parts[2][1:].split(","))
                        outlines.update((int(w[1:]), square) for w in ways if w[:1] == "w")
    _add_outlines(path, found, outlines, places)
    found.settle()
    return found


def _write_text(path: Path, text: Path, places: osmium.index.LocationTable) -> None:
    finder = osmium.NodeLocationsForWays(places)
    finder.ignore_errors()  # nodes outside the file are dealt with, and counted
    form = osmium.io.File(str(text), "opl,locations_on_ways=true,add_metadata=false")
    writer = osmium.SimpleWriter(form)
    try:
        with osmium.io.Reader(str(path)) as reader:
            osmium.apply(
                reader,
                finder,
                osmium.filter.EmptyTagFilter(),
                osmium.filter.KeyFilter(*_WAY_KEYS, *_NODE_KEYS),
                writer,
            )
    finally:
        writer.close()


def _tags(text: str, asked: frozenset[str] | None) -> _Tags:
    """Read ``Tkey=value,key=value``, or those of its keys that are asked for."""
    tags = {}
    for pair in text[1:].split(","):
        key, _, value = pair.partition("=")
        if asked is None or key in asked:
            tags[key] = _ESCAPED.sub(_character, value) if "%" in value else value
    return tags


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _add_outlines(
    path: Path,
    found: _Collected,
    outlines: dict[int, _Tags],
    places: osmium.index.LocationTable,
) -> None:
    """Squares drawn as multipolygons: the edges of the square are walkable ways."""
    known = set(found.way_ids)
    missing = sorted(way for way in outlines if way not in known)
    if not missing:
        return
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    for way in ways.with_filter(osmium.filter.IdFilter(missing)):
        if isinstance(way, osmium.osm.Way):
            refs = [node.ref for node in way.nodes]
            found.add(way.id, ",".join(_placed(refs, places)), outlines[way.id])


def _placed(refs: Iterable[int], places: osmium.index.LocationTable) -> Iterator[str]:
    for ref in refs:
        try:
            place = places.get(ref)
            yield f"n{ref}x{place.lon!r}y{place.lat!r}"
        except KeyError:
            yield f"n{ref}xy"


def _may_be_street(tags: _Tags) -> bool:
    return (
        "highway" in tags
        or tags.get("route") == "ferry"
        or tags.get("railway") == "platform"
        or tags.get("man_made") == "pier"
    )


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
    way_tags, way_names : ndarray of int32, shape (w,)
        Positions in `tag_sets` and `names`.
    refs : ndarray of int32, shape (r,)
        Rows of `lonlat`, way after way.
    offsets : ndarray of int64, shape (w + 1,)
        Where each way begins in `refs`.
    node_tags : dict of int to dict
        Tags of barrier and signal nodes, by row.
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
    """Read every way that may be a street from an OpenStreetMap file."""
    path = Path(path)
    if not path.is_file():
        raise NetworkError(
            f"no street file at {path}; expected an OpenStreetMap extract "
            f"({', '.join(SUFFIXES)}), for example a county from download.geofabrik.de"
        )
    if not path.name.lower().endswith(SUFFIXES):
        raise NetworkError(f"{path} is not a street file; expected one of {', '.join(SUFFIXES)}")
    try:
        found = _collect(path, RELEVANT_TAGS)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path} cannot be read to its end ({error}); the file is damaged or its download "
            "stopped short. Download it again and compare its size or checksum."
        ) from error
    if not found.way_ids:
        raise NetworkError(
            f"{path} holds no streets; expected ways tagged highway=*. "
            "Was the extract cut to another theme?"
        )
    date = osmium.FileProcessor(str(path)).header.get("osmosis_replication_timestamp", "")
    info = SourceInfo(
        path.name, sha256_of(path), date[:10], "© OpenStreetMap contributors, ODbL 1.0"
    )
    return _streets(found, info)


def _streets(found: _Collected, info: SourceInfo) -> Streets:
    numbers = np.concatenate(found.numbers)
    node_ids, first, rows = np.unique(
        numbers[:, 0].astype(np.int64), return_index=True, return_inverse=True
    )
    known = dict(zip(node_ids.tolist(), range(len(node_ids)), strict=True))
    return Streets(
        node_ids=node_ids,
        lonlat=numbers[first, 1:],
        way_ids=np.array(found.way_ids, np.int64),
        way_tags=np.array(found.way_tags, np.int32),
        way_names=np.array(found.way_names, np.int32),
        refs=rows.astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(found.sizes)]).astype(np.int64),
        tag_sets=tuple(dict(items) for items in found.tag_sets),
        names=tuple(found.names),
        node_tags={known[n]: tags for n, tags in found.node_tags.items() if n in known},
        info=info,
        missing_nodes=found.missing,
    )


def is_street_file(path: str | Path) -> bool:
    """Say whether a path has the ending of an OpenStreetMap file."""
    return Path(path).name.lower().endswith(SUFFIXES)
