"""The table of areas before and after, and every figure of its summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.measure.distribution import (
    CHANGE_CLASSES,
    change,
    change_class,
    describe,
    share_within,
    weighted_mean,
)
from access.measure.nearest import Nearest

Floats = NDArray[np.float64]

#: Thresholds of public interest, adjustable; presets, not legal tests.
WITHIN_MINUTES = (10.0, 15.0, 20.0, 30.0)
WITHIN_METRES: Mapping[str, float] = {"2 miles": 3218.688, "2.5 km": 2500.0}
GROUP_COLUMNS = (
    "lsoa",
    "ward",
    "locality",
    "imd_rank",
    "imd_decile",
    "idaci_rank",
    "idaci_decile",
    "p_no_car",
)


def area_table(
    demand: pd.DataFrame,
    per_family: Floats,
    old: Nearest,
    new: Nearest,
    tolerance_minutes: float,
    days: Sequence[Mapping[str, float]] = ({}, {}),
) -> pd.DataFrame:
    """Set every area's nearest sites before and after side by side.

    Parameters
    ----------
    demand : DataFrame
        Aligned.
    per_family : ndarray, shape (areas,)
        Deprivation weight of one family.
    old, new : Nearest
    tolerance_minutes : float
    days : pair of mapping
        Days a week by site, before and after; columns ``days_before days_after`` where any
        is known.

    Returns
    -------
    DataFrame
        `Impact.areas`.
    """
    changes = change(old.minutes, new.minutes)
    count = demand["count"].to_numpy(float)
    table = pd.DataFrame(
        {
            "id": demand.index.to_numpy(dtype=object),
            "count": count,
            "weight": count * per_family,
            "nearest_before": old.site,
            "minutes_before": old.minutes,
            "nearest_after": new.site,
            "minutes_after": new.minutes,
            "change_minutes": changes,
            "second_before": old.second_site,
            "second_minutes_before": old.second_minutes,
            "second_after": new.second_site,
            "second_minutes_after": new.second_minutes,
            "metres_before": old.metres,
            "metres_after": new.metres,
            "status_before": old.status,
            "status_after": new.status,
            "change_class": change_class(changes, tolerance_minutes),
        }
    )
    if any(days):
        for name, sites, known in zip(("before", "after"), (old.site, new.site), days, strict=True):
            table[f"days_{name}"] = [known.get(site, np.nan) for site in sites]
    for column in GROUP_COLUMNS:
        if column in demand.columns:
            table[column] = demand[column].to_numpy()
    return table


def figure_key(label: str) -> str:
    """Write a distance's label as part of a figure's name: ``"2.5 km"`` is ``2_5_km``."""
    return re.sub(r"\W+", "_", label.strip().lower()).strip("_")


def figures(
    areas: pd.DataFrame,
    within_minutes: Sequence[float],
    tolerance_minutes: float,
    within_metres: Mapping[str, float] = WITHIN_METRES,
) -> dict[str, float | int]:
    """Sum up the table of areas.

    Parameters
    ----------
    areas : DataFrame
        `Impact.areas`.
    within_minutes : sequence of float
    tolerance_minutes : float
    within_metres : mapping of str to float
        Metres along the network by label.

    Returns
    -------
    dict
        Stable names to numbers; ``nan`` where a figure does not exist. ``lengthened`` counts
        those who still reach a site and take longer (the three ``lose_*`` classes), so that
        ``gain + unchanged + lengthened + newly_unreachable + newly_reached + unreached_both``
        are all families, and all but ``unchanged`` and ``unreached_both`` are ``affected``.
    """
    count, weight = areas["count"].to_numpy(float), areas["weight"].to_numpy(float)
    changes = areas["change_minutes"].to_numpy(float)
    classes = areas["change_class"].to_numpy(dtype=object)
    # those who lose every site have no minutes: they are newly_unreachable and nowhere else
    longer = (changes > tolerance_minutes) & np.isfinite(changes)
    affected = np.abs(np.nan_to_num(changes)) > tolerance_minutes
    out: dict[str, float | int] = {
        "areas": len(areas),
        "areas_without_families": int((count == 0).sum()),
        "families": count.sum(),
        "weighted_families": weight.sum(),
    }
    for when in ("before", "after"):
        reached = np.isfinite(areas[f"minutes_{when}"].to_numpy(float))
        out[f"reached_{when}"] = count[reached].sum()
        out[f"not_reached_{when}"] = count[~reached].sum()
    out["affected"] = count[affected].sum()
    out["affected_weighted"] = weight[affected].sum()
    out["lengthened"] = count[longer].sum()
    out |= {name: count[classes == name].sum() for name in CHANGE_CLASSES}
    out |= {f"weighted_{name}": weight[classes == name].sum() for name in CHANGE_CLASSES}
    for when, column in (
        ("before", "minutes_before"),
        ("after", "minutes_after"),
        ("change", "change_minutes"),
    ):
        values = areas[column].to_numpy(float)
        out |= {f"{k}_minutes_{when}": v for k, v in describe(values, count).items()}
        weighted = describe(values, weight)
        out |= {f"weighted_{k}_minutes_{when}": weighted[k] for k in ("mean", "median", "p90")}
    out["mean_minutes_change_affected"] = weighted_mean(changes[affected], count[affected])
    out["mean_minutes_change_lengthened"] = weighted_mean(changes[longer], count[longer])
    for when in ("before", "after"):
        out |= _within(areas, when, within_minutes, within_metres)
    out |= _days(areas)
    return out


def _within(
    areas: pd.DataFrame,
    when: str,
    within_minutes: Sequence[float],
    within_metres: Mapping[str, float],
) -> dict[str, float | int]:
    """Shares within thresholds, and the second nearest."""
    count, weight = areas["count"].to_numpy(float), areas["weight"].to_numpy(float)
    minutes = areas[f"minutes_{when}"].to_numpy(float)
    metres = areas[f"metres_{when}"].to_numpy(float)
    second = areas[f"second_minutes_{when}"].to_numpy(float)
    out: dict[str, float | int] = {}
    for limit in within_minutes:
        out[f"share_within_{limit:g}_min_{when}"] = share_within(minutes, count, limit)
        out[f"weighted_share_within_{limit:g}_min_{when}"] = share_within(minutes, weight, limit)
    for label, limit in within_metres.items():
        name = figure_key(label)
        out[f"share_within_{name}_{when}"] = share_within(metres, count, limit)
        out[f"weighted_share_within_{name}_{when}"] = share_within(metres, weight, limit)
    out[f"mean_second_minutes_{when}"] = weighted_mean(second, count)
    out[f"second_reached_{when}"] = count[np.isfinite(second)].sum()
    return out


def _days(areas: pd.DataFrame) -> dict[str, float | int]:
    """Days a week of the nearest site, where they are known."""
    names = ("mean_days_before", "mean_days_after", "fewer_days")
    if "days_before" not in areas.columns:
        return dict.fromkeys(names, np.nan)
    count = areas["count"].to_numpy(float)
    before, after = (areas[f"days_{w}"].to_numpy(float) for w in ("before", "after"))
    fewer = count[after < before].sum()
    return dict(
        zip(names, (weighted_mean(before, count), weighted_mean(after, count), fewer), strict=True)
    )
