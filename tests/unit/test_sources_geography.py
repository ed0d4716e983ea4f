"""Figures of one census's areas on the other's: totals kept, estimates labelled."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import StudyError
from access.sources.points import (
    _boundaries_from_former,
    _convert_counts,
    _convert_ranks,
    _share,
)

PAIRS = pd.DataFrame(
    [("U", "U"), ("S", "S1"), ("S", "S2"), ("S", "S3"), ("M1", "M"), ("M2", "M"), ("X", "Y"),
     ("X", "Z"), ("W", "Z")], columns=["old", "new"],
)  # fmt: skip
PEOPLE = pd.Series({"U": 9, "S1": 100, "S2": 50, "S3": 50, "M": 10, "Y": 30, "Z": 60})


def test_by_hand():
    counts = pd.DataFrame({"n": [5, 11, 3, 4, 10, 7]}, index=["U", "S", "M1", "M2", "X", "W"])
    done = _convert_counts(counts, PAIRS, PEOPLE)
    # S: 11 by 100, 50, 50 is 5.5, 2.75, 2.75; X: 10 by 30 and 60 is 3.33, 6.67; Z has W's 7 too
    assert done.frame["n"].to_dict() == {"U": 5, "S1": 5, "S2": 3, "S3": 3, "M": 7, "Y": 3, "Z": 14}
    assert done.estimated[done.estimated].index.tolist() == ["S1", "S2", "S3", "Y", "Z"]
    assert "5 areas are parts of split ones" in done.notes[1]


@given(
    st.lists(st.integers(0, 500), min_size=6, max_size=6),
    st.lists(st.integers(1, 400), min_size=7, max_size=7),
)
@settings(max_examples=40)
def test_totals_are_kept_whatever_the_counts(values, people):
    counts = pd.DataFrame({"n": values}, index=["U", "S", "M1", "M2", "X", "W"])
    done = _convert_counts(counts, PAIRS, pd.Series(people, index=PEOPLE.index))
    assert done.frame["n"].sum() == sum(values) and (done.frame["n"] >= 0).all()
    floats = _convert_counts(counts + 0.5, PAIRS, PEOPLE)
    assert floats.frame["n"].sum() == pytest.approx(sum(values) + 3)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**4), min_size=1, max_size=9).filter(sum))
def test_shares_are_whole_and_sum(total, weights):
    parts = _share(total, weights, whole=True)
    assert parts.sum() == total and (parts == parts.round()).all()
    assert all(abs(p - total * w / sum(weights)) < 1 for p, w in zip(parts, weights, strict=True))


def test_nothing_is_lost_in_silence():
    counts = pd.DataFrame({"n": [5, 2]}, index=["U", "Q"])
    with pytest.raises(StudyError, match=r"not in the look-up \(Q\)"):
        _convert_counts(counts, PAIRS, PEOPLE)
    with pytest.raises(StudyError, match="nobody lives in the parts of S"):
        _convert_counts(pd.DataFrame({"n": [5]}, index=["S"]), PAIRS, PEOPLE * 0)
    with pytest.raises(StudyError, match="residents of S1 are not known"):
        _convert_counts(pd.DataFrame({"n": [5]}, index=["S"]), PAIRS, PEOPLE.drop("S1"))


def test_ranks_of_parts_and_of_merged_areas():
    ranks = pd.DataFrame({"r": [10, 20, 100, 200]}, index=["U", "S", "M1", "M2"])
    done = _convert_ranks(ranks, PAIRS, pd.Series({"M1": 300, "M2": 100}))
    assert done.frame["r"].to_dict() == {"M": 125, "S1": 20, "S2": 20, "S3": 20, "U": 10}
    assert not done.estimated["U"] and done.estimated.drop("U").all()
    assert "mean by residents" in done.notes[0]


def test_a_mean_that_nobody_weighed_is_not_called_one_by_residents():
    ranks = pd.DataFrame({"r": [10, 20, 100, 200]}, index=["U", "S", "M1", "M2"])
    done = _convert_ranks(ranks, PAIRS, None)
    assert done.frame["r"]["M"] == 150
    assert "plain mean" in done.notes[0] and "residents" not in done.notes[0]


def test_boundaries_of_the_census_before():
    whole = shapely.box(-1.4, 53.4, -1.36, 53.42)
    left = shapely.box(-1.4, 53.4, -1.38, 53.42)
    areas = pd.DataFrame({"id": ["A", "B", "C"], "parent": "P", "lon": [-1.39, -1.375, -1.365],
                          "lat": 53.41})  # fmt: skip
    former = gpd.GeoSeries([left], index=["A"], crs=4326)
    done, estimated = _boundaries_from_former(
        areas, former, gpd.GeoSeries([whole], index=["P"], crs=4326)
    )
    assert estimated == 2 and list(done.index) == ["A", "B", "C"] and done.is_valid.all()
    metric = done.to_crs(27700)
    assert metric.area.sum() == pytest.approx(
        gpd.GeoSeries([whole], crs=4326).to_crs(27700).area[0], rel=1e-3
    )
    assert done["B"].contains(shapely.Point(-1.375, 53.41))
    assert done["B"].intersection(done["C"]).area == pytest.approx(0, abs=1e-9)
    with pytest.raises(StudyError, match="no boundary of P"):
        _boundaries_from_former(areas, former, gpd.GeoSeries([whole], index=["Q"], crs=4326))
