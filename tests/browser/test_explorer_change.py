"""Before and after: words, tables and map say the same."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from access import compare
from access.maps.explorer import write_explorer
from access.maps.explorer_data import _ExplorerPlan
from access.text import rise_between


@pytest.fixture
def page(visit, example_page):
    return visit(example_page, fragment="#before-after")


def impact_of(example, index: int):
    service = example.services[index]
    demand = example.areas[["id"]].assign(count=example.areas[service.count].astype(float))
    return compare(example.walk, before=service.before, after=service.after, demand=demand)


def cells(page, selector: str) -> list[list[str]]:
    return page.evaluate(
        """(s) => [...document.querySelectorAll(`${s} tbody tr`)].map(
             (tr) => [...tr.children].map((td) => td.innerText.trim()))""",
        selector,
    )


def test_the_finding_names_what_closes_and_whom_it_touches(page, example):
    summary = impact_of(example, 0).summary
    assert "keeps 3 of 5 Children's centres" in page.inner_text("#change-what")
    assert "close Northfield and Riverside" in page.inner_text("#change-what")
    longer = round(summary["lengthened"] / 10) * 10
    words = page.inner_text("#change-finding")
    assert words.startswith(f"About {longer} of about {round(summary['families'] / 10) * 10}")
    assert f"{summary['mean_minutes_change_lengthened']:.0f} minutes longer on average" in words
    assert f"{summary['mean_minutes_after']:.1f} minutes instead of" in words


def test_the_table_of_changes_adds_up(page, example):
    summary = impact_of(example, 0).summary
    rows = {row[0]: row[1] for row in cells(page, "#change-classes")}
    assert rows["No change"] == f"{summary['unchanged']:,.0f}"
    assert rows["10 minutes longer or more"] == f"{summary['lose_10_plus']:,.0f}"
    assert rows["Everyone"] == f"{summary['families']:,.0f}"


def test_worst_places_are_the_packages_worst_and_lead_to_the_map(page, example):
    worst = impact_of(example, 0).worst_areas(10)
    rows = cells(page, "#change-worst")
    assert [row[0].split(", ")[-1] for row in rows] == worst["id"].tolist()
    own = worst[["minutes_before", "minutes_after", "change_minutes"]].to_numpy(float)
    assert [int(row[4].lstrip("+")) for row in rows] == [
        rise_between(*map(float, r), 0) for r in own
    ]
    page.click("#change-worst button >> nth=0")
    page.wait_for_selector(".leaflet-popup")
    assert "After the proposal" in page.inner_text(".leaflet-popup")


LAYERS = (
    "change", "today", "after", "swipe", "deprivation", "families", "ward", "locality", "reach",
)  # fmt: skip


def test_every_map_has_a_title_words_a_legend_and_a_table(page):
    page.click("#area-table summary")
    page.locator("#area-rows tbody tr").first.wait_for()
    assert page.evaluate("App.layerKeys('before-after').sort()") == sorted(LAYERS)
    for key in LAYERS:
        page.select_option("#colour-by", key)
        for part in ("#map-title", "#map-words", "#legend"):
            assert len(page.inner_text(part)) >= 5
        rows = cells(page, "#area-rows")
        assert len(rows) == 48
        fills = page.evaluate("[...Array(48).keys()].map((i) => App.map.fillOf(i))")
        drawn = page.evaluate(
            """() => [...document.querySelectorAll('.leaflet-areas-pane path')].filter(
                 (p) => p.getAttribute('d').length > 9).map((p) => p.getAttribute('fill'))"""
        )
        assert sorted(drawn) == sorted(set(fills))
        classes = page.evaluate(
            """() => [...Array(48).keys()].map(
                 (i) => App.currentLayer.classes[App.currentLayer.classOf(i)].fill)"""
        )
        assert fills == classes
        last = page.evaluate("[...Array(48).keys()].map((i) => App.currentLayer.text(i))")
        if key not in ("change", "today", "after", "swipe", "families"):
            assert [row[-1] for row in rows] == last


def test_the_table_equals_the_map_of_extra_minutes(page, example):
    page.click("#area-table summary")
    page.locator("#area-rows tbody tr").first.wait_for()
    areas = impact_of(example, 0).areas.set_index("id")
    for row in cells(page, "#area-rows"):
        area = areas.loc[row[0][-4:-1]]
        assert int(row[2]) == round(area["minutes_before"])
        assert int(row[3]) == round(area["minutes_after"])
        assert int(row[4].lstrip("+")) == int(row[3]) - int(row[2])


def test_classes_of_the_map_by_hand(page):
    """Edges 0, 0.5, 5, 10, 15, 20, 30: the last edge that a value reaches."""
    edges = [0, 0.5, 5, 10, 15, 20, 30]
    values = [0, 0.49, 0.5, 4.99, 5, 29.9, 30, 99]
    got = page.evaluate("([e, v]) => v.map((x) => App.core.classOf(e, x))", [edges, values])
    assert got == [0, 0, 1, 1, 2, 5, 6, 6]


def test_whoever_loses_every_centre_is_in_the_title_and_in_no_average(visit, example, tmp_path):
    minutes = example.walk.to_frame()
    minutes.loc["A07", ["CC1", "CC2", "CC3"]] = np.inf
    walk = type(example.walk).from_minutes(minutes, mode="walk")
    page = visit(
        write_explorer(replace(example, walk=walk), tmp_path / "x.html"), fragment="#before-after"
    )
    assert page.inner_text("#map-title") == (
        "Some people could no longer reach any children's centre on foot"
    )
    assert "the average for all children under five who can get to one would be" in page.inner_text(
        "#change-finding"
    )
    page.click("nav a[href='#your-option']")
    words = page.inner_text("#option-headline")
    assert "15 could not reach any children's centre on foot: the average leaves them out" in words
    assert "rank 10 of 10" in page.inner_text("#option-ranks")
    assert "1 way that would leave some people without any is not drawn" in page.inner_text(
        "#option-strip"
    )
    mark = page.evaluate(
        """() => {
          const dots = [...document.querySelectorAll('.strip circle')];
          const mark = document.querySelector('.strip g path').getAttribute('transform');
          const right = Math.max(...dots.map((dot) => Number(dot.getAttribute('cx'))));
          return Number(/translate\\(([\\d.]+)/.exec(mark)[1]) >= right - 5;
        }"""
    )
    assert mark, "what is ranked last stands behind all others"


def test_a_study_of_one_service_without_parts_offers_nothing_to_choose_or_unfold(
    visit, example, tmp_path
):
    own = example.services[0]
    few = replace(
        example,
        services=(own,),
        hubs=None,
        sites=example.sites[example.sites["service"] == own.key],
        areas=example.areas.drop(columns=["ward", "locality"]),
    )
    one = visit(write_explorer(few, tmp_path / "one.html"))
    two = visit(write_explorer(replace(example, hubs=None), tmp_path / "two.html"))
    for page, shown in ((one, False), (two, True)):
        page.click("nav a[href='#before-after']")
        assert page.is_visible("#service-part") == shown
        assert page.is_visible("summary:has-text('Averages by part')") == shown
        page.click("nav a[href='#your-option']")
        assert page.is_visible("#service-part") == shown


def test_areas_of_no_known_ward_are_no_ward(visit, example, tmp_path):
    wards = example.areas["ward"].where(example.areas.index % 2 == 0, "")
    data = replace(example, areas=example.areas.assign(ward=wards))
    page = visit(write_explorer(data, tmp_path / "x.html"), fragment="#before-after")
    page.select_option("#colour-by", "ward")
    assert page.inner_text("#map-words") == "3 wards."
    hints = page.locator("#change-worst .hint").all_inner_texts()
    assert hints and not [text for text in hints if text.strip().startswith("ward")]


def test_a_number_in_a_sentence_is_not_rounded_to_another(visit, example, tmp_path):
    days = _ExplorerPlan("a", "A", ("CC1", "CC2", "CC3"), days={"CC1": 0.5})
    first = replace(example.services[0], plans=(days,))
    data = replace(
        example, threshold_minutes=12.5, thresholds_minutes=(12.5, 20.0),
        services=(first, example.services[1]),
    )  # fmt: skip
    page = visit(write_explorer(data, tmp_path / "x.html"), fragment="#before-after")
    assert "Share within 12.5 minutes" in page.inner_text("#change-figures")
    assert "+0.5 to 5" in page.inner_text("#legend"), "as in the map of the planners"
    near = example.walk.to_frame()[list(days.after)].idxmin(axis=1)
    page.evaluate("(id) => App.choosePlace(App.find(id, 8)[0])", near[near == "CC1"].index[0])
    assert "would open 0.5 days a week" in page.inner_text("#cards")


def test_a_share_is_never_all_or_none_unless_it_is(page):
    shares = [0, 1e-12, 0.001, 0.0099, 0.2, 0.991, 0.999, 1 - 1e-12, 1]
    said = page.evaluate("(shares) => shares.map((s) => App.percent(s))", shares)
    few, most = "less than 1%", "more than 99%"
    assert said == ["0%", "0%", few, few, "20%", most, most, "100%", "100%"]


def test_two_trips_that_cannot_be_made_and_a_group_of_nobody_have_no_change(
    visit, example, tmp_path
):
    minutes = example.walk.to_frame()
    minutes.loc["A00"] = np.inf
    walk = type(example.walk).from_minutes(minutes, mode="walk")
    nobody = example.areas["imd_decile"] > 8
    areas = example.areas.assign(
        children_0_4=example.areas["children_0_4"].where(~nobody, 0),
        ward=np.where(example.areas["id"] == "A00", "Alone", example.areas["ward"]),
    )
    data = replace(example, walk=walk, areas=areas, drive=None, hubs=None)
    page = visit(write_explorer(data, tmp_path / "x.html"), fragment="#before-after")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.locator("#area-rows tbody tr").first.wait_for()
    alone = next(row for row in cells(page, "#area-rows") if "A00" in row[0])
    assert alone[2:] == ["cannot be reached", "cannot be reached", "–"]
    wards = {row[0]: row[2:] for row in cells(page, "#change-groups")}
    assert wards["Alone"] == alone[2:]
    least = cells(page, "#change-fifths")[-1]
    assert [cell.strip() for cell in least[1:]] == ["0", "–", "–", "–"]
    page.select_option("#colour-by", "change")
    assert page.evaluate("App.currentLayer.text(0)") == "cannot be reached"


def test_what_the_study_says_beside_a_proposal_goes_with_it(visit, example, tmp_path):
    plans = (
        _ExplorerPlan("a", "A", ("CC1", "CC2", "CC3"), beside=("90% walk under A.",)),
        _ExplorerPlan("b", "B", ("CC1",), beside=("50% walk under B.",)),
    )
    services = (replace(example.services[0], plans=plans), example.services[1])
    file = write_explorer(replace(example, services=services), tmp_path / "x.html")
    page = visit(file, fragment="#before-after")
    for title, said in (("A", "90% walk"), ("B", "50% walk"), ("No change", "")):
        page.select_option("#plan-0", label=title)
        shown = page.inner_text("#change-figures")
        assert [text in shown for text in ("90% walk", "50% walk")] == [
            text == said for text in ("90% walk", "50% walk")
        ]
    page.select_option("#plan-0", label="A")
    page.evaluate("App.set({ speed: 3 })")
    assert "90% walk" not in page.inner_text("#change-figures"), "it is of the usual speed"


def test_unknown_deprivation_is_hatched_and_named(visit, example, tmp_path):
    areas = example.areas.assign(imd_decile=example.areas["imd_decile"].astype(float))
    areas.loc[3, "imd_decile"] = np.nan
    page = visit(write_explorer(replace(example, areas=areas), tmp_path / "x.html"))
    page.select_option("#colour-by", "deprivation")
    assert "not known" in page.inner_text("#legend")
    assert page.evaluate("App.map.fillOf(3)") == "url(#hatch-none)"
    assert page.locator(".leaflet-areas-pane path[fill='url(#hatch-none)']").count() == 1


def test_swipe_moves_with_slider_and_finger(page):
    page.select_option("#colour-by", "swipe")
    assert page.locator(".leaflet-areas-right-pane path").count() >= 1
    page.evaluate("document.getElementById('swipe').focus()")
    before = page.evaluate("document.getElementById('divider').style.left")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getElementById('divider').style.left") != before
    box = page.locator("#divider").bounding_box()
    page.mouse.move(box["x"] + 22, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 122, box["y"] + 200)
    page.mouse.up()
    moved = page.locator("#divider").bounding_box()
    assert moved["x"] == pytest.approx(box["x"] + 100, abs=8)
    assert "rect(" in page.evaluate(
        "document.querySelector('.leaflet-areas-right-pane').style.clip"
    )


def slide(page, name: str, value: float) -> None:
    page.locator(f"#{name}").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", value
    )


def test_service_mode_limit_and_speed_change_everything(page):
    def words():
        return page.inner_text("#change-finding") + page.inner_text("#change-figures")

    first = words()
    page.check("#mode-choice input[value=pram]")
    pram = words()
    assert pram != first
    assert "with a pram" in pram
    page.check("#mode-choice input[value=typical]")
    assert "by the family trip" in words()
    page.check("#mode-choice input[value=walk]")
    page.check("#service-choice input[value='1']")
    assert "young people aged 11 to 18" in words()
    page.click("#settings summary")
    page.locator("#speed").evaluate(
        "(e) => { e.value = 2.4; e.dispatchEvent(new Event('input')); }"
    )
    assert "2.4 km an hour" in page.inner_text("#speed-note")
    slide(page, "limit", 45)
    assert "Share within 45 minutes" in words()


def test_halving_the_speed_doubles_the_minutes(page, example):
    page.evaluate("App.set({ speed: 2.4 })")
    got = page.evaluate("Array.from(App.situations().today.minutes)")
    walk = example.walk.sites(list(example.services[0].before)).total_minutes.min(axis=1)
    assert got == pytest.approx((2 * walk).tolist(), abs=1e-5)


def test_fifths_are_the_packages_fifths(page, example):
    service = example.services[0]
    demand = example.areas[["id", "imd_decile"]].assign(
        count=example.areas[service.count].astype(float)
    )
    impact = compare(example.walk, before=service.before, after=service.after, demand=demand)
    table = impact.by("imd_fifth").set_index("group")
    rows = cells(page, "#change-fifths")
    expected = [f"{v:.1f}" for v in table["mean_minutes_after"].astype(float)]
    assert [row[3] for row in rows] == expected


def test_clicking_a_centre_tells_and_shows_its_reach(visit, example_page):
    page = visit(example_page, fragment="#before-after", moving=True)
    page.locator(".site svg").first.click(force=True)
    page.wait_for_selector(".leaflet-popup")
    assert page.locator(".leaflet-map-pane.leaflet-pan-anim").count() == 0, "the note stands still"
    page.click("text=Show how far people come to it")
    page.wait_for_selector("#map-title:has-text('Time to Mill Lane')")
    assert page.input_value("#colour-by") == "reach"
    assert "Time to Mill Lane Children's Centre" in page.inner_text("#map-title")


def test_a_ward_is_called_one_once_and_an_unknown_one_not_at_all(page):
    said = page.evaluate(
        """() => ['Keppel', 'Keppel ward', 'Ward 1', 'Wardley', ''].map((ward) => {
             App.areas.ward[0] = ward;
             App.areas.name[0] = 'Main Street';
             return [App.wardName(0), App.areaName(0)];
           })"""
    )
    places = ["Keppel ward", "Keppel ward", "Ward 1", "Wardley ward"]
    assert said == [*([w, f"Main Street ({w})"] for w in places), ["", "Main Street"]]


def test_a_change_is_the_difference_of_the_figures_beside_it(visit, rotherham_page):
    """As in the report, in every table of the page: rounded once, so that a reader's sum agrees."""
    page = visit(rotherham_page)
    rows = """() => [...document.querySelectorAll('main table')].flatMap((table) => {
      const heads = [...table.querySelectorAll('thead th')].map((h) => h.textContent);
      const [first, last] = [heads.findIndex((h) => /^Today/.test(h)), heads.indexOf('Change')];
      if (first < 0 || last < 0) return [];
      return [...table.querySelectorAll('tbody tr')].map((row) => {
        const said = [first, last - 1, last].map((k) => row.children[k].textContent);
        return said.map((text) => parseFloat(text.replace('\u2212', '-')));
      });
    })"""
    found = []
    for view in ("my-street", "before-after", "your-option"):
        page.evaluate("(view) => { App.choosePlace(App.find('Wath', 1)[0]); App.go(view); }", view)
        found += [row for row in page.evaluate(rows) if not any(math.isnan(x) for x in row)]
    assert len(found) > 20
    for old, now, change in found:
        assert now - old == pytest.approx(change), (old, now, change)


def test_a_change_of_less_than_a_minute_is_told_as_the_map_colours_it(visit, example_page):
    """9.4 and 9.7 are 9 and 10 minutes, 9.5 and 10.4 both 10: neither is +1, nor none."""
    page = visit(example_page)
    cases = [[9.4, 9.7], [9.5, 10.4], [10.4, 9.5], [9.1, 9.2], [9.4, 20.6], [9.4, 9.4]]
    told = page.evaluate("(cases) => cases.map(([a, b]) => App.tripChange(a, b))", cases)
    assert told == ["+0.3", "+0.9", "\u22120.9", "0", "+12", "0"]
