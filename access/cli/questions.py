"""`access compare`, `rank` and `site`: what a change does, where it ranks, where hubs would go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from access.cli.terminal import (
    _JsonOption,
    _NetworkOption,
    _NoCacheOption,
    _one_mode_of,
    _partly_done,
    _QuietOption,
    _searching,
    _StudyArgument,
    _TimetableOption,
    say,
    steps,
)
from access.errors import ParameterError
from access.labels import trip

if TYPE_CHECKING:
    from access.analysis.questions import Question
    from access.analysis.results import LeftOut, StudyResults
    from access.measure import TakeUp
    from access.run.findings import HubFindings
    from access.study import Study

commands = typer.Typer()
_T = TypeVar("_T")

_CloseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--close", metavar="SITE", help="A centre to close, by id or name; repeat for more."
    ),
]
_ProposalOption = Annotated[
    str | None,
    typer.Option("--proposal", metavar="KEY", help="A proposal of the study; all by default."),
]
_ServiceOption = Annotated[
    str | None, typer.Option("--service", metavar="KEY", help="A service of the study.")
]
_ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        callback=_one_mode_of("walk", "drive", "bus", "typical"),
        help=f"Trips by walk, by drive, by bus, or typical (the {trip('typical')}); "
        "the study's headline by default.",
    ),
]
_NeighboursOption = Annotated[
    bool | None,
    typer.Option(
        "--neighbours/--own-centres",
        help="Whether people may use the neighbouring authorities' centres as well; as the study "
        "says by default.",
    ),
]
_WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        help="none, linear, green_book or a column of the areas; the study's by default.",
    ),
]
_WalkOption = Annotated[
    float | None,
    typer.Option("--walk-km-h", metavar="KM/H", help="Another walking speed than the study's."),
]
_FolderOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write tables and charts there; else only say it."),
]


def _one_scenario(given: list[Path]) -> Path | None:
    """Give the scenario, if any; of two the last would be asked, and the first lost in silence."""
    if len(given) > 1:
        raise ParameterError(
            f"--scenario was given {len(given)} times; expected once. Put the files that several "
            "laptops saved into one folder, and give the folder"
        )
    return given[0] if given else None


_OpeningOption = Annotated[
    list[str] | None,
    typer.Option("--open", metavar="SITE", help="A candidate site to open; as --close."),
]
_ScenariosOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--scenario",
        metavar="FILE",
        help="A scenario as TOML (needs --service), the options that the explorer saved, or a "
        "folder of such files: each option once.",
    ),
]
_ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Groups: imd_decile, ward, locality, p_no_car, ...; deprivation by default, "
        "else the locality or ward where they are known.",
    ),
]
_AttendanceOption = Annotated[
    Path | None,
    typer.Option(
        "--attendance", metavar="FILE", help="Observed use: CSV with area, site, attendances."
    ),
]
_TakeUpOption = Annotated[
    str | None,
    typer.Option(
        "--take-up",
        metavar="LOW-HIGH",
        help="An assumption, off by default: factors of use per ten minutes, as 0.8-0.95.",
    ),
]
_MeasuresOption = Annotated[
    bool,
    typer.Option(
        "--measures",
        help="What is on offer within reach as well, before and after: within a catchment, by "
        "gravity, and shared among all who reach it (2SFCA, E2SFCA, 3SFCA).",
    ),
]
_WithoutBusOption = Annotated[
    list[str] | None,
    typer.Option(
        "--without-bus",
        metavar="ROUTE",
        help="A bus route withdrawn as well, by number or id (id:22 where that is "
        "another's number), or stop:ID for a stop closed; "
        "repeat for more. With --mode bus or typical.",
    ),
]


@commands.command("compare")
def _compare(  # noqa: PLR0913 - one option a part of the question
    study: _StudyArgument = "rotherham",
    proposal: _ProposalOption = None,
    close: _CloseOption = None,
    opening: _OpeningOption = None,
    scenarios: _ScenariosOption = None,
    service: _ServiceOption = None,
    mode: _ModeOption = None,
    by: _ByOption = None,
    neighbours: _NeighboursOption = None,
    weights: _WeightsOption = None,
    walk_km_h: _WalkOption = None,
    attendance: _AttendanceOption = None,
    take_up: _TakeUpOption = None,
    measures: _MeasuresOption = False,
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    without_bus: _WithoutBusOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Compare travel before and after a change: who goes further, by how much, and where to.

    Without options it compares every proposal of the embedded study with today. Ask your own:

      access compare --close CC04 --close CC12          two centres close

      access compare --close "Park View" --walk-km-h 3.6   by name, at a pram's pace

      access compare --close CC12 --open LIB08          one closes, a library opens

      access compare --scenario plan.toml --service childrens_centre

      access compare --scenario rotherham-options.json  what visitors of the explorer asked for

      access compare --measures                         floating catchments and gravity as well

    A plan.toml has a name and, for each change in order, what is done to which site:
    `name = "Two close"`, then `[[modification]]`, `action = "close"`, `site = "CC04"`. Its keys
    are those of `[[proposals.KEY.change]]` of study.toml.

    With --out it writes, for each question, areas, groups, closed and receiving sites (CSV,
    parquet and GeoPackage), summary.json, ledger.json, and charts with their words beside them.
    """
    from access.analysis.analysis import Analysis, Beforehand, TravelOptions
    from access.analysis.questions import Meant, Request
    from access.run.findings import BesideImpact, ImpactFindings
    from access.scenario.impact import group_labels
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    meant = Meant(loaded)
    asked = meant.questions(
        proposal=proposal,
        service=service,
        close=close or [],
        opening=opening or [],
        scenario=_one_scenario(scenarios or []),
    )
    counted = meant.neighbours((question.service for question in asked), neighbours)
    options: TravelOptions = {"mode": mode, "weights": weights}
    seen = None if attendance is None else meant.attendance(attendance)
    assumed = None if take_up is None else _take_up_of(take_up)
    if by is not None:  # refused at once, not after everything is measured
        group_labels(loaded.demand(asked[0].service), by)
    before = Beforehand(loaded)
    before.check_travel(mode=mode, walk_km_h=walk_km_h, cut=bool(without_bus))
    before.check_questions(asked, **options)
    files = (*(Request.logs(scenarios[0]) if scenarios else ()), attendance)
    told = _Told("compare", asked, out, quiet=quiet, json=json)
    with told.measured(loaded, files, network=network, keep=not no_cache) as (travel, progress):
        analysis = Analysis(travel).at(walk_km_h)
        for question in asked:
            analysis = analysis.with_places_of(question.scenario)
        results = analysis.results
        later = analysis.with_bus_cut(without_bus, mode) if without_bus else None
        for question in asked:
            told.begin(question)
            progress(f"before and after: {question.title}")
            options["neighbours"] = counted[question.service]
            impact = analysis.compare(
                question.service, before=question.baseline, after=question.scenario, later=later,
                **options,
            )  # fmt: skip
            beside = BesideImpact(results, question, later)
            asides = [
                beside.by_bus(neighbours=counted[question.service]),
                beside.use(impact, seen, assumed),
                *([beside.offer(**options)] if measures else []),
            ]
            figures, tables, lines = (list(kind) for kind in zip(*asides, strict=True))
            found = ImpactFindings(results, impact, by)
            told.answer(question, _joined(found.summary(question), figures))
            if told.work is not None:
                asked_for = {**options, "walk_km_h": walk_km_h,
                             "after": list(question.scenario.open_ids), "by": found.group,
                             "take_up": take_up, **({"measures": True} if measures else {}),
                             **({"without_bus": without_bus} if without_bus else {})}  # fmt: skip
                told.write(
                    results, question, asked_for,
                    _joined(found.tables(loaded.groups), tables),
                    found.charts(),
                    files=files, points=loaded.areas[["id", "geometry"]],
                )  # fmt: skip
            if told.aloud:
                told.words.append("\n  ".join([found.words(question), *chain(*lines)]))
    told.end()


def _take_up_of(text: str) -> TakeUp:
    """Read a declared range of take-up."""
    from access.measure import TakeUp

    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        raise ParameterError(
            f"take-up {text!r}; expected two factors per ten minutes, such as 0.8-0.95"
        ) from None
    return TakeUp.declared(low, high)


def _joined(own: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what is told by name, with what others tell beside it."""
    joined = dict(own)
    for other in others:
        joined |= other
    return joined


class _Told:
    """What the questions of a command gave: each is written, and all is said at the end.

    Parameters
    ----------
    command : str
    asked : sequence of Question
    out : Path, optional
        Folder to write in; one of its own for each of several questions.
    quiet, json : bool

    Attributes
    ----------
    aloud : bool
        Whether words are wanted: they are added to `words`.
    work : Path or None
        Where to write till all is whole; None where nothing is written.
    parts : Parts
        Of the question that is at work: what is left out of its answer is left out of no other.
    """

    def __init__(
        self, command: str, asked: Sequence[Question], out: Path | None, *, quiet: bool, json: bool
    ) -> None:
        from access.analysis.results import Parts

        self.command, self.out, self.quiet, self.json = command, out, quiet, json
        self.aloud, self.alone = not quiet and not json, len(asked) == 1
        self.work: Path | None = None
        self.answers: dict[str, Any] = {}
        self.words: list[str] = []
        self.parts, self.title = Parts(), ""
        self.left_out: list[LeftOut] = []

    def begin(self, question: Question | None = None) -> None:
        """Begin a question, or none more: keep what was left out of the one before."""
        from access.analysis.results import LeftOut, Parts

        named = "" if self.alone else f"{self.title}: "
        self.left_out += [LeftOut(f"{named}{p.part}", p.reason) for p in self.parts.left_out]
        self.parts, self.title = Parts(), "" if question is None else question.title

    @contextmanager
    def measured(
        self, study: Study, files: Sequence[Path | None], *, network: Path | None, keep: bool
    ) -> Iterator[tuple[StudyResults, Callable[[str], None]]]:
        """Measure travel within a study; what is written meanwhile is there whole or not at all."""
        from access.analysis.job import travel_times
        from access.files import whole_folder
        from access.release import released

        given = [*study.files, *(path for path in (*files, network) if path is not None)]
        whole = nullcontext() if self.out is None else whole_folder(self.out, given)
        with whole as self.work, released(study) as own, steps(quiet=not self.aloud) as progress:
            yield travel_times(own, network=network, keep=keep, progress=progress), progress

    def answer(self, question: Question, summary: dict[str, Any]) -> None:
        """Take what is found of a question."""
        self.answers[question.key] = summary

    def not_ranked(self, question: Question) -> None:
        """Name a change among several that has no alternatives, and why."""
        why = "it opens a site, or closes none"
        self.answer(question, {"title": question.title, "service": question.service,
                               "not_ranked": why})  # fmt: skip
        if self.aloud:
            self.words.append(f"\n{question.title}\nNot ranked: {why}.")

    def write(
        self, results: StudyResults, question: Question, asked_for: Mapping[str, Any],
        tables: Mapping[str, Any], charts: Mapping[str, Any], files: Sequence[Path | None] = (),
        **more: Any,
    ) -> None:  # fmt: skip
        """Write the answer to a question, with its tables and charts, and what was asked."""
        from access.run.answer import answer_ledger, write_answer

        assert self.work is not None
        about = {"title": question.title, "service": question.service, **asked_for}
        ledger = answer_ledger(results, self.command, about, files)
        folder = self.work if self.alone else self.work / question.key
        write_answer(folder, self.answers[question.key], tables, charts, ledger=ledger,
                     parts=self.parts, **more)  # fmt: skip

    def end(self) -> None:
        """Say it all, and what had to be left out."""
        from access.files import to_json

        for said in self.words:
            say(said)
        if self.json:
            say(to_json(self.answers), nl=False)
        elif self.out is not None and not self.quiet:
            say(f"Written to {self.out}.")
        self.begin()
        _partly_done(self.left_out)


_NeverCloseOption = Annotated[
    list[str] | None,
    typer.Option("--never-close", metavar="SITE", help="A centre that every option keeps."),
]
_RankMinPerLocalityOption = Annotated[
    int | None,
    typer.Option("--min-per-locality", min=0, help="Centres kept in every locality, at least."),
]
_ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", help="Minutes for the share beyond; the study's by default."),
]
_DrawsOption = Annotated[
    int,
    typer.Option(
        "--draws", min=0, max=1_000_000, help="Settings to draw, to see how firm the rank is."
    ),
]


@commands.command("rank")
def _rank(
    study: _StudyArgument = "rotherham",
    proposal: _ProposalOption = None,
    close: _CloseOption = None,
    service: _ServiceOption = None,
    mode: _ModeOption = None,
    never_close: _NeverCloseOption = None,
    min_per_locality: _RankMinPerLocalityOption = None,
    threshold: _ThresholdOption = None,
    draws: _DrawsOption = 0,
    neighbours: _NeighboursOption = None,
    weights: _WeightsOption = None,
    walk_km_h: _WalkOption = None,
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Rank a proposal among all ways to close as many centres, on every criterion.

    Criteria: the mean, everyone's mean with deprived areas counting more, the most deprived
    fifth's own mean, share moved and nine in ten, the time that nine in ten are within, the
    worst-off area and the share beyond a threshold. The gap between the most and least deprived
    fifths is shown, and not ranked by. Rank 1 is best. Says which options are at least as good
    on every count (the Pareto front has none such), how near the best ones are to each other,
    and with --draws how firm the rank is when speeds, positions and weights are varied.

      access rank --proposal childrens_centres_12_to_9 --draws 1000

      access rank --close CC02 --close CC06 --close CC09 --never-close CC12

    With --out it writes options.csv, options.parquet, tables.gpkg, summary.json, ledger.json and
    charts.
    """
    from access.analysis.analysis import Analysis, Beforehand, QuestionOptions
    from access.analysis.questions import Meant
    from access.run.findings import RankingFindings
    from access.scenario import Ranking
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    meant = Meant(loaded)
    asked = meant.questions(proposal=proposal, service=service, close=close or [])
    counted = meant.neighbours((question.service for question in asked), neighbours)
    options: QuestionOptions = {
        "mode": mode,
        "weights": weights,
        "threshold_minutes": threshold,
        "min_per_locality": min_per_locality,
    }
    kept = meant.kept_centres((question.service for question in asked), never_close or [])
    rankable = [question for question in asked if question.only_closes] or asked
    before = Beforehand(loaded)
    before.check_travel(mode=mode, walk_km_h=walk_km_h)
    before.check_questions(rankable, ranked=True, kept=kept, **options)
    told = _Told("rank", asked, out, quiet=quiet, json=json)
    with told.measured(loaded, (), network=network, keep=not no_cache) as (travel, progress):
        analysis = Analysis(travel).at(walk_km_h)
        results = analysis.results
        for question in asked:
            told.begin(question)
            if question not in rankable:  # of several; alone it is refused
                told.not_ranked(question)
                continue
            progress(f"every alternative: {question.title}")
            own: QuestionOptions = {
                **options, "neighbours": counted[question.service],
                "never_close": kept[question.service],
            }  # fmt: skip
            ask = partial(_of_question, question, own)
            ranking, firm = ask(analysis.standing), None
            if draws:
                progress(f"how firm the rank is: {question.title}")
                firm = told.parts.make(f"how firm the rank of {question.title} is",
                                       partial(ask, analysis.robustness, draws=draws))  # fmt: skip
            found = RankingFindings(ranking, firm)
            told.answer(question, found.summary(results, question))
            if told.work is not None:
                asked_for = {**own, "walk_km_h": walk_km_h,
                             "after": list(question.scenario.open_ids), "draws": draws}  # fmt: skip
                told.write(results, question, asked_for, found.tables(), found.charts())
            if told.aloud:
                switching = None
                known = "imd_rank" in loaded.areas and loaded.areas["imd_rank"].notna().all()
                if known and isinstance(ranking, Ranking):
                    switching = told.parts.make(f"other weights: {question.title}",
                                                partial(ask, analysis.switching))  # fmt: skip
                told.words.append(found.words(results, question, switching))
    told.end()


def _of_question(
    question: Question, options: Mapping[str, Any], ask: Callable[..., _T], **more: Any
) -> _T:
    """Ask something of the change that a question is about."""
    return ask(question.service, before=question.baseline, after=question.scenario, **more,
               **options)  # fmt: skip


def _split_sites(text: str) -> list[str]:
    """Read the sites of a plan as it is typed: between semicolons, or commas where it has none."""
    return [part.strip() for part in text.split(";" if ";" in text else ",") if part.strip()]


def _split_pair(text: str) -> tuple[str, str]:
    """Read the keys of two plans."""
    keys = [part.strip() for part in text.split(",")]
    if len(keys) != 2:
        raise ParameterError(
            f"--between {text[:80]!r}; expected two keys of plans: council,locality"
        )
    return keys[0], keys[1]


_SiteMinPerLocalityOption = Annotated[
    int | None,
    typer.Option(
        "--min-per-locality",
        min=0,
        help="Hubs in every locality, at least; the study's own rule by default.",
    ),
]
_MostOption = Annotated[
    int | None,
    typer.Option("--most", min=1, help="Look at 1 hub up to so many; the study's by default."),
]
_SizeOption = Annotated[
    int | None,
    typer.Option(
        "--hubs", min=1, help="List alternatives for so many hubs; the council's number if not."
    ),
]
_ProtectOption = Annotated[
    float | None,
    typer.Option(
        "--protect",
        metavar="MINUTES",
        min=0,
        help="Nobody in the most deprived fifth further than today by more than this.",
    ),
]
_OpenSiteOption = Annotated[
    list[str] | None,
    typer.Option("--open", metavar="SITE", help="A site that must be a hub; repeat for more."),
]
_CloseSiteOption = Annotated[
    list[str] | None,
    typer.Option("--never", metavar="SITE", help="A site that may not be a hub."),
]
_GreenfieldOption = Annotated[
    int,
    typer.Option("--greenfield", min=0, help="New candidates at the centres of demand."),
]
_AlternativesOption = Annotated[
    int, typer.Option("--alternatives", min=1, help="How many near-best sets to list.")
]
_WithinOption = Annotated[
    float,
    typer.Option("--within", min=0, help="Near-best means within this share: 0.02 is 2 %."),
]
_CostsOption = Annotated[
    Path | None,
    typer.Option("--costs", metavar="FILE", help="CSV of id,cost: cost joins the trade-offs."),
]
_CapacityOption = Annotated[
    str | None,
    typer.Option(
        "--capacity",
        metavar="COLUMN",
        help="Column of the register with how many people a site can take, for the best hubs "
        "with room for everybody; capacity by default.",
    ),
]
_TimeLimitOption = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", help="For each search; the gap is shown."),
]
_PlanOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plan",
        metavar="SITES",
        help="A plan of your own to measure and rank: ids or names with ; between them; repeat "
        "for more.",
    ),
]
_BetweenOption = Annotated[
    str | None,
    typer.Option(
        "--between",
        metavar="PLANS",
        help="Who is nearer and who further from one plan to another: two keys of plans, such "
        "as council,locality.",
    ),
]


@commands.command("site")
def _site(  # noqa: PLR0913 - one option a rule of the board
    study: _StudyArgument = "rotherham",
    mode: _ModeOption = None,
    weights: _WeightsOption = None,
    walk_km_h: _WalkOption = None,
    most: _MostOption = None,
    size: _SizeOption = None,
    min_per_locality: _SiteMinPerLocalityOption = None,
    protect: _ProtectOption = None,
    open_site: _OpenSiteOption = None,
    close_site: _CloseSiteOption = None,
    greenfield: _GreenfieldOption = 0,
    alternatives: _AlternativesOption = 10,
    within: _WithinOption = 0.02,
    costs: _CostsOption = None,
    capacity: _CapacityOption = None,
    time_limit: _TimeLimitOption = None,
    plan: _PlanOption = None,
    between: _BetweenOption = None,
    network: _NetworkOption = None,
    timetable: _TimetableOption = None,
    no_cache: _NoCacheOption = False,
    out: _FolderOption = None,
    quiet: _QuietOption = False,
    json: _JsonOption = False,
) -> None:
    """Find where Family Hubs would best stand, and prove it.

    Candidates are the centres that every proposal keeps and the study's candidate sites
    (libraries, schools, health centres, former centres). Demand is that of all services
    together, by the study's shares. Answers: the best 1, 2, 3, ... hubs and where another stops
    paying; every trade-off between the average trip and the worst-off area; sets that are nearly
    as good, to choose among; and how far the council's own choice is from the best, in minutes
    and in rank among every set of as many.

      access site

      access site --hubs 15 --min-per-locality 1 --protect 5

      access site --greenfield 20 --mode typical --out hubs/

      access site --plan "CC02; Wath Library; Maltby Academy" --between council,asked_1

      access site my_study --hubs 4 --capacity capacity  where the register knows each site's room

    Ctrl-C ends the search with the best found so far, and says how far off it may be.

    With --out it writes the tables as CSV, parquet and GeoPackage, the curve as a picture,
    summary.json and ledger.json.
    """
    from access.analysis.analysis import Analysis, Beforehand
    from access.analysis.hubs import HubOptions, check_hub_question
    from access.analysis.job import travel_times
    from access.files import check_folder, to_json, whole_folder
    from access.release import released
    from access.report.hub_plans import PlanFindings
    from access.run.findings import HubFindings
    from access.study import load_study

    loaded = load_study(study).with_timetables(timetable or [])
    given = (*loaded.files, *(path for path in (costs, network) if path is not None))
    if out is not None:
        check_folder(out, given)
    options: HubOptions = {
        "mode": mode,
        "weights": weights,
        "most": most,
        "min_per_locality": min_per_locality,
        "protect_minutes": protect,
        "locked_open": open_site or [],
        "locked_closed": close_site or [],
        "greenfield": greenfield,
        "near_best": alternatives,
        "within": within,
        "costs": costs,
        "capacity": capacity,
        "time_limit_s": time_limit,
        "plans": [_split_sites(text) for text in plan or []],
    }
    keys = () if between is None else _split_pair(between)
    Beforehand(loaded).check_travel(mode=mode, weights=weights, walk_km_h=walk_km_h)
    check_hub_question(loaded, size, between=keys, **options)
    with released(loaded) as own, steps(quiet=quiet or json) as progress:
        measured = travel_times(own, network=network, keep=not no_cache, progress=progress)
        analysis = Analysis(measured).at(walk_km_h)
        results = analysis.results
        with _searching(progress, time_limit) as search:
            answer = analysis.hubs(size, progress=progress, search=search, **options)
    pair = analysis.hub_pair(answer, *keys) if keys else None
    found = HubFindings(results, answer)
    summary = found.summary(pair)
    if out is not None:
        asked = {**options, "size": size, "walk_km_h": walk_km_h,
                 "costs": None if costs is None else costs.name}  # fmt: skip
        with whole_folder(out, given) as work:
            _write_hubs(work, found, summary, found.tables(pair), asked, costs)
    if json:
        say(to_json(summary), nl=False)
    elif not quiet:
        say(found.words())
        if pair is not None and answer.plans is not None:
            say(PlanFindings(answer.plans).pair_words(pair))
        if out is not None:
            say(f"Written to {out}.")


def _write_hubs(
    work: Path, found: HubFindings, summary: Mapping[str, Any], tables: Mapping[str, Any],
    asked: Mapping[str, Any], costs: Path | None,
) -> None:  # fmt: skip
    """Write where hubs would stand: tables, the curve as a picture, figures and what was asked."""
    from access.charts.results import hub_chart
    from access.run.answer import answer_ledger, write_answer

    results, answer = found.results, found.answer
    ledger = answer_ledger(results, "site", asked, [costs], assumptions=answer.plain.assumptions)
    curve = partial(hub_chart, results, answer.plain, answer.mode, len(answer.candidates))
    write_answer(
        work,
        summary,
        tables,
        {"curve": curve},
        ledger=ledger,
        points=results.study.areas[["id", "geometry"]],
    )
