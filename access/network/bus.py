"""`bus_matrix`: minutes by bus, for every minute of a window, exactly.

Nobody is made to ride: where walking all the way is as quick, the journey is the walk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError
from access.network import Network, Status, TravelMatrix, travel_matrix
from access.network import bus_search as search
from access.network.bus_study import MINUTE, Study
from access.network.bus_walks import as_ms
from access.network.places import read_places
from access.network.timetable import Timetable
from access.network.windowed import WindowedTravel, clock, rows_of

#: Bytes that a result may take.
MOST_BYTES = 8_000_000_000
_BYTES_A_FIGURE = 9


@dataclass(frozen=True, eq=False, repr=False)
class BusTravel(WindowedTravel):
    """`WindowedTravel` by bus, with the journeys behind it; made by `bus_matrix`.

    Parameters
    ----------
    boardings : ndarray of int8, shape (areas, marks, sites)
        Fewest boardings of a quickest journey; 0 is a walk all the way, -1 where there is no way.
    walk : TravelMatrix
        Walking all the way.
    """

    boardings: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0, 0), np.int8))
    walk: TravelMatrix | None = None
    _leg_units: tuple[NDArray[np.uint16], NDArray[np.uint16]] = ()  # type: ignore[assignment]
    _study: Study | None = None

    def percentile(self, q: float = 50) -> TravelMatrix:
        """Minutes at a rank, with the walks at both ends; see `WindowedTravel.percentile`.

        Parameters
        ----------
        q : float

        Returns
        -------
        TravelMatrix
            Mode ``"bus"``. ``entry_minutes`` is the walk to the first stop, ``exit_minutes`` the
            walk from the last, ``network_minutes`` all between, waiting included. Where walking
            all the way is quickest, legs and metres are those of the walk.
        """
        assert self.walk is not None
        at = self._at_rank(self.minutes, q)
        walked = self._picked(self.boardings, at) == 0
        total = np.where(walked, self.walk.total_minutes, self._picked(self.minutes, at))
        entry, exit_ = self._legs(at)
        entry = np.where(walked, self.walk.entry_minutes, entry)
        exit_ = np.where(walked, self.walk.exit_minutes, exit_)
        return self._matrix(total, entry, exit_, q)

    def _legs(self, at: NDArray[np.intp]) -> tuple[NDArray, NDArray]:
        entry, exit_ = (
            self._picked(units, at) * (search.LEG_MS / MINUTE) for units in self._leg_units
        )
        return entry, exit_

    def _of_sites(self, at: NDArray[np.intp]) -> dict:
        assert self.walk is not None
        return {
            "boardings": self.boardings[..., at],
            "walk": self.walk.sites([self.site_ids[i] for i in at]),
            "_leg_units": tuple(units[..., at] for units in self._leg_units),
        }

    def share_walked(self) -> pd.Series:
        """Share of the window in which every site is walked to, or not reached, by area.

        Returns
        -------
        Series
            By ``area_id``; 1 where the timetable makes no difference.
        """
        ridden = (self.boardings > 0).any(axis=2)
        return pd.Series(1 - ridden.mean(axis=1), pd.Index(self.area_ids, name="area_id"))

    def explain(self, area: str, site: str, minute: str | int) -> str:
        """The journey in words.

        Parameters
        ----------
        area, site : str
            Ids.
        minute : str or int
            Any time of the window as ``"9:14"``, or minutes after midnight.

        Returns
        -------
        str
            A quickest journey with fewest boardings, leg by leg.

        Raises
        ------
        ParameterError
            If an id is not known, or the minute is not one of the window's.
        """
        mark = _mark(minute, "minute")
        rows = rows_of(self.area_ids, [area], "area")[0], rows_of(self.site_ids, [site], "site")[0]
        if mark not in self.marks:
            raise ParameterError(
                f"minute={minute!r} is none of the window's; expected "
                f"{clock(self.marks[0])} to {clock(self.marks[-1])}"
            )
        assert self._study is not None and self.walk is not None
        k = self.marks.index(mark)
        return self._study.words(
            str(area), str(site), mark, float(self.minutes[rows[0], k, rows[1]]),
            int(self.boardings[rows[0], k, rows[1]]),
        )  # fmt: skip


def bus_matrix(
    walk_network: Network,
    timetable: Timetable,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    window: tuple[str | int, str | int] = ("09:00", "12:00"),
    direction: str = "to_site",
    arrive_by: bool = False,
    max_walk_minutes: float = 20.0,
    max_change_minutes: float = 10.0,
    boardings: int = 3,
    slack_seconds: float = 60.0,
    snap_limit_m: float = 500.0,
) -> BusTravel:
    """Minutes by bus for every minute of a window, waiting, walking and changing included.

    Parameters
    ----------
    walk_network : Network
        Streets for walking; its speed is the walking speed.
    timetable : Timetable
    areas, sites : DataFrame or GeoDataFrame
        ``id``, ``lon`` and ``lat`` in WGS84 degrees, or a geometry with a CRS.
    window : tuple of str
        First minute, and the minute after the last: ``("09:00", "12:00")`` has 180.
    direction : str
        ``"to_site"``, or ``"from_site"`` for the way home.
    arrive_by : bool
        ``False``: the window is when one sets out. ``True``: when one must be there.
    max_walk_minutes : float
        Longest walk to the first stop and from the last.
    max_change_minutes : float
        Longest walk between two stops.
    boardings : int
        Most buses one after the other, 1 to 7.
    slack_seconds : float
        One is at every stop so long before the bus leaves, the first included.
    snap_limit_m : float
        Longest leg between a place or stop and its street, metres.

    Returns
    -------
    BusTravel
        Exact to a thousandth of a second. ``inf`` and a status where there is no way.

    Raises
    ------
    ParameterError
        If an option or place cannot be used, or the result would not fit in memory.
    TimetableError
        If no stop in use lies on the streets.

    Notes
    -----
    Profile Connection Scan (Dibbelt, Pajor, Strasser, Wagner 2018, JEA 23), see `bus_search`.
    A bus that goes on as another route counts as a new boarding.

    Examples
    --------
    >>> trips = bus_matrix(streets, timetable, homes, centres)  # doctest: +SKIP
    >>> trips.percentile(50).total_minutes  # doctest: +SKIP
    """
    marks = _window(window)
    _check_options(walk_network, direction, max_walk_minutes, max_change_minutes, boardings,
                   slack_seconds)  # fmt: skip
    walk = travel_matrix(walk_network, areas, sites, direction=direction, snap_limit_m=snap_limit_m)
    asked: dict[str, Any] = {
        "window": [clock(marks[0]), clock(marks[-1] + 1)], "arrive_by": arrive_by,
        "max_walk_minutes": float(max_walk_minutes), "boardings": int(boardings),
        "max_change_minutes": float(max_change_minutes), "slack_seconds": float(slack_seconds),
        "snap_limit_m": float(snap_limit_m),
    }  # fmt: skip
    _check_memory(walk, len(marks))
    lonlat = read_places(areas, "areas").lonlat, read_places(sites, "sites").lonlat
    study = Study(walk_network, timetable, walk, lonlat, marks, asked)
    found = _Found(walk, marks)
    for area, columns, codes in study.codes():
        found.put(area, columns, codes)
    return found.travel(study)


def _check_options(
    network: Network, direction: str, walk: float, change: float, boardings: int, slack: float
) -> None:
    if network.mode == "drive":
        raise ParameterError("walk_network is for driving; expected the streets for walking")
    if direction not in ("to_site", "from_site"):
        raise ParameterError(f"direction={direction!r}; expected 'to_site' or 'from_site'")
    most = search.MOST_LEG_MS / MINUTE
    for name, value in (("max_walk_minutes", walk), ("max_change_minutes", change)):
        if not 0 < value <= most:
            raise ParameterError(f"{name}={value!r}; expected minutes above 0, up to {most:.0f}")
    if not (1 <= boardings <= search.MOST_BOARDINGS and boardings == int(boardings)):
        raise ParameterError(f"boardings={boardings!r}; expected 1 to {search.MOST_BOARDINGS}")
    if not 0 <= slack <= 3600:
        raise ParameterError(f"slack_seconds={slack!r}; expected 0 to 3600")


def _check_memory(walk: TravelMatrix, n_marks: int) -> None:
    need = walk.status.size * n_marks * _BYTES_A_FIGURE
    if need > MOST_BYTES:
        raise ParameterError(
            f"{walk.shape[0]:,} areas x {walk.shape[1]:,} sites x {n_marks} minutes would take "
            f"{need / 1e9:.0f} GB of memory; at most {MOST_BYTES / 1e9:g} GB are taken. Measure "
            "some areas at a time: each area's answer is its own"
        )


def _mark(text: str | int, what: str) -> int:
    """Minutes after midnight of ``"9:05"``, or of a whole number."""
    if isinstance(text, (int, np.integer)) and not isinstance(text, bool):
        return int(text)
    hour, colon, minute = str(text).replace(".", ":").partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and len(minute) == 2 and minute < "60"):
        raise ParameterError(f"{what}={text!r}; expected a time as '09:00'")
    return int(hour) * 60 + int(minute)


def _window(window: tuple[str | int, str | int]) -> tuple[int, ...]:
    if isinstance(window, str) or len(window) != 2:
        raise ParameterError(f"window={window!r}; expected two times as ('09:00', '12:00')")
    first, after = (_mark(text, "window") for text in window)
    if not 0 <= first < after <= 28 * 60:
        raise ParameterError(
            f"window={window!r}; expected a time and a later one, up to '28:00' (4 in the morning)"
        )
    return tuple(range(first, after))


class _Found:
    """The answer as it fills, beginning with everybody walking."""

    def __init__(self, walk: TravelMatrix, marks: tuple[int, ...]) -> None:
        self.walk, self.marks = walk, marks
        a, s = walk.shape
        shape = (a, len(marks), s)
        total = walk.total_minutes
        known = np.isfinite(total)
        self.walk_ms = np.where(known, as_ms(np.where(known, total, 0.0)), search.NONE)
        self.minutes = np.empty(shape, np.float32)
        self.minutes[:] = total[:, None, :]
        self.boardings = np.empty(shape, np.int8)
        self.boardings[:] = np.where(known, 0, -1)[:, None, :]
        self.entry, self.exit = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)

    def put(self, area: int, columns: slice, codes: NDArray[np.int64]) -> None:
        """Take the rides of an area where they are quicker than walking all the way."""
        ms = codes >> search.TIME_SHIFT
        better = (ms < self.walk_ms[area, columns]) & (codes < search.NONE // 2)
        low = 2**search.LEG_BITS - 1
        for array, values in (
            (self.minutes, ms / MINUTE),
            (self.boardings, codes >> 2 * search.LEG_BITS & search.MOST_BOARDINGS),
            (self.exit, codes >> search.LEG_BITS & low),
            (self.entry, codes & low),
        ):
            part = array[area, :, columns]
            part[better] = values[better]

    def travel(self, study: Study) -> BusTravel:
        """The answer, frozen."""
        walk, table = self.walk, study.timetable
        for array in (self.boardings, self.entry, self.exit):
            array.setflags(write=False)
        return BusTravel(
            area_ids=walk.area_ids, site_ids=walk.site_ids, mode="bus", marks=self.marks,
            minutes=self.minutes,
            unreached=np.where(np.isfinite(walk.total_minutes), Status.UNREACHABLE, walk.status),
            same_place=walk.status == Status.SAME_PLACE, direction=walk.direction,
            arrive_by=study.asked["arrive_by"],
            assumptions=(*walk.assumptions, *study.notes(self.boardings)),
            provenance={"timetable": table.digest, "day": table.day.isoformat(),
                        "changes": list(table.closed), "walk": walk.provenance, **study.asked},
            boardings=self.boardings, walk=walk, _leg_units=(self.entry, self.exit),
            _study=study,
        )  # fmt: skip
