"""Alternatives, the curve and the front must be what listing all sets of sites gives."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.siting import (
    AtLeast,
    Budget,
    Demand,
    Goal,
    Problem,
    alternatives,
    curve,
    p_median,
    pareto_front,
    site,
)
from access.siting.branch_and_cut import _sets_under


def draw(seed: int):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 14)), int(rng.integers(3, 9))
    minutes = (
        rng.integers(0, 8, (n, m)).astype(float)
        if seed % 2
        else np.round(rng.uniform(0, 30, (n, m)), 2)
    )
    weights = rng.integers(1, 6, n).astype(float)
    return minutes, weights, int(rng.integers(1, m)), rng.integers(1, 6, m).astype(float), rng


def measures(minutes, weights, costs, chosen):
    nearest = minutes[:, list(chosen)].min(axis=1)
    return weights @ nearest / weights.sum(), nearest.max(), costs[list(chosen)].sum()


@pytest.mark.parametrize("block", range(4))
def test_alternatives_are_the_best_sets_in_order(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        minutes, weights, p, costs, rng = draw(seed)
        count, within = int(rng.integers(1, 9)), float(rng.choice([0.0, 0.02, 0.2, 1.0]))
        found = alternatives(Problem(Demand(minutes, weights), p=p), count, within=within)
        every = sorted(
            measures(minutes, weights, costs, s)[0]
            for s in itertools.combinations(range(minutes.shape[1]), p)
        )
        wanted = [v for v in every if v <= every[0] * (1 + within) + 1e-6 * every[0]][:count]
        assert found.complete
        assert found.table["mean minutes"].to_list() == pytest.approx(wanted, rel=1e-6), seed
        assert found.table["chosen"].is_unique
        assert found.best.status == "proven_optimal"


@pytest.mark.parametrize("rules", [(), (Budget(17.0),), (AtLeast(["1", "2", "3", "4"], 2),)])
def test_listing_the_sets_that_are_left_finds_what_branching_does(monkeypatch, rules) -> None:
    methods = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        spots, sites = rng.uniform(0, 20, (30, 2)), rng.uniform(0, 20, (12, 2))
        minutes = np.hypot(*(spots[:, None] - sites[None]).transpose(2, 0, 1))
        problem = Problem(
            Demand(minutes, rng.uniform(1, 6, 30)), p=4, rules=rules,
            site_costs=rng.integers(1, 9, 12).astype(float),
        )  # fmt: skip
        found = []
        for most in (40_000_000, -1):
            monkeypatch.setattr("access.siting.branch_and_cut._MOST_CELLS", most)
            found.append(alternatives(problem, 7, within=0.2))
            methods.add((most, found[-1].best.method))
            assert found[-1].best.status == "proven_optimal"
        pd.testing.assert_frame_equal(found[0].table, found[1].table)
        assert found[0].complete and found[1].complete
    assert (40_000_000, "every set that is left") in methods
    assert (-1, "every set that is left") not in methods


@settings(max_examples=200)
@given(
    st.lists(st.integers(-6, 9), min_size=1, max_size=9).flatmap(
        lambda adds: st.tuples(
            st.just(adds),
            st.lists(st.sampled_from(["free", "must", "not"]),
                     min_size=len(adds), max_size=len(adds)),
        )
    ),
    st.integers(1, 5),
    st.integers(-30, 40),
)  # fmt: skip
def test_the_sets_under_a_bound_are_all_of_them_and_no_other(adds, count, limit) -> None:
    rho, fixed = np.array(adds[0], float), np.array(adds[1])
    must, may = fixed == "must", fixed != "not"
    if must.sum() > count:
        count = int(must.sum())
    found = _sets_under(2.0, rho, must, may, count, float(limit))
    wanted = {
        s
        for s in itertools.combinations(np.flatnonzero(may).tolist(), count)
        if set(np.flatnonzero(must).tolist()) <= set(s) and 2.0 + rho[list(s)].sum() <= limit
    }
    assert found is not None
    # sites that are fixed are asked for alone: their set is given whatever it costs
    told = sorted(tuple(sorted(s)) for s in found.tolist() if 2.0 + rho[s].sum() <= limit)
    assert told == sorted(wanted)
    assert len(found) == len(wanted) or int(must.sum()) == count


def test_too_many_sets_under_a_bound_are_not_listed(monkeypatch) -> None:
    monkeypatch.setattr("access.siting.branch_and_cut._MOST_SETS", 20)
    every, none = np.ones(6, bool), np.zeros(6, bool)
    assert _sets_under(0.0, np.ones(6), none, every, 3, 2.5) is not None  # none of them
    assert _sets_under(0.0, np.ones(6), none, every, 3, 3.0) is not None  # all twenty
    monkeypatch.setattr("access.siting.branch_and_cut._MOST_SETS", 19)
    assert _sets_under(0.0, np.ones(6), none, every, 3, 3.0) is None


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("with_cost", [False, True])
def test_the_front_is_exact(block: int, with_cost: bool) -> None:
    for seed in range(500 + block * 8, 508 + block * 8):
        minutes, weights, p, costs, _ = draw(seed)
        problem = Problem(Demand(minutes, weights), p=p, site_costs=costs)
        front = pareto_front(problem, with_cost=with_cost)
        width = 3 if with_cost else 2
        points = {
            tuple(round(x, 9) for x in measures(minutes, weights, costs, s)[:width])
            for s in itertools.combinations(range(minutes.shape[1]), p)
        }
        wanted = sorted(
            a
            for a in points
            if not any(b != a and all(x <= y for x, y in zip(b, a, strict=True)) for b in points)
        )
        got = front.table.drop(columns="chosen").to_numpy(float)
        assert front.complete
        assert sorted(map(tuple, got.round(9).tolist())) == wanted, seed


def test_the_curve_is_each_numbers_own_best() -> None:
    minutes, weights, _, _, _ = draw(8)
    found = curve(Problem(Demand(minutes, weights), goals=Goal.total()), range(1, 4))
    alone = [p_median(minutes, p, weights=weights).objective for p in range(1, 4)]
    table = found.to_frame()
    assert table["objective"].to_list() == pytest.approx(alone)
    assert (table["saved"].dropna() >= 0).all()


def test_what_a_size_saves_is_against_the_next_smaller_whatever_the_order_asked() -> None:
    minutes, weights, _, _, _ = draw(8)
    problem = Problem(Demand(minutes, weights), goals=Goal.total())
    for sizes in itertools.permutations([1, 2, 4]):
        table = curve(problem, sizes).to_frame()
        assert table.index.to_list() == list(sizes)
        best = table["objective"]
        assert np.isnan(table["saved"][1])
        assert table["saved"][2] == best[1] - best[2]
        assert table["saved"][4] == best[2] - best[4]


def test_a_budget_bites_in_the_front_too() -> None:
    minutes, weights, _, costs, _ = draw(12)
    m = minutes.shape[1]
    problem = Problem(
        Demand(minutes, weights), fewest=1, most=m, site_costs=costs,
        rules=(Budget(float(costs.min())),), goals=Goal.mean(),
    )  # fmt: skip
    front = pareto_front(problem, with_cost=True)
    assert (front.table["cost"] == costs.min()).all()
    assert site(problem).chosen in front.table["chosen"].to_list()
