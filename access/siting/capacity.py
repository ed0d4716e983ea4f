"""Sites with limited room: a bound by knapsacks, good answers by hand, the proof by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
import pandas as pd
import scipy.sparse as sp

from access.errors import ParameterError
from access.siting.knapsack import Knapsacks
from access.siting.mip import INF, add_columns, add_rows, integer_engine, make_integer, run
from access.siting.model import Bools, Floats, Ints, SideRows, tolerance
from access.siting.problem import Problem
from access.siting.resolved import Capacities, Resolved
from access.siting.search import Stop, Watch, relative_gap
from access.siting.solution import Explanation, GoalValue, Solution, peak_memory_mb
from access.siting.stack import count_rows, join_rows, reach_rows
from access.siting.verify import confirm

_MOST_STARTS = 12


@dataclass(frozen=True, eq=False)
class _Plan:
    """Open sites and who goes where: parts of areas by site."""

    value: float
    chosen: Ints
    parts: Floats


@dataclass(frozen=True, eq=False)
class _Shape:
    """The arrays of one capacitated problem."""

    cost: Floats
    uses: Floats
    room: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: SideRows
    split: bool


def solve_capacitated(problem: Problem, resolved: Resolved, watch: Watch) -> Solution:
    """Solve a problem with a `Capacity` rule.

    Parameters
    ----------
    problem : Problem
    resolved : Resolved
    watch : Watch

    Returns
    -------
    Solution

    Raises
    ------
    ParameterError
        If the goal is not the sum or mean of minutes.
    """
    capacities = resolved.capacities
    goals = resolved.goals
    if capacities is None or len(goals) > 1 or not goals[0].kinds <= {"total", "mean"}:
        raise ParameterError(
            "a problem with Capacity takes one goal, Goal.total() or Goal.mean(); "
            f"found {'; '.join(goal.words for goal in goals)}"
        )
    shape = _shape(resolved, capacities)
    reason = _impossible(shape, resolved)
    plan, bound, nodes, method = None, np.inf, 0, "counting room"
    if not reason:
        plan, bound, nodes, method = _search(shape, watch)
        if plan is None and bound == np.inf:
            reason = "no choice of sites has room for every area as it is"
    if plan is None:
        return _nothing(problem, resolved, watch, reason)
    return _answer(problem, resolved, watch, plan, bound, nodes, method)


def _shape(resolved: Resolved, capacities: Capacities) -> _Shape:
    service = resolved.services[0]
    room = capacities.room
    fits = capacities.split | (capacities.uses[:, None] <= room[None, :] * (1 + 1e-9))
    allowed = np.isfinite(service.minutes) & resolved.may[None, :] & fits
    # Areas of no weight still take up room, at no cost.
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    cost = np.where(allowed, service.weights[:, None] * finite, np.inf)
    rows = join_rows(count_rows(resolved), reach_rows(resolved))
    return _Shape(
        cost, capacities.uses, room, resolved.fewest, resolved.most,
        resolved.must, resolved.may, rows, capacities.split,
    )  # fmt: skip


def _impossible(shape: _Shape, resolved: Resolved) -> str:
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


def _search(shape: _Shape, watch: Watch) -> tuple[_Plan | None, float, int, str]:
    """Bound, find good plans, fix what cannot matter, and let HiGHS close the proof."""
    plan: _Plan | None = None
    bound, nodes, method = -np.inf, 0, "knapsack bound"
    try:
        must, may = shape.must, shape.may
        pairs = np.isfinite(shape.cost)
        if shape.fewest == shape.most:
            sacks = Knapsacks(
                shape.cost, shape.uses, shape.room, shape.most, must, may, not shape.split
            )
            start = np.sort(shape.cost, axis=1)
            prices = start[:, min(1, start.shape[1] - 1)]
            prices = np.where(np.isfinite(prices), prices, start[:, 0])
            first, met = sacks.climb(prices, np.inf, 60)
            plan = _best_plan(shape, met, watch)
            goal = plan.value if plan else np.inf
            better, met = sacks.climb(first.prices, goal, 200)
            plan = _better(plan, _best_plan(shape, met[-_MOST_STARTS:], watch))
            bound = max(first.value, better.value)
            watch.tick("knapsacks", bound, plan.value if plan else np.inf)
            if plan is not None:
                cutoff = _cutoff(shape, plan)
                must, may, pairs = sacks.fix(better, cutoff)
                pairs &= np.isfinite(shape.cost)
                if bound > cutoff:
                    return plan, plan.value, 0, method
        found, below, nodes = _integer(shape, must, may, pairs, plan, watch)
        plan, bound = _better(plan, found), max(bound, below)
        method = "knapsack bound, then integer programme"
    except (Stop, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"
    return plan, min(bound, plan.value) if plan else bound, nodes, method


def _cutoff(shape: _Shape, plan: _Plan) -> float:
    """Give the value that an answer must stay under to be better than a plan."""
    finite = shape.cost[np.isfinite(shape.cost)]
    whole = not shape.split and bool((finite == np.rint(finite)).all())
    return plan.value - (1 - 1e-6 if whole else tolerance(plan.value))


def _better(one: _Plan | None, other: _Plan | None) -> _Plan | None:
    plans = [plan for plan in (one, other) if plan is not None]
    return min(plans, key=lambda plan: plan.value) if plans else None


# -- good plans by hand ----------------------------------------------------------------------
def _best_plan(shape: _Shape, sets: list[Ints], watch: Watch) -> _Plan | None:
    """Fill some sets of sites, move each site to the middle of its areas, keep the best."""
    best: _Plan | None = None
    seen: set[tuple[int, ...]] = set()
    for chosen in reversed(sets[-_MOST_STARTS:]):
        for _ in range(20):
            key = tuple(int(c) for c in chosen)
            if key in seen or not shape.rows.hold(chosen):
                break
            seen.add(key)
            watch.tick("plans", -np.inf, best.value if best else np.inf)
            where = _fill(shape, chosen)
            if where is None:
                break
            best = _better(best, _plan_of(shape, chosen, where))
            chosen = _recentre(shape, chosen, where)
    return best


def _plan_of(shape: _Shape, chosen: Ints, where: Ints) -> _Plan:
    rows = np.arange(len(where))
    parts = np.zeros_like(shape.cost)
    parts[rows, chosen[where]] = 1.0
    return _Plan(float(shape.cost[rows, chosen[where]].sum()), chosen, parts)


def _fill(shape: _Shape, chosen: Ints) -> Ints | None:
    """Send whole areas to open sites: those with most to lose first, then shifts and swaps."""
    cost, uses = shape.cost[:, chosen], shape.uses
    room = shape.room[chosen].astype(float)
    where = np.full(len(uses), -1, np.intp)
    left = np.ones(len(uses), bool)
    while left.any():
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


def _recentre(shape: _Shape, chosen: Ints, where: Ints) -> Ints:
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


# -- the proof -------------------------------------------------------------------------------
def _integer(
    shape: _Shape, must: Bools, may: Bools, pairs: Bools, plan: _Plan | None, watch: Watch
) -> tuple[_Plan | None, float, int]:
    """Close the proof with an integer programme over the pairs that still matter."""
    m = shape.cost.shape[1]
    area, site = np.nonzero(pairs & may[None, :])
    columns = np.flatnonzero(may)
    k = len(columns)
    column_of = np.full(m, -1)
    column_of[columns] = np.arange(k)
    engine = integer_engine(watch)
    low = np.concatenate([must[columns].astype(float), np.zeros(len(area))])
    cost = np.concatenate([np.zeros(k), shape.cost[area, site]])
    add_columns(engine, cost, low, np.ones(len(cost)))
    make_integer(engine, np.arange(k if shape.split else len(cost)))
    _rows(engine, shape, area, site, columns, column_of)
    if plan is not None:
        start = highspy.HighsSolution()
        opened = np.zeros(m)
        opened[plan.chosen] = 1.0
        start.col_value = np.concatenate([opened[columns], plan.parts[area, site]]).tolist()
        engine.setSolution(start)
        engine.setOptionValue("objective_bound", _cutoff(shape, plan))
    run(engine, watch, "integer programme")
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
    shape: _Shape,
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
    add_rows(engine, once, np.ones(n), np.ones(n))
    fill = sp.csr_matrix((shape.uses[area], (column_of[site], pair)), shape=(k, width))
    room = sp.csr_matrix((-shape.room[columns], (np.arange(k), np.arange(k))), shape=(k, width))
    add_rows(engine, (fill + room).tocsr(), np.full(k, -INF), np.zeros(k))
    at = np.arange(pairs)
    link = sp.csr_matrix((ones, (at, pair)), shape=(pairs, width)) - sp.csr_matrix(
        (ones, (at, column_of[site])), shape=(pairs, width)
    )
    add_rows(engine, link.tocsr(), np.full(pairs, -INF), np.zeros(pairs))
    every = np.concatenate([np.ones(k), np.zeros(pairs)])[None, :]
    count = (np.array([float(shape.fewest)]), np.array([float(shape.most)]))
    add_rows(engine, sp.csr_matrix(every), *count)
    if len(shape.rows):
        side = sp.hstack(
            [sp.csr_matrix(shape.rows.matrix[:, columns]), sp.csr_matrix((len(shape.rows), pairs))]
        )
        add_rows(engine, side.tocsr(), shape.rows.low, shape.rows.high)


def _read(engine: highspy.Highs, shape: _Shape, area: Ints, site: Ints, columns: Ints) -> _Plan:
    value = np.array(engine.getSolution().col_value)
    k = len(columns)
    chosen = columns[value[:k] > 0.5]
    parts = np.zeros_like(shape.cost)
    flow = value[k:] if shape.split else np.rint(value[k:])
    parts[area, site] = np.where(np.abs(flow) < 1e-9, 0.0, flow)
    used = parts > 0
    total = float((parts[used] * shape.cost[used]).sum())
    return _Plan(total, chosen, parts)


# -- the answer ------------------------------------------------------------------------------
def _answer(
    problem: Problem,
    resolved: Resolved,
    watch: Watch,
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
    scale = 1.0 / max(float(service.weights.sum()), 1e-300) if goal.kinds == {"mean"} else 1.0
    scale *= sum(factor for _, _, factor in goal.parts)
    proven = bool(bound >= plan.value - 10 * tolerance(plan.value))
    value, bound = plan.value * scale, (plan.value if proven else bound) * scale
    gap = relative_gap(value, bound)
    status = "proven_optimal" if proven else "within_gap" if np.isfinite(gap) else "feasible"
    made = Solution(
        status=status, objective=value, bound=bound, gap=gap,
        chosen=tuple(names[np.sort(plan.chosen)]),
        assignment=pd.Series(names[main], index=index, dtype=object, name="site_id"),
        minutes=pd.Series((plan.parts * finite).sum(axis=1), index=index, name="minutes"),
        method=method, nodes=nodes,
        goals=(GoalValue(goal.words, value, value, bound, proven),),
        demand=float(service.weights.sum()),
        shares=pd.Series(plan.parts[area, site], index=pairs, name="share"),
        note=f"Stopped ({watch.stopped}) before the proof was finished." if watch.stopped else "",
        problem=problem,
    )  # fmt: skip
    checks = confirm(problem, made)
    return replace(made, checks=checks, seconds=watch.seconds(), peak_memory_mb=peak_memory_mb())


def _nothing(problem: Problem, resolved: Resolved, watch: Watch, reason: str) -> Solution:
    from access.siting.solve import blank

    if not reason:
        note = f"{watch.stopped or 'stopped'}: no answer was found in time"
        return blank(problem, resolved, watch, "feasible", note)
    explanation = Explanation((), (reason,))
    return blank(problem, resolved, watch, "infeasible", "", explanation)
