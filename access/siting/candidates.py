"""Where a site could go if nothing stood anywhere: centres of demand, snapped by the caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from access.siting.inputs import Faults, read_by_id, read_count

_Snap = Callable[[np.ndarray], Any]


def greenfield(
    points: Any,
    count: int,
    *,
    weights: Any = None,
    snap: _Snap | None = None,
    prefix: str = "GF",
    seed: int = 0,
) -> pd.DataFrame:
    """Propose candidate sites at the centres of demand (weighted k-means).

    Parameters
    ----------
    points : DataFrame or array_like, shape (areas, 2)
        Easting and northing of the areas in metres of one CRS (never degrees: a degree of
        longitude is shorter than one of latitude).
    count : int
        How many candidates.
    weights : Series, mapping, array_like or None
        Demand of each area; 1 each when None. By id where `points` is a DataFrame.
    snap : callable, optional
        Moves points to where a site can stand: takes and returns an array of shape (n, 2), for
        example the nearest point on the walking network.
    prefix : str
        Ids are the prefix and a number: ``GF01``, ``GF02``, ... from west to east.
    seed : int
        Of the k-means starts.

    Returns
    -------
    DataFrame
        ``id``, ``x``, ``y`` in metres, ``weight`` (demand nearest to it before snapping) and
        ``moved_m`` (how far snapping moved it).

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Source: Lloyd's algorithm with k-means++ starts, as in scikit-learn.

    Examples
    --------
    >>> greenfield([[0, 0], [0, 2], [100, 0], [100, 2]], 2)[["id", "x", "y"]].values.tolist()
    [['GF01', 0.0, 1.0], ['GF02', 100.0, 1.0]]
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    faults = Faults("greenfield")
    ids = points.index if isinstance(points, pd.DataFrame) else None
    try:
        if np.iscomplexobj(points):
            raise TypeError
        xy = np.asarray(points, dtype=float)
    except (TypeError, ValueError):
        xy = np.zeros((0, 2))
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy):
        faults.add("points", f"shape {xy.shape}", "easting and northing of at least one area")
        faults.stop()
    if not np.isfinite(xy).all():
        faults.add("points", "nan or inf", "finite metres")
    if np.abs(xy).max() <= 180:
        spread = float(np.ptp(xy, axis=0).max())
        if 0 < spread < 20:
            faults.add("points", f"all within {spread:g}", "metres, not degrees")
    names = [str(i) for i in (range(len(xy)) if ids is None else ids)]
    demand = read_by_id(weights, names, faults, "weights")
    used = np.flatnonzero(demand > 0)
    different = len(np.unique(xy[used], axis=0)) if len(used) else 0
    count = read_count(count, 1, max(different, 1), faults, "count (different places with demand)")
    faults.stop()
    means = KMeans(n_clusters=count, n_init=10, random_state=seed)
    # One thread: sums in one order give the same centres on every machine.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # places almost at one point
        label = means.fit_predict(xy[used], sample_weight=demand[used])
    centres = np.round(means.cluster_centers_, 2)
    heavy = np.bincount(label, demand[used], count)
    order = np.lexsort((centres[:, 1], centres[:, 0]))
    centres, heavy = centres[order], heavy[order]
    moved = centres
    if snap is not None:
        moved = np.asarray(snap(centres), dtype=float)
        if moved.shape != centres.shape or not np.isfinite(moved).all():
            faults.add("snap", f"shape {moved.shape}", f"finite metres of shape {centres.shape}")
            faults.stop()
    width = max(2, len(str(count)))
    return pd.DataFrame(
        {
            "id": [f"{prefix}{k + 1:0{width}d}" for k in range(count)],
            "x": moved[:, 0],
            "y": moved[:, 1],
            "weight": heavy,
            "moved_m": np.hypot(*(moved - centres).T),
        }
    )
