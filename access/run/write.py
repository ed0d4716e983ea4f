"""Writing a run's outputs: all or nothing, and the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from access.files import whole_folder
from access.ledger import RunLedger, sha256_of, to_json
from access.maps.explorer import write_explorer
from access.maps.from_results import explorer_data
from access.maps.layers import map_page, study_map
from access.report.board import board_report
from access.report.firmness import firmness_of
from access.report.hub_chart import hub_chart
from access.report.write import report_files
from access.results import StudyResults
from access.run.answers import impact_charts
from access.run.answers_hubs import hub_points
from access.run.answers_ranking import ranking_charts
from access.run.evidence import write_evidence
from access.run.geopackage import study_layers, write_layers
from access.run.tables import alternatives_table, area_table, safe_cells, summary_of


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
        If `out` cannot be written, holds inputs, or files and no former run; former outputs
        are then whole.
    """
    with whole_folder(out, results.study.files) as work:
        for name, write in _WRITERS.items():
            progress(f"writing {name}")
            write(results, work / name)
        progress("writing tables")
        write_tables(results, work)
        if results.proposals:
            _write_report(results, work, progress)
            progress("drawing charts")
            _write_charts(results, work)
        hashes = {file.name: sha256_of(file) for file in sorted(work.iterdir())}
        ledger = replace(results.ledger, outputs=hashes)
        (work / "ledger.json").write_text(ledger.to_json(), encoding="utf-8")
        progress("writing evidence.zip")
        write_evidence(results.study, work, work / "evidence.zip")
    return ledger


def _write_summary(results: StudyResults, path: Path) -> None:
    path.write_text(to_json(summary_of(results)), encoding="utf-8")


def write_tables(results: StudyResults, folder: Path) -> None:
    """Write the areas, the alternatives and the sites for hubs, each as CSV and parquet.

    Parameters
    ----------
    results : StudyResults
    folder : Path
    """
    tables = {"areas": area_table(results), "alternatives": alternatives_table(results)}
    if results.hubs is not None:
        tables["hubs"] = hub_points(results.hubs)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def _write_map(results: StudyResults, path: Path) -> None:
    path.write_text(map_page(study_map(results)), encoding="utf-8", newline="\n")


def _headline_mode(results: StudyResults) -> str:
    return next(iter(results.matrices))


def _write_charts(results: StudyResults, folder: Path) -> None:
    """Draw every proposal's charts, with their words for those who cannot see them."""
    mode = _headline_mode(results)
    firm = firmness_of(results, mode=mode)
    by = next((c for c in ("imd_decile", "locality", "ward") if c in results.study.areas), None)
    words = []
    for key, proposal in results.proposals.items():
        impact = proposal.impacts[mode]
        charts = impact_charts(results, impact, by)
        if mode in proposal.rankings:
            charts |= ranking_charts(proposal.rankings[mode], firm.get(key))
        for name, chart in charts.items():
            file = f"chart-{key}-{name}.png"
            chart.save(folder / file)
            words.append(f"{file}\n{chart.title}\n{chart.alt}\n{chart.caption}\n")
    if results.hubs is not None:
        found = results.hubs
        chart = hub_chart(results, found.plain, found.mode, len(found.candidates))
        chart.save(folder / "chart-hubs.png")
        words.append(f"chart-hubs.png\n{chart.title}\n{chart.alt}\n{chart.caption}\n")
    (folder / "charts.txt").write_text("\n".join(words), encoding="utf-8")


def _write_report(results: StudyResults, folder: Path, progress: Callable[[str], None]) -> None:
    """Write the board's report as Word, PDF and workbook."""
    document = board_report(results, mode=_headline_mode(results), progress=progress)
    for name, content in report_files(document, progress=progress).items():
        (folder / name).write_bytes(content)


def _write_explorer(results: StudyResults, path: Path) -> None:
    write_explorer(explorer_data(results), path)


def _write_geopackage(results: StudyResults, path: Path) -> None:
    write_layers(path, study_layers(results))


_WRITERS: Mapping[str, Callable[[StudyResults, Path], None]] = {
    "summary.json": _write_summary,
    "study.gpkg": _write_geopackage,
    "map.html": _write_map,
    "explorer.html": _write_explorer,
}
