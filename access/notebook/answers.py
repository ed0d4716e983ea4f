"""`Answers`: everything a study finds, one call a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

import folium
import pandas as pd

from access.analysis.analysis import Analysis, QuestionOptions, TravelOptions
from access.analysis.hubs import HubOptions
from access.analysis.places import BUFFER_M
from access.analysis.questions import Meant
from access.analysis.results import ProposalResult, StudyResults
from access.arguments import pick
from access.charts.chart import Chart
from access.display import html_answer
from access.document.document import Document
from access.document.xlsx import write_xlsx
from access.errors import ParameterError
from access.files import check_file
from access.labels import mode_title
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.maps.ground import places_chart
from access.maps.planner_map import PlannerMap
from access.network import Network, TravelMatrix
from access.notebook.change_views import (
    ImpactAnswer,
    RankingAnswer,
    RobustnessAnswer,
    WeightsAnswer,
    _ReportChoices,
)
from access.notebook.place_views import HubView, TodayAnswer
from access.notebook.reach_views import PathAnswer, ReachAnswer, WithinAnswer, _BusAnswer
from access.notebook.tables import TableAnswer, _workbook_path
from access.report.board import board_report, write_report
from access.run import measure_study
from access.run.summary import RunSummary
from access.run.write import write_outputs
from access.scenario import Modification
from access.scenario.sampled import SampledRanking
from access.study import Study, load_study

_ASKED = "Asked in a notebook."


def _said(options: Mapping[str, object]) -> bool:
    """Whether anything but the mode is asked otherwise than a run asks it."""
    return any(v is not None and v is not False for k, v in options.items() if k != "mode")


_SHOWN = (
    "mean_minutes_before",
    "mean_minutes_after",
    "mean_minutes_change",
    "max_minutes_after",
)


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """What a study finds, with one method a question.

    Sites may be given by id or by name. Every question of travel takes ``mode``, ``neighbours``,
    ``weights`` and ``walk_km_h``; every question about alternatives also ``threshold_minutes``,
    ``never_close``, ``min_per_locality`` and ``savings``: see
    `access.analysis.analysis.QuestionOptions`.

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
    >>> answers.what_if(close=["Aughton Early Years Centre"]).closed
    ('CC01',)
    >>> answers.rank(close=["CC01"], neighbours=True).what
    '12 ways to keep 11 of 12'
    """

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
        """Give the streets that the minutes are measured on.

        Parameters
        ----------
        mode : str
            ``"walk"`` or ``"drive"``.

        Returns
        -------
        Network

        Raises
        ------
        ParameterError
            If there are no streets of that mode.

        Examples
        --------
        >>> answers.network("drive").mode
        'drive'
        """
        return pick(self.results.networks, mode, "network")

    def travel(self, mode: str = "walk") -> TravelMatrix:
        """Give the minutes from every area to every site.

        Parameters
        ----------
        mode : str
            ``"walk"``, ``"drive"`` or ``"typical"``.

        Returns
        -------
        TravelMatrix

        Raises
        ------
        ParameterError
            If the mode was not measured.

        Examples
        --------
        >>> answers.travel("drive").mode
        'drive'
        """
        return pick(self.results.matrices, mode, "mode")

    def today(self, service: str | None = None, **options: Unpack[TravelOptions]) -> TodayAnswer:
        """Say how far families travel to their nearest centre today.

        Parameters
        ----------
        service : str, optional
            The first of the study when not given.
        **options
            See `access.analysis.analysis.TravelOptions`.

        Returns
        -------
        TodayAnswer

        Raises
        ------
        ParameterError
            If there is no such service or mode, or weights cannot be made.

        Examples
        --------
        >>> slow = answers.today(walk_km_h=2.4).to_frame().loc["walk", "mean"]
        >>> round(float(slow / answers.today().to_frame().loc["walk", "mean"]), 6)
        2.0
        """
        mode = self._mode(options.pop("mode", None))
        here = self._at(options)
        return TodayAnswer.of(here.results, here.change(service, **options), mode)

    def impact(self, proposal: str | None = None, **options: Unpack[TravelOptions]) -> ImpactAnswer:
        """Say what a proposal does to families' travel.

        Parameters
        ----------
        proposal : str, optional
            The first of the study when not given.
        **options
            See `access.analysis.analysis.TravelOptions`.

        Returns
        -------
        ImpactAnswer

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, or weights cannot be made.

        Examples
        --------
        >>> answers.impact("youth_centres_11_to_6", mode="drive").mode
        'drive'
        """
        result, mode = self._proposal(proposal), self._mode(options.pop("mode", None))
        if not _said(options):
            return ImpactAnswer.of(self.results, result, mode)
        here = self._at(options)
        return ImpactAnswer.of(here.results, here.again(result, **options), mode)

    def what_if(
        self,
        *,
        close: Sequence[str] = (),
        open: Sequence[str] = (),
        changes: Sequence[Modification | Mapping[str, Any]] = (),
        service: str | None = None,
        **options: Unpack[QuestionOptions],
    ) -> ImpactAnswer:
        """Say what it would do if other centres closed, or another site opened.

        Parameters
        ----------
        close, open : sequence of str
            Ids or names of today's centres that close, and of sites that open.
        changes : sequence of Modification or mapping
            Further changes, as a ``[[modification]]`` of a scenario file:
            ``{"action": "status", "site": "CC12", "status": "outreach", "days": 2}``, or
            ``{"action": "open", "site": "M1", "lon": -1.35, "lat": 53.43, "days": 1}``.
        service : str, optional
            That of the centres to close, else the first of the study.
        **options
            See `access.analysis.analysis.QuestionOptions`; what concerns alternatives is kept
            for them.

        Returns
        -------
        ImpactAnswer
            Its methods ``rank``, ``report``, ``to_geopackage`` and others ask and write more.

        Raises
        ------
        ParameterError
            If a site is unknown (names near it are listed), or weights cannot be made.
        ScenarioError
            If everything closes.

        Examples
        --------
        >>> answers.what_if(close=["park view", "CC11"], walk_km_h=3.6).closed
        ('CC04', 'CC11')
        """
        mode = self._mode(options.pop("mode", None))
        here = self._at(options).with_places_of(changes)
        asked = here.change(
            service, close=close, open=open, changes=changes, comment=_ASKED, **options
        )
        return ImpactAnswer.of(here.results, asked, mode)

    def bus(
        self,
        proposal: str | None = None,
        *,
        close: Sequence[str] = (),
        service: str | None = None,
        routes: Sequence[str] = (),
        stops: Sequence[str] = (),
    ) -> _BusAnswer:
        """Say what a change does by bus, there and home, and for how many there is no bus.

        Parameters
        ----------
        proposal : str, optional
            The first of the study when neither it nor `close`, `routes` or `stops` is given.
        close : sequence of str
            Ids or names of today's centres that close, in place of a proposal.
        service : str, optional
            Whose centres, where only buses are cut.
        routes, stops : sequence of str
            Bus routes withdrawn and stops closed after the change, as for `Timetable.without`.

        Returns
        -------
        BusAnswer

        Raises
        ------
        ParameterError
            If no timetable was given, a site, route or stop is unknown, or a proposal is named and
            a change of one's own as well.

        Examples
        --------
        >>> answers.bus()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        access.errors.ParameterError: By bus: not known, ...
        """
        if proposal is not None and (close or service):
            raise ParameterError(
                f"proposal {proposal!r} and close or service are both given; expected one of them"
            )
        here = Analysis(self.results)
        own = bool(close or routes or stops) and proposal is None
        result = here.change(service, close=close) if own else self._proposal(proposal)
        later = here.without_buses(routes=routes, stops=stops) if routes or stops else None
        found = here.by_bus(
            result.service, before=result.before, after=result.after, later=later,
            neighbours=result.neighbours,
        )  # fmt: skip
        return _BusAnswer(self.results, found, result, () if later is None else later.bus_notes())

    def equality(
        self, proposal: str | None = None, **options: Unpack[TravelOptions]
    ) -> TableAnswer:
        """Set where equality groups live beside what changes there.

        Parameters
        ----------
        proposal, **options
            As in `impact`.

        Returns
        -------
        TableAnswer

        Raises
        ------
        ParameterError
            As in `impact`; and if the study counts no groups.

        Examples
        --------
        >>> "Disabled people" in answers.equality().to_frame()["Group"].tolist()
        True
        """
        return self.impact(proposal, **options).table("equality")

    def rank(
        self,
        *,
        close: Sequence[str],
        service: str | None = None,
        **options: Unpack[QuestionOptions],
    ) -> RankingAnswer | SampledRanking:
        """Say where a change of one's own stands among every way to close as many.

        Parameters
        ----------
        close, service
            As in `what_if`.
        **options
            See `access.analysis.analysis.QuestionOptions`.

        Returns
        -------
        RankingAnswer or SampledRanking
            Sampled where there are too many ways to list.

        Raises
        ------
        ParameterError
            If a site or locality is unknown, the mode is not measured, or weights cannot be made.
        ScenarioError
            If nothing closes, or the rules leave no option.

        Examples
        --------
        >>> answers.rank(close=["Park View", "CC11"], never_close=["CC12"]).what
        '55 ways to keep 10 of 12'
        """
        return self.what_if(close=close, service=service).rank(**options)

    def ranking(
        self, proposal: str | None = None, **options: Unpack[QuestionOptions]
    ) -> RankingAnswer | SampledRanking:
        """Say where a proposal stands among every way to close as many.

        Parameters
        ----------
        proposal : str, optional
            The first of the study when not given.
        **options
            See `access.analysis.analysis.QuestionOptions`.

        Returns
        -------
        RankingAnswer or SampledRanking
            Sampled where there are too many ways to list.

        Raises
        ------
        ParameterError
            As in `rank`; and if the proposal opens a site or closes none.
        ScenarioError
            If the rules leave no option.

        Examples
        --------
        >>> answers.ranking("youth_centres_11_to_6").what
        '462 ways to keep 6 of 11'
        """
        return self._ranked(proposal).rank(**options)

    def both_services(self, **options: Unpack[QuestionOptions]) -> RankingAnswer:
        """Say where two services' proposals stand together, among all pairs of alternatives.

        Parameters
        ----------
        **options
            See `access.analysis.analysis.QuestionOptions`.

        Returns
        -------
        RankingAnswer

        Raises
        ------
        ParameterError
            If there are no two services with one proposal each, or too many pairs to list.

        Examples
        --------
        >>> answers.both_services().services
        ('childrens_centre', 'youth_centre')
        """
        mode, proposals = self._mode(options.get("mode")), self.results.proposals
        analysis, found = Analysis(self.results), self.results.joint.get(mode)
        if _said(options) or found is None:  # what a run left out says here why
            analysis = self._at(options)
            found = analysis.rank_jointly(proposals, **options)
        if found is None:
            raise ParameterError(
                "the study has no two services with one proposal each to rank together; "
                "ask ranking() of each"
            )
        pair = tuple(p.service for p in proposals.values() if p.rankings)
        return RankingAnswer.of(analysis.results, found, pair, options)

    def alternatives(
        self, *, keep: int, service: str | None = None, **options: Unpack[QuestionOptions]
    ) -> RankingAnswer | SampledRanking:
        """List and rank every way to keep so many of today's centres.

        Parameters
        ----------
        keep : int
        service : str, optional
            The first of the study when not given.
        **options
            See `access.analysis.analysis.QuestionOptions`.

        Returns
        -------
        RankingAnswer or SampledRanking
            Sampled where there are too many ways to list.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.

        Examples
        --------
        >>> answers.alternatives(keep=10, never_close=["Park View"]).what
        '55 ways to keep 10 of 12'
        """
        meant = Meant(self.study).service(service)
        analysis = self._at(options)
        ranking = analysis.standing(meant, keep=keep, **options)
        if isinstance(ranking, SampledRanking):
            return replace(ranking, names=analysis.results.short_names())
        return RankingAnswer.of(analysis.results, ranking, (meant,), options)

    def robustness(
        self,
        proposal: str | None = None,
        *,
        draws: int = 200,
        **options: Unpack[QuestionOptions],
    ) -> RobustnessAnswer:
        """Say how firm a proposal's rank is, when speeds, positions and weights may be wrong.

        Parameters
        ----------
        proposal, **options
            As in `ranking`.
        draws : int

        Returns
        -------
        RobustnessAnswer

        Raises
        ------
        ParameterError, ScenarioError
            As in `ranking`.

        Examples
        --------
        >>> answers.robustness(draws=5).to_frame()["options"].tolist()[0]
        220
        """
        return self._ranked(proposal).robustness(draws=draws, **options)

    def weights(
        self, proposal: str | None = None, **options: Unpack[QuestionOptions]
    ) -> WeightsAnswer:
        """Say from which weight of deprivation on another option is best.

        Parameters
        ----------
        proposal, **options
            As in `ranking`.

        Returns
        -------
        WeightsAnswer

        Raises
        ------
        ParameterError, ScenarioError
            As in `ranking`; and if the areas have no ranks of deprivation.

        Examples
        --------
        >>> len(answers.weights("childrens_centres_12_to_9").lambdas)
        1
        """
        return self._ranked(proposal).weights(**options)

    def hubs(
        self,
        hubs: int | None = None,
        *,
        weighted: bool = False,
        each_locality: bool = False,
        **options: Unpack[HubOptions],
    ) -> HubView:
        """Say where Family Hubs should go, proven, and how far off the council's choice is.

        Parameters
        ----------
        hubs : int, optional
            As many as the council's, or 3, or as the localities need, when not given.
        weighted : bool
            Count families by deprivation.
        each_locality : bool
            Ask for one in each locality: ``min_per_locality=1``.
        **options
            See `access.analysis.hubs.HubOptions`: among others ``locked_open`` and
            ``locked_closed`` (sites that must be, or may not be, a hub) and ``greenfield`` (new
            sites at the centres of demand).

        Returns
        -------
        HubView

        Raises
        ------
        ParameterError
            If a site is unknown, the number cannot be, or no set of hubs keeps the rules.

        Examples
        --------
        >>> few = ["CC02", "CC07", "CC09", "GP04"]
        >>> answers.hubs(2, among=few, locked_open=["Coleridge"]).best.chosen
        ('CC02', 'CC07')
        """
        if each_locality:
            options.setdefault("min_per_locality", 1)
        analysis = Analysis(self.results).at(options.pop("walk_km_h", None))
        return HubView.of(analysis.results, analysis.hubs(hubs, **options), weighted=weighted)

    def isochrones(
        self,
        sites: Sequence[str] | str,
        *,
        minutes: float | Sequence[float] = (10.0, 20.0, 30.0),
        mode: str = "walk",
        direction: str = "from_site",
        buffer_m: float = BUFFER_M,
        walk_km_h: float | None = None,
    ) -> ReachAnswer:
        """Draw what lies within so many minutes of sites, along the streets.

        Parameters
        ----------
        sites, minutes, mode, direction, buffer_m, walk_km_h
            As `access.analysis.analysis.Analysis.isochrones`.

        Returns
        -------
        ReachAnswer
            With ``map()``, ``to_geopackage(path)`` and ``to_geojson(path)``.

        Raises
        ------
        ParameterError
            If a site is unknown, the mode has no streets, or a number cannot be.

        Examples
        --------
        >>> answers.isochrones("Park View", mode="drive", minutes=5).table["status"].item()
        'reached'
        """
        analysis = Analysis(self.results).at(walk_km_h)
        found = analysis.isochrones(
            sites, minutes=minutes, mode=mode, direction=direction, buffer_m=buffer_m
        )
        return ReachAnswer(analysis.results, found)

    def path(
        self, area: str, site: str, *, mode: str = "walk", walk_km_h: float | None = None
    ) -> PathAnswer:
        """Show the way from an area to a site that the minutes are measured on.

        Parameters
        ----------
        area, site, mode, walk_km_h
            As `access.analysis.analysis.Analysis.path`.

        Returns
        -------
        PathAnswer

        Raises
        ------
        ParameterError
            If the area or the site is unknown, or the mode has no streets.

        Examples
        --------
        >>> answers.path("E00038789", "Park View").status
        'ok'
        """
        analysis = Analysis(self.results).at(walk_km_h)
        return PathAnswer(analysis.results, analysis.path(area, site, mode=mode))

    def minutes_table(
        self, *, mode: str | None = None, walk_km_h: float | None = None
    ) -> pd.DataFrame:
        """Give the minutes in long form: one row an area and a site.

        Parameters
        ----------
        mode, walk_km_h
            As `access.analysis.analysis.Analysis.minutes_table`.

        Returns
        -------
        DataFrame
            ``area site mode minutes metres status``.

        Raises
        ------
        ParameterError
            If the mode is not measured.

        Examples
        --------
        >>> len(answers.minutes_table()) == answers.travel().status.size
        True
        """
        return Analysis(self.results).minutes_table(mode=mode, walk_km_h=walk_km_h)

    def within(
        self,
        site: str,
        *,
        minutes: float = 20.0,
        mode: str | None = None,
        walk_km_h: float | None = None,
    ) -> WithinAnswer:
        """Count who lives within so many minutes of a site; small counts are hidden.

        Parameters
        ----------
        site, minutes, mode, walk_km_h
            As `access.analysis.analysis.Analysis.within`.

        Returns
        -------
        WithinAnswer

        Raises
        ------
        ParameterError
            If the site is unknown, the mode is not measured, or the minutes cannot be.

        Examples
        --------
        >>> answers.within("Park View", minutes=20).sentence().split(":")[0]
        "Within 20 minutes (family trip) of Park View Children's Centre"
        """
        analysis = Analysis(self.results).at(walk_km_h)
        return WithinAnswer(analysis.results, analysis.within(site, minutes=minutes, mode=mode))

    def _at(self, options: TravelOptions | QuestionOptions) -> Analysis:
        """Give whom to ask, at the walking speed that is asked for."""
        return Analysis(self.results).at(options.pop("walk_km_h", None))

    def _proposal(self, name: str | None) -> ProposalResult:
        if not self.results.proposals:
            raise ParameterError("the study holds no proposal; use what_if(close=[...])")
        return pick(self.results.proposals, name or self.proposals[0], "proposal")

    def _ranked(self, name: str | None) -> ImpactAnswer:
        result = self._proposal(name)
        if not set(result.after) < set(result.before):
            raise ParameterError(
                f"proposal {result.key!r} opens a site or closes none, so there is no list of "
                "alternatives of its size to rank it among; use alternatives(keep=...)"
            )
        return ImpactAnswer.of(self.results, result, self.results.headline)

    def _mode(self, asked: str | None) -> str:
        """Give the mode that is asked for, the study's headline when none is."""
        return self.travel(asked or self.results.headline).mode

    def _listed(self, proposal: str | None, mode: str | None) -> RankingAnswer:
        found = self.ranking(proposal, mode=mode)
        if isinstance(found, SampledRanking):
            raise ParameterError(
                f"{found.what} are too many to draw; ranking() gives the best and a sampled place"
            )
        return found

    def map(self, *, mode: str | None = None, tiles: bool = False) -> folium.Map:
        """Show what each proposal adds to every area's trip.

        Parameters
        ----------
        mode : str, optional
            The study's headline when not given.
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
        return PlannerMap.of_study(self.results, mode=mode, tiles=tiles).in_a_notebook()

    def plot(
        self, what: str = "change", proposal: str | None = None, *, mode: str | None = None
    ) -> Chart:
        """Draw a chart whose title says the finding.

        Parameters
        ----------
        what : str
            ``"change"``, ``"deprivation"``, ``"ranks"``, ``"front"`` or ``"places"``.
        proposal : str, optional
        mode : str, optional
            The study's headline when not given.

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
        'Of 220 options the proposal is joint 1st by the longest family trip and joint 96th by the
        family trip that nine in ten of the most deprived fifth are within'
        """
        charts: dict[str, Callable[[], Chart]] = {
            "change": lambda: self.impact(proposal, mode=mode).plot(),
            "deprivation": lambda: self.impact(proposal, mode=mode).plot("imd_decile"),
            "ranks": lambda: self._listed(proposal, mode).plot("ranks"),
            "front": lambda: self._listed(proposal, mode).plot("front"),
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
        return RunSummary(self.results).areas()

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
        return RunSummary(self.results).alternatives()

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
        ...     answers.to_excel(f"{folder}/tables.xlsx", draws=0).name
        'tables.xlsx'
        """
        file = _workbook_path(path, self.study.files)
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

    def save(self, folder: str | Path, *, internal: bool = False) -> Path:
        """Write everything that `access run` writes.

        Parameters
        ----------
        folder : str or Path
        internal : bool
            Write the council's own copy, whatever counts it holds, each file's name marked.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the folder cannot be written, or the study holds counts that may not be published
            (`access run` makes a public copy of it); former outputs are then left whole.

        Examples
        --------
        >>> folder = "maps/rotherham"
        >>> answers.save(folder)  # doctest: +SKIP
        PosixPath('maps/rotherham')
        """
        write_outputs(self._whole, Path(folder), internal=internal)
        return Path(folder)

    @cached_property
    def _whole(self) -> StudyResults:
        """What a run finds, Family Hubs too: worked out when a file is first asked for."""
        return Analysis(self.results).with_hubs()

    def _document(self, *, internal: bool, **choices: Unpack[_ReportChoices]) -> Document:
        whole, mode = self._whole, choices.get("mode")
        if (
            mode not in (None, whole.headline) and mode in self.results.matrices
        ):  # hubs by the report's own trips
            whole = Analysis(self.results).with_hubs(mode)
        return board_report(whole, internal=internal, **choices)

    def __repr__(self) -> str:
        return RunSummary(self.results).words()

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
            ImpactAnswer.of(self.results, p, self.results.headline).sentence()
            for p in self.results.proposals.values()
        ]
        return html_answer(
            " ".join(sentences), head, rows,
            notes=(*(f"left out: {p}" for p in self.results.left_out), *self.assumptions),
            text_columns=(0, 1),
            title=self.study.config.study.title,
        )  # fmt: skip


def answer(
    study: Study | str | Path | None = None,
    *,
    network: str | Path | None = None,
    timetable: str | Path | None = None,
) -> Answers:
    """Ask a study everything: networks, travel times, proposals, alternatives.

    Parameters
    ----------
    study : Study, str or Path, optional
        A loaded study, a folder, or an embedded study's name; Rotherham when not given.
    network : str or Path, optional
        An OpenStreetMap extract or GraphML; streets are modelled without it, and said to be.
    timetable : str or Path, optional
        A GTFS zip or folder; without it, and without the study's own, minutes by bus are not
        known.

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
    <Study rotherham: 854 areas, 23 centres, 73 candidate sites>
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    loaded = loaded.with_timetables([] if timetable is None else [Path(timetable)])
    return Answers(measure_study(loaded, network=None if network is None else Path(network)))
