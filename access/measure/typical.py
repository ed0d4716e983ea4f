"""The trip of families as they live: with and without a car, and over the days of a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import a, by_id, checked, ids, number
from access.errors import ParameterError
from access.labels import trip
from access.measure.demand import by_area
from access.network.matrix import Status, TravelMatrix, positions

# The family trip: those without a car walk, the others take the quicker way.

_Floats = NDArray[np.float64]
_LEGS = ("entry_minutes", "network_minutes", "exit_minutes")


def _blend(p: _Floats, walk: _Floats, other: _Floats) -> _Floats:
    """``p * walk + (1 - p) * other``, where a share of nobody does not spread an ``inf``."""
    return np.where(p > 0, walk, 0.0) * p + np.where(p < 1, other, 0.0) * (1 - p)


@checked(
    walk=a(TravelMatrix, expected="a TravelMatrix"),
    drive=a(TravelMatrix, expected="a TravelMatrix"),
    parking_minutes=number(0),
)
def typical_matrix(
    walk: TravelMatrix,
    drive: TravelMatrix,
    p_no_car: pd.Series | Mapping[str, float] | Sequence[float] | _Floats,
    parking_minutes: float = 3.0,
) -> TravelMatrix:
    """Blend walking and driving by car ownership, pair by pair.

    ``p * walk + (1 - p) * min(walk, drive + parking)``, p the share of an area's households
    without a car.

    Parameters
    ----------
    walk, drive : TravelMatrix
        Of the same areas and sites, in any order.
    p_no_car : Series, mapping or sequence
        Share (0 to 1) of households without a car, by area id or in the order of
        ``walk.area_ids``.
    parking_minutes : float
        Added to every trip by car; 3 unless told otherwise.

    Returns
    -------
    TravelMatrix
        Mode ``"typical"``, in the order of `walk`. A pair that cannot be walked is ``inf``
        (with the walk's status) as long as any household has no car, for those families
        cannot get there at all; where every household has one, the car's time stands. A pair
        that cannot be driven is walked. Metres are ``nan``: a blend follows no one path.

    Raises
    ------
    ParameterError
        If areas or sites differ, a share is not from 0 to 1, or parking is negative.

    Notes
    -----
    The blend is the expected time of one family; a family with a car walks where that is
    quicker.

    Examples
    --------
    >>> ids = {"area_ids": ["a"], "site_ids": ["X"]}
    >>> walk = TravelMatrix.from_minutes([[30.0]], mode="walk", **ids)
    >>> drive = TravelMatrix.from_minutes([[5.0]], mode="drive", **ids)
    >>> typical_matrix(walk, drive, [0.25]).total_minutes.item()
    13.5
    """
    if not (np.isfinite(parking_minutes) and parking_minutes >= 0):
        raise ParameterError(f"parking_minutes={parking_minutes!r}; expected 0 or more")
    for what in ("area_ids", "site_ids"):
        differ = sorted(set(getattr(walk, what)) ^ set(getattr(drive, what)))
        if differ:
            raise ParameterError(
                f"walk and drive must hold the same {what}; only one of them has {differ[:10]}"
            )
    drive = drive.areas(walk.area_ids).sites(walk.site_ids)
    p = by_area(p_no_car, walk.area_ids, name="p_no_car", high=1.0)[:, None]
    by_car = drive.total_minutes + parking_minutes < walk.total_minutes
    legs = {}
    for leg in _LEGS:
        car = getattr(drive, leg) + (parking_minutes if leg == "exit_minutes" else 0.0)
        legs[leg] = _blend(p, getattr(walk, leg), np.where(by_car, car, getattr(walk, leg)))
    other = np.where(by_car, drive.total_minutes + parking_minutes, walk.total_minutes)
    total = _blend(p, walk.total_minutes, other)
    reached = np.isfinite(total)
    legs = {leg: np.where(reached, minutes, np.inf) for leg, minutes in legs.items()}
    ok = np.where(walk.status == Status.SAME_PLACE, Status.SAME_PLACE, Status.OK)
    return TravelMatrix(
        area_ids=walk.area_ids,
        site_ids=walk.site_ids,
        mode="typical",
        entry_minutes=legs["entry_minutes"],
        network_minutes=legs["network_minutes"],
        exit_minutes=legs["exit_minutes"],
        total_minutes=total,
        network_metres=np.where(reached, np.nan, np.inf),
        status=np.where(reached, ok, walk.status),
        direction=walk.direction,
        assumptions=(
            *dict.fromkeys((*walk.assumptions, *drive.assumptions)),
            f"{trip('typical')}: the share of households without a car walks, the rest takes "
            f"the quicker of walking and driving + {parking_minutes:g} minutes to park",
        ),
        provenance={
            "walk": walk.provenance,
            "drive": drive.provenance,
            "parking_minutes": parking_minutes,
        },
    )


# ------------------------------------------------------------------------------
# The expected trip over a week, where sites are open on some of the weekdays alone.

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
