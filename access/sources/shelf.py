"""Which of the files at hand is which source, and what figures of people they hold."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import AccessError, StudyError
from access.sources.columns import (
    _known_headers,
    _of_people,
    _plain,
    _propose,
    _read_numbers,
    _shown,
)
from access.sources.figures import (
    _TOPICS,
    _TOPICS_ESTIMATES,
    _holds_deprivation,
    _parse_figures,
    _topics_held,
)
from access.sources.ons import _UNITS, _code_column
from access.sources.points import _is_code_point
from access.sources.registers import _register_kind
from access.sources.tables import _SHAPES, _SHEETS, _read_source, _Source

#: Files of a folder that are looked at; more is no folder of downloads.
_MOST_FILES = 500
_KNOWN = frozenset(
    (
        "oa21cd",
        "oa11cd",
        "lsoa21cd",
        "lsoa11cd",
        "geographycode",
        "establishmentname",
        "familyhub",
        "postcode",
        "obsvalue",
        "lsoa21code",
        "lsoa11code",
        "lsoacode2011",
        "lsoacode2021",
    )
)


@dataclass
class _Item:
    """One file that was read.

    Parameters
    ----------
    path : Path
    source : Source or None
        None for Code-Point Open, which is read when its district is known.
    roles : list of str
        What it can serve for.
    figures : dict of int to (DataFrame, list of str)
        Its figures of a census, and what was converted, once they were read.
    """

    path: Path
    source: _Source | None
    roles: list[str] = field(default_factory=list)
    figures: dict[int, tuple[pd.DataFrame, list[str]]] = field(default_factory=dict)


@dataclass
class _Shelf:
    """Every file at hand, by what it can serve for.

    Parameters
    ----------
    items : list of Item
    refused : list of str
        Files that were looked at and cannot be read, and why.
    """

    items: list[_Item] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def having(self, role: str) -> Iterator[_Item]:
        """Files that can serve for something, in the order of their names."""
        return (item for item in self.items if role in item.roles)

    def first(self, role: str) -> _Item | None:
        """The first of them."""
        return next(self.having(role), None)

    def add(self, path: Path) -> _Item | None:
        """Look at a file and put it where it belongs."""
        try:
            item = _look_at(path)
        except AccessError as error:
            self.refused.append(f"{path.name}: {error.message}")
            return None
        if item.roles:
            self.items.append(item)
        else:
            self.refused.append(
                f"{path.name}: holds nothing that a study is made of "
                f"({_shown(list(item.source.frame.columns)) if item.source else ''})"
            )
        return item


def _read_shelf(*folders: Path) -> _Shelf:
    """Look at every file of the folders, and of the folders in them.

    Raises
    ------
    StudyError
        If a folder is not there, or holds too much.
    """
    shelf = _Shelf()
    for folder in folders:
        if not folder.is_dir():
            raise StudyError(
                f"{folder} is not a folder; expected one with files that were downloaded"
            )
        seen: set[Path] = set()
        for path in sorted(folder.rglob("*")):
            if any(part.startswith((".", "__")) for part in path.relative_to(folder).parts):
                continue
            if _is_code_point_folder(path):
                seen.add(path)
                shelf.items.append(_Item(path, None, ["postcodes"]))
            ending = path.suffix.casefold()
            if seen & set(path.parents) or ending not in _SHEETS | _SHAPES or not path.is_file():
                continue
            if len(shelf.items) + len(shelf.refused) > _MOST_FILES:
                raise StudyError(
                    f"{folder} holds more than {_MOST_FILES} files; expected a folder "
                    "of downloads for one study"
                )
            shelf.add(path)
    return shelf


def _is_code_point_folder(path: Path) -> bool:
    """``Data/CSV`` of the unpacked product: one file a postcode area, no headers."""
    if not path.is_dir() or path.name.casefold() != "csv":
        return False
    first = next(iter(sorted(path.glob("*.csv"))), None)
    return first is not None and _is_code_point_file(first)


def _is_code_point_file(path: Path) -> bool:
    with path.open("rb") as file:
        line = file.read(400).split(b"\n", 1)[0]
    row = next(csv.reader([line.decode("utf-8", "replace")]), [])
    return _is_code_point(row)


def _look_at(path: Path) -> _Item:
    ending = path.suffix.casefold()
    if ending == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any("/csv/" in f"/{name.casefold()}" for name in archive.namelist()):
                return _Item(path, None, ["postcodes"])
    if ending in _SHEETS and not zipfile.is_zipfile(path) and _is_code_point_file(path):
        return _Item(path, None, ["postcodes"])
    source = _read_source(path, known=_KNOWN | _known_headers("areas") | _known_headers("centres"))
    return _Item(path, source, list(_roles(path, source)))


def _roles(path: Path, source: _Source) -> Iterator[str]:
    names = set(map(_plain, source.frame.columns))
    register = _register_kind(source)
    if register:
        yield f"register {register}"
        return
    if source.shapes is not None:
        yield from _shape_roles(source)
        return
    if _is_postcodes(source, names):
        yield "postcodes"
        return
    if _holds_deprivation(source):
        yield "deprivation"
    if {"atcocode", "stoptype"} <= names or {"id", "stoptype", "localityname"} <= names:
        yield "stops"
        return
    yield from _area_roles(source)
    yield from _site_roles(path, source)


def _shape_roles(source: _Source) -> Iterator[str]:
    for unit, (code, *_) in _UNITS.items():
        column = _code_column(source, code)
        if column and source.frame[column].is_unique:
            yield f"boundaries {unit}"
            return
    if _ward_columns(source):
        yield "wards"
    elif _lad_column(source):
        yield "district"


def _is_postcodes(source: _Source, names: set[str]) -> bool:
    found = _propose(list(source.frame.columns), "postcodes").columns
    placed = {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found)
    column = found.get("postcode")
    if (
        column is None
        or not placed
        or names & {"name", "establishmentname", "sitename", "centrename"}
    ):
        return False
    return bool(source.frame[column].is_unique) and len(source.frame) > 1


def _area_roles(source: _Source) -> Iterator[str]:
    held = _topics_held(source)
    if held:
        yield "figures"
        yield from (f"figures {topic.dataset}" for topic in held)
    columns = {unit: _code_column(source, _UNITS[unit][0]) for unit in _UNITS}
    for old, new in (("lsoa11", "lsoa21"), ("oa11", "oa21")):
        if columns[old] and columns[new]:
            yield f"changes {old[:-2]}"
            return
    unit = next((u for u, c in columns.items() if c and source.frame[c].is_unique), None)
    if unit is None:
        return
    found = _propose(list(source.frame.columns), "places").columns
    drawn = source.lonlat is not None and bool(np.isfinite(source.lonlat).any())
    if drawn or {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found):
        yield f"centroids {unit}"
    if _code_column(source, _UNITS[unit][1]):
        yield f"lookup {unit}"
    if _ward_columns(source):
        yield f"ward lookup {unit}"
    yield f"table {unit}"


def _site_roles(path: Path, source: _Source) -> Iterator[str]:
    if _of_people(list(source.frame.columns)) or re.search(
        "attend|users|members", path.stem.lower()
    ):
        return
    found = _propose(list(source.frame.columns), "centres").columns
    if "name" not in found or not (
        {"lon", "lat"} <= set(found)
        or "postcode" in found
        or {"easting", "northing"} <= set(found)
        or source.lonlat is not None
    ):
        return
    name = path.stem.casefold()
    if "neighbour" in name:
        yield "neighbours"
    elif "candidate" in name or any(word in name for word in ("librar", "school", "health")):
        yield "candidates"
    elif "centre" in name or "service" in set(map(_plain, source.frame.columns)):
        yield "centres"


def _ward_columns(source: _Source) -> tuple[str, str] | None:
    """Code and name of wards, whatever their year."""
    names = {_plain(c): c for c in source.frame.columns}
    for year in range(40, 10, -1):
        for stem in (f"wd{year}", f"ward{year}"):
            if f"{stem}cd" in names and f"{stem}nm" in names:
                return names[f"{stem}cd"], names[f"{stem}nm"]
    return None


def _lad_column(source: _Source) -> str | None:
    """The column of local authorities' codes, whatever its year."""
    names = {_plain(c): c for c in source.frame.columns}
    years = [f"lad{year}cd" for year in range(40, 10, -1)]
    return next((names[n] for n in (*years, "ladcd", "ladcdactive", "ladcode") if n in names), None)


#: Counts that a study may have of each area, in the order they are written.
_COUNTS = (
    "residents",
    "children_0_4",
    "children_5_10",
    "young_11_18",
    "households",
    "households_no_car",
    "people",
    "disabled",
    "white_british",
    "lone_parent_households",
)
#: What to get by hand where one of them is not known.
_BY_HAND = {
    "residents": "NOMIS, Census 2021 table TS007A (age by five-year bands)",
    "children_0_4": "NOMIS, Census 2021 table TS007A (age by five-year bands)",
    "young_11_18": "NOMIS, Census 2021 table TS007A, or mid-year estimates by single year of age",
    "households_no_car": "NOMIS, Census 2021 table TS045 (car or van availability)",
    "disabled": "NOMIS, Census 2021 table TS038 (disability)",
    "white_british": "NOMIS, Census 2021 table TS021 (ethnic group)",
    "lone_parent_households": "NOMIS, Census 2021 table TS003 (household composition)",
}
_BANDS = {
    "aged515derived": "age_5_15",
    "ageaged515years": "age_5_15",
    "aged5to15": "age_5_15",
    "ageaged16to24years": "age_16_24",
    "aged16to24years": "age_16_24",
    "ageaged15yearsandunder": "age_0_15",
}
_SMALL_NEGATIVE = -5


@dataclass
class _People:
    """Figures by area, with where each came from and how.

    Parameters
    ----------
    frame : DataFrame
        Indexed by area id.
    files : dict of str to str
        Figure to the file it was taken from.
    notes : list of str
        What was converted or estimated.
    """

    frame: pd.DataFrame
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _read_people(shelf: _Shelf, unit: str, ids: Sequence[str]) -> _People:
    """Take every figure of these areas from the files at hand; the first file that has all wins.

    Parameters
    ----------
    shelf : Shelf
    unit : str
        A key of `access.sources.ons._UNITS`.
    ids : sequence of str

    Returns
    -------
    _People
    """
    year = _UNITS[unit][3]
    out = _People(pd.DataFrame(index=pd.Index(list(ids), name="id")))
    for item in shelf.having("figures"):
        if item.source is not None:
            if year not in item.figures:  # the same files are asked for areas and for larger ones
                found, _, notes = _parse_figures(item.source, (*_TOPICS[year], *_TOPICS_ESTIMATES))
                item.figures[year] = found, notes
            _take(out, item.figures[year][0], item.path.name, item.figures[year][1])
    for item in shelf.having(f"table {unit}"):
        if item.source is not None:
            found, notes = _table_figures(item.source, unit)
            _take(out, found, item.path.name, notes)
    _derive_ages(out)
    if out.frame.shape[1]:
        out.frame = out.frame[
            [c for c in _COUNTS if c in out.frame] + [c for c in out.frame if c not in _COUNTS]
        ]
    return out


#: How codes of each kind of area begin, England and Wales.
_BEGINNINGS = {"oa": ("E00", "W00"), "lsoa": ("E01", "W01")}


def _is_of_unit(item: _Item, unit: str) -> bool:
    """Whether figures are those of such areas: a table of larger ones has the same columns."""
    if item.source is None:
        return False
    code = next((c for c in item.source.frame if _plain(c) == "geographycode"), None)
    begins = _BEGINNINGS[unit.rstrip("12")]
    return code is not None and bool(item.source.frame[code].str.startswith(begins).any())


def _figures_at_hand(shelf: _Shelf, unit: str) -> set[str]:
    """Counts that some table of these areas has, whatever areas it covers."""
    known: set[str] = set()
    for item in shelf.having(f"table {unit}"):
        if item.source is not None:
            known |= set(map(str, _table_figures(item.source, unit)[0].columns))
    return known


def _take(out: _People, found: pd.DataFrame, file: str, notes: list[str]) -> None:
    """Take what is not known yet, if the file has all areas; say where it has some only."""
    if not len(found):
        return
    have = out.frame.index.isin(found.index)
    if not have.any():
        return
    if not have.all():
        missing = out.frame.index[~have].tolist()
        out.notes.append(
            f"{file} has {have.sum():,} of {len(have):,} areas (not {_shown(missing)}): "
            "it is of another year or place, and its figures are not used."
        )
        return
    new = [str(column) for column in found if column not in out.frame]
    for column in new:
        values = found[column].reindex(out.frame.index).to_numpy(float)
        if np.isfinite(values).all():
            out.frame[column] = values
            out.files[column] = file
        else:
            unknown = out.frame.index[~np.isfinite(values)].tolist()
            out.notes.append(
                f"{file} does not know {column} of {len(unknown):,} areas ({_shown(unknown)}): "
                "it is not used."
            )
    out.notes += notes


#: The year that a header of ours has behind.
_YEAR_BEHIND = re.compile(r"_(?:census|mid)?(20\d\d)$")


def _year_behind(header: str) -> int:
    found = _YEAR_BEHIND.search(header.casefold())
    return int(found[1]) if found else 0


def _table_figures(source: _Source, unit: str) -> tuple[pd.DataFrame, list[str]]:
    """Counts of a table that has our columns by one of their names."""
    code = _code_column(source, _UNITS[unit][0])
    others = [c for c in source.frame.columns if c != code]
    years: dict[str, list[str]] = {}
    for header in sorted(others, key=_year_behind, reverse=True):  # of two years the later
        years.setdefault(_YEAR_BEHIND.sub("", header.casefold()), []).append(header)
    found = _propose(list(years), "areas").columns
    columns = {ours: years[theirs][0] for ours, theirs in found.items() if ours in _COUNTS}
    for header in others:
        if _plain(header) in _BANDS:
            columns.setdefault(_BANDS[_plain(header)], header)
    frame = pd.DataFrame(index=pd.Index(source.frame[code].to_numpy() if code else [], name="id"))
    notes = [
        f"{source.file}: {ours} is taken from {years[theirs][0]}, the latest of "
        f"{_shown(years[theirs])}."
        for ours, theirs in found.items()
        if ours in columns and len(years[theirs]) > 1
    ]
    for ours, theirs in columns.items():
        read = _read_numbers(source.frame[theirs].tolist())
        if read.wrong:
            at, text, expected = read.wrong[0]
            raise StudyError(
                f"{source.file}, row {source.rows[at]}, {theirs}: found {text!r}; "
                f"expected {expected}"
            )
        values = np.asarray(read.cells, float)
        notes += [f"{source.file}, {theirs}: {c}, {n:,} cells." for c, n in read.changes.items()]
        below = values < 0
        if (values[below] < _SMALL_NEGATIVE).any():
            at = int(np.argmin(values))
            raise StudyError(
                f"{source.file}, row {source.rows[at]}, {theirs}: found {values[at]:g}; "
                "expected a count of 0 or more"
            )
        if below.any():
            notes.append(
                f"{source.file}, {theirs}: {below.sum():,} counts just below 0 (a "
                "difference of two protected counts) read as 0."
            )
            values[below] = 0
        if theirs.casefold().endswith(("_est", "_derived")):
            notes.append(f"{ours} is an estimate of the file's ({theirs}), no count of its own.")
        frame[ours] = values
    return frame[~frame.index.duplicated()], notes


def _derive_ages(out: _People) -> None:
    """5 to 10 and 11 to 18 from the narrowest bands at hand, said how."""
    frame = out.frame
    if "young_11_18" not in frame:
        if {"age_10_14", "age_15_19"} <= set(frame):
            frame["young_11_18"] = np.round(0.8 * (frame["age_10_14"] + frame["age_15_19"]))
            out.files["young_11_18"] = out.files["age_10_14"]
            out.notes.append(
                "young_11_18 is an estimate: four fifths of those aged 10 to 14 and of "
                "those aged 15 to 19."
            )
        elif {"age_5_15", "age_16_24"} <= set(frame):
            frame["young_11_18"] = np.round(5 / 11 * frame["age_5_15"] + 3 / 9 * frame["age_16_24"])
            out.files["young_11_18"] = out.files["age_5_15"]
            out.notes.append(
                "young_11_18 is an estimate: five elevenths of those aged 5 to 15 and "
                "three ninths of those aged 16 to 24."
            )
    if "children_5_10" not in frame:
        if {"age_5_9", "age_10_14"} <= set(frame):
            frame["children_5_10"] = np.round(frame["age_5_9"] + 0.2 * frame["age_10_14"])
            out.files["children_5_10"] = out.files["age_5_9"]
            out.notes.append(
                "children_5_10 is an estimate: those aged 5 to 9 and a fifth of those "
                "aged 10 to 14."
            )
        elif "age_5_15" in frame:
            frame["children_5_10"] = np.round(6 / 11 * frame["age_5_15"])
            out.files["children_5_10"] = out.files["age_5_15"]
            out.notes.append("children_5_10 is an estimate: six elevenths of those aged 5 to 15.")
    out.frame = frame.drop(
        columns=[
            c
            for c in frame
            if str(c).startswith("age_")
            or str(c).endswith(("_ethnic_group", "_composition", "_estimate"))
        ]
    )
