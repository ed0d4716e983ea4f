"""Streets: the extracts of Geofabrik that touch a study, cut to its box and put together."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import osmium
import shapely

from access.errors import FetchError, ParameterError, StudyError
from access.sources.download import Fetched, Internet, NotThereError, must_be_json
from access.sources.patient import NotWholeError

SOURCE = "OpenStreetMap, by Geofabrik"
LICENCE = "© OpenStreetMap contributors, ODbL 1.0 (openstreetmap.org/copyright)"
#: Both homes of England's extracts: they moved, and mirrors have not.
HOMES = ("europe/united-kingdom/england", "europe/great-britain/england")
#: What may be a street to anybody.
_KEYS = ("highway", "route", "railway", "man_made")
_MOST_EXTRACTS = 8
Box = tuple[float, float, float, float]


def extracts_for(index: dict, box: Box) -> list[str]:
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
    found = sorted(url for url, shape in touching if shape.intersection(area).area > 0)
    if not found:
        raise FetchError(f"no extract holds the box {box}; expected one in Great Britain")
    if len(found) > _MOST_EXTRACTS:
        raise FetchError(
            f"the box {box} touches {len(found)} extracts; it is too large for a study"
        )
    return found


def fetch_extracts(net: Internet, box: Box) -> list[Fetched]:
    """Fetch every extract that touches a box; each from whichever of its homes has it.

    Raises
    ------
    FetchError
    """
    url = net.address("geofabrik", "index-v1.json")
    index = json.loads(net.get(url, "the index of extracts", check=must_be_json).body)
    return [fetch_county(net, url.rpartition("/")[2].removesuffix("-latest.osm.pbf"), listed=url)
            for url in extracts_for(index, box)]  # fmt: skip


def fetch_county(net: Internet, county: str, *, listed: str = "") -> Fetched:
    """Fetch one county's extract by its name (``"south-yorkshire"``).

    Raises
    ------
    FetchError
        If none of its homes has it.
    """
    path = listed.partition("://")[2].partition("/")[2]
    paths = [path] if path else []
    paths += [p for home in HOMES if (p := f"{home}/{county}-latest.osm.pbf") not in paths]
    for one in paths:
        try:
            return net.get(net.address("geofabrik", one), f"streets of {county}", check=_is_pbf)
        except NotThereError:
            continue
    raise FetchError(f"{net.address('geofabrik')} has no {county}-latest.osm.pbf under "
                     f"{' or '.join(paths)}")  # fmt: skip


def _is_pbf(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        if b"OSMHeader" not in file.read(64):
            raise NotWholeError("not an OpenStreetMap file")


def cut_streets(paths: Sequence[Path], box: Box, out: Path) -> int:
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


def _cut_one(path: Path, box: Box, out: Path) -> set[int]:
    west, south, east, north = box
    ways: set[int] = set()
    source = osmium.io.File(str(path), "pbf")
    with osmium.BackReferenceWriter(str(out), source, overwrite=True, remove_tags=False,
                                    relation_depth=1) as writer:  # fmt: skip
        ask = osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY).with_locations()
        for way in ask.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
            assert isinstance(way, osmium.osm.Way)
            if any(key in way.tags for key in _KEYS) and any(
                n.location.valid() and west <= n.lon <= east and south <= n.lat <= north
                for n in way.nodes
            ):
                writer.add_way(way)
                ways.add(way.id)
        for relation in osmium.FileProcessor(source, osmium.osm.RELATION):
            assert isinstance(relation, osmium.osm.Relation)
            kind = relation.tags.get("type", "")
            if (
                kind == "restriction" or (kind == "multipolygon" and "highway" in relation.tags)
            ) and any(m.type == "w" and m.ref in ways for m in relation.members):
                writer.add_relation(relation)
    return ways


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


def fetch_streets_of(net: Internet, box: Box, out: Path) -> Fetched:
    """Fetch the streets of a box from Geofabrik, cut and put together.

    Raises
    ------
    FetchError
        If an extract cannot be had; ask Overpass then (`access.sources.overpass`).
    """
    got = fetch_extracts(net, box)
    cut_streets([one.path for one in got], box, out)
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Fetched(out, " ".join(one.url for one in got), digest, max(one.day for one in got))
