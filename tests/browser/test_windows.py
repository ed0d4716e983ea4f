"""A page that is lent again is as it was when loaded, or it is loaded anew."""

from __future__ import annotations

import pytest

from tests.browser.windows import SEEN, Windows, is_same

#: What tests do to a page, of every part of it.
USED = """() => {
  App.choosePlace(App.find('A25', 1)[0]);
  for (const view of ['before-after', 'your-option', 'family-hubs', 'about', 'your-option'])
    App.go(view);
  for (const part of document.querySelectorAll('details')) part.open = true;
  App.toggleSite(App.model.services[1].before[0]);
  App.set({ mode: 'pram', speed: 3, limit: 30, service: 1 });
  App.state.layers = { 'your-option': 'swipe_option' };
  App.state.overlays.ward = true;
  App.setKiosk(true);
  App.notice(['Broken.']);
  App.$('option-name').value = 'Mine';
  App.$('note-form').requestSubmit();
  App.$('option-reason').value = 'half a word';
  App.render();
  App.present(true);
  scrollTo(0, 200);
}"""
#: What no reset of the page's own puts back.
BROKEN = (
    "App.core.alternatives = () => null", "window.ran = 1", "window.print = () => {}",
    "document.querySelector('footer').append('more')",
    "document.querySelector('h1').style.color = 'red'",
)  # fmt: skip


@pytest.fixture
def lend(chromium, example_page):
    """Lend windows of nobody else's; give also how many pages were put back, and loaded."""
    windows = Windows(chromium)

    def go(fragment="", width=1280):
        address = example_page.as_uri() + fragment
        page = windows.lend(address, "body[data-ready]", {}, width, 860, reduced_motion="reduce")
        windows.back(page)
        return page, (windows.put_back, windows.loaded)

    yield go
    windows.close()


def test_a_used_page_is_put_back_as_it_was_when_loaded(lend):
    for k, fragment in enumerate(("#your-option", "#my-street?place=A25&kind=area"), start=1):
        page, _ = lend(fragment)
        loaded = page.evaluate(SEEN, True)
        page.evaluate(USED)
        assert not is_same(page.evaluate(SEEN, True), loaded)
        page.set_viewport_size({"width": 375, "height": 700})
        again, counts = lend(fragment)
        assert again is page and counts == (k, k)
        now = page.evaluate(SEEN, True)
        assert now[0].split("\n") == loaded[0].split("\n") and is_same(now, loaded)
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.innerText") == "Skip to the main content"
        assert first == (fragment != "#your-option")


def test_what_cannot_be_put_back_or_is_another_page_is_loaded_anew(lend):
    page, _ = lend()
    for k, broken in enumerate(BROKEN, start=2):
        page.evaluate(f"() => {{ {broken} }}")
        again, counts = lend()
        assert again is page and counts == (0, k), broken
        assert page.evaluate("window.ran") is None
    assert lend("#about")[1] == (0, k + 1), "another address"
    assert lend(width=700)[1] == (0, k + 2), "another size"
    assert lend()[1] == (1, k + 2)
