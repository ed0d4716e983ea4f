"""Turn `ExplorerData` into the compact JSON value that the page carries.

Minutes are fixed-point numbers, little-endian, in base64: four bytes a pair for today's centres
(steps under a millionth of a minute, so that ranks among all alternatives come out as in Python)
and three for candidate sites. The greatest code means "cannot be reached". Sites come one after
another, all areas of the first site before those of the second.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.charts import chart as style
from access.disclosure import THRESHOLD, is_small
from access.errors import ParameterError
from access.maps.explorer_data import _beside_buses, _ExplorerData, _ExplorerPlan, _ExplorerService
from access.maps.explorer_parts import (
    _ALPHABET,
    _encode_bus,
    _encode_hubs,
    _encode_names,
    _encode_postcodes,
    _in_letters,
    _letters_of,
)
from access.maps.ground import _approximate_cells, _only_polygons
from access.network.matrix import TravelMatrix
from access.units import WGS84, great_circle_m, metric_crs

_STEPS_PER_DEGREE = 100_000
_POLYGON, _LINES = 3, (1, 2)
"""Kinds of shapes, as shapely numbers them: lines are open or closed."""
#: By letter, what it says.
_FIVE_BITS = np.zeros(128, np.int64)
_FIVE_BITS[[*_ALPHABET.encode()]] = np.arange(64)
_TOLERANCES_M = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 250.0)


def _zigzag(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fold whole numbers of either sign into numbers of 0 or more, small ones staying small."""
    return (numbers << 1) ^ (numbers >> 63)


def _encode_line(lon_lat: ArrayLike) -> str:
    """Pack one line or ring as text."""
    corners = np.asarray(lon_lat, float).reshape(-1, 2)
    return _encode_each(corners, np.zeros(len(corners), np.intp), 1)[0]


def _encode_each(lon_lat: NDArray[np.float64], of: NDArray[np.intp], many: int) -> list[str]:
    """Pack so many lines at once, of whose corners `of` says of which line each is, in order."""
    steps = np.rint(lon_lat * _STEPS_PER_DEGREE).astype(np.int64)
    keep = np.ones(len(steps), bool)
    keep[1:] = (np.diff(steps, axis=0) != 0).any(axis=1) | (of[1:] != of[:-1])
    steps, of = steps[keep], of[keep]
    deltas = steps.copy()
    deltas[1:] -= np.where((of[1:] == of[:-1])[:, None], steps[:-1], 0)
    flat = deltas.ravel()
    letters, each = _letters_of((flat << 1) ^ (flat >> 63))
    ends = np.cumsum(np.bincount(of.repeat(2), each, many)).astype(int).tolist()
    text = letters.decode("ascii")
    return [text[start:end] for start, end in pairwise([0, *ends])]


def _decode_line(text: str) -> NDArray[np.float64]:
    """Unpack what `_encode_line` packed."""
    return _decode_each([text])[0]


def _decode_each(texts: Sequence[str]) -> list[NDArray[np.float64]]:
    """Unpack so many lines at once, in order."""
    bits = _FIVE_BITS[np.frombuffer("".join(texts).encode("ascii"), np.uint8)]
    letters = np.cumsum([0, *map(len, texts)])
    last = bits < 32  # of a number's letters
    first = np.flatnonzero(np.r_[True, last[:-1]][: len(bits)])
    place = np.arange(len(bits)) - first[np.cumsum(last) - last]
    folded = np.add.reduceat((bits & 31) << (5 * place), first) if len(bits) else bits
    deltas = ((folded >> 1) ^ -(folded & 1)).reshape(-1, 2)
    ends = np.concatenate([[0], np.cumsum(last)])[letters] // 2
    whole = np.concatenate([np.zeros((1, 2), np.int64), np.cumsum(deltas, axis=0)])
    return [
        (whole[start + 1 : end + 1] - whole[start]) / _STEPS_PER_DEGREE
        for start, end in pairwise(ends.tolist())
    ]


def _simplify_shapes(shapes: gpd.GeoSeries, budget_bytes: int = 220_000) -> gpd.GeoSeries:
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
    out, per_corner = metric, 3.0
    for tolerance_m in _TOLERANCES_M:
        simple = parts.copy()
        simple[there] = shapely.coverage_simplify(parts[there], tolerance_m)
        out = gpd.GeoSeries(simple, index=shapes.index, crs=metric.crs).to_crs(WGS84)
        corners = max(int(shapely.get_num_coordinates(simple[there]).sum()), 1)
        if per_corner * corners > budget_bytes and tolerance_m < _TOLERANCES_M[-1]:
            continue  # it would not fit: corners that are fewer lie further apart
        letters = sum(map(len, _encode_shapes(out)))
        if letters <= budget_bytes:
            break
        per_corner = max(per_corner, letters / corners)
    return out


def _encode_shapes(shapes: gpd.GeoSeries) -> list[str]:
    """Pack polygons: rings of a polygon joined by ``,``, polygons of an area by ``;``."""
    parts, area = shapely.get_parts(shapes.to_numpy(), return_index=True)
    solid = (shapely.get_type_id(parts) == _POLYGON) & (shapely.area(parts) > 0)
    parts, area = parts[solid], area[solid]
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    open_ = np.r_[ring[1:] == ring[:-1], False][: len(ring)]  # the last corner is the first again
    packed: list[list[str]] = [[] for _ in parts]
    for k, text in zip(part, _encode_each(corners[open_], ring[open_], len(rings)), strict=True):
        packed[k].append(text)
    out: list[list[str]] = [[] for _ in shapes]
    for k, texts in zip(area, packed, strict=True):
        out[k].append(",".join(texts))
    return [";".join(texts) for texts in out]


def _outlines(shapes: gpd.GeoSeries, labels: Sequence[str]) -> list[str]:
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
    return sorted(text for text in _encode_in_order(lines) if text is not None)


def _encode_in_order(lines: Iterable[shapely.Geometry]) -> list[str | None]:
    """Pack lines as they come; None for what is no line."""
    # of a series, the shapes themselves: going through it makes one after the other
    kept = np.array(lines.array if isinstance(lines, gpd.GeoSeries) else [*lines], dtype=object)
    there = np.isin(shapely.get_type_id(kept), _LINES) & ~shapely.is_empty(kept)
    corners, of = shapely.get_coordinates(kept[there], return_index=True)
    packed = iter(_encode_each(corners, of, int(there.sum())))
    return [next(packed) if own else None for own in there.tolist()]


def _encode_streets(streets: gpd.GeoDataFrame, budget_bytes: int = 150_000) -> list[list[str]]:
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


#: What ways along the streets may take of the page, bytes.
_WAYS_BYTES = 150_000
_WAYS_TOLERANCE_M = 8.0


def _encode_ways(
    ways: pd.DataFrame | None, area_ids: Sequence[str], where: Mapping[str, int]
) -> dict[str, Any] | None:
    """Pack the ways along the streets, as many as fit; None where there are none."""
    if ways is None or ways.empty:
        return None
    lines = gpd.GeoSeries(ways["geometry"].to_numpy(), crs=WGS84)
    west, south, east, north = lines.total_bounds
    metric = lines.to_crs(metric_crs((west + east) / 2, (south + north) / 2))
    simple = metric.simplify(_WAYS_TOLERANCE_M).to_crs(WGS84)
    packed = [text or "" for text in _encode_in_order(simple)]
    room = int(np.searchsorted(np.cumsum([len(text) + 12 for text in packed]), _WAYS_BYTES))
    at = pd.Index(area_ids).get_indexer(pd.Index(ways["area_id"]))[:room]
    sites = [where[i] for i in ways["site_id"].iloc[:room]]
    return {"areas": at.tolist(), "sites": sites, "lines": packed[:room]}


#: What water, woods, parks and railways may take of the page, bytes.
_AROUND_BYTES = 90_000


def _encode_surroundings(
    shapes: gpd.GeoDataFrame, budget_bytes: int = _AROUND_BYTES
) -> dict[str, list[str]]:
    """Pack water, woods, parks and railways by kind; the smallest go where all do not fit."""
    if shapes.empty:
        return {}
    west, south, east, north = shapes.total_bounds
    metric = shapes.to_crs(metric_crs((west + east) / 2, (south + north) / 2))
    out: dict[str, list[str]] = {}
    for tolerance_m, least_m2 in ((8.0, 3e3), (15.0, 1e4), (30.0, 4e4), (60.0, 2e5), (120.0, 1e6)):
        out = {}
        for kind, own in metric.groupby("kind", sort=True):
            flat = own.geometry.to_numpy()
            areas = shapely.get_dimensions(flat) == 2
            flat = flat[~areas | (shapely.area(flat) >= least_m2)]
            if not areas.all() and len(flat):
                flat = shapely.get_parts(shapely.line_merge(shapely.union_all(flat[
                    shapely.get_dimensions(flat) == 1])))  # fmt: skip
            simple = gpd.GeoSeries(shapely.simplify(flat, tolerance_m), crs=metric.crs)
            light = simple.to_crs(WGS84)
            packed = _encode_lines(light) if not areas.all() else sorted(_encode_shapes(light))
            out[str(kind)] = [text for text in packed if text]
        if sum(map(_cost, out.values())) <= budget_bytes:
            break
    return out


def _cost(packed: list[str]) -> int:
    """Bytes of packed lines in the page, quotes and commas included."""
    return sum(map(len, packed)) + 3 * len(packed)


def _longest(lines: gpd.GeoSeries, budget_bytes: int) -> list[str]:
    """Pack the longest lines, as many as fit."""
    order = np.argsort(-shapely.length(lines.to_numpy()), kind="stable")
    texts = _encode_in_order(lines.to_crs(WGS84))
    kept: list[str] = []
    spent = 0
    for text in (texts[i] for i in order):
        own = [] if text is None else [text]
        spent += _cost(own)
        if spent > budget_bytes:
            break
        kept += own
    return sorted(kept)


def _encode_minutes(minutes: NDArray[np.float64], n_bytes: int) -> dict[str, Any]:
    """Pack minutes, shape (areas, sites), as fixed-point numbers."""
    top = 256**n_bytes - 1
    finite = np.isfinite(minutes)
    most = float(minutes[finite].max()) if finite.any() else 0.0
    step = most / (top - 1) if most > 0 else 1.0
    codes = np.full(minutes.shape, top, dtype="<u4")
    codes[finite] = np.rint(minutes[finite] / step).astype("<u4")
    raw = np.ascontiguousarray(codes.T).view(np.uint8).reshape(-1, 4)[:, :n_bytes]
    return {
        "bytes": n_bytes,
        "step": step,
        "data": base64.b64encode(raw.tobytes()).decode("ascii"),
    }


#: Minutes of all modes that a page may hold exactly, bytes; of larger studies they are rounded.
_EXACT_BYTES = 2_400_000
#: Codes of a rounded minute, where trips are no longer than a day; the greatest is "cannot be
#: reached".
_LEVELS = 64 * 64 - 1
#: Below about so many minutes steps are even, above they grow with the minutes.
_EVEN_MINUTES = 10.0
#: The widest step of the logarithm that keeps what the page says, a thousandth or a second: half of
#: it is furthest off where both are alike, at 16.7 minutes.
_WIDEST_STEP = 2 * (1 / 60) / (1000 / 60 + _EVEN_MINUTES)


def _areas_before(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find, for every area, the nearest of those before it: minutes there are much the same."""
    out = np.zeros(len(lon), np.intp)
    east = lon * np.cos(np.radians(lat.mean()))
    for i in range(1, len(lon)):
        out[i] = ((east[:i] - east[i]) ** 2 + (lat[:i] - lat[i]) ** 2).argmin()
    return out


def _encode_rounded(minutes: NDArray[np.float64], before: NDArray[np.intp]) -> dict[str, Any]:
    """Pack minutes, shape (areas, sites), finely where they are few, as steps between neighbours.

    A code is the logarithm's step; what is written is how far it is from that of the area before
    (see `_areas_before`), site after site: mostly one letter.
    """
    finite = np.isfinite(minutes)
    most = float(minutes[finite].max()) if finite.any() else 0.0
    span = float(np.log1p(most / _EVEN_MINUTES))
    ratio, levels = span / (_LEVELS - 1) if most > 0 else 1e-3, _LEVELS
    if ratio > _WIDEST_STEP:  # some trip takes more than a day
        ratio, levels = 0.99 * _WIDEST_STEP, int(span / (0.99 * _WIDEST_STEP)) + 2
    codes = np.full(minutes.shape, levels, np.int64)
    codes[finite] = np.rint(np.log1p(minutes[finite] / _EVEN_MINUTES) / ratio).astype(np.int64)
    steps = codes - codes[before]
    steps[0] = codes[0]
    data = _in_letters(_zigzag(steps.T.ravel()))
    sites = minutes.shape[1]
    return {
        "levels": levels, "even": _EVEN_MINUTES, "ratio": ratio, "sites": sites, "data": data,
    }  # fmt: skip


def _encode_matrix(
    matrix: TravelMatrix,
    area_ids: Sequence[str],
    site_ids: Sequence[str],
    today: int,
    before: NDArray[np.intp],
    modes: int = 1,
) -> list[dict[str, Any]]:
    """Pack a matrix in two blocks: today's centres finely, candidates a little less so."""
    minutes = matrix.areas(area_ids).sites(site_ids).total_minutes
    exact = modes * len(minutes) * (4 * today + 3 * (len(site_ids) - today)) * 4 / 3
    if exact > _EXACT_BYTES:
        return [_encode_rounded(part, before) for part in np.split(minutes, [today], axis=1)]
    return [_encode_minutes(minutes[:, :today], 4), _encode_minutes(minutes[:, today:], 3)]


_FORMAT = 1
_NEAR_PLACE_M = 4000.0


def _encode(data: _ExplorerData) -> dict[str, Any]:
    """Make the page's data."""
    areas = data.areas.assign(id=data.areas["id"].astype(str)).sort_values("id")
    areas = areas.reset_index(drop=True)
    area_ids, sites = areas["id"].tolist(), _sites(data)
    today = int((~sites["is_candidate"]).sum())
    where = {site: i for i, site in enumerate(sites["id"])}
    before = _areas_before(areas["lon"].to_numpy(float), areas["lat"].to_numpy(float))
    rounded = partial(_encode_rounded, before=before)
    matrices = {"walk": data.walk, "drive": data.drive, "bus": data.bus_matrix}
    known = {mode: matrix for mode, matrix in matrices.items() if matrix is not None}
    pack = partial(_encode_matrix, modes=len(known))
    return {
        **_study_facts(data),
        "services": [_service(data, service, areas, where) for service in data.services],
        "sites": [_site(row) for row in sites.to_dict("records")],
        "candidates_from": today,
        "areas": _areas(data, areas) | {"before": _in_letters(np.arange(len(areas)) - before)},
        "minutes": {
            mode: pack(matrix, area_ids, sites["id"].tolist(), today, before)
            for mode, matrix in known.items()
        },
        "bus": _buses(data, areas, where, rounded),
        "hubs": _encode_hubs(data.hubs, area_ids, where, partial(_counts, data), rounded),
        **_drawn_areas(data, areas),
        "streets": [] if data.streets is None else _encode_streets(data.streets),
        "ways": _encode_ways(data.ways, area_ids, where),
        "around": {} if data.surroundings is None else _encode_surroundings(data.surroundings),
        "boundary": [] if data.outline is None else _encode_boundary(data.outline),
        "places": _places(data),
        "postcodes": _encode_postcodes(data.postcodes, area_ids),
        "names": _encode_names(data.names),
        "palette": _palette(),
    }


def _study_facts(data: _ExplorerData) -> dict[str, Any]:
    """Give what the page says of the study as a whole."""
    return {
        "format": _FORMAT,
        "title": data.title,
        "place": data.place,
        "proposal": data.proposal,
        "as_of": data.as_of,
        "language": data.language,
        "modelled": data.modelled,
        "headline": data.headline,
        "shapes_approximate": data.shapes_approximate or data.shapes is None,
        "weights_note": data.weights_note,
        "walk_km_h": data.walk_km_h,
        "pram_km_h": data.pram_km_h,
        "parking_minutes": data.parking_minutes,
        "thresholds": sorted(data.thresholds_minutes),
        "threshold": data.threshold_minutes,
        "suppress_below": THRESHOLD,
        "vintages": list(data.vintages),
        "attributions": list(data.attributions),
        "assumptions": list(data.assumptions),
    }


def _drawn_areas(data: _ExplorerData, areas: pd.DataFrame) -> dict[str, Any]:
    """Pack the areas' shapes, and the outlines of what they lie in."""
    shapes = _area_shapes(data, areas)
    outlines = {
        name: _outlines(shapes, areas[name].fillna("").astype(str).tolist())
        for name in ("ward", "locality")
        if name in areas
    }
    return {"shapes": _encode_shapes(shapes), "outlines": outlines}


def _encode_boundary(outline: shapely.Geometry) -> list[str]:
    return _encode_lines(shapely.get_parts(shapely.boundary(_light(outline))))


def _buses(
    data: _ExplorerData, areas: pd.DataFrame, where: dict[str, int], pack: Callable[..., Any]
) -> dict[str, Any] | None:
    """Pack minutes by bus; None where no timetable is known."""
    if data.bus is None:
        return None
    sets = {
        service.key: [service.before, service.after, *(plan.after for plan in service.plans)]
        for service in data.services
    }
    return _encode_bus(data.bus, sets, _beside_buses(data, areas, where), pack)


def _light(outline: shapely.Geometry) -> shapely.Geometry:
    """Take corners out of a boundary that nobody would see, about 8 metres."""
    return shapely.simplify(outline, 0.0001)


def _palette() -> dict[str, Any]:
    """Give the shared colours and class edges as JSON types."""
    return {
        "categorical": list(style.CATEGORICAL),
        "added_edges": list(style.ADDED_EDGES),
        "added": list(style.ADDED_COLOURS),
        "saved": list(style.SAVED_COLOURS),
        "minutes_edges": list(style.MINUTES_EDGES),
        "minutes": list(style.MINUTES_COLOURS),
        "fifths": list(style.FIFTH_COLOURS),
        "markers": {key: colour for key, (_, colour) in style.MARKERS.items()},
    }


def _sites(data: _ExplorerData) -> pd.DataFrame:
    """Today's centres by id, then candidates by id."""
    frames = [data.sites.assign(is_candidate=False)]
    if data.candidates is not None and len(data.candidates):
        frames.append(data.candidates.assign(is_candidate=True))
    sites = pd.concat([f.astype({"id": str}).sort_values("id") for f in frames], ignore_index=True)
    for column in ("address", "postcode", "locality", "service", "kind"):
        if column not in sites:
            sites[column] = ""
    return sites


def _site(row: Mapping[Any, Any]) -> dict[str, Any]:
    address = ", ".join(t for t in (_text(row["address"]), _text(row["postcode"])) if t)
    out: dict[str, Any] = {
        "id": row["id"],
        "name": _text(row["name"]),
        "lon": round(float(row["lon"]), 5),
        "lat": round(float(row["lat"]), 5),
    }
    texts = {"address": address, "locality": _text(row["locality"])}
    if row["is_candidate"]:
        texts["kind"] = _text(row["kind"])
    else:
        texts["service"] = _text(row["service"])
    out |= {key: text for key, text in texts.items() if text}
    if str(row.get("assumed", "")).lower() in ("yes", "true", "1"):
        out["assumed"] = True
    for column, key in (("position_error_m", "error_m"), ("annual_cost_gbp", "cost")):
        value = _number(row.get(column))
        if np.isfinite(value):
            out[key] = value
    return out


def _service(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, where: dict[str, int]
) -> dict[str, Any]:
    return {
        "key": service.key,
        "title": service.title,
        "one": service.one,
        "people": service.people,
        "before": sorted(where[i] for i in service.before),
        "after": sorted(where[i] for i in service.after),
        "plans": [_plan(plan, where) for plan in service.plans],
        "neighbours": _neighbours(data, service, areas),
        "counts": _counts(data, areas[service.count].to_numpy(float)),
    } | _rules(service, where)


def _rules(service: _ExplorerService, where: dict[str, int]) -> dict[str, Any]:
    """Give what every alternative must keep, where the study says so."""
    if not service.never_close and not service.least_open:
        return {}
    least = [
        {"name": _text(name), "sites": sorted(where[i] for i in ids), "count": count}
        for name, (ids, count) in service.least_open.items()
    ]
    return {"rules": {"never": sorted(where[i] for i in service.never_close), "least": least}}


def _counts(data: _ExplorerData, counts: NDArray[np.float64]) -> list[float | int]:
    """Give counts of people; small ones pooled where they are not open."""
    small = is_small(counts)
    if not data.counts_open and small.any():
        counts = np.where(small, counts[small].mean(), counts)
    return [_short(c) for c in counts]


def _plan(plan: _ExplorerPlan, where: dict[str, int]) -> dict[str, Any]:
    return {
        "key": plan.key,
        "title": plan.title,
        "after": sorted(where[i] for i in plan.after),
        "days": {str(where[i]): days for i, days in sorted(plan.days.items()) if i in where},
        "stays": sorted(where[i] for i in plan.stays if i in where),
        "beside": list(plan.beside),
    }


def _neighbours(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame
) -> dict[str, Any] | None:
    """Pack the nearest centre of another council: names once, whole minutes; -1: not reached."""
    table = data.neighbours
    if table is None or not (table["service"] == service.key).any():
        return None
    own = table[table["service"] == service.key].set_index("area_id").reindex(areas["id"])
    minutes = own["minutes"].to_numpy(float)
    return {
        "name": _coded([_text(name) for name in own["name"]]),
        "minutes": [round(m) if np.isfinite(m) else -1 for m in minutes],
    }


def _areas(data: _ExplorerData, areas: pd.DataFrame) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": areas["id"].tolist(),
        "lon": areas["lon"].astype(float).round(5).tolist(),
        "lat": areas["lat"].astype(float).round(5).tolist(),
        "name": _coded(_area_names(data, areas)),
    }
    for column in ("ward", "locality"):
        if column in areas:
            out[column] = _coded([_text(v) for v in areas[column]])
    if "imd_decile" in areas:
        decile = pd.to_numeric(areas["imd_decile"], errors="coerce").to_numpy(float)
        out["decile"] = [int(d) if np.isfinite(d) else 0 for d in decile]
    for column, key in (("p_no_car", "no_car"), ("weight", "weight")):
        # where everybody counts the same there is one average, and not two that are equal
        if column in areas and not (column == "weight" and (areas[column] == 1).all()):
            out[key] = _coded([float(v) for v in areas[column]])
    return out


def _area_names(data: _ExplorerData, areas: pd.DataFrame) -> list[str]:
    """Name each area: its own name, else the nearest place's, else its ward's."""
    if "name" in areas:
        return [_text(v) for v in areas["name"]]
    wards = [_text(v) for v in areas["ward"]] if "ward" in areas else [""] * len(areas)
    if data.places is None or data.places.empty:
        return wards
    metres = great_circle_m(
        areas["lon"].to_numpy(float)[:, None],
        areas["lat"].to_numpy(float)[:, None],
        data.places["lon"].to_numpy(float)[None, :],
        data.places["lat"].to_numpy(float)[None, :],
    )
    names = [_text(v) for v in data.places["name"]]
    near = metres.argmin(axis=1)
    close = metres.min(axis=1) <= _NEAR_PLACE_M
    return [names[p] if ok else w for p, ok, w in zip(near, close, wards, strict=True)]


def _coded(values: list[Any]) -> dict[str, list[Any]]:
    """Store repeated values once: the distinct ones, and each row's place among them."""
    distinct = sorted(set(values))
    where = {v: i for i, v in enumerate(distinct)}
    return {"of": distinct, "at": [where[v] for v in values]}


def _area_shapes(
    data: _ExplorerData, areas: pd.DataFrame, *, budget_bytes: int = 220_000
) -> gpd.GeoSeries:
    """Give each area's shape, simplified; cells around the points where there are no shapes."""
    if data.shapes is None:
        cells = _approximate_cells(areas["lon"], areas["lat"], within=data.outline)
        return _simplify_shapes(cells.set_axis(areas["id"]), budget_bytes)
    by_id = data.shapes.set_axis(data.shapes.index.astype(str))
    return _simplify_shapes(by_id.reindex(areas["id"]), budget_bytes)


def _places(data: _ExplorerData) -> list[list[Any]]:
    if data.places is None:
        return []
    places = data.places.assign(rank=data.places.get("rank", 2))
    rows = [
        [_text(p["name"]), round(float(p["lon"]), 5), round(float(p["lat"]), 5), int(p["rank"])]
        for p in places.to_dict("records")
    ]
    return sorted(rows, key=lambda row: (row[3], row[0]))


def _short(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
