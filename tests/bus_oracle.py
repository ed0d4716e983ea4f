"""Least journeys by timetable, slowly and in another way: one label after the other, by the clock.

Walks are whole thousandths of a second, measured on the streets all with all; nothing of the search
under test is used. Arriving by a time is the best of setting out for every single departure.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict

import numpy as np
import pandas as pd

from access.network import travel_matrix

MINUTE = 60_000


def on_foot(network, origins, targets):
    """Minutes on foot from every origin to every target, whatever their names."""
    frames = (pd.concat(each)[["lon", "lat"]] for each in (origins, targets))
    places = (frame.assign(id=range(len(frame))) for frame in frames)
    return travel_matrix(network, *places).total_minutes


def in_reach(minutes, limit=np.inf):
    """{origin row: {target row: ms}}."""
    return [
        {j: round(m * MINUTE) for j, m in enumerate(row) if m <= limit} for row in minutes.tolist()
    ]


class Oracle:
    """Answers for one day, one direction of travel, and some places."""

    def __init__(self, network, timetable, areas, sites, *, direction, slack_seconds=60,
                 max_walk_minutes=20.0, max_change_minutes=10.0):  # fmt: skip
        origins, targets = (areas, sites) if direction == "to_site" else (sites, areas)
        used = timetable.boarding_stops.tolist()
        stops = timetable.stops.iloc[used]
        self.slack = round(slack_seconds * 1000)
        n, m = len(origins), len(targets)
        minutes = on_foot(network, (origins, stops), (targets, stops))
        self.walk = in_reach(minutes[:n, :m])
        start = in_reach(minutes[:n, m:], max_walk_minutes)
        self.start = [{used[x]: ms for x, ms in near.items()} for near in start]
        end = in_reach(minutes[n:, :m], max_walk_minutes)
        self.end = dict(zip(used, end, strict=True))
        change = in_reach(minutes[n:, m:], max_change_minutes)
        self.change = {
            x: {used[y]: ms for y, ms in near.items()} | {x: 0}
            for x, near in zip(used, change, strict=True)
        }
        self.trips = defaultdict(list)
        self.calls = defaultdict(list)
        for r in zip(*(a.tolist() for a in vars(timetable.rides).values()), strict=True):
            trip, u, v, dep, arr, board, alight = r
            if board:
                self.calls[u].append((dep, trip, len(self.trips[trip])))
            self.trips[trip].append((v, arr, alight))
        for calls in self.calls.values():
            calls.sort()

    def arrivals(self, origin, at, boardings, latest=np.inf):
        """{target: (arrival, boardings)} by bus of who sets out at a time, none after `latest`."""
        heap = [(at + ms + self.slack, 0, x) for x, ms in self.start[origin].items()]
        heapq.heapify(heap)
        seen, best, early, sat, alit = set(), {}, {}, {}, {}
        while heap:
            ready, used, x = heapq.heappop(heap)
            if (x, used) in seen or used == boardings:
                continue
            seen.add((x, used))
            calls = self.calls[x]
            for dep, trip, nth in calls[bisect_left(calls, (ready,)) :]:  # they are in order
                if dep > latest:
                    break
                rides = self.trips[trip]
                until = sat.get((trip, used), len(rides))
                if nth >= until:
                    continue
                sat[trip, used] = nth  # from there on one sat in it already
                for v, arr, alight in rides[nth:until]:
                    if not alight or arr > latest or arr >= alit.get((v, used), np.inf):
                        continue  # or stood there before, after as many buses
                    alit[v, used] = arr
                    for target, ms in self.end[v].items():
                        code = (arr + ms, used + 1)
                        if target not in best or code < best[target]:
                            best[target] = code
                    for y, ms in self.change[v].items():
                        if arr + ms < early.get((y, used + 1), np.inf):
                            early[y, used + 1] = arr + ms
                            heapq.heappush(heap, (arr + ms + self.slack, used + 1, y))
        return best

    def setting_out(self, origin, target, at, boardings):
        """(milliseconds, boardings) of the quickest journey, walks included."""
        ways = [(self.walk[origin][target], 0)] if target in self.walk[origin] else []
        by_bus = self.arrivals(origin, at, boardings).get(target)
        if by_bus:
            ways.append((by_bus[0] - at, by_bus[1]))
        return min(ways, default=(np.inf, -1))

    def being_there(self, origin, target, by, boardings):
        """The same, from setting out as late as may be to the time one must be there."""
        ways = [(self.walk[origin][target], 0)] if target in self.walk[origin] else []
        departures = {
            dep - self.slack - ms
            for x, ms in self.start[origin].items() for dep, *_ in self.calls[x] if dep <= by
        }  # fmt: skip
        times = sorted(departures)
        for most in range(1, boardings + 1):  # who sets out later is never there earlier
            low, high = 0, len(times)
            while low < high:
                middle = (low + high) // 2
                reached = self.arrivals(origin, times[middle], most, by).get(target)
                low, high = (middle + 1, high) if reached and reached[0] <= by else (low, middle)
            if low:
                ways.append((by - times[low - 1], most))
        return min(ways, default=(np.inf, -1))
