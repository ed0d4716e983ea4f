"""Writing a run's outputs, all or nothing, and making them again to the same bytes."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from access.analysis.job import Beside, run_job
from access.analysis.results import LeftOut, Parts, StudyResults
from access.charts.chart import Chart
from access.charts.results import hub_chart
from access.document.document import Document
from access.errors import Fault, OutputError, StudyError
from access.files import (
    INTERNAL_MARK,
    MOST_LEDGER_BYTES,
    RunLedger,
    check_file,
    check_kind,
    parse_json,
    read_whole,
    sha256_of,
    to_json,
    versions,
    whole_folder,
    write_file,
)
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.maps.ground import MapGround
from access.maps.planner_map import PlannerMap
from access.network.gtfs import feed_sha256
from access.network.osm import check_street_file
from access.release import check_publishable, released
from access.report.board import board_report, report_writers
from access.report.robustness import StudyRobustness
from access.run import draw_ahead
from access.run.answer import write_layers
from access.run.findings import ImpactFindings, RankingFindings
from access.run.geopackage import _describe_layers, _study_layers
from access.run.summary import RunSummary, safe_cells, summary_of
from access.study import Study, find_study, load_study
from access.text import sentence

# Writing a run's outputs: all or nothing, and the same bytes every time.

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
    own = {study.folder / row["file"] for row in study.inputs}
    given = study.timetables if set(study.timetables) - own else ()
    feeds = [
        f"study/{feed.relative_to(study.folder).as_posix()}" if feed in own else feed.name
        for feed in given
    ]
    street_files += "".join(f" --timetable {quote(name)}" for name in feeds)
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
    first = [] if StudyRobustness(results).is_drawn else [views]
    if first:
        with _elsewhere(results, work, first, "maps") as written:
            StudyRobustness(results).draw(progress=progress, parts=Parts())
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
    _ = MapGround(results).cells


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

        with Beside(make, what, alone=Beside.pays(len(results.study.areas))) as made:

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


_TABLES: Mapping[str, Callable[[RunSummary], pd.DataFrame | None]] = {
    "areas": RunSummary.areas,
    "alternatives": RunSummary.alternatives,
    "hubs": RunSummary.hubs,
}


def _write_table(
    results: StudyResults,
    make: Callable[[RunSummary], pd.DataFrame | None],
    folder: Path,
    name: str,
) -> None:
    """Write a table as CSV and parquet."""
    table = make(RunSummary(results))
    if table is not None:
        table.to_parquet(folder / f"{name}.parquet", index=False)
        safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def _write_map(results: StudyResults, path: Path) -> None:
    path.write_text(PlannerMap.of_study(results).page(), encoding="utf-8", newline="\n")


def _write_charts(
    results: StudyResults, folder: Path, parts: Parts, progress: Callable[[str], None]
) -> None:
    """Draw every proposal's charts, with their words for those who cannot see them."""
    mode = results.headline
    firm = StudyRobustness(results, mode).draw(progress=progress, parts=parts)
    progress("drawing charts")
    draws: dict[str, Callable[[], Chart]] = {}
    for key, proposal in results.proposals.items():
        charts = ImpactFindings(results, proposal.impacts[mode]).charts()
        if mode in proposal.rankings:
            charts |= RankingFindings(proposal.rankings[mode], firm.get(key)).charts()
        draws |= {
            f"chart-{key}-{name}.png": partial(_chart_of, proposal.title, draw)
            for name, draw in charts.items()
        }
    found = results.as_known_then().hubs
    if found is not None:
        draws["chart-hubs.png"] = partial(
            hub_chart, results, found.plain, found.mode, len(found.candidates)
        )
    words: list[str] = []
    for file, draw in draws.items():
        parts.write(file, folder, partial(_write_chart, draw, folder / file, words))
    (folder / "charts.txt").write_text("\n".join(words), encoding="utf-8")


def _chart_of(title: str, draw: Callable[[], Chart]) -> Chart:
    """Draw a chart whose caption says of which proposal it is: its file may stand alone."""
    chart = draw()
    return replace(chart, caption=f"{sentence(title)} {chart.caption}")


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


# ------------------------------------------------------------------------------
# Running a ledger again, and seeing whether every output comes out the same.

#: The largest ledger that is read, bytes.
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class _Replay:
    """What came of running a ledger again.

    Parameters
    ----------
    agree, differ, missing : tuple of str
        Outputs by name: the same bytes, other bytes, not written this time.
    other_versions : tuple of str
        Software whose version is not the ledger's, in words.
    """

    agree: tuple[str, ...]
    differ: tuple[str, ...]
    missing: tuple[str, ...]
    other_versions: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every output came out with the same bytes."""
        return not self.differ and not self.missing

    def sentence(self) -> str:
        """Say the result in words."""
        total = len(self.agree) + len(self.differ) + len(self.missing)
        if self.same:
            return f"All {total} outputs came out the same, byte for byte."
        parts = [f"{len(self.agree)} of {total} outputs came out the same."]
        if self.differ:
            parts.append(f"Different: {', '.join(self.differ)}.")
        if self.missing:
            parts.append(f"Not written: {', '.join(self.missing)}.")
        if self.other_versions:
            parts.append(f"Other versions than then: {'; '.join(self.other_versions)}.")
        return " ".join(parts)


def replay(
    ledger_file: Path,
    *,
    study: str | Path | None = None,
    network: Path | None = None,
    timetables: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda step: None,
) -> _Replay:
    """Run a ledger again on the same inputs and compare the outputs' hashes.

    Parameters
    ----------
    ledger_file : Path
        A ``ledger.json``.
    study : str or Path, optional
        Where the study lies; the ``study`` folder beside the ledger, or the embedded study of
        the ledger's name, when not given.
    network : Path, optional
        The street extract, when the ledger names one.
    timetables : sequence of Path
        The GTFS feeds, when the ledger names some, in its order.
    progress : callable

    Returns
    -------
    Replay

    Raises
    ------
    OutputError
        If the file is no ledger, or not one of a whole run.
    StudyError
        If an input is not the one of the ledger; every such file is listed.
    """
    ledger = _read(ledger_file)
    if ledger["command"].get("command") != "run":
        raise OutputError(
            f"{ledger_file} is the ledger of `access {ledger['command'].get('command')}`; only one "
            "that `access run` wrote can be run again as a whole: ask its question anew instead"
        )
    if study is None:
        study = _study_of(ledger_file, str(ledger["command"]["study"]))
    internal = ledger["command"].get("internal") is True
    with (
        released(load_study(study).with_timetables(timetables), internal=internal) as loaded,
        tempfile.TemporaryDirectory() as folder,
    ):
        _check_inputs(ledger, loaded, network or loaded.streets)
        ahead = partial(draw_ahead, progress=progress)
        results = run_job(loaded, network=network, keep=False, progress=progress, meanwhile=ahead)
        again = write_outputs(results, Path(folder), internal=internal, progress=progress).outputs
    then: Mapping[str, str] = ledger["outputs"]
    return _Replay(
        agree=tuple(n for n in sorted(then) if again.get(n) == then[n]),
        differ=tuple(n for n in sorted(then) if n in again and again[n] != then[n]),
        missing=tuple(n for n in sorted(then) if n not in again),
        other_versions=_other_versions(ledger["versions"]),
    )


def _study_of(ledger_file: Path, name: str) -> Path:
    """Find a ledger's study: the folder beside it, one of that name here, or an embedded one."""
    beside = ledger_file.parent / "study"
    if (beside / "study.toml").exists():
        return beside
    try:
        return find_study(name)
    except StudyError:
        raise StudyError(
            f"{ledger_file} is of the study {name!r}, which is neither beside it nor an embedded "
            "one; expected its folder with --study DIR"
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        ledger: dict[str, Any] = parse_json(read_whole(path, MOST_LEDGER_BYTES))
        _check_shape(ledger)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path} is no ledger ({error}); expected the ledger.json that a run wrote"
        ) from error
    return ledger


def _check_shape(ledger: Any) -> None:
    """Raise ValueError for what does not have a ledger's parts, each of its type."""
    if not isinstance(ledger, dict):
        raise ValueError("it is no table of parts")
    missing = [k for k in ("command", "inputs", "outputs", "versions") if k not in ledger]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    for part in ("command", "outputs", "versions"):
        if not isinstance(ledger[part], dict):
            raise ValueError(f"its part {part} is no table")
    for part in ("outputs", "versions"):
        if not all(isinstance(v, str) for v in ledger[part].values()):
            raise ValueError(f"its part {part} holds something that is no text")
    command = ledger["command"]
    for key in ("command", "study"):
        if not isinstance(command.get(key, ""), str):
            raise ValueError(f"command.{key} is no text")
    if not isinstance(command.get("network") or "", str):
        raise ValueError("command.network is no text")
    feeds = command.get("timetables", [])
    if not isinstance(feeds, list) or not all(isinstance(name, str) for name in feeds):
        raise ValueError("command.timetables is no list of names")
    inputs = ledger["inputs"]
    if not isinstance(inputs, list) or not all(
        isinstance(row, dict) and isinstance(row.get("file"), str)
        and isinstance(row.get("sha256"), str)
        for row in inputs
    ):  # fmt: skip
        raise ValueError("its inputs are no list of files with their sha256")


def _check_inputs(ledger: Mapping[str, Any], study: Study, network: Path | None) -> None:
    here = [(row["file"], row["sha256"]) for row in study.inputs]
    street_file = ledger["command"].get("network")
    if street_file is not None and network is None:
        raise StudyError(f"this run used the streets of {street_file}; give them with --network")
    if network is not None:
        check_street_file(network)
        here.append((str(street_file), sha256_of(network)))
    feeds = ledger["command"].get("timetables", [])
    if len(feeds) > len(study.timetables):
        raise StudyError(f"this run used {', '.join(feeds)}; give it with --timetable")
    here += [(n, feed_sha256(feed)) for n, feed in zip(feeds, study.timetables, strict=False)]
    found = dict(here)
    faults = [
        Fault(row["file"], "", "sha256", found.get(row["file"], "not there")[:16],
              f"{row['sha256'][:16]}, as in the ledger")
        for row in ledger["inputs"]
        if (row["file"], row["sha256"]) not in here
    ]  # fmt: skip
    if faults:
        raise StudyError(f"{len(faults)} input(s) are not those of the ledger", faults)


def _other_versions(then: Mapping[str, str]) -> tuple[str, ...]:
    now = versions()
    return tuple(
        f"{name} {now.get(name, 'not installed')} (then {version})"
        for name, version in sorted(then.items())
        if now.get(name) != version
    )
