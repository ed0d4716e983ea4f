"""A made-up timetable for the made-up town of ``access new``: two lines that meet."""

from __future__ import annotations

import zipfile
from pathlib import Path


def _clock(minutes: float) -> str:
    seconds = round(minutes * 60)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def town_feed(
    path: Path, *, every_minutes: int = 30, moved: tuple[float, float] = (0.0, 0.0)
) -> Path:
    """Write a feed: line 1 along the town from west to east and back, line 2 from south to north.

    Line 1 runs every so many minutes from 8 to 22, line 2 every 20 minutes from 8 to 17; nothing
    runs from 22 on, and line 2 only once an hour on 20 June.
    """
    lon, lat = moved  # degrees from where the town lies
    east = [(f"e{i}", -1.40 + 0.025 * i + lon, 53.42 + lat) for i in range(5)]
    north = [(f"n{i}", -1.3505 + lon, 53.40 + 0.02 * i + lat) for i in range(4)]
    stops = "".join(f"{i},Stop {i},{lat},{lon}\n" for i, lon, lat in [*east, *north])
    trips, times = "", ""
    for route, line, step, last, minutes in (
        ("r1", east, every_minutes, 22 * 60, 5), ("r2", north, 20, 17 * 60, 4),
    ):  # fmt: skip
        for back in (False, True):
            for start in range(8 * 60, last, step):
                service = "wk" if route == "r1" or start % 60 == 0 else "most"
                trip = f"{route}{'b' if back else 'a'}{start}"
                trips += f"{route},{service},{trip}\n"
                for k, (stop, *_) in enumerate(line[::-1] if back else line):
                    at = _clock(start + minutes * k)
                    times += f"{trip},{at},{at},{stop},{k}\n"
    tables = {
        "agency.txt": "agency_id,agency_name,agency_timezone\nA,Alpha,Europe/London\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n" + stops,
        "routes.txt": "route_id,agency_id,route_short_name,route_type\nr1,A,1,3\nr2,A,2,3\n",
        "trips.txt": "route_id,service_id,trip_id\n" + trips,
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + times,
        "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
        "start_date,end_date\nwk,1,1,1,1,1,0,0,20230605,20230714\n"
        "most,1,1,1,1,1,0,0,20230605,20230714\n",
        "calendar_dates.txt": "service_id,date,exception_type\nmost,20230620,2\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return path
