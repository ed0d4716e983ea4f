"""Hubs in the explorer's page: where they could go, plans side by side, and the rules of a rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.hub_plans import HubsForPage, PlanForPage


def _encode_hubs(
    hubs: HubsForPage | None,
    area_ids: Sequence[str],
    where: Mapping[str, int],
    counts: Callable[[NDArray[np.float64]], list[Any]],
) -> dict[str, Any] | None:
    """Pack hubs; sites are numbers among the page's, people in the page's order of areas.

    None where there are none, or where a site is not in the page. `counts` pools small counts
    where they are not open.
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
        "plans": [_plan(plan, hubs.labels, where) for plan in hubs.plans],
        "source": hubs.source,
    }  # fmt: skip


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
