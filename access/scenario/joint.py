"""Options of two services together: every pair of options, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from access.errors import ParameterError
from access.scenario.evaluate import SLACK, Sums, criteria, quantile_places
from access.scenario.prepared import Floats, Prepared

_CELLS = 20_000_000
"""Cells of cumulative weight held at once while pooled quantiles are found."""


def _cumulative(found: NDArray, weights: Floats, low: int, high: int) -> Floats:
    """Weight at each place of ``low ... high - 1``, added up along the row."""
    row, area = np.nonzero((found >= low) & (found < high))
    width = high - low
    keys = row * width + (found[row, area].astype(np.intp) - low)
    table = np.bincount(keys, weights[area], minlength=len(found) * width)
    return np.cumsum(table.reshape(len(found), width), axis=1)


def pooled_quantiles(
    first: NDArray, second: NDArray, weights: tuple[Floats, Floats], size: int, q: float
) -> NDArray[np.intp]:
    """Find the quantile of the families of both services together, for every pair of options.

    Parameters
    ----------
    first, second : ndarray of int, shapes (options, areas) and (others, more areas)
        Places in one shared list of minutes.
    weights : tuple of ndarray
        Families of each service, by area.
    size : int
        Length of the shared list.
    q : float

    Returns
    -------
    ndarray of int, shape (options, others)

    Notes
    -----
    A pooled quantile lies between those of its two parts, so only the places between the least
    and the greatest of all parts' quantiles need counting.

    Examples
    --------
    >>> one, two = np.array([[0, 3]]), np.array([[1], [5]])
    >>> pooled_quantiles(one, two, (np.ones(2), np.ones(1)), 6, 0.5)
    array([[1, 3]])
    """
    own = [
        quantile_places(found, w, size, q)
        for found, w in zip((first, second), weights, strict=True)
    ]
    low = int(min(own[0].min(), own[1].min()))
    high = int(max(own[0].max(), own[1].max())) + 1
    target = q * (weights[0].sum() + weights[1].sum()) * (1 - SLACK)
    base = [
        (found < low).astype(float) @ w for found, w in zip((first, second), weights, strict=True)
    ]
    out = np.full((len(first), len(second)), high - 1, dtype=np.intp)
    open_pairs = np.ones(out.shape, dtype=bool)
    step = max(1, _CELLS // (len(first) + len(second)))
    for start in range(low, high, step):
        stop = min(start + step, high)
        tables = [
            _cumulative(found, w, start, stop) + b[:, None]
            for found, w, b in zip((first, second), weights, base, strict=True)
        ]
        base = [table[:, -1] for table in tables]
        here = open_pairs & (base[0][:, None] + base[1][None, :] >= target)
        i, j = np.nonzero(here)
        out[i, j] = start + _first_reaching(tables[0], tables[1], i, j, target)
        open_pairs &= ~here
        if not open_pairs.any():
            break
    return out


def _first_reaching(
    one: Floats, two: Floats, i: NDArray[np.intp], j: NDArray[np.intp], target: float
) -> NDArray[np.intp]:
    """Bisect for the first column where ``one[i] + two[j]`` reaches the target."""
    width = one.shape[1]
    flat_one, flat_two = one.ravel(), two.ravel()
    at_one, at_two = i * width, j * width
    low = np.zeros(len(i), dtype=np.intp)
    high = np.full(len(i), width - 1, dtype=np.intp)
    for _ in range(int(width).bit_length()):
        middle = (low + high) >> 1
        enough = flat_one[at_one + middle] + flat_two[at_two + middle] >= target
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return high


def pair_criteria(
    ready: tuple[Prepared, Prepared],
    parts: tuple[Sums, Sums],
    shares: tuple[float, float] | None = None,
    *,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Give every criterion of every pair of options, over the families of both services.

    Parameters
    ----------
    ready : tuple of Prepared
    parts : tuple of Sums
    shares : tuple of float, optional
        What each service counts for as a whole; by default as many as it has families.
    absolute_gap : bool
        As in `access.scenario.evaluate.criteria`.

    Returns
    -------
    dict
        Arrays of shape (options * others,), the second service's options running fastest.

    Raises
    ------
    ParameterError
        If shares are not two numbers above 0.

    Notes
    -----
    Counts of a child in one service and a young person in another are added, each in its own
    minutes to its own service.
    """
    factors = _factors(ready, shares)
    cols = min(len(r.totals) for r in ready)

    def pooled(name: str) -> Floats:
        one, two = (f * getattr(p, name) for f, p in zip(factors, parts, strict=True))
        both = one[:, None] + two[None, :]
        return both[..., :cols].reshape(-1, cols) if both.ndim == 3 else both.ravel()

    values = np.union1d(ready[0].values, ready[1].values)
    found = tuple(
        np.searchsorted(values, r.values)[p.found] for r, p in zip(ready, parts, strict=True)
    )
    weights = tuple(f * r.weights[:, 0] for f, r in zip(factors, ready, strict=True))
    at = pooled_quantiles(found[0], found[1], (weights[0], weights[1]), len(values), 0.9)
    worst = np.maximum(parts[0].worst[:, None], parts[1].worst[None, :]).ravel()
    total = Sums(pooled("minutes"), pooled("unreached"), pooled("beyond"), worst, at)
    totals = sum(f * r.totals[:cols] for f, r in zip(factors, ready, strict=True))
    never = sum(f * r.never_reached for f, r in zip(factors, ready, strict=True))
    p90 = values[at.ravel()]
    return criteria(total, np.asarray(totals), float(never), p90, absolute_gap=absolute_gap)


def _factors(
    ready: tuple[Prepared, Prepared], shares: tuple[float, float] | None
) -> tuple[float, float]:
    if shares is None:
        return 1.0, 1.0
    good = len(shares) == 2 and all(np.isfinite(s) and s > 0 for s in shares)
    if not good:
        raise ParameterError(f"shares={shares!r}; expected two numbers above 0, such as (0.5, 0.5)")
    families = [r.totals[0] + r.never_reached for r in ready]
    pool = sum(families) / sum(shares)
    return (
        float(shares[0] * pool / families[0]),
        float(shares[1] * pool / families[1]),
    )
