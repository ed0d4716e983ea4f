"""Stream the streets out of an OpenStreetMap file through libosmium's own text form.

Filtering, looking up node positions and writing lines of text (OPL, documented at
osmcode.org/opl-file-format) all happen in C++; Python reads a few thousand short lines, and numpy
all their numbers at once. This takes a quarter of the time of handling each node in Python.

XML, and PBF that is not as county extracts are (see `access.network.osm_objects`), is read object
by object instead.
"""

from __future__ import annotations

import ctypes
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
from access.files import sha256_of
from access.network.data import _SourceInfo
from access.network.osm_objects import _read_objects

_Tags = dict[str, str]
_WAY_KEYS = ("highway", "route", "railway", "man_made")
_NODE_KEYS = ("barrier", "highway")
_TURN_KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction")
_TAGGED_NODES = frozenset(("traffic_signals", "mini_roundabout", "elevator"))
_ESCAPED = re.compile(r"%([0-9a-fA-F]+)%")
_TO_SPACES = str.maketrans("nxy,", "    ")
#: Ways whose numbers are read at a time.
_BLOCK = 20_000
#: Whole numbers below this are exact as floats.
_EXACT = 2.0**53
#: Largest street file; all of Europe in one is larger, and no town's study needs it.
_MOST_BYTES = 8_000_000_000

_Member = tuple[str, int, str]


@dataclass(frozen=True)
class _Turn:
    """A turn that is banned, or the only one that is allowed.

    Parameters
    ----------
    kind : str
        ``"no"`` or ``"only"``.
    before, after : int
        Ids of the ways it leads from and to.
    via : int
        Id of the node between them.
    """

    kind: str
    before: int
    via: int
    after: int


@dataclass
class _Collected:
    """Ways and tagged nodes, as they came.

    Parameters
    ----------
    way_ids, sizes : array of int
        Id and number of nodes of each way.
    way_tags, way_names : array of int
        Positions in `tag_sets` and `names`.
    ids : list of ndarray of int64, shape (k,)
        Node id of every node of every way, in order.
    lonlat : list of ndarray, shape (k, 2)
        Their longitude and latitude.
    tag_sets, names : dict
        Position of each.
    node_tags : dict of int to dict
        Tags of barriers and signals by node id.
    missing : int
        Nodes of ways that are not in the file.
    odd : bool
        Whether an id comes twice or is negative, so that the file must be sorted out first.
    squares : list
        Members of each walkable area that is drawn as a multipolygon.
    turns : list of Turn
    turns_left_out : int
        Restrictions that are not of one way, one node and one way.
    seen : set of int
        Ids of ways taken so far.
    """

    keep: frozenset[str]
    way_ids: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    way_tags: array[int] = field(default_factory=lambda: array("i"))
    way_names: array[int] = field(default_factory=lambda: array("i"))
    ids: list[NDArray[np.int64]] = field(default_factory=list)
    lonlat: list[NDArray[np.float64]] = field(default_factory=list)
    tag_sets: dict[tuple[Any, ...], int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    node_tags: dict[int, _Tags] = field(default_factory=dict)
    missing: int = 0
    odd: bool = False
    squares: list[list[_Member]] = field(default_factory=list)
    turns: list[_Turn] = field(default_factory=list)
    turns_left_out: int = 0
    seen: set[int] = field(default_factory=set)
    _waiting: list[str] = field(default_factory=list)

    def add(self, way_id: int, nodes: str, tags: _Tags) -> None:
        """Take a way; it is cut where a node lies outside the file."""
        self.odd |= way_id in self.seen
        self.seen.add(way_id)
        kept = tuple((key, value) for key, value in tags.items() if key in self.keep)
        tag_set = self.tag_sets.setdefault(kept, len(self.tag_sets))
        name = self.names.setdefault(tags.get("name") or tags.get("ref", ""), len(self.names))
        pieces = [nodes]
        if "xy" in nodes:
            listed = nodes.split(",")
            self.missing += sum(node.endswith("xy") for node in listed)
            self.odd |= any(node.startswith("n-") for node in listed)
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

    def relate(self, members: list[_Member], tags: _Tags) -> None:
        """Take a relation: a square drawn as a multipolygon, or a turn restriction."""
        if tags.get("type") == "multipolygon" and _may_be_street(tags):
            self.squares.append([m for m in members if m[0] == "w"])
        elif tags.get("type", "") in _TURN_KEYS:
            self._restrict(members, tags)

    def _restrict(self, members: list[_Member], tags: _Tags) -> None:
        said = next((tags[key] for key in _TURN_KEYS if key in tags), "")
        excepted = set(tags.get("except", "").replace(" ", "").split(";"))
        if not said.startswith(("no_", "only_")) or excepted & {"motorcar", "motor_vehicle"}:
            return
        roles = {role: [m for m in members if m[2] == role] for role in ("from", "via", "to")}
        if [m[0] for m in roles["via"]] != ["n"] or not roles["from"] or not roles["to"]:
            self.turns_left_out += 1
            return
        kind = said.split("_")[0]
        if kind == "only" and len(roles["to"]) > 1:
            self.turns_left_out += 1
            return
        self.turns += [
            _Turn(kind, before[1], roles["via"][0][1], after[1])
            for before in roles["from"]
            for after in roles["to"]
        ]

    def settle(self) -> None:
        """Turn the text of the ways taken so far into numbers."""
        text = " ".join(self._waiting).translate(_TO_SPACES)
        numbers = np.fromstring(text, sep=" ").reshape(-1, 3)
        if (np.abs(numbers[:, 0]) < _EXACT).all():
            ids = numbers[:, 0].astype(np.int64)
        else:  # of so large a number the last digits would be lost
            ids = np.array([int(part) for part in text.split()[::3]], np.int64)
        self.ids.append(ids)
        self.lonlat.append(numbers[:, 1:])
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
    """Read every way that may be a street, the nodes that bar or delay, squares and turns."""
    kind = _kind(path)
    if kind == "pbf":
        found = _from_text(path, keep)
        if not found.odd:
            return found
    return _from_objects(path, kind, keep)


def _from_text(path: Path, keep: frozenset[str]) -> _Collected:
    """Read a PBF file that is as county extracts are; otherwise say that it is odd."""
    found = _Collected(keep)
    outlines: dict[int, _Tags] = {}
    places = osmium.index.create_map("flex_mem")
    asked = keep | _NAMING
    with tempfile.TemporaryDirectory(prefix="access-") as folder:
        text = Path(folder) / "streets.opl"
        in_order = _write_text(path, text, places)
        order = ""
        with text.open(encoding="utf-8") as lines:
            for line in lines:
                parts = line.rstrip("\n").split(" ")
                if line[0] == "w":
                    tags = _tags(parts[1], asked)
                    if _may_be_street(tags):
                        found.add(int(parts[0][1:]), parts[2][1:], tags)
                elif line[0] == "n":
                    found.odd |= order > "n"
                    tags = _tags(parts[1], None)
                    if _bars_or_delays(tags):
                        found.node_tags[int(parts[0][1:])] = tags
                else:
                    tags = _tags(parts[1], asked)
                    members = _members(parts[2])
                    found.relate(members, tags)
                    _outline(outlines, members, tags)
                order = line[0]
    found.odd |= not in_order and found.missing > 0
    if not found.odd:
        _add_outlines(path, found, outlines, places)
        found.settle()
    return found


def _from_objects(path: Path, kind: str, keep: frozenset[str]) -> _Collected:
    """Read a file of any order, and sort it out."""
    found = _Collected(keep)
    objects = _read_objects(path, kind, keep | _NAMING)
    places = objects.settle(path.name)
    found.node_tags = {
        key: tags for key, (_, tags) in objects.node_tags.items() if _bars_or_delays(tags)
    }
    outlines: dict[int, _Tags] = {}
    for age, members, tags in objects.relations.values():
        if age % 2 == 0:
            found.relate(members, tags)
            _outline(outlines, members, tags)
    for key, way in sorted(objects.ways.items(), key=lambda item: (item[0] < 0, abs(item[0]))):
        tags = way.tags if _may_be_street(way.tags) else outlines.get(key, {})
        if tags and not way.gone:
            found.add(key, places.text(way.refs), tags)
    found.settle()
    return found


def _kind(path: Path) -> str:
    """Tell a file's kind by its first bytes, whatever it is called."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise NetworkError(f"{path} cannot be opened ({error.strerror or error})") from error
    if start.startswith(b"\x1f\x8b"):
        return "gz"
    if start.startswith(b"BZh"):
        return "bz2"
    if b"OSMHeader" in start[:32]:
        return "pbf"
    text = start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    if text.startswith(b"<"):
        return "xml"
    what = next((words for first, words in _OTHER_KINDS if text.startswith(first)), None)
    if not start:
        what = "is empty; its download stopped before it began"
    elif what is None:
        what = "cannot be read to its end: it begins neither as PBF nor as XML"
    raise NetworkError(
        f"{path} {what}. Expected an OpenStreetMap extract ({', '.join(_SUFFIXES)}), for example a "
        "county from download.geofabrik.de"
    )


_OTHER_KINDS = (
    (b"{", "is JSON, not a street file: ask Overpass for [out:xml] instead of [out:json]"),
    (b"[", "is JSON, not a street file: ask Overpass for [out:xml] instead of [out:json]"),
    (b"PK\x03\x04", "is a zip file: unpack it first"),
    (b"\xfd7zXZ", "is packed with xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd: unpack it first"),
)


def _write_text(path: Path, text: Path, places: osmium.index.LocationTable) -> bool:
    """Write a file's streets as text; say whether its header promises an order."""
    finder = osmium.NodeLocationsForWays(places)
    finder.ignore_errors()  # nodes outside the file are dealt with, and counted
    form = osmium.io.File(str(text), "opl,locations_on_ways=true,add_metadata=false")
    writer = osmium.SimpleWriter(form)
    try:
        with osmium.io.Reader(osmium.io.File(str(path), "pbf")) as reader:
            header = reader.header()
            if header.has_multiple_object_versions:
                raise NetworkError(
                    f"{path} holds the history of its objects; expected one version of each. Cut "
                    "it to a day first: osmium time-filter -o day.osm.pbf history.osm.pbf DATE"
                )
            osmium.apply(
                reader,
                finder,
                osmium.filter.EmptyTagFilter(),
                osmium.filter.KeyFilter(*_WAY_KEYS, *_NODE_KEYS, *_TURN_KEYS),
                writer,
            )
        writer.close()
    except BaseException:
        # Taking down a writer that has failed ends the whole program: it is left standing.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
        raise
    return header.get("sorting", "") == "Type_then_ID"


def _members(text: str) -> list[_Member]:
    """Read ``Mw12@outer,n3@via``."""
    listed = (part.partition("@") for part in text[1:].split(",") if part)
    return [(ref[0], int(ref[1:]), role) for ref, _, role in listed]


def _outline(outlines: dict[int, _Tags], members: list[_Member], tags: _Tags) -> None:
    """Note the ways round a walkable area that is drawn as a multipolygon."""
    if tags.get("type") == "multipolygon" and _may_be_street(tags):
        square = {**tags, "area": "yes"}
        outlines.update((ref, square) for kind, ref, _ in members if kind == "w")


def _bars_or_delays(tags: _Tags) -> bool:
    return "barrier" in tags or tags.get("highway") in _TAGGED_NODES


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
    ways = osmium.FileProcessor(osmium.io.File(str(path), "pbf"), osmium.osm.WAY)
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
_RELEVANT_TAGS = frozenset((
    "highway", "railway", "man_made", "route", "area", "access", "foot", "vehicle",
    "motor_vehicle", "motorcar", "oneway", "oneway:foot", "oneway:motor_vehicle", "junction",
    "maxspeed", "maxspeed:forward", "maxspeed:backward", "service", "designation", "motorroad",
    "sac_scale", "surface", "smoothness", "wheelchair", "incline", "tracktype", "duration",
    "vehicle:forward", "vehicle:backward", "motor_vehicle:forward", "motor_vehicle:backward",
    "motorcar:forward", "motorcar:backward", "access:forward", "access:backward",
    "foot:forward", "foot:backward", "conveying", "tunnel", "layer",
))  # fmt: skip
#: Read besides, to name streets and to know squares and turns.
_NAMING = frozenset(("name", "ref", "type", "except", *_TURN_KEYS))
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")


@dataclass(frozen=True, eq=False)
class _Streets:
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
    squares : tuple
        Members (kind, id, role) of walkable areas that are drawn as multipolygons.
    turns : tuple of Turn
        Turns that cars may not, or may only, take.
    turns_left_out : int
        Restrictions of another form (over whole ways), which are not heeded.
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
    info: _SourceInfo
    missing_nodes: int = 0
    squares: tuple[tuple[_Member, ...], ...] = ()
    turns: tuple[_Turn, ...] = ()
    turns_left_out: int = 0


def check_street_file(path: Path) -> None:
    """Refuse what is no regular file (a folder, pipe, device or circle of links), or too large."""
    try:
        is_file, size = path.is_file(), path.stat().st_size if path.exists() else 0
    except (OSError, ValueError) as error:
        raise NetworkError(f"{str(path)[:200]!r} cannot be opened: {error}") from error
    if not is_file:
        there = path.exists() or path.is_symlink()
        what = f"{path} is not a regular file" if there else f"no street file at {path}"
        raise NetworkError(
            f"{what}; expected an OpenStreetMap extract "
            f"({', '.join(_SUFFIXES)}), for example a county from download.geofabrik.de"
        )
    if size > _MOST_BYTES:
        raise NetworkError(
            f"{path} has {size / 1e9:,.1f} GB; expected at most {_MOST_BYTES / 1e9:,.0f} GB. Take "
            "the extract of a county, for example from download.geofabrik.de"
        )


def _read_streets(path: str | Path) -> _Streets:
    """Read every way that may be a street from an OpenStreetMap file."""
    path = Path(path)
    check_street_file(path)
    if not path.name.lower().endswith(_SUFFIXES):
        raise NetworkError(f"{path} is not a street file; expected one of {', '.join(_SUFFIXES)}")
    try:
        found = _collect(path, _RELEVANT_TAGS)
    except (RuntimeError, ValueError, LookupError, OverflowError) as error:
        raise NetworkError(
            f"{path} cannot be read to its end ({error}); the file is damaged or its download "
            "stopped short. Download it again and compare its size or checksum."
        ) from error
    if not found.way_ids:
        raise NetworkError(
            f"{path} holds no streets; expected ways tagged highway=*. "
            "Was the extract cut to another theme?"
        )
    date = ""
    if _kind(path) == "pbf":
        with osmium.io.Reader(osmium.io.File(str(path), "pbf"), osmium.osm.NOTHING) as reader:
            date = reader.header().get("osmosis_replication_timestamp", "")
    info = _SourceInfo(
        path.name, sha256_of(path), date[:10], "© OpenStreetMap contributors, ODbL 1.0"
    )
    return _streets(found, info)


def _streets(found: _Collected, info: _SourceInfo) -> _Streets:
    node_ids, first, rows = np.unique(
        np.concatenate(found.ids), return_index=True, return_inverse=True
    )
    lonlat = np.concatenate(found.lonlat)[first]
    off = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat) > (180, 90)).any(axis=1)
    if off.any():
        raise NetworkError(
            f"{info.name} has {int(off.sum()):,} nodes that lie off the earth, the first node "
            f"{node_ids[np.argmax(off)]}; expected WGS84 degrees. Download the file again."
        )
    rows = _one_meridian(lonlat, rows)
    known = dict(zip(node_ids.tolist(), range(len(node_ids)), strict=True))
    return _Streets(
        node_ids=node_ids,
        lonlat=lonlat,
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
        squares=tuple(tuple(square) for square in found.squares),
        turns=tuple(found.turns),
        turns_left_out=found.turns_left_out,
    )


def _one_meridian(lonlat: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Join ways that are cut at the 180th meridian, where one point has two longitudes."""
    edge = np.flatnonzero(np.abs(lonlat[:, 0]) > 180 - 1e-7)
    if not len(edge):
        return rows
    lonlat[edge, 0] = 180.0
    _, first, which = np.unique(lonlat[edge, 1].round(7), return_index=True, return_inverse=True)
    same = np.arange(len(lonlat))
    same[edge] = edge[first][which]
    return same[rows]


def _is_street_file(path: str | Path) -> bool:
    """Say whether a path has the ending of an OpenStreetMap file."""
    return Path(path).name.lower().endswith(_SUFFIXES)
