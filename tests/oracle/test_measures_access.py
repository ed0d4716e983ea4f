"""Access measures by hand on asymmetric matrices, and against published answers."""

import math

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError, ScenarioError
from access.measure import (
    cumulative,
    decay,
    enhanced_two_step,
    gravity,
    nearest_minutes,
    three_step,
    two_step,
)
from access.network.matrix import TravelMatrix

INF = math.inf
#           X    Y    Z
MINUTES = [[5.0, 12.0, INF], [25.0, 8.0, 40.0], [INF, 30.0, 9.0], [INF, INF, INF]]
M = TravelMatrix.from_minutes(MINUTES, area_ids=list("abcd"), site_ids=list("XYZ"))
DEMAND = pd.DataFrame({"id": list("dcba"), "count": [7, 10, 20, 40]})
SUPPLY = {"X": 30.0, "Y": 12.0, "Z": 50.0}
ALL = [nearest_minutes, cumulative, gravity, two_step, enhanced_two_step, three_step]
FLOATING = [two_step, enhanced_two_step, three_step]


@pytest.mark.parametrize("measure", ALL)
def test_every_measure_refuses_the_same_things(measure):
    with pytest.raises(ParameterError, match="unknown site id"):
        measure(M, sites=["Q"], supply=SUPPLY, demand=DEMAND)
    with pytest.raises(ScenarioError, match="no site is open"):
        measure(M, sites=[], supply=SUPPLY, demand=DEMAND)
    with pytest.raises(ParameterError, match="supply"):
        measure(M, supply={"X": 1, "Y": -2, "Z": "much"}, demand=DEMAND)
    with pytest.raises(ParameterError, match="supply and the matrix do not hold the same"):
        measure(M, supply={"X": 1}, demand=DEMAND)
    with pytest.raises(ParameterError, match="unknown supply's site id"):
        measure(M, supply={**SUPPLY, "Q": 1}, demand=DEMAND)
    with pytest.raises(ParameterError, match="do not hold the same areas"):
        measure(M, supply=SUPPLY, demand=DEMAND.iloc[:2])


@pytest.mark.parametrize("measure", FLOATING)
def test_floating_catchments_need_demand(measure):
    with pytest.raises(ParameterError, match="demand is missing"):
        measure(M, supply=SUPPLY)


def test_options_that_make_no_sense():
    with pytest.raises(ParameterError, match="n=0"):
        nearest_minutes(M, n=0)
    with pytest.raises(ParameterError, match="cutoff_minutes=-1"):
        cumulative(M, cutoff_minutes=-1)


@pytest.mark.parametrize("measure", ALL)
def test_every_measure_answers_in_the_same_shape(measure):
    got = measure(M, sites=["X", "Z"], supply=SUPPLY, demand=DEMAND)
    assert got.index.tolist() == list("abcd")
    assert got.index.name == "id"
    assert got.name == measure.__name__


def test_nearest_by_hand():
    assert nearest_minutes(M).tolist() == [5, 8, 9, INF]
    assert nearest_minutes(M, n=2).tolist() == [12, 25, 30, INF]
    assert nearest_minutes(M, n=3).tolist() == [INF, 40, INF, INF]
    assert nearest_minutes(M, supply={"X": 0, "Y": 1, "Z": 0}).tolist() == [12, 8, 30, INF]
    assert nearest_minutes(M, sites=["X", "Z"]).tolist() == [5, 25, 9, INF]


def test_cumulative_and_gravity_by_hand():
    assert cumulative(M, supply=SUPPLY, cutoff_minutes=25).tolist() == [42, 42, 50, 0]
    # linear(50): a 30 x 0.9 + 12 x 0.76; b 30 x 0.5 + 12 x 0.84 + 50 x 0.2; c 12 x 0.4 + 50 x 0.82
    got = gravity(M, supply=SUPPLY, decay=decay.linear(50))
    assert got.tolist() == pytest.approx([36.12, 35.08, 45.8, 0.0])


def test_two_step_by_hand():
    # within 25: X serves a, b = 60 families, Y serves a, b = 60, Z serves c = 10
    got = two_step(M, supply=SUPPLY, demand=DEMAND, cutoff_minutes=25)
    assert got.tolist() == pytest.approx([30 / 60 + 12 / 60, 30 / 60 + 12 / 60, 5.0, 0.0])
    # within 24: X serves a alone
    got = two_step(M, supply=SUPPLY, demand=DEMAND, cutoff_minutes=24)
    assert got.tolist() == pytest.approx([30 / 40 + 12 / 60, 12 / 60, 5.0, 0.0])


def test_enhanced_two_step_by_hand():
    # weights: a X 1, Y 0.68; b X 0.22, Y 1; c Y 0.22, Z 1
    x, y, z = 30 / (40 + 0.22 * 20), 12 / (0.68 * 40 + 20 + 0.22 * 10), 50 / 10
    expected = [x + 0.68 * y, 0.22 * x + y, 0.22 * y + z, 0.0]
    assert enhanced_two_step(M, supply=SUPPLY, demand=DEMAND).tolist() == pytest.approx(expected)


def test_three_step_by_hand():
    # choice: a X 1/1.68, Y 0.68/1.68; b X 0.22/1.22, Y 1/1.22; c Y 0.22/1.22, Z 1/1.22
    ax, ay, bx, by, cy, cz = 1 / 1.68, 0.68 / 1.68, 0.22 / 1.22, 1 / 1.22, 0.22 / 1.22, 1 / 1.22
    x = 30 / (ax * 40 * 1 + bx * 20 * 0.22)
    y = 12 / (ay * 40 * 0.68 + by * 20 * 1 + cy * 10 * 0.22)
    z = 50 / (cz * 10 * 1)
    expected = [
        ax * x + ay * 0.68 * y,
        bx * 0.22 * x + by * y,
        cy * 0.22 * y + cz * z,
        0.0,
    ]
    assert three_step(M, supply=SUPPLY, demand=DEMAND).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("measure", FLOATING)
def test_what_sites_offer_is_what_families_get(measure):
    got = measure(M, supply=SUPPLY, demand=DEMAND)
    count = DEMAND.set_index("id")["count"]
    assert (got * count.loc[got.index]).sum() == pytest.approx(sum(SUPPLY.values()))


def test_supply_matters_to_every_floating_catchment():
    for measure in FLOATING:
        one = measure(M, supply=SUPPLY, demand=DEMAND)
        twice = measure(M, supply={k: 2 * v for k, v in SUPPLY.items()}, demand=DEMAND)
        np.testing.assert_allclose(twice, 2 * one)
        other = measure(M, supply={**SUPPLY, "Z": 0}, demand=DEMAND)
        assert other["c"] < one["c"]


@pytest.fixture(scope="module")
def belo_horizonte(shared_data):
    folder = shared_data("reference/belo_horizonte")
    answers = pd.read_csv(folder / "answers.csv")
    ids = list(answers.columns[2:])
    pairs = pd.read_csv(folder / "travel_matrix.csv.gz")
    pairs = pairs[pairs["from_id"].isin(ids) & pairs["to_id"].isin(ids)]
    table = pairs.pivot_table(index="from_id", columns="to_id", values="travel_time")
    land = pd.read_csv(folder / "land_use_data.csv.gz").set_index("id").loc[ids]
    matrix = TravelMatrix.from_minutes(table.loc[ids, ids], mode="transit")
    return matrix, land, answers.set_index("measure")[ids]


def test_published_cumulative(belo_horizonte):
    matrix, land, answers = belo_horizonte
    got = cumulative(matrix, supply=land["jobs"], cutoff_minutes=30)
    assert got.tolist() == answers.loc["cumulative_cutoff active"].tolist()


def test_published_nearest(belo_horizonte):
    matrix, land, answers = belo_horizonte
    got = nearest_minutes(matrix, supply=land["schools"])
    assert got.tolist() == pytest.approx(answers.loc["cost_to_closest active"].tolist())


def test_published_two_step(belo_horizonte):
    matrix, land, answers = belo_horizonte
    demand = land["population"].rename("count").to_frame()
    got = two_step(matrix, supply=land["jobs"], demand=demand, cutoff_minutes=45)
    assert got.round(4).tolist() == answers.loc["floating_catchment_area"].tolist()


def test_a_site_without_supply_is_called_a_site():
    with pytest.raises(ParameterError, match="do not hold the same sites") as refused:
        cumulative(M, supply={"X": 1, "Y": 1})
    assert "Z, id: expected a row for this site of the matrix" in str(refused.value)
    assert "lives there" not in str(refused.value)


@pytest.mark.parametrize("measure", ALL)
def test_no_site_offers_twice(measure):
    twice = pd.Series([1, 5, 1, 1], index=["X", "X", "Y", "Z"])
    with pytest.raises(ParameterError, match="supply has twice the id X"):
        measure(M, supply=twice, demand=DEMAND)
