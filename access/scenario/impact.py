"""What a change does to families' travel: the result of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import whole
from access.display import html_answer
from access.errors import Fault, ParameterError
from access.labels import trip
from access.measure.demand import fail, known_numbers
from access.measure.distribution import describe, share_within, weighted_mean
from access.measure.equity import inequality
from access.text import (
    Claim,
    Said,
    about,
    capital,
    figure,
    goes_words,
    is_missing,
    joined,
    listed,
    minutes_words,
    named,
    percent,
    rise_between,
)

_NOT_KNOWN = "not known"
#: Lower edges of the bands of the share of households without a car.
_NO_CAR_BANDS = (0.0, 0.1, 0.2, 0.3, 0.4)
_FIFTHS = {"imd_fifth": "imd_decile", "idaci_fifth": "idaci_decile"}


def _no_car_band(demand: pd.DataFrame) -> pd.Series:
    """Put shares of households without a car into bands of ten in a hundred."""
    low = [round(100 * edge) for edge in _NO_CAR_BANDS]
    labels = [f"{a}-{b}%" for a, b in pairwise(low)]
    labels.append(f"{low[-1]}% or more")
    values = known_numbers(demand, "p_no_car", low=0, high=1)
    at = np.searchsorted(np.array(_NO_CAR_BANDS[1:]), np.nan_to_num(values), side="right")
    named = np.array(labels, dtype=object)[at]
    return pd.Series(np.where(np.isnan(values), _NOT_KNOWN, named), index=demand.index)


def group_labels(demand: pd.DataFrame, column: str) -> pd.Series:
    """Find every area's group."""
    source = column if column in demand.columns else _FIFTHS.get(column, column)
    if source not in demand.columns:
        known = [c for c in demand.columns if c != "count"]
        raise ParameterError(
            f"demand has no column {source!r} to group by; expected any of {known}"
        )
    if column == "p_no_car":
        return _no_car_band(demand)
    values = demand[source]
    if source != column:
        tenths = known_numbers(demand, source, low=1, high=10)
        values = pd.Series((tenths + 1) // 2, demand.index, name=source)
    missing = values.map(is_missing).astype(bool)
    if pd.api.types.is_float_dtype(values) and (values[~missing] % 1 == 0).all():
        values = values.astype("Int64")
    labels = values.astype(object).to_numpy(copy=True)
    labels[missing.to_numpy()] = _NOT_KNOWN
    return pd.Series(labels, values.index, dtype=object, name=values.name)


_Floats = NDArray[np.float64]
_GROUPED = ("count", "weight", "change_minutes", "minutes_before", "minutes_after")


class _Columns(dict[str, NDArray[Any]]):
    """The columns of a table as arrays, each taken out once: a table takes long to look one up."""

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, name: str) -> NDArray[Any]:
        column = self._table[name]
        self[name] = column.to_numpy(float if column.dtype.kind in "fiu" else object)
        return self[name]


def _group_row(
    areas: Mapping[str, _Floats], within_minutes: Sequence[float], tolerance_minutes: float
) -> dict[str, float]:
    """Figures of one group of areas."""
    count, weight = areas["count"], areas["weight"]
    total = count.sum()
    row: dict[str, float] = {
        "areas": len(count),
        "families": total,
        "weighted_families": weight.sum(),
    }
    change = areas["change_minutes"]
    affected = count[np.abs(np.nan_to_num(change)) > tolerance_minutes].sum()
    lengthened = count[(change > tolerance_minutes) & np.isfinite(change)].sum()
    row |= {"affected": affected, "lengthened": lengthened}
    row["share_affected"] = affected / total if total > 0 else np.nan
    for when in ("before", "after"):
        minutes = areas[f"minutes_{when}"]
        row[f"reached_{when}"] = count[np.isfinite(minutes)].sum()
        figures = describe(minutes, count)
        row |= {f"{name}_minutes_{when}": value for name, value in figures.items()}
        row[f"weighted_mean_minutes_{when}"] = weighted_mean(minutes, weight)
        for limit in within_minutes:
            row[f"share_within_{limit:g}_min_{when}"] = share_within(minutes, count, limit)
    row |= {f"{name}_minutes_change": value for name, value in describe(change, count).items()}
    row["weighted_mean_minutes_change"] = weighted_mean(change, weight)
    row["newly_unreachable"] = count[np.isposinf(change)].sum()
    return row


def _in_order(group: Any) -> tuple[str, Any]:
    """Order groups: numbers first, by size; then whatever else there is, kind by kind."""
    if isinstance(group, Real):
        return "", group
    return ("z" if isinstance(group, str) else type(group).__name__), str(group)


def _by_group(
    areas: pd.DataFrame,
    labels: pd.Series,
    within_minutes: Sequence[float],
    tolerance_minutes: float,
) -> pd.DataFrame:
    """Figures of every group, and how each compares with everybody else."""
    label = labels.to_numpy(dtype=object)
    known = sorted({x for x in label if x != _NOT_KNOWN}, key=_in_order)
    if (label == _NOT_KNOWN).any():
        known.append(_NOT_KNOWN)
    columns = _Columns(areas)
    rows = []
    for group in known:
        inside = label == group
        own = {name: columns[name][inside] for name in _GROUPED}
        row = {"group": group, **_group_row(own, within_minutes, tolerance_minutes)}
        others = weighted_mean(columns["change_minutes"][~inside], columns["count"][~inside])
        mean = row["mean_minutes_change"]
        row["others_mean_minutes_change"] = others
        row["ratio_to_others"] = mean / others if abs(others) > 1e-12 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


_MOVE_COLUMNS = ("from_site", "to_site")


def _moves(
    areas: Mapping[str, NDArray[Any]], names: Mapping[str, str], tolerance_minutes: float
) -> list[dict[str, Any]]:
    """List families whose nearest site changes, by the pair of sites."""
    before, after = areas["nearest_before"], areas["nearest_after"]
    pairs: dict[tuple[str, str], list[int]] = {}
    for place in np.flatnonzero((before != after) & (areas["count"] > 0)).tolist():
        pairs.setdefault((str(before[place]), str(after[place])), []).append(place)
    rows = []
    for (old, new), places in sorted(pairs.items()):
        change, count = areas["change_minutes"][places], areas["count"][places]
        finite = change[np.isfinite(change)]
        rows.append(
            {
                "from_site": old,
                "to_site": new,
                "from_name": named([old], names)[0],
                "to_name": named([new], names)[0],
                "families": count.sum(),
                "weighted_families": areas["weight"][places].sum(),
                "mean_extra_minutes": weighted_mean(change, count),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "affected": count[np.abs(np.nan_to_num(change)) > tolerance_minutes].sum(),
            }
        )
    return rows


def _moves_table(moves: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Set the moves out as a table, one row a pair of sites."""
    titles = [
        *_MOVE_COLUMNS,
        "from_name",
        "to_name",
        "families",
        "weighted_families",
        "mean_extra_minutes",
        "max_extra_minutes",
        "affected",
    ]
    return pd.DataFrame(moves, columns=titles)


def _closed_table(
    areas: Mapping[str, NDArray[Any]],
    pairs: Sequence[Mapping[str, Any]],
    before: Sequence[str],
    after: Sequence[str],
    names: Mapping[str, str],
) -> pd.DataFrame:
    """One row a closed site: families displaced, where to, and their extra minutes."""
    rows = []
    nearest, lived = areas["nearest_before"], areas["count"] > 0
    for site in sorted(set(before) - set(after)):
        inside = (nearest == site) & lived
        own = {name: areas[name][inside] for name in _GROUPED}
        out = [pair for pair in pairs if pair["from_site"] == site]
        out.sort(key=lambda pair: (-pair["families"], pair["to_site"]))
        count, change = own["count"], own["change_minutes"]
        finite = change[np.isfinite(change)]
        to_words = [
            f"{pair['to_name'] or 'no site in reach'} ({about(pair['families'])})" for pair in out
        ]
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families": count.sum(),
                "weighted_families": own["weight"].sum(),
                "mean_minutes_before": weighted_mean(own["minutes_before"], count),
                "mean_minutes_after": weighted_mean(own["minutes_after"], count),
                "mean_extra_minutes": weighted_mean(change, count),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "newly_unreachable": count[np.isposinf(change)].sum(),
                "goes_to": "; ".join(to_words),
            }
        )
    columns = [
        "site",
        "name",
        "families",
        "weighted_families",
        "mean_minutes_before",
        "mean_minutes_after",
        "mean_extra_minutes",
        "max_extra_minutes",
        "newly_unreachable",
        "goes_to",
    ]
    return pd.DataFrame(rows, columns=columns)


def _read_capacity(capacity: Mapping[str, float] | None) -> dict[str, float]:
    """Check capacities: numbers of 0 or more, by site id."""
    out, faults = {}, []
    for site, value in (capacity or {}).items():
        number = pd.to_numeric(value, errors="coerce")
        if value is None or (isinstance(value, float) and np.isnan(value)):
            continue
        if not (np.isfinite(number) and number >= 0):
            faults.append(
                Fault("capacity", str(site), "", str(value), "a number of families, 0 or more")
            )
            continue
        out[str(site)] = float(number)
    fail("capacity has values that cannot be used", faults)
    return out


def _receiving_table(
    areas: Mapping[str, NDArray[Any]],
    pairs: Sequence[Mapping[str, Any]],
    after: Sequence[str],
    names: Mapping[str, str],
    capacity: Mapping[str, float] | None,
) -> pd.DataFrame:
    """One row a site that is nearest to more families than before."""
    known = _read_capacity(capacity)
    rows = []
    count, was, now = areas["count"], areas["nearest_before"], areas["nearest_after"]
    for site in sorted(set(after) & {pair["to_site"] for pair in pairs}):
        into = [pair for pair in pairs if pair["to_site"] == site]
        added = np.array([pair["families"] for pair in into], float)
        extra = np.array([pair["mean_extra_minutes"] for pair in into], float)
        families_after = count[now == site].sum()
        limit = known.get(site, np.nan)
        over = max(families_after - limit, 0.0) if np.isfinite(limit) else np.nan
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families_before": count[was == site].sum(),
                "families_added": added.sum(),
                "families_after": families_after,
                "mean_extra_minutes": weighted_mean(extra, added),
                "capacity": limit,
                "share_over_capacity": over / limit if limit > 0 else np.nan,
            }
        )
    columns = [
        "site",
        "name",
        "families_before",
        "families_added",
        "families_after",
        "mean_extra_minutes",
        "capacity",
        "share_over_capacity",
    ]
    return pd.DataFrame(rows, columns=columns)


def _one_more_table(
    areas: pd.DataFrame,
    after: Sequence[str],
    names: Mapping[str, str],
    without: Callable[[str], _Floats] | None,
) -> pd.DataFrame:
    """What the closing of each site that is left would add, one at a time."""
    count = areas["count"].to_numpy(float)
    first = areas["minutes_after"].to_numpy(float)
    second = areas["second_minutes_after"].to_numpy(float)
    rows = []
    for site in sorted(after):
        own = (areas["nearest_after"] == site).to_numpy() & (count > 0)
        closed = np.where(own, second, first) if without is None else without(site)
        extra = second[own] - first[own]
        finite = extra[np.isfinite(extra)]
        lost = np.isfinite(first) & ~np.isfinite(closed)
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families": count[own].sum(),
                "mean_extra_minutes": weighted_mean(extra, count[own]),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "newly_unreachable": count[lost].sum(),
                "mean_minutes": weighted_mean(closed, count),
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(["families", "site"], ascending=[False, True], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Impact:
    """Travel before and after a change, area by area and in summary.

    Parameters
    ----------
    areas : DataFrame
        One row an area, in the matrix's order: ``id count weight`` (count times the
        deprivation weight) ``nearest_before minutes_before nearest_after minutes_after
        change_minutes second_before second_minutes_before second_after second_minutes_after
        metres_before metres_after status_before status_after change_class``, then the group
        columns of demand. Minutes are ``inf`` and ids empty where no site is reached.
    summary : dict
        Plain numbers with stable names; ``None`` where a figure does not exist.
    closed_sites, receiving_sites, moves : DataFrame
        One row a closed site, a site that takes families over, and a pair of both.
    demand : DataFrame
        The aligned demand.
    before, after : tuple of str
        Ids of the open sites, sorted.
    mode, who : str
        Of the minutes, and whom the counts count.
    names : dict
        Site names by id, where given.
    altered : str
        Sites that stay open with another offer, in words; empty where none does.
    notes : tuple of str
        What a reader of any figure must be told.
    within_minutes : tuple of float
    tolerance_minutes : float
    within_metres : mapping of str to float
        Metres along the network by label.
    """

    areas: pd.DataFrame
    summary: dict[str, float | int | str | None]
    closed_sites: pd.DataFrame
    receiving_sites: pd.DataFrame
    moves: pd.DataFrame
    demand: pd.DataFrame
    before: tuple[str, ...]
    after: tuple[str, ...]
    mode: str
    who: str = "families"
    names: Mapping[str, str] = field(default_factory=dict)
    altered: str = ""
    notes: tuple[str, ...] = ()
    within_minutes: tuple[float, ...] = ()
    tolerance_minutes: float = 0.0
    within_metres: Mapping[str, float] = field(default_factory=dict)
    _without: Callable[[str], _Floats] | None = field(default=None, repr=False)
    _groups: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @property
    def closed(self) -> tuple[str, ...]:
        """Ids open before and not after."""
        return tuple(i for i in self.before if i not in set(self.after))

    @property
    def opened(self) -> tuple[str, ...]:
        """Ids open after and not before."""
        return tuple(i for i in self.after if i not in set(self.before))

    def by(self, column: str) -> pd.DataFrame:
        """Impact by group; every family is in one of them.

        Parameters
        ----------
        column : str
            A column of demand: ``imd_decile``, ``idaci_decile``, ``ward``, ``locality``,
            ``p_no_car`` (in bands) or any other; also ``imd_fifth`` and ``idaci_fifth``.

        Returns
        -------
        DataFrame
            One row a group: ``group areas families weighted_families affected share_affected
            reached_* mean_minutes_* weighted_mean_minutes_* median_* p90_* max_*
            share_within_* ratio_to_others``.

        Raises
        ------
        ParameterError
            If demand has no such column.
        """
        if column not in self._groups:
            labels = group_labels(self.demand, column)
            self._groups[column] = _by_group(
                self.areas, labels, self.within_minutes, self.tolerance_minutes
            )
        return self._groups[column].copy()

    def worst_areas(self, n: int = 10) -> pd.DataFrame:
        """Areas with families whose time grows most, newly unreachable first, ties by id.

        Parameters
        ----------
        n : int

        Returns
        -------
        DataFrame
            At most n rows of `areas`; only areas with families whose time grows.

        Raises
        ------
        ParameterError
            If n is not a whole number of 1 or more.
        """
        n = whole(1)(n, "n")
        change, ids = self.areas["change_minutes"].to_numpy(float), self.areas["id"].to_numpy(str)
        lived = self.areas["count"].to_numpy(float) > 0
        grows = np.flatnonzero((change > self.tolerance_minutes) & lived)
        order = np.lexsort((ids[grows], -change[grows]))
        return self.areas.iloc[grows[order[:n]]].reset_index(drop=True)

    def inequality(self, rank: str = "imd_rank") -> pd.DataFrame:
        """Gini, Palma, concentration index and slope index of minutes, before and after.

        Parameters
        ----------
        rank : str
            Column of demand that orders areas, 1 = most deprived.

        Returns
        -------
        DataFrame
            As `access.measure.inequality`.

        Raises
        ------
        ParameterError
            If demand has no such column.
        """
        if rank not in self.demand.columns:
            raise ParameterError(
                f"demand has no column {rank!r} to order areas by deprivation; expected any of "
                f"{[c for c in self.demand.columns if c != 'count']}"
            )
        order = known_numbers(self.demand, rank)
        before, after = self.areas["minutes_before"], self.areas["minutes_after"]
        return inequality(before, after, self.areas["count"], order)

    def if_one_more_closes(self) -> pd.DataFrame:
        """Resilience: what the closing of each site left would add, one at a time.

        Returns
        -------
        DataFrame
            One row a site open after, most families first: ``site name families
            mean_extra_minutes max_extra_minutes newly_unreachable mean_minutes`` (of everyone
            still reached, were it closed). Where minutes depend on when one sets out, the last
            two hold those too who use it at some minutes alone.
        """
        return _one_more_table(self.areas, self.after, self.names, self._without)

    def to_frame(self) -> pd.DataFrame:
        """Give the summary as a table of two columns.

        Returns
        -------
        DataFrame
            ``figure value``.
        """
        return pd.DataFrame(list(self.summary.items()), columns=["figure", "value"])

    def _what(self) -> str:
        parts = []
        if self.closed:
            parts.append(f"closing {listed(named(self.closed, self.names))}")
        if self.opened:
            parts.append(f"opening {listed(named(self.opened, self.names))}")
        if self.altered:
            parts.append(f"changing {self.altered}")
        return listed(parts, none="leaving every site as it is")

    def sentence(self) -> Said:
        """Say the finding in one or two sentences that can be read aloud.

        Returns
        -------
        Said
            With what it claims as data.
        """
        told = self._who_gains_and_loses()
        parts = [
            Said(f"{capital(self._what())} {told}.", told.claims),
            self._mean_words(),
            self._week(),
        ]
        return joined(parts)

    def _mean_words(self) -> Said:
        """Say how the mean goes, and over whom it is taken."""
        s, mode = self.summary, self.mode
        if s["mean_minutes_before"] is None or s["mean_minutes_after"] is None:
            return Said("")
        before, after = (float(s[f"mean_minutes_{w}"] or 0) for w in ("before", "after"))
        out = bool(s["not_reached_before"] or s["not_reached_after"])
        claims = [
            Claim("not_reached", "some" if out else "none"),
            Claim(f"mean_before:{mode}", "is", (before,)),
            Claim(f"mean_after:{mode}", "is", (after,)),
        ]
        if before == after:
            claims.append(Claim(f"mean_change:{mode}", "none", (0.0,)))
        whom = "those who reach a site" if out else "everyone"
        both = ""
        if s["newly_unreachable"] or s["newly_reached"]:
            whom += " then"  # not the same people before and after
            both = "of those who reach one both times "
        text = f"The mean for {whom} {goes_words(before, after)}"
        rise, weighted = s["mean_minutes_change"], s["weighted_mean_minutes_change"]
        if s["weights"] != "none" and rise is not None and weighted is not None:
            claims.append(Claim(f"mean_rise_of_all:{mode}", "is", (float(rise),)))
            claims.append(Claim(f"weighted_rise_of_all:{mode}", "is", (float(weighted),)))
            more = rise_between(before, after, float(rise))  # as it stands between the two
            text += (
                f" ({both}{minutes_words(more, signed=True)}; deprivation-weighted "
                f"{minutes_words(float(weighted), signed=True)})"
            )
        return Said(f"{text}.", claims)

    def _week(self) -> Said:
        """Say the expected trip over a week, where a site is not open all week."""
        s = self.summary
        before, after = (s.get(f"mean_week_minutes_{when}") for when in ("before", "after"))
        if before is None or after is None:
            return Said("")
        claims = [Claim("week_before", "is", (float(before),)),
                  Claim("week_after", "is", (float(after),))]  # fmt: skip
        text = (
            "Over the week, the next nearest being used on the days a site is shut, it "
            f"{goes_words(float(before), float(after))}"
        )
        without = s.get("share_of_weekdays_without_after")
        if without:
            claims.append(Claim("weekdays_without", "is", (float(without),)))
            text += f"; on {percent(float(without))} of weekdays after it none in reach is open"
        return Said(f"{text}.", claims)

    def _who_gains_and_loses(self) -> Said:
        """Say of how many the trip lengthens and shortens, and who reach no site any more."""
        s, way = self.summary, f"{trip(self.mode)} to the nearest site"
        keys = ("lengthened", "gain", "newly_unreachable", "newly_reached")
        longer, shorter, lost, found = (float(s[key] or 0) for key in keys)
        told = ("lengthened", "shortened", "lost", "newly_reached")
        claims = [Claim("families", "is", (float(s["families"] or 0),))]
        claims += [
            Claim(what, "is" if n else "none", (n,))
            for what, n in zip(told, (longer, shorter, lost, found), strict=True)
        ]
        out_of = f"of {about(float(s['families'] or 0))} {self.who}"
        if longer:
            text = f"lengthens the {way} for {about(longer)} {out_of}"
            mean = s["mean_minutes_change_lengthened"]
            if mean is not None:
                claims.append(Claim("mean_rise", "is", (float(mean),)))
                text += f", by {minutes_words(float(mean))} on average"
            if shorter:
                text += f", and shortens it for {about(shorter)}"
        elif shorter:
            text = f"shortens the {way} for {about(shorter)} {out_of}"
        elif lost or found:
            text = f"neither lengthens nor shortens a {way}, {out_of}"
        else:
            text = f"changes nobody's {way}, {out_of}"
        if lost:
            text += f"; {about(lost)} could no longer reach any site"
        if found:
            text += f"; {about(found)} could reach one for the first time"
        return Said(text, claims)

    def _table(self) -> pd.DataFrame:
        rows = []
        for label, key in (
            ("mean", "mean"),
            ("weighted mean", "weighted_mean"),
            ("median", "median"),
            ("nine in ten within (P90)", "p90"),
            ("longest", "max"),
        ):
            cells = [
                self.summary[f"{key}_minutes_{when}"] for when in ("before", "after", "change")
            ]
            rows.append([label, *(_NOT_KNOWN if c is None else figure(float(c), 1) for c in cells)])
        # the middle of all changes is not the change of the middle: the last column says whose
        return pd.DataFrame(rows, columns=["minutes", "before", "after", "of each one's change"])

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self._table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = self._table()
        rows = table.to_numpy(dtype=object).tolist()
        return html_answer(self.sentence(), list(table.columns), rows, notes=self.notes)


def _plain(value: float | int | np.floating | np.integer) -> float | int | None:
    """Turn a number into one that JSON can hold; ``None`` where it does not exist."""
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if np.isfinite(value) else None
