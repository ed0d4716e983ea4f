"""My street: the first thing on the page, answered in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _example_data


@pytest.fixture(scope="module")
def postcode_page(example, tmp_path_factory):
    postcodes = pd.DataFrame(
        {
            "postcode": ["EX1 1AA", "EX1 1AB", "EX1 2ZZ"],
            "lon": example.areas["lon"].to_numpy()[[0, 1, 40]],
            "lat": example.areas["lat"].to_numpy()[[0, 1, 40]],
            "area_id": ["A00", "A01", "A40"],
        }
    )
    path = tmp_path_factory.mktemp("postcodes") / "explorer.html"
    return write_explorer(replace(example, postcodes=postcodes), path)


CENTRES = "#cards [data-service=childrens_centre]"


def look_up(page, text: str) -> None:
    page.fill("#place", text)
    page.press("#place", "Enter")


# Wrong inputs first.


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type a postcode or the name of a place."),
        ("Atlantis", "We could not find “Atlantis” in Exampleton."),
        ("EX9 9XX", "We could not find the postcode EX9 9XX in Exampleton."),
        ("<img src=x onerror=alert(1)>", "We could not find “<img src=x onerror=alert(1)>”"),
    ],
)
def test_what_cannot_be_found_is_said_and_the_box_keeps_the_focus(
    visit, postcode_page, typed, said
):
    page = visit(postcode_page)
    look_up(page, typed)
    assert said in page.inner_text("#place-message")
    assert page.get_attribute("#place", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "place"
    assert page.is_hidden("#street-results")


def test_without_postcodes_the_page_says_so(visit, example_page):
    page = visit(example_page)
    look_up(page, "S60 1AE")
    assert "holds no postcodes" in page.inner_text("#place-message")


def test_a_point_outside_is_refused_in_words(visit, example_page):
    page = visit(example_page)
    page.evaluate("App.pointChosen(51.5, -0.1)")
    assert "outside Exampleton" in page.inner_text("#place-message")


def test_a_device_that_will_not_say_where_it_is(visit, example_page):
    page = visit(example_page)
    page.click("#locate")
    page.wait_for_selector("#place-message .error")
    assert "Type a postcode or place instead" in page.inner_text("#place-message")


# What is found.


@pytest.mark.parametrize("typed", ["EX1 1AA", "ex11aa", " ex1  1aa "])
def test_a_postcode_is_found_however_it_is_typed(visit, postcode_page, typed):
    page = visit(postcode_page)
    look_up(page, typed)
    assert page.inner_text("#place-title") == "For EX1 1AA"
    assert page.evaluate("App.data.areas.id[App.state.place.area]") == "A00"


def test_every_packed_postcode_comes_back_where_it_was(visit, postcode_page):
    page = visit(postcode_page)
    found = page.evaluate("App.find('EX1', 8).map((p) => [p.label, App.data.areas.id[p.area]])")
    assert found == [["EX1 1AA", "A00"], ["EX1 1AB", "A01"], ["EX1 2ZZ", "A40"]]
    (place,) = page.evaluate("App.find('EX1 2ZZ', 8)")
    area = _example_data().areas.set_index("id").loc["A40"]
    assert (place["lon"], place["lat"]) == pytest.approx((area["lon"], area["lat"]), abs=1e-4)


def test_the_words_say_today_after_and_the_difference(visit, example, example_page):
    """Area A25 by hand: nearest today is CC4 (closes), afterwards CC1 or CC2."""
    page = visit(example_page)
    look_up(page, "A25")
    walk = example.walk.to_frame().loc["A25"]
    today, after = walk[["CC1", "CC2", "CC3", "CC4", "CC5"]], walk[["CC1", "CC2", "CC3"]]
    assert today.idxmin() == "CC4"
    words = page.inner_text(f"{CENTRES} .finding")
    names = example.sites.set_index("id")["name"]
    assert f"{names['CC4']}, is {today.min():.0f} minutes away on foot" in words
    assert f"{names[after.idxmin()]}, {after.min():.0f} minutes away" in words
    assert f"{round(after.min()) - round(today.min())} minutes longer, each way" in words
    second = after.drop(after.idxmin())
    assert f"{names[second.idxmin()]}, {second.min():.0f} minutes" in page.inner_text("#cards")


def test_every_way_of_travelling_has_its_row(visit, example, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    rows = page.locator(f"{CENTRES} tbody tr").all_inner_texts()
    cells = [re.split(r"\t", row) for row in rows]
    assert [c[0] for c in cells] == ["On foot", "With a pram", "By car", "By bus"]
    walk = example.walk.to_frame().loc["A25", ["CC1", "CC2", "CC3", "CC4", "CC5"]].min()
    drive = example.drive.to_frame().loc["A25", ["CC1", "CC2", "CC3", "CC4", "CC5"]].min()
    assert [int(re.match(r"\d+", c[1])[0]) for c in cells[:3]] == [
        round(walk), round(walk * 4.8 / 3.6), round(drive),
    ]  # fmt: skip


def test_nothing_changes_is_said_as_plainly(visit, example_page):
    page = visit(example_page)
    look_up(page, "A00")
    card = page.inner_text(CENTRES)
    assert "No change" in card
    assert "would still be Mill Lane Children's Centre" in card


def test_a_centre_that_cannot_be_walked_to_is_never_a_number(visit, example, tmp_path):
    minutes = example.walk.to_frame()
    minutes.loc["A00"] = float("inf")
    minutes.loc["A07", ["CC1", "CC2", "CC3"]] = float("inf")
    walk = type(example.walk).from_minutes(minutes, mode="walk")
    page = visit(write_explorer(replace(example, walk=walk, drive=None), tmp_path / "x.html"))
    look_up(page, "A00")
    words = page.inner_text(CENTRES)
    assert "We found no children's centre that you could get to on foot" in words
    assert "cannot be reached" in words
    look_up(page, "A07")
    assert "Afterwards we found no children's centre" in page.inner_text("#cards")
    page.click("nav a[href='#before-after']")
    assert "Could no longer get there" in page.inner_text("#change-classes")
    assert "cannot be reached" in page.inner_text("#legend")


def unreached(example, tmp_path, **changes):
    """Write the page of a town where A00 reaches the library alone, and A07 what closes."""
    minutes = example.walk.to_frame()
    minutes.loc["A00", [c for c in minutes if c != "L1"]] = float("inf")
    minutes.loc["A07", ["CC1", "CC2", "CC3", "L1"]] = float("inf")
    walk = type(example.walk).from_minutes(minutes, mode="walk")
    return write_explorer(replace(example, walk=walk, **changes), tmp_path / "unreached.html")


def test_a_centre_reached_for_the_first_time_or_no_more_is_said_in_whole_sentences(
    visit, example, tmp_path
):
    first = replace(example.services[0], after=("CC1", "CC2", "L1"))
    sites = example.sites[example.sites["service"] == first.key]
    page = visit(unreached(example, tmp_path, services=(first,), sites=sites, hubs=None))
    look_up(page, "A00")
    assert re.fullmatch(
        r"From A00, the nearest children's centre would be about \d+ minutes away on foot, or "
        r"about \d+ minutes by car. Today we found none that you could get to.",
        page.inner_text("#answer"),
    )
    words = page.inner_text(f"{CENTRES} .finding")
    assert words.startswith("Today we found no children's centre that you could get to on foot. ")
    assert "would be Central Library, " in words
    assert page.inner_text(f"{CENTRES} .tag") == "Could now get there"
    page.evaluate("App.changeOption((o) => o.hubs.clear(), '')")
    for part in (CENTRES, "#option-street"):
        assert "we found no children's centre that you could get to on foot" in page.inner_text(
            part
        )
        if part == CENTRES:
            assert "With your own option we found no" in page.inner_text(part)
        page.evaluate("App.go('your-option')")
    page.evaluate("App.go('my-street')")
    look_up(page, "A07")
    assert re.search(
        r"any children's centre on foot. Today the nearest is about 8 minutes away. Another way, "
        r"the nearest would be about \d+ minutes? by car.$",
        page.inner_text("#answer"),
    )
    assert page.inner_text(f"{CENTRES} .tag") == "Could no longer get there"


def test_the_same_centre_further_away_by_bus_is_a_longer_trip(visit, example_page):
    page = visit(example_page)
    key = """([before, after]) => {
      const was = App.core.situationOf;
      const way = { site: 0, secondSite: -1 };
      App.core.situationOf = (model, service, mode, speed, area, open) =>
        ({ ...way, minutes: open === service.before ? before : after });
      const { key, tone } = App.streetWords(App.model.services[0], 0);
      App.core.situationOf = was;
      return [key, tone];
    }"""
    assert page.evaluate(key, [14, 18]) == ["street_longer", "longer"]
    assert page.evaluate(key, [18, 14]) == ["street_shorter", "shorter"]
    assert page.evaluate(key, [14, 14.3]) == ["street_same", "same"]


def test_a_trip_is_never_said_to_be_as_long_instead_of_as_long(visit, example_page):
    """10.6 and 11.4 minutes are told as 11: another centre, about as far away."""
    page = visit(example_page)
    key = """([before, after]) => {
      const was = App.core.situationOf;
      const ways = [{ site: 0, minutes: before }, { site: 1, minutes: after }];
      App.core.situationOf = (model, service, mode, speed, area, open) =>
        ({ secondSite: -1, ...ways[open === service.before ? 0 : 1] });
      const found = App.streetWords(App.model.services[0], 0);
      App.core.situationOf = was;
      return [found.key, found.answer, found.values.before === found.values.after];
    }"""
    assert page.evaluate(key, [10.6, 11.4]) == ["street_longer", "answer_moved", True]
    assert page.evaluate(key, [11.4, 10.6]) == ["street_shorter", "answer_moved", True]
    assert page.evaluate(key, [10.4, 11.4]) == ["street_longer", "answer_longer", False]


def test_a_neighbour_s_centre_is_walked_to_as_slowly_as_one_s_own(visit, example, tmp_path):
    near = pd.DataFrame(
        {"area_id": example.areas["id"], "service": "childrens_centre", "minutes": 20.0,
         "name": "Over the Border"}
    )  # fmt: skip
    page = visit(write_explorer(replace(example, neighbours=near), tmp_path / "x.html"))
    own = example.walk.to_frame()[list(example.services[0].after)].min(axis=1)
    area = own[(own > 12) & (own < 19)].index[0]
    look_up(page, area)
    assert "Over the Border" not in page.inner_text(CENTRES)
    page.evaluate("App.set({ speed: 2.4 })")
    assert "Over the Border" not in page.inner_text(CENTRES)
    look_up(page, own[own > 25].index[0])
    assert "Over the Border, about 40 minutes on foot" in page.inner_text(CENTRES)


def test_a_place_far_from_all_homes_is_no_place_to_choose(visit, example, tmp_path):
    places = pd.concat(
        [
            example.places,
            pd.DataFrame({"name": ["Faraway"], "lon": [-1.1], "lat": [53.6], "rank": [1]}),
        ]
    )
    page = visit(write_explorer(replace(example, places=places), tmp_path / "x.html"))
    assert page.locator("#place-buttons button").all_inner_texts() == [
        "Exampleton", "Little Example", "Upper Example",
    ]  # fmt: skip
    file = write_explorer(replace(example, places=places.iloc[::-1]), tmp_path / "y.html")
    assert "Faraway" not in visit(file).inner_text("#place-hint")


def test_the_map_draws_a_line_to_each_centre(visit, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    labels = page.locator(".name.trip").all_inner_texts()
    assert any("Northfield – today" in label for label in labels)
    assert any("– after" in label for label in labels)
    assert page.locator(".leaflet-lines-pane path").count() >= 4


def test_clicking_the_map_answers_for_that_street(visit, example_page):
    page = visit(example_page)
    where = page.evaluate(
        """() => { const i = App.data.areas.id.indexOf('A26');
             return App.map.leaflet.latLngToContainerPoint(
               [App.areas.lat[i], App.areas.lon[i]]); }"""
    )
    page.locator("#map").click(position=where)
    assert page.inner_text("#place-title").startswith("For ")
    assert page.evaluate("App.data.areas.id[App.state.place.area]") == "A26"
    assert page.locator("#cards article").count() == 2


def test_device_location_answers_and_stays_in_the_page(visit, example, example_page):
    area = example.areas.set_index("id").loc["A25"]
    page = visit(
        example_page, permissions=["geolocation"],
        geolocation={"longitude": float(area["lon"]), "latitude": float(area["lat"])},
    )  # fmt: skip
    page.click("#locate")
    page.wait_for_selector("#cards article")
    assert page.evaluate("App.data.areas.id[App.state.place.area]") == "A25"


def test_a_place_button_and_looking_up_another(visit, example_page):
    page = visit(example_page)
    page.click("#place-buttons button:has-text('Upper Example')")
    assert page.inner_text("#place-title") == "For Upper Example"
    assert page.is_hidden("#places")
    page.click("#forget-place")
    assert page.is_hidden("#street-results")
    assert page.is_visible("#places")


def test_what_if_it_stayed_open_goes_to_the_option_with_it_kept(visit, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    page.click("button:has-text('What if Northfield stayed open?')")
    assert page.is_visible("#your-option")
    kept = page.evaluate("[...App.state.option.keep].map((i) => App.data.sites[i].id)")
    assert "CC4" in kept
    assert "CC5" not in kept
    assert "From A25" in page.inner_text("#option-street")


def test_real_postcodes_find_their_output_area(visit, beside, shared_data, tmp_path):
    path = shared_data("rotherham/rotherham_postcodes_codepoint_nov2025.csv")
    data = beside("rotherham_case").rotherham_data(path)
    page_file = write_explorer(data, tmp_path / "explorer.html")
    assert page_file.stat().st_size <= 1_500_000
    page = visit(page_file)
    sample = data.postcodes.sample(60, random_state=1)
    for code, area in zip(sample["postcode"], sample["area_id"], strict=True):
        got = page.evaluate("(c) => App.find(c, 8).map((p) => App.data.areas.id[p.area])", code)
        assert got == [area]
