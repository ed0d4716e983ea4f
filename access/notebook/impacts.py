"""What a change does to families' travel, as an answer in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import folium

from access.display import html_answer, text_answer
from access.errors import ParameterError
from access.notebook.asked import alone, caption, fields_of, pick
from access.notebook.maps import page_map
from access.notebook.tables import TableAnswer, save_workbook
from access.report.chart import Chart
from access.report.charts import change_chart, group_chart
from access.report.findings import ProposalFindings, findings_of
from access.report.flow_tables import closed_table, receiving_table
from access.report.names import short_names
from access.report.options_table import options_table
from access.report.tables import Table
from access.report.who_tables import (
    classes_table,
    equality_table,
    group_table,
    within_table,
    worst_table,
)
from access.results import ProposalResult, StudyResults
from access.scenario import Impact

#: Columns that a study often has to group families by, in words.
GROUP_WORDS = {
    "imd_decile": "deprivation tenth",
    "imd_fifth": "deprivation fifth",
    "idaci_decile": "child poverty tenth",
    "idaci_fifth": "child poverty fifth",
    "locality": "locality",
    "p_no_car": "households without a car",
    "ward": "ward",
}


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
            table = group_table(found, what, GROUP_WORDS.get(what, what.replace("_", " ")))
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
            for column, words in GROUP_WORDS.items()
            if column in self.demand.columns
        ]
        groups, _ = equality_table(found)
        tables += [worst_table(found), *([groups] if groups is not None else [])]
        return save_workbook(path, self.result.title, tables, self.results, internal=internal)

    def _findings(self) -> ProposalFindings:
        return findings_of(alone(self.results, self.result), mode=self.mode)[0]

    def _groups(self) -> list[str]:
        """Columns to group families by; those with a value of its own for most areas are not."""
        columns = [c for c in GROUP_WORDS if c.removesuffix("_fifth") + "_decile" in self.demand
                   or c in self.demand]  # fmt: skip
        return [*columns, *(str(c) for c in self.demand.columns if c not in GROUP_WORDS)]

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
