"""`access isochrones`, `path`, `minutes`, `within` and `network`: of places and streets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from access.cli.questions import _ModeOption, _WalkOption
from access.cli.terminal import (
    _JsonOption,
    _NetworkOption,
    _NoCacheOption,
    _one_mode_of,
    _QuietOption,
    _StudyArgument,
    _TimetableOption,
    say,
    steps,
)

if TYPE_CHECKING:
    from access.analysis.analysis import Analysis
    from access.files import RunLedger

commands = typer.Typer()

# `access isochrones`, `path`, `minutes` and `within`: what planners ask of one place.

_WhichStudy = Annotated[
    str,
    typer.Argument(metavar="STUDY", help="A study folder, or the name of an embedded study."),
]
_SiteArgument = Annotated[
    str, typer.Argument(metavar="SITE", help="A site of the study, by id or name.")
]
#: The family trip has no streets of its own, which is said where they are looked for.
_street_mode = _one_mode_of("walk", "drive", later=("typical",))
_StreetModeOption = Annotated[
    str, typer.Option("--mode", callback=_street_mode, help="Trips by walk or by drive.")
]
_FolderOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write files there; else only say it."),
]


class _Asked:
    """One question: the study measured, and where its answer goes."""

    def __init__(
        self,
        study: str,
        network: Path | None,
        no_cache: bool,
        out: Path | None,
        quiet: bool,
        json: bool,
        *,
        sites: Sequence[str] | str = (),
        areas: Sequence[str] = (),
        mode: str | None = None,
        walk_km_h: float | None = None,
        timetable: Sequence[Path] | None = None,
        **limits: Any,
    ) -> None:
        from access.analysis.analysis import Beforehand
        from access.analysis.places import check_places
        from access.files import check_file, check_folder
        from access.study import load_study

        self.study = load_study(study).with_timetables(timetable or [])
        check_places(self.study, sites, areas, **limits)
        Beforehand(self.study).check_travel(mode=mode, walk_km_h=walk_km_h)
        self.files = (*self.study.files, *([network] if network is not None else []))
        self.network, self.no_cache, self.out = network, no_cache, out
        self.quiet, self.json = quiet, json
        if out is not None and _is_table(out):
            check_file(out, self.files)
        elif out is not None:
            check_folder(out, self.files)

    @contextmanager
    def measured(self, *, internal: bool = False) -> Iterator[Analysis]:
        """Give the study with its travel times: what may be published, unless for own use."""
        from access.analysis.analysis import Analysis
        from access.analysis.job import travel_times
        from access.release import released

        telling = steps(quiet=self.quiet or self.json)
        with released(self.study, internal=internal) as own, telling as progress:
            keep = not self.no_cache
            yield Analysis(travel_times(own, network=self.network, keep=keep, progress=progress))

    def ledger(self, analysis: Analysis, command: str, question: dict[str, Any]) -> RunLedger:
        """Say what the answer was worked out from."""
        from access.run.answer import answer_ledger

        return answer_ledger(analysis.results, command, question)

    def write(self, write: Callable[[Path], None]) -> None:
        """Write the folder, whole or not at all, where one is asked for."""
        from access.files import whole_folder

        if self.out is not None:
            with whole_folder(self.out, self.files) as work:
                write(work)

    def tell(self, summary: dict[str, Any], words: str) -> None:
        """Say the answer."""
        from access.files import to_json

        if self.json:
            say(to_json(summary), nl=False)
        elif not self.quiet:
            say(words)
            if self.out is not None:
                say(f"Written to {self.out}.")


def _is_table(out: Path) -> bool:
    return out.suffix.lower() in (".csv", ".parquet")


_SitesArgument = Annotated[
    list[str], typer.Argument(metavar="SITE...", help="Sites of the study, by id or name.")
]
_MinutesOption = Annotated[
    list[float] | None,
    typer.Option("--minutes", metavar="N", help="Minutes; repeat for more. 10, 20 and 30."),
]
_ToSiteOption = Annotated[
    bool,
    typer.Option("--to-site", help="The way there, not the way home: one-way streets matter."),
]
_BufferMOption = Annotated[
    float,
    typer.Option("--buffer", metavar="METRES", help="How far to draw round reached streets."),
]


@commands.command("isochrones")
def _isochrones(
    study: _WhichStudy,
    sites: _SitesArgument,
    minutes: _MinutesOption = None,
    mode: _StreetModeOption = "walk",
    to_site: _ToSiteOption = False,
    buffer_m: _BufferMOption = 50.0,
    walk_km_h: _WalkOption = None,
    network: _NetworkOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Draw what lies within so many minutes of sites, along the streets.

    Every street is cut exactly where the minutes are used up, and the polygon is all that lies
    within --buffer of a reached street. The way between the site and its street is counted; the
    way from the street to a home is not. A site too far from any street gets an empty polygon
    and a status that says so.

      access isochrones rotherham CC04 --minutes 10 --minutes 20

      access isochrones rotherham "Park View" CC11 --mode drive --to-site --out reach/

      access isochrones rotherham CC04 --network south-yorkshire-latest.osm.pbf --out reach/

    With --out it writes isochrones.gpkg (polygons and streets, for QGIS), isochrones.geojson,
    map.html (the isochrones on a map, no internet needed), the figures as CSV and parquet,
    summary.json and ledger.json.
    """
    from access.run.answer import IsochroneFiles

    limits = minutes or [10.0, 20.0, 30.0]
    asked = _Asked(
        study, network, no_cache, out, quiet, json, sites=sites, walk_km_h=walk_km_h,
        minutes=limits, buffer_m=buffer_m, streets_of=mode,
    )  # fmt: skip
    direction = "to_site" if to_site else "from_site"
    question = {"sites": sites, "minutes": limits, "mode": mode,
                "direction": direction, "buffer_m": buffer_m, "walk_km_h": walk_km_h}  # fmt: skip
    with asked.measured() as analysis:
        found = analysis.isochrones(
            sites, minutes=limits, mode=mode, direction=direction,
            buffer_m=buffer_m, walk_km_h=walk_km_h,
        )  # fmt: skip
        here = analysis.at(walk_km_h)
        ledger = asked.ledger(here, "isochrones", question)
        files = IsochroneFiles(here.results, found)
        asked.write(lambda work: files.write(work, ledger))
    asked.tell(files.summary(), found.sentence())


@commands.command("path")
def _path(
    study: _WhichStudy,
    area: Annotated[str, typer.Argument(metavar="AREA", help="An area of the study, by id.")],
    site: _SiteArgument,
    mode: _StreetModeOption = "walk",
    walk_km_h: _WalkOption = None,
    network: _NetworkOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Show the way from one area to one site that the minutes are measured on.

    Its minutes and metres are those of every other table; its streets are named in the order
    they are gone along. It is the answer to "it cannot take that long".

      access path rotherham E00038789 CC04

      access path rotherham E00038789 "Park View" --mode drive --out way/

    With --out it writes path.gpkg and path.geojson (the line), steps.csv and steps.parquet (one
    row a street), summary.json and ledger.json.
    """
    from access.run.answer import PathFiles

    asked = _Asked(
        study, network, no_cache, out, quiet, json, sites=site, areas=[area],
        walk_km_h=walk_km_h, streets_of=mode,
    )  # fmt: skip
    question = {"area": area, "site": site, "mode": mode, "walk_km_h": walk_km_h}
    with asked.measured() as analysis:
        found = analysis.path(area, site, mode=mode, walk_km_h=walk_km_h)
        ledger = asked.ledger(analysis.at(walk_km_h), "path", question)
        files = PathFiles(found)
        asked.write(lambda work: files.write(work, ledger))
    lines = [
        f"  {row['metres']:>7,.0f} m {row['minutes']:>6.1f} min  {row['street']}"
        for row in found.steps.to_dict("records")
    ]
    asked.tell(files.summary(), "\n".join([found.sentence(), *lines]))


_OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE or DIR",
        help="Write it there: a name ending in .csv or .parquet, or a folder for both.",
    ),
]


@commands.command("minutes")
def _minutes(
    study: _StudyArgument = "rotherham",
    mode: _ModeOption = None,
    walk_km_h: _WalkOption = None,
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _OutOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Write the minutes from every area to every site as one long table.

    One row an area and a site: area, site, mode, minutes (door to door), metres (along the
    streets; empty for the family trip and by bus, which go no one way) and status. Where a site
    cannot be reached, minutes and metres are inf and the status says why; no pair is left out.

      access minutes --out od.csv

      access minutes rotherham --mode drive --out od.parquet

      access minutes rotherham --out minutes/

    A file gets its ledger beside it (od.csv.ledger.json); a folder gets minutes.csv,
    minutes.parquet, summary.json and ledger.json. Without --out, or with --json, it counts the
    pairs.
    """
    from access.run.answer import MinutesFiles
    from access.text import counted

    asked = _Asked(
        study, network, no_cache, out, quiet, json, mode=mode, walk_km_h=walk_km_h,
        timetable=timetable,
    )  # fmt: skip
    with asked.measured() as analysis:
        table = analysis.minutes_table(mode=mode, walk_km_h=walk_km_h)
        question = {"mode": mode, "walk_km_h": walk_km_h}
        ledger = asked.ledger(analysis.at(walk_km_h), "minutes", question)
        files = MinutesFiles(table)
        if out is not None and _is_table(out):
            files.write_file(out, ledger, asked.files)
        else:
            asked.write(lambda work: files.write(work, ledger))
    summary = files.summary()
    counts = ", ".join(f"{n:,} {k.replace('_', ' ')}" for k, n in summary["status"].items())
    words = (
        f"{counted(summary['rows'], 'pair')} of {counted(summary['areas'], 'area')} and "
        f"{counted(summary['sites'], 'site')} "
        f"({', '.join(table['mode'].unique())}): {counts}."
    )
    asked.tell(summary, words)


_LimitOption = Annotated[
    float, typer.Option("--minutes", metavar="N", help="Minutes, from door to door.")
]
_InternalOption = Annotated[
    bool, typer.Option("--internal", help="Keep small counts: not for publication.")
]


@commands.command("within")
def _within(
    study: _WhichStudy,
    site: _SiteArgument,
    limit: _LimitOption = 20.0,
    mode: _ModeOption = None,
    walk_km_h: _WalkOption = None,
    internal: _InternalOption = False,
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Count who lives within so many minutes of a site.

    Counts each service's own people, in all and by deprivation fifth and ward, and the study's
    equality groups. Counts below five, and those that would give them away, are hidden: [c] in
    words, empty in tables, null in JSON. They are worked out from a public copy of the study,
    as all that `access run` publishes is. --internal keeps them, and counts the council's own.

      access within rotherham CC04

      access within rotherham "Park View" --minutes 15 --mode drive --out near/

    With --out it writes within.csv, within.parquet, summary.json and ledger.json.
    """
    from access.run.answer import WithinFiles

    asked = _Asked(
        study, network, no_cache, out, quiet, json, sites=site, mode=mode, walk_km_h=walk_km_h,
        timetable=timetable, minutes=limit,
    )  # fmt: skip
    question = {"site": site, "minutes": limit, "mode": mode, "walk_km_h": walk_km_h,
                "internal": internal}  # fmt: skip
    with asked.measured(internal=internal) as analysis:
        found = analysis.within(site, minutes=limit, mode=mode, walk_km_h=walk_km_h)
        ledger = asked.ledger(analysis.at(walk_km_h), "within", question)
        files = WithinFiles(found, internal)
        asked.write(lambda work: files.write(work, ledger))
    asked.tell(files.summary(), files.words())


# ------------------------------------------------------------------------------
# `access network`: what a street file holds, who joins it where, and what its edge changes.

_SourceArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="An OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2) or a GraphML file. "
        "Not needed with --show-profile.",
    ),
]
_StudyOption = Annotated[
    str,
    typer.Option(
        "--study",
        help="Whose areas and centres are joined to the streets; 'none' for the streets alone.",
    ),
]
_ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        help="walk, pram_toddler, wheelchair or drive; may be repeated. Default: walk and drive.",
    ),
]
_SensitivityOption = Annotated[
    bool,
    typer.Option(
        "--sensitivity",
        help="Cut the streets off nearer and nearer to the study's areas, and say what changes.",
    ),
]
_ShowOption = Annotated[
    bool, typer.Option("--show-profile", help="Print the profiles' rules and speeds, and stop.")
]
_TablesOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write tables, and a GeoPackage with streets, left-out streets and snap lines.",
    ),
]


@commands.command("network")
def _network(
    source: _SourceArgument = None,
    study: _StudyOption = "rotherham",
    profile: _ProfileOption = None,
    sensitivity: _SensitivityOption = False,
    show_profile: _ShowOption = False,
    out: _TablesOption = None,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Take stock of a street network before its numbers are used.

    Prints kilometres by class of street and how many carry a speed limit, the parts that are cut
    off, and, in words, what to know of the places that join it: who lives on a private road, on
    streets that nothing connects, or beyond the edge of the file.

    With --sensitivity, the same trips are measured on smaller extracts: where the last rows
    change nothing, the file reaches far enough past the boundary.
    """
    from access.errors import ParameterError
    from access.files import RunLedger, check_folder, sha256_of, to_json, whole_folder
    from access.network import Profile
    from access.network.stocktake import take_stock
    from access.release import released
    from access.run.answer import write_layers
    from access.run.summary import safe_cells
    from access.study import load_study

    profiles = [Profile.preset(name) for name in profile or ["walk", "drive"]]
    if show_profile:
        shown = {p.name: p.to_dict() for p in profiles}
        text = "\n\n".join(map(str, profiles))
        say(to_json(shown) if json else text)
        return
    if source is None:
        raise ParameterError(
            "no street file given; expected access network FILE, for example "
            "access network south-yorkshire-latest.osm.pbf"
        )
    loaded = None if study == "none" else load_study(study)
    given = (source, *(loaded.files if loaded else ()))
    if out is not None:
        check_folder(out, given)
    public = nullcontext() if loaded is None else released(loaded)
    with public as own, steps(quiet=quiet or json) as begin:
        stock = take_stock(
            source,
            profiles,
            areas=None if own is None else own.areas,
            sites=None if own is None else own.centres,
            snap_limit_m=500.0 if own is None else own.config.travel.snap_limit_m,
            sensitivity=sensitivity,
            progress=begin,
        )
        if out is not None:
            begin(f"writing {out}")
            with whole_folder(out, given) as work:
                write_layers(work / "network.gpkg", stock.layers())
                for name, table in stock.tables().items():
                    safe_cells(table).to_csv(
                        work / f"{name}.csv",
                        index=False,
                        lineterminator="\n",
                    )
                outputs = {file.name: sha256_of(file) for file in sorted(work.iterdir())}
                read = {"file": source.name, "sha256": sha256_of(source)}
                told = [note for n in stock.networks.values() for note in n.assumptions]
                ledger = RunLedger(
                    {"command": "network"}, (read, *(own.inputs if own else ())),
                    outputs=outputs,
                    assumptions=tuple(dict.fromkeys(told)),
                )  # fmt: skip
                (work / "ledger.json").write_text(ledger.to_json(), encoding="utf-8")
    if json:
        say(to_json(stock.to_dict()), nl=False)
    elif not quiet:
        say(stock.to_text())
