"""How far it is today, as an answer in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.display import html_answer, text_answer
from access.maps.style import INK, MINUTES_COLOURS, MINUTES_EDGES
from access.notebook.asked import caption
from access.notebook.drawing import area_chart, minutes_labels
from access.notebook.tables import save_workbook
from access.report.change_bars import HIDDEN_WORDS
from access.report.chart import Chart, label_bars
from access.report.columns import Column
from access.report.sentences import trip
from access.report.suppression import hidden_beside_total
from access.report.tables import NOTE_HIDDEN, Table
from access.results import MODE_TITLES, ProposalResult, StudyResults
from access.scenario.words import count_words, minutes_words


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
            f"{count_words(float(s['families'] or 0)).capitalize()} {impact.who} and "
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
            text += f" {count_words(lost).capitalize()} cannot reach any, and are in no average."
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
            f"{count_words(far).capitalize()} of {count_words(float(impact.areas['count'].sum()))} "
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
        '51 % of about 16,000 children under f'
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
        within = 100 * (1 - self._count_over(threshold) / total) if total else 0.0
        title = (
            f"{within:.0f} % of {count_words(total)} {impact.who} are within a "
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
        frame["mode"] = [MODE_TITLES.get(m, m) for m in frame["mode"]]
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
                    MODE_TITLES.get(str(mode), str(mode)),
                    *("not known" if pd.isna(v) else f"{v:.1f}" for v in figures),
                    *("not known" if pd.isna(r[c]) else f"{100 * r[c]:.0f} %" for c in shares),
                ]
            )
        return head, rows

    def __repr__(self) -> str:
        return text_answer(self.sentence(), *self._table())

    def _repr_html_(self) -> str:
        notes = self.results.assumptions
        return html_answer(self.sentence(), *self._table(), notes=notes, title=self._title())
