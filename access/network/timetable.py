"""Timetables: what runs on one day, and how far the feed can be believed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.display import html_answer
from access.errors import ParameterError
from access.network import gtfs as days
from access.network.feed_day import _APART_M, _MS, KINDS, Box, _FeedDay, _Rides
from access.network.gtfs import _Feed, _TimetableError
from access.network.snapping import read_points
from access.text import counted, share_figure
from access.units import EARTH_RADIUS_M, great_circle_m

_DEFAULT_KINDS = ("bus", "tram", "underground", "train", "ferry")
_LEAST_SHARE = 0.5
_FAST_KMH = 130.0
_IN_TWO_FEEDS = "runs in more than one feed"
#: Before a route's id that may be taken for another's number.
_BY_ID = "id:"


@dataclass(frozen=True, eq=False)
class Timetable:
    """Everything that runs on one day, from the evening before to the night after.

    Made by `read_timetable`.

    Parameters
    ----------
    day : date
    stops : DataFrame
        ``id``, ``name``, ``lon``, ``lat`` (WGS84 degrees) of the stops with a place.
    trips : DataFrame
        One row a run: ``trip_id``, ``route_id``, ``route``, ``kind``, ``agency``, ``headsign``,
        ``service_day`` (-1 yesterday's, 0, 1 tomorrow's).
    rides : Rides
        One trip from one stop to the next.
    checks : DataFrame
        What was found in the feeds: ``check``, ``found``, ``of``, ``words``.
    notes : tuple of str
        What readers of any number made with this timetable must be told.
    """

    day: date
    stops: pd.DataFrame
    trips: pd.DataFrame
    rides: _Rides
    checks: pd.DataFrame
    notes: tuple[str, ...] = ()
    closed: tuple[str, ...] = field(default=())

    @cached_property
    def digest(self) -> str:
        """Fingerprint of everything that decides a travel time (sha256, hexadecimal)."""
        total = hashlib.sha256(repr((self.day, tuple(self.stops["id"]))).encode())
        total.update(self.stops[["lon", "lat"]].to_numpy(float).tobytes())
        for array in vars(self.rides).values():
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()

    def without(self, *, routes: Sequence[str] = (), stops: Sequence[str] = ()) -> Timetable:
        """The same day with routes withdrawn or stops closed.

        Parameters
        ----------
        routes : sequence of str
            The numbers that passengers know (``"22"``) where one operator has them, or route ids
            (``"id:22"`` where that is another route's number).
        stops : sequence of str
            Stop ids. Buses pass a closed stop: nobody gets on or off, and times stay as they are.

        Returns
        -------
        Timetable

        Raises
        ------
        ParameterError
            If a route or stop is not in the timetable, two operators have a route of the number, or
            it is the number of one route and the id of another.

        Examples
        --------
        >>> timetable.without(routes=["22"])  # doctest: +SKIP
        """
        for what, given in (("routes", routes), ("stops", stops)):
            if isinstance(given, str):
                raise ParameterError(f"{what}={given!r} is one text; expected a list, [{given!r}]")
        gone, withdrawn = self._routes_named([str(r) for r in routes])
        shut = self._stops_named([str(s) for s in stops])
        rides = self.rides.take(~gone[self.rides.trip])
        rides = replace(
            rides,
            board=rides.board & ~shut[rides.from_stop],
            alight=rides.alight & ~shut[rides.to_stop],
        )
        said = [f"route {r} withdrawn" for r in withdrawn] + [f"stop {s} closed" for s in stops]
        note = f"Changed from the feed: {'; '.join(said)}." if said else ""
        return replace(
            self, rides=rides, closed=(*self.closed, *said),
            notes=(*self.notes, note) if note else self.notes,
        )  # fmt: skip

    def _routes_named(self, names: list[str]) -> tuple[NDArray[np.bool_], list[str]]:
        """Which runs are of some routes, and the routes as one says them."""
        gone, unknown, said = np.zeros(len(self.trips), bool), [], []
        for name in names:
            hit, by_id = self._route_named(name)
            unknown += [] if hit.any() else [name]
            gone |= hit
            numbers = sorted(set(self.trips.loc[hit, "route"]) - {""})
            told = f"{', '.join(numbers)} (id {name.removeprefix(_BY_ID)})".strip()
            said.append(told if by_id and numbers != [name] else name)
        if unknown:
            known = sorted(set(self.trips["route"]))
            raise ParameterError(
                f"no route {unknown} runs on {days.spoken(self.day)}; expected any of {known[:40]}"
                f"{' ...' if len(known) > 40 else ''}, or a route id"
            )
        return gone, said

    def _route_named(self, name: str) -> tuple[NDArray[np.bool_], bool]:
        """Which runs are of a route, and whether it was named by its id."""
        by_id, by_number = ((self.trips[c] == name).to_numpy(bool) for c in ("route_id", "route"))
        if not by_id.any() and name.startswith(_BY_ID):
            by_id = (self.trips["route_id"] == name.removeprefix(_BY_ID)).to_numpy(bool)
        ids = sorted(set(self.trips.loc[by_number, "route_id"]))
        if by_id.any() and (by_number & ~by_id).any():
            other = ", ".join(sorted(set(self.trips.loc[by_id, "route"])))
            raise ParameterError(
                f"{name!r} is the number of one route and the id of another; expected "
                f"{_BY_ID + name!r} for route {other}, or one of {[_BY_ID + i for i in ids[:20]]} "
                f"for those with the number {name}"
            )
        if not by_id.any() and len(set(self.trips.loc[by_number, "agency"])) > 1:
            raise ParameterError(
                f"several operators run a route {name!r}; expected one of the route ids {ids[:20]}"
            )
        return (by_id, True) if by_id.any() else (by_number, False)

    def _stops_named(self, names: list[str]) -> NDArray[np.bool_]:
        row = pd.Index(self.stops["id"]).get_indexer(names)
        if (row < 0).any():
            unknown = [n for n, r in zip(names, row, strict=True) if r < 0]
            raise ParameterError(
                f"no stop {unknown} in the timetable; expected stop ids as "
                f"{list(self.stops['id'][:3])}"
            )
        shut = np.zeros(len(self.stops), bool)
        shut[row] = True
        return shut

    @cached_property
    def boarding_stops(self) -> NDArray[np.intp]:
        """Rows of the stops where one can get on or off a run of the day."""
        used = np.concatenate(
            [self.rides.from_stop[self.rides.board], self.rides.to_stop[self.rides.alight]]
        )
        return np.unique(used)

    def runs_an_hour(self, stops: Sequence[int], window: tuple[int, int]) -> float:
        """Runs an hour that may be boarded at any of some stops, each counted once.

        Parameters
        ----------
        stops : sequence of int
            Rows of `stops`.
        window : tuple of int
            First minute after midnight, and the one after the last.

        Returns
        -------
        float

        Examples
        --------
        >>> timetable.runs_an_hour([3, 4], (540, 720))  # doctest: +SKIP
        2.0
        """
        some = self._boarded(window)
        at = some & np.isin(self.rides.from_stop, np.asarray(stops, int))
        return len(np.unique(self.rides.trip[at])) * 60 / (window[1] - window[0])

    def _boarded(self, window: tuple[int, int]) -> NDArray[np.bool_]:
        """Which rides may be boarded in a window."""
        first, last = (minutes * 60 * _MS for minutes in window)
        return self.rides.board & (self.rides.dep >= first) & (self.rides.dep < last)

    def each_stop_an_hour(self, window: tuple[int, int]) -> NDArray[np.float64]:
        """Runs an hour of every stop alone, counted at once.

        Parameters
        ----------
        window : tuple of int
            As for `runs_an_hour`.

        Returns
        -------
        ndarray, shape (stops,)
            In the order of `stops`.

        Examples
        --------
        >>> timetable.each_stop_an_hour((540, 720))  # doctest: +SKIP
        """
        some = self._boarded(window)
        calls = np.column_stack([self.rides.from_stop[some], self.rides.trip[some]])
        runs = np.bincount(np.unique(calls, axis=0)[:, 0], minlength=len(self.stops))
        return runs * 60 / (window[1] - window[0])

    def audit(
        self, areas: pd.DataFrame | None = None, *, reach_metres: float = 1600.0
    ) -> pd.DataFrame:
        """How far the timetable can be believed, as a table.

        Parameters
        ----------
        areas : DataFrame, optional
            ``id``, ``lon``, ``lat``: adds how many have a stop in reach.
        reach_metres : float
            In a straight line; 1,600 m is 20 minutes' walk at 4.8 km/h.

        Returns
        -------
        DataFrame
            ``check``, ``found`` (a count), ``of`` (out of how many; missing where it does not
            apply) and ``words``.

        Examples
        --------
        >>> timetable.audit()["words"].tolist()  # doctest: +SKIP
        """
        if areas is None:
            return self.checks.copy()
        places = read_points(areas, "areas")
        near = self._metres_to_stop(places.lonlat) <= reach_metres
        found = int(near.sum())
        row = _check(
            "areas with a stop in reach", found, len(near),
            f"{found:,} of {len(near):,} areas have a stop in use within {reach_metres:,.0f} m in "
            f"a straight line; the other {len(near) - found:,} can only be walked from.",
        )  # fmt: skip
        return pd.concat([self.checks, pd.DataFrame([row])], ignore_index=True)

    def _metres_to_stop(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """From each point to the nearest stop in use, in a straight line."""
        used = self.stops[["lon", "lat"]].to_numpy(float)[self.boarding_stops]
        if not len(used):
            return np.full(len(lonlat), np.inf)
        from scipy.spatial import cKDTree

        chord, _ = cKDTree(_on_sphere(used)).query(_on_sphere(lonlat))
        metres: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.clip(chord / 2, 0, 1))
        return metres

    def audit_words(self, areas: pd.DataFrame | None = None) -> list[str]:
        """The audit as sentences.

        Parameters
        ----------
        areas : DataFrame, optional
            As for `audit`.

        Returns
        -------
        list of str
        """
        return list(self.audit(areas)["words"])

    def __repr__(self) -> str:
        today = int((self.trips["service_day"] == 0).sum())
        return (
            f"<Timetable {days.spoken(self.day)}: {today:,} trips, "
            f"{len(self.boarding_stops):,} stops in use>"
        )

    def _repr_html_(self) -> str:
        rows = [(c, f"{f:,.0f}", "" if pd.isna(o) else f"{o:,.0f}")
                for c, f, o in zip(*(self.checks[c] for c in ("check", "found", "of")),
                                   strict=True)]  # fmt: skip
        return html_answer(f"Timetable of {days.spoken(self.day)}.", ["Check", "Found", "Of"], rows,
                           notes=self.notes)  # fmt: skip


def _on_sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def check_feeds(feeds: Sequence[Path]) -> None:
    """Refuse what is no GTFS feed by the look of it, before streets are read for it.

    Parameters
    ----------
    feeds : sequence of Path

    Raises
    ------
    TimetableError
        As `read_timetable`, where a feed cannot be opened or holds no ``stop_times.txt``.
    """
    for path, label in zip(feeds, _labels(feeds), strict=True):
        _Feed(path, label)


def read_timetable(
    feeds: str | Path | Sequence[str | Path],
    *,
    day: date | str | None = None,
    box: Box | None = None,
    kinds: Sequence[str] = _DEFAULT_KINDS,
    least_share: float = _LEAST_SHARE,
) -> Timetable:
    """Read what runs on one day from GTFS feeds.

    Parameters
    ----------
    feeds : path or sequence of paths
        GTFS zips or folders. Ids of several feeds get their feed's name before them. A stop of one
        id and place is one stop, by the name of the first feed that has it, and a run that two
        feeds have at the same stops and times is one run.
    day : date or str, optional
        ``2023-06-13``. When not given: the term-time Tuesday that is no bank holiday and has the
        most usual number of trips, the first of several; see `service_days.TERM_RULE`.
    box : tuple of float, optional
        West, south, east, north, degrees: stops outside are left out, and trips that call at no
        stop inside.
    kinds : sequence of str
        Of ``bus``, ``tram``, ``underground``, ``train``, ``ferry``, ``coach``; all but coaches
        unless told otherwise.
    least_share : float
        A day with fewer trips than this share of the feed's usual Tuesday is refused. 0 lets a
        Sunday through.

    Returns
    -------
    Timetable

    Raises
    ------
    TimetableError
        If a feed cannot be read, does not cover the day or the box, or runs too little on the day;
        the nearest day that would do is named.
    ParameterError
        If an option is not one of those above.

    Notes
    -----
    GTFS reference, https://gtfs.org/documentation/schedule/reference/. Times are local. Blank
    times are filled by distance along the trip. Trips of the day before that run past midnight,
    and of the day after until 4 in the morning, are there too. Demand-responsive calls (to be
    booked by phone) count as calls.

    Examples
    --------
    >>> read_timetable("newport_gtfs.zip", day="2023-06-13")  # doctest: +SKIP
    <Timetable Tuesday 13 June 2023: 151 trips, 628 stops in use>
    """
    paths = [feeds] if isinstance(feeds, (str, Path)) else list(feeds)
    _check_options(paths, box, kinds, least_share)
    read = [_FeedDay(_Feed(p, label), box, tuple(kinds))
            for p, label in zip(paths, _labels(paths), strict=True)]  # fmt: skip
    zones = {zone for feed in read for zone in feed.zones}
    if len(zones) > 1:
        raise _TimetableError(
            f"the feeds keep different local times ({', '.join(sorted(zones))}); expected one"
        )
    counts = pd.concat([feed.trips_by_day for feed in read], axis=1).sort_index()
    chosen, told = _chosen_day(read, counts, day, least_share)
    found = _joined(read, chosen, told, counts)
    if not len(found.rides):
        raise _TimetableError(
            f"nothing can be ridden on {days.spoken(chosen)}: no trip of that day calls at two "
            f"stops with a time and a place{' in the box' if box else ''}, so every journey would "
            f"be a walk. {' '.join(_why_none(found.checks))}".rstrip()
        )
    return found


def _why_none(checks: pd.DataFrame) -> list[str]:
    """What the audit found wrong with trips and their calls."""
    calls = checks["check"].str.match("calls |trips ") & ~checks["check"].str.match("trips on")
    return list(checks.loc[calls & (checks["found"] > 0), "words"])


def usual_days(
    feeds: Sequence[str | Path], day: date, *, box: Box | None = None, most: int = 2
) -> list[Timetable]:
    """Read other weekdays in term time on which the feeds run as usual, the nearest first.

    Parameters
    ----------
    feeds : sequence of paths
    day : date
        The day that they stand beside.
    box : tuple of float, optional
        As for `read_timetable`.
    most : int
        How many at most, each another weekday.

    Returns
    -------
    list of Timetable
        Empty where no other day will do.

    Examples
    --------
    >>> usual_days(["newport_gtfs.zip"], date(2023, 6, 13))  # doctest: +SKIP
    """
    read = [_FeedDay(_Feed(p, label), box, _DEFAULT_KINDS)
            for p, label in zip(feeds, _labels(feeds), strict=True)]  # fmt: skip
    counts = pd.concat([feed.trips_by_day for feed in read], axis=1).sort_index()
    enough = _days_with_enough(counts, _LEAST_SHARE)
    by_weekday: dict[int, date] = {}
    for other in sorted(enough[enough].index, key=lambda d: (abs((d - day).days), d)):
        usual = other.weekday() < 5 and not days._holiday(other) and days._in_term(other)
        if usual and other.weekday() != day.weekday():
            by_weekday.setdefault(other.weekday(), other)
    return [_joined(read, other, "", counts) for other in [*by_weekday.values()][:most]]


def _days_with_enough(counts: pd.DataFrame, least_share: float) -> pd.Series:
    """Say of every day whether all feeds cover it and run enough of their usual trips."""
    usual = counts.apply(lambda column: days._usual_tuesday(column.dropna()))
    enough = counts.notna().all(axis=1) & (counts.sum(axis=1) > 0)
    found: pd.Series = enough & (counts.fillna(0) >= least_share * usual).all(axis=1)
    return found


def _check_options(
    paths: Sequence[str | Path], box: Box | None, kinds: Sequence[str], least_share: float
) -> None:
    if not paths:
        raise ParameterError("no feed was given; expected the path of a GTFS zip or folder")
    unknown = [k for k in kinds if k not in KINDS]
    if isinstance(kinds, str) or unknown or not kinds:
        raise ParameterError(f"kinds={kinds!r}; expected a list of some of {list(KINDS)}")
    if not 0 <= least_share <= 1:
        raise ParameterError(f"least_share={least_share!r}; expected a share from 0 to 1")
    if box is not None and not (len(box) == 4 and box[0] < box[2] and box[1] < box[3]):
        raise ParameterError(f"box={box!r}; expected (west, south, east, north) in degrees")


def _labels(paths: Sequence[str | Path]) -> list[str]:
    """A name for each feed, once each."""
    stems = [Path(p).name.removesuffix(".zip") or str(p) for p in paths]
    out: list[str] = []
    for stem in stems:
        numbered = (f"{stem}-{n}" for n in range(2, len(stems) + 2))
        free = (label for label in (stem, *numbered) if label not in out and (
            label == stem or label not in stems))  # fmt: skip
        out.append(next(free))
    return out


def _chosen_day(
    read: list[_FeedDay], counts: pd.DataFrame, day: date | str | None, least_share: float
) -> tuple[date, str]:
    """The day asked for, if it will do; else the one chosen by rule, and a sentence about it."""
    usual = counts.apply(lambda column: days._usual_tuesday(column.dropna()))
    enough = _days_with_enough(counts, least_share)
    total = counts.fillna(0).sum(axis=1)
    if day is None:
        chosen = days._choose_day(total[enough])
        if chosen is None:
            near = next((d for d in total[enough].index if not days._holiday(d)), None)
            raise _TimetableError(
                f"the timetable ({_span(read)}) holds no term-time Tuesday on which it runs as "
                f"usual. {days._TERM_RULE} "
                + (f"Say which day to take, for example {_asking(near)}" if near else "")
            )
        return chosen, (
            f"The day is {days.spoken(chosen)}: the term-time Tuesday, no bank holiday, with the "
            f"most usual number of trips in the timetable. {days._TERM_RULE}"
        )
    try:
        chosen = days._as_day(day)
    except ValueError:
        raise ParameterError(f"day={day!r} is no day; expected one as '2023-06-13'") from None
    if chosen in enough.index and enough[chosen]:
        return chosen, f"The day is {days.spoken(chosen)}, as asked for."
    near = days._nearest_day(chosen, total, lambda d: bool(enough[d]))
    mend = "No day would do"
    if near:
        mend = f"The nearest day that would do is {days.spoken(near)}: {_asking(near)}"
    if chosen not in counts.index or counts.loc[chosen].isna().any():
        raise _TimetableError(
            f"the timetable does not cover {days.spoken(chosen)}: {_span(read)}. {mend}"
        )
    raise _TimetableError(
        f"on {days.spoken(chosen)}{_holiday_words(chosen)} only {total[chosen]:,.0f} trips run, "
        f"against {usual.sum():,.0f} on a usual Tuesday of the feed; at least "
        f"{share_figure(least_share)} "
        f"of every feed's are expected. {mend}. A lower least_share of read_timetable takes the "
        "day as it is"
    )


def _asking(day: date) -> str:
    """How a day is asked for, of a study and in a notebook."""
    return f'bus.day = "{day.isoformat()}" in study.toml, or day={day.isoformat()!r}'


def _span(read: list[_FeedDay]) -> str:
    return "; ".join(
        f"{f.feed.label} runs from {days.spoken(f.calendar.first)} to "
        f"{days.spoken(f.calendar.last)}"
        for f in read
    )


def _holiday_words(day: date) -> str:
    name = days._holiday(day)
    return f" ({name})" if name else ""


def _joined(read: list[_FeedDay], day: date, told: str, counts: pd.DataFrame) -> Timetable:
    """One timetable of all feeds, ids kept apart where there are several."""
    stops, trips, rides = [], [], []
    n_stops = n_trips = 0
    for feed in read:
        feed_rides, feed_trips = feed.rides(day)
        prefix = f"{feed.feed.label}:" if len(read) > 1 else ""
        feed_stops = feed.stops.copy()
        for frame, columns in (
            (feed_stops, ["id"]),
            (feed_trips, ["trip_id", "route_id", "agency"]),
        ):
            frame[columns] = prefix + frame[columns].astype(object)
        stops.append(feed_stops)
        trips.append(feed_trips)
        rides.append(replace(
            feed_rides, trip=feed_rides.trip + np.int32(n_trips),
            from_stop=feed_rides.from_stop + np.int32(n_stops),
            to_stop=feed_rides.to_stop + np.int32(n_stops),
        ))  # fmt: skip
        n_stops, n_trips = n_stops + len(feed.stops), n_trips + len(feed_trips)
    joined = _Rides(*(np.concatenate(arrays) for arrays in zip(
        *(vars(r).values() for r in rides), strict=True)))  # fmt: skip
    all_stops = pd.concat(stops, ignore_index=True)
    inside = np.concatenate([feed.inside for feed in read])
    one = _stops_in_common(read, inside)
    kept = inside & (one == np.arange(len(one)))
    row = (np.cumsum(kept) - 1)[one]
    joined = replace(joined, from_stop=row[joined.from_stop].astype(np.int32),
                     to_stop=row[joined.to_stop].astype(np.int32))  # fmt: skip
    kept_stops = all_stops[kept].reset_index(drop=True)
    kept_trips = pd.concat(trips, ignore_index=True)
    again = _runs_again(joined, kept_trips, np.repeat(np.arange(len(read)), [*map(len, trips)]))
    joined = joined.take(~again[joined.trip])
    joined = replace(joined, trip=(np.cumsum(~again) - 1)[joined.trip].astype(np.int32))
    kept_trips = kept_trips[~again].reset_index(drop=True)
    columns = ["trip_id", "route_id", "route", "kind", "agency", "headsign", "service_day"]
    checks = _checks(read, day, counts, all_stops, kept_stops, joined)
    if again.any():
        in_two = _check(
            _IN_TWO_FEEDS, int(again.sum()), len(again),
            f"{counted(int(again.sum()), 'run stands', 'runs stand')} in more than one feed, at "
            "the same stops and times: each counts once.",
        )  # fmt: skip
        checks = pd.concat([checks, pd.DataFrame([in_two])], ignore_index=True)
    notes = (told, *(note for feed in read for note in feed.feed.notes), *_said(checks))
    return Timetable(day, kept_stops, kept_trips[columns], joined, checks, notes)


def _stops_in_common(read: list[_FeedDay], inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For every stop of all feeds the first of its id and place: regions' feeds overlap.

    A first one that lies just outside the box is none to stand for one that lies in it.
    """
    ids = np.concatenate([feed.stops["id"].to_numpy(object) for feed in read])
    lonlat = np.concatenate([feed.stops[["lon", "lat"]].to_numpy(float) for feed in read])
    codes, _ = pd.factorize(ids)
    first = np.full(len(ids), -1)
    first[codes[::-1]] = np.arange(len(ids))[::-1]
    one = first[codes]
    apart = great_circle_m(*lonlat.T, *lonlat[one].T)
    return np.where((apart <= _APART_M) & inside[one], one, np.arange(len(ids)))


def _runs_again(rides: _Rides, trips: pd.DataFrame, feed: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Runs that an earlier feed has too: of the same number, at the same stops and times."""
    again = np.zeros(len(trips), bool)
    if not feed.any():
        return again
    calls = np.column_stack(
        [a.astype(np.int64) for name, a in vars(rides).items() if name != "trip"]
    )
    edges = np.searchsorted(rides.trip, np.arange(len(trips) + 1))
    named = zip(trips["route"], trips["kind"], feed.tolist(), strict=True)
    seen: dict[bytes, int] = {}
    for run, (route, kind, its) in enumerate(named):
        total = hashlib.sha256(repr((route, kind)).encode())
        total.update(calls[edges[run] : edges[run + 1]].tobytes())
        again[run] = seen.setdefault(total.digest(), its) != its
    return again


def _said(checks: pd.DataFrame) -> list[str]:
    """What of the audit every reader must be told."""
    told = (
        "trips on the day", "bank holiday", "frequencies without exact times",
        "trips that go on as another", _IN_TWO_FEEDS,
    )  # fmt: skip
    return checks.loc[checks["check"].isin(told) & (checks["found"] > 0), "words"].tolist()


def _check(name: str, found: float, of: float, words: str) -> dict[str, object]:
    """One row of the audit."""
    return {"check": name, "found": float(found), "of": float(of), "words": words}


def _checks(
    read: list[_FeedDay], day: date, counts: pd.DataFrame, all_stops: pd.DataFrame,
    stops: pd.DataFrame, rides: _Rides,
) -> pd.DataFrame:  # fmt: skip
    """The whole audit of a day, but for the areas."""
    rows = [_feed_check(feed, day, counts[feed.feed.label]) for feed in read]
    rows += _holiday_checks(read, day, counts)
    used = len(np.unique(np.concatenate([rides.from_stop, rides.to_stop])))
    nowhere = int(all_stops["lon"].isna().sum())
    rows += [
        _check("stops unused", len(stops) - used, len(stops),
               f"{len(stops) - used:,} of {len(stops):,} stops are called at by no trip."),
        _check("stops without a place", nowhere, len(all_stops),
               f"{nowhere:,} of {len(all_stops):,} stops have no place on the map; they are left "
               "out."),
        *_ride_checks(stops, rides),
    ]  # fmt: skip
    total: Counter[str] = Counter()
    for feed in read:
        total += feed.counts
    for name, n in sorted(total.items()):
        if name == "stop times":
            continue
        rows.append(_check(name, n, np.nan, f"{n:,} {name}."))
    on = sum(feed.going_on for feed in read)
    if on:
        rows.append(_check(
            "trips that go on as another", on, np.nan,
            f"{counted(on, 'trip goes', 'trips go')} on as another of the same vehicle (block_id, "
            "or transfers.txt). Whoever stays seated is taken to get off and to board anew: some "
            "journeys may take fewer minutes than told, or be there where none is found.",
        ))  # fmt: skip
    inexact = sum(feed.inexact for feed in read)
    if inexact:
        rows.append(_check(
            "frequencies without exact times", inexact, np.nan,
            f"{counted(inexact, 'frequency says', 'frequencies say')} how often, not when: "
            "taken to begin on the dot.",
        ))  # fmt: skip
    return pd.DataFrame(rows)


def _feed_check(feed: _FeedDay, day: date, counts: pd.Series) -> dict[str, object]:
    usual, found = days._usual_tuesday(counts.dropna()), float(counts[day])
    span = f"{days.spoken(feed.calendar.first)} to {days.spoken(feed.calendar.last)}"
    return _check(
        "trips on the day", found, usual,
        f"{feed.feed.label}: {found:,.0f} trips run on {days.spoken(day)}, against {usual:,.0f} on "
        f"its usual Tuesday; the feed covers {span}.",
    )  # fmt: skip


def _holiday_checks(
    read: list[_FeedDay], day: date, counts: pd.DataFrame
) -> list[dict[str, object]]:
    """A bank holiday on the day, and bank holidays that the feed does not seem to know."""
    rows, name = [], days._holiday(day)
    if name:
        rows.append(_check("bank holiday", 1, 1, f"{days.spoken(day)} is {name}, a bank holiday."))
    for feed in read:
        column = counts[feed.feed.label].dropna()
        weekday = [d for d in column.index if days._holiday(d) and d.weekday() < 5]
        usual = days._usual_tuesday(column)
        full = [d for d in weekday if column[d] >= 0.9 * usual > 0]
        words = (
            f"{feed.feed.label} runs a full service on {len(full)} of {len(weekday)} bank holidays"
            f"{'' if feed.calendar.has_exceptions else ', for its calendar has no exceptions'}; "
            "take no such day."
        )
        rows.append(_check("bank holidays with a full service", len(full), len(weekday), words))
    return rows


def _ride_checks(stops: pd.DataFrame, rides: _Rides) -> list[dict[str, object]]:
    lon, lat = stops[["lon", "lat"]].to_numpy(float).T
    a, b, n = rides.from_stop, rides.to_stop, len(rides)
    metres = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    hours = (rides.arr - rides.dep) / (3600 * _MS)
    fast, still = int((metres / 1000 > _FAST_KMH * hours).sum()), int((hours == 0).sum())
    shut = int((~rides.board).sum())
    return [
        _check("rides too fast", fast, n,
               f"{fast:,} of {n:,} rides between stops are faster than {_FAST_KMH:g} km/h in a "
               "straight line; they are kept."),
        _check("rides of no minutes", still, n,
               f"{still:,} of {n:,} rides between stops take no time; they are kept."),
        _check("calls without boarding", shut, n,
               f"at {shut:,} of {n:,} departures nobody may get on."),
    ]  # fmt: skip
