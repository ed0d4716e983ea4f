"""A real Chromium, the explorer's pages on disk, and what every page must never do."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from access.maps.explorer import write_explorer
from access.maps.explorer_data import _example_data
from tests.browser.windows import Windows
from tests.conftest import CHROMIUM, need_module, need_program

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
    "--js-flags=--no-opt",  # no page lives so long that its scripts repay what the last tier costs
]  # fmt: skip
HERE = Path(__file__).parent


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
        pages.append(windows.lend(path.as_uri(), wait, hear, width, height, **asked))
        pages[-1].heard = heard
        return pages[-1]

    yield go
    for page in pages:
        windows.back(page)


def _open(
    windows, faults, path: Path, fragment="", width=1280, height=860, allow="", moving=False,
    **options,
):  # fmt: skip
    """Open a page as a new person does; what it logs or asks for outside is noted.

    Nothing on it slides or grows, for each frame of that costs, unless it is ``moving``: both
    come to rest alike (`test_reduced_motion_moves_nothing_and_ends_alike`).
    """

    def outside(url: str) -> bool:
        return not (_inside(url, path) or (allow and url.startswith(allow)))

    hear = {
        "pageerror": lambda error: faults.append(f"script error: {error}"),
        "console": lambda m: m.type == "error" and faults.append(f"console: {m.text}"),
        "request": lambda r: outside(r.url) and faults.append(f"request: {r.url}"),
    }
    address, motion = path.as_uri() + fragment, "no-preference" if moving else "reduce"
    options = {"reduced_motion": motion, **options}
    page = windows.lend(address, "body[data-ready]", hear, width, height, **options)
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
