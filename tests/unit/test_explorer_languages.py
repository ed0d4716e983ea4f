"""Every language says the same with the same gaps; what one does not say yet stays in English."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources

import pytest

from access.errors import ParameterError
from access.maps.explorer import _explorer_html, _number_words, _published_date, _strings
from access.maps.explorer_data import _example_data

ASSETS = resources.files("access.maps") / "assets"
OWN = {"_review"}


def words(language: str) -> dict:
    return json.loads((ASSETS / f"strings.{language}.json").read_text(encoding="utf-8"))


def gaps(text: object) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", json.dumps(text)))


def test_an_unknown_language_is_refused_by_name():
    with pytest.raises(ParameterError, match=r"expected one of \['cy', 'en'\]"):
        _strings("xx")


def test_welsh_has_the_keys_and_gaps_of_english():
    english, welsh = _strings("en"), words("cy")
    assert set(welsh) - OWN <= set(english)
    assert {k for k in welsh if k not in OWN and gaps(welsh[k]) != gaps(english[k])} == set()
    left = {k for k in words("en") if k not in welsh and not k.startswith("static_")}
    assert left <= {"direction", "thousands"}, "public words that are not in Welsh"


def test_the_welsh_page_says_so_and_asks_for_review():
    html = _explorer_html(replace(_example_data(), language="cy", as_of="2018-03-12"))
    assert '<html lang="cy" dir="ltr">' in html
    assert "12 Mawrth 2018" in html and "Cyfieithiad drafft" in html
    assert "Beth fyddai’n newid i fy stryd i?" in html
    assert "review" in words("cy")["_review"]
    assert "language_note" in words("cy") and not words("en")["language_note"]


def test_dates_and_numbers_follow_the_language():
    assert _published_date("2018-03-12", _strings("en")) == "12 March 2018"
    assert _number_words(12345.4, _strings("en")) == "12,345"
    assert _number_words(12345.4, {"thousands": "."}) == "12.345"
