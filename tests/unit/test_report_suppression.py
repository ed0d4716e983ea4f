"""No suppressed count can be derived from what is published beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from access.disclosure import Sum, _intervals, suppress
from access.errors import ParameterError


def grid_sums(rows: int, columns: int) -> list[Sum]:
    """Every sum of a table whose last row and last column are totals."""

    def cell(r: int, c: int) -> int:
        return r * columns + c

    across = [
        Sum(cell(r, columns - 1), tuple(cell(r, c) for c in range(columns - 1)))
        for r in range(rows)
    ]
    down = [
        Sum(cell(rows - 1, c), tuple(cell(r, c) for r in range(rows - 1))) for c in range(columns)
    ]
    return across + down


def with_totals(inside: np.ndarray) -> np.ndarray:
    wide = np.column_stack([inside, inside.sum(axis=1)])
    return np.vstack([wide, wide.sum(axis=0)]).ravel()


def possible_values(
    counts: np.ndarray, hidden: np.ndarray, sums: list[Sum], most: int
) -> list[set[int]]:
    """Try every way of filling the hidden cells with 1 .. most: the reader's own attack."""
    cells = np.flatnonzero(hidden)
    found: list[set[int]] = [set() for _ in cells]
    for guess in itertools.product(range(1, most + 1), repeat=len(cells)):
        trial = counts.copy()
        trial[cells] = guess
        if all(trial[s.total] == trial[list(s.parts)].sum() for s in sums):
            for seen, value in zip(found, guess, strict=True):
                seen.add(value)
    return found


class TestWrongInputs:
    def test_a_negative_count_is_refused(self):
        with pytest.raises(ParameterError, match="0 or more"):
            suppress([3, -1])

    def test_a_total_that_is_not_the_sum_is_refused(self):
        with pytest.raises(ParameterError, match=r"total of 9 .* add up to 7"):
            suppress([3, 4, 9], [Sum(2, (0, 1))])

    def test_a_table_of_tables_is_refused(self):
        with pytest.raises(ParameterError, match="flat list"):
            suppress([[1, 2], [3, 4]])


class TestByHand:
    def test_one_to_four_are_hidden_and_zero_and_five_are_not(self):
        assert suppress([0, 1, 4, 5, 6]).tolist() == [False, True, True, False, False]

    def test_a_fraction_of_a_person_is_hidden_too(self):
        assert suppress([0.0, 0.2, 4.9, 5.0]).tolist() == [False, True, True, False]

    def test_a_count_not_known_is_left_alone(self):
        assert suppress([np.nan, 3, 9]).tolist() == [False, True, False]

    def test_two_ones_under_a_total_of_two_would_give_themselves_away(self):
        hidden = suppress([1, 1, 60, 62], [Sum(3, (0, 1, 2))])
        assert hidden.tolist() == [True, True, True, False]

    def test_two_fours_under_a_total_leave_enough_open(self):
        hidden = suppress([4, 4, 60, 68], [Sum(3, (0, 1, 2))])
        assert hidden.tolist() == [True, True, False, False]

    def test_a_zero_never_stands_in_as_the_partner(self):
        hidden = suppress([3, 0, 0, 9, 12], [Sum(4, (0, 1, 2, 3))])
        assert hidden.tolist() == [True, False, False, True, False]

    def test_an_only_part_takes_its_total_with_it(self):
        assert suppress([3, 0, 3], [Sum(2, (0, 1))]).tolist() == [True, False, True]

    def test_a_threshold_of_one_hides_nothing(self):
        assert not suppress([1, 2, 3, 6], [Sum(3, (0, 1, 2))], threshold=1).any()

    def test_a_square_of_four_is_hidden_in_a_two_way_table(self):
        counts = with_totals(np.array([[3, 20, 30], [40, 50, 60], [70, 80, 90]]))
        hidden = suppress(counts, grid_sums(4, 4)).reshape(4, 4)
        assert hidden.sum() == 4
        assert hidden[0, 0]
        assert not hidden[-1].any()
        assert not hidden[:, -1].any()

    def test_the_interval_of_a_hidden_cell_is_what_a_reader_can_work_out(self):
        low, high = _intervals([3, 40, 12, 55], [1, 0, 1, 0], [Sum(3, (0, 1, 2))])
        assert (low[0], high[0]) == (1, 14)

    def test_a_cell_pinned_only_by_several_sums_together_is_found(self):
        # Four sums of two hidden cells each: every one looks safe alone, and the loop is not.
        counts = with_totals(np.array([[3, 9, 40], [30, 4, 40], [40, 40, 40]]))
        sums = grid_sums(4, 4)
        low, high = _intervals(counts, suppress(counts, sums), sums)
        assert ((high - low)[suppress(counts, sums)] >= 3).all()

    def test_a_linear_programme_sees_what_one_sum_at_a_time_does_not(self):
        # Hidden a, b, c with a+b=10, b+c=10, a+c=10: each sum alone says 1 to 9, together 5.
        counts = [5, 5, 5, 10, 10, 10]
        sums = [Sum(3, (0, 1)), Sum(4, (1, 2)), Sum(5, (0, 2))]
        low, high = _intervals(counts, [1, 1, 1, 0, 0, 0], sums)
        assert np.allclose(low[:3], 5, atol=1e-4)
        assert np.allclose(high[:3], 5, atol=1e-4)


counts_1d = st.lists(st.integers(0, 12), min_size=2, max_size=6)
grids = st.integers(1, 4).flatmap(
    lambda c: st.lists(st.lists(st.integers(0, 12), min_size=c, max_size=c), min_size=1, max_size=4)
)


class TestProperties:
    @given(counts_1d)
    @settings(max_examples=50)
    def test_one_column_by_trying_every_filling(self, parts):
        counts = np.array([*parts, sum(parts)])
        sums = [Sum(len(parts), tuple(range(len(parts))))]
        hidden = suppress(counts, sums)
        assume(hidden.sum() <= 4)
        for values in possible_values(counts, hidden, sums, most=12):
            assert len(values) >= 4

    @given(grids)
    @settings(max_examples=60)
    def test_two_way_tables_by_intervals_and_by_linear_algebra_and_alike_twice(self, inside):
        counts = with_totals(np.array(inside))
        sums = grid_sums(len(inside) + 1, len(inside[0]) + 1)
        hidden = suppress(counts, sums)
        low, high = _intervals(counts, hidden, sums)
        assert hidden[(counts > 0) & (counts < 5)].all()
        assert not hidden[counts == 0].any()
        assert ((high - low)[hidden] > 3 - 1e-3).all()
        assert (low <= counts + 1e-3).all()
        assert (high >= counts - 1e-3).all()
        assert np.array_equal(suppress(counts.astype(float), sums), hidden)
        # no hidden cell is a sum of published ones
        cells = np.flatnonzero(hidden)
        if not cells.size:
            return
        system = np.zeros((len(sums), counts.size))
        for row, s in enumerate(sums):
            system[row, s.total] = 1
            system[row, list(s.parts)] = -1
        unknown = system[:, cells]
        # A cell can be solved for exactly when its unit vector lies in the row space.
        rank = np.linalg.matrix_rank(unknown)
        for k in range(cells.size):
            unit = np.eye(cells.size)[k]
            assert np.linalg.matrix_rank(np.vstack([unknown, unit])) > rank


def test_a_table_of_many_areas_is_done_in_good_time():
    rng = np.random.default_rng(7)
    counts = with_totals(rng.poisson(12, size=(60, 5)))
    hidden = suppress(counts, grid_sums(61, 6))
    assert hidden.any()
    assert not hidden.all()
