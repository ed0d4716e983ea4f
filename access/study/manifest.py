"""What stands beside a study's tables: where each comes from, and the outline of the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import Fault
from access.escape import toml_text
from access.files import check_regular, leads_out, read_manifest, sha256_of, steady_layers
from access.units import WGS84

# Where each table comes from: source, vintage, licence and hash, in `manifest.toml`.

_FIELDS = ("source", "vintage", "licence")


def _read_manifest(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Hash every table that was read and join what the manifest says of it."""
    listed = read_manifest(folder)
    rows = []
    for name in names:
        entry = listed.get(name, {})
        digest = sha256_of(folder / name)
        changed = "not listed" if not entry else "no" if entry.get("sha256") == digest else "yes"
        rows.append(
            {"file": name, "sha256": digest, "changed": changed}
            | {field: str(entry.get(field, "not stated")) for field in _FIELDS}
            | ({"date": str(entry["date"])} if "date" in entry else {})
        )
    return tuple(rows)


def manifest_text(
    folder: Path, names: Sequence[str], notes: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Give the manifest's text with today's hashes, what it says of sources kept.

    A note stands behind the source of its file.
    """
    from access.sources.folder import manifest_fields

    lines = ["# Where each table comes from. Hashes: `access check --write-manifest`.\n"]
    listed = read_manifest(folder)
    kept = [n for n in listed if (folder / n).is_file() and not leads_out(folder, n)]
    for row in _read_manifest(folder, list(dict.fromkeys([*names, *kept]))):
        if row["file"] in notes:
            row["source"] += f" ({notes[row['file']]})"
        lines.append(f"[table.{toml_text(row['file'])}]")
        said = {field: row[field] for field in (*_FIELDS, "sha256")}
        more = {k: v for k, v in listed.get(row["file"], {}).items() if k not in said}
        lines += manifest_fields(said | more)
        lines.append("")
    return "\n".join(lines)


# ------------------------------------------------------------------------------
# The outline of a study's place: the council's boundary, for maps.

_MOST_BYTES = 200_000_000
_EXPECTED = "a GeoJSON or GeoPackage of polygons, or a CSV with lon and lat of each corner in order"


def _read_outline(
    path: Path, box: tuple[float, float, float, float]
) -> tuple[shapely.Geometry | None, list[Fault]]:
    """Read the outline (WGS84) from polygons or a ring of corners, and find what is wrong."""
    try:
        check_regular(path, _MOST_BYTES)
    except OSError as error:
        expected = f"{_EXPECTED}, in {path.parent}: {error.strerror}"
        return None, [Fault("study.toml", "study", "outline", path.name, expected)]
    try:
        shape = _ring(path) if path.suffix.lower() == ".csv" else _polygons(path)
    except ValueError as error:
        return None, [Fault(path.name, "", "", "", f"{_EXPECTED} ({error})")]
    if shapely.is_empty(shape) or not shapely.is_valid(shape):
        reason = "it is empty" if shapely.is_empty(shape) else shapely.is_valid_reason(shape)
        expected = f"an outline that does not cross itself ({reason})"
        return None, [Fault(path.name, "", "geometry", "", expected)]
    if not shapely.intersects(shape, shapely.box(*box)):
        expected = f"an outline that meets the study's box {list(box)}"
        return None, [Fault(path.name, "", "geometry", str(np.round(shape.bounds, 3)), expected)]
    return shape, []


def _ring(path: Path) -> shapely.Geometry:
    """Make one polygon of corners, in the order of the column `order` where there is one."""
    table = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    table.columns = table.columns.str.strip()
    missing = [c for c in ("lon", "lat") if c not in table]
    if missing:
        raise ValueError(f"it has no column {missing[0]!r}")
    for column in ("lon", "lat", *(["order"] if "order" in table else [])):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise ValueError(f"row {row + 2}, {column}: {table[column].iloc[row]!r} is no number")
        table[column] = numbers
    if "order" in table:
        table = table.sort_values("order", kind="stable")
    if len(table) < 3:
        raise ValueError(f"it has {len(table)} corners, and an outline has 3 or more")
    return shapely.polygons(table[["lon", "lat"]].to_numpy(float))


def _read_geometry(path: Path) -> pd.DataFrame:
    """Read a file of shapes; ValueError where it is none."""
    from pyogrio.errors import DataLayerError, DataSourceError  # few studies have shapes

    try:
        frame: pd.DataFrame = gpd.read_file(path)
    except (DataSourceError, DataLayerError) as error:
        raise ValueError(str(error)) from error
    return frame


def _polygons(path: Path) -> shapely.Geometry:
    """Join the polygons of a file."""
    frame = _read_geometry(path)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise ValueError("no shapes in a stated CRS")
    flat = frame.geometry.dropna()
    if not len(flat) or not flat.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise ValueError("polygons alone were expected")
    return flat.to_crs(WGS84).union_all()


def bare_outline(path: Path) -> None:
    """Keep the outline, and no figure that its file may hold."""
    if path.suffix.lower() == ".csv":
        table = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
        kept = [c for c in table if str(c).strip() in ("order", "lon", "lat")]
        table[kept].to_csv(path, index=False, lineterminator="\n")
        return
    bare_layer(path, "geometry")


def bare_layer(path: Path, *kept: str) -> None:
    """Write a layer anew with some of its columns alone: the same bytes each time."""
    bare = gpd.read_file(path)[list(kept)]
    path.unlink()
    with steady_layers():
        bare.to_file(path, driver="GPKG" if path.suffix.lower() == ".gpkg" else "GeoJSON")
