"""How far a network must reach past the boundary: the same trips on smaller extracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from access.errors import NetworkError, ParameterError
from access.network.graph import Network
from access.network.matrix import TravelMatrix
from access.network.parts import Draft, finish
from access.network.pieces import LeftOut
from access.network.places import read_places
from access.network.travel import travel_matrix
from access.units import project


def clip_network(network: Network, shape: BaseGeometry) -> Network:
    """Cut a network down to the streets that lie wholly inside a shape.

    Parameters
    ----------
    network : Network
    shape : shapely geometry
        A polygon in the network's CRS.

    Returns
    -------
    Network
        With its main part chosen anew.

    Raises
    ------
    NetworkError
        If no street lies inside.
    """
    shapely.prepare(shape)
    keep = shapely.contains_properly(shape, network.lines)
    if not keep.any():
        raise NetworkError(f"no street of {network.source.name} lies inside the shape")
    # A closed edge is one that may be travelled in neither direction: finish() leaves it out.
    names = {f.name for f in fields(Draft)} - {"refused", "counts"}
    given = {name: getattr(network, name) for name in names}
    given["edge_minutes_forward"] = np.where(keep, network.edge_minutes_forward, np.inf)
    given["edge_minutes_backward"] = np.where(keep, network.edge_minutes_backward, np.inf)
    return finish(
        Draft(**given, refused=LeftOut(), counts={}),
        network.profile,
        crs=network.crs,
        source=network.source,
        assumptions=network.assumptions,
    )


def reach_past(network: Network, areas: pd.DataFrame) -> float:
    """Metres that a network reaches past the areas, on the side where it reaches least."""
    lonlat = read_places(areas, "areas").lonlat
    points = shapely.multipoints(project(lonlat[:, 0], lonlat[:, 1], network.crs))
    reached = shapely.convex_hull(shapely.geometrycollections(network.lines))
    if not shapely.covers(reached, points):
        return 0.0
    return float(shapely.distance(points, shapely.boundary(reached)))


def buffer_sensitivity(
    network: Network,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    buffers_m: Sequence[float] = (0, 500, 1000, 2500, 5000),
    boundary: BaseGeometry | None = None,
    snap_limit_m: float = 500.0,
) -> pd.DataFrame:
    """What a smaller buffer would change in the minutes to the nearest site.

    Parameters
    ----------
    network : Network
    areas, sites : DataFrame or GeoDataFrame
        As for `travel_matrix`. Sites outside a buffer are not reached from inside it.
    buffers_m : sequence of float
        Metres past the boundary; each is compared with the whole network.
    boundary : shapely geometry, optional
        Polygon in the network's CRS; the convex hull of the areas when not given.
    snap_limit_m : float

    Returns
    -------
    DataFrame
        One row a buffer, ``inf`` for the whole network: ``buffer_m``, ``km``,
        ``areas_reached``, ``areas_slower`` (by more than 0.1 minutes), ``areas_lost``,
        ``areas_with_another_nearest``, ``mean_added_minutes``, ``most_added_minutes``.

    Raises
    ------
    ParameterError
        If a buffer is negative or not a number.
    """
    bad = [b for b in buffers_m if not 0 <= b < np.inf]
    if bad:
        raise ParameterError(f"buffers_m holds {bad}; expected metres, 0 or more")
    if boundary is None:
        lonlat = read_places(areas, "areas").lonlat
        points = shapely.multipoints(project(lonlat[:, 0], lonlat[:, 1], network.crs))
        # A little more than the hull: the outermost homes' own street belongs to the place.
        boundary = shapely.convex_hull(points).buffer(1.0)
    whole = _nearest(travel_matrix(network, areas, sites, snap_limit_m=snap_limit_m))
    rows = []
    for metres in sorted({float(b) for b in buffers_m}):
        part = clip_network(network, boundary.buffer(metres))
        found = _nearest(travel_matrix(part, areas, sites, snap_limit_m=snap_limit_m))
        rows.append(_compare(metres, part, found, whole))
    rows.append(_compare(np.inf, network, whole, whole))
    return pd.DataFrame(rows)


def _nearest(matrix: TravelMatrix) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(np.array(matrix.site_ids, object), kind="stable")
    minutes = matrix.total_minutes[:, order]
    return minutes.min(axis=1), order[minutes.argmin(axis=1)]


def _compare(
    metres: float,
    network: Network,
    found: tuple[np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    both = np.isfinite(found[0]) & np.isfinite(whole[0])
    added = (found[0][both] - whole[0][both]) if both.any() else np.zeros(1)
    return {
        "buffer_m": metres,
        "km": float(network.counts["km"]),
        "areas_reached": int(np.isfinite(found[0]).sum()),
        "areas_slower": int((added > 0.1).sum()),
        "areas_lost": int((~np.isfinite(found[0]) & np.isfinite(whole[0])).sum()),
        "areas_with_another_nearest": int((both & (found[1] != whole[1])).sum()),
        "mean_added_minutes": float(added.mean()),
        "most_added_minutes": float(added.max()),
    }
