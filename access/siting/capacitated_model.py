"""A problem with limited room as arrays, its plans, and what counting the room alone can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from access.siting.constraints import count_rows, join_rows, reach_rows
from access.siting.levels import within
from access.siting.model import Bools, Floats, Ints, SideRows, tolerance
from access.siting.progress import Stop, Watch
from access.siting.resolve import Capacities, Resolved


@dataclass(frozen=True, eq=False)
class Plan:
    """Open sites and who goes where.

    Parameters
    ----------
    value : float
        Weighted sum of minutes.
    chosen : ndarray of int
        Positions of the open sites.
    parts : ndarray, shape (areas, sites)
        Which part of each area goes to each site.
    """

    value: float
    chosen: Ints
    parts: Floats


@dataclass(frozen=True, eq=False)
class CapacitatedModel:
    """The arrays of one capacitated problem.

    Parameters
    ----------
    cost : ndarray, shape (areas, sites)
        Weight times minutes; ``inf`` where an area may not go.
    uses : ndarray, shape (areas,)
        What each area takes up.
    room : ndarray, shape (sites,)
        What each site can take.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    rows : SideRows
        The rules on open sites.
    split : bool
        Whether an area may be shared among sites.
    """

    cost: Floats
    uses: Floats
    room: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: SideRows
    split: bool


def capacitated_model(resolved: Resolved, capacities: Capacities) -> CapacitatedModel:
    """Make the arrays of a problem with capacities."""
    service = resolved.services[0]
    room = capacities.room
    fits = capacities.split | (capacities.uses[:, None] <= room[None, :] * (1 + 1e-9))
    allowed = np.isfinite(service.minutes) & resolved.may[None, :] & fits
    # Full sites turn families away: a rule on minutes is kept where they go, not where is near.
    for rule in resolved.reaches:
        allowed[rule.areas] &= within(service.minutes[rule.areas], rule.caps[:, None])
    # Areas of no weight still take up room, at no cost.
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    cost = np.where(allowed, service.weights[:, None] * finite, np.inf)
    rows = join_rows(count_rows(resolved), reach_rows(resolved))
    return CapacitatedModel(
        cost, capacities.uses, room, resolved.fewest, resolved.most,
        resolved.must, resolved.may, rows, capacities.split,
    )  # fmt: skip


def impossible(shape: CapacitatedModel, resolved: Resolved) -> str:
    """Say plainly why nothing can work, where counting alone shows it."""
    nowhere = np.flatnonzero(~np.isfinite(shape.cost).any(axis=1))
    if len(nowhere):
        ids = ", ".join(resolved.services[0].area_ids[i] for i in nowhere[:12])
        return f"no allowed site can be reached by, and has room for, area {ids}"
    best = np.sort(np.where(shape.must, np.inf, np.where(shape.may, shape.room, -1)))[::-1]
    best = best[np.isfinite(best) & (best >= 0)][: shape.most - int(shape.must.sum())]
    room = float(best.sum() + shape.room[shape.must].sum())
    need = float(shape.uses.sum())
    if room < need * (1 - 1e-9):
        more = np.sort(shape.room[shape.may])[::-1].cumsum()
        enough = np.flatnonzero(more >= need * (1 - 1e-9))
        text = f"the roomiest {shape.most} sites take {room:,.10g}, and {need:,.10g} is needed"
        if len(enough):
            text += f"; {enough[0] + 1} sites have the room"
        return text
    return ""


def cutoff_of(shape: CapacitatedModel, plan: Plan) -> float:
    """Give the value that an answer must stay under to be better than a plan."""
    finite = shape.cost[np.isfinite(shape.cost)]
    whole = not shape.split and bool((finite == np.rint(finite)).all())
    return plan.value - (1 - 1e-6 if whole else tolerance(plan.value))


def better_plan(one: Plan | None, other: Plan | None) -> Plan | None:
    """Give the better of two plans, either of which may be missing; of equals the first."""
    plans = [plan for plan in (one, other) if plan is not None]
    return min(plans, key=lambda plan: plan.value) if plans else None


#: From so many sets of sites, at most, a plan is tried.
MOST_STARTS = 12


def best_plan(shape: CapacitatedModel, sets: list[Ints], watch: Watch) -> Plan | None:
    """Fill some sets of sites, move each site to the middle of its areas, keep the best."""
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


def _plan_of(shape: CapacitatedModel, chosen: Ints, where: Ints) -> Plan:
    rows = np.arange(len(where))
    parts = np.zeros_like(shape.cost)
    parts[rows, chosen[where]] = 1.0
    return Plan(float(shape.cost[rows, chosen[where]].sum()), chosen, parts)


def _fill(shape: CapacitatedModel, chosen: Ints) -> Ints | None:
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


def _recentre(shape: CapacitatedModel, chosen: Ints, where: Ints) -> Ints:
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


_MOST_ROOM = 2_000
_MOST_CELLS = 30_000_000
_DEFLECTION, _PATIENCE, _SHRINK = 0.4, 8, 0.7


@dataclass(frozen=True, eq=False)
class _Filled:
    """A bound, and what it came from.

    Parameters
    ----------
    rho : ndarray, shape (sites,)
        What opening each site adds.
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
    p : int
        How many sites are open.
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

    def bound(self, prices: Floats) -> tuple[_Filled, Floats]:
        """Give the bound at some prices and the direction they should move in."""
        saving = np.maximum(prices[:, None] - self.cost, 0.0)
        worth, taken = self._exactly(saving) if self.exact else self._loosely(saving)
        rho = np.where(self.may, -worth, np.inf)
        order = np.argsort(np.where(self.must, -np.inf, rho), kind="stable")
        chosen = order[: self.p]
        value = float(prices.sum() + rho[chosen].sum())
        return _Filled(value, prices, rho, chosen), 1.0 - taken[:, chosen].sum(axis=1)

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

    def climb(self, prices: Floats, target: float, steps: int) -> tuple[_Filled, list[Ints]]:
        """Raise the bound; give the best and the sets of sites met on the way."""
        best: _Filled | None = None
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

    def fix(self, bound: _Filled, cutoff: float) -> tuple[Bools, Bools, Bools]:
        """Fix sites, and pairs of area and site, that no better answer can use."""
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
