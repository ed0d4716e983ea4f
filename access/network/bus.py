"""`bus_matrix`: minutes by bus, for every minute of a window, exactly.

Nobody is made to ride: where walking all the way is as quick, the journey is the walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError
from access.network import bus_search as search
from access.network.bus_search import (
    _MINUTE,
    _as_ms,
    _Day,
    _Leg,
    _Near,
    _over_streets,
    _walks_between,
)
from access.network.feed_day import _NIGHT_SECONDS, _Rides
from access.network.gtfs import _TimetableError
from access.network.matrix import Status, TravelMatrix
from access.network.network import Network
from access.network.routing import travel_matrix
from access.network.snapping import read_points
from access.network.timetable import Timetable
from access.network.windowed import LAST_MARK, WindowedTravel, _rows_of, clock
from access.text import share_figure

_Ints = NDArray[np.int64]
_HOUR = 60 * _MINUTE
#: Midnight of the day within a search, whose times are never negative, and where time turns round.
_ORIGIN, _MIRROR, _LATEST = 24 * _HOUR, 48 * _HOUR, 48 * _HOUR
#: Bytes that one block of a search may take, besides the result.
_BLOCK_BYTES = 400_000_000


class _Question:
    """Walks and rides of one question, in the direction of its search."""

    def __init__(
        self, network: Network, timetable: Timetable, walk: TravelMatrix,
        lonlat: tuple[NDArray[Any], NDArray[Any]], marks: tuple[int, ...], asked: dict[str, Any],
    ) -> None:  # fmt: skip
        self.timetable, self.walk, self.marks, self.asked = timetable, walk, marks, asked
        self.home = walk.direction == "from_site"
        self.at_sites = asked["arrive_by"] != self.home
        self.slack = round(asked["slack_seconds"] * 1000)
        stops, area_stops, site_stops, changes = self._walks(network, lonlat)
        self.stops = stops
        self.day = self._day(area_stops, site_stops, changes, len(stops))

    def _walks(
        self, network: Network, lonlat: tuple[NDArray[Any], NDArray[Any]]
    ) -> tuple[pd.DataFrame, _Near, _Near, _Near]:
        """Stops on the streets, and the walks that the search needs, as it will walk them."""
        stops = self.timetable.stops.iloc[self.timetable.boarding_stops]
        points = stops[["lon", "lat"]].to_numpy(float)
        if len(stops) and not _over_streets(network, points, self.asked["snap_limit_m"]).any():
            west, south, east, north = network.bounds_lonlat
            raise _TimetableError(
                f"no stop in use lies on the streets of {network.source.name} (lon {west:.3f} to "
                f"{east:.3f}, lat {south:.3f} to {north:.3f}); take the timetable of the right "
                "county"
            )
        limit, change = self.asked["max_walk_minutes"], self.asked["max_change_minutes"]

        def between(a: NDArray[Any], b: NDArray[Any], minutes: float) -> _Near:
            return _walks_between(
                network, a, b, minutes=minutes, snap_limit_m=self.asked["snap_limit_m"]
            )

        areas, sites = lonlat
        if self.home:
            from_stops = between(points, areas, limit).turned(len(areas))
            to_stops = between(sites, points, limit)
        else:
            from_stops = between(areas, points, limit)
            to_stops = between(points, sites, limit).turned(len(sites))
        changes = between(points, points, change)
        if self.home:
            changes = changes.turned(len(points))
        return stops, from_stops, to_stops, _with_staying(changes, len(points)).later(self.slack)

    def _day(self, area_stops: _Near, site_stops: _Near, changes: _Near, n_stops: int) -> _Day:
        """Rides that may matter, with time running as the search needs it."""
        row = np.full(len(self.timetable.stops), -1)
        row[self.stops.index] = np.arange(n_stops)
        rides = self._useful()
        nowhere = n_stops  # a stop with shut doors is ridden through, never used
        a, b = (np.where(row[s] < 0, nowhere, row[s]) for s in (rides.from_stop, rides.to_stop))
        rides = _Rides(
            rides.trip, a.astype(np.int32), b.astype(np.int32), rides.dep + _ORIGIN,
            rides.arr + _ORIGIN, rides.board & (a < nowhere), rides.alight & (b < nowhere),
        )  # fmt: skip
        none = np.append(changes.start, changes.start[-1])
        changes = _Near(none, changes.other, changes.ms)
        first, last = (0, self.slack) if self.home else (self.slack, 0)
        if self.home:
            rides = rides.reversed(_ORIGIN + _MIRROR)
        return _Day(rides, changes, area_stops, site_stops, first, last, n_stops + 1)

    def _useful(self) -> _Rides:
        """Rides within the window, and for as long before or after as the longest walk takes."""
        rides = self.timetable.rides
        near = self.walk.status != Status.UNSNAPPED
        longest = self.walk.total_minutes[near].max(initial=0.0)
        first, last = self.marks[0] * _MINUTE, self.marks[-1] * _MINUTE
        span = _LATEST if not np.isfinite(longest) else _as_ms(longest) + _MINUTE
        if self.asked["arrive_by"]:
            keep = (rides.arr <= last) & (rides.dep >= first - span)
        else:
            keep = (rides.dep >= first) & (rides.dep <= last + span)
        keep &= (rides.dep >= -_NIGHT_SECONDS * 1000 * 2) & (rides.arr <= _LATEST)
        self.kept = np.flatnonzero(keep)
        return rides.take(self.kept)

    def _moments(self) -> _Ints:
        """The marks as times of the search."""
        at = np.array(self.marks, np.int64) * _MINUTE
        return _MIRROR - at if self.home else at + _ORIGIN

    def codes(self) -> Iterator[tuple[int, slice, NDArray[np.int64]]]:
        """Area by area, block of sites by block: the codes of the journeys with a ride in them."""
        day, at = self.day, self._moments()
        if not len(day.rides):
            return
        used = len(np.unique(day.area_stops.other)) * len(at) if self.at_sites else 0
        a_site = 8 * (4 * len(day.rides) + 2 * used)
        block = int(np.clip(_BLOCK_BYTES // max(a_site, 1), 1, self.walk.shape[1]))
        for begin in range(0, self.walk.shape[1], block):
            columns = slice(begin, min(begin + block, self.walk.shape[1]))
            layers = day.layers(columns, self.asked["boardings"])
            if self.at_sites:
                found = day.reaching_sites(layers, at)
            else:
                ready = None
                for ready in layers:  # noqa: B007
                    pass
                assert ready is not None
                found = day.leaving_areas(ready, at)
            for area, codes in found:
                yield area, columns, codes

    def notes(self, boardings: NDArray[np.int8]) -> tuple[str, ...]:
        """What readers must be told of minutes by bus."""
        n = len(self.walk.area_ids)
        served = int((np.diff(self.day.area_stops.start) > 0).sum())
        asked = self.asked
        there = boardings >= 0  # where there is no way, there is no journey
        walked = (boardings[there] == 0).mean() if there.any() else 0.0
        return (
            *self.timetable.notes,
            f"{served:,} of {n:,} areas have a stop in use within {asked['max_walk_minutes']:g} "
            f"minutes' walk; {share_figure(walked)} of all journeys, minute by minute, are "
            "quickest on foot.",
            f"At most {asked['boardings']} boardings, {asked['max_walk_minutes']:g} minutes' walk "
            f"to the first stop and from the last, {asked['max_change_minutes']:g} between stops; "
            f"one is at a stop {asked['slack_seconds']:g} seconds before the bus. Nothing of the "
            "next day's timetable is ridden after 4 in the morning.",
        )

    def words(self, area: str, site: str, mark: int, minutes: float, boardings: int) -> str:
        """A journey in words."""
        if boardings < 0:
            return f"{clock(mark)}: there is no way from {area} to {site}, by bus or on foot."
        here, there = (site, area) if self.home else (area, site)
        by = self.asked["arrive_by"]
        leave = mark - minutes if by else mark
        end = f"be at {there} {'by' if by else 'at'} {clock(leave + minutes)}"
        total = f"{_whole(minutes)} in all"
        if boardings == 0:
            return (
                f"Leave {here} at {clock(leave)}: walk all the way, {_whole(minutes)}, and {end}."
            )
        legs = self._journey(area, site, mark)
        return (
            f"Leave {here} at {clock(leave)}: {self._legs_in_words(legs, here, there)}, and {end} "
            f"({total})."
        )

    def _journey(self, area: str, site: str, mark: int) -> list[_Leg]:
        """Rides of a journey in the order of the clock, as rows of the timetable's rides."""
        day = self.day
        i, j = self.walk.area_ids.index(area), self.walk.site_ids.index(site)
        ends = [
            _reach(near, k, slack)
            for near, k, slack in ((day.area_stops, i, day.area_slack),
                                   (day.site_stops, j, day.site_slack))
        ]  # fmt: skip
        at, turned = int(self._moments()[self.marks.index(mark)]), self.home
        if self.at_sites:  # the clock stands still at the site: the search runs the other way
            mirror = _ORIGIN + _MIRROR
            day = _Day(day.rides.reversed(mirror), day.changes.turned(day.n_stops), day.area_stops,
                      day.site_stops, 0, 0, day.n_stops)  # fmt: skip
            ends, at, turned = ends[::-1], mirror - at, not turned
        _, legs = search._one_journey(day, ends[0], ends[1], at, self.asked["boardings"])
        last = len(self.kept) - 1
        if turned:
            legs = [_Leg(last - leg.alight, last - leg.board) for leg in legs[::-1]]
        return [_Leg(int(self.kept[leg.board]), int(self.kept[leg.alight])) for leg in legs]

    def _legs_in_words(self, legs: list[_Leg], here: str, there: str) -> str:
        rides, stops = self.timetable.rides, self.timetable.stops
        day, row = self.day, {stop: i for i, stop in enumerate(self.stops.index)}
        names = stops["name"].where(stops["name"] != "", stops["id"])
        first, last = row[rides.from_stop[legs[0].board]], row[rides.to_stop[legs[-1].alight]]
        walks = (day.area_stops, self.walk.area_ids), (day.site_stops, self.walk.site_ids)
        if self.home:
            walks = walks[::-1]
        ends = [
            _reach(near, ids.index(name), 0)[stop]
            for (near, ids), name, stop in zip(walks, (here, there), (first, last), strict=True)
        ]
        parts = []
        walk = ends[0]
        for k, leg in enumerate(legs):
            trip = self.timetable.trips.iloc[rides.trip[leg.board]]
            a, b = rides.from_stop[leg.board], rides.to_stop[leg.alight]
            if k:
                before = rides.to_stop[legs[k - 1].alight]
                i, j = (row[before], row[a]) if not self.home else (row[a], row[before])
                walk = _reach(day.changes, i, -self.slack)[j]
            step = f"walk {_whole(walk / _MINUTE)} to" if walk or not k else "change at"
            parts.append(
                f"{step} {names[a]}, {trip['kind']} {trip['route']} at "
                f"{clock(rides.dep[leg.board] / _MINUTE)} to {names[b]}, there at "
                f"{clock(rides.arr[leg.alight] / _MINUTE)}"
            )
        return "; ".join([*parts, f"walk {_whole(ends[1] / _MINUTE)}"])


def _reach(near: _Near, row: int, slack: int) -> dict[int, int]:
    some = slice(near.start[row], near.start[row + 1])
    return dict(zip(near.other[some].tolist(), (near.ms[some] + slack).tolist(), strict=True))


def _whole(minutes: float) -> str:
    rounded = round(minutes)
    return f"{rounded} minute" if rounded == 1 else f"{rounded} minutes"


def _with_staying(changes: _Near, n: int) -> _Near:
    """Everybody may stay where they are, also at a stop that no street reaches."""
    own = changes.row != changes.other
    stay = np.arange(n)
    return _Near.of_pairs(
        np.concatenate([changes.row[own], stay]), np.concatenate([changes.other[own], stay]),
        np.concatenate([changes.ms[own], np.zeros(n, np.int64)]), n,
    )  # fmt: skip


#: Bytes that a result may take.
_MOST_BYTES = 8_000_000_000
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
    _study: _Question | None = None

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

    def _legs(self, at: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[Any]]:
        entry, exit_ = (
            self._picked(units, at) * (search._LEG_MS / _MINUTE) for units in self._leg_units
        )
        return entry, exit_

    def _of_sites(self, at: NDArray[np.intp]) -> dict[str, Any]:
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
        rows = (
            _rows_of(self.area_ids, [area], "area")[0],
            _rows_of(self.site_ids, [site], "site")[0],
        )
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
    A bus that goes on as another trip (GTFS ``block_id``) is left and boarded anew, `slack_seconds`
    later: where it goes on sooner, it is missed. The night ends at 4: of the next day's trips
    nothing later is ridden, whatever the window.

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
    lonlat = read_points(areas, "areas").lonlat, read_points(sites, "sites").lonlat
    study = _Question(walk_network, timetable, walk, lonlat, marks, asked)
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
    most = search._MOST_LEG_MS / _MINUTE
    for name, value in (("max_walk_minutes", walk), ("max_change_minutes", change)):
        if not 0 < value <= most:
            raise ParameterError(f"{name}={value!r}; expected minutes above 0, up to {most:.0f}")
    if not (1 <= boardings <= search._MOST_BOARDINGS and boardings == int(boardings)):
        raise ParameterError(f"boardings={boardings!r}; expected 1 to {search._MOST_BOARDINGS}")
    if not 0 <= slack <= 3600:
        raise ParameterError(f"slack_seconds={slack!r}; expected 0 to 3600")


def _check_memory(walk: TravelMatrix, n_marks: int) -> None:
    need = walk.status.size * n_marks * _BYTES_A_FIGURE
    if need > _MOST_BYTES:
        raise ParameterError(
            f"{walk.shape[0]:,} areas x {walk.shape[1]:,} sites x {n_marks} minutes would take "
            f"{need / 1e9:.0f} GB of memory; at most {_MOST_BYTES / 1e9:g} GB are taken. Measure "
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
    if not 0 <= first < after <= LAST_MARK:
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
        self.walk_ms = np.where(known, _as_ms(np.where(known, total, 0.0)), search.NONE)
        self.minutes = np.empty(shape, np.float32)
        self.minutes[:] = total[:, None, :]
        self.boardings = np.empty(shape, np.int8)
        self.boardings[:] = np.where(known, 0, -1)[:, None, :]
        self.entry, self.exit = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)

    def put(self, area: int, columns: slice, codes: NDArray[np.int64]) -> None:
        """Take the rides of an area where they are quicker than walking all the way."""
        ms = codes >> search._TIME_SHIFT
        better = (ms < self.walk_ms[area, columns]) & (codes < search.NONE // 2)
        low = 2**search.LEG_BITS - 1
        for array, values in (
            (self.minutes, ms / _MINUTE),
            (self.boardings, codes >> 2 * search.LEG_BITS & search._MOST_BOARDINGS),
            (self.exit, codes >> search.LEG_BITS & low),
            (self.entry, codes & low),
        ):
            part = array[area, :, columns]
            part[better] = values[better]

    def travel(self, study: _Question) -> BusTravel:
        """The answer, frozen."""
        walk, table = self.walk, study.timetable
        for array in (self.minutes, self.boardings, self.entry, self.exit):
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
