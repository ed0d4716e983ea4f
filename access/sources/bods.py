"""Timetables: the Bus Open Data Service's GTFS, one file a region."""

from __future__ import annotations

import zipfile
from pathlib import Path

from access.errors import ParameterError, StudyError
from access.sources.download import Fetched, Internet
from access.sources.patient import NotWholeError
from access.sources.tables import check_file

SOURCE = "Department for Transport: Bus Open Data Service"
LICENCE = "Open Government Licence v3.0"
REGIONS = ("east_anglia", "east_midlands", "london", "north_east", "north_west", "south_east",
           "south_west", "west_midlands", "yorkshire", "wales", "scotland", "all")  # fmt: skip
#: Without these a file is no timetable; calendars may be either of two.
_MUST = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")


def fetch_timetable(net: Internet, region: str) -> Fetched:
    """Fetch a region's timetable, the zip as it is.

    Parameters
    ----------
    net : Internet
    region : str
        One of `REGIONS`.

    Raises
    ------
    ParameterError
        If there is no such region.
    FetchError
    """
    if region not in REGIONS:
        raise ParameterError(f"no region {region!r}; expected one of {', '.join(REGIONS)}")
    return net.get(net.address("bods", f"gtfs-file/{region}/"), f"the timetable of {region}",
                   check=_is_timetable)  # fmt: skip


def check_timetable(path: Path) -> None:
    """Refuse a file that is no timetable.

    Raises
    ------
    StudyError
        With what is missing.
    """
    check_file(path, most_bytes=3_000_000_000)
    if not zipfile.is_zipfile(path):
        raise StudyError(f"{path.name} is no zip file; expected a timetable in GTFS")
    with zipfile.ZipFile(path) as archive:
        names = {Path(name).name.casefold() for name in archive.namelist()}
    lacking = [name for name in _MUST if name not in names]
    if not names & {"calendar.txt", "calendar_dates.txt"}:
        lacking.append("calendar.txt or calendar_dates.txt")
    if lacking:
        raise StudyError(f"{path.name} lacks {', '.join(lacking)}; expected a timetable in GTFS")


def _is_timetable(path: Path, kind: str) -> None:
    try:
        check_timetable(path)
    except StudyError as error:
        raise NotWholeError(error.message) from error
