"""A GTFS feed as it lies on a disk: a zip or a folder of tables, opened with care."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import AccessError, Fault

#: A table larger than this, or squeezed further than this, is refused unread.
_MOST_TABLE_BYTES = 8_000_000_000
_MOST_SQUEEZED = 250
_SMALL_BYTES = 20_000_000
_CHUNK_ROWS = 500_000


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
        columns = [*needed, *wanted]
        try:
            with self._open(name) as handle, warnings.catch_warnings():
                warnings.simplefilter("ignore", pd.errors.ParserWarning)  # commas that end rows
                reader = pd.read_csv(
                    handle, dtype=str, keep_default_na=False, encoding=encoding, index_col=False,
                    skipinitialspace=True, chunksize=_CHUNK_ROWS,
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

    def _shaped(
        self, part: pd.DataFrame, name: str, needed: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        part = part.rename(columns=str.strip)
        part = part.loc[:, ~part.columns.duplicated()]
        missing = [c for c in needed if c not in part.columns]
        if missing:
            raise _TimetableError(
                f"{name} in {self.path} lacks a column",
                [Fault(name, "header", c, "", f"a column {c}") for c in missing],
            )
        part = part.reindex(columns=list(columns), fill_value="").fillna("")
        stripped: pd.DataFrame = part.apply(lambda column: column.str.strip())
        return stripped

    def _encoding(self, name: str) -> str:
        """UTF-8 as the standard asks (with or without a mark), else as old Windows tools write."""
        try:
            with self._open(name) as handle:
                head = handle.read(1_000_000)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError):
            return "utf-8-sig"  # what is wrong is said where the table is read
        try:
            head[: head.rfind(b"\n") + 1].decode("utf-8")
        except UnicodeDecodeError:
            self.notes.append(f"{name} of {self.label} is not UTF-8; it was read as Windows-1252.")
            return "cp1252"
        return "utf-8-sig"


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


def seconds(column: pd.Series, name: str, column_name: str) -> NDArray[np.float64]:
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
