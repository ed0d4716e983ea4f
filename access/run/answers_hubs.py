"""The answers to where hubs would best stand, as words, summary and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from access.results import MODE_TITLES, HubAnswer, StudyResults
from access.siting.hubs import HubStudy


def hub_words(results: StudyResults, answer: HubAnswer) -> str:
    """Say what was found, the plain count first and the weighted beside it.

    Parameters
    ----------
    results : StudyResults
        For whose streets these are.
    answer : HubAnswer

    Returns
    -------
    str
    """
    by = MODE_TITLES.get(answer.mode, answer.mode)
    parts = [f"By {by}, every family counted the same:", answer.plain.words]
    if answer.weighted is not None:
        parts += ["", f"Weighted ({answer.weighting_note}):", answer.weighted.words]
    parts += ["", *answer.plain.assumptions, results.streets]
    return "\n".join(parts)


def hub_tables(answer: HubAnswer) -> dict[str, pd.DataFrame]:
    """Tables of the answer, by the name of their file.

    Parameters
    ----------
    answer : HubAnswer

    Returns
    -------
    dict of str to DataFrame
        ``candidates curve alternatives front best_by_area``, and the same ``weighted_...``.
    """
    tables = {"candidates": hub_points(answer)}
    for prefix, found in (("", answer.plain), ("weighted_", answer.weighted)):
        if found is None:
            continue
        tables[f"{prefix}curve"] = _flat(found.curve_frame().reset_index())
        tables[f"{prefix}alternatives"] = _flat(found.alternatives_frame())
        tables[f"{prefix}front"] = _flat(found.front_frame())
        best = found.best.to_frame()
        if best.index.nlevels == 1:
            tables[f"{prefix}best_by_area"] = best.reset_index(names="id")
    return tables


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(chosen=[" ".join(ids) for ids in table["chosen"]])


def hub_summary(results: StudyResults, answer: HubAnswer) -> dict[str, Any]:
    """Every figure of the answer, as plain values.

    Parameters
    ----------
    results : StudyResults
        For the streets and what is assumed.
    answer : HubAnswer

    Returns
    -------
    dict
    """
    return hub_figures(answer) | {
        "streets": results.streets,
        "assumptions": [*answer.plain.assumptions, *results.assumptions],
    }


def hub_figures(answer: HubAnswer) -> dict[str, Any]:
    """Every figure of the answer without what all of a run's figures assume.

    Parameters
    ----------
    answer : HubAnswer

    Returns
    -------
    dict
    """
    return {
        "mode": answer.mode,
        "candidates": len(answer.candidates),
        "plain": _figures(answer.plain),
        "weighted": None if answer.weighted is None else _figures(answer.weighted),
        "weighting": answer.weighting_note,
        "assumptions": list(answer.plain.assumptions),
    }


def hub_points(answer: HubAnswer) -> pd.DataFrame:
    """Give every candidate with the numbers of hubs that it is among the best for.

    Parameters
    ----------
    answer : HubAnswer

    Returns
    -------
    DataFrame
        The candidates' columns, then ``best_for`` (``"3 4"``: among the best 3 and the best 4),
        ``best_for_weighted`` and ``council``.
    """
    table = answer.candidates.copy()
    for column, found in (("best_for", answer.plain), ("best_for_weighted", answer.weighted)):
        sets = {} if found is None else found.curve.solutions
        table[column] = [" ".join(str(p) for p, s in sets.items() if i in s.chosen)
                         for i in table["id"]]  # fmt: skip
    own = answer.plain.council.chosen if answer.plain.council is not None else ()
    return table.assign(council=table["id"].isin(own))


def _figures(found: HubStudy) -> dict[str, Any]:
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
            "more_than_best_minutes": council.mean_excess_minutes,
            "worst_more_than_best_minutes": council.worst_excess_minutes,
            "sets": council.sets,
            "rank_mean": council.rank_mean,
            "rank_worst": council.rank_worst,
        },
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
