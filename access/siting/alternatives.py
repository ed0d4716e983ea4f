"""More than one answer: near-optimal sets, the curve over their number, the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import a, checked, flag, refuse, whole
from access.errors import ParameterError
from access.measure.distribution import weighted_sums
from access.siting.branch_and_cut import _blocks_of_sets
from access.siting.constraints import (
    _count_rows,
    _demand_rows,
    _GoalRows,
    _join_rows,
    _reach_rows,
)
from access.siting.goals import _GoalSearch, _GoalStep, _meet_goal
from access.siting.problem import Goal, Problem, _Faults, _read_count, _read_ids, _read_number
from access.siting.resolve import _goal_value, _goal_values, _resolve, _Resolved
from access.siting.search import Bools, Floats, Ints, Progress, _SideRows, _Stop, _tolerance, _Watch
from access.siting.solution import Solution
from access.siting.solve import _on_one_thread, _Run, _solve, _watch_of, site


@dataclass(frozen=True, eq=False)
class Alternatives:
    """The best sets of sites in order, and whether the list is proven complete.

    Parameters
    ----------
    table : DataFrame
        One row a set, best first: ``chosen`` (tuple of ids), each goal's value, and ``worse``,
        the share by which the last goal is worse than the best.
    complete : bool
        True when it is proven that no other set belongs in the list.
    best : Solution
        The first of them, verified.
    full : bool
        True where as many are listed as were asked for, so that others may be as near.
    """

    table: pd.DataFrame
    complete: bool
    best: Solution
    full: bool = False

    @property
    def ties(self) -> int:
        """How many sets listed are exactly as good as the best, itself included."""
        return int((self.table["worse"] <= 1e-9).sum())


@_on_one_thread
def alternatives(
    problem: Problem,
    count: int = 5,
    *,
    within: float = 0.02,
    time_limit_s: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], object] | None = None,
) -> Alternatives:
    """Find the best so-many sets of sites whose last goal is within a share of the best.

    Planners can then choose among them for reasons that no table holds.

    Parameters
    ----------
    problem : Problem
        Its last goal must have a part that adds up over areas (mean, total, beyond, left_out).
    count : int
        How many sets at most.
    within : float
        Only sets up to this share worse than the best (0.02 = 2 %).
    time_limit_s, seed, progress
        As for `site`.

    Returns
    -------
    Alternatives

    Raises
    ------
    ParameterError
        If an argument is faulty, the last goal cannot be listed, or nothing keeps the rules.

    Notes
    -----
    One branch-and-cut search; every set that it finds is cut off and the search goes on until
    nothing within the share is left.

    Examples
    --------
    >>> from access.siting import Demand, Problem
    >>> found = alternatives(Problem(Demand([[1, 2, 9], [2, 1, 9], [1, 1, 9]]), p=1), 3, within=1)
    >>> found.table["chosen"].tolist(), found.ties, found.complete
    ([('0',), ('1',)], 2, True)
    """
    faults = _Faults("alternatives")
    count = _read_count(count, 1, 10_000, faults, "count")
    within = _read_number(within, faults, "within")
    faults.stop()
    resolved = _resolve(problem)
    goals = resolved.goals
    if resolved.capacities is not None:
        raise ParameterError("alternatives are not listed for a problem with Capacity")
    if "worst" in goals[-1].kinds or not goals[-1].kinds - {"sites", "cost"}:
        raise ParameterError(
            f"sets cannot be listed by {goals[-1].words!r}, where very many are alike; "
            "put Goal.mean() after it as the last goal"
        )
    watch = _watch_of(time_limit_s, progress, 0.0, seed)
    run = _Run(problem, resolved, watch, seed=seed)
    stages: list[_GoalStep] = []
    complete = False
    try:
        if not run.course.prepare():
            raise ParameterError(f"nothing keeps the rules. {run.infeasible().explanation}")
        for goal in goals[:-1]:
            stages.append(_meet_goal(run.course, goal, last=False))
            if not stages[-1].complete:
                raise _Stop
        stages.append(_meet_goal(run.course, goals[-1], last=True, keep=count, within=within))
        complete = all(stage.complete for stage in stages)
    except (_Stop, KeyboardInterrupt):
        pass
    best = run.finish(stages)
    pool = run.course.outcome.best.pool if len(stages) == len(goals) else []
    rows = []
    for _, chosen in pool:
        columns = list(chosen)
        row: dict[str, object] = {"chosen": tuple(resolved.site_ids[c] for c in columns)}
        row |= {goal.words: _goal_value(resolved, goal, columns) for goal in goals}
        rows.append(row)
    table = pd.DataFrame(rows, columns=["chosen", *dict.fromkeys(g.words for g in goals)])
    last = table[goals[-1].words].astype(float)
    least = float(last.min()) if len(last) else 1.0
    table["worse"] = (last - least) / (abs(least) if least else 1.0)
    return Alternatives(table, complete, best, len(table) >= count)


@dataclass(frozen=True, eq=False)
class Curve:
    """The best answer for every number of sites.

    Parameters
    ----------
    solutions : dict of int to Solution
        Where a number cannot keep the rules its status says so; ask `site` for the reason.
    elbow : int or None
        Where another site stops paying as before: the number furthest below the straight line
        from the first to the last (Satopaa et al. 2011); None with fewer than three numbers, or
        where not all of them serve as many families, so that their means are of others.
    """

    solutions: dict[int, Solution]
    elbow: int | None

    def to_frame(self) -> pd.DataFrame:
        """Give the curve as a table.

        Returns
        -------
        DataFrame
            One row a number of sites: objective, bound, gap, status, chosen, every goal, and
            what is saved against the next smaller number that was asked for.
        """
        rows = []
        for p, found in self.solutions.items():
            row: dict[str, object] = {
                "p": p, "objective": found.objective, "bound": found.bound, "gap": found.gap,
                "status": found.status, "chosen": found.chosen,
                "unserved_weight": found.unserved_weight,
            }  # fmt: skip
            row |= {goal.goal: goal.value for goal in found.goals}
            rows.append(row)
        table = pd.DataFrame(rows).set_index("p")
        table["saved"] = -table["objective"].sort_index().diff()  # it aligns by number
        return table


def _sizes(value: Any, name: str) -> list[int]:
    """Read numbers of sites."""
    expected = "whole numbers of sites, such as [1, 2, 3]"
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise refuse(name, value, expected)
    if getattr(value, "ndim", 1) != 1:
        raise refuse(name, value, expected)
    return [whole(1)(n, name) for n in value]


@checked(problem=a(Problem, expected="a Problem"), sizes=_sizes)
def curve(
    problem: Problem,
    sizes: Iterable[int],
    *,
    time_limit_s: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], object] | None = None,
) -> Curve:
    """Solve a problem for each number of sites, and find the elbow.

    Parameters
    ----------
    problem : Problem
        Its own `p` is replaced.
    sizes : iterable of int
    time_limit_s : float, optional
        For each number.
    seed, progress
        As for `site`.

    Returns
    -------
    Curve

    Raises
    ------
    ParameterError
        Naming every fault of the problem or the numbers.

    Examples
    --------
    >>> from access.siting import Demand, Problem
    >>> found = curve(Problem(Demand([[0, 8, 9], [8, 0, 9], [9, 9, 1]])), [1, 2, 3])
    >>> found.to_frame()["objective"].round(2).tolist(), found.elbow
    ([5.67, 3.0, 0.33], None)
    """
    solutions: dict[int, Solution] = {}
    for p in sizes:
        asked = replace(problem, p=p, fewest=None, most=None)
        watch = _watch_of(time_limit_s, progress, 0.0, seed)
        resolved = _resolve(asked, "curve")
        solutions[int(p)] = _solve(asked, resolved, watch, seed=seed, explaining=False)
    return Curve(solutions, _elbow_among(solutions))


def _elbow_among(solutions: Mapping[int, Solution]) -> int | None:
    """Find where more sites stop paying, unless they serve more families: means are of others."""
    found = {p: s for p, s in solutions.items() if np.isfinite(s.objective)}
    left_out = [s.unserved_weight for s in found.values()]
    if left_out and max(left_out) - min(left_out) > 1e-9 * max(1.0, *left_out):
        return None
    return _elbow_of({p: s.objective for p, s in found.items()})


def _elbow_of(values: dict[int, float]) -> int | None:
    """Find where a falling curve bends most."""
    finite = {p: v for p, v in sorted(values.items()) if np.isfinite(v)}
    if len(finite) < 3:
        return None
    p, v = np.array(list(finite)), np.array(list(finite.values()))
    span = v[0] - v[-1]
    if span <= 0:
        return None
    below = (p[-1] - p) / (p[-1] - p[0]) - (v - v[-1]) / span
    best = int(below.argmax())
    return int(p[best]) if below[best] > 1e-9 else None


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


@checked(
    problem=a(Problem, expected="a Problem"),
    with_cost=flag,
    most_points=whole(2, 100_000),
)
@_on_one_thread
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
    resolved = _resolve(replace(problem, goals=Goal.mean()))
    if resolved.capacities is not None:
        raise ParameterError("the front is not found for a problem with Capacity")
    if with_cost and resolved.site_costs is None:
        raise ParameterError("with_cost needs the problem's site_costs; none were given")
    walk = _Walk(resolved, _watch_of(time_limit_s, progress), most_points)
    complete = True
    try:
        walk.all_budgets() if with_cost else walk.one_budget(np.inf)
    except (_Stop, KeyboardInterrupt):
        complete = False
    complete = complete and walk.sure
    if not walk.points and complete:
        raise ParameterError("nothing keeps the rules; `site` on the same problem explains why")
    measures = ["mean_minutes", "worst_minutes", *(["cost"] if with_cost else [])]
    table = pd.DataFrame(walk.points, columns=["chosen", "mean_minutes", "worst_minutes", "cost"])
    table = _unbeaten(table, measures)[["chosen", *measures]]
    return Front(table.reset_index(drop=True), complete)


class _Walk:
    def __init__(self, resolved: _Resolved, watch: _Watch, most: int) -> None:
        self.resolved, self.watch, self.most = resolved, watch, most
        self.points: list[_Point] = []
        self.sure = True
        self.least: _GoalSearch | None = None  # under no budget

    def all_budgets(self) -> None:
        """Find the front under ever smaller budgets, of sets that leave out no more families."""
        budget = np.inf
        while True:  # ends: each budget is under the cost of a set found
            found = self.one_budget(budget)
            if not found:
                return
            dearest = max(cost for *_, cost in found)
            budget = dearest - max(_CLOSE, _tolerance(dearest))

    def one_budget(self, budget: float) -> list[_Point]:
        """Find the front of mean and worst under one budget."""
        course = _GoalSearch(self.resolved, self.watch)
        if np.isfinite(budget) and self.resolved.site_costs is not None:
            course.rows = course.rows.and_row(self.resolved.site_costs, -np.inf, budget)
        if not course.prepare():
            return []
        self.least = self.least or course
        if course.lost > self.least.lost + _tolerance(course.lost):
            return []
        part = course.rows_of(Goal.mean())
        found: list[_Point] = []
        rows: _SideRows = course.rows
        more: tuple[tuple[_GoalRows, float], ...] = ()
        while True:  # ends: each turn caps the worst-off a level lower, and levels are finite
            outcome = course.minimise(part, rows, more=more)
            if not outcome.complete or len(self.points) >= self.most:
                raise _Stop
            if not outcome.best.pool:
                return found
            if not course.same_means:
                self.sure = False
            columns = [int(c) for c in outcome.best.chosen]
            point = self._point(columns)
            found.append(point)
            self.points.append(point)
            steps = course.steps_below(point[2])
            if steps is None:
                return found
            rows, more = course.within(steps)
            course.start = None

    def _point(self, columns: list[int]) -> _Point:
        ids = tuple(self.resolved.site_ids[c] for c in columns)
        mean = _goal_value(self.resolved, Goal.mean(), columns)
        worst = _goal_value(self.resolved, Goal.worst(), columns)
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


_MOST_SETS = 5_000_000
_CELLS_AT_ONCE = 500_000


@dataclass(frozen=True, eq=False)
class SetRank:
    """Where a given set of sites stands among all sets of as many.

    Parameters
    ----------
    mean_minutes, worst_minutes : float
        Of the families that it serves; a set ranks after all that leave fewer out.
    by_demand : dict of str to float
        Mean minutes of each demand.
    best_mean_minutes, best_worst_minutes : float
        The least that any as many sites reach that leave fewest families out.
    sets : int
        How many sets of as many sites keep the rules.
    rank_mean, rank_worst : int or None
        1 is best; sets that are equal share the better rank. None where there are too many to
        list.
    within_rules : bool
        Whether the set itself keeps the rules.
    missed : float
        Share of all demand that it leaves out and the best of as many serves: means are of others.
    """

    chosen: tuple[str, ...]
    mean_minutes: float
    worst_minutes: float
    by_demand: Mapping[str, float]
    best_mean_minutes: float
    best_worst_minutes: float
    sets: int
    rank_mean: int | None
    rank_worst: int | None
    within_rules: bool
    missed: float = 0.0

    @property
    def mean_excess_minutes(self) -> float:
        """Minutes by which its mean is longer than the best."""
        return self.mean_minutes - self.best_mean_minutes

    @property
    def worst_excess_minutes(self) -> float:
        """Minutes by which its worst-off area is further than it need be."""
        return self.worst_minutes - self.best_worst_minutes


def _rank_of_set(problem: Problem, chosen: Sequence[str]) -> SetRank:
    """Rank a set of sites among all sets of as many that keep a problem's rules.

    Every set is listed and measured, so the rank is exact and owes nothing to the optimiser.
    """
    faults = _Faults("standing")
    everything = replace(problem, p=None, fewest=None, most=None, goals=Goal.mean())
    resolved = _resolve(everything)
    ids = _read_ids(chosen, resolved.site_ids, faults, "chosen")
    if not ids:
        faults.add("chosen", "none", "at least one site")
    faults.stop()
    columns = [resolved.site_ids.index(i) for i in ids]
    mean = _goal_value(resolved, Goal.mean(), columns)
    worst = _goal_value(resolved, Goal.worst(), columns)
    by_demand = {
        s.name: _goal_value(
            replace(resolved, services=(replace(s, share=1.0),)), Goal.mean(), columns
        )
        for s in resolved.services
    }
    k = len(columns)
    own_mean, own_worst, own_lost, own_out, keeps_rules = (
        values[0] for values in _measured(resolved, [np.array([columns])])
    )
    if math.comb(len(resolved.site_ids), k) > _MOST_SETS:
        least = least_worst = math.inf
        missed = 0.0
        if int(resolved.must.sum()) <= k <= int(resolved.may.sum()):
            asked = replace(problem, p=k, fewest=None, most=None)
            best = site(replace(asked, goals=Goal.mean()))
            least, least_worst = best.objective, site(replace(asked, goals=Goal.worst())).objective
            least_out = [resolved.site_ids.index(i) for i in best.chosen]
            found = [np.array([least_out], np.intp)] if least_out else []
            missed = own_out - float(_measured(resolved, found)[3][0]) if found else 0.0
        return SetRank(
            ids, mean, worst, by_demand, least, least_worst, 0, None, None, bool(keeps_rules),
            max(float(missed), 0.0),
        )  # fmt: skip
    means, worsts, lost, out, keeps = _every_set(resolved, k)
    means, worsts, lost, out = means[keeps], worsts[keeps], lost[keeps], out[keeps]
    fewest = lost <= lost.min(initial=np.inf) + _CLOSE
    fewest_out = float(out[fewest][means[fewest].argmin()]) if len(lost) else own_out
    before, alike = lost < own_lost - _CLOSE, np.abs(lost - own_lost) <= _CLOSE
    return SetRank(
        ids, mean, worst, by_demand,
        float(means[fewest].min(initial=np.inf)), float(worsts[fewest].min(initial=np.inf)),
        int(keeps.sum()),
        int(before.sum()) + _rank(means[alike], own_mean),
        int(before.sum()) + _rank(worsts[alike], own_worst), bool(keeps_rules),
        max(float(own_out - fewest_out), 0.0),
    )  # fmt: skip


def _rank(values: Floats, own: float) -> int:
    slack = 1e-9 * max(1.0, own) if np.isfinite(own) else 0.0
    return 1 + int((values < own - slack).sum())


def _every_set(resolved: _Resolved, k: int) -> tuple[Floats, Floats, Floats, Floats, Bools]:
    """Measure every set of k sites."""
    rows = sum(len(service.area_ids) for service in resolved.services)
    step = max(1, _CELLS_AT_ONCE // max(1, rows))
    return _measured(resolved, _blocks_of_sets(len(resolved.site_ids), k, step))


def _measured(
    resolved: _Resolved, blocks: Iterable[Ints]
) -> tuple[Floats, Floats, Floats, Floats, Bools]:
    """Give many sets' mean, worst, two shares left out, and whether they keep the rules.

    Means and worst are of the families that a set serves. The shares are of those whom some site
    serves, by which sets come in order, and of all.
    """
    stacked = _demand_rows(resolved)
    counted = stacked.active
    by_site = np.ascontiguousarray(stacked.minutes[counted].T)
    weights, of_all = stacked.mean[counted], stacked.part[counted]
    whole = bool(np.isfinite(by_site).all())
    rows = _join_rows(_count_rows(resolved), _reach_rows(resolved))
    means, worsts, lost, out, keeps = [], [], [], [], []
    for sets in blocks:
        nearest = by_site[sets[:, 0]]
        for slot in range(1, sets.shape[1]):
            np.minimum(nearest, by_site[sets[:, slot]], out=nearest)
        if whole:
            means.append(weighted_sums(nearest, weights))
            worsts.append(nearest.max(axis=1, initial=0.0))
            lost.append(np.zeros(len(sets)))
            out.append(np.zeros(len(sets)))
        else:
            near = [s.minutes[:, sets].min(axis=2) for s in resolved.services]
            every = [list(columns) for columns in sets]
            means.append(_goal_values(resolved, Goal.mean(), near, every))
            worsts.append(_goal_values(resolved, Goal.worst(), near, every))
            missed = (~np.isfinite(nearest)).astype(float)
            lost.append(weighted_sums(missed, weights))
            out.append(weighted_sums(missed, of_all))
        keeps.append(_keeps(resolved, rows, sets))
    left_out = np.concatenate(lost) / max(float(weights.sum()), 1e-300)
    left_of_all = np.concatenate(out) / max(float(stacked.part.sum()), 1e-300)
    return (
        np.concatenate(means), np.concatenate(worsts), left_out, left_of_all, np.concatenate(keeps)
    )  # fmt: skip


def _keeps(resolved: _Resolved, rows: _SideRows, sets: Ints) -> Bools:
    """Tell which sets keep the locks and rules."""
    inside = np.zeros((len(sets), len(resolved.site_ids)), bool)
    inside[np.arange(len(sets))[:, None], sets] = True
    good = inside[:, resolved.must].all(axis=1) & ~inside[:, ~resolved.may].any(axis=1)
    if len(rows):
        total = inside.astype(float) @ rows.matrix.T
        slack = 1e-9 * np.maximum(1.0, np.abs(total))
        good &= ((total >= rows.low - slack) & (total <= rows.high + slack)).all(axis=1)
    return np.asarray(good)
