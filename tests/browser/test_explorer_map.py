"""The map of the explorer: its ground, its names, its lists, and whose the wheel is."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _SOUTH, _WEST
from access.units import WGS84
from tests.browser.test_explorer_everyone import still

#: Longer than Leaflet waits after the wheel before it makes the map larger.
LEAFLET_WAITS_MS = 60

BOX = shapely.box(_WEST - 0.01, _SOUTH - 0.006, _WEST + 0.08, _SOUTH + 0.035)


@pytest.fixture(scope="module")
def ground_page(example, tmp_path_factory):
    line = shapely.LineString([(_WEST, _SOUTH), (_WEST + 0.06, _SOUTH + 0.03)])
    pond = shapely.box(_WEST + 0.02, _SOUTH, _WEST + 0.03, _SOUTH + 0.01)
    around = gpd.GeoDataFrame(
        {"kind": ["rail", "water", "park"]}, geometry=[line, pond, pond.buffer(0.004)], crs=WGS84
    )
    streets = gpd.GeoDataFrame({"rank": [3]}, geometry=[line.reverse()], crs=WGS84)
    data = replace(example, outline=BOX, surroundings=around, streets=streets)
    return write_explorer(data, tmp_path_factory.mktemp("ground") / "explorer.html")


def paths(page, pane: str) -> int:
    return page.locator(f".leaflet-{pane}-pane path").count()


def test_boundary_water_railways_and_modelled_streets_are_drawn_and_named(visit, ground_page):
    page = visit(ground_page)
    assert paths(page, "boundary") == 1
    assert paths(page, "around") == 3
    legend = page.inner_text("#legend")
    assert "not real streets" in legend
    assert "boundary" in legend
    dashes = page.locator(".leaflet-streets-pane path").first.get_attribute("stroke-dasharray")
    assert dashes == "1 4"


def test_real_streets_are_not_called_modelled(visit, example, tmp_path):
    line = shapely.LineString([(_WEST, _SOUTH), (_WEST + 0.06, _SOUTH + 0.03)])
    streets = gpd.GeoDataFrame({"rank": [1]}, geometry=[line], crs=WGS84)
    data = replace(example, streets=streets, modelled=False)
    page = visit(write_explorer(data, tmp_path / "x.html"))
    assert "not real" not in page.inner_text("#legend")
    dashes = page.locator(".leaflet-streets-pane path").first.get_attribute("stroke-dasharray")
    assert dashes is None


def test_green_land_lies_under_no_figures(visit, ground_page):
    page = visit(ground_page)
    page.select_option("#colour-by", "today")
    assert paths(page, "around") == 2
    page.select_option("#colour-by", "plain")
    assert paths(page, "around") == 3


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (375, 700)])
def test_the_place_fills_the_frame(visit, ground_page, width, height):
    page = visit(ground_page, width=width, height=height)
    frame = page.locator("#map").bounding_box()
    box = page.locator(".leaflet-boundary-pane path").bounding_box()
    filled = max(box["width"] / frame["width"], box["height"] / frame["height"])
    assert 0.75 < filled <= 1.0
    assert box["x"] >= frame["x"] - 1
    assert box["y"] >= frame["y"] - 1


def test_the_legend_has_no_class_that_is_not_on_the_map(visit, ground_page):
    page = visit(ground_page)
    for key in ("today", "deprivation", "families"):
        page.select_option("#colour-by", key)
        used = page.evaluate(
            """() => [...new Set([...Array(48).keys()].map(
                 (i) => App.currentLayer.classes[App.currentLayer.classOf(i)].label))]"""
        )
        shown = page.locator("#legend .legend-block").first.locator("li").all_inner_texts()
        assert sorted(shown) == sorted(used)


def test_the_wheel_scrolls_the_page_until_the_map_is_asked_for(visit, ground_page):
    page = visit(ground_page, height=500, moving=True)
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    zoom = page.evaluate("App.map.leaflet.getZoom()")
    page.mouse.wheel(0, 120)
    page.wait_for_function(
        "() => scrollY > 0 && document.getElementById('wheel-hint').checkVisibility()"
    )
    page.evaluate(f"new Promise((done) => setTimeout(done, {LEAFLET_WAITS_MS}))")
    still(page)
    assert page.evaluate("App.map.leaflet.getZoom()") == zoom
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    page.wait_for_function("(before) => App.map.leaflet.getZoom() > before", arg=zoom)


def test_one_finger_scrolls_the_page_until_the_map_is_asked_for(visit, ground_page):
    page = visit(ground_page, width=375, height=700, moving=True, has_touch=True,
                 is_mobile=True)  # fmt: skip
    style = "getComputedStyle(document.getElementById('map')).touchAction"
    assert page.evaluate("App.map.leaflet.dragging.enabled()") is False
    assert "pan-y" in page.evaluate(style)
    button = page.get_by_role("button", name="Move the map with one finger")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate("App.map.leaflet.dragging.enabled()") is True
    assert page.evaluate(style) == "none"


def test_lists_and_map_set_each_other_off(visit, ground_page):
    page = visit(ground_page)
    page.click("nav a[href='#before-after']")
    row = page.locator("#change-worst tr[data-area]").first
    row.hover()
    rim = page.locator(".leaflet-rim-pane path")
    assert len(rim.get_attribute("d")) > 10
    area = int(row.get_attribute("data-area"))
    page.mouse.move(2, 2)
    where = page.evaluate(
        """(i) => { const p = App.map.leaflet.latLngToContainerPoint(
             [App.areas.lat[i], App.areas.lon[i]]);
             const b = document.getElementById('map').getBoundingClientRect();
             document.getElementById('map').scrollIntoView({ block: 'center' });
             return i; }""",
        area,
    )
    x, y = page.evaluate(
        """(i) => { const p = App.map.leaflet.latLngToContainerPoint(
             [App.areas.lat[i], App.areas.lon[i]]);
             const b = document.getElementById('map').getBoundingClientRect();
             return [b.x + p.x, b.y + p.y]; }""",
        where,
    )
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_selector(f"tr.lit[data-area='{area}']", state="attached")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1000, 600), (375, 700)])
@pytest.mark.parametrize("view", ["my-street", "before-after"])
def test_no_name_covers_a_centre_that_would_close(visit, ground_page, width, height, view):
    page = visit(ground_page, width=width, height=height, moving=True)
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    page.click(f"nav a[href='#{view}']")
    still(page)
    covered = page.evaluate(
        """() => { const rect = (n) => n.getBoundingClientRect();
             const signs = [...document.querySelectorAll('.site.closing svg')].map(rect);
             const names = [...document.querySelectorAll('.name')].filter((n) => !n.hidden);
             return names.filter((n) => signs.some((s) => { const r = rect(n);
               return r.left < s.right - 6 && r.right > s.left + 6 && r.top < s.bottom - 6
                 && r.bottom > s.top + 6; })).map((n) => n.textContent); }"""
    )
    assert covered == []


LABELS = """(i) => {
  const [lat, lon] = [App.areas.lat[i], App.areas.lon[i]];
  App.choosePlace({ kind: 'area', label: App.areaName(i), area: i, lat, lon });
  const [map, ...labels] = [document.getElementById('map'),
    ...document.querySelectorAll('.name.trip')].map((node) => node.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && a.right > b.left + 1 &&
    a.top < b.bottom - 1 && a.bottom > b.top + 1;
  const inside = (a) => a.left >= map.left - 2 && a.right <= map.right + 2 &&
    a.top >= map.top - 2 && a.bottom <= map.bottom + 2;
  return [labels.length, labels.every(inside),
    labels.some((one, k) => labels.some((other, n) => k < n && meet(one, other)))];
}"""


def test_no_label_of_a_trip_covers_another_or_leaves_the_map(visit, rotherham_page):
    page = visit(rotherham_page, width=320, height=640)
    told = [page.evaluate(LABELS, area) for area in (100, 140, 200, 220, 260, 360, 420, 760)]
    assert sum(labels for labels, _, _ in told) >= 20
    assert [(inside, covers) for _, inside, covers in told] == [(True, False)] * len(told)


def test_a_trip_on_foot_goes_along_the_streets_where_its_way_is_known(visit, example, tmp_path):
    site = example.sites.set_index("id").loc["CC4"]
    area = example.areas.set_index("id").loc["A25"]
    bend = (area["lon"], site["lat"])
    line = shapely.LineString([(area["lon"], area["lat"]), bend, (site["lon"], site["lat"])])
    ways = pd.DataFrame({"area_id": ["A25"], "site_id": ["CC4"], "geometry": [line]})
    page = visit(write_explorer(replace(example, ways=ways, modelled=False), tmp_path / "x.html"),
                 fragment="#my-street?place=A25&kind=area")  # fmt: skip
    legend = page.inner_text("#legend")
    assert "along the streets" in legend and "a straight line" in legend, "the others' are straight"
    (trip,) = page.evaluate(
        "App.map.leaflet && Object.values(App.map.leaflet._layers).filter((l) => l.getLatLngs &&"
        " l.options.pane === 'lines' && l.options.weight === 5).map((l) => l.getLatLngs())"
        ".filter((l) => l.length > 2)"
    )
    spots = [(spot["lng"], spot["lat"]) for spot in trip[1:4]]
    assert shapely.hausdorff_distance(shapely.LineString(spots), line) < 2e-5
    page.evaluate("App.set({ mode: 'drive' })")
    assert "along the streets" not in page.inner_text("#legend")


def test_a_trip_is_drawn_as_the_straight_line_that_it_is(visit, ground_page):
    page = visit(ground_page)
    assert "straight line" not in page.inner_text("#legend")
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    assert "a straight line from your place" in page.inner_text("#legend")
