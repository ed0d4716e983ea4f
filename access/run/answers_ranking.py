"""The answers to where a proposal ranks, as words, summary, tables and charts."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from access.report.charts import Chart, pareto_chart, rank_chart, robustness_chart
from access.report.firmness import study_robustness
from access.results import ProposalResult, StudyResults
from access.run.questions import Question
from access.scenario import Ranking, Robustness, switching_values
from access.scenario.words import list_words


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
    return study_robustness(results, result, mode=mode, draws=draws)


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
    lines += [f"  {results.streets}", f"  {results.speeds}"]
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
        **results.study.rules(question.service),
    )
    return found.sentence()
