"""Sharing the counts of a larger area among its parts, totals kept exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError


def share_total(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Share a whole number among parts by weight, by the largest-remainder (Hamilton) method.

    Parameters
    ----------
    total : int
        What is to be shared, 0 or more.
    weights : array_like, shape (n,)
        0 or more, not all 0 unless the total is 0.

    Returns
    -------
    ndarray of int, shape (n,)
        Sums to `total`. Equal remainders go to the earlier part.

    Raises
    ------
    ParameterError
        If the weights are negative, or none is positive while there is something to share.

    Examples
    --------
    >>> share_total(10, [1, 1, 1]).tolist()
    [4, 3, 3]
    """
    w = np.asarray(weights, dtype=float)
    if total == 0:
        return np.zeros(len(w), dtype=np.int64)
    if total < 0 or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ParameterError(
            f"cannot share {total} by weights {w.tolist()[:5]}; expected a total of 0 or more and "
            "weights of 0 or more with a positive sum"
        )
    exact = total * w / w.sum()
    parts = np.floor(exact).astype(np.int64)
    left = int(total - parts.sum())
    # rounding to 9 places makes equal remainders equal, so that ties go by order alone
    order = np.argsort(-np.round(exact - parts, 9), kind="stable")
    parts[order[:left]] += 1
    return parts


def share_counts(
    areas: pd.DataFrame, parents: pd.DataFrame, *, key: str, by: str, columns: dict[str, str]
) -> pd.DataFrame:
    """Share each parent's counts among its areas.

    Parameters
    ----------
    areas : DataFrame
        One row an area, with columns `key` (the parent's id) and `by` (the weight).
    parents : DataFrame
        Indexed by parent id, whole-number counts of 0 or more.
    key, by : str
        Columns of `areas`.
    columns : dict of str to str
        New column name to column of `parents`.

    Returns
    -------
    DataFrame, index as `areas`
        One column a count; each parent's areas sum to the parent's figure. An estimate.

    Raises
    ------
    ParameterError
        If an area names a parent that is not there, or nobody lives where there are counts.

    Examples
    --------
    >>> areas = pd.DataFrame({"lsoa": ["A", "A", "B"], "residents": [100, 200, 50]})
    >>> parents = pd.DataFrame({"kids": [10, 3]}, index=["A", "B"])
    >>> share_counts(areas, parents, key="lsoa", by="residents",
    ...              columns={"children": "kids"})["children"].tolist()
    [3, 7, 3]
    """
    unknown = sorted(set(areas[key]) - set(parents.index))
    if unknown:
        raise ParameterError(
            f"areas name {key} {unknown[:5]}, which the parent table does not hold"
        )
    childless = sorted(set(parents.index) - set(areas[key]))
    lost = [p for p in childless if parents.loc[p, list(columns.values())].sum() > 0]
    if lost:
        raise ParameterError(
            f"{key} {lost[:5]} hold counts but no area belongs to them; they would be lost"
        )
    out = pd.DataFrame(0, index=areas.index, columns=list(columns), dtype="int64")
    for parent, rows in areas.groupby(key, sort=True).groups.items():
        for name, column in columns.items():
            total = parents.loc[[parent], column].to_numpy(int)[0]
            out.loc[rows, name] = share_total(total, areas.loc[rows, by])
    return out
