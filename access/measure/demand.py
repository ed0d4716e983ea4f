"""Demand by area, aligned and checked, nothing dropped; and how deprivation weighs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import checked, ids, number, optional, table, text, whole
from access.errors import Fault, ParameterError
from access.measure.distribution import weighted_quantile
from access.units import LSOAS_ENGLAND_2011, weight_bounds

# Demand tables: aligned to the areas of a matrix by id, checked, nothing dropped.

_Floats = NDArray[np.float64]
#: More people than any table can hold: as a cell of a study's table may.
_MOST = 1e12
_SHOWN = 50


def fail(message: str, faults: list[Fault]) -> None:
    """Raise every fault at once, or do nothing when there is none.

    Parameters
    ----------
    message : str
        The headline.
    faults : list of Fault
        At most the first 50 are shown; the headline says how many there are.

    Raises
    ------
    ParameterError
        If there is any fault.

    Examples
    --------
    >>> fail("nothing is wrong", [])
    """
    if faults:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise ParameterError(f"{message} ({count})", faults[:_SHOWN])


def numbers(
    frame: pd.DataFrame, column: str, *, low: float, high: float, expected: str, what: str
) -> tuple[_Floats, list[Fault]]:
    """Read a column as numbers within bounds, collecting what is wrong.

    Parameters
    ----------
    frame : DataFrame
        Indexed by id.
    column : str
    low, high : float
        Bounds, both allowed.
    expected : str
        What the message says was expected.
    what : str
        Name of the table, for the message.

    Returns
    -------
    values : ndarray of float
        ``nan`` where a cell is faulty.
    faults : list of Fault

    Examples
    --------
    >>> frame = pd.DataFrame({"count": [3, "x"]}, index=["a", "b"])
    >>> values, faults = numbers(frame, "count", low=0, high=9, expected="0 to 9", what="demand")
    >>> print(faults[0])
    demand, b, count: found 'x'; expected 0 to 9
    """
    given = frame[column]
    if isinstance(given.dtype, np.dtype) and given.dtype.kind in "iuf":
        values = given.to_numpy(float)
    else:
        read = pd.to_numeric(given, errors="coerce")
        if read.dtype.kind == "c":  # no figure of ours has an imaginary part
            read = pd.Series(np.nan, read.index)
        values = read.to_numpy(dtype=float, na_value=np.nan)
    bad = ~((values >= low) & (values <= high) & np.isfinite(values))
    if not bad.any():
        return values.copy(), []
    faults = [
        Fault(what, str(frame.index[i]), column, str(frame[column].iloc[i]), expected)
        for i in np.flatnonzero(bad).tolist()
    ]
    return np.where(bad, np.nan, values), faults


def known_numbers(
    frame: pd.DataFrame, column: str, *, low: float = -np.inf, high: float = np.inf
) -> _Floats:
    """Read a column of demand of which some may be missing (``nan``); what else is no number fails.

    Parameters
    ----------
    frame : DataFrame
        Indexed by id.
    column : str
    low, high : float
        Bounds, both allowed.

    Returns
    -------
    ndarray of float

    Raises
    ------
    ParameterError
        Naming every cell that is no number, or out of bounds.

    Examples
    --------
    >>> frame = pd.DataFrame({"imd_decile": ["3", None]}, index=["a", "b"])
    >>> known_numbers(frame, "imd_decile", low=1, high=10).tolist()
    [3.0, nan]
    """
    given = frame[column]
    missing = given.isna().to_numpy()
    if not (isinstance(given.dtype, np.dtype) and given.dtype.kind in "iuf"):
        missing = missing | (given.astype(str).str.strip() == "").to_numpy()
    expected = "a number"
    if np.isfinite(low) and np.isfinite(high):
        expected = f"a number from {low:g} to {high:g}"
    expected += ", or nothing where it is not known"
    values, faults = numbers(frame[~missing], column, low=low, high=high, expected=expected,
                             what="demand")  # fmt: skip
    fail(f"demand has cells of {column} that cannot be used", faults)
    out = np.full(len(frame), np.nan)
    out[~missing] = values
    return out


def align(
    frame: pd.DataFrame, area_ids: Sequence[str], what: str = "demand", of: str = "area"
) -> pd.DataFrame:
    """Put a table's rows in the order of the areas; the ids must be the same set.

    Parameters
    ----------
    frame : DataFrame
        With an ``id`` column, or indexed by id.
    area_ids : sequence of str
        The areas, in the order wanted.
    what, of : str
        Name of the table, and what its ids are of, for messages.

    Returns
    -------
    DataFrame
        A copy, indexed by id (str) in the order of `area_ids`, without the ``id`` column.

    Raises
    ------
    ParameterError
        Listing every id that is twice, unknown or missing.

    Examples
    --------
    >>> align(pd.DataFrame({"id": ["b", "a"], "count": [1, 2]}), ["a", "b"])["count"].tolist()
    [2, 1]
    """
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(
            f"{what} must be a DataFrame with columns id and count; got {type(frame).__name__}"
        )
    given = (frame["id"] if "id" in frame.columns else frame.index).tolist()
    index = pd.Index([str(i) for i in given], name="id", dtype=object)
    wanted, held = list(area_ids), index.to_list()
    out = frame.copy()
    if "id" in out.columns:
        del out["id"]
    out.index = index
    known, have = set(wanted), set(held)
    if held == wanted and len(have) == len(held):  # in order already, as tables mostly are
        return out
    faults = [
        Fault(what, i, "id", i, f"each {of} once") for i in index[index.duplicated()].unique()
    ]
    faults += [
        Fault(what, i, "id", i, f"one of the {of}s of the matrix (its {of}_ids)")
        for i in dict.fromkeys(held)
        if i not in known
    ]
    empty = "; give count 0 if nobody lives there" if "count" in out.columns else ""
    faults += [
        Fault(what, i, "id", "", f"a row for this {of} of the matrix{empty}")
        for i in wanted
        if i not in have
    ]
    fail(f"{what} and the matrix do not hold the same {of}s", faults)
    return out.loc[wanted]


@checked(
    demand=table(),
    area_ids=ids,
)
def align_demand(demand: pd.DataFrame, area_ids: Sequence[str]) -> pd.DataFrame:
    """Align a demand table to the areas of a matrix and check its counts.

    Parameters
    ----------
    demand : DataFrame
        Column ``count`` (0 or more) and ``id``, or indexed by id; further columns are kept.
    area_ids : sequence of str

    Returns
    -------
    DataFrame
        Indexed by id in the order of `area_ids`; ``count`` as float.

    Raises
    ------
    ParameterError
        If ids disagree, counts are missing, negative or not numbers, or all are zero.

    Examples
    --------
    >>> align_demand(pd.DataFrame({"id": ["a"], "count": [3]}), ["a"]).loc["a", "count"].item()
    3.0
    """
    if isinstance(demand, pd.DataFrame) and "count" not in demand.columns:
        raise ParameterError(
            f"demand has no column 'count'; found {list(map(str, demand.columns))}. Rename the "
            "column to count, for example demand.rename(columns={'children_0_4': 'count'})"
        )
    out = align(demand, area_ids)
    count, faults = numbers(
        out,
        "count",
        low=0.0,
        high=_MOST,
        what="demand",
        expected=f"a number, 0 or more, at most {_MOST:,.0f}",
    )
    fail("demand has counts that cannot be used", faults)
    if not count.sum() > 0:
        raise ParameterError(
            f"demand is zero in all {len(out)} areas; expected at least one area with count > 0"
        )
    out["count"] = count
    return out


def by_area(
    values: pd.Series | Mapping[str, float] | Sequence[float] | _Floats,
    area_ids: Sequence[str],
    *,
    name: str,
    low: float = 0.0,
    high: float = np.inf,
    of: str = "area",
) -> _Floats:
    """Read one number an area, given in area order or by id.

    Parameters
    ----------
    values : Series, mapping or sequence
        A Series or mapping is matched by id; a sequence is taken in the order of `area_ids`.
    area_ids : sequence of str
    name : str
        For messages.
    low, high : float
        Bounds, both allowed.
    of : str
        What the ids are of, for messages.

    Returns
    -------
    ndarray, shape (areas,)

    Raises
    ------
    ParameterError
        If ids or lengths disagree or a number is out of bounds.

    Examples
    --------
    >>> by_area({"b": 0.5, "a": 0.1}, ["a", "b"], name="p_no_car", high=1).tolist()
    [0.1, 0.5]
    """
    if isinstance(values, Mapping):
        values = pd.Series(dict(values), dtype=object)
    if isinstance(values, pd.Series):
        frame = align(values.to_frame(name), area_ids, what=name, of=of)
    else:
        listed = np.asarray(values).ravel().tolist()
        if len(listed) != len(area_ids):
            raise ParameterError(
                f"{name} has {len(listed)} numbers; expected one for each of {len(area_ids)} {of}s"
            )
        frame = pd.DataFrame({name: listed}, index=list(area_ids))
    expected = f"a number from {low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
    out, faults = numbers(frame, name, low=low, high=high, expected=expected, what=name)
    fail(f"{name} has values that cannot be used", faults)
    return out


def people_drawn(
    rng: np.random.Generator, count: _Floats, draws: int, reached: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Draw people about their count (Poisson), shape (draws, areas), somebody reached in each.

    Of few people a draw may hold none: it has no mean, and no order of options. It is drawn again
    as one that holds somebody: the first of them, and whoever comes after.
    """
    asked = count > 0 if reached is None else (count > 0) & reached
    drawn = rng.poisson(count, (draws, len(count)))
    without = np.flatnonzero(~drawn[:, asked].any(axis=1))
    if len(without) and asked.any():
        here = np.where(asked, count, 0.0)
        whole = here.sum()
        first = -np.log1p(rng.random(len(without)) * np.expm1(-whole)) / whole
        drawn[without] = rng.poisson(count - first[:, None] * here)
        drawn[without, rng.choice(len(count), len(without), p=here / whole)] += 1
    return drawn


# ------------------------------------------------------------------------------
# Deprivation weights: a named, printed choice, with unweighted always beside it.

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
