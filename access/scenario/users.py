"""Who is affected and who comes: equality groups, observed use, and take-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import a, by_id, checked, ids, optional, refuse, table
from access.display import frame_cells, html_answer, records
from access.errors import Fault, ParameterError
from access.measure.demand import by_area, fail, numbers
from access.measure.distribution import TOLERANCE_MINUTES, weighted_mean
from access.measure.trips import TAKE_UP_WARNING, TakeUp
from access.network.matrix import TravelMatrix, positions
from access.scenario.impact import Impact
from access.study.config import Group
from access.text import (
    Claim,
    Said,
    about,
    figure,
    is_missing,
    listed,
    minutes_words,
    named,
    percent,
    sentence,
    share_figure,
)

# Impact by equality group: each group's change beside everyone else's, with the warning.

ECOLOGICAL_WARNING = (
    "These figures set the change of an area beside how many of a group live in it. They do not "
    "show who travels: an association between areas must not be read as one between "
    "people (ecological fallacy). They count residents, not users of the service."
)


@dataclass(frozen=True, eq=False)
class Equality:
    """Impact by equality group.

    Parameters
    ----------
    table : DataFrame
        One row a group: ``group people share_of_base mean_minutes_before mean_minutes_after
        mean_minutes_change others_mean_minutes_change ratio_to_others share_lengthened
        others_share_lengthened`` (who still reach a site) ``share_newly_unreachable
        others_share_newly_unreachable newly_unreachable``.
    warning : str
        To stand beside the table wherever it goes.
    notes : tuple of str
        Groups left out, and why.
    left_out : tuple of str
        Labels of the groups left out.
    """

    table: pd.DataFrame
    warning: str = ECOLOGICAL_WARNING
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def sentence(self) -> Said:
        """Say where the trip grows most, set against everyone else's there.

        Returns
        -------
        Said
            With what it claims as data.
        """
        known = [
            row
            for row in records(self.table)
            if not is_missing(row["mean_minutes_change"])
            and not is_missing(row["others_mean_minutes_change"])
        ]
        if not known:
            return Said("No group's areas can be compared with everyone else's.")
        row = max(known, key=lambda row: float(row["mean_minutes_change"]))  # the first of equals
        group, own = str(row["group"]), float(row["mean_minutes_change"])
        others, ratio = float(row["others_mean_minutes_change"]), float(row["ratio_to_others"])
        claims = [Claim(f"group_rise:{group}", "largest", (own,)),
                  Claim(f"others_rise:{group}", "is", (others,))]  # fmt: skip
        if own <= 0:
            text = "The trip grows on average where none of these groups live"
            return Said(f"{text}.", [*claims, Claim("group_rise", "none", (own,))])
        text = (
            f"The trip grows most where {group} live: by {minutes_words(own)} on average, against "
            f"{minutes_words(others)} for everyone else"
        )
        if others > 0 and np.isfinite(ratio):
            claims.append(Claim(f"group_ratio:{group}", "is", (ratio,)))
            text += f" ({figure(ratio, 2)} times)"
        return Said(f"{text}.", claims)

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.table.to_string(index=False)}\n{self.warning}"

    def _repr_html_(self) -> str:
        head, rows = frame_cells(self.table)
        return html_answer(self.sentence(), head, rows, warning=self.warning)


def _given_groups(value: Any, name: str) -> Any:
    """Read groups: as the study declares them, or a column and its whole by label."""
    expected = "groups as a study has them, or {'Disabled people': ('disabled', 'residents')}"
    if isinstance(value, Mapping):
        if not all(isinstance(v, tuple | list) and len(v) == 2 for v in value.values()):
            raise refuse(name, value, expected)
        return value
    if not isinstance(value, list | tuple) or not all(hasattr(g, "columns") for g in value):
        raise refuse(name, value, expected)
    return value


@checked(
    impact=a(Impact, expected="an Impact, such as access.compare gives"),
    groups=_given_groups,
)
def equality(impact: Impact, groups: Sequence[Group] | Mapping[str, tuple[str, str]]) -> Equality:
    """Set each equality group's change beside everyone else's.

    Parameters
    ----------
    impact : Impact
        Made with a demand table that holds the groups' counts.
    groups : sequence of Group, or mapping of str to (column, base column)
        Those of a study are ``study.groups``; or label to columns of demand, of which a column
        that starts with ``not `` counts the others.

    Returns
    -------
    Equality

    Raises
    ------
    ParameterError
        If there is no group, or a column is missing, holds no counts, or counts more than its
        base.

    Examples
    --------
    >>> from access.network.matrix import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [5, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [9, 9], "people": [90, 90],
    ...                        "disabled": [60, 30]})
    >>> change = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> table = equality(change, {"disabled people": ("disabled", "people")}).table
    >>> table["mean_minutes_change"].round(2).item(), table["ratio_to_others"].round(2).item()
    (7.33, 1.57)
    """
    chosen, left_out = _chosen(impact.demand, groups)
    notes = [f"{label} left out: not counted by area" for label in left_out]
    rows, faults = [], []
    for group in chosen:
        inside, base, wrong = group_counts(impact.demand, group)
        faults += wrong
        if not wrong:
            rows.append(_row(impact, group.label, inside, base - inside))
    fail("equality groups cannot be counted", faults)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return Equality(table=table, notes=tuple(notes), left_out=tuple(left_out))


_COLUMNS = [
    "group",
    "people",
    "share_of_base",
    "mean_minutes_before",
    "mean_minutes_after",
    "mean_minutes_change",
    "others_mean_minutes_change",
    "ratio_to_others",
    "share_lengthened",
    "others_share_lengthened",
    "share_newly_unreachable",
    "others_share_newly_unreachable",
    "newly_unreachable",
]


def _chosen(
    demand: pd.DataFrame, groups: Sequence[Group] | Mapping[str, tuple[str, str]]
) -> tuple[list[Group], list[str]]:
    """Give the groups to count, and the labels of those that nothing counts."""
    listed = _groups(groups) if isinstance(groups, Mapping) else list(groups)
    chosen = [group for group in listed if group.columns]
    missing = sorted({name for group in chosen for name in group.columns} - set(demand.columns))
    if missing:
        raise ParameterError(
            f"demand has no columns {missing} to count equality groups by; found "
            f"{list(map(str, demand.columns))}"
        )
    if not chosen:
        raise ParameterError(
            "no equality group to count; expected groups with a column and its denominator, as "
            "[[groups]] of study.toml declares them"
        )
    return chosen, [group.label for group in listed if not group.columns]


def _groups(groups: Mapping[str, tuple[str, str]]) -> list[Group]:
    return [
        Group.model_construct(
            label=label, column=column.removeprefix("not "), denominator=base,
            others=column.startswith("not "),
        )
        for label, (column, base) in groups.items()
    ]  # fmt: skip


def group_counts(demand: pd.DataFrame, group: Group) -> tuple[np.ndarray, np.ndarray, list[Fault]]:
    """Give how many of a group live in each area and of how many, with every fault in them."""
    expected = "a count of 0 or more"
    part, whole = group.columns
    inside, faults = numbers(demand, part, low=0, high=np.inf, expected=expected, what="demand")
    base, more = numbers(demand, whole, low=0, high=np.inf, expected=expected, what="demand")
    faults += more
    if group.other_date and not faults:
        base = np.maximum(base, inside)
    faults += [
        Fault(
            "demand",
            str(demand.index[i]),
            part,
            f"{inside[i]:g}",
            f"at most the {base[i]:g} of {whole}",
        )
        for i in np.flatnonzero(inside > base + 1e-9).tolist()
    ]
    inside = np.minimum(inside, base)  # float noise leaves no fewer than nobody
    return (base - inside if group.others else inside), base, faults


def _row(impact: Impact, label: str, inside: np.ndarray, outside: np.ndarray) -> list[object]:
    change = impact.areas["change_minutes"].to_numpy(float)
    own, others = weighted_mean(change, inside), weighted_mean(change, outside)
    lost = np.isposinf(change)
    longer = (change > impact.tolerance_minutes) & ~lost
    base = inside.sum() + outside.sum()
    return [
        label,
        inside.sum(),
        inside.sum() / base if base > 0 else np.nan,
        weighted_mean(impact.areas["minutes_before"], inside),
        weighted_mean(impact.areas["minutes_after"], inside),
        own,
        others,
        own / others if abs(others) > 1e-12 else np.nan,
        _share(inside, longer),
        _share(outside, longer),
        _share(inside, lost),
        _share(outside, lost),
        inside[lost].sum(),
    ]


def _share(count: np.ndarray, chosen: np.ndarray) -> float:
    total = count.sum()
    return float(count[chosen].sum() / total) if total > 0 else float("nan")


# ------------------------------------------------------------------------------
# Observed use beside nearest allocation. Kept apart from travel facts.


@dataclass(frozen=True, eq=False)
class Attendance:
    """Observed use set beside nearest allocation.

    Parameters
    ----------
    sites : DataFrame
        One row a site attended or nearest to anyone: ``site name nearest_families attendances
        share_of_attendances attended_as_nearest mean_minutes_travelled closing shut``. What was
        attended and is shut today has no shares.
    pairs : DataFrame
        ``area site attendances minutes nearest nearest_minutes extra_minutes``.
    summary : dict
        Plain numbers.
    notes : tuple of str
    """

    sites: pd.DataFrame
    pairs: pd.DataFrame
    summary: dict[str, float | None]
    notes: tuple[str, ...] = ()

    def sentence(self) -> Said:
        """Say how far people use their nearest site.

        Returns
        -------
        Said
            With what it claims as data.
        """
        share = float(self.summary["share_at_nearest"] or 0)
        claims = [Claim("attended_nearest", "is", (share,))]
        text = f"{percent(share)} of the attendances are at the site nearest to those who attend"
        extra = self.summary["mean_extra_minutes"]
        if extra is not None:
            claims.append(Claim("attended_extra", "is", (extra,)))
            than = "less" if extra < 0 else "more"
            text += f"; on average they travel {minutes_words(abs(extra))} {than} than to that one"
        closing = self.summary["attendances_at_closing"]
        if closing is not None:
            claims.append(Claim("attended_closing", "is" if closing else "none", (closing,)))
            many = about(closing) if closing else "no"
            text += f"; {many} attendances are at sites that close"
        return Said(sentence(text), claims)

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.sites.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_answer(self.sentence(), *frame_cells(self.sites))


@checked(
    impact=a(Impact, expected="an Impact, such as access.compare gives"),
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    attendance=table(),
    area_of=optional(by_id()),
    shut=ids,
)
def attendance_beside_nearest(
    impact: Impact,
    matrix: TravelMatrix,
    attendance: pd.DataFrame,
    *,
    area_of: Mapping[str, str] | None = None,
    shut: Iterable[str] = (),
) -> Attendance:
    """Set observed attendance beside the nearest-site allocation of the baseline.

    Parameters
    ----------
    impact : Impact
        Whose ``before`` is the baseline, and whose closed sites are marked.
    matrix : TravelMatrix
        That `impact` was made with.
    attendance : DataFrame
        ``area site attendances``, one row a pair; or ``postcode`` instead of ``area``, with
        `area_of`.
    area_of : mapping of str to str, optional
        Area of each postcode (blanks and case do not matter).
    shut : iterable of str
        Sites that are shut today: what was attended there is counted apart, in no share or mean.

    Returns
    -------
    Attendance

    Raises
    ------
    ParameterError
        Naming every area, postcode or site that is not known, and every attendance that is
        not a number of 0 or more.

    Examples
    --------
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [9, 9]})
    >>> impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> seen = pd.DataFrame({"area": list("abb"), "site": list("XXY"), "attendances": [6, 3, 1]})
    >>> attendance_beside_nearest(impact, m, seen).summary["share_at_nearest"]
    0.7
    """
    every = attendance_pairs(attendance, matrix.area_ids, matrix.site_ids, area_of=area_of)
    gone = every["site"].isin(set(shut))
    pairs = every[~gone].reset_index(drop=True)
    if not pairs["attendances"].sum() > 0:
        where = "at every site that is not shut today" if gone.any() else "throughout"
        raise ParameterError(f"attendance is 0 {where}; expected some")
    nearest = impact.areas
    place = positions(tuple(nearest["id"]), pairs["area"].tolist(), "area")
    row = positions(matrix.area_ids, pairs["area"].tolist(), "area")
    column = positions(matrix.site_ids, pairs["site"].tolist(), "site")
    pairs["minutes"] = matrix.total_minutes[row, column]
    pairs["nearest"] = nearest["nearest_before"].to_numpy()[place]
    pairs["nearest_minutes"] = nearest["minutes_before"].to_numpy(float)[place]
    with np.errstate(invalid="ignore"):
        pairs["extra_minutes"] = pairs["minutes"] - pairs["nearest_minutes"]
    total = pairs["attendances"].sum()
    own = _at_nearest(pairs)
    closing = pairs["site"].isin(impact.closed)
    summary = {
        "attendances": float(total),
        "share_at_nearest": float(pairs.loc[own, "attendances"].sum() / total),
        "mean_minutes_travelled": _known(weighted_mean(pairs["minutes"], pairs["attendances"])),
        "mean_extra_minutes": _known(weighted_mean(pairs["extra_minutes"], pairs["attendances"])),
        "attendances_at_closing": (
            float(pairs.loc[closing, "attendances"].sum()) if impact.closed else None
        ),
        "families_nearest_to_closing": (
            float(impact.closed_sites["families"].sum()) if impact.closed else None
        ),
        "attendances_at_shut": float(every.loc[gone, "attendances"].sum()),
    }
    left = every[gone].groupby("site", sort=True)["attendances"].sum()
    return Attendance(
        sites=_site_table(pairs, impact, left),
        pairs=pairs,
        summary=summary,
        notes=("observed attendance as given; it may not cover every family or site",),
    )


def _at_nearest(pairs: pd.DataFrame) -> pd.Series:
    """Mark attendances at the nearest site, or at another that is no further away."""
    level = pairs["extra_minutes"] <= TOLERANCE_MINUTES
    return (pairs["site"] == pairs["nearest"]) | level


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _squeezed(text: object) -> str:
    return "".join(str(text).split()).upper()


def attendance_pairs(
    attendance: pd.DataFrame,
    area_ids: Sequence[str],
    site_ids: Sequence[str],
    *,
    area_of: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read observed attendance, one row an area and site, refusing places that are not there.

    Parameters
    ----------
    attendance, area_of
        As for `attendance_beside_nearest`.
    area_ids, site_ids : sequence of str

    Returns
    -------
    DataFrame
        ``area site attendances``.

    Raises
    ------
    ParameterError
        Naming every row that cannot be used.
    """
    place = "area" if "area" in attendance.columns else "postcode"
    missing = [c for c in (place, "site", "attendances") if c not in attendance.columns]
    if missing:
        raise ParameterError(
            f"attendance has no columns {missing}; expected area (or postcode), site and "
            f"attendances, found {list(map(str, attendance.columns))}"
        )
    if place == "postcode" and area_of is None:
        raise ParameterError("attendance by postcode needs area_of: the area of each postcode")
    rows = attendance.reset_index(drop=True)
    rows.index = pd.Index([f"row {i + 2}" for i in range(len(rows))])
    count, faults = numbers(
        rows, "attendances", low=0, high=np.inf, expected="0 or more", what="attendance"
    )
    areas = rows[place].astype(str)
    if area_of is not None and place == "postcode":
        known = {_squeezed(k): str(v) for k, v in area_of.items()}
        areas = pd.Series([known.get(_squeezed(p), "") for p in areas], index=rows.index)
    allowed = {"area": set(area_ids), "site": set(site_ids)}
    faults += [
        Fault("attendance", str(w), place, str(given), "an area of the matrix")
        for (w, a), given in zip(areas.items(), rows[place], strict=True)
        if a not in allowed["area"]
    ]
    faults += [
        Fault("attendance", str(w), "site", str(s), f"one of {list(site_ids)[:30]}")
        for w, s in rows["site"].items()
        if str(s) not in allowed["site"]
    ]
    fail("attendance does not match the areas and sites", faults)
    table = pd.DataFrame(
        {
            "area": areas.to_numpy(dtype=object),
            "site": rows["site"].astype(str).to_numpy(dtype=object),
            "attendances": count,
        }
    )
    return table.groupby(["area", "site"], sort=True)[["attendances"]].sum().reset_index()


def _site_table(pairs: pd.DataFrame, impact: Impact, left: pd.Series) -> pd.DataFrame:
    """Give a row for every open site, then one for each that was attended and is shut today."""
    nearest = impact.areas.groupby("nearest_before")["count"].sum()
    total = pairs["attendances"].sum()
    # arrays: a table cut apart anew for every site takes many times as long
    at, at_nearest = pairs["site"].to_numpy(object), _at_nearest(pairs).to_numpy(bool)
    count, minutes = (pairs[c].to_numpy(float) for c in ("attendances", "minutes"))
    rows = []
    for site in sorted({*impact.before, *at}):
        seen = at == site
        here = count[seen].sum()
        own = count[seen & at_nearest].sum()
        rows.append(
            {
                "site": site,
                "name": named([site], impact.names)[0],
                "nearest_families": float(nearest.get(site, 0.0)),
                "attendances": here,
                "share_of_attendances": here / total,
                "attended_as_nearest": own / here if here > 0 else np.nan,
                "mean_minutes_travelled": weighted_mean(minutes[seen], count[seen]),
                "closing": site in impact.closed,
                "shut": False,
            }
        )
    for site, here in left.items():
        name = named([str(site)], impact.names)[0]
        rows.append({"site": site, "name": name, "nearest_families": 0.0, "attendances": here,
                     "closing": False, "shut": True})  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class TakeUpChange:
    """What a change would do to use, if use fell with travel time as stated.

    Parameters
    ----------
    areas : DataFrame
        ``id use_before use_after_low use_after_middle use_after_high``.
    summary : dict
        ``use_before`` and ``change_low change_middle change_high``, as shares of it.
    take_up : TakeUp
    warning : str
        To stand beside every figure.
    """

    areas: pd.DataFrame
    summary: dict[str, float]
    take_up: TakeUp
    warning: str = TAKE_UP_WARNING

    def sentence(self) -> Said:
        """Say the range, with what it rests on.

        Returns
        -------
        Said
            With what it claims as data.
        """
        s = self.summary
        ends = sorted([s["change_low"], s["change_high"]])
        rest = f" ({self.take_up.note}). {self.warning}"
        if any(is_missing(end) for end in ends):
            return Said(f"How use would change is not known: nobody's use is counted{rest}")
        words = [share_figure(end, 1, signed=True) for end in ends]
        told = f"by {words[0]}" if words[0] == words[1] else f"by between {listed(words)}"
        return Said(f"Use would change {told}{rest}", [Claim("use_change", "between", tuple(ends))])

    def __repr__(self) -> str:
        return self.sentence()


@checked(
    impact=a(Impact, expected="an Impact, such as access.compare gives"),
    take_up=a(TakeUp, expected="a TakeUp"),
)
def take_up_change(impact: Impact, take_up: TakeUp, use: pd.Series | None = None) -> TakeUpChange:
    """Apply a take-up assumption to an impact, apart from its facts.

    Parameters
    ----------
    impact : Impact
    take_up : TakeUp
    use : Series, optional
        Use before, by area id; by default every family counts the same.

    Returns
    -------
    TakeUpChange

    Raises
    ------
    ParameterError
        If use does not match the areas.

    Examples
    --------
    >>> from access.network.matrix import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    >>> impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> take_up_change(impact, TakeUp.declared(0.8, 1.0)).summary["change_middle"]
    -0.0527...
    """
    ids = [str(i) for i in impact.areas["id"]]
    before = impact.areas["count"].to_numpy(float) if use is None else by_area(use, ids, name="use")
    factors = take_up.factors(impact.areas["change_minutes"])
    names = tuple(factors.columns)
    each = factors.to_numpy()
    known = ~np.isnan(each).any(axis=1) & (before > 0)
    base = float(before[known].sum())
    columns = {"id": ids, "use_before": np.where(known, before, np.nan)}
    summary = {"use_before": base}
    for name, factor in zip(names, each.T, strict=True):
        use_after = pd.Series(np.where(known, before * factor, np.nan))
        columns[f"use_after_{name}"] = use_after
        after = float(use_after.sum())
        summary[f"change_{name}"] = after / base - 1 if base > 0 else float("nan")
    summary["use_not_counted"] = float(before[~known].sum())
    return TakeUpChange(areas=pd.DataFrame(columns), summary=summary, take_up=take_up)
