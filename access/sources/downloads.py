"""Files that are got whole and cut to a study: streets, heights and timetables."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely

from access.errors import FetchError, ParameterError, StudyError
from access.files import write_file
from access.sources.http import (
    Fetched,
    Internet,
    _is_zip,
    _must_be_json,
    _NotThereError,
    _NotWholeError,
)
from access.sources.tables import _check_packed, check_file
from access.units import BRITISH_GRID, project

_STREETS_SOURCE = "OpenStreetMap, by Geofabrik"
STREETS_LICENCE = "© OpenStreetMap contributors, ODbL 1.0 (openstreetmap.org/copyright)"
#: Both homes of England's extracts: they moved, and mirrors have not.
_HOMES = ("europe/united-kingdom/england", "europe/great-britain/england")
#: What may be a street to anybody.
_KEYS = ("highway", "route", "railway", "man_made")
_MOST_EXTRACTS = 8
#: Longest header of a block of an OpenStreetMap file, and the key of its field `datasize`.
_MOST_HEADER, _SIZE_KEY = 65_536, 0x18
_Box = tuple[float, float, float, float]


def _extracts_for(index: dict[str, Any], box: _Box) -> list[str]:
    """Paths of the smallest extracts that together hold a box.

    Parameters
    ----------
    index : dict
        The service's own ``index-v1.json``.
    box : tuple of float
        West, south, east, north, degrees.

    Returns
    -------
    list of str
        Such as ``"south-yorkshire"``, sorted.

    Raises
    ------
    FetchError
        If the index has another form, or no extract touches the box.
    """
    try:
        features = index["features"]
        parents = {f["properties"].get("parent") for f in features}
        leaves = [f for f in features if f["properties"]["id"] not in parents and f.get("geometry")]
        area = shapely.box(*box)
        touching = [
            (f["properties"]["urls"]["pbf"], shapely.geometry.shape(f["geometry"])) for f in leaves
        ]
    except (KeyError, TypeError) as error:
        raise FetchError(
            f"the index of extracts has another form than expected ({error})"
        ) from error
    near = [(url, shape) for url, shape in touching if shape.intersection(area).area > 0]
    found = sorted(url for url, shape in near if not _holds_another(shape, [s for _, s in near]))
    if not found:
        raise FetchError(f"no extract holds the box {box}; expected one in Great Britain")
    if len(found) > _MOST_EXTRACTS:
        raise FetchError(
            f"the box {box} touches {len(found)} extracts; it is too large for a study"
        )
    return found


def _holds_another(shape: shapely.Geometry, others: Sequence[shapely.Geometry]) -> bool:
    """Whether an extract is of a whole country or more: no parent by name, but by its ground."""
    return any(
        other.area < shape.area / 2 and shape.intersection(other).area > 0.9 * other.area
        for other in others
    )


def _fetch_extracts(net: Internet, box: _Box) -> list[Fetched]:
    """Fetch every extract that touches a box; each from whichever of its homes has it.

    Raises
    ------
    FetchError
    """
    url = net.address("geofabrik", "index-v1.json")
    index = json.loads(net.get(url, "the index of extracts", check=_must_be_json).body)
    return [_fetch_county(net, url.rpartition("/")[2].removesuffix("-latest.osm.pbf"), listed=url)
            for url in _extracts_for(index, box)]  # fmt: skip


def _fetch_county(net: Internet, county: str, *, listed: str = "") -> Fetched:
    """Fetch one county's extract by its name (``"south-yorkshire"``).

    Raises
    ------
    FetchError
        If none of its homes has it.
    """
    path = listed.partition("://")[2].partition("/")[2]
    paths = [path] if path else []
    paths += [p for home in _HOMES if (p := f"{home}/{county}-latest.osm.pbf") not in paths]
    for one in paths:
        try:
            return net.get(net.address("geofabrik", one), f"streets of {county}", check=_is_pbf)
        except _NotThereError:
            continue
    raise FetchError(f"{net.address('geofabrik')} has no {county}-latest.osm.pbf under "
                     f"{' or '.join(paths)}")  # fmt: skip


def _is_pbf(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        if b"OSMHeader" not in file.read(64):
            raise _NotWholeError("not an OpenStreetMap file")
        size, at = path.stat().st_size, 0
        while at < size:  # from block to block: each says how long it is
            file.seek(at)
            length = int.from_bytes(file.read(4), "big")
            if length > _MOST_HEADER:
                raise _NotWholeError("a damaged OpenStreetMap file")
            at += 4 + length + _block_size(file.read(length))
    if at != size:
        raise _NotWholeError("an OpenStreetMap file that was cut short")


def _block_size(header: bytes) -> int:
    """How many bytes follow the header of a block: its third field."""
    at = 0
    try:
        while at < len(header):
            key, at = _varint(header, at)
            value, at = _varint(header, at)  # a number, or how long a text is
            if key == _SIZE_KEY:
                return value
            at += value
    except IndexError:
        pass
    raise _NotWholeError("an OpenStreetMap file that was cut short")


def _varint(text: bytes, at: int) -> tuple[int, int]:
    """Read a number of as many bytes as it needs, and where the next begins."""
    value = shift = 0
    while True:
        value |= (text[at] & 127) << shift
        if text[at] < 128:
            return value, at + 1
        at, shift = at + 1, shift + 7


def cut_streets(paths: Sequence[Path], box: _Box, out: Path) -> int:
    """Cut streets out of extracts: every street with a node inside a box, whole, each once.

    Parameters
    ----------
    paths : sequence of Path
    box : tuple of float
        West, south, east, north, degrees.
    out : Path
        ``.osm.pbf`` to write, whole or not at all.

    Returns
    -------
    int
        Streets.

    Raises
    ------
    ParameterError
        If the box is none.
    StudyError
        If an extract cannot be read, or no street lies in the box.
    """
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ParameterError(f"{box} is no box; expected west, south, east, north in degrees")
    out.parent.mkdir(parents=True, exist_ok=True)
    streets: set[int] = set()
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".unfinished-") as folder:
        pieces = []
        for n, path in enumerate(paths):
            piece = Path(folder) / f"{n}.osm.pbf"
            try:
                streets |= _cut_one(path, box, piece)
            except RuntimeError as error:
                raise StudyError(f"{path} cannot be read as OpenStreetMap: {error}") from error
            pieces.append(piece)
        if not streets:
            raise StudyError(
                f"no street of {', '.join(p.name for p in paths)} lies in the box {box}"
            )
        work = Path(folder) / f"all-{out.name}"
        if len(pieces) == 1:
            work = pieces[0]
        else:
            _merge(pieces, work)
        work.replace(out)
    return len(streets)


def _cut_one(path: Path, box: _Box, out: Path) -> set[int]:
    west, south, east, north = box
    ways: set[int] = set()
    edges: set[int] = set()  # of squares whose edges bear no tags of their own
    source = osmium.io.File(str(path), "pbf")
    squares = _edges_of_squares(source)
    with osmium.BackReferenceWriter(str(out), source, overwrite=True, remove_tags=False,
                                    relation_depth=1) as writer:  # fmt: skip
        ask = osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY).with_locations()
        for way in ask.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
            assert isinstance(way, osmium.osm.Way)
            street = any(key in way.tags for key in _KEYS)
            if (street or way.id in squares) and any(
                n.location.valid() and west <= n.lon <= east and south <= n.lat <= north
                for n in way.nodes
            ):
                writer.add_way(way)
                (ways if street else edges).add(way.id)
        for relation in osmium.FileProcessor(source, osmium.osm.RELATION):
            assert isinstance(relation, osmium.osm.Relation)
            square = _is_square(relation)
            if (square or relation.tags.get("type") == "restriction") and any(
                m.type == "w" and (m.ref in ways or (square and m.ref in edges))
                for m in relation.members
            ):
                writer.add_relation(relation)
    return ways | edges


def _is_square(relation: osmium.osm.Relation) -> bool:
    """Tell a walkable area that is drawn as a multipolygon: its tags stand on the relation."""
    return relation.tags.get("type") == "multipolygon" and any(k in relation.tags for k in _KEYS)


def _edges_of_squares(source: osmium.io.File) -> set[int]:
    return {
        member.ref
        for relation in osmium.FileProcessor(source, osmium.osm.RELATION)
        if isinstance(relation, osmium.osm.Relation) and _is_square(relation)
        for member in relation.members
        if member.type == "w"
    }


def _merge(pieces: Sequence[Path], out: Path) -> None:
    """Put pieces together in the order of ids; what is in several is written once."""
    reader = osmium.MergeInputReader()
    for piece in pieces:
        reader.add_file(str(piece))
    writer = osmium.SimpleWriter(str(out))
    try:
        reader.apply(writer, simplify=True)
    finally:
        writer.close()


def fetch_streets_of(net: Internet, box: _Box, out: Path) -> tuple[Fetched, int]:
    """Fetch the streets of a box from Geofabrik, cut and put together.

    Raises
    ------
    FetchError
        If an extract cannot be had; ask Overpass then (`access.sources.overpass`).
    """
    got = _fetch_extracts(net, box)
    ways = cut_streets([one.path for one in got], box, out)
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Fetched(out, " ".join(one.url for one in got), digest, max(one.day for one in got)), ways


HEIGHTS_SOURCE = "Ordnance Survey: OS Terrain 50"
HEIGHTS_LICENCE = (
    "Open Government Licence v3.0; contains OS data © Crown copyright and database right"
)
_TILE_M = 10_000
_NO_DATA = -9999.0
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def fetch_heights(net: Internet) -> Fetched:
    """Fetch OS Terrain 50 of Great Britain, the zip as it is.

    Raises
    ------
    FetchError
    """
    url = (
        net.address("os", "Terrain50/downloads", area="GB", format="ASCII Grid and GML (Grid)")
        + "&redirect"
    )
    return net.get(url, "OS Terrain 50", check=_is_zip)


def _tile_name(easting: float, northing: float) -> str:
    """Name of the 10 km square of the National Grid that holds a point.

    Examples
    --------
    >>> _tile_name(442_600, 392_800), _tile_name(530_000, 180_000)
    ('SK49', 'TQ38')
    """
    e, n = int(easting // 100_000), int(northing // 100_000)
    first = (19 - n) - (19 - n) % 5 + (e + 10) // 5
    second = (19 - n) * 5 % 25 + e % 5
    return (
        f"{_LETTERS[first]}{_LETTERS[second]}"
        f"{int(easting % 100_000 // 10_000)}{int(northing % 100_000 // 10_000)}"
    )


def cut_heights(
    packed: Path, box: tuple[float, float, float, float], out: Path
) -> tuple[int, list[str]]:
    """Put the tiles of a box together as one grid in the usual ASCII form.

    Parameters
    ----------
    packed : Path
        The product's zip, which holds one zip a tile, or a folder of ``.asc`` tiles.
    box : tuple of float
        West, south, east, north, degrees.
    out : Path
        ``.asc`` in EPSG:27700 to write.

    Returns
    -------
    int
        Tiles.
    list of str
        Tiles that the product does not have: sea.

    Raises
    ------
    StudyError
        If no tile of the box is there, or one is damaged.
    """
    west, south, east, north = box
    corners = project([west, west, east, east], [south, north, south, north], BRITISH_GRID)
    x0, y0 = np.floor(corners.min(axis=0) / _TILE_M).astype(int)
    x1, y1 = np.floor(corners.max(axis=0) / _TILE_M).astype(int)
    wanted = {
        _tile_name(x * _TILE_M, y * _TILE_M): (x, y)
        for x in range(x0, x1 + 1)
        for y in range(y0, y1 + 1)
    }
    found = _tiles(packed, set(wanted))
    if not found:
        raise StudyError(
            f"{packed.name} holds none of the tiles {', '.join(sorted(wanted))}; expected "
            "OS Terrain 50 as an ASCII grid"
        )
    grids = {name: _read_tile(text, name, wanted[name]) for name, text in found.items()}
    cell = {grid_cell for _, grid_cell in grids.values()}
    if len(cell) != 1:
        raise StudyError(f"{packed.name} has tiles of different cells: {sorted(cell)} m")
    size = round(_TILE_M / cell.pop())
    whole = np.full(((y1 - y0 + 1) * size, (x1 - x0 + 1) * size), _NO_DATA)
    for name, (grid, _) in grids.items():
        x, y = wanted[name]
        top = (y1 - y) * size
        whole[top : top + size, (x - x0) * size : (x - x0 + 1) * size] = grid
    write_file(out, _as_text(whole, x0 * _TILE_M, y0 * _TILE_M, _TILE_M / size))
    return len(found), sorted(set(wanted) - set(found))


def _tiles(packed: Path, wanted: set[str]) -> dict[str, str]:
    """Texts of the wanted tiles, out of the zips in the zip."""
    found: dict[str, str] = {}
    if packed.is_dir():
        for file in sorted(packed.rglob("*.asc")):
            if file.stem.upper() in wanted:
                found[file.stem.upper()] = file.read_text("ascii", "replace")
        return found
    check_file(packed, most_bytes=3_000_000_000)
    if not zipfile.is_zipfile(packed):
        raise StudyError(f"{packed.name} is no zip file; expected OS Terrain 50")
    with zipfile.ZipFile(packed) as archive:
        for part in sorted(archive.namelist()):
            name = re.match(r"([a-z]{2}\d\d)[_.]", Path(part).name.casefold())
            if name is None or name[1].upper() not in wanted:
                continue
            if part.casefold().endswith(".asc"):
                found[name[1].upper()] = archive.read(part).decode("ascii", "replace")
            elif part.casefold().endswith(".zip"):
                inner = io.BytesIO(archive.read(part))
                _check_packed(inner, part, most=50_000_000)
                with zipfile.ZipFile(inner) as tile:
                    for inside in tile.namelist():
                        if inside.casefold().endswith(".asc"):
                            found[name[1].upper()] = tile.read(inside).decode("ascii", "replace")
    return found


def _read_tile(text: str, name: str, corner: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Heights of one tile, northernmost row first, and the size of a cell."""
    lines = text.split("\n")
    head: dict[str, float] = {}
    at = 0
    try:
        while at < len(lines) and re.match(r"^\s*[A-Za-z]", lines[at]):
            key, _, value = lines[at].strip().partition(" ")
            head[key.casefold()] = float(value)
            at += 1
        rows, columns = int(head["nrows"]), int(head["ncols"])
        cell, x, y = head["cellsize"], head["xllcorner"], head["yllcorner"]
        grid = np.array(" ".join(lines[at:]).split(), float).reshape(rows, columns)
    except (KeyError, ValueError) as error:
        raise StudyError(f"tile {name} is damaged ({error}); get OS Terrain 50 again") from error
    if (x, y) != (corner[0] * _TILE_M, corner[1] * _TILE_M) or rows * cell != _TILE_M:
        raise StudyError(
            f"tile {name} lies at {x:g}, {y:g} with {rows} rows of {cell:g} m; expected "
            f"{corner[0] * _TILE_M}, {corner[1] * _TILE_M} and 10 km"
        )
    return np.where(grid == head.get("nodata_value", _NO_DATA), _NO_DATA, grid), cell


def _as_text(grid: np.ndarray, west: int, south: int, cell: float) -> bytes:
    head = [
        f"ncols {grid.shape[1]}",
        f"nrows {grid.shape[0]}",
        f"xllcorner {west}",
        f"yllcorner {south}",
        f"cellsize {cell:g}",
        f"NODATA_value {_NO_DATA:g}",
    ]
    body = [" ".join(f"{value:g}" for value in row) for row in grid]
    return ("\n".join([*head, *body]) + "\n").encode()


TIMETABLE_SOURCE = "Department for Transport: Bus Open Data Service"
TIMETABLE_LICENCE = "Open Government Licence v3.0"
_REGIONS = ("east_anglia", "east_midlands", "london", "north_east", "north_west", "south_east",
           "south_west", "west_midlands", "yorkshire", "wales", "scotland", "all")  # fmt: skip
#: Without these a file is no timetable; calendars may be either of two.
_MUST = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")


def fetch_timetable(net: Internet, region: str) -> Fetched:
    """Fetch a region's timetable, the zip as it is.

    Parameters
    ----------
    net : Internet
    region : str
        One of `_REGIONS`.

    Raises
    ------
    ParameterError
        If there is no such region.
    FetchError
    """
    if region not in _REGIONS:
        raise ParameterError(f"no region {region!r}; expected one of {', '.join(_REGIONS)}")
    return net.get(net.address("bods", f"gtfs-file/{region}/"), f"the timetable of {region}",
                   check=_is_timetable)  # fmt: skip


def _check_timetable(path: Path) -> None:
    """Refuse a file that is no timetable.

    Raises
    ------
    StudyError
        With what is missing.
    """
    check_file(path, most_bytes=3_000_000_000)
    if not zipfile.is_zipfile(path):
        raise StudyError(f"{path.name} is no zip file; expected a timetable in GTFS")
    with zipfile.ZipFile(path) as archive:
        names = {Path(name).name.casefold() for name in archive.namelist()}
    lacking = [name for name in _MUST if name not in names]
    if not names & {"calendar.txt", "calendar_dates.txt"}:
        lacking.append("calendar.txt or calendar_dates.txt")
    if lacking:
        raise StudyError(f"{path.name} lacks {', '.join(lacking)}; expected a timetable in GTFS")


def _is_timetable(path: Path, kind: str) -> None:
    try:
        _check_timetable(path)
    except StudyError as error:
        raise _NotWholeError(error.message) from error
