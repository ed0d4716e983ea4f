"""Who is left out, and sums far from ordinary size: what was proven holds for these as well."""

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest

from access.siting import (
    AtMost,
    Capacity,
    Demand,
    Goal,
    Problem,
    ServeAll,
    Solution,
    alternatives,
    curve,
    p_centre,
    p_median,
    pareto_front,
    site,
)
from access.siting.alternatives import _rank_of_set

FAR = np.inf


def _islands(seed: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Minutes of which no two sites serve everybody, and the pairs that leave out fewest."""
    rng = np.random.default_rng(seed)
    while True:
        minutes = np.round(rng.random((6, 5)) * 30, 1)
        minutes[rng.random((6, 5)) < 0.6] = FAR
        pairs = list(itertools.combinations(range(5), 2))
        served = [np.isfinite(minutes[:, pair]).any(axis=1).sum() for pair in pairs]
        best = [pair for pair, n in zip(pairs, served, strict=True) if n == max(served)]
        if max(served) < np.isfinite(minutes).any(axis=1).sum() and len(best) > 2:
            return minutes, best


def _near(minutes: np.ndarray, pair: tuple[int, ...]) -> np.ndarray:
    near = minutes[:, pair].min(axis=1)
    return near[np.isfinite(near)]


@pytest.mark.parametrize("seed", range(12))
def test_where_some_are_left_out_goals_count_those_who_are_served(seed: int) -> None:
    minutes, pairs = _islands(seed)
    ids = [tuple(map(str, pair)) for pair in pairs]
    mean = {i: _near(minutes, p).mean() for i, p in zip(ids, pairs, strict=True)}
    worst = {i: _near(minutes, p).max() for i, p in zip(ids, pairs, strict=True)}
    beyond = {i: 1 - (_near(minutes, p) <= 12).sum() / 6 for i, p in zip(ids, pairs, strict=True)}
    demand = Demand(minutes)

    least = site(Problem(demand, p=2, goals=Goal.worst()))
    assert (least.status, least.objective) == ("proven_optimal", min(worst.values()))
    both = site(Problem(demand, p=2, goals=(Goal.worst(), Goal.mean())))
    among = [i for i in ids if worst[i] == min(worst.values())]
    assert both.status == "proven_optimal"
    assert both.objective == pytest.approx(min(mean[i] for i in among))
    loose = site(Problem(demand, p=2, goals=(Goal.mean(within=0.3), Goal.worst())))
    among = [i for i in ids if mean[i] <= 1.3 * min(mean.values()) + 1e-9]
    assert loose.objective == min(worst[i] for i in among)
    blend = Goal.blend((1, Goal.mean()), (9, Goal.beyond(12)))
    found = site(Problem(demand, p=2, goals=blend))
    assert found.objective == pytest.approx(min(mean[i] + 9 * beyond[i] for i in ids))

    listed = alternatives(Problem(demand, p=2), 50, within=0.3)
    wanted = {i for i in ids if mean[i] <= 1.3 * min(mean.values()) + 1e-9}
    assert listed.complete and set(listed.table["chosen"]) == wanted
    ordered = alternatives(Problem(demand, p=2, goals=(Goal.worst(), Goal.mean())), 50)
    assert ordered.complete and ordered.best.objective == both.objective

    front = pareto_front(Problem(demand, p=2))
    points = {(round(mean[i], 9), worst[i]) for i in ids}
    unbeaten = {
        p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)
    }
    found_points = zip(front.table["mean_minutes"], front.table["worst_minutes"], strict=True)
    assert front.complete and {(round(a, 9), b) for a, b in found_points} == unbeaten


def test_a_mean_that_depends_on_which_service_loses_families_is_not_called_proven() -> None:
    one = Demand(pd.DataFrame([[10, 9], [10, FAR]], columns=["A", "B"]), share=0.5, name="one")
    two = Demand(pd.DataFrame([[0, 2], [FAR, 2]], columns=["A", "B"]), share=0.5, name="two")
    found = site(Problem([one, two], p=1))
    assert found.objective == 5.0 or found.status != "proven_optimal"
    assert "not proven" in found.note


def test_the_front_with_costs_leaves_nobody_out_to_be_cheaper() -> None:
    problem = Problem(Demand([[5, 0], [6, FAR]]), p=1, site_costs=[2, 1])
    assert pareto_front(problem, with_cost=True).table["chosen"].tolist() == [("0",)]


def test_who_counts_for_nothing_need_not_be_served() -> None:
    minutes, weights = [[1, 2], [FAR, FAR]], [1, 0]
    assert p_median(minutes, 1, weights=weights, must_serve_all=True).objective == 1
    room = Problem(Demand(minutes, weights), p=1, goals=Goal.total(), rules=(Capacity(5),))
    found = site(room)
    assert (found.status, found.objective, found.unserved) == ("proven_optimal", 1, ("1",))
    # nor does where nobody lives rule a site out
    room = Problem(
        Demand([[FAR, 9], [1, 5]], [0, 2]), p=1, goals=Goal.total(), rules=(Capacity(5),)
    )
    assert site(room).chosen == ("0",)
    nobody = Demand([[FAR, FAR]], [0], name="nobody")
    both = Problem([nobody, Demand([[1, 2]], name="some")], p=1, rules=(ServeAll(),))
    assert site(both).status == "proven_optimal"


def test_a_curve_keeps_capacities() -> None:
    problem = Problem(Demand([[1, 9]] * 3), goals=Goal.total(), rules=(Capacity(2),))
    found = curve(problem, [1, 2]).solutions
    assert found[1].status == "infeasible" and found[2].objective == 11


@cache
def _in_demand_units(seed: int, goal: Goal, unit: float) -> Solution:
    """Answer a problem with its demand in some unit: that of 1 is asked for beside each other."""
    rng = np.random.default_rng(seed)
    minutes, weights = np.round(rng.random((10, 7)) * 30, 1), rng.integers(1, 30, 10)
    costs = rng.integers(1, 9, 7) * 1e9
    demand = Demand(minutes, weights * unit)
    return site(Problem(demand, p=2, goals=(goal, Goal.cost()), site_costs=costs))


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**-27, 1.0, 2.0**20])
@pytest.mark.parametrize("goal", [Goal.total(), Goal.left_out(11)])
def test_the_unit_of_demand_changes_no_answer(scale: float, goal: Goal) -> None:
    for seed in range(15):
        plain = _in_demand_units(seed, goal, 1.0)
        other = _in_demand_units.__wrapped__(seed, goal, scale)  # that of 1 is found anew as well
        assert other.status == "proven_optimal"
        assert other.goals[0].value == pytest.approx(plain.goals[0].value * scale, rel=1e-6)
        assert other.objective == plain.objective


@cache
def _in_room_units(seed: int, unit: float, split: bool) -> Solution:
    """Answer a problem with its room in some unit."""
    rng = np.random.default_rng(seed)
    minutes, uses = rng.random((7, 4)) * 30, rng.random(7)
    room = np.array([uses[rng.permutation(7)[:4]].sum() for _ in range(4)])
    rule = Capacity(room * unit, uses * unit, split)
    return site(Problem(Demand(minutes), fewest=1, most=3, goals=Goal.total(), rules=(rule,)))


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("scale", [2.0**-30, 2.0**30])
def test_the_unit_of_room_changes_no_answer(scale: float, split: bool) -> None:
    for seed in range(8):
        plain, other = (_in_room_units(seed, s, split) for s in (1.0, scale))
        assert (other.status, other.chosen) == (plain.status, plain.chosen)
        assert other.objective == pytest.approx(plain.objective)


def test_a_set_is_held_against_the_rules_however_many_sets_there_are() -> None:
    minutes = np.random.default_rng(1).random((4, 30)) * 30
    problem = Problem(Demand(minutes), p=8, rules=(AtMost(["1", "2"], 1),))
    assert not _rank_of_set(problem, [str(k) for k in range(8)]).within_rules


def test_the_worst_off_are_bounded_by_who_is_served() -> None:
    found = p_centre([[1, FAR], [1, FAR], [FAR, 50]], 1)
    assert (found.status, found.bound, found.objective) == ("proven_optimal", 1, 1)
