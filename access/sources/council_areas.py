"""A council's areas: where they are, who lives there, how deprived, in which bounds."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import shapely

from access.errors import ParameterError, StudyError
from access.sources import ons
from access.sources.asking import _Work
from access.sources.columns import _shown
from access.sources.figures import NATIONAL, _parse_deprivation
from access.sources.geography import _boundaries_from_former, _convert_ranks
from access.sources.ons import UNITS, _parse_boundaries, _parse_centroids, parse_lookup
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
