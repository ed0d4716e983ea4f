"""What lies around the streets of an OpenStreetMap file: water, woods, parks, railways, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely
from osmium.filter import TagFilter

from access.errors import NetworkError
from access.network.cache import _cache_key, _kept_tables
from access.network.osm import _is_street_file
from access.network.osm import _kind as _kind_of_file
from access.network.osm_objects import _read_objects, _unpacked
from access.units import WGS84

#: Kind by tag; a kind is an area's or a line's.
_AREAS = {
    ("natural", "water"): "water", ("landuse", "reservoir"): "water",
    ("waterway", "riverbank"): "water", ("waterway", "dock"): "water",
    ("natural", "wood"): "wood", ("landuse", "forest"): "wood",
    ("leisure", "park"): "park", ("leisure", "nature_reserve"): "park",
    ("landuse", "recreation_ground"): "park", ("leisure", "common"): "park",
}  # fmt: skip
_LINES = {
    ("waterway", "river"): "river", ("waterway", "canal"): "canal",
    ("natural", "coastline"): "coast", ("railway", "rail"): "rail",
    ("railway", "light_rail"): "rail", ("railway", "tram"): "rail",
}  # fmt: skip
#: Rank of a named place on maps, 1 first.
_RANKS = {"city": 1, "town": 1, "village": 2, "suburb": 3, "hamlet": 3}
_PLACES = {("place", kind): kind for kind in _RANKS}
_SCHOOLS = frozenset(("school", "college", "university", "kindergarten"))
_NAMES = ["name", "kind", "within", "lon", "lat", "main"]
#: libosmium's names of the kinds of a file.
_FORMATS = {"pbf": "pbf", "xml": "osm", "gz": "osm.gz", "bz2": "osm.bz2"}
#: In XML: ids below 0, and what is deleted.
_ODD = tuple(
    f" {name}={quote}{value}".encode()
    for name, value in (("id", "-"), ("action", "delete"), ("visible", "false"))
    for quote in "\"'"
)
_Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Water, woods, parks and railways for a map, and the names of towns and villages.

    Parameters
    ----------
    shapes : GeoDataFrame
        ``kind`` (``water wood park`` areas; ``river canal coast rail`` lines), ``name`` and
        geometry, WGS84, in a fixed order.
    places : DataFrame
        ``name lon lat rank``, 1 first.
    """

    shapes: gpd.GeoDataFrame
    places: pd.DataFrame


@dataclass(frozen=True, eq=False)
class StreetGround:
    """What a street file tells beside its streets; read, or taken from what is kept, when asked.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file.
    bounds : tuple of float
        West, south, east, north; what lies outside is left out.
    cache : Path, optional
        A folder to keep it in, under the same rules as networks.
    """

    path: Path
    sha256: str
    bounds: _Bounds
    cache: Path | None = None

    @cached_property
    def surroundings(self) -> Surroundings | None:
        """For maps; None where the file cannot tell."""
        if self._tables is None:
            return None
        shapes = self._tables["shapes"]
        lines = gpd.GeoSeries.from_wkb(shapes["geometry"], crs=WGS84)
        return Surroundings(
            gpd.GeoDataFrame(shapes.assign(geometry=lines), crs=WGS84), self._tables["places"]
        )

    @cached_property
    def names(self) -> pd.DataFrame:
        """Names of places, schools and streets: ``name kind within lon lat main``."""
        return pd.DataFrame(columns=_NAMES) if self._tables is None else self._tables["names"]

    @cached_property
    def _tables(self) -> Mapping[str, pd.DataFrame] | None:
        if not _is_street_file(self.path):
            return None
        if self.cache is None:
            return self._read()
        parts = {"around": [self.path.name, self.sha256], "bounds": self.bounds}
        return _kept_tables(self.cache, _cache_key(parts), self._read)

    def _read(self) -> Mapping[str, pd.DataFrame] | None:
        if not self.path.is_file():
            raise NetworkError(
                f"{self.path}, the file of the streets, is no longer there; what maps show beside "
                "the streets is read from it. Put it back, or measure anew with another"
            )
        with suppress(NetworkError), _in_order(self.path) as path:
            found = _read_surroundings(path, self.bounds)
            if found is None:
                return None
            shapes = pd.DataFrame(found.shapes).assign(geometry=found.shapes.geometry.to_wkb())
            names = _read_names(path, self.bounds)
            return {"shapes": shapes, "places": found.places, "names": names}
        return None  # streets could still be read from it, and not what is asked here


class _Asked(frozenset[str]):
    """The keys that are read here, and names in every language."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or str(key).startswith("name:")


_KEYS = _Asked(
    {key for key, _ in (*_AREAS, *_LINES, *_PLACES)}
    | {"highway", "amenity", "name", "type", "service", "tunnel"}
)


@contextmanager
def _in_order(path: Path) -> Iterator[Path]:
    """Give a street file as libosmium wants it: itself, or of odd XML a copy that is sorted out."""
    kind = _kind_of_file(path)
    if kind == "pbf" or not _is_odd(path, kind):
        yield path
        return
    objects = _read_objects(path, kind, _KEYS)
    spots = objects.settle(path.name)
    relations = {k: r for k, r in objects.relations.items() if r[0] % 2 == 0 and r[2]}
    members = {ref for _, some, _ in relations.values() for what, ref, _ in some if what == "w"}
    ways = {
        k: way for k, way in objects.ways.items() if not way.gone and (way.tags or k in members)
    }
    used = {ref for way in ways.values() for ref in way.refs}
    make = osmium.osm.mutable
    with TemporaryDirectory(prefix="access-") as folder:
        copy = Path(folder) / "sorted.osm.pbf"
        with osmium.SimpleWriter(str(copy)) as writer:
            for key, spot in zip(spots.ids.tolist(), spots.lonlat.tolist(), strict=True):
                _, tags = objects.node_tags.get(key, (0, {}))
                if tags or key in used:
                    writer.add_node(make.Node(id=_above_0(key), location=spot, tags=tags))
            for key, way in ways.items():
                refs = [_above_0(ref) for ref in way.refs]
                writer.add_way(make.Way(id=_above_0(key), nodes=refs, tags=way.tags))
            for key, (_, some, tags) in relations.items():
                parts = [(what, _above_0(ref), role) for what, ref, role in some]
                writer.add_relation(make.Relation(id=_above_0(key), members=parts, tags=tags))
        yield copy


def _opened(path: Path) -> osmium.io.File:
    """Name a file to libosmium by what it holds, whatever it is called."""
    return osmium.io.File(str(path), _FORMATS[_kind_of_file(path)])


def _is_odd(path: Path, kind: str) -> bool:
    """Tell whether XML has ways before nodes, ids below 0 or what is deleted, as editors write."""
    rest, ways = b"", False
    for chunk in _unpacked(path, kind):
        text = rest + chunk
        way, node = text.find(b"<way"), text.rfind(b"<node")
        if any(mark in text for mark in _ODD) or (node >= 0 and (ways or -1 < way < node)):
            return True
        ways |= way >= 0
        rest = text[max(text.rfind(b"<"), 0) :]  # what the chunk cuts
    return False


def _above_0(key: int) -> int:
    return 2 * abs(key) + (key < 0)


def _read_names(path: Path, bounds: _Bounds) -> pd.DataFrame:
    """Read names of places, schools and streets within bounds, in every language of the file."""
    rows = []
    west, south, east, north = bounds
    wanted = osmium.filter.KeyFilter("place", "highway", "amenity")
    thing: Any  # a node or a way, as its own questions tell
    for thing in osmium.FileProcessor(_opened(path)).with_locations().with_filter(wanted):
        school = "school" if thing.tags.get("amenity") in _SCHOOLS else ""
        if isinstance(thing, osmium.osm.Node):
            kind, spot = thing.tags.get("place", "") or school, thing.location
        elif isinstance(thing, osmium.osm.Way) and len(thing.nodes):
            kind = "street" if "highway" in thing.tags else school
            spot = thing.nodes[len(thing.nodes) // 2].location
        else:
            continue
        if not kind or not spot.valid():
            continue
        lon, lat = spot.lon, spot.lat
        if not (west <= lon <= east and south <= lat <= north):
            continue
        tags = dict(thing.tags)
        main = tags.get("name")
        names = {v for k, v in tags.items() if k == "name" or k.startswith("name:")}
        rows += [(name, kind, "", lon, lat, name == main) for name in sorted(names)]
    return pd.DataFrame(rows, columns=_NAMES).astype({"main": bool})


def _read_surroundings(path: Path, bounds: _Bounds) -> Surroundings | None:
    """Read what lies within west, south, east, north; None where the file cannot tell."""
    if not _is_street_file(path):
        return None
    try:
        rows, places = _read(path, shapely.box(*bounds))
    except (RuntimeError, ValueError, osmium.InvalidLocationError, NetworkError):
        return None  # a file that streets could still be read from, cut or of odd ids
    shapes = gpd.GeoDataFrame(rows, columns=["kind", "name", "geometry"], crs=WGS84)
    keys = shapes.geometry.to_wkb(hex=True) if len(shapes) else []
    shapes = shapes.assign(key=keys).sort_values(["kind", "key"]).drop(columns="key")
    frame = pd.DataFrame(places, columns=["name", "lon", "lat", "rank"])
    frame = frame.sort_values(["rank", "name", "lon", "lat"])
    return Surroundings(shapes.reset_index(drop=True), frame.reset_index(drop=True))


def _read(path: Path, window: shapely.Geometry) -> tuple[list[Any], list[Any]]:
    """Read the areas and lines that meet a window, and the places in it."""
    areas = TagFilter(*_AREAS)
    wanted = TagFilter(*_AREAS, *_LINES, *_PLACES)
    shapes, places = [], []
    factory = osmium.geom.WKBFactory()
    reader: Any = osmium.FileProcessor(_opened(path)).with_areas(areas).with_filter(wanted)
    for thing in reader:
        if thing.is_node():
            kind = _kind(thing, _PLACES)
            at = shapely.points(thing.lon, thing.lat)
            if kind and thing.tags.get("name") and shapely.intersects(window, at):
                where = round(thing.lon, 5), round(thing.lat, 5)
                places.append((thing.tags["name"], *where, _RANKS[kind]))
            continue
        if thing.is_relation():  # its areas come by themselves
            continue
        kind = _kind(thing, _AREAS if thing.is_area() else _LINES)
        shape = None if kind is None else _shape(thing, factory)
        if shape is not None and shapely.intersects(window, shape):
            shapes.append(
                (kind, thing.tags.get("name", ""), shapely.clip_by_rect(shape, *window.bounds))
            )
    return [row for row in shapes if not row[2].is_empty], places


def _kind(thing: Any, kinds: dict[tuple[str, str], str]) -> str | None:
    """Say what a thing is; None where it is not wanted: sidings, and what runs in tunnels."""
    tags = thing.tags
    if tags.get("service") or tags.get("tunnel") in ("yes", "culvert"):
        return None
    return next((kind for (key, value), kind in kinds.items() if tags.get(key) == value), None)


def _shape(thing: Any, factory: Any) -> shapely.Geometry | None:
    """Make the geometry; None where the file holds too little of it."""
    make = factory.create_multipolygon if thing.is_area() else factory.create_linestring
    try:
        return shapely.make_valid(shapely.from_wkb(make(thing), on_invalid="ignore"))
    except (RuntimeError, osmium.InvalidLocationError):
        return None
