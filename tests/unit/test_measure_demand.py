"""Demand tables: every fault is told at once, nothing is dropped, rows follow the matrix."""

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.measure import align_demand
from access.measure.demand import align, by_area, people_drawn

AREAS = ["a", "b", "c"]


def test_not_a_table():
    with pytest.raises(ParameterError, match=r"demand=.*expected a table \(DataFrame\)"):
        align_demand([1, 2, 3], AREAS)


def test_no_count_column_says_how_to_mend_it():
    with pytest.raises(ParameterError, match=r"no column 'count'.*rename"):
        align_demand(pd.DataFrame({"id": AREAS, "children": [1, 2, 3]}), AREAS)


def test_every_id_fault_is_told_at_once():
    frame = pd.DataFrame({"id": ["a", "a", "x"], "count": [1, 2, 3]})
    with pytest.raises(ParameterError) as error:
        align_demand(frame, AREAS)
    assert [(f.where, f.column) for f in error.value.faults] == [
        ("a", "id"),
        ("x", "id"),
        ("b", "id"),
        ("c", "id"),
    ]


@pytest.mark.parametrize("bad", [-1, "many", None, float("nan"), float("inf")])
def test_counts_that_are_not_counts(bad):
    frame = pd.DataFrame({"id": AREAS, "count": pd.Series([1, bad, 2], dtype=object)})
    with pytest.raises(ParameterError) as error:
        align_demand(frame, AREAS)
    assert [f.where for f in error.value.faults] == ["b"]


def test_nobody_anywhere():
    with pytest.raises(ParameterError, match="zero in all 3 areas"):
        align_demand(pd.DataFrame({"id": AREAS, "count": 0}), AREAS)


def test_by_area_wrong_length_and_out_of_bounds():
    with pytest.raises(ParameterError, match="2 numbers; expected one for each of 3"):
        by_area([0.1, 0.2], AREAS, name="p_no_car")
    with pytest.raises(ParameterError) as error:
        by_area([0.1, 1.2, -0.1], AREAS, name="p_no_car", high=1.0)
    assert [f.where for f in error.value.faults] == ["b", "c"]


def test_many_faults_are_counted_and_the_first_are_shown():
    ids = [f"a{i}" for i in range(200)]
    with pytest.raises(ParameterError, match="200 faults") as error:
        align_demand(pd.DataFrame({"id": ids, "count": -1}), ids)
    assert len(error.value.faults) == 50


def test_rows_follow_the_matrix_whatever_their_order_or_index():
    frame = pd.DataFrame({"id": ["c", "a", "b"], "count": [3, 1, 2], "ward": ["W", "U", "V"]})
    by_column = align_demand(frame, AREAS)
    by_index = align_demand(frame.set_index("id"), AREAS)
    assert by_column["count"].tolist() == [1.0, 2.0, 3.0] == by_index["count"].tolist()
    assert by_column["ward"].tolist() == ["U", "V", "W"]
    assert list(frame["count"]) == [3, 1, 2], "the caller's table is left as it was"


def test_numeric_ids_match_as_text():
    assert align(pd.DataFrame({"id": [2, 1], "x": ["p", "q"]}), ["1", "2"])["x"].tolist() == [
        "q",
        "p",
    ]


def test_by_area_matches_by_id_or_by_order():
    expected = [0.1, 0.2, 0.3]
    assert by_area(np.array(expected), AREAS, name="p").tolist() == expected
    assert by_area({"c": 0.3, "b": 0.2, "a": 0.1}, AREAS, name="p").tolist() == expected
    series = pd.Series([0.3, 0.1, 0.2], index=["c", "a", "b"])
    assert by_area(series, AREAS, name="p").tolist() == expected


def test_somebody_is_in_every_draw_of_few_people():
    count, rng = np.array([0.3, 0.0, 0.1]), np.random.default_rng(1)
    drawn = people_drawn(rng, count, 20_000)
    assert drawn.sum(axis=1).min() == 1
    assert not drawn[:, 1].any()
    # Poisson, given that there is somebody: each mean is greater by 1 / (1 - exp(-0.4))
    assert drawn.mean(axis=0) == pytest.approx(count / (1 - np.exp(-0.4)), abs=0.02)


def test_of_those_who_are_reached_somebody_is_drawn():
    count, reached = np.array([50.0, 0.01]), np.array([False, True])
    drawn = people_drawn(np.random.default_rng(1), count, 200, reached)
    assert (drawn[:, 1] > 0).all()
    assert drawn[:, 0].mean() == pytest.approx(50, abs=2)
    alone = people_drawn(np.random.default_rng(1), count, 9, np.array([False, False]))
    assert alone.shape == (9, 2)  # where nobody is reached, nobody is asked for


def test_draws_of_many_people_are_the_plain_ones():
    count = np.array([40.0, 3.0, 0.0])
    plain = np.random.default_rng(3).poisson(count, (30, 3))
    assert (people_drawn(np.random.default_rng(3), count, 30) == plain).all()
