"""Who goes where when some sites are open, whom none reaches, and the answer that opens nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.siting.model import Ints
from access.siting.problem import Problem
from access.siting.resolved import Resolved
from access.siting.search import Watch
from access.siting.solution import Explanation, Solution, peak_memory_mb


def blank(
    problem: Problem,
    resolved: Resolved,
    watch: Watch,
    status: str,
    note: str,
    explanation: Explanation | None = None,
) -> Solution:
    """Make the answer that opens nothing: infeasible, or nothing found in time.

    Parameters
    ----------
    problem : Problem
    resolved : Resolved
    watch : Watch
    status : str
        ``"infeasible"`` or ``"feasible"``.
    note : str
    explanation : Explanation, optional

    Returns
    -------
    Solution
    """
    ids = resolved.services[0].area_ids
    index = pd.Index(ids, dtype=object, name="area_id")
    worst = float("inf")
    return Solution(
        status=status, objective=worst, bound=worst if status == "infeasible" else -worst,
        gap=worst, chosen=(),
        assignment=pd.Series([None] * len(ids), index=index, dtype=object, name="site_id"),
        minutes=pd.Series(worst, index=index, name="minutes"),
        method="rules alone" if status == "infeasible" else "stopped", nodes=watch.nodes,
        unserved=tuple(ids), unserved_weight=whole_demand(resolved), demand=whole_demand(resolved),
        explanation=explanation, note=note, problem=problem,
        seconds=watch.seconds(), peak_memory_mb=peak_memory_mb(),
    )  # fmt: skip


def assign(resolved: Resolved, chosen: Ints) -> tuple[pd.Series, pd.Series]:
    """Send every area to its nearest open site, ties to the earlier column.

    Parameters
    ----------
    resolved : Resolved
    chosen : ndarray of int
        Positions of the open sites.

    Returns
    -------
    tuple of Series
        Site ids (None where unserved) and minutes, by area.
    """
    columns = np.sort(chosen)
    names = np.array(resolved.site_ids, dtype=object)[columns]
    parts = []
    for service in resolved.services:
        table = service.minutes[:, columns]
        first = table.argmin(axis=1)
        minutes = table[np.arange(len(table)), first]
        sites = np.where(np.isfinite(minutes), names[first], None)
        index = pd.Index(service.area_ids, dtype=object, name="area_id")
        parts.append(
            (
                pd.Series(sites, index=index, dtype=object, name="site_id"),
                pd.Series(minutes, index=index, name="minutes"),
            )
        )
    first_sites, first_minutes = parts[0]
    alike = all(
        sites.index.equals(first_sites.index) and minutes.equals(first_minutes)
        for sites, minutes in parts
    )
    if alike:
        return first_sites, first_minutes
    keys = [service.name for service in resolved.services]
    joined = [
        pd.concat([part[k] for part in parts], keys=keys, names=["demand", "area_id"])
        for k in (0, 1)
    ]
    return joined[0], joined[1]


def unserved_by(resolved: Resolved, chosen: Ints) -> tuple[tuple[str, ...], float]:
    """Name the areas that no open site can reach.

    Parameters
    ----------
    resolved : Resolved
    chosen : ndarray of int
        Positions of the open sites.

    Returns
    -------
    tuple of (tuple of str, float)
        Their ids, and their demand over all services.
    """
    names: dict[str, None] = {}
    weight = 0.0
    for service in resolved.services:
        left = ~np.isfinite(service.minutes[:, chosen].min(axis=1))
        names.update(dict.fromkeys(service.area_ids[i] for i in np.flatnonzero(left)))
        weight += float(service.weights[left].sum())
    return tuple(names), weight


def whole_demand(resolved: Resolved) -> float:
    """Give the demand of all services, served or not.

    Parameters
    ----------
    resolved : Resolved

    Returns
    -------
    float
    """
    return float(sum(service.weights.sum() for service in resolved.services))
