"""The answers to a question as words, summary, tables and charts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from access.measure import TakeUp
from access.report.charts import (
    Chart,
    change_chart,
    group_chart,
    pareto_chart,
    rank_chart,
    robustness_chart,
)
from access.report.firmness import study_robustness
from access.results import ProposalResult, StudyResults
from access.run.ask import Question
from access.scenario import (
    Impact,
    Ranking,
    Robustness,
    attendance_beside_nearest,
    equality,
    switching_values,
    take_up_change,
)
from access.scenario.words import list_words


def impact_summary(
    results: StudyResults, question: Question, impact: Impact, by: str
) -> dict[str, Any]:
    """Every figure of an impact, as plain values.

    Parameters
    ----------
    results : StudyResults
    question : Question
    impact : Impact
    by : str
        Column to group by.

    Returns
    -------
    dict
    """
    return {
        "title": question.title,
        "service": question.service,
        "sentence": impact.sentence(),
        "figures": impact.summary,
        f"by_{by}": impact.by(by).to_dict("records"),
        "changes": question.scenario.changes().to_dict("records"),
        "notes": list(impact.notes),
        "streets": results.streets,
        "assumptions": list(results.assumptions),
    }


def impact_tables(impact: Impact, by: str) -> dict[str, pd.DataFrame]:
    """Tables of an impact, by the name of their file.

    Parameters
    ----------
    impact : Impact
    by : str

    Returns
    -------
    dict of str to DataFrame
    """
    groups = {f"by_{by}": _texts(impact.by(by))}
    groups |= {
        f"by_{c}": _texts(impact.by(c))
        for c in ("imd_decile", "imd_fifth", "idaci_decile", "ward", "locality", "p_no_car")
        if c in impact.demand.columns or (c == "imd_fifth" and "imd_decile" in impact.demand)
    }
    tables = {
        "areas": impact.areas,
        **groups,
        "closed_sites": impact.closed_sites,
        "receiving_sites": impact.receiving_sites,
        "moves": impact.moves,
        "worst_areas": impact.worst_areas(10),
        "if_one_more_closes": impact.if_one_more_closes(),
    }
    if {"people", "residents", "households"} & set(impact.demand.columns):
        found = equality(impact)
        tables["equality_groups"] = found.table.assign(warning=found.warning)
    if "imd_rank" in impact.demand.columns:
        tables["inequality"] = impact.inequality()
    return {name: table for name, table in tables.items() if len(table)}


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(group=table["group"].astype(str))


def impact_charts(results: StudyResults, impact: Impact, by: str) -> dict[str, Chart]:
    """Charts of an impact, by the name of their file.

    Parameters
    ----------
    results : StudyResults
    impact : Impact
    by : str

    Returns
    -------
    dict of str to Chart
    """
    place = results.study.config.study
    trip = {"walk": "walk", "drive": "drive"}.get(impact.mode, "typical family trip")
    caption = (
        f"Minutes to the nearest site ({trip}), {impact.who}, {place.place}, {place.as_of}. "
        f"{results.streets.split('.')[0]}."
    )
    return {
        "change": change_chart(impact, caption=caption),
        f"change_by_{by}": group_chart(impact, by, caption=caption),
    }


def impact_words(results: StudyResults, question: Question, impact: Impact) -> str:
    """Say an impact in a few plain lines.

    Parameters
    ----------
    results : StudyResults
    question : Question
    impact : Impact

    Returns
    -------
    str
    """
    lines = [f"\n{question.title}", repr(impact)]
    for row in impact.closed_sites.to_dict("records"):
        lines.append(
            f"  {row['name']}: {row['families']:,.0f} {impact.who}, "
            f"{row['mean_extra_minutes']:+.1f} minutes on average; to {row['goes_to']}"
        )
    lines.append(f"  {impact.notes[0]}")
    lines.append(f"  {results.streets}")
    return "\n".join(lines)


def use_of(
    results: StudyResults,
    impact: Impact,
    attendance: pd.DataFrame | None,
    take_up: TakeUp | None,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame], list[str]]:
    """Observed use and declared take-up, apart from the facts of travel.

    Parameters
    ----------
    results : StudyResults
    impact : Impact
    attendance : DataFrame, optional
        ``area site attendances``.
    take_up : TakeUp, optional

    Returns
    -------
    summary : dict
        Empty when neither is asked.
    tables : dict of str to DataFrame
    words : list of str
    """
    summary: dict[str, Any] = {}
    tables: dict[str, pd.DataFrame] = {}
    words = []
    if attendance is not None:
        seen = attendance_beside_nearest(impact, results.matrices[impact.mode], attendance)
        summary["attendance"] = seen.summary
        tables["attendance_by_site"] = seen.sites
        words.append(seen.sentence())
    if take_up is not None:
        change = take_up_change(impact, take_up)
        summary["take_up"] = {**change.summary, "warning": change.warning}
        tables["take_up"] = change.areas.assign(warning=change.warning)
        words.append(change.sentence())
    return summary, tables, words


def robustness_of(
    results: StudyResults, question: Question, *, mode: str, draws: int
) -> Robustness:
    """Ask the ranking again, within what the study says may be wrong.

    Parameters
    ----------
    results : StudyResults
    question : Question
    mode : str
    draws : int

    Returns
    -------
    Robustness
    """
    result = ProposalResult(
        key=question.key,
        title=question.title,
        service=question.service,
        before=question.baseline.open_ids,
        after=question.scenario.open_ids,
        impacts={},
    )
    found = study_robustness(results, result, mode=mode, draws=draws)
    names = dict(zip(results.sites["id"], results.sites["name"], strict=True))
    return replace(found, names=names)


def ranking_summary(
    results: StudyResults, question: Question, ranking: Ranking, firm: Robustness | None
) -> dict[str, Any]:
    """Every figure of a ranking, as plain values.

    Parameters
    ----------
    results : StudyResults
    question : Question
    ranking : Ranking
    firm : Robustness, optional

    Returns
    -------
    dict
    """
    out: dict[str, Any] = {
        "title": question.title,
        "service": question.service,
        "sentence": ranking.sentence(),
        "options": len(ranking.table),
        "criteria": list(ranking.criteria),
        "proposal": ranking.proposal,
        "best": {c: list(ranking.best(c)["closed"]) for c in ranking.criteria},
        "on_front": int(ranking.table["on_front"].sum()),
        "notes": list(ranking.notes),
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


def ranking_tables(ranking: Ranking, firm: Robustness | None) -> dict[str, pd.DataFrame]:
    """Tables of a ranking, by the name of their file.

    Parameters
    ----------
    ranking : Ranking
    firm : Robustness, optional

    Returns
    -------
    dict of str to DataFrame
    """
    tables = {"options": ranking.to_frame()}
    if firm is not None:
        often = firm.best_options(firm.criteria[0])
        for column in ("closed", "kept"):
            often[column] = [" ".join(ids) for ids in often[column]]
        tables |= {"rank_intervals": firm.ranks(), "often_best": often}
    return tables


def ranking_charts(ranking: Ranking, firm: Robustness | None) -> dict[str, Chart]:
    """Charts of a ranking, by the name of their file.

    Parameters
    ----------
    ranking : Ranking
    firm : Robustness, optional

    Returns
    -------
    dict of str to Chart
    """
    charts = {
        "rank": rank_chart(ranking, firm),
        "pareto_p90": pareto_chart(ranking, "mean", "p90"),
        "pareto_worst": pareto_chart(ranking, "mean", "worst"),
    }
    if firm is not None:
        charts["often_best"] = robustness_chart(firm)
    return charts


def ranking_words(
    results: StudyResults, question: Question, ranking: Ranking, firm: Robustness | None
) -> str:
    """Say a ranking in a few plain lines.

    Parameters
    ----------
    results : StudyResults
    question : Question
    ranking : Ranking
    firm : Robustness, optional

    Returns
    -------
    str
    """
    lines = [f"\n{question.title}", repr(ranking)]
    near = ranking.near_ties(ranking.criteria[0], 0.01)
    if len(near) > 1:
        ids = list_words([" ".join(c) for c in near["closed"].iloc[1:6]])
        lines.append(f"  Within 1 % of the best by {ranking.criteria[0]}: closing {ids}.")
    lines.append(f"  On the Pareto front: {int(ranking.table['on_front'].sum()):,} options.")
    demand = results.study.demand(question.service)
    today, kept = len(question.baseline.open_ids), len(question.scenario.open_ids)
    without_rules = len(ranking.table) == math.comb(today, kept)
    if "imd_rank" in demand.columns and without_rules:
        lines.append("  " + _switching(results, question, ranking, demand))
    if firm is not None:
        lines.append(f"  {firm.sentence()}")
    lines += [f"  {note}" for note in ranking.notes if not results.streets.startswith(note)]
    lines.append(f"  {results.streets}")
    return "\n".join(lines)


def _switching(
    results: StudyResults, question: Question, ranking: Ranking, demand: pd.DataFrame
) -> str:
    found = switching_values(
        results.matrices[ranking.mode],
        keep=len(question.scenario.open_ids),
        demand=demand,
        sites=question.baseline.open_ids,
        national_areas=results.study.config.weights.national_areas,
        names=ranking.names,
    )
    return found.sentence()
