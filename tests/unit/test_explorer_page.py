"""The page as text: self-contained, escaped, the same bytes, every word from one file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from importlib import resources

import pytest

from access.errors import OutputError, ParameterError
from access.maps.explorer import (
    _explorer_html,
    _fill_text,
    _published_date,
    _strings,
    write_explorer,
)
from access.maps.explorer_data import _example_data

DATA = _example_data()
ASSETS = resources.files("access.maps") / "assets"
SCRIPTS = sorted(p.name for p in ASSETS.iterdir() if p.name.endswith(".js"))


@pytest.fixture(scope="module")
def page() -> str:
    return _explorer_html(DATA)


# Wrong inputs first.


def test_a_language_without_a_file_is_refused():
    with pytest.raises(ParameterError, match=r"expected one of \['cy', 'en'\]"):
        _explorer_html(replace(DATA, language="xx"))


def test_a_place_that_cannot_be_written_leaves_the_former_file(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("former", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_explorer(DATA, blocked / "explorer.html")
    assert blocked.read_text(encoding="utf-8") == "former"
    target = tmp_path / "explorer.html"
    target.mkdir()
    with pytest.raises(OutputError):
        write_explorer(DATA, target)
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


# Self-contained.


def test_the_same_data_give_the_same_bytes(page):
    assert _explorer_html(_example_data()) == page


def test_nothing_points_outside(page):
    urls = set(re.findall(r"https?://[^\s\"'<>)\\]+", page))
    assert urls <= {"http://www.w3.org/2000/svg"}, "a namespace, not an address"
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", page)
    assert "@import" not in page
    assert not re.findall(r"url\((?!#|'?#)", re.search(r"<style>(.*?)</style>", page, re.S)[1])


def test_the_policy_names_every_script_and_style_and_nothing_else(page):
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert rules["img-src"] == "data:"

    def hashes(pattern: str) -> list[str]:
        found = re.findall(pattern, page, re.S)
        digests = (hashlib.sha256(text.encode()).digest() for text in found)
        return [f"'sha256-{base64.b64encode(d).decode()}'" for d in digests]

    assert rules["script-src"].split() == hashes(r"<script>(.*?)</script>")
    assert rules["style-src"].split() == hashes(r"<style>(.*?)</style>")
    assert "unsafe" not in policy


def test_only_the_online_copy_may_ask_for_tiles(page):
    online = _explorer_html(DATA, online_tiles=True)
    assert "img-src data: https://tile.openstreetmap.org;" in html.unescape(online)
    assert "tile.openstreetmap" not in page


def test_licences_are_kept():
    assert "Volodymyr Agafonkin" in (ASSETS / "leaflet" / "LICENSE").read_text(encoding="utf-8")
    assert "Leaflet" in _strings("en")["about_credits"]


# Escaped.

NASTY = "</script><script>alert(1)</script><!--{{t:skip}}\u2028&\"'"


def test_no_text_of_the_data_becomes_markup():
    sites = DATA.sites.assign(name=NASTY, address=NASTY)
    data = replace(
        DATA, title=NASTY, place=NASTY, sites=sites, assumptions=(NASTY,), vintages=(NASTY,),
        attributions=(NASTY,), as_of=NASTY, proposal=NASTY, weights_note=NASTY,
        places=DATA.places.assign(name=NASTY), areas=DATA.areas.assign(ward=NASTY),
    )  # fmt: skip
    page = _explorer_html(data)
    assert "alert(1)</script>" not in page
    assert page.count("<script") == _explorer_html(DATA).count("<script")
    blob = re.search(r'id="explorer-data">(.*?)</script>', page, re.S)[1]
    assert json.loads(blob)["sites"][0]["name"] == NASTY
    assert "{{" in html.unescape(re.search(r"<h1>(.*?)</h1>", page)[1]), "not filled twice"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_text_and_never_markup(name):
    script = (ASSETS / name).read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "new Function", "setAttribute('style'", "fetch(", "XMLHttpRequest",
                "localStorage", "sessionStorage", "document.cookie"):  # fmt: skip
        assert way not in script, way
    assert "'use strict'" in script
    assert script.count("\n") < 500


# Words.


def used_keys() -> tuple[set[str], list[str]]:
    """Give the strings that code and template name, and the beginnings of those they make up."""
    python = "".join(
        (resources.files("access.maps") / name).read_text(encoding="utf-8")
        for name in ("explorer.py", "explorer_encode.py", "static_map.py")
    )
    scripts = "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    template = (ASSETS / "page.html").read_text(encoding="utf-8")
    keys = set(re.findall(r"\{\{t:(\w+)\}\}", template))
    keys |= set(re.findall(r"['\"]([a-z][a-z0-9_]+)['\"]", python + scripts))
    keys |= set(re.findall(r"strings\.(\w+)", scripts))
    parts = re.findall(r"`([a-z_]+)\$\{", scripts) + re.findall(r'f["\']([a-z_]+)\{', python)
    return keys, [p for p in set(parts) if p.endswith("_")]


def test_every_string_is_used_and_every_string_used_is_there():
    words = _strings("en")
    keys, parts = used_keys()
    unused = [k for k in words if k not in keys and not any(k.startswith(p) for p in parts)]
    assert not unused
    template = (ASSETS / "page.html").read_text(encoding="utf-8")
    scripts = "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    named = set(re.findall(r"\{\{t:(\w+)\}\}", template))
    named |= set(re.findall(r"App\.(?:t|rich)\('(\w+)'", scripts))
    assert named <= set(words)


def test_words_are_plain():
    """Short sentences, no jargon: what a planner says among planners stays out of the page."""

    def every(value):
        inside = value.values() if isinstance(value, dict) else value
        return [value] if isinstance(value, str) else [t for one in inside for t in every(one)]

    texts = every(_strings("en"))
    jargon = re.compile(r"\b(isochrone|centroid|choropleth|quintile|decile|P90|LSOA|OA|CSV file|"
                        r"baseline|catchment|regret|Pareto|GIS)\b", re.I)  # fmt: skip
    assert [t for t in texts if jargon.search(t)] == []
    sentences = [s for t in texts for s in re.split(r"(?<=[.!?])\s", t)]
    assert [s for s in sentences if len(s.split()) > 32] == []


def test_dates_and_plurals():
    words = _strings("en")
    assert _published_date("2018-13-01", words) == "2018-13-01"
    assert _fill_text(words, "minutes", n="1") == "1 minute"
    assert _fill_text(words, "footer_as_of", date="{date}") == "Figures as of {date}."


def test_what_is_proposed_is_the_first_thing_said(page):
    assert "5 Children&#x27;s centres would become 3." in page
    same = replace(DATA.services[0], after=DATA.services[0].before)
    assert "All 5 Children&#x27;s centres would stay." in _explorer_html(
        replace(DATA, services=(same, DATA.services[1]))
    )


def test_one_centre_is_one():
    one = replace(DATA.services[0], before=("CC1",), after=("CC1",))
    more = replace(one, after=("CC1", "L1"))
    for service, said in ((one, "The only children&#x27;s centre would stay."),
                          (more, "1 children&#x27;s centre would become 2.")):  # fmt: skip
        assert said in _explorer_html(replace(DATA, services=(service, DATA.services[1])))


def test_real_streets_carry_no_badge():
    real = _explorer_html(replace(DATA, modelled=False))
    assert 'class="badge"' not in real
    assert "streets are modelled" not in re.search(r'<section id="about".*?</section>', real,
                                                   re.S)[0]  # fmt: skip
