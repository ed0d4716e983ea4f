"""Sharing a total keeps it, is fair to within one, and refuses what cannot be shared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import ParameterError
from access.study.tables import _share_total


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [float("nan"), 1]])
def test_weights_that_cannot_share(weights):
    with pytest.raises(ParameterError, match="weights of 0 or more with a positive sum"):
        _share_total(5, weights)


def test_negative_total():
    with pytest.raises(ParameterError):
        _share_total(-1, [1.0])


@given(
    total=st.integers(0, 5000),
    weights=st.lists(st.integers(0, 400), min_size=1, max_size=12).filter(lambda w: sum(w) > 0),
)
def test_total_is_kept_and_nobody_is_out_by_one(total, weights):
    parts = _share_total(total, weights)
    exact = total * np.array(weights) / sum(weights)
    assert parts.sum() == total
    assert (np.abs(parts - exact) < 1 + 1e-9).all()
    assert (parts[np.array(weights) == 0] == 0).all()


def test_hand_worked_remainders():
    # 7 by 3:3:1 is 3, 3, 1 exactly; 8 leaves one over for the largest remainder (the first 3.43)
    assert _share_total(7, [3, 3, 1]).tolist() == [3, 3, 1]
    assert _share_total(8, [3, 3, 1]).tolist() == [4, 3, 1]


@given(
    totals=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    weights=st.lists(st.sampled_from([0, 1, 2, 0.5, 1 / 3]), min_size=1).filter(any),
)
def test_several_totals_are_shared_each_as_if_alone(totals, weights):
    parts = _share_total(totals, weights)
    assert parts.shape == (len(weights), len(totals))
    for column, total in zip(parts.T, totals, strict=True):
        assert column.tolist() == _share_total(total, weights).tolist()


def test_nothing_is_shared_whatever_the_weights():
    assert _share_total([0, 0], [0, 0]).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ParameterError, match="cannot share 3 by"):
        _share_total([0, 3], [0, 0])
