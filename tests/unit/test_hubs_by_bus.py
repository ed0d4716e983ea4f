"""Hubs by bus: what is nearest changes with when one sets out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from access import load_study
from access.analysis.analysis import Analysis
from access.analysis.job import run_job, travel_times
from access.network.matrix import at_rank
from access.report.findings import Wording
from access.report.hub_plans import PlanFindings
from access.report.hubs import _hub_blocks
from access.run.findings import HubFindings
from access.siting.hubs import hub_search
from access.siting.plans import USUAL_MINUTES, HubField, Offer, choose
from access.siting.problem import Demand
from access.siting.set_figures import delivery_field, nearest_of_both
from tests.unit.test_bus_study import SERVICE, town

# Three times of setting out from six areas, each so many minutes further from everywhere than the
# first. The bus to X comes when that to Y has gone; Z can be walked to at any time.
FURTHER = np.array([0.0, 1, 2, 3, 4, 5])
EACH = np.array([[10, 40, 13], [30, 12, 13], [35, 14, 13]], float)  # minutes of the day x sites
PEOPLE = np.array([20.0, 10, 10, 10, 5, 5])
MEAN_FURTHER = float((PEOPLE * FURTHER).sum() / PEOPLE.sum())


def field(**more):
    each = (EACH[None] + FURTHER[:, None, None]).astype(np.float32)
    usual = at_rank(each.transpose(0, 2, 1), 50).astype(float)
    offers = (Offer("all", "All", "", 1.0, PEOPLE, **more),)
    return HubField(("X", "Y", "Z"), usual, offers, None, (), (each,), 50.0)


class TestSixAreasByHand:
    def test_two_places_serve_each_other_minute_by_minute(self):
        # X alone 30, Y alone 14, Z alone 13; X and Y together 10, 12, 14: 12
        asked = field()
        assert asked.minutes[0].tolist() == [30.0, 14.0, 13.0]
        assert asked.near(("X", "Y"))[0] == 12.0
        assert choose(asked, 1).chosen == ("Z",)
        found = choose(asked, 2)
        assert (found.chosen, found.status, found.sets) == (("X", "Y"), "proven_optimal", 3)
        assert found.value == pytest.approx(12 + MEAN_FURTHER)

    def test_by_usual_minutes_another_set_is_best_and_that_is_said(self, monkeypatch):
        # usual minutes: X and Z 13, Y and Z 13, X and Y 14
        monkeypatch.setattr("access.siting.plans._MOST_MINUTE_CELLS", 0)
        found = choose(field(), 2)
        assert "Z" in found.chosen and found.status == USUAL_MINUTES
        assert found.value == pytest.approx(13 + MEAN_FURTHER)
        assert found.sets is None and not np.isfinite(found.gap)

    def test_the_best_minute_by_minute_is_taken_of_the_near_best(self, monkeypatch):
        monkeypatch.setattr("access.siting.plans._MOST_MINUTE_CELLS", 0)
        found = choose(field(), 2, within=0.1)  # 14 is within a tenth of 13
        assert (found.chosen, found.status) == (("X", "Y"), USUAL_MINUTES)
        assert found.value == pytest.approx(12 + MEAN_FURTHER)
        assert not found.near_complete

    @pytest.mark.parametrize("listed", [True, False])
    def test_a_search_tells_its_figures_minute_by_minute(self, monkeypatch, listed):
        if not listed:
            monkeypatch.setattr("access.siting.plans._MOST_MINUTE_CELLS", 0)
        asked = field()
        demand = Demand(pd.DataFrame(asked.minutes, columns=["X", "Y", "Z"]), PEOPLE, 1.0, "all")
        found = hub_search([demand], most=3, size=2, field=asked, council=["Y", "Z"])
        means = [s.objective - MEAN_FURTHER for s in found.curve.solutions.values()]
        # all three: 10, 12, 13 is 12 as well
        assert means == pytest.approx([13, 12 if listed else 13, 12])
        assert found.best.status == ("proven_optimal" if listed else USUAL_MINUTES)
        assert ("not minute by minute" in found.words) is not listed
        assert ("no other set has a lower mean" in found.words) is listed
        assert found.council.mean_minutes == pytest.approx(13 + MEAN_FURTHER)
        assert found.council.sets == (3 if listed else 0)
        np.testing.assert_allclose(found.best.minutes, asked.near(found.best.chosen))

    def test_beside_what_stays_the_least_is_taken_at_every_minute_too(self):
        # the kept centre takes 50, 50, 11: with X 10, 30, 11, that is 11; never the less of
        # 50 and 30
        kept = np.tile(np.array([50, 50, 11], np.float32), (6, 1))
        usual = np.full(6, 50.0)
        asked = field(today=usual, kept=usual, kept_each=kept)
        near = nearest_of_both(asked, ("X",))["all"]
        assert near[0] == 11.0
        assert delivery_field(asked).near(("X",)).tolist() == near.tolist()

    def test_offers_have_windows_of_their_own(self):
        morning = (EACH[None] + FURTHER[:, None, None]).astype(np.float32)
        evening = morning[:, ::-1][:, :2] + 5  # 35, 14, 13 and 30, 12, 13, all 5 later
        nobody = np.zeros(6)
        offers = (
            Offer("play", "Play", "", 0.5, np.concatenate([PEOPLE, nobody])),
            Offer("youth", "Youth", "", 0.5, np.concatenate([nobody, PEOPLE]), block=1),
        )
        usual = np.vstack([at_rank(e.transpose(0, 2, 1), 50) for e in (morning, evening)])
        asked = HubField(("X", "Y", "Z"), usual.astype(float), offers, each=(morning, evening))
        near = asked.near(("X", "Y"))
        assert (near[0], near[6]) == (12.0, 12.0 + 5)
        assert asked.rows(offers[1]) == slice(6, 12)
        assert choose(asked, 2).value == pytest.approx((12 + 17) / 2 + MEAN_FURTHER)


CANDIDATES = """id,name,kind,lon,lat,capacity
K1,North Library,library,-1.350,53.450,
K2,East School,school,-1.305,53.421,
K3,West Hall,hall,-1.395,53.419,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = town(tmp_path_factory.mktemp("bus") / "town", write=False)
    (folder / "candidates.csv").write_text(CANDIDATES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return run_job(load_study(folder))


def brute(results, mode, size):
    matrix = results.matrix(mode, SERVICE)
    sites = results.hubs.candidates["id"].tolist()
    held = matrix.areas(results.study.areas["id"].tolist()).sites(sites)
    people = results.study.areas["children_0_4"].to_numpy(float)
    found = {}
    for ids in itertools.combinations(range(len(sites)), size):
        near = at_rank(np.asarray(held.minute_by_minute)[:, :, ids].min(axis=2), held.percentile)
        found[tuple(sites[i] for i in ids)] = float(np.average(near.astype(float), weights=people))
    return found


def test_a_run_puts_hubs_where_the_headline_trip_is_shortest(results):
    assert results.headline == "typical" and results.hubs.mode == "typical"
    plans = results.hubs.plans
    best = plans.get("freely")
    every = brute(results, "typical", len(best.chosen))
    assert best.figures.joint == pytest.approx(min(every.values()))
    assert every[tuple(sorted(best.chosen, key=list(results.hubs.candidates["id"]).index))] == (
        pytest.approx(min(every.values()))
    )
    assert results.hubs.plain.best.objective == pytest.approx(min(every.values()))
    assert plans.without_car == "bus" and best.on_foot.joint >= best.figures.joint
    assert (
        best.held is not None
        and "the day and the time of setting out" in plans.drawn
        and "Not drawn: walking" in plans.drawn
    )


def test_the_bus_alone_and_a_plan_typed_in(results):
    found = Analysis(results).hubs(2, mode="bus", plans=[["K1", "K2"]], draws=20)
    every = brute(results, "bus", 2)
    assert found.plans.get("freely").figures.joint == pytest.approx(min(every.values()))
    typed = found.plans.get("asked_1")
    assert typed.figures.joint == pytest.approx(every["K1", "K2"])
    pair = Analysis(results).hub_pair(found, "freely", "asked_1")
    held = results.matrix("bus", SERVICE)
    expected = held.least(["K1", "K2"]) - held.least(list(found.plans.get("freely").chosen))
    np.testing.assert_allclose(pair.table["change"], expected, atol=1e-5)
    stays = typed.stays
    people = results.study.areas["children_0_4"].to_numpy(float)
    kept = [i for i in ("C1", "C2", "C3") if i not in set(results.study.config.proposals[
        "three_to_two"].close)]  # fmt: skip
    both = np.average(held.least([*kept, "K1", "K2"]), weights=people)
    assert stays.after[SERVICE] == pytest.approx(both)


def test_new_places_have_minutes_by_bus(results):
    found = Analysis(results).hubs(2, mode="typical", greenfield=3, draws=0)
    assert (found.candidates["kind"] == "greenfield").sum() == 3
    assert found.plans.get("freely").figures.joint <= (
        results.hubs.plans.get("freely").figures.joint + 9
    )
    assert np.isfinite(found.minutes.to_numpy()).all()


def test_words_and_tables_say_how_it_was_chosen(results):
    answer = results.hubs
    said = HubFindings(results, answer).words()
    assert "minute by minute" in said and "every minute of the window" in said
    assert HubFindings(results, answer).summary()["mode"] == "typical"
    assert len(HubFindings(results, answer).tables()["plans"]) == len(answer.plans.plans)
    blocks = repr(_hub_blocks(results, Wording()))
    assert "best of all" in blocks and "family trip" in blocks
    assert PlanFindings(answer.plans, {}, Wording()).words()


def test_two_services_have_two_windows(folder, tmp_path):
    study = load_study(folder)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text += """
[services.youth]
title = "Youth Centres"
one = "Youth Centre"
demand = "residents"
noun = "residents"
bus_window = ["16:00", "16:30"]
"""
    other = tmp_path / "two"
    other.mkdir()
    for file in study.folder.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    (other / "study.toml").write_text(text, encoding="utf-8")
    centres = pd.read_csv(other / "centres.csv", dtype=str)
    more = centres.iloc[:1].assign(id="Y1", name="Youth base", service="youth")
    pd.concat([centres, more]).to_csv(other / "centres.csv", index=False)
    found = Analysis(travel_times(load_study(other)))
    answer = found.hubs(2, mode="bus", draws=10)
    best = answer.plans.get("freely")
    minutes = [found.results.matrix("bus", s).least(list(best.chosen)) for s in (SERVICE, "youth")]
    counts = [found.results.study.areas[c].to_numpy(float) for c in ("children_0_4", "residents")]
    means = [float(np.average(m, weights=n)) for m, n in zip(minutes, counts, strict=True)]
    assert list(best.figures.by_offer.values()) == pytest.approx(means)
    assert answer.plain.best.objective == pytest.approx(sum(means) / 2)
    assert not np.allclose(minutes[0], minutes[1])
    assert len(best.near[SERVICE]) == len(counts[0]) == len(answer.plans.offers[1].people)
    assert replace(best, near={}).chosen == best.chosen
