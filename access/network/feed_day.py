"""One feed of a timetable: its stops, trips and calendar, and the rides of a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault
from access.network import service_days as days
from access.network import stop_times as calls_of
from access.network.gtfs import Feed, TimetableError
from access.network.stop_times import Rides

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


class FeedDay:
    """One feed: its stops, routes, trips and calendar; then the rides of a day."""

    def __init__(self, feed: Feed, box: Box | None, kinds: tuple[str, ...]) -> None:
        self.feed, self.box, self.counts = feed, box, Counter[str]()
        self.zones = self._zones()
        self.stops = self._read_stops()
        self.inside = self._check_box()
        self.trips = self._read_trips(kinds)
        self.calendar = days.Calendar(feed)
        self.service = self.calendar.services.get_indexer(self.trips["service_id"])
        self.counts["trips of a service without a calendar"] = int((self.service < 0).sum())
        index = pd.Index(self.trips["trip_id"])
        self.frequencies, self.inexact = calls_of.read_frequencies(feed, index)
        weight = np.ones(len(self.trips))
        for row, spans in self.frequencies.items():
            weight[row] = sum(len(np.arange(*span)) for span in spans)
        known = self.service >= 0
        by_service = np.bincount(
            self.service[known], weight[known], minlength=len(self.calendar.services)
        ).astype(float)
        self.trips_by_day = self.calendar.counts(by_service).rename(feed.label)
        if not self.trips_by_day.any():
            raise TimetableError(
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
        placed = np.isfinite(lonlat[:, 0])
        if not placed.any():
            raise TimetableError(f"no stop in {self.feed.path} has a place on the map")
        if self.box is None:
            return placed
        low, high = np.array(self.box[:2]), np.array(self.box[2:])
        inside = np.logical_and.reduce((lonlat >= low) & (lonlat <= high), axis=1)
        if not inside.any():
            lon, lat = np.nanmedian(lonlat, axis=0)
            raise TimetableError(
                f"no stop of {self.feed.path} lies in the box {self.box}: its {placed.sum():,} "
                f"stops lie around lon {lon:.3f}, lat {lat:.3f}. Take the feed of the right county"
            )
        return inside

    def _read_trips(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        routes = self.feed.read("routes.txt", ("route_id", "route_type"),
                                ("route_short_name", "route_long_name", "agency_id"))  # fmt: skip
        _refuse_twice(routes["route_id"], "routes.txt")
        trips = self.feed.read("trips.txt", ("route_id", "service_id", "trip_id"),
                               ("trip_headsign",))  # fmt: skip
        _refuse_twice(trips["trip_id"], "trips.txt")
        row = pd.Index(routes["route_id"]).get_indexer(trips["route_id"])
        self.counts["trips of a route that is not listed"] = int((row < 0).sum())
        kind = _kinds(routes["route_type"])[row]
        kind[row < 0] = "unknown"
        short, long, agency = (
            routes[c].to_numpy(object)[row]
            for c in ("route_short_name", "route_long_name", "agency_id")
        )
        trips = trips.assign(kind=kind, agency=agency, route=np.where(short == "", long, short))
        wanted = np.isin(kind, kinds)
        for left, n in Counter(kind[~wanted].tolist()).items():
            self.counts[f"trips left out: {left}"] += n
        trips = trips[wanted & self._calling(trips["trip_id"])].reset_index(drop=True)
        if trips.empty:
            raise TimetableError(
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
        on = np.append(self.calendar.active(day), False)
        return on[self.service]

    def rides(self, day: date) -> tuple[Rides, pd.DataFrame]:
        """Rides and runs of a day, with what is left of yesterday and begins tomorrow."""
        around = [self.active(day + timedelta(k)) for k in (-1, 0, 1)]
        index = pd.Index(self.trips["trip_id"])
        some = np.flatnonzero(np.logical_or.reduce(around))
        calls = calls_of.read_calls(self.feed, index[some], pd.Index(self.stops["id"]), self.counts)
        calls = replace(calls, trip=some[calls.trip])
        lonlat = self.stops[["lon", "lat"]].to_numpy(float)
        calls = calls_of.fill_blanks(calls, lonlat, self.counts)
        calls = calls_of.without_backward_trips(calls, self.counts)
        placed = (calls.stop >= 0) & np.isfinite(lonlat[calls.stop, 0])
        self.counts["calls at a stop without a place"] += int((~placed).sum())
        starts = np.full(len(self.trips), np.nan)
        starts[calls.trip[::-1]] = calls.dep[::-1]
        around = [flags & ~np.isnan(starts) for flags in around]
        rides = calls_of.to_rides(calls.take(placed & self.inside[calls.stop]))
        runs = calls_of.runs_of(around, starts, self.frequencies)
        rides = calls_of.run_rides(rides, runs, len(self.trips))
        used, at = np.unique(rides.trip, return_inverse=True)
        rides = replace(rides, trip=at.astype(np.int32))
        trips = self.trips.iloc[runs.trip[used]].reset_index(drop=True)
        trips = trips.assign(service_day=runs.day[used])
        return rides, trips.rename(columns={"trip_headsign": "headsign"})


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
        raise TimetableError(f"{len(twice)} ids of {name} stand there more than once", faults)
