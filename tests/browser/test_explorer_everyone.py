"""For everyone: axe, keyboard, phone, zoom, contrast, motion, paper."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _ExplorerPlan
from tests.conftest import pdf_text

VIEWS = ("my-street", "before-after", "your-option", "family-hubs", "about")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def still(page) -> None:
    """Wait until nothing on the page fades, and the map neither slides nor grows."""
    page.wait_for_function(
        """() => !document.querySelector('.leaflet-pan-anim, .leaflet-zoom-anim')
             && document.getAnimations().every((a) => a.playState !== 'running')"""
    )


#: Run axe on the whole page, and its rule of colours on every kind of text that has not passed it:
#: of the same colours and size, in parts of the same names and colours all the way up. What stands
#: over others, as names on the map do, is of no kind, for what is behind it changes. Of a new kind
#: the first is asked; where axe cannot tell, all others of it are.
CHECK = """async ([rules, passed, colours]) => {
  const known = new Set(passed);
  const hash = (...parts) => {
    let found = 7;
    for (const one of parts.join('|')) found = Math.imul(found ^ one.codePointAt(0), 2654435761);
    return found;
  };
  const grounds = new Map([[null, innerWidth]]);
  const ground = (node) => {
    if (!grounds.has(node)) {
      const under = ground(node.parentElement);
      const style = getComputedStyle(node);
      const over = under === null || ['absolute', 'fixed'].includes(style.position);
      grounds.set(node, over ? null : hash(under, node.tagName, node.getAttribute('class'),
        style.backgroundColor, style.backgroundImage, style.opacity, style.filter));
    }
    return grounds.get(node);
  };
  const kindOf = (node) => {
    const under = ground(node);
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(node);
    const off = Boolean((node.control || node).closest(':disabled, [aria-disabled=true]'));
    return under === null ? null : hash(under, color, fontSize, fontWeight, textShadow, off);
  };
  const written = (node) => node.matches('select, textarea, input') ||
    [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  const kinds = new Map(!colours ? [] : [...document.body.querySelectorAll('*')].filter((node) =>
    written(node) && !/^(checkbox|radio|range)$/.test(node.type) && node.checkVisibility()
  ).map((node) => [node, kindOf(node)]));
  const bad = [];
  const check = async (nodes, runOnly) => {
    for (const node of nodes) node.dataset.colours = 'asked';
    axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-colours]' }] });
    const found = await axe.run(document, { runOnly, resultTypes: ['violations', 'passes'],
      selectors: false, elementRef: true, rules: { 'color-contrast': { enabled: colours } } });
    for (const node of nodes) delete node.dataset.colours;
    for (const rule of found.passes) if (rule.id === 'color-contrast')
      for (const { element } of rule.nodes) known.add(kinds.get(element));
    for (const { id, nodes } of found.violations)
      bad.push([id, ...nodes.slice(0, 5).map((node) => node.html)].join(' | '));
    known.delete(null);
  };
  const asked = new Set(known);
  const first = [...kinds.keys()].filter((node) => {
    const kind = kinds.get(node);
    return kind === null || (!asked.has(kind) && asked.add(kind));
  });
  await check(first, rules);
  const rest = [...kinds.keys()].filter((node) => kinds.get(node) !== null
    && !known.has(kinds.get(node)) && !first.includes(node));
  if (rest.length) await check(rest, ['color-contrast']);
  return [bad, [...known]];
}"""
#: The kinds of text whose colours have passed.
PASSED: set[int] = set()


def violations(page, axe: str) -> list[str]:
    """Run axe; on a telephone without colours, which are those of the wide page."""
    still(page)
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    colours = page.viewport_size["width"] > 600
    bad, passed = page.evaluate(CHECK, [RULES, list(PASSED), colours])
    PASSED.update(passed)
    return bad


def unfold(page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing_in_any_part(visit, example_page, axe, width):
    page = visit(example_page, width=width, bypass_csp=True)
    assert violations(page, axe) == []
    page.fill("#place", "Ex")
    assert violations(page, axe) == []
    page.fill("#place", "nowhere")
    page.press("#place", "Enter")
    assert violations(page, axe) == []
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    assert violations(page, axe) == []
    for view in VIEWS[1:]:
        page.click(f"nav a[href='#{view}']")
        unfold(page)
        if view == "your-option":
            page.fill("#option-name", "x")
            page.click("#note-form button")
        assert violations(page, axe) == [], view
        if view == "before-after":
            page.select_option("#colour-by", "swipe")
            assert violations(page, axe) == []
    page.evaluate("document.querySelector('#about p:nth-of-type(2)').style.color = '#bbb'")
    pale = [fault.split(" | ")[0] for fault in violations(page, axe)]
    assert pale == (["color-contrast"] if width > 600 else []), "what passed before hides nothing"


def test_title_language_headings_and_landmarks(visit, example_page):
    page = visit(example_page)
    assert page.get_attribute("html", "lang") == "en"
    assert "Exampleton" in page.title()
    assert page.locator("h1").count() == 1
    for landmark in ("header", "nav", "main", "footer"):
        assert page.locator(landmark).count() == 1
    for view in VIEWS:
        page.click(f"nav a[href='#{view}']")
        levels = page.evaluate(
            """() => [...document.querySelectorAll('h1, h2, h3, h4')].filter(
                 (h) => h.offsetParent && h.innerText).map((h) => Number(h.tagName[1]))"""
        )
        assert levels[:2] == [1, 2]
        assert all(b - a <= 1 for a, b in pairwise(levels))


def focused(page) -> str:
    return page.evaluate(
        """() => { const e = document.activeElement;
             return e === document.body ? '' : e.id || e.innerText; }"""
    )


def tab_to(page, wanted: str, most: int = 90) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted in focused(page):
            return
    raise AssertionError(f"{wanted} cannot be reached with the Tab key")


def test_a_whole_journey_with_the_keyboard_only(visit, example_page):
    page = visit(example_page)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the main content"
    page.keyboard.press("Enter")
    tab_to(page, "place")
    page.keyboard.type("Upper")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#place", "aria-activedescendant") == "place-option-0"
    page.keyboard.press("Enter")
    assert focused(page) == "place-title"
    assert page.inner_text("#place-title") == "For Upper Example"
    page.evaluate("document.activeElement.blur()")
    tab_to(page, "Try your own option")
    page.keyboard.press("Enter")
    assert focused(page) == "title-your-option"
    tab_to(page, "site-")
    page.keyboard.press("Space")
    tab_to(page, "undo")
    page.keyboard.press("Enter")
    tab_to(page, "option-name")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    assert "By keyboard" in page.inner_text("#log-rows")


@pytest.mark.parametrize("view", ["before-after", "your-option", "family-hubs", "about"])
def test_skipping_to_the_content_stays_in_the_part_that_is_shown(visit, example_page, view):
    page = visit(example_page, fragment=f"#{view}", own=True)
    page.evaluate("App.set({ mode: 'drive' })")
    page.focus(".skip")
    page.keyboard.press("Enter")
    page.wait_for_function("(view) => location.hash.startsWith(`#${view}`)", arg=view)
    assert focused(page) == "main"
    assert page.is_visible(f"#{view}") and page.is_hidden("#my-street")
    assert page.evaluate("App.state.mode") == "drive" and not page.inner_text("#notice")


def test_who_leaves_the_search_and_comes_back_at_once_keeps_what_is_offered(visit, example_page):
    page = visit(example_page)
    page.focus("#place")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # before what leaving it does comes due
    page.keyboard.type("Upper")
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#place", "aria-activedescendant") == "place-option-0"
    page.keyboard.press("Tab")
    page.locator("#place-option-0").wait_for(state="detached")


def test_every_stop_of_the_tab_key_is_seen(visit, example_page):
    page = visit(example_page)
    page.click("nav a[href='#your-option']")
    unseen, stops = [], set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name, width, style = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
                 const b = e.getBoundingClientRect();
                 return [e.id || e.innerText || e.tagName, e === document.body ? 0 : b.width,
                         s.outlineStyle + s.boxShadow]; }"""
        )
        stops.add(name)
        if width and style == "nonenone":
            unseen.append(name)
    assert not unseen
    assert len(stops) > 25


def test_the_map_answers_to_the_keyboard(visit, example_page):
    page = visit(example_page)
    page.evaluate("App.map.leaflet.setView([53.4325, -1.325], 14, { animate: false })")
    page.evaluate("document.getElementById('map').focus()")
    page.keyboard.press("Enter")
    assert page.inner_text("#place-title").startswith("For ")


def test_what_happens_is_announced(visit, example_page):
    page = visit(example_page)
    assert page.get_attribute("#live", "aria-live") == "polite"
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    page.locator("#live", has_text="For A25").wait_for(state="attached")
    assert "minutes longer, each way" in page.inner_text("#live")


def test_long_titles_of_options_do_not_stick_out_of_a_phone(visit, example, tmp_path):
    service = example.services[0]
    title = "Close the two oldest buildings, keep the third for three days a week, and open a hub"
    plans = tuple(
        _ExplorerPlan(k, f"{title} {k}", service.before[n:]) for n, k in ((2, "a"), (3, "b"))
    )
    services = (replace(service, after=plans[0].after, plans=plans), example.services[1])
    page = visit(write_explorer(replace(example, services=services), tmp_path / "long.html"))
    for width in (320, 360, 640):
        page.set_viewport_size({"width": width, "height": 740})
        for view in VIEWS:
            page.click(f"nav a[href='#{view}']")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, view)


def test_a_word_longer_than_a_line_is_broken_wherever_a_study_says_it(visit, example, tmp_path):
    word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrikgebäude"
    own = example.services[0]
    plans = (_ExplorerPlan("a", word, own.after), _ExplorerPlan("b", f"{word}2", own.before[:2]))
    services = (
        replace(own, title=word, one=word, people=word, plans=plans),
        replace(example.services[1], title=f"{word}n"),
    )
    data = replace(
        example,
        title=word,
        place=word,
        services=services,
        sites=example.sites.assign(name=word, address=word),
        candidates=example.candidates.assign(name=f"{word}s"),
        areas=example.areas.assign(ward=word),
        assumptions=(word,),
        attributions=(word,),
        consultation=(("address", word),),
        hubs=replace(example.hubs, source=word),
    )
    page = visit(write_explorer(data, tmp_path / "long.html"), width=320, height=640)
    place = "App.choosePlace(App.find('A25', 1)[0])"
    page.evaluate("App.state.layers['before-after'] = 'reach'")
    for view in (*VIEWS, "family-hubs"):
        page.evaluate("(view) => App.go(view)", view)
        if view == "my-street":
            page.evaluate(place)
        page.evaluate(
            "() => { for (const d of document.querySelectorAll('details')) d.open = true; }"
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 320, view


def test_nothing_sticks_out_on_a_phone_or_at_200_per_cent(visit, example_page):
    page = visit(example_page)
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    for width in (320, 375, 640):
        page.set_viewport_size({"width": width, "height": 740})
        for view in VIEWS:
            page.click(f"nav a[href='#{view}']")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, view)


STANDS_STILL = """() => {
  const bars = [...document.querySelectorAll('.state-bar, #option-bar')];
  const boxes = bars.filter((bar) => bar.checkVisibility())
    .map((bar) => bar.getBoundingClientRect());
  return boxes.reduce((sum, box) =>
    sum + Math.max(0, Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)), 0) / innerHeight;
}"""


@pytest.mark.parametrize(("width", "height"), [(320, 256), (844, 390), (320, 640)])
def test_what_stands_still_leaves_room_to_read(visit, example_page, width, height):
    page = visit(example_page, fragment="#your-option", width=width, height=height, own=True)
    if height > 500:
        page.evaluate("App.service().title = 'Places where families are met '.repeat(20)")
        page.evaluate("App.set({ mode: 'drive' })")
    page.evaluate("document.getElementById('option-ranks').scrollIntoView()")
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    assert page.evaluate(STANDS_STILL) <= 0.56


def test_words_come_before_the_map_on_a_phone(visit, example_page):
    page = visit(example_page, width=375, height=740)
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    top = {name: page.locator(name).bounding_box()["y"] for name in ("#cards", "#map")}
    assert top["#cards"] < top["#map"]


def test_targets_are_large_enough_for_a_finger(visit, example_page):
    page = visit(example_page, width=375, height=740, has_touch=True)
    small = []
    for view in VIEWS[:3]:
        page.click(f"nav a[href='#{view}']")
        small += page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, nav a')].filter((e) => {
                 const b = e.getBoundingClientRect();
                 return e.offsetParent && b.width && (b.width < 24 || b.height < 24);
               }).map((e) => e.id || e.innerText)"""
        )
    assert small == []


#: The words of a page at rest, but for what is said aloud, and what is where on its map.
AT_REST = """async () => {
  for (let k = 0; k < 3; k += 1) await new Promise((done) => { requestAnimationFrame(done); });
  return [
    [document.querySelector('main').innerText, App.map.leaflet.getZoom()],
    [...document.querySelectorAll('#map path, #map .name, #map .site')].map(
      (part) => part.getBoundingClientRect()).filter((box) => box.width).map(
      ({ x, y, width, height }) => [x, y, width, height])];
}"""


def test_reduced_motion_moves_nothing_and_ends_alike(visit, example_page):
    page = visit(example_page, reduced_motion="reduce", own=True)
    moving = visit(example_page, moving=True, own=True)
    assert page.evaluate("App.still") and not moving.evaluate("App.still")
    assert page.evaluate("App.map.leaflet.options.zoomAnimation") is False
    assert moving.evaluate("App.map.leaflet.options.zoomAnimation") is True
    for step in ("App.choosePlace(App.find('A25', 1)[0])", "App.go('your-option')",
                 "App.go('my-street')"):  # fmt: skip
        for each in (page, moving):
            each.evaluate(step)
            still(each)
        (words, spots), (same, near) = page.evaluate(AT_REST), moving.evaluate(AT_REST)
        assert words == same and len(spots) > 20, step
        np.testing.assert_allclose(spots, near, atol=2, err_msg=step)


def test_high_contrast_keeps_the_map_and_its_legend(visit, example_page):
    page = visit(example_page, fragment="#before-after", forced_colors="active")
    assert page.evaluate(
        "getComputedStyle(document.querySelector('#legend svg')).forcedColorAdjust"
    ) == "none"  # fmt: skip


@pytest.mark.parametrize("view", ["my-street", "your-option"])
def test_a_street_and_an_option_print_on_one_page(visit, rotherham_page, view, tmp_path):
    page = visit(rotherham_page)
    page.fill("#place", "Wath")
    page.press("#place", "Enter")
    if view == "your-option":
        page.click("button:has-text('stayed open?')")
    file = tmp_path / f"{view}.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    assert file.read_bytes().count(b"/Type /Page\n") == 1
    assert not page.evaluate("document.body.classList.contains('printing')")
    text = pdf_text(file.read_bytes())
    assert "Wath Victoria" in text
    assert "Royal Mail" in text
    assert "Modelled streets" in text


def test_languages_are_one_file_away(visit, example, tmp_path, monkeypatch):
    """Every word comes from the strings file: with all of them marked, none is left unmarked."""
    from access.maps import explorer

    def marked(value):
        if isinstance(value, dict):
            return {k: marked(v) for k, v in value.items()}
        if isinstance(value, list):
            return [marked(v) for v in value]
        return "§" + value

    words = explorer._strings("en")
    other = {k: v if k in ("locale", "months") else marked(v) for k, v in words.items()}
    monkeypatch.setattr(explorer, "_strings", lambda language, nation: other)
    page = visit(explorer.write_explorer(example, tmp_path / "marked.html"))
    bare = set()
    for view in VIEWS:
        page.click(f"nav a[href='#{view}']")
        unfold(page)
        bare |= set(
            page.evaluate(
                """() => [...document.querySelectorAll(
                     'h2, h3, label, legend, button, summary, th[scope=col], option, dt, figcaption'
                   )].map((e) => e.innerText.trim()).filter((t) => t && !t.includes('§'))"""
            )
        )
    names = set(example.sites["name"]) | set(example.candidates["name"])
    names |= {s.title for s in example.services} | set(example.places["name"])
    short = {n.split(" Children")[0].split(" Youth")[0] for n in names}
    known = {"+", "−", *example.hubs.localities}
    known |= {f"{n} {a}" for n, a in zip(example.candidates["name"], example.candidates["address"],
                                         strict=True)}  # fmt: skip
    assert {b for b in bare if b.split("\n")[0] not in names | short | known} == set()
