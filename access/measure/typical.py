"""The family trip: those without a car walk, the others take the quicker way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import a, checked, number
from access.errors import ParameterError
from access.labels import trip
from access.measure.demand import by_area
from access.network.matrix import Status, TravelMatrix

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
