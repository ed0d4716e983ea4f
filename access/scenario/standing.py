"""Ranks, near ties and regrets: where one option stands among all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from access.scenario.pareto import dominating, pareto_front

NEAR_TIES = {"1pct": 0.01, "5pct": 0.05}


def least_is_best(criterion: str, values: np.ndarray) -> np.ndarray:
    """Turn a criterion's values so that less is better.

    Parameters
    ----------
    criterion : str
    values : ndarray

    Returns
    -------
    ndarray

    Examples
    --------
    >>> least_is_best("savings", np.array([5.0])).tolist()
    [-5.0]
    """
    return -values if criterion == "savings" else values


def competition_rank(values: np.ndarray) -> np.ndarray:
    """Rank with 1 as best; equals share the least rank (1, 2, 2, 4).

    Parameters
    ----------
    values : ndarray, shape (n,)
        Less is better.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> competition_rank(np.array([7.0, 3.0, 7.0, 9.0])).tolist()
    [2, 1, 2, 4]
    """
    return np.searchsorted(np.sort(values), values, side="left") + 1


def near(values: np.ndarray, within: float) -> np.ndarray:
    """Mark values within a share of the least one.

    Parameters
    ----------
    values : ndarray
        Less is better.
    within : float

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> near(np.array([100.0, 101.0, 102.0]), 0.01).tolist()
    [True, True, False]
    """
    least = values.min()
    if not np.isfinite(least):
        return np.zeros(len(values), dtype=bool)
    return values <= least + within * abs(least) + 1e-9


def rank_table(table: pd.DataFrame, criteria: tuple[str, ...], front_on: tuple[str, ...]) -> None:
    """Add ranks and the Pareto front to a table of options, in place.

    Parameters
    ----------
    table : DataFrame
    criteria, front_on : tuple of str
    """
    for c in criteria:
        table[f"rank_{c}"] = competition_rank(least_is_best(c, table[c].to_numpy(float)))
    columns = [least_is_best(c, table[c].to_numpy(float)) for c in front_on]
    table["on_front"] = pareto_front(np.column_stack(columns))


def stand(
    table: pd.DataFrame,
    row: Mapping[str, float],
    criteria: tuple[str, ...],
    front_on: tuple[str, ...],
    *,
    listed: bool = True,
) -> dict[str, Any]:
    """Say where one option stands among all.

    Parameters
    ----------
    table : DataFrame
        Of all options.
    row : mapping of str to float
        The option's criteria; it need not be one of the table.
    criteria, front_on : tuple of str
    listed : bool
        Whether it is one of the table.

    Returns
    -------
    dict
        As `Ranking.proposal`; ``None`` where a number does not exist.
    """
    out: dict[str, Any] = {"options": len(table)}
    for c in criteria:
        values = least_is_best(c, table[c].to_numpy(float))
        own = float(least_is_best(c, np.asarray(row[c], float)))
        worse, level = int((values > own).sum()), int((values == own).sum())
        others = max(len(values) - 1, 1)
        least = values.min()
        out[c] = float(row[c]) if np.isfinite(row[c]) else None
        out[f"rank_{c}"] = int((values < own).sum()) + 1
        out[f"tied_{c}"] = max(level - int(listed), 0)
        out[f"percentile_{c}"] = 100.0 * min(worse, others) / others
        regret = own - least if np.isfinite(own) else np.nan
        out[f"regret_{c}"] = float(regret) if np.isfinite(regret) else None
        for name, within in NEAR_TIES.items():
            out[f"near_ties_{name}_{c}"] = max(int(near(values, within).sum()) - 1, 0)
            limit = least + within * abs(least) + 1e-9
            out[f"within_{name}_{c}"] = bool(np.isfinite(own) and own <= limit)
    columns = np.column_stack([least_is_best(c, table[c].to_numpy(float)) for c in front_on])
    own_row = [float(least_is_best(c, np.asarray(row[c], float))) for c in front_on]
    out["dominated_by"] = int(dominating(columns, own_row).sum())
    out["on_front"] = out["dominated_by"] == 0
    return out
