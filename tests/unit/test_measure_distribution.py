"""Figures are over families reached, quantiles are times that somebody has."""

import math

import numpy as np
import pytest

from access.errors import ParameterError
from access.measure import (
    CHANGE_CLASSES,
    change,
    change_class,
    describe,
    share_within,
    weighted_mean,
    weighted_quantile,
)

INF = math.inf


def test_nothing_to_average_is_nan_not_zero():
    assert math.isnan(weighted_mean([INF, 3], [1, 0]))
    assert math.isnan(weighted_quantile([], [], 0.5))
    assert math.isnan(share_within([1, 2], [0, 0], 5))


def test_unknown_metres_make_an_unknown_share():
    assert math.isnan(share_within([math.nan, 2], [1, 1], 5))
    assert share_within([math.nan, 2], [0, 1], 5) == 1.0


@pytest.mark.parametrize(
    ("q", "expected"), [(0.0, 1), (0.1, 1), (0.1001, 2), (0.5, 5), (0.9, 9), (0.91, 10), (1.0, 10)]
)
def test_quantile_of_ten_equal_families(q, expected):
    assert weighted_quantile(range(1, 11), np.ones(10), q) == expected


def test_quantile_of_weights_is_that_of_repeated_values():
    values, weights = np.array([7.0, 3.0, 5.0]), np.array([2, 5, 3])
    repeated = np.sort(np.repeat(values, weights))
    for q in (0.1, 0.25, 0.5, 0.51, 0.8, 0.81, 0.9, 1.0):
        place = math.ceil(round(q * len(repeated), 9)) - 1
        assert weighted_quantile(values, weights, q) == repeated[max(place, 0)], q


def test_the_worst_area_must_have_families():
    assert describe([5, 90], [1, 0])["max"] == 5


def test_change_keeps_the_unreached_apart():
    got = change([5, 5, INF, INF], [7, INF, 4, INF])
    assert got[0] == 2
    assert got[1] == INF
    assert got[2] == -INF
    assert math.isnan(got[3])


def test_classes_and_their_edges():
    changes = [-3, -0.01, 0, 0.01, 0.02, 4.99, 5, 9.99, 10, INF, -INF, math.nan]
    assert change_class(changes).tolist() == [
        "gain",
        "unchanged",
        "unchanged",
        "unchanged",
        "lose_0_5",
        "lose_0_5",
        "lose_5_10",
        "lose_5_10",
        "lose_10_plus",
        "newly_unreachable",
        "newly_reached",
        "unreached_both",
    ]
    assert set(change_class(changes)) == set(CHANGE_CLASSES)


def test_the_tolerance_is_the_callers():
    assert change_class([0.4, -0.4, 0.6], 0.5).tolist() == ["unchanged", "unchanged", "lose_0_5"]


def test_a_description_is_each_of_its_figures_alone():
    rng = np.random.default_rng(4)
    for _ in range(30):
        values = rng.choice([1.0, 2.5, 7.0, INF, -INF, math.nan], 9)
        weights = rng.choice([0.0, 1.0, 2.75], 9)
        alone = {"mean": weighted_mean(values, weights)}
        alone |= {
            name: weighted_quantile(values, weights, q)
            for name, q in (("median", 0.5), ("p90", 0.9), ("max", 1.0))
        }
        assert describe(values, weights) == pytest.approx(alone, rel=0, abs=0, nan_ok=True)


def test_the_greatest_is_the_greatest_however_few_have_it():
    assert describe([1, 100], [1e12, 0.5])["max"] == 100
    assert weighted_quantile([1, 100], [1e12, 0.5], 1.0) == 100


def test_float_noise_crosses_no_edge():
    """A change or a limit is what its decimals say: 9.2 less 4.2 is 5 and 1.01 less 1 is 0.01."""
    before = np.round(np.arange(1, 60, 0.1), 1)
    for step, name in ((0.01, "unchanged"), (5, "lose_5_10"), (10, "lose_10_plus")):
        after = np.round(before + step, 2)
        assert set(change_class(change(before, after))) == {name}
    walk, car, share = 26.0, (20 - 0.22 * 26) / 0.78, 0.22
    twenty = share * walk + (1 - share) * car
    assert twenty > 20  # by noise
    assert share_within([twenty], [1], 20) == 1.0


def test_the_unreached_are_within_no_limit():
    assert share_within([5, INF], [1, 1], INF) == 0.5


@pytest.mark.parametrize("wrong", [-1, math.nan, INF])
def test_weights_are_numbers_of_0_or_more(wrong):
    for measure in (weighted_mean, describe):
        with pytest.raises(ParameterError, match="weights of 0 or more"):
            measure([1, 2], [1, wrong])
    for measure in (weighted_quantile, share_within):
        with pytest.raises(ParameterError, match="weights of 0 or more"):
            measure([1, 2], [1, wrong], 0.5)
