"""A study folder of any English council: its tables, from files at hand or the internet."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import AccessError, OutputError, ParameterError
from access.files import read_manifest, sha256_of
from access.sources import ons, registers
from access.sources.columns import _Mapping as ColumnMapping
from access.sources.columns import _propose, _shown
from access.sources.council_areas import (
    Made,
    _ask_for_parts,
    _Asked,
    _count_people,
    _find_areas,
    _find_boundaries,
    _name_wards,
    _rank_deprivation,
    _Work,
)
from access.sources.figures import _INDICES
from access.sources.folder import (
    _SERVICES,
    Provenance,
    _attribution_text,
    _geojson_bytes,
    _made_by_us,
    _manifest_text,
    _Settings,
    _settings_text,
    _write_all,
)
from access.sources.http import Internet
from access.sources.importing import _csv_bytes, _derive_box, _import_source, _import_table
from access.sources.importing import _service_key as _any_service_key
from access.sources.ons import _UNITS
from access.sources.points import (
    _POSTCODES_LICENCE,
    _POSTCODES_SOURCE,
    _parse_stops,
    _places_of,
    _Postcodes,
    _read_postcodes,
)
from access.sources.registers import find_district
from access.sources.shelf import _Item, _read_shelf, _Shelf
from access.sources.tables import _SHEETS
from access.text import counted
from access.units import BRITISH_GRID, great_circle_m

# A council's postcodes, centres, hubs, candidates, neighbours and names of places.

_STAND_INS = 3
_NOT_STATED = "not stated"
#: A hub this near to a centre is in the same building.
_SAME_BUILDING_M = 60.0


def _find_postcodes(work: _Work) -> None:
    """Postcodes of the district for the study, those around for placing sites."""
    items = _of_postcodes(work.shelf)
    box, _ = _derive_box(work.areas["lon"], work.areas["lat"], margin_m=work.buffer_m + 15_000)
    work.settings["postcodes"] = None
    if not items:
        work.part(
            "postcodes",
            "not at hand",
            whole=False,
            by_hand="Code-Point Open (Ordnance Survey, OS Data Hub, CSV, the zip as it is)",
        )
        return
    paths = [item.path for item in items]
    names = [path.name for path in paths]
    work.settings["postcodes"] = _read_postcodes(*paths, near=box)
    own = _read_postcodes(*paths, districts=work.district.codes, near=box)
    work.made.notes += [f"{', '.join(names)}: {note}" for note in own.notes]
    frame = own.frame.reset_index()
    if (frame["district"] == "").all():
        frame = frame[_inside(work, frame)]
        work.made.notes.append(
            f"{', '.join(names)} does not say the district of a postcode: those inside the areas "
            "are taken for its own."
        )
    frame = frame[["postcode", "lon", "lat"]]
    known = items[0].source is None
    source = _POSTCODES_SOURCE if known else f"A table of postcodes ({names[0]})"
    licence = _POSTCODES_LICENCE if known else _NOT_STATED
    about = work.provenance(source, "see the file", licence, *names)
    work.tables["postcodes.csv"] = (_csv_bytes(frame), about)
    work.part("postcodes", f"{len(frame):,} of the district")


def _of_postcodes(shelf: _Shelf) -> list[_Item]:
    """The product whole, else every file of it (one a postcode area), else a table like it."""
    items = list(shelf.having("postcodes"))
    bare = [item for item in items if item.source is None]
    whole = [item for item in bare if item.path.suffix.casefold() not in _SHEETS]
    return whole[:1] or bare or items[:1]


def _inside(work: _Work, frame: pd.DataFrame) -> np.ndarray:
    """Rows within the district: its boundary, else nearer than a kilometre to a centroid."""
    lonlat = frame[["lon", "lat"]].to_numpy(float)
    known = np.isfinite(lonlat).all(axis=1)
    out = np.zeros(len(frame), bool)
    out[known] = _metres_outside(work, lonlat[known]) <= 0
    return out


def _metres_outside(work: _Work, lonlat: np.ndarray) -> np.ndarray:
    points = gpd.GeoSeries(gpd.points_from_xy(*lonlat.T), crs=4326).to_crs(BRITISH_GRID)
    if work.shapes is not None:
        ground = shapely.union_all(work.shapes.to_crs(BRITISH_GRID).to_numpy())
        return np.asarray(shapely.distance(points.to_numpy(), ground))
    centroids = gpd.points_from_xy(work.areas["lon"], work.areas["lat"], crs=4326).to_crs(
        BRITISH_GRID
    )
    near = shapely.STRtree(centroids).query_nearest(
        points.to_numpy(), return_distance=True, all_matches=False
    )[1]
    return np.asarray(np.maximum(near - 1000.0, 0.0))


def _find_sites(work: _Work) -> None:
    """Centres, hubs, candidates and neighbours: the council's own sheets before the registers."""
    codes: _Postcodes | None = work.settings["postcodes"]
    sites: dict[str, pd.DataFrame] = {}
    for table in ("centres", "candidates", "neighbours"):
        read = [_own_sheet(work, item, table, codes) for item in work.shelf.having(table)]
        frames = [frame for frame in read if frame is not None]
        if frames:
            sites[table] = _each_id_once(_together(*frames))
    _from_registers(work, sites, codes)
    _as_changed_by_hand(work, sites)
    _hubs(work, sites, codes)
    _settle_centres(work, sites)
    _tell_apart(work, sites)
    for table, frame in sites.items():
        _settle_sites(work, table, frame)
    for table in ("candidates", "neighbours"):
        if table not in sites:
            of_none = table == "neighbours" and _register_service(sites) is None
            hand = _OWN_NEIGHBOURS if of_none else _SITE_HAND[table]
            work.part(table, "none at hand", whole=False, by_hand=hand)


def _as_changed_by_hand(work: _Work, sites: dict[str, pd.DataFrame]) -> None:
    """Take the tables of a former call that somebody changed: they stay, and settings are of them.

    Of the sheets only those sites are left that could not be placed and are not in them.
    """
    folder, manifest = work.made.folder, read_manifest(work.made.folder)
    for table in ("centres", "candidates", "neighbours"):
        name = f"{table}.csv"
        if not (folder / name).is_file() or _made_by_us(folder, name, manifest):
            continue
        try:
            theirs = _import_table(folder / name, table).frame
        except AccessError as error:
            work.made.notes.append(f"{name} is as you changed it, and cannot be read: {error}")
            continue
        if table in sites:
            rest = sites[table]
            there = rest["id"].isin(theirs["id"]) | rest["name"].isin(theirs["name"])
            rest = rest[_lacking(table, rest).any(axis=1) & ~there]
            theirs = _together(theirs, rest) if len(rest) else theirs
        sites[table] = theirs
        work.settings.setdefault("by_hand", set()).add(table)


_OWN_NEIGHBOURS = "your own sheet of neighbours' centres (its name should hold 'neighbour')"
_SITE_HAND = {
    "candidates": "your own sheet of libraries, schools and health centres (its name should hold "
    "'candidates'), or edubasealldata.csv (DfE, Get Information About Schools)",
    "neighbours": "edubaseallchildrencentre.csv (DfE, Get Information About Schools) with "
    "Code-Point Open",
}


def _own_sheet(
    work: _Work, item: _Item, table: str, codes: _Postcodes | None
) -> pd.DataFrame | None:
    """A council's own sheet; faults in it are told and it is left out."""
    assert item.source is not None
    found = _propose(list(item.source.frame.columns), table)
    fixed = (
        {} if table != "centres" or "service" in found.columns else {"service": "childrens_centre"}
    )
    values: Mapping[str, Mapping[str, str]] = {}
    if "service" in found.columns:
        texts = [t for t in item.source.frame[found.columns["service"]].unique() if t]
        values = {"service": {t: _service_key(t) for t in texts if _service_key(t) != t}}
    mapping = ColumnMapping(found.columns, fixed, values)
    try:
        done = _import_source(item.source, table, mapping=mapping, postcodes=codes)
    except AccessError as error:
        work.made.notes.append(f"{item.path.name} is left out: {error}")
        return None
    work.made.notes += [f"{item.path.name}: {note}" for note in done.report]
    bad = {fault.where for fault in done.faults}
    if bad:
        words = "; ".join(map(str, done.faults[:5]))
        work.made.notes.append(f"{item.path.name} has rows that cannot be read: {words}")
    work.settings.setdefault(f"{table}_files", []).append(item.path.name)
    work.settings.setdefault("own_sheets", set()).add(item.path.name)
    return done.frame.assign(**{"_given": True})


def _service_key(text: str) -> str:
    """A service's short name, whatever a sheet calls it."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.casefold().replace("'", "").replace("’", "")).strip("_")
    for key, words in {
        "childrens_centre": ("childrens_cent", "children_cent", "sure_start"),
        "youth_centre": ("youth",),
        "family_hub": ("family_hub",),
        "library": ("librar",),
    }.items():
        if plain == key or any(word in plain for word in words):
            return key
    return _any_service_key(text)


def _together(*frames: pd.DataFrame) -> pd.DataFrame:
    """Tables of one kind as one; a text that one of them lacks is empty."""
    out = pd.concat(frames, ignore_index=True)
    for name in out.columns:
        if not pd.api.types.is_numeric_dtype(out[name]):
            out[name] = out[name].astype(object).where(out[name].notna(), "")
    return out


def _each_id_once(frame: pd.DataFrame, others: Collection[str] = ()) -> pd.DataFrame:
    """Give a number behind to an id that a row before has, or another table."""
    taken, ids = set(others), []
    for id_ in frame["id"]:
        more = (f"{id_}-{n}" for n in itertools.count(2))
        ids.append(id_ if id_ not in taken else next(i for i in more if i not in taken))
        taken.add(ids[-1])
    return frame.assign(id=ids)


def _tell_apart(work: _Work, sites: dict[str, pd.DataFrame]) -> None:
    """Sheets that each number their rows from 1 name different sites alike."""
    taken: set[str] = set()
    for table in ("centres", "candidates", "neighbours"):
        if table in sites:
            frame = _each_id_once(sites[table], taken)
            changed = frame["id"].to_numpy() != sites[table]["id"].to_numpy()
            if changed.any():
                work.made.notes.append(
                    f"{table}: {changed.sum():,} ids are those of other sites and have a number "
                    f"behind ({_shown(frame['id'][changed].tolist())})."
                )
            sites[table], taken = frame, taken | set(frame["id"])


def _from_registers(work: _Work, sites: dict[str, pd.DataFrame], codes: _Postcodes | None) -> None:
    item = work.shelf.first("register centres")
    if item is not None and item.source is not None:
        frame, notes = registers._parse_register(item.source, codes)
        work.made.notes += [f"{item.path.name}: {note}" for note in notes]
        ours = registers._own_authority(frame, work.district, _inside(work, frame))
        is_open = registers._is_open(frame).to_numpy()
        own = ours & is_open
        if "centres" not in sites and (shut := frame["name"][ours & ~is_open].tolist()):
            notes = [*notes, f"Left out, for the register says that they are not open: "
                     f"{_shown(shut)}."]  # fmt: skip
            work.made.notes.append(f"{item.path.name}: {notes[-1]}")
        if "centres" not in sites and own.any():
            sites["centres"] = registers._as_centres(frame[own], "childrens_centre", "CC")
            work.settings["centres_files"] = [item.path.name]
            work.study_notes += notes
        of = _register_service(sites)
        if "neighbours" not in sites and of is not None:
            others = frame[~ours & is_open & np.isfinite(frame["lon"])].reset_index(drop=True)
            far = _metres_outside(work, others[["lon", "lat"]].to_numpy(float))
            near = others[far <= work.buffer_m]
            sites["neighbours"] = near[
                ["id", "name", "type", "authority", "address", "postcode", "lon", "lat"]
            ].assign(id="NB" + near["id"], service=of)
            work.settings["neighbours_files"] = [item.path.name]
    schools = work.shelf.first("register schools")
    if schools is not None and schools.source is not None:
        frame, notes = registers._parse_register(schools.source, codes)
        good = frame["phase"].str.casefold().str.contains("secondary|all-through|16 plus|nursery")
        good &= registers._is_open(frame)
        picked = frame[good & _inside(work, frame)].reset_index(drop=True)
        table = registers._as_candidates(picked, "SC", ["school"] * len(picked))
        there = sites.get("candidates")
        sites["candidates"] = table if there is None else _each_id_once(_together(there, table))
        work.settings.setdefault("candidates_files", []).append(schools.path.name)
        work.made.notes.append(
            f"{schools.path.name}: {len(picked):,} open secondary, all-through, "
            "nursery schools and colleges are candidates; others are not."
        )


def _register_service(sites: Mapping[str, pd.DataFrame]) -> str | None:
    """Which of the study's services a register of children's centres is of; None for none.

    Empty where the study has a name of its own, which may be that of children's centres.
    """
    kinds = set(sites["centres"]["service"]) if "centres" in sites else {"childrens_centre"}
    if "childrens_centre" in kinds:
        return "childrens_centre"
    return None if kinds <= set(_SERVICES) else ""


def _hubs(work: _Work, sites: dict[str, pd.DataFrame], codes: _Postcodes | None) -> None:
    """Today's hubs: in a centre's building where one is near, else candidates of their own."""
    item = work.shelf.first("register hubs")
    if item is None or item.source is None:
        work.part(
            "hubs",
            "no list at hand",
            whole=False,
            by_hand="List of family hub sites (Department for Education, gov.uk, CSV)",
        )
        return
    frame, _ = registers._parse_register(item.source, codes)
    # a county's list names the county; any other authority without hubs has none
    inside = _inside(work, frame) if work.district.code.startswith("E07") else None
    own = registers._own_authority(frame, work.district, inside)
    frame = frame[own].reset_index(drop=True)
    placed = np.isfinite(frame["lon"].to_numpy(float))
    if (~placed).any():
        work.made.notes.append(
            f"{item.path.name}: {_shown(frame['name'][~placed].tolist())} cannot be "
            "placed by postcode and are left out."
        )
    frame = frame[placed].reset_index(drop=True)
    centres = sites.get("centres", pd.DataFrame())
    same = [_same_building(hub, centres) for _, hub in frame.iterrows()]
    in_centres = sum(map(bool, same))
    if "candidates" in work.settings.get("by_hand", ()):
        frame, same = _hubs_there(work, frame, same, sites["candidates"])
    new = [i for i, centre in enumerate(same) if not centre]
    chosen = [centre for centre in same if centre]
    if new:
        table = registers._as_candidates(frame.loc[new], "FH", ["family_hub"] * len(new))
        table = _each_id_once(table, {i for other in sites.values() for i in other["id"]})
        chosen = list(_filled(same, table["id"].tolist()))
        there = sites.get("candidates")
        sites["candidates"] = table if there is None else _together(there, table)
        work.settings.setdefault("candidates_files", []).append(item.path.name)
    work.settings["hubs"] = list(dict.fromkeys(chosen))
    work.part(
        "hubs",
        f"{len(frame):,} family hubs, {in_centres:,} of them in a centre's building",
    )


def _hubs_there(
    work: _Work, frame: pd.DataFrame, same: Sequence[str], theirs: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Give the hubs that are centres or among somebody's own candidates, and what they are there.

    Their table stays as it is: the council's choice can name no other.
    """
    ids = set(theirs["id"])
    found = [
        centre or (own if (own := f"FH{hub['id']}") in ids else _same_building(hub, theirs))
        for centre, (_, hub) in zip(same, frame.iterrows(), strict=True)
    ]
    there = np.array([bool(id_) for id_ in found], dtype=bool)
    if not there.all():
        work.made.notes.append(
            f"candidates.csv is as you changed it and has not these family hubs: "
            f"{_shown(frame['name'][~there].tolist())}. They are left out; add them there, and to "
            "hubs.council_choice of study.toml."
        )
    return frame[there].reset_index(drop=True), [id_ for id_ in found if id_]


def _filled(same: Sequence[str], ids: Sequence[str]) -> Iterator[str]:
    """Give a centre's id where a hub is in one, and elsewhere the hub's own, in order."""
    own = iter(ids)
    return (centre or next(own) for centre in same)


def _same_building(hub: pd.Series, centres: pd.DataFrame) -> str:
    if not len(centres):
        return ""
    there = centres[["lon", "lat"]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    far = great_circle_m(there[:, 0], there[:, 1], hub["lon"], hub["lat"])
    far = np.where(np.isfinite(far), far, np.inf)
    return str(centres["id"].iloc[int(np.argmin(far))]) if far.min() <= _SAME_BUILDING_M else ""


def _settle_centres(work: _Work, sites: dict[str, pd.DataFrame]) -> None:
    """A study needs centres: where no register is at hand, stand-ins that say what they are."""
    there = sites.get("centres")
    if there is not None and (good := ~_lacking("centres", there).any(axis=1)).any():
        of = ", ".join(sorted(set(there["service"][good])))
        work.part("centres", f"{counted(int(good.sum()), 'centre')} of {of}")
        return
    areas = work.areas
    by = areas.get("children_0_4", areas["residents"])
    groups = (
        areas["ward"]
        if "ward" in areas
        else areas["parent"].where(areas["parent"] != "", areas["id"])
    )
    top = by.groupby(groups.to_numpy()).sum().sort_values(ascending=False, kind="stable").index
    rows = []
    for n, name in enumerate(top[:_STAND_INS], 1):
        own = np.flatnonzero((groups == name).to_numpy())
        at = own[int(np.argmax(by.to_numpy()[own]))]
        rows.append(
            (
                f"SI{n}",
                f"Stand-in {n}, {name} (not a real centre)",
                "childrens_centre",
                areas["lon"][at],
                areas["lat"][at],
                "yes",
                "assumed",
            )
        )
    made_up = pd.DataFrame(
        rows, columns=["id", "name", "service", "lon", "lat", "assumed", "position_basis"]
    )
    sites["centres"] = made_up if there is None else _together(made_up, there)
    work.settings["stand_ins"] = True
    why, hand = "No register of centres was at hand", _CENTRES_HAND
    if there is not None:
        why = f"Of the {counted(len(there), 'centre')} at hand none can be placed"
        hand = "Code-Point Open (Ordnance Survey), which places postcodes"
    work.study_notes.append(
        f"{why}: the centres are made-up stand-ins, so that the study can be tried. No figure "
        "about them says anything about a real centre."
    )
    state = f"{why[0].lower()}{why[1:]}: {counted(len(rows), 'made-up stand-in')}"
    work.part("centres", state, whole=False, by_hand=hand)


_CENTRES_HAND = (
    "your own sheet of centres (name, service, postcode or position; the file's name should hold "
    "'centres'), or edubaseallchildrencentre.csv (DfE) with Code-Point Open"
)


def _lacking(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Mark what each site lacks without which it cannot stand in its table."""
    lonlat = frame[["lon", "lat"]].apply(pd.to_numeric, errors="coerce")
    lacks = {"position": ~np.isfinite(lonlat).all(axis=1), "name": frame["name"] == ""}
    if table == "centres":
        lacks["service"] = frame["service"] == ""
    return pd.DataFrame(lacks)


def _settle_sites(work: _Work, table: str, frame: pd.DataFrame) -> None:
    """Rows with a position make the table; the others are named and kept in a file of their own."""
    frame = frame.drop(columns=["_given"], errors="ignore")
    lacking = _lacking(table, frame)
    placed = ~lacking.any(axis=1)
    lost = frame[~placed]
    stand_in = table == "centres" and work.settings.get("stand_ins", False)
    files = work.settings.get(f"{table}_files", [])
    source, licence = _source_of_sites(work, files)
    about = given = work.provenance(source, "see the file", licence, *files)
    if stand_in:
        about = work.provenance("Made-up stand-ins", "see the file", "MIT", whole=False)
    if len(lost):
        name = f"{table}_to_place.csv"
        work.tables[name] = (_csv_bytes(lost), given)
        without = " or ".join(str(what) for what in lacking if lacking[what].any())
        text = [
            f"{n or 'no name'} ({p})" if p else n or "no name"
            for n, p in zip(
                lost["name"], lost.get("postcode", pd.Series([""] * len(lost))), strict=True
            )
        ]
        work.part(
            f"{table} to place",
            f"{len(lost):,} have no {without} and are not measured: {_shown(text)}",
            whole=False,
            by_hand=f"give them a {without} in {name} and move them into {table}.csv",
        )
        if table == "centres":
            work.study_notes.append(
                f"In no figure, for want of a {without}: {counted(len(lost), 'centre')}, "
                f"{_shown(text)}."
            )
    kept = frame[placed].reset_index(drop=True)
    if table == "neighbours":
        work.part(table, f"{len(kept):,} within {work.buffer_m / 1000:g} km of the boundary")
    elif table == "candidates":
        work.part(table, f"{len(kept):,} sites")
    work.settings[f"{table}_frame"] = kept
    if len(kept):
        work.tables[f"{table}.csv"] = (_csv_bytes(kept), about)


def _source_of_sites(work: _Work, files: Sequence[str]) -> tuple[str, str]:
    """Whose sites they are, and under what terms: a council's own sheet does not state any."""
    own = [file for file in files if file in work.settings.get("own_sheets", ())]
    public = [file for file in files if file not in own]
    sources, licences = [], []
    if public:
        hubs = work.shelf.first("register hubs")
        lists = [file for file in public if hubs is not None and file == hubs.path.name]
        for source, of in ((registers._GIAS, [f for f in public if f not in lists]),
                           (registers._HUBS, lists)):  # fmt: skip
            sources += [f"{source} ({', '.join(of)})"] if of else []
        licences.append(registers._LICENCE)
    if own:
        sources.append(f"The council's own sheet ({', '.join(own)})")
        licences.append(f"of the council's own sheet {_NOT_STATED}" if public else _NOT_STATED)
    return "; ".join(sources), "; ".join(licences)


def _name_places(work: _Work) -> None:
    """Names for orientation: localities of the stops, the largest first."""
    item = work.shelf.first("stops")
    if item is None or item.source is None:
        return
    stops, _ = _parse_stops(item.source)
    stops = stops[_inside(work, stops)]
    frame = _places_of(stops)
    if len(frame):
        about = work.provenance(
            "Department for Transport: National Public Transport Access Nodes",
            "see the file",
            "Open Government Licence v3.0",
            item.path.name,
        )
        work.tables["places.csv"] = (_csv_bytes(frame), about)
        work.part("places", f"{len(frame):,} names of localities, by their stops")


# ------------------------------------------------------------------------------
# A study folder of any English council: from files at hand, from the internet, or both.

__all__ = ["Made", "make_study_folder"]
_CENSUS_DAY = {2021: "2021-03-21", 2011: "2011-03-27"}
_SOURCES = "sources"
_KEPT = "kept as you changed it"


def make_study_folder(
    code_or_name: str,
    folder: str | Path,
    *,
    areas: str = "oa21",
    from_folder: str | Path | None = None,
    offline: bool = False,
    net: Internet | None = None,
    buffer_m: float = 5000.0,
    progress: Callable[[str], None] = lambda step: None,
) -> Made:
    """Make a study folder of an English council that `access run` accepts at once.

    Parameters
    ----------
    code_or_name : str
        A local authority of England: ``"E08000018"`` or ``"Rotherham"``.
    folder : path
        Where the study is made. A second call fills in what is missing; a table that somebody
        changed is theirs and left as it is.
    areas : str
        ``"oa21"``, ``"oa11"``, ``"lsoa21"`` or ``"lsoa11"``.
    from_folder : path, optional
        Files that were downloaded by hand, of any names: told by what they hold.
    offline : bool
        Ask nobody on the internet.
    net : Internet, optional
        How sources are reached; the usual addresses if not given.
    buffer_m : float
        How far past the boundary neighbours' centres count, metres.
    progress : callable
        Called with a few words before each step.

    Returns
    -------
    Made
        Its parts; a source that is down leaves its part out, and is named.

    Raises
    ------
    ParameterError
        If there is no such council or unit: near names are listed.
    StudyError
        If areas with residents are not to be had, or the files are of another place.
    OutputError
        If the folder holds a study that was not made so, or cannot be written.
    """
    district = find_district(code_or_name)
    if areas not in _UNITS:
        raise ParameterError(f"no areas {areas!r}; expected one of {', '.join(_UNITS)}")
    folder = Path(folder)
    manifest = read_manifest(folder)
    _check_own(folder, manifest, district.code, areas)
    own = folder / _SOURCES
    places = [Path(from_folder)] if from_folder is not None else []
    progress("files at hand")
    shelf = _read_shelf(*places, *([own] if own.is_dir() else []))
    asked = _Asked(origin=_origins(manifest))
    if not offline:
        net = net or _internet_of(folder)
        fetched = {own / name for name in asked.origin} if net.refresh else set()
        former = [item for item in shelf.items if item.path in fetched]
        shelf.items = [item for item in shelf.items if item.path not in fetched]
        now = _ask_for_parts(net, shelf, district, areas, own, progress)
        there = {item.path for item in shelf.items}  # what could not be had again is still good
        shelf.items += [item for item in former if item.path not in there]
        asked = _Asked(asked.origin | now.origin, now.failed)
    made = Made(folder, district)
    work = _Work(district, areas, shelf, made, asked, places[0] if places else own, buffer_m)
    for step, words in _STEPS:
        progress(words)
        step(work)
    _finish(work, manifest)
    return made


def _check_own(folder: Path, manifest: Mapping[str, dict[str, Any]], code: str, unit: str) -> None:
    """Refuse a folder that holds another study: another's, another council's, of other areas."""
    if not (folder / "study.toml").exists():
        return
    said = manifest.get("study.toml", {})
    if "council" not in said:
        what = "a study that was not made from public tables"
    elif (said["council"], said.get("units")) != (code, unit):
        what = f"the study of {said['council']} by {said.get('units')}, not of {code} by {unit}"
    else:
        return
    raise OutputError(f"{folder} holds {what}; nothing was written. Name a new folder (--study)")


def _internet_of(folder: Path, **settings: Any) -> Internet:
    """The internet, with what it gave kept beside a study."""
    return Internet(folder / _SOURCES / ".kept", **settings)


def fetch_parts(
    code_or_name: str,
    folder: Path,
    parts: Collection[str],
    *,
    areas: str = "oa21",
    net: Internet,
    progress: Callable[[str], None] = lambda step: None,
) -> _Asked:
    """Fetch parts of a council's study into the folder ``sources`` of the study.

    Parameters
    ----------
    code_or_name : str
    folder : Path
    parts : collection of str
        ``"areas"``, ``"boundaries"``, ``"wards"``, ``"census"``, ``"deprivation"``,
        ``"postcodes"``, ``"centres"``, ``"hubs"``, ``"candidates"``.
    areas : str
    net : Internet
    progress : callable

    Returns
    -------
    Asked

    Raises
    ------
    ParameterError
        If the kind of areas is none that is known.
    OutputError
        If the folder cannot be written; a source that fails raises nothing and is named.
    """
    district, own = find_district(code_or_name), folder / _SOURCES
    if areas not in _UNITS:
        raise ParameterError(f"no areas {areas!r}; expected one of {', '.join(_UNITS)}")
    shelf = _Shelf() if net.refresh or not own.is_dir() else _read_shelf(own)
    asked = _ask_for_parts(net, shelf, district, areas, own, progress, parts)
    manifest = read_manifest(folder)
    if asked.origin:
        text = _manifest_text({}, manifest | _fetched_files(folder, asked))
        _write_all(folder, {"manifest.toml": text.encode()})
    return asked


def _origins(manifest: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Address and date of files that former calls fetched."""
    return {
        name.removeprefix(f"{_SOURCES}/"): (str(entry["urls"]), str(entry["fetched"]))
        for name, entry in manifest.items()
        if name.startswith(f"{_SOURCES}/") and {"urls", "fetched"} <= set(entry)
    }


def _fetched_files(folder: Path, asked: _Asked) -> dict[str, dict[str, str]]:
    """What the manifest says of each fetched file."""
    return {
        f"{_SOURCES}/{name}": {
            "sha256": sha256_of(folder / _SOURCES / name), "fetched": day, "urls": url,
        }
        for name, (url, day) in sorted(asked.origin.items())
        if (folder / _SOURCES / name).is_file()
    }  # fmt: skip


_STEPS: tuple[tuple[Callable[[_Work], None], str], ...] = (
    (_find_areas, "areas"),
    (_count_people, "people"),
    (_rank_deprivation, "deprivation"),
    (_find_boundaries, "boundaries"),
    (_name_wards, "wards"),
    (_find_postcodes, "postcodes"),
    (_find_sites, "sites"),
    (_name_places, "names of places"),
)


def _people_source(census: int) -> str:
    """Who counts people."""
    return f"Office for National Statistics, Census {census}"


def _finish(work: _Work, manifest: Mapping[str, dict[str, Any]]) -> None:
    """Write everything that is ours to write; what somebody changed stays as it is."""
    _, _, words, census = _UNITS[work.unit]
    files = [work.settings["areas_file"], *work.settings["census_files"]]
    about = work.provenance(_people_source(census), str(census), ons._LICENCE, *files)
    work.tables["areas.csv"] = (_csv_bytes(_area_table(work)), about)
    if len(work.parents):
        imd = work.settings.get("imd")
        source = _people_source(census) + (f"; {_INDICES.format(year=imd)}" if imd else "")
        about = work.provenance(
            source,
            f"{census}" + (f"; Indices {imd}" if imd else ""),
            ons._LICENCE,
            *files,
            work.settings.get("imd_file", ""),
        )
        work.tables["parents.csv"] = (_csv_bytes(work.parents.sort_values("id")), about)
    if work.shapes is not None:
        about = work.provenance(
            f"{ons.SOURCE}: boundaries of {words}s",
            str(census),
            ons._LICENCE,
            *work.settings["shape_files"],
        )
        work.tables["areas.geojson"] = (_geojson_bytes(work.shapes), about)
    text = _settings_text(_settings(work)).encode()
    work.tables["study.toml"] = (
        text,
        Provenance(
            "Settings of this study, made with its tables; proposals are the planner's",
            str(census),
            "MIT",
            more={"council": work.district.code, "units": work.unit},
        ),
    )
    write = {}
    folder = work.made.folder
    for name, (body, _) in work.tables.items():
        if (folder / name).exists() and not _made_by_us(folder, name, manifest):
            work.part(name, _KEPT)
        else:
            write[name] = body
    ours = {n: work.tables[n] for n in write}
    kept = {n: dict(e) for n, e in manifest.items() if n not in ours and (folder / n).exists()}
    stale = [
        n
        for n in manifest
        if n not in work.tables and _made_by_us(folder, n, manifest) and n.endswith("_to_place.csv")
    ]
    for name in stale:
        (folder / name).unlink()
        kept.pop(name, None)
    others = {
        n: (b"", Provenance(str(e["source"]), "", str(e["licence"])))
        for n, e in kept.items()
        if n not in stale and {"source", "licence"} <= set(e)
    }
    said = _attribution_text(work.tables | others | ours, work.district.spoken)
    write["ATTRIBUTION.md"] = said.encode()
    write["manifest.toml"] = _manifest_text(
        ours, kept | _fetched_files(folder, work.asked)
    ).encode()
    _write_all(folder, write)
    work.made.notes += [f"Not used: {line}" for line in work.shelf.refused]


def _area_table(work: _Work) -> pd.DataFrame:
    """The areas as they are written: the larger area under its own name."""
    rest = [c for c in work.areas if c not in ("id", "parent", "lon", "lat")]
    if work.areas["parent"].eq("").any():
        return work.areas[["id", "lon", "lat", *rest]]
    larger = _parent_key(work)
    return work.areas.rename(columns={"parent": larger})[["id", larger, "lon", "lat", *rest]]


def _parent_key(work: _Work) -> str:
    return "lsoa" if work.unit.startswith("oa") else "msoa"


def _settings(work: _Work) -> _Settings:
    s, census = work.settings, _UNITS[work.unit][3]
    frames = [s[f"{t}_frame"] for t in ("centres", "candidates", "neighbours") if f"{t}_frame" in s]
    lon = np.concatenate([work.areas["lon"], *(f["lon"].astype(float) for f in frames)])
    lat = np.concatenate([work.areas["lat"], *(f["lat"].astype(float) for f in frames)])
    codes = work.tables.get("postcodes.csv")
    if codes is not None:
        own = pd.read_csv(io.BytesIO(codes[0]))
        lon, lat = np.concatenate([lon, own["lon"]]), np.concatenate([lat, own["lat"]])
    box, _ = _derive_box(lon, lat, margin_m=work.buffer_m)
    centres = s["centres_frame"]
    known = {*work.areas, *s.get("shared", {})}
    services = {}
    for key in dict.fromkeys(centres["service"]):
        demand, noun = _SERVICES.get(key, ("", "", ("residents", "residents"), ""))[2]
        if demand not in known:
            work.made.notes.append(
                f"{demand} are not known by area: {key} is measured for residents."
            )
            demand, noun = "residents", "residents"
        services[key] = (demand, noun)
    imd = f"; Indices of Deprivation {s['imd']}" if "imd" in s else ""
    titles = [_SERVICES.get(k, (k.replace("_", " "),))[0] for k in services]
    return _Settings(
        name=work.district.short,
        title=f"{' and '.join(titles)} in {work.district.spoken}",
        place=work.district.spoken,
        as_of=_CENSUS_DAY[census],
        box=box,
        unit=_UNITS[work.unit][2],
        vintage=f"Census {census}{imd}",
        notes=work.study_notes,
        services=services,
        centres={
            str(k): list(zip(own["id"], own["name"], strict=True))
            for k, own in centres.groupby("service", sort=False)
        },
        shared=s.get("shared", {}),
        copied=s.get("copied", {}),
        parent_key=_parent_key(work),
        shapes=work.shapes is not None,
        counts=known,
        national_areas=s.get("national", 0),
        hubs=s.get("hubs", ()),
        buffer_m=work.buffer_m,
    )
