"""Geometry small enough to carry inside one page: simplified once, rounded, packed as text.

Lines are packed like this: longitude and latitude in steps of 0.00001 degrees (about 1 m), each
point as its difference from the one before, each difference as a zigzag integer in groups of
five bits, each group as one letter of the URL-safe base64 alphabet (the sixth bit says that more
groups follow). The same idea as Google's encoded polylines, with letters that need no escaping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError
from access.units import WGS84, metric_crs, project

_STEPS_PER_DEGREE = 100_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TOLERANCES_M = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 250.0)


def encode_line(lon_lat: ArrayLike) -> str:
    """Pack one line or ring as text."""
    steps = np.rint(np.asarray(lon_lat, float).reshape(-1, 2) * _STEPS_PER_DEGREE).astype(np.int64)
    keep = np.ones(len(steps), bool)
    keep[1:] = (np.diff(steps, axis=0) != 0).any(axis=1)
    deltas = np.diff(steps[keep], axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()
    letters: list[str] = []
    for number in ((deltas << 1) ^ (deltas >> 63)).tolist():
        while number >= 32:
            letters.append(ALPHABET[32 | (number & 31)])
            number >>= 5
        letters.append(ALPHABET[number])
    return "".join(letters)


def decode_line(text: str) -> NDArray[np.float64]:
    """Unpack what `encode_line` packed."""
    numbers, value, shift = [], 0, 0
    for letter in text:
        bits = ALPHABET.index(letter)
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append((value >> 1) ^ -(value & 1))
            value, shift = 0, 0
    deltas = np.array(numbers, dtype=np.int64).reshape(-1, 2)
    return np.cumsum(deltas, axis=0) / _STEPS_PER_DEGREE


def _encode_polygon(polygon: shapely.Polygon) -> str:
    rings = [polygon.exterior, *polygon.interiors]
    return ",".join(encode_line(np.asarray(ring.coords)[:-1, :2]) for ring in rings)


def _encode_area(shape: shapely.Geometry | None) -> str:
    if shape is None or shape.is_empty:
        return ""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    return ";".join(_encode_polygon(p) for p in parts)


def _only_polygons(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Drop the points and lines that an intersection leaves beside its polygons."""
    if shape is None or shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    return shapely.multipolygons(
        [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    )


def simplify_shapes(shapes: gpd.GeoSeries, budget_bytes: int = 220_000) -> gpd.GeoSeries:
    """Simplify area shapes together, so that neighbours still meet, until they fit a budget.

    Notes
    -----
    Coverage simplification (Visvalingam-Whyatt on shared edges) of GEOS, through shapely.
    """
    if shapes.crs is None:
        raise ParameterError(
            "area shapes have no CRS; expected one, for example shapes.set_crs('EPSG:27700')"
        )
    west, south, east, north = shapes.to_crs(WGS84).total_bounds
    metric = shapes.to_crs(metric_crs((west + east) / 2, (south + north) / 2))
    parts = np.array([_only_polygons(shape) for shape in metric], dtype=object)
    there = np.array([shape is not None and not shape.is_empty for shape in parts])
    out = metric
    for tolerance_m in _TOLERANCES_M:
        simple = parts.copy()
        simple[there] = shapely.coverage_simplify(parts[there], tolerance_m)
        out = gpd.GeoSeries(simple, index=shapes.index, crs=metric.crs).to_crs(WGS84)
        if sum(map(len, encode_shapes(out))) <= budget_bytes:
            break
    return out


def encode_shapes(shapes: gpd.GeoSeries) -> list[str]:
    """Pack polygons: rings of a polygon joined by ``,``, polygons of an area by ``;``."""
    return [_encode_area(shape) for shape in shapes]


def approximate_cells(lon: ArrayLike, lat: ArrayLike, *, radius_m: float = 450.0) -> gpd.GeoSeries:
    """Draw a cell around each area's point where no boundaries may be shown.

    Each cell is the ground nearer to its point than to any other (Voronoi), no further than a
    radius from a point, so that open country between villages stays empty. The cells are pictures,
    not boundaries, and every map that shows them must say so.
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if not radius_m > 0 or lon.size == 0:
        raise ParameterError(f"radius_m={radius_m!r} over {lon.size} points; expected both above 0")
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    xy = project(lon, lat, crs).round(1)
    where, position = np.unique(xy, axis=0, return_inverse=True)
    points = shapely.points(where)
    # Out and in again closes the small gaps between neighbours' circles.
    ground = shapely.union_all(shapely.buffer(points, radius_m + 150)).buffer(-150)
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
        cells = np.array([shapely.buffer(points[0], radius_m)])
    cut = shapely.intersection(cells, ground, grid_size=0.1)
    whole = np.array([_only_polygons(cell) for cell in cut], dtype=object)
    return gpd.GeoSeries(whole[position.ravel()], crs=crs)


def outlines(shapes: gpd.GeoSeries, labels: Sequence[str]) -> list[str]:
    """Pack the lines between areas of different labels, and the outer edge."""
    groups = np.asarray(labels, dtype=object)
    there = np.array([s is not None and not s.is_empty for s in shapes])
    edges = []
    for label in sorted(set(groups[there])):
        members = shapes.to_numpy()[there & (groups == label)]
        edges.append(shapely.boundary(shapely.union_all(members, grid_size=1 / _STEPS_PER_DEGREE)))
    return _encode_lines(shapely.get_parts(shapely.line_merge(shapely.union_all(edges))))


def _encode_lines(lines: Iterable[shapely.Geometry]) -> list[str]:
    """Pack lines, in a fixed order whatever order they come in."""
    packed = [
        encode_line(np.asarray(line.coords)[:, :2])
        for line in lines
        if line.geom_type in ("LineString", "LinearRing") and not line.is_empty
    ]
    return sorted(packed)


def encode_streets(streets: gpd.GeoDataFrame, budget_bytes: int = 150_000) -> list[list[str]]:
    """Pack street lines for a quiet basemap: main streets first, as many as fit."""
    if streets.crs is None:
        raise ParameterError("streets have no CRS; expected one, for example EPSG:27700")
    out: list[list[str]] = [[], [], []]
    if streets.empty:
        return out
    west, south, east, north = streets.to_crs(WGS84).total_bounds
    metric = streets.to_crs(metric_crs((west + east) / 2, (south + north) / 2))
    ranks = metric["rank"].to_numpy() if "rank" in metric else np.full(len(metric), 2)
    left = budget_bytes
    for rank in (1, 2, 3):
        lines = metric.geometry.to_numpy()[ranks == rank]
        if len(lines) == 0:
            continue
        merged = shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))
        for tolerance_m in (6.0, 12.0, 25.0, 50.0):
            simple = gpd.GeoSeries(shapely.simplify(merged, tolerance_m), crs=metric.crs)
            packed = _encode_lines(simple.to_crs(WGS84))
            if _cost(packed) <= left:
                break
        else:
            packed = _longest(simple, left)
        out[rank - 1] = packed
        left -= _cost(packed)
    return out


def _cost(packed: list[str]) -> int:
    """Bytes of packed lines in the page, quotes and commas included."""
    return sum(map(len, packed)) + 3 * len(packed)


def _longest(lines: gpd.GeoSeries, budget_bytes: int) -> list[str]:
    """Pack the longest lines, as many as fit."""
    order = np.argsort(-shapely.length(lines.to_numpy()), kind="stable")
    texts = [_encode_lines([line]) for line in lines.to_crs(WGS84)]
    kept: list[str] = []
    for i in order:
        if _cost(kept) + _cost(texts[i]) > budget_bytes:
            break
        kept += texts[i]
    return sorted(kept)
