"""One CSV table as text, and what its cells, and changes of a site, may say."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import Fault
from access.escape import text_fault
from access.files import read_whole

# One CSV table as text, with the rows of its sheet; every cell as it was written.
#
# What a spreadsheet, a person or another program may have done to a table is told by its cause.

#: The largest table that is read, bytes: all postcodes of Great Britain take a tenth of it.
_MOST_BYTES = 500_000_000
#: The largest figure that any table may hold, far above a nation's people or money.
_LARGEST = 1e12
_OTHER_FILES = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF",
    b"SQLite": "a database",
    b"PAR1": "a Parquet file",
}
_SAVE = "in Excel: Save as, 'CSV UTF-8 (Comma delimited)'"
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright strokes"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,\s'][0-9]{3})+(?:\.[0-9]*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


def read_sheet(path: Path) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a CSV table as text, indexed by the rows of its sheet, or say why it cannot be read."""
    name = path.name
    try:
        text, fault = _decoded(read_whole(path, _MOST_BYTES), name)
    except FileNotFoundError:
        return pd.DataFrame(), [Fault(name, "", "", "", f"this file in {path.parent}")]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return pd.DataFrame(), [Fault(name, "", "", why, "a CSV table")]
    if fault is not None:
        return pd.DataFrame(), [fault]
    records: list[tuple[int, list[str]]] = []
    try:
        records.extend(_records(text))
    except csv.Error as error:
        row = f"row {records[-1][0] + 1 if records else 1} or below"
        expected = f"quotes that close, doubled inside a quoted cell ({error})"
        return pd.DataFrame(), [Fault(name, row, "", "", expected)]
    if not records:
        return pd.DataFrame(), [Fault(name, "", "", "an empty file", "a row of headings and rows")]
    return _table(records, name)


def _decoded(content: bytes, name: str) -> tuple[str, Fault | None]:
    """Turn bytes into text, or say in what they are written and how to save them."""
    for start, kind in _OTHER_FILES.items():
        if content.startswith(start):
            return "", Fault(name, "", "", kind, f"a CSV table; {_SAVE}")
    head = content[:4_000]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(0) > len(head) / 4:
        expected = f"a table saved as UTF-8; {_SAVE}"
        return "", Fault(name, "", "", "UTF-16, Excel's 'Unicode text'", expected)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        found = f"byte {content[error.start]:#04x}, as Windows-1252 and others write letters"
        return "", Fault(name, f"row {row}", "", found, f"a table saved as UTF-8; {_SAVE}")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give every row that holds something, with its number in the sheet."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            if "".join(cells).strip():
                yield row, cells
    finally:
        csv.field_size_limit(before)


def _table(records: Sequence[tuple[int, list[str]]], name: str) -> tuple[pd.DataFrame, list[Fault]]:
    (top, header), rows = records[0], records[1:]
    faults = list(_unfit_texts(records, header, name))
    faults = faults or _heading_faults(header, top, rows, name) or _ragged(header, rows, name)
    if faults:
        return pd.DataFrame(), faults
    headings = [heading.strip() for heading in header]
    index = pd.Index([row for row, _ in rows], dtype=np.int64)
    columns = {
        heading: pd.Series([cells[k].strip() for _, cells in rows], index=index, dtype=str)
        for k, heading in enumerate(headings)
        if heading
    }
    return pd.DataFrame(columns, index=index), []


def _unfit_texts(
    records: Sequence[tuple[int, list[str]]], header: Sequence[str], file: str
) -> Iterator[Fault]:
    """Find headings and cells that can be no name: too long, or with control characters."""
    for row, cells in records:
        if not text_fault("".join(cells)):  # nor is any of them unfit: most rows are done with
            continue
        for k, cell in enumerate(cells):
            expected = text_fault(cell)
            if expected:
                column = header[k][:60] if k < len(header) else ""
                yield Fault(file, f"row {row}", column, cell[:60], expected)


def _folded(heading: str) -> str:
    """Give a heading without regard to capitals and blanks."""
    return re.sub(r"[\s_]+", "_", heading.strip().casefold())


def _heading_faults(
    header: Sequence[str], top: int, rows: Sequence[tuple[int, list[str]]], file: str
) -> list[Fault]:
    where = f"row {top}"
    for separator, words in _SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            return [Fault(file, where, "", words, f"commas between the cells; {_SAVE}")]
    times = Counter(_folded(heading) for heading in header if heading.strip())
    faults = [
        Fault(file, where, heading.strip(), "there again",
              "every column once, whatever its capitals and blanks; rename or take out one")
        for heading in header
        if times[_folded(heading)] > 1
    ]  # fmt: skip
    faults += [
        Fault(
            file, where, f"column {k + 1}", "no heading", "a heading over every column with cells"
        )
        for k, heading in enumerate(header)
        if not heading.strip() and any(k < len(cells) and cells[k].strip() for _, cells in rows)
    ]
    return faults


def _ragged(header: Sequence[str], rows: Sequence[tuple[int, list[str]]], file: str) -> list[Fault]:
    """Find rows with more or fewer cells than there are headings."""
    wide = len(header)
    many = f"{wide} cells, one a heading: these rows have more cells"
    comma = (
        f"{many}, for they end in a comma that the headings do not; take it out, or add a heading"
    )
    quote = f"{many}; put a text with a comma in it in quotes"
    few = f"{wide} cells, one a heading: these rows have fewer; an empty cell has its comma too"
    faults = []
    for row, cells in rows:
        if len(cells) != wide:
            extra = any(cell.strip() for cell in cells[wide:])
            expected = few if len(cells) < wide else quote if extra else comma
            faults.append(Fault(file, f"row {row}", "", f"{len(cells)} cells", expected))
    return faults


def read_numbers(
    column: pd.Series, file: str, *, needed: bool = False
) -> tuple[pd.Series, list[Fault]]:
    """Read a column of text as numbers; what is none is told by its cause, and how to mend it."""
    texts = column.to_numpy(dtype=object)
    plain = np.array([_NUMBER.fullmatch(text) is not None for text in texts], dtype=bool)
    # the nearest number to what is written, whatever the release of pandas makes of it
    read = [float(text) if ok else np.nan for text, ok in zip(texts, plain.tolist(), strict=True)]
    numbers = pd.Series(read, index=column.index, name=column.name, dtype=float)
    wrong = ~plain | ~(numbers.abs() <= _LARGEST).to_numpy()
    if not needed:
        wrong &= texts != ""
    faults = [
        Fault(file, f"row {column.index[i]}", str(column.name), str(texts[i])[:60],
              _wanted(str(texts[i])))
        for i in np.flatnonzero(wrong).tolist()
    ]  # fmt: skip
    return numbers.where(~wrong), faults


def _wanted(text: str) -> str:
    if not text:
        return "a number; this cell is empty"
    if _NUMBER.fullmatch(text):
        return f"a number of at most {_LARGEST:,.0f}"
    if _THOUSANDS.fullmatch(text):
        return "a number without marks between the thousands: 1234, not 1,234"
    if _DECIMAL_COMMA.fullmatch(text):
        return "a number with a point, not a comma: 0.25"
    if any(sign in text for sign in "£$€"):
        return "a number without a sign of money: 1234"
    if text.endswith("%"):
        return "a number without %: 0.25 for 25%"
    if text.casefold() in ("yes", "no", "true", "false"):
        return "a number: 1 or 0, not yes or no"
    return "a number, or an empty cell where it is not known and may be left empty"


# ------------------------------------------------------------------------------
# What the cells of a column must be, and every cell of a table that is not so.
#
# Our own and small: a schema library would take longer to import than a command takes to answer.


@dataclass(frozen=True)
class Check:
    """What every cell that is not empty must be.

    Parameters
    ----------
    holds : callable
        Takes the cells of a column, and says of each whether it is so.
    expected : str
        In words.
    """

    holds: Callable[[pd.Series], pd.Series]
    expected: str


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    kind : type
        ``str``, or ``float`` for a column that is read as numbers.
    checks : tuple of Check
    required : bool
        Whether every such table has the column.
    unique : bool
        Whether its cells are ids.

    Examples
    --------
    >>> share = Column(float, (Check(lambda cells: cells <= 1, "a share of at most 1"),))
    >>> frame = pd.DataFrame({"p": [0.5, 1.5, float("nan")]}, index=[2, 3, 4])
    >>> [str(fault) for fault in _column_faults(frame, {"p": share}, "areas.csv")]
    ["areas.csv, row 3, p: found '1.5'; expected a share of at most 1"]
    """

    kind: type
    checks: tuple[Check, ...] = ()
    required: bool = True
    unique: bool = False


def _column_faults(frame: pd.DataFrame, columns: Mapping[str, Column], file: str) -> list[Fault]:
    """Find every cell of a table, indexed by the rows of its sheet, that a column may not hold."""
    return [
        Fault(file, f"row {row}", name, _as_told(cell), expected)
        for name, column in columns.items()
        if name in frame
        for wrong, expected in _wrong_cells(frame[name], column)
        for row, cell in wrong.items()
    ]


def _wrong_cells(cells: pd.Series, column: Column) -> Iterator[tuple[pd.Series, str]]:
    known = cells.dropna()
    if column.unique:
        yield known[known.duplicated(keep=False)], "an id that is used once"
    for check in column.checks:
        holds = check.holds(known)
        if not holds.all():
            yield known[~holds], check.expected


def _as_told(cell: object) -> str:
    return (f"{cell:g}" if isinstance(cell, float) else str(cell))[:60]


def _at_least(least: float, expected: str) -> Check:
    """Expect a number that is not below another."""
    return Check(lambda cells: cells >= least, expected)


def _one_of(values: Iterable[object], expected: str) -> Check:
    """Expect one of some texts or numbers."""
    return Check(lambda cells: cells.isin(values), expected)


# ------------------------------------------------------------------------------
# What may be said of a change of one site: its actions, its statuses, and its faults.

STATUSES = ("full", "part_time", "outreach", "deregistered", "closed")
#: Statuses whose sites families can be counted to travel to.
OPEN_STATUSES = ("full", "part_time", "outreach")


def offers_today(centres: pd.DataFrame) -> pd.Series:
    """Mark the centres that families can be counted to travel to today."""
    if "status" not in centres:
        return pd.Series(True, index=centres.index)
    return centres["status"].isna() | centres["status"].isin(["", *OPEN_STATUSES])


#: What each action may say besides ``action site comment``; those it must say come first.
ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "close": ((), ("annual_cost_gbp",)),
    "open": ((), ("name", "status", "days", "capacity", "lon", "lat", "annual_cost_gbp")),
    "move": (("to",), ("lon", "lat", "name", "annual_cost_gbp")),
    "resize": (("capacity",), ()),
    "status": (("status",), ("days",)),
}
#: What any change may say.
ALWAYS = ("action", "site", "comment")
_BOUNDS = {
    "days": (float(np.finfo(float).tiny), 7.0, "days a week, above 0 and up to 7"),
    "capacity": (0.0, np.inf, "a number of families, 0 or more"),
    "lon": (-180.0, 180.0, "WGS84 degrees, -180 to 180"),
    "lat": (-90.0, 90.0, "WGS84 degrees, -90 to 90"),
    "annual_cost_gbp": (0.0, np.inf, "pounds a year, 0 or more"),
}


def value_faults(values: Mapping[str, object], where: str, file: str) -> list[Fault]:
    """Check what a change of a site says, value by value."""
    action, site = values.get("action"), values.get("site")
    faults = []
    if action not in ACTIONS:
        faults.append(Fault(file, where, "action", str(action), f"one of {list(ACTIONS)}"))
    if not isinstance(site, str) or not site:
        faults.append(Fault(file, where, "site", str(site or ""), "the id of a site"))
    if action in ACTIONS:
        must = ACTIONS[str(action)][0]
        faults += [
            Fault(file, where, column, "", f"{column}, which {action} needs")
            for column in must
            if values.get(column) is None
        ]
    status = values.get("status")
    may = OPEN_STATUSES if action == "open" else STATUSES
    if status is not None and status not in may:
        faults.append(Fault(file, where, "status", str(status), f"one of {list(may)}"))
    for column, (low, high, expected) in _BOUNDS.items():
        value = values.get(column)
        if value is not None and not _between(value, low, high):
            faults.append(Fault(file, where, column, str(value), expected))
    given = [column for column in ("lon", "lat") if values.get(column) is not None]
    if len(given) == 1 and not any(fault.column in given for fault in faults):
        other = "lat" if given == ["lon"] else "lon"
        faults.append(Fault(file, where, other, "", f"{other} beside {given[0]}"))
    return faults


def _between(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(np.isfinite(value)) and low <= float(value) <= high
