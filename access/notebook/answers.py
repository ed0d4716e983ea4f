"""`Answers`: everything a study finds, one call a question."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypedDict, Unpack

import folium
import pandas as pd

from access.analysis.analysis import Analysis, QuestionOptions, asked, pick, service_of
from access.analysis.hubs import HubQuestion, hub_answer, with_hubs
from access.analysis.questions import Request
from access.analysis.results import ProposalResult, StudyResults
from access.charts.chart import Chart
from access.display import html_answer
from access.document.document import Document
from access.document.xlsx import write_xlsx
from access.errors import ParameterError
from access.files import check_file
from access.labels import mode_title
from access.maps.area_chart import places_chart
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.maps.planner_map import page_map
from access.network import Network, TravelMatrix
from access.notebook.impact_views import ImpactAnswer, TodayAnswer
from access.notebook.ranking_views import HubView, RankingAnswer, RobustnessAnswer, WeightsAnswer
from access.notebook.tables import TableAnswer, workbook_path
from access.report.board import board_report, write_report
from access.run import measure_study
from access.run.summary import alternatives_table, area_table, spoken_summary
from access.run.write import write_outputs
from access.study import Study, load_study


@dataclass(frozen=True, eq=False, repr=False)
class _TravelQuestions:
    """What is measured of travel; part of `access.Answers`."""

    results: StudyResults

    @property
    def study(self) -> Study:
        """The study that was asked."""
        return self.results.study

    @property
    def proposals(self) -> tuple[str, ...]:
        """Names of the study's proposals."""
        return tuple(self.results.proposals)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What every reader of a number must be told."""
        return self.results.assumptions

    def network(self, mode: str = "walk") -> Network:
        """Give the streets that the minutes are measured on."""
        return pick(self.results.networks, mode, "network")

    def travel(self, mode: str = "walk") -> TravelMatrix:
        """Give the minutes from every area to every site."""
        return pick(self.results.matrices, mode, "mode")

    def today(self, service: str | None = None, *, mode: str = "walk") -> TodayAnswer:
        """Say how far families travel to their nearest centre today."""
        self.travel(mode)
        result = asked(self.results, service=service_of(self.results, service))
        return TodayAnswer(self.results, result, mode)

    def impact(self, proposal: str | None = None, *, mode: str = "walk") -> ImpactAnswer:
        """Say what a proposal does to families' travel."""
        return ImpactAnswer.of(self.results, self._proposal(proposal), mode)

    def what_if(
        self,
        *,
        close: Sequence[str] = (),
        open: Sequence[str] = (),
        service: str | None = None,
        mode: str = "walk",
    ) -> ImpactAnswer:
        """Say what it would do if other centres closed, or another site opened."""
        meant = service_of(self.results, service, [] if isinstance(close, str) else close)
        result = asked(self.results, service=meant, close=close, open=open)
        return ImpactAnswer.of(self.results, result, mode)

    def equality(self, proposal: str | None = None, *, mode: str = "walk") -> TableAnswer:
        """Set where equality groups live beside what changes there."""
        return self.impact(proposal, mode=mode).table("equality")

    def _proposal(self, name: str | None) -> ProposalResult:
        if not self.results.proposals:
            raise ParameterError("the study holds no proposal; use what_if(close=[...])")
        return pick(self.results.proposals, name or self.proposals[0], "proposal")


class _RankingQuestions(_TravelQuestions):
    """What is ranked; part of `access.Answers`."""

    def ranking(
        self, proposal: str | None = None, **options: Unpack[QuestionOptions]
    ) -> RankingAnswer:
        """Say where a proposal stands among every way to close as many."""
        result = self._ranked(proposal)
        ranking = self._analysis.rank(
            result.service, before=result.before, after=result.after, **options
        )
        return RankingAnswer.of(self.results, ranking, (result.service,))

    def both_services(self, *, mode: str = "walk") -> RankingAnswer:
        """Say where two services' proposals stand together, among all pairs of alternatives."""
        if not self.results.joint:
            raise ParameterError(
                "the study has no two services with one proposal each to rank together; "
                "ask ranking() of each"
            )
        pair = tuple(p.service for p in self.results.proposals.values() if p.rankings)
        return RankingAnswer.of(self.results, pick(self.results.joint, mode, "mode"), pair)

    def alternatives(
        self, *, keep: int, service: str | None = None, **options: Unpack[QuestionOptions]
    ) -> RankingAnswer:
        """List and rank every way to keep so many of today's centres."""
        meant = service_of(self.results, service)
        ranking = self._analysis.rank(meant, keep=keep, **options)
        return RankingAnswer.of(self.results, ranking, (meant,))

    def robustness(
        self,
        proposal: str | None = None,
        *,
        draws: int = 200,
        **options: Unpack[QuestionOptions],
    ) -> RobustnessAnswer:
        """Say how firm a proposal's rank is, when speeds, positions and weights may be wrong."""
        result = self._ranked(proposal)
        found = self._analysis.robustness(
            result.service, before=result.before, after=result.after, draws=draws, **options
        )
        return RobustnessAnswer.of(self.results, found)

    def weights(
        self, proposal: str | None = None, **options: Unpack[QuestionOptions]
    ) -> WeightsAnswer:
        """Say from which weight of deprivation on another option is best."""
        result = self._ranked(proposal)
        found = self._analysis.switching(
            result.service, before=result.before, after=result.after, **options
        )
        return WeightsAnswer.of(self.results, found)

    def hubs(
        self,
        hubs: int | None = None,
        *,
        mode: str = "walk",
        among: Sequence[str] | None = None,
        weighted: bool = False,
        each_locality: bool = False,
    ) -> HubView:
        """Say where Family Hubs should go, proven, and how far off the council's choice is."""
        question = HubQuestion(
            mode=mode,
            size=hubs,
            among=None if among is None else tuple(map(str, among)),
            min_per_locality=int(each_locality),
        )
        answer = hub_answer(self.results, question)
        found = answer.weighted if weighted else answer.plain
        if found is None:
            raise ParameterError("the study has no deprivation ranks to weight families by")
        if weighted:
            found = replace(found, assumptions=(*found.assumptions, answer.weighting_note))
        return HubView(found, self.results, mode, tuple(answer.candidates["id"]))

    @property
    def _analysis(self) -> Analysis:
        return Analysis.of(self.results)

    def _ranked(self, name: str | None) -> ProposalResult:
        result = self._proposal(name)
        if not result.rankings:
            raise ParameterError(
                f"proposal {result.key!r} opens a site or closes none, so there is no list of "
                "alternatives of its size to rank it among; use alternatives(keep=...)"
            )
        return result


_SHOWN = (
    "mean_minutes_before",
    "mean_minutes_after",
    "mean_minutes_change",
    "max_minutes_after",
)


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


class Answers(_RankingQuestions):
    """What a study finds, with one method a question.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> import access
    >>> answers = access.answer("rotherham")
    >>> answers.proposals
    ('childrens_centres_12_to_9', 'youth_centres_11_to_6')
    >>> answers.impact("childrens_centres_12_to_9").summary["sites_after"]
    9
    >>> answers.what_if(close=["CC01"]).closed
    ('CC01',)
    """

    def map(self, *, mode: str = "typical", tiles: bool = False) -> folium.Map:
        """Show what each proposal adds to every area's trip.

        Parameters
        ----------
        mode : str
        tiles : bool
            Ask for a background from the internet.

        Returns
        -------
        folium.Map

        Examples
        --------
        >>> answers.map().get_name()
        'map_0001'
        """
        return page_map(self.results, mode=mode, tiles=tiles)

    def plot(
        self, what: str = "change", proposal: str | None = None, *, mode: str = "walk"
    ) -> Chart:
        """Draw a chart whose title says the finding.

        Parameters
        ----------
        what : str
            ``"change"``, ``"deprivation"``, ``"ranks"``, ``"front"`` or ``"places"``.
        proposal : str, optional
        mode : str

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If there is no such chart, proposal or mode.

        Examples
        --------
        >>> answers.plot("ranks").title
        'Of 220 options the proposal is joint 1st by the worst-off area and 163rd by the share
        beyond the threshold'
        """
        charts: dict[str, Callable[[], Chart]] = {
            "change": lambda: self.impact(proposal, mode=mode).plot(),
            "deprivation": lambda: self.impact(proposal, mode=mode).plot("imd_decile"),
            "ranks": lambda: self.ranking(proposal, mode=mode).plot("ranks"),
            "front": lambda: self.ranking(proposal, mode=mode).plot("front"),
            "places": lambda: places_chart(self.study),
        }
        return pick(charts, what, "chart")()

    def to_frame(self) -> pd.DataFrame:
        """One row an area, with the trips before and after of every proposal and mode.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> len(answers.to_frame())
        854
        """
        return area_table(self.results)

    def options_frame(self) -> pd.DataFrame:
        """One row an alternative, proposal and mode, with every criterion and rank.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> len(answers.options_frame()) == 3 * (220 + 462)
        True
        """
        return alternatives_table(self.results)

    def to_excel(
        self, path: str | Path, *, internal: bool = False, **choices: Unpack[_ReportChoices]
    ) -> Path:
        """Write the board report's tables as a workbook, one sheet each.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.
        internal : bool
            Keep counts below five, and say so on every sheet.
        **choices
            As `access.report.board.board_report`: ``date mode reasons requests draws``.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.
        ParameterError
            If the study holds no proposal.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.to_excel(f"{folder}/tables.xlsx").name
        'tables.xlsx'
        """
        file = workbook_path(path, self.study.files)
        write_xlsx(self._document(internal=internal, **choices), file)
        return file

    def explorer(self, path: str | Path) -> Path:
        """Write the consultation explorer: one file for the public, no internet needed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.explorer(f"{folder}/explorer.html").name
        'explorer.html'
        """
        check_file(Path(path), self.study.files)
        return write_explorer(explorer_data(self.results), path)

    def report(
        self, folder: str | Path, *, internal: bool = False, **choices: Unpack[_ReportChoices]
    ) -> tuple[Path, ...]:
        """Write the board's report: Word, PDF and workbook.

        Parameters
        ----------
        folder : str or Path
        internal : bool
            Keep counts below five, and say so on every page.
        **choices
            As `access.report.board.board_report`: ``date mode reasons requests draws``.

        Returns
        -------
        tuple of Path

        Raises
        ------
        OutputError
            If the folder cannot be written; former files are then left whole.

        Examples
        --------
        >>> folder = "maps/board"
        >>> answers.report(folder)  # doctest: +SKIP
        (PosixPath('maps/board/report.docx'), ...)
        """
        document = self._document(internal=internal, **choices)
        return write_report(document, folder, inputs=self.study.files)

    def save(self, folder: str | Path) -> Path:
        """Write everything that `access run` writes.

        Parameters
        ----------
        folder : str or Path

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the folder cannot be written; former outputs are then left whole.

        Examples
        --------
        >>> folder = "maps/rotherham"
        >>> answers.save(folder)  # doctest: +SKIP
        PosixPath('maps/rotherham')
        """
        write_outputs(self._whole, Path(folder))
        return Path(folder)

    @cached_property
    def _whole(self) -> StudyResults:
        """What a run finds, Family Hubs too: worked out when a file is first asked for."""
        return with_hubs(self.results)

    def _document(self, *, internal: bool, **choices: Unpack[_ReportChoices]) -> Document:
        whole, mode = self._whole, choices.get("mode", "walk")
        if mode != "walk" and mode in self.results.matrices:  # hubs by the report's own trips
            whole = with_hubs(self.results, mode=mode)
        return board_report(whole, internal=internal, **choices)

    def __repr__(self) -> str:
        return spoken_summary(self.results)

    def _repr_html_(self) -> str:
        head = ["Proposal", "Mean minutes", "today", "after", "more", "longest"]
        rows = []
        for proposal in self.results.proposals.values():
            for k, (mode, impact) in enumerate(proposal.impacts.items()):
                figures = [impact.summary[f"{name}"] for name in _SHOWN]
                rows.append(
                    [
                        "" if k else proposal.title,
                        mode_title(mode),
                        *("not known" if v is None else f"{float(v):.1f}" for v in figures),
                    ]
                )
        sentences = [
            ImpactAnswer.of(self.results, p, next(iter(p.impacts))).sentence()
            for p in self.results.proposals.values()
        ]
        return html_answer(
            " ".join(sentences), head, rows, notes=self.assumptions, text_columns=(0, 1),
            title=self.study.config.study.title,
        )  # fmt: skip


def answer(
    study: Study | str | Path | None = None, *, network: str | Path | None = None
) -> Answers:
    """Ask a study everything: networks, travel times, proposals, alternatives.

    Parameters
    ----------
    study : Study, str or Path, optional
        A loaded study, a folder, or an embedded study's name; Rotherham when not given.
    network : str or Path, optional
        An OpenStreetMap extract or GraphML; streets are modelled without it, and said to be.

    Returns
    -------
    Answers

    Raises
    ------
    StudyError
        If the study has faults.
    NetworkError
        If the network cannot be read or misses the study.

    Examples
    --------
    >>> import access
    >>> access.answer("rotherham").study
    <Study rotherham: 854 areas, 23 centres, 74 candidate sites>
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    return Answers(measure_study(loaded, network=None if network is None else Path(network)))
