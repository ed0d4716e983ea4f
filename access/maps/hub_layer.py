"""Family Hubs on the planner's map: the best sites, and the council's own."""

from __future__ import annotations

import folium

from access.escape import template_text
from access.maps.style import CATEGORICAL, INK
from access.results import StudyResults

KEY = "Star: one of the best hubs. Diamond: the council's own hub."
_POINTS = "13,2 16,10 24,10 17.5,15 20,23 13,18 6,23 8.5,15 2,10 10,10"


def hub_layer(results: StudyResults) -> folium.FeatureGroup | None:
    """Mark the best hubs for as many as the council's own, and those.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    folium.FeatureGroup or None
        None where hubs were not asked for. Not shown until it is chosen.
    """
    answer = results.hubs
    if answer is None:
        return None
    found = answer.plain
    best = set(found.best.chosen)
    own = set(found.council.chosen) if found.council is not None else set()
    proof = "proven best" if found.best.status == "proven_optimal" else "best found"
    title = f"Family Hubs: the {proof} {len(best)}" + (" and the council's own" if own else "")
    layer = folium.FeatureGroup(name=template_text(title), show=False)
    for site in answer.candidates.to_dict("records"):
        roles = [r for r, s in ((f"one of the {proof} {len(best)}", best),
                                ("the council's own", own)) if site["id"] in s]  # fmt: skip
        if not roles:
            continue
        words = [
            template_text(site["name"]),
            *roles,
            *(["assumed stand-in"] if site["assumed"] else []),
        ]
        icon = folium.DivIcon(
            html=_symbol(site["id"] in best), icon_size=(26, 26), icon_anchor=(13, 13)
        )
        folium.Marker(
            [site["lat"], site["lon"]],
            icon=icon,
            tooltip="<br>".join(words),
            alt=template_text(site["name"]),
        ).add_to(layer)
    return layer


def _symbol(is_best: bool) -> str:
    """A star for a best site, a diamond for the council's: told apart without colour."""
    points = _POINTS if is_best else "13,2 24,13 13,24 2,13"
    colour = CATEGORICAL[2] if is_best else CATEGORICAL[3]
    return (
        f"<svg width='26' height='26' role='img'><polygon points='{points}' fill='{colour}' "
        f"stroke='{INK}' stroke-width='1.5'/></svg>"
    )
