"""One feed of a timetable: its stops, trips and calendar, and the rides of a day.

Stop times become rides, one trip from one stop to the next, with blank times filled in.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault
from access.network import gtfs as days
from access.network.gtfs import _Feed, _seconds, _TimetableError
from access.units import great_circle_m

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_Flags = NDArray[np.bool_]

#: Times of the timetable are thousandths of a second, so that sums and comparisons are exact.
_MS = 1000
#: Most rides of one timetable, all three days together.
_MOST_RIDES = 40_000_000
_MOST_RUNS = 5_000
_DAY_SECONDS = 86_400
#: How far the days before and after reach into the day that is asked about.
_NIGHT_SECONDS = 4 * 3600
#: Stops so far from each other, metres, are not one place.
_APART_M = 50.0


@dataclass(frozen=True, eq=False)
class _Rides:
    """Rides in the order of their trips.

    Parameters
    ----------
    trip, from_stop, to_stop : ndarray of int32, shape (rides,)
        Rows of the trips and stops.
    dep, arr : ndarray of int64, shape (rides,)
        Thousandths of a second after the day's midnight.
    board, alight : ndarray of bool, shape (rides,)
        Whether one may get on at `from_stop` and off at `to_stop`.
    """

    trip: NDArray[np.int32]
    from_stop: NDArray[np.int32]
    to_stop: NDArray[np.int32]
    dep: _Ints
    arr: _Ints
    board: _Flags
    alight: _Flags

    def __len__(self) -> int:
        return len(self.trip)

    def take(self, which: NDArray[Any]) -> _Rides:
        """Keep some rides."""
        return _Rides(*(array[which] for array in vars(self).values()))

    def reversed(self, mirror: int) -> _Rides:
        """Run time backwards about a moment: a ride leaves where and when it had arrived."""
        back = slice(None, None, -1)
        return _Rides(
            self.trip[back], self.to_stop[back], self.from_stop[back],
            mirror - self.arr[back], mirror - self.dep[back],
            self.alight[back], self.board[back],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Calls:
    """Calls at stops, in the order of each trip; times are seconds, ``nan`` where blank."""

    trip: _Ints
    stop: _Ints
    arr: _Floats
    dep: _Floats
    board: _Flags
    alight: _Flags
    along: _Floats

    def take(self, which: NDArray[Any]) -> _Calls:
        """Keep some calls."""
        return _Calls(*(array[which] for array in vars(self).values()))


def _read_calls(feed: _Feed, trips: pd.Index, stops: pd.Index, counts: Counter[str]) -> _Calls:
    """Read the stop times of some trips, sorted; a stop that is not listed is row -1."""
    needed = ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")
    parts = []
    for chunk in feed.chunks(
        "stop_times.txt", needed, ("pickup_type", "drop_off_type", "shape_dist_traveled")
    ):
        row = trips.get_indexer(pd.Index(chunk["trip_id"]))
        chunk, row = chunk[row >= 0], row[row >= 0]
        along = pd.to_numeric(chunk["shape_dist_traveled"], errors="coerce").to_numpy(float)
        parts.append(
            (
                row.astype(np.int64),
                stops.get_indexer(pd.Index(chunk["stop_id"])).astype(np.int64),
                _seconds(chunk["arrival_time"], "stop_times.txt", "arrival_time"),
                _seconds(chunk["departure_time"], "stop_times.txt", "departure_time"),
                (chunk["pickup_type"] != "1").to_numpy(bool),
                (chunk["drop_off_type"] != "1").to_numpy(bool),
                along, _sequence(chunk["stop_sequence"]),
            )
        )  # fmt: skip
    *columns, sequence = (np.concatenate(column) for column in zip(*parts, strict=True))
    counts["stop times"] += len(sequence)
    order = np.lexsort((sequence, columns[0]))
    calls, sequence = _Calls(*columns).take(order), sequence[order]
    again = np.zeros(len(order), bool)
    again[1:] = np.logical_and.reduce(
        [part[1:] == part[:-1] for part in (calls.trip, sequence, calls.stop)]
    )
    counts["calls that stand there twice"] += int(again.sum())
    return calls.take(~again) if again.any() else calls


def _sequence(column: pd.Series) -> _Floats:
    values = pd.to_numeric(column, errors="coerce")
    wrong = values.index[values.isna()]
    if len(wrong):
        raise _TimetableError(
            f"{len(wrong)} stop times have no place in their trip",
            [Fault("stop_times.txt", f"row {i + 2}", "stop_sequence", str(column[i]),
                   "a whole number") for i in wrong[:20]],
        )  # fmt: skip
    return values.to_numpy(float)


def _fill_blanks(calls: _Calls, lonlat: _Floats, counts: Counter[str]) -> _Calls:
    """Fill the times between timepoints by distance along the trip.

    Parameters
    ----------
    calls : _Calls
    lonlat : ndarray, shape (stops, 2)
        ``nan`` where a stop has no place.
    counts : Counter
        Blank times filled, and calls before a trip's first or after its last time left out.

    Returns
    -------
    _Calls
        Every call has both times.
    """
    arr = np.where(np.isnan(calls.arr), calls.dep, calls.arr)
    dep = np.where(np.isnan(calls.dep), calls.arr, calls.dep)
    n, known = len(arr), ~np.isnan(arr)
    if known.all():
        return _Calls(calls.trip, calls.stop, arr, dep, calls.board, calls.alight, calls.along)
    at = np.arange(n)
    before = np.maximum.accumulate(np.where(known, at, -1))
    after = np.minimum.accumulate(np.where(known, at, n)[::-1])[::-1]
    inside = (before >= 0) & (after < n)
    before, after = np.maximum(before, 0), np.minimum(after, n - 1)
    inside &= (calls.trip[before] == calls.trip) & (calls.trip[after] == calls.trip)
    along = _metres_along(calls, lonlat)
    whole = along[after] - along[before]
    steps = np.maximum(after - before, 1)
    share = np.where(whole > 0, (along - along[before]) / np.where(whole > 0, whole, 1),
                     (at - before) / steps)  # fmt: skip
    filled = dep[before] + share * (arr[after] - dep[before])
    counts["blank times filled"] += int((inside & ~known).sum())
    counts["calls without any time"] += int((~inside).sum())
    arr, dep = np.where(known, arr, filled), np.where(known, dep, filled)
    whole_calls = _Calls(calls.trip, calls.stop, arr, dep, calls.board, calls.alight, along)
    return whole_calls.take(inside)


def _metres_along(calls: _Calls, lonlat: _Floats) -> _Floats:
    """Distance along each trip: the feed's where it rises with the bus, else from stop to stop."""
    n = len(calls.trip)
    same = np.zeros(n, bool)
    same[1:] = calls.trip[1:] == calls.trip[:-1]
    place = np.where((calls.stop >= 0)[:, None], lonlat[calls.stop], np.nan)
    placed = np.isfinite(place[:, 0])
    last = np.maximum.accumulate(np.where(placed | ~same, np.arange(n), 0))
    lon, lat = place[last].T  # a stop without a place stands where the bus last was
    step = np.zeros(n)
    step[1:] = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    straight = np.cumsum(np.where(same & np.isfinite(step), step, 0.0))
    moved = same & (step > _APART_M)
    fails = np.zeros(n, bool)
    fails[1:] = same[1:] & ~(calls.along[1:] >= calls.along[:-1])
    fails[1:] |= moved[1:] & (calls.along[1:] == calls.along[:-1])
    bad = np.bincount(calls.trip, fails | np.isnan(calls.along)) > 0
    return np.where(bad[calls.trip], straight, calls.along)


def _without_backward_trips(calls: _Calls, counts: Counter[str]) -> _Calls:
    """Leave out trips that arrive before they leave: which of their times is wrong is not known."""
    same = calls.trip[1:] == calls.trip[:-1]
    wrong = np.zeros(len(calls.trip), bool)
    wrong[1:] = same & (calls.arr[1:] < calls.dep[:-1])
    wrong |= calls.dep < calls.arr
    if not wrong.any():
        return calls
    bad = np.unique(calls.trip[wrong])
    counts["trips that run backwards"] += len(bad)
    return calls.take(~np.isin(calls.trip, bad))


def _to_rides(calls: _Calls) -> _Rides:
    """Rides between the calls of each trip, times in thousandths of a second."""
    i = np.flatnonzero(calls.trip[1:] == calls.trip[:-1])
    dep, arr = (np.rint(t * _MS).astype(np.int64) for t in (calls.dep[i], calls.arr[i + 1]))
    return _Rides(
        calls.trip[i].astype(np.int32), calls.stop[i].astype(np.int32),
        calls.stop[i + 1].astype(np.int32), dep, arr, calls.board[i], calls.alight[i + 1],
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Runs:
    """Each time that a trip runs: its row, how much later than written, and on which day."""

    trip: _Ints
    later: _Ints
    day: _Ints


def _runs_of(
    active: list[_Flags], starts: _Floats, frequencies: dict[int, list[tuple[float, float, float]]]
) -> _Runs:
    """Runs of yesterday's, today's and tomorrow's trips (`active`), frequencies unrolled.

    `starts` are the first departures of the trips, seconds; `frequencies` holds (from, until,
    every) in seconds for the trips that have some.
    """
    rows: list[_Ints] = []
    later: list[_Floats] = []
    days: list[_Ints] = []
    often = np.zeros(len(starts), bool)
    often[list(frequencies)] = True
    for day, flags in zip((-1, 0, 1), active, strict=True):
        plain = np.flatnonzero(flags & ~often)
        rows.append(plain)
        later.append(np.zeros(len(plain)))
        for trip in np.flatnonzero(flags & often):
            for begin, end, every in frequencies[int(trip)]:
                times = np.arange(begin, end, every)
                rows.append(np.full(len(times), trip))
                later.append(times - starts[trip])
        made = sum(len(r) for r in rows) - sum(len(d) for d in days)
        days.append(np.full(made, day))
    day_of = np.concatenate(days)
    shift = np.concatenate(later) + day_of * _DAY_SECONDS
    return _Runs(np.concatenate(rows), np.rint(shift * _MS).astype(np.int64), day_of)


def _run_rides(rides: _Rides, runs: _Runs, n_trips: int) -> _Rides:
    """The rides of every run, from the evening before to the night after; `trip` is the run."""
    first = np.searchsorted(rides.trip, np.arange(n_trips + 1))
    sizes = np.diff(first)[runs.trip]
    if sizes.sum() > _MOST_RIDES:
        raise _TimetableError(
            f"{sizes.sum():,} rides would not fit in memory (at most {_MOST_RIDES:,}); give box=, "
            "the west, south, east and north of the study, in degrees"
        )
    run = np.repeat(np.arange(len(runs.trip)), sizes)
    offset = np.arange(len(run)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out = rides.take(first[runs.trip][run] + offset)
    dep, arr = out.dep + runs.later[run], out.arr + runs.later[run]
    day = runs.day[run]
    near = (day == 0) | (
        (dep >= -_NIGHT_SECONDS * _MS) & (arr <= (_DAY_SECONDS + _NIGHT_SECONDS) * _MS)
    )
    whole = _Rides(
        run.astype(np.int32), out.from_stop, out.to_stop, dep, arr, out.board, out.alight
    )
    return whole.take(near)


def _read_frequencies(
    feed: _Feed, trips: pd.Index
) -> tuple[dict[int, list[tuple[float, float, float]]], int]:
    """Trips that run every so many seconds, and how many rows say so without exact times."""
    found: dict[int, list[tuple[float, float, float]]] = {}
    if "frequencies.txt" not in feed:
        return found, 0
    table = feed.read("frequencies.txt", ("trip_id", "start_time", "end_time", "headway_secs"),
                      ("exact_times",))  # fmt: skip
    begin, end = (
        _seconds(table[c], "frequencies.txt", c) for c in ("start_time", "end_time")
    )  # fmt: skip
    every = pd.to_numeric(table["headway_secs"], errors="coerce").to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = ~((every > 0) & (end >= begin) & ((end - begin) / every <= _MOST_RUNS))
    if wrong.any():
        raise _TimetableError(
            f"{int(wrong.sum())} rows of frequencies.txt cannot be used",
            [Fault("frequencies.txt", f"row {i + 2}", "headway_secs", table["headway_secs"][i],
                   f"seconds above 0, from a start to a later end, at most {_MOST_RUNS} runs")
             for i in np.flatnonzero(wrong)[:20]],
        )  # fmt: skip
    rows = trips.get_indexer(pd.Index(table["trip_id"]))
    for row, *times in zip(rows, begin, end, every, strict=True):
        if row >= 0 and (span := tuple(times)) not in found.setdefault(int(row), []):
            found[int(row)].append(span)
    inexact = int(((table["exact_times"] != "1").to_numpy(bool) & (rows >= 0)).sum())
    return found, inexact


Box = tuple[float, float, float, float]
#: First and last route type of each kind: the ten of the standard, and the extended ones.
KINDS: dict[str, tuple[tuple[int, int], ...]] = {
    "bus": ((3, 3), (11, 11), (700, 899)),
    "tram": ((0, 0), (5, 5), (900, 999)),
    "underground": ((1, 1), (400, 699), (12, 12)),
    "train": ((2, 2), (100, 199)),
    "ferry": ((4, 4), (1000, 1299)),
    "coach": ((200, 299),),
}


class _FeedDay:
    """One feed: its stops, routes, trips and calendar; then the rides of a day."""

    def __init__(self, feed: _Feed, box: Box | None, kinds: tuple[str, ...]) -> None:
        self.feed, self.box, self.counts = feed, box, Counter[str]()
        self.going_on = 0
        self.zones = self._zones()
        self.stops = self._read_stops()
        self.inside = self._check_box()
        self.trips = self._read_trips(kinds)
        self.calendar = days._Calendar(feed)
        self.service = self.calendar.services.get_indexer(self.trips["service_id"])
        self.counts["trips of a service without a calendar"] = int((self.service < 0).sum())
        index = pd.Index(self.trips["trip_id"])
        self.frequencies, self.inexact = _read_frequencies(feed, index)
        weight = np.ones(len(self.trips))
        for row, spans in self.frequencies.items():
            weight[row] = sum(len(np.arange(*span)) for span in spans)
        known = self.service >= 0
        by_service = np.bincount(
            self.service[known], weight[known], minlength=len(self.calendar.services)
        ).astype(float)
        self.trips_by_day = self.calendar.counts(by_service).rename(feed.label)
        if not self.trips_by_day.any():
            raise _TimetableError(
                f"nothing in {feed.path} runs on any day from "
                f"{days.spoken(self.calendar.first)} to {days.spoken(self.calendar.last)}: "
                "its calendar is empty, or no trip belongs to it"
            )

    def _zones(self) -> set[str]:
        if "agency.txt" not in self.feed:
            return set()
        return set(self.feed.read("agency.txt", (), ("agency_timezone",))["agency_timezone"]) - {""}

    def _read_stops(self) -> pd.DataFrame:
        stops = self.feed.read("stops.txt", ("stop_id",),
                               ("stop_name", "stop_lat", "stop_lon", "parent_station"))  # fmt: skip
        _refuse_twice(stops["stop_id"], "stops.txt")
        lat, lon = (pd.to_numeric(stops[c], errors="coerce") for c in ("stop_lat", "stop_lon"))
        real = (lat.abs() <= 90) & (lon.abs() <= 180) & ~((lat == 0) & (lon == 0))
        lonlat = np.column_stack([lon.where(real), lat.where(real)]).astype(float)
        parent = pd.Index(stops["stop_id"]).get_indexer(stops["parent_station"])
        borrow = np.isnan(lonlat[:, 0]) & (parent >= 0)
        lonlat[borrow] = lonlat[parent[borrow]]
        return pd.DataFrame({"id": stops["stop_id"], "name": stops["stop_name"],
                             "lon": lonlat[:, 0], "lat": lonlat[:, 1]})  # fmt: skip

    def _check_box(self) -> NDArray[np.bool_]:
        lonlat = self.stops[["lon", "lat"]].to_numpy(float)
        placed: NDArray[np.bool_] = np.isfinite(lonlat[:, 0])
        if not placed.any():
            raise _TimetableError(f"no stop in {self.feed.path} has a place on the map")
        if self.box is None:
            return placed
        low, high = np.array(self.box[:2]), np.array(self.box[2:])
        inside: NDArray[np.bool_] = np.logical_and.reduce(
            (lonlat >= low) & (lonlat <= high), axis=1
        )
        if not inside.any():
            lon, lat = np.nanmedian(lonlat, axis=0)
            box = ", ".join(f"{side:.3f}" for side in self.box or ())
            raise _TimetableError(
                f"no stop of {self.feed.path} lies in the box ({box}): its {placed.sum():,} "
                f"stops lie around lon {lon:.3f}, lat {lat:.3f}. Take the feed of the right county"
            )
        return inside

    def _read_trips(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        routes = self.feed.read("routes.txt", ("route_id", "route_type"),
                                ("route_short_name", "route_long_name", "agency_id"))  # fmt: skip
        _refuse_twice(routes["route_id"], "routes.txt")
        trips = self.feed.read("trips.txt", ("route_id", "service_id", "trip_id"),
                               ("trip_headsign", "block_id"))  # fmt: skip
        _refuse_twice(trips["trip_id"], "trips.txt")
        row = pd.Index(routes["route_id"]).get_indexer(trips["route_id"])
        self.counts["trips of a route that is not listed"] = int((row < 0).sum())
        kind = np.append(_kinds(routes["route_type"]), "unknown")[row]
        short, long, agency = (
            np.append(routes[c].to_numpy(object), "")[row]
            for c in ("route_short_name", "route_long_name", "agency_id")
        )
        trips = trips.assign(kind=kind, agency=agency, route=np.where(short == "", long, short))
        wanted = np.isin(kind, kinds)
        for left, n in Counter(kind[~wanted].tolist()).items():
            self.counts[f"trips left out: {left}"] += n
        trips = trips[wanted & self._calling(trips["trip_id"])].reset_index(drop=True)
        if trips.empty:
            raise _TimetableError(
                f"{self.feed.path} has no trip of the kinds {list(kinds)}"
                f"{' with a stop in the box' if self.box else ''}; it has "
                f"{dict(Counter(kind.tolist()))}"
            )
        return trips

    def _calling(self, trip_ids: pd.Series) -> NDArray[np.bool_]:
        """Which trips call at a stop in the box."""
        if self.box is None:
            return np.ones(len(trip_ids), bool)
        calling = np.zeros(len(trip_ids), bool)
        trips, stops = pd.Index(trip_ids), pd.Index(self.stops["id"][self.inside])
        for chunk in self.feed.chunks("stop_times.txt", ("trip_id", "stop_id")):
            row = trips.get_indexer(chunk["trip_id"][stops.get_indexer(chunk["stop_id"]) >= 0])
            calling[row[row >= 0]] = True
        return calling

    def active(self, day: date) -> NDArray[np.bool_]:
        """Which trips run on a day."""
        on: NDArray[np.bool_] = np.append(self.calendar.active(day), False)[self.service]
        return on

    def rides(self, day: date) -> tuple[_Rides, pd.DataFrame]:
        """Rides and runs of a day, with what is left of yesterday and begins tomorrow."""
        around = [self.active(day + timedelta(k)) for k in (-1, 0, 1)]
        index = pd.Index(self.trips["trip_id"])
        some = np.flatnonzero(np.logical_or.reduce(around))
        calls = _read_calls(self.feed, index[some], pd.Index(self.stops["id"]), self.counts)
        calls = replace(calls, trip=some[calls.trip])
        lonlat = self.stops[["lon", "lat"]].to_numpy(float)
        calls = _fill_blanks(calls, lonlat, self.counts)
        calls = _without_backward_trips(calls, self.counts)
        placed = (calls.stop >= 0) & np.isfinite(lonlat[calls.stop, 0])
        self.counts["calls at a stop without a place"] += int((~placed).sum())
        self.going_on = self._going_on(calls, around[1])
        starts = np.full(len(self.trips), np.nan)
        starts[calls.trip[::-1]] = calls.dep[::-1]
        around = [flags & ~np.isnan(starts) for flags in around]
        rides = _to_rides(calls.take(placed & self.inside[calls.stop]))
        runs = _runs_of(around, starts, self.frequencies)
        rides = _run_rides(rides, runs, len(self.trips))
        used, at = np.unique(rides.trip, return_inverse=True)
        rides = replace(rides, trip=at.astype(np.int32))
        trips = self.trips.iloc[runs.trip[used]].reset_index(drop=True)
        trips = trips.assign(service_day=runs.day[used])
        return rides, trips.rename(columns={"trip_headsign": "headsign"})

    def _going_on(self, calls: _Calls, today: _Flags) -> int:
        """Count the day's trips that go on as another, so that one may stay in one's seat."""
        first = np.flatnonzero(np.diff(calls.trip, prepend=-1))
        last = np.flatnonzero(np.diff(calls.trip, append=-1))
        row = calls.trip[first]
        trips = pd.DataFrame(
            {"id": self.trips["trip_id"].to_numpy(object)[row], "begins": calls.dep[first],
             "block": self.trips["block_id"].to_numpy(object)[row], "ends": calls.arr[last]}
        )[today[row]]  # fmt: skip
        blocks = trips[trips["block"] != ""].sort_values(["block", "begins", "ends"])
        after = blocks.shift(-1)
        follows = (after["block"] == blocks["block"]) & (after["begins"] >= blocks["ends"])
        pairs = set(zip(blocks["id"][follows], after["id"][follows], strict=True))
        told, refused = self._seats()
        ids = set(trips["id"])
        return len({a for a, b in (pairs | told) - refused if a in ids and b in ids})

    def _seats(self) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Pairs of trips between which one may stay seated (`transfers.txt`), and may not."""
        found: dict[str, set[tuple[str, str]]] = {"4": set(), "5": set()}
        columns = ("from_trip_id", "to_trip_id", "transfer_type")
        with suppress(_TimetableError):  # nothing else is read of it
            if "transfers.txt" in self.feed:
                for a, b, kind in self.feed.read("transfers.txt", (), columns).to_numpy(object):
                    found.get(kind, set()).add((a, b))
        return found["4"], found["5"]


def _kinds(route_types: pd.Series) -> NDArray[np.object_]:
    """Kind of each route; ``other`` where the standard's number is none of ours."""
    code = pd.to_numeric(route_types, errors="coerce").fillna(-1).to_numpy(float)
    out = np.full(len(code), "other", object)
    for kind, spans in KINDS.items():
        for low, high in spans:
            out[(code >= low) & (code <= high)] = kind
    return out


def _refuse_twice(ids: pd.Series, name: str) -> None:
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        faults = [Fault(name, "", str(ids.name), str(i), "each id once") for i in twice[:20]]
        raise _TimetableError(f"{len(twice)} ids of {name} stand there more than once", faults)
