"""The planners' map: for everyone, on every width, with its boundary, names, badge and key."""

from __future__ import annotations

import pytest

from access.maps.planner_map import PlannerMap
from access.run import measure_study
from tests.browser.test_explorer_everyone import violations
from tests.small import SOUTH, WEST, small_study

PROPOSAL = """
[proposals.four_to_three]
title = "Clubs from 4 to 3"
service = "club"
close = ["C2"]
"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planner")
    small_study(folder / "s", services={"club": 4}, proposals=PROPOSAL)
    settings = folder / "s" / "study.toml"
    text = settings.read_text("utf-8").replace("[study]\n", '[study]\noutline = "o.csv"\n')
    settings.write_text(text, encoding="utf-8")
    corners = [(-0.01, -0.01), (0.06, -0.01), (0.06, 0.04), (-0.01, 0.04)]
    rows = "".join(f"{WEST + x},{SOUTH + y}\n" for x, y in corners)
    (folder / "s" / "o.csv").write_text("lon,lat\n" + rows, encoding="utf-8")
    from access.study import load_study

    results = measure_study(load_study(folder / "s"), network=None, keep=False)
    (folder / "map.html").write_text(PlannerMap.of_study(results).page(), encoding="utf-8")
    return folder / "map.html"


@pytest.fixture
def planners(opened, page_file):
    """Open the planners' map at a width."""
    ready = "#layers .leaflet-control-layers"

    def go(width: int, **options):
        return opened(page_file, wait=ready, width=width, **options)

    return go


@pytest.mark.parametrize("width", [1366, 375])
def test_axe_finds_nothing_on_the_map(planners, axe, width):
    page = planners(width, bypass_csp=True)
    assert violations(page, axe) == []
    assert page.get_attribute("html", "lang") == "en"
    assert page.title() == "A made-up study: the planners' map"


@pytest.mark.parametrize("width", [1366, 375, 320])
def test_the_key_lies_beside_or_below_the_map_and_never_over_it(planners, width):
    page = planners(width)
    key, chart = (page.locator(n).bounding_box() for n in ("#key", ".folium-map"))
    beside = key["x"] + key["width"] <= chart["x"] + 1
    assert beside or chart["y"] + chart["height"] <= key["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert chart["height"] > 400
    both = (".furniture", ".leaflet-control-scale")
    badge, scale = (page.locator(n).bounding_box() for n in both)
    aside = badge["x"] >= scale["x"] + scale["width"]
    assert aside or badge["y"] + badge["height"] <= scale["y"]
    assert page.heard == []


def test_every_sign_says_its_name_and_what_becomes_of_it(planners):
    page = planners(1366)
    buttons = page.get_by_role("button", name="Club house 2, closes")
    assert buttons.count() == 1
    assert page.get_by_role("button", name="Club house 1, stays open").count() == 1
    page.get_by_role("button", name="Club house 2, closes").focus()
    assert "Club house 2" in page.inner_text(".leaflet-tooltip")


def test_boundary_and_streets_are_drawn_as_what_they_are(planners):
    page = planners(1366)
    assert page.locator(".leaflet-ground-pane canvas").count() == 1
    assert page.inner_text(".badge") == "Modelled streets: times are estimates"
    assert "no real streets" in page.inner_text("#key")
    assert "not their boundaries" in page.inner_text("#key")


def test_the_key_has_no_class_that_the_map_has_not(planners):
    page = planners(1366)
    labels = page.locator("#key li:has(.swatch)").all_inner_texts()
    assert labels[0] == "no change"
    assert "cannot be reached" not in labels
    assert "less than today" not in labels
