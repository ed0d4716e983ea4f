"""In a full hall: swaps, a view for the projector, a page that starts again, how to answer."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _ExplorerPlan

SAY = (
    ("closes", "2031-05-07"), ("address", "<b>Town Hall</b>, Exampleton"),
    ("email", "say@council.example"), ("link", "https://council.example/say?a=1&b=2"),
)  # fmt: skip


@pytest.fixture(scope="module")
def hall_page(example, tmp_path_factory):
    data = replace(example, consultation=SAY)
    return write_explorer(data, tmp_path_factory.mktemp("hall") / "explorer.html")


def ask(page, text: str) -> None:
    page.fill("#place", text)
    page.press("#place", "Enter")


def mean(example, service, sites) -> float:
    count = example.areas[service.count]
    least = example.walk.to_frame()[list(sites)].min(axis=1)
    return float((count.to_numpy() * least.to_numpy()).sum() / count.sum())


def test_the_swaps_that_keep_the_number_are_all_there_ranked_and_one_click_away(
    visit, example, hall_page
):
    page = visit(hall_page)
    ask(page, "A25")
    page.click("button:has-text('Keep Northfield: which instead?')")
    assert page.evaluate("document.activeElement.id") == "swap-title"
    rows = page.locator("#swap-rows tbody tr").all_inner_texts()
    (service,) = (s for s in example.services if s.key == "childrens_centre")
    names = example.sites.set_index("id")["name"]
    expected = sorted(
        (mean(example, service, {"CC4", *service.after} - {other}), names[other])
        for other in service.after
    )
    assert [(float(re.split("\t", row)[1]), re.split("\t", row)[0]) for row in rows] == [
        (round(value, 1), name) for value, name in expected
    ]
    assert all(re.search(r"rank \d+ of 10", row) for row in rows)
    page.click("#swap-rows tbody tr:first-child button")
    assert page.evaluate("document.activeElement.id") == "swap-title"
    assert "shown now" in page.inner_text("#swap-rows tbody tr:first-child")
    kept = page.evaluate("[...App.state.option.keep].map((i) => App.data.sites[i].id)")
    assert len([i for i in kept if i.startswith("CC")]) == len(service.after) and "CC4" in kept
    assert {i for i in kept if i.startswith("YC")} == {"YC1", "YC2"}


def test_the_boxes_come_before_the_swaps_and_the_figures(visit, hall_page):
    page = visit(hall_page, fragment="#your-option")
    tops = page.evaluate(
        "['option-boxes', 'swaps', 'option-ranks'].map("
        "(id) => document.getElementById(id).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


def test_presenting_goes_one_step_at_a_time_by_arrow_keys(visit, hall_page):
    page = visit(hall_page, width=1366, height=768)
    ask(page, "A25")
    page.click("#present")
    assert page.inner_text("#present-step") == "Step 1 of 5"
    assert page.evaluate("document.activeElement.id") == "present-end"
    size = "(s) => parseFloat(getComputedStyle(document.querySelector(s)).fontSize)"
    assert page.evaluate(size, "header .proposal") >= 32
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#answer").startswith("From A25")
    assert page.evaluate(size, "#answer") >= 32
    width = page.locator("#map").bounding_box()["width"]
    assert width >= 0.9 * 1366 - 80
    assert page.is_hidden("#cards") and page.is_hidden("nav")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#change-finding")
    bottom = "(s) => document.querySelector(s).getBoundingClientRect().bottom"
    assert page.evaluate(bottom, "#map") <= page.locator("#present-bar").bounding_box()["y"]
    for _, key in product(range(4), ("ArrowRight",)):
        page.keyboard.press(key)
    assert page.inner_text("#present-step") == "Step 5 of 5"
    page.keyboard.press("Escape")
    assert page.is_hidden("#present-bar")
    assert page.evaluate("document.activeElement.id") == "present"
    assert page.evaluate("App.state.place.label") == "A25"


def test_every_rival_proposal_is_a_step_and_the_one_chosen_comes_back(visit, example, tmp_path):
    service = example.services[0]
    plans = tuple(
        _ExplorerPlan(k, f"Plan {k}", service.before[n:]) for n, k in ((2, "a"), (3, "b"))
    )
    services = (replace(service, after=plans[0].after, plans=plans), example.services[1])
    path = write_explorer(replace(example, services=services), tmp_path / "rivals.html")
    page = visit(path, fragment=f"#my-street?plan.{service.key}=b")
    page.click("#present")
    said = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        said.append(page.inner_text("#state-words"))
    assert ["Plan a" in said[0], "Plan b" in said[1], "Plan" in said[2]] == [True, True, False]
    page.keyboard.press("Escape")
    assert page.evaluate("App.model.services[0].plan") == 1


def test_an_option_that_is_a_rival_proposal_is_still_the_visitor_s_own(visit, example, tmp_path):
    service = example.services[0]
    plans = (
        _ExplorerPlan("a", "Plan a", ("CC1", "CC2", "CC3")),
        _ExplorerPlan("b", "Plan b", ("CC1", "CC2", "CC4")),
    )
    services = (replace(service, after=plans[0].after, plans=plans), example.services[1])
    page = visit(
        write_explorer(replace(example, services=services), tmp_path / "own.html"),
        fragment="#your-option?close=CC3.CC5.YC3.YC4&open=",
    )
    asked = "App.modifications(App.state.option).close"
    mine = page.evaluate(asked)
    page.click("#present")
    steps = set()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        steps.add(page.inner_text("#present-step").partition(" of ")[2])
        assert page.evaluate(asked) == mine
    assert len(steps) == 1, "no step comes or goes while one presents"
    page.keyboard.press("Escape")
    assert page.evaluate(asked) == mine == ["CC3", "CC5", "YC3", "YC4"]


def test_a_kiosk_starts_again_after_two_quiet_minutes_and_keeps_the_log(visit, hall_page):
    asked = "#your-option?kiosk=1&close=CC1.YC2&open=&mode=pram"
    page = visit(hall_page, fragment=asked, own=True)
    page.clock.install()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.evaluate("App.setKiosk(true)")
    page.fill("#option-name", "Bea's")
    page.click("#note-form button[type=submit]")
    page.clock.fast_forward(110_000)
    page.keyboard.press("Shift")
    page.clock.fast_forward(110_000)
    assert page.evaluate("App.state.mode") == "pram", "somebody is still there"
    page.clock.fast_forward(15_000)
    assert page.evaluate("App.state.mode") == "walk"
    assert page.is_visible("#my-street")
    assert "Bea" not in page.inner_text("body")
    assert "Bea" in page.evaluate("App.logJson()")
    assert page.is_checked("#kiosk")


def test_how_to_answer_is_said_and_hostile_words_stay_words(visit, hall_page, example_page):
    page = visit(hall_page)
    text = page.inner_text(".respond")
    assert "Answers are taken until 7 May 2031." in text
    assert "<b>Town Hall</b>, Exampleton" in text
    links = page.locator(".respond a").evaluate_all("(a) => a.map((x) => x.getAttribute('href'))")
    assert links == ["mailto:say@council.example", "https://council.example/say?a=1&b=2"]
    assert visit(example_page).locator(".respond").count() == 0
    for view in ("my-street", "your-option"):  # one page has room for it, too
        page.evaluate(f"App.readLink('place=A25&kind=area'); App.go('{view}')")
        assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1, view


def test_axe_finds_nothing_in_the_new_states(visit, hall_page, beside, axe):
    everyone = beside("test_explorer_everyone")
    page = visit(hall_page)
    states = [
        "1",
        "document.getElementById('place').value = 'Mill'; App.$('place-form').requestSubmit()",
        "App.choosePlace(App.find('A25', 1)[0]); App.$('share').open = true;"
        "App.$('other-ways').open = true",
        "App.askSwaps(App.data.sites.findIndex((s) => s.id === 'CC4'))",
        "App.present(true)",
        "App.present(false); App.startAgain(); App.notice(['Broken.'])",
    ]
    for state in states:
        page.evaluate(state)
        assert everyone.violations(page, axe) == [], state


def test_what_is_taken_from_a_public_screen_is_no_public_screen(visit, hall_page):
    page = visit(hall_page, fragment="#my-street?place=A25&kind=area&kiosk=1", own=True)
    assert page.is_checked("#kiosk")
    page.wait_for_function("location.hash.includes('kiosk=1')")
    for link in page.evaluate("[App.shareLink(), App.optionLink(), App.shareText()]"):
        assert "kiosk" not in link


@pytest.fixture
def made_up(monkeypatch):
    """Give a made-up language that runs from right to left: every word in angle marks."""
    from access.maps import explorer

    english = explorer._strings("en")

    def marked(text):
        if isinstance(text, str):
            return f"‹{text}›"
        if isinstance(text, dict):
            return {key: marked(value) for key, value in text.items()}
        return [marked(value) for value in text]

    keep = {"locale", "thousands", "or_list", "direction", "language_note"}
    words = {key: text if key in keep else marked(text) for key, text in english.items()}
    words |= {"direction": "rtl", "locale": "ar-EG", "thousands": "٬"}
    monkeypatch.setattr(explorer, "_strings", lambda language, nation: dict(words))


@pytest.mark.parametrize("width", [1280, 375])
def test_a_language_from_right_to_left_is_whole_and_fits(visit, example, tmp_path, made_up, width):
    page = visit(write_explorer(example, tmp_path / "rtl.html"), width=width, height=700)
    assert page.get_attribute("html", "dir") == "rtl"
    ask(page, "A25")
    assert page.inner_text("#answer").startswith("‹From A25")
    for view in ("my-street", "before-after", "your-option", "family-hubs", "about"):
        page.evaluate(f"App.go('{view}')")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        bare = page.evaluate(
            "[...document.querySelectorAll("
            "'main :is(button, label:not([for^=site], [for^=hub-]), legend, summary, h2, h3)')]"
            ".filter((n) => n.offsetParent && n.textContent.trim() && !n.textContent.includes('‹'))"
            ".map((n) => n.textContent)"
        )
        data = {*example.sites["name"], *example.places["name"], "+", "−"}
        data |= {s.title for s in example.services} | set(example.hubs.localities)
        assert [t for t in bare if not any(t.strip() in name for name in data)] == []


def test_the_welsh_page_answers_in_welsh(visit, example, tmp_path):
    data = replace(example, language="cy", as_of="2018-03-12", consultation=SAY)
    file = write_explorer(data, tmp_path / "cy.html")
    page = visit(file, fragment="#my-street?place=A25&kind=area")
    assert page.inner_text("#answer").startswith("O A25: byddai’r")
    assert "Ar droed, 4.8 km yr awr" in page.inner_text("#state-words")
    assert "7 Mai 2031" in page.inner_text(".respond")
    for view in ("before-after", "your-option", "about"):
        page.evaluate(f"App.go('{view}')")
    assert page.get_attribute("html", "lang") == "cy"


def test_where_the_ways_are_too_many_a_fixed_sample_says_how_an_option_does(visit, example_page):
    page = visit(example_page)
    count, draws, same, small, best = page.evaluate(
        """() => {
          const { model, core } = App;
          const before = [...Array(18)].map((_, i) => i % 9);
          const many = { ...model.services[0], key: 'many', before };
          const one = core.sampled(model, many, 'walk', 4.8, 9, 20);
          model.cache.clear();
          const two = core.sampled(model, many, 'walk', 4.8, 9, 20);
          const small = core.sampled(model, model.services[0], 'walk', 4.8, 3, 20);
          const same = core.CRITERIA.every((name) => one[name].join() === two[name].join());
          return [one.count, one.draws, same, small, Math.min(...one.mean)];
        }"""
    )
    assert (count, draws, same, small) == (48620, 2000, True, None) and best > 0
    page.evaluate("App.core.alternatives = () => null; App.core.sampled = (model, s) => "
                  "({ count: 48620, draws: 2, ...Object.fromEntries(App.core.CRITERIA.map((c) => "
                  "[c, [-1, 1e9]])) }); App.go('your-option')")  # fmt: skip
    head = page.inner_text("#option-headline")
    assert "Better than" in head and "50%" in head and "of 2 ways to keep as many" in head
    ranks = page.locator("#option-ranks tbody tr").all_inner_texts()
    assert all("better than 50% of 2 at random" in row for row in ranks)
    assert "too many to list here" in page.inner_text("#option-ranks")
