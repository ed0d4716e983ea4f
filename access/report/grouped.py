"""Groups of families as a table or a chart shows them: in order, and the small ones marked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.report.suppression import hidden_beside_total
from access.scenario import Impact


def grouped(impact: Impact, column: str) -> pd.DataFrame:
    """Give the impact group by group.

    Parameters
    ----------
    impact : Impact
    column : str
        Of demand, as `Impact.by` takes it.

    Returns
    -------
    DataFrame
        As `Impact.by`, with ``further`` (people with a longer trip, or with no site in reach any
        more) and ``hidden``: whether what is counted of the group must not be published.

    Raises
    ------
    ParameterError
        If demand has no such column.
    """
    frame = impact.by(column)
    order = pd.to_numeric(frame["group"], errors="coerce")
    if order.notna().any():  # tenths held as text would stand as 1, 10, 2
        frame = frame.iloc[order.argsort(kind="stable")]
    frame = frame.assign(further=further(frame))
    small = hidden_beside_total(frame[["families", "further"]].to_numpy(float))
    return frame.assign(hidden=np.any(small, axis=1).tolist()).reset_index(drop=True)


def further(figures: pd.DataFrame) -> pd.Series:
    """Count who have further to go: a longer trip, or no site in reach any more.

    Parameters
    ----------
    figures : DataFrame
        Of `Impact.by`, one row a group.

    Returns
    -------
    Series

    Examples
    --------
    >>> further(pd.DataFrame({"lengthened": [4.0], "newly_unreachable": [2.0]})).tolist()
    [6.0]
    """
    return figures["lengthened"] + figures["newly_unreachable"]
