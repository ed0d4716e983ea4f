"""A problem with limited room as arrays, its plans, and what counting the room alone can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from access.siting.levels import within
from access.siting.model import Bools, Floats, Ints, SideRows, tolerance
from access.siting.resolved import Capacities, Resolved
from access.siting.stack import count_rows, join_rows, reach_rows


@dataclass(frozen=True, eq=False)
class Plan:
    """Open sites and who goes where.

    Parameters
    ----------
    value : float
        Weighted sum of minutes.
    chosen : ndarray of int
        Positions of the open sites.
    parts : ndarray, shape (areas, sites)
        Which part of each area goes to each site.
    """

    value: float
    chosen: Ints
    parts: Floats


@dataclass(frozen=True, eq=False)
class Shape:
    """The arrays of one capacitated problem.

    Parameters
    ----------
    cost : ndarray, shape (areas, sites)
        Weight times minutes; ``inf`` where an area may not go.
    uses : ndarray, shape (areas,)
        What each area takes up.
    room : ndarray, shape (sites,)
        What each site can take.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    rows : SideRows
        The rules on open sites.
    split : bool
        Whether an area may be shared among sites.
    """

    cost: Floats
    uses: Floats
    room: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: SideRows
    split: bool


def shape_of(resolved: Resolved, capacities: Capacities) -> Shape:
    """Make the arrays of a problem with capacities.

    Parameters
    ----------
    resolved : Resolved
    capacities : Capacities

    Returns
    -------
    Shape
    """
    service = resolved.services[0]
    room = capacities.room
    fits = capacities.split | (capacities.uses[:, None] <= room[None, :] * (1 + 1e-9))
    allowed = np.isfinite(service.minutes) & resolved.may[None, :] & fits
    # Full sites turn families away: a rule on minutes is kept where they go, not where is near.
    for rule in resolved.reaches:
        allowed[rule.areas] &= within(service.minutes[rule.areas], rule.caps[:, None])
    # Areas of no weight still take up room, at no cost.
    finite = np.where(np.isfinite(service.minutes), service.minutes, 0.0)
    cost = np.where(allowed, service.weights[:, None] * finite, np.inf)
    rows = join_rows(count_rows(resolved), reach_rows(resolved))
    return Shape(
        cost, capacities.uses, room, resolved.fewest, resolved.most,
        resolved.must, resolved.may, rows, capacities.split,
    )  # fmt: skip


def impossible(shape: Shape, resolved: Resolved) -> str:
    """Say plainly why nothing can work, where counting alone shows it.

    Parameters
    ----------
    shape : Shape
    resolved : Resolved

    Returns
    -------
    str
        Empty where counting shows nothing.
    """
    nowhere = np.flatnonzero(~np.isfinite(shape.cost).any(axis=1))
    if len(nowhere):
        ids = ", ".join(resolved.services[0].area_ids[i] for i in nowhere[:12])
        return f"no allowed site can be reached by, and has room for, area {ids}"
    best = np.sort(np.where(shape.must, np.inf, np.where(shape.may, shape.room, -1)))[::-1]
    best = best[np.isfinite(best) & (best >= 0)][: shape.most - int(shape.must.sum())]
    room = float(best.sum() + shape.room[shape.must].sum())
    need = float(shape.uses.sum())
    if room < need * (1 - 1e-9):
        more = np.sort(shape.room[shape.may])[::-1].cumsum()
        enough = np.flatnonzero(more >= need * (1 - 1e-9))
        text = f"the roomiest {shape.most} sites take {room:,.10g}, and {need:,.10g} is needed"
        if len(enough):
            text += f"; {enough[0] + 1} sites have the room"
        return text
    return ""


def cutoff_of(shape: Shape, plan: Plan) -> float:
    """Give the value that an answer must stay under to be better than a plan.

    Parameters
    ----------
    shape : Shape
    plan : Plan

    Returns
    -------
    float
    """
    finite = shape.cost[np.isfinite(shape.cost)]
    whole = not shape.split and bool((finite == np.rint(finite)).all())
    return plan.value - (1 - 1e-6 if whole else tolerance(plan.value))


def better_plan(one: Plan | None, other: Plan | None) -> Plan | None:
    """Give the better of two plans, either of which may be missing; of equals the first.

    Parameters
    ----------
    one, other : Plan or None

    Returns
    -------
    Plan or None
    """
    plans = [plan for plan in (one, other) if plan is not None]
    return min(plans, key=lambda plan: plan.value) if plans else None
