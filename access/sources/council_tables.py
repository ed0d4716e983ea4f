"""A council's tables: areas with their people; postcodes, centres, hubs and candidates."""

from __future__ import annotations

import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import AccessError, ParameterError, StudyError
from access.sources import ons, registers
from access.sources.asking import _Work
from access.sources.columns import _Mapping as ColumnMapping
from access.sources.columns import _propose, _shown
from access.sources.figures import NATIONAL, _parse_deprivation
from access.sources.importing import _csv_bytes, _derive_box, _import_source
from access.sources.ons import UNITS, _parse_boundaries, _parse_centroids, parse_lookup
from access.sources.points import (
    POSTCODES_LICENCE,
    POSTCODES_SOURCE,
    Postcodes,
    _boundaries_from_former,
    _convert_ranks,
    _parse_stops,
    _places_of,
    _read_postcodes,
)
from access.sources.registers import find_district
from access.sources.shelf import (
    BY_HAND,
    COUNTS,
    _Item,
    _lad_column,
    _read_people,
    _Shelf,
    _ward_columns,
)
from access.units import BRITISH_GRID, great_circle_m

# A council's areas: where they are, who lives there, how deprived, in which bounds.


def _find_areas(work: _Work) -> None:
    """Ids, centroids and parents of the district's areas."""
    unit = work.unit
    code, parent_code, words, _ = UNITS[unit]
    item = work.shelf.first(f"centroids {unit}")
    if item is None or item.source is None:
        why = work.asked.failed.get("areas", "")
        raise StudyError(
            f"no centroids of {words}s are at hand{f' ({why})' if why else ''}: get "
            f"{ons.LAYERS[f'centroids {unit}'].what} (population-weighted; ONS Open Geography "
            f"portal, CSV or GeoJSON with {code}) by hand and put the file into {work.hand_folder}"
        )
    frame = _parse_centroids(item.source, unit)
    twice = frame["id"][frame["id"].duplicated()].tolist()
    if twice:
        raise StudyError(f"{item.path.name} holds {_shown(twice)} twice; expected every area once")
    parents = _parents(work, frame, parent_code)
    frame["parent"] = frame["id"].map(parents).fillna("")
    own = _in_district(work, frame, item.path.name)
    lost = len(frame) - int(own.sum())
    frame = frame[own].reset_index(drop=True)
    if lost:
        work.made.notes.append(f"{item.path.name}: {lost:,} areas of other districts passed over.")
    placed = np.isfinite(frame[["lon", "lat"]].to_numpy(float)).all(axis=1)
    bad = frame["id"].to_numpy()[~placed].tolist()
    if bad:
        raise StudyError(f"{item.path.name}: {_shown(bad)} have no position")
    frame = frame.sort_values("id", ignore_index=True)
    work.areas = frame[["id", "parent", "lon", "lat"]]
    work.settings["areas_file"] = item.path.name
    work.part("areas", f"{len(frame):,} {words}s with population-weighted centroids")


def _parents(work: _Work, frame: pd.DataFrame, parent_code: str) -> dict[str, str]:
    """Larger area of every area: of its own table, else of a look-up."""
    column = next((c for c in frame.columns if c.casefold() == parent_code.casefold()), None)
    if column:
        return dict(zip(frame["id"], frame[column], strict=True))
    item = work.shelf.first(f"lookup {work.unit}")
    if item is None or item.source is None:
        return {}
    pairs = parse_lookup(item.source, UNITS[work.unit][0], parent_code)
    return dict(pairs.itertuples(index=False, name=None))


def _in_district(work: _Work, frame: pd.DataFrame, file: str) -> np.ndarray:
    """Areas of the district: by a table that says so, else by the boundary; told if neither."""
    said = _districts_said(work.shelf)
    codes = [
        said.get(i) or said.get(p, "") for i, p in zip(frame["id"], frame["parent"], strict=True)
    ]
    column = next((c for c in frame.columns if re.fullmatch(r"lad(\d\d)?cd", c.casefold())), None)
    if column:
        codes = frame[column].tolist()
    known = np.array([bool(c) for c in codes])
    own = np.isin(codes, work.district.codes)
    if known.any() and not own.any():
        found = sorted({c for c in codes if c})
        names = []
        for c in found[:3]:
            try:
                names.append(f"{find_district(c).name} ({c})")
            except ParameterError:
                names.append(c)
        raise StudyError(
            f"{file} holds areas of {', '.join(names)}, none of {work.district.name} "
            f"({work.district.code}); it is of another place"
        )
    if known.any():
        return own
    item = work.shelf.first("district")
    if item is not None and item.source is not None and item.source.shapes is not None:
        rows = item.source.frame[_lad_column(item.source)].isin(work.district.codes).to_numpy()
        if not rows.any():
            raise StudyError(f"{item.path.name} holds no boundary of {work.district.name}")
        ground = shapely.union_all(item.source.shapes.to_numpy()[rows])
        return np.asarray(shapely.contains_xy(ground, frame["lon"], frame["lat"]))
    if len(frame) > 5000:
        raise StudyError(
            f"{file} holds {len(frame):,} areas and nothing at hand tells which are of "
            f"{work.district.name}: add the look-up of areas to local authorities ({ons.SOURCE})"
        )
    work.made.notes.append(
        f"{file} does not say its local authority: all its {len(frame):,} areas "
        f"are taken for {work.district.name}."
    )
    return np.ones(len(frame), bool)


def _districts_said(shelf: _Shelf) -> dict[str, str]:
    """Local authority of every area that some file tells."""
    said: dict[str, str] = {}
    for item in shelf.items:
        if item.source is None or "postcodes" in item.roles:
            continue
        lad = _lad_column(item.source)
        if lad is None:
            continue
        for code, *_ in UNITS.values():
            column = ons.code_column(item.source, code)
            if column:
                said |= dict(zip(item.source.frame[column], item.source.frame[lad], strict=True))
    return said


def _count_people(work: _Work) -> None:
    """Counts of each area, and those known only for larger ones."""
    own = _read_people(work.shelf, work.unit, work.areas["id"].tolist())
    frame, notes = own.frame.reset_index(drop=True), list(own.notes)
    files = dict(own.files)
    parent_ids = sorted(set(work.areas["parent"]) - {""})
    if work.unit.startswith("oa") and parent_ids:
        level = f"lsoa{work.unit[-2:]}"
        larger = _read_people(work.shelf, level, parent_ids)
        extra = [str(c) for c in larger.frame if c not in frame]
        if extra and "residents" in frame:
            work.parents = larger.frame[extra].round().reset_index()
            work.settings["shared"] = {c: c for c in extra}
            files |= {c: larger.files[c] for c in extra if c in larger.files}
            notes += [n for n in larger.notes if any(c in n for c in extra)]
    if "residents" not in frame:
        why = work.asked.failed.get("census", "")
        raise StudyError(
            f"residents of the areas are not at hand{f' ({why})' if why else ''}: get "
            f"{BY_HAND['residents']} for {UNITS[work.unit][2]}s by hand and put the file into "
            f"{work.hand_folder}"
        )
    work.areas = pd.concat([work.areas, frame], axis=1)
    if {"households", "households_no_car"} <= set(work.areas):
        whole = work.areas["households"].to_numpy(float)
        none = np.minimum(work.areas["households_no_car"].to_numpy(float), whole)
        share = np.divide(none, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        work.areas["p_no_car"] = share.round(4)
    known = set(map(str, [*work.areas, *work.parents]))
    lacking = [c for c in BY_HAND if c not in known]
    counted = sorted(known & set(COUNTS))
    work.part(
        "census",
        f"{', '.join(counted)}" + (f"; not known: {', '.join(lacking)}" if lacking else ""),
        whole=not lacking,
        by_hand="; ".join(dict.fromkeys(BY_HAND[c] for c in lacking)),
        some=True,
    )
    work.made.notes += list(dict.fromkeys(notes))
    work.study_notes += [n for n in dict.fromkeys(notes) if "is an estimate" in n]
    work.settings["census_files"] = sorted(set(files.values()))


def _rank_deprivation(work: _Work) -> None:
    """Ranks and deciles by LSOA, of the indices that fit the areas' census best."""
    census = UNITS[work.unit][3]
    lsoas = work.areas["parent"] if work.unit.startswith("oa") else work.areas["id"]
    best: tuple[int, pd.DataFrame, str] | None = None
    for item in work.shelf.having("deprivation"):
        if item.source is None:
            continue
        frame, year, notes = _parse_deprivation(item.source)
        fitted, more = _ranks_for(work, frame, year, lsoas, item)
        if fitted is None:
            work.made.notes += more
            continue
        edition = max([int(y) for y in re.findall(r"20[12]\d", item.path.name)] or [year or census])
        if best is None or (edition, len(fitted.columns)) > (best[0], len(best[1].columns)):
            best = (edition, fitted, item.path.name)
            best_notes, best_estimates, out_of = notes, more, NATIONAL[year or census]
    by_hand = (
        "File 7 of the English Indices of Deprivation "
        f"{'2025' if census == 2021 else '2019 or 2015'} (gov.uk, CSV)"
    )
    if best is None:
        work.part("deprivation", "not at hand; weights are off", whole=False, by_hand=by_hand)
        return
    edition, frame, file = best
    work.made.notes += [*best_notes, *best_estimates]
    work.study_notes += best_estimates
    columns = [c for c in ("imd_rank", "imd_decile", "idaci_rank", "idaci_decile") if c in frame]
    if work.unit.startswith("oa"):
        table = frame[columns].reset_index(names="id")
        work.parents = (
            table if not len(work.parents) else work.parents.merge(table, on="id", how="outer")
        )
        work.settings["copied"] = {c: c for c in columns}
    else:
        work.areas[columns] = frame[columns].reindex(work.areas["id"]).to_numpy()
    work.settings |= {"national": out_of, "imd": edition, "imd_file": file}
    lacking = [c for c in ("imd_rank", "idaci_rank") if c not in columns]
    work.part(
        "deprivation",
        f"Indices of {edition}: {', '.join(columns)}"
        + (f"; {file} has no {', '.join(lacking)}" if lacking else ""),
        whole=not lacking,
        by_hand=by_hand if lacking else "",
        some=True,
    )


def _ranks_for(
    work: _Work, frame: pd.DataFrame, year: int, lsoas: pd.Series, item: _Item
) -> tuple[pd.DataFrame | None, list[str]]:
    """Ranks of the study's LSOAs; of the other census by look-up, and said."""
    census = UNITS[work.unit][3]
    wanted = sorted(set(lsoas) - {""})
    if set(wanted) <= set(frame.index):
        return frame.loc[wanted], []
    have = sum(i in frame.index for i in wanted)
    changes = work.shelf.first("changes lsoa")
    if changes is None or changes.source is None or not have or year == census:
        return (
            None,
            [
                f"{item.path.name} has {have:,} of the study's {len(wanted):,} LSOAs: it is "
                "of another census or place, and is not used."
            ],
        )
    pairs = parse_lookup(changes.source, "LSOA11CD", "LSOA21CD")
    if census == 2011:
        pairs = pairs[["lsoa21cd", "lsoa11cd"]]
    pairs = pairs[pairs.iloc[:, 1].isin(wanted)]
    ranks = frame.dropna(axis=1, how="all")
    done = _convert_ranks(ranks, pairs, pd.Series(1.0, index=ranks.index))
    if not set(wanted) <= set(done.frame.index):
        return (
            None,
            [
                f"{item.path.name} cannot be brought to the study's LSOAs: the look-up "
                "lacks some of them."
            ],
        )
    return done.frame.loc[wanted], [*done.notes]


def _find_boundaries(work: _Work) -> None:
    """Polygons of the areas: their own, else most of them of the census before."""
    unit, ids = work.unit, work.areas["id"]
    layer = ons.LAYERS[f"boundaries {unit}"].what
    by_hand = f"{layer} ({ons.SOURCE}; GeoJSON, generalised and clipped)"
    item = work.shelf.first(f"boundaries {unit}")
    if item is not None and item.source is not None:
        shapes = _parse_boundaries(item.source, UNITS[unit][0])
        missing = sorted(set(ids) - set(shapes.index))
        if not missing:
            work.shapes = shapes.loc[list(ids)]
            work.settings["shape_files"] = [item.path.name]
            work.part("boundaries", f"of all {len(ids):,} areas")
            return
        work.made.notes.append(
            f"{item.path.name} lacks {len(missing):,} of the areas "
            f"({_shown(missing)}): it is of another year or place."
        )
    former, parents = work.shelf.first("boundaries oa11"), work.shelf.first("boundaries lsoa21")
    if unit == "oa21" and former and parents and former.source and parents.source:
        try:
            work.shapes, estimated = _boundaries_from_former(
                work.areas,
                _parse_boundaries(former.source, "OA11CD"),
                _parse_boundaries(parents.source, "LSOA21CD"),
            )
        except StudyError as error:
            work.made.notes.append(error.message)
        else:
            note = (
                f"Boundaries: {len(ids) - estimated:,} areas kept their code and boundary from "
                f"2011; {estimated:,} that are new have an estimated one inside their LSOA."
            )
            work.study_notes.append(note)
            work.settings["shape_files"] = [former.path.name, parents.path.name]
            work.part("boundaries", note, whole=False, by_hand=by_hand, some=True)
            return
    work.part("boundaries", "not at hand; areas are shown as points", whole=False, by_hand=by_hand)


def _name_wards(work: _Work) -> None:
    """Ward of every area: where its centroid lies, else by a look-up."""
    best: tuple[int, _Item] | None = None
    for item in work.shelf.having("wards"):
        if item.source is not None and (found := _ward_columns(item.source)):
            year = int(re.sub(r"\D", "", found[0])[:2] or 0)
            best = max(best, (year, item), key=lambda b: b[0]) if best else (year, item)
    if best is not None:
        source = best[1].source
        assert source is not None and source.shapes is not None
        _, name = _ward_columns(source) or ("", "")
        points = shapely.points(work.areas[["lon", "lat"]].to_numpy())
        tree = shapely.STRtree(source.shapes.to_numpy())
        at = tree.nearest(points)
        inside = shapely.intersects(points, source.shapes.to_numpy()[at])
        if inside.mean() > 0.9:
            work.areas["ward"] = source.frame[name].to_numpy()[at]
            if (~inside).any():
                work.made.notes.append(
                    f"{(~inside).sum():,} centroids lie in no ward; the nearest is taken."
                )
            work.settings["ward_file"] = best[1].path.name
            work.part(
                "wards",
                f"{work.areas['ward'].nunique()} wards of 20{best[0]}, by where each centroid lies",
            )
            return
        work.made.notes.append(
            f"{best[1].path.name} is of another place: wards are not taken of it."
        )
    for level, key in ((work.unit, "id"), (f"lsoa{work.unit[-2:]}", "parent")):
        found_item = work.shelf.first(f"ward lookup {level}")
        if found_item is None or found_item.source is None:
            continue
        source = found_item.source
        columns = _ward_columns(source)
        code = ons.code_column(source, UNITS[level][0])
        names = (
            dict(zip(source.frame[code], source.frame[columns[1]], strict=True)) if columns else {}
        )
        ward = work.areas[key].map(names)
        if ward.notna().all():
            work.areas["ward"] = ward
            work.settings["ward_file"] = found_item.path.name
            work.part("wards", f"{len(ward.unique())} wards, by best fit of each {UNITS[level][2]}")
            return
    work.part("wards", "not at hand", whole=False, by_hand=f"boundaries of wards ({ons.SOURCE})")


# ------------------------------------------------------------------------------
# A council's postcodes, centres, hubs, candidates, neighbours and names of places.

_STAND_INS = 3
#: A hub this near to a centre is in the same building.
_SAME_BUILDING_M = 60.0


def _find_postcodes(work: _Work) -> None:
    """Postcodes of the district for the study, those around for placing sites."""
    item = next(work.shelf.having("postcodes"), None)
    box, _ = _derive_box(work.areas["lon"], work.areas["lat"], margin_m=work.buffer_m + 15_000)
    work.settings["postcodes"] = None
    if item is None:
        work.part(
            "postcodes",
            "not at hand",
            whole=False,
            by_hand="Code-Point Open (Ordnance Survey, OS Data Hub, CSV, the zip as it is)",
        )
        return
    work.settings["postcodes"] = _read_postcodes(item.path, near=box)
    own = _read_postcodes(item.path, districts=work.district.codes, near=box)
    work.made.notes += [f"{item.path.name}: {note}" for note in own.notes]
    frame = own.frame.reset_index()[["postcode", "lon", "lat"]]
    about = work.provenance(POSTCODES_SOURCE, "see the file", POSTCODES_LICENCE, item.path.name)
    work.tables["postcodes.csv"] = (_csv_bytes(frame), about)
    work.part("postcodes", f"{len(frame):,} of the district")


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
    codes: Postcodes | None = work.settings["postcodes"]
    sites: dict[str, pd.DataFrame] = {}
    for table in ("centres", "candidates", "neighbours"):
        read = [_own_sheet(work, item, table, codes) for item in work.shelf.having(table)]
        frames = [frame for frame in read if frame is not None]
        if frames:
            sites[table] = _each_id_once(_together(*frames))
    _from_registers(work, sites, codes)
    _hubs(work, sites, codes)
    _settle_centres(work, sites)
    for table, frame in sites.items():
        _settle_sites(work, table, frame)
    for table in ("candidates", "neighbours"):
        if table not in sites:
            work.part(table, "none at hand", whole=False, by_hand=_SITE_HAND[table])


_SITE_HAND = {
    "candidates": "your own sheet of libraries, schools and health centres (its name should hold "
    "'candidates'), or edubasealldata.csv (DfE, Get Information About Schools)",
    "neighbours": "edubaseallchildrencentre.csv (DfE, Get Information About Schools) with "
    "Code-Point Open",
}


def _own_sheet(
    work: _Work, item: _Item, table: str, codes: Postcodes | None
) -> pd.DataFrame | None:
    """A council's own sheet; faults in it are told and it is left out."""
    assert item.source is not None
    found = _propose(list(item.source.frame.columns), table)
    fixed = (
        {} if table != "centres" or "service" in found.columns else {"service": "childrens_centre"}
    )
    values: Mapping[str, Mapping[str, str]] = {}
    if "service" in found.columns:
        texts = item.source.frame[found.columns["service"]].unique()
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
    return plain if re.fullmatch(r"[a-z][a-z0-9_]*", plain) else f"service_{plain}".rstrip("_")


def _together(*frames: pd.DataFrame) -> pd.DataFrame:
    """Tables of one kind as one; a text that one of them lacks is empty."""
    out = pd.concat(frames, ignore_index=True)
    for name in out.columns:
        if not pd.api.types.is_numeric_dtype(out[name]):
            out[name] = out[name].astype(object).where(out[name].notna(), "")
    return out


def _each_id_once(frame: pd.DataFrame) -> pd.DataFrame:
    again = frame.groupby("id").cumcount()
    frame["id"] = [f"{i}-{n + 1}" if n else i for i, n in zip(frame["id"], again, strict=True)]
    return frame


def _from_registers(work: _Work, sites: dict[str, pd.DataFrame], codes: Postcodes | None) -> None:
    item = work.shelf.first("register centres")
    if item is not None and item.source is not None:
        frame, notes = registers.parse_register(item.source, codes)
        work.made.notes += [f"{item.path.name}: {note}" for note in notes]
        own = registers.own_authority(frame, work.district, _inside(work, frame))
        if "centres" not in sites and own.any():
            sites["centres"] = registers.as_centres(frame[own], "childrens_centre", "CC")
            work.settings["centres_files"] = [item.path.name]
            work.study_notes += notes
        if "neighbours" not in sites:
            others = frame[~own & np.isfinite(frame["lon"])].reset_index(drop=True)
            far = _metres_outside(work, others[["lon", "lat"]].to_numpy(float))
            near = others[far <= work.buffer_m]
            sites["neighbours"] = near[
                ["id", "name", "type", "authority", "address", "postcode", "lon", "lat"]
            ].assign(id="NB" + near["id"])
            work.settings["neighbours_files"] = [item.path.name]
    schools = work.shelf.first("register schools")
    if schools is not None and schools.source is not None:
        frame, notes = registers.parse_register(schools.source, codes)
        good = frame["phase"].str.casefold().str.contains("secondary|all-through|16 plus|nursery")
        is_open = (frame["status"] == "") | frame["status"].str.casefold().str.startswith("open")
        picked = frame[good & is_open & _inside(work, frame)].reset_index(drop=True)
        table = registers.as_candidates(picked, "SC", ["school"] * len(picked))
        there = sites.get("candidates")
        sites["candidates"] = table if there is None else _each_id_once(_together(there, table))
        work.settings.setdefault("candidates_files", []).append(schools.path.name)
        work.made.notes.append(
            f"{schools.path.name}: {len(picked):,} open secondary, all-through, "
            "nursery schools and colleges are candidates; others are not."
        )


def _hubs(work: _Work, sites: dict[str, pd.DataFrame], codes: Postcodes | None) -> None:
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
    frame, _ = registers.parse_register(item.source, codes)
    frame = frame[registers.own_authority(frame, work.district, None)].reset_index(drop=True)
    placed = np.isfinite(frame["lon"].to_numpy(float))
    if (~placed).any():
        work.made.notes.append(
            f"{item.path.name}: {_shown(frame['name'][~placed].tolist())} cannot be "
            "placed by postcode and are left out."
        )
    frame = frame[placed].reset_index(drop=True)
    centres = sites.get("centres", pd.DataFrame())
    chosen, new = [], []
    for i, hub in frame.iterrows():
        same = _same_building(hub, centres)
        chosen.append(same or f"FH{hub['id']}")
        if not same:
            new.append(i)
    if new:
        table = registers.as_candidates(frame.loc[new], "FH", ["family_hub"] * len(new))
        there = sites.get("candidates")
        sites["candidates"] = table if there is None else _together(there, table)
        work.settings.setdefault("candidates_files", []).append(item.path.name)
    work.settings["hubs"] = list(dict.fromkeys(chosen))
    work.part(
        "hubs",
        f"{len(frame):,} family hubs, {len(frame) - len(new):,} of them in a centre's building",
    )


def _same_building(hub: pd.Series, centres: pd.DataFrame) -> str:
    if not len(centres):
        return ""
    there = centres[["lon", "lat"]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    far = great_circle_m(there[:, 0], there[:, 1], hub["lon"], hub["lat"])
    far = np.where(np.isfinite(far), far, np.inf)
    return str(centres["id"].iloc[int(np.argmin(far))]) if far.min() <= _SAME_BUILDING_M else ""


def _settle_centres(work: _Work, sites: dict[str, pd.DataFrame]) -> None:
    """A study needs centres: where no register is at hand, stand-ins that say what they are."""
    if "centres" in sites:
        frame = sites["centres"]
        lost = ~np.isfinite(frame[["lon", "lat"]].apply(pd.to_numeric, errors="coerce")).all(axis=1)
        if (~lost).any():
            state = f"{int((~lost).sum()):,} centres of {', '.join(sorted(set(frame['service'])))}"
            work.part("centres", state)
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
    sites["centres"] = pd.DataFrame(
        rows, columns=["id", "name", "service", "lon", "lat", "assumed", "position_basis"]
    )
    work.settings["stand_ins"] = True
    work.study_notes.append(
        "No register of centres was at hand: the centres are made-up stand-ins, so that the study "
        "can be tried. No figure about them says anything about a real centre."
    )
    work.part(
        "centres",
        f"no register at hand: {len(rows)} made-up stand-ins",
        whole=False,
        by_hand="your own sheet of centres (name, service, postcode or position; the file's "
        "name should hold 'centres'), or edubaseallchildrencentre.csv (DfE) with Code-Point "
        "Open",
    )


def _settle_sites(work: _Work, table: str, frame: pd.DataFrame) -> None:
    """Rows with a position make the table; the others are named and kept in a file of their own."""
    frame = frame.drop(columns=["_given"], errors="ignore")
    placed = np.isfinite(frame[["lon", "lat"]].apply(pd.to_numeric, errors="coerce")).all(axis=1)
    lost = frame[~placed]
    stand_in = table == "centres" and work.settings.get("stand_ins", False)
    files = work.settings.get(f"{table}_files", [])
    source = (
        "Made-up stand-ins"
        if stand_in
        else (f"{registers.GIAS} or the council's own sheet ({', '.join(files)})")
    )
    about = work.provenance(
        source, "see the file", "MIT" if stand_in else registers.LICENCE, *files, whole=not stand_in
    )
    if len(lost):
        name = f"{table}_to_place.csv"
        work.tables[name] = (_csv_bytes(lost), about)
        text = [
            f"{n} ({p})" if p else n
            for n, p in zip(
                lost["name"], lost.get("postcode", pd.Series([""] * len(lost))), strict=True
            )
        ]
        work.part(
            f"{table} to place",
            f"{len(lost):,} have no position and are not measured: {_shown(text)}",
            whole=False,
            by_hand=f"give them a position in {name} and move them into {table}.csv",
        )
        if table == "centres":
            work.study_notes.append(
                f"{len(lost):,} centres could not be placed and are not in any "
                f"figure: {_shown(text)}."
            )
    kept = frame[placed].reset_index(drop=True)
    if table == "neighbours":
        work.part(table, f"{len(kept):,} within {work.buffer_m / 1000:g} km of the boundary")
    elif table == "candidates":
        work.part(table, f"{len(kept):,} sites")
    work.settings[f"{table}_frame"] = kept
    if len(kept):
        work.tables[f"{table}.csv"] = (_csv_bytes(kept), about)


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
