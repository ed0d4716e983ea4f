"""The words of a study folder: settings, manifest, attributions; and a made-up study."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import Fault, OutputError, ParameterError, StudyError
from access.escape import toml_text
from access.files import read_manifest, whole_folder, write_file
from access.sources.columns import _Mapping as Mapped
from access.sources.columns import _read_mapping, _read_told, _toml_key, _write_mapping
from access.sources.importing import Imported, _csv_bytes, _derive_box, _import_table

# The words of a study folder: settings, manifest, attributions; a study of imported tables.

#: What is known of each service: title, one of it, whom it is for by default, its age band.
_SERVICES: dict[str, tuple[str, str, tuple[str, str], str]] = {
    "childrens_centre": (
        "Children's Centres",
        "Children's Centre",
        ("children_0_4", "children under five"),
        "0 to 4",
    ),
    "youth_centre": (
        "Youth Centres",
        "Youth Centre",
        ("young_11_18", "young people aged 11 to 18"),
        "11 to 18",
    ),
    "family_hub": ("Family Hubs", "Family Hub", ("children_0_4", "children under five"), "0 to 4"),
    "library": ("Libraries", "library", ("residents", "residents"), "everybody"),
}


#: Groups that are set beside everyone else: column, label, all of whom, and further settings.
_GROUPS = (
    ("disabled", "disabled people", "people", 'characteristic = "disability"'),
    ("white_british", "people other than White British", "people",
     'others = true    # those who are not in the column\ncharacteristic = "race"'),
    ("lone_parent_households", "lone-parent households", "households",
     'points_to = { sex = "lone-parent households" }'),
    ("households_no_car", "households without a car", "households", ""),
    ("children_0_4", "children under 5", "people",
     'characteristic = "age"\n'
     'points_to = { "pregnancy and maternity" = "very young children" }'),
    ("children_5_10", "children 5 to 10", "people", 'characteristic = "age"'),
    ("young_11_18", "young people 11 to 18", "people", 'characteristic = "age"'),
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Where a table comes from, for the manifest and the attributions.

    Parameters
    ----------
    source, vintage, licence : str
    urls : tuple of str
        Addresses; empty for files that were handed over.
    fetched : str
        Date; empty for files that were handed over.
    whole : bool
        Whether everything it should hold is in it; a further call fills in what is not.
    more : mapping of str to str
        What else a further call must know.
    """

    source: str
    vintage: str
    licence: str
    urls: tuple[str, ...] = ()
    fetched: str = ""
    whole: bool = True
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Settings:
    """What goes into a study's settings.

    Parameters
    ----------
    name, title, place, as_of : str
    box : tuple of float
    unit, vintage : str
    notes : sequence of str
    services : mapping of str to (str, str)
        Key to the column that counts whom it is for, and their noun.
    centres : mapping of str to sequence of (str, str)
        Id and name of each service's centres, for the example.
    shared, copied : mapping of str to str
        Counts shared from larger areas, and figures copied from them.
    shapes : bool
    counts : collection of str
        Counts that are known by area, for the groups set beside everyone else.
    national_areas : int
        0 where no deprivation is known.
    hubs : sequence of str
        Ids of today's hubs.
    buffer_m : float
    """

    name: str
    title: str
    place: str
    as_of: str
    box: tuple[float, float, float, float]
    unit: str
    vintage: str
    notes: Sequence[str]
    services: Mapping[str, tuple[str, str]]
    centres: Mapping[str, Sequence[tuple[str, str]]]
    shared: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)
    parent_key: str = "lsoa"
    shapes: bool = False
    counts: Collection[str] = ()
    national_areas: int = 0
    hubs: Sequence[str] = ()
    buffer_m: float = 5000.0


def _settings_text(s: _Settings) -> str:
    """`study.toml`, with an example of a proposal per service for the planner to fill in."""
    lines = [
        f"# {s.title}. Where its tables are from stands in manifest.toml.",
        "# Proposals are yours: fill in the examples below, then `access check` and `access run`.",
        "",
        "[study]",
        f"name = {toml_text(s.name)}",
        f"title = {toml_text(s.title)}",
        f"place = {toml_text(s.place)}",
        f"as_of = {toml_text(s.as_of)}            # printed on outputs instead of a clock",
        f"box = [{', '.join(f'{edge:g}' for edge in s.box)}]   # west, south, east, north",
        "notes = [",
        *(f"  {toml_text(note)}," for note in s.notes),
        "]",
        "",
        "[areas]",
        f"unit = {toml_text(s.unit)}",
        f"vintage = {toml_text(s.vintage)}",
    ]
    if s.shapes:
        lines.append('shapes = "areas.geojson"             # boundaries')
    if s.shared or s.copied:
        lines += [
            'parent_table = "parents.csv"         # figures known only for larger areas ...',
            f"parent_key = {toml_text(s.parent_key)}",
            'share_by = "residents"               # ... are shared by this, totals kept',
        ]
    for part, pairs in (("shared_counts", s.shared), ("from_parent", s.copied)):
        if pairs:
            lines += ["", f"[areas.{part}]", *(f"{k} = {toml_text(v)}" for k, v in pairs.items())]
    for key, (demand, noun) in s.services.items():
        title, one, _, band = _service_words(key)
        lines += [
            "",
            f"[services.{key}]",
            f"title = {toml_text(title)}",
            f"one = {toml_text(one)}",
            f"demand = {toml_text(demand)}",
            f"noun = {toml_text(noun)}",
            f"age_band = {toml_text(band if demand != 'residents' else 'everybody')}",
        ]
    lines += _examples(s)
    lines += ["", "[travel]", f"buffer_m = {s.buffer_m:g}", "", "[weights]"]
    if s.national_areas:
        lines += [
            'scheme = "linear"                    # none | linear | green_book | a column',
            "lam = 1.0",
            f"national_areas = {s.national_areas}               # areas that ranks are out of",
        ]
    else:
        lines += ['scheme = "none"                      # no deprivation by area is at hand']
    if s.hubs:
        lines += [
            "",
            "[hubs]",
            f"council_choice = [{', '.join(map(toml_text, s.hubs))}]",
            'council_source = "Department for Education, list of family hub sites"',
        ]
    lines += _groups(s.counts)
    return "\n".join(lines) + "\n"


def _groups(counts: Collection[str]) -> list[str]:
    """Groups of the Equality Act that the areas have counts of."""
    lines = []
    for column, label, whole, more in _GROUPS:
        all_of = "residents" if whole == "people" and whole not in counts else whole
        if {column, all_of} <= set(counts):
            lines += ["", "[[groups]]", f"label = {toml_text(label)}"]
            lines += [f"column = {toml_text(column)}", f"denominator = {toml_text(all_of)}"]
            lines += [more] if more else []
    return lines


def _service_words(key: str) -> tuple[str, str, tuple[str, str], str]:
    """Give a service's words: its title, one of them, whom it is for, and their ages."""
    other = (key.replace("_", " ").capitalize(), "centre", ("residents", "residents"), "not stated")
    return _SERVICES.get(key, other)


def _examples(s: _Settings) -> list[str]:
    lines: list[str] = []
    for key in s.services:
        own = list(s.centres.get(key, ()))
        if len(own) < 2:
            continue
        title = _service_words(key)[0]
        words = re.sub(r"[^a-z0-9]+", "_", title.lower().replace("'", "")).strip("_")
        names = "; ".join(f"{id_} {' '.join(name.split())}" for id_, name in own[:60])
        names = "".join(ch for ch in names if ch.isprintable())
        lines += [
            "",
            f"# TO FILL IN: what is proposed for {title}. Take the # away and name ids.",
            f"# [proposals.{words or key}_{len(own)}_to_{len(own) - 1}]",
            f'# title = "{title} from {len(own)} to {len(own) - 1}"',
            f'# service = "{key}"',
            f"# close = [{toml_text(own[-1][0])}]",
            '# source = "The paper that proposes it."',
            f"# Today's: {names}",
        ]
    return lines


def _manifest_text(
    tables: Mapping[str, tuple[bytes, Provenance]], kept: Mapping[str, dict[str, Any]]
) -> str:
    """`manifest.toml`: source, vintage, licence, checksum, and date fetched of every table."""
    lines = ["# Where each table comes from. Hashes: `access check --write-manifest`.", ""]
    for name in sorted({*tables, *kept}):
        lines.append(f"[table.{toml_text(name)}]")
        if name in tables:
            body, about = tables[name]
            entry = {
                "source": about.source,
                "vintage": about.vintage,
                "licence": about.licence,
                "sha256": hashlib.sha256(body).hexdigest(),
                "fetched": about.fetched,
                "urls": " ".join(about.urls),
                "made": "yes",
                "whole": "yes" if about.whole else "no",
                **about.more,
            }
        else:
            entry = dict(kept[name])
        lines += manifest_fields(entry)
        lines.append("")
    return "\n".join(lines)


def manifest_fields(entry: Mapping[str, Any]) -> list[str]:
    """What a manifest says of one file, a line a field; text that is empty is left out."""
    return [
        f"{_toml_key(k)} = {'true' if v is True else 'false' if v is False else toml_text(str(v))}"
        for k, v in entry.items()
        if v != ""
    ]


def record_file(folder: Path, name: str, about: Provenance) -> None:
    """Write into a study's manifest where a file beside its tables comes from."""
    kept = read_manifest(folder)
    body = (folder / name).read_bytes()
    ours = {name: (body, about)}
    text = _manifest_text(ours, {n: e for n, e in kept.items() if n != name})
    write_file(folder / "manifest.toml", text.encode())
    _attribute(folder, [name], about)


def _made_by_us(folder: Path, name: str, manifest: Mapping[str, dict[str, Any]]) -> bool:
    """Whether a file is there as it was made: one that somebody changed is theirs."""
    entry, path = manifest.get(name, {}), folder / name
    if entry.get("made") != "yes" or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == entry.get("sha256")


def _attribution_text(tables: Mapping[str, tuple[bytes, Provenance]], place: str) -> str:
    """The attributions that every output which shows the data must carry."""
    lines = [f"# Attributions for the study of {place}", ""]
    by: dict[tuple[str, str], list[str]] = {}
    for name, (_, about) in sorted(tables.items()):
        by.setdefault((about.source, about.licence), []).append(name)
    for (source, licence), names in by.items():
        lines += [f"- {', '.join(names)}: {source}. {licence}."]
    return "\n".join([*lines, ""])


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files one by one, each whole or not at all, `study.toml` last but the manifest."""
    order = sorted(files, key=lambda n: (n == "manifest.toml", n == "study.toml", n))
    for name in order:
        write_file(folder / name, files[name])


_NEEDED = ("areas", "centres")
#: What the manifest says of a table that somebody brought: it is theirs, as one they changed.
_BROUGHT = {"made": ""}
#: Further from every area than any family travels, even where areas are the largest.
_FAR_KM = 100
_EARTH_KM = 6371.0


def _study_of_tables(
    folder: str | Path,
    tables: Mapping[str, Imported],
    *,
    name: str,
    place: str,
    as_of: str,
    unit: str = "area",
    vintage: str = "not stated",
    licences: Mapping[str, tuple[str, str]] | None = None,
    national_areas: int = 0,
    notes: Sequence[str] = (),
    buffer_m: float = 5000.0,
    keep_mappings: bool = True,
) -> list[str]:
    """Write a study folder of imported tables, with their mappings for next year.

    Parameters
    ----------
    folder : path
        Must not hold a study yet.
    tables : mapping of str to Imported
        ``areas`` and ``centres``, and any others; box and CRS are derived from them.
    name, place, as_of, unit, vintage : str
        As `study.toml` has them.
    licences : mapping of str to (str, str), optional
        Source and licence of each table.
    national_areas : int
        How many areas the ranks are out of (1,909 LSOAs of Wales, 6,976 data zones of Scotland);
        0 where there are no ranks: areas then count alike.
    notes : sequence of str
        What every reader must be told.
    buffer_m : float
    keep_mappings : bool
        Write what was taken for what into ``import.toml``.

    Returns
    -------
    list of str
        Files written.

    Raises
    ------
    StudyError
        If a table is missing or has faults; nothing is written then.
    ParameterError
        If areas have ranks and nothing says what they are out of, or the other way round.
    OutputError
        If the folder holds a study.
    """
    folder = Path(folder)
    missing = [table for table in _NEEDED if table not in tables]
    if missing:
        raise StudyError(f"a study needs {' and '.join(missing)}; import them first")
    for imported in tables.values():
        imported.check()
    if (folder / "study.toml").exists():
        raise OutputError(f"{folder} already holds a study; nothing was written. Name a new folder")
    areas, centres = tables["areas"].frame, tables["centres"].frame
    if bool(national_areas) != ("imd_rank" in areas):
        raise ParameterError(
            "the areas hold ranks (imd_rank), and what these are out of is not said; expected "
            "national_areas (--national-areas), such as 33755: the LSOAs of England of 2021"
            if not national_areas
            else "national_areas is given and the areas have no imd_rank"
        )
    frames = [t.frame for t in tables.values() if {"lon", "lat"} <= set(t.frame)]
    if far := [fault for name, t in tables.items() for fault in _far_faults(name, t.frame, areas)]:
        raise StudyError("the tables make no study: they lie too far apart", far)
    box, _ = _derive_box(
        np.concatenate([f["lon"] for f in frames]),
        np.concatenate([f["lat"] for f in frames]),
        margin_m=buffer_m,
    )
    shapes = tables["areas"].shapes
    services = {key: _served(key, areas) for key in dict.fromkeys(centres["service"])}
    titles = [_SERVICES[k][0] if k in _SERVICES else k.replace("_", " ") for k in services]
    told = [
        note
        for t in tables.values()
        for note in t.report
        if "not known" in note or "taken for" in note
    ]
    settings = _Settings(
        name=name,
        title=f"{' and '.join(titles)} in {place}",
        place=place,
        as_of=as_of,
        box=box,
        unit=unit,
        vintage=vintage,
        notes=[*notes, *told, *_not_of_all(services, areas)],
        services=services,
        centres={
            str(key): list(zip(own["id"], own["name"], strict=True))
            for key, own in centres.groupby("service", sort=False)
        },
        shapes=shapes is not None,
        counts=[str(name) for name in areas if areas[name].notna().all()],
        national_areas=national_areas,
        buffer_m=buffer_m,
    )
    made = {
        f"{table}.csv": (_csv_bytes(done.frame), _about(table, vintage, licences))
        for table, done in tables.items()
    }
    if shapes is not None:
        made["areas.geojson"] = (_geojson_bytes(shapes), _about("areas", vintage, licences))
    made["study.toml"] = (
        _settings_text(settings).encode(),
        Provenance("Settings of this study", vintage, "MIT"),
    )
    files = {file: body for file, (body, _) in made.items()}
    files["manifest.toml"] = _manifest_text(made, {}).encode()
    files["ATTRIBUTION.md"] = _attribution_text(made, place).encode()
    _write_all(folder, files)
    for table, done in tables.items() if keep_mappings else ():
        _write_mapping(folder / "import.toml", table, done.mapping)
    return sorted([*files, "import.toml"])


def put_table(
    folder: Path, done: Imported, about: tuple[str, str], told: Mapping[str, Any]
) -> list[str]:
    """Write one imported table into a study, with its mapping and where it comes from.

    `told` is what was said of a study that is still to be made.
    """
    if any(told.values()) and (folder / "study.toml").exists():
        given = ", ".join(f"--{k.replace('_', '-')}" for k, v in told.items() if v)
        raise ParameterError(
            f"{folder} is a study already, and {given} is for a new one; nothing was written. "
            "Change it in study.toml"
        )
    try:
        date.fromisoformat(told.get("as_of") or "2021-03-21")
    except ValueError as error:
        raise ParameterError(
            f"--as-of is {told['as_of']!r}; expected a day such as 2023-06-13"
        ) from error
    name = f"{done.table}.csv"
    provenance = Provenance(about[0], "see the file", about[1], more=_BROUGHT)
    made = {name: (_csv_bytes(done.check().frame), provenance)}
    if done.table == "areas" and done.shapes is not None:
        made["areas.geojson"] = (_geojson_bytes(done.shapes), provenance)
    kept = {n: e for n, e in read_manifest(folder).items() if n not in made}
    _write_all(folder, {n: body for n, (body, _) in made.items()})
    write_file(folder / "manifest.toml", _manifest_text(made, kept).encode())
    _write_mapping(folder / "import.toml", done.table, done.mapping, told)
    return [*made, "import.toml", *_attribute(folder, made, provenance)]


def _attribute(folder: Path, names: Collection[str], about: Provenance) -> list[str]:
    """Add files to the attributions of a study that has such; give what was written."""
    path = folder / "ATTRIBUTION.md"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    lines = [left for line in lines if (left := _without_files(line, names)) is not None]
    lines.append(f"- {', '.join(names)}: {about.source}. {about.licence}.")
    write_file(path, "\n".join([*lines, ""]).encode())
    return [path.name]


def _without_files(line: str, names: Collection[str]) -> str | None:
    """Take files out of a line of attributions, which names several of one source."""
    files, parted, about = line.removeprefix("- ").partition(": ")
    there = files.split(", ")
    left = [name for name in there if name not in names]
    if left == there or not (parted and line.startswith("- ")):
        return line
    return f"- {', '.join(left)}: {about}" if left else None


def first_settings(folder: Path) -> list[str]:
    """Write the settings of a study whose areas and centres are there; nothing before.

    What was told of it with either of them is in its ``import.toml``.
    """
    there = [t for t in ("areas", "centres", "candidates", "neighbours", "places", "postcodes")
             if (folder / f"{t}.csv").is_file()]  # fmt: skip
    if not set(_NEEDED) <= set(there):
        return []
    tables = {table: _import_table(folder / f"{table}.csv", table).check() for table in there}
    outlines = folder / "areas.geojson"
    if outlines.is_file():
        shapes = gpd.read_file(outlines).set_index("id").geometry
        tables["areas"].shapes = shapes.loc[list(tables["areas"].frame["id"])]
    said = read_manifest(folder)
    told = [
        f"{table}: {ours} {text!r} of the source was read as {value or 'not known'!r}."
        for table in there
        for ours, texts in (
            _read_mapping(folder / "import.toml", table) or Mapped()
        ).meanings.items()
        for text, value in texts.items()
    ]
    told += [
        f"{table}: counts that the source hides, such as '<5', were taken for "
        f"{mapping.suppressed:g}."
        for table in there
        if (mapping := _read_mapping(folder / "import.toml", table)) is not None
        and mapping.suppressed is not None
    ]
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    about = {"as_of": "2021-03-21", **_read_told(folder / "import.toml")}
    return _study_of_tables(
        folder,
        tables,
        name=name if name[:1].isalpha() else f"study_{name}",
        place=about.pop("place", folder.resolve().name.replace("_", " ").title()),
        vintage=said.get("areas.csv", {}).get("source", "not stated"),
        licences={
            t: (entry.get("source", "not stated"), entry.get("licence", "not stated"))
            for t in there
            if (entry := said.get(f"{t}.csv"))
        },
        notes=told,
        keep_mappings=False,
        **about,
    )


def _served(key: str, areas: pd.DataFrame) -> tuple[str, str]:
    """Whom a service is for: its own age group where it is known by area, else everybody."""
    demand, noun = _SERVICES[key][2] if key in _SERVICES else ("residents", "residents")
    if demand in areas and areas[demand].notna().all():
        return demand, noun
    if "residents" not in areas:
        raise StudyError(f"areas have neither {demand} nor residents: nobody to serve with {key}")
    return "residents", "residents"


def _not_of_all(services: Mapping[str, tuple[str, str]], areas: pd.DataFrame) -> list[str]:
    """Say which services are measured for everybody since their own count has gaps."""
    said = []
    for key, (demand, _) in services.items():
        title, _, (own, noun), _ = _service_words(key)
        unknown = int(areas[own].isna().sum()) if own in areas and own != demand else 0
        if unknown:
            said.append(
                f"{title} are measured for all residents: {own} ({noun}) is not known for "
                f"{unknown:,} of {len(areas):,} areas."
            )
    return said


def _far_faults(table: str, frame: pd.DataFrame, areas: pd.DataFrame) -> list[Fault]:
    """Find places with no area near: a sign or a digit of theirs is wrong, and the box theirs."""
    if table == "areas" or not {"lon", "lat"} <= set(frame) or not len(frame):
        return []
    from scipy.spatial import cKDTree  # only a new study asks

    away = cKDTree(_on_sphere(areas)).query(_on_sphere(frame))[0] * _EARTH_KM
    names = frame["id" if "id" in frame else frame.columns[0]]
    return [
        Fault(f"{table}.csv", str(names.iloc[i])[:60], "lon, lat",
              f"{frame['lon'].iloc[i]:g}, {frame['lat'].iloc[i]:g}",
              f"a place within {_FAR_KM} km of an area: the nearest is {away[i]:,.0f} km away. "
              "Mend the position (is a minus sign lost?), or leave the row out where it is right; "
              "then import the table again")
        for i in np.flatnonzero(away > _FAR_KM).tolist()
    ]  # fmt: skip


def _on_sphere(frame: pd.DataFrame) -> np.ndarray:
    """Positions as points of a sphere of radius 1."""
    lon, lat = (np.radians(frame[c].to_numpy(float)) for c in ("lon", "lat"))
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _about(table: str, vintage: str, licences: Mapping[str, tuple[str, str]] | None) -> Provenance:
    source, licence = (licences or {}).get(table, ("not stated", "not stated"))
    return Provenance(source, vintage, licence, more=_BROUGHT)


def _geojson_bytes(shapes: gpd.GeoSeries) -> bytes:
    """Boundaries by id as GeoJSON, to six decimals, valid."""
    # a grid keeps polygons polygons: no lines are left where slivers were
    rounded = shapely.set_precision(shapely.make_valid(shapes.to_numpy()), 1e-6)
    rounded = np.where(shapely.is_empty(rounded), shapes.to_numpy(), rounded)
    features = [
        {
            "type": "Feature",
            "properties": {"id": str(id_)},
            "geometry": json.loads(shapely.to_geojson(s)),
        }
        for id_, s in zip(shapes.index, rounded, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


# ------------------------------------------------------------------------------
# A made-up study to start one's own from: small, complete, and plainly not a real place.

_SETTINGS = """\
# A made-up example: replace the tables with your own, then `access check {folder}`.
# Every setting that is not here has a default; `access check` names any that is wrong.

[study]
name = "{name}"
title = "An example to replace: three centres, one may close"
place = "Example Town"
as_of = "2025-01-01"                 # printed on outputs instead of a clock
box = [-1.50, 53.35, -1.20, 53.50]   # west, south, east, north: where every point must lie
notes = ["Everything in this study is made up."]

[areas]
unit = "made-up area"
vintage = "made up"

[services.childrens_centre]
title = "Children's Centres"
one = "Children's Centre"
demand = "children_0_4"              # the column of areas.csv that counts who it is for
noun = "children under five"
age_band = "0 to 4"

[proposals.three_to_two]
title = "Children's Centres from 3 to 2"
service = "childrens_centre"
close = ["C3"]
comment = "Why, in your own words."
source = "The paper that proposes it."

[travel]
walk_km_h = 4.8
parking_minutes = 3.0

[measures]
thresholds_minutes = [10, 15, 20, 30]
threshold_minutes = 20

[weights]
scheme = "linear"                    # none | linear | green_book | a column of areas.csv
lam = 1.0
national_areas = 33755               # LSOAs of England, 2021 (32844 for 2011)

[[groups]]                           # whose change is set beside everyone else's
label = "children under 5"
column = "children_0_4"              # the column of areas.csv that counts them
denominator = "residents"            # ... and the one that counts all of whom they are part
characteristic = "age"               # of the Equality Act 2010
points_to = {{ "pregnancy and maternity" = "very young children" }}
"""
_CENTRES = [
    ("C1", "Market Street Children's Centre", -1.36, 53.43),
    ("C2", "Hilltop Children's Centre", -1.32, 53.45),
    ("C3", "Riverside Children's Centre", -1.38, 53.41),
]


def _template_files(name: str) -> dict[str, str]:
    """Give the files of a made-up study that `access run` accepts."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ParameterError(
            f"the folder's name {name!r} cannot name a study; expected small letters, digits and "
            "underscores, beginning with a letter"
        )
    header = "id lon lat residents children_0_4 imd_rank imd_decile p_no_car"
    areas: list[tuple[object, ...]] = [tuple(header.split())]
    for row in range(4):
        for column in range(5):
            number = row * 5 + column
            rank = 1500 + 1600 * number
            areas.append(
                (f"A{number + 1:02d}", f"{-1.40 + 0.025 * column:.3f}", f"{53.40 + 0.02 * row:.3f}",
                 300 - 5 * number, 24 - number, rank, min(10, rank * 10 // 33755 + 1),
                 f"{0.45 - 0.02 * number:.2f}")
            )  # fmt: skip
    centres: list[tuple[object, ...]] = [
        ("id", "name", "service", "lon", "lat", "address", "postcode")
    ]
    centres += [(i, n, "childrens_centre", x, y, "", "") for i, n, x, y in _CENTRES]
    return {
        "study.toml": _SETTINGS.format(folder=name, name=name),
        "areas.csv": _csv(areas),
        "centres.csv": _csv(centres),
    }


def _csv(rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def new_study(folder: Path) -> list[str]:
    """Write a made-up study into a new folder.

    Parameters
    ----------
    folder : Path
        Must not hold a study yet.

    Returns
    -------
    list of str
        The files written.

    Raises
    ------
    OutputError
        If one of the files is already there, or the folder cannot be written.
    ParameterError
        If the folder's name cannot name a study.
    """
    texts = _template_files(folder.name)
    there = [name for name in texts if (folder / name).exists()]
    if there:
        raise OutputError(
            f"{folder} already holds {', '.join(there)}; nothing was written. Name a new folder."
        )
    with whole_folder(folder) as work:
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
    return list(texts)
