"""Having areas within so many minutes, one short call each: most demand with p, all with fewest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from access.siting.inputs import Faults, listed
from access.siting.problem import Demand, Goal, Problem, problem_of_p
from access.siting.rules import Rule, Within
from access.siting.search import Progress
from access.siting.solution import Solution
from access.siting.solve import site

__all__ = ["max_cover", "set_cover"]


def max_cover(
    costs: Any,
    p: int,
    minutes: float,
    *,
    weights: Any = None,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
    rules: Iterable[Rule] = (),
    gap: float = 0.0,
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Choose p sites so that the most demand is within so many minutes of one.

    Parameters
    ----------
    costs, p, weights, locked_open, locked_closed, time_limit_s, seed, rules, gap, progress
        As for `p_median`.
    minutes : float
        The threshold; exactly on it counts as within.

    Returns
    -------
    Solution
        `objective` is the demand covered; `bound` lies above it (`sense` is ``"max"``). Areas
        beyond the threshold are still assigned to their nearest open site.

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Source: Church and ReVelle 1974.

    Examples
    --------
    >>> max_cover([[1, 9], [9, 1], [8, 2]], 1, 5, weights=[10, 4, 4]).objective
    10.0
    """
    problem = problem_of_p(
        Demand(costs, weights),
        p,
        goal=Goal.left_out(minutes),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=rules,
    )
    answer = site(problem, time_limit_s=time_limit_s, seed=seed, gap=gap, progress=progress)
    if answer.status == "infeasible":
        return replace(answer, objective=0.0, bound=0.0, sense="max")
    covered, ceiling = answer.demand - answer.objective, answer.demand - answer.bound
    distance = 0.0 if ceiling == covered else (ceiling - covered) / max(abs(ceiling), 1e-300)
    return replace(answer, objective=covered, bound=ceiling, gap=distance, sense="max")


def set_cover(
    costs: Any,
    minutes: float,
    *,
    weights: Any = None,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
    rules: Iterable[Rule] = (),
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Find the fewest sites that have every area within so many minutes.

    Parameters
    ----------
    costs, locked_open, locked_closed, time_limit_s, seed, rules, progress
        As for `p_median`.
    minutes : float
        The threshold; exactly on it counts as within.
    weights : Series, mapping, array_like or None
        Only says who counts: an area of weight 0 need not be covered.

    Returns
    -------
    Solution
        `objective` is the number of sites. Where some area has no site within the threshold
        the status is ``"infeasible"``, and `explanation` names the areas and the least
        threshold that works.

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Source: Toregas et al. 1971.

    Examples
    --------
    >>> set_cover([[1, 9, 4], [9, 1, 4], [8, 2, 3]], 4).chosen
    ('2',)
    """
    faults = Faults("site")
    wanted = listed(rules, faults, "rules")
    faults.stop()
    problem = Problem(
        Demand(costs, weights),
        goals=Goal.sites(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=(Within(minutes), *wanted),
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, progress=progress)
