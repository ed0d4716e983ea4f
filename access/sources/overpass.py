"""Streets from an Overpass server, as one OpenStreetMap file with a checksum.

Address, time limit and proxy settings are those of osmnx (``osmnx.settings``) unless told
otherwise; the filters are our own, because osmnx's walking filter drops shared cycleways and
squares. A reply is taken only if it is whole: JSON, without a ``remark`` (Overpass says so, with
status 200, when it ran out of time or memory), and with every node of every way in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmnx
import shapely
from shapely.geometry.base import BaseGeometry

from access.errors import FetchError, ParameterError
from access.files import write_file
from access.ledger import sha256_of
from access.sources.cache import ReplyCache
from access.sources.patient import NotWholeError, Patience, ask
from access.sources.tiles import cut_into_tiles
from access.sources.write_osm import write_pbf

#: What may be a street to anybody: the same selection as is read from a file.
CLAUSES = (
    'way["highway"]',
    'way["route"="ferry"]',
    'way["railway"="platform"]',
    'way["man_made"="pier"]',
    'relation["type"="multipolygon"]["highway"="pedestrian"]',
)
LICENCE = "© OpenStreetMap contributors, ODbL 1.0 (openstreetmap.org/copyright)"


@dataclass(frozen=True)
class Fetched:
    """A street file that was fetched, and how.

    Parameters
    ----------
    path : Path
    sha256 : str
    data_date : str
        Oldest state of the database among the replies, as the server gave it.
    counts : dict of str to int
        Nodes, ways and relations.
    url : str
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
        """What is written beside the file: the same for the same data, however it was got.

        Returns
        -------
        dict
        """
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "data_date": self.data_date,
            "counts": dict(self.counts),
            "source": self.url,
            "licence": LICENCE,
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
) -> Fetched:
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
    out = Path(out)
    if not out.name.endswith(".osm.pbf"):
        raise ParameterError(f"{out} is not a name for a street file; expected one in .osm.pbf")
    server = (url or osmnx.settings.overpass_url).rstrip("/")
    patience = patience or Patience(timeout_s=float(osmnx.settings.requests_timeout))
    kept = ReplyCache(cache)
    tiles = cut_into_tiles(area, tile_km=tile_km)
    replies, asked = [], 0
    for number, tile in enumerate(tiles, 1):
        progress(f"streets of tile {number} of {len(tiles)}")
        query = street_query(tile, timeout_s=patience.timeout_s)
        body = None if refresh else kept.get(f"{server}\n{query}")
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
            f"{server} knows no streets in this area; are longitude and latitude in order?"
        )
    date = min(_date(reply) for reply in replies)
    progress(f"writing {out.name}")
    write_pbf(elements.values(), out, data_date=date)
    counts = {kind + "s": sum(k == kind for k, _ in elements)
              for kind in ("node", "way", "relation")}  # fmt: skip
    fetched = Fetched(out, sha256_of(out), date, counts, server, asked)
    body = (json.dumps(fetched.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()
    write_file(out.with_name(out.name + ".json"), body)
    return fetched


def street_query(tile: BaseGeometry, *, timeout_s: float) -> str:
    """Write the Overpass query for the streets of a polygon.

    Parameters
    ----------
    tile : shapely Polygon
        WGS84 degrees.
    timeout_s : float
        What the server is allowed.

    Returns
    -------
    str

    Examples
    --------
    >>> query = street_query(shapely.box(-1.4, 53.4, -1.3, 53.5), timeout_s=60)
    >>> query[:60]
    '[out:json][timeout:60];(way["highway"](poly:"53.400000 -1.30'
    """
    ring = shapely.get_coordinates(tile.exterior if hasattr(tile, "exterior") else tile)
    poly = " ".join(f"{lat:.6f} {lon:.6f}" for lon, lat in ring)
    union = "".join(f'{clause}(poly:"{poly}");' for clause in CLAUSES)
    return f"[out:json][timeout:{timeout_s:.0f}];({union});(._;>;);out;"


def _asked(server: str, query: str, what: str, patience: Patience) -> bytes:
    def whole(body: bytes, kind: str) -> bytes:
        check_whole(body, kind)
        return body

    try:
        return ask(
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


def check_whole(body: bytes, kind: str) -> dict[str, Any]:
    """Refuse a reply that is not a whole answer.

    Parameters
    ----------
    body : bytes
    kind : str
        Its content type.

    Returns
    -------
    dict
        The reply.

    Raises
    ------
    NotWholeError
        If it is a web page, is not JSON, carries a remark, or lacks nodes of its ways.
    """
    if "html" in kind.lower() or body.lstrip()[:1] == b"<":
        raise NotWholeError("a web page instead of data")
    try:
        reply = _parsed(body)
    except ValueError:
        raise NotWholeError("a reply that stops short or is not JSON") from None
    if "remark" in reply:
        raise NotWholeError(f"a reply with the remark {str(reply['remark'])[:200]!r}")
    if not isinstance(reply.get("elements"), list) or "osm3s" not in reply:
        raise NotWholeError("JSON that is not an Overpass reply")
    known = {e.get("id") for e in reply["elements"] if e.get("type") == "node"}
    missing = [
        way["id"]
        for way in reply["elements"]
        if way.get("type") == "way" and not known.issuperset(way.get("nodes", ()))
    ]
    if missing:
        raise NotWholeError(f"a reply that lacks nodes of {len(missing)} ways")
    return reply


def _parsed(body: bytes) -> dict[str, Any]:
    reply = json.loads(body)
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
