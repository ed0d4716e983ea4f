"""Areas to ask a server for: around a study, and in pieces that it can bear."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import osmnx
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from access.errors import ParameterError
from access.units import metric_crs, project, unproject


def area_around(lon: ArrayLike, lat: ArrayLike, *, buffer_m: float) -> BaseGeometry:
    """Hull of points, widened: where a study's streets are wanted.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        WGS84 degrees.
    buffer_m : float
        Metres past the outermost points, above 0.

    Returns
    -------
    shapely Polygon
        WGS84 degrees.

    Examples
    --------
    >>> [round(edge, 2) for edge in area_around([-1.36], [53.43], buffer_m=1000).bounds]
    [-1.38, 53.42, -1.34, 53.44]
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    hull = shapely.convex_hull(shapely.multipoints(project(lon, lat, crs)))
    wide = shapely.buffer(hull, max(buffer_m, 1.0), quad_segs=4)
    return shapely.transform(wide, lambda c: unproject(c, crs))


def cut_into_tiles(area: BaseGeometry, *, tile_km: float | None = None) -> list[BaseGeometry]:
    """Cut an area into polygons small enough for one request each.

    Parameters
    ----------
    area : shapely geometry
        WGS84 degrees.
    tile_km : float, optional
        Longest side; from ``osmnx.settings.max_query_area_size`` if not given.

    Returns
    -------
    list of Polygon
        West to east, south to north.

    Raises
    ------
    ParameterError
        If the area is empty, not polygons, or not in degrees.
    """
    if area.is_empty or area.geom_type not in ("Polygon", "MultiPolygon") or not area.is_valid:
        raise ParameterError(
            f"the area is a {area.geom_type}{' that is empty' if area.is_empty else ''}; "
            "expected a valid polygon in WGS84 degrees"
        )
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise ParameterError(
            f"the area reaches from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}; expected "
            "WGS84 degrees, longitude first"
        )
    side_m = 1000 * tile_km if tile_km else math.sqrt(osmnx.settings.max_query_area_size)
    if not side_m > 0:
        raise ParameterError(f"tile_km is {tile_km!r}; expected kilometres above 0")
    crs = metric_crs((west + east) / 2, (south + north) / 2)
    flat = shapely.transform(area, lambda c: project(c[:, 0], c[:, 1], crs))
    x0, y0, x1, y1 = flat.bounds
    across = np.linspace(x0, x1, max(1, math.ceil((x1 - x0) / side_m)) + 1)
    up = np.linspace(y0, y1, max(1, math.ceil((y1 - y0) / side_m)) + 1)
    tiles: list[BaseGeometry] = []
    for low, high in pairwise(up):
        for left, right in pairwise(across):
            piece = shapely.intersection(flat, shapely.box(left, low, right, high))
            tiles += [p for p in getattr(piece, "geoms", [piece]) if p.geom_type == "Polygon"]
    return [shapely.transform(tile, lambda c: unproject(c, crs)) for tile in tiles
            if not tile.is_empty]  # fmt: skip
