"""Sites with limited room: a bound by knapsacks, good answers by hand, the proof by HiGHS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.siting.assignment import blank
from access.siting.capacity_heuristic import MOST_STARTS, best_plan
from access.siting.capacity_model import Plan, Shape, better_plan, cutoff_of, impossible, shape_of
from access.siting.capacity_programme import close_proof
from access.siting.knapsack import Knapsacks
from access.siting.model import tolerance
from access.siting.problem import Problem
from access.siting.resolved import Resolved
from access.siting.search import Stop, Watch, relative_gap
from access.siting.solution import Explanation, GoalValue, Solution, peak_memory_mb
from access.siting.verify import confirm


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
    shape = shape_of(resolved, capacities)
    reason = impossible(shape, resolved)
    plan, bound, nodes, method = None, np.inf, 0, "counting room"
    if not reason:
        plan, bound, nodes, method = _search(shape, watch)
        if plan is None and bound == np.inf:
            reason = "no choice of sites has room for every area as it is"
    if plan is None:
        return _nothing(problem, resolved, watch, reason)
    return _answer(problem, resolved, watch, plan, bound, nodes, method)


def _search(shape: Shape, watch: Watch) -> tuple[Plan | None, float, int, str]:
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
        found, below, nodes = close_proof(shape, must, may, pairs, plan, watch)
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
