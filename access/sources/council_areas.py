"""What a council's study still lacks is asked for; its areas, people and bounds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import AccessError, FetchError, ParameterError, StudyError
from access.sources import figures, ons, registers
from access.sources.columns import _shown
from access.sources.figures import _FILE_7, _NATIONAL, _parse_deprivation
from access.sources.folder import _GROUPS, Provenance
from access.sources.http import Fetched, Internet
from access.sources.ons import _UNITS, _parse_boundaries, _parse_centroids, _parse_lookup
from access.sources.points import _boundaries_from_former, _convert_ranks, _fetch_postcodes
from access.sources.registers import _District, find_district
from access.sources.shelf import (
    _BY_HAND,
    _COUNTS,
    _figures_at_hand,
    _is_of_unit,
    _Item,
    _lad_column,
    _read_people,
    _Shelf,
    _ward_columns,
)

# What a study still lacks is asked for; what is being put together, and how each part fared.

_AT_ONCE = 2
#: Most by which tables of one census differ in an area, for what is changed to protect people.
_CHANGED_BY = 5


@dataclass
class _Asked:
    """What came of asking.

    Parameters
    ----------
    origin : dict of str to (str, str)
        File name to its address and the date it was fetched.
    failed : dict of str to str
        _Part to why it could not be had.
    """

    origin: dict[str, tuple[str, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """One file to fetch: for which part, under which name, and how."""

    part: str
    name: str
    role: str
    fetch: Callable[[Path], Fetched]


def _ask_for_parts(
    net: Internet,
    shelf: _Shelf,
    district: _District,
    unit: str,
    folder: Path,
    progress: Callable[[str], None],
    parts: Collection[str] = (),
) -> _Asked:
    """Fetch every file that is not at hand into a folder, and put it on the shelf.

    Parameters
    ----------
    net : Internet
    shelf : Shelf
        What is at hand; fetched files are added.
    district : District
    unit : str
    folder : Path
        Where small files are put, for the next call.
    progress : callable
    parts : collection of str
        Only these; all when empty. The look-up of areas comes with the boundaries.

    Returns
    -------
    Asked
    """
    asked = _Asked()
    groups = [
        _ons_tasks(net, district, unit, folder),
        _nomis_tasks(net, district, unit, _figures_at_hand(shelf, unit)),
        _other_tasks(net, unit),
    ]
    have = {
        role
        for item in shelf.items
        for role in item.roles
        if not role.startswith("figures") or _is_of_unit(item, unit)
    }
    wanted = [[t for t in g if t.role not in have and _is_asked(t, parts)] for g in groups]

    def run(tasks: list[_Task]) -> list[tuple[_Task, Fetched | None, str]]:
        done: list[tuple[_Task, Fetched | None, str]] = []
        for task in tasks:
            progress(f"asking for {task.part}")
            try:
                done.append((task, task.fetch(folder / task.name), ""))
            except AccessError as error:
                done.append((task, None, error.message))
        return done

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = [row for rows in pool.map(run, wanted) for row in rows]
    for task, got, why in results:
        if got is None:
            asked.failed.setdefault(task.part, why)
            continue
        path = folder / task.name
        if got.path != path:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(got.path, path.with_name(f".{path.name}.part"))
            path.with_name(f".{path.name}.part").replace(path)
        item = shelf.add(path)
        if item is None or task.role not in item.roles:
            path.unlink()
            net.forget(got.url)
            why = shelf.refused.pop() if item is None or not item.roles else path.name
            asked.failed.setdefault(task.part, f"what {got.url} gave is another thing: {why}")
        else:
            asked.origin[task.name] = (got.url, got.day)
    return asked


def _is_asked(task: _Task, parts: Collection[str]) -> bool:
    needed = task.role.startswith("lookup") and "boundaries" in parts
    return not parts or task.part in parts or needed


def _ons_tasks(net: Internet, district: _District, unit: str, folder: Path) -> list[_Task]:
    """Look-up first: it tells the codes that the other layers are asked for."""
    code = _UNITS[unit][0]
    codes: dict[str, list[str]] = {}

    def lookup(path: Path) -> Fetched:
        where = [
            f"LAD{year}CD IN ({','.join(f'{c!r}' for c in district.codes)})"
            for year in range(11, 30)
        ]
        return ons._fetch_layer(net, ons._LAYERS[f"lookup {unit}"], where, path, geometry=False)

    def by_code(layer: str, geometry: bool) -> Callable[[Path], Fetched]:
        def fetch(path: Path) -> Fetched:
            if not codes:
                path_of = folder / f"lookup_{unit}.geojson"
                if not path_of.exists():
                    raise FetchError(
                        "the look-up that tells which areas are the district's is missing"
                    )
                codes["own"] = sorted(ons._parse_lookup(path_of, *_UNITS[unit][:2])[code.lower()])
            return ons._fetch_codes(
                net, ons._LAYERS[layer], code, codes["own"], path, geometry=geometry
            )

        return fetch

    def wards(path: Path) -> Fetched:
        where = [
            f"LAD{year}CD IN ({','.join(f'{c!r}' for c in district.codes)})"
            for year in range(29, 22, -1)
        ]
        return ons._fetch_layer(net, ons._LAYERS["wards"], where, path)

    return [
        _Task("areas", f"lookup_{unit}.geojson", f"lookup {unit}", lookup),
        _Task(
            "areas",
            f"centroids_{unit}.geojson",
            f"centroids {unit}",
            by_code(f"centroids {unit}", True),
        ),
        _Task(
            "boundaries",
            f"boundaries_{unit}.geojson",
            f"boundaries {unit}",
            by_code(f"boundaries {unit}", True),
        ),
        _Task("wards", "wards.geojson", "wards", wards),
    ]


def _nomis_tasks(net: Internet, district: _District, unit: str, known: set[str]) -> list[_Task]:
    """Census tables whose figures no file at hand has."""

    def fetch(topic: figures._Topic) -> Callable[[Path], Fetched]:
        def by_any_code(path: Path) -> Fetched:
            """NOMIS may know a district by its former code only, or by those it was made of."""
            for codes in district.eras[:-1]:
                try:
                    return figures._fetch_topic(net, topic, codes, unit, path)
                except figures._NoRowsError:
                    continue
            return figures._fetch_topic(net, topic, district.eras[-1], unit, path)

        return by_any_code

    return [
        _Task(
            "census",
            f"{topic.name.split()[0].lower()}_{unit}.csv",
            f"figures {topic.dataset}",
            fetch(topic),
        )
        for topic in figures._TOPICS[_UNITS[unit][3]]
        if not {topic.figures[0][0], *({topic.total} & set(_COUNTS))} <= known
    ]


def _other_tasks(net: Internet, unit: str) -> list[_Task]:
    year = 2025 if _UNITS[unit][3] == 2021 else 2019
    return [
        _Task(
            "deprivation",
            f"File_7_IoD{year}.csv",
            "deprivation",
            lambda path: figures._fetch_deprivation(net, year),
        ),
        _Task("postcodes", "codepo_gb.zip", "postcodes", lambda path: _fetch_postcodes(net)),
        _Task(
            "centres",
            "edubaseallchildrencentre.csv",
            "register centres",
            lambda path: registers._fetch_register(net, "centres"),
        ),
        _Task(
            "hubs",
            "List_of_family_hub_sites.csv",
            "register hubs",
            lambda path: registers._fetch_hubs(net),
        ),
        _Task(
            "candidates",
            "edubasealldata.csv",
            "register schools",
            lambda path: registers._fetch_register(net, "schools"),
        ),
    ]


@dataclass
class _Part:
    """One part of a study folder.

    Parameters
    ----------
    name : str
    state : str
        What became of it, in words.
    whole : bool
    by_hand : str
        Which file to get by hand and where to put it, if it is not whole.
    some : bool
        Whether there is some of it.
    """

    name: str
    state: str
    whole: bool = True
    by_hand: str = ""
    some: bool = False

    @property
    def mark(self) -> str:
        """``ok``, ``in part`` or ``MISSING``."""
        return "ok" if self.whole else "in part" if self.some else "MISSING"


@dataclass
class Made:
    """A study folder that was made, and what is still to be done.

    Parameters
    ----------
    folder : Path
    district : District
    parts : list of _Part
    notes : list of str
        What was converted, estimated or left out.
    """

    folder: Path
    district: _District
    parts: list[_Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether no part is missing."""
        return all(part.whole for part in self.parts)

    def to_text(self) -> str:
        """Say what was made, what is missing, and what to do."""
        lines = [f"{self.folder}: a study of {self.district.spoken} ({self.district.code})", ""]
        lines += [f"  {part.mark:<7} {part.name}: {part.state}" for part in self.parts]
        hand = [p for p in self.parts if p.by_hand]
        if hand:
            lines += ["", "To get by hand, then give the same command again:"]
            lines += [f"  {p.name}: {p.by_hand}" for p in hand]
        if self.notes:
            lines += ["", "What was done on the way:"] + [f"  - {note}" for note in self.notes]
        return "\n".join(lines)


@dataclass
class _Work:
    """What is being put together."""

    district: _District
    unit: str
    shelf: _Shelf
    made: Made
    asked: _Asked
    hand_folder: Path
    buffer_m: float
    areas: pd.DataFrame = field(default_factory=pd.DataFrame)
    parents: pd.DataFrame = field(default_factory=pd.DataFrame)
    shapes: gpd.GeoSeries | None = None
    tables: dict[str, tuple[bytes, Provenance]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    study_notes: list[str] = field(default_factory=list)

    def part(
        self, name: str, state: str, *, whole: bool = True, by_hand: str = "", some: bool = False
    ) -> None:
        """Note what became of a part; one that is missing says why the internet did not help."""
        why = self.asked.failed.get(name, "")
        if not whole and why:
            state = f"{state} ({why})"
        if by_hand and not whole:
            by_hand = f"{by_hand}; put it into {self.hand_folder}"
        self.made.parts.append(_Part(name, state, whole, by_hand, some))

    def provenance(
        self, source: str, vintage: str, licence: str, *files: str, whole: bool = True
    ) -> Provenance:
        """Where a table comes from; addresses and dates where it was fetched."""
        got = [self.asked.origin[f] for f in files if f in self.asked.origin]
        days = sorted({day for _, day in got})
        return Provenance(
            source, vintage, licence, tuple(url for url, _ in got), days[-1] if days else "", whole
        )


# ------------------------------------------------------------------------------
# A council's areas: where they are, who lives there, how deprived, in which bounds.


def _find_areas(work: _Work) -> None:
    """Ids, centroids and parents of the district's areas."""
    unit = work.unit
    code, parent_code, words, _ = _UNITS[unit]
    item = work.shelf.first(f"centroids {unit}")
    if item is None or item.source is None:
        why = work.asked.failed.get("areas", "")
        raise StudyError(
            f"no centroids of {words}s are at hand{f' ({why})' if why else ''}: get "
            f"{ons._LAYERS[f'centroids {unit}'].what} (population-weighted; ONS Open Geography "
            f"portal, CSV or GeoJSON with {code}) by hand and put the file into {work.hand_folder}"
        )
    frame = _parse_centroids(item.source, unit)
    twice = frame["id"][frame["id"].duplicated()].tolist()
    if twice:
        raise StudyError(f"{item.path.name} holds {_shown(twice)} twice; expected every area once")
    parents = _parents(work, frame, parent_code)
    frame["parent"] = [parents.get(i, "") for i in frame["id"]]
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
    alone = frame["parent"].eq("")
    if alone.any() and not alone.all():  # figures of a larger area go to all of it or to none
        work.made.notes.append(
            f"{_shown(frame['id'][alone].tolist())} have no {parent_code} in the look-up at hand, "
            "which is of another year or not whole: no larger areas are used."
        )
        frame["parent"] = ""
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
    pairs = _parse_lookup(item.source, _UNITS[work.unit][0], parent_code)
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
        for code, *_ in _UNITS.values():
            column = ons._code_column(item.source, code)
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
            f"{_BY_HAND['residents']} for {_UNITS[work.unit][2]}s by hand and put the file into "
            f"{work.hand_folder}"
        )
    notes += _settle_parts(frame)
    work.areas = pd.concat([work.areas, frame], axis=1)
    if {"households", "households_no_car"} <= set(work.areas):
        whole = work.areas["households"].to_numpy(float)
        none = np.minimum(work.areas["households_no_car"].to_numpy(float), whole)
        share = np.divide(none, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        work.areas["p_no_car"] = share.round(4)
    known = set(map(str, [*work.areas, *work.parents]))
    lacking = [c for c in _BY_HAND if c not in known]
    counted = sorted(known & set(_COUNTS))
    work.part(
        "census",
        f"{', '.join(counted)}" + (f"; not known: {', '.join(lacking)}" if lacking else ""),
        whole=not lacking,
        by_hand="; ".join(dict.fromkeys(_BY_HAND[c] for c in lacking)),
        some=True,
    )
    work.made.notes += list(dict.fromkeys(notes))
    work.study_notes += [n for n in dict.fromkeys(notes) if "is an estimate" in n]
    work.settings["census_files"] = sorted(set(files.values()))


def _settle_parts(frame: pd.DataFrame) -> list[str]:
    """Take a part that is a few above its whole for the whole.

    Each census table is changed a little for itself, so that nobody is told by the difference.
    """
    notes = []
    for part, _, whole, _ in _GROUPS:
        of = "residents" if whole == "people" and whole not in frame else whole
        if not {part, of} <= set(frame):
            continue
        above = frame[part] - frame[of]
        few = (above > 0) & (above <= _CHANGED_BY)
        if few.any():
            frame.loc[few, part] = frame.loc[few, of]
            notes.append(
                f"{part} is above {of} by up to {above[few].max():g} in {few.sum():,} areas, as "
                "each table of a census is changed a little to protect people: taken for all."
            )
    return notes


def _rank_deprivation(work: _Work) -> None:
    """Ranks and deciles by LSOA, of the indices that fit the areas' census best."""
    census = _UNITS[work.unit][3]
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
        edition = _edition(item.path.name, year, census)
        if best is None or (edition, len(fitted.columns)) > (best[0], len(best[1].columns)):
            best = (edition, fitted, item.path.name)
            lsoas_of = year or (2011 if 0 < edition < 2025 else census)
            best_notes, best_estimates, out_of = notes, more, _NATIONAL[lsoas_of]
    by_hand = (
        "File 7 of the English Indices of Deprivation "
        f"{'2025' if census == 2021 else '2019 or 2015'} (gov.uk, CSV)"
    )
    if work.unit.startswith("oa") and lsoas.eq("").all():
        layer = ons._LAYERS[f"lookup {work.unit}"].what
        work.part(
            "deprivation",
            "the LSOAs of the areas are not known; weights are off",
            whole=False,
            by_hand=f"{layer} ({ons.SOURCE}), and {by_hand}",
        )
        return
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
    said = edition or "(year not stated)"
    work.settings |= {"national": out_of, "imd": said, "imd_file": file}
    lacking = [c for c in ("imd_rank", "idaci_rank") if c not in columns]
    work.part(
        "deprivation",
        f"Indices of {said}: {', '.join(columns)}"
        + (f"; {file} has no {', '.join(lacking)}" if lacking else ""),
        whole=not lacking,
        by_hand=by_hand if lacking else "",
        some=True,
    )


def _edition(file: str, year: int, census: int) -> int:
    """Year of the indices, by the census of their LSOAs and the file's name; 0 if untold.

    A name may hold other years, such as that of the download.
    """
    fits = [e for e in _FILE_7 if not year or (e == 2025) == (year == 2021)]  # 2025 alone has 2021
    named = [e for e in fits if re.search(rf"(?<!\d){e}(?!\d)", file)]
    if named or len(fits) == 1:
        return max(named or fits)
    return 2025 if not year and census == 2021 else 0


def _ranks_for(
    work: _Work, frame: pd.DataFrame, year: int, lsoas: pd.Series, item: _Item
) -> tuple[pd.DataFrame | None, list[str]]:
    """Ranks of the study's LSOAs; of the other census by look-up, and said."""
    census = _UNITS[work.unit][3]
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
    pairs = _parse_lookup(changes.source, "LSOA11CD", "LSOA21CD")
    if census == 2011:
        pairs = pairs[["lsoa21cd", "lsoa11cd"]]
    pairs = pairs[pairs.iloc[:, 1].isin(wanted)]
    ranks = frame.dropna(axis=1, how="all")
    done = _convert_ranks(ranks, pairs, None)
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
    layer = ons._LAYERS[f"boundaries {unit}"].what
    by_hand = f"{layer} ({ons.SOURCE}; GeoJSON, generalised and clipped)"
    item = work.shelf.first(f"boundaries {unit}")
    if item is not None and item.source is not None:
        shapes = _parse_boundaries(item.source, _UNITS[unit][0])
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
    layers: list[tuple[int, _Item]] = []
    for item in work.shelf.having("wards"):
        if item.source is not None and (found := _ward_columns(item.source)):
            layers.append((int(re.sub(r"\D", "", found[0])[:2] or 0), item))
    for best in sorted(layers, key=lambda layer: -layer[0]):  # the newest that is of this place
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
        code = ons._code_column(source, _UNITS[level][0])
        names = (
            dict(zip(source.frame[code], source.frame[columns[1]], strict=True)) if columns else {}
        )
        ward = work.areas[key].map(names)
        if ward.notna().all():
            work.areas["ward"] = ward
            work.settings["ward_file"] = found_item.path.name
            work.part(
                "wards", f"{len(ward.unique())} wards, by best fit of each {_UNITS[level][2]}"
            )
            return
    work.part("wards", "not at hand", whole=False, by_hand=f"boundaries of wards ({ons.SOURCE})")
