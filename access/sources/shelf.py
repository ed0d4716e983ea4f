"""Which of the files in a folder is which source: told by what they hold, not by their names."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from access.errors import AccessError, StudyError
from access.sources.cells import shown
from access.sources.codepoint import is_code_point
from access.sources.columns import known_headers, propose
from access.sources.deprivation import holds_deprivation
from access.sources.nomis import topics_held
from access.sources.ons import UNITS, code_column
from access.sources.registers import register_kind
from access.sources.tables import SHAPES, SHEETS, Source, plain, read_source

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
class Item:
    """One file that was read.

    Parameters
    ----------
    path : Path
    source : Source or None
        None for Code-Point Open, which is read when its district is known.
    roles : list of str
        What it can serve for.
    """

    path: Path
    source: Source | None
    roles: list[str] = field(default_factory=list)


@dataclass
class Shelf:
    """Every file at hand, by what it can serve for.

    Parameters
    ----------
    items : list of Item
    refused : list of str
        Files that were looked at and cannot be read, and why.
    """

    items: list[Item] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def having(self, role: str) -> Iterator[Item]:
        """Files that can serve for something, in the order of their names."""
        return (item for item in self.items if role in item.roles)

    def first(self, role: str) -> Item | None:
        """The first of them."""
        return next(self.having(role), None)

    def add(self, path: Path) -> Item | None:
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
                f"({shown(list(item.source.frame.columns)) if item.source else ''})"
            )
        return item


def read_shelf(*folders: Path) -> Shelf:
    """Look at every file of the folders, and of the folders in them.

    Raises
    ------
    StudyError
        If a folder is not there, or holds too much.
    """
    shelf = Shelf()
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
                shelf.items.append(Item(path, None, ["postcodes"]))
            ending = path.suffix.casefold()
            if seen & set(path.parents) or ending not in SHEETS | SHAPES or not path.is_file():
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
    return first is not None and _is_code_point(first)


def _is_code_point(path: Path) -> bool:
    with path.open("rb") as file:
        line = file.read(400).split(b"\n", 1)[0]
    row = next(csv.reader([line.decode("utf-8", "replace")]), [])
    return is_code_point(row)


def _look_at(path: Path) -> Item:
    ending = path.suffix.casefold()
    if ending == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any("/csv/" in f"/{name.casefold()}" for name in archive.namelist()):
                return Item(path, None, ["postcodes"])
    if ending in SHEETS and not zipfile.is_zipfile(path) and _is_code_point(path):
        return Item(path, None, ["postcodes"])
    source = read_source(path, known=_KNOWN | known_headers("areas") | known_headers("centres"))
    return Item(path, source, list(_roles(path, source)))


def _roles(path: Path, source: Source) -> Iterator[str]:
    names = set(map(plain, source.frame.columns))
    register = register_kind(source)
    if register:
        yield f"register {register}"
        return
    if source.shapes is not None:
        yield from _shape_roles(source)
        return
    if _is_postcodes(source, names):
        yield "postcodes"
        return
    if holds_deprivation(source):
        yield "deprivation"
    if {"atcocode", "stoptype"} <= names or {"id", "stoptype", "localityname"} <= names:
        yield "stops"
        return
    yield from _area_roles(source)
    yield from _site_roles(path, source)


def _shape_roles(source: Source) -> Iterator[str]:
    for unit, (code, *_) in UNITS.items():
        column = code_column(source, code)
        if column and source.frame[column].is_unique:
            yield f"boundaries {unit}"
            return
    if ward_columns(source):
        yield "wards"
    elif lad_column(source):
        yield "district"


def _is_postcodes(source: Source, names: set[str]) -> bool:
    found = propose(list(source.frame.columns), "postcodes").columns
    placed = {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found)
    column = found.get("postcode")
    if (
        column is None
        or not placed
        or names & {"name", "establishmentname", "sitename", "centrename"}
    ):
        return False
    return bool(source.frame[column].is_unique) and len(source.frame) > 1


def _area_roles(source: Source) -> Iterator[str]:
    held = topics_held(source)
    if held:
        yield "figures"
        yield from (f"figures {topic.dataset}" for topic in held)
    columns = {unit: code_column(source, UNITS[unit][0]) for unit in UNITS}
    for old, new in (("lsoa11", "lsoa21"), ("oa11", "oa21")):
        if columns[old] and columns[new]:
            yield f"changes {old[:-2]}"
            return
    unit = next((u for u, c in columns.items() if c and source.frame[c].is_unique), None)
    if unit is None:
        return
    found = propose(list(source.frame.columns), "places").columns
    drawn = source.lonlat is not None and bool(np.isfinite(source.lonlat).any())
    if drawn or {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found):
        yield f"centroids {unit}"
    if code_column(source, UNITS[unit][1]):
        yield f"lookup {unit}"
    if ward_columns(source):
        yield f"ward lookup {unit}"
    yield f"table {unit}"


def _site_roles(path: Path, source: Source) -> Iterator[str]:
    found = propose(list(source.frame.columns), "centres").columns
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
    elif "centre" in name or "service" in set(map(plain, source.frame.columns)):
        yield "centres"


def ward_columns(source: Source) -> tuple[str, str] | None:
    """Code and name of wards, whatever their year."""
    names = {plain(c): c for c in source.frame.columns}
    for year in range(40, 10, -1):
        for stem in (f"wd{year}", f"ward{year}"):
            if f"{stem}cd" in names and f"{stem}nm" in names:
                return names[f"{stem}cd"], names[f"{stem}nm"]
    return None


def lad_column(source: Source) -> str | None:
    """The column of local authorities' codes, whatever its year."""
    names = {plain(c): c for c in source.frame.columns}
    years = [f"lad{year}cd" for year in range(40, 10, -1)]
    return next((names[n] for n in (*years, "ladcd", "ladcdactive", "ladcode") if n in names), None)
