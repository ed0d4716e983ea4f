"""Try your own option: tick, read, undo, note, save, open again."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from access import rank_closures
from access.analysis.questions import Request
from access.maps.explorer import write_explorer
from access.maps.explorer_data import _example_data, _ExplorerPlan
from access.network.matrix import TravelMatrix
from access.scenario import Scenario
from access.scenario.scenario import Baseline
from access.scenario.sites import Modification
from tests.conftest import pdf_text


@pytest.fixture
def page(visit, example_page):
    return visit(example_page, fragment="#your-option")


def tick(page, name: str) -> None:
    page.locator("#option-boxes label, #hub-boxes label").filter(has_text=name).first.click()


def option(page) -> dict[str, list[str]]:
    return page.evaluate("App.modifications(App.state.option)")


def note(page, name: str, reason: str) -> None:
    page.fill("#option-name", name)
    page.fill("#option-reason", reason)
    page.click("#note-form button")


def saved(page, button: str) -> bytes:
    with page.expect_download() as download:
        page.click(button)
    return download.value.path().read_bytes()


# Wrong inputs first.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "That file cannot be read"),
        ("[]", "That file holds no options"),
        ('{"format": "access-options", "options": []}', "That file holds no options"),
        ('{"format": "access-options", "options": [null]}', "That file holds no options"),
        (
            '{"format": "access-options", "options": [{"name": "x", "close": ["NOPE"]}]}',
            "names centres that are not in this page: NOPE",
        ),
    ],
)
def test_a_file_that_is_no_log_is_refused_in_words(page, tmp_path, text, said):
    file = tmp_path / "options.json"
    file.write_text(text, encoding="utf-8")
    before = option(page)
    page.set_input_files("#open-file", str(file))
    page.locator("#file-message", has_text="That").wait_for()
    assert said in page.inner_text("#file-message")
    assert option(page) == before


def test_closing_everything_says_so_and_gives_no_number(page):
    for name in ("Mill Lane", "Market Square", "Hilltop"):
        tick(page, name)
    assert "leaves no Children's centres at all" in page.inner_text("#option-headline")
    assert page.is_hidden("#option-results")


@pytest.mark.parametrize("query", ["close=NOPE", "close=CC1&speed=900&limit=-4&mode=fly&service=x"])
def test_a_link_with_nonsense_is_not_followed(visit, example_page, query):
    page = visit(example_page, fragment=f"#your-option?{query}")
    state = page.evaluate("[App.state.speed, App.state.limit, App.state.mode, App.state.service]")
    assert state == [4.8, 20, "walk", 0]


# What is shown.


def test_it_starts_as_the_proposal(page, example):
    assert option(page) == {"close": ["CC4", "CC5", "YC3", "YC4"], "open": []}
    assert "This is the proposal as it stands." in page.inner_text("#option-headline")


def test_a_tick_changes_words_ranks_map_and_announcement(page, example):
    tick(page, "Northfield")
    tick(page, "Hilltop")
    service = example.services[0]
    demand = example.areas[["id", "imd_decile"]].assign(
        count=example.areas[service.count].astype(float), w=example.areas["weight"]
    )
    ranking = rank_closures(
        example.walk.sites(list(service.before)), keep=3, demand=demand, weights="w",
        proposal=("CC1", "CC2", "CC4"),
    )  # fmt: skip
    head = page.inner_text("#option-headline")
    assert "keeps 3 of 5 Children's centres" in head
    assert "closes Hilltop and Riverside" in head
    assert f"{ranking.proposal['mean']:.1f}" in head
    assert "of 10 ways" in head
    ranks = re.findall(r"rank (\d+) of 10", page.inner_text("#option-ranks"))
    hidden = ("savings", "deprived_moved")  # not on the page
    expected = [str(ranking.proposal[f"rank_{c}"]) for c in ranking.criteria if c not in hidden]
    assert ranks[::2] == expected
    assert page.locator(".site.closed").count() == 2
    page.wait_for_function("() => document.querySelector('#live').textContent.includes('Rank')")
    assert "Hilltop Children's Centre closes" in page.inner_text("#live")
    assert f"Rank {expected[0]} of 10" in page.inner_text("#live")


def test_what_stands_beside_no_other_has_no_rank(page):
    for name in ("Northfield", "Riverside"):
        tick(page, name)
    text = page.inner_text("body")
    assert "There is only one way of keeping 5 of today’s 5, so there is no rank." in text
    assert not re.search(r"\b1 ways|rank 1 of 1\b", text)
    assert "not known" not in page.inner_text("#option-ranks")


def test_hubs_serve_every_service_and_stand_on_the_map(page):
    page.click("#hubs summary")
    before = page.evaluate(
        "App.optionFigures(App.state.option, App.model.services[1]).figures.mean"
    )
    tick(page, "Central Library")
    assert "It opens Central Library." in page.inner_text("#option-headline")
    assert page.evaluate("App.entries('your-option').some((e) => e.kind === 'hub')")
    after = page.evaluate("App.optionFigures(App.state.option, App.model.services[1]).figures.mean")
    assert after <= before


def test_finding_a_building_narrows_the_list(page):
    page.click("#hubs summary")
    page.fill("#hub-filter", "library")
    assert page.locator("#hub-boxes .check:visible").all_inner_texts() == [
        "Central Library\nMarket Square"
    ]


def test_undo_and_redo_walk_back_and_forth(page):
    start = option(page)
    assert page.is_disabled("#undo")
    tick(page, "Northfield")
    tick(page, "Riverside")
    there = option(page)
    page.click("#undo")
    page.click("#undo")
    assert option(page) == start
    page.click("#redo")
    page.click("#redo")
    assert option(page) == there
    page.click("#start-today")
    assert option(page) == {"close": [], "open": []}
    page.click("#start-proposal")
    assert option(page) == start


def test_try_the_best_is_the_best(page):
    page.locator("#option-ranks button").first.click()
    assert "rank 1 of 10" in page.inner_text("#option-ranks tbody tr:first-child")


def test_ticking_a_youth_centre_turns_to_youth_centres(page):
    page.locator("#option-boxes fieldset").nth(1).locator("label").first.click()
    assert "Youth centres" in page.inner_text("#option-headline")
    assert page.is_checked("#service-choice input[value='1']")


def test_a_centre_on_the_map_can_be_closed_there(page):
    page.locator(".site.open svg").first.click(force=True)
    page.click("text=Close this one")
    assert "CC1" in option(page)["close"]


def test_savings_are_not_known_unless_every_cost_is(page, visit, tmp_path):
    assert "not known" in page.inner_text("#option-saving")
    data = _example_data()
    sites = data.sites.assign(annual_cost_gbp=10_000.0)
    file = write_explorer(_example_data(sites=sites), tmp_path / "costs.html")
    other = visit(file, fragment="#your-option")
    closed = [s for s in data.services[0].before if s not in data.services[0].after]
    told = other.inner_text("#option-saving")
    assert f"£{10_000 * len(closed):,} a year" in told, "of the service that is shown alone"
    assert told.startswith(data.services[0].title) and "What opens costs money" not in told
    other.click("#hubs summary")
    tick(other, "Central Library")
    assert "What opens costs money too" in other.inner_text("#option-saving")
    other.click("#start-today")
    assert "none, as nothing closes" in other.inner_text("#option-saving")


def test_a_building_that_cost_nothing_closes_all_the_same(visit, example, tmp_path):
    costs = example.sites.assign(annual_cost_gbp=0.0)
    page = visit(
        write_explorer(replace(example, sites=costs), tmp_path / "x.html"),
        fragment="#your-option",
    )
    assert "£0 a year" in page.inner_text("#option-saving")
    page.click("#start-today")
    assert "none, as nothing closes" in page.inner_text("#option-saving")


def cut_off(matrix, site):
    """Give the same minutes, but to one site that nobody can get to."""
    minutes = matrix.total_minutes.copy()
    minutes[:, matrix.site_ids.index(site)] = np.inf
    return TravelMatrix.from_minutes(
        minutes, mode=matrix.mode, area_ids=matrix.area_ids, site_ids=matrix.site_ids
    )


def test_of_trips_that_nobody_can_make_no_average_is_compared(visit, example, tmp_path):
    data = replace(example, walk=cut_off(example.walk, "CC5"), drive=cut_off(example.drive, "CC5"))
    page = visit(
        write_explorer(data, tmp_path / "x.html"),
        fragment="#your-option?close=CC1.CC2.CC3.CC4&open=&mode=walk",
    )
    told = page.inner_text("#option-headline")
    assert "could not reach any" in told and "longer" not in told
    finding = page.inner_text("#option-finding")
    assert "could no longer get to any" in finding and "the average for all" not in finding
    assert "NaN" not in page.evaluate("document.querySelector('main').textContent")


def opening(tmp_path, example):
    """Write the page of a proposal that opens a site for its own service."""
    site = str(example.candidates["id"].iloc[0])
    own = example.services[0]
    services = (replace(own, after=(*own.before[:1], site)), *example.services[1:])
    return write_explorer(replace(example, services=services), tmp_path / "opens.html")


def test_what_a_proposal_opens_serves_the_service_that_it_opens_it_for(visit, example, tmp_path):
    file = opening(tmp_path, example)
    page = visit(file, fragment="#your-option")
    told = page.evaluate(
        """() => App.model.services.map((s) => {
          const mine = App.optionFigures(App.proposalOption(), s);
          const after = App.core.leastMinutes(App.minutes_(App.state.mode), App.model.n, s.after);
          const { mean } = App.core.summary(App.model, s.counts, after, App.state.limit, []);
          return { same: Math.abs(mine.figures.mean - mean) < 1e-6,
                   opens: mine.open.some((k) => !s.before.includes(k)) };
        })"""
    )
    assert told[0] == {"same": True, "opens": True}
    assert told[1] == {"same": True, "opens": False}
    assert "It opens" in page.inner_text("#option-headline")
    page.check("#service-1")
    assert "It opens" not in page.inner_text("#option-headline")


def test_where_nobody_makes_a_trip_today_no_average_is_compared(visit, example, tmp_path):
    own = replace(example.services[0], before=("CC5",), after=("CC5", "L1"))
    data = replace(
        example,
        services=(own, example.services[1]),
        walk=cut_off(example.walk, "CC5"),
        drive=cut_off(example.drive, "CC5"),
    )
    page = visit(write_explorer(data, tmp_path / "x.html"), fragment="#before-after?mode=walk")
    said = page.inner_text("#before-after")
    assert "would" in said and "instead of not known" not in said


def test_what_opens_for_one_service_is_not_drawn_on_the_map_of_another(visit, example, tmp_path):
    first, second = example.services
    services = (first, replace(second, after=("YC1", "YC2", "L1")))
    page = visit(write_explorer(replace(example, services=services), tmp_path / "x.html"))
    opened = """() => [...document.querySelectorAll('#legend li')].some(
      (row) => row.innerText.startsWith('Other building, opens'))"""
    assert page.evaluate(opened), "of every service, where all are in view"
    for view in ("before-after", "your-option"):
        page.click(f"nav a[href='#{view}']")
        for service, drawn in ((0, False), (1, True)):
            page.evaluate("(service) => App.set({ service })", service)
            assert page.evaluate(opened) == drawn
            assert page.locator(".site svg path[d^='M12 1 ']").count() == drawn


def test_the_best_for_one_service_leaves_what_another_opens(visit, example, tmp_path):
    first, second = example.services
    services = (first, replace(second, after=("YC1", "L1")))
    path = write_explorer(replace(example, services=services), tmp_path / "x.html")
    opened = "App.modifications(App.state.option).open"
    young = "App.openIn(App.state.option, App.model.services[1]).map((k) => App.data.sites[k].id)"
    page = visit(path, fragment="#your-option")
    page.evaluate("App.toggleSite(App.data.sites.findIndex((s) => s.id === 'L2'))")
    page.check("#service-0")
    page.locator("#option-ranks button").first.click()
    assert page.evaluate(opened) == ["L1"] and page.evaluate(young) == ["YC1", "L1"]
    page.click("#start-proposal")
    page.evaluate("App.toggleSite(App.data.sites.findIndex((s) => s.id === 'L1'))")
    page.check("#service-0")
    page.select_option("#swap-site", label="Northfield Children's Centre")
    page.locator("#swap-rows button").first.click()
    assert page.evaluate(opened) == [] and page.evaluate(young) == ["YC1"]
    page.check("#service-1")
    page.select_option("#swap-site", index=1)
    page.locator("#swap-rows button").first.click()
    assert page.evaluate(opened) == ["L1"], "which belongs to the proposal for young people"


def test_no_rank_is_beyond_how_many_are_ranked(visit, example, tmp_path):
    """What opens a site is none of the ways of keeping as many of today's: it is one more."""
    file = opening(tmp_path, example)
    page = visit(file, fragment="#your-option")
    text = page.inner_text("#option-ranks")
    ranks = [(int(a), int(b)) for a, b in re.findall(r"rank (\d+) of (\d+)", text)]
    assert ranks and all(a <= b for a, b in ranks)
    ways = int(re.search(r"Ranked among all (\d+) ways", text)[1])
    assert {b for _, b in ranks} == {ways + 1} and "counted as one more" in text


def test_a_centre_that_moves_in_with_another_service_serves_its_own_alone(visit, example, tmp_path):
    """Young people go to a children's centre, which closes for children, or stays."""
    first, second = example.services
    for shared in ("CC4", "CC1"):
        moved = replace(second, after=("YC1", shared))
        data = replace(example, services=(first, moved), hubs=None)
        file = write_explorer(data, tmp_path / f"{shared}.html")
        page = visit(file, fragment="#your-option")
        open_in = """() => App.model.services.map((s) => [App.openIn(App.state.option, s), s.after]
          .map((sites) => sites.map((k) => App.data.sites[k].id).sort()))"""
        for mine, after in page.evaluate(open_in):
            assert mine == after
        link = page.evaluate("App.optionLink()").partition("#")[2]
        assert visit(file, fragment=f"#{link}").evaluate(open_in) == page.evaluate(open_in)
        page.check("#service-1")
        assert "This is the proposal as it stands" in page.inner_text("#option-headline")
        page.click("#hubs summary")
        page.locator("#hub-boxes input").first.uncheck()
        (mine, _), (young, _) = page.evaluate(open_in)
        assert mine == ["CC1", "CC2", "CC3"] and young == ["YC1"]


def test_an_option_means_the_same_whichever_proposal_is_chosen(visit, example, tmp_path):
    """What a proposal opens for one service is not opened for all where another one is chosen."""
    first, second = example.services
    site = example.candidates["id"].iloc[0]
    plans = (_ExplorerPlan("a", "A", ("YC1",)), _ExplorerPlan("b", "B", ("YC1", site)))
    data = replace(
        example, services=(first, replace(second, after=("YC1",), plans=plans)), hubs=None
    )
    page = visit(write_explorer(data, tmp_path / "x.html"), fragment="#your-option")
    at = page.evaluate("(id) => App.data.sites.findIndex((s) => s.id === id)", site)
    page.evaluate("(site) => App.toggleSite(site)", at)
    serves = "(at) => App.model.services.map((s) => App.openIn(App.state.option, s).includes(at))"
    for plan in (0, -1, 1):
        page.evaluate("(plan) => App.choosePlan(App.model.services[1], plan)", plan)
        assert page.evaluate(serves, at) == [False, True]


def test_short_names_tell_centres_apart(visit, example, tmp_path):
    names = example.sites["name"].tolist()
    names[:3] = [
        "(Annexe)",
        "St Mary's Children's Centre (East)",
        "St Mary's Children's Centre (West)",
    ]
    page = visit(
        write_explorer(
            replace(example, sites=example.sites.assign(name=names)), tmp_path / "x.html"
        )
    )
    short = page.evaluate("App.data.sites.map((_, i) => App.shortName(i))")
    assert short[:4] == [*names[:3], "Northfield"]


# The log.


def test_the_log_holds_name_reason_and_results_and_restores(page):
    tick(page, "Northfield")
    note(page, "Keep Northfield", "The bus stops there")
    row = page.inner_text("#log-rows li")
    assert "Keep Northfield" in row
    assert "The bus stops there" in row
    assert "Children's centres: closes Riverside. Average" in row
    kept = option(page)
    page.click("#start-today")
    page.click("#log-rows button:has-text('Show')")
    assert option(page) == kept
    page.click("#log-rows button:has-text('Remove')")
    assert page.is_visible("#log-empty")


def test_the_saved_file_is_read_by_the_package(page, example, tmp_path):
    tick(page, "Northfield")
    page.click("#hubs summary")
    tick(page, "East School")
    note(page, "Keep Northfield", "The bus stops there")
    file = tmp_path / "options.json"
    file.write_bytes(saved(page, "#save-json"))
    (request,) = Request.read(file)
    assert request.name == "Keep Northfield"
    assert request.reason == "The bus stops there"
    assert request.close == ("CC5", "YC3", "YC4")
    assert request.open == ("L2",)
    steps = [Modification.close(i) for i in request.close] + [Modification.open("L2")]
    base = Baseline.of("today", example.sites["id"].tolist())
    scenario = Scenario(request.name, base, steps, request.reason)
    assert set(scenario.open_ids) == {"CC1", "CC2", "CC3", "CC4", "YC1", "YC2", "L2"}


def test_the_saved_table_opens_in_a_spreadsheet_and_runs_no_formula(page):
    note(page, "=HYPERLINK(1)", 'a "quote", a comma\nand a line')
    text = saved(page, "#save-csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["name"] == "'=HYPERLINK(1)"
    assert row["reason"].startswith('a "quote", a comma')
    assert row["close"] == "CC4 CC5 YC3 YC4"
    assert float(row["childrens_centre_mean_minutes"]) > 0


def test_a_saved_file_comes_back_in_a_new_page(page, visit, example_page, tmp_path):
    tick(page, "Hilltop")
    note(page, "Mine", "Because")
    file = tmp_path / "options.json"
    file.write_bytes(saved(page, "#save-json"))
    other = visit(example_page, fragment="#your-option")
    other.set_input_files("#open-file", str(file))
    other.wait_for_selector("#log-rows li")
    assert option(other) == option(page)
    assert "Because" in other.inner_text("#log-rows")


def test_a_saved_file_of_another_place_is_refused_by_name(page, visit, example_page, tmp_path):
    """Its ids may be those of other centres here."""
    note(page, "Mine", "Because")
    elsewhere = json.loads(saved(page, "#save-json")) | {"place": "Elsewhere <b>"}
    file = tmp_path / "options.json"
    file.write_text(json.dumps(elsewhere))
    other = visit(example_page, fragment="#your-option")
    before = option(other)
    other.set_input_files("#open-file", str(file))
    other.wait_for_selector("#file-message:has-text('Elsewhere <b>')")
    place = other.evaluate("App.data.place")
    assert other.inner_text("#file-message").strip().endswith(f"this page is about {place}.")
    assert not other.query_selector_all("#log-rows li")
    assert option(other) == before


def test_a_saved_file_has_the_figures_of_its_own_way_to_travel(visit, example_page):
    """Whatever is chosen on the page that opens it; and what is shown is as it was noted."""
    page = visit(example_page, fragment="#your-option?mode=drive&speed=3&limit=10")
    note(page, "By car", "")
    file, figures = page.evaluate("App.logJson()"), "JSON.parse(App.logJson()).options[0].figures"
    other = visit(example_page, fragment="#your-option")
    other.evaluate("(text) => App.readOptions(text)", file)
    assert other.evaluate(figures) == page.evaluate(figures)
    assert "minutes by car" in other.inner_text("#log-rows")
    state = "[App.state.mode, App.state.speed, App.state.limit]"
    assert other.evaluate(state) == ["drive", 3, 10]


def test_a_link_brings_the_option_back(page, visit, example_page):
    tick(page, "Northfield")
    page.check("#mode-choice input[value=pram]")
    link = page.evaluate("App.optionLink()")
    other = visit(example_page, fragment="#" + link.split("#")[1])
    assert option(other) == option(page)
    assert other.evaluate("App.state.mode") == "pram"
    assert other.is_visible("#your-option")


def test_the_list_prints_alone(page, tmp_path):
    assert page.is_disabled("#print-log")
    tick(page, "Northfield")
    note(page, "Keep Northfield", "The bus stops there")
    page.evaluate("window.print = () => {}")
    page.click("#print-log")
    text = pdf_text(page.pdf(prefer_css_page_size=True))
    assert (
        "Keep Northfield" in text and "The bus stops there" in text and "closes Riverside" in text
    )
    assert "How does it compare" not in text and "Remove" not in text
    assert not page.evaluate("document.body.classList.contains('log-only')")
    assert page.evaluate("document.activeElement.id") == "print-log"
    assert "How does it compare" in pdf_text(page.pdf(prefer_css_page_size=True))


def test_the_log_says_json_that_python_reads(page):
    note(page, "A", "")
    log = json.loads(saved(page, "#save-json"))
    assert log["format"] == "access-options"
    assert log["options"][0]["figures"]["youth_centre"]["alternatives"] == 6


def test_the_focus_never_falls_to_the_body(visit, example_page):
    """What is shut, drawn anew or disabled under the keyboard leaves it beside what it did."""
    page = visit(example_page, fragment="#my-street?place=A25&kind=area")
    focus = "document.activeElement === document.body ? '' : document.activeElement.id || 'some'"
    page.locator(".what-if button").first.press("Enter")
    assert page.evaluate(focus) == "title-your-option"
    page.locator("#option-boxes input").first.press("Space")
    page.locator("#undo").press("Enter")
    page.locator("#redo").press("Enter")
    assert page.evaluate(focus) == "undo"
    page.locator("#option-ranks button").first.press("Enter")
    assert page.evaluate(focus) == "option-ranks"
    page.locator(".site svg").first.click(force=True)
    page.locator(".leaflet-popup-close-button").press("Enter")
    assert page.evaluate(focus) == "map"
