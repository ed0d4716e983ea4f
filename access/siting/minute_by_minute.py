"""A hub search told minute by minute: what is nearest changes with when one sets out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

import numpy as np
import pandas as pd

from access.measure.distribution import weighted_mean
from access.siting.alternatives import Alternatives, Curve, Front, SetRank, _elbow_of
from access.siting.plans import USUAL_MINUTES, HubField, figures_of
from access.siting.search import Floats
from access.siting.solution import Solution

_Least = Callable[[int], tuple[str, ...] | None]
"""The best set of so many, where every set was measured minute by minute."""
_Solved = Callable[[tuple[str, ...]], Solution]

HOW_CHOSEN = (
    "Minutes change with when one sets out. The figures count the quickest of the chosen places at "
    "every minute of the window, and then the percentile. Where all sets can be listed the best is "
    'proven by these; where they cannot ("proven for each place\'s own usual minutes"), the '
    "proof is for trips to whichever place is usually nearest, and the set may not be the best "
    "minute by minute."
)


class Found(TypedDict):
    """What a hub search found, by the names that it has there."""

    curve: Curve
    best: Solution
    best_worst: Solution
    near_best: Alternatives
    front: Front
    council: SetRank | None


def minute_by_minute(
    found: Found, field: HubField, least: _Least, solved: _Solved, *, listed: bool
) -> Found:
    """Tell every set of a search by its minutes at every time of setting out.

    Parameters
    ----------
    found : Found
        By each site's own minutes; where every set was listed, its near-best and trade-offs are
        told minute by minute already.
    field : HubField
    least : callable
    solved : callable
        Gives a set as a solution.
    listed : bool
        Whether every set of as many as were asked for was measured.
    """
    sets = {}
    for p, solution in found["curve"].solutions.items():
        ids = least(p)
        sets[p] = _told(field, solution if ids is None else solved(ids), proven=ids is not None)
    curve = Curve(sets, _elbow_of({p: s.objective for p, s in sets.items()}))
    best = sets.get(len(found["best"].chosen)) or _told(field, found["best"], proven=listed)
    near, front, council = found["near_best"], found["front"], found["council"]
    if not listed:
        near, front = _near(field, near), _front(field, front)
        first = near.table["chosen"].iloc[0] if len(near.table) else best.chosen
        if set(first) != set(best.chosen):
            best = _told(field, solved(first), proven=False)
            curve.solutions[len(first)] = best
    if council is not None and not (listed and len(council.chosen) == len(best.chosen)):
        council = _unranked(field, council, curve.solutions.get(len(council.chosen)))
    worst = _told(field, found["best_worst"], proven=listed, worst=True)
    return Found(
        curve=curve, best=best, best_worst=worst, near_best=replace(near, best=best), front=front,
        council=council,
    )  # fmt: skip


def _told(field: HubField, solution: Solution, *, proven: bool, worst: bool = False) -> Solution:
    """Give a set with its own figure and minutes, and what is proven of these."""
    if not solution.chosen:
        return solution
    near = field.near(solution.chosen)
    used = near[(field.weights > 0) & np.isfinite(near)]
    value = float(used.max(initial=0.0)) if worst else weighted_mean(near, field.weights)
    usual = solution.status == "proven_optimal"
    status = "proven_optimal" if proven else USUAL_MINUTES if usual else "feasible"
    each = np.concatenate([near[field.rows(offer)] for offer in field.offers])
    minutes = solution.minutes
    for rows in (near, each):
        if len(rows) == len(minutes):
            minutes = pd.Series(rows, minutes.index, name=minutes.name)
            break
    return replace(
        solution, objective=value, bound=value if proven else -math.inf,
        gap=0.0 if proven else math.inf, status=status, minutes=minutes, goals=(), checks=(),
    )  # fmt: skip


def _near(field: HubField, near: Alternatives) -> Alternatives:
    """Order near-best sets by their minutes at every time of setting out."""
    table = near.table
    if table.empty:
        return near
    means = np.array([field.values(ids)["mean"] for ids in table["chosen"]])
    least = float(means.min())
    table = table.assign(**{"mean minutes": means}, worse=(means - least) / (least or 1.0))
    table = table.sort_values("worse", kind="stable").reset_index(drop=True)
    return replace(near, table=table, complete=False)


def _front(field: HubField, front: Front) -> Front:
    """Keep the trade-offs that no other beats, minute by minute."""
    table = front.table
    if table.empty:
        return front
    values = [field.values(ids) for ids in table["chosen"]]
    table = table.assign(
        mean_minutes=[v["mean"] for v in values], worst_minutes=[v["worst"] for v in values]
    )
    columns = [c for c in ("mean_minutes", "worst_minutes", "cost") if c in table]
    marks = table[columns].to_numpy(float)
    kept = [not _beaten(mark, marks) for mark in marks]
    table = table[kept].sort_values(columns, kind="stable").reset_index(drop=True)
    return replace(front, table=table, complete=False)


def _beaten(mark: Floats, others: Floats) -> bool:
    no_worse = (others <= mark + 1e-9).all(axis=1)
    return bool((no_worse & (others < mark - 1e-9).any(axis=1)).any())


def _unranked(field: HubField, council: SetRank, best: Solution | None) -> SetRank:
    """Set the council's own beside the best of as many that was found: it has no place."""
    values = field.values(council.chosen)
    means = figures_of(field.near(council.chosen), field.offers, {}, ()).by_offer
    found = values if best is None else field.values(best.chosen)
    return replace(
        council, mean_minutes=values["mean"], worst_minutes=values["worst"],
        by_demand={o.title: means[o.key] for o in field.offers},
        best_mean_minutes=min(found["mean"], values["mean"]),
        best_worst_minutes=min(found["worst"], values["worst"]),
        sets=0, rank_mean=None, rank_worst=None,
    )  # fmt: skip
