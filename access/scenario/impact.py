"""What a change does to families' travel: the result of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.escape import notebook_text
from access.measure.equity import inequality
from access.scenario.flows import one_more_table
from access.scenario.groups import by_group, group_labels
from access.scenario.words import count_words, list_words, minutes_words, mode_words, named


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
    notes: tuple[str, ...] = ()
    within_minutes: tuple[float, ...] = ()
    tolerance_minutes: float = 0.0
    within_metres: Mapping[str, float] = field(default_factory=dict)

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
        labels = group_labels(self.demand, column)
        return by_group(self.areas, labels, self.within_minutes, self.tolerance_minutes)

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
            If n is below 1.
        """
        if n < 1:
            raise ParameterError(f"n={n!r}; expected 1 or more areas")
        grows = self.areas["change_minutes"] > self.tolerance_minutes
        rows = self.areas[grows & (self.areas["count"] > 0)]
        rows = rows.sort_values(["change_minutes", "id"], ascending=[False, True])
        return rows.head(n).reset_index(drop=True)

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
        order = pd.to_numeric(self.demand[rank]).to_numpy(float, na_value=np.nan)
        before, after = self.areas["minutes_before"], self.areas["minutes_after"]
        return inequality(before, after, self.areas["count"], order)

    def if_one_more_closes(self) -> pd.DataFrame:
        """Resilience: what the closing of each site left would add, one at a time.

        Returns
        -------
        DataFrame
            One row a site open after, most families first: ``site name families
            mean_extra_minutes max_extra_minutes newly_unreachable mean_minutes`` (of everyone
            still reached, were it closed).
        """
        return one_more_table(self.areas, self.after, self.names)

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
            parts.append(f"closing {list_words(named(self.closed, self.names))}")
        if self.opened:
            parts.append(f"opening {list_words(named(self.opened, self.names))}")
        return list_words(parts) if parts else "leaving every site as it is"

    def sentence(self) -> str:
        """Say the finding in one or two sentences that can be read aloud.

        Returns
        -------
        str
        """
        s = self.summary
        what = self._what()
        text = f"{what[0].upper()}{what[1:]} {self._who_gains_and_loses()}. "
        if s["mean_minutes_before"] is not None and s["mean_minutes_after"] is not None:
            everyone = "everyone"
            if s["not_reached_before"] or s["not_reached_after"]:
                everyone = "those who reach a site"
            text += (
                f"The mean for {everyone} goes from {float(s['mean_minutes_before']):.1f} to "
                f"{minutes_words(float(s['mean_minutes_after']))}"
            )
            if s["weights"] != "none" and s["weighted_mean_minutes_change"] is not None:
                text += (
                    f" ({minutes_words(float(s['mean_minutes_change'] or 0), signed=True)}; "
                    f"deprivation-weighted "
                    f"{minutes_words(float(s['weighted_mean_minutes_change']), signed=True)})"
                )
            text += "."
        return text.strip()

    def _who_gains_and_loses(self) -> str:
        """Say of how many the trip lengthens and shortens, and who reach no site any more."""
        s, trip = self.summary, f"{mode_words(self.mode)} to the nearest site"
        keys = ("lengthened", "gain", "newly_unreachable", "newly_reached")
        longer, shorter, lost, found = (float(s[key] or 0) for key in keys)
        out_of = f"of {count_words(float(s['families'] or 0))} {self.who}"
        if longer:
            text = f"lengthens the {trip} for {count_words(longer)} {out_of}"
            mean = s["mean_minutes_change_lengthened"]
            if mean is not None:
                text += f", by {minutes_words(float(mean))} on average"
            if shorter:
                text += f", and shortens it for {count_words(shorter)}"
        elif shorter:
            text = f"shortens the {trip} for {count_words(shorter)} {out_of}"
        elif lost or found:
            text = f"neither lengthens nor shortens a {trip}, {out_of}"
        else:
            text = f"changes nobody's {trip}, {out_of}"
        if lost:
            text += f"; {count_words(lost)} could no longer reach any site"
        if found:
            text += f"; {count_words(found)} could reach one for the first time"
        return text

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
            rows.append([label, *("not known" if c is None else f"{float(c):.1f}" for c in cells)])
        return pd.DataFrame(rows, columns=["minutes", "before", "after", "change"])

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self._table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{c}</th>" for c in self._table().columns)
        body = "".join(
            f"<tr><th scope='row'>{notebook_text(row[0])}</th>"
            + "".join(f"<td style='text-align:right'>{notebook_text(c)}</td>" for c in row[1:])
            + "</tr>"
            for row in self._table().to_numpy(dtype=object).tolist()
        )
        notes = "".join(f"<li>{notebook_text(note)}</li>" for note in self.notes)
        return (
            f"<p>{notebook_text(self.sentence())}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<ul>{notes}</ul>"
        )


def plain(value: float | int | np.floating | np.integer) -> float | int | None:
    """Turn a number into one that JSON can hold; ``None`` where it does not exist.

    Parameters
    ----------
    value : number

    Returns
    -------
    float, int or None

    Examples
    --------
    >>> plain(np.float64(2.5)), plain(np.int64(3)), plain(float("nan")), plain(float("inf"))
    (2.5, 3, None, None)
    """
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if np.isfinite(value) else None
