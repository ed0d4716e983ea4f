"""Choosing p sites by minutes, one short call each: p-median, p-centre, and with capacities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from access.siting.inputs import Faults, listed
from access.siting.problem import Demand, Goal, problem_of_p
from access.siting.rules import Capacity, Rule
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
    `access.siting.core`). "proven_optimal" is only said when the bound meets the objective.

    Examples
    --------
    >>> best = p_median([[1, 9, 4], [9, 1, 4], [8, 2, 3]], 1)
    >>> best.chosen, best.objective, best.status
    (('2',), 11.0, 'proven_optimal')
    """
    problem = problem_of_p(
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
    problem = problem_of_p(
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
    faults = Faults("site")
    wanted = listed(rules, faults, "rules")
    faults.stop()
    problem = problem_of_p(
        Demand(costs, weights),
        p,
        goal=Goal.total(),
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=(*wanted, Capacity(capacities, demands, split)),
        serve_all=True,
    )
    return site(problem, time_limit_s=time_limit_s, seed=seed, progress=progress)
