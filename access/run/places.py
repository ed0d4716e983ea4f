"""What is asked of one place, as files: layers, tables, a map, a summary and the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.analysis.places import Isochrones, Path, Within
from access.analysis.results import StudyResults
from access.disclosure import HIDDEN, NOTE_HIDDEN
from access.files import check_file, write_file
from access.ledger import RunLedger, sha256_of, to_json
from access.run.answer import write_layers
from access.run.summary import safe_cells
from access.text import figure

_DEGREES = 1e-7
"""Grid of the coordinates in GeoJSON: about a centimetre."""


def isochrones_summary(found: Isochrones) -> dict[str, Any]:
    """Give isochrones' figures as plain values."""
    return {
        "buffer_m": found.buffer_m,
        "isochrones": found.to_frame().to_dict("records"),
        "assumptions": list(found.assumptions),
    }


def path_summary(found: Path) -> dict[str, Any]:
    """Give a path's figures, steps and corners as plain values."""
    corners = shapely.get_coordinates(found.line).tolist()
    return {
        **found.summary,
        "steps": found.steps.to_dict("records"),
        "line": {"type": "LineString", "coordinates": corners},
        "assumptions": list(found.assumptions),
    }


def within_summary(found: Within, *, internal: bool) -> dict[str, Any]:
    """Give who lives within so many minutes as plain values; a hidden count is null."""
    return {
        "site": found.site,
        "site_name": found.site_name,
        "mode": found.mode,
        "minutes": found.minutes,
        "status": found.status,
        "areas_within": len(found.areas),
        "internal": internal,
        "groups": found.to_frame(internal=internal).to_dict("records"),
        "assumptions": list(found.assumptions),
    }


def geojson(layer: gpd.GeoDataFrame) -> str:
    """Write a layer as GeoJSON, coordinates to a centimetre."""
    rounded = _finite(layer)
    shapes = rounded.geometry.to_numpy()
    lines = shapely.get_dimensions(shapes) == 1  # which would be cut where they cross themselves
    for some, how in ((lines, "pointwise"), (~lines, "valid_output")):
        shapes[some] = shapely.set_precision(shapes[some], _DEGREES, mode=how)
    rounded = rounded.set_geometry(shapes)
    return str(rounded.to_json(drop_id=True)) + "\n"


def _finite(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out what maps cannot hold: minutes without end."""
    numbers = layer.select_dtypes("number").columns
    return layer.assign(**{c: layer[c].where(np.isfinite(layer[c])) for c in numbers})


def write_isochrones(
    folder: FilePath, results: StudyResults, found: Isochrones, ledger: RunLedger
) -> None:
    """Write isochrones as GeoPackage, GeoJSON, a map and a table."""
    from access.maps.planner_map import map_page, reach_map  # the other answers draw no map

    (folder / "isochrones.geojson").write_text(geojson(found.table), encoding="utf-8")
    write_layers(folder / "isochrones.gpkg", places_layers(found))
    page = map_page(reach_map(results, found))
    (folder / "map.html").write_text(page, encoding="utf-8", newline="\n")
    _write_tables(folder, {"isochrones": found.to_frame()})
    _close(folder, isochrones_summary(found), ledger)


def write_path(folder: FilePath, found: Path, ledger: RunLedger) -> None:
    """Write a path as GeoPackage and GeoJSON, and its steps as a table."""
    (folder / "path.geojson").write_text(geojson(found.frame), encoding="utf-8")
    write_layers(folder / "path.gpkg", places_layers(found))
    _write_tables(folder, {"steps": found.steps})
    _close(folder, path_summary(found), ledger)


def write_within(folder: FilePath, found: Within, ledger: RunLedger, *, internal: bool) -> None:
    """Write who lives within so many minutes as a table."""
    _write_tables(folder, {"within": found.to_frame(internal=internal)})
    _close(folder, within_summary(found, internal=internal), ledger)


def write_minutes(folder: FilePath, table: pd.DataFrame, ledger: RunLedger) -> None:
    """Write the long table of minutes."""
    _write_tables(folder, {"minutes": table})
    _close(folder, minutes_summary(table), ledger)


def minutes_summary(table: pd.DataFrame) -> dict[str, Any]:
    """Count the pairs of the long table of minutes by how each came about."""
    return {
        "mode": str(table["mode"].iloc[0]),
        "rows": len(table),
        "areas": int(table["area"].nunique()),
        "sites": int(table["site"].nunique()),
        "status": {str(k): int(n) for k, n in table["status"].value_counts().items()},
    }


def places_layers(found: Isochrones | Path) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Name the layers of isochrones or of a path, the main one first."""
    if isinstance(found, Path):
        return [("path", _finite(found.frame))]
    return [("isochrones", _finite(found.table)), ("streets", _finite(found.streets))]


def write_minutes_file(
    path: FilePath, table: pd.DataFrame, ledger: RunLedger, inputs: Iterable[FilePath]
) -> None:
    """Write the long table of minutes as one CSV or parquet file, its ledger beside it."""
    given, beside = list(inputs), path.with_name(f"{path.name}.ledger.json")
    check_file(beside, given)
    if path.suffix.lower() == ".csv":
        content = safe_cells(table).to_csv(index=False, lineterminator="\n").encode()
    else:
        content = table.to_parquet(index=False) or b""
    write_file(path, content, inputs=given)
    told = replace(ledger, outputs={path.name: hashlib.sha256(content).hexdigest()})
    write_file(beside, told.to_json().encode(), inputs=given)


def _write_tables(folder: FilePath, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _close(folder: FilePath, summary: Mapping[str, Any], ledger: RunLedger) -> None:
    """Write the summary, and the ledger with the hashes of all that is there."""
    (folder / "summary.json").write_text(to_json(dict(summary)), encoding="utf-8")
    outputs = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
    text = replace(ledger, outputs=outputs).to_json()
    (folder / "ledger.json").write_text(text, encoding="utf-8")


def within_lines(found: Within, *, internal: bool) -> list[str]:
    """Write the groups with anybody within as lines, a hidden count as such."""
    lines = []
    for row in found.to_frame(internal=internal).to_dict("records"):
        hidden = str(row["hidden"]).split()
        if row["within"] == 0 and "within" not in hidden:
            continue
        near, whole = (
            HIDDEN if column in hidden else figure(float(row[column]))
            for column in ("within", "all")
        )
        about = (
            row["who"] if row["grouping"] == row["group"] else f"{row['who']}, {row['grouping']}"
        )
        group = "" if row["grouping"] == row["group"] else f" {row['group']}"
        lines.append(f"  {near:>8} of {whole:>9}  {about}{group}")
    if any(HIDDEN in line for line in lines):
        lines.append(f"  {NOTE_HIDDEN}")
    return lines
