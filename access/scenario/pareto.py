"""The exact Pareto front: options that no other is at least as good as everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]


def dense_ranks(values: ArrayLike) -> NDArray[np.int32]:
    """Replace values by their order, equal values by equal numbers.

    Parameters
    ----------
    values : array_like, shape (n,)

    Returns
    -------
    ndarray of int32, shape (n,)

    Examples
    --------
    >>> dense_ranks([3.0, 1.0, 3.0]).tolist()
    [1, 0, 1]
    """
    return np.unique(np.asarray(values), return_inverse=True)[1].ravel().astype(np.int32)


def pareto_front(columns: ArrayLike) -> Bools:
    """Mark the rows that no other row dominates; less is better in every column.

    Row p dominates row q when p is at most q in every column and less in one. Equal rows do
    not dominate each other: both are on the front, or neither is.

    Parameters
    ----------
    columns : array_like, shape (options, criteria)
        ``inf`` allowed, ``nan`` not.

    Returns
    -------
    ndarray of bool, shape (options,)

    Examples
    --------
    >>> pareto_front([[1, 5], [2, 2], [3, 3], [2, 2]]).tolist()
    [True, True, False, True]
    """
    table = np.asarray(columns, float)
    n, m = table.shape
    front = np.zeros(n, dtype=bool)
    if n == 0 or m == 0:
        front[:] = True
        return front
    ranks = np.column_stack([dense_ranks(table[:, j]) for j in range(m)])
    # By the sum of ranks, nobody is dominated by a later one; so the first that is left stays.
    order = np.argsort(ranks.sum(axis=1, dtype=np.int64), kind="stable")
    left = np.ascontiguousarray(ranks[order].T)
    where = order
    while where.size:
        first = left[:, 0]
        front[where[0]] = True
        better = left[0] < first[0]
        same = left[0] == first[0]
        for j in range(1, m):
            better |= left[j] < first[j]
            same &= left[j] == first[j]
        front[where[same]] = True
        stay = better & ~same
        left, where = left[:, stay], where[stay]
    return front


def dominating(columns: ArrayLike, row: ArrayLike) -> Bools:
    """Mark the rows that dominate a given one.

    Parameters
    ----------
    columns : array_like, shape (options, criteria)
    row : array_like, shape (criteria,)

    Returns
    -------
    ndarray of bool, shape (options,)

    Examples
    --------
    >>> dominating([[1, 5], [2, 2], [3, 3]], [3, 3]).tolist()
    [False, True, False]
    """
    table, one = np.asarray(columns, float), np.asarray(row, float)
    return np.asarray((table <= one).all(axis=1) & (table < one).any(axis=1))
