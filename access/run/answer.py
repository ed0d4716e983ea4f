"""Writing one answer: tables, layers, charts and maps with their ledger; light to import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from access.analysis.places import Isochrones, Within
from access.analysis.places import Path as Way
from access.analysis.results import LeftOut, Parts, StudyResults
from access.disclosure import HIDDEN, NOTE_HIDDEN
from access.escape import column_names
from access.files import RunLedger, check_file, sha256_of, steady_layers, to_json, write_file
from access.run.summary import safe_cells
from access.text import figure

if TYPE_CHECKING:
    from access.charts.chart import Chart


# Writing one answer: tables, layers and charts with their ledger; light to import.


def write_layers(path: Path, layers: Iterable[tuple[str, pd.DataFrame]]) -> None:
    """Write tables and layers into one GeoPackage."""
    # What is half written is never read, so SQLite need not wait for the disk at each layer
    with steady_layers(OGR_SQLITE_SYNCHRONOUS="OFF"):
        for number, (name, given) in enumerate(layers):
            own = [c for c in given.columns if c != getattr(given, "_geometry_column_name", None)]
            frame = given.rename(columns=dict(zip(own, column_names(own), strict=True)))
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=number > 0)


def write_answer(
    out: Path,
    summary: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    charts: Mapping[str, Callable[[], Chart]],
    *,
    ledger: RunLedger,
    points: gpd.GeoDataFrame | None = None,
    parts: Parts | None = None,
) -> list[str]:
    """Write an answer: summary as JSON, tables as CSV, parquet and GeoPackage, charts as PNG.

    With its ledger: inputs, question, settings, versions, assumptions and the outputs' hashes.
    """
    out.mkdir(exist_ok=True)
    for name, table in tables.items():
        safe_cells(table).to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(out / f"{name}.parquet", index=False)
    write_layers(out / "tables.gpkg", _layers(tables, points))
    parts = Parts() if parts is None else parts
    for name, draw in charts.items():
        parts.write(f"{name}.png", out, partial(_draw_answer, draw, out / name))
    left_out = tuple(asdict(part) for part in parts.left_out)
    (out / "summary.json").write_text(to_json({**summary, "left_out": left_out}), encoding="utf-8")
    outputs = {file.name: sha256_of(file) for file in sorted(out.iterdir())}
    text = replace(ledger, outputs=outputs, left_out=left_out).to_json()
    (out / "ledger.json").write_text(text, encoding="utf-8")
    return sorted(file.name for file in out.iterdir())


def _draw_answer(draw: Callable[[], Chart], path: Path) -> None:
    chart = draw()
    chart.save(path.with_suffix(".png"))
    words = f"{chart.title}\n\n{chart.alt}\n"
    path.with_suffix(".txt").write_text(words, encoding="utf-8")


def answer_ledger(
    results: StudyResults,
    command: str,
    question: Mapping[str, Any],
    files: Sequence[Path | None] = (),
    *,
    assumptions: Sequence[str] = (),
    left_out: Sequence[LeftOut] = (),
) -> RunLedger:
    """Say what an answer was worked out from."""
    brought = [
        {"file": path.name, "sha256": sha256_of(path), "source": "given with the question",
         "vintage": "as the file", "licence": "as the file"}
        for path in files if path is not None
    ]  # fmt: skip
    return replace(
        results.ledger,
        command={**results.ledger.command, "command": command, "question": dict(question)},
        inputs=(*results.ledger.inputs, *brought),
        assumptions=(*results.ledger.assumptions, *assumptions),
        left_out=tuple(asdict(part) for part in left_out),
    )


def _layers(
    tables: Mapping[str, pd.DataFrame], points: gpd.GeoDataFrame | None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give each table, with the areas' points where it is a table of areas."""
    for name, table in tables.items():
        if points is not None and "id" in table.columns and set(table["id"]) == set(points["id"]):
            shapes = points.set_index("id").loc[table["id"], "geometry"].to_numpy()
            yield name, gpd.GeoDataFrame(table, geometry=shapes, crs=points.crs)
        else:
            yield name, table


# ------------------------------------------------------------------------------
# What is asked of one place, as files: layers, tables, a map, a summary and the ledger.

_DEGREES = 1e-7
"""Grid of the coordinates in GeoJSON: about a centimetre."""


def isochrones_summary(found: Isochrones) -> dict[str, Any]:
    """Give isochrones' figures as plain values."""
    return {
        "buffer_m": found.buffer_m,
        "isochrones": found.to_frame().to_dict("records"),
        "assumptions": list(found.assumptions),
    }


def path_summary(found: Way) -> dict[str, Any]:
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
    shapes = rounded.geometry.to_numpy().copy()  # the answer's own shapes stay as they are
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
    folder: Path, results: StudyResults, found: Isochrones, ledger: RunLedger
) -> None:
    """Write isochrones as GeoPackage, GeoJSON, a map and a table."""
    from access.maps.planner_map import PlannerMap  # the other answers draw no map

    (folder / "isochrones.geojson").write_text(geojson(found.table), encoding="utf-8")
    write_layers(folder / "isochrones.gpkg", places_layers(found))
    page = PlannerMap.of_reach(results, found).page()
    (folder / "map.html").write_text(page, encoding="utf-8", newline="\n")
    _write_tables(folder, {"isochrones": found.to_frame()})
    _close(folder, isochrones_summary(found), ledger)


def write_path(folder: Path, found: Way, ledger: RunLedger) -> None:
    """Write a path as GeoPackage and GeoJSON, and its steps as a table."""
    (folder / "path.geojson").write_text(geojson(found.frame), encoding="utf-8")
    write_layers(folder / "path.gpkg", places_layers(found))
    _write_tables(folder, {"steps": found.steps})
    _close(folder, path_summary(found), ledger)


def write_within(folder: Path, found: Within, ledger: RunLedger, *, internal: bool) -> None:
    """Write who lives within so many minutes as a table."""
    _write_tables(folder, {"within": found.to_frame(internal=internal)})
    _close(folder, within_summary(found, internal=internal), ledger)


def write_minutes(folder: Path, table: pd.DataFrame, ledger: RunLedger) -> None:
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


def places_layers(found: Isochrones | Way) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Name the layers of isochrones or of a path, the main one first."""
    if isinstance(found, Way):
        return [("path", _finite(found.frame))]
    return [("isochrones", _finite(found.table)), ("streets", _finite(found.streets))]


def write_minutes_file(
    path: Path, table: pd.DataFrame, ledger: RunLedger, inputs: Iterable[Path]
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


def _write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _close(folder: Path, summary: Mapping[str, Any], ledger: RunLedger) -> None:
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
