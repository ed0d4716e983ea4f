"""Good plans for sites with limited room, by hand: fill, polish, move to the middle, fill again."""

from __future__ import annotations

import numpy as np

from access.siting.capacity_model import Plan, Shape, better_plan
from access.siting.model import Floats, Ints
from access.siting.search import Stop, Watch

#: From so many sets of sites, at most, a plan is tried.
MOST_STARTS = 12


def best_plan(shape: Shape, sets: list[Ints], watch: Watch) -> Plan | None:
    """Fill some sets of sites, move each site to the middle of its areas, keep the best.

    Parameters
    ----------
    shape : Shape
    sets : list of ndarray of int
        Positions of sites to open; the last ones are tried first, `MOST_STARTS` at most.
    watch : Watch

    Returns
    -------
    Plan or None
        None where no set could be filled.

    Raises
    ------
    Stop
        If the watch ends it before there is a plan.
    """
    best: Plan | None = None
    seen: set[tuple[int, ...]] = set()
    for chosen in reversed(sets[-MOST_STARTS:]):
        for _ in range(20):
            key = tuple(int(c) for c in chosen)
            if key in seen or not shape.rows.hold(chosen):
                break
            seen.add(key)
            try:
                watch.tick("plans", -np.inf, best.value if best else np.inf)
            except Stop:
                if best is None:
                    raise
                return best
            where = _fill(shape, chosen)
            if where is None:
                break
            best = better_plan(best, _plan_of(shape, chosen, where))
            chosen = _recentre(shape, chosen, where)
    return best


def _plan_of(shape: Shape, chosen: Ints, where: Ints) -> Plan:
    rows = np.arange(len(where))
    parts = np.zeros_like(shape.cost)
    parts[rows, chosen[where]] = 1.0
    return Plan(float(shape.cost[rows, chosen[where]].sum()), chosen, parts)


def _fill(shape: Shape, chosen: Ints) -> Ints | None:
    """Send whole areas to open sites: those with most to lose first, then shifts and swaps."""
    cost, uses = shape.cost[:, chosen], shape.uses
    room = shape.room[chosen].astype(float)
    where = np.full(len(uses), -1, np.intp)
    left = np.ones(len(uses), bool)
    while left.any():  # ends: each turn sends one more area
        index = np.flatnonzero(left)
        open_cost = np.where(uses[index][:, None] <= room[None, :] + 1e-9, cost[index], np.inf)
        ranked = np.sort(open_cost, axis=1)
        if not np.isfinite(ranked[:, 0]).all():
            return None
        second = ranked[:, 1] if len(chosen) > 1 else ranked[:, 0]
        regret = np.where(np.isfinite(second), second - ranked[:, 0], np.inf)
        k = int(np.lexsort((-uses[index], -regret))[0])
        site = int(open_cost[k].argmin())
        where[index[k]] = site
        room[site] -= uses[index[k]]
        left[index[k]] = False
    _polish(cost, uses, room, where)
    return where


def _polish(cost: Floats, uses: Floats, room: Floats, where: Ints) -> None:
    """Shift single areas and swap pairs while that helps; changes `where` and `room`."""
    n = len(uses)
    rows = np.arange(n)
    for _ in range(20 * n):
        now = cost[rows, where]
        gain = np.where(uses[:, None] <= room[None, :] + 1e-9, now[:, None] - cost, -np.inf)
        i, j = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[i, j] > 1e-9:
            room[where[i]] += uses[i]
            room[j] -= uses[i]
            where[i] = j
            continue
        there = cost[:, where]
        swap = now[:, None] + now[None, :] - there - there.T
        change = uses[:, None] - uses[None, :]
        fits = (change <= room[where][None, :] + 1e-9) & (-change <= room[where][:, None] + 1e-9)
        swap[~fits | (where[:, None] == where[None, :]) | ~np.isfinite(swap)] = -np.inf
        i, h = np.unravel_index(int(swap.argmax()), swap.shape)
        if swap[i, h] <= 1e-9:
            return
        room[where[i]] += uses[i] - uses[h]
        room[where[h]] += uses[h] - uses[i]
        where[i], where[h] = where[h], where[i]


def _recentre(shape: Shape, chosen: Ints, where: Ints) -> Ints:
    """Move each open site to the allowed site that serves its areas best."""
    taken = {int(c) for c in chosen}
    moved = []
    for slot, site in enumerate(chosen):
        mine = where == slot
        best = int(site)
        if mine.any() and not shape.must[site]:
            total = shape.cost[mine].sum(axis=0)
            total[shape.room < shape.uses[mine].sum() - 1e-9] = np.inf
            total[[c for c in taken if c != site]] = np.inf
            if total.min() < total[site] - 1e-9:
                best = int(total.argmin())
        taken.discard(int(site))
        taken.add(best)
        moved.append(best)
    return np.sort(np.array(moved, dtype=np.intp))
