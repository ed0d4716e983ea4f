"""From a `Problem` to checked arrays: ids become positions, every fault is named at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from access.siting.inputs import (
    CostTable,
    Faults,
    listed,
    read_by_id,
    read_costs,
    read_count,
    read_ids,
    read_number,
)
from access.siting.model import MOST_ADDED, Bools
from access.siting.problem import KINDS, Demand, Goal, Problem
from access.siting.resolved import Resolved, Service
from access.siting.rule_reading import RuleReader


def resolve(problem: Problem, call: str = "site") -> Resolved:
    """Check a problem and turn it into arrays.

    Parameters
    ----------
    problem : Problem
    call : str
        What to call it in messages.

    Returns
    -------
    Resolved

    Raises
    ------
    ParameterError
        Naming every fault found.

    Examples
    --------
    >>> resolve(Problem(Demand([[1, 2]]), p=1)).site_ids
    ('0', '1')
    """
    faults = Faults(call)
    if not isinstance(problem, Problem):
        faults.add("problem", repr(problem)[:80], "a Problem")
        faults.stop()
    services, site_ids = _services(problem, faults)
    if not services:
        faults.add("demands", "none usable", "at least one demand with costs")
        faults.stop()
    opened = read_ids(problem.locked_open, site_ids, faults, "locked_open")
    closed = read_ids(problem.locked_closed, site_ids, faults, "locked_closed")
    both = [i for i in opened if i in set(closed)]
    if both:
        faults.add("locked_open and locked_closed", ", ".join(both), "each site in one of them")
    must = np.isin(np.array(site_ids, object), opened)
    may = ~np.isin(np.array(site_ids, object), closed)
    fewest, most = _range(problem, must, may, faults)
    site_costs = None
    if problem.site_costs is not None:
        site_costs = read_by_id(problem.site_costs, site_ids, faults, "site_costs")
    goals = _goals(problem, site_costs, faults)
    _check_sums(services, goals, faults)
    rules = RuleReader(site_ids, services, site_costs, faults)
    for rule in listed(problem.rules, faults, "rules"):
        rules.add(rule)
    faults.stop()
    return Resolved(
        problem, site_ids, services, goals, fewest, most, must, may, site_costs,
        tuple(rules.counts), tuple(rules.reaches), rules.serve_all, rules.capacities,
    )  # fmt: skip


def _services(problem: Problem, faults: Faults) -> tuple[tuple[Service, ...], tuple[str, ...]]:
    demands = problem.demand_list
    tables: list[tuple[Demand, CostTable]] = []
    for number, demand in enumerate(demands):
        if not isinstance(demand, Demand):
            faults.add("demands", repr(demand)[:80], "a Demand, or a list of them")
            continue
        if not isinstance(demand.name, str):
            faults.add("demands, name", repr(demand.name)[:80], "a text")
            continue
        name = "costs" if len(demands) == 1 else f"costs of demand {demand.name or number}"
        table = read_costs(demand.costs, faults, name)
        if table is not None:
            tables.append((demand, table))
    if not tables:
        return (), ()
    names = [demand.name for demand, _ in tables]
    if len(set(names)) < len(names):
        faults.add("demands", ", ".join(names), "a name of its own for each demand")
    site_ids = tables[0][1].site_ids
    shares = [read_number(d.share, faults, f"share of {d.name}") for d, _ in tables]
    if sum(shares) <= 0:
        faults.add("shares", str(shares), "at least one share above 0")
    services = []
    for (demand, table), share in zip(tables, shares, strict=True):
        minutes = table.minutes
        if table.site_ids != site_ids:
            if set(table.site_ids) != set(site_ids):
                odd = sorted(set(table.site_ids) ^ set(site_ids))
                faults.add(
                    f"costs of demand {demand.name}", ", ".join(odd[:12]), "the same sites in all"
                )
                continue
            where = pd.Index(table.site_ids).get_indexer(pd.Index(site_ids))
            minutes = np.ascontiguousarray(minutes[:, where])
        weights = read_by_id(demand.weights, table.area_ids, faults, f"weights ({demand.name})")
        total = max(sum(shares), 1e-300)
        services.append(Service(demand.name, table.area_ids, minutes, weights, share / total))
    return tuple(services), site_ids


def _check_sums(services: tuple[Service, ...], goals: tuple[Goal, ...], faults: Faults) -> None:
    """Refuse minutes too many to be added up, where a goal adds them up."""
    kinds = {kind for goal in goals if isinstance(goal, Goal) for kind in goal.kinds}
    for service in services:
        greatest = float(service.minutes.max())
        if np.isinf(greatest):
            reached = np.isfinite(service.minutes)
            greatest = float(service.minutes.max(initial=0.0, where=reached))
        if kinds & {"total", "mean"} and greatest > MOST_ADDED:
            faults.add(
                f"costs ({service.name})", greatest,
                f"minutes of at most {MOST_ADDED:g}, or inf where a site cannot be reached",
            )  # fmt: skip
        with np.errstate(over="ignore"):
            demand = float(service.weights.sum())
        if demand > MOST_ADDED:
            faults.add(f"weights ({service.name})", demand, f"a sum of at most {MOST_ADDED:g}")


def _range(problem: Problem, must: Bools, may: Bools, faults: Faults) -> tuple[int, int]:
    least, most = max(int(must.sum()), 1), max(int(may.sum()), 1)
    why = ""
    if must.any() or not may.all():
        why = f" ({int(must.sum())} sites locked open, {int((~may).sum())} locked closed)"
    if problem.p is not None:
        if problem.fewest is not None or problem.most is not None:
            faults.add("p, fewest, most", "all given", "p alone, or fewest and most")
        p = read_count(problem.p, least, most, faults, f"p{why}")
        return p, p
    low = least if problem.fewest is None else read_count(
        problem.fewest, 0, most, faults, f"fewest{why}"
    )  # fmt: skip
    high = most if problem.most is None else read_count(
        problem.most, least, most, faults, f"most{why}"
    )  # fmt: skip
    low = max(low, least)
    if low > high:
        faults.add("fewest, most", f"{low}, {high}", "fewest no greater than most")
    return low, high


def _goals(problem: Problem, site_costs: Any, faults: Faults) -> tuple[Goal, ...]:
    goals = problem.goal_list
    if not goals:
        faults.add("goals", "none", "at least one Goal")
    for number, goal in enumerate(goals):
        if not isinstance(goal, Goal) or not goal.parts:
            faults.add("goals", repr(goal), "Goal.mean(), Goal.worst(), Goal.blend(...), ...")
            continue
        for kind, minutes, factor in goal.parts:
            if kind not in KINDS:
                faults.add("goals", kind, f"one of {', '.join(KINDS)}")
            if kind in ("beyond", "left_out"):
                read_number(minutes, faults, "minutes of Goal.beyond")
            if kind == "cost" and site_costs is None:
                faults.add("goals", "cost", "site_costs to be given")
            read_number(factor, faults, f"factor of {goal.words}")
        read_number(goal.within, faults, f"within of {goal.words}")
        if "worst" in goal.kinds and len(goal.kinds) > 1 and number < len(goals) - 1:
            faults.add("goals", goal.words, "a blend with worst minutes to be the last goal")
    return goals
