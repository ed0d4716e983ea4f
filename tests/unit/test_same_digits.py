"""The same digits on every processor, and whatever the order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from access.files import to_json
from access.measure.distribution import weighted_sums
from access.network import TravelMatrix
from access.scenario import Uncertainty, robustness

RNG = np.random.default_rng(5)
AREAS = [f"a{i:02d}" for i in range(40)]
SITES = ["P", "Q", "R", "S"]


def case(order: list[int]) -> dict:
    rng = np.random.default_rng(9)
    minutes = rng.uniform(2, 60, (len(AREAS), len(SITES)))
    drive = minutes / 4
    ids = [AREAS[i] for i in order]
    demand = pd.DataFrame(
        {"id": AREAS, "count": rng.integers(1, 90, 40), "imd_rank": rng.integers(1, 32000, 40)}
    ).iloc[order]
    shares = rng.uniform(0, 0.5, 40)
    matrix = TravelMatrix.from_minutes(minutes[order], area_ids=ids, site_ids=SITES)
    other = TravelMatrix.from_minutes(drive[order], area_ids=ids, site_ids=SITES, mode="drive")
    return {
        "matrix": matrix,
        "demand": demand,
        "uncertainty": Uncertainty(
            walk_kmh=(3.6, 5.4), lam=(0, 2), drive=other, p_no_car=shares[order],
            parking_minutes=(1, 5), count_error="poisson", stand_ins={"P": ["S"]},
        ),
    }  # fmt: skip


def test_draws_and_ties_do_not_follow_the_order_of_rows():
    one = robustness(keep=2, proposal=["P", "Q"], draws=30, sites=["P", "Q", "R"],
                     **case(list(range(40))))  # fmt: skip
    other = robustness(keep=2, proposal=["P", "Q"], draws=30, sites=["P", "Q", "R"],
                       **case(RNG.permutation(40).tolist()))  # fmt: skip
    pd.testing.assert_frame_equal(one.draws, other.draws)
    for c in one.criteria:
        assert one.times_best[c].tolist() == other.times_best[c].tolist()


def test_options_that_are_jointly_best_are_all_best():
    matrix = TravelMatrix.from_minutes(
        [[5.0, 5.0, 5.0]] * 3, area_ids=["a", "b", "c"], site_ids=["X", "Y", "Z"]
    )
    demand = pd.DataFrame({"id": ["a", "b", "c"], "count": [1, 2, 3]})
    found = robustness(matrix, keep=2, demand=demand, proposal=["X", "Y"], draws=10,
                       uncertainty=Uncertainty(walk_kmh=(3.6, 5.4)))  # fmt: skip
    assert found.best_options()["share"].tolist() == [1.0, 1.0, 1.0]
    assert found.ranks()["share_best"].eq(1).all()


@pytest.mark.parametrize("columns", [0, 1, 4])
def test_sums_are_those_of_the_product(columns):
    rows, weights = RNG.normal(size=(30, 200)), RNG.normal(size=(200, columns))
    np.testing.assert_allclose(weighted_sums(rows, weights), rows @ weights, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        weighted_sums(rows > 0, np.ones(200)), (rows > 0).sum(axis=1), rtol=0
    )


def test_what_a_processor_changes_is_not_written():
    assert to_json({"a": 51.73296706283987}) == to_json({"a": 51.732967062839876})
    assert to_json({"a": 1e300, "b": float("inf"), "c": 0.1}).split() == [
        "{", '"a":', "1e+300,", '"b":', "null,", '"c":', "0.1", "}",
    ]  # fmt: skip
