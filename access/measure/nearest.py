"""Nearest and second-nearest site of every area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.errors import ScenarioError
from access.network.matrix import Status, TravelMatrix, positions

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
_WORDS = np.array([status.name.lower() for status in Status], dtype=object)


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest and second-nearest open site of every area; ties go to the lesser id.

    Parameters
    ----------
    site, second_site : ndarray of str, shape (areas,)
        Empty text where none is reached.
    minutes, second_minutes : ndarray, shape (areas,)
        ``inf`` where none is reached.
    metres : ndarray, shape (areas,)
        Least metres along the network to any open site; ``nan`` where metres are not known.
    status : ndarray of str, shape (areas,)
        Of the nearest pair; where no site is reached, why: ``beyond_limit`` if any site is,
        else ``unreachable``, else ``unsnapped``.
    """

    site: Texts
    minutes: Floats
    second_site: Texts
    second_minutes: Floats
    metres: Floats
    status: Texts


def nearest(matrix: TravelMatrix, sites: Sequence[str]) -> Nearest:
    """Find every area's nearest and second-nearest site among those open.

    Parameters
    ----------
    matrix : TravelMatrix
        Minutes to every site.
    sites : sequence of str
        Ids of the open sites, in any order.

    Returns
    -------
    Nearest

    Raises
    ------
    ParameterError
        If an id is not a site of the matrix.
    ScenarioError
        If no site is open.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 9, 7]], area_ids=["a"], site_ids=["X", "Y", "Z"])
    >>> found = nearest(m, ["Y", "Z"])
    >>> found.site[0], found.minutes[0].item(), found.second_site[0]
    ('Z', 7.0, 'Y')
    """
    if len(sites) == 0:
        raise ScenarioError("every site is closed; expected at least one open site")
    ids = sorted(str(s) for s in sites)
    cols = positions(matrix.site_ids, ids, "site")
    minutes = matrix.total_minutes[:, cols]
    rows = np.arange(len(minutes))
    first = minutes.argmin(axis=1)
    least = minutes[rows, first]
    status = matrix.status[:, cols]
    pair = np.where(np.isfinite(least), status[rows, first], status.max(axis=1))
    second = np.full(len(minutes), np.inf)
    second_at = np.zeros(len(minutes), dtype=np.intp)
    if len(ids) > 1:
        rest = minutes.copy()
        rest[rows, first] = np.inf
        second_at = rest.argmin(axis=1)
        second = rest[rows, second_at]
    names = np.array(ids, dtype=object)
    return Nearest(
        site=np.where(np.isfinite(least), names[first], ""),
        minutes=least,
        second_site=np.where(np.isfinite(second), names[second_at], ""),
        second_minutes=second,
        metres=matrix.network_metres[:, cols].min(axis=1),
        status=_WORDS[pair],
    )
