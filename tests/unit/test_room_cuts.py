"""Cuts of three areas where sites have room: what they say holds for every plan."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import LinearConstraint, milp

from access.siting import (
    Capacity,
    Demand,
    Goal,
    Problem,
    branch_and_price,
    capacitated,
    site,
    verify,
)
from access.siting.branch_and_price import _BranchAndPrice
from access.siting.capacitated import _Knapsacks
from access.siting.column_programme import _both, _broken, _fill_at_prices
from access.siting.search import _SideRows, _Stop, _Watch


def every_filling(uses, room):
    """List every set of areas that fits: shape (areas, sets)."""
    sets = [[i in s for i in range(len(uses))]
            for k in range(len(uses) + 1) for s in combinations(range(len(uses)), k)]  # fmt: skip
    take = np.array(sets, bool).T
    return take[:, uses @ take <= room]


def crowded(seed, n=14, m=6, p=3, tight=0.92):
    rng = np.random.default_rng(seed)
    xy, uses = rng.integers(1, 60, (n, 2)), rng.integers(1, 9, n).astype(float)
    minutes = np.floor(np.hypot(*(xy[:, None] - xy[None, :m]).transpose(2, 0, 1)))
    return minutes, uses, float(np.ceil(uses.sum() / p / tight)), p


def textbook(minutes, uses, room, p):
    """Solve x_ij <= y_j with scipy; None where nothing is possible."""
    n, m = minutes.shape
    cost = np.concatenate([minutes.ravel(), np.zeros(m)])
    once = np.hstack([np.kron(np.eye(n), np.ones(m)), np.zeros((n, m))])
    fill = np.hstack([np.kron(uses, np.eye(m)), -room * np.eye(m)])
    count = np.concatenate([np.zeros(n * m), np.ones(m)])[None, :]
    rules = [LinearConstraint(once, 1, 1), LinearConstraint(fill, -np.inf, 0),
             LinearConstraint(count, p, p)]  # fmt: skip
    found = milp(cost, constraints=rules, integrality=np.ones(n * m + m), bounds=(0, 1))
    return round(found.fun) if found.status == 0 else None


@pytest.mark.parametrize("seed", range(20))
def test_no_filling_saves_more_than_is_said_and_what_is_found_saves_so_much(seed):
    rng = np.random.default_rng(seed)
    n, m = 9, 5
    uses, room = rng.integers(1, 6, n).astype(float), rng.integers(8, 16, m).astype(float)
    saving = np.maximum(rng.uniform(-2, 6, (n, m)), 0.0)
    triples = np.array([rng.choice(n, 3, replace=False) for _ in range(6)])
    fines, bonus = rng.uniform(0.1, 4, 6), rng.uniform(-1, 1, m)
    bonus[seed % m] = np.inf  # must be open
    sacks = _Knapsacks(saving, uses, room, 2, np.zeros(m, bool), np.ones(m, bool), True)
    best = []
    for j in range(m):
        take = every_filling(uses, room[j])
        best.append((saving[:, j] @ take - fines @ _both(take, triples)).max())
    for most in (0.0, 2.0, 1000.0):
        upper, found, taken, filled = _fill_at_prices(
            sacks.fill, saving, np.arange(m), bonus, 2, triples, fines, most
        )
        assert (upper >= np.array(best) - 1e-9).all() and filled >= m
        assert (uses @ taken <= room).all()
        told = (saving * taken).sum(axis=0) - fines @ _both(taken > 0.5, triples)
        assert told == pytest.approx(found) and (found <= np.array(best) + 1e-9).all()
    # brought to an end: the sites that are open are told exactly, and none is missed
    wanted = np.array(best) + bonus
    least = np.sort(wanted)[-2]
    assert upper[wanted >= least] == pytest.approx(np.array(best)[wanted >= least])
    assert (upper[wanted < least] + bonus[wanted < least] <= least + 1e-9).all()


@pytest.mark.parametrize("seed", range(10))
def test_the_cuts_found_are_the_broken_ones_and_no_plan_breaks_any(seed):
    rng = np.random.default_rng(seed)
    take, part = rng.random((8, 12)) < 0.4, rng.uniform(0, 0.6, 12)
    part[0] = 1.0  # a column that is taken as a whole mixes with nothing
    every = np.array(list(combinations(range(8), 3)))
    mixed = part < 1
    over = _both(take[:, mixed], every) @ part[mixed]
    found = _broken(take, part)
    said = {tuple(t) for t in found.tolist()}
    assert said <= {tuple(t) for t in every[over > 1].tolist()}
    assert bool(said) == bool((over > 1.05).any())
    groups = rng.integers(0, 4, 8)  # a plan: each area in one group
    plan = groups[:, None] == np.arange(4)[None, :]
    assert (_both(plan, every).sum(axis=1) <= 1).all()


@pytest.fixture
def cuts_everywhere(monkeypatch):
    """Make cuts in small problems, too; tells how many were made."""
    made = []
    real = _BranchAndPrice._cut
    monkeypatch.setattr(capacitated, "_MANY_PAIRS", 0)
    monkeypatch.setattr(branch_and_price, "_MANY_PAIRS", 0)
    monkeypatch.setattr(branch_and_price, "_PLAN_AT", {1, 2, 3})

    def cut(self, point):
        made.append(real(self, point))
        return made[-1]

    monkeypatch.setattr(_BranchAndPrice, "_cut", cut)
    return made


@pytest.mark.usefixtures("cuts_everywhere")
@pytest.mark.parametrize("seed", range(20))
def test_with_cuts_the_answer_is_the_textbook_s_and_no_bound_is_above_it(seed):
    minutes, uses, room, p = crowded(seed)
    best = textbook(minutes, uses, room, p)
    problem = Problem(
        Demand(pd.DataFrame(minutes)), p=p, goals=Goal.total(), rules=(Capacity(room, uses),)
    )
    found = site(problem)
    if best is None:
        assert found.status == "infeasible"
        return
    assert (found.status, found.objective, found.bound) == ("proven_optimal", best, best)
    assert verify(problem, found).passed
    for work in (200_000, 1_000_000):
        part = site(problem, work_limit=work)
        if part.chosen:
            assert part.bound <= best + 1e-9 <= part.objective + 2e-9
            assert part.gap == pytest.approx((part.objective - part.bound) / part.objective)


@pytest.mark.usefixtures("cuts_everywhere")
@pytest.mark.parametrize("seed", [0, *range(2, 12)])  # the one left out alone takes ten seconds
def test_a_bound_that_is_not_brought_to_its_end_closes_nothing(seed, monkeypatch):
    """Fillings under prices of cuts end at once here: no whole answer is taken for a proof."""
    monkeypatch.setattr(branch_and_price, "_SHARPLY", 0.0)
    monkeypatch.setattr(branch_and_price, "_QUICKLY", 0.0)
    minutes, uses, room, p = crowded(seed, n=16, m=7, p=3, tight=0.96)
    problem = Problem(
        Demand(pd.DataFrame(minutes)), p=p, goals=Goal.total(), rules=(Capacity(room, uses),)
    )
    best, found = textbook(minutes, uses, room, p), site(problem)
    assert (found.objective if found.chosen else None) == best
    assert found.status == ("infeasible" if best is None else "proven_optimal")


def test_cuts_raise_the_bound_of_the_root(cuts_everywhere, monkeypatch):
    """Of some crowded problems cuts are made, and no root is bounded lower for them."""
    bounds = {}
    for rounds in (0, 20):
        monkeypatch.setattr(branch_and_price, "_CUT_ROUNDS", rounds)
        monkeypatch.setattr(branch_and_price, "_TAIL", 0.0)
        roots = []
        for seed in range(6):
            minutes, uses, room, p = crowded(seed, n=24, m=12, p=4)
            sacks = _Knapsacks(
                minutes, uses, np.full(12, room), p, np.zeros(12, bool), np.ones(12, bool), True
            )
            first, _ = sacks.climb(np.sort(minutes, axis=1)[:, 1], np.inf, 30)
            rows = _SideRows(np.zeros((0, 12)), np.zeros(0), np.zeros(0))
            search = _BranchAndPrice(
                minutes, p, rows, sacks.fill, sacks.size, None, None, None, _Watch(),
                cuts=True,
            )  # fmt: skip
            every = np.ones(minutes.shape, bool)
            node = branch_and_price._Node(
                first.value, np.zeros(12, bool), np.ones(12, bool), every, first.prices, np.zeros(0)
            )
            roots.append(search.bounded(node)[0].bound)
        bounds[rounds] = np.array(roots)
    assert any(cuts_everywhere)
    assert (bounds[20] >= bounds[0] - 1e-6).all() and (bounds[20] > bounds[0] + 0.1).any()


@pytest.mark.parametrize("seed", [0, 1, 5, 19, 23, 24])
def test_every_step_of_a_dive_sends_an_area_more_and_what_it_offers_keeps_the_room(seed):
    minutes, uses, room, p = crowded(seed, n=40, m=40, p=5, tight=0.95)
    sacks = _Knapsacks(
        minutes, uses, np.full(40, room), p, np.zeros(40, bool), np.ones(40, bool), True
    )
    rows, offered, sent = _SideRows(np.zeros((0, 40)), np.zeros(0), np.zeros(0)), [], []

    def offer(sites, where):
        offered.append((sites, where))
        return np.inf

    search = _BranchAndPrice(minutes, p, rows, sacks.fill, sacks.size, offer, None, None, _Watch())
    every = np.ones(minutes.shape, bool)
    node, point = search.bounded(branch_and_price._Node(
        -np.inf, np.zeros(40, bool), np.ones(40, bool), every, minutes.mean(axis=1), np.zeros(0)
    ))  # fmt: skip
    real = search.bounded

    def bounded(node):
        sent.append(int((node.pairs.sum(axis=1) == 1).sum()))
        return real(node)

    search.bounded = bounded
    open_ = search.dive(node, point)
    assert (np.diff([0, *sent]) > 0).all() and open_.sum() == pytest.approx(p)
    for sites, where in offered:
        assert np.isin(where, sites).all() and len(sites) == p
        assert (np.bincount(where, uses) <= room).all()


def test_steps_of_the_programme_and_branches_that_are_tried_are_work():
    """Knapsacks that cost nothing leave the programme's own work: a limit ends that as well."""
    rng = np.random.default_rng(4)
    xy, uses = rng.integers(1, 101, (40, 2)), rng.integers(1, 21, 40).astype(float)
    minutes = np.floor(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))
    room = np.full(40, np.ceil(uses.sum() / 4 / 0.95))
    none, every = np.zeros(40, bool), np.ones(40, bool)
    sacks = _Knapsacks(minutes, uses, room, 4, none, every, True)
    rows = _SideRows(np.zeros((0, 40)), np.zeros(0), np.zeros(0))

    def searched(work):
        watch = _Watch(work=work)
        search = _BranchAndPrice(minutes, 4, rows, sacks.fill, 0.0, None, None, None, watch)
        _, point = search.bounded(
            branch_and_price._Node(
                -np.inf, none, every, minutes < np.inf, minutes.mean(axis=1), np.zeros(0)
            )
        )
        before = watch.work
        groups = [np.arange(40) % 4 == k for k in range(3)]
        search.master.probe(groups, [float(point.open[g].sum()) for g in groups])
        return work - before, before - watch.work

    solved, tried = searched(1e12)
    assert solved > 0 and tried > 0 and searched(1e12) == (solved, tried)
    for enough in (solved, solved + tried):
        with pytest.raises(_Stop):
            searched(enough - 1)
    assert searched(solved + tried) == (solved, tried)
