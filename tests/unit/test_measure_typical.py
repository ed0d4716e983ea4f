"""The typical family trip: blended by car ownership, and honest about who cannot get there."""

import math
from dataclasses import replace

import numpy as np
import pytest

from access.errors import ParameterError
from access.measure import typical_matrix
from access.network.matrix import Status, TravelMatrix

INF = math.inf


def pair(walk, drive, areas=("a", "b"), sites=("X",)):
    ids = {"area_ids": areas, "site_ids": sites}
    return (
        TravelMatrix.from_minutes(walk, mode="walk", assumptions=["modelled"], **ids),
        TravelMatrix.from_minutes(drive, mode="drive", assumptions=["modelled"], **ids),
    )


@pytest.mark.parametrize("parking", [-1, float("nan")])
def test_parking_must_be_minutes(parking):
    walk, drive = pair([[1.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(ParameterError, match="parking_minutes"):
        typical_matrix(walk, drive, [0.1, 0.1], parking)


def test_matrices_of_different_places():
    walk, _ = pair([[1.0], [1.0]], [[1.0], [1.0]])
    _, drive = pair([[1.0], [1.0]], [[1.0], [1.0]], areas=("a", "c"))
    with pytest.raises(ParameterError, match=r"same area_ids; only one of them has \['b', 'c'\]"):
        typical_matrix(walk, drive, [0.1, 0.1])


def test_shares_must_be_shares():
    walk, drive = pair([[1.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(ParameterError) as error:
        typical_matrix(walk, drive, {"a": 26.6, "b": 0.1})
    assert [f.where for f in error.value.faults] == ["a"]


def test_the_formula_by_hand():
    walk, drive = pair([[40.0], [6.0]], [[10.0], [5.0]])
    # a: 0.25 * 40 + 0.75 * (10 + 3); b: walking (6) beats driving and parking (8)
    assert typical_matrix(walk, drive, [0.25, 0.25]).total_minutes.ravel().tolist() == [19.75, 6.0]


def test_order_of_the_drive_matrix_and_of_the_shares_do_not_matter():
    walk, drive = pair([[40.0, 9.0], [6.0, 30.0]], [[10.0, 1.0], [5.0, 2.0]], sites=("X", "Y"))
    p = {"b": 0.5, "a": 0.25}
    turned = drive.areas(["b", "a"]).sites(["Y", "X"])
    one, two = typical_matrix(walk, drive, p), typical_matrix(walk, turned, p)
    assert np.array_equal(one.total_minutes, two.total_minutes)
    assert one.area_ids == walk.area_ids


def test_who_cannot_get_there():
    walk, drive = pair(
        [[INF], [INF], [20.0], [INF]], [[10.0], [10.0], [INF], [INF]], areas=[*"abcd"]
    )
    walk = replace(walk, status=[[Status.BEYOND_LIMIT], [3], [0], [3]])
    got = typical_matrix(walk, drive, [0.2, 0.0, 0.5, 0.0])
    assert got.total_minutes.ravel().tolist() == [INF, 13.0, 20.0, INF]
    assert got.status.ravel().tolist() == [
        Status.BEYOND_LIMIT,
        Status.OK,
        Status.OK,
        Status.UNREACHABLE,
    ]


def test_everybody_without_a_car_just_walks():
    walk, drive = pair([[40.0], [6.0]], [[1.0], [INF]])
    assert typical_matrix(walk, drive, [1.0, 1.0]).total_minutes.ravel().tolist() == [40.0, 6.0]


def test_legs_add_up_and_assumptions_are_told_once():
    walk, drive = pair([[40.0], [6.0]], [[10.0], [5.0]])
    got = typical_matrix(walk, drive, [0.25, 0.25], 4.0)
    legs = got.entry_minutes + got.network_minutes + got.exit_minutes
    assert legs == pytest.approx(got.total_minutes)
    assert got.assumptions.count("modelled") == 1
    assert any("driving + 4 minutes" in text for text in got.assumptions)
    assert got.mode == "typical"
