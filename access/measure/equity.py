"""Inequality of minutes or access between families, and along deprivation.

Every measure is called alike: ``measure(values, weights, rank)``, where ``rank`` orders areas
from the most deprived (least number) to the least deprived, and equals stand in one place.
Rules: values that are not finite (nothing reached) and areas without families take no part;
how many families that leaves out is the caller's to say (`inequality` does).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.arguments import array, checked, ids, optional
from access.errors import ParameterError

_Floats = NDArray[np.float64]


def _use(
    values: ArrayLike, weights: ArrayLike, rank: ArrayLike | None = None
) -> tuple[_Floats, _Floats, _Floats]:
    v, w = np.asarray(values, float), np.asarray(weights, float)
    r = np.zeros(v.shape) if rank is None else np.asarray(rank, float)
    if not v.shape == w.shape == r.shape or v.ndim != 1:
        raise ParameterError(
            f"values, weights and rank have shapes {v.shape}, {w.shape} and {r.shape}; expected "
            "one number an area in each"
        )
    if (w < 0).any() or np.isnan(w).any():
        raise ParameterError("weights must be numbers of 0 or more")
    if (v[np.isfinite(v)] < 0).any():
        raise ParameterError(
            "values must be 0 or more; inequality of negative numbers has no sense"
        )
    use = np.isfinite(v) & (w > 0) & np.isfinite(r)
    return v[use], w[use], r[use]


def _fractional_rank(weights: ArrayLike, rank: ArrayLike) -> _Floats:
    """Place of each area's families along deprivation: 0 most deprived, 1 least.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Families.
    rank : array_like, shape (n,)
        1 = most deprived.

    Returns
    -------
    ndarray, shape (n,)
        Share of families more deprived, plus half of those equally deprived.

    Examples
    --------
    >>> _fractional_rank([1, 1, 2], [5, 5, 9]).tolist()
    [0.25, 0.25, 0.75]
    """
    w = np.asarray(weights, float)
    _, group = np.unique(np.asarray(rank, float), return_inverse=True)
    inside = np.bincount(group.ravel(), w)
    upto = np.cumsum(inside)  # the total as it was added up here: all in one place are at one half
    return np.asarray(((upto - inside / 2) / upto[-1:])[group.ravel()])


@checked(
    same_length=("values", "weights", "rank"),
    values=array(),
    weights=array(),
    rank=optional(array()),
)
def gini(values: ArrayLike, weights: ArrayLike, rank: ArrayLike | None = None) -> float:
    """Gini coefficient: 0 where all families have the same, towards 1 where one has all.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        Families.
    rank : array_like, optional
        Not used, but areas without one take no part.

    Returns
    -------
    float
        ``nan`` without families; 0 where every value is 0.

    Raises
    ------
    ParameterError
        If shapes differ, or values or weights are negative.

    Notes
    -----
    Half the mean difference between any two families, over the mean.

    Examples
    --------
    >>> gini([0, 10], [1, 1])
    0.5
    """
    v, w, _ = _use(values, weights, rank)
    if not w.size:
        return float("nan")
    total = (v * w).sum()
    if total == 0:
        return 0.0
    order = np.argsort(v, kind="stable")
    v, w = v[order], w[order]
    middle = np.cumsum(w) - w / 2
    return float(2 * (v * w * middle).sum() / (w.sum() * total) - 1)


def _mean_between(v: _Floats, w: _Floats, r: _Floats, low: float, high: float) -> float:
    """Mean of the families from a share low to a share high of the ranking, areas split."""
    labels, group = np.unique(r, return_inverse=True)
    inside = np.bincount(group.ravel(), w)
    mean = np.bincount(group.ravel(), v * w) / inside
    ends = np.cumsum(inside) / w.sum()
    starts = np.concatenate([[0.0], ends[:-1]])
    part = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0.0, None)
    return float((mean * part).sum() / part.sum()) if len(labels) else float("nan")


@checked(
    same_length=("values", "weights", "rank"),
    values=array(),
    weights=array(),
    rank=array(),
)
def palma(values: ArrayLike, weights: ArrayLike, rank: ArrayLike) -> float:
    """Palma ratio: mean of the least deprived tenth over that of the most deprived four tenths.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        Families.
    rank : array_like, shape (n,)
        1 = most deprived.

    Returns
    -------
    float
        Above 1 where the least deprived have more. An area that straddles a tenth is split.
        ``nan`` without families, ``inf`` where the most deprived have nothing.

    Raises
    ------
    ParameterError
        If shapes differ, or values or weights are negative.

    Notes
    -----
    Palma (2011), Homogeneous middles vs. heterogeneous tails, Development and Change 42; with
    means of groups ranked by deprivation, as is usual for access.

    Examples
    --------
    >>> palma([30, 30, 10], [4, 5, 1], [1, 2, 3])
    0.333...
    """
    v, w, r = _use(values, weights, rank)
    if not w.size:
        return float("nan")
    rich, poor = _mean_between(v, w, r, 0.9, 1.0), _mean_between(v, w, r, 0.0, 0.4)
    if poor == 0:
        return float("nan") if rich == 0 else float("inf")
    return rich / poor


@checked(
    same_length=("values", "weights", "rank"),
    values=array(),
    weights=array(),
    rank=array(),
)
def concentration_index(values: ArrayLike, weights: ArrayLike, rank: ArrayLike) -> float:
    """Concentration index: how far values gather at one end of deprivation, from -1 to 1.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        Families.
    rank : array_like, shape (n,)
        1 = most deprived.

    Returns
    -------
    float
        Above 0 where the less deprived have more (of minutes: travel further). ``nan`` without
        families or where every value is 0.

    Raises
    ------
    ParameterError
        If shapes differ, or values or weights are negative.

    Notes
    -----
    Twice the covariance of value and fractional rank over the mean: Kakwani, Wagstaff & van
    Doorslaer (1997), Socioeconomic inequalities in health, J. Econometrics 77.

    Examples
    --------
    >>> concentration_index([0, 10], [1, 1], [1, 2])
    0.5
    """
    v, w, r = _use(values, weights, rank)
    if not w.size or (v * w).sum() == 0:
        return float("nan")
    place = _fractional_rank(w, r)
    mean = (v * w).sum() / w.sum()
    return float(2 * (w * (v - mean) * (place - 0.5)).sum() / (w.sum() * mean))


@checked(
    same_length=("values", "weights", "rank"),
    values=array(),
    weights=array(),
    rank=array(),
)
def slope_index(values: ArrayLike, weights: ArrayLike, rank: ArrayLike) -> float:
    """Slope index of inequality: from the most to the least deprived end, in the values' unit.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : array_like, shape (n,)
        Families.
    rank : array_like, shape (n,)
        1 = most deprived.

    Returns
    -------
    float
        Slope of the weighted least-squares line of value over fractional rank: above 0 where
        the least deprived have more. ``nan`` where all are equally deprived.

    Raises
    ------
    ParameterError
        If shapes differ, or values or weights are negative.

    Notes
    -----
    Mackenbach & Kunst (1997), Measuring the magnitude of socio-economic inequalities in
    health, Social Science & Medicine 44.

    Examples
    --------
    >>> round(slope_index([10, 20], [1, 1], [1, 2]), 9)
    20.0
    """
    v, w, r = _use(values, weights, rank)
    if not w.size:
        return float("nan")
    place = _fractional_rank(w, r)
    spread = (w * (place - 0.5) ** 2).sum()
    mean = (v * w).sum() / w.sum()
    return float((w * (v - mean) * (place - 0.5)).sum() / spread) if spread > 0 else float("nan")


_MEASURES = {
    "gini": gini,
    "palma": palma,
    "concentration_index": concentration_index,
    "slope_index": slope_index,
}


@checked(
    same_length=("before", "after", "weights", "rank"),
    before=array(),
    after=array(),
    weights=array(),
    rank=array(),
    measures=ids,
)
def inequality(
    before: ArrayLike,
    after: ArrayLike,
    weights: ArrayLike,
    rank: ArrayLike,
    measures: Sequence[str] = tuple(_MEASURES),
) -> pd.DataFrame:
    """Every measure of inequality before and after, over the same families.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Minutes, or a measure of access; not finite where nothing is reached.
    weights : array_like, shape (n,)
        Families.
    rank : array_like, shape (n,)
        1 = most deprived; ``nan`` where not known.
    measures : sequence of str
        Of ``gini palma concentration_index slope_index``.

    Returns
    -------
    DataFrame
        ``measure before after change families left_out``: the families with a value both
        times and a rank, and how many have not.

    Raises
    ------
    ParameterError
        If a measure is unknown, shapes differ, or values or weights are negative.

    Examples
    --------
    >>> inequality([5, 5], [5, 15], [1, 1], [1, 2], ["gini"]).to_numpy().tolist()
    [['gini', 0.0, 0.25, 0.25, 2.0, 0.0]]
    """
    unknown = [m for m in measures if m not in _MEASURES]
    if unknown:
        raise ParameterError(f"unknown measures {unknown}; expected any of {list(_MEASURES)}")
    b, a, w = (np.asarray(x, float) for x in (before, after, weights))
    r = np.asarray(rank, float)
    both = np.isfinite(b) & np.isfinite(a) & np.isfinite(r)
    rows = []
    for name in measures:
        one, two = (_MEASURES[name](np.where(both, x, np.nan), w, r) for x in (b, a))
        rows.append([name, one, two, two - one, w[both].sum(), w[~both].sum()])
    return pd.DataFrame(
        rows, columns=["measure", "before", "after", "change", "families", "left_out"]
    )
