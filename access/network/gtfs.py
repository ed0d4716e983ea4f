"""A GTFS feed as it lies on a disk, opened with care; and the days that its timetable runs on."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import AccessError, Fault
from access.files import sha256_of

# A GTFS feed as it lies on a disk: a zip or a folder of tables, opened with care.

#: A table larger than this, or squeezed further than this, is refused unread.
_MOST_TABLE_BYTES = 8_000_000_000
_MOST_SQUEEZED = 250
_SMALL_BYTES = 20_000_000
_CHUNK_ROWS = 500_000
_HEADER_BYTES = 80


class _TimetableError(AccessError):
    """A timetable cannot be read, or says nothing of the day or the place that was asked for."""

    exit_code = 9


class _Feed:
    """The tables of one feed.

    Parameters
    ----------
    path : path
        A zip or a folder; the tables may lie in one folder inside it.
    label : str
        Its name in messages, and before its ids where several feeds are read together.

    Raises
    ------
    TimetableError
        If it cannot be opened, holds no ``stop_times.txt``, holds it twice, or is squeezed beyond
        what tables of text are.
    """

    def __init__(self, path: str | Path, label: str) -> None:
        self.path, self.label = Path(path), label
        self.notes: list[str] = []
        self._encodings: dict[str, str] = {}
        if self.path.is_dir():
            self._tables = {p.name.lower(): p for p in _inside(self.path)}
        elif self.path.is_file():
            self._tables = self._zipped()
        elif self.path.exists():
            raise _TimetableError(
                f"{self.path} is neither a file nor a folder; expected a GTFS zip"
            )
        else:
            raise _TimetableError(f"there is no file {self.path}; expected a GTFS zip or folder")

    def __contains__(self, name: str) -> bool:
        return name in self._tables

    def _zipped(self) -> dict[str, Any]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and _visible(m.filename)]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _TimetableError(
                f"{self.path} is not a whole zip ({error}); download it again. Expected a GTFS "
                "feed, for example from the Bus Open Data Service"
            ) from None
        homes = [m.filename for m in members if _base(m.filename) == "stop_times.txt"]
        if not homes:
            raise self._no_stop_times([m.filename for m in members])
        if len(homes) > 1:
            raise _TimetableError(
                f"{self.path} holds {len(homes)} timetables ({', '.join(homes[:5])}); unpack it, "
                "and give them one by one"
            )
        home = homes[0][: -len("stop_times.txt")]
        if home:
            self.notes.append(f"The tables of {self.label} lie in the folder {home} of the zip.")
        return {_base(m.filename): m for m in members if m.filename == home + Path(m.filename).name}

    def _no_stop_times(self, names: Sequence[str]) -> _TimetableError:
        held = ", ".join(sorted(names)[:8]) or "nothing"
        return _TimetableError(
            f"{self.path} holds no stop_times.txt, so it is no GTFS timetable; it holds {held}. "
            "A GTFS feed has stops.txt, routes.txt, trips.txt, stop_times.txt and calendar.txt"
        )

    def _open(self, name: str) -> IO[bytes]:
        table = self._tables[name]
        if isinstance(table, Path):
            if table.stat().st_size > _MOST_TABLE_BYTES:
                raise self._too_large(name, table.stat().st_size)
            return table.open("rb")
        squeezed = table.file_size / max(table.compress_size, 1)
        if table.file_size > _MOST_TABLE_BYTES:
            raise self._too_large(name, table.file_size)
        if table.file_size > _SMALL_BYTES and squeezed > _MOST_SQUEEZED:
            raise _TimetableError(
                f"{name} in {self.path} would unpack to {squeezed:,.0f} times its size; no "
                f"timetable does (at most {_MOST_SQUEEZED} times is read)"
            )
        with zipfile.ZipFile(self.path) as archive:  # the open member keeps the file open
            return archive.open(table)

    def _too_large(self, name: str, size: int) -> _TimetableError:
        return _TimetableError(
            f"{name} in {self.path} has {size / 1e9:,.1f} GB; at most "
            f"{_MOST_TABLE_BYTES / 1e9:g} GB is read. Take the feed of one region"
        )

    def read(self, name: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> pd.DataFrame:
        """Read columns of a table as text; a column that is wanted and not there is empty."""
        parts = list(self.chunks(name, needed, wanted))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]

    def chunks(
        self, name: str, needed: Sequence[str], wanted: Sequence[str] = ()
    ) -> Iterator[pd.DataFrame]:
        """Read a table piece by piece, so that a region's stop times need not fit in memory."""
        if name not in self._tables:
            raise _TimetableError(f"{self.path} holds no {name}, which every GTFS feed needs")
        encoding = self._encoding(name)
        # Windows-1252 has no letter for five bytes.
        text = {"encoding": encoding, "errors": "replace" if encoding == "cp1252" else "strict"}
        columns = [*needed, *wanted]
        try:
            self._check_widths(name, text)
            with self._open(name) as handle, warnings.catch_warnings():
                warnings.simplefilter("ignore", pd.errors.ParserWarning)  # commas that end rows
                reader = pd.read_csv(
                    handle, dtype=str, keep_default_na=False, index_col=False,
                    skipinitialspace=True, chunksize=_CHUNK_ROWS,
                    encoding=text["encoding"], encoding_errors=text["errors"],
                    usecols=lambda c: c.strip() in columns,
                )  # fmt: skip
                for part in reader:
                    yield self._shaped(part, name, needed, columns)
        except pd.errors.EmptyDataError:
            raise _TimetableError(f"{name} in {self.path} is empty; expected a header") from None
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            told = str(error).removeprefix("Error tokenizing data. C error: ").strip()
            raise _TimetableError(
                f"{name} in {self.path} is not a table of comma-separated values: {told}. A text "
                "with a comma in it must stand in double quotes"
            ) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            raise _TimetableError(
                f"{name} in {self.path} cannot be unpacked ({error}); download the feed again"
            ) from None

    def _check_widths(self, name: str, text: dict[str, Any]) -> None:
        """Refuse rows of more fields than the header: a comma too many moves what follows it.

        Where every row ends in as many commas more, nothing is moved. Stop times are too many to be
        looked at twice for the texts among their last columns.
        """
        if name == "stop_times.txt":
            return
        longer, rows = [], 0
        with self._open(name) as handle, suppress(csv.Error):  # said where the table is read
            table = csv.reader(io.TextIOWrapper(handle, newline="", **text), skipinitialspace=True)
            width = len(next(table, ()))
            for row in table:
                rows += bool(row)
                if len(row) > width:
                    longer.append((table.line_num, len(row), any(row[width:])))
        kinds = {more[1:] for more in longer}
        moved = len(longer) < rows or len(kinds) > 1 or any(held for _, held in kinds)
        if not longer or not moved:
            return
        raise _TimetableError(
            f"{len(longer)} rows of {name} in {self.path} have more fields than the {width} of its "
            "header",
            [Fault(name, f"line {line}", "", f"{fields} fields",
                   "each text with a comma in it in double quotes")
             for line, fields, _ in longer[:20]],
        )  # fmt: skip

    def _shaped(
        self, part: pd.DataFrame, name: str, needed: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        part = part.rename(columns=str.strip)
        part = part.loc[:, ~part.columns.duplicated()]
        missing = [c for c in needed if c not in part.columns]
        if missing:
            raise _TimetableError(
                f"{name} in {self.path} lacks a column",
                [Fault(name, "header", c, self._header(name),
                       f"a column {c}, and commas between columns") for c in missing],
            )  # fmt: skip
        part = part.reindex(columns=list(columns), fill_value="").fillna("")
        stripped: pd.DataFrame = part.apply(lambda column: column.str.strip())
        return stripped

    def _header(self, name: str) -> str:
        """Give the beginning of a table, as it is to be shown."""
        with self._open(name) as handle:
            head = handle.read(_HEADER_BYTES).decode(self._encoding(name), "replace")
        return head.splitlines()[0] if head else ""

    def _encoding(self, name: str) -> str:
        """UTF-8 as the standard asks (with or without a mark), else as old Windows tools write."""
        if name not in self._encodings:
            self._encodings[name] = "utf-8-sig"
            decoder = codecs.getincrementaldecoder("utf-8")()
            try:
                with self._open(name) as handle:
                    while block := handle.read(1_000_000):
                        decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self._encodings[name] = "cp1252"
                self.notes.append(
                    f"{name} of {self.label} is not UTF-8; it was read as Windows-1252."
                )
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError):
                pass  # what is wrong is said where the table is read
        return self._encodings[name]


def _visible(name: str) -> bool:
    parts = name.split("/")
    return not any(part.startswith((".", "__MACOSX")) for part in parts)


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()


def _inside(folder: Path) -> list[Path]:
    """The tables of an unpacked feed, which may lie one folder further down."""
    homes = [folder, *sorted(p for p in folder.iterdir() if p.is_dir() and _visible(p.name))]
    for home in homes:
        found = [p for p in sorted(home.iterdir()) if p.is_file() and p.suffix.lower() == ".txt"]
        if any(p.name.lower() == "stop_times.txt" for p in found):
            return found
    held = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
    raise _TimetableError(
        f"the folder {folder} holds no stop_times.txt, so it is no GTFS timetable; it holds {held}"
    )


def feed_sha256(path: Path) -> str:
    """Hash a feed: its file, or where it is a folder the names and bytes of its tables."""
    if not path.is_dir():
        return sha256_of(path)
    total = hashlib.sha256()
    for table in _inside(path):
        total.update(f"{table.name.lower()} {sha256_of(table)}\n".encode())
    return total.hexdigest()


def _seconds(column: pd.Series, name: str, column_name: str) -> NDArray[np.float64]:
    """Read times ``H:MM:SS`` (hours may pass 24) as seconds; ``nan`` where blank.

    Raises
    ------
    TimetableError
        Listing what is no time.
    """
    codes, texts = pd.factorize(column)
    values = np.full(len(texts), np.nan)
    faults: list[Fault] = []
    for i, text in enumerate(texts):
        if not text:
            continue
        parts = str(text).split(":")
        if len(parts) == 3 and all(p.isascii() and p.isdigit() and len(p) <= 3 for p in parts):
            h, m, s = map(int, parts)
            if m < 60 and s < 60 and h < 100:
                values[i] = h * 3600 + m * 60 + s
                continue
        rows = np.flatnonzero(codes == i)
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        where = f"row {int(column.index[rows[0]]) + 2}{more}"
        faults.append(Fault(name, where, column_name, str(text), "a time as 9:05:00 or 25:10:00"))
    if faults:
        raise _TimetableError(f"{len(faults)} times cannot be read", faults[:20])
    return values[codes] if len(texts) else np.full(len(column), np.nan)


# ------------------------------------------------------------------------------
# Which days a timetable runs on: calendars, bank holidays, term time.

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TUESDAY = 1
#: Calendars that are open on either side are looked at from this day on, and for a century.
_FIRST_DAY = date(1970, 1, 1)
_MOST_DAYS = 36_600
#: Tuesdays with no more than this share of the most trips lie outside a feed's own time.
_HARDLY_ANY = 0.1

_TERM_RULE = (
    "Term time is taken to be every day but 20 December to 6 January, 10 to 25 February, the two "
    "weeks before and after Easter Sunday, the week of the late May bank holiday, 18 July to "
    "6 September and 18 October to 3 November: wide enough for any authority's dates in England "
    "and Wales."
)
_MOVED = {  # (year, name): the day by proclamation, in place of the rule's
    (1995, "Early May bank holiday"): date(1995, 5, 8),
    (2020, "Early May bank holiday"): date(2020, 5, 8),
    (2002, "Spring bank holiday"): date(2002, 6, 4),
    (2012, "Spring bank holiday"): date(2012, 6, 4),
    (2022, "Spring bank holiday"): date(2022, 6, 2),
}
_ONCE = {
    date(1999, 12, 31): "Millennium",
    date(2002, 6, 3): "Golden Jubilee",
    date(2011, 4, 29): "Royal wedding",
    date(2012, 6, 5): "Diamond Jubilee",
    date(2022, 6, 3): "Platinum Jubilee",
    date(2022, 9, 19): "State funeral of Queen Elizabeth II",
    date(2023, 5, 8): "Coronation of King Charles III",
}


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Parameters
    ----------
    year : int

    Returns
    -------
    date

    Notes
    -----
    The anonymous algorithm of 1876, as in Meeus, *Astronomical Algorithms* (1991), ch. 8.

    Examples
    --------
    >>> _easter(2024)
    datetime.date(2024, 3, 31)
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def _bank_holidays(year: int) -> dict[date, str]:
    """Bank holidays in England and Wales, by rule and by the proclamations known in 2025.

    Parameters
    ----------
    year : int

    Returns
    -------
    dict of date to str
        Where a holiday falls on a weekend, the day that stands in for it.

    Examples
    --------
    >>> [day.isoformat() for day in _bank_holidays(2022)][:4]
    ['2022-01-03', '2022-04-15', '2022-04-18', '2022-05-02']
    """
    found = [
        (_weekday(date(year, 1, 1)), "New Year's Day"),
        (_easter(year) - timedelta(2), "Good Friday"),
        (_easter(year) + timedelta(1), "Easter Monday"),
        (_monday(date(year, 5, 1)), "Early May bank holiday"),
        (_monday(date(year, 5, 25)), "Spring bank holiday"),
        (_monday(date(year, 8, 25)), "Summer bank holiday"),
    ]
    days = {_MOVED.get((year, name), day): name for day, name in found}
    christmas = _weekday(date(year, 12, 25))
    boxing = _weekday(date(year, 12, 26))
    if boxing == christmas or date(year, 12, 25).weekday() == 6:
        # Sunday's Christmas gives way to Monday's Boxing Day, and is kept on Tuesday.
        christmas, boxing = (
            (date(year, 12, 27), date(year, 12, 26))
            if date(year, 12, 25).weekday() == 6
            else (christmas, boxing + timedelta(1))
        )
    days[christmas], days[boxing] = "Christmas Day", "Boxing Day"
    days |= {day: name for day, name in _ONCE.items() if day.year == year}
    return dict(sorted(days.items()))


def _weekday(day: date) -> date:
    """The day, or the Monday after it where it falls on a weekend."""
    return day + timedelta((7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)


def _monday(day: date) -> date:
    """The first Monday on or after a day."""
    return day + timedelta(-day.weekday() % 7)


def _holiday(day: date) -> str:
    """Name of the bank holiday on a day; empty where there is none."""
    return _bank_holidays(day.year).get(day, "")


def _in_term(day: date) -> bool:
    """Whether a day is surely in term time; see `_TERM_RULE`.

    Parameters
    ----------
    day : date

    Returns
    -------
    bool

    Examples
    --------
    >>> _in_term(date(2023, 6, 13)), _in_term(date(2023, 8, 15))
    (True, False)
    """
    when = (day.month, day.day)
    late_may = _monday(date(day.year, 5, 25))
    return not (
        when >= (12, 20)
        or when <= (1, 6)
        or (2, 10) <= when <= (2, 25)
        or abs((day - _easter(day.year)).days) <= 14
        or timedelta(0) <= day - late_may < timedelta(7)
        or (7, 18) <= when <= (9, 6)
        or (10, 18) <= when <= (11, 3)
    )


class _Calendar:
    """The services of one feed, and the days each runs on."""

    def __init__(self, feed: _Feed) -> None:
        if "calendar.txt" not in feed and "calendar_dates.txt" not in feed:
            raise _TimetableError(
                f"{feed.path} holds neither calendar.txt nor calendar_dates.txt, so no day is known"
            )
        columns = ("service_id", *_DAYS, "start_date", "end_date")
        weeks = _table(feed, "calendar.txt", columns)
        extra = _table(feed, "calendar_dates.txt", ("service_id", "date", "exception_type"))
        self.services = pd.Index(pd.unique(pd.concat([weeks["service_id"], extra["service_id"]])))
        if not len(self.services):
            raise _TimetableError(
                f"the calendars of {feed.path} have no rows, so nothing runs on any day; expected "
                "services in calendar.txt or calendar_dates.txt"
            )
        self.has_exceptions = len(extra) > 0
        self._rows = self.services.get_indexer(weeks["service_id"])
        self._on = np.column_stack([(weeks[day] == "1").to_numpy(bool) for day in _DAYS])
        self._start = _dates(weeks["start_date"], "calendar.txt", "start_date")
        self._end = _dates(weeks["end_date"], "calendar.txt", "end_date")
        self._extra_day = _dates(extra["date"], "calendar_dates.txt", "date")
        self._extra_row = self.services.get_indexer(extra["service_id"])
        self._added = _added(extra["exception_type"])
        self.first, self.last = self._span(feed)

    def _span(self, feed: _Feed) -> tuple[date, date]:
        """First and last day that something may run, within what the feed says of itself."""
        starts = np.concatenate([self._start, self._extra_day[self._added]])
        ends = np.concatenate([self._end, self._extra_day[self._added]])
        if not len(starts):
            raise _TimetableError(f"the calendars of {feed.path} only take days out; none is in")
        first, last = max(int(starts.min()), _FIRST_DAY.toordinal()), int(ends.max())
        if "feed_info.txt" in feed:
            info = feed.read("feed_info.txt", (), ("feed_start_date", "feed_end_date"))
            for column, narrow in (("feed_start_date", max), ("feed_end_date", min)):
                told = [str(t) for t in info[column] if t]
                if told:
                    value = int(_dates(pd.Series(told[:1]), "feed_info.txt", column)[0])
                    if narrow is max:
                        first = max(first, value)
                    else:
                        last = min(last, value)
        if last < first:
            raise _TimetableError(
                f"the calendars of {feed.path} end before they begin: {date.fromordinal(first)} to "
                f"{date.fromordinal(last)}"
            )
        return date.fromordinal(first), date.fromordinal(min(last, first + _MOST_DAYS))

    def active(self, day: date) -> NDArray[np.bool_]:
        """Which services run on a day, in the order of `services`."""
        out = np.zeros(len(self.services), bool)
        n = day.toordinal()
        out[self._rows[(self._start <= n) & (n <= self._end) & self._on[:, day.weekday()]]] = True
        today = self._extra_day == n
        out[self._extra_row[today & self._added]] = True
        out[self._extra_row[today & ~self._added]] = False
        return out

    def counts(self, trips_of_service: NDArray[np.float64]) -> pd.Series:
        """Trips on every day of the span, given how many each service has."""
        days = [self.first + timedelta(i) for i in range((self.last - self.first).days + 1)]
        special = set(self._extra_day.tolist())
        # Between the days on which something begins or has ended, weeks are alike.
        turns = np.unique(np.concatenate([self._start, self._end + 1]))
        week = np.searchsorted(turns, [day.toordinal() for day in days], "right").tolist()
        known: dict[tuple[int, int], float] = {}
        found = []
        for day, k in zip(days, week, strict=True):
            alike = (-1, day.toordinal()) if day.toordinal() in special else (k, day.weekday())
            if alike not in known:
                known[alike] = float(trips_of_service[self.active(day)].sum())
            found.append(known[alike])
        return pd.Series(found, days)


def _usual_tuesday(counts: pd.Series) -> float:
    """Median number of trips on the Tuesdays that are no bank holiday, while the feed runs.

    A service that was left in from other years makes its calendar longer, and says nothing of it.
    """
    days = [day for day in counts.index if day.weekday() == _TUESDAY and not _holiday(day)]
    held = counts[days].to_numpy(float)
    busy = np.flatnonzero(held > _HARDLY_ANY * held.max(initial=0.0))
    return float(np.median(held[busy[0] : busy[-1] + 1])) if len(busy) else 0.0


def _nearest_day(day: date, counts: pd.Series, good: Callable[[date], bool]) -> date | None:
    """The day nearest to one that was asked for, of those that would do; the earlier of two."""
    fit = [d for d in counts.index if good(d) and not _holiday(d)]
    return min(fit, key=lambda d: (abs((d - day).days), d), default=None)


def _choose_day(counts: pd.Series) -> date | None:
    """The term-time Tuesday with the most usual number of trips; the first of several."""
    usual = _usual_tuesday(counts)
    fit = [
        (abs(n - usual), d)
        for d, n in _by_day(counts)
        if d.weekday() == _TUESDAY and not _holiday(d) and _in_term(d) and n > 0
    ]
    return min(fit)[1] if fit else None


def _by_day(counts: pd.Series) -> list[tuple[date, float]]:
    return list(zip(counts.index.tolist(), counts.tolist(), strict=True))


def spoken(day: date) -> str:
    """A day as one says it."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def _as_day(day: date | str) -> date:
    """Read a day as ``2023-06-13`` or ``20230613``."""
    if isinstance(day, datetime):
        return day.date()
    return day if isinstance(day, date) else date.fromisoformat(str(day))


def _table(feed: _Feed, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A calendar's table; empty where the feed has none."""
    return feed.read(name, columns) if name in feed else pd.DataFrame(columns=columns, dtype=str)


def _added(column: pd.Series) -> NDArray[np.bool_]:
    """Which exceptions put a service in; the others take it out."""
    wrong = np.flatnonzero(~column.isin(["1", "2"]))
    if len(wrong):
        raise _TimetableError(
            f"{len(wrong)} exceptions say neither that a service runs nor that it does not",
            [Fault("calendar_dates.txt", f"row {i + 2}", "exception_type", str(column.iloc[i]),
                   "1 (runs on that day) or 2 (does not)") for i in wrong[:20]],
        )  # fmt: skip
    return (column == "1").to_numpy(bool)


def _dates(column: pd.Series, name: str, column_name: str) -> NDArray[np.int64]:
    """Days as ordinals."""
    out, faults = np.zeros(len(column), np.int64), []
    for i, text in enumerate(column):
        try:
            if not (len(text) == 8 and text.isdigit()):
                raise ValueError
            out[i] = date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
        except ValueError:
            faults.append(Fault(name, f"row {i + 2}", column_name, text, "a day as 20230613"))
    if faults:
        raise _TimetableError(f"{len(faults)} days cannot be read", faults[:20])
    return out
