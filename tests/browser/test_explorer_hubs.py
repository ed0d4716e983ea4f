"""Hubs in the explorer: ranks and figures are the package's, two plans stand side by side."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from access.maps.explorer import write_explorer
from access.siting.plans import HubField, PlanRules, standing
from access.siting.problem import AtMost
from access.siting.set_figures import Figures

ASK = """(asked) => {
  const field = App.core.hubField(App.model, App.data.hubs);
  const index = (id) => App.data.sites.findIndex((s) => s.id === id);
  return asked.map((ids) => {
    const found = App.core.hubFigures(field, ids.map(index));
    return { ...found, near: undefined, ...App.core.hubStanding(field, ids.map(index)) };
  });
}"""


def python_field(data):
    minutes = data.walk.areas(list(data.hubs.area_ids)).sites(list(data.hubs.site_ids))
    return HubField(data.hubs.site_ids, minutes.total_minutes, data.hubs.offers, data.hubs.deprived)


def test_every_set_has_the_package_s_figures_and_rank(loaded, example, example_page):
    hubs, field = example.hubs, python_field(example)
    base = PlanRules((AtMost(("L1", "L2"), 1),), never=("CC1",))
    ruled = replace(base, rules=(*base.rules, *hubs.locality_rule))
    asked = [list(s) for k in (1, 2, 3) for s in combinations(hubs.site_ids, k)]
    for ids, got in zip(asked, loaded(example_page).evaluate(ASK, asked), strict=True):
        near = field.minutes[:, field.columns(ids)].min(axis=1)
        figures = Figures.of(near, hubs.offers, {}, hubs.reach_minutes)
        assert got["joint"] == pytest.approx(figures.joint, abs=1e-4)
        assert got["byOffer"] == pytest.approx(list(figures.by_offer.values()), abs=1e-4)
        poor = float(np.average(near, weights=field.deprived_weights))
        assert got["deprived"] == pytest.approx(poor, abs=1e-4)
        assert got["worst"] == pytest.approx(figures.worst_minutes, abs=1e-4)
        assert got["reach"] == pytest.approx(list(figures.reach.values()))
        sides = [("freely", base)] + ([("ruled", ruled)] if len(ids) >= 2 else [])
        assert (got["ruled"] is None) == (len(ids) < 2)
        for name, rules in sides:
            own = standing(field, ids, rules)
            said = got[name]
            assert (said["sets"], said["inside"]) == (own.sets, own.within_rules), (ids, name)
            assert said["ranks"] == own.rank, (ids, name)


def test_a_set_that_leaves_people_out_of_reach_ranks_after_those_that_do_not(
    loaded, example, tmp_path
):
    rng = np.random.default_rng(3)
    walk = example.walk
    cut = np.isfinite(walk.total_minutes) & (rng.uniform(size=walk.shape) < 0.3)
    # some are in reach of no site, most of them of one offer
    one, other = (offer.people / offer.people.sum() for offer in example.hubs.offers[:2])
    cut[np.argsort(other - one)[: len(one) // 2]] = True
    broken = replace(
        walk,
        status=np.where(cut, 3, walk.status).astype(np.uint8),
        **{
            k: np.where(cut, np.inf, getattr(walk, k)) for k in ("total_minutes", "network_minutes")
        },
    )
    council, locality, *others = example.hubs.plans
    data = replace(example, walk=broken, hubs=replace(
        example.hubs, plans=(council, replace(locality, sure=False), *others)))  # fmt: skip
    hubs, field = data.hubs, python_field(data)
    assert not field.whole
    page = loaded(write_explorer(data, tmp_path / "cut.html"))
    base = PlanRules((AtMost(("L1", "L2"), 1),), never=("CC1",))
    asked = [list(s) for k in (1, 2, 3) for s in combinations(hubs.site_ids, k)]
    for ids, got in zip(asked, page.evaluate(ASK, asked), strict=True):
        own = standing(field, ids, base)
        assert got["freely"]["sets"] == own.sets
        assert got["freely"]["ranks"] == own.rank, ids
        ranked_by = field.values(ids)
        assert got["joint"] == pytest.approx(ranked_by["mean"]), ids
        assert got["deprived"] == pytest.approx(ranked_by["deprived"]), ids
    out = {ids: Figures.of(field.near(ids), hubs.offers, {}, ()).unserved
           for ids in (plan.chosen for plan in hubs.plans)}  # fmt: skip
    assert page.evaluate("App.data.hubs.plans.map((plan) => plan.sure)") == [True, False, True]
    page.evaluate("location.hash = '#family-hubs'")
    page.locator("#hub-plan-rows td, #hub-plan-rows th").first.wait_for()
    told = page.inner_text("#hub-plan-rows")
    assert told.count("The best found: that none is better is not proven.") == 1
    assert any(out.values()) and told.count("of people reach none of these") == sum(
        share > 1e-9 for share in out.values()
    ) + (out[hubs.plans[0].chosen] > 1e-9)  # one's own choice begins as the first plan


def test_a_rule_of_several_hubs_in_each_part_is_named_as_that(visit, example, tmp_path):
    rule = tuple(replace(r, count=2) for r in example.hubs.locality_rule)
    data = replace(example, hubs=replace(example.hubs, locality_rule=rule))
    said = visit(write_explorer(data, tmp_path / "two.html")).evaluate(
        """() => ['locality', 'size', 'freely'].map((kind) => App.hubTitle(
             {kind, label: '', title: '', sites: [1, 2, 3, 4], rule: kind !== 'freely'}))"""
    )
    assert said == [*["Best 4, 2 or more in each part"] * 2, "Best 4 anywhere"]


def test_two_plans_and_one_s_own_choice(visit, example, example_page):
    page = visit(example_page, fragment="#family-hubs")
    field = python_field(example)
    before, after = (
        field.minutes[:, field.columns(s)].min(axis=1) for s in (("CC2", "YC2"), ("CC2", "L2"))
    )
    nearer = example.hubs.offers[0].people[after - before < -1].sum()
    words = page.inner_text("#hub-pair")
    assert f"Children's offer: about {round(nearer / 10) * 10:,.0f} nearer" in words
    page.locator("#hub-plan-rows .rank", has_text="rank ").first.wait_for(timeout=20_000)
    assert page.input_value("#hub-a") == "council"
    page.locator("#hub-own-boxes label", has_text="East School").click()
    assert page.input_value("#hub-b") == "own"
    said = page.inner_text("#hub-own-words")
    assert "Your 3 hubs" in said and "sets of 3 with at least 1 hub in each of" in said
    assert all(words in said for words in ("by average trip", "deprived fifth", "furthest place"))
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    assert "and the study’s other rules, it is" in said
    assert "sets of 3 that keep the study’s rules on which sites are chosen" in said
    page.locator("#hub-own-boxes label", has_text="Central Library").click()
    broken = page.inner_text("#hub-own-words")
    # it has a hub on each side, and both of two buildings of which one may be chosen
    assert broken.count("does not keep the rule") == 1
    assert "rule: which sites must or may not be chosen, alone or together." in broken
    link = page.evaluate("App.shareLink()")
    other = visit(example_page, fragment="#" + link.split("#")[1])
    assert other.inner_text("#hub-own-words p") == page.inner_text("#hub-own-words p")
    assert "Family Hubs" not in other.inner_text("#notice")
    page.click("#hub-clear")
    assert "Tick one or more" in page.inner_text("#hub-pair")
    assert page.evaluate("document.activeElement.id") == "hub-clear"
    page.click("#area-table summary")
    assert "Council" not in page.inner_text("#area-rows thead")


def test_too_many_sets_are_a_sample_that_says_so(loaded, example, example_page):
    page = loaded(example_page)
    found = page.evaluate(
        """() => { const field = App.core.hubField(App.model, App.data.hubs);
             const ways = App.core.waysToChoose; App.core.waysToChoose = () => 1e9;
             const { sites } = App.data.hubs.plans[1];
             const found = App.core.hubStanding(field, sites);
             App.core.waysToChoose = ways;
             const again = App.core.hubField(App.model, App.data.hubs);
             return { found, exact: App.core.hubStanding(again, sites) }; }"""
    )
    ruled, exact = found["found"]["ruled"], found["exact"]["ruled"]
    assert ruled["sample"] == 2000 and "sets" not in ruled
    for name in ("mean", "deprived", "worst"):
        better = (exact["ranks"][name] - 1) / exact["sets"]
        assert 0 <= ruled["longer"][name] <= 1 - better + 0.05, name
    assert ruled["longer"]["mean"] == pytest.approx(
        1 - exact["ranks"]["mean"] / exact["sets"], abs=0.05
    )


def test_a_study_without_hubs_has_no_such_part(visit, example, tmp_path):
    page = visit(write_explorer(replace(example, hubs=None), tmp_path / "none.html"))
    assert page.locator("nav a:visible", has_text="Family Hubs").count() == 0
    page.goto(page.url.split("#")[0] + "#family-hubs")
    assert page.is_visible("#my-street")


def test_a_choice_made_later_than_the_study_says_when(visit, example_page):
    page = visit(example_page)
    said = page.evaluate(
        """() => ['', '2024'].map((label) => App.hubTitle(
             {kind: 'council', label, title: '', sites: [1], rule: false}))"""
    )
    assert said == ["The council’s own", "The council’s own, chosen later (2024)"]


def test_rules_that_no_set_at_random_keeps_give_no_rank(visit, example_page):
    page = visit(example_page, fragment="#family-hubs", own=True)
    page.evaluate(
        """() => { const none = { inside: true, sample: 0, longer: { mean: NaN } };
             App.core.hubStanding = () => ({ size: 2, freely: none, ruled: none });
             App.toggleHub(App.data.hubs.sites[0]); App.render(); }"""
    )
    said = page.inner_text("#family-hubs .lead") + page.inner_text("#hub-plan-rows")
    assert "Of 0" not in said and "of 0" not in said and "not known" not in said
    assert "no rank" in said
