"""OpenStreetMap objects taken one by one, in any order and any state, and sorted out afterwards.

Files that editors and servers write are not always as a county extract is: ways before their
nodes, new objects with negative ids, deleted ones, several versions, one object twice, positions
inside the ways. What is read here is checked as it comes; of several copies of an object the
newest counts, and what is deleted is gone.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import numpy as np
import osmium
from numpy.typing import NDArray

from access.errors import Fault, NetworkError

_CHUNK = 1 << 20
#: Packed files may unpack to this many bytes, or to this many times their size.
_LEAST_UNPACKED, _MOST_RATIO = 200_000_000, 60
#: Faults that are listed; the rest are counted.
_LISTED_FAULTS = 20
_LONGEST_TAG_BYTES = 1024
_DEEPEST = 8
#: Ids are of 64 bits, as everywhere in OpenStreetMap.
_LARGEST_ID = 2**63 - 1
#: A copy's age is twice its version, and one more where it is deleted; an editor's mark of
#: deletion outranks every version.
_DELETED = 2**31 + 1


@dataclass
class _Way:
    """The best copy of a way so far."""

    rank: tuple[int, int, int]
    refs: array[int]
    tags: dict[str, str]
    gone: bool = False


@dataclass
class _Objects:
    """Everything of a file that may matter, each object once."""

    keys: frozenset[str]
    node_ids: array[int] = field(default_factory=lambda: array("q"))
    node_ages: array[int] = field(default_factory=lambda: array("q"))
    node_lonlat: array[float] = field(default_factory=lambda: array("d"))
    node_tags: dict[int, tuple[int, dict[str, str]]] = field(default_factory=dict)
    ways: dict[int, _Way] = field(default_factory=dict)
    relations: dict[int, tuple[int, list[tuple[str, int, str]], dict[str, str]]] = field(
        default_factory=dict
    )
    faults: list[Fault] = field(default_factory=list)
    n_faults: int = 0

    def fault(self, where: str, column: str, value: str, expected: str) -> None:
        """Note a fault; all of them are raised together at the end."""
        self.n_faults += 1
        if self.n_faults <= _LISTED_FAULTS:
            self.faults.append(Fault("", where, column, value[:80], expected))

    def node(self, key: int, lon: float, lat: float, age: int, tags: dict[str, str]) -> None:
        """Take a copy of a node; one that is deleted has no position."""
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            self.fault(f"node {key}", "lon, lat", f"{lon}, {lat}", "WGS84 degrees")
        self.node_ids.append(key)
        self.node_ages.append(age)
        self.node_lonlat.extend((lon, lat))
        if tags and age >= self.node_tags.get(key, (-2,))[0]:
            self.node_tags[key] = (age, tags)

    def way(self, key: int, refs: array[int], age: int, tags: dict[str, str]) -> None:
        """Take a copy of a way: the newest counts, of equals the one that says most."""
        rank = (age, len(tags), len(refs))
        if key not in self.ways or rank > self.ways[key].rank:
            self.ways[key] = _Way(rank, refs, tags, age % 2 == 1)

    def relation(
        self, key: int, members: list[tuple[str, int, str]], age: int, tags: dict[str, str]
    ) -> None:
        """Take a copy of a relation."""
        if key not in self.relations or age > self.relations[key][0]:
            self.relations[key] = (age, members, tags)

    def settle(self, name: str) -> _Places:
        """Refuse a file with faults; else say where each node lies."""
        if self.n_faults:
            faults = [Fault(name, f.where, f.column, f.value, f.expected) for f in self.faults]
            raise NetworkError(f"{name} has {self.n_faults:,} objects that cannot be read", faults)
        if not self.node_ids:
            return _Places(np.zeros(0, np.int64), np.zeros((0, 2)))
        ids = np.frombuffer(self.node_ids, np.int64)
        ages = np.frombuffer(self.node_ages, np.int64)
        lonlat = np.frombuffer(self.node_lonlat, np.float64).reshape(-1, 2)
        order = np.lexsort((ages, ids))
        best = order[np.append(ids[order][1:] != ids[order][:-1], True)]
        best = best[ages[best] % 2 == 0]
        newest = dict(zip(ids[best].tolist(), ages[best].tolist(), strict=True))
        self.node_tags = {
            key: kept for key, kept in self.node_tags.items() if newest.get(key) == kept[0]
        }
        return _Places(ids[best], lonlat[best])


@dataclass(frozen=True)
class _Places:
    """Node ids, ascending, and their degrees."""

    ids: NDArray[np.int64]
    lonlat: NDArray[np.float64]

    def text(self, refs: array[int]) -> str:
        """A way's nodes as libosmium's text form gives them; ``xy`` where one is not known."""
        if not len(self.ids):
            return ",".join(f"n{ref}xy" for ref in refs)
        at = np.minimum(np.searchsorted(self.ids, refs), len(self.ids) - 1)
        known = self.ids[at] == np.asarray(refs)
        rows = zip(refs, known.tolist(), self.lonlat[at].tolist(), strict=True)
        return ",".join(
            f"n{ref}x{lon!r}y{lat!r}" if there else f"n{ref}xy" for ref, there, (lon, lat) in rows
        )


def _read_objects(path: Path, kind: str, keys: frozenset[str]) -> _Objects:
    """Read a file of any order: XML by expat, PBF object by object."""
    found = _Objects(keys)
    if kind == "pbf":
        _read_pbf(path, found)
    else:
        _Xml(path, found).read(kind)
    return found


def _read_pbf(path: Path, found: _Objects) -> None:
    for one in osmium.FileProcessor(osmium.io.File(str(path), "pbf")):
        thing: Any = one
        age = 2 * thing.version + (not thing.visible)
        if thing.is_node():
            place = thing.location
            lon, lat = (place.lon, place.lat) if place.valid() else (0.0, 0.0)
            found.node(thing.id, lon, lat, age, dict(thing.tags))
        elif thing.is_way():
            tags = {tag.k: tag.v for tag in thing.tags if tag.k in found.keys}
            found.way(thing.id, array("q", [n.ref for n in thing.nodes]), age, tags)
        elif thing.is_relation():
            tags = {tag.k: tag.v for tag in thing.tags if tag.k in found.keys}
            members = [(m.type, m.ref, m.role) for m in thing.members]
            found.relation(thing.id, members, age, tags)


class _Xml:
    """An OpenStreetMap XML file, read as a stream; nothing in it is trusted."""

    def __init__(self, path: Path, found: _Objects) -> None:
        self.path, self.found = path, found
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity
        self.parser.CharacterDataHandler = None
        self.depth = 0
        self.open: tuple[str, Mapping[str, str]] | None = None
        self.tags: dict[str, str] = {}
        self.refs = array("q")
        self.members: list[tuple[str, int, str]] = []
        self.remark: list[str] | None = None

    def read(self, kind: str) -> None:
        """Read the file to its end."""
        try:
            for chunk in _unpacked(self.path, kind):
                self.parser.Parse(chunk, False)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise NetworkError(
                f"{self.path} cannot be read to its end: line {error.lineno}, column "
                f"{error.offset + 1}: {expat.ErrorString(error.code)}; the file is damaged or its "
                "download stopped short. Download it again, or save it again as OpenStreetMap XML."
            ) from error
        if self.remark is not None and (text := "".join(self.remark).strip()):
            raise NetworkError(
                f"{self.path} is not whole: the server that wrote it says {text[:200]!r}; "
                "ask for less at a time, or take a county extract"
            )

    def _entity(self, *_: object) -> None:
        raise NetworkError(
            f"{self.path} declares entities, which no OpenStreetMap file does; it is not read"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and name != "osm":
            raise NetworkError(
                f"{self.path} is XML, but its first element is <{name[:40]}>; expected <osm>, as "
                "OpenStreetMap, JOSM and Overpass (out:xml) write it"
            )
        if self.depth > _DEEPEST:
            raise NetworkError(
                f"{self.path}, line {self.parser.CurrentLineNumber}: elements lie more than "
                f"{_DEEPEST} deep in each other; this is not an OpenStreetMap file"
            )
        if self.depth == 2:
            self.open = (name, attributes) if name in ("node", "way", "relation") else None
            self.tags, self.refs, self.members = {}, array("q"), []
            if name == "remark":
                self.remark = []
                self.parser.CharacterDataHandler = self.remark.append
        elif self.depth == 3 and self.open is not None:
            self._inside(name, attributes)

    def _inside(self, name: str, attributes: dict[str, str]) -> None:
        if name == "tag":
            key, value = attributes.get("k", ""), attributes.get("v", "")
            if key in self.found.keys or self._named == "node":
                if len(value) > _LONGEST_TAG_BYTES // 4 and (
                    len(value.encode()) > _LONGEST_TAG_BYTES
                ):
                    self.found.fault(self._where, key[:80], value, "a tag of at most 255 letters")
                self.tags[key] = value
        elif name == "nd" and self._named == "way":
            ref = self._whole(attributes, "ref")
            self.refs.append(ref)
            if "lat" in attributes:  # Overpass, "out geom": where the nodes are is said here
                lon, lat = self._degrees(attributes)
                self.found.node(ref, lon, lat, -2, {})  # any node of its own outranks it
        elif name == "member" and self._named == "relation":
            kind = attributes.get("type", "")[:1]
            self.members.append((kind, self._whole(attributes, "ref"), attributes.get("role", "")))

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.parser.CharacterDataHandler = None
        if self.depth != 1 or self.open is None:
            return
        attributes = self.open[1]
        key = self._whole(attributes, "id")
        gone = attributes.get("visible") == "false"
        deleted = attributes.get("action") == "delete"
        age = _DELETED if deleted else 2 * self._version(attributes) + gone
        if name == "node":
            lon, lat = (0.0, 0.0) if age % 2 else self._degrees(attributes)
            self.found.node(key, lon, lat, age, self.tags)
        elif name == "way":
            self.found.way(key, self.refs, age, self.tags)
        else:
            self.found.relation(key, self.members, age, self.tags)
        self.open = None

    @property
    def _named(self) -> str:
        return self.open[0] if self.open else ""

    @property
    def _where(self) -> str:
        key = self.open[1].get("id", "") if self.open else ""
        return f"{self._named} {key[:20]} (line {self.parser.CurrentLineNumber})"

    def _whole(self, attributes: Mapping[str, str], name: str) -> int:
        with suppress(ValueError):
            value = int(attributes.get(name, "")[:25])
            if abs(value) <= _LARGEST_ID:
                return value
        self.found.fault(self._where, name, attributes.get(name, ""), "a whole number of 64 bits")
        return 0

    def _version(self, attributes: Mapping[str, str]) -> int:
        with suppress(ValueError):
            return min(max(int(attributes.get("version", "0")[:25]), 0), 2**30)
        return 0

    def _degrees(self, attributes: Mapping[str, str]) -> tuple[float, float]:
        lon, lat = attributes.get("lon", ""), attributes.get("lat", "")
        with suppress(ValueError):
            return float(lon), float(lat)
        self.found.fault(self._where, "lon, lat", f"{lon[:30]}, {lat[:30]}", "WGS84 degrees")
        return 0.0, 0.0


def _unpacked(path: Path, kind: str) -> Iterator[bytes]:
    """A file's bytes, unpacked a piece at a time and never without end."""
    opened: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open}
    most = max(_LEAST_UNPACKED, _MOST_RATIO * path.stat().st_size)
    total = 0
    try:
        stream: IO[bytes]
        with opened.get(kind, open)(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if kind != "xml" and total > most:
                    raise NetworkError(
                        f"{path} unpacks to more than {most / 1e6:,.0f} MB, which no street file "
                        "of its size does; it is not read"
                    )
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise NetworkError(
            f"{path} cannot be read to its end ({error}); the file is damaged or its download "
            "stopped short. Download it again and compare its size or checksum."
        ) from error
