"""Where metres and degrees meet, and the bounds of figures that weigh families.

Every geometry inside the package is in one metric CRS (EPSG:27700 in Great Britain, the local
UTM zone elsewhere). Lengths along streets are metres on the ground, never grid metres.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError

WGS84 = "EPSG:4326"
BRITISH_GRID = "EPSG:27700"
#: lon/lat box in which EPSG:27700 is used (west, south, east, north), less Ireland.
_GREAT_BRITAIN_BOX = (-8.7, 49.8, 1.9, 60.9)
_IRELAND_BOX = (-10.7, 51.3, -5.4, 55.26)
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth in metres (IUGG), for great-circle lengths."""

#: Lower-layer Super Output Areas of England in 2011 (ONS), over which IMD 2015 and 2019 rank.
LSOAS_ENGLAND_2011 = 32_844


def weight_bounds(scheme: str, national_areas: int) -> tuple[str, float, float]:
    """Name the column that a scheme of weights needs, and the least and most it may hold.

    Examples
    --------
    >>> weight_bounds("linear", 32844), weight_bounds("need", 32844)
    (('imd_rank', 1.0, 32844.0), ('need', 0.0, inf))
    """
    if scheme == "linear":
        return "imd_rank", 1.0, float(national_areas)
    if scheme == "green_book":
        return "income", float(np.finfo(float).tiny), float("inf")
    return scheme, 0.0, float("inf")


def _inside(lon: float, lat: float, box: tuple[float, float, float, float]) -> bool:
    return box[0] <= lon <= box[2] and box[1] <= lat <= box[3]


def metric_crs(lon: float, lat: float) -> str:
    """Name the metric working CRS for a place.

    Parameters
    ----------
    lon, lat : float
        WGS84 degrees of any point of the study.

    Returns
    -------
    str
        ``"EPSG:27700"`` in Great Britain, else the WGS84 / UTM zone of the point.

    Raises
    ------
    ParameterError
        If the point is not a longitude and latitude in degrees.

    Examples
    --------
    >>> metric_crs(-1.36, 53.43)
    'EPSG:27700'
    >>> metric_crs(7.42, 43.73)
    'EPSG:32632'
    """
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ParameterError(
            f"lon={lon!r}, lat={lat!r} are not degrees; expected WGS84 longitude and latitude. "
            "Metres must be reprojected first, for example frame.to_crs('EPSG:4326')."
        )
    if _inside(lon, lat, _GREAT_BRITAIN_BOX) and not _inside(lon, lat, _IRELAND_BOX):
        return BRITISH_GRID
    zone = min(int((lon + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def metric_crs_of(lonlat: NDArray[np.float64]) -> str:
    """Name the metric working CRS for many places, by their middle one."""
    lon, lat = np.asarray(lonlat, float).T
    if len(lon) and np.ptp(lon) > 180:  # on both sides of the 180th meridian
        middle = (np.median(lon % 360) + 180) % 360 - 180
    else:
        middle = np.median(lon)
    return metric_crs(float(middle), float(np.median(lat)))


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    """Looking a transformation up takes longer than using it."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project(lon: ArrayLike, lat: ArrayLike, crs: str) -> NDArray[np.float64]:
    """Turn WGS84 degrees into metres of a working CRS.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        WGS84 degrees.
    crs : str
        The metric CRS, as `metric_crs` names it.

    Returns
    -------
    ndarray, shape (n, 2)
        Easting and northing, metres.

    Examples
    --------
    >>> project([-1.36], [53.43], "EPSG:27700").round(-2).tolist()
    [[442600.0, 392800.0]]
    """
    transformer = _transformer(WGS84, crs)
    x, y = transformer.transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.column_stack([x, y])


def unproject(xy: ArrayLike, crs: str) -> NDArray[np.float64]:
    """Turn metres of a working CRS into WGS84 degrees.

    Examples
    --------
    >>> unproject([[442600.0, 392800.0]], "EPSG:27700").round(2).tolist()
    [[-1.36, 53.43]]
    """
    points = np.asarray(xy, float).reshape(-1, 2)
    transformer = _transformer(crs, WGS84)
    lon, lat = transformer.transform(points[:, 0], points[:, 1])
    return np.column_stack([lon, lat])


def great_circle_m(
    lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance on a sphere of the earth's mean radius (haversine formula).

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : array_like
        WGS84 degrees; shapes that broadcast together.

    Returns
    -------
    ndarray
        Metres on the ground, within 0.3 % of the ellipsoid's geodesic in Great Britain.

    Examples
    --------
    >>> float(great_circle_m(-1.36, 53.43, -1.36, 53.44).round(1))
    1112.0
    """
    a1, a2 = np.radians(np.asarray(lat1, float)), np.radians(np.asarray(lat2, float))
    d_lat = a2 - a1
    d_lon = np.radians(np.asarray(lon2, float) - np.asarray(lon1, float))
    h = np.sin(d_lat / 2) ** 2 + np.cos(a1) * np.cos(a2) * np.sin(d_lon / 2) ** 2
    metres: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0)))
    return metres
