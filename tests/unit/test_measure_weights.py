"""Deprivation weights: each by its formula, and refused where the data cannot bear it."""

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.measure import deprivation_weights
from access.measure.demand import _green_book_weights, linear_weights

DEMAND = pd.DataFrame(
    {"count": [10.0, 30.0, 20.0], "imd_rank": [1, 16422.5, 32844], "income": [100.0, 200.0, 400.0]},
    index=["a", "b", "c"],
)


def test_green_book_without_income():
    with pytest.raises(ParameterError, match=r"no income column.*Green Book weights need one"):
        deprivation_weights(DEMAND.drop(columns="income"), "green_book")


def test_linear_without_rank():
    with pytest.raises(ParameterError, match=r"no imd_rank column.*linear weights need one"):
        deprivation_weights(DEMAND.drop(columns="imd_rank"), "linear")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("heavy", "expected 'none', 'linear', 'green_book' or a column"),
        (3, "weights=3 is no use here; expected a text"),
        (["linear"], "weights=.*expected a text"),
    ],
)
def test_unknown_weights_list_what_is_allowed(name, told):
    with pytest.raises(ParameterError, match=told):
        deprivation_weights(DEMAND, name)


@pytest.mark.parametrize("lam", [-0.5, float("nan"), float("inf")])
def test_lambda_must_be_a_number_of_0_or_more(lam):
    with pytest.raises(ParameterError, match="lam="):
        linear_weights(DEMAND, lam)


def test_ranks_beyond_the_nation_name_the_areas():
    with pytest.raises(ParameterError) as error:
        linear_weights(DEMAND, national_areas=20_000)
    assert [f.where for f in error.value.faults] == ["c"]
    assert "national_areas" in error.value.faults[0].expected


def test_incomes_must_be_above_zero():
    with pytest.raises(ParameterError) as error:
        _green_book_weights(DEMAND.assign(income=[0, -3, 5]))
    assert [f.where for f in error.value.faults] == ["a", "b"]


def test_a_column_of_weights_must_not_be_negative_or_all_zero():
    with pytest.raises(ParameterError, match="cannot be used"):
        deprivation_weights(DEMAND.assign(w=[1, -1, 0]), "w")
    with pytest.raises(ParameterError, match="every family weight 0"):
        deprivation_weights(DEMAND.assign(w=0), "w")


def test_linear_runs_from_one_plus_lambda_to_one():
    assert linear_weights(DEMAND, 1.0).tolist() == [2.0, 1.5, 1.0]
    assert linear_weights(DEMAND, 3.0).tolist() == [4.0, 2.5, 1.0]
    assert linear_weights(DEMAND, 0.0).tolist() == [1.0, 1.0, 1.0]


def test_green_book_is_one_at_the_median_family():
    # 60 families: incomes 100 (10), 200 (30), 400 (20); the 30th family has 200.
    assert _green_book_weights(DEMAND).tolist() == pytest.approx([2**1.3, 1.0, 0.5**1.3])
    assert _green_book_weights(DEMAND, median_income=400)[0] == pytest.approx(4**1.3)


def test_default_is_linear_where_ranks_are_known_and_says_so():
    chosen = deprivation_weights(DEMAND)
    assert chosen.name == "linear"
    assert "default" in chosen.note
    bare = deprivation_weights(DEMAND[["count"]])
    assert bare.name == "none"
    assert "no imd_rank" in bare.note
    assert np.array_equal(bare.per_family, np.ones(3))


def test_a_column_is_taken_as_it_is():
    assert deprivation_weights(DEMAND.assign(w=[0, 1, 2]), "w").per_family.tolist() == [0, 1, 2]
