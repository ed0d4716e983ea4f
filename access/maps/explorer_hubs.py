"""Hubs in the explorer's page: where they could go, plans side by side, and the rules of a rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.hub_plans import DEPRIVED, HubsForPage, PlanForPage
from access.analysis.results import HubPlan
from access.siting.plans import Standing


def _encode_hubs(
    hubs: HubsForPage | None,
    area_ids: Sequence[str],
    where: Mapping[str, int],
    counts: Callable[[NDArray[np.float64]], list[Any]],
    pack: Callable[[NDArray[np.float64]], Any],
) -> dict[str, Any] | None:
    """Pack hubs; sites are numbers among the page's, people in the page's order of areas.

    None where there are none, or where a site is not in the page. `counts` pools small counts
    where they are not open; `pack` packs minutes.
    """
    if hubs is None or not set(hubs.site_ids) <= set(where):
        return None
    rows = pd.Index(hubs.area_ids).get_indexer(pd.Index(area_ids))
    sites = [where[i] for i in hubs.site_ids]
    places = np.array(sites)
    return {
        "mode": hubs.mode,
        "sites": sites,
        "localities": list(hubs.localities),
        "offers": [
            {"title": o.title, "ages": o.ages, "share": o.share, "people": counts(o.people[rows])}
            for o in hubs.offers
        ],
        "must": places[hubs.must].tolist(),
        "may": places[hubs.may].tolist(),
        "sums": [
            {
                "amounts": {str(sites[k]): float(amounts[k]) for k in np.flatnonzero(amounts)},
                "low": low if np.isfinite(low) else None,
                "high": high if np.isfinite(high) else None,
            }
            for amounts, low, high in hubs.sums
        ],
        "rule": [
            {"name": rule.name, "sites": [where[i] for i in rule.sites], "least": rule.count}
            for rule in hubs.locality_rule
        ],
        "reach": list(hubs.reach_minutes),
        "deprived": None if hubs.deprived is None else np.flatnonzero(hubs.deprived[rows]).tolist(),
        "plans": [
            _plan(plan, hubs.labels, where)
            | ({} if plan.measured is None else _measured(plan.measured, hubs, rows, pack))
            for plan in hubs.plans
        ],
        "fixed": hubs.by_the_minute,
        "source": hubs.source,
    }  # fmt: skip


def _measured(
    plan: HubPlan,
    hubs: HubsForPage,
    rows: NDArray[np.intp],
    pack: Callable[[NDArray[np.float64]], Any],
) -> dict[str, Any]:
    """Give a plan as the study measured it; minutes that offers share stand once."""
    figures, ways = plan.figures, [plan.near[offer.key] for offer in hubs.offers]
    distinct: list[NDArray[np.float64]] = []
    at = []
    for way in ways:
        held = [k for k, other in enumerate(distinct) if np.array_equal(way, other)]
        at.append(held[0] if held else len(distinct))
        if not held:
            distinct.append(way)
    return {
        "figures": {
            "joint": _known(figures.joint),
            "deprived": _known(figures.by_group.get(DEPRIVED, np.nan)),
            "worst": _known(figures.worst_minutes),
            "reach": list(figures.reach.values()),
        },
        "standing": {"ruled": _standing(plan.standing), "freely": _standing(plan.freely)},
        "near": [pack(way[rows, None]) for way in distinct],
        "near_of": at,
    }


def _standing(found: Standing | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"inside": found.within_rules, "sets": found.sets, "ranks": dict(found.rank)}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plan(plan: PlanForPage, labels: Mapping[str, str], where: Mapping[str, int]) -> dict[str, Any]:
    kind = plan.key.split("_")[0]
    return {
        "key": plan.key,
        "kind": kind if kind in ("among", "size", "asked") else plan.key,
        "label": labels.get(plan.key, ""),
        "title": plan.title,
        "rule": plan.rule,
        "sites": sorted(where[i] for i in plan.chosen),
    }
