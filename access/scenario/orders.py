"""Options measured from the order in which each area's sites lie: quick to measure again.

An area's nearest open site changes only where the sites that lie before it all close. So what
closing does is a sum over the few sets of sites that are the first of some area: each option adds
up those of its closed sites, and no option is measured area by area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from access.errors import ParameterError
from access.scenario.criteria import (
    _SAME_MINUTES,
    _SLACK,
    Floats,
    _criteria,
    _Sums,
    _within,
)

_Indices = NDArray[np.intp]
_MOST_SITES = 20
"""Sites of which every set has a place in one table (a million places)."""
_MOST_SETS = 256
"""Sets of an option's closed sites (eight of them) up to which adding them up is the quicker."""
_MOST_CELLS = 20_000_000
_BLOCKS = 32
"""Blocks of levels among which a quantile is looked for, before one level in its block is."""


def _in_order(kept: _Indices, sites: int) -> _Orders | None:
    """Make options ready to be measured again and again; None where it would not be quicker."""
    closed = sites - kept.shape[1]
    sets = 2.0**closed
    if sites > _MOST_SITES or sets > _MOST_SETS or len(kept) * sets > _MOST_CELLS:
        return None
    return _Orders(kept, sites)


@dataclass(frozen=True, eq=False)
class _Trips:
    """The trips of several settings; areas without families, or out of reach, take no minutes.

    Parameters
    ----------
    steps : ndarray, shape (settings, areas, closed + 1)
        Minutes to the nearest site, and once it closes, to the next, and so on; none longer than
        to the nearest site that is always open.
    sets : ndarray of int, shape (settings, areas, closed)
        The number of the set of the first 1, 2, ... sites, among those that are an area's here;
        of sets that no option closes the greatest.
    adds : sparse array, shape (options, sets)
        Which of these sets close in each option.
    weights : ndarray, shape (settings, areas, columns)
        As in `access.scenario.criteria._Prepared`.
    levels : ndarray, shape (settings, areas * (closed + 1))
        All minutes of `steps`, sorted, the doubles left out (what is left over means nothing).
    places : ndarray of int, shape (settings, areas, closed + 1)
        Where `steps` stand in `levels`.
    by_site : ndarray of unsigned int, shape (settings, sites, areas)
        Where the minutes to every site stand in `levels`, of those in `steps`; areas in the order
        `first`.
    first : ndarray of int, shape (areas,)
        Areas, the `deprived` ones of the most deprived fifth first.
    deprived : int
    """

    steps: Floats
    sets: _Indices
    adds: sp.csc_array
    weights: Floats
    levels: Floats
    places: _Indices
    by_site: NDArray[Any]
    first: _Indices
    deprived: int

    def by_setting(self, sets: _Indices, each: Floats) -> Floats:
        """Add up by setting and number of set."""
        settings, size = len(sets), self.adds.shape[1] + 1
        keys = sets + (np.arange(settings) * size)[:, None, None]
        total: Floats = np.bincount(keys.ravel(), each.ravel(), settings * size).astype(float)
        return total.reshape(settings, size)[:, :-1]


class _Orders:
    """Options, and of each the sets of its closed sites."""

    def __init__(self, kept: _Indices, sites: int) -> None:
        away = np.ones((len(kept), sites), dtype=bool)
        np.put_along_axis(away, kept, False, axis=1)
        closed = np.nonzero(away)[1].reshape(len(kept), -1)
        codes = np.zeros((len(kept), 1), dtype=np.int64)
        for column in (1 << closed).T:
            codes = np.hstack([codes, codes + column[:, None]])
        sets, inside = np.unique(codes, return_inverse=True)
        inside = inside.reshape(codes.shape)
        self.kept, self.closed = _Kept(kept), closed.shape[1]
        self.options, self.sets = len(kept), len(sets)
        # sets that no option closes as a whole are put into one place beyond all others
        self.number = np.full(1 << sites, self.sets, dtype=np.int32)
        self.number[sets] = np.arange(self.sets)
        # by set, the options that close it: those of set k are from starts[k] to starts[k + 1]
        self.closing = np.argsort(inside, axis=None, kind="stable") // inside.shape[1]
        self.starts = np.searchsorted(np.sort(inside, axis=None), np.arange(self.sets + 1))

    def criteria(
        self,
        minutes: Floats,
        count: Floats,
        per_family: Floats,
        fifth: Floats | None,
        *,
        threshold_minutes: float,
        always_minutes: Floats,
    ) -> dict[str, Floats]:
        """Give every criterion of every option, as `criteria._evaluate` does."""
        (found,) = self.criteria_of(
            minutes[None], count[None], per_family[None], fifth,
            threshold_minutes=np.array([threshold_minutes]), always_minutes=always_minutes[None],
        )  # fmt: skip
        return found

    def criteria_of(
        self,
        minutes: Floats,
        count: Floats,
        per_family: Floats,
        fifth: Floats | None,
        *,
        threshold_minutes: Floats,
        always_minutes: Floats,
    ) -> list[dict[str, Floats]]:
        """Give every criterion of every option under several settings, one row each."""
        least = minutes.min(axis=2)
        if always_minutes.shape[2]:
            other = always_minutes.min(axis=2)
            minutes, least = np.minimum(minutes, other[..., None]), np.minimum(least, other)
        lived, reached = count > 0, np.isfinite(least)
        use = lived & reached
        if not use.any(axis=1).all():
            raise ParameterError(
                "no site reaches any family in this matrix; expected some to be reached"
            )
        columns = [count, count * per_family]
        if fifth is not None:
            columns += [count * (fifth == 1), count * (fifth == 5)]
        weights = np.stack(columns, axis=2) * use[..., None]
        trips = self._trips(np.where(use[..., None], minutes, 0.0), weights, fifth)
        totals = weights.sum(axis=1)
        never = (count * (lived & ~reached)).sum(axis=1)
        asked = [0] if fifth is None or not (totals[:, 2] > 0).any() else [0, 2]
        ranges = [self._ranges(trips, column, 0.9) for column in asked]
        sums = self._sums(trips, threshold_minutes)
        out = []
        for k, levels in enumerate(trips.levels):
            found = self.kept.least(trips.by_site[k])
            p90 = [np.take(levels, each.place(k, found)) for each in ranges]
            worst = np.take(levels, found.max(axis=1))
            deprived = p90[1] if len(p90) > 1 and totals[k, 2] > 0 else None
            minutes_of, unreached, beyond, moved = (part[k] for part in sums)
            of_all = _Sums(minutes_of, unreached, beyond, moved, worst, found)
            out.append(_criteria(of_all, totals[k], float(never[k]), p90[0], deprived))
        return out

    def _trips(self, minutes: Floats, weights: Floats, fifth: Floats | None) -> _Trips:
        """Put every area's sites in order, the nearest first."""
        settings, areas, sites = minutes.shape
        order = np.argsort(minutes, axis=2, kind="stable")[..., : self.closed + 1]
        steps = np.take_along_axis(minutes, order, axis=2)
        sets, adds = self._sets_of(self.number[np.cumsum(1 << order[..., :-1], axis=2)])
        flat = steps.reshape(settings, -1)
        by_length = np.argsort(flat, axis=1)
        rising = np.take_along_axis(flat, by_length, axis=1)
        place = np.zeros(flat.shape, dtype=np.intp)
        np.cumsum(rising[:, 1:] != rising[:, :-1], axis=1, out=place[:, 1:])
        levels, at = np.empty_like(flat), np.empty_like(place)
        np.put_along_axis(levels, place, rising, axis=1)
        np.put_along_axis(at, by_length, place, axis=1)
        places = at.reshape(steps.shape)
        first = np.arange(areas) if fifth is None else np.argsort(fifth != 1, kind="stable")
        stands = np.empty_like(first)
        stands[first] = np.arange(areas)
        kind = np.uint16 if flat.shape[1] <= np.iinfo(np.uint16).max else np.uint32
        by_site = np.full((settings, sites, areas), np.iinfo(kind).max, dtype=kind)
        by_site[np.arange(settings)[:, None, None], order, stands[:, None]] = places
        deprived = 0 if fifth is None else int((fifth == 1).sum())
        return _Trips(steps, sets, adds, weights, levels, places, by_site, first, deprived)

    def _sets_of(self, sets: NDArray[np.int32]) -> tuple[_Indices, sp.csc_array]:
        """Number anew the few sets that are an area's, and say which options close each."""
        seen = np.flatnonzero(np.bincount(sets.ravel(), minlength=self.sets + 1)[:-1])
        number = np.full(self.sets + 1, len(seen))
        number[seen] = np.arange(len(seen))
        starts = self.starts[seen]
        many = self.starts[seen + 1] - starts
        ends = np.concatenate([[0], np.cumsum(many)])
        rows = self.closing[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], many)]
        shape = (self.options, len(seen))
        return number[sets], sp.csc_array((np.ones(len(rows)), rows, ends), shape=shape)

    def _sums(self, trips: _Trips, threshold_minutes: Floats) -> tuple[Floats, ...]:
        """Add up minutes for every option: with every site open, and what each set adds.

        By setting and option, what of `access.scenario.criteria._Sums` is a sum.
        """
        steps, weights = trips.steps, trips.weights
        far = steps > threshold_minutes[:, None, None] * (1 + _SLACK)
        longer = steps > steps[..., :1] + _SAME_MINUTES
        finite = np.isfinite(steps)
        length = np.where(finite, steps, 0.0)
        by_column = np.moveaxis(weights, 2, 0)
        everyone, more = by_column[0], np.diff(length, axis=2)
        parts = [(more, w) for w in by_column]
        parts.append((np.diff(far.astype(float), axis=2), everyone))
        columns = len(by_column)
        if columns > 2:
            parts.append((np.diff(longer.astype(float), axis=2), by_column[2]))
        lost = not finite.all()
        if lost:
            parts += [(np.diff((~finite).astype(float), axis=2), w) for w in by_column]
        table = np.concatenate(
            [trips.by_setting(trips.sets, much * w[..., None]) for much, w in parts]
        )
        added = trips.adds @ np.ascontiguousarray(table.T)
        added = added.reshape(self.options, len(parts), len(steps)).transpose(2, 0, 1)
        minutes = added[..., :columns] + (length[..., :1] * weights).sum(axis=1)[:, None]
        beyond = added[..., columns] + (far[..., 0] * everyone).sum(axis=1)[:, None]
        unreached = added[..., -columns:] if lost else np.zeros_like(minutes)
        moved = added[..., columns + 1] if columns > 2 else np.zeros_like(beyond)
        return minutes, unreached, beyond, moved

    def _ranges(self, trips: _Trips, column: int, q: float) -> _Ranges:
        """Find the block of levels in which a weighted quantile lies, for every option."""
        weights = np.ascontiguousarray(trips.weights[..., column])
        target = q * weights.sum(axis=1) * (1 - _SLACK)
        settings, size = trips.levels.shape
        starts = (np.arange(settings) * size)[:, None]
        low, high = (
            np.bincount((at + starts).ravel(), weights.ravel(), settings * size)
            .reshape(settings, size)
            .cumsum(axis=1)
            for at in (trips.places[..., 0], trips.places[..., -1])
        )
        low, high = ((upto < target[:, None]).sum(axis=1) for upto in (low, high))
        high = np.minimum(high, size - 1)
        width = -(-(high - low + 1) // _BLOCKS)
        upto = self._upto(trips, weights, low, width)
        at = np.clip((upto < target[:, None]).sum(axis=2), 1, _BLOCKS)
        below = np.take_along_axis(upto, at[..., None] - 1, axis=2)[..., 0]
        first = low + (at - 1) * width
        last = np.minimum(first + width - 1, high)
        many = trips.deprived if column == 2 else len(trips.first)
        return _Ranges(weights[:, trips.first[:many]], target, first.T, last.T, below.T)

    def _upto(self, trips: _Trips, weights: Floats, low: _Indices, width: _Indices) -> Floats:
        """Add up the weight in each block of levels and all before it, for every option."""
        settings, size, sets_size = len(weights), _BLOCKS + 2, trips.adds.shape[1] + 1
        block = (trips.places - low[:, None, None]) // width[:, None, None] + 1
        np.clip(block, 0, _BLOCKS + 1, out=block)
        each = np.repeat(weights, trips.sets.shape[2])
        sets = trips.sets + (np.arange(settings) * sets_size)[:, None, None]
        comes, goes = (
            np.bincount(
                (part * (settings * sets_size) + sets).ravel(), each, size * settings * sets_size
            )
            for part in (block[..., 1:], block[..., :-1])
        )
        change = (comes - goes).reshape(size, settings, sets_size)[..., :-1]
        table = np.cumsum(change, axis=0).transpose(2, 1, 0).reshape(-1, settings * size)
        keys = block[..., 0] + (np.arange(settings) * size)[:, None]
        base = np.bincount(keys.ravel(), weights.ravel(), settings * size).reshape(settings, size)
        upto: Floats = (trips.adds @ table).reshape(self.options, settings, size)
        upto += base.cumsum(axis=1)
        return upto


@dataclass(frozen=True, eq=False)
class _Ranges:
    """Where a weighted quantile lies, by setting and option: levels, and the weight below them."""

    weights: Floats
    target: Floats
    first: _Indices
    last: _Indices
    below: Floats

    def place(self, k: int, found: NDArray[Any]) -> _Indices:
        """Find the quantile's level for every option under setting k."""
        found = found[:, : self.weights.shape[1]]
        return _within(
            found, self.weights[k], float(self.target[k]), self.first[k], self.last[k],
            self.below[k],
        )  # fmt: skip


class _Kept:
    """Rows of kept sites, halved and halved again: halves that rows share are looked at once."""

    def __init__(self, kept: _Indices) -> None:
        self.site: _Indices | None = kept[:, 0] if kept.shape[1] == 1 else None
        if self.site is None:
            halves = np.array_split(kept, 2, axis=1)
            found = [np.unique(half, axis=0, return_inverse=True) for half in halves]
            self.halves = [(_Kept(rows), inverse.ravel()) for rows, inverse in found]

    def least(self, places: NDArray[Any]) -> NDArray[Any]:
        """Find the least place of the kept sites in every area, for every row."""
        if self.site is not None:
            return np.take(places, self.site, axis=0)
        one, other = (np.take(half.least(places), rows, axis=0) for half, rows in self.halves)
        least: NDArray[Any] = np.minimum(one, other, out=one)
        return least
