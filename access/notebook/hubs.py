"""Where Family Hubs should go, as an answer in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from access.display import html_answer, text_answer
from access.errors import ParameterError
from access.maps.style import MINUTES_COLOURS, MINUTES_EDGES
from access.notebook.asked import pick
from access.notebook.drawing import area_chart, minutes_labels
from access.notebook.tables import TableAnswer, save_workbook
from access.report.chart import Chart
from access.report.hub_chart import hub_chart
from access.report.hub_tables import hub_table, near_best_table, trade_off_table
from access.report.tables import Table
from access.results import MODE_TITLES, StudyResults
from access.siting import Solution
from access.siting.hubs import HubStudy


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
        by = MODE_TITLES.get(self.mode, self.mode).capitalize()
        return f"{by}: {' '.join(self.found.words.split())}"

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

    def table(self, what: str = "near_best") -> TableAnswer:
        """Give one of the tables behind the answer.

        Parameters
        ----------
        what : str
            ``"near_best"`` (sets almost as good), ``"front"`` (every trade-off between the mean
            and the worst-off area) or ``"curve"`` (one row a number of hubs).

        Returns
        -------
        TableAnswer

        Raises
        ------
        ParameterError
            If there is no such table.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> hubs.table("front").to_frame().columns.tolist()
        ['Where', 'Mean (min)', 'Worst-off area (min)']
        """
        return TableAnswer(pick(self._tables(), what, "table")(), self.results)

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
        return hub_chart(self.results, self.found, self.mode, len(self.among))

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
        tables = [make() for make in self._tables().values()]
        return save_workbook(path, "Family Hubs: where they would best stand", tables, self.results)

    def _tables(self) -> dict[str, Callable[[], Table]]:
        found, mode = self.found, self.mode
        sets = list(found.curve.solutions.values())
        return {
            "curve": lambda: hub_table(self.results, sets, found.names, mode),
            "near_best": lambda: near_best_table(found, mode),
            "front": lambda: trade_off_table(found, mode),
        }

    def _chosen(self, hubs: int | None) -> tuple[str, ...]:
        if hubs is None:
            return self.best.chosen
        known = self.found.curve.solutions
        if hubs not in known:
            raise ParameterError(f"the best {hubs!r} hubs were not looked for; found {list(known)}")
        return known[hubs].chosen

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
