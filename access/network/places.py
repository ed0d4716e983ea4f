"""Places (areas and sites) as ids and degrees, checked on the way in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault, ParameterError
from access.units import WGS84


@dataclass(frozen=True, eq=False)
class Places:
    """Named points.

    Parameters
    ----------
    ids : tuple of str
    lonlat : ndarray, shape (n, 2)
        WGS84 degrees.
    """

    ids: tuple[str, ...]
    lonlat: NDArray[np.float64]


def read_places(frame: pd.DataFrame | gpd.GeoDataFrame | Places, what: str) -> Places:
    """Check a table of places and take its ids and degrees.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        ``id`` as a column or as the named index; ``lon`` and ``lat`` in WGS84 degrees, or a
        geometry with a CRS (of polygons, a point inside each is taken).
    what : str
        ``"areas"`` or ``"sites"``, for messages.

    Returns
    -------
    Places

    Raises
    ------
    ParameterError
        Listing every missing column, missing or duplicated id, and bad coordinate at once.

    Examples
    --------
    >>> read_places(pd.DataFrame({"id": ["a"], "lon": [-1.36], "lat": [53.43]}), "areas").ids
    ('a',)
    """
    if isinstance(frame, Places):
        return frame
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(
            f"{what} is a {type(frame).__name__}; expected a table with columns id, lon, lat"
        )
    if frame.empty:
        raise ParameterError(f"{what} has no rows; expected one row a place")
    ids, faults = _ids(frame, what)
    lonlat, more = _lonlat(frame, what)
    faults += more
    if lonlat is not None:
        faults += _coordinate_faults(ids, lonlat, what)
    if faults or lonlat is None:
        raise ParameterError(f"{what} cannot be used", faults)
    return Places(tuple(ids), lonlat)


def _ids(frame: pd.DataFrame, what: str) -> tuple[list[str], list[Fault]]:
    if "id" in frame.columns:
        column = frame["id"]
    elif frame.index.name == "id":
        column = frame.index.to_series()
    else:
        found = ", ".join(map(str, frame.columns))
        return [str(i) for i in range(len(frame))], [
            Fault(what, "", "id", found, "a column id with a unique name for each place")
        ]
    missing = column.isna().to_numpy()
    ids = list(map(str, column.tolist()))
    faults = [Fault(what, f"row {i + 2}", "id", "", "an id") for i in np.flatnonzero(missing)[:20]]
    known = Counter(name for name, absent in zip(ids, missing, strict=True) if not absent)
    twice = [name for name, times in known.items() if times > 1]
    faults += [Fault(what, f"id {name}", "id", name, "each id once") for name in twice[:20]]
    return ids, faults


def _lonlat(frame: pd.DataFrame, what: str) -> tuple[NDArray[np.float64] | None, list[Fault]]:
    if {"lon", "lat"} <= set(frame.columns):
        numbers = [pd.to_numeric(frame[c], errors="coerce").to_numpy(float) for c in ("lon", "lat")]
        return np.column_stack(numbers), []
    if not isinstance(frame, gpd.GeoDataFrame):
        absent = [c for c in ("lon", "lat") if c not in frame.columns]
        found = ", ".join(map(str, frame.columns))
        return None, [
            Fault(what, "", c, found, f"a column {c} in WGS84 degrees, or a geometry")
            for c in absent
        ]
    if frame.crs is None:
        mend = "a CRS: frame.set_crs('EPSG:27700') for British National Grid"
        return None, [Fault(what, "", "geometry", "no CRS", mend)]
    shapes = frame.geometry
    if not (shapes.dropna().geom_type == "Point").all():
        shapes = shapes.representative_point()
    points = shapes.to_crs(WGS84)
    return np.column_stack([points.x.to_numpy(float), points.y.to_numpy(float)]), []


def _coordinate_faults(ids: list[str], lonlat: NDArray[np.float64], what: str) -> list[Fault]:
    faults = []
    missing = np.logical_or.reduce(~np.isfinite(lonlat), axis=1)
    off_earth = np.logical_or.reduce(np.abs(lonlat) > (180, 90), axis=1)
    for i in np.flatnonzero(missing | off_earth):
        expected = (
            "a longitude and a latitude in degrees"
            if missing[i]
            else "WGS84 degrees; these look like metres of a map grid: reproject them first, for "
            "example frame.set_crs('EPSG:27700').to_crs('EPSG:4326')"
        )
        lon, lat = lonlat[i].tolist()
        faults.append(Fault(what, f"id {ids[i]}", "lon, lat", f"{lon}, {lat}", expected))
    return faults


def check_over(
    places: Places,
    what: str,
    box: tuple[float, float, float, float],
    *,
    margin_degrees: float = 0.05,
) -> NDArray[np.bool_]:
    """Find which places lie over a network, and refuse swapped coordinates.

    Parameters
    ----------
    places : Places
    what : str
    box : tuple of float
        West, south, east, north of the network, degrees.
    margin_degrees : float
        How far outside the box still counts as over it.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ParameterError
        Naming places that lie off the network but would lie on it with longitude and latitude
        exchanged.

    Examples
    --------
    >>> check_over(Places(("a",), np.array([[-1.3, 53.4]])), "areas", (-2, 53, -1, 54)).tolist()
    [True]
    """
    low = np.array(box[:2]) - margin_degrees
    high = np.array(box[2:]) + margin_degrees

    def over(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.logical_and.reduce((points >= low) & (points <= high), axis=1)

    inside = over(places.lonlat)
    swapped = ~inside & over(places.lonlat[:, ::-1])
    if swapped.any():
        raise ParameterError(
            f"{int(swapped.sum())} of {len(places.ids)} {what} have longitude and latitude "
            "swapped: they fall on the network only when exchanged",
            [
                Fault(what, f"id {places.ids[i]}", "lon, lat",
                      f"{places.lonlat[i, 0]}, {places.lonlat[i, 1]}", "lon first, then lat")
                for i in np.flatnonzero(swapped)[:20]
            ],
        )  # fmt: skip
    return inside
