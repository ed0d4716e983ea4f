"""One sheet to one table of a study: every change of form reported, no row lost."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from access.errors import Fault, StudyError
from access.escape import LONGEST_KEY, typed
from access.files import write_file
from access.sources.columns import (
    _CODE,
    _ONLY_TOLD,
    _POINT_DECIMAL,
    _TABLES,
    _Column,
    _columns_of,
    _Converted,
    _grouped,
    _has_comma_decimals,
    _has_dotted_thousands,
    _known_headers,
    _Mapping,
    _mapping_faults,
    _of_people,
    _over,
    _own_names,
    _plain,
    _propose,
    _propose_loosely,
    _read_mapping,
    _read_numbers,
    _read_texts,
    _read_yes_no,
    _shown,
    _tidy,
)
from access.sources.points import _Postcodes, _read_postcodes, _tidy_postcode
from access.sources.tables import _read_source, _Source
from access.text import number
from access.units import BRITISH_GRID, great_circle_m, metric_crs, project, unproject

TABLES_OF_STUDY = tuple(_TABLES)
#: Columns that hold whole counts and positions to six places, written so.
_PLACES = 6
_COUNT_TABLES = ("areas",)
_GB = ((-9.0, 2.2), (49.5, 61.5))
#: Two statements of one place agree to so many metres: degrees to three places are 110 m.
_AGREE_M = 200.0


@dataclass
class Imported:
    """A table made of a sheet, and everything that was done on the way.

    Parameters
    ----------
    table : str
        Which table of a study.
    frame : DataFrame
        Our columns first, those the sheet had besides after them.
    mapping : Mapping
        What was taken for what: keep it, and next year's sheet is read the same way.
    report : list of str
        Every conversion with its count, in sentences.
    faults : list of Fault
        What cannot be read; rows are those of the sheet.
    shapes : GeoSeries or None
        Polygons in WGS84 indexed by id, where the file held polygons.
    """

    table: str
    frame: pd.DataFrame
    mapping: _Mapping
    report: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    shapes: gpd.GeoSeries | None = None

    def check(self) -> Imported:
        """Give the table back, or raise with all its faults.

        Raises
        ------
        StudyError
        """
        if self.faults:
            raise StudyError(
                f"{self.faults[0].file} cannot become {self.table}.csv: "
                f"{number(len(self.faults), 'kind')} of fault; nothing was written",
                self.faults,
            )
        return self

    def write(self, path: Path) -> None:
        """Write the table as a study reads it.

        Raises
        ------
        StudyError
            If it has faults; nothing is written then.
        OutputError
            If the file cannot be written.
        """
        self.check()
        write_file(Path(path), _csv_bytes(self.frame))


def _import_table(
    path: Path,
    table: str,
    *,
    mapping: _Mapping | None = None,
    postcodes: _Postcodes | None = None,
    sheet: str | None = None,
    fixed: dict[str, str] | None = None,
) -> Imported:
    r"""Make one table of a study of a file that somebody has.

    Parameters
    ----------
    path : Path
        Any form that `access.sources.tables._read_source` reads.
    table : str
        ``"centres"``, ``"candidates"``, ``"neighbours"``, ``"places"``, ``"postcodes"`` or
        ``"areas"``.
    mapping : Mapping, optional
        What is taken for what; matched by name (`_propose_loosely`) if not given.
    postcodes : Postcodes, optional
        Places rows that have a postcode and no position.
    sheet : str, optional
        Worksheet or layer.
    fixed : dict, optional
        One value for every row, such as ``{"service": "childrens_centre"}``.

    Returns
    -------
    Imported
        Also where there are faults: `Imported.check` raises them.

    Raises
    ------
    StudyError
        If the file cannot be read at all, or has no columns that the table needs.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "libraries.csv"
    ...     _ = file.write_text("Site name;Eastings;Northings\nRiverside;442,900;392,700\n")
    ...     done = _import_table(file, "candidates").check()
    >>> done.frame[["id", "name", "lon", "lat"]].to_numpy().tolist()
    [['CA01', 'Riverside', -1.355812, 53.42935]]
    """
    source = _read_source(
        path,
        sheet=sheet or (mapping.sheet if mapping else None) or None,
        known=_known_headers(table),
    )
    return _import_source(source, table, mapping=mapping, postcodes=postcodes, fixed=fixed)


def _import_source(
    source: _Source,
    table: str,
    *,
    mapping: _Mapping | None = None,
    postcodes: _Postcodes | None = None,
    fixed: dict[str, str] | None = None,
) -> Imported:
    """As `_import_table`, for a table that is read already."""
    own = mapping or _propose_loosely(list(source.frame.columns), table)
    left_out = {name for name in (fixed or {}) if mapping is None}
    mapping = _Mapping(
        {k: v for k, v in own.columns.items() if k not in left_out},
        {**own.fixed, **(fixed or {})},
        own.meanings,
        own.sheet or source.sheet,
        own.suppressed,
    )
    private = _of_people(list(source.frame.columns))
    if private:
        raise StudyError(
            f"{source.file} seems to be about single people ({_shown(private)}); nothing of it was "
            f"read into {table}.csv. Count it by area: access import "
            f"{typed(source.file)} --as attendance"
        )
    placed = source.lonlat is not None
    faults = _mapping_faults(mapping, list(source.frame.columns), table, source.file, placed=placed)
    if faults:
        raise StudyError(f"{source.file} cannot become {table}.csv", faults)
    done = Imported(table, pd.DataFrame(index=range(len(source.rows))), mapping, [*source.notes])
    _read_columns(done, source)
    if table != "postcodes" or "postcode" in done.frame:
        _place(done, source, postcodes)
    _settle_postcodes(done, source)
    _settle_ids(done, source)
    _keep_others(done, source)
    _derive_cars(done)
    _settle_services(done, source)
    if source.shapes is not None and "id" in done.frame:
        done.shapes = gpd.GeoSeries(source.shapes.to_numpy(), index=done.frame["id"], crs=4326)
    done.report.append(f"{len(source.rows):,} rows read, {len(done.frame):,} rows given.")
    return done


def _read_columns(done: Imported, source: _Source) -> None:
    headers = {_plain(header): header for header in source.frame.columns}
    commas = _decimal_commas(source)
    for column in (*_columns_of(done.table), *_own_columns(done, source, headers)):
        if column.name in done.mapping.columns:
            theirs = headers[_plain(done.mapping.columns[column.name])]
            cells = source.frame[theirs].astype(str).tolist()
            cells = _translated(done, column.name, cells)
            read = _read(column, cells, theirs, done, decimal_commas=commas)
            same = "" if theirs == column.name else f" (from {theirs!r})"
            for change, n in read.changes.items():
                done.report.append(f"{column.name}{same}: {change}, {n:,} cells.")
            if same and not read.changes:
                done.report.append(f"{column.name}{same}.")
            for expected, at in _grouped(read.wrong).items():
                found = next(text for i, text, _ in read.wrong if i == at[0])
                done.faults.append(_fault(source, at, theirs, found, expected))
            done.frame[column.name] = read.cells
        elif column.name in done.mapping.fixed:
            value = done.mapping.fixed[column.name]
            read = _read(column, [value] * len(source.rows), "", done, decimal_commas=False)
            done.report.append(f"{column.name}: {value!r} for every row, as told.")
            if read.wrong:
                at, (_, found, expected) = list(range(len(source.rows))), read.wrong[0]
                done.faults.append(_fault(source, at, column.name, found, expected))
            done.frame[column.name] = read.cells


def _own_columns(
    done: Imported, source: _Source, headers: Mapping[str, str]
) -> tuple[_Column, ...]:
    """Give columns by names of the planner's own: of the areas they hold counts, if any number."""
    told = {column.name: column for column in _ONLY_TOLD.get(done.table, ())}
    own = [told[name] for name in _own_names(done.mapping, done.table) if name in told]
    for name in _own_names(done.mapping, done.table):
        if name in told:
            continue
        texts: list[str] = []
        if name in done.mapping.columns:
            theirs = headers[_plain(done.mapping.columns[name])]
            texts = [_tidy(cell) for cell in source.frame[theirs].astype(str)]
        codes = any(_CODE.match(text) for text in texts)
        counted = not codes and any(cell == cell for cell in _read_numbers(texts).cells)
        shares = not counted and any(re.fullmatch(r"[\d.]+\s*%", text) for text in texts)
        own.append(_Column(name, "number" if counted else "share" if shares else "text"))
    return tuple(own)


def _translated(done: Imported, name: str, cells: list[str]) -> list[str]:
    meant = {_tidy(k).casefold(): v for k, v in done.mapping.meanings.get(name, {}).items()}
    if not meant:
        return cells
    out = [meant.get(_tidy(cell).casefold(), cell) for cell in cells]
    changed = sum(a != b for a, b in zip(cells, out, strict=True))
    done.report.append(f"{name}: {changed:,} texts read as the mapping says.")
    return out


def _decimal_commas(source: _Source) -> bool:
    """Whether some column of a sheet is written with decimal commas, and none with points.

    A list such as ``1,2`` looks like a number; degrees with points say that it is none.
    """
    columns = [[_tidy(cell) for cell in source.frame[h].astype(str)] for h in source.frame.columns]
    if any(_POINT_DECIMAL.match(cell) for cells in columns for cell in cells):
        return False
    return any(map(_has_comma_decimals, columns))


def _read(
    column: _Column, cells: Sequence[str], header: str, done: Imported, *, decimal_commas: bool
) -> _Converted:
    if column.kind == "text":
        return _read_texts(cells)
    if column.kind == "yes_no":
        return _read_yes_no(cells)
    if column.kind == "degrees":  # no angle has thousands
        return _read_numbers(cells)
    if column.kind == "metres":
        return _read_numbers(cells, decimal_commas=decimal_commas)
    percent = any(word in _plain(header) for word in ("%", "percent", "pct"))
    return _read_numbers(
        cells,
        share=column.kind == "share",
        percent=percent and column.kind == "share",
        suppressed=done.mapping.suppressed,
        least=0,
        decimal_commas=decimal_commas and column.kind != "share",
    )


def _fault(source: _Source, at: Sequence[int], column: str, found: str, expected: str) -> Fault:
    rows = [source.rows[i] for i in at]
    where = f"row {rows[0]}" if len(rows) == 1 else f"rows {_shown(rows)}"
    return Fault(source.file, where, column, found, expected)


# --- where things lie ------------------------------------------------------------------------


def _place(done: Imported, source: _Source, postcodes: _Postcodes | None) -> None:
    """Longitude and latitude: of shapes, else of columns, else of postcodes."""
    frame, report = done.frame, done.report
    lonlat = np.full((len(frame), 2), np.nan)
    if source.lonlat is not None:
        lonlat = source.lonlat.copy()
    elif {"easting", "northing"} <= set(frame):
        lonlat = _from_grid(done, source, "easting", "northing")
        if {"lon", "lat"} <= set(frame):
            lonlat = _with_degrees(done, source, lonlat)
    elif {"lon", "lat"} <= set(frame):
        lonlat = frame[["lon", "lat"]].to_numpy(float)
        known = np.isfinite(lonlat).all(axis=1) & lonlat.any(axis=1)
        if known.any() and (np.abs(lonlat[known]) > 180).any(axis=1).all():
            lonlat = _from_grid(done, source, "lon", "lat")
    lonlat = _without_zeros(done, lonlat)
    done.frame = frame = frame.drop(columns=["easting", "northing", "lon", "lat"], errors="ignore")
    lonlat = _swapped(done, source, lonlat)
    missing = ~np.isfinite(lonlat).all(axis=1)
    if missing.any() and "postcode" in frame:
        lonlat = _geocoded(done, source, lonlat, missing, postcodes)
    elif missing.any():
        done.faults.append(
            _fault(
                source, np.flatnonzero(missing).tolist(), "lon, lat", "", "a position for every row"
            )
        )
    frame["lon"], frame["lat"] = lonlat[:, 0].round(_PLACES), lonlat[:, 1].round(_PLACES)
    if source.lonlat is not None:
        report.append("lon, lat: taken from the shapes.")


def _without_zeros(done: Imported, lonlat: np.ndarray) -> np.ndarray:
    """No place where both degrees are 0: it is how files write that they know none."""
    zero = (lonlat == 0).all(axis=1)
    if zero.any():
        done.report.append(f"lon, lat: 0, 0 read as not known, {zero.sum():,} rows.")
    return np.where(zero[:, None], np.nan, lonlat)


def _from_grid(done: Imported, source: _Source, x: str, y: str) -> np.ndarray:
    grid = done.frame[[x, y]].to_numpy(float)
    known = np.isfinite(grid).all(axis=1)
    inside = (grid[:, 0] > 0) & (grid[:, 0] < 700_000) & (grid[:, 1] > 0) & (grid[:, 1] < 1_300_000)
    zero = known & (grid == 0).all(axis=1)
    wrong = np.flatnonzero(known & ~inside & ~zero)
    if len(wrong):
        found = f"{grid[wrong[0], 0]:g}, {grid[wrong[0], 1]:g}"
        done.faults.append(
            _fault(
                source,
                wrong.tolist(),
                f"{x}, {y}",
                found,
                "easting and northing in metres of the British National Grid",
            )
        )
    if zero.any():
        done.report.append(f"easting, northing: 0, 0 read as not known, {zero.sum():,} rows.")
    lonlat = np.full(grid.shape, np.nan)
    lonlat[inside] = unproject(grid[inside], BRITISH_GRID)
    done.report.append(f"lon, lat: brought from the British National Grid, {inside.sum():,} rows.")
    return lonlat


def _with_degrees(done: Imported, source: _Source, lonlat: np.ndarray) -> np.ndarray:
    """Fill from degrees what has no place on the grid, and say where the two disagree."""
    degrees = done.frame[["lon", "lat"]].to_numpy(float)
    given = (np.abs(degrees) <= (180, 90)).all(axis=1) & degrees.any(axis=1)
    placed = np.isfinite(lonlat).all(axis=1)
    filled, both = given & ~placed, given & placed
    if filled.any():
        done.report.append(f"lon, lat: as they stand, {filled.sum():,} rows without a grid place.")
    apart = np.zeros(len(lonlat))
    apart[both] = great_circle_m(*lonlat[both].T, *degrees[both].T)
    if (far := np.flatnonzero(apart > _AGREE_M)).size:
        done.report.append(
            f"easting, northing and lon, lat of the sheet are up to {apart.max():,.0f} m apart, in "
            f"{len(far):,} rows (row {_shown([source.rows[i] for i in far])}): easting and "
            "northing are taken."
        )
    return np.where(filled[:, None], degrees, lonlat)


def _swapped(done: Imported, source: _Source, lonlat: np.ndarray) -> np.ndarray:
    """Positions that only make sense the other way round are refused, not turned in silence."""
    (west, east), (south, north) = _GB
    turned = (south <= lonlat[:, 0]) & (lonlat[:, 0] <= north)
    turned &= (west <= lonlat[:, 1]) & (lonlat[:, 1] <= east)
    beyond = ~turned & ((np.abs(lonlat[:, 0]) > 180) | (np.abs(lonlat[:, 1]) > 90))
    for at, expected in (
        (
            turned,
            "longitude and latitude: these look swapped (say which is which: --column "
            "lon=HEADER --column lat=HEADER)",
        ),
        (beyond, "degrees, the longitude from -180 to 180 and the latitude from -90 to 90"),
    ):
        if at.any():
            i = np.flatnonzero(at)
            found = f"{lonlat[i[0], 0]:g}, {lonlat[i[0], 1]:g}"
            done.faults.append(_fault(source, i.tolist(), "lon, lat", found, expected))
    return lonlat


def _geocoded(
    done: Imported,
    source: _Source,
    lonlat: np.ndarray,
    missing: np.ndarray,
    postcodes: _Postcodes | None,
) -> np.ndarray:
    frame = done.frame
    at = np.flatnonzero(missing)
    if postcodes is None:
        done.faults.append(
            _fault(
                source,
                at.tolist(),
                "postcode",
                "",
                "a position for every row; these have a postcode only, which Code-Point Open (OS, "
                "free) places: --postcodes FILE. Where the sheet has longitude and latitude, say "
                "so: --column lon=HEADER --column lat=HEADER",
            )
        )
        return lonlat
    texts = frame["postcode"].astype(str)
    found = postcodes.find(texts.iloc[at])
    placed = np.isfinite(found).all(axis=1)
    out = lonlat.copy()
    out[at] = found
    done.report.append(f"lon, lat: the middle of the postcode, {placed.sum():,} rows.")
    if done.table in ("centres", "candidates"):
        if "position_basis" not in frame:
            frame["position_basis"] = ""
        rows = frame.index[at[placed]]
        blank = frame.loc[rows, "position_basis"] == ""
        frame.loc[rows[blank], "position_basis"] = "postcode centroid"
    lost = [(int(i), texts.iloc[i]) for i in at[~placed]]
    empty = [i for i, text in lost if not text]
    bad = [(i, text) for i, text in lost if text and _tidy_postcode(text) is None]
    gone = [(i, text) for i, text in lost if text and _tidy_postcode(text) is not None]
    if empty:
        done.faults.append(_fault(source, empty, "postcode", "", "a position or a postcode"))
    if bad:
        done.faults.append(
            _fault(source, [i for i, _ in bad], "postcode", bad[0][1], "a postcode such as S60 1AE")
        )
    for i, text in gone:
        near = postcodes.near(text)
        hint = f"; is {near} meant?" if near else "."
        done.faults.append(
            _fault(
                source,
                [i],
                "postcode",
                text,
                "a postcode that is in the file: "
                f"it is retired, or mistyped{hint} Give today's, or a position",
            )
        )
    return out


def _settle_postcodes(done: Imported, source: _Source) -> None:
    if "postcode" not in done.frame:
        return
    texts = done.frame["postcode"].astype(str)
    tidied = texts.map(lambda text: _tidy_postcode(text) or text)
    if changed := int((tidied != texts).sum()):
        done.report.append(f"postcode: written the usual way, {changed:,} rows.")
    done.frame["postcode"] = tidied


def import_into(
    path: Path,
    table: str,
    folder: Path,
    *,
    mapping: _Mapping | None = None,
    postcodes: Path | None = None,
) -> Imported:
    """Read a file as a table of a study: as told now, else as last year, else by its headers.

    Parameters
    ----------
    path : Path
    table : str
        One of `TABLES_OF_STUDY`.
    folder : Path
        The study: its ``import.toml`` holds what was taken for what before.
    mapping : Mapping, optional
        What is to be taken for what; the rest as before, or by name.
    postcodes : Path, optional
        Code-Point Open; the study's own postcodes if not given.

    Returns
    -------
    Imported

    Raises
    ------
    StudyError
        If the file or one it needs cannot be read.
    """
    told = mapping or _Mapping()
    kept = _read_mapping(folder / "import.toml", table)
    source = _read_source(
        path, sheet=told.sheet or (kept.sheet if kept else "") or None, known=_known_headers(table)
    )
    headers = list(source.frame.columns)
    use = _over(told, kept or _propose_loosely(headers, table))
    if table == "attendance" or not _of_people(headers):  # which is refused for more than headings
        _refuse_other_headings(source, table, use, kept)
    places = postcodes or folder / "postcodes.csv"
    codes = _read_postcodes(places) if places.exists() or postcodes is not None else None
    if table != "attendance":
        done = _import_source(source, table, mapping=use, postcodes=codes)
    else:
        _refuse_counted(source)
        if codes is None:
            raise StudyError("postcodes are needed to count by area; give --postcodes FILE")
        areas, centres = _own_table(folder, "areas"), _own_table(folder, "centres")
        done = _import_attendance(source, areas, centres, codes, mapping=use)
    if kept is not None:
        done.report.insert(0, "Read as import.toml says.")
    return done


def _refuse_other_headings(
    source: _Source, table: str, use: _Mapping, kept: _Mapping | None
) -> None:
    """Say of a sheet of other headings than the one before that these were kept."""
    there = set(map(_plain, source.frame.columns))
    lost = {ours: h for ours, h in use.columns.items() if _plain(h) not in there}
    own = {ours: h for ours, h in lost.items() if kept is not None and kept.columns.get(ours) == h}
    if own:
        raise StudyError(
            f"{source.file} has not the headings that import.toml keeps of the sheet before: "
            f"{_shown([f'{h!r} for {ours}' for ours, h in own.items()])}. Say what they are now "
            f"(--column {next(iter(own))}=HEADER), or take [{table}] out of import.toml; it has "
            f"{_shown(list(map(repr, source.frame.columns)))}"
        )


def _refuse_counted(source: _Source) -> None:
    """Say of a sheet that is counted by area already where it goes as it stands."""
    if {"area", "site", "attendances"} <= set(map(_plain, source.frame.columns)):
        raise StudyError(
            f"{source.file} is counted by area already and need not be imported; expected a sheet "
            "with a postcode a row. Use it as it is: access compare STUDY --attendance "
            f"{source.file}"
        )


def _own_table(folder: Path, table: str) -> pd.DataFrame:
    path = folder / f"{table}.csv"
    if not path.is_file():
        raise StudyError(f"{path} is not there; import {table} first")
    return _import_table(path, table).check().frame


# --- who comes where, counted by area ----------------------------------------------------------


def _import_attendance(
    source: _Source,
    areas: pd.DataFrame,
    centres: pd.DataFrame,
    postcodes: _Postcodes,
    *,
    mapping: _Mapping | None = None,
) -> Imported:
    """Count a sheet of service users by area and centre; no row, postcode or name is kept.

    Parameters
    ----------
    source : Source
        One row a visit or a user: a postcode, the centre by id or name, and how often
        (``attendances``, 1 where there is no such column).
    areas : DataFrame
        ``id, lon, lat``: each postcode counts for the area whose centroid is nearest.
    centres : DataFrame
        ``id, name``.
    postcodes : Postcodes
    mapping : Mapping, optional

    Returns
    -------
    Imported
        ``area, site, attendances``. Messages name rows, never what stands in them.

    Raises
    ------
    StudyError
        If a column is missing.
    """
    own = mapping or _propose(list(source.frame.columns), "attendance")
    faults = _mapping_faults(
        own, list(source.frame.columns), "attendance", source.file, placed=True
    )
    if faults:
        raise StudyError(f"{source.file} cannot be counted by area", faults)
    headers = {_plain(header): header for header in source.frame.columns}
    done = Imported("attendance", pd.DataFrame(), own, [*source.notes])
    texts = {c: [value] * len(source.rows) for c, value in own.fixed.items()}
    for c, h in own.columns.items():
        texts[c] = _translated(done, c, source.frame[headers[_plain(h)]].astype(str).tolist())
    named = _sites_by_text(centres)
    found = [named.get(_plain(text), frozenset()) for text in texts["site"]]
    site = np.array([next(iter(ids)) if len(ids) == 1 else "" for ids in found], dtype=object)
    several = np.array([len(ids) > 1 for ids in found], dtype=bool)
    read = _read_numbers(
        texts.get("attendances", ["1"] * len(site)),
        suppressed=own.suppressed,
        least=0,
        decimal_commas=_decimal_commas(source),
    )
    count = np.asarray(read.cells, float)
    if own.suppressed is not None:
        done.report += [f"attendances: {change}, {n:,} cells." for change, n in read.changes.items()
                        if "as the mapping says" in change]  # fmt: skip
    lonlat = postcodes.find(texts["postcode"])
    placed = np.isfinite(lonlat).all(axis=1)
    for bad, column, expected in (
        (~placed, "postcode", "a postcode that is in the table of postcodes"),
        ((site == "") & ~several, "site", "the id or name of a centre of the study"),
        (several, "site", "the id of a centre: several of the study have this name"),
        (~np.isfinite(count), "attendances", "a count of 0 or more; what '<5' is taken for is "
         "said by --suppressed"),
    ):  # fmt: skip
        if bad.any():
            at = np.flatnonzero(bad).tolist()
            done.faults.append(_fault(source, at, column, "(not shown)", expected))
    good = placed & (site != "") & np.isfinite(count)
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    tree = shapely.STRtree(shapely.points(project(areas["lon"], areas["lat"], crs)))
    points = shapely.points(project(lonlat[good, 0], lonlat[good, 1], crs))
    at = tree.nearest(points)
    rows = pd.DataFrame(
        {"area": areas["id"].to_numpy()[at], "site": site[good], "attendances": count[good]}
    )
    done.frame = rows.groupby(["area", "site"], as_index=False).sum()
    done.report.append(
        f"{len(site):,} rows counted into {len(done.frame):,} pairs of area and centre; no "
        "postcode or other column was kept. Small counts may tell who somebody is: keep "
        "attendance.csv inside your council."
    )
    return done


def _sites_by_text(centres: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Centres that a text may mean: those of the id, else those of the name."""
    by: dict[str, set[str]] = {}
    for column in ("name", "id"):
        own: dict[str, set[str]] = {}
        for text, id_ in zip(centres[column], centres["id"], strict=True):
            own.setdefault(_plain(text), set()).add(str(id_))
        by |= own
    return {text: frozenset(ids) for text, ids in by.items() if text}


# --- ids and the rest ------------------------------------------------------------------------

_PREFIX = {"centres": "CE", "candidates": "CA", "neighbours": "NB", "areas": "A"}


def _settle_ids(done: Imported, source: _Source) -> None:
    if done.table in ("postcodes", "places"):
        if done.table == "postcodes":
            _same(done, source, "postcode")
        return
    if "id" not in done.frame:
        width = max(2, len(str(len(done.frame))))
        ids = [f"{_PREFIX[done.table]}{i:0{width}d}" for i in range(1, len(done.frame) + 1)]
        done.frame.insert(0, "id", ids)
        done.report.append(
            f"id: the sheet has none; {ids[0]} to {ids[-1]} were given in its order."
        )
    blank = np.flatnonzero((done.frame["id"] == "").to_numpy())
    if len(blank):
        done.faults.append(_fault(source, blank.tolist(), "id", "", "an id in every row"))
    _same(done, source, "id")


def _settle_services(done: Imported, source: _Source) -> None:
    """A service is known by a key, as settings name it: its name as people write it becomes one."""
    if "service" not in done.frame:
        return
    names = done.frame["service"]
    keys = {name: _service_key(name) for name in dict.fromkeys(names) if name}
    for name, key in keys.items():
        if name != key:
            n = int((names == name).sum())
            done.report.append(f"service: {name!r} read as the key {key}, {n:,} rows.")
    done.frame["service"] = [keys.get(name, name) for name in names]
    blank = np.flatnonzero((names == "").to_numpy())
    if len(blank) and done.table == "centres":
        done.faults.append(_fault(source, blank.tolist(), "service", "", "a service in every row"))


def _service_key(name: str) -> str:
    """Small letters, digits and underscores; names of which little is left so get a hash behind."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = letters.encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "_", plain.replace("'", "")).strip("_")
    key = key if key[:1].isalpha() else f"service_{key}".rstrip("_")
    left = [ch.isascii() for ch in letters if ch.isalpha()]
    if 2 * sum(left) < len(left) or len(key) > LONGEST_KEY or key == "service" != plain:
        told_apart = hashlib.sha256(name.encode()).hexdigest()[:6]
        key = f"{key[: LONGEST_KEY - 7].rstrip('_')}_{told_apart}"
    return key


def _same(done: Imported, source: _Source, column: str) -> None:
    values = done.frame[column]
    counts = Counter(value for value in values if value)
    for value in [v for v, n in counts.items() if n > 1][:20]:
        at = np.flatnonzero((values == value).to_numpy()).tolist()
        done.faults.append(_fault(source, at, column, value, f"every {column} to stand once"))


def _keep_others(done: Imported, source: _Source) -> None:
    """Columns that have no name with us are kept as they stand, under a plain name."""
    used = {_plain(theirs) for theirs in done.mapping.columns.values()}
    commas, kept = _decimal_commas(source), []
    for header in source.frame.columns:
        if _plain(header) in used:
            continue
        name = re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_") or "column"
        taken = {*done.frame.columns, *(c.name for c in _columns_of(done.table))}
        while name in taken:
            name = f"sheet_{name}"
        cells = done.frame[name] = [_tidy(cell) for cell in source.frame[header].astype(str)]
        kept.append(header)
        if commas and _has_dotted_thousands(cells):
            done.report.append(
                f"{name} (from {header!r}): points between thousands stay as they stand; a study "
                "would read them as decimal points. If these are counts, take the points out of "
                "the sheet and import it again."
            )
    if kept:
        done.report.append(f"Columns kept as they stand: {', '.join(map(repr, kept))}.")


def _derive_cars(done: Imported) -> None:
    """`households` and `households_no_car` give the share of households without a car."""
    frame = done.frame
    if not {"households", "households_no_car"} <= set(frame) or "p_no_car" in frame:
        return
    whole, none = frame["households"].to_numpy(float), frame["households_no_car"].to_numpy(float)
    frame["p_no_car"] = np.divide(none, whole, out=np.full(len(frame), np.nan), where=whole > 0)
    frame["p_no_car"] = frame["p_no_car"].round(4)
    done.report.append("p_no_car: households_no_car divided by households.")


def _csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as a study reads it: whole numbers without a point, nothing where not known."""
    out = frame.copy()
    for name in out.columns:
        if pd.api.types.is_float_dtype(out[name]):
            out[name] = [_number_text(v) for v in out[name]]
    text = io.StringIO()
    out.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def _number_text(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:.10g}"


def _derive_box(
    lon: ArrayLike, lat: ArrayLike, margin_m: float = 5000.0
) -> tuple[tuple[float, float, float, float], str]:
    """The box that holds all points and a margin, in hundredths of a degree, and the metric CRS.

    Examples
    --------
    >>> _derive_box([-1.36], [53.43], margin_m=1000)
    ((-1.38, 53.42, -1.34, 53.44), 'EPSG:27700')
    """
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    up = margin_m / 111_320
    across = up / max(0.05, np.cos(np.radians(np.abs(lats).max())))
    west, east = np.floor((lons.min() - across) * 100), np.ceil((lons.max() + across) * 100)
    south, north = np.floor((lats.min() - up) * 100), np.ceil((lats.max() + up) * 100)
    box = (float(west) / 100, float(south) / 100, float(east) / 100, float(north) / 100)
    return box, metric_crs(float(lons.mean()), float(lats.mean()))
