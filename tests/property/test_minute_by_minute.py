"""Over several sites the least is taken minute by minute, in a comparison and in every ranking."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import ParameterError
from access.measure.distribution import nearest, weighted_mean, weighted_quantile
from access.network import TravelMatrix, WindowedTravel
from access.scenario import compare, rank_closures
from tests.drawn import cells

SITES = ("W", "X", "Y", "Z")


def by_bus(minutes, q=50):
    minutes = np.asarray(minutes, float)
    areas = tuple(f"a{i}" for i in range(len(minutes)))
    marks = tuple(range(540, 540 + minutes.shape[1]))
    return WindowedTravel(areas, SITES[: minutes.shape[2]], "bus", marks, minutes).percentile(q)


def truth(each, open_columns, q):
    """The rule in words: least at every minute, sorted, the one at the nearest rank."""
    out = []
    for area in np.asarray(each, float).tolist():
        least = sorted(min(minute[c] for c in open_columns) for minute in area)
        out.append(least[int(np.ceil(round(q * len(least) / 100, 9))) - 1])
    return np.array(out)


def worlds():
    """Give minutes of up to five areas at up to seven times to four sites."""
    shapes = st.tuples(st.integers(1, 5), st.integers(1, 7), st.just(4))
    return shapes.flatmap(lambda shape: cells(shape, [*range(1, 91), *[np.inf] * 45]))


@settings(max_examples=150, deadline=None)
@given(worlds(), st.sampled_from([10, 50, 75, 100]))
def test_nearest_and_rank_are_the_rule_in_words(each, q):
    matrix = by_bus(each, q)
    for size in (1, 2, 4):
        for columns in combinations(range(4), size):
            expected = truth(each, columns, q)
            ids = [SITES[c] for c in columns]
            found = nearest(matrix, ids)
            np.testing.assert_array_equal(found.minutes, expected)
            np.testing.assert_array_equal(matrix.least(ids), expected)
            assert all(s in ids or not np.isfinite(m)
                       for s, m in zip(found.site, expected, strict=True))  # fmt: skip
    count = np.arange(1.0, len(each) + 1)
    demand = pd.DataFrame({"id": matrix.area_ids, "count": count})
    reachable = np.isfinite(truth(each, range(4), q))
    if not reachable.any():
        with pytest.raises(ParameterError, match="no site reaches"):
            rank_closures(matrix, keep=2, demand=demand)
        return
    ranking = rank_closures(matrix, keep=2, demand=demand)
    for row in ranking.table.to_dict("records"):
        minutes = truth(each, [SITES.index(i) for i in row["kept"]], q)[reachable]
        mean = np.average(minutes, weights=count[reachable]) if np.isfinite(minutes).all() else (
            np.inf)  # fmt: skip
        assert row["mean"] == pytest.approx(mean)
        assert row["worst"] == minutes.max()
        if np.isfinite(minutes).all():
            assert row["p90"] == weighted_quantile(minutes, count[reachable], 0.9)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from([10, 50, 75]), st.integers(1, 3))
def test_one_more_that_closes_is_measured_minute_by_minute(each, q, many):
    matrix, after = by_bus(each, q), SITES[:many]
    count = np.arange(1.0, len(each) + 1)
    demand = pd.DataFrame({"id": matrix.area_ids, "count": count})
    impact = compare(matrix, before=SITES, after=after, demand=demand)
    now = truth(each, range(many), q)
    for row in impact.if_one_more_closes().to_dict("records"):
        left = [k for k in range(many) if SITES[k] != row["site"]]
        then = truth(each, left, q) if left else np.full(len(count), np.inf)
        assert row["newly_unreachable"] == count[np.isfinite(now) & np.isinf(then)].sum()
        mean = weighted_mean(then, count)
        assert row["mean_minutes"] == pytest.approx(mean, nan_ok=True)


def test_the_median_of_the_nearest_is_not_the_nearest_of_the_medians():
    """Buses to X and Y take turns: whoever may use both waits for neither."""
    matrix = by_bus([[[10, 40], [40, 10], [10, 40], [40, 10], [40, 40]]])
    assert matrix.total_minutes.tolist() == [[40.0, 40.0]]
    demand = pd.DataFrame({"id": ["a0"], "count": [20]})
    impact = compare(matrix, before=["W", "X"], after=["W"], demand=demand)
    assert impact.summary["mean_minutes_before"] == 10
    assert impact.summary["mean_minutes_after"] == 40
    assert impact.summary["lengthened"] == 20
    assert impact.areas["second_minutes_before"].tolist() == [40.0]
    both = rank_closures(matrix, keep=2, demand=demand)
    one = rank_closures(matrix, keep=1, demand=demand)
    assert both.table["mean"].tolist() == [10.0] and one.table["mean"].tolist() == [40.0, 40.0]
    other = rank_closures(matrix, keep=1, demand=demand, sites=["X"], always_open=["W"])
    assert other.table["mean"].tolist() == [10.0]


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_closing_never_shortens(each):
    matrix = by_bus(each)
    count = pd.DataFrame({"id": matrix.area_ids, "count": 1.0})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        impact = compare(matrix, before=list(SITES), after=["W", "Y"], demand=count)
    assert (impact.areas["minutes_after"] >= impact.areas["minutes_before"]).all()


def test_a_matrix_with_one_minute_is_the_matrix_without():
    minutes = [[[5.0, 9.0, 7.0]], [[np.inf, 8.0, 8.0]]]
    timed = by_bus(minutes)
    plain = TravelMatrix.from_minutes(np.array(minutes)[:, 0], area_ids=["a0", "a1"],
                                      site_ids=SITES[:3], mode="bus")  # fmt: skip
    demand = pd.DataFrame({"id": ["a0", "a1"], "count": [3, 4]})
    for ids in (["X", "Y"], ["W"], ["W", "X", "Y"]):
        one, two = nearest(timed, ids), nearest(plain, ids)
        for name in ("site", "minutes", "second_site", "second_minutes", "status"):
            assert getattr(one, name).tolist() == getattr(two, name).tolist()
    pd.testing.assert_frame_equal(rank_closures(timed, keep=2, demand=demand).table,
                                  rank_closures(plain, keep=2, demand=demand).table)  # fmt: skip


def test_taking_areas_and_sites_takes_their_minutes():
    matrix = by_bus(np.arange(24.0).reshape(2, 3, 4)).sites(["Y", "W"]).areas(["a1"])
    assert matrix.minute_by_minute.tolist() == [[[14, 12], [18, 16], [22, 20]]]
    with pytest.raises(ParameterError, match="minute_by_minute has shape"):
        from dataclasses import replace

        replace(matrix, minute_by_minute=np.zeros((1, 3, 4), np.float32))


def test_minutes_that_are_handed_over_stay_the_caller_s():
    given_ = np.full((1, 2, 1), 9.0, np.float32)
    trips = WindowedTravel(("a",), ("W",), "bus", (540, 541), given_)
    given_[:] = 5.0  # neither refused, nor seen by what was made of it before
    assert trips.minutes.tolist() == [[[9.0], [9.0]]]
    with pytest.raises(ValueError, match="read-only"):
        trips.minutes[:] = 1.0


def test_the_least_over_no_site_is_refused_in_words():
    for matrix in (by_bus([[[3.0, 4.0]]]), TravelMatrix.from_minutes(
        [[3.0]], area_ids=["a"], site_ids=["W"])):  # fmt: skip
        with pytest.raises(ParameterError, match="no site is named"):
            matrix.least([])
