"""Every alternative, how firm their order is, and what the weights decide, as answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import folium
import pandas as pd

from access.display import html_answer, text_answer
from access.notebook.asked import alone, asked, fields_of, pick
from access.notebook.impacts import ImpactAnswer
from access.notebook.maps import page_map
from access.notebook.tables import save_workbook
from access.report.chart import Chart
from access.report.charts import pareto_chart, rank_chart
from access.report.columns import Column
from access.report.names import short_names
from access.report.tables import Table
from access.results import ProposalResult, StudyResults
from access.scenario import Ranking
from access.scenario.ranking import CRITERION_WORDS
from access.scenario.words import list_words, named

#: Rows of a workbook's list of options; of longer lists the best by the first criterion.
MOST_ROWS = 5000
_KINDS = {"share_beyond": "share", "savings": "money"}


@dataclass(frozen=True, eq=False, repr=False)
class RankingAnswer(Ranking):
    """Every alternative ranked: an `access.scenario.Ranking` that can show itself.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    services : tuple of str
        Whose centres are chosen: one service, or two ranked jointly.

    Examples
    --------
    >>> ranking = answers.alternatives(keep=11)
    >>> len(ranking.table), ranking.best("mean")["closed"]
    (12, ('CC02',))
    """

    results: StudyResults = field(kw_only=True)
    services: tuple[str, ...] = field(kw_only=True)

    @classmethod
    def of(
        cls, results: StudyResults, ranking: Ranking, services: tuple[str, ...]
    ) -> RankingAnswer:
        """Let a ranking show itself, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        ranking : Ranking
        services : tuple of str

        Returns
        -------
        RankingAnswer

        Examples
        --------
        >>> found = answers.results.proposals["youth_centres_11_to_6"].rankings["walk"]
        >>> RankingAnswer.of(answers.results, found, ("youth_centre",)).what
        '462 ways to keep 6 of 11'
        """
        values = fields_of(ranking, Ranking) | {"names": short_names(results)}
        return cls(**values, results=results, services=services)

    def best_impact(self, criterion: str = "mean", *, service: str | None = None) -> ImpactAnswer:
        """Say what the best option on a criterion does to families' travel.

        Parameters
        ----------
        criterion : str
            One of `criteria`.
        service : str, optional
            Whose families, where two services are ranked jointly; the first when not given.

        Returns
        -------
        ImpactAnswer

        Raises
        ------
        ParameterError
            If the criterion or the service is not one of this ranking.

        Examples
        --------
        >>> answers.alternatives(keep=11).best_impact("mean").closed
        ('CC02',)
        """
        chosen = service or self.services[0]
        results = {p.service: p for p in self._best_results(criterion)}
        result = pick(results, chosen, "service of this ranking")
        return ImpactAnswer.of(self.results, result, self.mode)

    def _best_results(self, criterion: str) -> list[ProposalResult]:
        closed = set(self.best(criterion)["closed"])
        found = []
        for service in self.services:
            own = sorted(closed & set(self.results.study.centres_of(service)["id"]))
            title = self.results.study.config.services[service].title
            words = f"{title}: best by {CRITERION_WORDS[criterion]}"
            found.append(asked(self.results, service=service, close=own, title=words))
        return found

    def map(self, criterion: str = "mean", *, tiles: bool = False) -> folium.Map:
        """Show what the best option on a criterion adds to every area's trip.

        Parameters
        ----------
        criterion : str
        tiles : bool
            Ask for a background from the internet.

        Returns
        -------
        folium.Map

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking.

        Examples
        --------
        >>> answers.alternatives(keep=11).map("worst").get_name()
        'map_0001'
        """
        found = alone(self.results, *self._best_results(criterion))
        return page_map(found, mode=self.mode, tiles=tiles)

    def plot(self, what: str | None = None, x: str = "mean", y: str = "p90") -> Chart:
        """Draw where the proposal stands, or all options against two criteria.

        Parameters
        ----------
        what : str, optional
            ``"ranks"`` (the default where there is a proposal) or ``"front"``.
        x, y : str
            Criteria of the front's axes.

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If there is no such chart, or no proposal to show the ranks of.

        Examples
        --------
        >>> answers.ranking().plot("front").title
        'Of 220 options, 62 beat the proposal on both mean minutes and ...'
        """
        what = what or ("front" if self.proposal is None else "ranks")
        charts = {
            "ranks": lambda: rank_chart(self),
            "front": lambda: pareto_chart(self, x, y),
        }
        return pick(charts, what, "chart")()

    def to_excel(self, path: str | Path) -> Path:
        """Write the options and their ranks as a workbook.

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
        ...     answers.alternatives(keep=11).to_excel(f"{folder}/ways.xlsx").name
        'ways.xlsx'
        """
        title = f"Every alternative: {self.what}"
        return save_workbook(path, title, [options_list(self)], self.results)

    def best(self, criterion: str = "mean") -> pd.Series:
        """Best option on a criterion; of equals, the one with the best first criterion.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Series
            A row of `table`; of equals on both, the first by the ids closed.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking.

        Examples
        --------
        >>> answers.ranking().best("worst")["rank_worst"].item()
        1
        """
        self._check(criterion)
        equals = self.table[self.table[f"rank_{criterion}"] == 1]
        return equals.sort_values(f"rank_{self.criteria[0]}", kind="stable").iloc[0]

    def _rows(self) -> list[list[str]]:
        rows = []
        for c, row in zip(self.criteria, super()._rows(), strict=True):
            words, best, _, *own = row
            closed = self.best(c)["closed"]
            closes = list_words(named(closed, self.names)) if closed else "nothing"
            others = int((self.table[f"rank_{c}"] == 1).sum()) - 1
            if others:
                closes += f", or {others:,} other{'s' if others > 1 else ''} as good"
            rows.append([words, *own, best, closes])
        return rows

    def _head(self) -> list[str]:
        criterion, best, closes, *own = super()._head()
        return [criterion, *own, best, closes]

    def _text_columns(self) -> tuple[int, int]:
        return (0, len(self._head()) - 1)

    def __repr__(self) -> str:
        return text_answer(
            self.sentence(), self._head(), self._rows(), text_columns=self._text_columns()
        )

    def _repr_html_(self) -> str:
        notes = tuple(dict.fromkeys((*self.notes, *self.results.assumptions)))
        return html_answer(
            self.sentence(), self._head(), self._rows(), notes=notes,
            text_columns=self._text_columns(),
        )  # fmt: skip


def options_list(ranking: RankingAnswer) -> Table:
    """List the options of a ranking, the best by its first criterion first.

    Parameters
    ----------
    ranking : RankingAnswer

    Returns
    -------
    Table
        At most `MOST_ROWS` rows; a note says how many were left out.
    """
    first = ranking.criteria[0]
    table = ranking.table.sort_values(f"rank_{first}", kind="stable").head(MOST_ROWS)
    columns = [Column("closed", "Closes", width=2.0), Column("ids", "Ids")]
    for c in ranking.criteria:
        words = CRITERION_WORDS[c]
        columns.append(Column(c, words[0].upper() + words[1:], _KINDS.get(c, "minutes")))
        columns.append(Column(f"rank_{c}", "Rank", "number", note="1 is best; equals share it"))
    columns.append(Column("front", "Beaten by none on every count"))
    rows = []
    for row in table.to_dict("records"):
        closed = row["closed"]
        figures = [row[k] for c in ranking.criteria for k in (c, f"rank_{c}")]
        rows.append(
            (
                list_words(named(closed, ranking.names)) if closed else "nothing",
                " ".join(closed),
                *figures,
                "yes" if row["on_front"] else "no",
            )
        )
    left_out = len(ranking.table) - len(table)
    notes = list(ranking.notes)
    if left_out:
        notes.insert(0, f"{left_out:,} options that are worse by {first} are not listed here.")
    return Table(
        f"{ranking.what}, best by {CRITERION_WORDS[first]} first ({ranking.mode})",
        tuple(columns),
        tuple(rows),
        notes=tuple(notes),
        short="Alternatives",
    )
