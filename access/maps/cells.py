"""Approximate shapes for areas that are known by a point only."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from access.errors import ParameterError


def area_cells(points: gpd.GeoSeries, reach_m: float = 600.0) -> gpd.GeoSeries:
    """Draw a cell around each point: the land nearer to it than to any other, within a reach.

    Cells are for looking at, never for measuring: they are not the areas' boundaries. Points at
    the same place share a cell.

    Parameters
    ----------
    points : GeoSeries of Point
        In a metric CRS.
    reach_m : float
        No cell goes further than this from its point, metres.

    Returns
    -------
    GeoSeries of Polygon
        Index and CRS as `points`.

    Raises
    ------
    ParameterError
        If the CRS is not in metres.

    Notes
    -----
    Voronoi diagram (Shapely / GEOS), clipped by discs.

    Examples
    --------
    >>> corners = gpd.GeoSeries.from_xy([0, 100], [0, 0], crs="EPSG:27700")
    >>> [round(a) for a in area_cells(corners, 50).area]
    [7804, 7804]
    """
    if points.crs is None or points.crs.is_geographic:
        raise ParameterError(
            f"cells need a metric CRS; found {points.crs}. Mend: points.to_crs('EPSG:27700')"
        )
    discs = shapely.buffer(points.to_numpy(), reach_m, quad_segs=8)
    places = shapely.unary_union(points.to_numpy())
    if len(getattr(places, "geoms", [places])) < 2:
        return gpd.GeoSeries(discs, index=points.index, crs=points.crs)
    frame = shapely.box(*places.buffer(reach_m).bounds)
    diagram = shapely.voronoi_polygons(places, extend_to=frame)
    cells = np.array(diagram.geoms, dtype=object)
    tree = shapely.STRtree(cells)
    point_at, cell_at = tree.query(points.to_numpy(), predicate="intersects")
    own = np.zeros(len(points), dtype=np.intp)
    # a point on a border would be listed twice: the last assignment is the lowest cell number
    order = np.argsort(-cell_at, kind="stable")
    own[point_at[order]] = cell_at[order]
    shapes = shapely.intersection(cells[own], discs)
    return gpd.GeoSeries(shapes, index=points.index, crs=points.crs)
