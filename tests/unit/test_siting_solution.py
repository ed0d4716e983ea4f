"""What an answer says of itself: who goes where, what is proven, what was stopped, and why not."""

from __future__ import annotations

import itertools
import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import access
from access.errors import SitingError
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
    capacitated_p_median,
    max_cover,
    p_centre,
    p_median,
    search,
    set_cover,
    site,
    verify,
)
from access.siting.verify import _confirm

INF = float("inf")
#: Three areas in a row, four sites; hand-worked below.
LINE = pd.DataFrame(
    [[0.0, 10.0, 20.0, 5.0], [10.0, 0.0, 10.0, 5.0], [20.0, 10.0, 0.0, 15.0]],
    index=["west", "middle", "east"],
    columns=["W", "M", "E", "Q"],
)


def random_case(n: int, m: int, seed: int = 0):
    """Areas and sites in the plane, which is easy to bound, as real travel times are."""
    rng = np.random.default_rng(seed)
    areas, sites = rng.uniform(0, 60, (n, 2)), rng.uniform(0, 60, (m, 2))
    minutes = np.hypot(*(areas[:, None] - sites[None]).transpose(2, 0, 1))
    return minutes.round(2), rng.integers(1, 30, n).astype(float)


class TestAnswers:
    def test_hand_worked_median(self):
        best = p_median(LINE, 1, weights={"west": 1, "middle": 1, "east": 3})
        # W 70, M 40, E 30, Q 55
        assert (best.chosen, best.objective, best.bound) == (("E",), 30.0, 30.0)
        assert best.status == "proven_optimal"
        assert best.gap == 0.0
        assert best.assignment.to_dict() == {"west": "E", "middle": "E", "east": "E"}
        assert best.minutes.to_dict() == {"west": 20.0, "middle": 10.0, "east": 0.0}
        assert best.demand == 5.0

    def test_equal_distances_go_to_the_earlier_site(self):
        tie = pd.DataFrame([[3.0, 3.0, 9.0], [9.0, 9.0, 0.0]], columns=["first", "second", "far"])
        best = p_median(tie, 3)
        assert best.assignment.to_list() == ["first", "far"]

    def test_chosen_stand_in_the_order_of_the_columns(self):
        best = p_median(LINE[["E", "M", "W", "Q"]], 2, locked_open=["W", "E"])
        assert best.chosen == ("E", "W")

    def test_areas_without_demand_are_answered_but_count_nothing(self):
        best = p_centre(LINE, 1, weights=[1, 1, 0])
        assert best.objective == 5.0
        assert best.chosen == ("Q",)
        assert best.minutes["east"] == 15.0

    def test_nobody_anywhere_is_no_division_by_nought(self):
        best = site(Problem(Demand(LINE, [0, 0, 0]), p=1))
        assert (best.objective, best.status) == (0.0, "proven_optimal")

    def test_joint_demand_is_the_mean_of_means_by_share(self):
        early, youth = [9, 0, 1], [0, 1, 4]
        both = [
            Demand(LINE, early, share=0.25, name="early"),
            Demand(LINE, youth, share=0.75, name="youth"),
        ]
        best = site(Problem(both, p=1))
        means = {
            s: 0.25 * np.average(LINE[s], weights=early) + 0.75 * np.average(LINE[s], weights=youth)
            for s in LINE
        }
        assert best.chosen == (min(means, key=means.get),)
        assert best.objective == pytest.approx(min(means.values()))

    def test_joint_demand_over_different_minutes_is_answered_service_by_service(self):
        both = [Demand(LINE, name="early"), Demand(LINE + 1, name="youth")]
        best = site(Problem(both, p=1))
        assert best.assignment.index.names == ["demand", "area_id"]
        assert len(best.assignment) == 6

    def test_maximum_cover_counts_what_is_within(self):
        best = max_cover(LINE, 1, 10, weights=[4, 1, 2])
        assert (best.objective, best.bound, best.sense) == (7.0, 7.0, "max")
        assert best.chosen == ("M",)
        assert best.status == "proven_optimal"

    def test_the_threshold_itself_is_within(self):
        assert set_cover(LINE, 10).chosen == ("M",)
        assert set_cover(LINE, 9.99).objective == 2

    def test_same_inputs_same_answer_and_measurements_stand_apart(self):
        minutes, weights = random_case(60, 25)
        one, two = (p_median(minutes, 4, weights=weights) for _ in range(2))
        assert one == two
        assert one.to_dict() == two.to_dict()
        assert "seconds" not in one.to_dict()
        assert one.seconds is not None
        assert one.peak_memory_mb > 10
        assert replace(one, seconds=1e9, peak_memory_mb=0.0) == two

    def test_words_and_frame(self):
        best = p_median(LINE, 1)
        assert best.words == "Open M: 20 (proven best)."
        assert best.to_frame().loc["west"].to_list() == ["M", 10.0]
        assert "M" in repr(best)

    def test_the_short_calls_are_at_the_front_door(self):
        assert access.p_median is p_median
        assert access.verify is verify


class TestUnreachable:
    CUT = pd.DataFrame(
        [[1.0, INF, 4.0], [2.0, INF, INF], [INF, 3.0, INF], [INF, INF, INF]],
        index=["a", "b", "c", "island"], columns=["X", "Y", "Z"],
    )  # fmt: skip

    def test_who_cannot_be_served_is_counted_and_named(self):
        best = p_median(self.CUT, 1, weights=[1, 1, 1, 7])
        assert best.chosen == ("X",)
        assert best.objective == 3.0
        assert best.unserved == ("c", "island")
        assert best.unserved_weight == 8.0
        assert best.assignment["island"] is None
        assert best.minutes["island"] == INF
        assert best.status == "proven_optimal"
        assert "2 areas with a demand of 8" in best.words

    def test_serving_people_comes_before_saving_minutes(self):
        minutes = [[1.0, 50.0], [1.0, 50.0], [INF, 50.0]]
        assert p_median(minutes, 1).chosen == ("1",)

    def test_means_are_of_the_served(self):
        best = site(Problem(Demand(self.CUT, [1, 1, 1, 7]), p=1))
        assert best.objective == pytest.approx(1.5)
        assert best.status == "proven_optimal"

    def test_an_answer_that_leaves_areas_out_can_be_refused(self):
        best = p_median(self.CUT, 2, must_serve_all=True)
        assert best.status == "infeasible"
        assert best.explanation.unservable == ("island",)
        assert best.chosen == ()
        assert best.objective == INF
        assert best.assignment.isna().all()

    def test_one_site_more_is_offered_where_that_is_enough(self):
        best = p_median(self.CUT.drop(index="island"), 1, must_serve_all=True)
        assert best.status == "infeasible"
        assert "2 sites instead of 1" in str(best.explanation)

    def test_the_worst_off_are_sought_among_those_who_can_be_served(self):
        best = p_centre(self.CUT, 2)
        assert best.objective == 3.0
        assert best.unserved == ("island",)

    def test_what_was_not_proven_is_not_called_proven(self):
        best = p_centre(self.CUT, 1)
        assert best.status != "proven_optimal" or best.unserved == ("c", "island")
        assert best.bound <= best.objective


class TestInfeasible:
    def test_areas_that_nobody_can_serve_and_the_least_minutes_that_work(self):
        best = set_cover(LINE, 4, locked_closed=["E"])
        assert best.status == "infeasible"
        assert best.explanation.unservable == ("east",)
        assert "10 minutes instead of 4" in best.explanation.relaxations
        assert "E no longer locked closed" in best.explanation.relaxations

    def test_one_hub_more_or_more_minutes(self):
        best = p_median(LINE, 1, rules=[Within(5)])
        assert set(best.explanation.conflict) == {
            "exactly 1 site open", "every area within 5 minutes",
        }  # fmt: skip
        assert "2 sites instead of 1" in best.explanation.relaxations
        assert "10 minutes instead of 5" in best.explanation.relaxations
        assert set(best.explanation.conflict_areas) <= {"west", "middle", "east"}
        assert "It would work with" in best.words

    def test_each_offered_relaxation_works(self):
        assert p_median(LINE, 2, rules=[Within(5)]).status == "proven_optimal"
        assert p_median(LINE, 1, rules=[Within(10)]).status == "proven_optimal"
        assert p_median(LINE, 1, rules=[Within(9.99)]).status == "infeasible"

    def test_only_the_rules_that_clash_are_named(self):
        rules = [AtLeast(["W", "M"], 1, "North"), AtLeast(["E"], 1, "South"),
                 AtMost(["W", "M", "Q"], 3, "spare"), Budget(100)]  # fmt: skip
        best = site(Problem(Demand(LINE), p=1, rules=rules, site_costs=[1, 1, 1, 1]))
        assert set(best.explanation.conflict) == {
            "exactly 1 site open", "at least 1 open in North", "at least 1 open in South",
        }  # fmt: skip

    def test_a_budget_says_what_would_be_enough(self):
        problem = Problem(Demand(LINE), p=2, rules=[Budget(5)], site_costs=[4, 3, 9, 8])
        assert "a budget of 7 instead of 5" in site(problem).explanation.relaxations

    def test_today_cannot_be_kept_for_everybody(self):
        today = {"west": 0.0, "middle": 0.0, "east": INF}
        rule = NoWorse(2, ["west", "middle"], today, name="deciles 1 and 2")
        best = p_median(LINE, 1, rules=[rule])
        assert (
            "deciles 1 and 2 no more than 2 minutes worse than today" in best.explanation.conflict
        )
        assert "5 minutes worse than today instead of 2" in best.explanation.relaxations
        assert set(best.explanation.conflict_areas) == {"west", "middle"}

    def test_no_room_is_said_in_numbers(self):
        best = capacitated_p_median(LINE, 1, 2)
        assert best.status == "infeasible"
        assert "take 2, and 3 is needed; 2 sites have the room" in str(best.explanation)


class TestRules:
    def test_named_areas_are_no_worse_than_today(self):
        free = p_median(LINE, 1, weights=[1, 1, 9])
        assert free.chosen == ("E",)
        kept = p_median(
            LINE, 1, weights=[1, 1, 9], rules=[NoWorse(10, ["west"], ["W"], name="decile 1")]
        )
        assert kept.minutes["west"] <= 10
        assert kept.status == "proven_optimal"

    def test_today_may_leave_an_area_unreached(self):
        rule = NoWorse(0, ["west"], {"west": INF, "middle": 1, "east": 1})
        assert p_median(LINE, 1, rules=[rule]).status == "proven_optimal"

    def test_goals_in_order(self):
        minutes, weights = random_case(30, 9, 4)
        best = site(
            Problem(Demand(minutes, weights), p=3, goals=(Goal.worst(within=0.2), Goal.mean()))
        )
        least = p_centre(minutes, 3, weights=weights).objective
        assert best.goals[0].best == least
        assert best.goals[0].value <= least * 1.2 + 1e-9
        plain = site(Problem(Demand(minutes, weights), p=3))
        assert best.objective >= plain.objective - 1e-9

    def test_capacity_moves_people_to_the_next_site(self):
        free = p_median(LINE, 2)
        tight = capacitated_p_median(LINE, 2, 2)
        assert tight.objective >= free.objective
        assert tight.shares.groupby(level="site_id").sum().max() <= 2

    def test_splitting_an_area(self):
        whole = capacitated_p_median([[1.0, 5.0]], 2, [2, 2], weights=[3])
        assert whole.status == "infeasible"
        split = capacitated_p_median([[1.0, 5.0]], 2, [2, 2], weights=[3], split=True)
        assert split.objective == pytest.approx(7.0)
        assert split.shares.to_list() == pytest.approx([2 / 3, 1 / 3])

    def test_capacity_with_a_range_of_sites_and_a_mean(self):
        problem = Problem(Demand(LINE), fewest=1, most=3, rules=[Capacity(1)], goals=Goal.mean())
        best = site(problem)
        assert (best.objective, best.status, len(best.chosen)) == (0.0, "proven_optimal", 3)

    def test_a_mean_with_capacity_is_the_sum_over_the_families(self):
        # The east fills a site by itself; the other two share one: 10 minutes for 2 families.
        weights = [2, 2, 4]
        problem = Problem(Demand(LINE, weights), p=2, rules=[Capacity(4)], goals=Goal.mean())
        best = site(problem)
        assert (best.objective, best.status) == (20 / 8, "proven_optimal")
        assert capacitated_p_median(LINE, 2, 4, weights=weights).objective == 20.0
        both = Goal.blend((0.5, Goal.total()), (2, Goal.mean()))
        assert site(replace(problem, goals=both)).objective == pytest.approx(0.5 * 20 + 2 * 2.5)

    def test_a_wrong_mean_with_capacity_fails(self):
        problem = Problem(Demand(LINE), p=2, rules=[Capacity(2)], goals=Goal.mean())
        best = site(problem)
        assert verify(problem, best).ok
        wrong = replace(best, objective=best.objective * 3)
        assert any("adds up" in text for text in verify(problem, wrong).failed)

    @pytest.mark.parametrize("seed", range(40))
    def test_a_rule_on_minutes_holds_where_people_are_sent(self, seed):
        """By hand: every choice of sites, every way to send each area, room and minutes kept."""
        rng = np.random.default_rng(seed)
        n, m = 4, 4
        minutes = rng.integers(1, 12, (n, m)).astype(float)
        weights, room = rng.integers(1, 5, n), int(rng.integers(4, 9))
        limit, p = float(rng.integers(4, 11)), int(rng.integers(2, 4))
        best = capacitated_p_median(minutes, p, room, weights=weights, rules=[Within(limit)])
        listed = [np.inf]
        for chosen in itertools.combinations(range(m), p):
            for to in itertools.product(chosen, repeat=n):
                load = np.bincount(to, weights, m)
                way = minutes[np.arange(n), to]
                if load.max() <= room and way.max() <= limit:
                    listed.append(float(weights @ way))
        if np.isinf(min(listed)):
            assert best.status == "infeasible"
        else:
            assert (best.objective, best.status) == (min(listed), "proven_optimal")


@pytest.fixture
def interruptible():
    """Let Ctrl-C interrupt, also where a shell that started these tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestStopping:
    def test_a_time_limit_gives_an_honest_gap(self, monkeypatch):
        minutes, weights = random_case(400, 200, 7)
        looks = itertools.count(
            step=60.0
        )  # a minute goes by from one look at the clock to the next
        monkeypatch.setattr(search, "_clock", lambda: next(looks))
        best = p_median(minutes, 12, weights=weights, time_limit_s=1200)
        assert best.status in ("within_gap", "feasible")
        assert best.bound <= best.objective
        assert len(best.chosen) == 12
        assert "time limit" in best.note

    def test_stopped_at_once_there_still_is_an_answer(self):
        minutes, weights = random_case(50, 20)
        best = p_median(minutes, 4, weights=weights, progress=lambda progress: False)
        assert len(best.chosen) == 4
        assert best.status == "within_gap"
        assert 0 < best.bound < best.objective

    def test_a_caller_may_stop_it_and_keeps_the_best_so_far(self):
        minutes, weights = random_case(300, 150, 3)
        seen = []

        def watch(progress):
            seen.append(progress)
            return progress.stage != "lagrange" or progress.bound < 0.5 * progress.incumbent

        best = p_median(minutes, 10, weights=weights, progress=watch)
        assert best.status == "within_gap"
        assert 0 < best.gap < 0.6
        assert "stopped by the caller" in best.note
        bounds = [s.bound for s in seen if s.stage in ("lagrange", "programme")]
        assert bounds == sorted(bounds)
        assert all(s.bound <= s.incumbent + 1e-6 for s in seen)

    def test_control_c_gives_the_best_so_far(self, interruptible):
        minutes, weights = random_case(300, 150, 3)

        def interrupt(progress):
            if progress.stage == "lagrange" and progress.bound > 0:
                os.kill(os.getpid(), signal.SIGINT)

        best = p_median(minutes, 10, weights=weights, progress=interrupt)
        assert best.status == "within_gap"
        assert "interrupted" in best.note
        assert verify(best.problem, best).ok

    def test_control_c_inside_the_integer_solver_keeps_its_answer(self, interruptible):
        rng = np.random.default_rng(5)
        minutes, uses = rng.uniform(0, 50, (60, 60)).round(), rng.integers(1, 20, 60)

        def interrupt(progress):
            if progress.stage == "integer programme":
                os.kill(os.getpid(), signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        best = capacitated_p_median(minutes, 6, 120, demands=uses, progress=interrupt)
        assert signal.getsignal(signal.SIGINT) is before
        assert best.status in ("within_gap", "proven_optimal")
        assert best.bound <= best.objective

    def test_a_gap_that_is_good_enough_stops_the_search(self):
        minutes, weights = random_case(300, 150, 3)
        best = p_median(minutes, 10, weights=weights, gap=0.05)
        assert best.gap <= 0.05
        assert best.nodes == 0


class TestVerify:
    """A second look must see every kind of wrong answer."""

    def solved(self, **more):
        return p_median(LINE, 2, weights=[1, 2, 3], **more)

    @pytest.mark.parametrize(
        ("change", "seen"),
        [
            ({"status": "optimal"}, "status"),
            ({"bound": 99.0}, "right way round"),
            ({"bound": 1.0, "objective": 11.0}, "the bound meets"),
            ({"chosen": ("W", "nowhere")}, "known"),
            ({"chosen": ("W",)}, "sites are open"),
            ({"chosen": ("W", "W")}, "twice"),
            ({"chosen": ("W", "Q")}, "nearest open site"),
            ({"unserved": ("west",)}, "unserved"),
        ],
    )
    def test_a_tampered_answer_fails(self, change, seen):
        best = self.solved()
        report = verify(best.problem, replace(best, **change))
        assert not report.ok
        assert any(seen in text for text in report.failed), str(report)

    def test_a_worse_set_called_optimal_fails(self):
        best = self.solved()
        worse = self.solved(locked_open=["W", "Q"])
        report = verify(best.problem, replace(worse, problem=best.problem))
        assert any("no single swap is better" in text for text in report.failed)

    def test_an_area_sent_elsewhere_fails(self):
        best = self.solved()
        moved = best.assignment.copy()
        moved["east"] = best.assignment["west"]
        assert not verify(best.problem, replace(best, assignment=moved)).ok

    def test_a_goal_that_does_not_add_up_fails(self):
        best = self.solved()
        goals = (replace(best.goals[0], value=best.goals[0].value + 1),)
        assert not verify(best.problem, replace(best, goals=goals)).ok

    def test_broken_rules_fail(self):
        best = self.solved()
        for rule in (AtLeast(["Q"], 1, "g"), Within(0.5, ["west", "middle", "east"])):
            asked = replace(best.problem, rules=(rule,))
            assert not verify(asked, best).ok

    def test_an_overfull_site_fails(self):
        best = capacitated_p_median(LINE, 2, 2)
        asked = replace(best.problem, rules=(Capacity(1),))
        report = verify(asked, best)
        assert any("takes more than it can" in text for text in report.failed)

    def test_sent_further_than_a_rule_allows_fails(self):
        best = capacitated_p_median(LINE, 2, 2)
        furthest = float(best.minutes.max())
        asked = replace(best.problem, rules=(Capacity(2), Within(furthest - 0.5)))
        assert not verify(asked, best).ok

    def test_shares_of_an_unknown_area_fail(self):
        best = capacitated_p_median(LINE, 2, 2)
        strange = best.shares.rename(index={best.shares.index[0][0]: "elsewhere"}, level=0)
        report = verify(best.problem, replace(best, shares=strange))
        assert any("known areas and sites" in text for text in report.failed)

    def test_a_failed_check_is_never_handed_on(self):
        best = self.solved()
        with pytest.raises(SitingError, match="withheld"):
            _confirm(best.problem, replace(best, bound=1e9))

    def test_every_answer_carries_its_checks(self):
        assert "no single swap is better" in self.solved().checks
        assert "ok" in str(verify(self.solved().problem, self.solved()))
