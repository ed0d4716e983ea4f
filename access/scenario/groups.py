"""Impact by deprivation, place and car ownership: one row a group, everybody in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.measure.distribution import describe, share_within, weighted_mean

NOT_KNOWN = "not known"
#: Lower edges of the bands of the share of households without a car.
NO_CAR_BANDS = (0.0, 0.1, 0.2, 0.3, 0.4)
_FIFTHS = {"imd_fifth": "imd_decile", "idaci_fifth": "idaci_decile"}


def no_car_band(shares: pd.Series) -> pd.Series:
    """Put shares of households without a car into bands of ten in a hundred.

    Parameters
    ----------
    shares : Series
        0 to 1.

    Returns
    -------
    Series of str
        ``"0-10 %"`` (under 10) to ``"40 % or more"``; ``"not known"`` where missing.

    Examples
    --------
    >>> no_car_band(pd.Series([0.05, 0.1, 0.7])).tolist()
    ['0-10 %', '10-20 %', '40 % or more']
    """
    low = [round(100 * edge) for edge in NO_CAR_BANDS]
    labels = [f"{a}-{b} %" for a, b in pairwise(low)]
    labels.append(f"{low[-1]} % or more")
    values = pd.to_numeric(shares).to_numpy(float, na_value=np.nan)
    at = np.searchsorted(np.array(NO_CAR_BANDS[1:]), np.nan_to_num(values), side="right")
    named = np.array(labels, dtype=object)[at]
    return pd.Series(np.where(np.isnan(values), NOT_KNOWN, named), index=shares.index)


def group_labels(demand: pd.DataFrame, column: str) -> pd.Series:
    """Find every area's group.

    Parameters
    ----------
    demand : DataFrame
        Aligned demand.
    column : str
        A column of demand, or ``imd_fifth`` / ``idaci_fifth`` (made from the deciles);
        ``p_no_car`` gives bands.

    Returns
    -------
    Series of object
        ``"not known"`` where missing.

    Raises
    ------
    ParameterError
        If demand has no such column.

    Examples
    --------
    >>> group_labels(pd.DataFrame({"imd_decile": [1, 2, 3, 10]}), "imd_fifth").tolist()
    [1, 1, 2, 5]
    """
    source = column if column in demand.columns else _FIFTHS.get(column, column)
    if source not in demand.columns:
        known = [c for c in demand.columns if c != "count"]
        raise ParameterError(
            f"demand has no column {source!r} to group by; expected any of {known}"
        )
    values = demand[source]
    if column == "p_no_car":
        return no_car_band(values)
    if source != column:
        values = (pd.to_numeric(values) + 1) // 2
    missing = values.isna()
    if pd.api.types.is_float_dtype(values) and (values[~missing] % 1 == 0).all():
        values = values.astype("Int64")
    labels = values.astype(object)
    labels[missing] = NOT_KNOWN
    return labels


def group_row(
    areas: pd.DataFrame, within_minutes: Sequence[float], tolerance_minutes: float
) -> dict[str, float]:
    """Figures of one group of areas.

    Parameters
    ----------
    areas : DataFrame
        Rows of `Impact.areas`.
    within_minutes : sequence of float
        Thresholds.
    tolerance_minutes : float
        Least change that counts as affected.

    Returns
    -------
    dict

    Examples
    --------
    >>> rows = pd.DataFrame({"count": [2.0], "weight": [4.0], "minutes_before": [5.0],
    ...                      "minutes_after": [8.0], "change_minutes": [3.0]})
    >>> group_row(rows, [10], 0.01)["mean_minutes_change"]
    3.0
    """
    count, weight = areas["count"].to_numpy(float), areas["weight"].to_numpy(float)
    total = count.sum()
    row: dict[str, float] = {
        "areas": len(areas),
        "families": total,
        "weighted_families": weight.sum(),
    }
    change = areas["change_minutes"].to_numpy(float)
    affected = count[np.abs(np.nan_to_num(change)) > tolerance_minutes].sum()
    lengthened = count[(change > tolerance_minutes) & np.isfinite(change)].sum()
    row |= {"affected": affected, "lengthened": lengthened}
    row["share_affected"] = affected / total if total > 0 else np.nan
    for when in ("before", "after"):
        minutes = areas[f"minutes_{when}"].to_numpy(float)
        row[f"reached_{when}"] = count[np.isfinite(minutes)].sum()
        figures = describe(minutes, count)
        row |= {f"{name}_minutes_{when}": value for name, value in figures.items()}
        row[f"weighted_mean_minutes_{when}"] = weighted_mean(minutes, weight)
        for limit in within_minutes:
            row[f"share_within_{limit:g}_min_{when}"] = share_within(minutes, count, limit)
    row |= {f"{name}_minutes_change": value for name, value in describe(change, count).items()}
    row["weighted_mean_minutes_change"] = weighted_mean(change, weight)
    row["newly_unreachable"] = count[np.isposinf(change)].sum()
    return row


def by_group(
    areas: pd.DataFrame,
    labels: pd.Series,
    within_minutes: Sequence[float],
    tolerance_minutes: float,
) -> pd.DataFrame:
    """Figures of every group, and how each compares with everybody else.

    Parameters
    ----------
    areas : DataFrame
        `Impact.areas`.
    labels : Series
        A group an area, in the same order.
    within_minutes : sequence of float
    tolerance_minutes : float

    Returns
    -------
    DataFrame
        One row a group, ordered by label with ``"not known"`` last; column ``ratio_to_others``
        is the group's mean change over the mean change of all other families (``nan`` where
        the others' is 0 or there are none).

    Examples
    --------
    >>> rows = pd.DataFrame({"count": [1.0, 1.0], "weight": [1.0, 1.0],
    ...                      "minutes_before": [5.0, 5.0], "minutes_after": [8.0, 6.0],
    ...                      "change_minutes": [3.0, 1.0]})
    >>> by_group(rows, pd.Series(["x", "y"]), [], 0.01)["ratio_to_others"].round(2).tolist()
    [3.0, 0.33]
    """
    label = labels.to_numpy(dtype=object)
    known = sorted({x for x in label if x != NOT_KNOWN}, key=lambda x: (isinstance(x, str), x))
    if (label == NOT_KNOWN).any():
        known.append(NOT_KNOWN)
    rows = []
    for group in known:
        inside = label == group
        row = {"group": group, **group_row(areas[inside], within_minutes, tolerance_minutes)}
        rest = areas[~inside]
        others = weighted_mean(rest["change_minutes"], rest["count"])
        own = row["mean_minutes_change"]
        row["others_mean_minutes_change"] = others
        row["ratio_to_others"] = own / others if abs(others) > 1e-12 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
