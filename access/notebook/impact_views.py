"""What a change does to families' travel, as an answer in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import folium
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.analysis.analysis import alone, caption, fields_of, pick
from access.analysis.results import ProposalResult, StudyResults, short_names
from access.charts import change_chart, group_chart
from access.charts.chart import Chart, label_bars
from access.charts.impact import HIDDEN_WORDS
from access.charts.style import INK, MINUTES_COLOURS, MINUTES_EDGES
from access.disclosure import NOTE_HIDDEN, hidden_beside_total
from access.display import html_answer, text_answer
from access.document.table import Column, Table
from access.errors import ParameterError
from access.labels import GROUPINGS, grouping_words, mode_title, trip
from access.maps.area_chart import area_chart, minutes_labels
from access.maps.planner_map import page_map
from access.notebook.tables import TableAnswer, save_workbook
from access.report.board import options_table
from access.report.findings import ProposalFindings, findings_of
from access.report.people import (
    classes_table,
    equality_table,
    group_table,
    within_table,
    worst_table,
)
from access.report.sites import closed_table, receiving_table
from access.scenario import Impact
from access.text import about, minutes_words, percent, share_figure


@dataclass(frozen=True, eq=False, repr=False)
class ImpactAnswer(Impact):
    """Travel before and after a change: an `access.scenario.Impact` that can show itself.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    result : ProposalResult
        The change, measured in every mode.

    Examples
    --------
    >>> impact = answers.impact("childrens_centres_12_to_9")
    >>> impact.closed
    ('CC04', 'CC11', 'CC12')
    >>> impact.plot().title
    'About 4,900 of about 16,000 children under five walk further, about 3,400 of them by
    10 minutes or more'
    """

    results: StudyResults = field(kw_only=True)
    result: ProposalResult = field(kw_only=True)

    @classmethod
    def of(cls, results: StudyResults, result: ProposalResult, mode: str) -> ImpactAnswer:
        """Take one mode of a change that was measured.

        Parameters
        ----------
        results : StudyResults
        result : ProposalResult
        mode : str

        Returns
        -------
        ImpactAnswer
            Its sentences use the sites' short names.

        Raises
        ------
        ParameterError
            If the mode was not measured.

        Examples
        --------
        >>> result = answers.results.proposals["youth_centres_11_to_6"]
        >>> ImpactAnswer.of(answers.results, result, "drive").mode
        'drive'
        """
        impact = pick(result.impacts, mode, "mode")
        values = fields_of(impact, Impact) | {"names": short_names(results)}
        return cls(**values, results=results, result=result)

    def by_mode(self, mode: str) -> ImpactAnswer:
        """Give the same change by another way of travel.

        Parameters
        ----------
        mode : str
            ``"walk"``, ``"drive"`` or ``"typical"``.

        Returns
        -------
        ImpactAnswer

        Raises
        ------
        ParameterError
            If the mode was not measured.

        Examples
        --------
        >>> impact = answers.impact()
        >>> impact.by_mode("drive").mode
        'drive'
        """
        return ImpactAnswer.of(self.results, self.result, mode)

    def map(self, *, tiles: bool = False) -> folium.Map:
        """Show what the change adds to every area's trip.

        Parameters
        ----------
        tiles : bool
            Ask for a background from the internet.

        Returns
        -------
        folium.Map
            In this answer's mode.

        Examples
        --------
        >>> answers.impact().map().get_name()
        'map_0001'
        """
        return page_map(alone(self.results, self.result), mode=self.mode, tiles=tiles)

    def plot(self, by: str | None = None) -> Chart:
        """Draw how many families' trips grow, or whose grow most.

        Parameters
        ----------
        by : str, optional
            A column as `by` takes it, such as ``"imd_decile"``, ``"ward"`` or ``"locality"``.

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If there is no such column, or nobody is reached before and after.

        Examples
        --------
        >>> answers.impact().plot("locality").title
        'The trip grows most in North: by 9.7 minutes, against 6.0 for everyone'
        """
        below = caption(self.results, self.mode, self.who)
        if by is None:
            return change_chart(self, caption=below)
        return group_chart(self, by, caption=below)

    def table(self, what: str = "closing", *, internal: bool = False) -> TableAnswer:
        """Give one of the report's tables.

        Parameters
        ----------
        what : str
            ``"closing"`` and ``"receiving"`` (sites), ``"change"`` (by how much, in every mode),
            ``"within"`` (shares within so many minutes), ``"worst"`` (areas), ``"equality"``
            (groups), ``"options"`` (side by side), or a column to group by: ``"imd_decile"``,
            ``"ward"``, ``"locality"``, ``"p_no_car"`` and others.
        internal : bool
            Keep counts below five; not for publication.

        Returns
        -------
        TableAnswer

        Raises
        ------
        ParameterError
            If there is no such table or column, or no counts of groups.

        Examples
        --------
        >>> impact = answers.impact()
        >>> impact.table("closing").to_frame()["Site"].tolist()
        ['Park View', 'Broom Valley', 'Wath Victoria']
        """
        found = self._findings()
        tables: dict[str, Callable[[], Table | None]] = {
            "closing": lambda: closed_table(found),
            "receiving": lambda: receiving_table(found),
            "change": lambda: classes_table(found),
            "within": lambda: within_table(found),
            "worst": lambda: worst_table(found),
            "equality": lambda: equality_table(found)[0],
            "options": lambda: options_table(found),
        }
        if what in tables:
            table = tables[what]()
        elif what in self._groups():
            table = group_table(found, what, grouping_words(what))
        else:
            raise ParameterError(f"no table {what!r}; expected one of {[*tables, *self._groups()]}")
        if table is None:
            raise ParameterError("the study counts no equality groups by area: no such table")
        warning = equality_table(found)[1] if what == "equality" else ""
        return TableAnswer(table, self.results, internal, warning)

    def to_excel(self, path: str | Path, *, internal: bool = False) -> Path:
        """Write every table of this answer as a workbook, one sheet each.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.
        internal : bool
            Keep counts below five, and say so on every sheet.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.

        Examples
        --------
        >>> import access, tempfile
        >>> impact = answers.what_if(close=["CC01"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     impact.to_excel(f"{folder}/if_it_closed.xlsx").name
        'if_it_closed.xlsx'
        """
        found = self._findings()
        tables = [options_table(found), closed_table(found), receiving_table(found)]
        tables += [classes_table(found), within_table(found)]
        tables += [
            group_table(found, column, words)
            for column, words in GROUPINGS.items()
            if column in self.demand.columns
        ]
        groups, _ = equality_table(found)
        tables += [worst_table(found), *([groups] if groups is not None else [])]
        return save_workbook(path, self.result.title, tables, self.results, internal=internal)

    def _findings(self) -> ProposalFindings:
        return findings_of(alone(self.results, self.result), mode=self.mode)[0]

    def _groups(self) -> list[str]:
        """Columns to group families by; those with a value of its own for most areas are not."""
        columns = [c for c in GROUPINGS if c.removesuffix("_fifth") + "_decile" in self.demand
                   or c in self.demand]  # fmt: skip
        return [*columns, *(str(c) for c in self.demand.columns if c not in GROUPINGS)]

    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.notes, *self.results.assumptions)))

    def __repr__(self) -> str:
        table = self._table()
        return text_answer(self.sentence(), list(table.columns), table.to_numpy().tolist())

    def _repr_html_(self) -> str:
        table = self._table()
        return html_answer(
            self.sentence(), list(table.columns), table.to_numpy().tolist(),
            notes=self._notes(), title=self.result.title,
        )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class TodayAnswer:
    """How far families of one service travel today.

    Parameters
    ----------
    results : StudyResults
    result : ProposalResult
        Today against itself, in every mode.
    mode : str
        Of the sentence, the chart and the map.

    Examples
    --------
    >>> today = answers.today("childrens_centre")
    >>> today.to_frame().loc["walk", ["mean", "median"]].round(1).tolist()
    [25.1, 18.6]
    """

    results: StudyResults
    result: ProposalResult
    mode: str

    @property
    def areas(self) -> pd.DataFrame:
        """One row an area: ``id count nearest minutes second second_minutes status``."""
        table = self.result.impacts[self.mode].areas
        names = {
            "nearest_before": "nearest", "minutes_before": "minutes", "second_before": "second",
            "second_minutes_before": "second_minutes", "status_before": "status",
        }  # fmt: skip
        return table.rename(columns=names)[["id", "count", *names.values()]]

    def to_frame(self) -> pd.DataFrame:
        """Give the distribution of minutes by mode.

        Returns
        -------
        DataFrame
            Indexed by mode: ``mean weighted_mean median p90 max families reached`` and
            ``within_*`` (shares).

        Examples
        --------
        >>> answers.today().to_frame().index.tolist()
        ['walk', 'drive', 'typical']
        """
        rows = {}
        for mode, impact in self.result.impacts.items():
            s = impact.summary
            rows[mode] = {
                **{k: s[f"{k}_minutes_before"]
                   for k in ("mean", "weighted_mean", "median", "p90", "max")},
                "families": s["families"],
                "reached": s["reached_before"],
                **{f"within_{t:g}": s[f"share_within_{t:g}_min_before"]
                   for t in impact.within_minutes},
            }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index")

    def sentence(self) -> str:
        """Say how far it is today.

        Returns
        -------
        str

        Examples
        --------
        >>> answers.today().sentence()[:57]
        "About 16,000 children under five and 12 Children's Centre"
        """
        service = self.results.study.config.services[self.result.service]
        impact = self.result.impacts[self.mode]
        s = impact.summary
        text = (
            f"{about(float(s['families'] or 0)).capitalize()} {impact.who} and "
            f"{len(self.result.before)} {service.title}: the {trip(self.mode)} to the nearest "
        )
        if s["mean_minutes_before"] is None:
            return f"{text}is not known: none can be reached."
        text += (
            f"takes {minutes_words(float(s['mean_minutes_before']))} on average. Half are within "
            f"{minutes_words(float(s['median_minutes_before'] or 0))}, nine in ten within "
            f"{minutes_words(float(s['p90_minutes_before'] or 0))}; the longest is "
            f"{minutes_words(float(s['max_minutes_before'] or 0))}."
        )
        lost = float(s["families"] or 0) - float(s["reached_before"] or 0)
        if lost:
            text += f" {about(lost).capitalize()} cannot reach any, and are in no average."
        return text

    def map(self) -> Chart:
        """Draw every area by its minutes to the nearest centre.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.today(mode="drive").map().title
        "0 of about 16,000 children under five have a drive of over 30 minutes to the nearest
        Children's Centre today"
        """
        impact = self.result.impacts[self.mode]
        service = self.results.study.config.services[self.result.service]
        far = self._count_over(MINUTES_EDGES[4])
        title = (
            f"{about(far).capitalize()} of {about(float(impact.areas['count'].sum()))} "
            f"{impact.who} have a {trip(self.mode)} of over {MINUTES_EDGES[4]:g} minutes to the "
            f"nearest {service.one} today"
        )
        return area_chart(
            self.results.study,
            impact.areas.set_index("id").loc[self.results.study.areas["id"], "minutes_before"],
            title=title,
            edges=MINUTES_EDGES,
            colours=MINUTES_COLOURS,
            labels=minutes_labels(MINUTES_EDGES),
            alt=f"Map of areas by minutes to the nearest {service.one}. {self.sentence()}",
            caption=caption(self.results, self.mode, impact.who),
            sites=self.results.study.centres_of(self.result.service),
        )

    def plot(self) -> Chart:
        """Draw how many families are how far away.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.today().plot().title[:37]
        '51% of about 16,000 children under f'
        """
        impact = self.result.impacts[self.mode]
        service = self.results.study.config.services[self.result.service]
        threshold = self.results.study.config.measures.threshold_minutes
        rows = self._bins()
        small = hidden_beside_total([[n] for _, n, _ in rows])[:, 0].tolist()
        words = [
            HIDDEN_WORDS if hide else f"{n:,.0f}"
            for (_, n, _), hide in zip(rows, small, strict=True)
        ]
        total = float(impact.areas["count"].sum())
        within = 1 - self._count_over(threshold) / total if total else None
        title = (
            f"{percent(within)} of {about(total)} {impact.who} are within a "
            f"{threshold:g}-minute {trip(self.mode)} of a {service.one} today"
        )
        alt = f"Bar chart of {impact.who} by minutes: " + (
            "; ".join(f"{r[0]} {said}" for r, said in zip(rows, words, strict=True)) + "."
        )

        def draw(figure: Figure, axes: Axes) -> None:
            places = np.arange(len(rows))
            counts = [0.0 if hide else n for (_, n, _), hide in zip(rows, small, strict=True)]
            axes.barh(places, counts, color=[c for *_, c in rows], edgecolor=INK, linewidth=0.6)
            axes.set_yticks(places, [label for label, *_ in rows])
            axes.invert_yaxis()
            label_bars(axes, counts, words)
            axes.set_xlabel(impact.who)

        below = caption(self.results, self.mode, impact.who)
        if any(small):
            below = f"{below} {NOTE_HIDDEN}"
        return Chart(title, alt, below, draw, (6.8, 0.42 * len(rows) + 0.9))

    def to_excel(self, path: str | Path) -> Path:
        """Write the distribution by mode as a workbook.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.today().to_excel(f"{folder}/today.xlsx").name
        'today.xlsx'
        """
        frame = self.to_frame().reset_index(names="mode")
        shares = [c for c in frame.columns if c.startswith("within_")]
        columns = [Column("mode", "Way of travel")]
        columns += [
            Column(k, word, "minutes")
            for k, word in (("mean", "Mean"), ("weighted_mean", "Weighted mean"),
                            ("median", "Median"), ("p90", "Nine in ten within"),
                            ("max", "Longest"))
        ]  # fmt: skip
        columns += [Column("families", "People", "people"), Column("reached", "Reached", "people")]
        columns += [
            Column(c, f"Within {c.removeprefix('within_')} minutes", "share") for c in shares
        ]
        frame["mode"] = [mode_title(m) for m in frame["mode"]]
        table = Table.from_frame(frame, self._title(), columns, short="Today")
        return save_workbook(path, self._title(), [table], self.results)

    def _title(self) -> str:
        service = self.results.study.config.services[self.result.service]
        return f"{service.title} today: minutes to the nearest for {service.noun}"

    def _count_over(self, minutes: float) -> float:
        areas = self.result.impacts[self.mode].areas
        return float(areas.loc[areas["minutes_before"] > minutes, "count"].sum())

    def _bins(self) -> list[tuple[str, float, str]]:
        """Families by class of minutes; the upper edge is within, as in the shares."""
        areas = self.result.impacts[self.mode].areas
        minutes, count = areas["minutes_before"].to_numpy(float), areas["count"].to_numpy(float)
        edges = [*MINUTES_EDGES, np.inf]
        rows = []
        for low, high, colour in zip(edges, edges[1:], MINUTES_COLOURS, strict=False):
            inside = (minutes <= high) & ((minutes > low) | (low == 0)) & np.isfinite(minutes)
            label = f"{low:g} to {high:g} minutes" if np.isfinite(high) else f"over {low:g} minutes"
            rows.append((label, float(count[inside].sum()), colour))
        lost = float(count[~np.isfinite(minutes)].sum())
        return [*rows, ("none in reach", lost, "#ffffff")] if lost else rows

    def _table(self) -> tuple[list[str], list[list[str]]]:
        frame = self.to_frame()
        shares = [c for c in frame.columns if c.startswith("within_")]
        head = ["minutes", "mean", "weighted", "median", "nine in ten", "longest"]
        head += [f"within {c.removeprefix('within_')}" for c in shares]
        rows = []
        for mode, r in frame.iterrows():
            figures = [r[k] for k in ("mean", "weighted_mean", "median", "p90", "max")]
            rows.append(
                [
                    mode_title(str(mode)),
                    *("not known" if pd.isna(v) else f"{v:.1f}" for v in figures),
                    *("not known" if pd.isna(r[c]) else share_figure(r[c]) for c in shares),
                ]
            )
        return head, rows

    def __repr__(self) -> str:
        return text_answer(self.sentence(), *self._table())

    def _repr_html_(self) -> str:
        notes = self.results.assumptions
        return html_answer(self.sentence(), *self._table(), notes=notes, title=self._title())
