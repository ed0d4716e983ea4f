"""Where Family Hubs should go, as an answer in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.display import html_answer, text_answer
from access.errors import ParameterError
from access.maps.style import CATEGORICAL, INK, MINUTES_COLOURS, MINUTES_EDGES, PAPER
from access.notebook.asked import pick
from access.notebook.drawing import area_chart, minutes_labels
from access.notebook.register import FrameAnswer
from access.notebook.tables import save_workbook
from access.report.chart import Chart
from access.report.columns import Column
from access.report.sentences import trip
from access.report.tables import Table
from access.results import MODE_TITLES, StudyResults
from access.siting import Solution
from access.siting.hubs import HubStudy

_EVERYBODY = "families of all services"


@dataclass(frozen=True, eq=False, repr=False)
class HubsAnswer:
    """The best hubs for each number of them, the near-best, and where the council's choice stands.

    Parameters
    ----------
    found : HubStudy
    results : StudyResults
    mode : str
    among : tuple of str
        Ids of the sites that a hub could go to.

    Examples
    --------
    >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
    >>> hubs.found.best.status
    'proven_optimal'
    """

    found: HubStudy
    results: StudyResults
    mode: str
    among: tuple[str, ...]

    @property
    def best(self) -> Solution:
        """The best hubs, with what is proven."""
        return self.found.best

    def sentence(self) -> str:
        """Say which hubs are best, how sure that is, and how far off the council's choice is.

        Returns
        -------
        str

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> "proven: no other set has a lower mean" in hubs.sentence()
        True
        """
        return " ".join(self.found.words.split())

    def to_frame(self) -> pd.DataFrame:
        """Give the best hubs for each number of them.

        Returns
        -------
        DataFrame
            As `access.siting.hubs.HubStudy.curve_frame`.

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).to_frame().index.tolist()
        [1, 2, 3, 4]
        """
        return self.found.curve_frame()

    def table(self, what: str = "near_best") -> FrameAnswer:
        """Give one of the tables behind the answer.

        Parameters
        ----------
        what : str
            ``"near_best"`` (sets almost as good), ``"front"`` (every trade-off between the mean
            and the worst-off area) or ``"curve"`` (one row a number of hubs).

        Returns
        -------
        FrameAnswer

        Raises
        ------
        ParameterError
            If there is no such table.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> hubs.table("front").to_frame().columns.tolist()
        ['Hubs', 'Mean (minutes)', 'Longest (minutes)']
        """
        n = len(self.best.chosen)
        known = {
            "near_best": (
                f"Sets of {n} within {self._share():.1%} of the best, best first"
                + ("." if self.found.near_best.complete else "; there may be more."),
                self._near_best,
            ),
            "front": (
                f"Sets of {n} that no other beats on both the mean and the worst-off area"
                + ("." if self.found.front.complete else "; there may be more."),
                self._front,
            ),
            "curve": ("The best hubs for each number of them.", self._curve),
        }
        words, make = pick(known, what, "table")
        return FrameAnswer(words, make(), self._notes())

    def plot(self) -> Chart:
        """Draw how the mean falls with the number of hubs, and where the council's choice lies.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).plot().title[:27]
        'The best 2 hubs have a mean'
        """
        table = self.to_frame()
        minutes = table["mean_minutes"].astype(float)
        n, mean, trips = len(self.best.chosen), float(self.best.objective), trip(self.mode)
        title = f"The best {n} hubs have a mean {trips} of {mean:.1f} minutes"
        council = self.found.council
        if council is not None:
            title += f", the council's choice one of {council.mean_minutes:.1f}"
        alt = "Line of the least mean minutes by number of hubs: " + (
            "; ".join(f"{p} hubs {m:.1f}" for p, m in minutes.items()) + "."
        )

        def draw(figure: Figure, axes: Axes) -> None:
            axes.plot(minutes.index, minutes, color=CATEGORICAL[0], marker="o", markersize=5)
            for p, m in minutes.items():
                axes.annotate(
                    f"{m:.0f}", (float(str(p)), m), xytext=(4, 5), textcoords="offset points",
                    fontsize=9,
                )  # fmt: skip
            if council is not None:
                at = (len(council.chosen), council.mean_minutes)
                axes.plot(*at, "X", markersize=11, color=CATEGORICAL[3], markeredgecolor=INK)
                axes.annotate(
                    "the council's choice", at, xytext=(10, -3), textcoords="offset points",
                    fontsize=10, fontweight="bold",
                    bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},
                )  # fmt: skip
            axes.set_xticks(minutes.index.tolist())
            axes.set_ylim(0, None)
            axes.set_xlabel("number of hubs, each at the best places for as many")
            axes.set_ylabel("mean minutes")

        place = self.results.study.config.study
        below = (
            f"Mean {trips} to the nearest hub, {_EVERYBODY} by their shares, {place.place}. "
            f"{len(self.among)} sites to choose from. {self._streets()}"
        )
        return Chart(title, alt, below, draw, (6.8, 3.8))

    def map(self, hubs: int | None = None) -> Chart:
        """Draw the best hubs, the council's choice, and every area's minutes to the best.

        Parameters
        ----------
        hubs : int, optional
            How many; as many as were asked for when not given.

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If the best so many were not looked for.

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).map(3).title
        'The best 3 hubs, and the minutes to the nearest of them'
        """
        chosen = self._chosen(hubs)
        minutes = self.results.matrices[self.mode].sites(chosen).total_minutes.min(axis=1)
        sites = self.results.sites.set_index("id")
        marks = [sites.loc[list(chosen)].assign(service="hub")]
        if self.found.council is not None:
            marks.append(sites.loc[list(self.found.council.chosen)].assign(service="council"))
        names = self.found.named(chosen)
        return area_chart(
            self.results.study,
            minutes,
            title=f"The best {len(chosen)} hubs, and the minutes to the nearest of them",
            edges=MINUTES_EDGES,
            colours=MINUTES_COLOURS,
            labels=minutes_labels(MINUTES_EDGES),
            alt=f"Map of areas by minutes to the nearest of {names}.",
            caption=f"{names}. {MODE_TITLES.get(self.mode, self.mode).capitalize()}. "
            f"{self._streets()}",
            sites=pd.concat(marks[::-1]),
        )

    def to_excel(self, path: str | Path) -> Path:
        """Write the curve, the near-best sets and the trade-offs as a workbook.

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
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     hubs.to_excel(f"{folder}/hubs.xlsx").name
        'hubs.xlsx'
        """
        tables = []
        for what, short in (("curve", "By number"), ("near_best", "Near the best"),
                            ("front", "Trade-offs")):  # fmt: skip
            answer = self.table(what)
            columns = [
                Column(str(c), str(c), "text" if answer.frame[c].dtype == object or
                       pd.api.types.is_string_dtype(answer.frame[c]) else "number",
                       decimals=0 if str(c) == "Number" else 2)
                for c in answer.frame.columns
            ]  # fmt: skip
            tables.append(Table.from_frame(answer.frame, answer.sentence, columns, short=short))
        return save_workbook(path, "Family Hubs: where they would best stand", tables, self.results)

    def _chosen(self, hubs: int | None) -> tuple[str, ...]:
        if hubs is None:
            return self.best.chosen
        known = self.found.curve.solutions
        if hubs not in known:
            raise ParameterError(f"the best {hubs!r} hubs were not looked for; found {list(known)}")
        return known[hubs].chosen

    def _share(self) -> float:
        return float(self.found.near_best.table["worse"].max())

    def _curve(self) -> pd.DataFrame:
        table = self.to_frame()
        return pd.DataFrame(
            {
                "Number": table.index.to_numpy(),
                "Hubs": table["names"].to_numpy(),
                "Mean (minutes)": table["mean_minutes"].astype(float).round(2).to_numpy(),
                "Saved by the last (minutes)": table["saved"].astype(float).round(2).to_numpy(),
                "Proven": ["yes" if s == "proven_optimal" else "no" for s in table["status"]],
            }
        )

    def _near_best(self) -> pd.DataFrame:
        table = self.found.alternatives_frame()
        return pd.DataFrame(
            {
                "Hubs": table["names"],
                "Mean (minutes)": table["mean_minutes"].astype(float).round(2),
                "Above the best (%)": (100 * table["worse"].astype(float)).round(2),
            }
        )

    def _front(self) -> pd.DataFrame:
        table = self.found.front_frame()
        return pd.DataFrame(
            {
                "Hubs": table["names"],
                "Mean (minutes)": table["mean_minutes"].astype(float).round(2),
                "Longest (minutes)": table["worst_minutes"].astype(float).round(2),
            }
        )

    def _streets(self) -> str:
        return self.results.streets.split(". ")[0].rstrip(".") + "."

    def _notes(self) -> tuple[str, ...]:
        return (*self.found.assumptions, *self.results.assumptions)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        table = self.to_frame()[["names", "mean_minutes", "saved"]]
        rows = [
            [str(n), hubs, f"{mean:.1f}", "" if np.isnan(saved) else f"{saved:.1f}"]
            for n, hubs, mean, saved in table.itertuples()
        ]
        return ["Hubs", "Where", "Mean minutes", "Saved by the last"], rows

    def __repr__(self) -> str:
        return text_answer(self.sentence(), *self._table(), text_columns=(1,))

    def _repr_html_(self) -> str:
        return html_answer(
            self.sentence(), *self._table(), notes=self._notes(), text_columns=(1,),
            title="Family Hubs: where they would best stand",
        )  # fmt: skip
