"""Every alternative, how firm their order is, and what the weights decide, as answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import folium
import numpy as np
import pandas as pd

from access.analysis.analysis import alone, asked, fields_of, pick
from access.analysis.results import ProposalResult, StudyResults, short_names
from access.charts import pareto_chart, rank_chart, robustness_chart
from access.charts.chart import Chart
from access.charts.hubs import hub_chart
from access.charts.style import MINUTES_COLOURS, MINUTES_EDGES
from access.display import html_answer, text_answer
from access.document.table import Column, Table
from access.errors import ParameterError
from access.labels import criterion_kind, criterion_words, mode_title
from access.maps.area_chart import area_chart, minutes_labels
from access.maps.planner_map import page_map
from access.notebook.impact_views import ImpactAnswer
from access.notebook.tables import TableAnswer, save_workbook
from access.report.hubs import hub_table, near_best_table, trade_off_table
from access.scenario import Ranking, Robustness, Switching
from access.siting import Solution
from access.siting.hubs import HubSearch
from access.text import capital, listed, named, share_figure

#: Rows of a workbook's list of options; of longer lists the best by the first criterion.
_MOST_ROWS = 5000


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
            words = f"{title}: best by {self.words(criterion)}"
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
        return save_workbook(path, title, [_options_list(self)], self.results)

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
            closes = listed(named(closed, self.names), none="nothing")
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


def _options_list(ranking: RankingAnswer) -> Table:
    """List the options of a ranking, the best by its first criterion first."""
    first = ranking.criteria[0]
    table = ranking.table.sort_values(f"rank_{first}", kind="stable").head(_MOST_ROWS)
    columns = [Column("closed", "Closes", width=2.0), Column("ids", "Ids")]
    for c in ranking.criteria:
        words = capital(ranking.words(c))
        columns.append(Column(c, words, criterion_kind(c)))
        columns.append(Column(f"rank_{c}", "Rank", "number", note="1 is best; equals share it"))
    columns.append(Column("front", "Beaten by none on every count"))
    rows = []
    for row in table.to_dict("records"):
        closed = row["closed"]
        figures = [row[k] for c in ranking.criteria for k in (c, f"rank_{c}")]
        rows.append(
            (
                listed(named(closed, ranking.names), none="nothing"),
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
        f"{ranking.what}, best by {ranking.words(first)} first ({ranking.mode})",
        tuple(columns),
        tuple(rows),
        notes=tuple(notes),
        short="Alternatives",
    )


@dataclass(frozen=True, eq=False, repr=False)
class RobustnessAnswer(Robustness):
    """How firm a ranking is: an `access.scenario.Robustness` that can show itself.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> answers.robustness(draws=10).criteria[0]
    'mean'
    """

    results: StudyResults = field(kw_only=True)

    @classmethod
    def of(cls, results: StudyResults, found: Robustness) -> RobustnessAnswer:
        """Let a robustness show itself, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        found : Robustness

        Returns
        -------
        RobustnessAnswer

        Examples
        --------
        >>> found = answers.robustness(draws=10)
        >>> RobustnessAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        values = fields_of(found, Robustness) | {"names": short_names(results)}
        return cls(**values, results=results)

    def to_frame(self) -> pd.DataFrame:
        """Give the interval of the proposal's rank on every criterion.

        Returns
        -------
        DataFrame
            As `access.scenario.Robustness.ranks`.

        Examples
        --------
        >>> answers.robustness(draws=10).to_frame()["options"].tolist()[0]
        220
        """
        return self.ranks()

    def plot(self, criterion: str = "mean") -> Chart:
        """Draw how often each option is best.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If the criterion is not one of these.

        Examples
        --------
        >>> answers.robustness(draws=10).plot().title[-20:]
        'the proposal in none'
        """
        return robustness_chart(self, criterion)

    def _rows(self) -> list[list[str]]:
        return [
            [
                criterion_words(r["criterion"], self.mode),
                f"{r['median']:,}",
                f"{r['p5']:,} to {r['p95']:,}",
                f"{r['least']:,} to {r['greatest']:,}",
                share_figure(r["share_best"]),
            ]
            for r in self.ranks().to_dict("records")
        ]

    def _head(self) -> list[str]:
        of = len(self.options)
        return ["criterion", f"median rank of {of:,}", "in nine of ten", "ever", "is best in"]

    def __repr__(self) -> str:
        return text_answer(self.sentence(), self._head(), self._rows())

    def _repr_html_(self) -> str:
        notes = (*self.notes, *self.results.assumptions)
        return html_answer(self.sentence(), self._head(), self._rows(), notes=notes)


@dataclass(frozen=True, eq=False, repr=False)
class WeightsAnswer(Switching):
    """Where the weight of deprivation changes the choice: a `Switching` that can show itself.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> answers.weights("youth_centres_11_to_6").lambdas
    (0.10...,)
    """

    results: StudyResults = field(kw_only=True)

    @classmethod
    def of(cls, results: StudyResults, found: Switching) -> WeightsAnswer:
        """Let switching values show themselves, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        found : Switching

        Returns
        -------
        WeightsAnswer

        Examples
        --------
        >>> found = answers.weights()
        >>> WeightsAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        values = fields_of(found, Switching) | {"names": short_names(results)}
        return cls(**values, results=results)

    def to_frame(self) -> pd.DataFrame:
        """Give the best option for every stretch of the weight.

        Returns
        -------
        DataFrame
            ``lam_from lam_to closed kept``, ids parted by a blank.

        Examples
        --------
        >>> answers.weights().to_frame()["lam_from"].tolist()[0]
        0.0
        """
        joined: Mapping[str, list[str]] = {
            column: [" ".join(ids) for ids in self.table[column]] for column in ("closed", "kept")
        }
        return self.table.assign(**joined)

    def _rows(self) -> list[list[str]]:
        rows = []
        for r in self.table.to_dict("records"):
            upto = "any more" if r["lam_to"] == float("inf") else f"{1 + r['lam_to']:.2f}"
            closes = listed(named(r["closed"], self.names), none="nothing")
            rows.append([closes, f"{1 + r['lam_from']:.2f}", upto])
        return rows

    def _head(self) -> list[str]:
        return ["best by weighted mean: close", "from (times)", "to (times)"]

    def __repr__(self) -> str:
        return text_answer(self.sentence(), self._head(), self._rows())

    def _repr_html_(self) -> str:
        notes = (
            "Times: what a family in the most deprived area of the country counts for, beside one "
            "in the least deprived (1 + lambda).",
            *self.notes,
            *self.results.assumptions,
        )
        return html_answer(self.sentence(), self._head(), self._rows(), notes=notes)


@dataclass(frozen=True, eq=False, repr=False)
class HubView:
    """The best hubs for each number of them, the near-best, and where the council's choice stands.

    Parameters
    ----------
    found : HubSearch
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

    found: HubSearch
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
        by = mode_title(self.mode).capitalize()
        return f"{by}: {' '.join(self.found.words.split())}"

    def to_frame(self) -> pd.DataFrame:
        """Give the best hubs for each number of them.

        Returns
        -------
        DataFrame
            As `access.siting.hubs.HubSearch.curve_frame`.

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
            caption=f"{names}. {mode_title(self.mode).capitalize()}. {self._streets()}",
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
