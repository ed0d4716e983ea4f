"""Every set of sites that is left, measured: where few are left, the quickest proof there is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from access.measure.distribution import weighted_sums
from access.siting.model import Bools, Floats, Ints, _Model, _tolerance
from access.siting.progress import _Best

_MOST_CELLS = 40_000_000
"""Pairs of a set and an area up to which all are measured: some hundredths of a second."""
_MOST_HEADS = 4_000
"""Sets without their last site, each of which is a step of its own."""


def blocks_of_sets(m: int, k: int, step: int) -> Iterator[Ints]:
    """List all choices of k of m positions, so many at a time."""
    every = itertools.combinations(range(m), k)
    while block := list(itertools.islice(every, step)):  # ends: the choices are finite
        yield np.array(block, dtype=np.intp)


def _few_left(model: _Model, must: Bools, may: Bools) -> bool:
    """Tell whether so few sets are left that they are all measured."""
    free, wanted = int((may & ~must).sum()), model.most - int(must.sum())
    if model.fewest != model.most or model.limits or not 0 < wanted <= free:
        return False
    cells = math.comb(free, wanted) * model.shape[0]
    return cells <= _MOST_CELLS and math.comb(free, wanted - 1) <= _MOST_HEADS


@dataclass(frozen=True, eq=False)
class _Prefix:
    """Sites that are open: minutes to the nearest, what opening costs, sums of the side rows."""

    sites: tuple[int, ...]
    near: Floats
    opening: float
    sums: Floats


class _EverySet:
    """Hands in every set within the fixings that may matter; what follows one is bounded first.

    Parameters
    ----------
    must, may : ndarray of bool, shape (sites,)
        Fixed open; not fixed closed.
    """

    def __init__(self, model: _Model, must: Bools, may: Bools, best: _Best) -> None:
        self.model, self.best = model, best
        self.fixed, free = np.flatnonzero(must), np.flatnonzero(may & ~must)
        # those that serve best come first, so that what is left at last is seldom good enough
        served = model.weights @ model.minutes[:, free]
        self.free = free[np.argsort(served, kind="stable")]
        self.by_site = np.ascontiguousarray(model.minutes[:, self.free].T)
        self.opening = model.opening[self.free]
        self.sums = model.rows.matrix[:, self.free]
        # by site: the nearest that it and all later ones can make any area, and the least opening
        self.least = np.minimum.accumulate(self.by_site[::-1], axis=0)[::-1]
        self.cheapest = np.minimum.accumulate(self.opening[::-1])[::-1]

    def run(self) -> None:
        """Measure them all."""
        fixed, model = self.fixed, self.model
        near = model.minutes[:, fixed].min(axis=1, initial=np.inf)
        start = _Prefix(
            tuple(map(int, fixed)), near, float(model.opening[fixed].sum()),
            model.rows.matrix[:, fixed].sum(axis=1),
        )  # fmt: skip
        self._below(start, 0, model.most - len(fixed))

    @property
    def _limit(self) -> float:
        """Above this nothing is wanted; sums in another order differ by less than the slack."""
        return self.best.cutoff + _tolerance(self.best.cutoff)

    def _below(self, prefix: _Prefix, first: int, wanted: int) -> None:
        """Open so many more of the sites from one on."""
        if wanted == 1:
            self._last(prefix, first)
            return
        for at in range(first, len(self.free) - wanted + 1):
            rest = np.minimum(prefix.near, self.least[at])
            bound = float(np.einsum("i,i->", self.model.weights, rest)) + prefix.opening
            if bound + wanted * self.cheapest[at] > self._limit:
                return  # nor can any later site
            opened = _Prefix(
                (*prefix.sites, int(self.free[at])), np.minimum(prefix.near, self.by_site[at]),
                prefix.opening + float(self.opening[at]), prefix.sums + self.sums[:, at],
            )  # fmt: skip
            self._below(opened, at + 1, wanted - 1)

    def _last(self, prefix: _Prefix, first: int) -> None:
        """Measure a set with each of the sites from one on as its last."""
        near = np.minimum(self.by_site[first:], prefix.near)
        values = weighted_sums(near, self.model.weights) + self.opening[first:] + prefix.opening
        rows = self.model.rows
        if len(rows):
            total = prefix.sums[:, None] + self.sums[:, first:]
            slack = 1e-9 * np.maximum(1.0, np.abs(total))
            kept = (total >= rows.low[:, None] - slack) & (total <= rows.high[:, None] + slack)
            values[~kept.all(axis=0)] = np.inf
        for k in np.argsort(values, kind="stable"):
            if not values[k] <= self._limit:
                break
            chosen = np.sort(np.array([*prefix.sites, self.free[first + k]], dtype=np.intp))
            if self.model.holds(chosen):
                self.best.offer(chosen, self.model.value(chosen))
