"""Where hubs would best stand, and where a choice stands among all sets of as many."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.siting import AtLeast, Demand, Problem, Within
from access.siting.alternatives import _elbow_of, _rank_of_set
from access.siting.hubs import hub_search
from access.text import about_ordinal

#: A borough in small: 60 areas, 12 sites in the plane.
RNG = np.random.default_rng(11)
AREAS, SITES = RNG.uniform(0, 40, (60, 2)), RNG.uniform(0, 40, (12, 2))
MINUTES = pd.DataFrame(
    np.hypot(*(AREAS[:, None] - SITES[None]).transpose(2, 0, 1)).round(2),
    index=[f"A{k:02d}" for k in range(60)],
    columns=[f"S{k:02d}" for k in range(12)],
)
EARLY, YOUTH = (pd.Series(RNG.integers(0, 30, 60), index=MINUTES.index) for _ in range(2))
COUNCIL = ("S03", "S00", "S07")


def demands(minutes=MINUTES):
    return [Demand(minutes, EARLY, 0.6, "early years"), Demand(minutes, YOUTH, 0.4, "youth")]


def joint(chosen) -> float:
    nearest = MINUTES[list(chosen)].min(axis=1)
    return 0.6 * np.average(nearest, weights=EARLY) + 0.4 * np.average(nearest, weights=YOUTH)


@pytest.fixture(scope="module")
def found():
    return hub_search(
        demands(), most=6, council=COUNCIL, names={"S03": "Brook"}, site_costs=dict.fromkeys(
            MINUTES.columns, 1.0
        ),
    )  # fmt: skip


class TestWrongInputs:
    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"council": ["S03", "elsewhere"]}, "elsewhere"),
            ({"most": 0}, "most"),
            ({"size": 99}, "size"),
            ({"near_best": 0}, "near_best"),
            ({"within": -1}, "within"),
            ({"locked_open": ["Q"]}, "Q"),
        ],
    )
    def test_each_fault_is_named(self, more, said):
        with pytest.raises(ParameterError, match=said):
            hub_search(demands(), **({"most": 2} | more))

    def test_rules_that_no_set_keeps_explain_themselves(self):
        with pytest.raises(ParameterError, match="instead of"):
            hub_search(demands(), most=2, size=1, rules=[Within(5)])

    def test_a_standing_needs_a_known_site(self):
        with pytest.raises(ParameterError, match="at least one site"):
            _rank_of_set(Problem(demands()), [])


def test_every_number_of_hubs_is_each_ones_proven_best(found):
    table = found.curve_frame()
    assert table.index.to_list() == [1, 2, 3, 4, 5, 6]
    assert (table["status"] == "proven_optimal").all()
    for p in (1, 2, 3):
        least = min(joint(s) for s in itertools.combinations(MINUTES.columns, p))
        assert table.loc[p, "mean_minutes"] == pytest.approx(least)


def test_the_councils_rank_is_counted_by_hand(found):
    every = [joint(s) for s in itertools.combinations(MINUTES.columns, 3)]
    own = joint(COUNCIL)
    council = found.council
    assert council.sets == 220
    assert council.mean_minutes == pytest.approx(own)
    assert council.rank_mean == 1 + sum(v < own - 1e-9 for v in every)
    assert council.mean_excess_minutes == pytest.approx(own - min(every))
    assert council.by_demand["youth"] == pytest.approx(
        np.average(MINUTES[list(COUNCIL)].min(axis=1), weights=YOUTH)
    )


def test_the_best_set_has_rank_one_whoever_asks(found):
    assert _rank_of_set(Problem(demands()), found.best.chosen).rank_mean == 1
    assert _rank_of_set(Problem(demands()), found.best_worst.chosen).rank_worst == 1


def test_alternatives_and_front_begin_at_the_best(found):
    assert found.alternatives_frame().loc[0, "chosen"] == found.best.chosen
    front = found.front_frame()
    assert front["mean_minutes"].iloc[0] == pytest.approx(found.best.objective)
    assert front["worst_minutes"].iloc[-1] == pytest.approx(found.council.best_worst_minutes)
    assert (front["cost"] == 3).all()
    assert front["mean_minutes"].is_monotonic_increasing
    assert front["worst_minutes"].is_monotonic_decreasing


def test_it_is_said_in_words(found):
    assert "proven: no other set has a lower mean" in found.words
    assert f": {about_ordinal(found.council.rank_mean)} of 220 sets by the mean" in found.words
    assert "Brook" in found.words
    assert found.shares == {"early years": pytest.approx(0.6), "youth": pytest.approx(0.4)}


def test_a_choice_that_breaks_the_rules_is_compared_without_them():
    other = [s for s in MINUTES.columns if s not in COUNCIL]
    found = hub_search(
        demands(), most=3, council=COUNCIL, rules=[AtLeast(other, 2, "elsewhere")], near_best=2
    )
    assert not found.council.within_rules
    assert found.council.sets == 220
    assert "compared without them" in found.words


def test_unreached_families_make_a_set_no_better():
    cut = MINUTES.copy()
    cut.loc["A00":"A29", "S05"] = np.inf
    standing = _rank_of_set(Problem(demands(cut)), ["S05"])
    assert standing.rank_mean == 12


@pytest.mark.parametrize(
    ("values", "elbow"),
    [
        ({}, None),
        ({1: 9.0, 2: 5.0}, None),
        ({1: 9.0, 2: 6.0, 3: 3.0}, None),
        ({1: 9.0, 2: 2.0, 3: 1.0, 4: 0.0}, 2),
        ({1: 20.0, 2: float("inf"), 3: 10.0, 4: 9.0, 5: 8.0}, 3),
        ({1: 5.0, 2: 5.0, 3: 5.0}, None),
    ],
)
def test_the_elbow_is_furthest_below_the_straight_line(values, elbow):
    assert _elbow_of(values) == elbow
