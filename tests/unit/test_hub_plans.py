"""Plans of hubs: every one held against plain listing, and three questions worked by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from access.analysis.analysis import Analysis
from access.analysis.hub_plans import HubsForPage, _in_group
from access.analysis.hubs import _travel_alone
from access.analysis.job import run_job, travel_times
from access.errors import ParameterError, StudyError
from access.report.findings import Wording
from access.report.hub_plans import PlanFindings, _lie_words
from access.report.hubs import _hub_blocks, _hub_sentence
from access.run.findings import HubFindings
from access.run.summary import RunSummary, summary_of
from access.siting import AtLeast, AtMost, Demand
from access.siting.alternatives import Alternatives
from access.siting.hubs import hub_search
from access.siting.plans import (
    Choice,
    HubField,
    Offer,
    PlanRules,
    _minute_by_minute,
    choose,
    own_shares,
    standing,
    with_room,
)
from access.siting.set_figures import (
    BesideStays,
    Figures,
    Held,
    SetDraws,
    _near,
    _told,
    delivery_field,
)
from access.sources.folder import new_study
from access.study import load_study
from tests.conftest import few_draws, one_picture

# A road of six areas, a minute apart; a site at each. Children live in the west, young people
# in the east.
PLACE = np.arange(6.0)
SITES = tuple("abcdef")
MINUTES = np.abs(PLACE[:, None] - PLACE[None, :]) * 10
CHILDREN = np.array([30.0, 20.0, 10.0, 0.0, 0.0, 0.0])
YOUNG = np.array([0.0, 0.0, 0.0, 10.0, 20.0, 30.0])


def town(share=0.5, **more):
    offers = (
        Offer("play", "Play", "0 to 4", share, CHILDREN, **more.get("play", {})),
        Offer("youth", "Youth", "11 to 18", 1 - share, YOUNG, **more.get("youth", {})),
    )
    poor = np.array([False, False, False, False, True, True])
    return HubField(SITES, MINUTES, offers, poor)


class TestSixAreasByHand:
    def test_one_hub_goes_where_the_offer_that_counts_most_lives(self):
        # all for play: a 0 x 30 + 10 x 20 + 20 x 10 = 400; b 300 + 0 + 100 = 400; c 600 + 200
        play = choose(town(0.999999), 1)
        assert play.chosen in (("a",), ("b",))
        assert choose(town(0.000001), 1).chosen in (("e",), ("f",))

    def test_each_offer_has_minutes_of_its_own(self):
        near = MINUTES[:, [1]].min(axis=1)
        found = Figures.of(near, town().offers, {}, (10, 30))
        # to b: children 30 x 10, 20 x 0, 10 x 10 over 60; young 10 x 20, 20 x 30, 30 x 40 over 60
        assert found.by_offer == {
            "play": pytest.approx(400 / 60),
            "youth": pytest.approx(2000 / 60),
        }
        assert found.joint == pytest.approx((400 + 2000) / 120)
        assert (found.worst_minutes, found.worst_area) == (40.0, 5)
        # within 10: all children, no young; within 30: 30 of 60 young as well
        assert found.reach == {10: pytest.approx(0.5), 30: pytest.approx(0.75)}

    @pytest.mark.parametrize("chosen", [("a",), ("b",), ("a", "b")])
    def test_the_deprived_fifth_s_minutes_are_those_that_sets_are_ranked_by(self, chosen):
        whole = np.ones(6, bool)
        cut = np.where(np.arange(6)[:, None] == [[0, 4, 9, 9, 9, 9]], np.inf, MINUTES)
        asked = replace(town(0.3), minutes=cut, deprived=whole)  # all of them: the joint mean
        rows = {"poor": np.array(own_shares(asked.offers, whole))}
        found = Figures.of(asked.near(chosen), asked.offers, rows, ())
        values = asked.values(chosen)
        assert found.by_group["poor"] == pytest.approx(values["deprived"])
        assert found.by_group["poor"] == pytest.approx(found.joint) == values["mean"]

    def test_the_locality_rule_moves_a_hub(self):
        where = {"west": ("a", "b"), "middle": ("c", "d"), "east": ("e", "f")}
        rules = PlanRules(tuple(AtLeast(ids, 1, name) for name, ids in where.items()))
        asked = town()
        # two hubs freely: one in the west, one in the east; none is in the middle
        assert set(choose(asked, 2).chosen) <= {"a", "b", "e", "f"}
        assert choose(asked, 2, rules=rules).status == "infeasible"
        three = choose(asked, 3, rules=rules)
        assert three.sets == 8
        assert (
            set(three.chosen) == {"a", "e", "c"}
            or sum(bool(set(three.chosen) & set(ids)) for ids in where.values()) == 3
        )

    def test_hubs_beside_what_stays(self):
        # play is given at a and c today, c closes; youth at f alone, which stays
        here = {"play": {"today": MINUTES[:, [0, 2]].min(axis=1), "kept": MINUTES[:, 0]},
                "youth": {"today": MINUTES[:, 5], "kept": MINUTES[:, 5]}}  # fmt: skip
        asked = town(**here)
        without = BesideStays.of(asked.offers, None)
        # children of c (10 of 60) had 0 minutes and have 20; those of b 10 as before
        assert without.added == pytest.approx(0.5 * 10 * 20 / 60)
        assert without.given_back == 0
        given = BesideStays.of(asked.offers, MINUTES[:, 2])
        assert given.given_back == pytest.approx(
            0.5 * 10 * 20 / 60 + 0.5 * (10 * 10) / 60  # c again; d's young are nearer to c
        )
        beside = delivery_field(asked)
        by_hand = {
            site: sum(
                0.5 * (np.minimum(kept, MINUTES[:, k]) * people).sum() / 60
                for kept, people in ((MINUTES[:, 0], CHILDREN), (MINUTES[:, 5], YOUNG))
            )
            for k, site in enumerate(SITES)
        }
        best = min(by_hand.values())
        assert choose(beside, 1).value == pytest.approx(best)
        assert by_hand[choose(beside, 1).chosen[0]] == pytest.approx(best)

    def test_who_is_cut_off_is_told_and_not_averaged_away(self):
        far = np.full(6, np.inf)
        asked = town(play={"today": MINUTES[:, 0], "kept": far})
        assert BesideStays.of(asked.offers, None).lost == pytest.approx(1.0)


RNG = np.random.default_rng(5)


def borough(areas=40, sites=9, rng=RNG):
    one, two = rng.uniform(0, 30, (areas, 2)), rng.uniform(0, 30, (sites, 2))
    minutes = np.hypot(*(one[:, None] - two[None]).transpose(2, 0, 1)).round(2)
    offers = tuple(
        Offer(k, k, "", share, rng.integers(0, 30, areas).astype(float))
        for k, share in (("x", 0.5), ("y", 0.3), ("z", 0.2))
    )
    return HubField(
        tuple(f"S{k}" for k in range(sites)), minutes, offers, rng.uniform(size=areas) < 0.3
    )


def by_listing(asked, size, keeps=lambda ids: True):
    """Measure every set in plain numpy."""
    rows = []
    for ids in itertools.combinations(range(len(asked.site_ids)), size):
        names = tuple(asked.site_ids[k] for k in ids)
        if not keeps(names):
            continue
        near = asked.minutes[:, list(ids)].min(axis=1)
        mean = sum(o.share * np.average(near, weights=o.people) for o in asked.offers)
        poor = asked.deprived
        deprived = sum(
            o.share * np.average(near[poor], weights=o.people[poor]) for o in asked.offers
        )
        used = np.sum([o.people for o in asked.offers], axis=0) > 0
        rows.append((names, {"mean": mean, "deprived": deprived, "worst": near[used].max()}))
    return rows


@pytest.fixture(scope="module")
def field():
    return borough()


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("by", ["mean", "deprived", "worst", "compromise"])
def test_every_plan_is_what_plain_listing_gives(field, size, by):
    rules = PlanRules(
        (AtLeast(("S0", "S1", "S2"), 1, "west"), AtMost(("S3", "S4"), 1, "pair")), never=("S5",)
    )

    def keeps(ids):
        return bool({"S0", "S1", "S2"} & {*ids}) and not {"S3", "S4"} <= {*ids} and "S5" not in ids

    every = by_listing(field, size, keeps)
    values = {ids: found[by] if by != "compromise" else 0.0 for ids, found in every}
    if by == "compromise":
        least = {c: min(v[c] for _, v in every) for c in ("mean", "deprived", "worst")}
        values = {ids: max(v[c] / least[c] - 1 for c in least) for ids, v in every}
    found = choose(field, size, by, rules)
    best = min(values.values())
    assert found.value == pytest.approx(best, abs=1e-6)
    assert values[found.chosen] == pytest.approx(best, abs=1e-6)
    assert (found.sets, found.status) == (len(every), "proven_optimal")
    limit = best + 0.02 if by == "compromise" else best * 1.02
    assert found.near_count == sum(v <= limit + 1e-9 for v in values.values())


def test_a_search_finds_what_a_listing_finds(field, monkeypatch):
    listed = {(size, by): choose(field, size, by) for size in (2, 4) for by in ("mean", "worst")}
    monkeypatch.setattr("access.siting.plans._MOST_LISTED", 0)
    other = replace(field)
    for (size, by), found in listed.items():
        searched = choose(other, size, by)
        assert searched.sets is None
        assert searched.value == pytest.approx(found.value)
        assert searched.status == "proven_optimal"


def of_served(asked, ids):
    """Measure one set in plain Python: who is left out, and the minutes of the others."""
    near = [min(asked.minutes[a][asked.site_ids.index(i)] for i in ids)
            for a in range(len(asked.minutes))]  # fmt: skip
    found = {}
    for name, inside in (("mean", np.ones(len(near), bool)), ("deprived", asked.deprived)):
        people = [(o.share, o.people * inside) for o in asked.offers if (o.people * inside).any()]
        whole = sum(share for share, _ in people)
        served = np.isfinite(near)
        means = [(s, np.average(np.array(near)[served], weights=n[served]))
                 for s, n in people if n[served].any()]  # fmt: skip
        out = sum(s / whole * n[~served].sum() / n.sum() for s, n in people)
        mean = sum(s * m for s, m in means) / sum(s for s, _ in means) if means else np.inf
        found[name] = out, mean
    used = np.sum([o.people for o in asked.offers], axis=0) > 0
    far = [m for m, u in zip(near, used, strict=True) if u and np.isfinite(m)]
    return {**found, "worst": (found["mean"][0], max(far, default=0.0))}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("listed", [True, False])
def test_whoever_is_left_out_of_reach_comes_before_every_minute(seed, listed, monkeypatch):
    rng = np.random.default_rng([seed, 77])
    asked = borough(areas=12, sites=6, rng=rng)
    minutes = np.where(rng.uniform(size=asked.minutes.shape) < 0.4, np.inf, asked.minutes)
    asked = replace(asked, minutes=minutes, deprived=np.arange(12) % 3 == 0)
    if seed % 2:  # one offer, of whom a search proves means that are of others
        asked = replace(asked, offers=(replace(asked.offers[0], share=1.0),))
    if not listed:
        monkeypatch.setattr("access.siting.plans._MOST_LISTED", 0)
    rules = PlanRules(never=("S5",))
    for size in (1, 2):
        every = {ids: of_served(asked, ids)
                 for ids in itertools.combinations(asked.site_ids[:5], size)}  # fmt: skip
        for by in ("mean", "deprived", "worst"):
            found = choose(asked, size, by, rules, within=0.2)
            out = min(values[by][0] for values in every.values())
            kept = {i: v[by][1] for i, v in every.items() if v[by][0] <= out + 1e-9}
            if found.status != "proven_optimal":
                assert not listed and len(asked.offers) > 1
                continue
            assert found.chosen in kept, (size, by)
            assert kept[found.chosen] == pytest.approx(min(kept.values()), abs=1e-6), (size, by)
            if listed or by != "worst":
                near = sum(v <= min(kept.values()) * 1.2 + 1e-9 for v in kept.values())
                assert found.near_count == near
            if not listed:
                continue
            assert found.sets == len(every)
            for ids, values in every.items():
                place = standing(asked, ids, rules)
                mine = values[by]
                assert place.rank[by] == 1 + sum(
                    v[by][0] < mine[0] - 1e-9
                    or (v[by][0] <= mine[0] + 1e-9 and v[by][1] < mine[1] - 1e-7 * max(1, mine[1]))
                    for v in every.values()
                ), (ids, by)
                assert place.best[by] == pytest.approx(min(kept.values()))


def test_the_place_of_a_set_is_counted(field):
    chosen = ("S1", "S4", "S7")
    rules = PlanRules((AtLeast(("S0", "S1"), 1, "west"),))
    found = standing(field, chosen, rules)
    every = by_listing(field, 3, lambda ids: {"S0", "S1"} & {*ids})
    own = dict(every)[chosen]
    assert found.sets == len(every)
    for name, value in own.items():
        assert found.rank[name] == 1 + sum(v[name] < value - 1e-7 for _, v in every)
        assert found.best[name] == pytest.approx(min(v[name] for _, v in every))
    assert found.within_rules
    assert not standing(field, ("S2", "S3"), rules).within_rules


def test_a_firm_site_is_in_nine_of_ten_near_best_sets():
    # everybody lives at a; the second hub may be anywhere
    offers = (Offer("one", "One", "", 1.0, np.array([50.0, 0, 0, 0, 0, 0])),)
    asked = HubField(SITES, MINUTES, offers)
    found = choose(asked, 2)
    assert found.near_count == 5
    assert found.firm == ("a",)


def test_two_addresses_of_one_spot_are_one_firm_place():
    minutes = np.column_stack([MINUTES[:, 0], MINUTES])
    offers = (Offer("one", "One", "", 1.0, np.array([50.0, 0, 0, 0, 0, 0])),)
    asked = HubField(("a2", *SITES), minutes, offers, places=(0, 0, 1, 2, 3, 4, 5))
    found = choose(asked, 2)
    assert found.near_count == 11  # a2 or a with any other
    assert len(found.firm) >= 1


class TestWishes:
    def test_at_most_so_many_of_a_kind(self):
        kinds = dict(
            zip(SITES, ["school", "school", "hall", "hall", "school", "hall"], strict=True)
        )
        asked = town()
        free = choose(asked, 2)
        rules = PlanRules(AtMost.of_kinds(kinds, {"school": 0, "mill": 3}))
        assert "school" in {kinds[i] for i in free.chosen}
        assert {kinds[i] for i in choose(asked, 2, rules=rules).chosen} == {"hall"}
        assert _in_group(kinds, ["hall"]) == ("c", "d", "f")

    def test_no_two_within_so_many_metres(self):
        lon = [-1.40 + 0.015 * k for k in range(6)]  # about 1 km apart at 53.4 degrees
        rules = AtMost.apart(SITES, lon, [53.4] * 6, 1500)
        assert [tuple(r.sites) for r in rules] == list(itertools.pairwise(SITES))
        assert AtMost.apart(SITES, lon, [53.4] * 6, 0) == ()
        found = choose(town(), 3, rules=PlanRules(rules))
        at = sorted(SITES.index(i) for i in found.chosen)
        assert min(np.diff(at)) >= 2

    def test_must_and_never(self):
        found = choose(town(), 2, rules=PlanRules(must=("d",), never=("a", "b")))
        assert "d" in found.chosen
        assert not {"a", "b"} & {*found.chosen}

    def test_room_sends_families_elsewhere(self):
        room = dict.fromkeys(SITES, 40.0)
        asked = town()
        found = with_room(asked, 3, room, PlanRules())
        assert len(found.chosen) == 3
        assert found.status in ("proven_optimal", "within_gap")
        assert with_room(asked, 2, room, PlanRules()).chosen == ()  # 120 people, 80 places


def test_sets_measured_together_are_those_measured_alone():
    rng = np.random.default_rng(2)
    for twice in ((3.0, 1.0), (0.0, 2.0)):  # where nobody is counted any more it stands alone
        asked, other = town(), town(0.3)
        people = [rng.permutation(np.repeat(twice, 3)) * o.people for o in other.offers]
        other = replace(
            other, deprived=None,
            offers=tuple(replace(o, people=n) for o, n in zip(other.offers, people, strict=True)),
        )  # fmt: skip
        alone = [replace(each).listing(2) for each in (asked, other)]
        asked.alike.append(other)
        for each, by_itself in zip((asked, other), alone, strict=True):
            found = each.listing(2)
            assert np.array_equal(found.sets, by_itself.sets)
            assert list(found.by) == list(by_itself.by)
            for name, values in found.by.items():
                assert np.array_equal(values, by_itself.by[name]), name
        assert asked.listing(9) is None and other.listing(9) is None


class TestChance:
    def test_people_alone_are_drawn_where_minutes_stay(self, field):
        drawn = SetDraws(field, 1, 400, 1)
        for number in range(400):
            drawn.take(number, field.near(("S1", "S4"))[None, None])
        mean = field.values(("S1", "S4"))["mean"]
        assert drawn.found["mean"].mean() == pytest.approx(mean, rel=0.02)
        assert np.ptp(drawn.found["mean"]) > 0
        assert np.ptp(drawn.found["worst"]) < 1e-9  # nobody moves

    def test_no_draw_of_few_people_has_a_mean_of_nothing(self):
        few = tuple(replace(o, people=np.array([1.0, 0, 0, 0.5, 0, 0])) for o in town().offers)
        asked = replace(town(), offers=few)
        drawn = SetDraws(asked, 1, 300, 1)
        drawn.take(0, np.full((300, 1, len(asked.minutes)), 10.0))
        assert drawn.found["mean"] == pytest.approx(10.0)

    def test_the_same_people_again_and_the_same_for_every_set(self, field):
        near = np.array([field.near(ids) for ids in (("S1",), ("S1", "S4"), ("S1",))])
        one, two = SetDraws(field, 3, 60, 1), SetDraws(field, 3, 60, 1)
        for number in range(60):
            one.take(number, near[None])
        for start in (0, 45):  # some at a time
            two.take(start, np.broadcast_to(near, (45 if not start else 15, *near.shape)))
        assert np.array_equal(one.found["mean"], two.found["mean"])
        assert np.allclose(one.found["mean"][:, 0], one.found["mean"][:, 2])
        assert (one.found["mean"][:, 1] <= one.found["mean"][:, 0] + 1e-9).all()

    def test_the_same_people_in_other_rows_are_drawn_alike(self):
        asked = town(
            play={"today": PLACE, "kept": PLACE + 1}, youth={"today": PLACE, "kept": PLACE}
        )
        beside = delivery_field(asked)
        first = SetDraws(asked, 1, 50, 5)
        alone, like = SetDraws(beside, 1, 50, 5), SetDraws(beside, 1, 50, 5, like=first)
        near = np.arange(len(beside.minutes), dtype=float)[None, None].repeat(50, axis=0)
        for one in (alone, like):
            one.take(0, near)
        assert np.array_equal(alone.found["mean"], like.found["mean"])
        other = town(share=0.9, play={"today": PLACE, "kept": PLACE})  # one offer alone is known
        beside = delivery_field(other)
        alone, like = (SetDraws(beside, 1, 50, 5, like=k) for k in (None, first))
        near = near[..., : len(beside.minutes)]
        for one in (alone, like):
            one.take(0, near)
        assert np.array_equal(alone.found["mean"], like.found["mean"])

    def test_how_a_set_holds_is_counted(self):
        drawn = np.array([[10.0, 10.1], [10.0, 9.0], [10.0, 9.9], [10.0, 20.0]])
        found = Held.of(drawn, drawn, 0, [1], 0.02)
        assert (found.near, found.best, found.rivals) == (0.75, 0.5, 2)


# --- studies of other shapes ------------------------------------------------------------------

BASE = """
[study]
name = "other"
title = "Hubs elsewhere"
place = "Elsewhere"
as_of = "2024-01-01"
box = [-1.60, 53.30, -1.20, 53.60]

[areas]
unit = "made-up area"
vintage = "made up"
"""
SERVICE = """
[services.{key}]
title = "{title}"
one = "{one}"
demand = "{demand}"
noun = "{noun}"
"""
LIBRARY = SERVICE.format(key="library", title="Libraries", one="library", demand="residents",
                         noun="residents")  # fmt: skip
YOUTH = SERVICE.format(key="youth", title="Youth Clubs", one="Youth Club", demand="young",
                       noun="young people")  # fmt: skip
CLOSING = """
[proposals.less]
title = "Libraries from 3 to 2"
service = "library"
close = ["L2"]
"""


def lay_down(folder, text, *, sites="kind", localities=(), poor=True, cars=True):
    rng = np.random.default_rng(3)
    areas = pd.DataFrame(
        {
            "id": [f"A{k:02d}" for k in range(12)],
            "lon": rng.uniform(-1.45, -1.35, 12).round(5),
            "lat": rng.uniform(53.40, 53.46, 12).round(5),
            "residents": rng.integers(100, 900, 12),
            "young": rng.integers(10, 90, 12),
        }
    )
    if poor:
        areas["imd_decile"] = rng.integers(1, 11, 12)
    if cars:
        areas["p_no_car"] = 0.3
    centres = pd.DataFrame(
        {
            "id": ["L1", "L2", "L3", "Y1"],
            "name": ["First library", "Second library", "Third library", "Club"],
            "service": ["library"] * 3 + ["youth"],
            "lon": [-1.44, -1.40, -1.36, -1.41],
            "lat": [53.41, 53.43, 53.45, 53.44],
            "locality": (list(localities) * 4)[:4] if localities else "",
        }
    )
    if "services.youth" not in text:
        centres = centres[centres["service"] == "library"]
    centres.to_csv(folder / "centres.csv", index=False)
    areas.to_csv(folder / "areas.csv", index=False)
    if sites:
        places = {
            "id": ["K1", "K2", "K3"], "name": ["Hall", "School", "Clinic"],
            "lon": [-1.43, -1.38, -1.41], "lat": [53.45, 53.41, 53.42],
        }  # fmt: skip
        if sites == "known":
            places |= {"capacity": [9000, 9000, 9000], "annual_cost_gbp": [10, 20, 30]}
        pd.DataFrame(places).to_csv(folder / "candidates.csv", index=False)
    (folder / "study.toml").write_text(BASE + text, encoding="utf-8")


def write(folder, text, **more):
    """Measure such a study."""
    lay_down(folder, text, **more)
    with few_draws():
        return run_job(load_study(folder))


SHAPES = {
    "one service, no proposal": (LIBRARY, {}),
    "one service, one closes": (LIBRARY + CLOSING, {}),
    "two offers, one locality": (LIBRARY + YOUTH + CLOSING, {"localities": ["Town"]}),
    "two localities": (
        LIBRARY + CLOSING + "[hubs]\nsizes = [4]\n", {"localities": ["East", "West", "West"]}),
    "a locality without a site": (LIBRARY + CLOSING, {"localities": ["East", "West"]}),
    "no candidates": (LIBRARY + CLOSING, {"sites": ""}),
    "nobody ranked, cars not known": (LIBRARY, {"poor": False, "cars": False}),
    "all is known": (LIBRARY + "[hubs]\nbudget_gbp = 60\n", {"sites": "known"}),
    "an offer without centres": (
        LIBRARY + '[hubs.offers.advice]\ntitle = "Advice"\ndemand = "residents"\n', {}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_study_of_any_shape_is_answered_and_nothing_false_is_said(shape, tmp_path):
    text, more = SHAPES[shape]
    results = write(tmp_path, text, **more)
    if results.hubs is None:
        assert not results.left_out
        return
    plans = results.hubs.plans
    names = results.names()
    said = " ".join(PlanFindings(plans, names, Wording()).words())
    everything = " ".join(
        [
            said,
            HubFindings(results, results.hubs).words(),
            RunSummary(results).words(),
            *plans.notes,
        ]
    )
    for word in ("Children", "both services", "nan", "inf "):
        assert word not in everything, word
    assert "council" not in said  # none was given
    assert ("locality" in {p.key for p in plans.plans}) == (shape == "two localities")
    if "library" in text and "offers" not in text:
        assert any(p.stays is not None for p in plans.plans)
    if "proposals" not in text and "offers" not in text:
        assert "The study closes no site." in said
    assert summary_of(results)["family_hubs"]["plans"]["plans"]
    with one_picture(laid_out=True):
        assert _hub_blocks(results, Wording())
    missing = "No site to choose from is in West" in " ".join(plans.notes)
    assert missing == (shape == "a locality without a site")
    known = {"room", "budget"} & {p.key for p in plans.plans}
    assert bool(known) == (shape == "all is known")
    assert ("not known, so no plan" in " ".join(plans.notes)) == (shape != "all is known")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    text = LIBRARY + YOUTH + CLOSING + '[hubs]\ncouncil_choice = ["K1", "L1"]\n'
    return write(tmp_path_factory.mktemp("hubs"), text, localities=["East", "West"])


def test_a_page_is_given_the_plans_and_the_rules_of_their_rank(results):
    answer = Analysis(results).hubs(draws=5)
    page = HubsForPage.of(replace(results, hubs=answer))
    plans = answer.plans
    assert page.site_ids == tuple(answer.candidates["id"]) and page.mode == answer.mode
    assert [(p.key, p.chosen) for p in page.plans] == [(p.key, p.chosen) for p in plans.plans]
    assert tuple(r.name for r in page.locality_rule) == plans.localities
    assert [o.key for o in page.offers] == [o.key for o in plans.offers]
    assert page.may.all() and not page.must.any() and page.sums == ()
    assert HubsForPage.of(replace(results, hubs=None)) is None


def test_a_plan_can_be_typed_in_and_two_be_compared(results):
    analysis = Analysis(results)
    answer = analysis.hubs(plans=[["Hall", "L3"], ["K2", "K3"]], draws=5)
    own = answer.plans.plan("asked_1")
    assert own.chosen == ("K1", "L3")
    assert own.freely.sets == 15  # any two of six
    pair = analysis.hub_pair(answer, "council", "asked_2")
    for offer in answer.plans.offers:
        whole = pair.gain[offer.key] + pair.lose[offer.key] + pair.same[offer.key]
        assert whole == pytest.approx(offer.people.sum())
    minutes = answer.minutes
    by_hand = minutes[["K2", "K3"]].min(axis=1) - minutes[["K1", "L1"]].min(axis=1)
    assert pair.table["change"].to_numpy() == pytest.approx(by_hand.to_numpy())


@pytest.mark.parametrize(
    ("plans", "said"),
    [([["Nowhere"]], "Nowhere"), ([[]], "one site or more"), ([["K1", "K1"]], "each once")],
)
def test_a_plan_that_cannot_be_is_refused(results, plans, said):
    with pytest.raises(ParameterError, match=said):
        Analysis(results).hubs(plans=plans)


def test_an_unknown_plan_is_named(results):
    analysis = Analysis(results)
    with pytest.raises(ParameterError, match="no plan 'x'"):
        analysis.hub_pair(results.hubs, "x", "freely")


def test_a_new_place_is_named_by_the_place_it_is_near_to(results):
    answer = Analysis(results).hubs(2, greenfield=2, draws=5)
    new = answer.candidates[answer.candidates["kind"] == "greenfield"]
    assert new["name"].str.contains("near (?:East|West)").all()
    assert set(new["locality"]) <= {"East", "West"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('[hubs]\nmust = ["L9"]\n', "L9"),
        ('[hubs]\nat_most = { mill = 1 }\n', "mill"),
        ('[hubs.among]\nx = ["mill"]\n', "mill"),
        ('[hubs.offers.a]\ntitle = "A"\ndemand = "babies"\n', "babies"),
        ('[hubs.offers.a]\ntitle = "A"\ndemand = "residents"\nservice = "school"\n', "school"),
        ('[hubs]\nmust = ["L1"]\nnever = ["L1"]\n', "must or in never"),
        ('[hubs]\nshares = { library = 1.0 }\n[hubs.offers.a]\ntitle = "A"\ndemand = "young"\n',
         "shares or offers"),
    ],
)  # fmt: skip
def test_settings_that_name_what_is_not_there_are_refused(tmp_path, setting, said):
    with pytest.raises(StudyError, match=said):
        write(tmp_path, LIBRARY + setting)


def test_a_board_is_told_what_closures_add_and_hubs_give_back(results):
    minutes = results.matrices[results.hubs.mode].to_frame()
    areas = results.study.areas.set_index("id")

    def mean(sites, column):
        return np.average(minutes[sites].min(axis=1), weights=areas[column])

    # libraries go from three to two, youth clubs stay as they are; half each
    added = (mean(["L1", "L3"], "residents") - mean(["L1", "L2", "L3"], "residents")) / 2
    hubs = ["K1", "L1"]
    back = (mean(["L1", "L3"], "residents") - mean(["L1", "L3", *hubs], "residents")) / 2
    back += (mean(["Y1"], "young") - mean(["Y1", *hubs], "young")) / 2
    stays = results.hubs.plans.plan("council").stays
    assert (stays.added, stays.given_back) == (pytest.approx(added), pytest.approx(back))
    sets = list(results.hubs.plain.curve.solutions.values())
    text = _hub_sentence(results, sets, results.names(), "walk", Wording(decimals=1))
    assert f"What is proposed, Libraries from 3 to 2, adds {added:.1f} minutes" in text
    assert f"the council's own give back {back:.1f} minutes" in text


@pytest.fixture(scope="module")
def new_town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "town"
    new_study(folder)
    return Analysis(travel_times(load_study(folder)))


@pytest.mark.parametrize("mode", ["walk", "drive", "typical"])
def test_hubs_are_drawn_with_the_streets_errors_of_closures(new_town, mode):
    """A drive in the family trip is wrong by its own error, for hubs as for closures."""
    analysis = new_town
    plans = analysis.hubs(2, mode=mode, draws=5).plans
    told = next(note for note in plans.notes if note.startswith("Drawn: "))
    firm = analysis.robustness("childrens_centre", after=["C1", "C2"], mode=mode, draws=5)
    streets = next(n for n in firm.notes if n.startswith("lengths of trips"))
    both = "of a walk, " in streets and "of a drive" in streets
    assert both == (mode == "typical")
    assert streets.split("(")[1].split(" on average")[0] in told


def test_what_is_known_of_some_buildings_is_not_said_of_all(new_town):
    study = new_town.study
    ids = study.centres["id"].tolist()

    def told(*room):
        return _travel_alone(replace(study, centres=study.centres.assign(capacity=room)), ids)

    every = "whether a building is free, large enough, sound or affordable is not known here"
    assert told(None, None, None).endswith(f"{every}.")
    assert told(9.0, None, None).endswith(
        f"{every}, save of some sites what tells whether they are large enough."
    )
    assert "large enough" not in told(9.0, 9.0, 9.0)
    elsewhere = study.centres.assign(capacity=[9.0, None, None])
    only = _travel_alone(replace(study, centres=elsewhere), ids[1:])
    assert only.endswith(f"{every}."), "a site that cannot be chosen tells nothing of the others"


def test_an_area_that_no_site_is_in_reach_of_tells_no_set_from_another(field):
    """It made every set the last by the worst-off area, and so each of them the first."""
    cut_off = replace(
        field,
        minutes=np.vstack([field.minutes, np.full(len(field.site_ids), np.inf)]),
        offers=tuple(replace(o, people=np.append(o.people, 20.0)) for o in field.offers),
        deprived=np.append(field.deprived, True),
    )
    chosen = ("S1", "S4", "S7")
    for asked in (PlanRules(), PlanRules((AtLeast(("S0", "S1"), 1, "west"),))):
        whole, part = (standing(f, chosen, asked) for f in (field, cut_off))
        assert part.rank == whole.rank
        assert part.best == pytest.approx(whole.best)
    for by in ("mean", "worst", "deprived", "compromise"):
        assert choose(cut_off, 3, by).chosen == choose(field, 3, by).chosen


def cut_apart():
    """Two offers: one of each goes to the island that one site serves, most of one to none."""
    inf = np.inf
    minutes = np.array([[5.0, 20, inf], [30, 12, inf], [inf, inf, 3], [inf, inf, inf]])
    people = ([1e5, 0, 1e4, 3e5], [0, 1e5, 4e4, 0])
    offers = tuple(
        Offer(key, key, "", 0.5, np.array(n)) for key, n in zip("ab", people, strict=True)
    )
    return HubField(("X", "Y", "Z"), minutes, offers, np.array([False, False, True, False]))


def test_a_set_is_ranked_by_the_mean_that_is_told_of_it_whoever_reaches_no_site(monkeypatch):
    asked = cut_apart()
    told = {ids: Figures.of(asked.near(ids), asked.offers, {}, ())
            for ids in itertools.combinations(asked.site_ids, 2)}  # fmt: skip
    for ids, figures in told.items():
        assert asked.values(ids)["mean"] == pytest.approx(figures.joint)
    best = choose(asked, 2)
    assert best.value == pytest.approx(told[best.chosen].joint)
    monkeypatch.setattr("access.siting.plans._MOST_LISTED", 0)
    searched = choose(cut_apart(), 2)
    assert (searched.chosen, searched.value) == (best.chosen, pytest.approx(best.value))


def test_a_set_is_drawn_about_the_mean_that_is_told_of_it_whoever_it_leaves_out():
    asked = cut_apart()
    sets = list(itertools.combinations(asked.site_ids, 2))
    near = np.array([asked.near(ids) for ids in sets])
    drawn = SetDraws(asked, len(sets), 20, 1, served=np.isfinite(near))
    drawn.take(0, np.tile(near, (20, 1, 1)))
    for k, ids in enumerate(sets):
        joint = Figures.of(near[k], asked.offers, {}, ()).joint
        assert drawn.found["mean"][:, k].mean() == pytest.approx(joint, rel=0.01), ids


def test_a_compromise_is_found_where_no_set_reaches_those_whose_mean_it_weighs():
    found = choose(cut_apart(), 1, by="compromise")
    assert (found.chosen, found.value, found.near_count) == (("Y",), 0.0, 1)


def test_whom_the_council_s_own_misses_is_a_share_of_all_as_the_tables_have_it():
    asked = cut_apart()
    minutes = pd.DataFrame(asked.minutes, list("pqrs"), asked.site_ids)
    demands = [Demand(minutes, pd.Series(o.people, minutes.index), o.share, o.title)
               for o in asked.offers]  # fmt: skip
    found = hub_search(demands, size=2, most=3, council=["X", "Y"])
    told = [Figures.of(asked.near(ids), asked.offers, {}, ()).unserved
            for ids in (("X", "Y"), found.best.chosen)]  # fmt: skip
    assert found.best.chosen == ("X", "Z")
    assert found.council.missed == pytest.approx(told[0] - told[1])


def test_averages_that_are_not_known_in_some_settings_are_not_given_as_figures():
    assert _lie_words(9.8, 12.3) == "nine of ten of its averages lie between 10 and 12 minutes"
    for least in (9.8, np.inf):
        words = _lie_words(least, np.inf)
        assert "has no average there" in words and "inf" not in words.split()


def test_minute_by_minute_too_whoever_leaves_fewer_out_comes_first():
    inf = np.inf
    # no site alone is there at every second minute for those of the second area, X and Y together
    # are; Z is nearer to the first
    each = np.array([
        [[30.0, 30, 5], [30, 30, 5], [30, 30, 5]],
        [[10, inf, inf], [inf, 10, inf], [inf, inf, inf]],
    ], np.float32)  # fmt: skip
    minutes = np.array([[30.0, 30, 5], [inf, inf, inf]])
    offers = (Offer("a", "a", "", 0.5, np.array([3.0, 1])), Offer("b", "b", "", 0.5, np.ones(2)))
    asked = HubField(("X", "Y", "Z"), minutes, offers, each=(each,))
    assert asked.left_out(("X", "Y"))["mean"] == 0 < asked.left_out(("X", "Z"))["mean"]
    sets = (("X", "Z"), ("X", "Y"))
    found = Choice(sets[0], 5.0, "proven_optimal", 0.0, None, sets, 2, False)
    told = _minute_by_minute(asked, "mean", found, 0.02)
    assert (told.chosen, told.near) == (sets[1], sets[1:])
    table = pd.DataFrame({"chosen": sets, "mean minutes": 5.0, "worse": 0.0})
    listed = _near(asked, Alternatives(table, True, None)).table
    assert listed["chosen"].tolist() == [sets[1]]
    demand = Demand(pd.DataFrame(np.where(np.isfinite(minutes), minutes, 60.0), list("pq"),
                                 asked.site_ids), pd.Series([4.0, 2.0], list("pq")))  # fmt: skip
    solution = hub_search([demand], size=2, most=2).best
    for ids in sets:
        mean = _told(asked, replace(solution, chosen=ids), proven=True).objective
        joint = Figures.of(asked.near(ids), offers, {}, ()).joint
        assert mean == pytest.approx(joint)
