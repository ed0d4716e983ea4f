"""The least journeys by timetable, for every departure minute, all sites at once.

A node is a ride, one trip from one stop to the next. One backward pass of minimums over the rides
gives, for every ride and site, the best arrival of those who sit in it with so many boardings left;
one more over the rides that leave each stop gives it for those who wait there. Profile Connection
Scan (Dibbelt, Pajor, Strasser, Wagner, *Connection Scan Algorithm*, JEA 2018), with the profiles
of all sites held as running minimums, and one pass for each number of boardings, so that rides of
no minutes and changes of no slack need no order among themselves.

What is least is one whole number: time in thousandths of a second, then boardings, then the walk at
the site's end, then the walk at the area's end. So the quickest journey is found, of those the one
with fewest boardings, of those the one with least to walk; and all four are read off the number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from access.network.feed_day import _Rides
from access.network.network import Network
from access.network.routing import _minutes_within
from access.units import project

_Codes = NDArray[np.int64]
_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

#: Thousandths of a second in a minute.
_MINUTE = 60_000

#: Walks are kept in the low bits by fifths of a second: 15 bits hold 109 minutes.
_LEG_MS = 200
LEG_BITS, BOARD_BITS = 15, 3
_MOST_LEG_MS = _LEG_MS * (2**LEG_BITS - 1)
_MOST_BOARDINGS = 2**BOARD_BITS - 1
_TIME_SHIFT = 2 * LEG_BITS + BOARD_BITS
_ONE_BOARDING = 1 << 2 * LEG_BITS
NONE = np.int64(1) << 62
"""More than any code; a time of 28 bits is added to it without passing 63 bits."""
_GATHERED = 4_000_000


@dataclass(frozen=True, eq=False)
class _Near:
    """Who is in walking reach of whom: rows of one side, and for each some of the other.

    Parameters
    ----------
    start : ndarray of int64, shape (rows + 1,)
        Where the partners of each row begin.
    other : ndarray of int64, shape (pairs,)
    ms : ndarray of int64, shape (pairs,)
        Thousandths of a second on foot.
    """

    start: _Ints
    other: _Ints
    ms: _Ints

    @classmethod
    def of_pairs(cls, row: _Ints, other: _Ints, ms: _Ints, n: int) -> _Near:
        """Sort pairs by row, and the partners of a row by nearness."""
        order = np.lexsort((other, ms, row))
        start = np.searchsorted(row[order], np.arange(n + 1))
        return cls(start, other[order].astype(np.int64), ms[order].astype(np.int64))

    @property
    def row(self) -> _Ints:
        """Row of every pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def turned(self, n: int) -> _Near:
        """The same pairs seen from the other side, which has `n` rows."""
        return _Near.of_pairs(self.other, self.row, self.ms, n)

    def later(self, ms: int) -> _Near:
        """Every walk longer by a slack."""
        return _Near(self.start, self.other, self.ms + ms)


def _leg_code(ms: _Ints) -> _Codes:
    """A walk as it stands in the low bits of a code, never longer than it is."""
    code: _Codes = np.minimum(np.asarray(ms) // _LEG_MS, 2**LEG_BITS - 1)
    return code


@dataclass(frozen=True, eq=False)
class _Day:
    """Rides, and walks between stops, areas and sites, all in the direction of one search.

    The search always runs from the areas to the sites: for the way home, and there only, time runs
    backwards. Times are never negative.

    Parameters
    ----------
    rides : Rides
    changes : Near
        From each stop to those one may change to on foot, itself among them; slack included.
    area_stops : Near
        From each area to the stops in reach.
    site_stops : Near
        From each site's row to the stops it is in reach of.
    area_slack, site_slack : int
        Slack at the first or at the last stop: at whichever is boarded.
    n_stops : int
    """

    rides: _Rides
    changes: _Near
    area_stops: _Near
    site_stops: _Near
    area_slack: int
    site_slack: int
    n_stops: int

    @cached_property
    def by_stop(self) -> NDArray[np.intp]:
        """Rides in the order of the stop they leave, then of time."""
        return np.lexsort((self.rides.dep, self.rides.from_stop))

    @cached_property
    def _span(self) -> int:
        return int(self.rides.dep.max(initial=0)) + 2

    @cached_property
    def _keys(self) -> _Ints:
        rides, order = self.rides, self.by_stop
        return rides.from_stop[order].astype(np.int64) * self._span + rides.dep[order]

    @cached_property
    def leaving(self) -> _Ints:
        """Where each stop begins in `by_stop`."""
        return np.searchsorted(self.rides.from_stop[self.by_stop], np.arange(self.n_stops + 1))

    def first_ride(self, stop: _Ints, ready: _Ints) -> _Ints:
        """Place in `by_stop` of the first ride at or after a time; the number of rides if none."""
        wanted = stop * self._span + np.minimum(ready, self._span - 1)
        at = np.searchsorted(self._keys, wanted)
        return np.where(at < self.leaving[stop + 1], at, len(self.rides))

    @cached_property
    def _trip_spans(self) -> list[tuple[int, int]]:
        """First and last-but-one ride of every trip that has more than one."""
        cut = np.flatnonzero(np.diff(self.rides.trip)) + 1
        edges = np.concatenate([[0], cut, [len(self.rides)]])
        long = np.diff(edges) > 1
        return list(zip(edges[:-1][long].tolist(), edges[1:][long].tolist(), strict=True))

    @cached_property
    def _stop_spans(self) -> list[tuple[int, int]]:
        long = np.diff(self.leaving) > 1
        first, last = self.leaving[:-1][long], self.leaving[1:][long]
        return list(zip(first.tolist(), last.tolist(), strict=True))

    @cached_property
    def _onward(self) -> tuple[_Ints, _Ints]:
        """For every ride and change on foot that catches another ride: the ride, and which."""
        rides, changes = self.rides, self.changes
        off = np.flatnonzero(rides.alight)
        stop = rides.to_stop[off].astype(np.int64)
        sizes = np.diff(changes.start)[stop]
        ride = np.repeat(off, sizes)
        nth = np.arange(len(ride)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        pair = changes.start[rides.to_stop[ride]] + nth
        first = self.first_ride(changes.other[pair], rides.arr[ride] + changes.ms[pair])
        caught = first < len(rides)
        return ride[caught], first[caught]

    def layers(self, sites: slice, boardings: int) -> Iterator[_Codes]:
        """Best code for those who wait at a stop, with one boarding left, two, ...

        Parameters
        ----------
        sites : slice
            Rows of `site_stops`.
        boardings : int

        Yields
        ------
        ndarray of int64, shape (rides + 1, sites)
            In the order of `by_stop`; the last row is `NONE`.
        """
        rides, order = self.rides, self.by_stop
        target = self._target(sites)
        in_seat = target[rides.to_stop] + (rides.arr << _TIME_SHIFT)[:, None]
        in_seat[~rides.alight] = NONE
        _running_least(in_seat, self._trip_spans)
        shut = ~rides.board[order]
        ready: _Codes | None = None
        for _ in range(boardings):
            if ready is not None:
                self._change(in_seat, ready)
                _running_least(in_seat, self._trip_spans)
            ready = np.full((len(rides) + 1, in_seat.shape[1]), NONE)
            np.add(in_seat[order], _ONE_BOARDING, out=ready[:-1])
            ready[:-1][shut] = NONE
            _running_least(ready, self._stop_spans)
            yield ready

    def _target(self, sites: slice) -> _Codes:
        """Code of the walk from every stop to every site."""
        rows = range(*sites.indices(len(self.site_stops.start) - 1))
        out = np.full((self.n_stops, len(rows)), NONE)
        for column, site in enumerate(rows):
            some = slice(self.site_stops.start[site], self.site_stops.start[site + 1])
            ms = self.site_stops.ms[some]
            code = (ms + self.site_slack << _TIME_SHIFT) + (_leg_code(ms) << LEG_BITS)
            out[self.site_stops.other[some], column] = code
        return out

    def _change(self, in_seat: _Codes, ready: _Codes) -> None:
        """Get off wherever that catches something better."""
        ride, first = self._onward
        step = max(1, _GATHERED // max(in_seat.shape[1], 1))
        begin = 0
        while begin < len(ride):
            end = begin + step
            if end < len(ride):  # the changes of one ride stay together
                end = int(np.searchsorted(ride, ride[end]))
                end = end if end > begin else int(np.searchsorted(ride, ride[begin], "right"))
            some = ride[begin:end]
            starts = np.flatnonzero(np.diff(some, prepend=-1))
            best = np.minimum.reduceat(ready[first[begin:end]], starts, axis=0)
            rows = some[starts]
            in_seat[rows] = np.minimum(in_seat[rows], best)
            begin = end

    def leaving_areas(self, ready: _Codes, at: _Ints) -> Iterator[tuple[int, _Codes]]:
        """From every area, setting out at each of some times.

        Yields
        ------
        area : int
        codes : ndarray of int64, shape (times, sites)
            Time from setting out to arrival; not less than half of `NONE` where there is no way.
        """
        near = self.area_stops
        for area in range(len(near.start) - 1):
            some = slice(near.start[area], near.start[area + 1])
            stop, ms = near.other[some], near.ms[some]
            when = at[None, :] + (ms + self.area_slack)[:, None]
            first = self.first_ride(np.repeat(stop, len(at)), when.ravel()).reshape(when.shape)
            caught = np.minimum.reduce(first, axis=1, initial=len(self.rides)) < len(self.rides)
            if not caught.any():
                continue
            codes = ready[first[caught]] + _leg_code(ms[caught])[:, None, None]
            yield area, codes.min(axis=0) - (at << _TIME_SHIFT)[:, None]

    def reaching_sites(self, layers: Iterator[_Codes], at: _Ints) -> Iterator[tuple[int, _Codes]]:
        """From every area as late as may be, so as to be at the sites by each of some times.

        Yields
        ------
        area : int
        codes : ndarray of int64, shape (times, sites)
            Time from setting out to the time that is kept; as for `leaving_areas`.
        """
        table = self._latest(layers, at)
        near = self.area_stops
        for area in range(len(near.start) - 1):
            some = slice(near.start[area], near.start[area + 1])
            stop, ms = near.other[some], near.ms[some]
            if not len(stop):
                continue
            walk = (ms + self.area_slack << _TIME_SHIFT) + _leg_code(ms)
            yield area, (table[self._table_row[stop]] + walk[:, None, None]).min(axis=0)

    @cached_property
    def _table_row(self) -> _Ints:
        """Row of each stop among those in reach of an area; -1 for the others."""
        used = np.unique(self.area_stops.other)
        row = np.full(self.n_stops, -1, np.int64)
        row[used] = np.arange(len(used))
        return row

    def _latest(self, layers: Iterator[_Codes], at: _Ints) -> _Codes:
        """For every stop in reach: time from the last ride that will do to the time kept."""
        used = np.flatnonzero(self._table_row >= 0)
        dep = self.rides.dep[self.by_stop]
        span = np.int64(1) << 40
        owner = self.rides.from_stop[self.by_stop].astype(np.int64) * span
        wanted = (used[:, None] * span + at[None, :] + 1).ravel()
        begin = np.repeat(self.leaving[used], len(at))
        kept = np.tile(at, len(used))
        table = np.full((0,), NONE)
        for ready in layers:
            if not table.size:
                table = np.full((len(used), len(at), ready.shape[1]), NONE)
            for site in range(ready.shape[1]):
                code = ready[:-1, site]
                when = np.minimum(code >> _TIME_SHIFT, span - 1)
                last = np.searchsorted(owner + when, wanted) - 1
                does = last >= begin
                last = np.where(does, last, 0)
                low = code[last] & ((1 << _TIME_SHIFT) - 1)
                found = np.where(does, (kept - dep[last] << _TIME_SHIFT) + low, NONE)
                np.minimum(table[:, :, site], found.reshape(table.shape[:2]),
                           out=table[:, :, site])  # fmt: skip
        return table


def _running_least(codes: _Codes, spans: list[tuple[int, int]]) -> None:
    """Within each span, the least from every row to the last."""
    for begin, end in spans:
        part = codes[begin:end][::-1]
        np.minimum.accumulate(part, axis=0, out=part)


@dataclass(frozen=True)
class _Leg:
    """One ride of a journey, as rows of the rides, and the stop that was walked to before it."""

    board: int
    alight: int


def _one_journey(
    day: _Day, start: dict[int, int], end: dict[int, int], at: int, boardings: int
) -> tuple[int | None, list[_Leg]]:
    """One quickest journey, found round by round from where the clock stands still.

    Parameters
    ----------
    day : Day
    start, end : dict of stop to int
        Thousandths of a second from setting out to being ready at a stop, and from getting off
        to the end.
    at : int
        When one sets out.
    boardings : int

    Returns
    -------
    arrival : int or None
    legs : list of Leg
    """
    rides, n = day.rides, day.n_stops
    never = np.iinfo(np.int64).max // 4
    ready, goal = np.full(n, never), np.full(n, never)
    for stop, ms in start.items():
        ready[stop] = at + ms
    for stop, ms in end.items():
        goal[stop] = ms
    came = np.full(n, -1)  # the round's ride that led to being ready at each stop
    rounds: list[tuple[NDArray[Any], NDArray[Any]]] = []
    best, found = None, None
    for k in range(boardings):
        on = np.flatnonzero(rides.board & (rides.dep >= ready[rides.from_stop]))
        first = np.full(int(rides.trip.max(initial=-1)) + 1, len(rides))
        first[rides.trip[on[::-1]]] = on[::-1]
        off = np.flatnonzero((np.arange(len(rides)) >= first[rides.trip]) & rides.alight)
        if not len(off):
            break
        rounds.append((first, came))
        arrival = rides.arr[off] + goal[rides.to_stop[off]]
        least = int(np.argmin(arrival))
        if arrival[least] < never and (best is None or arrival[least] < best):
            best, found = int(arrival[least]), (k, int(off[least]))
        order = off[np.argsort(rides.arr[off], kind="stable")]
        stops, which = np.unique(rides.to_stop[order], return_index=True)
        rode = order[which]
        ready, came = _walked_on(day.changes, stops, rides.arr[rode], rode, n, never)
    legs = []
    if found:
        last, ride = found
        for first, came in rounds[last::-1]:
            board = int(first[rides.trip[ride]])
            legs.append(_Leg(board, ride))
            ride = int(came[rides.from_stop[board]])
    return best, legs[::-1]


def _walked_on(
    changes: _Near, stop: NDArray[Any], arrival: _Ints, ride: NDArray[Any], n: int, never: int
) -> tuple[_Ints, NDArray[np.intp]]:
    """When one is ready at each stop after changing on foot, and by which ride one came."""
    sizes = changes.start[stop + 1] - changes.start[stop]
    which = np.repeat(np.arange(len(stop)), sizes)
    pair = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pair += changes.start[stop][which]
    time = arrival[which] + changes.ms[pair]
    order = np.lexsort((pair, time, changes.other[pair]))
    to, first = np.unique(changes.other[pair][order], return_index=True)
    ready, came = np.full(n, never), np.full(n, -1)
    ready[to] = time[order][first]
    came[to] = ride[which][order][first]
    return ready, came


#: Stops of one block of searches, so that memory does not grow with the number of stops.
_BLOCK = 400
#: So few stops are searched for at once, wherever they lie.
_FEW = 30


def _walks_between(
    network: Network, origins: _Floats, targets: _Floats, *, minutes: float, snap_limit_m: float
) -> _Near:
    """Walks from origins to targets (degrees) of at most some minutes, by origin.

    The streets are searched block by block of neighbouring targets, from the origins that are near
    enough in a straight line at the network's highest speed.
    """
    a, b = (project(points[:, 0], points[:, 1], network.crs) for points in (origins, targets))
    reach = minutes * _fastest(network) * 1.01 + 1.0
    origin_on, target_on = (_over_streets(network, p, snap_limit_m) for p in (origins, targets))
    found = []
    for block in _blocks(b, np.flatnonzero(target_on), reach):
        low, high = b[block].min(axis=0) - reach, b[block].max(axis=0) + reach
        near = np.flatnonzero(origin_on & np.logical_and.reduce((a >= low) & (a <= high), axis=1))
        if not len(near):
            continue
        walks = _minutes_within(
            network, origins[near], targets[block], minutes=minutes, snap_limit_m=snap_limit_m
        )
        i, j = np.nonzero(np.isfinite(walks))
        found.append((near[i], block[j], _as_ms(walks[i, j])))
    if not found:
        nothing = np.zeros(0, np.int64)
        return _Near(np.zeros(len(origins) + 1, np.int64), nothing, nothing)
    row, other, ms = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Near.of_pairs(row, other, ms, len(origins))


def _over_streets(network: Network, lonlat: _Floats, snap_limit_m: float) -> NDArray[np.bool_]:
    """Which points lie over the box of the streets, or as near to it as may be joined to them."""
    west, south, east, north = network.bounds_lonlat
    margin = snap_limit_m / 111_000
    aside = margin / max(np.cos(np.radians(max(abs(south), abs(north)))), 0.01)
    low, high = np.array([west - aside, south - margin]), np.array([east + aside, north + margin])
    over: NDArray[np.bool_] = np.logical_and.reduce((lonlat >= low) & (lonlat <= high), axis=1)
    return over


def _as_ms(minutes: _Floats) -> NDArray[np.int64]:
    """Minutes as whole thousandths of a second."""
    return np.rint(minutes * _MINUTE).astype(np.int64)


def _fastest(network: Network) -> float:
    """Highest speed anywhere on the network or beside it, metres a minute."""
    steps = np.hypot(*np.diff(network.geometry_xy, axis=0).T)
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.geometry_offsets))
    within = edge[1:] == edge[:-1]
    long = np.bincount(edge[1:][within], steps[within], minlength=network.n_edges)
    quick = np.minimum(network.edge_minutes_forward, network.edge_minutes_backward)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = np.where(long > 0, long / quick, 0.0)
    return max(float(speed.max(initial=0.0)), network.profile.off_network_kmh / 0.06)


def _blocks(xy: _Floats, rows: NDArray[np.intp], reach: float) -> list[NDArray[np.intp]]:
    """Rows that lie near each other: squares of the reach, and not too many at once."""
    if not len(rows):
        return []
    if np.isfinite(reach) and len(rows) > _FEW:
        cell = np.floor(xy[rows] / (2 * reach)).astype(np.int64)
        _, square = np.unique(cell, axis=0, return_inverse=True)
    else:
        square = np.zeros(len(rows), np.int64)
    order = np.argsort(square.ravel(), kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(square.ravel()[order])) + 1)
    parts = [rows[part] for part in parts]
    return [part[i : i + _BLOCK] for part in parts for i in range(0, len(part), _BLOCK)]
