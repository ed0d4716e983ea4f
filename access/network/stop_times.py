"""Stop times become rides: one trip from one stop to the next, with blank times filled in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault
from access.network.gtfs import Feed, TimetableError, seconds
from access.units import great_circle_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Times of the timetable are thousandths of a second, so that sums and comparisons are exact.
MS = 1000
#: Most rides of one timetable, all three days together.
MOST_RIDES = 40_000_000
_MOST_RUNS = 5_000
_DAY_SECONDS = 86_400
#: How far the days before and after reach into the day that is asked about.
NIGHT_SECONDS = 4 * 3600


@dataclass(frozen=True, eq=False)
class Rides:
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
    dep: Ints
    arr: Ints
    board: Flags
    alight: Flags

    def __len__(self) -> int:
        return len(self.trip)

    def take(self, which: NDArray) -> Rides:
        """Keep some rides."""
        return Rides(*(array[which] for array in vars(self).values()))

    def reversed(self, mirror: int) -> Rides:
        """Run time backwards about a moment: a ride leaves where and when it had arrived."""
        back = slice(None, None, -1)
        return Rides(
            self.trip[back], self.to_stop[back], self.from_stop[back],
            mirror - self.arr[back], mirror - self.dep[back],
            self.alight[back], self.board[back],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Calls:
    """Calls at stops, in the order of each trip; times are seconds, ``nan`` where blank."""

    trip: Ints
    stop: Ints
    arr: Floats
    dep: Floats
    board: Flags
    alight: Flags
    along: Floats

    def take(self, which: NDArray) -> Calls:
        """Keep some calls."""
        return Calls(*(array[which] for array in vars(self).values()))


def read_calls(feed: Feed, trips: pd.Index, stops: pd.Index, counts: Counter) -> Calls:
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
                seconds(chunk["arrival_time"], "stop_times.txt", "arrival_time"),
                seconds(chunk["departure_time"], "stop_times.txt", "departure_time"),
                (chunk["pickup_type"] != "1").to_numpy(bool),
                (chunk["drop_off_type"] != "1").to_numpy(bool),
                along, _sequence(chunk["stop_sequence"]),
            )
        )  # fmt: skip
    *columns, sequence = (np.concatenate(column) for column in zip(*parts, strict=True))
    counts["stop times"] += len(sequence)
    order = np.lexsort((sequence, columns[0]))
    return Calls(*columns).take(order)


def _sequence(column: pd.Series) -> Floats:
    values = pd.to_numeric(column, errors="coerce")
    wrong = values.index[values.isna()]
    if len(wrong):
        raise TimetableError(
            f"{len(wrong)} stop times have no place in their trip",
            [Fault("stop_times.txt", f"row {i + 2}", "stop_sequence", str(column[i]),
                   "a whole number") for i in wrong[:20]],
        )  # fmt: skip
    return values.to_numpy(float)


def fill_blanks(calls: Calls, lonlat: Floats, counts: Counter) -> Calls:
    """Fill the times between timepoints by distance along the trip.

    Parameters
    ----------
    calls : Calls
    lonlat : ndarray, shape (stops, 2)
        ``nan`` where a stop has no place.
    counts : Counter
        Blank times filled, and calls before a trip's first or after its last time left out.

    Returns
    -------
    Calls
        Every call has both times.
    """
    arr = np.where(np.isnan(calls.arr), calls.dep, calls.arr)
    dep = np.where(np.isnan(calls.dep), calls.arr, calls.dep)
    n, known = len(arr), ~np.isnan(arr)
    if known.all():
        return Calls(calls.trip, calls.stop, arr, dep, calls.board, calls.alight, calls.along)
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
    whole_calls = Calls(calls.trip, calls.stop, arr, dep, calls.board, calls.alight, along)
    return whole_calls.take(inside)


def _metres_along(calls: Calls, lonlat: Floats) -> Floats:
    """Distance along each trip: the feed's where it never falls, else from stop to stop."""
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
    falls = np.zeros(n, bool)
    falls[1:] = same[1:] & ~(calls.along[1:] >= calls.along[:-1])
    bad = np.bincount(calls.trip, falls | np.isnan(calls.along)) > 0
    return np.where(bad[calls.trip], straight, calls.along)


def without_backward_trips(calls: Calls, counts: Counter) -> Calls:
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


def to_rides(calls: Calls) -> Rides:
    """Rides between the calls of each trip, times in thousandths of a second."""
    i = np.flatnonzero(calls.trip[1:] == calls.trip[:-1])
    dep, arr = (np.rint(t * MS).astype(np.int64) for t in (calls.dep[i], calls.arr[i + 1]))
    return Rides(
        calls.trip[i].astype(np.int32), calls.stop[i].astype(np.int32),
        calls.stop[i + 1].astype(np.int32), dep, arr, calls.board[i], calls.alight[i + 1],
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Runs:
    """Each time that a trip runs: its row, how much later than written, and on which day."""

    trip: Ints
    later: Ints
    day: Ints


def runs_of(
    active: list[Flags], starts: Floats, frequencies: dict[int, list[tuple[float, float, float]]]
) -> Runs:
    """Runs of yesterday's, today's and tomorrow's trips (`active`), frequencies unrolled.

    `starts` are the first departures of the trips, seconds; `frequencies` holds (from, until,
    every) in seconds for the trips that have some.
    """
    rows: list[Ints] = []
    later: list[Floats] = []
    days: list[Ints] = []
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
    return Runs(np.concatenate(rows), np.rint(shift * MS).astype(np.int64), day_of)


def run_rides(rides: Rides, runs: Runs, n_trips: int) -> Rides:
    """The rides of every run, from the evening before to the night after; `trip` is the run."""
    first = np.searchsorted(rides.trip, np.arange(n_trips + 1))
    sizes = np.diff(first)[runs.trip]
    if sizes.sum() > MOST_RIDES:
        raise TimetableError(
            f"{sizes.sum():,} rides would not fit in memory (at most {MOST_RIDES:,}); give box=, "
            "the west, south, east and north of the study, in degrees"
        )
    run = np.repeat(np.arange(len(runs.trip)), sizes)
    offset = np.arange(len(run)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out = rides.take(first[runs.trip][run] + offset)
    dep, arr = out.dep + runs.later[run], out.arr + runs.later[run]
    day = runs.day[run]
    near = (day == 0) | (
        (dep >= -NIGHT_SECONDS * MS) & (arr <= (_DAY_SECONDS + NIGHT_SECONDS) * MS)
    )
    whole = Rides(run.astype(np.int32), out.from_stop, out.to_stop, dep, arr, out.board, out.alight)
    return whole.take(near)


def read_frequencies(
    feed: Feed, trips: pd.Index
) -> tuple[dict[int, list[tuple[float, float, float]]], int]:
    """Trips that run every so many seconds, and how many rows say so without exact times."""
    found: dict[int, list[tuple[float, float, float]]] = {}
    if "frequencies.txt" not in feed:
        return found, 0
    table = feed.read("frequencies.txt", ("trip_id", "start_time", "end_time", "headway_secs"),
                      ("exact_times",))  # fmt: skip
    begin, end = (
        seconds(table[c], "frequencies.txt", c) for c in ("start_time", "end_time")
    )  # fmt: skip
    every = pd.to_numeric(table["headway_secs"], errors="coerce").to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = ~((every > 0) & (end >= begin) & ((end - begin) / every <= _MOST_RUNS))
    if wrong.any():
        raise TimetableError(
            f"{int(wrong.sum())} rows of frequencies.txt cannot be used",
            [Fault("frequencies.txt", f"row {i + 2}", "headway_secs", table["headway_secs"][i],
                   f"seconds above 0, from a start to a later end, at most {_MOST_RUNS} runs")
             for i in np.flatnonzero(wrong)[:20]],
        )  # fmt: skip
    rows = trips.get_indexer(pd.Index(table["trip_id"]))
    for row, *times in zip(rows, begin, end, every, strict=True):
        if row >= 0:
            found.setdefault(int(row), []).append(tuple(times))
    inexact = int(((table["exact_times"] != "1").to_numpy(bool) & (rows >= 0)).sum())
    return found, inexact
