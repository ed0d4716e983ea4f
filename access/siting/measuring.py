"""What a goal comes to for open sites, worked out from the cost tables alone.

None of the solver's code is used, so that its answers can be held against these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from access.siting.levels import within
from access.siting.model import Floats
from access.siting.problem import Goal
from access.siting.resolved import Resolved, Service


def goal_value(resolved: Resolved, goal: Goal, columns: Sequence[int]) -> float:
    """Work out a goal from the cost tables for a set of open columns.

    Families that no open site can reach count in the measures beyond a threshold, and are left
    out of sums, means and the worst (which are over the families that are served).

    Parameters
    ----------
    resolved : Resolved
    goal : Goal
    columns : sequence of int
        Positions of the open sites, at least one.

    Returns
    -------
    float
        In the goal's own unit.

    Examples
    --------
    >>> from access.siting.problem import Demand, Problem
    >>> from access.siting.resolve import resolve
    >>> asked = resolve(Problem(Demand([[1, 9], [9, 1], [4, 5]]), p=1))
    >>> goal_value(asked, Goal.total(), [0]), goal_value(asked, Goal.worst(), [0, 1])
    (14.0, 4.0)
    """
    nearest = [service.minutes[:, columns].min(axis=1)[:, None] for service in resolved.services]
    return float(goal_values(resolved, goal, nearest, [list(columns)])[0])


def goal_values(
    resolved: Resolved, goal: Goal, nearest: list[Floats], sets: list[list[int]]
) -> Floats:
    """Work out a goal for several sets at once, from each service's (areas, sets) minutes.

    Parameters
    ----------
    resolved : Resolved
    goal : Goal
    nearest : list of ndarray, shape (areas, sets)
        For each service, every area's minutes to the nearest open site of every set.
    sets : list of list of int
        Positions of the open sites.

    Returns
    -------
    ndarray, shape (sets,)
    """
    value = np.zeros(len(sets))
    for kind, minutes, factor in goal.parts:
        if kind == "sites":
            value += factor * np.array([len(s) for s in sets])
        elif kind == "cost" and resolved.site_costs is not None:
            value += factor * np.array([resolved.site_costs[s].sum() for s in sets])
        elif kind == "worst":
            parts = [_worst(s, t) for s, t in zip(resolved.services, nearest, strict=True)]
            value += factor * np.max(parts, axis=0)
        elif kind != "cost":
            for service, table in zip(resolved.services, nearest, strict=True):
                alone = len(resolved.services) == 1
                value += factor * _of(service, kind, minutes, table, alone)
    return value


def _worst(service: Service, nearest: Floats) -> Floats:
    if service.share <= 0:
        return np.zeros(nearest.shape[1])
    counted = nearest[service.weights > 0]
    worst: Floats = np.where(np.isfinite(counted), counted, 0.0).max(axis=0, initial=0.0)
    return worst


def _of(service: Service, kind: str, minutes: float | None, nearest: Floats, alone: bool) -> Floats:
    weights = service.weights
    share = 1.0 if alone else service.share
    everyone = max(float(weights.sum()), 1e-300)
    if minutes is not None:
        far: Floats = weights @ ~within(nearest, minutes)
        return share * far if kind == "left_out" else share * far / everyone
    served = np.isfinite(nearest)
    total: Floats = weights @ np.where(served, nearest, 0.0)
    if kind == "total":
        return share * total
    return share * total / np.maximum(weights @ served, 1e-300)
