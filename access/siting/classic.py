"""The classic problems, one short call each: p-median, p-centre, covers, and with capacities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from access.siting.problem import (
    Capacity,
    Demand,
    Goal,
    Problem,
    Rule,
    Within,
    _Faults,
    _listed_values,
    _problem_of_p,
)
from access.siting.search import Progress
from access.siting.solution import Solution
from access.siting.solve import site

__all__ = ["capacitated_p_median", "p_centre", "p_median"]


def p_median(
    costs: Any,
    p: int,
    *,
    weights: Any = None,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
    must_serve_all: bool = False,
    rules: Iterable[Rule] = (),
    gap: float = 0.0,
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Choose p sites so that the weighted sum of minutes is least (the p-median).

    Parameters
    ----------
    costs : DataFrame, array_like or TravelMatrix, shape (areas, sites)
        Minutes, 0 or more; ``inf`` where a site cannot be reached. Ids are the DataFrame's
        index and columns, as text; positions ("0", "1", ...) for an array.
    p : int
        How many sites are open, locked ones included.
    weights : Series, mapping, array_like or None
        Families by area; 1 each when None.
    locked_open, locked_closed : iterable of str
        Sites that must, or may not, be open.
    time_limit_s : float, optional
        Stop after so many seconds: the best answer, its bound and its honest gap are given.
    seed : int
        Of the random roundings; it may decide between answers that are equally good, nothing
        else. The same seed gives the same answer.
    must_serve_all : bool
        Whether an answer that leaves an area without any reachable site is refused. If not, as
        much demand as possible is served first, minutes are those of the served, and the areas
        left out are named in `Solution.unserved`.
    rules : iterable of Rule
        Further rules, as for `site`.
    gap : float
        Stop once proven within this share of the best.
    progress : callable, optional
        Called with `Progress`; returning ``False`` stops.

    Returns
    -------
    Solution
        `objective` is the sum of weight x minutes over served areas.

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Notes
    -----
    Exact: fast interchange, Lagrangian bound, Benders cuts, branch and cut (see
    `access.siting.branch_and_cut`). "proven_optimal" is only said when the bound
    meets the objective.

    Examples
    --------
    >>> best = p_median([[1, 9, 4], [9, 1, 4], [8, 2, 3]], 1)
    >>> best.chosen, best.objective, best.status
    (('2',), 11.0, 'proven_optimal')
    """
    problem = _problem_of_p(
        Demand(costs, weights),
        p,
        goal=Goal.total(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=rules,
        serve_all=must_serve_all,
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, gap=gap, progress=progress)


def p_centre(
    costs: Any,
    p: int,
    *,
    weights: Any = None,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
    must_serve_all: bool = False,
    rules: Iterable[Rule] = (),
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Choose p sites so that the worst-off area is as near as can be (the p-centre).

    Among answers equally good for the worst-off, one with a low mean is given.

    Parameters
    ----------
    costs, p, locked_open, locked_closed, time_limit_s, seed, must_serve_all, rules, progress
        As for `p_median`.
    weights : Series, mapping, array_like or None
        Only says who counts: an area of weight 0 has nobody in it and is left out. Minutes are
        not multiplied by it.

    Returns
    -------
    Solution
        `objective` is the greatest minutes of any area that counts.

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Examples
    --------
    >>> p_centre([[1, 9, 4], [9, 1, 4], [8, 2, 3]], 1).objective
    4.0
    """
    problem = _problem_of_p(
        Demand(costs, weights),
        p,
        goal=Goal.worst(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=rules,
        serve_all=must_serve_all,
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, progress=progress)


def capacitated_p_median(
    costs: Any,
    p: int,
    capacities: Any,
    *,
    weights: Any = None,
    demands: Any = None,
    split: bool = False,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
    rules: Iterable[Rule] = (),
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Choose p sites and send areas to them without filling any site past its capacity.

    Parameters
    ----------
    costs, p, locked_open, locked_closed, time_limit_s, seed, rules, progress
        As for `p_median`; a rule on minutes holds for the site that an area is sent to.
    capacities : Series, mapping, array_like or float
        By site, in the unit of `demands`.
    weights : Series, mapping, array_like or None
        What a minute of each area counts; 1 each when None.
    demands : Series, mapping, array_like or None
        What each area takes up of a site's capacity; its weight when None.
    split : bool
        Whether an area may be shared among sites. If not, each goes whole to one.

    Returns
    -------
    Solution
        `assignment` is each area's (main) site, `shares` every (area, site) part.

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Examples
    --------
    >>> best = capacitated_p_median([[1, 9], [1, 9], [1, 9]], 2, 2)
    >>> best.objective, best.status
    (11.0, 'proven_optimal')
    """
    faults = _Faults("site")
    wanted = _listed_values(rules, faults, "rules")
    faults.stop()
    problem = _problem_of_p(
        Demand(costs, weights),
        p,
        goal=Goal.total(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=(*wanted, Capacity(capacities, demands, split)),
        serve_all=True,
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, progress=progress)


_all_covers = ["max_cover", "set_cover"]


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
    problem = _problem_of_p(
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
    faults = _Faults("site")
    wanted = _listed_values(rules, faults, "rules")
    faults.stop()
    problem = Problem(
        Demand(costs, weights),
        goals=Goal.sites(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=(Within(minutes), *wanted),
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, progress=progress)
