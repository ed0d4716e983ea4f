"""Sites with limited room as an integer programme, which HiGHS solves or bounds."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pandas as pd
import scipy.sparse as sp

from access.errors import ParameterError
from access.siting.capacitated_model import (
    MOST_STARTS,
    CapacitatedModel,
    Knapsacks,
    Plan,
    best_plan,
    better_plan,
    capacitated_model,
    cutoff_of,
    impossible,
)
from access.siting.highs import INF, add_columns, add_rows, integer_engine, make_integer, run
from access.siting.model import Bools, Ints, tolerance
from access.siting.problem import Problem
from access.siting.progress import Stop, Watch, relative_gap
from access.siting.resolve import Resolved
from access.siting.solution import Explanation, GoalValue, Solution, blank, peak_memory_mb
from access.siting.verify import confirm


def _close_proof(
    shape: CapacitatedModel, must: Bools, may: Bools, pairs: Bools, plan: Plan | None, watch: Watch
) -> tuple[Plan | None, float, int]:
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
        engine.setOptionValue("objective_bound", cutoff_of(shape, plan))
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
    shape: CapacitatedModel,
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


def _read(
    engine: highspy.Highs, shape: CapacitatedModel, area: Ints, site: Ints, columns: Ints
) -> Plan:
    value = np.array(engine.getSolution().col_value)
    k = len(columns)
    chosen = columns[value[:k] > 0.5]
    parts = np.zeros_like(shape.cost)
    flow = value[k:] if shape.split else np.rint(value[k:])
    parts[area, site] = np.where(np.abs(flow) < 1e-9, 0.0, flow)
    used = parts > 0
    total = float((parts[used] * shape.cost[used]).sum())
    return Plan(total, chosen, parts)


def solve_capacitated(problem: Problem, resolved: Resolved, watch: Watch) -> Solution:
    """Solve a problem with a `Capacity` rule."""
    capacities = resolved.capacities
    goals = resolved.goals
    if capacities is None or len(goals) > 1 or not goals[0].kinds <= {"total", "mean"}:
        raise ParameterError(
            "a problem with Capacity takes one goal, Goal.total() or Goal.mean(); "
            f"found {'; '.join(goal.words for goal in goals)}"
        )
    shape = capacitated_model(resolved, capacities)
    reason = impossible(shape, resolved)
    plan, bound, nodes, method = None, np.inf, 0, "counting room"
    if not reason:
        plan, bound, nodes, method = _search(shape, watch)
        if plan is None and bound == np.inf:
            reason = "no choice of sites has room for every area as it is"
    if plan is None:
        return _nothing(problem, resolved, watch, reason)
    return _answer(problem, resolved, watch, plan, bound, nodes, method)


def _search(shape: CapacitatedModel, watch: Watch) -> tuple[Plan | None, float, int, str]:
    """Bound, find good plans, fix what cannot matter, and let HiGHS close the proof."""
    plan: Plan | None = None
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
            plan = best_plan(shape, met, watch)
            goal = plan.value if plan else np.inf
            better, met = sacks.climb(first.prices, goal, 200)
            plan = better_plan(plan, best_plan(shape, met[-MOST_STARTS:], watch))
            bound = max(first.value, better.value)
            watch.tick("knapsacks", bound, plan.value if plan else np.inf)
            if plan is not None:
                cutoff = cutoff_of(shape, plan)
                must, may, pairs = sacks.fix(better, cutoff)
                pairs &= np.isfinite(shape.cost)
                if bound > cutoff:
                    return plan, plan.value, 0, method
        found, below, nodes = _close_proof(shape, must, may, pairs, plan, watch)
        plan, bound = better_plan(plan, found), max(bound, below)
        method = "knapsack bound, then integer programme"
    except (Stop, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"
    return plan, min(bound, plan.value) if plan else bound, nodes, method


def _answer(
    problem: Problem,
    resolved: Resolved,
    watch: Watch,
    plan: Plan,
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
    if not reason:
        note = f"{watch.stopped or 'stopped'}: no answer was found in time"
        return blank(problem, resolved, watch, "feasible", note)
    explanation = Explanation((), (reason,))
    return blank(problem, resolved, watch, "infeasible", "", explanation)
