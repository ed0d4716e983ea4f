"""Streets from an Overpass server, as one OpenStreetMap file with a checksum.

Address, time limit and proxy settings are those of osmnx (``osmnx.settings``) unless told
otherwise; the filters are our own, because osmnx's walking filter drops shared cycleways and
squares. A reply is taken only if it is whole: JSON, without a ``remark`` (Overpass says so, with
status 200, when it ran out of time or memory), and with every node of every way in it.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from numpy.typing import ArrayLike
from osmium.osm import mutable
from shapely.geometry.base import BaseGeometry

from access.errors import FetchError, OutputError, ParameterError
from access.files import parse_json, replacing, sha256_of, write_file
from access.sources.http import Patience, _ask, _NotWholeError, _ReplyCache, _shown_address
from access.units import metric_crs, project, unproject


def area_around(lon: ArrayLike, lat: ArrayLike, *, buffer_m: float) -> BaseGeometry:
    """Hull of points, widened: where a study's streets are wanted."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    hull = shapely.convex_hull(shapely.multipoints(project(lon, lat, crs)))
    wide = shapely.buffer(hull, max(buffer_m, 1.0), quad_segs=4)
    return shapely.transform(wide, lambda c: unproject(c, crs))


def _cut_into_tiles(area: BaseGeometry, *, tile_km: float | None = None) -> list[BaseGeometry]:
    """Cut an area into polygons small enough for one request each."""
    import osmnx  # it brings all of scikit-learn: few are asked for streets

    if area.is_empty or area.geom_type not in ("Polygon", "MultiPolygon") or not area.is_valid:
        raise ParameterError(
            f"the area is a {area.geom_type}{' that is empty' if area.is_empty else ''}; "
            "expected a valid polygon in WGS84 degrees"
        )
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise ParameterError(
            f"the area reaches from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}; expected "
            "WGS84 degrees, longitude first"
        )
    side_m = 1000 * tile_km if tile_km else math.sqrt(osmnx.settings.max_query_area_size)
    if not side_m > 0:
        raise ParameterError(f"tile_km is {tile_km!r}; expected kilometres above 0")
    crs = metric_crs((west + east) / 2, (south + north) / 2)
    flat = shapely.transform(area, lambda c: project(c[:, 0], c[:, 1], crs))
    x0, y0, x1, y1 = flat.bounds
    across = np.linspace(x0, x1, max(1, math.ceil((x1 - x0) / side_m)) + 1)
    up = np.linspace(y0, y1, max(1, math.ceil((y1 - y0) / side_m)) + 1)
    tiles: list[BaseGeometry] = []
    for low, high in pairwise(up):
        for left, right in pairwise(across):
            piece = shapely.intersection(flat, shapely.box(left, low, right, high))
            tiles += [p for p in getattr(piece, "geoms", [piece]) if p.geom_type == "Polygon"]
    return [shapely.transform(tile, lambda c: unproject(c, crs)) for tile in tiles
            if not tile.is_empty]  # fmt: skip


_ORDER = {"node": 0, "way": 1, "relation": 2}
_SHORT = {"node": "n", "way": "w", "relation": "r"}


def _write_pbf(elements: Iterable[Mapping[str, Any]], path: Path, *, data_date: str = "") -> None:
    """Write elements into an ``.osm.pbf`` file, whole or not at all."""
    ordered = sorted(elements, key=lambda e: (_ORDER[e["type"]], int(e["id"])))
    header = osmium.io.Header()
    header.set("generator", "family-access")
    if data_date:
        header.set("osmosis_replication_timestamp", data_date)
    try:
        with tempfile.TemporaryDirectory() as folder, replacing(path) as whole:
            work = Path(folder) / path.name
            writer = osmium.SimpleWriter(str(work), header=header)
            try:
                for element in ordered:
                    _write(writer, element)
            finally:
                writer.close()
            with work.open("rb") as made:
                shutil.copyfileobj(made, whole)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write {path}: {error}") from error


def _write(writer: osmium.SimpleWriter, element: Mapping[str, Any]) -> None:
    common: dict[str, Any] = {
        "id": int(element["id"]),
        "tags": dict(element.get("tags", {})),
        "version": 1,
    }
    if element["type"] == "node":
        place = (float(element["lon"]), float(element["lat"]))
        writer.add_node(mutable.Node(**common, location=place))
    elif element["type"] == "way":
        writer.add_way(mutable.Way(**common, nodes=[int(n) for n in element["nodes"]]))
    else:
        members = [
            (_SHORT[m["type"]], int(m["ref"]), m.get("role", "")) for m in element["members"]
        ]
        writer.add_relation(mutable.Relation(**common, members=members))


#: What may be a street to anybody: the same selection as is read from a file.
_CLAUSES = (
    'way["highway"]',
    'way["route"="ferry"]',
    'way["railway"="platform"]',
    'way["man_made"="pier"]',
    'relation["type"="multipolygon"]["highway"="pedestrian"]',
)
_LICENCE = "© OpenStreetMap contributors, ODbL 1.0 (openstreetmap.org/copyright)"


@dataclass(frozen=True)
class _Fetched:
    """A street file that was fetched, and how.

    Parameters
    ----------
    data_date : str
        Oldest state of the database among the replies, as the server gave it.
    counts : dict of str to int
        Nodes, ways and relations.
    requests : int
        Replies that were asked for now; the others were kept from before.
    """

    path: Path
    sha256: str
    data_date: str
    counts: dict[str, int]
    url: str
    requests: int

    def to_dict(self) -> dict[str, Any]:
        """What is written beside the file: the same for the same data, however it was got."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "data_date": self.data_date,
            "counts": dict(self.counts),
            "source": self.url,
            "licence": _LICENCE,
        }


def fetch_streets(
    area: BaseGeometry,
    out: str | Path,
    *,
    url: str | None = None,
    patience: Patience | None = None,
    cache: str | Path | None = None,
    tile_km: float | None = None,
    refresh: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> _Fetched:
    """Fetch every street of an area into an ``.osm.pbf`` file.

    Parameters
    ----------
    area : shapely geometry
        Polygon or multipolygon in WGS84 degrees.
    out : str or Path
        File to write; beside it goes ``<out>.json`` with checksum, date and source.
    url : str, optional
        Base address of the server (``.../api``); ``osmnx.settings.overpass_url`` if not given.
    patience : Patience, optional
        Tries, waits and time limits.
    cache : path, optional
        Folder for replies, so that a stopped fetch goes on where it was.
    tile_km : float, optional
        Longest side of one request; from ``osmnx.settings.max_query_area_size`` if not given.
    refresh : bool
        Ask again, whatever is kept.
    progress : callable
        Told each step.

    Returns
    -------
    Fetched

    Raises
    ------
    FetchError
        If the server does not give whole replies, or the area has no streets.
    ParameterError
        If the area is not one in degrees.
    OutputError
        If a file cannot be written.
    """
    import osmnx

    out = Path(out)
    if not out.name.endswith(".osm.pbf"):
        raise ParameterError(f"{out} is not a name for a street file; expected one in .osm.pbf")
    server = (url or osmnx.settings.overpass_url).rstrip("/")
    patience = patience or Patience(timeout_s=float(osmnx.settings.requests_timeout))
    kept = _ReplyCache(cache)
    tiles = _cut_into_tiles(area, tile_km=tile_km)
    replies, asked = [], 0
    for number, tile in enumerate(tiles, 1):
        progress(f"streets of tile {number} of {len(tiles)}")
        query = _street_query(tile, timeout_s=patience.timeout_s)
        body = None if refresh else _whole_or_none(kept.get(f"{server}\n{query}"))
        if body is None:
            if asked:
                patience.sleep(patience.pause_s)
            body = _asked(server, query, f"the streets of tile {number} of {len(tiles)}", patience)
            kept.put(f"{server}\n{query}", body)
            asked += 1
        replies.append(_parsed(body))
    elements = _merged(replies)
    if not any(kind == "way" for kind, _ in elements):
        raise FetchError(
            f"{_shown_address(server)} knows no streets in this area; are longitude and latitude "
            "in order?"
        )
    date = min(_date(reply) for reply in replies)
    progress(f"writing {out.name}")
    _write_pbf(elements.values(), out, data_date=date)
    counts = {kind + "s": sum(k == kind for k, _ in elements)
              for kind in ("node", "way", "relation")}  # fmt: skip
    fetched = _Fetched(out, sha256_of(out), date, counts, _shown_address(server), asked)
    body = (json.dumps(fetched.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()
    write_file(out.with_name(out.name + ".json"), body)
    return fetched


def _street_query(tile: BaseGeometry, *, timeout_s: float) -> str:
    """Write the Overpass query for the streets of a polygon."""
    ring = shapely.get_coordinates(tile.exterior if hasattr(tile, "exterior") else tile)
    poly = " ".join(f"{lat:.6f} {lon:.6f}" for lon, lat in ring)
    union = "".join(f'{clause}(poly:"{poly}");' for clause in _CLAUSES)
    return f"[out:json][timeout:{timeout_s:.0f}];({union});(._;>;);out;"


def _asked(server: str, query: str, what: str, patience: Patience) -> bytes:
    import osmnx

    def whole(body: bytes, kind: str) -> bytes:
        _check_whole(body, kind)
        return body

    try:
        return _ask(
            f"{server}/interpreter",
            whole,
            what=what,
            data={"data": query},
            patience=patience,
            settings=osmnx.settings.requests_kwargs,
        )
    except FetchError as error:
        raise FetchError(
            f"{error.message}. Nothing was written. Council networks often block Overpass: "
            "another server can be named (--url), or a county's extract downloaded from "
            "download.geofabrik.de and used as it is (access run --network FILE)."
        ) from error


def _check_whole(body: bytes, kind: str) -> dict[str, Any]:
    """Refuse a reply that is not a whole answer."""
    if "html" in kind.lower() or body.lstrip()[:1] == b"<":
        raise _NotWholeError("a web page instead of data")
    try:
        reply = _parsed(body)
    except ValueError:
        raise _NotWholeError("a reply that stops short or is not JSON") from None
    if "remark" in reply:
        raise _NotWholeError(f"a reply with the remark {str(reply['remark'])[:200]!r}")
    if not isinstance(reply.get("elements"), list) or not isinstance(reply.get("osm3s"), dict):
        raise _NotWholeError("JSON that is not an Overpass reply")
    wrong = [e for e in reply["elements"] if not _is_element(e)][:1]
    if wrong:
        raise _NotWholeError(f"something that is no element of a map: {json.dumps(wrong[0])[:120]}")
    known = {e["id"] for e in reply["elements"] if e["type"] == "node"}
    missing = [
        way["id"]
        for way in reply["elements"]
        if way["type"] == "way" and not known.issuperset(way["nodes"])
    ]
    if missing:
        raise _NotWholeError(f"a reply that lacks nodes of {len(missing)} ways")
    return reply


def _whole_or_none(body: bytes | None) -> bytes | None:
    """Take a kept reply only if it is still a whole answer."""
    if body is None:
        return None
    try:
        _check_whole(body, "")
    except _NotWholeError:
        return None
    return body


def _is_whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_degrees(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def _is_element(element: Any) -> bool:
    """Tell whether a node, way or relation has the shape that Overpass gives it."""
    if not isinstance(element, dict) or not _is_whole_number(element.get("id")):
        return False
    tags = element.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
        return False
    if not _is_whole_number(element.get("version", 0)):
        return False
    kind = element.get("type")
    if kind == "node":
        return _is_degrees(element.get("lon"), 180) and _is_degrees(element.get("lat"), 90)
    if kind == "way":
        nodes = element.get("nodes")
        return isinstance(nodes, list) and all(map(_is_whole_number, nodes))
    members = element.get("members")
    return kind == "relation" and isinstance(members, list) and all(
        isinstance(m, dict) and m.get("type") in _SHORT and _is_whole_number(m.get("ref"))
        and isinstance(m.get("role", ""), str)
        for m in members
    )  # fmt: skip


def _parsed(body: bytes) -> dict[str, Any]:
    reply = parse_json(body)
    if not isinstance(reply, dict):
        raise ValueError("not an object")
    return reply


def _date(reply: dict[str, Any]) -> str:
    return str(reply.get("osm3s", {}).get("timestamp_osm_base", ""))


def _merged(replies: Iterable[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Each element once, by kind and id; of two states the later version."""
    merged: dict[tuple[str, int], dict[str, Any]] = {}
    for reply in replies:
        for element in reply["elements"]:
            key = (element["type"], int(element["id"]))
            known = merged.get(key)
            if known is None or element.get("version", 0) > known.get("version", 0) or (
                len(element.get("tags", ())) > len(known.get("tags", ()))
            ):  # fmt: skip
                merged[key] = element
    return merged
