"""Find my street: spelt in any way, and asked back where it could be another."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from access.maps.explorer import write_explorer

NAMES = [
    ("Mill Lane", "street", "West Example", 9), ("Mill Lane", "street", "East Example", 14),
    ("Stryd Fawr", "street", "Llanfair", 18), ("Llanfair Dyffryn Clwyd", "village", "", 18),
    ("Ynys Môn", "locality", "", 20), ("شارع النيل", "street", "", 21),
    ("北京路", "street", "", 22),
    ("St Ann's Road", "street", "", 25), ("Hilltop", "locality", "", 27),
    ("Hilltop Primary School", "school", "", 28), ("Łódź Street", "street", "", 30),
    ("<img src=x onerror=alert(1)>", "street", "", 31),
]  # fmt: skip


@pytest.fixture(scope="module")
def named_page(example, tmp_path_factory):
    at = example.areas
    names = pd.DataFrame(
        [(n, k, w, at["lon"].iloc[i], at["lat"].iloc[i]) for n, k, w, i in NAMES],
        columns=["name", "kind", "within", "lon", "lat"],
    )
    codes = [f"EX1 {s}{a}{b}" for s in (1, 2) for a in "ABD" for b in "EFG"]
    rows = at.iloc[: len(codes)]
    postcodes = pd.DataFrame(
        {"postcode": codes, "lon": rows["lon"], "lat": rows["lat"], "area_id": rows["id"]}
    )
    path = tmp_path_factory.mktemp("named") / "explorer.html"
    return write_explorer(replace(example, names=names, postcodes=postcodes), path)


SURE = {
    "EX1 1AE": "EX1 1AE", "exi iae": "EX1 1AE", "ex11ae": "EX1 1AE",
    "Hilltop": "Hilltop", "HILLTOP ": "Hilltop", "ynys mon": "Ynys Môn",
    "mill lane east example": "Mill Lane, East Example", "Mill Ln, West Example":
    "Mill Lane, West Example", "saint anns rd": "St Ann's Road", "lodz st": "Łódź Street",
    "شارع النيل": "شارع النيل", "北京路": "北京路", "Ward 1": "Ward 1",
    "Llanfair": "Llanfair Dyffryn Clwyd",
    "A25": "A25", "12 Mill Ln, West Example": "Mill Lane, West Example",
    "Flat 3, 12a Mill Lane, East Example": "Mill Lane, East Example",
    "Hilltop, Exampleton": "Hilltop", "EX1 1AE, Hilltop": "EX1 1AE", "4 ex1 1ae": "EX1 1AE",
}  # fmt: skip
ASKED = {
    "EX1": "EX1 1", "EX1 1A": "EX1 1AE", "EX1 1AZ": "EX1 1AE",
    "Mill Lane": "Mill Lane, East Example",
    "Hiltop Primary": "Hilltop Primary School",
    "Hilltop Primary School": "Hilltop Primary School",
    "Lanfair": "Llanfair Dyffryn Clwyd",
    "stryd fawl": "Stryd Fawr, Llanfair", "Mill Lane Children's Centre":
    "Mill Lane Children's Centre", "Uper Exampel": "Upper Example", "Central Library":
    "Central Library", "النيل": "شارع النيل", "EX1 1AE or EX1 1AF": "EX1 1AE",
    "Hilltop Comprehensive": "Hilltop", "14 Mill Lane": "Mill Lane, East Example",
    "Hilltop school": "Hilltop Primary School",
}  # fmt: skip


def test_what_can_be_one_thing_only_is_taken_and_all_else_is_asked(loaded, named_page):
    page = loaded(named_page)
    find = "(text) => { const f = App.find(text, 8); return [f[0].label, App.surely(f)?.label]; }"
    taken = {text: page.evaluate(find, text) for text in SURE}
    assert {text: sure for text, (_, sure) in taken.items()} == SURE
    asked = {text: page.evaluate(find, text) for text in ASKED}
    assert {text: found for text, (found, _) in asked.items()} == ASKED
    assert [sure for _, sure in asked.values()] == [None] * len(ASKED)
    for nothing in ("Timbuktu", "Lane", "ZZ9 9ZZ Somewhere", "\u0000", "x" * 500):
        assert page.evaluate("(t) => App.surely(App.find(t, 8))", nothing) is None
    assert page.evaluate("App.find('Timbuktu', 8)") == []


def test_a_beginning_is_narrowed_and_the_focus_never_lost(visit, named_page):
    page = visit(named_page)
    page.fill("#place", "EX1")
    page.press("#place", "Enter")
    assert "EX1 is the beginning of 18 postcodes" in page.inner_text("#place-message")
    assert page.is_hidden("#street-results")
    focus = "document.activeElement.id"
    assert page.evaluate(focus) == "place"
    page.click(".asked button:has-text('EX1 2')")
    assert page.evaluate(focus) == "place"
    assert page.locator(".asked button").count() == 9
    page.click(".asked button:has-text('EX1 2DG')")
    assert page.inner_text("#place-title") == "For EX1 2DG"
    assert page.evaluate(focus) == "place-title"
    assert page.locator(".asked").count() == 0


def test_two_of_one_name_that_lie_far_apart_are_both_offered_and_told_apart(
    visit, example, tmp_path
):
    at = example.areas.set_index("id")
    rows = [("Newton", "village", "A00"), ("Newton", "village", "A47"), ("Newton", "hamlet", "A47"),
            ("St Ann's School", "school", "A02"), ("St Ann's School", "school", "A45")]  # fmt: skip
    names = pd.DataFrame(
        [(n, k, "", at.loc[i, "lon"], at.loc[i, "lat"]) for n, k, i in rows],
        columns=["name", "kind", "within", "lon", "lat"],
    )
    places = pd.DataFrame({"name": ["Newton"], "lon": [at.loc["A47", "lon"]],
                           "lat": [at.loc["A47", "lat"]], "rank": [1]})  # fmt: skip
    sites = example.sites.assign(name=[*example.sites["name"][:7], "Hall", "Hall"])
    data = replace(example, names=names, places=places, sites=sites)
    page = visit(write_explorer(data, tmp_path / "x.html"), own=True)
    find = "(text) => App.find(text, 8).map((p) => [p.label, App.areas.id[p.area], !!p.sure])"
    assert page.evaluate(find, "newton") == [
        ["Newton, Ward 1", "A00", True], ["Newton, Ward 3", "A47", True]
    ]  # fmt: skip
    assert page.evaluate("App.surely(App.find('Newton', 8))") is None
    schools = page.evaluate(find, "St Anns School")
    assert [area for _, area, _ in schools] == ["A02", "A45"]
    assert len({label for label, _, _ in schools}) == 2
    assert len(page.evaluate(find, "Hall")) == 2
    page.click("#place-buttons button")
    page.wait_for_function("() => location.hash.includes('place=')")
    page.reload()
    page.wait_for_selector("#cards article")
    assert page.evaluate("App.areas.id[App.state.place.area]") == "A47"
    assert page.inner_text("#place-title") == "For Newton, Ward 3"


def test_a_sector_of_a_short_district_is_no_beginning_of_a_longer_one(visit, example, tmp_path):
    codes = [f"{s}{a}E" for s in ("LS1 1", "LS11 0", "LS11 2", "S66 7") for a in "ABDEFGHJLN"]
    rows = example.areas.iloc[: len(codes)]
    postcodes = pd.DataFrame(
        {"postcode": codes, "lon": rows["lon"], "lat": rows["lat"], "area_id": rows["id"]}
    )
    page = visit(write_explorer(replace(example, postcodes=postcodes), tmp_path / "x.html"))
    offered = "(text) => [...new Set(App.find(text, 8).map((one) => one.label.slice(0, 6)))]"
    assert page.evaluate(offered, "ls1 1") == ["LS1 1A", *[f"LS1 1{a}" for a in "BDEFGHJLN"]]
    for typed in ("LS11", "LS1"):
        assert page.evaluate(offered, typed) == ["LS1 1", "LS11 0", "LS11 2"]
    assert page.evaluate(offered, "LS11 2")[0] == "LS11 2"
    assert page.evaluate(offered, "S6 6")[0] == "S66 7A", "where there is no such sector"
    page.fill("#place", "LS11")
    page.press("#place", "Enter")
    page.click(".asked button:has-text('LS1 1')")
    assert "LS1 1 is the beginning of 10 postcodes" in page.inner_text("#place-message")
    page.click(".asked button:has-text('LS1 1BE')")
    assert page.inner_text("#place-title") == "For LS1 1BE"


def test_a_building_is_asked_for_and_then_answered_as_one(visit, named_page):
    page = visit(named_page)
    page.fill("#place", "hilltop school")
    page.press("#place", "Enter")
    assert "Did you mean" in page.inner_text("#place-message")
    assert page.is_hidden("#street-results")
    page.click(".asked button:has-text('Hilltop Primary School')")
    assert "near Hilltop Primary School" in page.inner_text("#place-where")


def test_a_hostile_street_is_offered_as_text(visit, named_page):
    page = visit(named_page)
    page.fill("#place", "<img src=x")
    page.press("#place", "Enter")
    assert "<img src=x onerror=alert(1)>" in page.inner_text(".asked")
    assert page.locator(".asked img").count() == 0
    page.click(".asked button")
    assert page.inner_text("#place-title") == "For <img src=x onerror=alert(1)>"


def test_the_label_follows_the_index(loaded, named_page, example_page):
    assert (
        loaded(named_page).inner_text("label[for=place]") == "Your postcode, street, place or ward"
    )
    assert (
        loaded(example_page).inner_text("label[for=place]") == "Your place, ward or nearest centre"
    )
