"""Compare travel before and after a change of sites, on one travel matrix."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError, ScenarioError
from access.measure.demand import align_demand
from access.measure.distribution import (
    CHANGE_CLASSES,
    TOLERANCE_MINUTES,
    change,
    change_class,
    describe,
    share_within,
    weighted_mean,
)
from access.measure.nearest import Nearest, nearest
from access.measure.weights import LSOAS_ENGLAND_2011, deprivation_weights
from access.network.matrix import TravelMatrix, positions
from access.scenario.flows import closed_table, moves_table, receiving_table
from access.scenario.impact import Impact, plain

#: Thresholds of public interest, adjustable; presets, not legal tests.
WITHIN_MINUTES = (10.0, 15.0, 20.0, 30.0)
WITHIN_METRES = {"2_miles": 3218.688, "2_5_km": 2500.0}
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


class NothingChangesWarning(UserWarning):
    """A scenario or a modification of it leaves everything as it was."""


def site_set(ids: Sequence[str] | object, matrix: TravelMatrix, name: str) -> tuple[str, ...]:
    """Read a set of open sites, given as ids or as anything with ``open_ids``.

    Parameters
    ----------
    ids : sequence of str, or a scenario
    matrix : TravelMatrix
        Whose sites they must be.
    name : str
        For messages.

    Returns
    -------
    tuple of str
        Sorted.

    Raises
    ------
    ParameterError
        If an id is unknown or twice.
    ScenarioError
        If there is none.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[1, 2]], area_ids=["a"], site_ids=["X", "Y"])
    >>> site_set(["Y", "X"], m, "before")
    ('X', 'Y')
    """
    ids = getattr(ids, "open_ids", ids)
    if isinstance(ids, str) or not hasattr(ids, "__iter__"):
        raise ParameterError(
            f"{name}={ids!r}; expected a list of site ids, such as ['CC01', 'CC02']"
        )
    listed = [str(i) for i in ids]
    twice = sorted({i for i in listed if listed.count(i) > 1})
    if twice:
        raise ParameterError(f"{name} names {twice} more than once; expected each site once")
    if not listed:
        raise ScenarioError(f"{name} holds no site: everything is closed; expected at least one")
    try:
        positions(matrix.site_ids, listed, "site")
    except ParameterError as error:
        raise ParameterError(f"{name}: {error.message}") from None
    return tuple(sorted(listed))


def compare(
    matrix: TravelMatrix,
    *,
    before: Sequence[str] | object,
    after: Sequence[str] | object,
    demand: pd.DataFrame,
    weights: str | None = None,
    lam: float = 1.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    within_minutes: Sequence[float] = WITHIN_MINUTES,
    tolerance_minutes: float = TOLERANCE_MINUTES,
    capacity: Mapping[str, float] | None = None,
    names: Mapping[str, str] | None = None,
    who: str = "families",
) -> Impact:
    """Measure what a change from one set of open sites to another does to travel.

    Parameters
    ----------
    matrix : TravelMatrix
        Minutes from every area to every site of either set.
    before, after : sequence of str, or Scenario
        Ids of the sites open; `after` may hold sites that `before` does not.
    demand : DataFrame
        One row an area: ``id count`` and, where known, ``imd_rank imd_decile ward ...``.
    weights : str, optional
        ``"none"``, ``"linear"``, ``"green_book"`` or a column of demand; by default linear
        where demand has ``imd_rank``, else none (said in the notes).
    lam, national_areas, median_income
        See `access.measure.deprivation_weights`.
    within_minutes : sequence of float
        Thresholds of the shares within; presets, not legal tests.
    tolerance_minutes : float
        A family is affected when its nearest time changes by more than this.
    capacity : mapping of str to float, optional
        Families that a site can serve; sites left out are not known.
    names : mapping of str to str, optional
        Site names for sentences and tables.
    who : str
        Whom the counts count, for sentences: ``"under-fives"``.

    Returns
    -------
    Impact

    Raises
    ------
    ParameterError
        If ids are unknown, demand does not match the areas, or weights cannot be made.
    ScenarioError
        If either set is empty.

    Warns
    -----
    NothingChangesWarning
        If both sets are the same.

    Notes
    -----
    Rules are those of `access.measure.distribution`. A change is averaged over the families
    reached both before and after; those newly unreachable are counted apart.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, 30]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    >>> impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> impact.summary["mean_minutes_before"], impact.summary["mean_minutes_after"]
    (6.0, 16.5)
    >>> impact.areas["change_class"].tolist()
    ['lose_5_10', 'lose_10_plus']
    """
    open_before = site_set(before, matrix, "before")
    open_after = site_set(after, matrix, "after")
    if open_before == open_after:
        warnings.warn(
            "before and after hold the same sites, so nothing changes; expected a difference",
            NothingChangesWarning,
            stacklevel=2,
        )
    if not (np.isfinite(tolerance_minutes) and tolerance_minutes >= 0):
        raise ParameterError(f"tolerance_minutes={tolerance_minutes!r}; expected 0 or more")
    aligned = align_demand(demand, matrix.area_ids)
    chosen = deprivation_weights(
        aligned, weights, lam=lam, national_areas=national_areas, median_income=median_income
    )
    old, new = nearest(matrix, open_before), nearest(matrix, open_after)
    areas = _areas(aligned, chosen.per_family, old, new, tolerance_minutes)
    names = dict(names or {})
    moves = moves_table(areas, names, tolerance_minutes)
    summary: dict[str, float | int | str | None] = {
        "mode": matrix.mode,
        "who": who,
        "weights": chosen.name,
        "lam": plain(lam) if chosen.name == "linear" else None,
        "sites_before": len(open_before),
        "sites_after": len(open_after),
        **{k: plain(v) for k, v in _figures(areas, within_minutes, tolerance_minutes).items()},
    }
    closed = closed_table(areas, moves, open_before, open_after, names)
    summary["displaced"] = float(closed["families"].sum())
    return Impact(
        areas=areas,
        summary=summary,
        closed_sites=closed,
        receiving_sites=receiving_table(areas, moves, open_after, names, capacity),
        moves=moves,
        demand=aligned,
        before=open_before,
        after=open_after,
        mode=matrix.mode,
        who=who,
        names=names,
        notes=(chosen.note, *_rules(tolerance_minutes), *matrix.assumptions),
        within_minutes=tuple(float(t) for t in within_minutes),
        tolerance_minutes=float(tolerance_minutes),
    )


def _rules(tolerance_minutes: float) -> tuple[str, ...]:
    return (
        f"affected: the nearest time changes by more than {tolerance_minutes:g} minutes",
        "means, quantiles and maxima are over the families reached; changes over those reached "
        "both before and after; the others are counted beside them",
        "quantiles: the least time that the given share of families does not exceed",
    )


def _areas(
    demand: pd.DataFrame,
    per_family: NDArray[np.float64],
    old: Nearest,
    new: Nearest,
    tolerance_minutes: float,
) -> pd.DataFrame:
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
    for column in GROUP_COLUMNS:
        if column in demand.columns:
            table[column] = demand[column].to_numpy()
    return table


def _figures(
    areas: pd.DataFrame, within_minutes: Sequence[float], tolerance_minutes: float
) -> dict[str, float | int]:
    count, weight = areas["count"].to_numpy(float), areas["weight"].to_numpy(float)
    minutes = {when: areas[f"minutes_{when}"].to_numpy(float) for when in ("before", "after")}
    changes = areas["change_minutes"].to_numpy(float)
    classes = areas["change_class"].to_numpy(dtype=object)
    out: dict[str, float | int] = {
        "areas": len(areas),
        "areas_without_families": int((count == 0).sum()),
        "families": count.sum(),
        "weighted_families": weight.sum(),
    }
    for when, values in minutes.items():
        out[f"reached_{when}"] = count[np.isfinite(values)].sum()
        out[f"not_reached_{when}"] = count[~np.isfinite(values)].sum()
    longer = changes > tolerance_minutes
    affected = np.abs(np.nan_to_num(changes)) > tolerance_minutes
    out["affected"] = count[affected].sum()
    out["affected_weighted"] = weight[affected].sum()
    out["lengthened"] = count[longer].sum()
    out |= {name: count[classes == name].sum() for name in CHANGE_CLASSES}
    out |= {f"weighted_{name}": weight[classes == name].sum() for name in CHANGE_CLASSES}
    for when, values in {**minutes, "change": changes}.items():
        out |= {f"{k}_minutes_{when}": v for k, v in describe(values, count).items()}
        weighted = describe(values, weight)
        out |= {f"weighted_{k}_minutes_{when}": weighted[k] for k in ("mean", "median", "p90")}
    out["mean_minutes_change_affected"] = weighted_mean(changes[affected], count[affected])
    out["mean_minutes_change_lengthened"] = weighted_mean(changes[longer], count[longer])
    for when, values in minutes.items():
        for limit in within_minutes:
            out[f"share_within_{limit:g}_min_{when}"] = share_within(values, count, limit)
            out[f"weighted_share_within_{limit:g}_min_{when}"] = share_within(values, weight, limit)
        metres = areas[f"metres_{when}"].to_numpy(float)
        for name, limit in WITHIN_METRES.items():
            out[f"share_within_{name}_{when}"] = share_within(metres, count, limit)
        second = areas[f"second_minutes_{when}"].to_numpy(float)
        out[f"mean_second_minutes_{when}"] = weighted_mean(second, count)
        out[f"second_reached_{when}"] = count[np.isfinite(second)].sum()
    return out
