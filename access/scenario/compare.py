"""Compare travel before and after a change of sites, on one travel matrix."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import (
    a,
    array,
    by_id,
    checked,
    ids,
    number,
    open_sites,
    optional,
    table,
    text,
    whole,
)
from access.errors import ParameterError, ScenarioError
from access.measure.demand import align_demand, deprivation_weights
from access.measure.distribution import (
    CHANGE_CLASSES,
    TOLERANCE_MINUTES,
    Nearest,
    change,
    change_class,
    describe,
    nearest,
    share_within,
    weighted_mean,
)
from access.measure.trips import WEEKDAYS, expected_week
from access.network.matrix import TravelMatrix, positions
from access.scenario.impact import (
    Impact,
    _closed_table,
    _moves,
    _moves_table,
    _plain,
    _receiving_table,
)
from access.scenario.sites import NothingChangesWarning, Site
from access.text import limit_words, listed, named
from access.units import LSOAS_ENGLAND_2011

_WHEN = ("before", "after")


def _is_part_week(days: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether a site of either side is known to be open on fewer than all weekdays."""
    return any(value < WEEKDAYS for side in days for value in side.values())


def _week_columns(
    matrices: Sequence[TravelMatrix],
    sides: Sequence[Sequence[str]],
    days: Sequence[Mapping[str, float]],
) -> dict[str, NDArray[Any]]:
    """Give the expected trip over a week, to stand beside the minutes on an open day."""
    out: dict[str, NDArray[Any]] = {}
    for when, matrix, sites, known in zip(_WHEN, matrices, sides, days, strict=True):
        found = expected_week(matrix, sites, known)
        out[f"week_minutes_{when}"] = found.minutes
        out[f"share_of_weekdays_without_{when}"] = found.share_without
    return out


def _week_summary(areas: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """Average the week over all families reached; none where every site is open all week."""
    if "week_minutes_before" not in areas:
        return {}
    count = areas["count"]
    before, after = (areas[f"week_minutes_{when}"] for when in _WHEN)
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


def _status_words(before: Sequence[Site], after: Sequence[Site], names: Mapping[str, str]) -> str:
    """Say which sites stay open with another offer; empty where none does."""
    old = {site.id: site for site in before}
    said = []
    for site in sorted(after, key=lambda s: s.id):
        was = old.get(site.id)
        stays = was is not None and "closed" not in (site.status, was.status)
        if was and stays and (site.status, site.days) != (was.status, was.days):
            said.append(f"{named([site.id], names)[0]} to {_offer_words(site)}")
    return listed(said) if said else ""


def _offer_words(site: Site) -> str:
    """Say what a site offers: "outreach on 2 days a week"."""
    kind = {"full": "a full offer", "part_time": "part-time opening"}.get(site.status, site.status)
    if site.days is None:
        return kind
    return f"{kind} on {site.days:g} day{'' if site.days == 1 else 's'} a week"


def _status_notes(
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
    for those, words in (
        (left - set(opened), "counted as no offer"),
        (left & set(opened), "some services stay, counted as open"),
    ):
        if those:
            notes.append(f"{listed(named(sorted(those), names))}: deregistered, {words}")
    return notes


_Floats = NDArray[np.float64]

#: Thresholds of public interest, adjustable; presets, not legal tests.
_WITHIN_MINUTES = (10.0, 15.0, 20.0, 30.0)
_WITHIN_METRES: Mapping[str, float] = {"2 miles": 3218.688, "2.5 km": 2500.0}
_GROUP_COLUMNS = (
    "lsoa",
    "ward",
    "locality",
    "imd_rank",
    "imd_decile",
    "idaci_rank",
    "idaci_decile",
    "p_no_car",
)


def _area_columns(
    demand: pd.DataFrame,
    per_family: _Floats,
    old: Nearest,
    new: Nearest,
    tolerance_minutes: float,
    days: Sequence[Mapping[str, float]] = ({}, {}),
) -> dict[str, NDArray[Any]]:
    """Set every area's nearest sites before and after side by side.

    As arrays, of which a table is made once: to look a column up in it, or add one, takes longer
    than to sum it up.
    """
    changes = change(old.minutes, new.minutes)
    count = demand["count"].to_numpy(float)
    columns = {
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
    if any(days):
        for when, sites, known in zip(_WHEN, (old.site, new.site), days, strict=True):
            columns[f"days_{when}"] = np.array([known.get(site, np.nan) for site in sites])
    return columns | {c: demand[c].to_numpy() for c in _GROUP_COLUMNS if c in demand.columns}


def figure_key(label: str) -> str:
    """Write a distance's label as part of a figure's name: ``"2.5 km"`` is ``2_5_km``."""
    return re.sub(r"\W+", "_", label.strip().lower()).strip("_")


def _check_names(within_minutes: Sequence[float], within_metres: Mapping[str, float]) -> None:
    """Refuse thresholds of which one would stand under the other's name."""
    for name, keys in (
        ("within_minutes", [f"{limit:g}" for limit in dict.fromkeys(within_minutes)]),
        ("within_metres", [figure_key(label) for label in within_metres]),
    ):
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ParameterError(
                f"{name} has twice what its figures would call {', '.join(twice)}; expected each "
                "threshold once, with a name of its own"
            )


def _figures(
    columns: Mapping[str, NDArray[Any]],
    within_minutes: Sequence[float],
    tolerance_minutes: float,
    within_metres: Mapping[str, float] = _WITHIN_METRES,
) -> dict[str, float | int]:
    """Sum up the table of areas."""
    count, weight = columns["count"], columns["weight"]
    changes, classes = columns["change_minutes"], columns["change_class"]
    # those who lose every site have no minutes: they are newly_unreachable and nowhere else
    longer = (changes > tolerance_minutes) & np.isfinite(changes)
    affected = np.abs(np.nan_to_num(changes)) > tolerance_minutes
    out: dict[str, float | int] = {
        "areas": len(count),
        "areas_without_families": int((count == 0).sum()),
        "families": count.sum(),
        "weighted_families": weight.sum(),
    }
    for when in ("before", "after"):
        reached = np.isfinite(columns[f"minutes_{when}"])
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
        values = columns[column]
        out |= {f"{k}_minutes_{when}": v for k, v in describe(values, count).items()}
        weighted = describe(values, weight)
        out |= {f"weighted_{k}_minutes_{when}": weighted[k] for k in ("mean", "median", "p90")}
    out["mean_minutes_change_affected"] = weighted_mean(changes[affected], count[affected])
    out["mean_minutes_change_lengthened"] = weighted_mean(changes[longer], count[longer])
    for when in ("before", "after"):
        out |= _within(columns, when, within_minutes, within_metres)
    out |= _days(columns)
    out |= _week_summary(columns)
    return out


def _within(
    columns: Mapping[str, NDArray[Any]],
    when: str,
    within_minutes: Sequence[float],
    within_metres: Mapping[str, float],
) -> dict[str, float | int]:
    """Shares within thresholds, and the second nearest."""
    count, weight = columns["count"], columns["weight"]
    minutes, metres = columns[f"minutes_{when}"], columns[f"metres_{when}"]
    second = columns[f"second_minutes_{when}"]
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


def _days(areas: Mapping[str, NDArray[Any]]) -> dict[str, float | int]:
    """Days a week of the nearest site; where some are known, the others are all weekdays."""
    names = ("mean_days_before", "mean_days_after", "fewer_days")
    if "days_before" not in areas:
        return dict.fromkeys(names, np.nan)
    count = areas["count"]
    told = [areas[f"days_{when}"].astype(float) for when in _WHEN]
    before, after = (
        np.where(np.isnan(days) & (areas[f"nearest_{when}"] != ""), WEEKDAYS, days)
        for when, days in zip(_WHEN, told, strict=True)
    )
    fewer = count[told[1] < before].sum()
    return dict(
        zip(names, (weighted_mean(before, count), weighted_mean(after, count), fewer), strict=True)
    )


def _site_set(ids: Sequence[str] | object, matrix: TravelMatrix, name: str) -> tuple[str, ...]:
    """Read a set of open sites, given as ids or as anything with ``open_ids``."""
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


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    before=optional(open_sites),
    after=open_sites,
    demand=table(),
    weights=optional(text),
    lam=number(0, 1000),
    national_areas=whole(2),
    median_income=optional(number(0, above=True)),
    within_minutes=array(unknown=False),
    within_metres=by_id(number(0)),
    tolerance_minutes=number(0),
    neighbours=ids,
    capacity=optional(by_id()),
    names=optional(by_id(text)),
    who=text,
    matrix_after=optional(a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives")),
)
def compare(
    matrix: TravelMatrix,
    *,
    before: Sequence[str] | object | None = None,
    after: Sequence[str] | object,
    demand: pd.DataFrame,
    weights: str | None = None,
    lam: float = 1.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    within_minutes: Sequence[float] = _WITHIN_MINUTES,
    within_metres: Mapping[str, float] = _WITHIN_METRES,
    tolerance_minutes: float = TOLERANCE_MINUTES,
    neighbours: Sequence[str] = (),
    capacity: Mapping[str, float] | None = None,
    names: Mapping[str, str] | None = None,
    who: str = "families",
    matrix_after: TravelMatrix | None = None,
) -> Impact:
    """Measure what a change from one set of open sites to another does to travel.

    Parameters
    ----------
    matrix : TravelMatrix
        Minutes from every area to every site of either set.
    before, after : sequence of str, Baseline or Scenario
        Ids of the sites open; `after` may hold sites that `before` does not. Where `after` is
        a scenario, `before` is its baseline unless told otherwise, and names, capacities and
        days a week are taken from them.
    demand : DataFrame
        One row an area: ``id count`` and, where known, ``imd_rank imd_decile ward ...``.
    weights : str, optional
        ``"none"``, ``"linear"``, ``"green_book"`` or a column of demand; by default linear
        where demand has ``imd_rank``, else none (said in the notes).
    lam, national_areas, median_income
        See `access.measure.deprivation_weights`.
    within_minutes : sequence of float
        Thresholds of the shares within; presets, not legal tests.
    within_metres : mapping of str to float
        Metres along the network, by the words that name them (``{"2 miles": 3218.688}``).
    tolerance_minutes : float
        A family is affected when its nearest time changes by more than this.
    neighbours : sequence of str
        Sites of the matrix open before and after that are not the council's: families may
        use them, but they are neither closed nor opened here.
    capacity : mapping of str to float, optional
        Families that a site can serve; sites left out are not known.
    names : mapping of str to str, optional
        Site names for sentences and tables.
    who : str
        Whom the counts count, for sentences: ``"under-fives"``.
    matrix_after : TravelMatrix, optional
        Minutes after the change, where travel itself changes too: buses are cut, say. Of the same
        areas and mode as `matrix`, which is before.

    Returns
    -------
    Impact

    Raises
    ------
    ParameterError
        If ids are unknown, demand does not match the areas, weights cannot be made, or two
        thresholds would be one figure by name.
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
    _check_names(within_minutes, within_metres)
    sides = _sides_of(matrix, before, after, neighbours, names)
    later = matrix if matrix_after is None else matrix_after.areas(matrix.area_ids)
    if later.mode != matrix.mode:
        raise ParameterError(
            f"matrix_after is of mode {later.mode!r}; expected {matrix.mode!r}, as before"
        )
    if sides.alike and matrix_after is None:
        warnings.warn(
            "before and after hold the same sites, so nothing changes; expected a difference",
            NothingChangesWarning,
            stacklevel=2,
        )
    aligned = align_demand(demand, matrix.area_ids)
    chosen = deprivation_weights(
        aligned, weights, lam=lam, national_areas=national_areas, median_income=median_income
    )
    here = nearest(matrix, sides.open[0]), nearest(later, sides.open[1])
    columns = _area_columns(aligned, chosen.per_family, *here, tolerance_minutes, sides.days)
    part_week = _is_part_week(sides.days)
    if part_week:
        columns |= _week_columns((matrix, later), sides.open, sides.days)
    moves = _moves(columns, sides.names, tolerance_minutes)
    closed = _closed_table(columns, moves, *sides.open, sides.names)
    measured = _figures(columns, within_minutes, tolerance_minutes, within_metres)
    summary: dict[str, float | int | str | None] = {
        "mode": matrix.mode,
        "who": who,
        "weights": chosen.name,
        "lam": _plain(lam) if chosen.name == "linear" else None,
        "sites_before": len(sides.open[0]),
        "sites_after": len(sides.open[1]),
        **{k: _plain(v) for k, v in measured.items()},
        "displaced": float(closed["families"].sum()),
        **sides.nearest_is_neighbours(columns),
    }
    told = dict.fromkeys((*matrix.assumptions, *later.assumptions))
    notes = [chosen.note, *_rules(tolerance_minutes), *told, *sides.notes(part_week)]
    capacity = getattr(after, "capacities", None) if capacity is None else capacity
    return Impact(
        areas=pd.DataFrame(columns),
        summary=summary,
        closed_sites=closed,
        receiving_sites=_receiving_table(columns, moves, sides.open[1], sides.names, capacity),
        moves=_moves_table(moves),
        demand=aligned,
        before=sides.open[0],
        after=sides.open[1],
        mode=matrix.mode,
        who=who,
        names=sides.names,
        altered=sides.altered,
        notes=tuple(notes),
        within_minutes=tuple(float(t) for t in within_minutes),
        within_metres=dict(within_metres),
        tolerance_minutes=float(tolerance_minutes),
        _without=None
        if later.minute_by_minute is None
        else partial(_least_without, later, sides.open[1]),
    )


def _least_without(matrix: TravelMatrix, open_sites: Sequence[str], closed: str) -> _Floats:
    """Give minutes to the nearest of the sites that are left when one more closes."""
    left = [site for site in open_sites if site != closed]
    return matrix.least(left) if left else np.full(matrix.shape[0], np.inf)


@dataclass(frozen=True)
class _Sides:
    """What is open before and after, as it was told; of each pair the first is before.

    Parameters
    ----------
    open : pair of tuple of str
        Ids, those of neighbours among them.
    days : pair of dict
        Days a week that sites are open, where they are known.
    sites : pair of tuple of Site
        Where a scenario was given.
    names : dict of str to str
    neighbours : tuple of str
    """

    open: tuple[tuple[str, ...], tuple[str, ...]]
    days: tuple[Mapping[str, float], Mapping[str, float]]
    sites: tuple[tuple[Site, ...], tuple[Site, ...]]
    names: Mapping[str, str]
    neighbours: tuple[str, ...]

    @cached_property
    def altered(self) -> str:
        """Which sites stay open with another offer, in words."""
        held, after = self.sites
        stay = {*self.open[0]} & {*self.open[1]}
        return _status_words(held, [s for s in after if s.id in stay], self.names)

    @property
    def alike(self) -> bool:
        """Whether nothing changes from before to after."""
        return self.open[0] == self.open[1] and self.days[0] == self.days[1] and not self.altered

    def nearest_is_neighbours(self, areas: Mapping[str, NDArray[Any]]) -> dict[str, float]:
        """Count for whom a neighbour's site is nearest, before and after."""
        if not self.neighbours:
            return {}
        near = {when: np.isin(areas[f"nearest_{when}"], self.neighbours) for when in _WHEN}
        return {
            f"nearest_is_neighbours_{when}": float(areas["count"][there].sum())
            for when, there in near.items()
        }

    def notes(self, part_week: bool) -> list[str]:
        """Say what is told of the sites' states, and which are neighbours'."""
        listed = [site for sites, ids in zip(self.sites, self.open, strict=True) for site in sites
                  if site.id in ids or site.status == "deregistered"]  # fmt: skip
        notes = [*_status_notes(listed, self.names, part_week, self.open[1])]
        if self.neighbours:
            told = ", ".join(self.neighbours)
            notes.append(f"neighbouring sites that count before and after: {told}")
        return notes


def _sides_of(
    matrix: TravelMatrix, before: Any, after: Any, neighbours: Sequence[str],
    names: Mapping[str, str] | None,
) -> _Sides:  # fmt: skip
    """Read what is open before and after; what a scenario changes from is its baseline."""
    if before is None:
        before = getattr(after, "baseline", None)
    if before is None:
        raise ParameterError("before is missing; expected the ids of the sites open before")
    others = _site_set(neighbours, matrix, "neighbours") if len(neighbours) else ()
    old, new = (
        tuple(sorted({*_site_set(ids, matrix, name), *others}))
        for ids, name in ((before, "before"), (after, "after"))
    )
    known: dict[str, tuple[Any, Any]] = {
        name: (getattr(before, name, None) or blank, getattr(after, name, None) or blank)
        for name, blank in (("days", {}), ("sites", ()), ("names", {}))
    }
    called = {**known["names"][0], **known["names"][1], **(names or {})}
    return _Sides((old, new), known["days"], known["sites"], called, others)


def _rules(tolerance_minutes: float) -> tuple[str, ...]:
    return (
        f"affected: the nearest time changes by more than {limit_words(tolerance_minutes)}",
        "means, quantiles and maxima are over the families reached; changes over those reached "
        "both before and after; the others are counted beside them",
        "quantiles: the least time that the given share of families does not exceed",
    )
