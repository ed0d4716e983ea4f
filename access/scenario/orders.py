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
    """The trips of one setting: areas with families that some site reaches.

    Parameters
    ----------
    steps : ndarray, shape (areas, closed + 1)
        Minutes to the nearest site, and once it closes, to the next, and so on; none longer than
        to the nearest site that is always open.
    sets : ndarray of int, shape (areas, closed)
        The number of the set of the first 1, 2, ... sites.
    weights : ndarray, shape (areas, columns)
        As in `access.scenario.criteria._Prepared`.
    levels : ndarray, shape (k,)
        All minutes of `steps`, sorted, without doubles.
    places : ndarray of int, shape (areas, closed + 1)
        Where `steps` stand in `levels`.
    found : ndarray of unsigned int, shape (options, areas)
        Where the nearest kept site's minutes stand in `levels`.
    """

    steps: Floats
    sets: NDArray[np.int32]
    weights: Floats
    levels: Floats
    places: _Indices
    found: NDArray[Any]


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
        self.kept, self.closed = kept, closed.shape[1]
        self.inside = inside.reshape(codes.shape)
        self.sets = len(sets)
        # sets that no option closes as a whole are put into one place beyond all others
        self.number = np.full(1 << sites, self.sets, dtype=np.int32)
        self.number[sets] = np.arange(self.sets)
        rows = np.arange(len(kept) + 1) * self.inside.shape[1]
        self.adds = sp.csr_array(
            (np.ones(self.inside.size), np.sort(self.inside, axis=1).ravel(), rows),
            shape=(len(kept), self.sets),
        )

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
        deprived = None
        if fifth is not None and totals[2] > 0:
            deprived = self._quantiles(trips, trips.weights[:, 2], 0.9)
        everyone = self._quantiles(trips, trips.weights[:, 0], 0.9)
        sums = self._sums(trips, threshold_minutes)
        return _criteria(sums, totals, never, everyone, deprived)

    def _trips(self, minutes: Floats, weights: Floats) -> _Trips:
        """Put every area's sites in order, the nearest first."""
        order = np.argsort(minutes, axis=1, kind="stable")[:, : self.closed + 1]
        steps = np.take_along_axis(minutes, order, axis=1)
        sets = self.number[np.cumsum(1 << order[:, :-1].T, axis=0)].T
        levels, at = np.unique(steps, return_inverse=True)
        at = at.reshape(steps.shape)
        kind = np.uint16 if len(levels) <= np.iinfo(np.uint16).max else np.uint32
        places = np.full(minutes.T.shape, np.iinfo(kind).max, dtype=kind)
        places[order, np.arange(len(order))[:, None]] = at
        return _Trips(steps, sets, weights, levels, at, _least_of(places, self.kept))

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
        at, size = trips.sets.ravel(), self.sets + 1
        table = [np.bincount(at, (much * w[:, None]).ravel(), size)[:-1] for much, w in parts]
        added = self.adds @ np.column_stack(table)
        minutes = added[:, :columns] + weighted_sums(length[:, 0][None, :], weights)
        beyond = added[:, columns] + weighted_sums(far[:, 0][None, :], everyone)
        unreached = added[:, -columns:] if lost else np.zeros_like(minutes)
        moved = added[:, columns + 1] if columns > 2 else np.zeros(len(added))
        worst = np.take(trips.levels, trips.found.max(axis=1))
        return _Sums(minutes, unreached, beyond, moved, worst, trips.found)

    def _quantiles(self, trips: _Trips, weights: Floats, q: float) -> Floats:
        """Find a weighted quantile for every option: its block of levels first, then its level."""
        target = q * weights.sum() * (1 - _SLACK)
        size, own = len(trips.levels), weights > 0
        low, high = (
            int(np.searchsorted(np.bincount(trips.places[:, k], weights, size).cumsum(), target))
            for k in (0, -1)
        )
        high = min(high, size - 1)
        width = -(-(high - low + 1) // _BLOCKS)
        block = np.clip((trips.places - low) // width + 1, 0, _BLOCKS + 1)
        upto = self._upto(block, trips.sets, weights)
        at = np.clip((upto < target).sum(axis=1), 1, _BLOCKS)
        below = np.take_along_axis(upto, at[:, None] - 1, axis=1)[:, 0]
        first = low + (at - 1) * width
        last = np.minimum(first + width - 1, high)
        found = trips.found if own.all() else trips.found[:, own]
        return np.take(trips.levels, _within(found, weights[own], target, first, last, below))

    def _upto(self, block: _Indices, sets: NDArray[np.int32], weights: Floats) -> Floats:
        """Add up the weight in each block of levels and all before it, for every option."""
        size, sets_size = _BLOCKS + 2, self.sets + 1
        each = np.repeat(weights, sets.shape[1])
        comes, goes = (
            np.bincount((part * sets_size + sets).ravel(), each, sets_size * size)
            for part in (block[:, 1:], block[:, :-1])
        )
        change = np.cumsum((comes - goes).reshape(size, -1)[:, :-1], axis=0)
        upto: Floats = self.adds @ np.ascontiguousarray(change.T)
        upto += np.bincount(block[:, 0], weights, size).cumsum()
        return upto


def _least_of(places: NDArray[Any], kept: _Indices) -> NDArray[Any]:
    """Find the least place of the kept sites in every area, for every option."""
    columns = np.ascontiguousarray(kept.T)
    out: NDArray[Any] = places[columns[0]]
    for column in columns[1:]:
        np.minimum(out, places[column], out=out)
    return out
