"""The explorer in Firefox: it loads in silence, answers a place, and has Chromium's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import need_module, need_program

ENTER = "\ue007"
FIGURES = """App.model.services.map((service) => {
  const { figures, ranks } = App.optionFigures(App.state.option, service);
  return { figures, ranks };
})"""
ANSWER = "document.getElementById('answer').textContent"
CLOSE = """[...document.querySelectorAll('#option-boxes label')]
  .find((label) => label.textContent.includes('Market Square')).click()"""


@pytest.fixture(scope="module")
def firefox(beside, tmp_path_factory) -> Iterator:
    """Start Firefox once; at the end no error was logged and nothing outside was asked for."""
    need_module("websocket")
    program = need_program("firefox-esr", "firefox", package="firefox-esr")
    with beside("firefox").Firefox(program, tmp_path_factory.mktemp("firefox")) as browser:
        yield browser
        assert not browser.faults


@pytest.fixture
def fox(firefox, example_page):
    """Open the page as a new person does."""
    firefox.open("about:blank")
    firefox.open(example_page.as_uri())
    return firefox


def test_a_place_is_typed_and_answered(fox, visit, example_page):
    assert fox.ask("document.body.dataset.ready") == "yes"
    fox.ask("document.getElementById('place').focus()")
    fox.keys("A25" + ENTER)
    assert fox.ask("document.activeElement.id") == "place-title"
    page = visit(example_page)
    page.fill("#place", "A25")
    page.press("#place", "Enter")
    assert fox.ask(ANSWER) == page.inner_text("#answer")
    assert fox.ask("document.querySelector('#cards').innerText") == page.inner_text("#cards")
    assert fox.ask("document.documentElement.scrollWidth <= innerWidth")
    assert not fox.faults


def test_closing_a_centre_changes_the_figures_as_in_chromium(fox, visit, example_page):
    page = visit(example_page)
    before = fox.ask(FIGURES)
    assert before == page.evaluate(FIGURES)
    for ask in (fox.ask, page.evaluate):
        ask("App.go('your-option')")
        ask(CLOSE)
    after = fox.ask(FIGURES)
    assert after == page.evaluate(FIGURES)
    assert after[0]["figures"]["mean"] > before[0]["figures"]["mean"]
    assert fox.ask("document.activeElement !== document.body")
    assert fox.ask("document.getElementById('option-headline').innerText") == page.inner_text(
        "#option-headline"
    )


def test_every_part_and_map_is_drawn(fox):
    for view in ("before-after", "your-option", "family-hubs", "about", "my-street"):
        fox.ask(f"App.go('{view}')")
        assert fox.ask(f"!document.getElementById('{view}').hidden")
    assert fox.ask("document.querySelectorAll('#map path').length") > 10
    assert not fox.faults
