"""Values that Python callers may give and that are no figures: each is refused by its name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import access
from access.errors import AccessError, ParameterError
from access.network.matrix import TravelMatrix
from access.scenario.uncertainty import Uncertainty

MINUTES = [[5.0, 12.0, 7.0], [9.0, 4.0, 8.0], [3.0, 3.0, 30.0]]
MATRIX = TravelMatrix.from_minutes(MINUTES, area_ids=list("abc"), site_ids=["X", "Y", "Z"])
DEMAND = pd.DataFrame({"id": list("abc"), "count": [10, 20, 5]})


@pytest.fixture(autouse=True)
def no_warning_leaks():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("counts", [[1j, 2, 3], [1e308] * 3, ["1", 1j, 2], [1e13, 1, 1]])
@pytest.mark.parametrize("ask", ["rank", "compare"])
def test_counts_that_no_table_holds(ask, counts):
    demand = DEMAND.assign(count=pd.Series(counts, dtype=object).infer_objects())
    with pytest.raises(ParameterError, match="count"):
        if ask == "rank":
            access.rank_closures(MATRIX, keep=2, demand=demand)
        else:
            access.compare(MATRIX, before=["X", "Y"], after=["X"], demand=demand)


@pytest.mark.parametrize("name", ["lam", "threshold_minutes", "median_income"])
def test_a_masked_number_is_none(name):
    with pytest.raises(ParameterError, match=name):
        access.rank_closures(MATRIX, keep=2, demand=DEMAND, **{name: np.ma.masked})


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_whole_numbers_without_end(huge):
    with pytest.raises(ParameterError, match="minutes"):
        TravelMatrix.from_minutes([[huge]], area_ids=["a"], site_ids=["X"])
    with pytest.raises(ParameterError, match="within_minutes"):
        access.compare(MATRIX, before=["X", "Y"], after=["X"], demand=DEMAND, within_minutes=[huge])


def test_what_is_masked_is_not_known():
    masked = np.ma.array(MINUTES, mask=[[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    with pytest.raises(AccessError):
        access.p_median(masked, 1)
    with pytest.raises(ParameterError, match="nan"):
        TravelMatrix.from_minutes(masked, area_ids=list("abc"), site_ids=["X", "Y", "Z"])
    with pytest.raises(AccessError):
        access.p_median(MINUTES, 1, weights=np.ma.array([1, 2, 3], mask=[0, 1, 0]))
    whole = np.ma.array(MINUTES, mask=False)
    assert access.p_median(whole, 1).objective == access.p_median(MINUTES, 1).objective


@pytest.mark.parametrize("find", [access.p_median, access.p_centre])
def test_where_no_site_may_be_chosen_there_is_no_solution(find):
    assert find(MINUTES, 1, locked_closed=range(3)).status == "infeasible"


@pytest.mark.parametrize("name", ["walk_kmh", "lam", "threshold_minutes", "parking_minutes"])
@pytest.mark.parametrize(
    "value", [3, {1, 2}, "12", {"a": 1}, (1,), (2, 1), (1, np.nan), (1, "2"), (1j, 2), pd.NA,
              iter("a"), np.ones((2, 2)), [[1], [2]], (1, 10**400), object()],
)  # fmt: skip
def test_a_range_that_is_none(name, value):
    with pytest.raises(ParameterError, match=name):
        Uncertainty(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("street_error", "0.1"), ("street_error", DEMAND), ("street_error", np.nan),
     ("count_error", DEMAND), ("count_error", np.ones(3)), ("count_error", 1), ("drive", "walk"),
     ("drive", DEMAND), ("made_at_kmh", "4"), ("made_at_kmh", np.ones(2)), ("made_at_kmh", 0)],
)  # fmt: skip
def test_what_else_may_be_otherwise(name, value):
    with pytest.raises(ParameterError, match=name):
        Uncertainty(**{name: value})


def test_a_value_by_id_is_one_value():
    for twice in (pd.Series([1, 2], index=["X", "X"]), {"1": 1, 1: 2}):
        with pytest.raises(ParameterError, match="capacity has twice the id"):
            access.compare(MATRIX, before=["X", "Y"], after=["X"], demand=DEMAND, capacity=twice)
