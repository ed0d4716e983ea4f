"""First sets of sites by counting: the same that an integer programme gives, or none."""

from __future__ import annotations

import numpy as np
import pytest

from access.siting import constraints
from access.siting.constraints import _by_counting, _feasible_sites
from access.siting.search import _Model, _SideRows, _Watch


def model(seed, alike=False):
    rng = np.random.default_rng(seed)
    n, m, p = 9, 10, int(rng.integers(1, 6))
    minutes = rng.uniform(0, 40, (n, m)).round(0 if alike else 2)
    many = int(rng.integers(0, 6))
    matrix = (rng.random((many, m)) < rng.uniform(0.1, 0.6)).astype(float)
    low, high = rng.integers(0, 3, many).astype(float), np.full(many, np.inf)
    for k in range(many):
        if rng.random() < 0.3:  # at most so many, or a budget
            low[k], high[k] = -np.inf, float(rng.integers(0, 4))
            matrix[k] *= rng.uniform(0.5, 1.5, m) if rng.random() < 0.5 else 1.0
    must, may = rng.random(m) < 0.1, rng.random(m) < 0.9
    may |= must
    fewest = p if rng.random() < 0.6 else int(rng.integers(0, p + 1))
    return _Model(
        minutes, rng.integers(0, 9, n).astype(float), np.where(rng.random(m) < 0.1, 5.0, 0.0),
        fewest, p, must, may, _SideRows(matrix, low, high),
    )  # fmt: skip


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("block", range(4))
def test_counting_gives_what_the_programme_gives(block, alike, monkeypatch):
    counts = {"counted": 0, "nothing": 0, "left": 0}
    for seed in range(50 * block, 50 * block + 50):
        asked = model(seed, alike)
        found = _feasible_sites(asked, _Watch())
        with monkeypatch.context() as patch:
            patch.setattr(constraints, "_by_counting", lambda *_: None)
            programme = _feasible_sites(asked, _Watch())
        assert (found is None) == (programme is None)
        if found is not None:
            assert found.tolist() == programme.tolist()
        counted = _by_counting(asked, asked.opening + asked.minutes.mean(axis=0))
        key = "left" if counted is None else "counted" if len(counted) else "nothing"
        counts[key] += 1
    assert counts["nothing"] > 5 and (alike or counts["counted"] > 5), counts


def test_two_sites_as_cheap_are_left_to_the_programme():
    rows = _SideRows(np.array([[1.0, 1.0, 0.0]]), np.array([1.0]), np.array([np.inf]))
    asked = _Model(
        np.array([[3.0, 3.0, 9.0]]), np.ones(1), np.zeros(3), 1, 1, np.zeros(3, bool),
        np.ones(3, bool), rows,
    )  # fmt: skip
    assert _by_counting(asked, np.array([3.0, 3.0, 9.0])) is None
    assert _by_counting(asked, np.array([3.0, 4.0, 9.0])).tolist() == [0]


def test_more_groups_than_sites_are_seen_without_a_programme(monkeypatch):
    monkeypatch.setattr(constraints, "_solve_rows", None)
    rows = _SideRows(np.eye(3), np.ones(3), np.full(3, np.inf))
    asked = _Model(
        np.array([[3.0, 4.0, 9.0]]), np.ones(1), np.zeros(3), 2, 2, np.zeros(3, bool),
        np.ones(3, bool), rows,
    )  # fmt: skip
    assert _feasible_sites(asked, _Watch()) is None
