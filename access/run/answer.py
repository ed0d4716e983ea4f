"""Writing one answer: tables, layers, charts and maps with their ledger; light to import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
    _write_tables(out, tables)
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


def _write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)


# ------------------------------------------------------------------------------
# What is asked of one place, as files: layers, tables, a map, a summary and the ledger.

_DEGREES = 1e-7
"""Grid of the coordinates in GeoJSON: about a centimetre."""


class _Files:
    """What is written of one answer: tables, a summary and the ledger."""

    def summary(self) -> dict[str, Any]:
        """Every figure, as plain values."""
        raise NotImplementedError

    def _tables(self) -> dict[str, pd.DataFrame]:
        """Tables, by the name of their file."""
        raise NotImplementedError

    def _write_shapes(self, folder: Path) -> None:
        """Write what is for maps, where there is any."""

    def write(self, folder: Path, ledger: RunLedger) -> None:
        """Write it all into a folder, last the ledger with the hashes of all that is there."""
        self._write_shapes(folder)
        _write_tables(folder, self._tables())
        (folder / "summary.json").write_text(to_json(self.summary()), encoding="utf-8")
        outputs = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
        text = replace(ledger, outputs=outputs).to_json()
        (folder / "ledger.json").write_text(text, encoding="utf-8")


class _ShapeFiles(_Files):
    """What is written of an answer with shapes: these too, for maps."""

    def layers(self) -> list[tuple[str, gpd.GeoDataFrame]]:
        """Name the layers, the main one first."""
        raise NotImplementedError

    def geojson(self) -> str:
        """Write the main layer as GeoJSON, coordinates to a centimetre."""
        _, layer = self.layers()[0]
        shapes = layer.geometry.to_numpy().copy()  # the answer's own shapes stay as they are
        lines = shapely.get_dimensions(shapes) == 1  # which would be cut where they cross
        for some, how in ((lines, "pointwise"), (~lines, "valid_output")):
            shapes[some] = shapely.set_precision(shapes[some], _DEGREES, mode=how)
        return str(layer.set_geometry(shapes).to_json(drop_id=True)) + "\n"

    def _write_shapes(self, folder: Path) -> None:
        """Write the shapes as GeoJSON and GeoPackage."""
        name, _ = self.layers()[0]
        (folder / f"{name}.geojson").write_text(self.geojson(), encoding="utf-8")
        write_layers(folder / f"{name}.gpkg", self.layers())


def _finite(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out what maps cannot hold: minutes without end."""
    numbers = layer.select_dtypes("number").columns
    return layer.assign(**{c: layer[c].where(np.isfinite(layer[c])) for c in numbers})


@dataclass(frozen=True)
class IsochroneFiles(_ShapeFiles):
    """What is written of isochrones.

    Parameters
    ----------
    results : StudyResults
        The map's own.
    found : Isochrones
    """

    results: StudyResults
    found: Isochrones

    def summary(self) -> dict[str, Any]:
        """Every figure, as plain values."""
        return {
            "buffer_m": self.found.buffer_m,
            "isochrones": self.found.to_frame().to_dict("records"),
            "assumptions": list(self.found.assumptions),
        }

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"isochrones": self.found.to_frame()}

    def layers(self) -> list[tuple[str, gpd.GeoDataFrame]]:
        """Name the polygons, and the streets that are reached."""
        return [("isochrones", _finite(self.found.table)), ("streets", _finite(self.found.streets))]

    def _write_shapes(self, folder: Path) -> None:
        """Draw a map as well."""
        from access.maps.planner_map import PlannerMap  # the other answers draw no map

        super()._write_shapes(folder)
        page = PlannerMap.of_reach(self.results, self.found).page()
        (folder / "map.html").write_text(page, encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class PathFiles(_ShapeFiles):
    """What is written of the way from an area to a site.

    Parameters
    ----------
    found : Path
    """

    found: Way

    def summary(self) -> dict[str, Any]:
        """Every figure, each step and the corners, as plain values."""
        corners = shapely.get_coordinates(self.found.line).tolist()
        return {
            **self.found.summary,
            "steps": self.found.steps.to_dict("records"),
            "line": {"type": "LineString", "coordinates": corners},
            "assumptions": list(self.found.assumptions),
        }

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"steps": self.found.steps}

    def layers(self) -> list[tuple[str, gpd.GeoDataFrame]]:
        """Name the line."""
        return [("path", _finite(self.found.frame))]


@dataclass(frozen=True)
class WithinFiles(_Files):
    """What is told and written of who lives within so many minutes; a hidden count is null.

    Parameters
    ----------
    found : Within
    internal : bool
        Keep small counts; not for publication.
    """

    found: Within
    internal: bool

    def summary(self) -> dict[str, Any]:
        """Every figure, as plain values."""
        found = self.found
        return {
            "site": found.site,
            "site_name": found.site_name,
            "mode": found.mode,
            "minutes": found.minutes,
            "status": found.status,
            "areas_within": len(found.areas),
            "internal": self.internal,
            "groups": found.to_frame(internal=self.internal).to_dict("records"),
            "assumptions": list(found.assumptions),
        }

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"within": self.found.to_frame(internal=self.internal)}

    def words(self) -> str:
        """Say it, the groups with anybody within a line each, a hidden count as such."""
        lines = [self.found.sentence(internal=self.internal)]
        for row in self.found.to_frame(internal=self.internal).to_dict("records"):
            hidden = str(row["hidden"]).split()
            if row["within"] == 0 and "within" not in hidden:
                continue
            near, whole = (
                HIDDEN if column in hidden else figure(float(row[column]))
                for column in ("within", "all")
            )
            about, group = row["who"], ""
            if row["grouping"] != row["group"]:
                about, group = f"{row['who']}, {row['grouping']}", f" {row['group']}"
            lines.append(f"  {near:>8} of {whole:>9}  {about}{group}")
        if any(HIDDEN in line for line in lines[1:]):
            lines.append(f"  {NOTE_HIDDEN}")
        return "\n".join(lines)


@dataclass(frozen=True)
class MinutesFiles(_Files):
    """What is written of the minutes from every area to every site: one long table.

    Parameters
    ----------
    table : DataFrame
    """

    table: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        """Count the pairs by how each came about."""
        table = self.table
        return {
            "mode": str(table["mode"].iloc[0]),
            "rows": len(table),
            "areas": int(table["area"].nunique()),
            "sites": int(table["site"].nunique()),
            "status": {str(k): int(n) for k, n in table["status"].value_counts().items()},
        }

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"minutes": self.table}

    def write_file(self, path: Path, ledger: RunLedger, inputs: Iterable[Path]) -> None:
        """Write one CSV or parquet file, its ledger beside it."""
        given, beside = list(inputs), path.with_name(f"{path.name}.ledger.json")
        check_file(beside, given)
        if path.suffix.lower() == ".csv":
            content = safe_cells(self.table).to_csv(index=False, lineterminator="\n").encode()
        else:
            content = self.table.to_parquet(index=False) or b""
        write_file(path, content, inputs=given)
        told = replace(ledger, outputs={path.name: hashlib.sha256(content).hexdigest()})
        write_file(beside, told.to_json().encode(), inputs=given)
