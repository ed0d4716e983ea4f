"""Read what people have (sheets and shapes, of any spelling) into rows of text, none lost.

`_read_source` gives the table as it stands, with the row numbers of the sheet; what its columns
mean is asked in `access.sources.columns`, and one table of a study is made in
`access.sources.importing`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import shapely

from access.errors import StudyError
from access.sources.columns import _plain, _shown, _tidy
from access.units import BRITISH_GRID, WGS84

#: Largest file that is read, and the most that a packed one may unpack to.
_MOST_BYTES = 400_000_000
_MOST_UNPACKED = 2_000_000_000
#: No honest table packs better than this.
_MOST_RATIO = 250
_MOST_PARTS = 20_000
_DELIMITERS = (",", ";", "\t", "|")
#: A line of our own behind the last of a text: it is swallowed where a quotation mark is open.
_END = "\x1e"
#: What the form of a cell shows as it stands, or leaves room for: a percent sign in it changes no
#: number.
_LITERAL = re.compile(r'"[^"]*"|[\\_*].')
#: Rows in which the header is looked for.
_HEADER_WITHIN = 40
_SHEETS = frozenset((".csv", ".tsv", ".txt", ".xlsx", ".xlsm"))
_SHAPES = frozenset((".gpkg", ".shp", ".geojson", ".json", ".kml", ".zip"))


@dataclass
class _Source:
    """A table as it stands in a file.

    Parameters
    ----------
    file : str
        Name for messages.
    frame : DataFrame
        Text columns as headed.
    rows : list of int
        Row of the sheet for every row of `frame` (shapes: 1 for the first feature).
    notes : list of str
        How the file was read, in sentences.
    header_row : int
        Row of the sheet that holds the headers; 0 for shapes.
    sheet : str
        Name of the worksheet or layer.
    lonlat : ndarray or None, shape (n, 2)
        WGS84 degrees of shapes; ``nan`` where a row has none.
    shapes : GeoSeries or None
        Polygons in WGS84, where the file holds polygons.
    """

    file: str
    frame: pd.DataFrame
    rows: list[int]
    notes: list[str] = field(default_factory=list)
    header_row: int = 1
    sheet: str = ""
    lonlat: np.ndarray | None = None
    shapes: gpd.GeoSeries | None = None


def _read_source(
    path: Path,
    *,
    sheet: str | None = None,
    known: frozenset[str] = frozenset(),
    most_bytes: int = _MOST_BYTES,
) -> _Source:
    """Read a table of any of the usual forms, as text.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, Windows-1252 or UTF-16; commas, semicolons or tabs), Excel, GeoPackage,
        shapefile (also zipped), GeoJSON or KML.
    sheet : str, optional
        Worksheet or layer, where there are several.
    known : frozenset of str
        Plain headers (`plain`) that the reader looks for: they show which row is the header and
        which worksheet holds the table.
    most_bytes : int
        Largest file that is read.

    Returns
    -------
    Source

    Raises
    ------
    StudyError
        If the file is missing, not a regular file, too large, damaged, or of another form.
    """
    path = Path(path)
    check_file(path, most_bytes)
    kind = path.suffix.casefold()
    if kind in (".xlsx", ".xlsm"):
        return _read_workbook(path, sheet, known)
    if kind in _SHEETS:
        text, encoding = _decode(path.read_bytes(), path.name)
        return _read_text(path.name, text, encoding, known)
    if kind in _SHAPES:
        return _read_shapes(path, sheet)
    hint = "; save it as .xlsx" if kind in (".xls", ".ods", ".xlsb", ".numbers") else ""
    raise StudyError(
        f"{path.name} ends in {kind or 'nothing'}; expected one of "
        f"{', '.join(sorted(_SHEETS | _SHAPES))}{hint}"
    )


def check_file(path: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Refuse what must not be read: other than regular files, too large, packed to harm."""
    try:
        about = path.stat()
    except OSError as error:
        raise StudyError(
            f"{path} cannot be read ({error.strerror}); name a file that is there"
        ) from error
    if not stat.S_ISREG(about.st_mode):
        raise StudyError(f"{path} is not a regular file; expected one table in one file")
    if about.st_size == 0:
        raise StudyError(f"{path.name} is empty; expected a table")
    if about.st_size > most_bytes:
        raise StudyError(
            f"{path.name} has {about.st_size / 1e6:,.0f} MB; at most {most_bytes / 1e6:,.0f} MB "
            "are read. Cut it to your area first"
        )
    with path.open("rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
    if packed:
        _check_packed(path, path.name)


def _check_packed(packed: Path | io.BytesIO, name: str, most: int = _MOST_UNPACKED) -> None:
    """Refuse a zip that unpacks to too much, holds unsafe paths, or is damaged."""
    try:
        with zipfile.ZipFile(packed) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise StudyError(f"{name} is damaged: {error}; get it again") from error
    total = sum(part.file_size for part in parts)
    small = max(1, sum(part.compress_size for part in parts))
    if (
        len(parts) > _MOST_PARTS
        or total > most
        or (total > 50_000_000 and total / small > _MOST_RATIO)
    ):
        raise StudyError(
            f"{name} would unpack to {total / 1e6:,.0f} MB in {len(parts):,} files from "
            f"{small / 1e6:,.1f} MB; refused as unsafe"
        )
    for part in parts:
        inner = PurePosixPath(part.filename.replace("\\", "/"))
        if inner.is_absolute() or ".." in inner.parts or ":" in part.filename[:2]:
            raise StudyError(f"{name} holds the unsafe path {part.filename!r}; refused")
        if part.flag_bits & 1:
            raise StudyError(f"{name} is locked with a password; save it without one")


# --- text ------------------------------------------------------------------------------------


def _decode(body: bytes, name: str) -> tuple[str, str]:
    """Text of a file and the name of its encoding."""
    for mark, encoding, words in (
        (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8 with a byte order mark"),
        (b"\xff\xfe", "utf-16", "UTF-16"),
        (b"\xfe\xff", "utf-16", "UTF-16"),
    ):
        if body.startswith(mark):
            try:
                return body.decode(encoding), words
            except UnicodeDecodeError as error:
                raise StudyError(f"{name} says that it is {words} and is not: {error}") from error
    if b"\x00" in body[:2000]:
        even, odd = body[:2000:2].count(0), body[1:2000:2].count(0)
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        if max(even, odd) > 0.3 * len(body[:2000]) / 2:
            try:
                return body.decode(encoding), "UTF-16"
            except UnicodeDecodeError:
                pass
        raise StudyError(f"{name} is not a text file; expected a table in CSV")
    try:
        return body.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as error:
        raise StudyError(
            f"{name} is neither UTF-8, UTF-16 nor Windows-1252 (byte {error.start}); save it as "
            "'CSV UTF-8'"
        ) from error


def _read_text(name: str, text: str, encoding: str, known: frozenset[str]) -> _Source:
    start = text.lstrip()[:300].casefold()
    if start.startswith(("<!doctype html", "<html", "<?xml")):
        raise StudyError(
            f"{name} is a web page, not a table: a login or error page was saved in its place. "
            "Open the address in a browser and save the file itself"
        )
    told = re.match(r"sep=(.)\r?\n", text)
    delimiter = told[1] if told else _delimiter(text)
    if told:
        text = "\n" + text[told.end() :]  # the row numbers of the sheet stay
    csv.field_size_limit(10_000_000)
    ended = text if text.endswith(("\n", "\r")) else f"{text}\n"
    try:
        rows = csv.reader(io.StringIO(ended + _END, newline=""), delimiter=delimiter, strict=False)
        grid = list(rows)
    except csv.Error as error:
        raise StudyError(f"{name} cannot be read as a table: {error}") from error
    if grid.pop() != [_END]:
        raise StudyError(
            f"{name}, row {len(grid) + 1}: a quotation mark opens a cell and none closes it, so "
            "that all rows below are part of it; take it away or close it"
        )
    words = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}.get(delimiter, delimiter)
    return _from_grid(name, grid, known, [f"Read as {encoding}, columns parted by {words}."])


def _delimiter(text: str) -> str:
    """The sign that parts the most rows into the same number of columns."""
    sample = text[:200_000]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, found = (0.0, 0), ","
    for delimiter in _DELIMITERS:
        widths = Counter(
            len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            if any(cell.strip() for cell in row)
        )  # fmt: skip
        wide = {width: n for width, n in widths.items() if width > 1}
        if wide:
            width = max(wide, key=lambda w: (wide[w], w))
            score = (wide[width] / sum(widths.values()), width)
            if score > best:
                best, found = score, delimiter
    return found


# --- workbooks -------------------------------------------------------------------------------


def _read_workbook(path: Path, sheet: str | None, known: frozenset[str]) -> _Source:
    if not zipfile.is_zipfile(path):
        raise StudyError(f"{path.name} is no workbook, whatever its name says; save it as .xlsx")
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if part.filename.endswith(".xml"):
                with archive.open(part) as file:
                    if b"<!DOCTYPE" in file.read(4096):
                        raise StudyError(f"{path.name} declares XML entities; refused as unsafe")
    grids, unsolved = _grids(path)
    filled = {name: grid for name, grid in grids.items() if any(map(any, grid))}
    if sheet is not None and sheet not in grids:
        raise StudyError(
            f"{path.name} has no worksheet {sheet!r}; it has {', '.join(map(repr, grids))}"
        )
    if not filled:
        raise StudyError(f"{path.name} has no cells that are filled; expected a table")
    chosen = sheet or max(filled, key=lambda name: _best_match(filled[name], known))
    notes = [f"Read from the worksheet {chosen!r}."]
    others = [name for name in filled if name != chosen]
    if others and sheet is None:
        notes.append(f"Worksheets not read: {', '.join(map(repr, others))}.")
    if unsolved[chosen]:
        raise StudyError(
            f"{path.name}, worksheet {chosen!r}: {len(unsolved[chosen])} formulas hold no result "
            f"(cells {_shown(unsolved[chosen])}); open and save it in Excel, or save it as CSV"
        )
    source = _from_grid(path.name, grids[chosen], known, notes)
    source.sheet = chosen
    return source


def _grids(path: Path) -> tuple[dict[str, list[list[str]]], dict[str, list[str]]]:
    """Cells of every worksheet as text, and the formulas whose result was never saved."""
    grids: dict[str, list[list[str]]] = {}
    unsolved: dict[str, list[str]] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = openpyxl.load_workbook(path, read_only=True, data_only=True)
            formulas = openpyxl.load_workbook(path, read_only=True, data_only=False)
        for sheet, other in zip(values.worksheets, formulas.worksheets, strict=True):
            grid: list[list[str]] = []
            lost: list[str] = []
            for row, written in zip(sheet.iter_rows(), other.iter_rows(), strict=True):
                grid.append([_cell_shown(cell.value, cell.number_format) for cell in row])
                lost += [
                    str(b.coordinate) for a, b in zip(row, written, strict=False)
                    if a.value is None and isinstance(b.value, str) and b.value.startswith("=")
                ]  # fmt: skip
            grids[sheet.title], unsolved[sheet.title] = grid, lost
        values.close()
        formulas.close()
    except Exception as error:  # a damaged workbook fails in any of the reader's parts
        raise StudyError(f"{path.name} cannot be read as a workbook: {error}") from error
    return grids, unsolved


def _cell_shown(value: object, form: str | None) -> str:
    """Text of a cell of a workbook as it shows it: with its percent sign, or its leading zeros."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and "%" in _LITERAL.sub("", form or ""):
        return f"{float(value) * 100:.12g}%"  # type: ignore[arg-type]
    text = _cell_text(value)
    return text.zfill(len(form)) if number and form and not form.strip("0") else text


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)


# --- grids -----------------------------------------------------------------------------------


def _best_match(grid: list[list[str]], known: frozenset[str]) -> tuple[int, int]:
    best = max((_matches(row, known) for row in grid[:_HEADER_WITHIN]), default=0)
    return best, sum(any(map(str.strip, row)) for row in grid)


def _matches(row: list[str], known: frozenset[str]) -> int:
    return len({_plain(cell) for cell in row} & known)


def _from_grid(
    name: str, grid: list[list[str]], known: frozenset[str], notes: list[str]
) -> _Source:
    """Find the header, and name every row above, below and between that is none of the table."""
    at = _header(grid, known)
    if at is None:
        raise StudyError(f"{name} has no row of headers with two columns or more; expected a table")
    headers, columns = _headers(name, grid, at)
    titles = [_tidy(" ".join(row)) for row in grid[:at] if any(cell.strip() for cell in row)]
    if titles:
        notes.append(f"Headers stand in row {at + 1}; above them: {_shown(titles)}.")
    rows, kept, blank, foot = [], [], 0, []
    for i, row in enumerate(grid[at + 1 :], start=at + 2):
        cells = [row[c].strip() if c < len(row) else "" for c in columns]
        beyond = [c for c in range(len(row)) if c not in columns and row[c].strip()]
        if beyond:
            raise StudyError(
                f"{name}, row {i}: {len(row)} cells under {len(headers)} headers (found "
                f"{_tidy(row[beyond[0]])!r} beyond the last); quote texts that hold the separator"
            )
        filled = [cell for cell in cells if cell]
        if not filled:
            blank += 1
        elif _is_remark(cells, filled):
            foot.append((i, _tidy(" ".join(filled))))
        else:
            rows.append(i)
            kept.append(cells)
    if blank:
        notes.append(f"{blank:,} blank rows passed over.")
    if foot:
        words = [f"row {i}: {text[:60]}" for i, text in foot]
        notes.append(f"{len(foot):,} rows of remarks or totals left out ({_shown(words)}).")
    if not rows:
        raise StudyError(f"{name} has headers in row {at + 1} and no rows under them")
    return _Source(name, pd.DataFrame(kept, columns=headers, dtype=str), rows, notes, at + 1)


def _is_remark(cells: list[str], filled: list[str]) -> bool:
    """A line of notes or totals: it must not become a place."""
    first = filled[0].casefold()
    total = re.match(r"^(grand |sub[- ]?)?totals?\b\s*:?", first)
    # a name may begin with it: beside a total stand numbers
    if total and (
        total.end() == len(first) or not any(re.search("[A-Za-z]{2}", c) for c in filled[1:])
    ):
        return len(cells) > 1 and cells.index(filled[0]) < 2
    starts = ("source", "note", "©", "contains ", "crown copyright", "data as at", "footnote")
    return (
        len(cells) > 2
        and len(filled) == 1
        and bool(cells[0])
        and (first.startswith(starts) or len(first) > 60)
    )


def _header(grid: list[list[str]], known: frozenset[str]) -> int | None:
    """The row that names the columns: most known names, else the first full row of words."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in grid]
    within = [i for i in range(min(len(grid), _HEADER_WITHIN)) if filled[i] >= 2]
    if not within:
        return None
    best = max(within, key=lambda i: (_matches(grid[i], known), -i))
    if _matches(grid[best], known) >= 2:
        return best
    usual = Counter(n for n in filled if n >= 2).most_common(1)[0][0]
    return next((i for i in within if filled[i] >= 0.6 * usual), within[0])


def _headers(name: str, grid: list[list[str]], at: int) -> tuple[list[str], list[int]]:
    """Names of the columns that hold anything, and where they stand."""
    names = [_tidy(cell) for cell in grid[at]]
    width = max(len(names), *(len(row) for row in grid[at:]))
    names += [""] * (width - len(names))
    used = [c for c in range(len(grid[at])) if any(c < len(r) and r[c].strip() for r in grid[at:])]
    headers = [names[c] or f"column {_letter(c)}" for c in used]
    twice = [header for header, n in Counter(map(_plain, headers)).items() if n > 1]
    if twice:
        same = [h for h in headers if _plain(h) in twice]
        raise StudyError(
            f"{name}, row {at + 1}: {_shown(sorted(set(same)))} stands over two columns or more; "
            "give every column its own name"
        )
    return headers, used


def _letter(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


# --- shapes ----------------------------------------------------------------------------------


def _read_shapes(path: Path, layer: str | None) -> _Source:
    source, notes = _openable(path), []
    try:
        layers = [str(row[0]) for row in pyogrio.list_layers(source)]
        if layer is not None and layer not in layers:
            raise StudyError(
                f"{path.name} has no layer {layer!r}; it has {', '.join(map(repr, layers))}"
            )
        chosen = layer or layers[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = pyogrio.read_dataframe(source, layer=chosen)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IndexError,
            pyogrio.errors.GeometryError, ValueError, RuntimeError) as error:  # fmt: skip
        raise StudyError(f"{path.name} cannot be read as shapes: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise StudyError(
            f"{path.name} holds no geometry in {chosen!r}; expected points or polygons"
        )
    if not len(frame):
        raise StudyError(
            f"{path.name} holds no features in {chosen!r}; expected points or polygons"
        )
    notes.append(f"Read {len(frame):,} features of the layer {chosen!r}.")
    if len(layers) > 1 and layer is None:
        notes.append(f"Layers not read: {', '.join(map(repr, layers[1:]))}.")
    geometry = _in_degrees(frame.geometry, path.name, notes)
    lonlat, shapes = _points(geometry, path.name, notes)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    text = table.apply(lambda column: column.map(lambda v: "" if pd.isna(v) else _cell_text(v)))
    text = text.loc[:, text.ne("").any(axis=0)].astype(str)
    return _Source(
        path.name, text, list(range(1, len(frame) + 1)), notes, 0, chosen, lonlat, shapes
    )


def _openable(path: Path) -> str:
    """What the reader may open, when the file is what its name says."""
    kind = path.suffix.casefold()
    with path.open("rb") as file:
        start = file.read(2048)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    good = {
        ".gpkg": start.startswith(b"SQLite format 3"),
        ".shp": start.startswith(b"\x00\x00\x27\x0a"),
        ".geojson": text.startswith(b"{"),
        ".json": text.startswith(b"{"),
        ".kml": text.startswith(b"<") and b"<html" not in start.lower(),
        ".zip": start.startswith(b"PK\x03\x04"),
    }[kind]
    if not good:
        page = " (it is a web page)" if b"<html" in start.lower() else ""
        raise StudyError(f"{path.name} is not what its name says{page}; get the file again")
    if kind == ".kml":
        body = path.read_bytes()
        if b"<!ENTITY" in body or b"<!DOCTYPE" in body or b"<NetworkLink" in body:
            raise StudyError(f"{path.name} declares XML entities or links; refused as unsafe")
    if kind in (".geojson", ".json"):
        _check_geojson(path)
    if kind == ".shp":
        missing = [e for e in (".dbf", ".shx") if not _beside(path, e)]
        if missing:
            raise StudyError(
                f"{path.name} lacks its {' and '.join(missing)}; a shapefile is several files of "
                "one name: copy them all, or use a GeoPackage"
            )
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive:
            inner = [n for n in archive.namelist() if n.casefold().endswith(".shp")]
        if len(inner) != 1:
            raise StudyError(f"{path.name} holds {len(inner)} shapefiles; expected one")
        return f"/vsizip/{path.resolve()}/{inner[0]}"
    return str(path)


def _beside(path: Path, ending: str) -> bool:
    return path.with_suffix(ending).is_file() or path.with_suffix(ending.upper()).is_file()


def _check_geojson(path: Path) -> None:
    try:
        kind = json.loads(path.read_bytes()).get("type")
    except (ValueError, AttributeError, RecursionError) as error:
        raise StudyError(f"{path.name} is not JSON: {error}; get it again") from error
    if kind not in ("FeatureCollection", "Feature"):
        raise StudyError(f"{path.name} is JSON of type {kind!r}; expected a FeatureCollection")


def _in_degrees(geometry: gpd.GeoSeries, name: str, notes: list[str]) -> gpd.GeoSeries:
    """Shapes in WGS84; a missing CRS is told by the numbers, and said."""
    x0, y0, x1, y1 = geometry.total_bounds
    # GeoJSON without a CRS is taken for degrees, whatever its numbers
    beyond = geometry.crs is not None and geometry.crs.equals(WGS84) and (x1 > 180 or y1 > 90)
    if beyond:
        geometry = geometry.set_crs(None, allow_override=True)
    if geometry.crs is None:
        if x0 >= 0 and 1000 < x1 <= 700_000 and y0 >= 0 and 1000 < y1 <= 1_300_000:
            geometry = geometry.set_crs(BRITISH_GRID)
        elif x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90:
            geometry = geometry.set_crs(WGS84)
        else:
            raise StudyError(f"{name} does not say its CRS, and its numbers do not tell; save it "
                             "with one, for example EPSG:27700")  # fmt: skip
        notes.append(f"The file does not say its CRS; its numbers are those of {geometry.crs}.")
    elif not geometry.crs.equals(WGS84):
        notes.append(f"Brought from {geometry.crs.name} to degrees (WGS84).")
    return gpd.GeoSeries(shapely.force_2d(geometry.to_crs(WGS84).to_numpy()), crs=WGS84)


def _points(
    geometry: gpd.GeoSeries, name: str, notes: list[str]
) -> tuple[np.ndarray, gpd.GeoSeries | None]:
    """One point a shape; polygons give one that lies inside them."""
    shapes = geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    flat = shapely.get_dimensions(shapes) == 2
    lines = (shapely.get_dimensions(shapes) == 1) & ~empty
    if lines.any():
        rows = (np.flatnonzero(lines) + 1).tolist()
        raise StudyError(f"{name}: {lines.sum()} features are lines ({_shown(rows)}); expected "
                         "points or polygons")  # fmt: skip
    out = np.full((len(shapes), 2), np.nan)
    if flat.any():
        broken = flat & ~shapely.is_valid(shapes)
        if broken.any():
            shapes = np.where(broken, shapely.make_valid(shapes), shapes)
            notes.append(f"{broken.sum():,} polygons that cross themselves were mended.")
        notes.append(f"{flat.sum():,} polygons stand for a point inside each of them.")
    inside = shapely.point_on_surface(shapes[~empty])
    several = (shapely.get_num_geometries(shapes) > 1) & ~flat & ~empty
    if several.any():
        notes.append(f"{several.sum():,} features hold several points; the first of each is used.")
        inside = np.where(several[~empty], shapely.get_geometry(shapes[~empty], 0), inside)
    out[~empty] = shapely.get_coordinates(inside)
    if empty.any():
        notes.append(f"{empty.sum():,} features have no geometry.")
    return out, gpd.GeoSeries(shapes, crs=WGS84) if flat.any() else None
