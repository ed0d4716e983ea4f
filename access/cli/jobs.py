"""`access run`, `check`, `report`, `map`, `replay` and `national`: whole sets of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from access.cli.terminal import (
    _InternalOption,
    _JsonOption,
    _NetworkOption,
    _NoCacheOption,
    _one_mode_of,
    _OutOption,
    _partly_done,
    _QuietOption,
    _StudyArgument,
    _TimetableOption,
    say,
    steps,
)
from access.errors import ParameterError

commands = typer.Typer()

# `access run`: the main job.


def _job(command: str, study: str, network: Path | None, timetables: Sequence[Path] | None) -> str:
    """Name a job by what decides how long it takes."""
    given = [path.name for path in (network, *(timetables or [])) if path is not None]
    return " ".join([command, study, *given])


def _own_folder(study: str, *, internal: bool) -> Path:
    """Give the folder of outputs for whom nobody names one: the council's own copy lies apart."""
    return Path("maps") / (f"{study}-internal" if internal else study)


@commands.command("run")
def _run(
    study: _StudyArgument = "rotherham",
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _OutOption = None,
    internal: _InternalOption = False,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Measure a study's proposals, before and after, and write maps, tables and a ledger.

    Without options it runs the embedded Rotherham study on modelled streets and writes
    maps/rotherham/. Put real streets under it with --network and an OpenStreetMap extract
    of the county (Geofabrik: south-yorkshire-latest.osm.pbf).

    Outputs: summary.json (every figure), areas.csv (one row an area), alternatives.csv (every
    other way to close as many), study.gpkg (layers for QGIS), explorer.html (for the public: one
    file, no internet), map.html (for planners), report.docx, report.pdf and tables.xlsx (for the
    board), ledger.json (inputs with hashes, settings,
    versions, assumptions), evidence.zip (all of it). They take the
    place of a former run's when all of them are whole; files of yours in the folder stay. A
    folder with other files and no former run, or with inputs, is refused.

    A part that fails or is too large is left out and named, everything else is written, and the
    exit code is 10.

    Everything but --internal may be published: it is worked out from a public copy of the study
    where the study holds protected counts. With --internal the council's own figures go to
    maps/rotherham-internal/, every file's name marked INTERNAL.
    """
    from access.analysis.results import LeftOut
    from access.files import check_folder, check_kind, to_json
    from access.release import released
    from access.run import draw_ahead, run_job
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    folder = out or _own_folder(loaded.name, internal=internal)
    check_folder(folder, (*loaded.files, *([network] if network else [])))
    check_kind(folder, internal=internal)
    job = _job("run", loaded.name, network, timetable)
    telling = steps(quiet=quiet or json, job=job, keep=not no_cache)
    with released(loaded, internal=internal) as own, telling as progress:
        ahead = partial(draw_ahead, progress=progress)
        results = run_job(
            own, network=network, keep=not no_cache, progress=progress, meanwhile=ahead
        )
        # what writes is imported while hubs are searched for, not before
        from access.run import summary_of, write_outputs
        from access.run.summary import RunSummary

        ledger = write_outputs(results, folder, internal=internal, progress=progress)
    left_out = tuple(LeftOut(**part) for part in ledger.left_out)
    results = replace(results, left_out=left_out)
    if json:
        say(to_json(summary_of(results)), nl=False)
    elif not quiet:
        say(RunSummary(results).words())
        say(
            f"\nWritten to {folder}: {', '.join(_for_whom(folder))}."
            + (" For the council's own use: every name begins with INTERNAL-." if internal else "")
        )
    _partly_done(left_out)


_WriteManifestOption = Annotated[
    bool,
    typer.Option(
        "--write-manifest",
        help="Write manifest.toml again with today's hashes, after tables were changed.",
    ),
]


def _for_whom(folder: Path) -> list[str]:
    """Name the files of a run that are there, and whom each is for."""
    from access.files import INTERNAL_MARK

    files = {
        "explorer.html": "for the public",
        "map.html": "for planners",
        "report.pdf": "for the board",
        "study.gpkg": "for QGIS",
        "evidence.zip": "with all of it",
    }
    there = {path.name.removeprefix(INTERNAL_MARK) for path in folder.iterdir()}
    return [f"{name} {whom}" for name, whom in files.items() if name in there]


@commands.command("check")
def _check(
    study: _StudyArgument = "rotherham",
    json: _JsonOption = False,
    write_manifest: _WriteManifestOption = False,
) -> None:
    """Check a study and say what it holds and what it assumes.

    All faults are listed at once, each with file, row, column, what was found and what was
    expected. Proxy positions and assumed stand-ins are named; what is not known is counted.
    Exit code 0 means that `access run` will accept the study. With --json the object's `faults`
    is empty then; else it holds them all, and `message` says what is wrong.
    """
    from access.analysis.analysis import Beforehand
    from access.files import to_json, write_file
    from access.study import load_study
    from access.study.manifest import manifest_text

    loaded = load_study(study)
    if write_manifest:
        names = [str(row["file"]) for row in loaded.inputs]
        text = manifest_text(loaded.folder, names)
        write_file(loaded.folder / "manifest.toml", text.encode("utf-8"))
        loaded = load_study(study)
    ways = Beforehand(loaded).ways_words()
    if json:
        say(to_json({**loaded.facts(), "alternatives": ways, "faults": []}), nl=False)
        return
    say(loaded.described())
    if ways:
        say("\nAlternatives:")
    for proposal in ways.values():
        say(f"  {proposal['words']}")


_StudyOption = Annotated[
    str | None,
    typer.Option(
        "--study",
        metavar="DIR",
        help="Where the study lies; else the folder beside the ledger, or the embedded one.",
    ),
]
_ReplayNetworkOption = Annotated[
    Path | None,
    typer.Option("--network", metavar="FILE", help="The street extract the ledger names."),
]


@commands.command("replay")
def _replay(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="A run's ledger.json.")],
    study: _StudyOption = None,
    network: _ReplayNetworkOption = None,
    timetable: _TimetableOption = None,
    quiet: _QuietOption = False,
) -> None:
    """Run a ledger again on the same inputs and say whether every output comes out the same.

    The inputs are checked against the ledger's hashes first. Exit code 0 means that every
    output has the same bytes; 1 that one has not.
    """
    from access.run.write import replay

    with steps(quiet=quiet, job=_job("replay", ledger.parent.name, network, timetable)) as progress:
        found = replay(
            ledger, study=study, network=network, timetables=timetable or [], progress=progress
        )
    if not quiet:
        say(found.sentence())
    if not found.same:
        raise typer.Exit(1)


_ReportModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        callback=_one_mode_of("walk", "drive", "bus", "typical"),
        help="Trips that lead: walk, drive, bus (with a timetable) or typical; the study's "
        "headline by default.",
    ),
]
_DateOption = Annotated[
    datetime | None,
    typer.Option(
        "--date",
        formats=["%Y-%m-%d"],
        help="Date on the cover, such as 2018-03-12; else the study's as_of, never today's.",
    ),
]
_AskedOption = Annotated[
    Path | None,
    typer.Option(
        "--asked",
        metavar="FILE",
        help="Options that consultees asked for: the JSON that the explorer saves.",
    ),
]
_DrawsOption = Annotated[
    int,
    typer.Option(
        "--draws",
        min=0,
        max=1_000_000,
        help="Settings to draw, to see how firm the ranking is; 0 leaves it out.",
    ),
]


@commands.command("report")
def _report(
    study: _StudyArgument = "rotherham",
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _OutOption = None,
    internal: _InternalOption = False,
    mode: _ReportModeOption = None,
    date: _DateOption = None,
    asked: _AskedOption = None,
    draws: _DrawsOption = 1000,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Write the report to the board: two pages to decide from, and appendices.

    The options stand side by side (no change, the proposal, the best alternatives), with who
    would travel further; then a sheet for each building that would close, who is affected by
    deprivation and protected characteristic, the alternatives and how firm their order is, and
    method, assumptions and data.

    Outputs: report.docx, report.pdf (tagged, checked against PDF/UA-1) and tables.xlsx (the same
    tables, one sheet each), with report.ledger.json. Counts below 5 are hidden unless --internal
    is given; that copy goes to maps/STUDY-internal/ where no --out is given. In a former run's
    folder, the run's own ledger.json then lists these files no more.
    """
    from access.analysis.analysis import Analysis, Beforehand
    from access.analysis.questions import Request
    from access.analysis.results import Parts
    from access.files import check_folder, check_kind, to_json
    from access.release import released
    from access.report.board import board_report, write_report
    from access.run import measure_study
    from access.run.answer import answer_ledger
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    place = loaded.config.study.place
    requests = None if asked is None else Request.read(asked, place=place)
    Beforehand(loaded).check_travel(mode=mode)
    folder = out or _own_folder(loaded.name, internal=internal)
    given = (*loaded.files, *(path for path in (asked, network) if path is not None))
    check_folder(folder, given)
    check_kind(folder, internal=internal)
    job = _job("report", loaded.name, network, timetable)
    telling = steps(quiet=quiet or json, job=job, keep=not no_cache)
    with released(loaded, internal=internal) as own, telling as progress:
        results = measure_study(own, network=network, keep=not no_cache, progress=progress)
        parts = Parts(results.left_out)
        results = Analysis(results).with_hubs(mode, progress=progress, parts=parts)
        document = board_report(
            results,
            date=None if date is None else date.date(),
            internal=internal,
            mode=mode,
            requests=requests,
            draws=draws,
            progress=progress,
            parts=parts,
        )
        asked_for = {"mode": mode, "date": None if date is None else date.date().isoformat(),
                     "draws": draws, "internal": internal}  # fmt: skip
        told = answer_ledger(results, "report", asked_for, [asked], left_out=parts.left_out)
        paths = write_report(document, folder, inputs=given, progress=progress, ledger=told)
    if json:
        say(to_json({"files": [str(path) for path in paths]}), nl=False)
    elif not quiet:
        names = ", ".join(path.name for path in paths)
        say(f"Written to {folder}: {names}.")
    _partly_done(parts.left_out)


_MapModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        callback=_one_mode_of("walk", "pram", "drive", "bus", "typical"),
        help="With --static, trips of the still maps: walk, pram, drive, bus (with a timetable) or "
        "typical; the study's headline by default.",
    ),
]
_StaticOption = Annotated[
    bool,
    typer.Option("--static", help="Write still maps (PNG and SVG) into maps/ as well."),
]
_OnlineTilesOption = Annotated[
    bool,
    typer.Option(
        "--online-tiles",
        help="Offer OpenStreetMap's street pictures as a tick box. The page then may ask that "
        "one server for them; without this option it can ask nobody for anything.",
    ),
]


@commands.command("map")
def _map(
    study: _StudyArgument = "rotherham",
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _OutOption = None,
    static: _StaticOption = False,
    mode: _MapModeOption = None,
    online_tiles: _OnlineTilesOption = False,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Write the consultation explorer: one HTML file that works on any laptop without Wi-Fi.

    People type their postcode or place and read what the proposal means for their street; see
    before and after for everyone; and try options of their own, each ranked among all
    alternatives, noted with a reason, and saved as a file that `access compare --scenario` and
    `access report --asked` read.

    Postcodes can be typed when the study has a table of them (tables.postcodes in study.toml);
    places, wards and centres always. With --static the same maps are written as pictures, with
    legend, scale bar, north arrow and sources. map.ledger.json says what they were made of; in a
    former run's folder, the run's own ledger.json then lists no more what became different.
    """
    if mode is not None and not static:  # it would change nothing, and nobody would be told
        raise ParameterError("--mode is for still maps; expected --static beside it")
    from access.analysis.analysis import Analysis, Beforehand
    from access.analysis.results import Parts
    from access.files import check_folder, sha256_of, to_json, whole_folder
    from access.maps.explorer import write_explorer
    from access.maps.explorer_data import explorer_data
    from access.maps.static_map import write_static_maps
    from access.release import released
    from access.run import measure_study
    from access.run.answer import answer_ledger
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    Beforehand(loaded).check_travel(mode=None if mode == "pram" else mode)
    folder = out or Path("maps") / loaded.name
    given = (*loaded.files, *([network] if network else []))
    check_folder(folder, given)
    job = _job("map --static" if static else "map", loaded.name, network, timetable)
    telling = steps(quiet=quiet or json, job=job, keep=not no_cache)
    with released(loaded) as own, telling as progress:
        results = measure_study(own, network=network, keep=not no_cache, progress=progress)
        if own.config.asks_for_hubs:
            parts = Parts(results.left_out)
            results = Analysis(results).with_hubs(progress=progress, parts=parts)
        data = explorer_data(results)
        with whole_folder(folder, given, adds=True) as work:
            progress("writing explorer.html")
            made = [write_explorer(data, work / "explorer.html", online_tiles=online_tiles)]
            if static:
                progress("drawing still maps")
                made += write_static_maps(data, work / "maps", mode=mode or results.headline)
            asked = {"static": static, "mode": mode, "online_tiles": online_tiles}
            outputs = {path.relative_to(work).as_posix(): sha256_of(path) for path in made}
            told = answer_ledger(results, "map", asked, left_out=results.left_out)
            text = replace(told, outputs=outputs).to_json()
            (work / "map.ledger.json").write_text(text, encoding="utf-8")
        files = [folder / path.relative_to(work) for path in made]
    if json:
        say(to_json({"files": [str(path) for path in files]}), nl=False)
    elif not quiet:
        say(f"Written: {files[0]}. Open it in any browser; it needs no internet.")
        if static:
            say(f"{len(files) - 1} still maps: {files[1].parent}.")
    _partly_done(results.left_out)


# ------------------------------------------------------------------------------
# `access national`: the same question put to many authorities, into one data set.

_SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="areas.csv and centres.csv with a column 'authority' each, or one study folder an "
        "authority, as `access new CODE` makes them.",
    ),
]
_DataOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The data set; a former one is gone on with.")
]
_RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        help="best (close a share, the optimiser's choice), fewest-visits, or listed (with "
        "--closures); may be repeated. Default: best.",
    ),
]
_ShareOption = Annotated[float, typer.Option("--share", help="Which part of the sites closes.")]
_ServiceOption = Annotated[
    str, typer.Option("--service", help="One service; every one without it.")
]
_DemandOption = Annotated[
    str, typer.Option("--demand", help="National tables: the column that counts families.")
]
_ClosuresOption = Annotated[
    Path | None,
    typer.Option("--closures", metavar="FILE", help="A CSV table: authority, site; a row a site."),
]
_StreetsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--streets",
        metavar="FILE",
        help="A street extract for all, or several, each with its authorities' codes in its name. "
        "Without any, a study folder's own streets are taken, and where it has none they are "
        "modelled from the points of the tables.",
    ),
]
_ModeOption = Annotated[str, typer.Option("--mode", help="walk or drive.")]
_RanksOption = Annotated[
    int, typer.Option("--national-areas", help="How many areas the ranks of deprivation run over.")
]
_WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", help="Processes at once; by cores and memory when not given."),
]
_SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler that runs.")
]
_PoolOption = Annotated[
    bool, typer.Option("--pool", help="Python's own process pool, even where Dask is installed.")
]


@commands.command("national")
def _national(
    folder: _SourceArgument,
    out: _DataOption,
    rule: _RuleOption = None,
    share: _ShareOption = 0.25,
    service: _ServiceOption = "",
    demand: _DemandOption = "families",
    closures: _ClosuresOption = None,
    streets: _StreetsOption = None,
    mode: _ModeOption = "walk",
    national_areas: _RanksOption = 33_755,
    workers: _WorkersOption = None,
    scheduler: _SchedulerOption = None,
    pool: _PoolOption = False,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Measure a rule for closing in every authority at once.

    Writes a partitioned parquet data set: areas/ has one row an authority, area and rule (the
    nearest open site before and after, and the minutes); options/ one row an authority and rule.
    Beside them: options.csv, failures.csv, a map and the ten places hurt most for each rule, and
    a ledger. An authority that fails, or a rule that cannot be asked of it, is a row of
    failures.csv and stops nothing, nor another rule. Run again, it works out only what is not
    there yet.

    Families near an authority's edge are counted to its own sites alone. Counts of 1 to 4 stand
    as 2 or 3, but where a study declares that they are published. A study's own walking speed
    and limits hold, and its own streets (`access fetch streets`) where no --streets are given.
    """
    from access.analysis.results import LeftOut
    from access.files import to_json
    from access.national.authority import Ask
    from access.national.dataset import run_national
    from access.sources.http import user_cache

    ask = Ask(
        tuple(rule or ["best"]), share, service, demand, closures, tuple(streets or ()), mode,
        national_areas,
    )  # fmt: skip
    with steps(quiet=quiet or json) as begin:
        found = run_national(
            folder, out, ask, workers=workers, scheduler=scheduler, pool=pool,
            cache=str(user_cache() or ""), progress=begin,
        )  # fmt: skip
    if json:
        say(to_json(found.to_dict()))
    elif not quiet:
        say(found.to_text())
    _partly_done([LeftOut(f.part, f.why) for f in found.failures])
