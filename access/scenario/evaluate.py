"""Criteria of many options at once, exactly.

Minutes are replaced by their place in the sorted list of all minutes (small integers), so
that the nearest of a set of sites is a minimum of integers, and a weighted quantile is found
by counting. No minute is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.scenario.prepared import Floats, Prepared

Indices = NDArray[np.intp]
CRITERIA = ("mean", "weighted_mean", "p90", "worst", "share_beyond", "gap", "savings")
_CHUNK = 1 << 16
"""Pairs of option and area handled at a time, so that they stay in the processor's cache."""
_HALVINGS = 5
"""Halvings before counting: each reads every pair once, counting reads what is left slowly."""
SLACK = 1e-12
"""A share is reached when the weight is within this of it, relative: float noise is no family."""


def nearest_places(ready: Prepared, kept: Indices) -> NDArray:
    """Find the place in `values` of every area's nearest minutes, for every option.

    Parameters
    ----------
    ready : Prepared
    kept : ndarray of int, shape (options, keep)
        Positions of the sites kept.

    Returns
    -------
    ndarray of unsigned int, shape (options, areas)
    """
    places = ready.places
    out = np.empty((len(kept), places.shape[1]), dtype=places.dtype)
    step = max(1, _CHUNK // max(places.shape[1], 1))
    buffer = np.empty((step, places.shape[1]), dtype=places.dtype)
    columns = np.ascontiguousarray(kept.T)
    for start in range(0, len(kept), step):
        block = out[start : start + step]
        part = buffer[: len(block)]
        np.minimum(places[columns[0, start : start + step]], ready.always, out=block)
        for column in columns[1:, start : start + step]:
            np.take(places, column, axis=0, out=part, mode="clip")
            np.minimum(block, part, out=block)
    return out


def quantile_places(
    found: NDArray, weights: Floats, size: int, q: float, floor: int = 0
) -> Indices:
    """Find the place of a weighted quantile in every row: halve its range, then count.

    Parameters
    ----------
    found : ndarray of unsigned int, shape (options, areas)
        Places below `size`.
    weights : ndarray, shape (areas,)
    size : int
        Number of places.
    q : float
    floor : int
        A place that no row's quantile is below, so that only what is further is counted.

    Returns
    -------
    ndarray of int, shape (options,)
        The least place that at least a share q of the weight does not exceed.

    Examples
    --------
    >>> quantile_places(np.array([[0, 3, 5]], dtype=np.uint16), np.array([1., 2., 1.]), 6, 0.5)
    array([3])
    """
    target = q * weights.sum() * (1 - SLACK)
    out = np.empty(len(found), dtype=np.intp)
    step = max(1, 4 * _CHUNK // max(found.shape[1], 1))
    for start in range(0, len(found), step):
        block = found[start : start + step]
        low, high, below = _bracket(block, weights, target, floor, size - 1)
        out[start : start + step] = _within(block, weights, target, low, high, below)
    return out


def _bracket(
    block: NDArray, weights: Floats, target: float, floor: int, top: int
) -> tuple[Indices, Indices, Floats]:
    """Halve each row's range a few times: the quantile is from low to high, `below` before low."""
    low = np.full(len(block), floor, dtype=np.intp)
    high = np.full(len(block), max(top, floor), dtype=np.intp)
    below = (block < floor).astype(np.float64) @ weights
    for _ in range(_HALVINGS):
        middle = (low + high) >> 1
        upto = (block <= middle.astype(block.dtype)[:, None]).astype(np.float64) @ weights
        enough = upto >= target
        high = np.where(enough, middle, high)
        below = np.where(enough, below, upto)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return low, high, below


def _within(
    block: NDArray, weights: Floats, target: float, low: Indices, high: Indices, below: Floats
) -> Indices:
    """First place from low to high where the weight up to it reaches the target, by counting."""
    kind = block.dtype
    inside = (block >= low.astype(kind)[:, None]) & (block <= high.astype(kind)[:, None])
    flat = np.flatnonzero(inside.ravel())
    row = flat // block.shape[1]
    width = int((high - low).max()) + 1
    keys = row * width + (block.ravel()[flat].astype(np.intp) - low[row])
    counted = np.bincount(
        keys, weights[flat - row * block.shape[1]], minlength=len(block) * width
    ).reshape(len(block), width)
    short = np.cumsum(counted, axis=1) + below[:, None] < target
    return np.minimum(low + short.sum(axis=1), high)


@dataclass(frozen=True, eq=False)
class Sums:
    """What the criteria of options are made of; sums of two services add up.

    Parameters
    ----------
    minutes : ndarray, shape (options, columns)
        Weight times minutes, over the families reached.
    unreached : ndarray, shape (options, columns)
        Weight that no kept site reaches although some site could.
    beyond : ndarray, shape (options,)
        Families beyond the threshold, the unreached among them.
    worst : ndarray, shape (options,)
        Minutes of the worst area.
    found : ndarray of unsigned int, shape (options, areas)
        As `nearest_places` gives them.
    """

    minutes: Floats
    unreached: Floats
    beyond: Floats
    worst: Floats
    found: NDArray


def sums(ready: Prepared, kept: Indices) -> Sums:
    """Add up minutes for every option.

    Parameters
    ----------
    ready : Prepared
    kept : ndarray of int, shape (options, keep)

    Returns
    -------
    Sums
    """
    found = nearest_places(ready, kept)
    last = len(ready.values) - 1
    finite = np.where(np.isfinite(ready.values), ready.values, 0.0)
    limit = np.searchsorted(ready.values, ready.threshold_minutes * (1 + SLACK), side="right")
    minutes = np.empty((len(kept), ready.weights.shape[1]))
    unreached = np.zeros_like(minutes)
    beyond = np.empty(len(kept))
    top = found.max(axis=1)
    step = max(1, _CHUNK // max(found.shape[1], 1))
    for start in range(0, len(kept), step):
        part = slice(start, start + step)
        minutes[part] = np.take(finite, found[part]) @ ready.weights
        beyond[part] = (found[part] >= limit).astype(np.float64) @ ready.weights[:, 0]
    for row in np.flatnonzero(top == last):
        unreached[row] = ready.weights[found[row] == last].sum(axis=0)
    return Sums(minutes, unreached, beyond, np.take(ready.values, top), found)


def criteria(
    total: Sums,
    totals: Floats,
    never_reached: float,
    p90: Floats,
    *,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Turn sums into criteria; less is better in every one.

    Parameters
    ----------
    total : Sums
    totals : ndarray, shape (columns,)
        Weight of everybody that some site can reach.
    never_reached : float
    p90 : ndarray, shape (options,)
    absolute_gap : bool
        Take the gap between fifths whichever of them is better off.

    Returns
    -------
    dict
        ``mean weighted_mean p90 worst share_beyond`` and, with four columns, ``gap``, and
        ``unreached``. A mean over families of whom some are left unreached is ``inf``.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(total.unreached > 0, np.inf, total.minutes / totals)
    out = {
        "mean": means[:, 0],
        "weighted_mean": means[:, 1],
        "p90": p90,
        "worst": total.worst,
        "share_beyond": (total.beyond + never_reached) / (totals[0] + never_reached),
        "unreached": total.unreached[:, 0] + never_reached,
    }
    if len(totals) > 2 and totals[2] > 0 and totals[3] > 0:
        with np.errstate(invalid="ignore"):
            gap = means[:, 2] - means[:, 3]
        gap = np.abs(gap) if absolute_gap else gap
        lost = ~np.isfinite(means[:, 2:4]).all(axis=1)
        out["gap"] = np.where(lost, np.inf, gap)
    return {name: np.round(values, 9) for name, values in out.items()}


def evaluate(ready: Prepared, kept: Indices, *, absolute_gap: bool = False) -> dict[str, Floats]:
    """Give every criterion of every option of one service.

    Parameters
    ----------
    ready : Prepared
    kept : ndarray of int, shape (options, keep)
    absolute_gap : bool
        As in `criteria`.

    Returns
    -------
    dict
        As `criteria`; rounded to 9 decimals, so that float noise breaks no tie.

    Examples
    --------
    >>> from access.scenario.prepared import prepare
    >>> ready = prepare(np.array([[5.0, 9.0], [8.0, 2.0]]), np.ones(2), np.ones(2), None,
    ...                 threshold_minutes=6)
    >>> evaluate(ready, np.array([[0], [1]]))["mean"].tolist()
    [6.5, 5.5]
    """
    total = sums(ready, kept)
    # Closing never shortens: nine in ten are no nearer than with every site open.
    count, size = ready.weights[:, 0], len(ready.values)
    every = np.minimum(ready.places.min(axis=0), ready.always)[None, :]
    floor = int(quantile_places(every, count, size, 0.9)[0])
    at = quantile_places(total.found, count, size, 0.9, floor)
    p90 = np.take(ready.values, at)
    return criteria(total, ready.totals, ready.never_reached, p90, absolute_gap=absolute_gap)
