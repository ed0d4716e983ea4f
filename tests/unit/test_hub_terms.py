"""What hubs are called: as the study says, or by whom they are for; the same word everywhere."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from access.analysis.results import FAMILY_HUBS, HubTerms
from access.maps.explorer import _explorer_html
from access.maps.explorer_data import _example_data
from access.study.config import StudyConfig
from access.study.study import load_study


def named(*services: tuple[str, str], title: str | None = None, one: str | None = None):
    told = {str(k): SimpleNamespace(title=t, noun=n) for k, (t, n) in enumerate(services)}
    hubs = SimpleNamespace(title=title, one=one)
    return HubTerms.of(SimpleNamespace(config=SimpleNamespace(services=told, hubs=hubs)))


def test_hubs_for_families_are_family_hubs_and_others_are_hubs():
    assert named(("Libraries", "residents"), ("Play", "young people")) == FAMILY_HUBS
    assert named(("Libraries", "residents")) == HubTerms("Hubs", "hub", "hubs")


def test_a_study_may_name_its_own():
    own = HubTerms("Neighbourhood Places", "Neighbourhood Place", "Neighbourhood Places")
    assert named(("Libraries", "residents"), title=own.title, one=own.one) == own
    assert named(("Youth clubs", "young people"), title=own.title, one=own.one) == own


@pytest.mark.parametrize("hubs", [{"title": "Places"}, {"one": "Place"}, {"title": "", "one": "x"}])
def test_one_word_without_the_other_is_refused(hubs):
    raw = load_study("rotherham").config.model_dump(mode="json", exclude_none=True)
    with pytest.raises(ValueError, match="hubs"):
        StudyConfig.model_validate(raw | {"hubs": raw["hubs"] | hubs})


@pytest.mark.parametrize(
    ("terms", "language", "title", "add"),
    [
        (FAMILY_HUBS, "en", "Best places for Family Hubs", "Add a Family Hub in another"),
        (FAMILY_HUBS, "cy", "Y lleoedd gorau i Hybiau Teulu", "Ychwanegu Hyb Teulu mewn"),
        (HubTerms("Hubs", "hub", "hubs"), "en", "Best places for hubs", "Add a hub in another"),
        (HubTerms("Hubs", "hub", "hubs"), "cy", "Y lleoedd gorau i hybiau", "Ychwanegu hyb mewn"),
        (HubTerms("A <b>{n}", "B", "A <b>{n}"), "en", "Best places for A &lt;b&gt;{n}", "Add a B"),
    ],
)
def test_the_public_page_says_the_study_s_word_alone(terms, language, title, add):
    page = _explorer_html(replace(_example_data(), hub_terms=terms, language=language))
    seen = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert title in seen and add in seen
    if terms != FAMILY_HUBS:
        assert "Family Hub" not in page and "Teulu" not in seen
        assert "youth and health" not in seen


def test_a_page_without_hubs_does_not_explain_them():
    page = _explorer_html(replace(_example_data(), hubs=None))
    assert "<dt>Family Hubs</dt>" not in page
    assert "<dt>Family Hubs</dt>" in _explorer_html(_example_data())
