"""One question by bus: the walks and rides it needs, its search, and its journeys in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.network import Network, Status, TravelMatrix
from access.network import bus_search as search
from access.network.bus_search import Day, Leg, Near
from access.network.bus_walks import as_ms, over_streets, walks_between
from access.network.gtfs import TimetableError
from access.network.stop_times import NIGHT_SECONDS, Rides
from access.network.timetable import Timetable
from access.network.windowed import clock

Ints = NDArray[np.int64]
MINUTE = 60_000
_HOUR = 60 * MINUTE
#: Midnight of the day within a search, whose times are never negative, and where time turns round.
_ORIGIN, _MIRROR, _LATEST = 24 * _HOUR, 48 * _HOUR, 48 * _HOUR
#: Bytes that one block of a search may take, besides the result.
_BLOCK_BYTES = 400_000_000


class Study:
    """Walks and rides of one question, in the direction of its search."""

    def __init__(
        self, network: Network, timetable: Timetable, walk: TravelMatrix,
        lonlat: tuple[NDArray, NDArray], marks: tuple[int, ...], asked: dict[str, Any],
    ) -> None:  # fmt: skip
        self.timetable, self.walk, self.marks, self.asked = timetable, walk, marks, asked
        self.home = walk.direction == "from_site"
        self.at_sites = asked["arrive_by"] != self.home
        self.slack = round(asked["slack_seconds"] * 1000)
        stops, area_stops, site_stops, changes = self._walks(network, lonlat)
        self.stops = stops
        self.day = self._day(area_stops, site_stops, changes, len(stops))

    def _walks(
        self, network: Network, lonlat: tuple[NDArray, NDArray]
    ) -> tuple[pd.DataFrame, Near, Near, Near]:
        """Stops on the streets, and the walks that the search needs, as it will walk them."""
        stops = self.timetable.stops.iloc[self.timetable.boarding_stops]
        points = stops[["lon", "lat"]].to_numpy(float)
        if len(stops) and not over_streets(network, points, self.asked["snap_limit_m"]).any():
            west, south, east, north = network.bounds_lonlat
            raise TimetableError(
                f"no stop in use lies on the streets of {network.source.name} (lon {west:.3f} to "
                f"{east:.3f}, lat {south:.3f} to {north:.3f}); take the timetable of the right "
                "county"
            )
        limit, change = self.asked["max_walk_minutes"], self.asked["max_change_minutes"]

        def between(a: NDArray, b: NDArray, minutes: float) -> Near:
            return walks_between(
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

    def _day(self, area_stops: Near, site_stops: Near, changes: Near, n_stops: int) -> Day:
        """Rides that may matter, with time running as the search needs it."""
        row = np.full(len(self.timetable.stops), -1)
        row[self.stops.index] = np.arange(n_stops)
        rides = self._useful()
        nowhere = n_stops  # a stop with shut doors is ridden through, never used
        a, b = (np.where(row[s] < 0, nowhere, row[s]) for s in (rides.from_stop, rides.to_stop))
        rides = Rides(
            rides.trip, a.astype(np.int32), b.astype(np.int32), rides.dep + _ORIGIN,
            rides.arr + _ORIGIN, rides.board & (a < nowhere), rides.alight & (b < nowhere),
        )  # fmt: skip
        none = np.append(changes.start, changes.start[-1])
        changes = Near(none, changes.other, changes.ms)
        first, last = (0, self.slack) if self.home else (self.slack, 0)
        if self.home:
            rides = rides.reversed(_ORIGIN + _MIRROR)
        return Day(rides, changes, area_stops, site_stops, first, last, n_stops + 1)

    def _useful(self) -> Rides:
        """Rides within the window, and for as long before or after as the longest walk takes."""
        rides = self.timetable.rides
        near = self.walk.status != Status.UNSNAPPED
        longest = self.walk.total_minutes[near].max(initial=0.0)
        first, last = self.marks[0] * MINUTE, self.marks[-1] * MINUTE
        span = _LATEST if not np.isfinite(longest) else as_ms(longest) + MINUTE
        if self.asked["arrive_by"]:
            keep = (rides.arr <= last) & (rides.dep >= first - span)
        else:
            keep = (rides.dep >= first) & (rides.dep <= last + span)
        keep &= (rides.dep >= -NIGHT_SECONDS * 1000 * 2) & (rides.arr <= _LATEST)
        self.kept = np.flatnonzero(keep)
        return rides.take(self.kept)

    def _moments(self) -> Ints:
        """The marks as times of the search."""
        at = np.array(self.marks, np.int64) * MINUTE
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
        walked = (boardings == 0).mean() if boardings.size else 0.0
        return (
            *self.timetable.notes,
            f"{served:,} of {n:,} areas have a stop in use within {asked['max_walk_minutes']:g} "
            f"minutes' walk; {walked:.0%} of all journeys, minute by minute, are quickest on foot.",
            f"At most {asked['boardings']} boardings, {asked['max_walk_minutes']:g} minutes' walk "
            f"to the first stop and from the last, {asked['max_change_minutes']:g} between stops; "
            f"one is at a stop {asked['slack_seconds']:g} seconds before the bus.",
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

    def _journey(self, area: str, site: str, mark: int) -> list[Leg]:
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
            day = Day(day.rides.reversed(mirror), day.changes.turned(day.n_stops), day.area_stops,
                      day.site_stops, 0, 0, day.n_stops)  # fmt: skip
            ends, at, turned = ends[::-1], mirror - at, not turned
        _, legs = search.one_journey(day, ends[0], ends[1], at, self.asked["boardings"])
        last = len(self.kept) - 1
        if turned:
            legs = [Leg(last - leg.alight, last - leg.board) for leg in legs[::-1]]
        return [Leg(int(self.kept[leg.board]), int(self.kept[leg.alight])) for leg in legs]

    def _legs_in_words(self, legs: list[Leg], here: str, there: str) -> str:
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
            step = f"walk {_whole(walk / MINUTE)} to" if walk or not k else "change at"
            parts.append(
                f"{step} {names[a]}, {trip['kind']} {trip['route']} at "
                f"{clock(rides.dep[leg.board] / MINUTE)} to {names[b]}, there at "
                f"{clock(rides.arr[leg.alight] / MINUTE)}"
            )
        return "; ".join([*parts, f"walk {_whole(ends[1] / MINUTE)}"])


def _reach(near: Near, row: int, slack: int) -> dict[int, int]:
    some = slice(near.start[row], near.start[row + 1])
    return dict(zip(near.other[some].tolist(), (near.ms[some] + slack).tolist(), strict=True))


def _whole(minutes: float) -> str:
    rounded = round(minutes)
    return f"{rounded} minute" if rounded == 1 else f"{rounded} minutes"


def _with_staying(changes: Near, n: int) -> Near:
    """Everybody may stay where they are, also at a stop that no street reaches."""
    own = changes.row != changes.other
    stay = np.arange(n)
    return Near.of_pairs(
        np.concatenate([changes.row[own], stay]), np.concatenate([changes.other[own], stay]),
        np.concatenate([changes.ms[own], np.zeros(n, np.int64)]), n,
    )  # fmt: skip
