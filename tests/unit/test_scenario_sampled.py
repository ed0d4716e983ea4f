"""Too many ways to list: what is said of a proposal's place agrees with the whole list."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.analysis import many
from access.analysis.many import _sampled_ranking
from access.errors import ScenarioError
from access.network.matrix import TravelMatrix
from access.scenario import ServiceChoice, rank_closures
from access.scenario.options import CriteriaSettings, closings
from access.scenario.sampled import _clopper_pearson

SITES = [f"S{k:02d}" for k in range(12)]
COSTS = {i: 1000.0 * (7 * k % 12 + 1) for k, i in enumerate(SITES)}
TOWNS = {i: "north" if k < 5 else "south" for k, i in enumerate(SITES)}


def town(seed: int = 3, sites=SITES, areas: int = 30):
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(1, 60, (areas, len(sites)))
    ids = [f"A{k:02d}" for k in range(areas)]
    demand = pd.DataFrame(
        {"id": ids, "count": rng.integers(5, 90, areas), "imd_rank": rng.integers(1, 32844, areas)}
    )
    return TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=list(sites)), demand


def both(draws: int = 4000, keep: int = 8, proposal=None, **rules):
    matrix, demand = town()
    choice = {"keep": keep, "demand": demand, "proposal": proposal, **rules}
    choice["savings"] = {i: v for i, v in COSTS.items() if i not in rules.get("always_open", ())}
    listed = rank_closures(matrix, **choice, weights="linear")
    sampled = _sampled_ranking(
        ServiceChoice(matrix, **choice), CriteriaSettings("linear"), mode="walk", names={},
        seed=5, draws=draws,
    )  # fmt: skip
    return listed, sampled


RULES = [
    {},
    {"never_close": ["S00", "S07"]},
    {"localities": TOWNS, "min_per_locality": 4},
    {"localities": TOWNS, "min_per_locality": {"south": 6}, "never_close": ["S01", "S08"]},
    {"always_open": ["S11"], "keep": 7},
]


@pytest.mark.parametrize("rules", RULES)
def test_ways_bests_and_the_place_agree_with_the_whole_list(rules):
    kept = [i for i in SITES if i not in ("S02", "S03", "S09", "S10")]
    kept = kept if "always_open" not in rules else [i for i in kept if i != "S11"]
    listed, sampled = both(proposal={"kept": kept}, **rules)
    assert sampled.ways == len(listed.table)
    assert sampled.criteria == listed.criteria
    for c in listed.criteria:
        row, best = sampled.row(c), listed.best(c)
        if c in ("mean", "weighted_mean", "worst", "share_beyond", "savings"):
            assert row["proven"], c
            assert row["best"] == pytest.approx(best[c], abs=1e-8)
        assert row["proposal"] == pytest.approx(listed.proposal[c])
        true = (listed.proposal[f"rank_{c}"] - 1) / sampled.ways
        # the told interval misses one time in twenty; one this wide never does
        low, high = _clopper_pearson(row["better_in_sample"], sampled.draws, 0.999999)
        assert low <= true <= high
        assert 1 <= row["rank_low"] <= row["rank_high"] <= sampled.ways
    near = listed.near_ties("mean", 0.01)["closed"].tolist()
    told = sampled.table[sampled.table["mean"] <= listed.table["mean"].min() * 1.01]["closed"]
    assert set(near[:12]) <= set(told)


@pytest.mark.parametrize(
    "rule",
    [{"never_close": ["S03"]}, {"localities": TOWNS, "min_per_locality": {"north": 5}}],
)
@pytest.mark.parametrize("others", [("S07", "S09", "S11"), ("S04", "S05", "S10"), None])
def test_a_proposal_that_breaks_a_rule_is_never_the_best_of_the_ways(rule, others):
    dearest = sorted(set(SITES) - {"S03"}, key=lambda i: -COSTS[i])[:3]
    listed, sampled = both(proposal={"closed": ["S03", *(others or dearest)]}, **rule)
    assert not listed.proposal["allowed"] and not sampled.proposal["allowed"]
    assert sampled.sentence().startswith(f"Set beside {sampled.ways:,} ways")
    for c in listed.criteria:
        row, best = sampled.row(c), listed.best(c)
        assert row["best_closed"] != sampled.proposal["closed"]
        if row["proven"]:
            assert row["best"] == pytest.approx(best[c], abs=1e-8)
            assert row["regret"] == pytest.approx(listed.proposal[f"regret_{c}"], abs=1e-8)


def test_one_that_is_worse_than_all_ways_stands_beyond_the_last():
    sites = ["X", "Y", "Z"]
    m = TravelMatrix.from_minutes([[1, 2, 9]], area_ids=["a"], site_ids=sites)
    demand = pd.DataFrame({"id": ["a"], "count": [10]})
    choice = {"keep": 1, "demand": demand, "proposal": ["Z"], "never_close": ["X"]}
    assert rank_closures(m, **choice).proposal["rank_mean"] == 2
    found = _sampled_ranking(
        ServiceChoice(m, **choice), CriteriaSettings(), mode="walk", names={}, seed=1, draws=50
    )
    row = found.row("mean")
    assert found.ways == 1 and (row["rank_low"], row["rank_high"]) == (2, 2)


def test_less_than_the_best_is_said_to_be_less():
    minutes = [[1.0, 30.0, 40.0], [30.0, 1.0, 40.0]]
    m = TravelMatrix.from_minutes(minutes, area_ids=["a", "b"], site_ids=["X", "Y", "Z"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    choice = ServiceChoice(m, 2, demand, {"closed": ["Z"]}, never_close=["Z"])
    found = _sampled_ranking(choice, CriteriaSettings(), mode="walk", names={}, seed=1, draws=50)
    assert "; the proposal: 14.5 minutes less)" in found.sentence()


def test_the_interval_holds_the_true_share_about_as_often_as_it_says(monkeypatch):
    matrix, demand = town()
    found: list = []

    def searched_once(*given):  # the best of all is the best, whatever is drawn beside it
        if not found:
            found.append(searched(*given))
        return found[0]

    searched = many._searched
    monkeypatch.setattr(many, "_searched", searched_once)
    choice = {"keep": 8, "demand": demand, "proposal": {"kept": SITES[:8]}}
    true = rank_closures(matrix, **choice).proposal["rank_mean"]
    options = [
        _sampled_ranking(ServiceChoice(matrix, **choice), CriteriaSettings(), mode="walk",
                        names={}, seed=seed, draws=200).row("mean")
        for seed in range(60)
    ]  # fmt: skip
    held = sum(row["rank_low"] <= true <= row["rank_high"] for row in options)
    assert held >= 52  # of 60; 57 are to be expected at the least


def test_the_proven_best_is_first_and_says_so():
    matrix, demand = town()
    best = rank_closures(matrix, keep=8, demand=demand).best("mean")
    _, sampled = both(proposal={"closed": best["closed"]})
    row = sampled.row("mean")
    assert (row["rank_low"], row["rank_high"], row["regret"]) == (1, 1, 0)
    assert "proven" in sampled.place("mean")
    assert "95% sure" in sampled.place("savings")
    assert "not proven" in repr(sampled)


@pytest.mark.parametrize("rules", RULES[:4])
def test_ways_are_counted_and_drawn_evenly(rules):
    given = {k: v for k, v in rules.items() if k != "keep"}
    found = closings(SITES, 8, **given)
    rows = {tuple(r) for r in found.listed().tolist()}
    assert found.ways == len(rows)
    drawn = [tuple(r) for r in found.drawn(200 * found.ways, seed=1).tolist()]
    assert set(drawn) == rows
    times = pd.Series(drawn).value_counts().to_numpy()
    spread = ((times - 200) ** 2 / 200).sum()  # chi-squared with ways - 1 degrees of freedom
    assert spread < found.ways + 5 * math.sqrt(2 * found.ways)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_listed_is_what_the_rules_allow_in_the_order_of_what_closes(data):
    ids = [f"S{k}" for k in range(data.draw(st.integers(1, 8)))]
    where = data.draw(st.lists(st.sampled_from("ABC"), min_size=len(ids), max_size=len(ids)))
    localities = dict(zip(ids, where, strict=True))
    least = {
        name: data.draw(st.integers(0, where.count(name)))
        for name in data.draw(st.sets(st.sampled_from(where)))
    }
    never = data.draw(st.sets(st.sampled_from(ids)))
    keep = data.draw(st.integers(1, len(ids)))
    allowed = [
        closed
        for closed in combinations(ids, len(ids) - keep)
        if not never & {*closed}
        and all(
            sum(localities[i] == name and i not in closed for i in ids) >= n
            for name, n in least.items()
        )
    ]
    rules = {"never_close": never, "localities": localities, "min_per_locality": least or None}
    if not allowed:
        with pytest.raises(ScenarioError):
            closings(ids, keep, **rules)
        return
    found = closings(ids, keep, **rules)
    kept = [tuple(ids[j] for j in row) for row in found.listed()]
    assert kept == [tuple(i for i in ids if i not in closed) for closed in allowed]
    assert found.ways == len(allowed)


def test_ways_are_too_many_by_what_the_rules_leave_alone():
    ids = [f"S{k:02d}" for k in range(24)]
    pairs = {i: f"L{k // 2}" for k, i in enumerate(ids)}
    found = closings(ids, 12, localities=pairs, min_per_locality=1)
    assert (found.ways, found.too_many) == (2**12, False)  # of 2,704,156 without the rule
    assert len(found.listed()) == 2**12
    assert closings(ids, 12).too_many


@pytest.mark.parametrize(("n", "k"), [(45, 12), (24, 8), (60, 30)])
def test_ways_are_counted_without_listing(n, k):
    assert closings([str(j) for j in range(n)], n - k).ways == math.comb(n, k)


def test_rules_that_leave_no_way_are_refused():
    with pytest.raises(ScenarioError, match="no way to keep"):
        closings(SITES, 8, localities=TOWNS, min_per_locality={"north": 5, "south": 4})


@pytest.mark.parametrize("draws", [1, 7, 40])
def test_the_interval_is_exact_binomial(draws):
    from scipy.stats import binom  # long to import, and of this test alone

    for k in range(draws + 1):
        low, high = _clopper_pearson(k, draws)
        if k:
            assert binom.sf(k - 1, draws, low) == pytest.approx(0.025)
        if k < draws:
            assert binom.cdf(k, draws, high) == pytest.approx(0.025)
    assert _clopper_pearson(0, draws)[0] == 0
    assert _clopper_pearson(draws, draws)[1] == 1


def test_a_way_that_leaves_families_out_has_no_regret():
    minutes = np.array([[5, np.inf, np.inf], [np.inf, 5, np.inf], [np.inf, np.inf, 5.0]])
    matrix = TravelMatrix.from_minutes(minutes, area_ids=list("abc"), site_ids=list("XYZ"))
    demand = pd.DataFrame({"id": list("abc"), "count": [1, 2, 3]})
    made = _sampled_ranking(
        ServiceChoice(matrix, 2, demand, {"kept": ["X", "Y"]}), CriteriaSettings(), mode="walk",
        names={}, seed=1, draws=50,
    )  # fmt: skip
    assert made.row("mean")["regret"] is None or np.isnan(made.row("mean")["regret"])
    assert not made.row("mean")["proven"]
    assert "out of reach" in made.sentence()


def test_same_seed_same_answer():
    one, two = (both(draws=300)[1] for _ in range(2))
    pd.testing.assert_frame_equal(one.standing, two.standing)
    pd.testing.assert_frame_equal(one.table, two.table)


def test_every_draw_keeps_as_many_and_none_that_never_closes():
    found = closings(SITES, 5, never_close=["S03"])
    rows = found.drawn(500, seed=2)
    assert rows.shape == (500, 5)
    assert (rows == 3).any(axis=1).all()
    assert len(list(combinations(range(11), 7))) == found.ways
