"""Deprivation weights: a named, printed choice, with unweighted always beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import checked, number, optional, table, text, whole
from access.errors import ParameterError
from access.measure.demand import fail, numbers
from access.measure.distribution import weighted_quantile
from access.units import LSOAS_ENGLAND_2011, weight_bounds

_Floats = NDArray[np.float64]

#: HM Treasury, The Green Book (2022), annex A3: elasticity of the marginal utility of income.
_GREEN_BOOK_ELASTICITY = 1.3


@dataclass(frozen=True, eq=False)
class Weights:
    """What one family counts for, area by area.

    Parameters
    ----------
    name : str
        ``"none"``, ``"linear"``, ``"green_book"`` or the column's name.
    per_family : ndarray, shape (areas,)
        g, 0 or more.
    note : str
        The choice in words, to be printed with every weighted figure.

    Examples
    --------
    >>> Weights("none", np.ones(2), "unweighted").per_family.tolist()
    [1.0, 1.0]
    """

    name: str
    per_family: _Floats
    note: str


def _need(demand: pd.DataFrame, column: str, sentence: str) -> None:
    if column not in demand.columns:
        raise ParameterError(
            f"no {column} column in demand: {sentence} need one; "
            f"found {list(map(str, demand.columns))}"
        )


def linear_weights(
    demand: pd.DataFrame, lam: float = 1.0, national_areas: int = LSOAS_ENGLAND_2011
) -> _Floats:
    """Weight by deprivation rank, from 1 in the least deprived area to 1 + lam in the most.

    ``g = 1 + lam * (N - rank) / (N - 1)``, with N areas ranked nationally.

    Parameters
    ----------
    demand : DataFrame
        With ``imd_rank``, 1 = most deprived of the nation.
    lam : float
        How much more a family in the most deprived area counts; 0 or more.
    national_areas : int
        N: 32,844 LSOAs for IMD 2015 and 2019; 33,755 for IMD 2025.

    Returns
    -------
    ndarray, shape (areas,)

    Raises
    ------
    ParameterError
        If the ranks are missing or not from 1 to `national_areas`, or lam is negative.

    Examples
    --------
    >>> linear_weights(pd.DataFrame({"imd_rank": [1, 32844]})).tolist()
    [2.0, 1.0]
    """
    _need(demand, "imd_rank", "linear weights")
    if not (np.isfinite(lam) and lam >= 0):
        raise ParameterError(f"lam={lam!r}; expected a number of 0 or more (1 counts 2 : 1)")
    if not national_areas > 1:
        raise ParameterError(f"national_areas={national_areas!r}; expected 2 or more")
    column, low, high = weight_bounds("linear", national_areas)
    expected = f"a rank from 1 to {national_areas} (1 = most deprived; set national_areas)"
    rank, faults = numbers(demand, column, low=low, high=high, expected=expected, what="demand")
    fail("demand has deprivation ranks that cannot be used", faults)
    return 1.0 + lam * (national_areas - rank) / (national_areas - 1)


def _green_book_weights(demand: pd.DataFrame, median_income: float | None = None) -> _Floats:
    """Weight by income as the Green Book does: (median income / income) ** 1.3.

    Parameters
    ----------
    demand : DataFrame
        With ``income`` (any unit, above 0) and ``count``.
    median_income : float, optional
        In the same unit; by default the median of the study's own families
        (by `count`, so that the weights say nothing about other places).

    Returns
    -------
    ndarray, shape (areas,)

    Raises
    ------
    ParameterError
        If incomes are missing or not above 0.

    Notes
    -----
    HM Treasury, The Green Book (2022), annex A3, distributional weights.

    Examples
    --------
    >>> frame = pd.DataFrame({"income": [200.0, 400.0, 400.0], "count": [1, 1, 1]})
    >>> _green_book_weights(frame).round(3).tolist()
    [2.462, 1.0, 1.0]
    """
    _need(demand, "income", "Green Book weights")
    column, low, high = weight_bounds("green_book", 0)
    expected = "an income above 0"
    income, faults = numbers(demand, column, low=low, high=high, expected=expected, what="demand")
    fail("demand has incomes that cannot be used", faults)
    if median_income is None:
        count = demand["count"].to_numpy(float)
        median_income = weighted_quantile(income, count, 0.5)
    if not (np.isfinite(median_income) and median_income > 0):
        raise ParameterError(f"median_income={median_income!r}; expected a number above 0")
    return (median_income / income) ** _GREEN_BOOK_ELASTICITY


@checked(
    demand=table(),
    weights=optional(text),
    lam=number(0, 1000),
    national_areas=whole(2),
    median_income=optional(number(0, above=True)),
)
def deprivation_weights(
    demand: pd.DataFrame,
    weights: str | None = None,
    *,
    lam: float = 1.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
) -> Weights:
    """Make the weights that a name stands for.

    Parameters
    ----------
    demand : DataFrame
        Aligned demand (see `align_demand`).
    weights : str, optional
        ``"none"``, ``"linear"``, ``"green_book"`` or the name of a column; by default
        ``"linear"`` where demand has ``imd_rank``, else ``"none"``.
    lam : float
        For linear weights.
    national_areas : int
        For linear weights.
    median_income : float, optional
        For Green Book weights.

    Returns
    -------
    Weights

    Raises
    ------
    ParameterError
        If the name is unknown or demand lacks the column that it needs.

    Examples
    --------
    >>> deprivation_weights(pd.DataFrame({"count": [1.0]})).name
    'none'
    """
    chosen = weights
    if chosen is None:
        chosen = "linear" if "imd_rank" in demand.columns else "none"
    default = " (the default where demand has imd_rank)" if weights is None else ""
    if chosen == "none":
        why = " (demand has no imd_rank)" if weights is None else ""
        return Weights("none", np.ones(len(demand)), f"weights: none{why}; every family counts 1")
    if chosen == "linear":
        g = linear_weights(demand, lam, national_areas)
        note = (
            f"weights: linear{default}, 1 in the least deprived of {national_areas:,} national "
            f"areas to {1 + lam:g} in the most"
        )
        return Weights("linear", g, note)
    if chosen == "green_book":
        g = _green_book_weights(demand, median_income)
        return Weights("green_book", g, "weights: Green Book, (median income / income)^1.3")
    if not isinstance(chosen, str) or chosen not in demand.columns:
        raise ParameterError(
            f"weights={chosen!r}; expected 'none', 'linear', 'green_book' or a column of demand: "
            f"{list(map(str, demand.columns))}"
        )
    column, low, high = weight_bounds(chosen, national_areas)
    expected = "a weight of 0 or more"
    g, faults = numbers(demand, column, low=low, high=high, expected=expected, what="demand")
    fail("demand has weights that cannot be used", faults)
    if not (g * demand["count"].to_numpy(float)).sum() > 0:
        raise ParameterError(f"weights={chosen!r} give every family weight 0; expected some above")
    return Weights(chosen, g, f"weights: column {chosen}")
