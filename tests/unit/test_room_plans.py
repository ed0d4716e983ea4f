"""Sites by prices of room: bounds that hold, rules that are kept, and parts that only help."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from access.siting import Capacity, Demand, Goal, Problem, site, verify
from access.siting.capacitated import _Knapsacks, _Searching
from access.siting.heuristics import _CapacitatedModel, _fill, _room_prices, _Sites
from access.siting.search import _SideRows, _Watch


def shared(cost, uses, room):
    """Give the least cost where areas may be split, from scipy."""
    n, k = cost.shape
    once, fill = np.kron(np.eye(n), np.ones(k)), np.kron(uses, np.eye(k))
    open_ = np.where(np.isfinite(cost), 1.0, 0.0).ravel()
    found = linprog(
        np.where(np.isfinite(cost), cost, 0.0).ravel(), A_ub=fill, b_ub=room, A_eq=once,
        b_eq=np.ones(n), bounds=list(zip(np.zeros(n * k), open_, strict=True)),
    )  # fmt: skip
    return found.fun if found.status == 0 else np.inf


def model(seed, n=16, m=8, p=3, tight=0.85):
    rng = np.random.default_rng(seed)
    xy = rng.integers(1, 101, (n, 2))
    cost = np.hypot(*(xy[:, None] - xy[None, :m]).transpose(2, 0, 1)).round(2)
    uses = rng.integers(1, 9, n).astype(float)
    room = np.ceil(uses.sum() / p / tight * rng.uniform(0.9, 1.2, m))
    must, may = np.zeros(m, bool), np.ones(m, bool)
    must[0], may[1] = True, False
    matrix = np.zeros((1, m))
    matrix[0, [2, 3]] = 1.0
    rows = _SideRows(matrix, np.array([1.0]), np.array([1.0]))
    return _CapacitatedModel(cost, uses, room, p, p, must, may, rows, False)


@pytest.mark.parametrize("seed", range(12))
def test_prices_of_room_bound_what_split_areas_cost_and_come_near_it(seed):
    shape, rng = model(seed), np.random.default_rng(seed)
    chosen = np.sort(rng.choice(8, 3, replace=False))
    cost, room = shape.cost[:, chosen], shape.room[chosen]
    best = shared(cost, shape.uses, room)
    bound, prices = _room_prices(cost, shape.uses, room, np.zeros(3), 200)
    if np.isfinite(best):
        assert 0.98 * best - 1e-6 <= bound <= best + 1e-6
    assert (prices >= 0).all()


def test_an_area_that_may_go_to_none_of_them_is_seen():
    cost = np.array([[1.0, 2.0], [np.inf, np.inf]])
    bound, _ = _room_prices(cost, np.ones(2), np.full(2, 9.0), np.zeros(2), 10)
    assert bound == np.inf


@pytest.mark.parametrize("seed", range(8))
def test_swaps_keep_every_rule_and_never_lose(seed):
    shape = model(seed)
    search = _Sites(shape, _Watch())
    start = search.first()
    if start is None:
        return
    opened, prices, value = search.improve(start)
    assert 0 in opened and 1 not in opened and len({2, 3} & {*opened}) == 1
    assert shape.room[opened].sum() >= shape.uses.sum()
    before, _ = _room_prices(shape.cost[:, start], shape.uses, shape.room[start], np.zeros(3), 200)
    assert value <= before + 1e-9
    where = _fill(shape, opened, prices)
    if where is not None:
        load = np.bincount(where, shape.uses, 3)
        assert (load <= shape.room[opened] + 1e-9).all()


@pytest.mark.parametrize("seed", [0, 3])
def test_solving_part_by_part_only_helps_and_keeps_room_and_rules(seed):
    shape = model(seed, n=40, m=20, p=8, tight=0.8)
    search = _Searching(shape, _Watch(), 0.0)
    search._descend(search.around.first())
    before = search.plan
    assert before is not None
    search._part_by_part(shape.cost.min(axis=1), 4)
    after = search.plan
    assert after.value <= before.value
    assert after.value == pytest.approx(shape.cost[after.parts > 0].sum())
    assert (after.parts.sum(axis=1) == 1).all()
    load = (after.parts * shape.uses[:, None]).sum(axis=0)
    assert (load <= shape.room + 1e-9).all() and {*np.flatnonzero(load)} <= {*after.chosen}
    assert 0 in after.chosen and 1 not in after.chosen and shape.rows.hold(after.chosen)
    assert len(after.chosen) == 8


@pytest.mark.parametrize("seed", range(6))
def test_the_knapsacks_of_split_areas_are_those_of_a_sort(seed):
    rng = np.random.default_rng(seed)
    n, m = 12, 5
    uses, room = rng.uniform(0, 5, n) * (rng.random(n) < 0.8), rng.uniform(3, 9, m)
    saving = np.maximum(rng.uniform(-3, 5, (n, m)), 0.0)
    if seed == 0:
        saving[:] = 0.0
    sacks = _Knapsacks(saving, uses, room, 2, np.zeros(m, bool), np.ones(m, bool), False)
    worth, taken = sacks._loosely(saving)
    for j in range(m):
        found = linprog(-saving[:, j], A_ub=uses[None, :], b_ub=[room[j]], bounds=(0, 1))
        assert worth[j] == pytest.approx(-found.fun, abs=1e-7)
        assert taken[:, j] @ uses <= room[j] + 1e-9
        assert taken[:, j] @ saving[:, j] == pytest.approx(worth[j])


def test_many_areas_are_bounded_closely(monkeypatch):
    monkeypatch.setattr("access.siting.search._clock", lambda: 0.0)
    rng = np.random.default_rng(3)
    areas, sites = rng.uniform(0, 100, (1200, 2)), rng.uniform(0, 100, (40, 2))
    minutes = np.hypot(*(areas[:, None] - sites[None]).transpose(2, 0, 1)).round(2)
    uses = rng.integers(1, 40, 1200).astype(float)
    room = np.round(uses.sum() / 5 / 0.9 * rng.uniform(0.8, 1.2, 40))
    problem = Problem(
        Demand(pd.DataFrame(minutes), weights=uses), p=5, goals=Goal.total(),
        rules=(Capacity(dict(zip(map(str, range(40)), room, strict=True)), uses),),
    )  # fmt: skip
    found = site(problem, gap=0.01)
    assert 0 < found.gap <= 0.01 and found.bound <= found.objective
    assert verify(problem, found).passed
