"""Inequality by hand, by a second method, and at its ends."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import ParameterError
from access.measure import concentration_index, gini, inequality, palma, slope_index
from access.measure.equity import _fractional_rank
from access.network.matrix import TravelMatrix
from access.scenario import compare

EVERY = [gini, palma, concentration_index, slope_index]


@pytest.mark.parametrize("measure", EVERY)
def test_every_measure_refuses_the_same_things(measure):
    with pytest.raises(ParameterError, match="weights has 1, rank has 2; expected as many of each"):
        measure([1, 2], [1], [1, 2])
    with pytest.raises(ParameterError, match="weights must be"):
        measure([1, 2], [1, -1], [1, 2])
    with pytest.raises(ParameterError, match="values must be 0 or more"):
        measure([1, -2], [1, 1], [1, 2])


def test_unknown_measures_and_ranks():
    with pytest.raises(ParameterError, match=r"\['theil'\]"):
        inequality([1], [1], [1], [1], ["theil"])
    m = TravelMatrix.from_minutes([[1, 2]], area_ids=["a"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a"], "count": [1]})
    with pytest.raises(ParameterError, match="no column 'imd_rank'"):
        compare(m, before=["X", "Y"], after=["Y"], demand=demand).inequality()


@pytest.mark.parametrize("measure", EVERY)
def test_nobody_is_nan(measure):
    assert math.isnan(measure([1, math.inf], [0, 5], [1, 2]))


@pytest.mark.parametrize("measure", EVERY)
def test_empty_areas_and_the_unreached_take_no_part(measure):
    alone = measure([4, 9, 2], [1, 2, 3], [3, 1, 2])
    more = measure([4, 9, 99, 2, math.inf], [1, 2, 0, 3, 8], [3, 1, 9, 2, 1])
    assert more == pytest.approx(alone)


def test_gini_by_hand():
    # families 1 1 1 5 5 9: mean difference over all 36 ordered pairs, over twice the mean
    people = np.array([1, 1, 1, 5, 5, 9])
    by_pairs = np.abs(people[:, None] - people[None, :]).mean() / (2 * people.mean())
    assert gini([5, 1, 9], [2, 3, 1]) == pytest.approx(by_pairs)
    assert gini([7, 7, 7], [1, 2, 3]) == pytest.approx(0)
    assert gini([0, 0], [1, 1]) == 0.0
    assert gini([0, 0, 0, 12], [1, 1, 1, 1]) == pytest.approx(0.75)


def test_palma_by_hand_splits_an_area():
    # ranked: 30 families at 20, 60 at 10, 10 at 4. Poorest 40: 30 at 20 and 10 at 10 = 17.5.
    assert palma([10, 4, 20], [60, 10, 30], [2, 3, 1]) == pytest.approx(4 / 17.5)
    assert palma([5, 0], [1, 1], [2, 1]) == math.inf
    assert math.isnan(palma([0, 0], [1, 1], [2, 1]))


def test_concentration_and_slope_by_hand():
    # places 0.25 and 0.75 of 2 : 2; mean 15
    assert _fractional_rank([2, 2], [1, 2]).tolist() == [0.25, 0.75]
    assert slope_index([10, 20], [2, 2], [1, 2]) == pytest.approx(20)
    # twice the covariance (5 x 0.25 = 1.25) over the mean 15
    assert concentration_index([10, 20], [2, 2], [1, 2]) == pytest.approx(2 * 1.25 / 15)
    assert concentration_index([20, 10], [2, 2], [1, 2]) == pytest.approx(-2 * 1.25 / 15)


def test_equal_deprivation_has_no_slope_and_ties_share_a_place():
    assert math.isnan(slope_index([10, 20], [1, 1], [4, 4]))
    assert concentration_index([10, 20], [1, 1], [4, 4]) == 0
    a = slope_index([10, 20, 30], [1, 2, 3], [1, 1, 2])
    assert a == pytest.approx(slope_index([20, 10, 30], [2, 1, 3], [1, 1, 2]))


def test_slope_is_numpys_weighted_line():
    rng = np.random.default_rng(5)
    v, w = rng.uniform(1, 60, 50), rng.integers(1, 40, 50).astype(float)
    r = rng.integers(1, 12, 50)
    line = np.polyfit(_fractional_rank(w, r), v, 1, w=np.sqrt(w))
    assert slope_index(v, w, r) == pytest.approx(line[0])


areas = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=9
)


@settings(max_examples=80)
@given(areas)
def test_splitting_areas_into_families_changes_nothing(rows):
    v, w, r = (np.array(x, float) for x in zip(*rows, strict=True))
    each = np.repeat(np.arange(len(v)), w.astype(int))
    ones = np.ones(len(each))
    for measure in EVERY:
        whole, split = measure(v, w, r), measure(v[each], ones, r[each])
        np.testing.assert_allclose(whole, split, atol=1e-9)


@settings(max_examples=80)
@given(areas)
def test_bounds_and_units(rows):
    v, w, r = (np.array(x, float) for x in zip(*rows, strict=True))
    g, c = gini(v, w), concentration_index(v, w, r)
    assert -1e-12 <= g < 1
    if v.sum() > 0:
        assert abs(c) <= g + 1e-9
        assert gini(2 * v, w) == pytest.approx(g)
        np.testing.assert_allclose(slope_index(2 * v, w, r), 2 * slope_index(v, w, r), atol=1e-9)


def test_before_and_after_are_over_the_same_families():
    table = inequality(
        [5, 5, math.inf, 3, 4],
        [5, 15, 7, math.inf, 4],
        [1, 1, 10, 20, 40],
        [1, 2, 3, 4, math.nan],
        ["gini"],
    )
    row = table.iloc[0]
    assert (row["before"], row["after"], row["change"]) == (0, 0.25, 0.25)
    assert (row["families"], row["left_out"]) == (2, 70)


def test_impact_gives_inequality_over_its_own_deprivation():
    m = TravelMatrix.from_minutes([[10, 10], [10, 30]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 1], "imd_rank": [100, 9000]})
    table = compare(m, before=["X", "Y"], after=["Y"], demand=demand).inequality()
    table = table.set_index("measure")
    assert table.loc["slope_index", ["before", "after"]].tolist() == pytest.approx([0, 40])
    assert table.loc["palma", "after"] == pytest.approx(3)


@pytest.mark.parametrize("areas", [3, 10, 100, 854, 1000])
def test_where_all_are_equally_deprived_there_is_no_slope(areas):
    """However weights add up: shared counts are no whole numbers."""
    rng = np.random.default_rng(areas)
    values, weights, rank = rng.random(areas) * 30, rng.random(areas) * 40, np.full(areas, 7)
    assert math.isnan(slope_index(values, weights, rank))
    assert concentration_index(values, weights, rank) == pytest.approx(0, abs=1e-12)
    assert set(_fractional_rank(weights, rank)) == {0.5}
