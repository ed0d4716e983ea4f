"""Sites with limited room as an integer programme, which HiGHS solves or bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import highspy
import numpy as np
import pandas as pd
import scipy.sparse as sp

from access.errors import ParameterError
from access.siting.branch_and_price import _MANY_PAIRS, _BranchAndPrice
from access.siting.constraints import _count_rows, _join_rows, _reach_rows
from access.siting.heuristics import (
    _better_plan,
    _CapacitatedModel,
    _fill,
    _Plan,
    _plan_of,
    _polish,
    _Sites,
)
from access.siting.problem import Problem
from access.siting.resolve import _Capacities, _Resolved
from access.siting.search import (
    _MOST_STEPS,
    INF,
    Bools,
    Floats,
    Ints,
    _add_columns,
    _add_rows,
    _integer_engine,
    _make_integer,
    _PartWatch,
    _relative_gap,
    _run,
    _Stop,
    _tolerance,
    _unit_of,
    _Watch,
    _within,
)
from access.siting.solution import Explanation, Solution, _blank, _GoalValue, _peak_memory_mb
from access.siting.verify import _confirm


def _counted(resolved: _Resolved, capacities: _Capacities) -> Bools:
    """Tell which areas have demand or take up room; the others go wherever a site is open."""
    counted: Bools = (resolved.services[0].weights > 0) | (capacities.uses > 0)
    return counted if counted.any() else np.ones(len(counted), bool)


def _capacitated_model(
    resolved: _Resolved, capacities: _Capacities, counted: Bools
) -> _CapacitatedModel:
    """Make the arrays of a problem with capacities, of the areas that count for something."""
    service = resolved.services[0]
    room = capacities.room
    fits = capacities.split | (capacities.uses[:, None] <= room[None, :] * (1 + 1e-9))
    allowed = np.isfinite(service.minutes) & resolved.may[None, :] & fits
    # Full sites turn families away: a rule on minutes is kept where they go, not where is near.
    for rule in resolved.reaches:
        allowed[rule.areas] &= _within(service.minutes[rule.areas], rule.caps[:, None])
    # Areas of no weight still take up room, at no cost.
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    cost = np.where(allowed, service.weights[:, None] * finite, np.inf)
    rows = _join_rows(_count_rows(resolved), _reach_rows(resolved))
    return _CapacitatedModel(
        cost[counted], capacities.uses[counted], room, resolved.fewest, resolved.most,
        resolved.must, resolved.may, rows, capacities.split,
    )  # fmt: skip


def _in_units(shape: _CapacitatedModel) -> tuple[_CapacitatedModel, float]:
    """Put costs, and room, in units in which they are searched well; tell that of the costs."""
    cost = np.where(np.isfinite(shape.cost), shape.cost, 0.0)
    unit, size = _unit_of(float(cost.max(axis=1).sum())), float(shape.uses.max())
    uses, room = shape.uses, shape.room
    if size < _LEAST_USE or size > _MOST_USE:
        of_room = _unit_of_use(size)
        uses, room = uses * of_room, room * of_room
    # No site is filled with more than all: a number for "no limit" would drown what areas use.
    room = np.minimum(room, max(float(uses.sum()), 1.0) * _NO_LIMIT)
    return replace(shape, cost=shape.cost * unit, uses=uses, room=room), unit


def _unit_of_use(size: float) -> float:
    """Give a power of two that makes the most that an area uses some hundreds."""
    return float(2.0 ** np.floor(min(8 - np.log2(size), _MOST_STEPS))) if size > 0 else 1.0


_LEAST_USE, _MOST_USE, _NO_LIMIT = 0.05, 1e6, 2.0


def _impossible(shape: _CapacitatedModel, resolved: _Resolved, counted: Bools) -> str:
    """Say plainly why nothing can work, where counting alone shows it."""
    nowhere = np.flatnonzero(~np.isfinite(shape.cost).any(axis=1))
    if len(nowhere):
        where = np.flatnonzero(counted)[nowhere]
        ids = ", ".join(resolved.services[0].area_ids[i] for i in where[:12])
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


_CLIMB_CELLS = 600_000_000
"""Work of raising the knapsack bound before columns are made."""
_KERNEL_PAIRS, _KERNEL_NODES, _KERNEL_GAP, _KERNEL_TIME = 4, 50, 0.001, 0.5
"""Of a search among few pairs: pairs an area, nodes, gap, and share of the time that is left."""
_SENT_TIME = 0.04
"""Share of the time that is left which filling one set of sites exactly may take."""
_KERNEL_WORK = 40_000
_SENT_PAIRS, _MOST_SENT = 4, 1_000
"""Of a set of sites that is filled exactly: sites an area may be sent to, and most areas."""
_PART_SITES, _PART_NEAR, _PART_STEPS, _PART_WORK = (4, 6, 8), 10, 20, 200_000_000
"""Open sites of a part, sites near each that may take its place, steps and work of a search."""
_FIRST_STEPS = 20
"""Of raising the knapsack bound before an answer is sought."""
_TRIED, _STARTS = 8, 3
"""Sets around one that are filled exactly, and sets from the bound that are begun from."""
_DESCEND_TIME, _MEND_TIME = 0.1, 0.5
"""Shares of the time that is left: for swaps of sites, and for parts; the rest is the bound's."""
_MOST_CUT_PAIRS = 200_000
"""Pairs of area and site above which cuts are not made: in a minute more nodes are worth more."""
_MOST_ROOM = 2_000
_MOST_CELLS = 30_000_000
_LOOSE_CELLS = 1.0
_MOST_MIP_PAIRS = 6_000
"""Pairs of area and site that an integer programme is given where work is limited."""
_MOST_PAIRS = 300_000
"""Pairs that an integer programme is given at all: a gigabyte or so."""
_RISE = 0.1
"""The bound is raised again where it closed this share of the gap."""
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
        site, area = np.nonzero(saving.T > 0)  # an area pays at a few sites only
        gain, size = saving[area, site], self.uses[area]
        order = np.lexsort((-gain / np.maximum(size, 1e-12), site))
        area, gain, size = area[order], gain[order], size[order]
        filled = np.cumsum(size)
        first = np.searchsorted(site, np.arange(saving.shape[1]))
        before = filled - size
        begin = np.append(before, 0.0)[np.minimum(first, len(before))]
        before = before - begin[site]
        part = np.clip((self.room[site] - before) / np.maximum(size, 1e-12), 0.0, 1.0)
        taken = np.zeros_like(saving)
        taken[area, site] = part
        worth: Floats = np.bincount(site, gain * part, saving.shape[1]).astype(float)
        return worth, taken

    def _exactly(self, saving: Floats, sites: Ints | None = None) -> tuple[Floats, Floats]:
        """Fill each site with whole areas by dynamic programming over room.

        A step is one area at each of many sites, all of the same size: of those that are alike in
        size a site takes the ones that save most first, and no more than it has room for.
        """
        n, m = saving.shape
        room = np.floor((self.room if sites is None else self.room[sites]) + 1e-9).astype(int)
        size = np.rint(self.uses).astype(int)
        area, site = np.nonzero(saving > 0)  # an area pays at a few sites only
        order = np.lexsort((-saving[area, site], site, size[area]))
        area, site = area[order], site[order]
        of_size, at = size[area], np.arange(len(area))
        new = np.append(True, (np.diff(site) != 0) | (np.diff(of_size) != 0))[: len(area)]
        nth = at - np.maximum.accumulate(np.where(new, at, 0))
        fits = (nth + 1) * of_size <= room[site]
        area, site, of_size, nth = area[fits], site[fits], of_size[fits], nth[fits]
        order = np.lexsort((nth, of_size))
        area, site, of_size, nth = area[order], site[order], of_size[order], nth[order]
        step = (np.diff(of_size) != 0) | (np.diff(nth) != 0)
        ends = [0, *(np.flatnonzero(step) + 1).tolist(), len(area)]
        gain, width = saving[area, site], int(room.max()) + 1
        best = np.zeros((m, width))
        taking: list[tuple[Ints, Ints, int, Bools]] = []
        for begin, end in pairwise(ends) if len(area) else ():
            pays, use = site[begin:end], int(of_size[begin])
            now = best[pays]
            without, within = now[:, use:], now[:, : width - use]
            tried = within + gain[begin:end, None]
            better = tried > without + 1e-12
            best[pays, use:] = np.where(better, tried, without)
            taking.append((area[begin:end], pays, use, better))
        left = room.copy()
        taken = np.zeros((n, m))
        for who, pays, use, better in reversed(taking):
            over = left[pays] - use
            takes = better[np.arange(len(pays)), np.maximum(over, 0)] & (over >= 0)
            taken[who[takes], pays[takes]] = 1.0
            left[pays[takes]] -= use
        return best[np.arange(m), room], taken

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
    cutoff: float = np.inf,
    time: float = _KERNEL_TIME,
) -> tuple[_Plan | None, float, int]:
    """Close the proof with an integer programme over the pairs that still matter.

    With so many nodes a better answer is sought, in a share of the time that is left.
    """
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
            engine.setOptionValue("time_limit", max(time * left, 0.01))
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
        cutoff = min(cutoff, _cutoff_of(shape, plan))
    if np.isfinite(cutoff):
        engine.setOptionValue("objective_bound", cutoff)
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
    counted = _counted(resolved, capacities)
    shape = _capacitated_model(resolved, capacities, counted)
    reason = _impossible(shape, resolved, counted)
    shape, watch.unit = _in_units(shape)
    search = _Searching(shape, watch, gap)
    if not reason:
        search.run()
        if search.plan is None and search.bound == np.inf:
            reason = "no choice of sites has room for every area as it is"
    if search.plan is None:
        return _nothing(problem, resolved, watch, reason)
    bound = min(search.bound, search.plan.value)
    return _answer(
        problem, resolved, watch, _of_all(search.plan, resolved, counted), bound, search.nodes,
        search.method,
    )  # fmt: skip


def _of_all(plan: _Plan, resolved: _Resolved, counted: Bools) -> _Plan:
    """Give a plan of every area: those that count for nothing go to the nearest open site."""
    minutes = resolved.services[0].minutes
    parts = np.zeros(minutes.shape)
    parts[counted] = plan.parts
    idle = np.flatnonzero(~counted & np.isfinite(minutes[:, plan.chosen]).any(axis=1))
    parts[idle, plan.chosen[minutes[np.ix_(idle, plan.chosen)].argmin(axis=1)]] = 1.0
    return replace(plan, parts=parts)


class _Searching:
    """Bounds, finds good plans, fixes what cannot matter, and closes the proof."""

    def __init__(
        self, shape: _CapacitatedModel, watch: _Watch, gap: float, *, whole: bool = True
    ) -> None:
        self.shape, self.watch, self.gap, self.whole = shape, watch, gap, whole
        self.plan: _Plan | None = None
        self.bound, self.nodes, self.method = -np.inf, 0, "knapsack bound"
        self.around = _Sites(shape, watch)
        self.priced: tuple[Ints, Floats] | None = None
        self.seen: set[bytes] = set()  # parts that were solved

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
        left = int(pairs.sum())
        if left > _MOST_MIP_PAIRS and np.isfinite(self.watch.work):
            self.watch.stopped = "work limit"
            return
        if left > _MOST_PAIRS and self.plan is not None:
            self.watch.stopped = f"{left:,} pairs of area and site are left, too many to prove"
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
        first, _ = sacks.climb(prices, np.inf, _FIRST_STEPS, watch)
        self.bound, prices = max(self.bound, first.value), first.prices
        self._descend(self.around.first())
        goal = self.plan.value if self.plan else np.inf
        better, met = sacks.climb(self._area_prices(prices), goal, steps, watch)
        while not sacks.exact and better.value < self.cutoff < np.inf:
            before = better
            more, met = sacks.climb(better.prices, goal, steps, watch)
            better = max(before, more, key=lambda filled: filled.value)
            self.bound = max(self.bound, better.value)
            watch.tick("knapsacks", self.bound, goal)
            if better.value - before.value < _RISE * (goal - before.value):
                break
        self.bound = max(self.bound, better.value)
        for chosen in reversed(met[-_STARTS:]):
            if self.plan is None:
                self._descend(chosen)
        watch.tick("knapsacks", self.bound, self.plan.value if self.plan else np.inf)
        self.reach(self.bound)
        return better

    def _area_prices(self, prices: Floats) -> Floats:
        """Give prices to raise a bound from: between the open sites' cheapest two, room counted."""
        if self.plan is None or self.priced is None:
            return prices
        chosen, of_room = self.priced
        cost = self.shape.cost[:, chosen] + self.shape.uses[:, None] * of_room
        two = np.sort(cost, axis=1)[:, : 2 if len(chosen) > 1 else 1]
        two[~np.isfinite(two)] = 0.0
        found: Floats = np.maximum(two[:, 0], two.mean(axis=1))
        return found

    def _descend(self, chosen: Ints | None) -> None:
        """Better a set of sites by swaps, as if areas could be split, and then as they are."""
        if chosen is None or not self.around.possible(chosen):
            return
        opened, prices, below = self.around.improve(chosen)
        better = (self.plan is None or below < self.plan.value) and self._sent(opened, prices)
        until = self._until(_DESCEND_TIME)
        while better and self.plan is not None and len(self.shape.uses) <= _MOST_SENT:
            better = False
            for _, trial, at in self.around.below(opened, prices, self.plan.value)[:_TRIED]:
                if self._late(until):
                    return
                if self._sent(trial, at):
                    opened, prices, better = trial, at, True
                    break

    def _sent(self, chosen: Ints, prices: Floats) -> bool:
        """Send the areas to a set of sites; tell whether that is better than the plan."""
        shape, watch, before = self.shape, self.watch, self.plan
        where = _fill(shape, chosen, prices)
        if where is not None:
            self.plan = _better_plan(self.plan, _plan_of(shape, chosen, where))
        if len(shape.uses) <= _MOST_SENT:
            priced = shape.cost[:, chosen] + shape.uses[:, None] * prices
            near = np.argsort(priced, axis=1, kind="stable")[:, :_SENT_PAIRS]
            pairs = np.zeros(shape.cost.shape, bool)
            open_ = np.isfinite(np.take_along_axis(priced, near, 1))
            np.put_along_axis(pairs, chosen[near], open_, 1)
            only = np.isin(np.arange(len(shape.room)), chosen)
            start = self.plan if self.plan is not before else None
            if start is not None:
                pairs |= start.parts > 0
            watch.spend(_KERNEL_WORK * pairs.sum())
            found, _, _ = _close_proof(
                shape, only, only, pairs, start, watch, _KERNEL_NODES, self.cutoff, _SENT_TIME
            )
            self.plan = _better_plan(self.plan, found)
        if self.plan is not before:
            self.priced = chosen, prices
        return self.plan is not before

    def _branch(
        self, sacks: _Knapsacks, must: Bools, may: Bools, pairs: Bools, at: _Filled
    ) -> None:
        """Close the proof by branch and price."""
        shape = self.shape
        search = _BranchAndPrice(
            shape.cost, shape.most, shape.rows, sacks.fill, sacks.size, self._offer, self._mend,
            self._seek, self.watch,
            cuts=self.whole and _MANY_PAIRS < shape.cost.size <= _MOST_CUT_PAIRS,
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

    def _until(self, share: float) -> float:
        """Give the seconds that are left when a share of those left now is gone."""
        left = self.watch.left()
        return -np.inf if left is None else (1 - share) * left

    def _late(self, until: float) -> bool:
        left = self.watch.left()
        return left is not None and left <= until

    def _mend(self, prices: Floats, open_: Floats, by_part: bool) -> float:
        """Better the sites that are most open in the programme, and the plan part by part."""
        if not self.whole:
            return self.cutoff
        until = self._until(_MEND_TIME)
        order = np.argsort(np.where(self.shape.must, -np.inf, -open_), kind="stable")
        self._descend(np.sort(order[: self.shape.most]))
        for many in _PART_SITES if by_part else ():
            if many < self.shape.most:
                self._part_by_part(prices, many, until)
        return self.cutoff

    def _part_by_part(self, prices: Floats, many: int, until: float = -np.inf) -> None:
        """Solve the areas of a few open sites near each other again, as long as that helps.

        It ends where no more than `until` seconds of the time are left.
        """
        again = self.plan is not None
        while again and self.plan is not None:
            again = False
            for middle in [int(j) for j in self.plan.chosen]:
                if self._late(until):
                    return
                if middle not in self.plan.chosen:
                    continue
                near = self.around.near[middle]
                opened = np.sort(near[np.isin(near, self.plan.chosen)][:many])
                # the same areas at other sites have other sites near to try
                key = opened.tobytes() + np.packbits(self.plan.parts[:, opened] > 0).tobytes()
                if key in self.seen:
                    continue
                self.seen.add(key)
                found = self._part(opened, prices)
                if found.value < self.plan.value:
                    self.plan, again = found, True

    def _part(self, opened: Ints, prices: Floats) -> _Plan:
        """Solve the areas of some open sites again; give the better plan, or the same."""
        shape, plan = self.shape, self.plan
        assert plan is not None
        areas = np.flatnonzero((plan.parts[:, opened] > 0).any(axis=1))
        others = np.setdiff1d(plan.chosen, opened)
        sites = np.union1d(self.around.near[opened, :_PART_NEAR], opened)
        sites = np.setdiff1d(sites[shape.may[sites]], others)
        part = shape.part(areas, sites, others)
        at = np.searchsorted(sites, opened)
        old = _plan_of(part, at, plan.parts[np.ix_(areas, opened)].argmax(axis=1))
        inner = _Searching(part, _PartWatch(self.watch, _PART_WORK), 0.0, whole=False)
        inner.plan = old
        sacks = _Knapsacks(part.cost, part.uses, part.room, part.most, part.must, part.may, True)
        first, _ = sacks.climb(prices[areas], old.value, _PART_STEPS)
        if first.value < inner.cutoff:
            must, may, pairs = sacks.fix(first, inner.cutoff)
            try:
                inner._branch(sacks, must, may, pairs, first)
            except _Stop:
                if self.watch.stopped:
                    raise
        if not inner.plan.value < old.value:
            return plan
        parts = plan.parts.copy()
        parts[areas] = 0.0
        parts[np.ix_(areas, sites)] = inner.plan.parts
        chosen = np.sort(np.concatenate([others, sites[inner.plan.chosen]]))
        value = float(shape.cost[parts > 0].sum())
        return _Plan(value, chosen, parts)

    def _seek(self, must: Bools, may: Bools, dear: Floats) -> float:
        """Seek a better answer among the pairs that cost the bound least; give the cutoff."""
        if not self.whole:
            return self.cutoff
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
        if not self.shape.rows.hold(chosen):
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
    served, main = plan.parts.any(axis=1), plan.parts.argmax(axis=1)
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    goal = resolved.goals[0]
    everyone = max(float(service.weights.sum()), 1e-300)
    scale = sum(factor / everyone if kind == "mean" else factor for kind, _, factor in goal.parts)
    proven = bool(bound >= plan.value - 10 * _tolerance(plan.value))
    scale /= watch.unit
    value, bound = plan.value * scale, (plan.value if proven else bound) * scale
    gap = _relative_gap(value, bound)
    status = "proven_optimal" if proven else "within_gap" if np.isfinite(gap) else "feasible"
    made = Solution(
        status=status, objective=value, bound=bound, gap=gap,
        chosen=tuple(names[np.sort(plan.chosen)]),
        assignment=pd.Series(
            np.where(served, names[main], None), index=index, dtype=object, name="site_id"
        ),
        minutes=pd.Series(
            np.where(served, (plan.parts * finite).sum(axis=1), np.inf), index=index, name="minutes"
        ),
        unserved=tuple(index[np.flatnonzero(~served)]),
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
