"""An answer as files, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from access.ledger import RunLedger, sha256_of, to_json
from access.report.chart import Chart
from access.results import StudyResults
from access.run.geopackage import write_layers
from access.run.tables import safe_cells


def write_answer(
    out: Path,
    summary: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    charts: Mapping[str, Chart],
    *,
    ledger: RunLedger,
    points: gpd.GeoDataFrame | None = None,
) -> list[str]:
    """Write an answer: summary as JSON, tables as CSV, parquet and GeoPackage, charts as PNG.

    With its ledger: inputs, question, settings, versions, assumptions and the outputs' hashes.

    Parameters
    ----------
    out : Path
        Folder, new or empty; of `access.files.whole_folder`, so that it is all or nothing.
    summary : mapping
    tables : mapping of str to DataFrame
        By name; a table with the areas' ids in ``id`` becomes a map layer.
    charts : mapping of str to Chart
    ledger : RunLedger
        As `answer_ledger` gives it.
    points : GeoDataFrame, optional
        The areas: ``id geometry``.

    Returns
    -------
    list of str
        Names of the files written.
    """
    out.mkdir(exist_ok=True)
    (out / "summary.json").write_text(to_json(dict(summary)), encoding="utf-8")
    for name, table in tables.items():
        safe_cells(table).to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(out / f"{name}.parquet", index=False)
    write_layers(out / "tables.gpkg", _layers(tables, points))
    for name, chart in charts.items():
        chart.save(out / f"{name}.png")
        (out / f"{name}.txt").write_text(f"{chart.title}\n\n{chart.alt}\n", encoding="utf-8")
    outputs = {file.name: sha256_of(file) for file in sorted(out.iterdir())}
    text = replace(ledger, outputs=outputs).to_json()
    (out / "ledger.json").write_text(text, encoding="utf-8")
    return sorted(file.name for file in out.iterdir())


def answer_ledger(
    results: StudyResults,
    command: str,
    question: Mapping[str, Any],
    files: Sequence[Path | None] = (),
    *,
    assumptions: Sequence[str] = (),
) -> RunLedger:
    """Say what an answer was worked out from.

    Parameters
    ----------
    results : StudyResults
    command : str
        ``"compare"``, ``"rank"`` or ``"site"``.
    question : mapping
        What was asked, JSON-ready; a file by its name.
    files : sequence of Path or None
        Files the question brought along.
    assumptions : sequence of str
        What the answer rests on beyond the study's own assumptions.

    Returns
    -------
    RunLedger
        Without outputs.
    """
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
