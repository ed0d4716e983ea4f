"""What a caller can hand over wrongly, and that every fault is named at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.network.matrix import TravelMatrix
from access.siting import (
    AtLeast,
    AtMost,
    Budget,
    Capacity,
    Demand,
    Goal,
    NoWorse,
    Problem,
    Within,
    alternatives,
    capacitated_p_median,
    curve,
    greenfield,
    max_cover,
    p_centre,
    p_median,
    pareto_front,
    per_locality,
    set_cover,
    site,
)

MINUTES = pd.DataFrame(
    [[1.0, 9.0, 5.0], [9.0, 2.0, 5.0], [8.0, 7.0, 3.0]], index=["a", "b", "c"], columns=list("XYZ")
)

BLEND = Goal.blend((1, Goal.mean()), (1, Goal.worst()))


def text_of(call) -> str:
    with pytest.raises(ParameterError) as raised:
        call()
    return str(raised.value)


class TestWrongInputs:
    @pytest.mark.parametrize("bad", [float("nan"), -1.0])
    def test_nan_and_negative_minutes_are_named_by_area_and_site(self, bad):
        minutes = MINUTES.copy()
        minutes.loc["b", "Y"] = bad
        text = text_of(lambda: p_median(minutes, 1))
        assert "area b, site Y" in text
        assert "inf where the site cannot be reached" in text

    def test_minus_infinity_is_not_a_distance(self):
        assert "-inf" in text_of(lambda: p_median([[1.0, -np.inf]], 1))

    @pytest.mark.parametrize("costs", [[1.0, 2.0], [], [[]], np.zeros((0, 3)), np.zeros((2, 2, 2))])
    def test_the_shape_must_be_areas_by_sites(self, costs):
        assert "shape" in text_of(lambda: p_median(costs, 1))

    def test_text_is_not_minutes(self):
        assert "a table of numbers" in text_of(lambda: p_median([["x", "y"]], 1))

    @pytest.mark.parametrize("p", [0, 4, -1, 1.5, "2", True, None, float("nan")])
    def test_p_must_be_a_whole_number_of_sites(self, p):
        text = text_of(lambda: p_median(MINUTES, p))
        assert "p" in text
        assert "whole number" in text

    def test_p_that_is_whole_is_taken_whatever_its_type(self):
        assert len(p_median(MINUTES, np.int64(2)).chosen) == 2
        assert len(p_median(MINUTES, 2.0).chosen) == 2

    def test_all_faults_come_at_once(self):
        text = text_of(
            lambda: p_median(
                MINUTES, 9, weights=[1, -2, 3], locked_open=["X", "Q"], locked_closed=["X"]
            )
        )
        assert "5 faults" not in text
        for part in ("Q", "weights", "-2", "locked_open and locked_closed", "'9'"):
            assert part in text

    def test_locked_sites_bound_p(self):
        text = text_of(lambda: p_median(MINUTES, 1, locked_open=["X", "Y"]))
        assert "2 sites locked open" in text
        text = text_of(lambda: p_median(MINUTES, 3, locked_closed=["X"]))
        assert "1 locked closed" in text

    @pytest.mark.parametrize(
        "weights", [[1, 2], [1, 2, float("nan")], [1, 2, float("inf")], ["x"] * 3, [[1, 2, 3]]]
    )
    def test_weights_must_be_one_finite_number_an_area(self, weights):
        assert "weights" in text_of(lambda: p_median(MINUTES, 1, weights=weights))

    def test_weights_by_id_must_be_for_these_areas(self):
        text = text_of(lambda: p_median(MINUTES, 1, weights={"a": 1, "b": 1, "elsewhere": 3}))
        assert "elsewhere" in text
        assert "'c'" in text

    def test_ids_must_be_unique(self):
        twice = MINUTES.set_axis(["X", "X", "Z"], axis=1)
        assert "every id once" in text_of(lambda: p_median(twice, 1))

    @pytest.mark.parametrize("limit", [0, -3, float("nan"), "soon", True])
    def test_a_time_limit_is_a_number_above_nought(self, limit):
        assert "time_limit_s" in text_of(lambda: p_median(MINUTES, 1, time_limit_s=limit))

    @pytest.mark.parametrize("seed", [-1, 1.5, None])
    def test_a_seed_is_a_whole_number(self, seed):
        assert "seed" in text_of(lambda: p_median(MINUTES, 1, seed=seed))

    def test_a_progress_callback_must_be_callable(self):
        assert "progress" in text_of(lambda: p_median(MINUTES, 1, progress=3))

    @pytest.mark.parametrize("minutes", [-1, float("nan"), "15", None])
    def test_thresholds_are_minutes(self, minutes):
        assert "minutes" in text_of(lambda: set_cover(MINUTES, minutes))
        assert "minutes" in text_of(lambda: max_cover(MINUTES, 1, minutes))

    def test_capacities_must_be_given_for_every_site(self):
        assert "capacities" in text_of(lambda: capacitated_p_median(MINUTES, 1, [3, 3]))
        assert "uses" in text_of(lambda: capacitated_p_median(MINUTES, 1, 3, demands=[1]))


class TestWrongProblems:
    def of(self, **more):
        return Problem(Demand(MINUTES), **({"p": 1} | more))

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"goals": ()}, "at least one Goal"),
            ({"goals": "mean"}, "Goal.mean()"),
            ({"goals": Goal.cost()}, "site_costs"),
            ({"goals": Goal.beyond(-2)}, "minutes of Goal.beyond"),
            ({"goals": Goal.mean(within=-0.1)}, "within"),
            ({"goals": Goal.blend((-1, Goal.mean()), (1, Goal.worst()))}, "factor"),
            ({"goals": (BLEND, Goal.mean())}, "last goal"),
            ({"p": 1, "most": 2}, "p alone"),
            ({"p": None, "fewest": 3, "most": 2}, "fewest"),
            ({"rules": ["at least one"]}, "AtLeast"),
            ({"rules": [AtLeast(["Q"], 1, "North")]}, "sites of North"),
            ({"rules": [AtLeast(["X"], 2, "North")]}, "count of North"),
            ({"rules": [Budget(5)]}, "site_costs"),
            ({"rules": [Within(5, areas=["nowhere"])]}, "nowhere"),
            ({"rules": [Within(5, demand="youth")]}, "youth"),
            ({"rules": [NoWorse(5, ["a"], ["Q"])]}, "Q"),
            ({"rules": [NoWorse(5, ["a"], {"a": 1.0})]}, "today"),
            ({"rules": [NoWorse(5, ["a"], {"a": 1.0, "b": float("nan"), "c": 2})]}, "today, b"),
            ({"rules": [NoWorse(5, ["a"], {"a": 1.0, "b": -np.inf, "c": 2})]}, "today, b"),
            ({"rules": [NoWorse(5, ["a"], {"a": "near", "b": 1, "c": 2})]}, "today"),
            ({"rules": [Within(5, "ab")]}, "ab"),
            ({"rules": [NoWorse(5, "ab", ["X"])]}, "ab"),
        ],
    )  # fmt: skip
    def test_each_fault_is_named(self, more, said):
        assert said in text_of(lambda: site(self.of(**more)))

    def test_demands_share_sites_and_have_names_of_their_own(self):
        other = MINUTES.rename(columns={"Z": "W"})
        both = [Demand(MINUTES, name="early"), Demand(other, name="youth")]
        assert "the same sites" in text_of(lambda: site(Problem(both, p=1)))
        same = [Demand(MINUTES), Demand(MINUTES)]
        assert "a name of its own" in text_of(lambda: site(Problem(same, p=1)))
        nought = [Demand(MINUTES, share=0, name="early")]
        assert "share above 0" in text_of(lambda: site(Problem(nought, p=1)))

    def test_capacity_takes_one_demand_and_a_plain_goal(self):
        two = [Demand(MINUTES, name="early"), Demand(MINUTES, name="youth")]
        assert "single demand" in text_of(lambda: site(Problem(two, p=1, rules=[Capacity(9)])))
        worst = self.of(goals=Goal.worst(), rules=[Capacity(9)])
        assert "Goal.total()" in text_of(lambda: site(worst))

    def test_what_cannot_be_listed_is_refused(self):
        assert "Goal.mean() after it" in text_of(lambda: alternatives(self.of(goals=Goal.worst())))
        assert "Capacity" in text_of(lambda: alternatives(self.of(rules=[Capacity(9)])))
        assert "count" in text_of(lambda: alternatives(self.of(), 0))
        impossible = self.of(rules=[Within(1)])
        assert "nothing keeps the rules" in text_of(lambda: alternatives(impossible))
        assert "nothing keeps the rules" in text_of(lambda: pareto_front(impossible))
        assert "site_costs" in text_of(lambda: pareto_front(self.of(), with_cost=True))
        assert "p" in text_of(lambda: curve(self.of(), [0]))


class TestGreenfield:
    @pytest.mark.parametrize(
        ("points", "count", "said"),
        [
            ([[1, 2, 3]], 1, "shape"),
            ([], 1, "shape"),
            ("here", 1, "shape"),
            ([[1, float("nan")]], 1, "finite metres"),
            ([[-1.3, 53.4], [-1.2, 53.5]], 1, "not degrees"),
            ([[0, 0], [500, 0]], 3, "count"),
        ],
    )
    def test_wrong_points(self, points, count, said):
        assert said in text_of(lambda: greenfield(points, count))

    def test_a_snap_must_give_as_many_points(self):
        points = [[0, 0], [500, 0]]
        assert "snap" in text_of(lambda: greenfield(points, 2, snap=lambda xy: xy[:1]))

    def test_places_without_demand_draw_no_candidate(self):
        found = greenfield([[0, 0], [1000, 0], [5000, 0]], 2, weights=[4, 6, 0])
        assert found["x"].to_list() == [0.0, 1000.0]
        assert found["weight"].to_list() == [4.0, 6.0]

    def test_heavier_areas_pull_and_snapping_is_measured(self):
        north = np.array([0, 7])
        found = greenfield([[0, 0], [100, 0]], 1, weights=[3, 1], snap=lambda xy: xy + north)
        assert found[["x", "y", "moved_m"]].to_numpy().tolist() == [[25.0, 7.0, 7.0]]

    def test_the_same_inputs_give_the_same_candidates(self):
        points = np.random.default_rng(1).uniform(0, 9000, (80, 2))
        pd.testing.assert_frame_equal(greenfield(points, 7), greenfield(points, 7))


def test_a_travel_matrix_is_taken_as_it_is():
    matrix = TravelMatrix.from_minutes(MINUTES, mode="walk")
    assert p_median(matrix, 1) == p_median(MINUTES, 1)


def test_weights_by_id_may_stand_in_any_order():
    by_id = pd.Series({"c": 5.0, "a": 1.0, "b": 0.5})
    assert p_median(MINUTES, 1, weights=by_id) == p_median(MINUTES, 1, weights=[1.0, 0.5, 5.0])


def test_demands_may_name_sites_in_another_order():
    turned = MINUTES[["Z", "X", "Y"]]
    both = [Demand(MINUTES, name="early"), Demand(turned, name="youth")]
    one = site(Problem(both, p=1))
    assert one.chosen == site(Problem(Demand(MINUTES), p=1)).chosen
    assert list(one.assignment.index) == ["a", "b", "c"]


def test_per_locality_makes_one_rule_a_locality():
    rules = per_locality(pd.Series({"X": "North", "Y": "South", "Z": "South"}), 1)
    assert [(r.name, r.sites, r.count) for r in rules] == [
        ("North", ("X",), 1),
        ("South", ("Y", "Z"), 1),
    ]
    best = p_centre(MINUTES, 2, rules=rules)
    assert "X" in best.chosen


def test_a_plain_string_is_one_area_not_its_letters():
    minutes = pd.DataFrame([[1.0, 9.0], [9.0, 1.0], [9.0, 1.0]], index=["ab", "a", "b"])
    best = p_median(minutes, 1, rules=[Within(5, "ab")])
    assert (best.chosen, best.status) == (("0",), "proven_optimal")
    assert p_median(minutes, 1, rules=[NoWorse(0, "ab", ["0"])]).chosen == ("0",)


def test_an_area_out_of_reach_today_is_known_by_number_as_by_text():
    minutes = [[1.0, 9.0], [9.0, 1.0], [9.0, 1.0]]
    for today in ({0: np.inf, 1: 2, 2: 2}, {"0": np.inf, "1": 2, "2": 2}):
        best = p_median(minutes, 1, rules=[NoWorse(0, ["0", "1"], today)])
        assert (best.chosen, best.status) == (("1",), "proven_optimal")


def test_what_can_be_read_only_once_is_kept():
    def once(*items):
        return (item for item in items)

    rules = (
        lambda read: AtLeast(read("Y", "Z"), 2),
        lambda read: AtMost(read("X", "Y"), 1),
        lambda read: Within(5, read("a", "b")),
        lambda read: NoWorse(0, read("a"), read("Z")),
    )
    for rule in rules:
        asked = Problem(Demand(MINUTES), p=2, rules=once(rule(once)), locked_closed=once("X"))
        plain = Problem(
            Demand(MINUTES), p=2, rules=[rule(lambda *items: items)], locked_closed=["X"]
        )
        assert site(asked) == site(plain)
    locked = Problem(Demand(MINUTES), locked_open=once("Y"))
    assert all("Y" in found.chosen for found in curve(locked, [1, 2]).solutions.values())
