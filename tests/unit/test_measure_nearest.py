"""Nearest and second nearest: ties by id, unreached with a reason."""

import math
from dataclasses import replace

import numpy as np
import pytest

from access.errors import ParameterError, ScenarioError
from access.measure import nearest
from access.network.matrix import Status, TravelMatrix

INF = math.inf


def matrix(minutes, sites):
    areas = [f"a{i}" for i in range(len(minutes))]
    return TravelMatrix.from_minutes(minutes, area_ids=areas, site_ids=sites)


def test_nothing_open():
    with pytest.raises(ScenarioError, match="every site is closed"):
        nearest(matrix([[1.0]], ["X"]), [])


def test_unknown_sites_are_all_named():
    with pytest.raises(ParameterError, match=r"\['P', 'Q'\]"):
        nearest(matrix([[1.0]], ["X"]), ["P", "X", "Q"])


def test_first_and_second_of_an_asymmetric_matrix():
    found = nearest(matrix([[9, 4, 6], [1, 8, 3]], ["X", "Y", "Z"]), ["X", "Y", "Z"])
    assert found.site.tolist() == ["Y", "X"]
    assert found.minutes.tolist() == [4, 1]
    assert found.second_site.tolist() == ["Z", "Z"]
    assert found.second_minutes.tolist() == [6, 3]


def test_ties_go_to_the_lesser_id_in_any_column_order():
    for sites in (["B", "A", "C"], ["C", "B", "A"]):
        found = nearest(matrix([[5, 5, 5]], sites), sites)
        assert (found.site[0], found.second_site[0]) == ("A", "B")


def test_one_open_site_has_no_second():
    found = nearest(matrix([[5.0]], ["X"]), ["X"])
    assert found.second_site[0] == ""
    assert found.second_minutes[0] == INF


def test_the_unreached_have_no_site_and_a_reason():
    m = matrix([[INF, INF], [INF, 3.0], [INF, INF]], ["X", "Y"])
    status = np.array(
        [
            [Status.UNSNAPPED, Status.UNSNAPPED],
            [Status.UNREACHABLE, Status.OK],
            [Status.UNREACHABLE, Status.BEYOND_LIMIT],
        ]
    )
    found = nearest(replace(m, status=status), ["X", "Y"])
    assert found.site.tolist() == ["", "Y", ""]
    assert found.minutes.tolist() == [INF, 3.0, INF]
    assert found.status.tolist() == ["unsnapped", "ok", "beyond_limit"]


def test_metres_are_the_least_to_any_open_site():
    m = replace(matrix([[5, 6, 1]], ["X", "Y", "Z"]), network_metres=[[900.0, 400.0, 10.0]])
    assert nearest(m, ["X", "Y"]).metres.tolist() == [400.0]
