"""Options measured from the order in which each area's sites lie: quick to measure again.

An area's nearest open site changes only where the sites that lie before it all close. So what
closing does is a sum over the few sets of sites that are the first of some area: each option adds
up those of its closed sites, and no option is measured area by area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from access.errors import ParameterError
from access.measure.distribution import weighted_sums
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
_BLOCKS = 48
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
    """The trips of one setting: areas with families that some site reaches.

    Parameters
    ----------
    steps : ndarray, shape (areas, closed + 1)
        Minutes to the nearest site, and once it closes, to the next, and so on; none longer than
        to the nearest site that is always open.
    sets : ndarray of int, shape (areas, closed)
        The number of the set of the first 1, 2, ... sites, among those that are an area's here;
        of sets that no option closes the greatest.
    adds : sparse array, shape (options, sets)
        Which of these sets close in each option.
    weights : ndarray, shape (areas, columns)
        As in `access.scenario.criteria._Prepared`.
    levels : ndarray, shape (k,)
        All minutes of `steps`, sorted, without doubles.
    places : ndarray of int, shape (areas, closed + 1)
        Where `steps` stand in `levels`.
    found : ndarray of unsigned int, shape (options, areas)
        Where the nearest kept site's minutes stand in `levels`; areas in the order `first`.
    first : ndarray of int, shape (areas,)
        Areas, those of the most deprived fifth first.
    """

    steps: Floats
    sets: _Indices
    adds: sp.csc_array
    weights: Floats
    levels: Floats
    places: _Indices
    found: NDArray[Any]
    first: _Indices


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
        least = minutes.min(axis=1)
        if always_minutes.shape[1]:
            other = always_minutes.min(axis=1)
            minutes, least = np.minimum(minutes, other[:, None]), np.minimum(least, other)
        lived = count > 0
        use = lived & np.isfinite(least)
        if not use.any():
            raise ParameterError(
                "no site reaches any family in this matrix; expected some to be reached"
            )
        rows = [count, count * per_family]
        if fifth is not None:
            rows += [count * (fifth == 1), count * (fifth == 5)]
        trips = self._trips(minutes[use], np.column_stack(rows)[use])
        totals = trips.weights.sum(axis=0)
        never = float(count[lived & ~np.isfinite(least)].sum())
        deprived = fifth is not None and totals[2] > 0
        p90 = self._quantiles(trips, (0, 2) if deprived else (0,), 0.9)
        sums = self._sums(trips, threshold_minutes)
        return _criteria(sums, totals, never, p90[0], p90[1] if deprived else None)

    def _trips(self, minutes: Floats, weights: Floats) -> _Trips:
        """Put every area's sites in order, the nearest first."""
        order = np.argsort(minutes, axis=1, kind="stable")[:, : self.closed + 1]
        steps = np.take_along_axis(minutes, order, axis=1)
        sets, adds = self._sets_of(self.number[np.cumsum(1 << order[:, :-1].T, axis=0)].T)
        levels, at = np.unique(steps, return_inverse=True)
        at = at.reshape(steps.shape)
        first = np.arange(len(steps))
        if weights.shape[1] > 2:
            first = np.argsort(weights[:, 2] <= 0, kind="stable")
        stands = np.empty_like(first)
        stands[first] = np.arange(len(first))
        kind = np.uint16 if len(levels) <= np.iinfo(np.uint16).max else np.uint32
        places = np.full(minutes.T.shape, np.iinfo(kind).max, dtype=kind)
        places[order, stands[:, None]] = at
        return _Trips(steps, sets, adds, weights, levels, at, self.kept.least(places), first)

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

    def _sums(self, trips: _Trips, threshold_minutes: float) -> _Sums:
        """Add up minutes for every option: with every site open, and what each set adds."""
        steps, weights = trips.steps, trips.weights
        far = steps > threshold_minutes * (1 + _SLACK)
        longer = steps > steps[:, :1] + _SAME_MINUTES
        finite = np.isfinite(steps)
        length = np.where(finite, steps, 0.0)
        everyone, more = weights[:, 0], np.diff(length, axis=1)
        parts = [(more, w) for w in weights.T]
        parts.append((np.diff(far.astype(float), axis=1), everyone))
        if weights.shape[1] > 2:
            parts.append((np.diff(longer.astype(float), axis=1), weights[:, 2]))
        columns = weights.shape[1]
        lost = not finite.all()
        if lost:
            parts += [(np.diff((~finite).astype(float), axis=1), w) for w in weights.T]
        at, size = trips.sets.ravel(), trips.adds.shape[1] + 1
        table = [np.bincount(at, (much * w[:, None]).ravel(), size)[:-1] for much, w in parts]
        added = trips.adds @ np.column_stack(table)
        minutes = added[:, :columns] + weighted_sums(length[:, 0][None, :], weights)
        beyond = added[:, columns] + weighted_sums(far[:, 0][None, :], everyone)
        unreached = added[:, -columns:] if lost else np.zeros_like(minutes)
        moved = added[:, columns + 1] if columns > 2 else np.zeros(len(added))
        worst = np.take(trips.levels, trips.found.max(axis=1))
        return _Sums(minutes, unreached, beyond, moved, worst, trips.found)

    def _quantiles(self, trips: _Trips, columns: Sequence[int], q: float) -> list[Floats]:
        """Find a weighted quantile for every option: its block of levels first, then its level."""
        size = len(trips.levels)
        asked = []
        for column in columns:
            weights = trips.weights[:, column]
            target = q * weights.sum() * (1 - _SLACK)
            both = (np.bincount(at, weights, size).cumsum() for at in trips.places.T[[0, -1]])
            low, high = (int(np.searchsorted(each, target)) for each in both)
            asked.append((weights, target, low, min(high, size - 1)))
        out = []
        for upto, of in zip(self._upto(trips, asked), asked, strict=True):
            weights, target, low, high = of
            width = _width(low, high)
            at = np.clip((upto < target).sum(axis=1), 1, _BLOCKS)
            below = np.take_along_axis(upto, at[:, None] - 1, axis=1)[:, 0]
            first = low + (at - 1) * width
            last = np.minimum(first + width - 1, high)
            own = weights[trips.first]
            own = own[: np.flatnonzero(own)[-1] + 1]
            found = trips.found[:, : len(own)]
            out.append(np.take(trips.levels, _within(found, own, target, first, last, below)))
        return out

    def _upto(self, trips: _Trips, asked: Sequence[tuple[Floats, float, int, int]]) -> list[Floats]:
        """Add up the weight in each block of levels and all before it, for every option."""
        size, sets_size = _BLOCKS + 2, trips.adds.shape[1] + 1
        changes, bases = [], []
        for weights, _, low, high in asked:
            block = np.clip((trips.places - low) // _width(low, high) + 1, 0, _BLOCKS + 1)
            each = np.repeat(weights, trips.sets.shape[1])
            comes, goes = (
                np.bincount((part * sets_size + trips.sets).ravel(), each, sets_size * size)
                for part in (block[:, 1:], block[:, :-1])
            )
            changes.append(np.cumsum((comes - goes).reshape(size, -1)[:, :-1], axis=0).T)
            bases.append(np.bincount(block[:, 0], weights, size).cumsum())
        upto = trips.adds @ np.hstack(changes) + np.concatenate(bases)
        return np.hsplit(upto, len(asked))


def _width(low: int, high: int) -> int:
    """Levels in each of the blocks from low to high."""
    return -(-(high - low + 1) // _BLOCKS)


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
