"""The one form every exact search works on: choose sites so that a weighted sum is least.

    minimise   sum_i weights[i] * min_{j open} minutes[i, j]  +  sum_{j open} opening[j]
    subject to fewest <= number open <= most, locked sites, linear rows on the open sites,
               limits on other weighted sums of the same minima.

Everything here is plain arrays by position; ids live in `resolved.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

#: Bounds and objectives closer than this share of the objective count as equal.
_RELATIVE_TOLERANCE = 1e-7
#: Minutes, and weights in all, beyond this are not added up: HiGHS takes 1e20 for infinite.
MOST_ADDED = 1e12
#: Units tried when looking for the grain of an objective (whole numbers, hundredths, ...).
_UNITS = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)
_GRAIN_BLOCK = 100_000
_MOST_GRAIN_CELLS = 30_000_000


def _tolerance(value: float) -> float:
    """Give the distance under which a bound counts as having met an objective."""
    return _RELATIVE_TOLERANCE * max(1.0, abs(value))


@dataclass(frozen=True, eq=False)
class _SideRows:
    """Linear rows ``low <= matrix @ open <= high`` on the open sites."""

    matrix: Floats
    low: Floats
    high: Floats

    @classmethod
    def none(cls, sites: int) -> _SideRows:
        """Make an empty set of rows for so many sites."""
        return cls(np.zeros((0, sites)), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.low)

    def hold(self, chosen: Ints) -> bool:
        """Tell whether a set of open sites keeps every row."""
        total = self.matrix[:, chosen].sum(axis=1)
        slack = 1e-9 * np.maximum(1.0, np.abs(total))
        return bool((total >= self.low - slack).all() and (total <= self.high + slack).all())

    def and_row(self, row: Floats, low: float, high: float) -> _SideRows:
        """Give these rows and one more."""
        return _SideRows(
            np.vstack([self.matrix, row]), np.append(self.low, low), np.append(self.high, high)
        )


@dataclass(frozen=True, eq=False)
class _Limit:
    """Another weighted sum of the same minima that must not pass a value.

    Parameters
    ----------
    opening : ndarray, shape (sites,)
        What each open site adds to the sum.
    """

    weights: Floats
    at_most: float
    opening: Floats


@dataclass(frozen=True, eq=False)
class _Model:
    """Arrays of one minimisation; see the module's first lines.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        Finite; what an area pays when a site is its nearest open one.
    weights : ndarray, shape (areas,)
        0 or more.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    """

    minutes: Floats
    weights: Floats
    opening: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: _SideRows
    limits: tuple[_Limit, ...] = field(default=())

    @classmethod
    def plain(cls, minutes: Floats, weights: Floats, p: int) -> _Model:
        """Make the model of a p-median without any other rule."""
        sites = minutes.shape[1]
        return cls(
            minutes=minutes,
            weights=weights,
            opening=np.zeros(sites),
            fewest=p,
            most=p,
            must=np.zeros(sites, bool),
            may=np.ones(sites, bool),
            rows=_SideRows.none(sites),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of areas, number of sites."""
        return self.minutes.shape[0], self.minutes.shape[1]

    def nearest(self, chosen: Ints) -> Floats:
        """Give each area's minutes to its nearest chosen site."""
        best: Floats = self.minutes[:, chosen].min(axis=1)
        return best

    def value(self, chosen: Ints) -> float:
        """Give the objective of a set of open sites."""
        return float(self.weights @ self.nearest(chosen) + self.opening[chosen].sum())

    def holds(self, chosen: Ints) -> bool:
        """Tell whether a set of open sites keeps every rule of the model."""
        inside = np.zeros(self.shape[1], bool)
        inside[chosen] = True
        return (
            self.fewest <= len(chosen) <= self.most
            and bool((inside | ~self.must).all() and (self.may | ~inside).all())
            and self.rows.hold(chosen)
            and (not self.limits or self._limits_hold(chosen))
        )

    def _limits_hold(self, chosen: Ints) -> bool:
        nearest = self.nearest(chosen)
        return all(
            limit.weights @ nearest + limit.opening[chosen].sum()
            <= limit.at_most + _tolerance(limit.at_most)
            for limit in self.limits
        )

    def unit(self) -> float:
        """Find a number of which every possible objective is a multiple; 0 when none is seen.

        Whole minutes and whole families make every total a whole number, so a bound of 7,823.2
        proves 7,824.
        """
        if self.minutes.size > _MOST_GRAIN_CELLS:
            return 0.0
        cost, weight, opening = _grain(self.minutes), _grain(self.weights), _grain(self.opening)
        unit = cost * weight
        if unit == 0.0 or opening == 0.0:
            return 0.0
        return unit if not self.opening.any() or _multiples(self.opening, unit) else 0.0


def _multiples(values: Floats, unit: float) -> bool:
    """Tell whether all values are multiples of a unit; block by block, most stop at the first."""
    flat = values.reshape(-1)
    for start in range(0, len(flat), _GRAIN_BLOCK):
        scaled = flat[start : start + _GRAIN_BLOCK] / unit
        off = np.abs(scaled - np.rint(scaled))
        if (off > 1e-9 * np.maximum(1.0, scaled)).any() or scaled.max() > 1e12:
            return False
    return True


def _grain(values: Floats) -> float:
    return next((unit for unit in _UNITS if _multiples(values, unit)), 0.0)


#: Minutes are equal to a cap when they pass it by no more than this share.
_CAP_SLACK = 1e-9
_GREATEST = np.finfo(float).max


def within(minutes: Floats, caps: ArrayLike) -> Bools:
    """Tell which minutes are at or under caps (broadcast); ``inf`` never is."""
    with np.errstate(over="ignore"):
        inside: Bools = minutes <= np.minimum(np.asarray(caps) * (1 + _CAP_SLACK), _GREATEST)
    return inside


@dataclass(frozen=True, eq=False)
class _Levels:
    """The minutes that occur in a table, those that count as equal taken as one level.

    A search that walks or halves over whole-numbered levels, and asks for answers by `table <=
    top[level]`, cannot be given an answer above the level that it asked for.

    Parameters
    ----------
    low, top : ndarray, shape (levels,)
        The least and the greatest minutes of each level, ascending.
    """

    low: Floats
    top: Floats

    @classmethod
    def of(cls, minutes: Floats) -> _Levels:
        """Find the levels of the finite minutes of a table."""
        steps = np.unique(minutes[np.isfinite(minutes)])
        # A level begins where minutes are beyond the one before; what is left is looked at one by
        # one, against the beginning of its level: near-equals never chain into a wide level.
        first = np.append(True, ~within(steps[1:], steps[:-1]))[: len(steps)]
        begin = 0
        for k in np.flatnonzero(~first).tolist():
            begin = k - 1 if first[k - 1] else begin
            first[k] = not within(steps[k], steps[begin])
        starts = np.flatnonzero(first)
        return cls(
            steps[starts], steps[np.append(starts[1:], len(steps)) - 1] if len(steps) else steps
        )

    def __len__(self) -> int:
        return len(self.low)

    def level(self, minutes: float) -> int:
        """Give the highest level that begins at or under some minutes; -1 where none does."""
        return int(np.searchsorted(self.low, minutes, side="right")) - 1

    def ceiling(self, minutes: float) -> float:
        """Give the greatest minutes that count as equal to some minutes, or as less."""
        at = self.level(minutes)
        return float(self.top[at]) if at >= 0 else -np.inf
