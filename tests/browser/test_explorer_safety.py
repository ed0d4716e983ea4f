"""Honest and safe: nothing leaves, nothing is markup, nothing small is shown."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from access.disclosure import hidden_beside_total
from access.maps.explorer import write_explorer
from tests.browser.test_explorer_everyone import still

TILES = "https://tile.openstreetmap.org/"
ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
NASTY = "<script>alert(1)</script>"
NASTIER = "\"'><img src=x onerror=alert(1)>{{t:skip}}</script><b>&amp;\u2028"


@pytest.fixture(scope="module")
def nasty_page(example, tmp_path_factory):
    sites = example.sites.copy()
    sites.loc[0, "name"] = NASTY
    sites.loc[3, ["name", "address"]] = [NASTIER, NASTIER]
    candidates = example.candidates.assign(name=[NASTY, NASTIER])
    places = example.places.assign(name=[NASTY, NASTIER, "Plain"])
    areas = example.areas.assign(ward=NASTIER, locality=NASTY)
    services = (replace(example.services[0], title=NASTY, people=NASTIER), example.services[1])
    data = replace(
        example, title=NASTY, place=NASTIER, sites=sites, candidates=candidates, places=places,
        areas=areas, services=services, assumptions=(NASTY, NASTIER), as_of=NASTIER,
        attributions=(NASTY,), vintages=(NASTIER,), weights_note=NASTY,
    )  # fmt: skip
    return write_explorer(data, tmp_path_factory.mktemp("nasty") / "explorer.html")


def test_a_centre_called_script_is_shown_as_text(visit, nasty_page):
    page = visit(nasty_page, own=True)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    assert page.inner_text("h1") == NASTY
    page.fill("#place", "A00")
    page.press("#place", "Enter")
    assert NASTY in page.inner_text("#cards")
    page.locator(".site svg").first.click(force=True)
    for view in ("before-after", "your-option", "about"):
        page.click(f"nav a[href='#{view}']")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        for key in page.evaluate(
            "[...document.getElementById('colour-by').options].map((o) => o.value)"
        ):
            if view != "about":
                page.select_option("#colour-by", key)
    page.click("nav a[href='#your-option']")
    page.fill("#option-name", NASTY)
    page.fill("#option-reason", NASTIER)
    page.click("#note-form button")
    assert NASTY in page.inner_text("#log-rows")
    assert asked == []
    assert page.locator("img").count() == 0
    assert page.locator("main script, header script").count() == 0
    assert NASTIER.replace("\u2028", "").split("{{")[0] in page.inner_text("#about")


def test_the_policy_stops_scripts_requests_and_pictures(visit, example_page):
    page = visit(example_page)
    ran = page.evaluate(
        """async () => {
          const out = { script: false, fetch: 'sent', image: 'sent' };
          const script = document.createElement('script');
          script.textContent = 'window.ranAnyway = true';
          document.body.append(script);
          out.script = Boolean(window.ranAnyway);
          await fetch('https://example.org/').catch(() => { out.fetch = 'refused'; });
          await new Promise((done) => {
            const image = new Image();
            image.onerror = () => { out.image = 'refused'; done(); };
            image.onload = done;
            image.src = 'https://example.org/a.png';
          });
          return out;
        }"""
    )
    assert ran == {"script": False, "fetch": "refused", "image": "refused"}
    assert len(page.faults) >= 3
    refused = [fault for fault in page.faults if "Content Security Policy" in fault]
    assert len(refused) >= 3
    page.faults.clear()


def test_a_whole_visit_asks_for_nothing_and_leaves_nothing_behind(visit, example_page):
    page = visit(example_page, moving=True)  # `visit` fails on any request but the page itself
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    for view in ("before-after", "your-option", "about", "my-street"):
        page.click(f"nav a[href='#{view}']")
    page.evaluate("App.map.leaflet.setZoom(15)")
    still(page)
    kept = page.evaluate(
        """() => [document.cookie, localStorage.length, sessionStorage.length,
                  performance.getEntriesByType('resource').length]"""
    )
    assert kept == ["", 0, 0, 0]


def test_offline_pages_have_no_tiles_and_online_ones_only_that_host(visit, example, example_page,
                                                                    tmp_path):  # fmt: skip
    page = visit(example_page)
    assert page.locator("#show-tiles").count() == 0
    online = write_explorer(example, tmp_path / "online.html", online_tiles=True)
    page = visit(online, allow=TILES, own=True)
    assert "© OpenStreetMap contributors" in page.inner_text(".credits")
    asked = []

    def serve(route):
        asked.append(route.request.url)
        route.fulfill(status=200, content_type="image/png", body=ONE_PIXEL)

    page.context.route(f"{TILES}**", serve)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert not asked
    page.click(".map-more summary")
    with page.expect_response(f"{TILES}**"):
        page.check("#show-tiles")
    assert asked
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    assert page.locator("#cards article").count() == 2


@pytest.fixture(scope="module")
def small(example):
    counts = example.areas["children_0_4"].to_numpy().copy()
    counts[:6] = [0, 1, 2, 3, 4, 5]
    return replace(example, areas=example.areas.assign(children_0_4=counts))


def test_counts_of_one_to_four_are_hidden_everywhere(visit, small, tmp_path):
    page = visit(write_explorer(small, tmp_path / "x.html"), fragment="#before-after")
    page.click("#area-table summary")
    page.locator("#area-rows tbody tr").first.wait_for()
    shown = page.evaluate(
        """() => [...document.querySelectorAll('#area-rows tbody tr')].slice(0, 6).map(
             (tr) => tr.children[1].innerText)"""
    )
    assert shown == ["0", "[c]", "[c]", "[c]", "[c]", "5"]
    assert "hidden so that it cannot point at any family" in page.inner_text("#before-after")
    page.select_option("#colour-by", "families")
    assert page.evaluate("App.currentLayer.text(1)") == "[c]"


def test_a_small_count_is_not_given_away_by_the_total(visit, example_page):
    page = visit(example_page)
    cases = {
        (3, 40, 12): [True, False, True],
        (3, 2, 12): [True, True, False],
        (0, 40, 12): [False, False, False],
        (4, 0, 0): [True, False, False],
    }
    for counts, expected in cases.items():
        got = page.evaluate("(c) => App.core.suppressed(c, 5, true)", list(counts))
        assert got == expected, counts


def test_counts_that_are_not_open_are_pooled_in_the_file_itself(visit, small, tmp_path):
    page = visit(write_explorer(replace(small, counts_open=False), tmp_path / "x.html"))
    counts = page.evaluate("Array.from(App.model.services[0].counts).slice(0, 6)")
    pooled = small.areas["children_0_4"]
    pooled = pooled[(pooled > 0) & (pooled < 5)]
    assert counts == pytest.approx([0, *[pooled.mean()] * 4, 5])
    total = page.evaluate("Array.from(App.model.services[0].counts).reduce((a, b) => a + b)")
    assert total == pytest.approx(small.areas["children_0_4"].sum())


def test_what_is_modelled_assumed_and_approximate_is_said(visit, example_page):
    page = visit(example_page)
    assert page.is_visible(".badge")
    assert "They are not boundaries" in page.inner_text(".credits")
    page.click("nav a[href='#about']")
    about = page.inner_text("#about")
    for words in ("The town is invented.", "streets are modelled", "could be 500 metres out",
                  "Market Square Youth Centre", "Leaflet", "sends nothing anywhere"):  # fmt: skip
        assert words in about


def test_without_scripts_the_page_says_what_it_needs(visit, chromium, example_page):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(example_page.as_uri())
    assert "needs JavaScript" in page.inner_text("noscript")
    context.close()


def test_a_finding_about_a_few_gives_neither_count_nor_share(visit, example, tmp_path):
    counts = example.areas["children_0_4"].to_numpy().copy() * 0
    counts[0], counts[25] = 400, 3  # A25 is nearest to a centre that closes, A00 is not
    data = replace(example, areas=example.areas.assign(children_0_4=counts))
    page = visit(write_explorer(data, tmp_path / "few.html"), fragment="#before-after")
    words = page.inner_text("#change-finding")
    assert words.startswith("Fewer than 5 of about 400")
    assert "%" not in words
    table = page.inner_text("#change-classes")
    assert "[c]" in table
    assert "\t3\t" not in table


def test_what_is_hidden_beside_a_total_is_what_the_package_hides(loaded, example_page):
    rng = np.random.default_rng(5)
    tables = [rng.choice([0, 1, 2, 3, 7, 40, 300], rng.integers(2, 9)).tolist() for _ in range(60)]
    tables += [[1, 2, 500, 40], [0.4, 3.5, 20.0], [1, 1, 1, 9]]
    hidden = loaded(example_page).evaluate(
        "(tables) => tables.map((c) => App.core.suppressed(c, 5, true))", tables
    )
    for counts, got in zip(tables, hidden, strict=True):
        assert got == hidden_beside_total([[float(c)] for c in counts]).ravel().tolist(), counts


def test_no_table_gives_a_small_count_away_by_its_total(visit, example, tmp_path):
    counts = example.areas["children_0_4"].to_numpy().copy() * 0 + 20
    few = (example.areas["locality"] == "East") & (example.areas["imd_decile"] <= 2)
    counts[(example.areas["imd_decile"] <= 2) | (example.areas["locality"] == "East")] = 0
    counts[few.to_numpy().nonzero()[0][0]] = 3
    data = replace(example, areas=example.areas.assign(children_0_4=counts), hubs=None)
    page = visit(write_explorer(data, tmp_path / "few.html"), fragment="#before-after")
    for part in ("#change-fifths", "#change-groups"):
        columns = page.evaluate(
            """(part) => [...document.querySelectorAll(`${part} tbody`)].map(
                 (body) => [...body.children].map((row) => row.children[1].textContent))""",
            part,
        )
        for column in columns:
            assert column.count("[c]") != 1, (part, column)
        assert any("[c]" in column for column in columns)
