"""Each area's nearest sites in order, as far as they can matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from access.siting.model import Bools, Floats, Ints, _Model

_BLOCK_CELLS = 2_000_000
_MOST_ENTRIES = 40_000_000


@dataclass(frozen=True, eq=False)
class _Near:
    """The nearest sites of every area, in order of minutes, ties by site position.

    Parameters
    ----------
    site : ndarray of int32, shape (areas, kept)
        Site positions.
    cost : ndarray, shape (areas, kept)
        Minutes to them, rising along each row.
    limit : ndarray, shape (areas,)
        Every site nearer than this stands in the row; ``inf`` where all do.
    """

    site: NDArray[np.int32]
    cost: Floats
    limit: Floats

    @classmethod
    def of(cls, minutes: Floats, columns: Ints, keep: int) -> _Near:
        """List the `keep` nearest of some sites for every area."""
        n, m = len(minutes), len(columns)
        keep = max(1, min(keep, m, _MOST_ENTRIES // max(1, n)))
        everything = m == minutes.shape[1]
        site = np.empty((n, keep), np.int32)
        cost = np.empty((n, keep))
        step = max(1, _BLOCK_CELLS // max(1, m))
        for start in range(0, n, step):
            block = slice(start, start + step)
            part = minutes[block] if everything else minutes[block][:, columns]
            if keep < m:
                picked = np.argpartition(part, keep - 1, axis=1)[:, :keep]
                picked.sort(axis=1)
                part = np.take_along_axis(part, picked, 1)
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[np.take_along_axis(picked, order, 1)]
            else:
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[order]
            cost[block] = np.take_along_axis(part, order, 1)
        limit = cost[:, -1].copy() if keep < m else np.full(n, np.inf)
        return cls(site, cost, limit)

    def within(self, rows: Ints | slice, radius: Floats) -> tuple[Ints, NDArray[np.int32], Floats]:
        """List the sites of some rows that are nearer than a radius of each row."""
        cost = self.cost[rows]
        mask = cost < radius[:, None]
        # Rows rise, so whole columns beyond the last hit can be left out before the search.
        depth = int(mask.any(axis=0).sum())
        mask = mask[:, :depth]
        row = np.repeat(np.arange(len(mask)), mask.sum(axis=1))
        return row, self.site[rows][:, :depth][mask], cost[:, :depth][mask]


_DEFLECTION = 0.4
_PATIENCE = 8
_SHRINK = 0.7


@dataclass(frozen=True, eq=False)
class _Bound:
    """A proven lower bound and what it came from.

    Parameters
    ----------
    rho : ndarray, shape (sites,)
        What opening each site adds to the bound; ``inf`` for sites no longer allowed.
    chosen : ndarray of int
        The sites that the relaxation opens.
    """

    value: float
    prices: Floats
    rho: Floats
    chosen: Ints


class _Relaxation:
    """The relaxation over the sites that are still free, for prices up to a cap.

    Parameters
    ----------
    cap : ndarray, shape (areas,)
        Prices are held at or under this (and under what `near` knows of).
    must, may : ndarray of bool, shape (sites,)
        Fixed open; not fixed closed.
    """

    def __init__(self, model: _Model, near: _Near, cap: Floats, must: Bools, may: Bools) -> None:
        n, m = model.shape
        self.model, self.must, self.may = model, must, may
        self.cap = np.minimum(cap, near.limit)
        self.pace = 1.0
        self.cap[model.weights <= 0] = 0.0
        row, site, cost = near.within(slice(None), self.cap)
        if not may.all():
            kept = may[site]
            row, site, cost = row[kept], site[kept], cost[kept]
        cost = cost * model.weights[row]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
        by_site = sp.csr_matrix((cost, site, starts), shape=(n, m)).tocsc()
        self.area, self.cost, self.start = by_site.indices, by_site.data, by_site.indptr
        self.used = np.flatnonzero(np.diff(self.start))

    def bound(self, prices: Floats) -> tuple[_Bound, Floats]:
        """Give the bound at some prices and the direction in which prices should move."""
        worth = self.model.weights * prices
        saving = worth[self.area]
        saving -= self.cost
        np.maximum(saving, 0.0, out=saving)
        rho = self.model.opening.copy()
        if len(self.used):
            rho[self.used] -= np.add.reduceat(saving, self.start[self.used])
        rho[~self.may] = np.inf
        chosen = self.choose(rho)
        value = float(worth.sum() + rho[chosen].sum())
        parts = [np.arange(self.start[j], self.start[j + 1]) for j in chosen]
        entries = np.concatenate(parts) if parts else np.zeros(0, np.intp)
        served = self.area[entries][saving[entries] > 0]
        direction: Floats = 1.0 - np.bincount(served, minlength=len(prices)).astype(float)
        return _Bound(value, prices, rho, chosen), direction

    def choose(self, rho: Floats) -> Ints:
        """Pick the sites that the relaxation opens: the cheapest, as many as are allowed."""
        fixed = np.flatnonzero(self.must)
        free = np.flatnonzero(self.may & ~self.must)
        order = free[np.argsort(rho[free], kind="stable")]
        least = max(self.model.fewest - len(fixed), 0)
        most = max(self.model.most - len(fixed), 0)
        wanted = min(max(int((rho[order[:most]] < 0).sum()), least), len(order))
        return np.concatenate([fixed, order[:wanted]])

    def climb(
        self,
        prices: Floats,
        target: float,
        steps: int,
        *,
        tick: Callable[[float], None] | None = None,
    ) -> _Bound:
        """Raise the bound by deflected subgradient steps."""
        best: _Bound | None = None
        heading: Floats | None = None
        idle = 0
        for _ in range(steps):
            prices = np.clip(prices, 0.0, self.cap)
            now, direction = self.bound(prices)
            if best is None or now.value > best.value:
                idle = (
                    0 if best is None or now.value > best.value + 1e-9 * abs(target) else idle + 1
                )
                best = now
            else:
                idle += 1
            if tick is not None:
                tick(best.value)
            if best.value >= target or self.pace < 1e-3 or not direction.any():
                break
            if idle >= _PATIENCE:
                self.pace, idle, heading, prices = self.pace * _SHRINK, 0, None, best.prices
                continue
            heading = (
                direction
                if heading is None
                else (1 - _DEFLECTION) * direction + _DEFLECTION * heading
            )
            length = float((self.model.weights * heading * heading).sum())
            gap = max(target - now.value, 1e-9 * abs(target))
            prices = prices + self.pace * gap / max(length, 1e-300) * heading
        if best is None:
            best, _ = self.bound(np.clip(prices, 0.0, self.cap))
        return best

    def fix(self, bound: _Bound, cutoff: float) -> tuple[Bools, Bools]:
        """Fix sites that no answer at or under the cutoff can leave out, or can open."""
        return _fix_by_price(bound, cutoff, self.must, self.may, self.model)


def _fix_by_price(
    bound: _Bound, cutoff: float, must: Bools, may: Bools, model: _Model
) -> tuple[Bools, Bools]:
    """Fix sites by what the bound becomes when one is forced in or out."""
    rho = bound.rho
    opened = np.zeros(len(rho), bool)
    opened[bound.chosen] = True
    free = may & ~must
    inside, outside = free & opened, free & ~opened
    count = len(bound.chosen)
    dearest = rho[inside].max() if inside.any() else -np.inf
    cheapest = rho[outside].min() if outside.any() else np.inf
    leave = dearest if count >= model.most else max(dearest, 0.0)
    enter = cheapest if count <= model.fewest else min(cheapest, 0.0)
    new_may, new_must = may.copy(), must.copy()
    new_may[outside] = bound.value + rho[outside] - leave <= cutoff
    new_must[inside] = bound.value - rho[inside] + enter > cutoff
    return new_must, new_may
