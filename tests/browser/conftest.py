"""A real Chromium, the explorer's pages on disk, and what every page must never do."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _example_data
from tests.conftest import CHROMIUM, need_module, need_program

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
HERE = Path(__file__).parent
#: A page that never gets there fails at last; a busy machine is waited for.
PATIENCE_MS = 300_000


def load_beside(name: str):
    """Import a helper module that stands beside the tests."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def chromium():
    """Start Chromium once."""
    need_module("playwright")
    path = need_program(*CHROMIUM, package="chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the script of the accessibility checks."""
    home = need_module("axe_playwright_python").parent
    return (home / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def rotherham():
    """Give the explorer's input on the real tables."""
    return load_beside("rotherham_case").rotherham_data()


@pytest.fixture(scope="session")
def rotherham_page(rotherham, tmp_path_factory) -> Path:
    return write_explorer(rotherham, tmp_path_factory.mktemp("rotherham") / "explorer.html")


@pytest.fixture(scope="session")
def example():
    return _example_data()


@pytest.fixture(scope="session")
def example_page(example, tmp_path_factory) -> Path:
    return write_explorer(example, tmp_path_factory.mktemp("example") / "explorer.html")


class Windows:
    """Windows of one browser, lent to one test after another.

    A window costs more than the page in it, so what most tests ask for is emptied and lent again:
    the page is loaded anew, nothing of the last test is in it, and its errors are this test's own.
    """

    #: What is asked for so often that the window is kept.
    KEPT = ({}, {"bypass_csp": True})

    def __init__(self, chromium) -> None:
        self._chromium, self._idle, self._hearing = chromium, [], {}

    def lend(self, hear: dict[str, Callable], width: int, height: int, own=False, **options):
        """Give an empty page that tells ``hear`` what happens; ``own``: one that nobody had."""
        size = {"width": width, "height": height}
        idle = next((k for k, (_, o) in enumerate(self._idle) if o == options and not own), None)
        if idle is None:
            context = self._chromium.new_context(viewport=size, **options)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
        else:
            page, _ = self._idle.pop(idle)
            if page.viewport_size != size:
                page.set_viewport_size(size)
        for event, heard in hear.items():
            page.on(event, heard)
        self._hearing[page] = hear, options, own
        return page

    def back(self, page) -> None:
        """Take a page back: empty it, or close it where no other test would ask for such a one."""
        hear, options, own = self._hearing.pop(page)
        if own or options not in self.KEPT:
            page.context.close()
            return
        page.goto("about:blank")
        for event, heard in hear.items():
            page.remove_listener(event, heard)
        self._idle.append((page, options))


@pytest.fixture(scope="session")
def windows(chromium) -> Windows:
    return Windows(chromium)


@pytest.fixture
def opened(windows) -> Iterator[Callable]:
    """Open a page and keep what it says, asks for and has wrong with it: ``page.heard``."""
    pages = []

    def go(path: Path, *, wait: str, width=1200, height=800, **asked):
        heard = []
        hear = {
            "dialog": lambda d: (heard.append(f"dialog: {d.message}"), d.dismiss()),
            "pageerror": lambda error: heard.append(f"error: {error}"),
            "console": lambda m: m.type == "error" and heard.append(m.text),
            "request": lambda r: r.url.startswith("http") and heard.append(r.url),
        }
        page = windows.lend(hear, width, height, **asked)
        pages.append(page)
        page.heard = heard
        page.goto(path.as_uri())
        page.wait_for_selector(wait)
        return page

    yield go
    for page in pages:
        windows.back(page)


def _open(windows, faults, path: Path, fragment="", width=1280, height=860, allow="", **options):
    """Open a page as a new person does; what it logs or asks for outside is noted."""

    def outside(url: str) -> bool:
        return not (_inside(url, path) or (allow and url.startswith(allow)))

    hear = {
        "pageerror": lambda error: faults.append(f"script error: {error}"),
        "console": lambda m: m.type == "error" and faults.append(f"console: {m.text}"),
        "request": lambda r: outside(r.url) and faults.append(f"request: {r.url}"),
    }
    page = windows.lend(hear, width, height, **options)
    page.goto(path.as_uri() + fragment)
    page.wait_for_selector("body[data-ready]")
    page.faults = faults
    return page


@pytest.fixture
def visit(windows) -> Iterator[Callable]:
    """Open a page; at the end no error was logged and nothing outside was asked for."""
    pages, faults = [], []

    def open_page(path: Path, **asked):
        pages.append(_open(windows, faults, path, **asked))
        return pages[-1]

    yield open_page
    for page in pages:
        windows.back(page)
    assert not faults


@pytest.fixture(scope="session")
def loaded(windows) -> Iterator[Callable]:
    """Give a page that is opened once: to work out, never to be looked at or left changed."""
    pages, faults = {}, []

    def page_of(path: Path):
        if path not in pages:
            pages[path] = _open(windows, faults, path, own=True)
        assert not faults
        return pages[path]

    yield page_of
    for page in pages.values():
        page.context.close()
    assert not faults


def _inside(url: str, path: Path) -> bool:
    return url.split("#")[0] == path.as_uri() or url.startswith(("data:", "blob:"))


@pytest.fixture(scope="session")
def beside():
    return load_beside
