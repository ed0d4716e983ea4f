"""The pages of a study whose every text is hostile: no script of it runs, all of it can be read."""

from __future__ import annotations

import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.maps.planner_map import PlannerMap
from access.run import measure_study
from access.study import load_study
from tests.hostile import hostile_study

#: Notes the words of every tooltip that comes up.
HEAR = """() => {
  const pane = document.querySelector('.leaflet-tooltip-pane');
  window.told = '';
  new MutationObserver(() => { window.told += pane.innerText; })
    .observe(pane, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    study = load_study(hostile_study(folder / "study", folder / "marker"))
    results = measure_study(study, network=None, keep=False)
    (folder / "map.html").write_text(PlannerMap.of_study(results).page(), "utf-8")
    PlannerMap.of_study(results).fmap.save(str(folder / "notebook.html"))
    write_explorer(explorer_data(results), folder / "explorer.html")
    assert not (folder / "marker").exists()
    return folder


@pytest.mark.parametrize("name", ["map.html", "notebook.html"])
def test_the_planners_map_shows_hostile_names_as_text(opened, hostile, name):
    page = opened(hostile / name, wait=".leaflet-interactive, canvas")
    assert "{{ 7*7 }}" in page.inner_text("#key h1")
    markers = page.locator(".leaflet-marker-icon.leaflet-interactive")
    for k in range(markers.count()):
        markers.nth(k).dispatch_event("mouseover")
    box = page.locator(".leaflet-container").bounding_box()
    page.evaluate(HEAR)
    for x in range(10, int(box["width"]), 90):
        for y in range(10, int(box["height"]), 90):
            page.mouse.move(box["x"] + x, box["y"] + y)
    assert "{{ 7*7 }}" in page.evaluate("window.told")
    assert page.locator("img").count() == 0
    assert page.heard == []


def test_the_maps_policy_lets_no_other_script_run(opened, hostile):
    page = opened(hostile / "map.html", wait=".leaflet-interactive, canvas")
    page.evaluate(
        """() => {
          const inner = document.createElement('div');
          inner.innerHTML = '<svg onload="window.ran = 1"></svg><img src=x onerror="ran = 1">';
          document.body.append(inner);
          const script = document.createElement('script');
          script.textContent = 'window.ran = 1';
          document.body.append(script);
        }"""
    )
    page.wait_for_function("() => document.querySelector('img').complete")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in words for words in page.heard)


def test_the_explorer_shows_hostile_names_as_text(opened, hostile):
    page = opened(hostile / "explorer.html", wait="body[data-ready]")
    assert "{{ 7*7 }}" in page.inner_text("h1")
    for view in ("before-after", "your-option", "about", "my-street"):
        page.click(f"nav a[href='#{view}']")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for words in ("{{ 7*7 }}", "<img src=x", "__proto__", "$x_{"):
        page.fill("#place", words)
        page.press("#place", "Enter")
    assert page.locator("img").count() == 0
    assert page.heard == []
