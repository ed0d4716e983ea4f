"""By bus in the explorer: the package's own minutes, the way home, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from access.analysis.analysis import Analysis
from access.analysis.hub_plans import PlanPair
from access.analysis.job import measure_study
from access.maps import explorer_parts
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.network.matrix import at_rank
from access.study import load_study
from tests.unit.test_bus_study import SERVICE, SETTINGS, least, town

CLOSE = 0.03  # arrivals are kept to a twentieth of a minute
FIND = """(asked) => asked.map(([mode, ids]) => {
  const sites = ids.map((id) => App.data.sites.findIndex((s) => s.id === id));
  const service = App.model.services[0];
  const near = App.core.situation(App.model, service, mode, App.state.speed, sites);
  const each = App.areas.id.map((_, i) =>
    App.core.situationOf(App.model, service, mode, App.state.speed, i, sites));
  return {
    minutes: [...near.minutes], one: each.map((e) => e.minutes),
    site: each.map((e) => App.data.sites[e.site]?.id), without: each.map((e) => e.without),
    home: each.map((e) => e.home?.minutes), late: each.map((e) => e.home?.without),
  };
})"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bus") / "town"
    town(folder, bus=f'{SETTINGS}[hubs]\ncouncil_choice = ["K1", "C1"]\n', write=False)
    halls = "id,name,lon,lat\nK1,Hall,-1.39,53.44\nK2,School,-1.34,53.41\n"
    (folder / "candidates.csv").write_text(halls, encoding="utf-8")
    found = measure_study(load_study(folder))
    return replace(found, hubs=Analysis(found).hubs(draws=0))


@pytest.fixture(scope="module")
def file(results, tmp_path_factory):
    return write_explorer(explorer_data(results), tmp_path_factory.mktemp("page") / "bus.html")


def test_any_set_of_centres_is_least_minute_by_minute_then_the_percentile(loaded, file, results):
    bus, order = results.bus.there[SERVICE], sorted(results.study.areas["id"])
    rows = [bus.area_ids.index(i) for i in order]
    walk, drive = (results.matrices[m].sites(bus.site_ids).total_minutes for m in ("walk", "drive"))
    p = results.study.areas["p_no_car"].to_numpy()[:, None, None]
    car = np.minimum(walk, drive + 3.0)[:, None, :]
    family = p * np.minimum(walk[:, None, :], bus.minutes) + (1 - p) * car
    some = [list(s) for k in (1, 2, 3) for s in combinations(("C1", "C2", "C3"), k)]
    page = loaded(file)
    for mode, each in (("bus", bus.minutes), ("typical", family)):
        for ids, got in zip(some, page.evaluate(FIND, [[mode, s] for s in some]), strict=True):
            expected = least(each, bus.site_ids, ids)[rows]
            np.testing.assert_allclose(got["minutes"], expected, atol=CLOSE)
            assert got["one"] == pytest.approx(got["minutes"])
    home = results.bus.home[SERVICE]
    (got,) = page.evaluate(FIND, [["bus", ["C1", "C2"]]])
    open_now = bus.minutes[:, :, [bus.site_ids.index(i) for i in ("C1", "C2")]].min(axis=2)
    np.testing.assert_allclose(got["without"], (open_now >= 60).mean(axis=1)[rows], atol=0.02)
    for k, area in enumerate(order):
        own = home.minutes[home.area_ids.index(area), :, home.site_ids.index(got["site"][k])]
        assert got["home"][k] == pytest.approx(at_rank(own, 50), rel=2e-3)
        assert got["late"][k] == pytest.approx((own >= 60).mean(), abs=0.01)


def test_ranks_by_bus_are_those_of_the_study(visit, file, results):
    page = visit(file)
    for mode in ("bus", "typical"):
        ranked = results.proposals["three_to_two"].rankings[mode].proposal
        mine = page.evaluate(
            """(mode) => { App.set({ mode, view: 'your-option' });
                 return App.optionFigures(App.state.option, App.service()); }""", mode,
        )  # fmt: skip
        assert mine["ways"]["count"] == 3 and mine["ranks"]["mean"] == ranked["rank_mean"]
        assert mine["figures"]["mean"] == pytest.approx(ranked["mean"], abs=CLOSE)


def test_ranks_of_any_number_of_centres_are_minute_by_minute(visit, file, results):
    page, bus = visit(file), results.bus.there[SERVICE]
    walk, drive = (results.matrices[m].sites(bus.site_ids).total_minutes for m in ("walk", "drive"))
    p = results.study.areas["p_no_car"].to_numpy()[:, None, None]
    car = np.minimum(walk, drive + 3.0)[:, None, :]
    family = p * np.minimum(walk[:, None, :], bus.minutes) + (1 - p) * car
    people = results.study.areas["children_0_4"].to_numpy(float)
    for (mode, each), keep in product((("bus", bus.minutes), ("typical", family)), (1, 2)):
        listed, drawn = page.evaluate(
            """([mode, keep]) => { const { core, model } = App; const [s] = model.services;
                 const told = core.rankedWays; core.rankedWays = () => null;
                 const { sets, mean, worst } = core.alternatives(model, s, mode, 4.8, keep, 20);
                 core.rankedWays = told;
                 const ids = sets.map((own) => own.map((k) => model.sites[k].id));
                 return [[ids, [...mean], [...worst]], core.sampled(model, s, mode, 4.8, keep, 20)];
               }""", [mode, keep],
        )  # fmt: skip
        assert len(listed[0]) == 3 and drawn is None
        for ids, mean, worst in zip(*listed, strict=True):
            near = least(each, bus.site_ids, ids)
            assert mean == pytest.approx(np.average(near, weights=people), abs=CLOSE)
            assert worst == pytest.approx(near.max(), abs=CLOSE)
    page.evaluate("App.set({ mode: 'bus' }); App.go('your-option')")
    page.locator("#option-boxes label").first.click()
    assert "of 3 ways to keep as many" in page.inner_text("#option-headline")
    assert "to the nearest three seconds" in page.inner_text("#option-ranks")


def test_hubs_by_the_minute_are_as_the_study_measured_them(visit, file, results):
    page = visit(file, fragment="#family-hubs")
    assert page.is_hidden("#hub-own-part") and page.is_visible("#hub-fixed")
    plans = {plan.key: plan for plan in results.hubs.plans.plans}
    council, best = plans["council"], plans["freely"]
    row = page.locator("#hub-plan-rows tbody tr").first.inner_text()
    rank = council.freely.rank
    assert f"{council.figures.joint:.1f}" in row and f"rank {rank['mean']} of" in row
    assert f"rank {rank['worst']} of {council.freely.sets}" in row
    pair = PlanPair.of(
        results.hubs.plans, pd.DataFrame(index=results.study.areas["id"]), council, best
    )
    got = page.evaluate("App.hubPairNow().offers")
    assert [o["nearer"] for o in got] == pytest.approx(list(pair.gain.values()))
    assert [o["further"] for o in got] == pytest.approx(list(pair.lose.values()))
    page.evaluate("App.note({ kind: 'area', area: 3, label: 'x', lat: 53.4, lon: -1.35 })")
    assert "none" not in page.inner_text(".leaflet-popup")
    assert page.locator("#hub-a option[value=own]").count() == 0


def test_how_many_are_mostly_without_a_bus_is_the_study_s_own(loaded, file, results):
    proposal = results.proposals["three_to_two"]
    change = Analysis(results).by_bus(SERVICE, before=proposal.before, after=proposal.after)
    own = change.figures().set_index(["way", "measure"]).loc[("there", "without")]
    got = loaded(file).evaluate(
        """() => { const [s] = App.model.services;
             return { before: App.mostlyWithout(s, s.before), after: App.mostlyWithout(s, s.after),
                      words: App.withoutWords(s, s.after) }; }"""
    )
    assert (got["before"], got["after"]) == (own["before"], own["after"])
    assert own["after"] > own["before"]
    assert "no journey within 60 minutes for half of the time or more" in got["words"]


def test_the_answer_says_the_bus_there_and_home(visit, file):
    page = visit(file, fragment="#my-street?place=A05&kind=area")
    words = page.inner_text("#answer") + page.inner_text("#answer-sure")
    assert "by bus" in words.lower() and "Home by bus after 21.30" in words
    card = page.inner_text("#cards")
    assert "setting out from 9.00 to 10.00 on Tuesday" in card and "By bus" in card
    page.click("#other-ways summary")
    page.check("#mode-choice input[value=bus]")
    assert "by bus" in page.inner_text("#answer")
    assert page.inner_text("#state-words").startswith("By bus")
    acts = "!document.getElementById('speed-part').hidden"
    assert page.evaluate(acts), "it changes the rows for walking"
    page.click("nav a[href='#before-after']")
    assert "by bus" in page.inner_text("#change-finding")
    page.click("#settings summary")
    assert page.is_hidden("#speed-part")
    assert "do not change with the walking speed" in page.inner_text("#speed-fixed")


def test_too_many_minutes_leave_the_council_s_options(visit, results, tmp_path, monkeypatch):
    monkeypatch.setattr(explorer_parts, "_MOST_NUMBERS", 0)
    page = visit(write_explorer(explorer_data(results), tmp_path / "large.html"))
    bus, proposal = results.bus.there[SERVICE], results.proposals["three_to_two"]
    known, unknown = page.evaluate(FIND, [["bus", list(proposal.after)], ["bus", ["C1"]]])
    rows = [bus.area_ids.index(i) for i in sorted(bus.area_ids)]
    expected = least(bus.minutes, bus.site_ids, proposal.after)[rows]
    np.testing.assert_allclose(known["minutes"], expected, rtol=2e-3)
    assert known["one"] == pytest.approx(known["minutes"]) and all(known["home"])
    assert all(np.isnan(float(m)) for m in unknown["minutes"])
    page.evaluate("App.set({ mode: 'bus' }); App.go('your-option')")
    assert "Rank" in page.inner_text("#option-headline")
    page.click("#start-today")
    page.locator("#option-boxes label").first.click()
    assert "council’s own options only" in page.inner_text("#option-headline")
    assert page.is_hidden("#option-results")
    assert "cannot be reached" not in page.inner_text("#map-panel")
    page.click("nav a[href='#before-after']")
    page.select_option("#colour-by", "reach")
    panel = page.inner_text("#map-panel")
    assert "cannot be reached" not in panel and "council’s own options only" in panel
    page.evaluate("App.go('my-street'); App.choosePlace(App.find('A05', 8)[0])")
    assert "none" not in page.inner_text("#cards") and "not known away" not in page.inner_text(
        "#cards"
    )


def test_no_way_home_is_no_number_of_minutes(visit, results, tmp_path):
    page = visit(write_explorer(explorer_data(results), tmp_path / "home.html"), own=True)
    page.evaluate(
        """() => { const { situationOf } = App.core;
             App.core.situationOf = (...asked) => {
               const found = situationOf(...asked);
               return found.home ? { ...found, home: { minutes: Infinity, without: 1 } } : found; };
             App.choosePlace(App.find('A05', 8)[0]); }"""
    )
    said = page.inner_text("#cards")
    assert "mostly no way" in said and "cannot be reached" not in said


def test_without_a_timetable_the_bus_is_not_known(visit, example_page):
    page = visit(example_page, fragment="#my-street?place=A25&kind=area")
    row = page.locator("#cards tr", has_text="By bus").first
    assert row.inner_text().split("\t")[1:] == ["not known"] * 3
    assert page.locator("#mode-choice input[value=bus]").count() == 0
