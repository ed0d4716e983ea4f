"""More than one answer: near-optimal alternatives, the curve over the number of sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.siting.course import Stage
from access.siting.inputs import Faults, read_count, read_number
from access.siting.measuring import goal_value
from access.siting.problem import Problem
from access.siting.resolve import resolve
from access.siting.search import Progress, Stop
from access.siting.solution import Solution
from access.siting.solve import Run, watch_of
from access.siting.stages import meet_goal


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
    """

    table: pd.DataFrame
    complete: bool
    best: Solution

    @property
    def ties(self) -> int:
        """How many sets are exactly as good as the best, itself included."""
        return int((self.table["worse"] <= 1e-9).sum())


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
    faults = Faults("alternatives")
    count = read_count(count, 1, 10_000, faults, "count")
    within = read_number(within, faults, "within")
    faults.stop()
    resolved = resolve(problem)
    goals = resolved.goals
    if resolved.capacities is not None:
        raise ParameterError("alternatives are not listed for a problem with Capacity")
    if "worst" in goals[-1].kinds or not goals[-1].kinds - {"sites", "cost"}:
        raise ParameterError(
            f"sets cannot be listed by {goals[-1].words!r}, where very many are alike; "
            "put Goal.mean() after it as the last goal"
        )
    watch = watch_of(time_limit_s, progress, 0.0, seed)
    run = Run(problem, resolved, watch, seed=seed)
    stages: list[Stage] = []
    complete = False
    try:
        if not run.course.prepare():
            raise ParameterError(f"nothing keeps the rules. {run.infeasible().explanation}")
        for goal in goals[:-1]:
            stages.append(meet_goal(run.course, goal, last=False))
        stages.append(meet_goal(run.course, goals[-1], last=True, keep=count, within=within))
        complete = all(stage.complete for stage in stages)
    except (Stop, KeyboardInterrupt):
        pass
    best = run.finish(stages)
    pool = run.course.outcome.best.pool if len(stages) == len(goals) else []
    rows = []
    for _, chosen in pool:
        columns = list(chosen)
        row: dict[str, object] = {"chosen": tuple(resolved.site_ids[c] for c in columns)}
        row |= {goal.words: goal_value(resolved, goal, columns) for goal in goals}
        rows.append(row)
    table = pd.DataFrame(rows, columns=["chosen", *dict.fromkeys(g.words for g in goals)])
    last = table[goals[-1].words].astype(float)
    least = float(last.min()) if len(last) else 1.0
    table["worse"] = (last - least) / (abs(least) if least else 1.0)
    return Alternatives(table, complete, best)


@dataclass(frozen=True, eq=False)
class Curve:
    """The best answer for every number of sites.

    Parameters
    ----------
    solutions : dict of int to Solution
        Where a number cannot keep the rules its status says so; ask `site` for the reason.
    elbow : int or None
        Where another site stops paying as before: the number furthest below the straight line
        from the first to the last (Satopaa et al. 2011); None with fewer than three numbers.
    """

    solutions: dict[int, Solution]
    elbow: int | None

    def to_frame(self) -> pd.DataFrame:
        """Give the curve as a table.

        Returns
        -------
        DataFrame
            One row a number of sites: objective, bound, gap, status, chosen, every goal, and
            what the last site saved.
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
        table["saved"] = -table["objective"].diff()
        return table


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
        watch = watch_of(time_limit_s, progress, 0.0, seed)
        run = Run(asked, resolve(asked, "curve"), watch, seed=seed, explaining=False)
        solutions[int(p)] = run.answer()
    return Curve(solutions, elbow_of({p: s.objective for p, s in solutions.items()}))


def elbow_of(values: dict[int, float]) -> int | None:
    """Find where a falling curve bends most.

    Parameters
    ----------
    values : dict of int to float

    Returns
    -------
    int or None
        None with fewer than three finite values, or where no point lies below the straight line
        from the first to the last.

    Examples
    --------
    >>> elbow_of({1: 20.0, 2: 10.0, 3: 8.0, 4: 7.0})
    2
    """
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
