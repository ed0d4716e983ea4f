"""Access to sites, area by area: nearest, cumulative and gravity measures.

Every measure here and in `access.measure.catchment` is called alike::

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

from access.arguments import a, by_id, checked, ids, number, optional, table
from access.errors import ParameterError, ScenarioError
from access.measure.decay import _Decay, binary, exponential, stepped
from access.measure.demand import align_demand, by_area
from access.measure.distribution import within
from access.network.matrix import TravelMatrix, positions

_Floats = NDArray[np.float64]
_Supply = Mapping[str, float] | pd.Series | None


@dataclass(frozen=True, eq=False)
class _Inputs:
    """A measure's inputs, checked and aligned."""

    minutes: _Floats
    supply: _Floats
    count: _Floats
    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]

    def series(self, values: _Floats, name: str) -> pd.Series:
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


def _read_inputs(
    matrix: TravelMatrix,
    sites: Sequence[str] | None,
    supply: _Supply,
    demand: pd.DataFrame | None,
    *,
    needs_demand: bool = False,
) -> _Inputs:
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
        whole = len(table) == len(ids)  # each number was checked at the door
        offered = (
            np.array(list(table.values()))
            if whole
            else by_area(table, ids, name="supply", of="site")
        )
    if demand is None and needs_demand:
        raise ParameterError("demand is missing; a floating catchment needs one (id, count)")
    if demand is None:
        count = np.ones(matrix.shape[0])
    else:
        count = align_demand(demand, matrix.area_ids)["count"].to_numpy(float)
    minutes = matrix.total_minutes[:, columns]
    return _Inputs(minutes, offered, count, matrix.area_ids, tuple(ids))


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    n=number(0, above=True),
)
def nearest_minutes(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand)
    order = np.argsort(inputs.minutes, axis=1, kind="stable")
    enough = np.cumsum(inputs.supply[order], axis=1) >= n * (1 - 1e-12)
    at = enough.argmax(axis=1)
    rows = np.arange(len(order))
    found = inputs.minutes[rows, order[rows, at]]
    return inputs.series(np.where(enough.any(axis=1), found, np.inf), "nearest_minutes")


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    cutoff_minutes=number(0, endless=True),
)
def cumulative(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand)
    return inputs.series(_within(inputs, cutoff_minutes), "cumulative")


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    decay=optional(a(_Decay, expected="a Decay, such as decay.exponential(0.1)")),
)
def gravity(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
    demand: pd.DataFrame | None = None,
    decay: _Decay | None = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand)
    decay = decay or exponential(0.1)
    return inputs.series(decay(inputs.minutes) @ inputs.supply, "gravity")


def _within(inputs: _Inputs, cutoff_minutes: float) -> _Floats:
    """Add up the supply within a number of minutes."""
    found: _Floats = within(inputs.minutes, cutoff_minutes) @ inputs.supply
    return found


def _catchment(inputs: _Inputs, weight: _Floats) -> _Floats:
    """Share each site's supply among families by weight, then add up what reaches an area."""
    families = inputs.count @ weight
    ratio = np.divide(inputs.supply, families, out=np.zeros_like(families), where=families > 0)
    return weight @ ratio


def _chosen(weight: _Floats) -> _Floats:
    """Weigh each site by its share of all that an area may choose among."""
    total = weight.sum(axis=1, keepdims=True)
    share: _Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return share * weight


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    supply=by_id(number(0)),
    demand=table(),
    cutoff_minutes=number(0, endless=True),
    decay=a(_Decay, expected="a Decay, such as decay.exponential(0.1)"),
    zones=a(_Decay, expected="a Decay, such as decay.stepped([10, 20], [1, 0.5])"),
)
def every_catchment(
    matrix: TravelMatrix,
    *,
    supply: Mapping[str, float],
    demand: pd.DataFrame,
    cutoff_minutes: float,
    decay: _Decay,
    zones: _Decay,
) -> dict[str, _Floats]:
    """Give every measure of one offer, area by area: what each gives alone, with all read once.

    Parameters
    ----------
    matrix : TravelMatrix
    supply : mapping of str to float
        What each open site offers.
    demand : DataFrame
        ``id count``.
    cutoff_minutes : float
        Of `cumulative` and `two_step`.
    decay, zones : Decay
        Of `gravity`, and of `enhanced_two_step` and `three_step`.

    Returns
    -------
    dict of str to ndarray, shape (areas,)
        By the measure's name.

    Raises
    ------
    ParameterError
        If ids do not match.
    ScenarioError
        If no site is open.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5], [15]], area_ids=["a", "b"], site_ids=["X"])
    >>> found = every_catchment(
    ...     m, supply={"X": 36.8}, demand=pd.DataFrame({"id": ["a", "b"], "count": [30, 10]}),
    ...     cutoff_minutes=10, decay=exponential(0.1), zones=stepped([10, 20], [1.0, 0.68]))
    >>> found["enhanced_two_step"].round(2).tolist(), found["cumulative"].tolist()
    ([1.0, 0.68], [36.8, 0.0])
    """
    inputs = _read_inputs(matrix, list(supply), supply, demand)
    near = zones(inputs.minutes)
    return {
        "cumulative": _within(inputs, cutoff_minutes),
        "gravity": decay(inputs.minutes) @ inputs.supply,
        "two_step": _catchment(inputs, binary(cutoff_minutes)(inputs.minutes)),
        "enhanced_two_step": _catchment(inputs, near),
        "three_step": _catchment(inputs, _chosen(near)),
    }


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    cutoff_minutes=number(0, endless=True),
)
def two_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand, needs_demand=True)
    weight = binary(cutoff_minutes)(inputs.minutes)
    return inputs.series(_catchment(inputs, weight), "two_step")


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    decay=optional(a(_Decay, expected="a Decay, such as decay.exponential(0.1)")),
)
def enhanced_two_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
    demand: pd.DataFrame | None = None,
    decay: _Decay | None = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand, needs_demand=True)
    decay = decay or stepped([10, 20, 30], [1.0, 0.68, 0.22])
    return inputs.series(_catchment(inputs, decay(inputs.minutes)), "enhanced_two_step")


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=optional(ids),
    supply=optional(by_id(number(0))),
    demand=optional(table()),
    decay=optional(a(_Decay, expected="a Decay, such as decay.exponential(0.1)")),
)
def three_step(
    matrix: TravelMatrix,
    *,
    sites: Sequence[str] | None = None,
    supply: _Supply = None,
    demand: pd.DataFrame | None = None,
    decay: _Decay | None = None,
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
    inputs = _read_inputs(matrix, sites, supply, demand, needs_demand=True)
    decay = decay or stepped([10, 20, 30], [1.0, 0.68, 0.22])
    return inputs.series(_catchment(inputs, _chosen(decay(inputs.minutes))), "three_step")
