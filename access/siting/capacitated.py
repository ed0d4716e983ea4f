"""Sites with limited room as an integer programme, which HiGHS solves or bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
import pandas as pd
import scipy.sparse as sp

from access.errors import ParameterError
from access.siting.branch_and_price import BranchAndPrice
from access.siting.constraints import _count_rows, _join_rows, _reach_rows
from access.siting.highs import INF, _add_columns, _add_rows, _integer_engine, _make_integer, _run
from access.siting.model import Bools, Floats, Ints, _SideRows, _tolerance, within
from access.siting.problem import Problem
from access.siting.progress import _relative_gap, _Stop, _Watch
from access.siting.resolve import _Capacities, _Resolved
from access.siting.solution import Explanation, Solution, _blank, _GoalValue, _peak_memory_mb
from access.siting.verify import _confirm


@dataclass(frozen=True, eq=False)
class _Plan:
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
class _CapacitatedModel:
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
    rows: _SideRows
    split: bool


def _capacitated_model(resolved: _Resolved, capacities: _Capacities) -> _CapacitatedModel:
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
    rows = _join_rows(_count_rows(resolved), _reach_rows(resolved))
    return _CapacitatedModel(
        cost, capacities.uses, room, resolved.fewest, resolved.most,
        resolved.must, resolved.may, rows, capacities.split,
    )  # fmt: skip


def _impossible(shape: _CapacitatedModel, resolved: _Resolved) -> str:
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


def _cutoff_of(shape: _CapacitatedModel, plan: _Plan) -> float:
    """Give the value that an answer must stay under to be better than a plan."""
    finite = shape.cost[np.isfinite(shape.cost)]
    whole = not shape.split and bool((finite == np.rint(finite)).all())
    return plan.value - (1 - 1e-6 if whole else _tolerance(plan.value))


def _better_plan(one: _Plan | None, other: _Plan | None) -> _Plan | None:
    """Give the better of two plans, either of which may be missing; of equals the first."""
    plans = [plan for plan in (one, other) if plan is not None]
    return min(plans, key=lambda plan: plan.value) if plans else None


#: From so many sets of sites, at most, a plan is tried.
_MOST_STARTS, _FEW_STARTS = 12, 4
_MANY_PAIRS = 30_000
_CLIMB_CELLS = 600_000_000
"""Work of raising the knapsack bound before columns are made."""


def _best_plan(shape: _CapacitatedModel, sets: list[Ints], watch: _Watch) -> _Plan | None:
    """Fill some sets of sites, move each site to the middle of its areas, keep the best."""
    best: _Plan | None = None
    seen: set[tuple[int, ...]] = set()
    for chosen in reversed(sets[-_MOST_STARTS:]):
        for _ in range(20):
            key = tuple(int(c) for c in chosen)
            if key in seen or not shape.rows.hold(chosen):
                break
            seen.add(key)
            try:
                watch.tick("plans", -np.inf, best.value if best else np.inf)
            except _Stop:
                if best is None:
                    raise
                return best
            where = _fill(shape, chosen)
            if where is None:
                break
            best = _better_plan(best, _plan_of(shape, chosen, where))
            chosen = _recentre(shape, chosen, where)
    return best


def _plan_of(shape: _CapacitatedModel, chosen: Ints, where: Ints) -> _Plan:
    rows = np.arange(len(where))
    parts = np.zeros_like(shape.cost)
    parts[rows, chosen[where]] = 1.0
    return _Plan(float(shape.cost[rows, chosen[where]].sum()), chosen, parts)


def _fill(shape: _CapacitatedModel, chosen: Ints) -> Ints | None:
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


def _recentre(shape: _CapacitatedModel, chosen: Ints, where: Ints) -> Ints:
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


_KERNEL_PAIRS, _KERNEL_NODES, _KERNEL_GAP, _KERNEL_TIME = 4, 50, 0.001, 0.5
"""Of a search among few pairs: pairs an area, nodes, gap, and share of the time that is left."""
_KERNEL_WORK = 40_000
_MOST_ROOM = 2_000
_MOST_CELLS = 30_000_000
_LOOSE_CELLS = 4.0
_MOST_MIP_PAIRS = 6_000
"""Pairs of area and site that an integer programme is given where work is limited."""
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


class _Knapsacks:
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

    @property
    def size(self) -> float:
        """Cells that one site's filling looks at."""
        return len(self.uses) * (float(self.room.max()) + 1 if self.exact else _LOOSE_CELLS)

    def fill(self, saving: Floats, sites: Ints) -> tuple[Floats, Floats]:
        """Fill some sites: what each saves, and whom it takes."""
        return self._exactly(saving, sites)

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

    def _exactly(self, saving: Floats, sites: Ints | None = None) -> tuple[Floats, Floats]:
        """Fill each site with whole areas by dynamic programming over room."""
        n, m = saving.shape
        room = np.floor((self.room if sites is None else self.room[sites]) + 1e-9).astype(int)
        size = np.rint(self.uses).astype(int)
        width = int(room.max()) + 1
        best = np.zeros((m, width))
        used = np.zeros((n, m, width), bool)
        for i in range(n):
            pays = np.flatnonzero(saving[i] > 0)  # an area pays at a few sites only
            if size[i] >= width or not len(pays):
                continue
            now = best[pays]
            tried = now[:, : width - size[i]] + saving[i][pays, None]
            better = tried > now[:, size[i] :] + 1e-12
            used[i, pays, size[i] :] = better
            now[:, size[i] :] = np.where(better, tried, now[:, size[i] :])
            best[pays] = now
        sites = np.arange(m)
        left = room.copy()
        taken = np.zeros((n, m))
        for i in range(n - 1, -1, -1):
            take = used[i, sites, left]
            taken[i] = take
            left = left - size[i] * take
        return best[sites, room], taken

    def climb(
        self, prices: Floats, target: float, steps: int, watch: _Watch | None = None
    ) -> tuple[_Filled, list[Ints]]:
        """Raise the bound; give the best and the sets of sites met on the way."""
        best: _Filled | None = None
        heading: Floats | None = None
        met: list[Ints] = []
        pace, idle = 1.0, 0
        for _ in range(steps):
            if watch is not None and best is not None:
                if watch.work < self.size * self.cost.shape[1]:
                    break
                watch.spend(self.size * self.cost.shape[1])
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
        with np.errstate(invalid="ignore"):
            may = self.may & (bound.value + enter <= cutoff)
        with np.errstate(invalid="ignore"):  # no site in or out: infinite prices on both sides
            must = self.must | (free_in & (bound.value - rho + cheapest > cutoff))
        # Serving an area where the prices do not pay costs at least the shortfall.
        dearer = np.maximum(self.cost - bound.prices[:, None], 0.0)
        pairs = (bound.value + dearer + np.maximum(enter, 0.0)[None, :] <= cutoff) & may[None, :]
        return must, may, pairs


def _close_proof(
    shape: _CapacitatedModel,
    must: Bools,
    may: Bools,
    pairs: Bools,
    plan: _Plan | None,
    watch: _Watch,
    nodes: int | None = None,
) -> tuple[_Plan | None, float, int]:
    """Close the proof with an integer programme over the pairs that still matter."""
    m = shape.cost.shape[1]
    area, site = np.nonzero(pairs & may[None, :])
    columns = np.flatnonzero(may)
    k = len(columns)
    column_of = np.full(m, -1)
    column_of[columns] = np.arange(k)
    engine = _integer_engine(watch)
    if nodes is not None:  # a better answer is sought, not a proof
        engine.setOptionValue("mip_max_nodes", nodes)
        engine.setOptionValue("mip_rel_gap", _KERNEL_GAP)
        left = watch.left()
        if left is not None:
            engine.setOptionValue("time_limit", max(_KERNEL_TIME * left, 0.01))
    low = np.concatenate([must[columns].astype(float), np.zeros(len(area))])
    cost = np.concatenate([np.zeros(k), shape.cost[area, site]])
    _add_columns(engine, cost, low, np.ones(len(cost)))
    _make_integer(engine, np.arange(k if shape.split else len(cost)))
    _rows(engine, shape, area, site, columns, column_of)
    if plan is not None:
        start = highspy.HighsSolution()
        opened = np.zeros(m)
        opened[plan.chosen] = 1.0
        start.col_value = np.concatenate([opened[columns], plan.parts[area, site]]).tolist()
        engine.setSolution(start)
        engine.setOptionValue("objective_bound", _cutoff_of(shape, plan))
    _run(engine, watch, "integer programme", final=nodes is None)
    status, info = engine.getModelStatus(), engine.getInfo()
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kObjectiveBound,
    ):
        # Nothing better than the plan is left; without a plan nothing is possible at all.
        return None, plan.value if plan else np.inf, 0
    found = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        found = _read(engine, shape, area, site, columns)
    done = status == highspy.HighsModelStatus.kOptimal
    bound = found.value if done and found is not None else info.mip_dual_bound
    return found, float(bound), max(int(info.mip_node_count), 0)


def _rows(
    engine: highspy.Highs,
    shape: _CapacitatedModel,
    area: Ints,
    site: Ints,
    columns: Ints,
    column_of: Ints,
) -> None:
    n, k, pairs = len(shape.uses), len(columns), len(area)
    width = k + pairs
    pair = k + np.arange(pairs)
    ones = np.ones(pairs)
    once = sp.csr_matrix((ones, (area, pair)), shape=(n, width))
    _add_rows(engine, once, np.ones(n), np.ones(n))
    fill = sp.csr_matrix((shape.uses[area], (column_of[site], pair)), shape=(k, width))
    room = sp.csr_matrix((-shape.room[columns], (np.arange(k), np.arange(k))), shape=(k, width))
    _add_rows(engine, (fill + room).tocsr(), np.full(k, -INF), np.zeros(k))
    at = np.arange(pairs)
    link = sp.csr_matrix((ones, (at, pair)), shape=(pairs, width)) - sp.csr_matrix(
        (ones, (at, column_of[site])), shape=(pairs, width)
    )
    _add_rows(engine, link.tocsr(), np.full(pairs, -INF), np.zeros(pairs))
    every = np.concatenate([np.ones(k), np.zeros(pairs)])[None, :]
    count = (np.array([float(shape.fewest)]), np.array([float(shape.most)]))
    _add_rows(engine, sp.csr_matrix(every), *count)
    if len(shape.rows):
        side = sp.hstack(
            [sp.csr_matrix(shape.rows.matrix[:, columns]), sp.csr_matrix((len(shape.rows), pairs))]
        )
        _add_rows(engine, side.tocsr(), shape.rows.low, shape.rows.high)


def _read(
    engine: highspy.Highs, shape: _CapacitatedModel, area: Ints, site: Ints, columns: Ints
) -> _Plan:
    value = np.array(engine.getSolution().col_value)
    k = len(columns)
    chosen = columns[value[:k] > 0.5]
    parts = np.zeros_like(shape.cost)
    flow = value[k:] if shape.split else np.rint(value[k:])
    parts[area, site] = np.where(np.abs(flow) < 1e-9, 0.0, flow)
    used = parts > 0
    total = float((parts[used] * shape.cost[used]).sum())
    return _Plan(total, chosen, parts)


def _solve_capacitated(
    problem: Problem, resolved: _Resolved, watch: _Watch, gap: float = 0.0
) -> Solution:
    """Solve a problem with a `Capacity` rule."""
    capacities = resolved.capacities
    goals = resolved.goals
    if capacities is None or len(goals) > 1 or not goals[0].kinds <= {"total", "mean"}:
        raise ParameterError(
            "a problem with Capacity takes one goal, Goal.total() or Goal.mean(); "
            f"found {'; '.join(goal.words for goal in goals)}"
        )
    shape = _capacitated_model(resolved, capacities)
    reason = _impossible(shape, resolved)
    search = _Searching(shape, watch, gap)
    if not reason:
        search.run()
        if search.plan is None and search.bound == np.inf:
            reason = "no choice of sites has room for every area as it is"
    if search.plan is None:
        return _nothing(problem, resolved, watch, reason)
    bound = min(search.bound, search.plan.value)
    return _answer(
        problem, resolved, watch, search.plan, bound, search.nodes,
        "counting room" if reason else search.method,
    )  # fmt: skip


class _Searching:
    """Bounds, finds good plans, fixes what cannot matter, and closes the proof."""

    def __init__(self, shape: _CapacitatedModel, watch: _Watch, gap: float) -> None:
        self.shape, self.watch, self.gap = shape, watch, gap
        self.plan: _Plan | None = None
        self.bound, self.nodes, self.method = -np.inf, 0, "knapsack bound"

    @property
    def cutoff(self) -> float:
        """Value above which an answer is not sought."""
        if self.plan is None:
            return np.inf
        return min(_cutoff_of(self.shape, self.plan), self.plan.value * (1 - self.gap))

    def reach(self, bound: float) -> None:
        """Note a bound; one past the cutoff proves the plan, or that it is within the gap."""
        if self.plan is not None and bound >= self.cutoff:
            bound = self.plan.value * (1 - self.gap)
        self.bound = max(self.bound, bound)

    def run(self) -> None:
        """Search until it is proven, or stopped."""
        try:
            self._run()
        except (_Stop, KeyboardInterrupt) as stop:
            if isinstance(stop, KeyboardInterrupt):
                self.watch.stopped = "interrupted"

    def _run(self) -> None:
        shape = self.shape
        must, may, pairs = shape.must, shape.may, np.isfinite(shape.cost)
        if shape.fewest == shape.most:
            sacks = _Knapsacks(
                shape.cost, shape.uses, shape.room, shape.most, must, may, not shape.split
            )
            better = self._climb(sacks)
            if self.plan is not None:
                if self.bound >= self.cutoff:
                    return
                must, may, pairs = sacks.fix(better, self.cutoff)
                pairs &= np.isfinite(shape.cost)
            if sacks.exact and not shape.split:
                self._branch(sacks, must, may, pairs, better)
                return
        if len(pairs[pairs]) > _MOST_MIP_PAIRS and np.isfinite(self.watch.work):
            self.watch.stopped = "work limit"
            return
        found, below, self.nodes = _close_proof(shape, must, may, pairs, self.plan, self.watch)
        self.plan = _better_plan(self.plan, found)
        self.method = "knapsack bound, then integer programme"
        self.reach(below)

    def _climb(self, sacks: _Knapsacks) -> _Filled:
        """Raise the knapsack bound, and make plans of the sets of sites that it meets."""
        shape, watch = self.shape, self.watch
        start = np.sort(shape.cost, axis=1)
        prices = start[:, min(1, start.shape[1] - 1)]
        prices = np.where(np.isfinite(prices), prices, start[:, 0])
        steps = int(np.clip(_CLIMB_CELLS / (sacks.size * shape.cost.shape[1]), 30, 200))
        starts = _MOST_STARTS if shape.cost.size <= _MANY_PAIRS else _FEW_STARTS
        first, met = sacks.climb(prices, np.inf, min(steps, 60), watch)
        self.bound = max(self.bound, first.value)
        self.plan = _best_plan(shape, met[-starts:], watch)
        goal = self.plan.value if self.plan else np.inf
        better, met = sacks.climb(first.prices, goal, steps, watch)
        self.bound = max(self.bound, better.value)
        self.plan = _better_plan(self.plan, _best_plan(shape, met[-starts:], watch))
        watch.tick("knapsacks", self.bound, self.plan.value if self.plan else np.inf)
        self.reach(self.bound)
        return better

    def _branch(
        self, sacks: _Knapsacks, must: Bools, may: Bools, pairs: Bools, at: _Filled
    ) -> None:
        """Close the proof by branch and price."""
        shape = self.shape
        search = BranchAndPrice(
            shape.cost, shape.most, shape.rows, sacks.fill, sacks.size, self._offer, self._seek,
            self.watch,
        )  # fmt: skip
        search.bound = self.bound
        if self.plan is not None:
            search.start(self.plan.chosen, self.plan.parts.argmax(axis=1))
        self.method = "knapsack bound, then branch and price"
        try:
            search.run(must, may, pairs, np.maximum(at.prices, 0.0), self.cutoff)
        finally:
            self.nodes = self.watch.nodes
            self.reach(search.bound)

    def _seek(self, must: Bools, may: Bools, dear: Floats) -> float:
        """Seek a better answer among the pairs that cost the bound least; give the cutoff."""
        dear = np.where(may[None, :], dear, np.inf)
        pairs = np.isfinite(dear)
        most = _KERNEL_PAIRS * len(dear)
        if pairs.sum() > most:
            pairs &= dear <= np.partition(dear[pairs], most)[most]
        if self.plan is not None and must.sum() < self.shape.most:
            pairs |= self.plan.parts > 0
            may = may.copy()
            may[self.plan.chosen] = True
            must = must & np.isin(np.arange(len(may)), self.plan.chosen)
        self.watch.spend(_KERNEL_WORK * pairs.sum())
        nodes = _KERNEL_NODES * (1 if self.watch.left() is None else 40)
        found, _, _ = _close_proof(self.shape, must, may, pairs, self.plan, self.watch, nodes)
        self.plan = _better_plan(self.plan, found)
        return self.cutoff

    def _offer(self, chosen: Ints, where: Ints) -> float:
        """Take an answer, mended where a swap helps; give the cutoff."""
        if (where < 0).any() or not np.isfinite(
            self.shape.cost[np.arange(len(where)), where]
        ).all():
            return self.cutoff
        slot = np.searchsorted(chosen, where)
        uses = np.bincount(slot, self.shape.uses, len(chosen))
        room = self.shape.room[chosen] - uses
        if (room >= -1e-9 * np.maximum(1.0, self.shape.room[chosen])).all():
            _polish(self.shape.cost[:, chosen], self.shape.uses, room, slot)
            self.plan = _better_plan(self.plan, _plan_of(self.shape, chosen, slot))
        return self.cutoff


def _answer(
    problem: Problem,
    resolved: _Resolved,
    watch: _Watch,
    plan: _Plan,
    bound: float,
    nodes: int,
    method: str,
) -> Solution:
    service = resolved.services[0]
    names = np.array(resolved.site_ids, dtype=object)
    index = pd.Index(service.area_ids, dtype=object, name="area_id")
    area, site = np.nonzero(plan.parts)
    pairs = pd.MultiIndex.from_arrays(
        [np.array(service.area_ids, object)[area], names[site]], names=["area_id", "site_id"]
    )
    main = plan.parts.argmax(axis=1)
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    goal = resolved.goals[0]
    everyone = max(float(service.weights.sum()), 1e-300)
    scale = sum(factor / everyone if kind == "mean" else factor for kind, _, factor in goal.parts)
    proven = bool(bound >= plan.value - 10 * _tolerance(plan.value))
    value, bound = plan.value * scale, (plan.value if proven else bound) * scale
    gap = _relative_gap(value, bound)
    status = "proven_optimal" if proven else "within_gap" if np.isfinite(gap) else "feasible"
    made = Solution(
        status=status, objective=value, bound=bound, gap=gap,
        chosen=tuple(names[np.sort(plan.chosen)]),
        assignment=pd.Series(names[main], index=index, dtype=object, name="site_id"),
        minutes=pd.Series((plan.parts * finite).sum(axis=1), index=index, name="minutes"),
        method=method, nodes=nodes,
        goals=(_GoalValue(goal.words, value, value, bound, proven),),
        demand=float(service.weights.sum()),
        shares=pd.Series(plan.parts[area, site], index=pairs, name="share"),
        note=f"Stopped ({watch.stopped}) before the proof was finished." if watch.stopped else "",
        problem=problem,
    )  # fmt: skip
    checks = _confirm(problem, made)
    return replace(made, checks=checks, seconds=watch.seconds(), peak_memory_mb=_peak_memory_mb())


def _nothing(problem: Problem, resolved: _Resolved, watch: _Watch, reason: str) -> Solution:
    if not reason:
        note = f"{watch.stopped or 'stopped'}: no answer was found in time"
        return _blank(problem, resolved, watch, "feasible", note)
    explanation = Explanation((), (reason,))
    return _blank(problem, resolved, watch, "infeasible", "", explanation)
