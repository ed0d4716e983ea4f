"""The switching value of lambda is exact: on both sides of it the best option differs."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import ParameterError
from access.network.matrix import TravelMatrix
from access.scenario import rank_closures, switching_values, weights_side_by_side
from access.scenario.switching import _lower_envelope

INF = math.inf


def borough(seed, areas=30, sites=6):
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(1, 60, (areas, sites))
    ids = [f"a{i:02d}" for i in range(areas)]
    demand = pd.DataFrame({"id": ids, "count": rng.integers(0, 30, areas)})
    demand["imd_rank"] = rng.choice([1, 200, 9000, 20000, 32844], areas)
    return TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=list("PQRSTU")), demand


def test_no_ranks():
    m, demand = borough(1)
    with pytest.raises(ParameterError, match="no imd_rank column"):
        switching_values(m, keep=3, demand=demand[["id", "count"]])


def test_nobody_has_a_mean():
    m = TravelMatrix.from_minutes([[1, INF], [INF, 1]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 1], "imd_rank": [1, 2]})
    with pytest.raises(ParameterError, match="every option leaves some family unreached"):
        switching_values(m, keep=1, demand=demand)


def test_by_hand():
    # X: 10x5 + 20x9 = 230 and deprived 50; Y: 10x12 + 20x4 = 200 and deprived 120
    m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844]})
    found = switching_values(m, keep=1, demand=demand, proposal=["X"], names={"X": "Park"})
    assert found.lambdas == (pytest.approx(30 / 70),)
    assert found.table["kept"].tolist() == [("Y",), ("X",)]
    assert found.table["lam_to"].tolist() == [pytest.approx(30 / 70), INF]
    assert found.proposal["rank"].tolist() == [2, 1]
    assert found.sentence() == (
        "Unweighted, no set has a shorter mean than closing Park; from lambda 0.429 on, than "
        "closing Y."
    )


def test_lines_that_are_as_steep_but_for_float_noise_cross_nowhere():
    # who is deprived (b) is served alike by all: what they add is alike but for the last digit
    m = TravelMatrix.from_minutes(
        [[22, 7, 28], [1, 1, 1]], area_ids=["a", "b"], site_ids=["X", "Y", "Z"]
    )
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 1], "imd_rank": [32844, 6569]})
    found = switching_values(m, keep=1, demand=demand, proposal=["X"])
    assert found.lambdas == ()
    assert found.proposal.to_numpy().tolist() == [[0, INF, 2]]


@pytest.mark.parametrize("seed", range(40))
def test_the_proposals_rank_is_that_of_the_ranking_between_its_values(seed):
    rng = np.random.default_rng(seed)
    ids = [f"a{i}" for i in range(5)]
    minutes = rng.integers(1, 12, (5, 4)) * 1.1
    demand = pd.DataFrame({"id": ids, "count": rng.integers(0, 4, 5)}).replace(0, 1)
    demand["imd_rank"] = rng.choice([1, 6569, 32844, 32844], 5)
    m = TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=list("PQRS"))
    asked = {"keep": 2, "demand": demand, "proposal": ["P", "Q"]}
    table = switching_values(m, **asked).proposal
    assert table["lam_from"].tolist()[1:] == table["lam_to"].tolist()[:-1]
    for row in table.itertuples():
        lam = row.lam_from + min(1.0, (row.lam_to - row.lam_from) / 2)
        ranking = rank_closures(m, weights="linear", lam=min(lam, 1000), **asked)
        assert ranking.proposal["rank_weighted_mean"] == row.rank, row


@pytest.mark.parametrize("seed", range(8))
def test_the_ranking_agrees_on_both_sides_of_every_value(seed):
    m, demand = borough(seed)
    found = switching_values(m, keep=3, demand=demand, proposal=["P", "Q", "R"])
    for row in found.table.itertuples():
        ends = (row.lam_from, min(row.lam_to, row.lam_from + 2))
        for lam in (ends[0] + 1e-6, sum(ends) / 2, ends[1] - 1e-6):
            best = rank_closures(m, keep=3, demand=demand, lam=lam).best("weighted_mean")
            assert best["kept"] == row.kept
    for row in found.proposal.itertuples():
        lam = row.lam_from + min(row.lam_to - row.lam_from, 1.0) / 2
        ranking = rank_closures(m, keep=3, demand=demand, lam=lam, proposal=["P", "Q", "R"])
        assert ranking.proposal["rank_weighted_mean"] == row.rank


def test_options_that_leave_families_out_are_said():
    minutes = [[1, INF, 5], [4, 2, 3]]
    m = TravelMatrix.from_minutes(minutes, area_ids=["a", "b"], site_ids=["X", "Y", "Z"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 9], "imd_rank": [1, 32844]})
    found = switching_values(m, keep=1, demand=demand, proposal=["Y"])
    assert found.notes == ("one option that leaves people unreached takes no part",)
    assert found.table["kept"].tolist() == [("Z",), ("X",)]
    assert found.proposal is None


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12))
def test_the_envelope_is_the_least_line_everywhere(lines):
    base, slope = (np.array(x, float) for x in zip(*lines, strict=True))
    steps = _lower_envelope(base, slope)
    lams = [lam for lam, _ in steps]
    assert lams == sorted(set(lams)), "no stretch is empty"
    assert lams[0] == 0
    for (lam, line), until in zip(steps, [*lams[1:], lams[-1] + 10], strict=True):
        for at in (lam, (lam + until) / 2, until):
            assert base[line] + at * slope[line] <= (base + at * slope).min() + 1e-9


def test_side_by_side_by_hand():
    m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame(
        {"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844], "income": [100, 400]}
    )
    table = weights_side_by_side(m, keep=1, demand=demand, proposal=["Y"]).set_index("weights")
    assert table["best_closed"].to_dict() == {
        "none": ("X",),
        "linear": ("Y",),
        "green_book": ("Y",),
    }
    assert table.loc["none", "proposal_rank"] == 1
    assert table.loc["linear", "proposal_mean"] == pytest.approx((20 * 12 + 20 * 4) / 40)
    assert table.loc["linear", "proposal_regret"] == pytest.approx((320 - 280) / 40)
    bare = weights_side_by_side(m, keep=1, demand=demand[["id", "count"]])
    assert bare["weights"].tolist() == ["none"]


def test_where_every_option_leaves_somebody_out_no_regret_is_told_and_nothing_warned():
    m = TravelMatrix.from_minutes(
        [[5, np.inf], [np.inf, 4]], area_ids=["a", "b"], site_ids=["X", "Y"]
    )
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = weights_side_by_side(m, keep=1, demand=demand, proposal=["Y"]).iloc[0]
    assert np.isnan(row["proposal_regret"])
    assert (row["proposal_rank"], row["proposal_tied"]) == (1, 1)
