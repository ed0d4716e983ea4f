"""Observed use beside nearest allocation. Kept apart from travel facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.arguments import a, by_id, checked, optional, table
from access.display import frame_cells, html_answer
from access.errors import Fault, ParameterError
from access.measure.demand import by_area, fail, numbers
from access.measure.distribution import weighted_mean
from access.measure.takeup import TAKE_UP_WARNING, TakeUp
from access.network.matrix import TravelMatrix, positions
from access.scenario.impact import Impact
from access.text import (
    Claim,
    Said,
    about,
    is_missing,
    listed,
    minutes_words,
    named,
    percent,
    sentence,
    share_figure,
)


@dataclass(frozen=True, eq=False)
class Attendance:
    """Observed use set beside nearest allocation.

    Parameters
    ----------
    sites : DataFrame
        One row a site attended or nearest to anyone: ``site name nearest_families attendances
        share_of_attendances attended_as_nearest mean_minutes_travelled closing``.
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
        text = f"{percent(share)} of attendances are at the site nearest to those who attend"
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
)
def attendance_beside_nearest(
    impact: Impact,
    matrix: TravelMatrix,
    attendance: pd.DataFrame,
    *,
    area_of: Mapping[str, str] | None = None,
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
    pairs = _read_attendance(attendance, matrix, impact, area_of)
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
    own = pairs["site"] == pairs["nearest"]
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
    }
    return Attendance(
        sites=_site_table(pairs, impact),
        pairs=pairs,
        summary=summary,
        notes=("observed attendance as given; it may not cover every family or site",),
    )


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _squeezed(text: object) -> str:
    return "".join(str(text).split()).upper()


def _read_attendance(
    attendance: pd.DataFrame,
    matrix: TravelMatrix,
    impact: Impact,
    area_of: Mapping[str, str] | None,
) -> pd.DataFrame:
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
    allowed = {"area": set(matrix.area_ids), "site": set(matrix.site_ids)}
    faults += [
        Fault("attendance", str(w), place, str(given), "an area of the matrix")
        for (w, a), given in zip(areas.items(), rows[place], strict=True)
        if a not in allowed["area"]
    ]
    faults += [
        Fault("attendance", str(w), "site", str(s), f"one of {list(matrix.site_ids)[:30]}")
        for w, s in rows["site"].items()
        if str(s) not in allowed["site"]
    ]
    fail("attendance does not match the areas and sites", faults)
    if not count.sum() > 0:
        raise ParameterError("attendance is 0 throughout; expected some")
    table = pd.DataFrame(
        {
            "area": areas.to_numpy(dtype=object),
            "site": rows["site"].astype(str).to_numpy(dtype=object),
            "attendances": count,
        }
    )
    return table.groupby(["area", "site"], sort=True)[["attendances"]].sum().reset_index()


def _site_table(pairs: pd.DataFrame, impact: Impact) -> pd.DataFrame:
    nearest = impact.areas.groupby("nearest_before")["count"].sum()
    total = pairs["attendances"].sum()
    # arrays: a table cut apart anew for every site takes many times as long
    at, own_site = (pairs[c].to_numpy(object) for c in ("site", "nearest"))
    count, minutes = (pairs[c].to_numpy(float) for c in ("attendances", "minutes"))
    rows = []
    for site in sorted({*impact.before, *at}):
        seen = at == site
        here = count[seen].sum()
        own = count[seen & (own_site == site)].sum()
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
            }
        )
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
        words = listed([share_figure(end, 1, signed=True) for end in ends])
        told = f"by {words.split(' and ')[0]}" if ends[0] == ends[1] else f"by between {words}"
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
