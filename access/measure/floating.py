"""Floating catchment areas: supply for each family, where families share sites.

The same call as in `access.measure.opportunity`. In each of them the families of all areas
together are offered what the sites in anyone's reach offer: ``sum(count * score)`` equals that
supply.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.measure.decay import Decay, binary, stepped
from access.measure.opportunity import Inputs, Supply, read_inputs
from access.network.matrix import TravelMatrix

Floats = NDArray[np.float64]


def _catchment(inputs: Inputs, weight: Floats) -> Floats:
    """Share each site's supply among families by weight, then add up what reaches an area."""
    families = inputs.count @ weight
    ratio = np.divide(inputs.supply, families, out=np.zeros_like(families), where=families > 0)
    return weight @ ratio


def two_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    cutoff_minutes: float = 30.0,
) -> pd.Series:
    """Two-step floating catchment area (2SFCA): supply a family within a cutoff.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame
        ``id count``.
    cutoff_minutes : float

    Returns
    -------
    Series
        Supply a family, by area id. A site that no family reaches gives nothing.

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or demand is missing.
    ScenarioError
        If no site is open.

    Notes
    -----
    Luo & Wang (2003), Measures of spatial accessibility to health care in a GIS environment,
    Environment and Planning B 30.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 40], [9, 9]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    >>> two_step(m, supply={"X": 20, "Y": 5}, demand=demand).tolist()
    [0.5, 1.0]
    """
    inputs = read_inputs(matrix, sites, supply, demand, needs_demand=True)
    weight = binary(cutoff_minutes)(inputs.minutes)
    return inputs.series(_catchment(inputs, weight), "two_step")


def enhanced_two_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    decay: Decay | None = None,
) -> pd.Series:
    """Enhanced 2SFCA (E2SFCA): nearer families and sites count more in both steps.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame
        ``id count``.
    decay : Decay, optional
        Luo & Qi's steps unless told otherwise: 10, 20 and 30 minutes at 1, 0.68 and 0.22.

    Returns
    -------
    Series
        Supply a family, by area id.

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or demand is missing.
    ScenarioError
        If no site is open.

    Notes
    -----
    Luo & Qi (2009), An enhanced two-step floating catchment area (E2SFCA) method for measuring
    spatial accessibility to primary care physicians, Health & Place 15.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5], [15]], area_ids=["a", "b"], site_ids=["X"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    >>> enhanced_two_step(m, supply={"X": 36.8}, demand=demand).round(2).tolist()
    [1.0, 0.68]
    """
    inputs = read_inputs(matrix, sites, supply, demand, needs_demand=True)
    decay = decay or stepped([10, 20, 30], [1.0, 0.68, 0.22])
    return inputs.series(_catchment(inputs, decay(inputs.minutes)), "enhanced_two_step")


def three_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: Supply = None,
    demand: pd.DataFrame | None = None,
    decay: Decay | None = None,
) -> pd.Series:
    """Three-step floating catchment area (3SFCA): families also choose among their sites.

    An area's families go to each site in proportion to its decay weight among all sites'
    (the first step), and are counted there only as often.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str, optional
    supply : mapping or Series, optional
    demand : DataFrame
        ``id count``.
    decay : Decay, optional
        As in `enhanced_two_step`.

    Returns
    -------
    Series
        Supply a family, by area id.

    Raises
    ------
    ParameterError
        If ids do not match, supply is not 0 or more, or demand is missing.
    ScenarioError
        If no site is open.

    Notes
    -----
    Wan, Zou & Sternberg (2012), A three-step floating catchment area method for analyzing
    spatial access to health services, Int. J. Geographical Information Science 26.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 5]], area_ids=["a"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a"], "count": [10]})
    >>> three_step(m, supply={"X": 20, "Y": 5}, demand=demand).tolist()
    [2.5]
    """
    inputs = read_inputs(matrix, sites, supply, demand, needs_demand=True)
    decay = decay or stepped([10, 20, 30], [1.0, 0.68, 0.22])
    weight = decay(inputs.minutes)
    total = weight.sum(axis=1, keepdims=True)
    choice = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return inputs.series(_catchment(inputs, choice * weight), "three_step")
