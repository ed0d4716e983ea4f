"""Writing one answer: tables, layers and charts with their ledger; light to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio

from access.analysis.results import LeftOut, Parts, StudyResults
from access.escape import column_names
from access.ledger import RunLedger, sha256_of, to_json
from access.run.summary import safe_cells

if TYPE_CHECKING:
    from access.charts.chart import Chart


def write_layers(path: Path, layers: Iterable[tuple[str, pd.DataFrame]]) -> None:
    """Write tables and layers into one GeoPackage."""
    # GDAL would write the clock into the file; a fixed date keeps the same inputs the same bytes.
    # What is half written is never read, so SQLite need not wait for the disk at each layer
    options = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    pyogrio.set_gdal_config_options(options)
    try:
        for number, (name, given) in enumerate(layers):
            own = [c for c in given.columns if c != getattr(given, "_geometry_column_name", None)]
            frame = given.rename(columns=dict(zip(own, column_names(own), strict=True)))
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=number > 0)
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


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
