"""Access to sites, area by area: nearest, cumulative and gravity measures.

Every measure here and in `access.measure.floating` is called alike::

    measure(matrix, *, sites=None, supply=None, demand=None, ...) -> Series by area id

``sites`` are the open ones (all unless told otherwise), ``supply`` says how much each offers
(1 each unless told otherwise), ``demand`` is the usual table, which only the floating
catchments need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError, ScenarioError
from access.measure.decay import Decay, exponential
from access.measure.demand import align_demand, by_area
from access.network.matrix import TravelMatrix, positions

Floats = NDArray[np.float64]
Supply = Mapping[str, float] | pd.Series | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """A measure's inputs, checked and aligned.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
    supply : ndarray, shape (sites,)
    count : ndarray, shape (areas,)
    area_ids, site_ids : tuple of str
    """

    minutes: Floats
    supply: Floats
    count: Floats
    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]

    def series(self, values: Floats, name: str) -> pd.Series:
        """Name values by area.

        Parameters
        ----------
        values : ndarray, shape (areas,)
        name : str

        Returns
        -------
        Series
        """
        return pd.Series(values, index=pd.Index(self.area_ids, name="id"), name=name)


def read_inputs(
    matrix: TravelMatrix,
    sites: Sequence[str] | None,
    supply: Supply,
    demand: pd.DataFrame | None,
    *,
    needs_demand: bool = False,
) -> Inputs:
    """Check and align what every measure takes.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str or None
    supply : mapping, Series or None
    demand : DataFrame or None
    needs_demand : bool

    Returns
    -------
    Inputs

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or demand is needed and missing.
    ScenarioError
        If no site is open.
    """
    ids = sorted(matrix.site_ids if sites is None else {str(s) for s in sites})
    if not ids:
        raise ScenarioError("no site is open; expected at least one")
    columns = positions(matrix.site_ids, ids, "site")
    if supply is None:
        offered = np.ones(len(ids))
    else:
        table = {str(k): v for k, v in dict(supply).items()}
        positions(matrix.site_ids, list(table), "supply's site")
        table = {i: table[i] for i in ids if i in table}
        offered = by_area(table, ids, name="supply")
    if demand is None and needs_demand:
        raise ParameterError("demand is missing; a floating catchment needs one (id, count)")
    if demand is None:
        count = np.ones(matrix.shape[0])
    else:
        count = align_demand(demand, matrix.area_ids)["count"].to_numpy(float)
    minutes = matrix.total_minutes[:, columns]
    return Inputs(minutes, offered, count, matrix.area_ids, tuple(ids))


def nearest_minutes(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    n: float = 1.0,
) -> pd.Series:
    """Minutes within which an area reaches n of what the sites offer.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame, optional
        Checked, not used.
    n : float
        1 gives the nearest site that offers anything (of 1 or more); 2 the second, and so on.

    Returns
    -------
    Series
        Minutes by area id; ``inf`` where n cannot be reached.

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or n is not above 0.
    ScenarioError
        If no site is open.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 9, 2]], area_ids=["a"], site_ids=["X", "Y", "Z"])
    >>> nearest_minutes(m, supply={"X": 1, "Y": 1, "Z": 0}).item()
    5.0
    >>> nearest_minutes(m, n=2).item()
    5.0
    """
    if not (np.isfinite(n) and n > 0):
        raise ParameterError(f"n={n!r}; expected a number above 0")
    inputs = read_inputs(matrix, sites, supply, demand)
    order = np.argsort(inputs.minutes, axis=1, kind="stable")
    enough = np.cumsum(inputs.supply[order], axis=1) >= n * (1 - 1e-12)
    at = enough.argmax(axis=1)
    rows = np.arange(len(order))
    found = inputs.minutes[rows, order[rows, at]]
    return inputs.series(np.where(enough.any(axis=1), found, np.inf), "nearest_minutes")


def cumulative(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    cutoff_minutes: float = 30.0,
) -> pd.Series:
    """How much is offered within a number of minutes.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame, optional
        Checked, not used.
    cutoff_minutes : float
        The cutoff itself is within.

    Returns
    -------
    Series
        Supply within the cutoff, by area id.

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or the cutoff is negative.
    ScenarioError
        If no site is open.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 9, 40]], area_ids=["a"], site_ids=["X", "Y", "Z"])
    >>> cumulative(m, cutoff_minutes=9).item()
    2.0
    """
    if not cutoff_minutes >= 0:
        raise ParameterError(f"cutoff_minutes={cutoff_minutes!r}; expected 0 or more")
    inputs = read_inputs(matrix, sites, supply, demand)
    within = np.isfinite(inputs.minutes) & (inputs.minutes <= cutoff_minutes)
    return inputs.series(within @ inputs.supply, "cumulative")


def gravity(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    decay: Decay | None = None,
) -> pd.Series:
    """How much is offered, each site counting less the longer the trip to it.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame, optional
        Checked, not used.
    decay : Decay, optional
        `exponential` at 0.1 a minute unless told otherwise (a declared choice, not an
        estimate: no published decay for children's centres is known).

    Returns
    -------
    Series
        By area id.

    Raises
    ------
    ParameterError
        If ids do not match or supply is not 0 or more.
    ScenarioError
        If no site is open.

    Notes
    -----
    Hansen (1959), How accessibility shapes land use, J. American Institute of Planners 25.

    Examples
    --------
    >>> from access.measure.decay import linear
    >>> m = TravelMatrix.from_minutes([[5, 10, 40]], area_ids=["a"], site_ids=["X", "Y", "Z"])
    >>> gravity(m, decay=linear(20)).item()
    1.25
    """
    inputs = read_inputs(matrix, sites, supply, demand)
    decay = decay or exponential(0.1)
    return inputs.series(decay(inputs.minutes) @ inputs.supply, "gravity")
