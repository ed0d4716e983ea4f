"""Sites that are open on some weekdays, as a comparison tells of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from access.measure.distribution import weighted_mean
from access.measure.week import WEEKDAYS, expected_week
from access.network.matrix import TravelMatrix
from access.scenario.sites import Site
from access.text import listed, named

_WHEN = ("before", "after")


def is_part_week(days: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether a site of either side is known to be open on fewer than all weekdays."""
    return any(value < WEEKDAYS for side in days for value in side.values())


def week_columns(
    areas: pd.DataFrame,
    matrix: TravelMatrix,
    sides: Sequence[Sequence[str]],
    days: Sequence[Mapping[str, float]],
) -> pd.DataFrame:
    """Set the expected trip over a week beside the minutes on an open day."""
    out = areas.copy()
    for when, sites, known in zip(_WHEN, sides, days, strict=True):
        found = expected_week(matrix, sites, known)
        out[f"week_minutes_{when}"] = found.minutes
        out[f"share_of_weekdays_without_{when}"] = found.share_without
    return out


def week_summary(areas: pd.DataFrame) -> dict[str, float]:
    """Average the week over all families reached; none where every site is open all week."""
    if "week_minutes_before" not in areas:
        return {}
    count = areas["count"].to_numpy(float)
    before, after = (areas[f"week_minutes_{when}"].to_numpy(float) for when in _WHEN)
    both = np.isfinite(before) & np.isfinite(after)
    out = {
        "mean_week_minutes_before": weighted_mean(before, count),
        "mean_week_minutes_after": weighted_mean(after, count),
        "mean_week_minutes_change": weighted_mean(after[both] - before[both], count[both]),
    }
    for when in _WHEN:
        share = areas[f"share_of_weekdays_without_{when}"]
        out[f"share_of_weekdays_without_{when}"] = weighted_mean(share, count)
    return out


def status_words(before: Sequence[Site], after: Sequence[Site], names: Mapping[str, str]) -> str:
    """Say which sites stay open with another offer; empty where none does."""
    old = {site.id: site for site in before}
    said = []
    for site in sorted(after, key=lambda s: s.id):
        was = old.get(site.id)
        stays = was is not None and "closed" not in (site.status, was.status)
        if was and stays and (site.status, site.days) != (was.status, was.days):
            said.append(f"{named([site.id], names)[0]} to {offer_words(site)}")
    return listed(said) if said else ""


def offer_words(site: Site) -> str:
    """Say what a site offers: "outreach on 2 days a week"."""
    kind = {"full": "a full offer", "part_time": "part-time opening"}.get(site.status, site.status)
    return kind if site.days is None else f"{kind} on {site.days:g} days a week"


def status_notes(
    sites: Sequence[Site], names: Mapping[str, str], part_week: bool, opened: Collection[str]
) -> list[str]:
    """Say what is assumed of sites that are not open all week."""
    notes = []
    if part_week:
        notes.append(
            "minutes are those of a day on which the nearest site is open; the expected trip over "
            "the week takes a site to be open on its days a week out of five weekdays, whatever "
            "the others do, and the next nearest to be used on the other days; it is averaged "
            "over the weekdays on which one is open"
        )
    seen = {site.id: site for site in sites}.values()
    unknown = [
        site.id
        for site in seen
        if site.days is None
        and (site.status in ("part_time", "outreach") or site.id in opened)
        and site.status != "full"
    ]
    if unknown:
        notes.append(
            f"{listed(named(sorted(unknown), names))}: days not known: counted as open every "
            "weekday"
        )
    left = {s.id for s in seen if s.status == "deregistered"}
    for ids, words in (
        (left - set(opened), "counted as no offer"),
        (left & set(opened), "some services stay, counted as open"),
    ):
        if ids:
            notes.append(f"{listed(named(sorted(ids), names))}: deregistered, {words}")
    return notes
