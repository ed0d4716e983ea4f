"""Geometry for one page: packed and unpacked, simplified together, small enough."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import ParameterError
from access.maps.explorer_encode import (
    _decode_each,
    _decode_line,
    _encode_in_order,
    _encode_line,
    _encode_lines,
    _encode_shapes,
    _encode_streets,
    _outlines,
    _simplify_shapes,
)
from access.maps.explorer_parts import _ALPHABET
from access.maps.ground import _approximate_cells
from access.units import BRITISH_GRID, WGS84, great_circle_m

# Wrong inputs first.


def test_shapes_and_streets_without_a_crs_are_refused():
    with pytest.raises(ParameterError, match="no CRS"):
        _simplify_shapes(gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))
    with pytest.raises(ParameterError, match="no CRS"):
        _encode_streets(gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])]))


@pytest.mark.parametrize(("lon", "radius"), [([], 100.0), ([0.0], 0.0), ([0.0], -1.0)])
def test_cells_need_points_and_a_radius(lon, radius):
    with pytest.raises(ParameterError, match="expected both above 0"):
        _approximate_cells(lon, lon, radius_m=radius)


# Packing.

degrees = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@settings(max_examples=80)
@given(st.lists(degrees, min_size=1, max_size=12))
def test_a_line_comes_back_within_half_a_step(points):
    back = _decode_line(_encode_line(points))
    whole = np.rint(np.array(points) * 1e5)
    keep = np.ones(len(whole), bool)
    keep[1:] = (np.diff(whole, axis=0) != 0).any(axis=1)
    np.testing.assert_allclose(back, whole[keep] / 1e5, atol=1e-9)


_SPOT = st.tuples(st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))


@given(st.lists(st.lists(_SPOT, min_size=2, max_size=6), max_size=6))
def test_lines_packed_at_once_are_those_packed_one_by_one(lines):
    shapes = [shapely.LineString(line) for line in lines]
    packed = _encode_lines([*shapes, None, shapely.LineString(), shapely.Point(0, 0)])
    assert packed == sorted(_encode_line(line) for line in lines)


@given(st.lists(st.lists(degrees, max_size=6), max_size=6))
def test_lines_unpacked_at_once_are_those_unpacked_one_by_one(lines):
    packed = [_encode_line(line) for line in lines]
    back = _decode_each(packed)
    assert [line.tolist() for line in back] == [_one_by_one(text) for text in packed]
    assert [line.tolist() for line in back] == [_decode_line(text).tolist() for text in packed]


def _one_by_one(text: str) -> list[list[float]]:
    """Unpack a line letter by letter, as a page does."""
    spot, number, shift, steps = [0, 0], 0, 0, []
    for letter in text:
        bits = _ALPHABET.index(letter)
        number |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            steps.append(-(number >> 1) - 1 if number & 1 else number >> 1)
            number, shift = 0, 0
    back = []
    for east, north in zip(steps[::2], steps[1::2], strict=True):
        spot = [spot[0] + east, spot[1] + north]
        back.append([each / 100_000 for each in spot])
    return back


def test_a_series_of_lines_is_packed_as_the_lines_themselves():
    lines = [shapely.LineString([(0, 0), (k, 1)]) for k in range(3)]
    assert _encode_in_order(gpd.GeoSeries([*lines, None])) == _encode_in_order([*lines, None])


def test_shapes_packed_at_once_are_those_packed_one_by_one():
    holed = shapely.box(0, 0, 9e-3, 9e-3) - shapely.box(1e-3, 1e-3, 2e-3, 2e-3)
    two = shapely.MultiPolygon([holed, shapely.box(0.1, 0.1, 0.2, 0.2)])
    mixed = shapely.GeometryCollection([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)])
    flat = shapely.Polygon([(0, 0), (1, 1), (0, 0)])
    shapes = [None, two, shapely.Polygon(), holed, mixed, flat, shapely.Point(1, 1)]
    packed = _encode_shapes(gpd.GeoSeries(shapes, crs=WGS84))
    alone = [_encode_shapes(gpd.GeoSeries([s], crs=WGS84))[0] for s in shapes]
    rings = [holed.exterior, holed.interiors[0], shapely.box(0.1, 0.1, 0.2, 0.2).exterior]
    outer, hole, other = (_encode_line(np.asarray(r.coords)[:-1]) for r in rings)
    assert packed == alone
    assert packed[1] == f"{outer},{hole};{other}"
    assert [packed[k] for k in (0, 2, 5, 6)] == ["", "", "", ""]
    assert packed[4] == _encode_shapes(gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=WGS84))[0]


def test_letters_need_no_escape():
    text = _encode_line(np.random.default_rng(0).uniform(-80, 80, (500, 2)))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_holes_and_parts_keep_their_places():
    ring = shapely.box(0, 0, 0.01, 0.01).difference(shapely.box(0.002, 0.002, 0.004, 0.004))
    two = shapely.multipolygons([ring, shapely.box(0.02, 0, 0.03, 0.01)])
    (text,) = _encode_shapes(gpd.GeoSeries([two], crs=WGS84))
    assert [part.count(",") for part in text.split(";")] == [1, 0]


# Simplifying.


def grid(n: int = 6) -> gpd.GeoSeries:
    """Squares of 500 m with a jagged edge between each two columns."""
    steps = np.linspace(0, 500, 41)
    jag = 40 * np.abs((np.arange(41) % 4) - 2)
    shapes = []
    for i in range(n):
        for j in range(n):
            left = [(440_000 + 500 * i + a, 390_000 + 500 * j + s)
                    for s, a in zip(steps, jag, strict=True)]  # fmt: skip
            right = [(x + 500, y) for x, y in left]
            shapes.append(shapely.Polygon([*left, *right[::-1]]))
    return gpd.GeoSeries(shapes, index=[f"A{k:02d}" for k in range(n * n)], crs=BRITISH_GRID)


def test_neighbours_still_meet_after_simplifying():
    simple = _simplify_shapes(grid(), budget_bytes=1500).to_crs(BRITISH_GRID)
    before, after = shapely.union_all(grid()).area, shapely.union_all(simple).area
    assert sum(shapely.area(simple)) == pytest.approx(after, rel=1e-6), "no overlap"
    assert after == pytest.approx(before, rel=0.02), "no gap"


def test_the_budget_is_kept_and_no_more_is_taken_away_than_it_asks():
    fine, coarse = _simplify_shapes(grid(), 10**6), _simplify_shapes(grid(), 1500)
    assert sum(map(len, _encode_shapes(coarse))) <= 1500
    assert shapely.get_num_coordinates(fine).sum() > shapely.get_num_coordinates(coarse).sum()


def test_missing_shapes_stay_missing():
    shapes = grid()
    shapes.iloc[3] = None
    simple = _simplify_shapes(shapes)
    assert simple.index.tolist() == shapes.index.tolist()
    assert _encode_shapes(simple)[3] == ""


def test_outlines_run_only_between_different_names():
    shapes = _simplify_shapes(grid(2), 10**6)
    one = _outlines(shapes, ["x"] * 4)
    two = _outlines(shapes, ["x", "x", "y", "y"])
    assert len(one) == 1, "the outer edge"
    assert sum(map(len, two)) > sum(map(len, one))
    assert _outlines(shapes, ["x", "x", "y", "y"]) == two


# Cells.


def test_every_point_lies_in_its_own_cell_and_no_cell_in_another():
    random = np.random.default_rng(5)
    lon, lat = random.uniform(-1.4, -1.3, 60), random.uniform(53.4, 53.45, 60)
    cells = _approximate_cells(lon, lat, radius_m=400)
    points = gpd.GeoSeries.from_xy(lon, lat, crs=WGS84).to_crs(cells.crs)
    assert all(shapely.contains(cells.to_numpy(), points.to_numpy()))
    assert sum(shapely.area(cells)) == pytest.approx(shapely.union_all(cells).area, rel=1e-6)


def test_no_cell_reaches_further_than_its_radius():
    cells = _approximate_cells([-1.4, -1.3], [53.4, 53.4], radius_m=300).to_crs(WGS84)
    for cell, lon in zip(cells, (-1.4, -1.3), strict=True):
        corners = shapely.get_coordinates(cell)
        assert great_circle_m(lon, 53.4, corners[:, 0], corners[:, 1]).max() < 310


def test_homes_at_one_point_share_a_cell():
    cells = _approximate_cells([-1.4, -1.4, -1.39], [53.4, 53.4, 53.4])
    assert cells[0].equals(cells[1])
    assert not cells[0].equals(cells[2])


# Streets.


def streets() -> gpd.GeoDataFrame:
    random = np.random.default_rng(2)
    lines, ranks = [], []
    for k in range(300):
        start = random.uniform((440_000, 390_000), (450_000, 400_000))
        lines.append(shapely.LineString(start + np.cumsum(random.normal(0, 30, (20, 2)), axis=0)))
        ranks.append(1 + k % 3)
    return gpd.GeoDataFrame({"rank": ranks}, geometry=lines, crs=BRITISH_GRID)


def test_main_streets_come_first_and_the_budget_is_kept():
    all_of_them = _encode_streets(streets(), 10**6)
    assert all(all_of_them)
    few = _encode_streets(streets(), 9_000)
    assert len(few[0]) > 10
    assert sum(len(line) + 3 for rank in few for line in rank) <= 9_000
    assert not few[2], "minor streets are left out first"


def test_streets_without_a_rank_are_in_the_middle_and_none_is_fine():
    assert [len(rank) > 0 for rank in _encode_streets(streets().drop(columns="rank"), 10**6)] == [
        False, True, False,
    ]  # fmt: skip
    assert _encode_streets(streets().iloc[:0]) == [[], [], []]
