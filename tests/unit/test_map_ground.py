"""The ground of maps: boundaries, cells within them, what lies around, in the right order."""

from __future__ import annotations

import gzip
import io
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from access.analysis.job import measure_study
from access.errors import StudyError
from access.maps.explorer_data import _example_data, explorer_data
from access.maps.explorer_encode import _encode_surroundings
from access.maps.ground import (
    MapGround,
    _approximate_cells,
    _area_cells,
    _cells,
    _nice_length,
    area_chart,
    places_chart,
    streets_chart,
)
from access.maps.static_map import static_map
from access.network import Network
from access.network.surroundings import StreetGround, _read_surroundings
from access.study import load_study
from access.study.manifest import bare_outline
from access.units import BRITISH_GRID, WGS84, project
from tests.small import SOUTH, WEST, small_study, write_study

RING = [(WEST - 0.01, SOUTH - 0.01), (WEST + 0.06, SOUTH - 0.01), (WEST + 0.06, SOUTH + 0.04),
        (WEST - 0.01, SOUTH + 0.04)]  # fmt: skip


def with_outline(folder: Path, name: str, text: str = "") -> Path:
    """Write a small study that names an outline, and the outline's file."""
    write_study(folder, services={"club": 3})
    settings_file = folder / "study.toml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("[study]\n", f'[study]\noutline = "{name}"\n'),
        encoding="utf-8",
    )
    if text:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def corners(rows) -> str:
    return "lon,lat\n" + "".join(f"{x},{y}\n" for x, y in rows)


# Wrong inputs first.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "outline.csv"),
        ("lon\n1\n", "no column 'lat'"),
        (corners(RING[:2]), "2 corners"),
        (corners([*RING[:3], ("x", 1)]), "row 5, lon: 'x' is no number"),
        (corners([RING[0], RING[2], RING[1], RING[3]]), "does not cross itself"),
        (corners([(x + 40, y) for x, y in RING]), "meets the study's box"),
    ],
)
def test_an_outline_that_cannot_be_meant_is_refused(tmp_path, text, said):
    folder = with_outline(tmp_path / "s", "outline.csv", text)
    with pytest.raises(StudyError) as told:
        load_study(folder)
    assert said in str(told.value)


@pytest.mark.parametrize("text", ["{", '{"type":"FeatureCollection","features":[]}'])
def test_an_outline_of_no_polygons_is_refused(tmp_path, text):
    with pytest.raises(StudyError, match=r"outline\.geojson"):
        load_study(with_outline(tmp_path / "s", "outline.geojson", text))


# The boundary.


def test_an_outline_is_the_same_from_corners_in_any_order_and_from_polygons(tmp_path):
    rows = "".join(f"{i},{x},{y}\n" for i, (x, y) in reversed(list(enumerate(RING))))
    one = load_study(with_outline(tmp_path / "a", "o.csv", "order,lon,lat\n" + rows))
    folder = with_outline(tmp_path / "b", "o.geojson")
    frame = gpd.GeoDataFrame({"people": [3]}, geometry=[shapely.Polygon(RING)], crs=WGS84)
    frame.to_crs(BRITISH_GRID).to_file(folder / "o.geojson", driver="GeoJSON")
    two = load_study(folder)
    assert shapely.symmetric_difference(one.boundary, two.boundary).area < 1e-7
    assert any(row["file"] == "o.geojson" for row in two.inputs)


def test_without_an_outline_the_areas_shapes_are_the_boundary(tmp_path):
    study = small_study(tmp_path / "s", services={"club": 3})
    assert study.boundary is None
    squares = study.areas.buffer(230, cap_style="square").to_crs(WGS84)
    object.__setattr__(study, "shapes", squares.set_axis(study.areas["id"]))
    bare = load_study(study.folder)
    object.__setattr__(bare, "shapes", study.shapes)
    assert bare.boundary.geom_type == "Polygon"
    assert shapely.contains(bare.boundary, shapely.points(WEST + 0.02, SOUTH + 0.012))


@pytest.mark.parametrize("name", ["o.csv", "o.geojson"])
def test_no_figure_of_an_outlines_file_is_handed_on(tmp_path, name):
    frame = gpd.GeoDataFrame({"people": [3]}, geometry=[shapely.Polygon(RING)], crs=WGS84)
    path = tmp_path / name
    if name.endswith("csv"):
        pd.DataFrame(RING, columns=["lon", "lat"]).assign(people=3).to_csv(path, index=False)
    else:
        frame.to_file(path, driver="GeoJSON")
    bare_outline(path)
    assert "people" not in path.read_text(encoding="utf-8")
    assert "53.4" in path.read_text(encoding="utf-8")


# Cells within the boundary.


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-0.008, 0.05), st.floats(-0.008, 0.03)), min_size=1, max_size=12)
)
def test_cells_fill_the_boundary_and_overlap_nowhere(offsets):
    lon, lat = (WEST + np.array([o[k] for o in offsets]) for k in (0, 1))
    lat = lat - WEST + SOUTH
    bound = shapely.Polygon(RING)
    cells = _approximate_cells(lon, lat, within=bound)
    ground = gpd.GeoSeries([bound], crs=WGS84).to_crs(cells.crs).iloc[0]
    different = list({c.wkb: c for c in cells}.values())
    covered = shapely.union_all(different)
    assert abs(covered.area - ground.area) < 1e-4 * ground.area
    assert abs(sum(c.area for c in different) - ground.area) < 1e-4 * ground.area


def test_cells_that_every_map_asks_for_are_worked_out_once():
    asked = [[WEST, WEST + 0.01], [SOUTH, SOUTH + 0.002]]
    before = _cells.cache_info().misses
    first = _approximate_cells(*asked, within=shapely.Polygon(RING))
    first.iloc[0] = None  # a map's own: the next map's is whole
    again = _approximate_cells(*asked, within=shapely.Polygon(RING))
    assert _cells.cache_info().misses == before + 1
    assert again.notna().all()
    other = _approximate_cells(*asked, within=shapely.Polygon(RING[:3]))
    assert _cells.cache_info().misses == before + 2
    assert other.area.sum() < again.area.sum()


def test_both_pages_and_the_report_show_the_same_streets(tmp_path):
    results = measure_study(small_study(tmp_path, services={"club": 3}))
    streets = MapGround(results).streets
    assert explorer_data(results).streets is streets
    assert MapGround(results).streets is streets
    assert MapGround(replace(results, modelled=False)).streets is not streets


def test_a_point_outside_the_boundary_keeps_some_ground():
    cells = _approximate_cells([WEST, WEST + 0.3], [SOUTH, SOUTH], within=shapely.Polygon(RING))
    assert (cells.area > 10_000).all()


def test_real_shapes_come_before_cells(tmp_path):
    study = load_study(with_outline(tmp_path / "s", "o.csv", corners(RING)))
    assert len(_area_cells(study)) == len(study.areas)
    squares = study.areas.buffer(50).to_crs(WGS84).set_axis(study.areas["id"])
    object.__setattr__(study, "shapes", squares)
    assert _area_cells(study) is squares


# What lies around the streets.

OSM = """<?xml version='1.0'?><osm version='0.6'>
<node id='1' lat='53.40' lon='-1.40'/><node id='2' lat='53.41' lon='-1.40'/>
<node id='3' lat='53.41' lon='-1.39'/><node id='4' lat='53.40' lon='-1.39'/>
<node id='5' lat='53.405' lon='-1.395'><tag k='place' v='village'/><tag k='name' v='Llan'/></node>
<node id='6' lat='59.0' lon='-1.395'><tag k='place' v='town'/><tag k='name' v='Far'/></node>
<node id='7' lat='53.406' lon='-1.395'><tag k='place' v='farm'/><tag k='name' v='Farm'/></node>
<way id='1'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='4'/><nd ref='1'/>
<tag k='natural' v='water'/><tag k='name' v='Mere'/></way>
<way id='2'><nd ref='1'/><nd ref='3'/><tag k='railway' v='rail'/></way>
<way id='3'><nd ref='2'/><nd ref='4'/><tag k='railway' v='rail'/><tag k='service' v='yard'/></way>
<way id='4'><nd ref='2'/><nd ref='4'/>
<tag k='waterway' v='river'/><tag k='tunnel' v='culvert'/></way>
<way id='5'><nd ref='1'/><nd ref='2'/><tag k='highway' v='residential'/></way>
<way id='6'><nd ref='1'/><nd ref='99'/><tag k='waterway' v='river'/></way>
</osm>"""


def test_water_railways_and_names_are_read_and_sidings_and_tunnels_are_not(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(OSM, encoding="utf-8")
    found = _read_surroundings(path, (-1.5, 53.3, -1.3, 53.5))
    assert found.shapes["kind"].tolist() == ["rail", "water"]
    assert found.places.to_numpy().tolist() == [["Llan", -1.395, 53.405, 2]]
    assert _read_surroundings(path, (0, 50, 1, 51)).shapes.empty
    assert _read_surroundings(tmp_path / "streets.graphml", (0, 50, 1, 51)) is None


def test_a_file_of_any_order_and_any_ids_tells_what_lies_around(tmp_path):
    """As editors and servers write it: ways first, new ids below 0, deleted objects."""
    street = "<tag k='highway' v='residential'/>"
    plain = OSM.replace(street, street + "<tag k='name' v='Long Row'/><tag k='name:cy' v='Hir'/>")
    nodes = re.findall(r"<node(?:[^>]*/>|.*?</node>)", plain, re.DOTALL)
    ways = re.findall(r"<way.*?</way>", plain, re.DOTALL)
    gone = "<way id='9' action='delete'><nd ref='1'/><nd ref='2'/><tag k='railway' v='rail'/></way>"
    kinds = {
        "plain": [*nodes, *ways],
        "ways-first": [*ways, *nodes],
        "new": [re.sub(r"(id|ref)='", r"\1='-", one) for one in [*nodes, *ways]],
        "deleted": [*nodes, *ways, gone],
    }
    box = (-1.5, 53.3, -1.3, 53.5)
    found = {}
    for name, parts in kinds.items():
        path = tmp_path / f"{name}.osm.pbf"  # a wrong name, which streets are read from too
        path.write_bytes(
            gzip.compress("\n".join(['<osm version="0.6">', *parts, "</osm>"]).encode())
        )
        ground = StreetGround(path, "", box)
        found[name] = ground.surroundings.shapes["kind"].tolist(), sorted(ground.names["name"])
    assert found["plain"] == (["rail", "water"], ["Farm", "Hir", "Llan", "Long Row"])
    assert all(one == found["plain"] for one in found.values()), found


def test_a_file_that_is_cut_leaves_the_map_without_water(tmp_path):
    (tmp_path / "cut.osm.pbf").write_bytes(b"\0\0\0\rnothing")
    assert _read_surroundings(tmp_path / "cut.osm.pbf", (-1.5, 53.3, -1.3, 53.5)) is None


def test_what_lies_around_fits_its_budget_the_largest_kept():
    ponds = [
        shapely.box(x * 0.01, 0, x * 0.01 + 0.0009 * (1 + x), 0.0009 * (1 + x)) for x in range(10)
    ]
    frame = gpd.GeoDataFrame({"kind": "water"}, geometry=ponds, index=range(10), crs=WGS84)
    frame = frame.set_geometry(frame.translate(-1.4, 53.4))
    assert len(_encode_surroundings(frame)["water"]) == 10
    few = _encode_surroundings(frame, budget_bytes=140)["water"]
    assert 0 < len(few) < 10
    assert _encode_surroundings(frame.iloc[:0]) == {}


# Still pictures: nothing is painted over, left out, or drawn to a false scale.


def ringed(folder, *, first, turned):
    """Write a study of an area in the hole of another one, as real outlines have them."""
    write_study(folder, services={"club": 2}, side=2)
    inner = shapely.box(WEST - 0.002, SOUTH - 0.002, WEST + 0.002, SOUTH + 0.002)
    hole = inner.exterior.coords[:: -1 if turned else 1]
    outer = shapely.Polygon(shapely.box(WEST - 0.01, SOUTH - 0.01, WEST + 0.02, SOUTH + 0.01)
                            .exterior.coords, [hole])  # fmt: skip
    areas = pd.read_csv(folder / "areas.csv").iloc[:2]
    areas = areas.assign(lon=[WEST, WEST + 0.01], lat=SOUTH)
    (areas if first else areas[::-1]).to_csv(folder / "areas.csv", index=False)
    shapes = gpd.GeoDataFrame({"id": areas["id"]}, geometry=[inner, outer], crs=WGS84)
    shapes.to_file(folder / "shapes.gpkg")
    text = (folder / "study.toml").read_text("utf-8")
    (folder / "study.toml").write_text(text + '[areas]\nshapes = "shapes.gpkg"\n', "utf-8")
    study = load_study(folder)
    # one club stands where no area is
    far = study.centres.assign(lon=[WEST, WEST + 0.03], lat=[SOUTH, SOUTH + 0.02])
    return replace(study, centres=far)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_an_area_in_the_hole_of_another_is_seen_and_so_is_a_site_outside_all(
    tmp_path, first, turned
):
    study = ringed(tmp_path / "ringed", first=first, turned=turned)
    values = [1, 6] if first else [6, 1]
    looks = {"edges": [1, 5], "colours": ["#ff0000", "#0000ff"], "labels": ["in", "out"]}
    chart = area_chart(study, values, title="A map", alt="A map.", **looks)
    picture = Image.open(io.BytesIO(chart.png(dpi=60))).convert("RGB")
    axes = chart.figure().axes[0]
    paint = {colour: n for n, colour in picture.getcolors(10**6)}
    assert paint.get((255, 0, 0), 0) > 300, "the legend's own patch is smaller"
    assert paint[(0, 0, 255)] > 5 * paint[(255, 0, 0)]
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    xy = project(study.centres["lon"], study.centres["lat"], study.crs)
    assert ((xy > (x0, y0)) & (xy < (x1, y1))).all()


def test_a_still_map_shows_a_site_that_lies_outside_all_areas():
    data = _example_data()
    service = data.services[0]
    away = service.before[0]
    moved = data.sites["id"] == away
    sites = data.sites.assign(lat=data.sites["lat"].where(~moved, data.areas["lat"].max() + 0.03))
    axes = static_map(replace(data, sites=sites), service.key).figure().axes[0]
    marks = [line for line in axes.lines if line.get_zorder() in (6, 7)]
    xy = np.vstack([np.column_stack(line.get_data()) for line in marks])
    assert len(xy) >= len(service.before)
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    assert ((xy > (x0, y0)) & (xy < (x1, y1))).all()


@pytest.mark.parametrize("ends", [((0, 0), (0.0004, 0)), ((0, 0), (0, 0.02)), ((0, 0), (0.5, 0.1))])
def test_a_bar_is_as_long_as_it_says_and_no_longer_than_the_map(ends):
    (x0, y0), (x1, y1) = ends
    lon, lat = [WEST + x0, WEST + x1], [SOUTH + y0, SOUTH + y1]
    network = Network.from_edges(lon, lat, [0], [1], mode="walk")
    chart = streets_chart(network)
    axes = chart.figure().axes[0]
    bar = axes.lines[-1].get_xdata()
    (text,) = [t.get_text() for t in axes.texts]
    number, unit = text.split()
    assert float(number) * {"km": 1000, "m": 1}[unit] == pytest.approx(bar[1] - bar[0])
    left, right = axes.get_xlim()
    assert left <= bar[0]
    assert bar[1] < right
    assert not chart.title.startswith("0 km")


@pytest.mark.parametrize("metres", [100.0, 1000.0, 1e5])
def test_a_bar_has_a_length_beside_every_power_of_ten(metres):
    assert _nice_length(metres) == metres
    assert _nice_length(float(np.nextafter(metres, 0))) == metres / 2


def test_no_two_services_have_one_sign(tmp_path):
    study = small_study(tmp_path / "s", services={f"{k}_kind": 2 for k in "abcdefg"})
    chart = area_chart(study, np.ones(len(study.areas)), title="t", alt="a", edges=[0],
                       colours=["#eee"], labels=["x"])  # fmt: skip
    signs = [line.get_marker() for line in chart.figure().axes[0].lines[:7]]
    assert len(set(signs)) == 7


def test_the_words_of_a_map_count_every_area(tmp_path):
    study = small_study(tmp_path / "s", services={"club": 2}, side=4)
    tenths = [1, 3, 10, np.nan] * 4
    chart = places_chart(replace(study, areas=study.areas.assign(imd_decile=tenths)))
    assert sum(int(n) for n in re.findall(r" (\d+)[;.]", chart.alt)) == 16
    assert chart.alt.endswith("; not known 4.")
