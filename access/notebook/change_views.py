"""What a change does to families' travel, and its place among all alternatives, as answers."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, Unpack

import folium
import pandas as pd

from access.analysis.analysis import Analysis, QuestionOptions, travel_options
from access.analysis.questions import Request
from access.analysis.results import ProposalResult, StudyResults
from access.arguments import pick
from access.charts import change_chart, group_chart, pareto_chart, rank_chart, robustness_chart
from access.charts.chart import Chart
from access.document.table import Column, Table
from access.errors import ParameterError
from access.labels import GROUPINGS, criterion_kind, criterion_words, grouping_words
from access.maps.planner_map import PlannerMap
from access.notebook.tables import TableAnswer, _save_workbook, _View
from access.report.board import board_report, write_report
from access.report.findings import ProposalFindings, findings_of
from access.report.people import PeopleTables, offer_table
from access.report.sites import SiteTables
from access.report.summary import options_table
from access.run.write import write_geopackage
from access.scenario import Impact, OfferChange, Ranking, Robustness, Switching
from access.scenario.sampled import SampledRanking
from access.text import capital, listed, named, share_figure

#: Rows of a workbook's list of options; of longer lists the best by the first criterion.
_MOST_ROWS = 5000


class _ReportChoices(TypedDict, total=False):
    """What may be said of the board's report, beside whether it is internal.

    Parameters
    ----------
    date, mode, reasons, requests, draws
        As in `access.report.board.board_report`.
    """

    date: datetime.date | None
    mode: str
    reasons: Mapping[tuple[str, ...], str] | None
    requests: Sequence[Request] | None
    draws: int


@dataclass(frozen=True, eq=False, repr=False)
class ImpactAnswer(_View):
    """Travel before and after a change, with all that an `access.scenario.Impact` has.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    found : Impact
        In one mode, with the sites' short names.
    result : ProposalResult
        The change, measured in every mode.

    Examples
    --------
    >>> impact = answers.impact("childrens_centres_12_to_9")
    >>> impact.closed
    ('CC04', 'CC11', 'CC12')
    >>> impact.plot().title
    'About 4,900 of about 16,000 children under five would travel further, about 1,800 of them by
    10 minutes or more'
    """

    results: StudyResults
    found: Impact
    result: ProposalResult

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
        return cls(results, replace(impact, names=results.short_names()), result)

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
        own = self.results.only(self.result)
        return PlannerMap.of_study(own, mode=self.found.mode, tiles=tiles).in_a_notebook()

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
        'The trip grows most in North: by 4.1 minutes, against 2.6 for everyone'
        """
        below = self.results.caption(self.found.mode, self.found.who)
        if by is None:
            return change_chart(self.found, caption=below)
        return group_chart(self.found, by, caption=below)

    def table(self, what: str = "closing", *, internal: bool = False) -> TableAnswer:
        """Give one of the report's tables.

        Parameters
        ----------
        what : str
            ``"closing"`` and ``"receiving"`` (sites), ``"change"`` (by how much, in every mode),
            ``"within"`` (shares within so many minutes), ``"worst"`` (areas), ``"equality"``
            (groups), ``"offer"`` (gravity and floating catchments), ``"options"``
            (side by side), or a column to group by: ``"imd_decile"``,
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
        found = self._findings
        people, sites = PeopleTables(found), SiteTables(found)
        tables: dict[str, Callable[[], Table | None]] = {
            "closing": sites.closed,
            "receiving": sites.receiving,
            "change": people.by_change,
            "within": people.within,
            "worst": people.worst_areas,
            "equality": lambda: people.equality()[0],
            "offer": lambda: offer_table(self.results, [found], [self._offer()]),
            "options": lambda: options_table(found),
        }
        if what in tables:
            table = tables[what]()
        elif what in self._groups():
            table = people.by_group(what, grouping_words(what))
        else:
            raise ParameterError(f"no table {what!r}; expected one of {[*tables, *self._groups()]}")
        if table is None:
            raise ParameterError("the study counts no equality groups by area: no such table")
        warning = people.equality()[1] if what == "equality" else ""
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
        found = self._findings
        people, sites = PeopleTables(found), SiteTables(found)
        tables = [options_table(found), sites.closed(), sites.receiving()]
        tables += [people.by_change(), people.within()]
        tables.append(offer_table(self.results, [found], [self._offer()]))
        tables += [
            people.by_group(column, words)
            for column, words in GROUPINGS.items()
            if column in self.found.demand.columns
        ]
        groups, _ = people.equality()
        tables += [people.worst_areas(), *([groups] if groups is not None else [])]
        return _save_workbook(path, self.result.title, tables, self.results, internal=internal)

    def offer(self) -> OfferAnswer:
        """Say what is on offer within reach before and after: gravity and floating catchments.

        Returns
        -------
        OfferAnswer

        Examples
        --------
        >>> answers.what_if(close=["CC04"]).offer().to_frame()["measure"].tolist()
        ['cumulative', 'gravity', 'two_step', 'enhanced_two_step', 'three_step']
        """
        return OfferAnswer(self.results, self._offer())

    def rank(self, **options: Unpack[QuestionOptions]) -> RankingAnswer | SampledRanking:
        """Say where the change stands among every way to close as many.

        Parameters
        ----------
        **options
            See `access.analysis.analysis.QuestionOptions`; those of this answer when not given.

        Returns
        -------
        RankingAnswer or SampledRanking
            Sampled where there are too many ways to list.

        Raises
        ------
        ParameterError
            If the mode is not measured, a site or locality is unknown, or weights cannot be made.
        ScenarioError
            If it opens a site or closes none, or the rules leave no option.

        Examples
        --------
        >>> answers.what_if(close=["Park View", "CC11"]).rank(never_close=["CC12"]).what
        '55 ways to keep 10 of 12'
        """
        analysis, asked = self._asked(options)
        ranking = analysis.standing(self.result.service, **asked)
        if isinstance(ranking, SampledRanking):
            return replace(ranking, names=analysis.results.short_names())
        return RankingAnswer.of(analysis.results, ranking, (self.result.service,), asked)

    def robustness(
        self, *, draws: int = 200, **options: Unpack[QuestionOptions]
    ) -> RobustnessAnswer:
        """Say how firm the change's rank is, when speeds, positions and weights may be wrong.

        Parameters
        ----------
        draws : int
        **options
            As in `rank`.

        Returns
        -------
        RobustnessAnswer

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.

        Examples
        --------
        >>> answers.what_if(close=["CC04"]).robustness(draws=5).to_frame()["options"].tolist()[0]
        12
        """
        analysis, asked = self._asked(options)
        found = analysis.robustness(self.result.service, **asked, draws=draws)
        return RobustnessAnswer.of(analysis.results, found)

    def weights(self, **options: Unpack[QuestionOptions]) -> WeightsAnswer:
        """Say from which weight of deprivation on another option is best.

        Parameters
        ----------
        **options
            As in `rank`.

        Returns
        -------
        WeightsAnswer

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.

        Examples
        --------
        >>> len(answers.what_if(close=["CC04"], mode="walk").weights().lambdas)
        1
        """
        analysis, asked = self._asked(options)
        return WeightsAnswer.of(analysis.results, analysis.switching(self.result.service, **asked))

    def to_geopackage(self, path: str | Path) -> Path:
        """Write areas with their trips, sites, snap lines and streets as layers for a GIS.

        Parameters
        ----------
        path : str or Path
            Ends in ``.gpkg``.

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
        ...     answers.what_if(close=["CC01"]).to_geopackage(f"{folder}/if_closed.gpkg").name
        'if_closed.gpkg'
        """
        return write_geopackage(self.results.only(self.result), Path(path))

    def report(
        self, folder: str | Path, *, internal: bool = False, **choices: Unpack[_ReportChoices]
    ) -> tuple[Path, ...]:
        """Write the board's report on this change alone: Word, PDF and workbook.

        Parameters
        ----------
        folder : str or Path
        internal : bool
            Keep counts below five, and say so on every page.
        **choices
            As `access.report.board.board_report`: ``date mode reasons requests draws``; the mode
            is this answer's when not given.

        Returns
        -------
        tuple of Path

        Raises
        ------
        OutputError
            If the folder cannot be written; former files are then left whole.

        Examples
        --------
        >>> folder = "maps/what_if"
        >>> answers.what_if(close=["CC01"]).report(folder)  # doctest: +SKIP
        (PosixPath('maps/what_if/report.docx'), ...)
        """
        ranked = Analysis(self.results).ranked(self.result)
        own: _ReportChoices = {"mode": self.found.mode, **choices}
        document = board_report(self.results.only(ranked), internal=internal, **own)
        return write_report(document, folder, inputs=self.results.study.files)

    def _asked(self, options: QuestionOptions) -> tuple[Analysis, dict[str, Any]]:
        """Give whom to ask about this change, and with which options."""
        asked: dict[str, Any] = {"mode": self.found.mode, **self.result.options, **options}
        analysis = Analysis(self.results).at(asked.pop("walk_km_h", None))
        return analysis, {"before": self.result.before, "after": self.result.after, **asked}

    def _offer(self) -> OfferChange:
        return Analysis(self.results).offer_of(self.result, self.found.mode)

    @cached_property
    def _findings(self) -> ProposalFindings:
        """What the report says of this change: measured once for all its tables."""
        return findings_of(self.results.only(self.result), mode=self.found.mode)[0]

    def _groups(self) -> list[str]:
        """Columns to group families by; those with a value of its own for most areas are not."""
        known = [str(c) for c in self.found.demand.columns]
        columns = [c for c in GROUPINGS if c in known
                   or c.removesuffix("_fifth") + "_decile" in known]  # fmt: skip
        return [*columns, *(c for c in known if c not in GROUPINGS)]

    def _title(self) -> str:
        return self.result.title

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        table = self.found._table()
        return list(table.columns), table.to_numpy().tolist()


@dataclass(frozen=True, eq=False, repr=False)
class OfferAnswer(_View):
    """What is on offer within reach, with all that an `access.scenario.OfferChange` has.

    Parameters
    ----------
    results : StudyResults
    found : OfferChange

    Examples
    --------
    >>> answers.impact().offer().unit
    'sites'
    """

    results: StudyResults
    found: OfferChange

    def _title(self) -> str:
        return "What is on offer within reach, before and after"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        head, rows = self._shown()
        columns = [Column(f"c{k}", capital(text)) for k, text in enumerate(head)]
        notes = tuple(self.found.assumptions)
        table = Table(self._title(), tuple(columns), tuple(map(tuple, rows)), notes=notes,
                      short="On offer within reach")  # fmt: skip
        return {"offer": lambda: table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        return self.found.lines()


@dataclass(frozen=True, eq=False, repr=False)
class RankingAnswer(_View):
    """Every alternative ranked, with all that an `access.scenario.Ranking` has.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    found : Ranking
        With the sites' short names.
    services : tuple of str
        Whose centres are chosen: one service, or two ranked jointly.
    options : dict
        What was said of it that holds for a change too: `access.analysis.analysis.TravelOptions`.

    Examples
    --------
    >>> ranking = answers.alternatives(keep=11)
    >>> len(ranking.table), ranking.best("mean")["closed"]
    (12, ('CC08',))
    """

    results: StudyResults
    found: Ranking
    services: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        results: StudyResults,
        ranking: Ranking,
        services: tuple[str, ...],
        options: Mapping[str, Any] | None = None,
    ) -> RankingAnswer:
        """Let a ranking show itself, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        ranking : Ranking
        services : tuple of str
        options : mapping, optional
            With which it was asked.

        Returns
        -------
        RankingAnswer

        Examples
        --------
        >>> found = answers.results.proposals["youth_centres_11_to_6"].rankings["walk"]
        >>> RankingAnswer.of(answers.results, found, ("youth_centre",)).what
        '462 ways to keep 6 of 11'
        """
        travel = dict(travel_options(options or {}))
        return cls(results, replace(ranking, names=results.short_names()), services, travel)

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
        ('CC08',)
        """
        chosen = service or self.services[0]
        results = {p.service: p for p in self._best_results(criterion)}
        result = pick(results, chosen, "service of this ranking")
        return ImpactAnswer.of(self.results, result, self.found.mode)

    def _best_results(self, criterion: str) -> list[ProposalResult]:
        closed, analysis = set(self.best(criterion)["closed"]), Analysis(self.results)
        found = []
        for service in self.services:
            own = sorted(closed & set(self.results.study.centre_ids(service)))
            title = self.results.study.config.services[service].title
            words = f"{title}: best by {self.found.words(criterion)}"
            found.append(analysis.change(service, close=own, title=words, **self.options))
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
        found = self.results.only(*self._best_results(criterion))
        return PlannerMap.of_study(found, mode=self.found.mode, tiles=tiles).in_a_notebook()

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
        'Of 220 options, 53 beat the proposal on both average family trip and the family trip ...'
        """
        what = what or ("front" if self.found.proposal is None else "ranks")
        charts = {
            "ranks": lambda: rank_chart(self.found),
            "front": lambda: pareto_chart(self.found, x, y),
        }
        return pick(charts, what, "chart")()

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
        self.found.best(criterion)  # says what is wrong with a criterion that is not there
        table = self.found.table
        equals = table[table[f"rank_{criterion}"] == 1]
        return equals.sort_values(f"rank_{self.found.criteria[0]}", kind="stable").iloc[0]

    def _title(self) -> str:
        return f"Every alternative: {self.found.what}"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        return {"options": lambda: _options_list(self.found)}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        rows, table = [], self.found.table
        for c, row in zip(self.found.criteria, self.found._rows(), strict=True):
            words, best, _, *own = row
            closed = self.best(c)["closed"]
            closes = listed(named(closed, self.found.names), none="nothing")
            others = int((table[f"rank_{c}"] == 1).sum()) - 1
            if others:
                closes += f", or {others:,} other{'s' if others > 1 else ''} as good"
            rows.append([words, *own, best, closes])
        criterion, best, closes, *own = self.found._head()
        return [criterion, *own, best, closes], rows

    def _text_columns(self) -> tuple[int, ...]:
        return (0, len(self.found._head()))


def _options_list(ranking: Ranking) -> Table:
    """List the options of a ranking, the best by its first criterion first."""
    first = ranking.criteria[0]
    table = ranking.table.sort_values(f"rank_{first}", kind="stable").head(_MOST_ROWS)
    columns = [Column("closed", "Closes", width=2.0), Column("ids", "Ids")]
    for c in ranking.criteria:
        columns.append(Column(c, capital(ranking.words(c)), criterion_kind(c)))
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
        worse = "option that is" if left_out == 1 else "options that are"
        not_listed = "is not listed here" if left_out == 1 else "are not listed here"
        notes.insert(0, f"{left_out:,} {worse} worse by {first} {not_listed}.")
    return Table(
        f"{ranking.what}, best by {ranking.words(first)} first ({ranking.mode})",
        tuple(columns),
        tuple(rows),
        notes=tuple(notes),
        short="Alternatives",
    )


@dataclass(frozen=True, eq=False, repr=False)
class RobustnessAnswer(_View):
    """How firm a ranking is, with all that an `access.scenario.Robustness` has.

    Parameters
    ----------
    results : StudyResults
    found : Robustness

    Examples
    --------
    >>> answers.robustness(draws=10).criteria[0]
    'mean'
    """

    results: StudyResults
    found: Robustness

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
        >>> found = answers.robustness(draws=10).found
        >>> RobustnessAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        return cls(results, replace(found, names=results.short_names()))

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
        return self.found.ranks()

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
        return robustness_chart(self.found, criterion)

    def _title(self) -> str:
        return f"How firm the rank is over {len(self.found.draws):,} settings"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        return {"ranks": self._ranks}

    def _ranks(self) -> Table:
        frame = self.found.ranks()
        frame["criterion"] = [criterion_words(c, self.found.mode) for c in frame["criterion"]]
        columns = [Column("criterion", "Criterion", width=2.0)]
        columns += [
            Column(key, label, "number")
            for key, label in (("least", "Least rank"), ("p5", "5 in 100 below"),
                               ("median", "Median rank"), ("p95", "95 in 100 below"),
                               ("greatest", "Greatest rank"), ("options", "Of"))
        ]  # fmt: skip
        columns.append(Column("share_best", "Is best in", "share"))
        notes = tuple(self.found.notes)
        return Table.from_frame(frame, self._title(), columns, short="Robustness", notes=notes)

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [
                criterion_words(r["criterion"], self.found.mode),
                f"{r['median']:,}",
                f"{r['p5']:,} to {r['p95']:,}",
                f"{r['least']:,} to {r['greatest']:,}",
                share_figure(r["share_best"]),
            ]
            for r in self.found.ranks().to_dict("records")
        ]
        of = len(self.found.options)
        head = ["criterion", f"median rank of {of:,}", "in nine of ten", "ever", "is best in"]
        return head, rows


@dataclass(frozen=True, eq=False, repr=False)
class WeightsAnswer(_View):
    """Where the weight of deprivation changes the choice, with all that a `Switching` has.

    Parameters
    ----------
    results : StudyResults
    found : Switching

    Examples
    --------
    >>> answers.weights("youth_centres_11_to_6", mode="walk").lambdas
    (0.09...,)
    """

    results: StudyResults
    found: Switching

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
        >>> found = answers.weights().found
        >>> WeightsAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        return cls(results, replace(found, names=results.short_names()))

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
        table = self.found.table
        joined: Mapping[str, list[str]] = {
            column: [" ".join(ids) for ids in table[column]] for column in ("closed", "kept")
        }
        return table.assign(**joined)

    def _title(self) -> str:
        return "From which weight of deprivation on another option is best"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        head, rows = self._shown()
        columns = [Column(f"c{k}", capital(text)) for k, text in enumerate(head)]
        notes = tuple(n for n in self._notes() if n not in self.results.assumptions)
        table = Table(self._title(), tuple(columns), tuple(map(tuple, rows)), notes=notes,
                      short="Weights")  # fmt: skip
        return {"weights": lambda: table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for r in self.found.table.to_dict("records"):
            upto = "any more" if r["lam_to"] == float("inf") else f"{1 + r['lam_to']:.2f}"
            closes = listed(named(r["closed"], self.found.names), none="nothing")
            rows.append([closes, f"{1 + r['lam_from']:.2f}", upto])
        return ["best by weighted mean: close", "from (times)", "to (times)"], rows

    def _notes(self) -> tuple[str, ...]:
        times = (
            "Times: what a family in the most deprived area of the country counts for, beside one "
            "in the least deprived (1 + lambda)."
        )
        return (times, *super()._notes())
