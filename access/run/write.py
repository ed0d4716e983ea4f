"""Writing a run's outputs: all or nothing, and the same bytes every time."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from access.analysis.beside import Beside, worth_a_process
from access.analysis.results import LeftOut, Parts, StudyResults, as_known_then
from access.charts.chart import Chart
from access.charts.ranking import hub_chart
from access.document.document import Document
from access.errors import OutputError
from access.files import INTERNAL_MARK, check_file, check_kind, whole_folder, write_file
from access.ledger import RunLedger, sha256_of, to_json
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.maps.ground import area_cells
from access.maps.planner_map import map_page, study_map
from access.release import check_publishable
from access.report.board import board_report, report_writers
from access.report.robustness import is_drawn, study_robustness
from access.run.answer import write_layers
from access.run.geopackage import _describe_layers, _study_layers
from access.run.summary import (
    _hub_points,
    alternatives_table,
    area_table,
    impact_charts,
    ranking_charts,
    safe_cells,
    summary_of,
    usual_grouping,
)
from access.study import Study

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_README = """\
Evidence pack: {title}

What is inside
  ledger.json        every input with source, vintage, licence and sha256; every setting; the
                     versions of the software; every assumption; the sha256 of every output
  study/             the study as it was run: its settings and tables
  the outputs        as the ledger lists them

To run it again and see whether every output comes out the same:
  access replay ledger.json --study study{network}
"""


def _write_evidence(study: Study, folder: Path, path: Path) -> None:
    """Pack a folder of outputs with the study's own tables; the same inputs give the same bytes."""
    street_files = " --network THE_STREET_EXTRACT" if _has_streets(study, folder) else ""
    own = {row["file"] for row in study.inputs}
    feeds = [feed.name for feed in study.timetables if feed.name not in own]
    street_files += "".join(f" --timetable {name}" for name in feeds)
    readme = _README.format(title=study.config.study.title, network=street_files)
    members = {"README.txt": readme.encode()}
    for file in sorted(folder.iterdir()):
        if file != path:
            members[file.name] = file.read_bytes()
    for row in study.inputs:
        content = (study.folder / row["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise OutputError(f"{row['file']} was changed while the run was at work; run again")
        members[f"study/{row['file']}"] = content
    manifest = study.folder / "manifest.toml"
    if manifest.exists():
        members["study/manifest.toml"] = manifest.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            pack.writestr(info, members[name])


def _has_streets(study: Study, folder: Path) -> bool:
    ledger = (folder / "ledger.json").read_text(encoding="utf-8")
    return '"network": null' not in ledger


def write_outputs(
    results: StudyResults,
    out: Path,
    *,
    internal: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> RunLedger:
    """Write every output of a run.

    Parameters
    ----------
    results : StudyResults
        Of a study that may be published: see `access.release.released`.
    out : Path
    internal : bool
        Write the council's own copy, whatever counts it holds, each file's name marked.
    progress : callable
        Called with a few words before each file.

    Returns
    -------
    RunLedger
        With the outputs' hashes.

    Raises
    ------
    OutputError
        If `out` cannot be written, holds inputs, or files and no former run, or a former run of
        the other kind, or if the study holds counts that may not be published; former outputs
        are then whole.
    """
    if not internal:
        check_publishable(results.study)
    check_kind(out, internal=internal)
    parts = Parts(results.left_out)
    with whole_folder(out, results.study.files) as work:
        _write_files(results, work, progress, parts, internal=internal)
        mark = INTERNAL_MARK if internal else ""
        for file in sorted(work.iterdir()):
            file.rename(work / f"{mark}{file.name}")
        ledger = _write_ledger(results, work, parts, mark)
        progress("writing evidence.zip")
        packed = f"{mark}evidence.zip"
        pack = partial(_write_evidence, results.study, work, work / packed)
        if not parts.write(packed, work, pack):
            ledger = _write_ledger(results, work, parts, mark)
    return ledger


def _write_files(
    results: StudyResults,
    work: Path,
    progress: Callable[[str], None],
    parts: Parts,
    *,
    internal: bool,
) -> None:
    """Write all but summary and ledger: maps, tables and charts beside the report.

    Where it is not known yet how firm the rankings are, the charts wait for it, the maps do not.
    """
    views = partial(_write_views, results)
    if not results.proposals:
        views(work, parts, progress)
        return
    first = [] if is_drawn(results, mode=results.headline) else [views]
    if first:
        with _elsewhere(results, work, first, "maps") as written:
            study_robustness(results, progress=progress, parts=Parts())
            written(parts, progress)
    # what pages and report both show is gathered once for both processes
    Parts().make("what the maps show", partial(_gather, results))
    rest = [*([] if first else [views]), partial(_write_charts, results)]
    rest.append(partial(_write_summary, results))
    with _elsewhere(results, work, rest, "maps and charts") as written:
        progress("writing maps, charts and the report")
        _write_report(results, work, written, progress, parts, internal=internal)


def _gather(results: StudyResults) -> None:
    """Work out what several maps show; it is kept where it is made."""
    explorer_data(results)
    area_cells(results.study)


_Write = Callable[[Path, Parts, Callable[[str], None]], None]


@contextmanager
def _elsewhere(
    results: StudyResults, work: Path, writes: Sequence[_Write], what: str
) -> Iterator[Callable[[Parts, Callable[[str], None]], None]]:
    """Write some files on the second core, in a folder of their own until they are asked for.

    What is given takes the parts of the run, and whom to tell of the steps if they are done here:
    the files are there then, and what failed is added.
    """
    with TemporaryDirectory(dir=work) as folder:

        def make(progress: Callable[[str], None] = lambda step: None) -> tuple[LeftOut, ...]:
            own = Parts()
            for write in writes:
                write(Path(folder), own, progress)
            return own.left_out

        with Beside(make, what, alone=worth_a_process(len(results.study.areas))) as made:

            def take(parts: Parts, progress: Callable[[str], None]) -> None:
                parts.take(made.result() if made.apart else make(progress))
                for file in Path(folder).iterdir():
                    file.rename(work / file.name)

            yield take


def _write_views(
    results: StudyResults, folder: Path, parts: Parts, progress: Callable[[str], None]
) -> None:
    """Write the layers, the pages and the tables."""
    for name, write in _WRITERS.items():
        progress(f"writing {name}")
        parts.write(name, folder, partial(write, results, folder / name))
    progress("writing tables")
    for name, table in _TABLES.items():
        parts.write(f"{name}.csv", folder, partial(_write_table, results, table, folder, name))


def _write_summary(
    results: StudyResults, folder: Path, parts: Parts, progress: Callable[[str], None]
) -> None:
    """Write the summary beside the report; `_write_ledger` does it anew if a part is left out."""
    progress("writing summary.json")
    (folder / "summary.json").write_text(to_json(summary_of(results)), encoding="utf-8")


def _write_ledger(results: StudyResults, work: Path, parts: Parts, mark: str) -> RunLedger:
    """Write the summary and the ledger, which name every part that is not there."""
    summary = work / f"{mark}summary.json"
    if parts.left_out != results.left_out or not summary.exists():
        whole = replace(results, left_out=parts.left_out)
        summary.write_text(to_json(summary_of(whole)), encoding="utf-8")
    hashes = {file.name: sha256_of(file) for file in sorted(work.iterdir())
              if file.name != "ledger.json"}  # fmt: skip
    left_out = tuple(asdict(part) for part in parts.left_out)
    command = {**results.ledger.command, **({"internal": True} if mark else {})}
    ledger = replace(results.ledger, command=command, outputs=hashes, left_out=left_out)
    (work / "ledger.json").write_text(ledger.to_json(), encoding="utf-8")
    return ledger


_TABLES: Mapping[str, Callable[[StudyResults], pd.DataFrame | None]] = {
    "areas": area_table,
    "alternatives": alternatives_table,
    "hubs": lambda results: None if results.hubs is None else _hub_points(results.hubs),
}


def _write_table(
    results: StudyResults,
    make: Callable[[StudyResults], pd.DataFrame | None],
    folder: Path,
    name: str,
) -> None:
    """Write a table as CSV and parquet."""
    table = make(results)
    if table is not None:
        table.to_parquet(folder / f"{name}.parquet", index=False)
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def _write_map(results: StudyResults, path: Path) -> None:
    path.write_text(map_page(study_map(results)), encoding="utf-8", newline="\n")


def _write_charts(
    results: StudyResults, folder: Path, parts: Parts, progress: Callable[[str], None]
) -> None:
    """Draw every proposal's charts, with their words for those who cannot see them."""
    mode = results.headline
    firm = study_robustness(results, mode=mode, progress=progress, parts=parts)
    progress("drawing charts")
    by = usual_grouping(results.study.areas.columns)
    draws: dict[str, Callable[[], Chart]] = {}
    for key, proposal in results.proposals.items():
        charts = impact_charts(results, proposal.impacts[mode], by)
        if mode in proposal.rankings:
            charts |= ranking_charts(proposal.rankings[mode], firm.get(key))
        draws |= {f"chart-{key}-{name}.png": draw for name, draw in charts.items()}
    found = as_known_then(results).hubs
    if found is not None:
        draws["chart-hubs.png"] = partial(
            hub_chart, results, found.plain, found.mode, len(found.candidates)
        )
    words: list[str] = []
    for file, draw in draws.items():
        parts.write(file, folder, partial(_write_chart, draw, folder / file, words))
    (folder / "charts.txt").write_text("\n".join(words), encoding="utf-8")


def _write_chart(draw: Callable[[], Chart], path: Path, words: list[str]) -> None:
    chart = draw()
    chart.save(path)
    words.append(f"{path.name}\n{chart.title}\n{chart.alt}\n{chart.caption}\n")


def _write_report(
    results: StudyResults,
    folder: Path,
    written: Callable[[Parts, Callable[[str], None]], None],
    progress: Callable[[str], None],
    parts: Parts,
    *,
    internal: bool,
) -> None:
    """Write the board's report as Word, PDF and workbook; the other files are written meanwhile."""

    def report(known: Parts) -> list[Path]:
        write = partial(
            board_report, results, mode=results.headline, internal=internal,
            progress=progress, parts=known,
        )  # fmt: skip
        document = known.make("the report to the board", write)
        if document is None:
            return []
        # what lays the pages out keeps threads of its own, which no copy of this process has
        makes = report_writers(document)
        tables = {name: make for name, make in makes.items() if name.endswith(".xlsx")}
        pages = {name: make for name, make in makes.items() if name not in tables}
        beside = partial(_write_made, document, tables)
        with _elsewhere(results, folder, [beside], "the workbook") as made:
            _write_made(document, pages, folder, known, progress)
            made(known, progress)
        return [folder / name for name in makes]

    whole = Parts(parts.left_out)
    files, before = report(whole), parts.left_out
    written(parts, progress)
    if parts.left_out == before:
        parts.take(whole.left_out)
        return
    for file in files:  # the report names what is left out: it is written again
        file.unlink(missing_ok=True)
    report(parts)


def _write_made(
    document: Document,
    makes: Mapping[str, Callable[[Document], bytes]],
    folder: Path,
    parts: Parts,
    progress: Callable[[str], None],
) -> None:
    """Write a document as these files, by name."""
    for name, make in makes.items():
        progress(f"writing {name}")
        parts.write(name, folder, partial(_write_bytes, folder / name, make, document))


def _write_bytes(path: Path, make: Callable[[Document], bytes], document: Document) -> None:
    path.write_bytes(make(document))


def _write_explorer(results: StudyResults, path: Path) -> None:
    write_explorer(explorer_data(results), path)


def write_geopackage(results: StudyResults, path: Path) -> Path:
    """Write a run's layers into one GeoPackage, whole or not at all."""
    if path.suffix.lower() != ".gpkg":
        raise OutputError(f"{path} cannot be a GeoPackage; expected a name that ends in .gpkg")
    check_file(path, results.study.files)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "study.gpkg"
        _write_geopackage(results, made)
        write_file(path, made.read_bytes(), inputs=results.study.files)
    return path


def _write_geopackage(results: StudyResults, path: Path) -> None:
    write_layers(path, _study_layers(results))
    _describe_layers(path, results)


_WRITERS: Mapping[str, Callable[[StudyResults, Path], None]] = {
    "study.gpkg": _write_geopackage,
    "map.html": _write_map,
    "explorer.html": _write_explorer,
}
