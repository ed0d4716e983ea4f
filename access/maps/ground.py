"""The ground of every map: the areas' shapes, the boundary, the streets and what lies around."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from access.analysis.results import StudyResults
from access.errors import ParameterError
from access.network.street_ways import street_ways
from access.study import Study
from access.study.tables import without_shapes
from access.units import WGS84, metric_crs, project

#: Streets that a map shows first, by class; every other class comes last.
_RANKS = {
    "motorway": 1, "trunk": 1, "primary": 1, "secondary": 2, "tertiary": 2, "unclassified": 3,
    "residential": 3,
}  # fmt: skip
#: What a point that lies outside the boundary keeps around it, metres.
_OUTSIDE_M = 150.0


def _only_polygons(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Drop the points and lines that an intersection leaves beside its polygons."""
    if shape is None or shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    return shapely.multipolygons(
        [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    )


def _approximate_cells(
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    radius_m: float = 450.0,
    within: shapely.Geometry | None = None,
) -> gpd.GeoSeries:
    """Draw a cell around each area's point where no boundaries may be shown.

    Each cell is the ground nearer to its point than to any other (Voronoi): all of it that lies
    within a place's boundary (WGS84), or, where that is not known, no further than a radius from a
    point. The cells are pictures, not boundaries, and every map that shows them must say so.
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if not radius_m > 0 or lon.size == 0:
        raise ParameterError(f"radius_m={radius_m!r} over {lon.size} points; expected both above 0")
    return _cells(lon.tobytes(), lat.tobytes(), radius_m, within).copy()


@lru_cache(2)
def _cells(
    lon_bytes: bytes, lat_bytes: bytes, radius_m: float, within: shapely.Geometry | None
) -> gpd.GeoSeries:
    """Draw the cells; every map and layer of a run asks for the same."""
    lon, lat = np.frombuffer(lon_bytes), np.frombuffer(lat_bytes)
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    xy = project(lon, lat, crs).round(1)
    where, position = np.unique(xy, axis=0, return_inverse=True)
    points = shapely.points(where)
    ground = _open_ground(points, radius_m) if within is None else _own_ground(points, within, crs)
    if len(points) > 1:
        frame = shapely.box(*(where.min(axis=0) - 9e4), *(where.max(axis=0) + 9e4))
        cells = np.asarray(
            shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame).geoms
        )
        cell_of, point_of = shapely.STRtree(points).query(cells, predicate="contains")
        order = np.empty(len(points), np.intp)
        order[point_of] = cell_of
        cells = cells[order]
    else:
        cells = np.array([ground])
    if within is None:  # a cell reaches no further than this from its point
        x, y = where.T
        far = radius_m + 150
        cells = shapely.intersection(cells, shapely.box(x - far, y - far, x + far, y + far))
    cut = _cut(cells, ground)
    whole = np.array([_only_polygons(cell) for cell in cut], dtype=object)
    return gpd.GeoSeries(whole[position.ravel()], crs=crs)


#: Corners of the ground that are cut out of at once.
_MOST_CORNERS = 400


def _cut(cells: np.ndarray, ground: shapely.Geometry) -> np.ndarray:
    """Intersect every cell with the ground, halving both until the ground is simple.

    Each cell meets all of the ground within its bounds, so that no seam shows. The time grows
    with cells times the logarithm of the ground's corners, not with their product.
    """
    if len(cells) <= 2 or shapely.get_num_coordinates(ground) <= _MOST_CORNERS:
        whole: np.ndarray = shapely.intersection(cells, ground, grid_size=0.1)
        return whole
    bounds = shapely.bounds(cells)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    wide = int(np.ptp(middle[:, 1]) > np.ptp(middle[:, 0]))
    order = np.argsort(middle[:, wide], kind="stable")
    out = np.empty(len(cells), dtype=object)
    for part in np.array_split(order, 2):
        low, high = bounds[part, :2].min(axis=0), bounds[part, 2:].max(axis=0)
        window = shapely.box(*(low - 1), *(high + 1))
        out[part] = _cut(cells[part], shapely.intersection(ground, window))
    return out


def _open_ground(points: np.ndarray, radius_m: float) -> shapely.Geometry:
    """Take what lies near the points; out and in again closes gaps between their circles."""
    return shapely.union_all(shapely.buffer(points, radius_m + 150)).buffer(-150)


def _own_ground(points: np.ndarray, within: shapely.Geometry, crs: str) -> shapely.Geometry:
    """Take what lies within the boundary, and a little around each point outside it."""
    bound = gpd.GeoSeries([within], crs=WGS84).to_crs(crs).iloc[0]
    outside = points[~shapely.contains(bound, points)]
    return shapely.union_all([bound, *shapely.buffer(outside, _OUTSIDE_M)])


def area_cells(study: Study) -> gpd.GeoSeries:
    """Give the areas' real shapes, or cells around their points within the place's boundary."""
    if study.shapes is not None:
        return study.shapes
    areas = study.areas
    cells = _approximate_cells(areas["lon"], areas["lat"], within=study.boundary)
    return cells.set_axis(areas["id"])


#: By results: both pages and the report show the same.
_STREETS: WeakKeyDictionary[StudyResults, gpd.GeoDataFrame | None] = WeakKeyDictionary()


def _map_streets(results: StudyResults) -> gpd.GeoDataFrame | None:
    """Give the streets with their rank: real ones by class; modelled ones last, and at home."""
    if results not in _STREETS:
        _STREETS[results] = _ranked_streets(results)
    return _STREETS[results]


def _ranked_streets(results: StudyResults) -> gpd.GeoDataFrame | None:
    best = "walk" if results.modelled else "drive"
    network = results.networks.get(best, next(iter(results.networks.values()), None))
    if network is None:  # minutes that were handed over have no streets
        return None
    frame = network.edges_frame()
    ranks = [_RANKS.get(str(c).removesuffix("_link"), 3) for c in frame["street_class"]]
    streets = frame[["geometry"]].assign(rank=ranks)
    if not results.modelled or results.study.boundary is None:
        return streets
    bound = gpd.GeoSeries([results.study.boundary], crs=WGS84).to_crs(streets.crs).iloc[0]
    inside = shapely.intersection(streets.geometry.to_numpy(), bound)
    return streets.assign(geometry=inside)[~shapely.is_empty(inside)]


#: Ways are drawn to so many of an area's nearest sites of a service; in no study of more areas.
_NEAREST_WAYS, _MOST_AREAS = 3, 3000
#: A way whose minutes are further from the measured ones has other turns: it is not drawn.
_SAME_MINUTES = 0.05


def _map_ways(results: StudyResults, plans: Sequence[Sequence[str]]) -> pd.DataFrame | None:
    """Find the ways on foot that a map draws, the nearest of each area first.

    Parameters
    ----------
    results : StudyResults
    plans : sequence of sequence of str
        Sites that are open, for each service today and under each proposal.

    Returns
    -------
    DataFrame, optional
        ``area_id site_id order geometry``; None where streets are modelled or areas too many.
    """
    walk = results.matrices["walk"]
    if results.modelled or len(walk.area_ids) > _MOST_AREAS:
        return None
    rows = []
    for sites in plans:
        own = walk.sites(list(sites))
        near = np.argsort(own.total_minutes, axis=1, kind="stable")[:, :_NEAREST_WAYS]
        rows += [
            (area, own.site_ids[column], rank)
            for area, columns in zip(own.area_ids, near, strict=True)
            for rank, column in enumerate(columns)
        ]
    every = pd.DataFrame(rows, columns=["area_id", "site_id", "order"])
    wanted = every.groupby(["area_id", "site_id"])["order"].min().reset_index()
    network = results.networks["walk"]
    ways = street_ways(
        network, without_shapes(results.study.areas), results.sites,
        wanted[["area_id", "site_id"]].itertuples(index=False, name=None),
        snap_limit_m=results.study.config.travel.snap_limit_m,
    ).merge(wanted, on=["area_id", "site_id"])  # fmt: skip
    if ways.empty:
        return None
    legs = results.snaps["walk"].set_index("id")["metres"]
    metres = legs.loc[ways["area_id"]].to_numpy() + legs.loc[ways["site_id"]].to_numpy()
    minutes = ways["minutes"] + metres * 60 / (1000 * network.profile.off_network_kmh)
    at = [pd.Index(ids).get_indexer(pd.Index(ways[column])) for ids, column in
          ((walk.area_ids, "area_id"), (walk.site_ids, "site_id"))]  # fmt: skip
    same = (minutes - walk.total_minutes[at[0], at[1]]).abs() <= _SAME_MINUTES
    drawn: pd.DataFrame = ways[same].drop(columns="minutes")
    return drawn.sort_values(["order", "area_id", "site_id"])


def _map_places(results: StudyResults) -> pd.DataFrame:
    """Give the study's own names of places, else those of the streets' file."""
    if len(results.study.places) or results.surroundings is None:
        return pd.DataFrame(results.study.places)
    return results.surroundings.places
