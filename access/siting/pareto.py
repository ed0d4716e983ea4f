"""The exact front: sets of sites that no other set beats on one measure without losing another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.siting.course import Course
from access.siting.measuring import goal_value
from access.siting.model import SideRows, tolerance
from access.siting.problem import Goal, Problem
from access.siting.resolve import resolve
from access.siting.resolved import Resolved
from access.siting.search import Progress, Stop, Watch
from access.siting.solve import watch_of
from access.siting.stack import goal_rows

_CLOSE = 1e-9
_Point = tuple[tuple[str, ...], float, float, float]


@dataclass(frozen=True, eq=False)
class Front:
    """Sets that cannot be improved on every measure at once.

    Parameters
    ----------
    table : DataFrame
        One row a set, best mean first: ``chosen``, ``mean_minutes``, ``worst_minutes`` and, when
        asked, ``cost``.
    complete : bool
        True when it is proven that no point of the front is missing.
    """

    table: pd.DataFrame
    complete: bool


def pareto_front(
    problem: Problem,
    *,
    with_cost: bool = False,
    most_points: int = 500,
    time_limit_s: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Front:
    """Find every trade-off between the mean, the worst-off area and (when asked) cost.

    Parameters
    ----------
    problem : Problem
        Its goals are not used; its number of sites and rules are kept.
    with_cost : bool
        Whether the cost of the open sites is a third measure; needs `site_costs`.
    most_points : int
        Stop, incomplete, after so many.
    time_limit_s, progress
        As for `site`.

    Returns
    -------
    Front
        Where several sets share a point, one of them.

    Raises
    ------
    ParameterError
        If the problem is faulty, nothing keeps its rules, or costs are missing.

    Notes
    -----
    Method of the epsilon constraint (Haimes, Lasdon and Wismer 1971): the best mean is found
    again and again, each time with the worst minutes below those of the last answer; for cost,
    the whole front again with a budget below the dearest answer of the last front.

    Examples
    --------
    >>> from access.siting import Demand, Problem
    >>> minutes = [[1, 6, 9], [1, 6, 9], [1, 6, 9], [9, 6, 1]]
    >>> front = pareto_front(Problem(Demand(minutes), p=1))
    >>> front.table["worst_minutes"].tolist(), front.complete
    ([9.0, 6.0], True)
    """
    resolved = resolve(replace(problem, goals=Goal.mean()))
    if resolved.capacities is not None:
        raise ParameterError("the front is not found for a problem with Capacity")
    if with_cost and resolved.site_costs is None:
        raise ParameterError("with_cost needs the problem's site_costs; none were given")
    walk = _Walk(resolved, watch_of(time_limit_s, progress), most_points)
    complete = True
    try:
        walk.all_budgets() if with_cost else walk.one_budget(np.inf)
    except (Stop, KeyboardInterrupt):
        complete = False
    if not walk.points and complete:
        raise ParameterError("nothing keeps the rules; `site` on the same problem explains why")
    measures = ["mean_minutes", "worst_minutes", *(["cost"] if with_cost else [])]
    table = pd.DataFrame(walk.points, columns=["chosen", "mean_minutes", "worst_minutes", "cost"])
    table = _unbeaten(table, measures)[["chosen", *measures]]
    return Front(table.reset_index(drop=True), complete)


class _Walk:
    def __init__(self, resolved: Resolved, watch: Watch, most: int) -> None:
        self.resolved, self.watch, self.most = resolved, watch, most
        self.points: list[_Point] = []

    def all_budgets(self) -> None:
        """Find the front under ever smaller budgets."""
        budget = np.inf
        while True:  # ends: each budget is under the cost of a set found
            found = self.one_budget(budget)
            if not found:
                return
            dearest = max(cost for *_, cost in found)
            budget = dearest - max(_CLOSE, tolerance(dearest))

    def one_budget(self, budget: float) -> list[_Point]:
        """Find the front of mean and worst under one budget."""
        course = Course(self.resolved, self.watch)
        if np.isfinite(budget) and self.resolved.site_costs is not None:
            course.rows = course.rows.and_row(self.resolved.site_costs, -np.inf, budget)
        if not course.prepare():
            return []
        part = goal_rows(Goal.mean(), course.stacked, self.resolved)
        found: list[_Point] = []
        rows: SideRows = course.rows
        while True:  # ends: each turn caps the worst-off a level lower, and levels are finite
            outcome = course.minimise(part, rows)
            if not outcome.complete or len(self.points) >= self.most:
                raise Stop
            if not outcome.best.pool:
                return found
            columns = [int(c) for c in outcome.best.chosen]
            point = self._point(columns)
            found.append(point)
            self.points.append(point)
            steps = course.steps_below(point[2])
            if steps is None:
                return found
            rows = course.capped(steps)
            course.start = None

    def _point(self, columns: list[int]) -> _Point:
        ids = tuple(self.resolved.site_ids[c] for c in columns)
        mean = goal_value(self.resolved, Goal.mean(), columns)
        worst = goal_value(self.resolved, Goal.worst(), columns)
        costs = self.resolved.site_costs
        return ids, mean, worst, 0.0 if costs is None else float(costs[columns].sum())


def _unbeaten(table: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Keep the rows that no other row beats or equals on every measure (the first of equals)."""
    table = table.sort_values(measures, kind="stable").reset_index(drop=True)
    values = table[measures].to_numpy(dtype=float)
    slack = _CLOSE * np.maximum(1.0, np.abs(values))
    keep: list[int] = []
    for i, row in enumerate(values):
        beaten = any((values[k] <= row + slack[i]).all() for k in keep)
        if not beaten:
            keep.append(i)
    return table.iloc[keep]
