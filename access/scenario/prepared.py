"""One service made ready for many evaluations: minutes as places in a sorted list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """One service made ready for many evaluations.

    Parameters
    ----------
    values : ndarray, shape (k,)
        All minutes that occur, sorted, without doubles; ``inf`` last.
    places : ndarray of unsigned int, shape (sites, areas)
        Where a pair's minutes stand in `values`.
    always : ndarray of unsigned int, shape (areas,)
        The same for the nearest of the sites that are open in every option.
    weights : ndarray, shape (areas, columns)
        Families; weighted families; families in the most and in the least deprived fifth.
    totals : ndarray, shape (columns,)
    never_reached : float
        Families that no site at all can reach; in no area here.
    threshold_minutes : float
    """

    values: Floats
    places: NDArray
    always: NDArray
    weights: Floats
    totals: Floats
    never_reached: float
    threshold_minutes: float


def fifths(demand: pd.DataFrame, national_areas: int) -> Floats | None:
    """Find each area's national fifth of deprivation, 1 = most deprived.

    Parameters
    ----------
    demand : DataFrame
        With ``imd_fifth``, ``imd_decile`` or ``imd_rank``, the first of them that is there.
    national_areas : int
        Areas ranked nationally, for ranks.

    Returns
    -------
    ndarray or None
        ``nan`` where missing; ``None`` without any such column.

    Examples
    --------
    >>> fifths(pd.DataFrame({"imd_decile": [1, 3, 10]}), 32844).tolist()
    [1.0, 2.0, 5.0]
    """
    if "imd_fifth" in demand.columns:
        return pd.to_numeric(demand["imd_fifth"]).to_numpy(float, na_value=np.nan)
    if "imd_decile" in demand.columns:
        return np.ceil(pd.to_numeric(demand["imd_decile"]).to_numpy(float, na_value=np.nan) / 2)
    if "imd_rank" in demand.columns:
        rank = pd.to_numeric(demand["imd_rank"]).to_numpy(float, na_value=np.nan)
        return np.ceil(rank * 5 / national_areas)
    return None


def prepare(
    minutes: Floats,
    count: Floats,
    per_family: Floats,
    fifth: Floats | None,
    *,
    threshold_minutes: float,
    always_minutes: Floats | None = None,
) -> Prepared:
    """Make one service ready for many evaluations.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        To the sites that may be kept or closed.
    count, per_family : ndarray, shape (areas,)
        Families, and what one of them counts for in weighted figures.
    fifth : ndarray or None
        National fifth of deprivation.
    threshold_minutes : float
        For the share beyond.
    always_minutes : ndarray, shape (areas, others), optional
        To sites that are open in every option.

    Returns
    -------
    Prepared
        Areas without families are left out, and areas that no site reaches are only counted.

    Raises
    ------
    ParameterError
        If the threshold is not minutes, or no site reaches any family.

    Examples
    --------
    >>> ready = prepare(np.array([[5.0, 9.0]]), np.ones(1), np.ones(1), None,
    ...                 threshold_minutes=20)
    >>> ready.values.tolist(), ready.places.ravel().tolist()
    ([5.0, 9.0, inf], [0, 1])
    """
    if not (np.isfinite(threshold_minutes) and threshold_minutes >= 0):
        raise ParameterError(f"threshold_minutes={threshold_minutes!r}; expected 0 or more")
    least = minutes.min(axis=1)
    if always_minutes is not None and always_minutes.shape[1]:
        other = always_minutes.min(axis=1)
        least = np.minimum(least, other)
    else:
        other = np.full(len(minutes), np.inf)
    lived = count > 0
    use = lived & np.isfinite(least)
    if not use.any():
        raise ParameterError(
            "no site reaches any family in this matrix; expected some to be reached"
        )
    table = np.column_stack([minutes[use], other[use], np.full(use.sum(), np.inf)])
    values, flat = np.unique(table, return_inverse=True)
    kind = np.uint16 if len(values) <= np.iinfo(np.uint16).max else np.uint32
    places = np.ascontiguousarray(flat.reshape(table.shape).T.astype(kind))
    rows = [count, count * per_family]
    if fifth is not None:
        rows += [count * (fifth == 1), count * (fifth == 5)]
    weights = np.column_stack(rows)[use]
    return Prepared(
        values=values,
        places=places[:-2],
        always=places[-2],
        weights=weights,
        totals=weights.sum(axis=0),
        never_reached=float(count[lived & ~np.isfinite(least)].sum()),
        threshold_minutes=float(threshold_minutes),
    )
