"""Little towns for the tests: OpenStreetMap XML from nodes and ways, and tables of places."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pandas as pd

#: 0.001 degrees at this latitude: 66.3 m east, 111.2 m north.
LON, LAT = -1.36, 53.43


def at(east: float, north: float) -> tuple[float, float]:
    """Thousandths of a degree east and north of the corner of town."""
    return round(LON + east / 1000, 9), round(LAT + north / 1000, 9)


def osm_xml(
    nodes: Mapping[int, tuple],
    ways: Sequence[tuple[int, Sequence[int], Mapping[str, str]]],
    relations: Sequence[tuple[int, Sequence[int], Mapping[str, str]]] = (),
) -> str:
    def tags(pairs: Mapping[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in pairs.items())

    parts = ['<?xml version="1.0" encoding="UTF-8"?><osm version="0.6" generator="test">']
    for key, (lon, lat, *more) in sorted(nodes.items()):
        inner = tags(more[0]) if more else ""
        parts.append(f'<node id="{key}" version="1" lat="{lat}" lon="{lon}">{inner}</node>')
    for key, refs, pairs in ways:
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs) + tags(pairs)
        parts.append(f'<way id="{key}" version="1">{inner}</way>')
    for key, members, pairs in relations:
        inner = "".join(f'<member type="way" ref="{ref}" role="outer"/>' for ref in members)
        parts.append(f'<relation id="{key}" version="1">{inner}{tags(pairs)}</relation>')
    return "\n".join([*parts, "</osm>"])


def write_osm(path: Path, *town) -> Path:
    data = osm_xml(*town).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".bz2":
        data = bz2.compress(data)
    path.write_bytes(data)
    return path


def places(**where: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": list(where),
            "lon": [p[0] for p in where.values()],
            "lat": [p[1] for p in where.values()],
        }
    )
