"""The answers to what a change does, as words, summary, tables and charts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from access.measure import TakeUp
from access.report.charts import Chart, change_chart, group_chart
from access.results import StudyResults
from access.run.questions import Question
from access.scenario import Impact, attendance_beside_nearest, equality, take_up_change


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


def impact_charts(results: StudyResults, impact: Impact, by: str | None) -> dict[str, Chart]:
    """Charts of an impact, by the name of their file.

    Parameters
    ----------
    results : StudyResults
    impact : Impact
    by : str or None
        Groups; no chart by group where there is none to show.

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
    charts = {"change": change_chart(impact, caption=caption)}
    if by is not None:
        charts[f"change_by_{by}"] = group_chart(impact, by, caption=caption)
    return charts


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
    lines += [f"  {results.streets}", f"  {results.speeds}"]
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
