"""Writing a run's outputs: all or nothing, and the same bytes every time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from access.errors import OutputError
from access.ledger import RunLedger, sha256_of, to_json
from access.maps.explorer import write_explorer
from access.maps.from_results import explorer_data
from access.maps.layers import study_map
from access.report.board import board_report
from access.report.firmness import study_robustness
from access.report.write import report_files
from access.results import StudyResults
from access.run.evidence import write_evidence
from access.scenario import Ranking

#: Prefixes a spreadsheet takes for a formula; a quote before them makes them text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def all_or_nothing(out: Path) -> Iterator[Path]:
    """Write into a folder beside `out`, and move the files over only when all are whole.

    Parameters
    ----------
    out : Path
        Made when it is not there. Files of the same name are replaced; others are left alone.

    Yields
    ------
    Path
        An empty folder to write into.

    Raises
    ------
    OutputError
        If the folder cannot be made or written; former outputs are then untouched.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=out))
    except OSError as error:
        raise OutputError(
            f"cannot write into {out}: {error.strerror or error}. "
            "Name another folder with --out DIR; former outputs there are untouched."
        ) from error
    try:
        yield work
        for file in sorted(work.iterdir()):
            os.replace(file, out / file.name)  # noqa: PTH105 - pathlib's replace is this call
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_outputs(
    results: StudyResults, out: Path, *, progress: Callable[[str], None] = lambda step: None
) -> RunLedger:
    """Write every output of a run.

    Parameters
    ----------
    results : StudyResults
    out : Path
    progress : callable
        Called with a few words before each file.

    Returns
    -------
    RunLedger
        With the outputs' hashes.

    Raises
    ------
    OutputError
        If `out` cannot be written; former outputs are then whole.
    """
    writers: dict[str, Callable[[StudyResults, Path], None]] = {
        "summary.json": _write_summary,
        "areas.csv": _write_areas,
        "alternatives.csv": _write_alternatives,
        "study.gpkg": write_geopackage,
        "map.html": _write_map,
        "explorer.html": _write_explorer,
    }
    with all_or_nothing(out) as work:
        for name, write in writers.items():
            progress(f"writing {name}")
            write(results, work / name)
        if results.proposals:
            _write_report(results, work, progress)
        hashes = {file.name: sha256_of(file) for file in sorted(work.iterdir())}
        ledger = replace(results.ledger, outputs=hashes)
        (work / "ledger.json").write_text(ledger.to_json(), encoding="utf-8")
        progress("writing evidence.zip")
        write_evidence(results.study, work, work / "evidence.zip")
    return ledger


def summary_of(results: StudyResults) -> dict[str, Any]:
    """Give a run's figures as plain values.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict
        ``study, title, as_of, streets, assumptions`` and ``proposals``, each with a sentence and
        the figures of every mode, by closed site, deprivation tenth and locality.
    """
    proposals = {}
    for key, proposal in results.proposals.items():
        modes = {}
        for mode, impact in proposal.impacts.items():
            groups = [c for c in ("imd_decile", "locality", "ward") if c in impact.demand.columns]
            modes[mode] = {
                "sentence": impact.sentence(),
                "figures": impact.summary,
                "closed_sites": _records(impact.closed_sites),
                "receiving_sites": _records(impact.receiving_sites),
                "worst_areas": _records(impact.worst_areas(10)),
                **{f"by_{column}": _records(impact.by(column)) for column in groups},
            }
        proposals[key] = {
            "title": proposal.title,
            "service": proposal.service,
            "comment": proposal.comment,
            "source": proposal.source,
            "before": list(proposal.before),
            "after": list(proposal.after),
            "closed": list(proposal.closed),
            "modes": modes,
        }
        for mode, ranking in proposal.rankings.items():
            modes[mode]["alternatives"] = _ranking_summary(ranking)
    place = results.study.config.study
    return {
        "study": place.name,
        "title": place.title,
        "as_of": place.as_of,
        "streets": results.streets,
        "modelled_streets": results.modelled,
        "assumptions": list(results.assumptions),
        "proposals": proposals,
        "both_services": {mode: _ranking_summary(r) for mode, r in results.joint.items()},
    }


def _ranking_summary(ranking: Ranking) -> dict[str, Any]:
    return {
        "sentence": ranking.sentence(),
        "options": len(ranking.table),
        "criteria": list(ranking.criteria),
        "proposal": ranking.proposal,
        "best": {c: list(ranking.best(c)["closed"]) for c in ranking.criteria},
        "on_front": int(ranking.table["on_front"].sum()),
        "notes": list(ranking.notes),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _write_summary(results: StudyResults, path: Path) -> None:
    path.write_text(to_json(summary_of(results)), encoding="utf-8")


def area_table(results: StudyResults) -> pd.DataFrame:
    """One row an area: who lives there, and the trips before and after of every proposal.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    DataFrame
        The areas' columns, then ``<proposal>__<mode>__<figure>``: nearest centre and minutes
        before and after, the change, and the status. ``inf`` where no centre is reached.
    """
    table = pd.DataFrame(results.study.areas.drop(columns="geometry"))
    figures = ("nearest_before", "minutes_before", "nearest_after", "minutes_after",
               "change_minutes", "status_before", "status_after")  # fmt: skip
    extra: dict[str, Any] = {}
    for key, proposal in results.proposals.items():
        for mode, impact in proposal.impacts.items():
            rows = impact.areas.set_index("id").loc[table["id"]]
            for figure in figures:
                column = rows[figure].to_numpy()
                if figure.startswith(("minutes", "change")):
                    column = np.round(column.astype(float), 3)
                extra[f"{key}__{mode}__{figure}"] = column
    return pd.concat([table, pd.DataFrame(extra, index=table.index)], axis=1)


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text that a spreadsheet would run as a formula into plain text.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        A quote stands before text that starts with ``= + - @``, a tab or a carriage return.

    Examples
    --------
    >>> safe_cells(pd.DataFrame({"name": ["=1+1", "Wath"]}))["name"].tolist()
    ["'=1+1", 'Wath']
    """
    out = frame.copy()
    for column in out.columns:
        if not pd.api.types.is_numeric_dtype(out[column]):
            out[column] = [
                f"'{v}" if isinstance(v, str) and v.startswith(_FORMULA_STARTS) else v
                for v in out[column]
            ]
    return out


def _write_areas(results: StudyResults, path: Path) -> None:
    safe_cells(area_table(results)).to_csv(path, index=False, lineterminator="\n")


def alternatives_table(results: StudyResults) -> pd.DataFrame:
    """One row an alternative, proposal and mode: what closes, every criterion, every rank.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    DataFrame
        ``proposal mode closed kept is_the_proposal``, criteria, ``rank_*``, ``on_front``; empty
        where no proposal can be ranked.
    """
    parts = []
    for key, proposal in results.proposals.items():
        for mode, ranking in proposal.rankings.items():
            table = ranking.table.copy()
            table.insert(0, "is_the_proposal", [set(c) == set(proposal.closed)
                                                for c in table["closed"]])  # fmt: skip
            for column in ("kept", "closed"):
                table[column] = [" ".join(ids) for ids in table[column]]
            table.insert(0, "mode", mode)
            table.insert(0, "proposal", key)
            parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["proposal"])


def _write_alternatives(results: StudyResults, path: Path) -> None:
    safe_cells(alternatives_table(results)).to_csv(path, index=False, lineterminator="\n")


def _write_map(results: StudyResults, path: Path) -> None:
    study_map(results).save(str(path))


def _write_report(results: StudyResults, folder: Path, progress: Callable[[str], None]) -> None:
    """Write the board's report as Word, PDF and workbook, with how firm the ranking is."""
    robust = {}
    mode = next(iter(results.matrices))
    for key, result in results.proposals.items():
        if result.rankings:
            progress(f"how firm the ranking is: {result.title}")
            robust[key] = study_robustness(results, result, mode=mode)
    document = board_report(results, mode=mode, robustness=robust)
    for name, content in report_files(document, progress=progress).items():
        (folder / name).write_bytes(content)


def _write_explorer(results: StudyResults, path: Path) -> None:
    write_explorer(explorer_data(results), path)


def write_geopackage(results: StudyResults, path: Path) -> None:
    """Write areas, sites, snap lines and networks as layers that QGIS opens.

    Parameters
    ----------
    results : StudyResults
    path : Path
        A ``.gpkg`` that is not there yet.
    """
    layers = dict(_layers(results))
    # GDAL would write the clock into the file; a fixed date keeps the same inputs the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        for number, (name, frame) in enumerate(layers.items()):
            frame.to_file(path, layer=name, driver="GPKG", mode="a" if number else "w",
                          engine="pyogrio")  # fmt: skip
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _layers(results: StudyResults) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    study = results.study
    table = area_table(results)
    finite = table.replace([np.inf, -np.inf], np.nan)
    yield "areas", gpd.GeoDataFrame(finite, geometry=study.areas.geometry.to_numpy(), crs=study.crs)
    points = gpd.points_from_xy(results.sites["lon"], results.sites["lat"], crs="EPSG:4326")
    sites = gpd.GeoDataFrame(results.sites, geometry=points).to_crs(study.crs)
    closes = {i: key for key, p in results.proposals.items() for i in p.closed}
    yield "centres", sites.assign(closed_by=[closes.get(i, "") for i in sites["id"]])
    yield "snap_lines", _snap_lines(results)
    for mode, network in results.networks.items():
        yield f"network_{mode}", network.edges_frame()


def _snap_lines(results: StudyResults) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        pd.concat(list(results.snaps.values()), ignore_index=True), crs=results.study.crs
    )
