"""`access new`, `access import`, `access fetch`: tables of a study from wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from access.cli.terminal import _JsonOption, _QuietOption, _StudyArgument, say, steps
from access.errors import AccessError, ParameterError
from access.escape import typed

if TYPE_CHECKING:
    from access.sources.council_areas import Made
    from access.sources.http import Internet
    from access.sources.importing import Imported
    from access.study import Study

_ProxyOption = Annotated[
    str,
    typer.Option(
        "--proxy", metavar="ADDRESS", help="Your network's proxy; the system's by default."
    ),
]
_CertificatesOption = Annotated[
    str,
    typer.Option(
        "--ca", metavar="FILE", help="Certificates to trust, where your network has its own (PEM)."
    ),
]
_AddressOption = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        metavar="SOURCE=URL",
        envvar="ACCESS_ADDRESSES",
        help="Ask a mirror: ons, nomis, gov, os, gias, geofabrik, naptan or bods, and its address; "
        "may be repeated (in the variable: parted by blanks).",
    ),
]
_RefreshOption = Annotated[bool, typer.Option("--refresh", help="Ask again, whatever is kept.")]
_TriesOption = Annotated[
    int, typer.Option("--tries", min=1, max=20, help="Most requests for one thing.")
]
_TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Longest wait for a reply.")
]


def _internet(
    folder: Path,
    proxy: str,
    certificates: str,
    addresses: list[str] | None,
    refresh: bool,
    tries: int,
    timeout_s: float,
) -> Internet:
    """Reach sources as the options say."""
    from access.sources.http import Internet, Patience

    own: dict[str, str] = {}
    for text in addresses or ():
        source, sign, url = text.partition("=")
        if not sign or not url.startswith(("http://", "https://")):
            raise ParameterError(
                f"--address {text!r} is not understood; expected SOURCE=URL, for example "
                "ons=https://mirror.example/arcgis/rest/services"
            )
        own[source] = url
    patience = Patience(tries=tries, timeout_s=timeout_s)
    return Internet(folder, own, patience, proxy=proxy, certificates=certificates, refresh=refresh)


def _own_place(study: Study, name: str) -> Path:
    """A file in a study's own folder; beside the reader for a study that travels with us."""
    return Path(f"{study.name}-{name}") if study.is_embedded else study.folder / name


def _note_file(folder: Path, name: str, source: str, licence: str, day: str) -> None:
    """Write into a study's manifest where a fetched file comes from."""
    from access.sources.folder import Provenance, record_file

    urls = tuple(word for word in source.split() if "://" in word)
    record_file(folder, name, Provenance(source, _vintage(day), licence, urls, day))


def _vintage(day: str) -> str:
    """Say of when a file is: of the day it was fetched, or as whoever handed it over has it."""
    return "as fetched" if day else "as the file"


commands = typer.Typer()
fetch = typer.Typer(
    no_args_is_help=True,
    help="Get data from the internet into files with checksums; no other command goes there.",
)


@fetch.callback()
def _fetch() -> None:
    pass


_FileOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Street file to write, in .osm.pbf. Default: streets.osm.pbf in the study's folder, "
        "which `access run` then uses by itself; STUDY-streets.osm.pbf for an embedded study.",
    ),
]
_BufferOption = Annotated[
    float | None,
    typer.Option(
        "--buffer",
        metavar="METRES",
        min=0,
        help="How far past the study's areas to reach; the study's travel.buffer_m by default.",
    ),
]
_UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="ADDRESS", help="Ask this Overpass server (.../api) and nobody else."
    ),
]
_CutOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Cut the study's streets out of this extract, and ask nobody; may be repeated.",
    ),
]
_CacheOption = Annotated[
    Path,
    typer.Option(
        "--cache", metavar="DIR", help="Where replies are kept, so that a stopped fetch goes on."
    ),
]
_TileOption = Annotated[
    float | None, typer.Option("--tile-km", metavar="KM", help="Longest side of one request.")
]


@fetch.command("streets")
def _streets(
    study: _StudyArgument = "rotherham",
    out: _FileOption = None,
    buffer_m: _BufferOption = None,
    from_file: _CutOption = None,
    url: _UrlOption = None,
    cache: _CacheOption = Path(".access-cache/overpass"),
    refresh: _RefreshOption = False,
    tile_km: _TileOption = None,
    tries: _TriesOption = 5,
    timeout_s: _TimeoutOption = 180.0,
    proxy: _ProxyOption = "",
    ca: _CertificatesOption = "",
    address: _AddressOption = None,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Fetch a study's streets: the county's extract first, an Overpass server second.

    Reaches past the boundary, so that trips may leave the borough and come back. The extract is
    cut to that; `access run` measures on it from then on. Replies that are not whole are refused,
    and asked for again a few times, more and more slowly. Checksum, date and source go beside
    the file, never into a result.

    Where the network blocks both: download south-yorkshire-latest.osm.pbf (or your county's)
    from download.geofabrik.de on another computer, and give it with --from.
    """
    from access.files import to_json, write_file
    from access.sources import overpass
    from access.sources.http import Patience
    from access.study import load_study

    if url and from_file:
        raise ParameterError(
            "--url asks a server and --from asks nobody; expected one of them, or neither"
        )
    loaded = load_study(study)
    reach_m = loaded.config.travel.buffer_m if buffer_m is None else buffer_m
    area = overpass.area_around(loaded.areas["lon"], loaded.areas["lat"], buffer_m=reach_m)
    file = out or _own_place(loaded, "streets.osm.pbf")
    net = _internet(Path(cache).parent / "files", proxy, ca, address, refresh, tries, timeout_s)
    with steps(quiet=quiet or json) as progress:
        got = None if url else _from_extract(net, area.bounds, from_file or (), file, progress)
        if got is None:
            got = overpass.fetch_streets(
                area,
                file,
                url=url,
                patience=Patience(tries=tries, timeout_s=timeout_s),
                cache=cache,
                refresh=refresh,
                tile_km=tile_km,
                progress=progress,
            ).to_dict()
        else:  # what stood beside a former file is not true of this one
            write_file(file.with_name(f"{file.name}.json"), to_json(got).encode())
    if file.parent == loaded.folder:
        day = "" if from_file else str(got.get("fetched", net.day))
        _note_file(loaded.folder, file.name, str(got["source"]), str(got["licence"]), day)
    if json:
        say(to_json({k: v for k, v in got.items() if k != "fetched"}), nl=False)
    elif not quiet:
        counts = ", ".join(f"{n:,} {what}" for what, n in got["counts"].items())
        day = str(got.get("data_date", ""))[:10] or "the day of the extract"
        say(f"{file}: {counts}, data of {day}, sha256 {got['sha256'][:12]}...")
        own = file == loaded.folder / "streets.osm.pbf"
        also = "" if own else f" --network {typed(file)}"
        say(f"Use it: access run {typed(study)}{also}")


def _from_extract(
    net: Internet,
    box: tuple[float, float, float, float],
    files: Sequence[Path],
    out: Path,
    progress: Callable[[str], None],
) -> dict[str, Any] | None:
    """Streets cut out of extracts; None where the county's extract cannot be had."""
    from access.errors import FetchError
    from access.files import sha256_of
    from access.sources import downloads
    from access.sources.tables import check_file

    found = {"file": out.name, "licence": downloads.STREETS_LICENCE}
    if files:
        progress(f"cutting {', '.join(map(str, files))}")
        for file in files:
            check_file(file, most_bytes=8_000_000_000)
        ways = downloads.cut_streets(files, box, out)
        source = f"OpenStreetMap, cut from {', '.join(file.name for file in files)}"
        return found | {"sha256": sha256_of(out), "source": source, "counts": {"ways": ways}}
    progress("the county's extract from Geofabrik")
    try:
        got, ways = downloads.fetch_streets_of(net, box, out)
    except FetchError as error:
        progress(f"no extract ({error.message}); asking Overpass")
        return None
    return found | {"sha256": got.sha256, "source": got.url, "counts": {"ways": ways},
                    "fetched": got.day}  # fmt: skip


_CouncilOption = Annotated[
    str,
    typer.Option(
        "--council",
        metavar="CODE",
        help="E08000018 or Rotherham; not needed for a study that `access new` made.",
    ),
]
_UnitOption = Annotated[
    str, typer.Option("--areas", metavar="UNIT", help="oa21, oa11, lsoa21 or lsoa11.")
]
#: Parts of a council's study that are asked for alike: what each is, whence, and under what terms.
_PARTS = {
    "areas": "output areas or LSOAs: look-up and weighted centroids (ONS Open Geography)",
    "boundaries": "boundaries of the areas and of wards (ONS Open Geography, generalised)",
    "census": "ages, cars, disability, ethnic group, households (ONS Census, by NOMIS)",
    "deprivation": "the English Indices of Deprivation, File 7 (MHCLG)",
    "postcodes": "Code-Point Open (Ordnance Survey), the whole of Great Britain, 20 MB",
    "centres": "children's centres and schools (DfE, Get Information About Schools)",
    "hubs": "family hub sites (DfE list)",
}
_WITH = {"boundaries": ("boundaries", "wards"), "centres": ("centres", "candidates")}


def _fetch_part(part: str) -> Callable[..., None]:
    def command(
        study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")],
        council: _CouncilOption = "",
        areas: _UnitOption = "",
        proxy: _ProxyOption = "",
        ca: _CertificatesOption = "",
        address: _AddressOption = None,
        refresh: _RefreshOption = False,
        tries: _TriesOption = 5,
        timeout_s: _TimeoutOption = 180.0,
        json: _JsonOption = False,
        quiet: _QuietOption = False,
    ) -> None:
        from access.errors import FetchError
        from access.files import read_manifest, to_json
        from access.sources.council import fetch_parts

        told = read_manifest(study).get("study.toml", {})
        code, unit = council or told.get("council", ""), areas or told.get("units", "oa21")
        if not code:
            raise ParameterError(
                f"{study} does not say which council it is of; expected --council with a code or "
                f"name, for example access fetch {part} {typed(study)} --council E08000018"
            )
        net = _internet(study / "sources/.kept", proxy, ca, address, refresh, tries, timeout_s)
        with steps(quiet=quiet or json) as progress:
            asked = fetch_parts(code, study, _WITH.get(part, (part,)), areas=unit, net=net,
                                progress=progress)  # fmt: skip
        got = {f"sources/{name}": url for name, (url, _) in sorted(asked.origin.items())}
        if json:
            say(to_json({"files": got, "failed": asked.failed}), nl=False)
        elif not quiet:
            for name, url in got.items():
                say(f"{study / name}: {url}")
            if not got and not asked.failed:
                say(
                    f"Everything of {part} is in {study / 'sources'} already; --refresh asks again."
                )
            units = "" if unit == "oa21" else f" --areas {unit}"
            say(
                f"Bring it into the tables: access new {typed(code)} --study {typed(study)}"
                f"{units} --offline (with --from FOLDER too, where it was made with one)"
            )
        if asked.failed:
            raise FetchError("; ".join(f"{name}: {why}" for name, why in asked.failed.items()))

    command.__doc__ = (
        f"Fetch {_PARTS[part]}.\n\nFiles go into STUDY/sources, whole or not at all; address, "
        "checksum and date go into manifest.toml. What is there is not asked for again. "
        "Open Government Licence v3.0: the attribution goes into every output that shows the "
        "data.\n\nWhere your network blocks the source, download the file elsewhere and put it "
        "into STUDY/sources, under any name: it is known by what it holds."
    )
    return command


for _name in _PARTS:
    fetch.command(_name)(_fetch_part(_name))


_AreaCodesOption = Annotated[
    str,
    typer.Option("--atco", metavar="CODES", help="ATCO area codes: 370 is South Yorkshire."),
]


@fetch.command("stops")
def _stops(
    study: _StudyArgument = "rotherham",
    area_codes: _AreaCodesOption = "",
    proxy: _ProxyOption = "",
    ca: _CertificatesOption = "",
    address: _AddressOption = None,
    refresh: _RefreshOption = False,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Fetch the stops of public transport (NaPTAN), into STUDY/sources/stops.csv.

    Without --atco the whole country is asked for, 100 MB. Their localities become place names.
    Open Government Licence v3.0, Department for Transport.
    """
    from access.sources.points import STOPS_LICENCE, STOPS_SOURCE, fetch_stops

    _one_file(study, "sources/stops.csv", lambda net: fetch_stops(net, area_codes),
              (STOPS_SOURCE, STOPS_LICENCE), (proxy, ca, address, refresh), json,
              quiet)  # fmt: skip


_RegionOption = Annotated[
    str, typer.Option("--region", help="Region of the Bus Open Data Service: yorkshire, ...")
]


@fetch.command("timetable")
def _timetable(
    study: _StudyArgument = "rotherham",
    region: _RegionOption = "yorkshire",
    proxy: _ProxyOption = "",
    ca: _CertificatesOption = "",
    address: _AddressOption = None,
    refresh: _RefreshOption = False,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Fetch a region's bus timetable (GTFS, Bus Open Data Service), into STUDY/timetable.zip.

    A run uses it without being told, unless study.toml names another.

    Open Government Licence v3.0, Department for Transport.
    """
    from access.sources.downloads import TIMETABLE_LICENCE, TIMETABLE_SOURCE, fetch_timetable

    _one_file(study, "timetable.zip", lambda net: fetch_timetable(net, region),
              (TIMETABLE_SOURCE, TIMETABLE_LICENCE), (proxy, ca, address, refresh), json,
              quiet)  # fmt: skip


_FromFileOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="OS Terrain 50 that you have; asks nobody."),
]


@fetch.command("heights")
def _heights(
    study: _StudyArgument = "rotherham",
    from_file: _FromFileOption = None,
    proxy: _ProxyOption = "",
    ca: _CertificatesOption = "",
    address: _AddressOption = None,
    refresh: _RefreshOption = False,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Fetch heights (OS Terrain 50, 160 MB), cut to the study's box, into STUDY/heights.asc.

    For slopes: metres on a grid of 50 m, EPSG:27700. Open Government Licence v3.0, contains OS
    data, Crown copyright and database right.
    """
    from access.sources.downloads import (
        HEIGHTS_LICENCE,
        HEIGHTS_SOURCE,
        cut_heights,
        fetch_heights,
    )
    from access.study import load_study

    box = load_study(study).config.study.box

    def get(net: Internet) -> Fetched:
        got = None if from_file is not None else fetch_heights(net)
        cut = net.folder / "heights.asc"
        packed = from_file if got is None else got.path
        assert packed is not None
        cut_heights(packed, box, cut)
        return Fetched(cut, "" if got is None else got.url, sha256_of(cut), net.day)

    from access.files import sha256_of
    from access.sources.http import Fetched

    _one_file(study, "heights.asc", get, (HEIGHTS_SOURCE, HEIGHTS_LICENCE),
              (proxy, ca, address, refresh), json, quiet)  # fmt: skip


def _one_file(
    study: str,
    name: str,
    get: Callable[[Internet], Any],
    about: tuple[str, str],
    how: tuple[str, str, list[str] | None, bool],
    json: bool,
    quiet: bool,
) -> None:
    """Fetch one file whole into a study's folder, and note where it comes from."""
    from access.files import to_json, write_file
    from access.sources.folder import Provenance, record_file
    from access.study import load_study

    loaded = load_study(study)
    place = _own_place(loaded, name)
    proxy, ca, address, refresh = how
    net = _internet(place.parent / ".kept", proxy, ca, address, refresh, 5, 180.0)
    with steps(quiet=quiet or json) as progress:
        progress(f"fetching {place.name}")
        got = get(net)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, got.body)
    if loaded.folder in place.parents:
        urls, day = ((got.url,), got.day) if got.url else ((), "")
        record_file(loaded.folder, name, Provenance(about[0], _vintage(day), about[1], urls, day))
    if json:
        say(to_json({"file": str(place), "sha256": got.sha256, "source": about[0],
                     "licence": about[1], "url": got.url}), nl=False)  # fmt: skip
    elif not quiet:
        say(f"{place}: {about[0]}. {about[1]}. sha256 {got.sha256[:12]}...")


# --- a new study -----------------------------------------------------------------------------


_WhatArgument = Annotated[
    str,
    typer.Argument(
        metavar="COUNCIL|FOLDER",
        help="A council of England by code or name (E08000018, 'Rotherham'): its study from "
        "public tables. Or a folder that is not there yet: a made-up example.",
    ),
]
_NewStudyOption = Annotated[
    Path | None,
    typer.Option(
        "--study",
        metavar="FOLDER",
        help="Where the council's study is made; default ./NAME, after the council.",
    ),
]
_FromFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FOLDER",
        help="Files that you downloaded, and your own sheets, under any names: each is known "
        "by what it holds.",
    ),
]
_BufferMOption = Annotated[
    float, typer.Option("--buffer", metavar="METRES", min=0, help="How far neighbours count.")
]


@commands.command("new")
def _new(
    what: _WhatArgument,
    study: _NewStudyOption = None,
    areas: _UnitOption = "",
    from_folder: _FromFolderOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody on the internet.")] = False,
    buffer_m: _BufferMOption = 5000.0,
    proxy: _ProxyOption = "",
    ca: _CertificatesOption = "",
    address: _AddressOption = None,
    refresh: _RefreshOption = False,
    tries: _TriesOption = 5,
    timeout_s: _TimeoutOption = 180.0,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Start a study: of any English council from public tables, or from a made-up example.

    `access new E08000018` asks ONS, NOMIS, MHCLG, Ordnance Survey and the DfE for areas with
    boundaries, ages, cars, deprivation, wards, postcodes, centres, hubs and candidates, and
    writes a folder that `access run` takes at once. A source that is down leaves its part out and
    is named, with the file to get by hand; give the same command again and it fills in what is
    missing. What you changed stays as you changed it.

    `access new my_town` writes a small made-up example instead: study.toml, areas.csv and
    centres.csv, to be replaced bit by bit with your own rows (`access import` helps).
    """
    from access.files import to_json
    from access.sources.council import make_study_folder
    from access.sources.folder import new_study
    from access.sources.registers import find_district, is_council

    if not (is_council(what) or study or areas or from_folder or offline):
        folder = Path(what)
        written = new_study(folder)
        if json:
            say(to_json({"folder": str(folder), "files": written}), nl=False)
        elif not quiet:
            there = typed(folder)
            say(f"Made {folder} with {', '.join(written)}: a made-up example.\n"
                f"Next: access check {there}, then access run {there}, then put your own "
                "rows in. "
                "(A council's study from public tables: access new CODE, such as E08000018.)"
            )  # fmt: skip
        return
    district = find_district(what)
    folder = study or Path(district.short)
    with steps(quiet=quiet or json) as progress:
        made = make_study_folder(
            what,
            folder,
            areas=areas or "oa21",
            from_folder=from_folder,
            offline=offline,
            net=_internet(folder / "sources/.kept", proxy, ca, address, refresh, tries, timeout_s),
            buffer_m=buffer_m,
            progress=progress,
        )
    if json:
        say(to_json(_made_facts(made)), nl=False)
    elif not quiet:
        say(made.to_text())
        there = typed(folder)
        say(f"\nNext: access check {there}; name what is proposed in {folder / 'study.toml'}; "
            f"access fetch streets {there}; access run {there}")  # fmt: skip


def _made_facts(made: Made) -> dict[str, Any]:
    return {
        "folder": str(made.folder),
        "council": {"code": made.district.code, "name": made.district.name},
        "whole": made.whole,
        "parts": [
            {"name": p.name, "state": p.state, "mark": p.mark, "by_hand": p.by_hand}
            for p in made.parts
        ],
        "notes": made.notes,
    }


# --- what people have ------------------------------------------------------------------------


_ImportStudyOption = Annotated[
    Path, typer.Option("--study", metavar="FOLDER", help="The study it becomes a table of.")
]
_FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="CSV, Excel, GeoPackage, shapefile, GeoJSON or KML."),
]
_TableOption = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="TABLE",
        help="areas, centres, candidates, neighbours, places, postcodes or attendance.",
    ),
]
_ColumnsOption = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="OURS=THEIRS", help="Which column is which; repeatable."),
]
_FixedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="OURS=VALUE", help="One value for every row: service=childrens_centre."
    ),
]
_MeaningsOption = Annotated[
    list[str] | None,
    typer.Option("--read", metavar="OURS:TEXT=VALUE", help="What a text means: residents:-1=0."),
]
_SuppressedOption = Annotated[
    float | None, typer.Option("--suppressed", help="What '<5' is taken for; else not known.")
]
_PostcodesOption = Annotated[
    Path | None,
    typer.Option(
        "--postcodes",
        metavar="FILE",
        help="Code-Point Open (zip, folder or CSV): places rows that have a postcode only. "
        "Default: the study's own postcodes.csv.",
    ),
]
_ImportUnitOption = Annotated[
    str, typer.Option("--unit", help="What an area is called, in a new study ('area').")
]
_AsOfOption = Annotated[
    str,
    typer.Option("--as-of", metavar="DATE", help="Date on outputs of a new study (2021-03-21)."),
]
_NationalAreasOption = Annotated[
    int,
    typer.Option(
        "--national-areas",
        help="What ranks are out of: 33755 LSOAs of England 2021, "
        "1909 of Wales, 6976 data zones of Scotland.",
    ),
]


@commands.command("import")
def _import(
    file: _FileArgument,
    table: _TableOption,
    study: _ImportStudyOption,
    columns: _ColumnsOption = None,
    fixed: _FixedOption = None,
    meanings: _MeaningsOption = None,
    sheet: Annotated[str, typer.Option("--sheet", help="Worksheet or layer.")] = "",
    suppressed: _SuppressedOption = None,
    postcodes: _PostcodesOption = None,
    place: Annotated[str, typer.Option("--place", help="Name of the place, for a new study.")] = "",
    unit: _ImportUnitOption = "",
    as_of: _AsOfOption = "",
    national_areas: _NationalAreasOption = 0,
    source: Annotated[str, typer.Option("--source", help="Whose table it is.")] = "not stated",
    licence: Annotated[str, typer.Option("--licence", help="Its licence.")] = "not stated",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; write.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Make a table of a study out of a file that you have.

    Columns are matched by name (`Site name`, `Post Code`, `Eastings`, `% no car`, ...), shown,
    and kept in import.toml, so that next year's file is read the same way. Every change of form
    (`1,234`, `23.4%`, `n/a`, title rows) is told with its count; no row is dropped in silence.
    Rows with postcodes only are placed by Code-Point Open. Polygons become boundaries.

    The first areas and centres make the study: box and coordinate system are derived from them.
    Sheets about single people (attendance) are counted by area; nothing else of them is written.
    """
    from access.files import to_json
    from access.sources.columns import mapping_of
    from access.sources.importing import TABLES_OF_STUDY, import_into

    if table not in TABLES_OF_STUDY:
        raise ParameterError(
            f"--as {table!r} is no table of a study; expected one of {', '.join(TABLES_OF_STUDY)}"
        )
    mapping = mapping_of(columns or (), fixed or (), meanings or (), sheet, suppressed)
    done = import_into(file, table, study, mapping=mapping, postcodes=postcodes)
    if not quiet and not json:
        _show_import(done, file)
    done.check()
    if not dry_run and not yes and not json and not quiet and _at_terminal():
        typer.confirm("Write it so?", abort=True)
    written: list[str] = []
    if not dry_run:
        told: dict[str, str | int] = {
            "place": place,
            "unit": unit,
            "as_of": as_of,
            "national_areas": national_areas,
        }
        written = _write_import(done, study, told, (source, licence))
    if json:
        say(to_json({"table": table, "rows": len(done.frame), "columns": dict(done.mapping.columns),
                     "report": done.report, "written": written}), nl=False)  # fmt: skip
    elif not quiet:
        say(f"Written: {', '.join(str(study / w) for w in written)}" if written else "Not written.")
        if not dry_run and not (study / "study.toml").exists():
            say("Still to import before it is a study: "
                + " and ".join(t for t in ("areas", "centres")
                               if not (study / f"{t}.csv").exists()))  # fmt: skip


def _at_terminal() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stdout.isatty()


def _show_import(done: Imported, file: Path) -> None:
    say(f"{file} as {done.table}:")
    for ours, theirs in done.mapping.columns.items():
        say(f"  {ours:<24} from {theirs!r}")
    for line in done.report:
        say(f"  - {line}")


def _write_import(
    done: Imported, folder: Path, told: dict[str, str | int], about: tuple[str, str]
) -> list[str]:
    """Write the table, its mapping and where it comes from; settings when there are none yet."""
    from access.sources.folder import first_settings, put_table

    written = put_table(folder, done, about, told)
    if not (folder / "study.toml").exists():
        try:
            written += first_settings(folder)
        except AccessError as error:  # the table is there all the same
            there = f"{error.message} ({', '.join(written)} written, study.toml not)"
            raise type(error)(there, error.faults) from error
    return list(dict.fromkeys(written))
