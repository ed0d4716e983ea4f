"""The expected trip over a week, where sites are open on some of the weekdays alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.arguments import a, by_id, checked, ids, number
from access.network.matrix import TravelMatrix, positions

_Floats = NDArray[np.float64]
WEEKDAYS = 5


@dataclass(frozen=True, eq=False)
class _Week:
    """What every area meets over the five weekdays.

    Parameters
    ----------
    minutes : ndarray, shape (areas,)
        Expected minutes to the nearest site that is open, over the weekdays on which one is;
        ``inf`` where there is no such weekday.
    share_without : ndarray, shape (areas,)
        Share of the weekdays on which no site that is reached is open, 0 to 1.
    """

    minutes: _Floats
    share_without: _Floats


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=ids,
    days=by_id(number(0)),
)
def expected_week(matrix: TravelMatrix, sites: Sequence[str], days: Mapping[str, float]) -> _Week:
    """Give the expected trip over a week, the next nearest site on the days the nearest is shut.

    A site is open on ``days / 5`` of the weekdays, at most all of them, whatever the others do:
    the sum over sites, nearest first, of ``s_i * prod(1 - s_j of those nearer) * t_i``, divided
    by the share of weekdays on which one is open.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str
        Ids of the open sites.
    days : mapping of str to float
        Days a week by id; a site left out is open every weekday.

    Returns
    -------
    Week

    Raises
    ------
    ParameterError
        If an id is not a site of the matrix.

    Notes
    -----
    With fewer days the chance of finding a site open within any time never rises. The mean over
    the days on which one is open may fall where `share_without` rises: read both.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12]], area_ids=["a"], site_ids=["X", "Y"])
    >>> expected_week(m, ["X", "Y"], {"X": 2}).minutes.item()  # 2/5 of 5 and 3/5 of 12
    9.2
    """
    listed = sorted(str(s) for s in sites)
    minutes = matrix.total_minutes[:, positions(matrix.site_ids, listed, "site")]
    share = np.array([min(days.get(i, WEEKDAYS) / WEEKDAYS, 1.0) for i in listed])
    order = np.argsort(minutes, axis=1, kind="stable")
    near = np.take_along_axis(minutes, order, axis=1)
    reached = np.isfinite(near)
    opened = np.where(reached, share[order], 0.0)
    shut = np.cumprod(1.0 - opened, axis=1)
    nearer_shut = np.column_stack([np.ones(len(near)), shut[:, :-1]])
    chance = opened * nearer_shut
    some = chance.sum(axis=1)
    total = (chance * np.where(reached, near, 0.0)).sum(axis=1)
    expected = np.divide(total, some, out=np.full(len(near), np.inf), where=some > 0)
    # all open every weekday: the nearest, to the last digit
    sure = opened[:, 0] == 1.0
    return _Week(np.where(sure, near[:, 0], expected), np.where(sure, 0.0, shut[:, -1]))
