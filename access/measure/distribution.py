"""Weighted means, quantiles and classes of minutes, with the unreached counted apart.

Rules that every figure follows:

* a figure is over families (counts), not over areas; an area with no families is in the
  tables but in no figure;
* unreachable minutes (``inf``) are never averaged: a mean, quantile or maximum is over the
  families reached, and how many were not reached stands beside it;
* the quantile q is the least value that at least a share q of the weight does not exceed
  (the inverse of the weighted distribution function; no interpolation, so it is a time that
  some family has).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.arguments import a, array, checked, ids, number, refuse
from access.errors import ScenarioError
from access.network.matrix import Status, TravelMatrix, nearest_rank, positions

_Floats = NDArray[np.float64]

#: Change classes, in the order of tables. Boundaries: `change_class`.
CHANGE_CLASSES = (
    "gain",
    "unchanged",
    "lose_0_5",
    "lose_5_10",
    "lose_10_plus",
    "newly_unreachable",
    "newly_reached",
    "unreached_both",
)
#: Changes of no more than this many minutes (0.6 seconds) count as no change.
TOLERANCE_MINUTES = 0.01
_DIGITS = 9
"""Digits after the point to which a change of minutes is told: float noise moves nobody."""
_SLACK = 1e-12
"""A limit is kept within this of it, relative: float noise takes nobody beyond."""


def _weights(value: Any, name: str) -> _Floats:
    """Read weights: numbers of 0 or more."""
    found: _Floats = array()(value, name)
    if not ((found >= 0) & np.isfinite(found)).all():
        raise refuse(name, value, "weights of 0 or more, none of them missing or infinite")
    return found


def within(values: _Floats, limit: float) -> NDArray[np.bool_]:
    """Mark the values of at most a limit, itself among them whatever its last digits.

    Examples
    --------
    >>> within(np.array([0.1 + 0.2, 0.31, float("inf")]), 0.3).tolist()
    [True, False, False]
    """
    return np.asarray(np.isfinite(values) & (values <= limit * (1 + _SLACK)))


@checked(
    same_length=("values", "weights"),
    values=array(),
    weights=_weights,
)
def weighted_mean(values: ArrayLike, weights: ArrayLike) -> float:
    """Mean of the finite values with weight above 0.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        0 or more.

    Returns
    -------
    float
        ``nan`` where nothing is left to average.

    Examples
    --------
    >>> weighted_mean([10, 20, float("inf")], [1, 3, 5])
    17.5
    """
    return _mean(np.asarray(values, float), np.asarray(weights, float))


def _mean(values: _Floats, weights: _Floats) -> float:
    """Give `weighted_mean` of what was checked before."""
    use = np.isfinite(values) & (weights > 0)
    if not use.any():
        return float("nan")
    w = weights[use]
    return float((values[use] * w).sum() / w.sum())


def weighted_sums(rows: NDArray[Any], weights: _Floats) -> _Floats:
    """Add up each row by weight, in one fixed order: the same digits on every processor.

    A matrix product would be handed to BLAS, whose kernels add in an order of their own.

    Parameters
    ----------
    rows : ndarray, shape (n, k)
    weights : ndarray, shape (k,) or (k, m)

    Returns
    -------
    ndarray, shape (n,) or (n, m)

    Examples
    --------
    >>> weighted_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 1.0])).tolist()
    [12.0, 34.0]
    """
    rows = rows.astype(np.float64, copy=False)
    if weights.ndim == 1:
        total: _Floats = np.einsum("ij,j->i", rows, weights)
        return total
    columns = [np.einsum("ij,j->i", rows, np.ascontiguousarray(w)) for w in weights.T]
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0))


@checked(
    same_length=("values", "weights"),
    values=array(),
    weights=_weights,
    q=number(0, 1),
)
def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: float) -> float:
    """Least value that at least a share q of the weight does not exceed.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        0 or more.
    q : float
        From 0 to 1.

    Returns
    -------
    float
        Over the finite values with weight above 0; ``nan`` where there is none.

    Examples
    --------
    >>> weighted_quantile([5, 10, 30], [1, 2, 1], 0.5)
    10.0
    >>> weighted_quantile([5, 10, 30], [1, 2, 1], 0.9)
    30.0
    """
    return _quantiles(np.asarray(values, float), np.asarray(weights, float), q)[0]


def _quantiles(values: _Floats, weights: _Floats, *shares: float) -> list[float]:
    """Give some quantiles, put in order once: `weighted_quantile` of each."""
    use = np.isfinite(values) & (weights > 0)
    if not use.any():
        return [float("nan")] * len(shares)
    v, w = values[use], weights[use]
    order = np.argsort(v, kind="stable")
    rising, cumulative = v[order], np.cumsum(w[order])
    # A hair below the target, so that 0.9 of 10 equal families is the ninth in floats too.
    targets = [q * cumulative[-1] * (1 - _SLACK) for q in shares]
    found = [min(np.searchsorted(cumulative, t), len(v) - 1) for t in targets]
    # of all, the greatest, however few have it
    return [float(rising[-1 if q == 1 else at]) for q, at in zip(shares, found, strict=True)]


@checked(
    same_length=("values", "weights"),
    values=array(),
    weights=_weights,
)
def describe(values: ArrayLike, weights: ArrayLike) -> dict[str, float]:
    """Mean, median, P90 and maximum of the finite values with weight above 0.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)

    Returns
    -------
    dict
        ``mean median p90 max``; ``nan`` where nothing is left.

    Examples
    --------
    >>> describe([1, 2, 9], [1, 1, 0])
    {'mean': 1.5, 'median': 1.0, 'p90': 2.0, 'max': 2.0}
    """
    v, w = np.asarray(values, float), np.asarray(weights, float)
    median, p90, greatest = _quantiles(v, w, 0.5, 0.9, 1.0)
    return {"mean": _mean(v, w), "median": median, "p90": p90, "max": greatest}


@checked(
    same_length=("values", "weights"),
    values=array(),
    weights=_weights,
    limit=number(endless=True),
)
def share_within(values: ArrayLike, weights: ArrayLike, limit: float) -> float:
    """Share of all weight whose value is at most the limit; the unreached count as beyond.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
    limit : float
        In the unit of the values.

    Returns
    -------
    float
        From 0 to 1; ``nan`` where there is no weight or a value is unknown (``nan``).

    Examples
    --------
    >>> share_within([5, 15, float("inf")], [1, 1, 2], 15)
    0.5
    """
    v, w = np.asarray(values, float), np.asarray(weights, float)
    if not w.sum() > 0 or np.isnan(v[w > 0]).any():
        return float("nan")
    return float(w[within(v, limit)].sum() / w.sum())


@checked(
    same_length=("before", "after"),
    before=array(),
    after=array(),
)
def change(before: ArrayLike, after: ArrayLike) -> _Floats:
    """After less before, keeping what cannot be reached apart from numbers.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Minutes, ``inf`` where unreached.

    Returns
    -------
    ndarray, shape (n,)
        To nine decimals, so that 4.2 to 9.2 is 5 minutes; ``inf`` where newly unreachable,
        ``-inf`` where newly reached, ``nan`` where neither.

    Examples
    --------
    >>> change([5, 5, float("inf")], [7, float("inf"), float("inf")]).tolist()
    [2.0, inf, nan]
    """
    b, a = np.asarray(before, float), np.asarray(after, float)
    out = np.full(np.broadcast(b, a).shape, np.nan)
    np.subtract(a, b, out=out, where=np.isfinite(b) | np.isfinite(a))
    return np.round(out, _DIGITS, out=out)


@checked(
    changes=array(),
    tolerance_minutes=number(0),
)
def change_class(
    changes: ArrayLike, tolerance_minutes: float = TOLERANCE_MINUTES
) -> NDArray[np.object_]:
    """Name the class of each change.

    Parameters
    ----------
    changes : array_like, shape (n,)
        As `change` gives them.
    tolerance_minutes : float
        Changes of no more than this are ``unchanged``.

    Returns
    -------
    ndarray of str
        ``gain`` shorter; ``unchanged``; ``lose_0_5`` longer by under 5 minutes; ``lose_5_10``
        by 5 to under 10; ``lose_10_plus`` by 10 or more; ``newly_unreachable``;
        ``newly_reached``; ``unreached_both``.

    Examples
    --------
    >>> change_class([-2, 0, 4.9, 5, 10, float("inf")]).tolist()
    ['gain', 'unchanged', 'lose_0_5', 'lose_5_10', 'lose_10_plus', 'newly_unreachable']
    """
    c = np.asarray(changes, float)
    tests = [
        np.isnan(c),
        np.isposinf(c),
        np.isneginf(c),
        c < -tolerance_minutes,
        np.abs(c) <= tolerance_minutes,
        c < 5,
        c < 10,
    ]
    names = (
        "unreached_both",
        "newly_unreachable",
        "newly_reached",
        "gain",
        "unchanged",
        "lose_0_5",
        "lose_5_10",
    )
    return np.select(tests, names, "lose_10_plus").astype(object)


_Texts = NDArray[np.object_]
_WORDS = np.array([status.name.lower() for status in Status], dtype=object)


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest and second-nearest open site of every area; ties go to the lesser id.

    Parameters
    ----------
    site, second_site : ndarray of str, shape (areas,)
        Empty text where none is reached.
    minutes, second_minutes : ndarray, shape (areas,)
        ``inf`` where none is reached.
    metres : ndarray, shape (areas,)
        Least metres along the network to any open site; ``nan`` where metres are not known.
    status : ndarray of str, shape (areas,)
        Of the nearest pair; where no site is reached, why: ``beyond_limit`` if any site is,
        else ``unreachable``, else ``unsnapped``.
    """

    site: _Texts
    minutes: _Floats
    second_site: _Texts
    second_minutes: _Floats
    metres: _Floats
    status: _Texts


def _least(minutes: NDArray[Any], percentile: float) -> tuple[NDArray[np.intp], _Floats]:
    """Which site is nearest, and its minutes: at every minute of the day, then at a rank."""
    which = minutes.argmin(axis=2)
    least = np.take_along_axis(minutes, which[..., None], axis=2)[..., 0]
    rows = np.arange(len(minutes))
    order = np.argsort(least, axis=1, kind="stable")
    at = order[:, nearest_rank(percentile, minutes.shape[1])]
    return which[rows, at], least[rows, at].astype(float)


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=ids,
)
def nearest(matrix: TravelMatrix, sites: Sequence[str]) -> Nearest:
    """Find every area's nearest and second-nearest site among those open.

    Parameters
    ----------
    matrix : TravelMatrix
        Minutes to every site.
    sites : sequence of str
        Ids of the open sites, in any order.

    Returns
    -------
    Nearest

    Raises
    ------
    ParameterError
        If an id is not a site of the matrix.
    ScenarioError
        If no site is open.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 9, 7]], area_ids=["a"], site_ids=["X", "Y", "Z"])
    >>> found = nearest(m, ["Y", "Z"])
    >>> found.site[0], found.minutes[0].item(), found.second_site[0]
    ('Z', 7.0, 'Y')
    """
    if len(sites) == 0:
        raise ScenarioError("every site is closed; expected at least one open site")
    ids = sorted({str(s) for s in sites})
    cols = positions(matrix.site_ids, ids, "site")
    each = matrix.minute_by_minute
    minutes = (matrix.total_minutes[:, None, :] if each is None else each)[:, :, cols]
    rows = np.arange(len(minutes))
    first, least = _least(minutes, matrix.percentile)
    status = matrix.status[:, cols]
    # a site that is nearest in its minute is reached then, whatever its own percentile says
    of_site = np.where(status[rows, first] == Status.SAME_PLACE, Status.SAME_PLACE, Status.OK)
    pair = np.where(np.isfinite(least), of_site, status.max(axis=1))
    second = np.full(len(minutes), np.inf)
    second_at = np.zeros(len(minutes), dtype=np.intp)
    if len(ids) > 1:
        minutes[rows, :, first] = np.inf
        second_at, second = _least(minutes, matrix.percentile)
    names = np.array(ids, dtype=object)
    return Nearest(
        site=np.where(np.isfinite(least), names[first], ""),
        minutes=least,
        second_site=np.where(np.isfinite(second), names[second_at], ""),
        second_minutes=second,
        metres=matrix.network_metres[:, cols].min(axis=1),
        status=_WORDS[pair],
    )
