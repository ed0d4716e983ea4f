"""The answer first; one state, always written, in the address, and gone for the next person."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from access.analysis.questions import _read_options
from access.maps.explorer import write_explorer
from access.maps.explorer_data import _ExplorerPlan
from tests.browser.test_explorer_everyone import still

HOSTILE = "Option <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def plans_page(example, tmp_path_factory):
    """Three rival proposals for one service: one with a part-time centre, one that half stays."""
    first, second = example.services
    plans = (
        _ExplorerPlan("a", "Option A", ("CC1", "CC2", "CC3"), stays=("CC4",)),
        _ExplorerPlan("b", "Option B", ("CC1", "CC4", "CC5"), days={"CC4": 2.0}),
        _ExplorerPlan("c", HOSTILE, ("CC5", "L1")),
    )
    neighbours = pd.DataFrame(
        {"area_id": example.areas["id"], "service": first.key, "minutes": 1.0,
         "name": "Over the Border (Nextshire)"}
    )  # fmt: skip
    data = replace(example, services=(replace(first, plans=plans), second), neighbours=neighbours)
    return write_explorer(data, tmp_path_factory.mktemp("plans") / "explorer.html")


def look_up(page, text: str) -> None:
    page.fill("#place", text)
    page.press("#place", "Enter")


def settled(page, text: str) -> None:
    page.wait_for_function("(t) => location.hash.includes(t)", arg=text)


# ---- the answer first ----


def test_the_worst_change_is_said_first_and_services_come_by_harm(visit, example, example_page):
    page = visit(example_page)
    walk = example.walk.to_frame()
    for area in ("A25", "A07", "A16", "A40"):
        look_up(page, area)
        harm = {
            s.key: walk.loc[area, list(s.after)].min() - walk.loc[area, list(s.before)].min()
            for s in example.services
        }
        worst = max(harm, key=harm.get)
        shown = page.locator("#cards article").evaluate_all(
            "(c) => c.map((x) => x.dataset.service)"
        )
        assert shown == sorted(harm, key=lambda key: -harm[key])
        (service,) = (s for s in example.services if s.key == worst)
        answer = page.inner_text("#answer")
        assert answer.startswith(f"From {area}, ")
        if harm[worst] >= 0.5:
            now, then = (walk.loc[area, list(ids)].min() for ids in (service.after, service.before))
            assert service.one in answer
            assert f"about {now:.0f} minute" in answer and f"instead of about {then:.0f}" in answer
            assert "by car" in answer


def test_estimated_streets_are_said_and_real_ones_not(visit, example, example_page, tmp_path):
    page = visit(example_page)
    look_up(page, "A25")
    assert "estimated streets" in page.inner_text("#answer-sure")
    file = write_explorer(replace(example, modelled=False), tmp_path / "real.html")
    real = visit(file, fragment="#my-street?place=A25&kind=area")
    assert "about" not in real.inner_text("#answer")
    assert "estimated" not in real.inner_text("#street-results")


def test_on_a_phone_sentence_and_first_figure_are_on_the_first_screen(visit, example_page):
    page = visit(example_page, width=375, height=700, moving=True)
    look_up(page, "A25")
    page.locator("#answer strong").first.wait_for()
    still(page)
    box = page.locator("#answer strong").first.bounding_box()
    bar = page.locator(".state-bar").bounding_box()
    assert bar["y"] + bar["height"] <= page.locator("#place").bounding_box()["y"]
    assert box["y"] + box["height"] <= 700
    assert page.locator("#answer").bounding_box()["y"] > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_stand_ins_stays_days_neighbours_address_and_distance_are_said_where_true(
    visit, plans_page
):
    page = visit(plans_page)
    look_up(page, "A25")
    card = page.locator("[data-service=childrens_centre]")
    text = card.inner_text()
    assert "Some services would stay at Northfield Children's Centre" in text
    assert "Over the Border (Nextshire), about 1 minute on foot" in text
    assert re.search(
        r"Northfield Children's Centre: Northfield Road; \d+\.\d km in a straight", text
    )
    page.select_option("#plan-0", label="Option B")
    assert "Northfield Children's Centre would open 2 days a week" in card.inner_text()
    assert "Some services would stay" not in card.inner_text()


# ---- rival proposals ----


def test_everything_follows_the_proposal_that_is_chosen(visit, plans_page):
    page = visit(plans_page)
    options = page.locator("#plan-0 option").all_inner_texts()
    assert options == ["No change", "Option A", "Option B", HOSTILE]
    assert "Children's centres would become 3" in page.inner_text("#proposal-words")
    page.select_option("#plan-0", label=HOSTILE)
    assert page.locator("img").count() == 0
    assert "would become 2" in page.inner_text("#proposal-words")
    assert HOSTILE in page.inner_text("#state-words")
    page.click("nav a[href='#before-after']")
    assert "keeps 1 of 5" in page.inner_text("#change-what")
    page.click("nav a[href='#your-option']")
    ids = "[...App.state.option.keep, ...App.state.option.hubs].map((i) => App.data.sites[i].id)"
    assert {"CC5", "L1"} <= set(page.evaluate(ids))
    page.select_option("#plan-0", label="No change")
    assert "All 5 Children's centres would stay" in page.inner_text("#proposal-words")
    assert (
        page.locator(
            "#option-boxes fieldset:first-child .flag:visible:has-text('would close')"
        ).count()
        == 0
    )
    settled(page, "plan.childrens_centre=none")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#plan-0") == "-1"


def test_a_changed_option_is_not_overwritten_by_another_proposal(visit, plans_page):
    page = visit(plans_page, fragment="#your-option")
    page.evaluate("App.toggleSite(App.data.sites.findIndex((s) => s.id === 'CC1'))")
    mine = page.evaluate("App.modifications(App.state.option)")
    page.select_option("#plan-0", label="Option B")
    assert page.evaluate("App.modifications(App.state.option)") == mine


# ---- one state ----


def test_mode_and_speed_are_one_for_all_tabs_and_written_in_each(visit, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    page.evaluate("App.set({ mode: 'drive' })")
    assert page.inner_text("#state-words").startswith("By car")
    assert "by car" in page.inner_text("#answer") and "on foot" not in page.inner_text("#answer")
    page.click("nav a[href='#your-option']")
    assert page.inner_text("#map-state").startswith("By car")
    words, label = page.inner_text("#option-street"), page.locator(".name.trip").first.inner_text()
    assert "by car" in words
    assert re.search(r"\d+ minute", label)[0] in words
    page.evaluate("App.set({ mode: 'pram', speed: 2.4 })")
    assert page.inner_text("#state-words").startswith("With a pram, 1.8 km an hour")
    pram, walk = (
        page.evaluate(f"App.core.minutesFor(App.model, '{mode}', 2.4)[0]")
        for mode in ("pram", "walk")
    )
    assert pram > walk, "a pram is never quicker than a walk"


def test_place_and_option_survive_a_reload_and_a_link(visit, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    page.click("button:has-text('stayed open?')")
    page.evaluate("App.set({ speed: 4 })")
    settled(page, "speed=4")
    link = page.evaluate("location.hash")
    state = (
        "JSON.stringify([App.modifications(App.state.option), App.state.place, App.state.speed])"
    )
    before = page.evaluate(state)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate(state) == before
    other = visit(example_page, fragment=link)
    assert other.evaluate(state) == before
    assert other.inner_text("#notice") == ""
    assert other.input_value("#place") == "A25"


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("#my-street?place=Atlantis&kind=place", "a place that is not in this page"),
        ("#my-street?point=51.5,-0.1", "a place that is not in this page"),
        ("#your-option?close=NOPE", "NOPE"),
        ("#nowhere", "a part that this page does not have"),
        ("#before-after?speed=900&mode=rocket", "a way to travel that is not in this page"),
        ("#my-street?place=%3Cimg%20src%3Dx%3E", "a place that is not in this page"),
        ("#my-street?plan.childrens_centre=z", "a proposal for Children's centres"),
    ],
)
def test_a_broken_link_says_so_at_the_top(visit, example_page, fragment, said):
    page = visit(example_page, fragment=fragment)
    notice = page.locator("#notice .error")
    assert said in notice.inner_text()
    assert notice.bounding_box()["y"] < 420
    assert page.locator("main img").count() == 0


def test_the_next_person_finds_nothing_of_the_last(visit, example_page):
    page = visit(example_page, fragment="#your-option?close=CC1.YC2&speed=3&mode=pram")
    page.fill("#option-name", "Anna's")
    page.fill("#option-reason", "We live there")
    page.click("#note-form button[type=submit]")
    page.fill("#option-reason", "left behind")
    page.fill("#hub-filter", "lib") if page.is_visible("#hub-filter") else None
    page.click("#start-again")
    assert page.evaluate("document.activeElement.id") == "place"
    assert page.evaluate("location.hash") in ("#my-street", "")
    page.click("nav a[href='#your-option']")
    assert page.input_value("#option-reason") == ""
    assert "Anna" not in page.inner_text("body") and "We live there" not in page.inner_text("body")
    assert "1 option noted before is kept" in page.inner_text("#log-aside")
    assert json.loads(page.evaluate("App.logJson()"))["options"][0]["name"] == "Anna's"
    assert page.is_disabled("#undo")
    same = "App.sameOption(App.state.option, App.proposalOption())"
    assert page.evaluate(same) and page.evaluate("App.state.mode") == "walk"
    assert page.evaluate("App.state.speed") == page.evaluate("App.data.walk_km_h")


OPTION = "JSON.stringify([[...App.state.option.keep], [...App.state.option.hubs]])"


def test_a_place_found_in_a_list_of_areas_comes_back_by_its_link(visit, example_page):
    """Its name is that of many areas; its code is its own."""
    page = visit(example_page, fragment="#before-after")
    page.click("#change-worst button >> nth=0")
    page.click(".leaflet-popup button")
    area = page.evaluate("App.state.place.area")
    settled(page, "kind=area")
    other = visit(example_page, fragment=page.evaluate("location.hash"))
    assert other.inner_text("#notice") == ""
    assert other.evaluate("App.state.place.area") == area


def test_a_link_with_a_proposal_of_the_second_service_shows_the_first_if_it_did(
    visit, example, tmp_path
):
    first, second = example.services
    plans = (_ExplorerPlan("a", "A", second.after), _ExplorerPlan("b", "B", ("YC1",)))
    data = replace(example, services=(first, replace(second, plans=plans)))
    file = write_explorer(data, tmp_path / "x.html")
    page = visit(file, fragment="#before-after")
    page.select_option("#plan-1", label="B")
    assert page.evaluate("App.state.service") == 1
    page.evaluate("App.set({ service: 0 })")
    link = page.evaluate("App.shareLink()").partition("#")[2]
    assert visit(file, fragment=f"#{link}").evaluate("App.state.service") == 0


@pytest.mark.parametrize("strange", ["C.1", "C%2E1", "C 1", "Ŵ+&=#.?"])
def test_a_link_and_a_table_hold_any_id_that_a_study_may_have(visit, example, tmp_path, strange):
    def named(ids):
        return [strange if i == "CC1" else i for i in ids]

    first, second = example.services
    minutes = example.walk.to_frame()
    walk = type(example.walk).from_minutes(
        minutes.set_axis(named(minutes.columns), axis=1), mode="walk"
    )
    data = replace(
        example, walk=walk, drive=None, hubs=None,
        sites=example.sites.assign(id=named(example.sites["id"])),
        services=(
            replace(first, before=tuple(named(first.before)), after=tuple(named(first.after))),
            second,
        ),
    )  # fmt: skip
    file = write_explorer(data, tmp_path / "x.html")
    page = visit(file, fragment="#your-option")
    at = page.evaluate("(id) => App.data.sites.findIndex((s) => s.id === id)", strange)
    page.evaluate("(site) => App.toggleSite(site)", at)
    link = page.evaluate("App.shareLink()").partition("#")[2]
    other = visit(file, fragment=f"#{link}")
    assert other.inner_text("#notice") == ""
    assert other.evaluate(OPTION) == page.evaluate(OPTION)
    page.fill("#option-name", "Mine")
    page.click("#note-form button")
    table = tmp_path / "options.csv"
    table.write_text(page.evaluate("App.logCsv()"), encoding="utf-8")
    (read,) = _read_options(table)
    assert {"close": [*read.close], "open": [*read.open]} == page.evaluate(
        "App.modifications(App.state.option)"
    )


def test_a_link_put_into_a_page_that_is_open_says_all_and_the_way_back_forgets_nothing(
    visit, example_page
):
    page = visit(example_page, fragment="#your-option", own=True)
    page.evaluate("App.toggleSite(App.data.sites.findIndex((s) => s.id === 'CC1'))")
    mine = page.evaluate(OPTION)
    page.click("nav a[href='#before-after']")
    settled(page, "before-after?close=")
    page.evaluate("App.set({ mode: 'drive' })")
    page.go_back()
    page.wait_for_selector("#your-option:not([hidden])")
    assert page.evaluate(OPTION) == mine and page.evaluate("App.state.mode") == "drive"
    page.evaluate("location.hash = '#my-street?place=A25&kind=area'")
    page.wait_for_selector("#cards article")
    assert page.evaluate("App.sameOption(App.state.option, App.proposalOption())")
    assert page.evaluate("App.state.mode") == "walk"


def test_a_name_longer_than_any_is_not_looked_for(visit, example_page):
    page = visit(example_page)
    asked, faults = page.evaluate(
        """() => { const { find } = App, asked = [];
             App.find = (text) => { asked.push(text); return []; };
             const faults = App.readLink(`place=${'ab '.repeat(50000)}`);
             App.find = find;
             return [asked, faults]; }"""
    )
    assert asked == [] and faults == ["It names a place that is not in this page."]


def test_however_long_a_name_is_its_link_finds_it(visit, example, tmp_path):
    names = example.sites["name"].tolist()
    names[0] = " ".join(f"Überlanger Name {k}" for k in range(30))
    sites = example.sites.assign(name=names)
    path = write_explorer(replace(example, sites=sites), tmp_path / "x.html")
    page = visit(path, own=True)
    page.fill("#place", "Überlanger")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page, "my-street?place=")
    page.reload()
    page.wait_for_selector("#cards article")
    assert page.evaluate("App.state.place.label") == names[0] and not page.inner_text("#notice")


# ---- to take away ----


def test_a_code_and_a_text_hold_the_place_and_no_names(visit, example_page):
    page = visit(example_page)
    look_up(page, "A25")
    page.click("#share summary")
    page.wait_for_selector("#share-qr svg.qr")
    text = page.input_value("#share-text")
    assert page.inner_text("#answer") in text
    assert "#my-street?place=A25" in text
    rows = page.evaluate("qrRows(App.shareLink())")
    assert len(rows) == len(rows[0]) and (len(rows) - 17) % 4 == 0
    drawn = page.get_attribute("#share-qr path", "d").count("M")
    assert drawn == sum(map(sum, rows))


MASKS = (
    lambda x, y: (x + y) % 2, lambda x, y: y % 2, lambda x, y: x % 3, lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2, lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2, lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)  # fmt: skip


def read_code(rows: list[list[bool]], blocks: int, data: int) -> str:
    """Read a code of version 2 to 6 as a telephone does, after ISO/IEC 18004."""
    size = len(rows)
    mask = int("".join(str(int(rows[8][x])) for x in (2, 3, 4)), 2) ^ 0b101
    middle = size - 7

    def still(x: int, y: int) -> bool:
        corner = (x < 9 and y < 9) or (x >= size - 8 and y < 9) or (x < 9 and y >= size - 8)
        return corner or 6 in (x, y) or (abs(x - middle) <= 2 and abs(y - middle) <= 2)

    bits, up = [], True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for step in range(size):
            y = size - 1 - step if up else step
            bits += [
                rows[y][x] ^ (MASKS[mask](x, y) == 0) for x in (right, right - 1) if not still(x, y)
            ]
        up = not up
    words = [int("".join(str(int(b)) for b in bits[i : i + 8]), 2) for i in range(0, len(bits), 8)]
    own = [words[i * blocks + b] for b in range(blocks) for i in range(data)]
    stream = "".join(f"{word:08b}" for word in own)
    assert stream[:4] == "0100"
    length = int(stream[4:12], 2)
    return bytes(int(stream[12 + 8 * i : 20 + 8 * i], 2) for i in range(length)).decode()


@pytest.mark.parametrize(
    ("text", "blocks", "data"),
    [("https://a.uk/#Môn", 1, 28), ("https://a.uk/#my-street?place=" + "x" * 30, 2, 32),
     ("https://a.uk/#my-street?place=" + "y" * 70, 4, 27)],
)  # fmt: skip
def test_a_telephone_reads_the_text_back(loaded, example_page, text, blocks, data):
    rows = loaded(example_page).evaluate("(t) => qrRows(t)", text)
    assert read_code(rows, blocks, data) == text
    assert loaded(example_page).evaluate("qrRows('x'.repeat(3000))") is None
