"""What an answer says: its summary as JSON, its tables, its charts, and its words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from access.analysis.analysis import Analysis
from access.analysis.bus import BusTimes
from access.analysis.questions import Question
from access.analysis.results import HubPlan, HubPlans, HubResult, StudyResults
from access.disclosure import public_count
from access.display import records
from access.labels import group_words, grouping_words, mode_title, trip
from access.measure import TakeUp
from access.release import safe_attendance
from access.report.findings import Wording
from access.scenario import (
    Impact,
    Ranking,
    Robustness,
    Switching,
    attendance_beside_nearest,
    equality,
    take_up_change,
)
from access.scenario.sampled import CONFIDENCE, SampledRanking
from access.study.config import Group
from access.text import (
    figure,
    goes_words,
    listed,
    number,
    sentence,
)

if TYPE_CHECKING:
    from access.analysis.hub_plans import PlanPair
    from access.charts import Chart
    from access.siting.hubs import HubSearch
    from access.siting.plans import Standing


_GROUPINGS = ("imd_decile", "locality", "ward")


@dataclass(frozen=True)
class ImpactFindings:
    """What is told of an impact: its figures, tables, charts and words.

    Parameters
    ----------
    results : StudyResults
    impact : Impact
    by : str, optional
        What areas are grouped by; in words no group is named unless it is asked for.
    """

    results: StudyResults
    impact: Impact
    by: str | None = None

    @property
    def group(self) -> str | None:
        """What areas are grouped by: unless asked by deprivation, else their locality or ward."""
        columns = self.impact.demand.columns
        return self.by or next((c for c in _GROUPINGS if c in columns), None)

    def summary(self, question: Question) -> dict[str, Any]:
        """Every figure of an impact, as plain values."""
        results, impact, by = self.results, self.impact, self.group
        return {
            "title": question.title,
            "service": question.service,
            "sentence": impact.sentence(),
            "figures": impact.summary,
            **({} if by is None else {f"by_{by}": impact.by(by).to_dict("records")}),
            "changes": question.scenario.changes().to_dict("records"),
            "notes": list(impact.notes),
            "streets": results.streets,
            "assumptions": list(results.assumptions),
        }

    def tables(self, groups: Sequence[Group] = ()) -> dict[str, pd.DataFrame]:
        """Tables of an impact, by the name of their file."""
        impact, by = self.impact, self.group
        figures = {} if by is None else {f"by_{by}": _texts(impact.by(by))}
        figures |= {
            f"by_{c}": _texts(impact.by(c))
            for c in ("imd_decile", "imd_fifth", "idaci_decile", "ward", "locality", "p_no_car")
            if c in impact.demand.columns or (c == "imd_fifth" and "imd_decile" in impact.demand)
        }
        tables = {
            "areas": impact.areas,
            **figures,
            "closed_sites": impact.closed_sites,
            "receiving_sites": impact.receiving_sites,
            "moves": impact.moves,
            "worst_areas": impact.worst_areas(10),
            "if_one_more_closes": impact.if_one_more_closes(),
        }
        if any(group.columns for group in groups):
            found = equality(impact, groups)
            tables["equality_groups"] = found.table.assign(warning=found.warning)
        if "imd_rank" in impact.demand.columns:
            tables["inequality"] = impact.inequality()
        return {name: table for name, table in tables.items() if len(table)}

    def charts(self) -> dict[str, Callable[[], Chart]]:
        """How to draw each chart of an impact, by the name of its file."""
        from access.charts import change_chart, group_chart

        impact, by = self.impact, self.group
        below = self.results.caption(impact.mode, impact.who)
        charts = {"change": partial(change_chart, impact, caption=below)}
        if by is not None:
            charts[f"change_by_{by}"] = partial(group_chart, impact, by, caption=below)
        return {**charts}

    def words(self, question: Question) -> str:
        """Say an impact in a few plain lines, group by group where groups are asked for."""
        impact, by = self.impact, self.by
        lines = [f"\n{question.title}", repr(impact)]
        lines += [f"  {_closed_words(row, impact.who)}" for row in records(impact.closed_sites)]
        if by is not None:
            lines.append(f"  By {grouping_words(by)}, the average {trip(impact.mode)}:")
            lines += [f"    {_group_line(row, by)}" for row in records(impact.by(by))]
        lines.append(f"  {impact.notes[0]}")
        lines += [f"  {n}" for n in impact.notes if n.startswith("Changed from the feed")]
        lines += [f"  {told}" for told in _grounds(self.results)]
        return "\n".join(lines)


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(group=table["group"].astype(str))


def _group_line(row: Mapping[Any, Any], by: str) -> str:
    """Say a group's minutes before and after; a group may reach no site."""
    minutes = [row["mean_minutes_before"], row["mean_minutes_after"]]
    before, after = (None if m is None or not np.isfinite(float(m)) else float(m) for m in minutes)
    if before is None or after is None:
        said = f"{_one(before)} minutes today, {_one(after)} after"
    else:
        said = goes_words(before, after, 1)
    return f"{group_words(by, row['group'])}: {said}"


_OF_NOBODY = "nearest to nobody in this study, so its closing moves nobody"


def _closed_words(row: Mapping[Any, Any], who: str) -> str:
    """Say of a closing site who goes elsewhere, how much further where that is known, and where."""
    if not row["families"]:
        return f"{row['name']}: {_OF_NOBODY}"
    extra = float(row["mean_extra_minutes"])  # not known where nobody reaches another
    rise = figure(extra, 1, signed=True) if np.isfinite(extra) else ""
    further = f", {rise} minutes on average" if rise else ""
    return f"{row['name']}: {row['families']:,.0f} {who}{further}; to {row['goes_to']}"


_Aside = tuple[dict[str, Any], dict[str, pd.DataFrame], list[str]]
"""Figures, tables by the name of their file, and words."""


@dataclass(frozen=True)
class BesideImpact:
    """What is told beside an impact: buses, observed use, and what is on offer within reach.

    Parameters
    ----------
    results : StudyResults
    question : Question
        What the impact is of.
    later : Analysis, optional
        The same study with fewer buses, where some are withdrawn as well.
    """

    results: StudyResults
    question: Question
    later: Analysis | None = None

    def by_bus(self, *, neighbours: bool | None = None) -> _Aside:
        """Say what a change does by bus, there and home, where a timetable was given."""
        results, question = self.results, self.question
        if results.bus is None:
            return {}, {}, []
        from access.report.bus import BusFindings

        found = Analysis(results).by_bus(
            question.service, before=question.baseline, after=question.scenario,
            later=self.later, neighbours=neighbours,
        )  # fmt: skip
        noun = results.study.config.services[question.service].noun
        said = {"there_and_home_by_bus": records(found.figures())}
        told: list[str] = [BusFindings(found, noun).none_sentence()]
        return said, {"by_bus": found.areas}, told

    def use(
        self, impact: Impact, attendance: pd.DataFrame | None, take_up: TakeUp | None
    ) -> _Aside:
        """Observed use and declared take-up, apart from the facts of travel."""
        results, service = self.results, self.question.service
        summary: dict[str, Any] = {}
        tables: dict[str, pd.DataFrame] = {}
        words: list[str] = []
        if attendance is not None:
            safe, small = safe_attendance(attendance)
            own = _at_own_sites(results, impact, safe, service)
            elsewhere = pd.to_numeric(safe.loc[~own, "attendances"]).sum()
            summary["attendance"] = {"attendances_at_other_services": float(elsewhere)}
            if not own.all():
                left = number(int((~own).sum()), "row")
                words.append(f"Left out: {left} of attendances at another service's sites.")
            title = results.study.config.services[service].title
            shut = _shut_today(results, impact)
            at = safe["site"].astype(str)
            here = pd.to_numeric(safe.loc[own & ~at.isin(shut), "attendances"])
            # of this service alone there is nothing to say
            if not here.sum() > 0 and elsewhere > 0:
                words.append(f"No attendances are given at {title} that are open.")
            elif own.any():
                figures, table, told = _attended(results, impact, safe[own], small[own], service)
                summary["attendance"] |= figures
                tables["attendance_by_site"] = table
                words += told
        if take_up is not None:
            change = take_up_change(impact, take_up)
            summary["take_up"] = {**change.summary, "warning": change.warning}
            tables["take_up"] = change.areas.assign(warning=change.warning)
            words.append(change.sentence())
        return {"use": summary} if summary else {}, tables, words

    def offer(self, **options: Any) -> _Aside:
        """What is on offer within reach before and after."""
        question = self.question
        found = Analysis(self.results).offer(
            question.service, before=question.baseline, after=question.scenario,
            later=self.later, **options,
        )  # fmt: skip
        tables = {
            "measures": found.table,
            "measures_by_area": found.areas,
            "measures_offered": found.supply,
        }
        head, rows = found.lines()
        shown = pd.DataFrame(rows, columns=head).to_string(index=False)
        words = [found.sentence(), *textwrap.indent(shown, "  ").splitlines()]
        words += [f"  {note}" for note in found.assumptions]
        return {"measures": found.summary}, tables, words


def _attended(
    results: StudyResults,
    impact: Impact,
    safe: pd.DataFrame,
    small: pd.Series,
    service: str,
) -> tuple[dict[str, Any], pd.DataFrame, list[str]]:
    """Give figures, a table and words of what was attended; `small` counts are stood in for."""
    shut = _shut_today(results, impact)
    seen = attendance_beside_nearest(impact, results.matrix(impact.mode, service), safe, shut=shut)
    at = safe["site"].astype(str)
    rows = at[small].value_counts()
    few = int(rows[~rows.index.isin(shut)].sum())
    counts = [_counts_words(int(rows.get(i, 0))) for i in seen.sites["site"]]
    words: list[str] = [seen.sentence()]
    if few:
        words.append(sentence(f"attendances: {_counts_words(few)}"))
    if left := int(at.isin(shut).sum()):
        gone = [name for name, no in seen.sites[["name", "shut"]].itertuples(False) if no]
        words.append(
            f"Counted apart, in no share or mean: {number(left, 'row')} of attendances at what "
            f"is shut today ({listed(gone)})."
        )
    return {**seen.summary, "rows_of_1_to_4": few}, seen.sites.assign(counts=counts), words


def _shut_today(results: StudyResults, impact: Impact) -> set[str]:
    """Name the centres that nobody can use today."""
    study = results.study
    return {*study.centres["id"].astype(str)} - {*study.open_ids(), *impact.before}


def _at_own_sites(
    results: StudyResults, impact: Impact, attendance: pd.DataFrame, service: str
) -> pd.Series:
    """Tell which attendances are at what serves a service: another service's centre does not."""
    sites = results.sites
    others = sites["service"].astype(str).isin(set(results.study.config.services) - {service})
    elsewhere = {*sites.loc[others, "id"].astype(str)} - {*impact.before, *impact.after}
    return ~attendance["site"].astype(str).isin(elsewhere)


def _counts_words(small: int) -> str:
    """Say of counts of people what of them may be published."""
    if not small:
        return "as given"
    return f"2 or 3 stands for each count of 1 to 4, in {number(small, 'row')}"


@dataclass(frozen=True)
class RankingFindings:
    """What is told of a ranking, and of how firm it is: its figures, tables, charts and words.

    Parameters
    ----------
    ranking : Ranking or SampledRanking
    firm : Robustness, optional
    """

    ranking: Ranking | SampledRanking
    firm: Robustness | None = None

    def figures(self) -> dict[str, Any]:
        """The figures of the ranking alone, as plain values."""
        ranking = self.ranking
        if isinstance(ranking, SampledRanking):
            return {
                "sentence": ranking.sentence(),
                "options": ranking.ways,
                "listed": False,
                "criteria": list(ranking.criteria),
                "proposal": ranking.proposal,
                "best": {c: list(ranking.row(c)["best_closed"]) for c in ranking.criteria},
                "standing": ranking.standing.to_dict("records"),
                "near_the_best": _records(ranking.table),
                "sample": {"draws": ranking.draws, "seed": ranking.seed, "confidence": CONFIDENCE},
                "on_front": None,
                "notes": list(ranking.notes),
            }
        return {
            "sentence": ranking.sentence(),
            "options": len(ranking.table),
            "criteria": list(ranking.criteria),
            "proposal": ranking.proposal,
            "best": {c: list(ranking.best(c)["closed"]) for c in ranking.criteria},
            "on_front": int(ranking.table["on_front"].sum()),
            "notes": list(ranking.notes),
        }

    def summary(self, results: StudyResults, question: Question) -> dict[str, Any]:
        """Every figure, as plain values."""
        firm = self.firm
        out: dict[str, Any] = {
            "title": question.title,
            "service": question.service,
            **self.figures(),
            "streets": results.streets,
            "assumptions": list(results.assumptions),
        }
        if firm is not None:
            out["robustness"] = {
                "sentence": firm.sentence(),
                "ranks": firm.ranks().to_dict("records"),
                "notes": list(firm.notes),
            }
        return out

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables of a ranking, by the name of their file."""
        ranking, firm = self.ranking, self.firm
        tables = {"options": ranking.to_frame()}
        if isinstance(ranking, SampledRanking):
            tables["standing"] = ranking.standing_frame()
        if firm is not None:
            often = firm.best_options(firm.criteria[0])
            for column in ("closed", "kept"):
                often[column] = [" ".join(ids) for ids in often[column]]
            tables |= {"rank_intervals": firm.ranks(), "often_best": often}
        return tables

    def charts(self) -> dict[str, Callable[[], Chart]]:
        """How to draw each chart, by the name of its file; none of a sampled ranking."""
        ranking, firm = self.ranking, self.firm
        if isinstance(ranking, SampledRanking):
            return {}
        from access.charts import pareto_chart, rank_chart, robustness_chart

        charts: dict[str, Callable[[], Chart]] = {
            "rank": partial(rank_chart, ranking, None if firm is None or firm.drawn_of else firm),
            "pareto_p90": partial(pareto_chart, ranking, "mean", "p90"),
            "pareto_worst": partial(pareto_chart, ranking, "mean", "worst"),
        }
        if firm is not None and not firm.drawn_of:
            charts["often_best"] = partial(robustness_chart, firm)
        return charts

    def words(
        self, results: StudyResults, question: Question, switching: Switching | None = None
    ) -> str:
        """Say a ranking in a few plain lines."""
        ranking = self.ranking
        lines = [f"\n{question.title}", repr(ranking)]
        if isinstance(ranking, Ranking):
            lines += _near_lines(ranking)
        else:
            near = ranking.table[ranking.table["why"].str.startswith("near")]["closed"]
            ids = _near_words(near)
            lines += [f"  Near the best by mean: closing {ids}."] if ids else []
        if switching is not None:
            lines.append(f"  {switching.sentence()}")
        if self.firm is not None:
            lines.append(f"  {self.firm.sentence()}")
        grounds = _grounds(results)
        told = [n for n in ranking.notes if n not in grounds and not results.streets.startswith(n)]
        lines += [f"  {note}" for note in (*told, *grounds)]
        return "\n".join(lines)


#: Options near the best that are named; how many others there are is said.
_MOST_NEAR = 5


def _near_words(closed: Iterable[Sequence[str]]) -> str:
    """List what options close by their ids; how many are left out is said, of none nothing."""
    return listed([" ".join(ids) for ids in closed], none="", most=_MOST_NEAR)


def _near_lines(ranking: Ranking) -> list[str]:
    lines = []
    near = ranking.near_ties(ranking.criteria[0], 0.01)
    if len(near) > 1:
        ids = _near_words(near["closed"].iloc[1:])
        lines.append(f"  Within 1% of the best by {ranking.criteria[0]}: closing {ids}.")
    front = number(int(ranking.table["on_front"].sum()), "option")
    lines.append(f"  On the Pareto front: {front}.")
    return lines


@dataclass(frozen=True)
class HubFindings:
    """What is told of where hubs would best stand: its figures, tables and words.

    Parameters
    ----------
    results : StudyResults
    answer : HubResult
    """

    results: StudyResults
    answer: HubResult

    def figures(self) -> dict[str, Any]:
        """Every figure of the answer without what all of a run's figures assume.

        Words on a choice that was made later than the study's date stand apart.
        """
        answer, study = self.answer, self.results.study
        when, later = study.config.hubs.council_date, self.results.chosen_later
        own = self._whole.as_known_then().hubs
        assert own is not None
        plain = {**_figures(answer.plain), "words": own.plain.words}
        weighted = None
        if answer.weighted is not None and own.weighted is not None:
            weighted = {**_figures(answer.weighted), "words": own.weighted.words}
        return {
            "mode": answer.mode,
            "council_chose": None
            if when is None
            else {"when": when, "later_than_the_study": later},
            "candidates": len(answer.candidates),
            "plain": plain,
            "weighted": weighted,
            "weighting": answer.weighting_note,
            "plans": None if answer.plans is None else _plan_figures(answer.plans),
            "assumptions": list(own.plain.assumptions),
        }

    def summary(self, pair: PlanPair | None = None) -> dict[str, Any]:
        """Every figure of the answer, as plain values; of two plans set side by side too."""
        found = self.figures()
        return found | {
            "streets": self.results.streets,
            "assumptions": [*found["assumptions"], *self.results.assumptions],
            "what_happened_since": _chosen_since(self._whole),
            **({} if pair is None else {"between": _pair_figures(pair)}),
        }

    def tables(self, pair: PlanPair | None = None) -> dict[str, pd.DataFrame]:
        """Tables of the answer, by the name of their file."""
        tables = {"candidates": self.points()}
        if self.answer.plans is not None:
            tables["plans"] = _plan_frame(self.answer.plans)
        for prefix, found in (("", self.answer.plain), ("weighted_", self.answer.weighted)):
            if found is None:
                continue
            tables[f"{prefix}curve"] = _flat(found.curve_frame().reset_index())
            tables[f"{prefix}alternatives"] = _flat(found.alternatives_frame())
            tables[f"{prefix}front"] = _flat(found.front_frame())
            best = found.best.to_frame()
            if best.index.nlevels == 1:
                tables[f"{prefix}best_by_area"] = best.reset_index(names="id")
        return tables if pair is None else {**tables, "between": pair.table}

    def points(self) -> pd.DataFrame:
        """Give every candidate with the numbers of hubs that it is among the best for.

        Those that the council chose say when: the study's own date may be an earlier one.
        """
        answer = self.answer
        table = answer.candidates.copy()
        for column, found in (("best_for", answer.plain), ("best_for_weighted", answer.weighted)):
            sets = {} if found is None else found.curve.solutions
            table[column] = [" ".join(str(p) for p, s in sets.items() if i in s.chosen)
                             for i in table["id"]]  # fmt: skip
        own = answer.plain.council.chosen if answer.plain.council is not None else ()
        chosen = table["id"].isin(own)
        when = self.results.study.config.hubs.council_date or ""
        return table.assign(council=chosen, council_date=[when if c else "" for c in chosen])

    def words(self) -> str:
        """Say what was found, the plain count first and the weighted beside it."""
        then = self._whole.as_known_then().hubs
        assert then is not None
        by, known = mode_title(then.mode), HubFindings(self.results, then)
        parts: list[str] = [f"By {by}, everybody counted the same:", then.plain.words]
        if then.plans is not None:
            lines = _plan_lines(then.plans, known._names())
            parts += ["", "Plans side by side:", *lines, "", *known.plan_words()]
        if then.weighted is not None:
            parts += ["", f"Weighted ({then.weighting_note}):", then.weighted.words]
        notes = () if then.plans is None else then.plans.notes
        grounds = _grounds(self.results)[2:]
        parts += ["", *then.plain.assumptions, *notes, self.results.streets, *grounds]
        chosen = _chosen_since(self._whole)
        parts += ["", f"{_SINCE}:", *chosen] if chosen else []
        return "\n".join(parts)

    def plan_words(self) -> list[str]:
        """Say what the plans give, one beside the other; nothing where there are none."""
        from access.report.hub_plans import PlanFindings

        plans = self.answer.plans
        if plans is None:
            return []
        told = PlanFindings(plans, self._names(), Wording(decimals=1)).words()
        return [text for text in told if text]

    @property
    def _whole(self) -> StudyResults:
        """The results with this answer as theirs."""
        return replace(self.results, hubs=self.answer)

    def _names(self) -> dict[str, str]:
        """Name the sites to choose from, new ones too."""
        table = self.answer.candidates
        own = dict(zip(table["id"], table["name"], strict=True))
        return own | {i: n for i, n in self.results.site_names().items() if i in own}


#: Heads what became known later than the study's date, which nothing else rests on.
_SINCE = "What happened since"


def _chosen_since(results: StudyResults) -> list[str]:
    """Say what is said of hubs that the council chose later than the study's date."""
    answer, hubs = results.hubs, results.study.config.hubs
    if answer is None or not results.chosen_later:
        return []
    from access.report.hubs import council_told

    told = council_told(results, answer, Wording(decimals=1))
    source = f" ({hubs.council_source})" if hubs.council_source else ""
    return [f"The hubs that the council chose, {hubs.council_date}{source}:", *told]


def _since(results: StudyResults) -> list[str]:
    """Say what became known later than the study's date, oldest first."""
    since = sorted(results.study.config.report.since, key=lambda s: s.when)
    told = [
        f"{s.when}: {text}"
        for s in since
        if (text := sentence(f"{s.what} ({s.source})" if s.source else s.what))
    ]
    return [*told, *_chosen_since(results)]


def _plan_lines(plans: HubPlans, names: Mapping[str, str]) -> list[str]:
    """Give each plan a line: where, its minutes by offer, and its place."""
    from access.report.hub_plans import PlanFindings

    lines = []
    for plan in plans.plans:
        figures = plan.figures
        each = ""
        if len(plans.offers) > 1:
            each = ", ".join(f"{o.title} {_one(figures.by_offer[o.key])}" for o in plans.offers)
            each = f" ({each})"
        lines.append(
            f"  {plan.key}: {plan.title}: {listed([names.get(i, i) for i in plan.chosen])}: "
            f"{_one(figures.joint)} minutes{each}{PlanFindings.after_minutes(plan)}"
        )
    return lines


def _plan_figures(plans: HubPlans) -> dict[str, Any]:
    """Every figure of plans side by side, as plain values."""
    return {
        "offers": [
            {"key": o.key, "title": o.title, "ages": o.ages, "share": o.share} for o in plans.offers
        ],
        "mode": plans.mode,
        "without_a_car": {"mode": plans.without_car, "known": plans.car_known},
        "rule": plans.rule,
        "closures": list(plans.closures),
        "draws": {"many": plans.draws, "what": plans.drawn},
        "near_best_within": plans.within,
        "plans": [_plan_record(plan, plans) for plan in plans.plans],
        "notes": list(plans.notes),
    }


def _plan_record(plan: HubPlan, plans: HubPlans) -> dict[str, Any]:
    """Every figure of one plan."""
    figures, stays, choice = plan.figures, plan.stays, plan.choice
    area = figures.worst_area
    return {
        "key": plan.key,
        "title": plan.title,
        "chosen": list(plan.chosen),
        "chosen_by": plan.by,
        "keeps_locality_rule": plan.rule,
        "status": "given" if choice is None else choice.status,
        "gap": None if choice is None else _plain(choice.gap),
        "sets": None if choice is None else choice.sets,
        "mean_minutes": _plain(figures.joint),
        "by_offer": {k: _plain(v) for k, v in figures.by_offer.items()},
        "by_group": {k: _plain(v) for k, v in figures.by_group.items()},
        "worst_minutes": _plain(figures.worst_minutes),
        "worst_area": None if area is None else plans.worst_words.get(area),
        "unserved_share": figures.unserved,
        "reach": {f"{m:g}": share for m, share in figures.reach.items()},
        "without_a_car": {
            "mean_minutes": _plain(plan.on_foot.joint),
            "reach": {f"{m:g}": share for m, share in plan.on_foot.reach.items()},
        },
        "beside_what_stays": None if stays is None else {
            "today": {k: _plain(v) for k, v in stays.today.items()},
            "after_closures": {k: _plain(v) for k, v in stays.kept.items()},
            "with_hubs": {k: _plain(v) for k, v in stays.after.items()},
            "added_minutes": _plain(stays.added),
            "given_back_minutes": _plain(stays.given_back),
            "share_cut_off": stays.lost,
        },
        "standing": _standing_figures(plan.standing),
        "standing_freely": _standing_figures(plan.freely),
        "near_best": None if choice is None else {
            "sets": [list(ids) for ids in choice.near],
            "count": choice.near_count,
            "complete": choice.near_complete,
            "firm": list(choice.firm),
        },
        "held": None if plan.held is None else {
            "near_share": plan.held.near, "best_share": plan.held.best,
            # of drawn minutes no further digit is the same on every machine
            "mean_low": round(plan.held.low, 3), "mean_high": round(plan.held.high, 3),
            "compared": plan.held.rivals,
        },
    }  # fmt: skip


def _standing_figures(found: Standing | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "sets": found.sets,
        "rank": dict(found.rank),
        "best": {k: _plain(v) for k, v in found.best.items()},
        "within_rules": found.within_rules,
    }


def _pair_figures(pair: PlanPair) -> dict[str, Any]:
    """Who is nearer and who is further from one plan to another, as people may be told."""
    return {
        "from": pair.one.key,
        "to": pair.two.key,
        "nearer": {k: public_count(v) for k, v in pair.gain.items()},
        "further": {k: public_count(v) for k, v in pair.lose.items()},
        "within_a_minute": {k: public_count(v) for k, v in pair.same.items()},
    }


def _plan_frame(plans: HubPlans) -> pd.DataFrame:
    """Give plans of hubs as a table, one row a plan."""
    rows = []
    for plan in plans.plans:
        figures, stays = plan.figures, plan.stays
        place = plan.standing or plan.freely
        rows.append(
            {
                "plan": plan.key, "title": plan.title, "chosen": " ".join(plan.chosen),
                "mean_minutes": figures.joint,
                **{f"mean_minutes__{k}": v for k, v in figures.by_offer.items()},
                **{f"mean_minutes__{k}": v for k, v in figures.by_group.items()},
                "worst_minutes": figures.worst_minutes,
                "without_car_minutes": plan.on_foot.joint,
                **{f"share_within_{m:g}": v for m, v in figures.reach.items()},
                **{f"without_car_share_within_{m:g}": v for m, v in plan.on_foot.reach.items()},
                "given_back_minutes": None if stays is None or stays.lost else stays.given_back,
                "rank": None if place is None else place.rank["mean"],
                "sets": None if place is None else place.sets,
                "status": "given" if plan.choice is None else plan.choice.status,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _grounds(results: StudyResults) -> list[str]:
    """Say whose streets and speeds an answer rests on, and whose buses or that they are unknown."""
    by_bus = BusTimes.rule_sentences(results.study, results.bus)
    notes = () if results.modelled else results.networks.values()
    turns = dict.fromkeys(note for network in notes for note in network.assumptions)
    return [results.streets, results.speeds, *by_bus[:1], *turns]


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(chosen=[" ".join(ids) for ids in table["chosen"]])


def _figures(found: HubSearch) -> dict[str, Any]:
    council = found.council
    return {
        "words": found.words,
        "shares": dict(found.shares),
        "best": found.best.to_dict() | {"assignment": None},
        "best_for_the_worst_off": list(found.best_worst.chosen),
        "curve": _records(found.curve_frame().reset_index()),
        "elbow": found.curve.elbow,
        "alternatives": _records(found.alternatives_frame()),
        "alternatives_complete": found.near_best.complete,
        "front": _records(found.front_frame()),
        "front_complete": found.front.complete,
        "council": None
        if council is None
        else {
            "chosen": list(council.chosen),
            "mean_minutes": council.mean_minutes,
            "worst_minutes": council.worst_minutes,
            "by_service": dict(council.by_demand),
            "more_than_best_minutes": None if council.missed else council.mean_excess_minutes,
            "worst_more_than_best_minutes": None
            if council.missed
            else council.worst_excess_minutes,
            "share_left_out_more_than_best": council.missed,
            "sets": council.sets,
            "rank_mean": council.rank_mean,
            "rank_worst": council.rank_worst,
        },
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{key: _plain(value) for key, value in row.items()} for row in records(table)]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _one(value: float | int | str | None) -> str:
    if value is None or not np.isfinite(float(value)):
        return "not known"
    return figure(float(value), 1)
