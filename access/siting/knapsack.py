"""A bound for sites with limited room: every site fills itself as well as prices allow.

Lagrangian relaxation of "every area is served once"; what is left is one knapsack a site
(Christofides and Beasley 1983). With whole numbers the knapsacks are solved exactly by dynamic
programming for all sites at once, else with the last area cut to fit, which still bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from access.siting.model import Bools, Floats, Ints

_MOST_ROOM = 2_000
_MOST_CELLS = 30_000_000
_DEFLECTION, _PATIENCE, _SHRINK = 0.4, 8, 0.7


@dataclass(frozen=True, eq=False)
class Filled:
    """A bound, and what it came from.

    Parameters
    ----------
    value : float
    prices : ndarray, shape (areas,)
    rho : ndarray, shape (sites,)
        What opening each site adds.
    chosen : ndarray of int
    """

    value: float
    prices: Floats
    rho: Floats
    chosen: Ints


class Knapsacks:
    """The relaxation for given costs, uses and rooms.

    Parameters
    ----------
    cost : ndarray, shape (areas, sites)
        Weighted minutes; ``inf`` where a pair is not allowed.
    uses : ndarray, shape (areas,)
    room : ndarray, shape (sites,)
    p : int
        How many sites are open.
    must, may : ndarray of bool, shape (sites,)
    whole : bool
        Whether areas may not be split.
    """

    def __init__(
        self, cost: Floats, uses: Floats, room: Floats, p: int, must: Bools, may: Bools, whole: bool
    ) -> None:
        self.cost, self.uses, self.room = cost, uses, room
        self.p, self.must, self.may = p, must, may
        exact = bool((uses == np.rint(uses)).all()) and room.max() <= _MOST_ROOM
        self.exact = whole and exact and cost.size * (room.max() + 1) <= _MOST_CELLS

    def bound(self, prices: Floats) -> tuple[Filled, Floats]:
        """Give the bound at some prices and the direction they should move in."""
        saving = np.maximum(prices[:, None] - self.cost, 0.0)
        worth, taken = self._exactly(saving) if self.exact else self._loosely(saving)
        rho = np.where(self.may, -worth, np.inf)
        order = np.argsort(np.where(self.must, -np.inf, rho), kind="stable")
        chosen = order[: self.p]
        value = float(prices.sum() + rho[chosen].sum())
        return Filled(value, prices, rho, chosen), 1.0 - taken[:, chosen].sum(axis=1)

    def _loosely(self, saving: Floats) -> tuple[Floats, Floats]:
        """Fill each site by saving for each unit of room, the last area in part."""
        uses = np.maximum(self.uses, 1e-12)[:, None]
        order = np.argsort(-saving / uses, axis=0, kind="stable")
        size = self.uses[order]
        before = np.cumsum(size, axis=0) - size
        part = np.clip((self.room[None, :] - before) / np.maximum(size, 1e-12), 0.0, 1.0)
        ranked = np.take_along_axis(saving, order, 0)
        part[ranked <= 0] = 0.0
        taken = np.zeros_like(saving)
        np.put_along_axis(taken, order, part, 0)
        worth: Floats = (ranked * part).sum(axis=0)
        return worth, taken

    def _exactly(self, saving: Floats) -> tuple[Floats, Floats]:
        """Fill each site with whole areas by dynamic programming over room."""
        n, m = saving.shape
        room = np.floor(self.room + 1e-9).astype(int)
        size = np.rint(self.uses).astype(int)
        width = int(room.max()) + 1
        best = np.zeros((m, width))
        used = np.zeros((n, m, width), bool)
        for i in range(n):
            if size[i] >= width:
                continue
            tried = best[:, : width - size[i]] + saving[i][:, None]
            better = tried > best[:, size[i] :] + 1e-12
            used[i, :, size[i] :] = better
            best[:, size[i] :] = np.where(better, tried, best[:, size[i] :])
        sites = np.arange(m)
        left = room.copy()
        taken = np.zeros((n, m))
        for i in range(n - 1, -1, -1):
            take = used[i, sites, left]
            taken[i] = take
            left = left - size[i] * take
        return best[sites, room], taken

    def climb(self, prices: Floats, target: float, steps: int) -> tuple[Filled, list[Ints]]:
        """Raise the bound; give the best and the sets of sites met on the way."""
        best: Filled | None = None
        heading: Floats | None = None
        met: list[Ints] = []
        pace, idle = 1.0, 0
        for _ in range(steps):
            now, direction = self.bound(prices)
            if best is None or now.value > best.value + 1e-9 * max(1.0, abs(now.value)):
                best, idle = now, 0
                met.append(np.sort(now.chosen))
            else:
                idle += 1
            if best.value >= target or pace < 1e-3 or not direction.any():
                break
            if idle >= _PATIENCE:
                pace, idle, heading, prices = pace * _SHRINK, 0, None, best.prices
                continue
            turned = direction if heading is None else _DEFLECTION * heading
            heading = direction if heading is None else (1 - _DEFLECTION) * direction + turned
            goal = target if np.isfinite(target) else now.value + 0.05 * abs(now.value)
            length = max(float((heading * heading).sum()), 1e-300)
            prices = prices + pace * max(goal - now.value, 1e-9) / length * heading
        if best is None:
            best, _ = self.bound(prices)
        return best, met

    def fix(self, bound: Filled, cutoff: float) -> tuple[Bools, Bools, Bools]:
        """Fix sites, and pairs of area and site, that no better answer can use.

        Returns
        -------
        tuple of ndarray of bool
            Sites that must be open, sites that may be, pairs that may be used.
        """
        rho = bound.rho
        opened = np.zeros(len(rho), bool)
        opened[bound.chosen] = True
        free_in, free_out = opened & ~self.must, self.may & ~opened
        dearest = rho[free_in].max() if free_in.any() else -np.inf
        cheapest = rho[free_out].min() if free_out.any() else np.inf
        enter = np.where(opened, 0.0, rho - dearest)
        may = self.may & (bound.value + enter <= cutoff)
        must = self.must | (free_in & (bound.value - rho + cheapest > cutoff))
        # Serving an area where the prices do not pay costs at least the shortfall.
        dearer = np.maximum(self.cost - bound.prices[:, None], 0.0)
        pairs = (bound.value + dearer + np.maximum(enter, 0.0)[None, :] <= cutoff) & may[None, :]
        return must, may, pairs
