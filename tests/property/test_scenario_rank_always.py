"""What holds of every ranking, and of every Pareto front."""

from itertools import combinations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from access.measure import weighted_quantile
from access.network.matrix import TravelMatrix
from access.scenario import rank_closures
from access.scenario.criteria import (
    _CRITERIA,
    DEPRIVED,
    _evaluate,
    _pooled_quantiles,
    _prepare,
    _quantile_places,
)
from access.scenario.orders import _in_order, _nearest, _network, _stood_by
from access.scenario.ranking import _pareto_front
from tests.drawn import cells

INF = float("inf")


def shapes(rows, columns):
    return st.tuples(st.integers(1, rows), st.integers(1, columns))


@settings(max_examples=150)
@given(shapes(30, 4).flatmap(lambda shape: cells(shape, np.arange(5.0))))
def test_the_front_is_those_whom_nobody_dominates(table):
    front = _pareto_front(table)
    for i, row in enumerate(table):
        beaten = ((table <= row).all(axis=1) & (table < row).any(axis=1)).any()
        assert front[i] == (not beaten)


@settings(max_examples=100)
@given(
    shapes(5, 12).flatmap(
        lambda shape: st.tuples(
            cells(shape, np.arange(41, dtype=np.uint16)), cells(shape[1:], np.arange(10) / 4)
        )
    ),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_counting_finds_the_same_quantile_as_sorting(drawn, q):
    found, weights = drawn
    weights[0] += 1
    got = _quantile_places(found, weights, 41, q)
    assert got.tolist() == [weighted_quantile(row, weights, q) for row in found]


@settings(max_examples=80)
@given(st.data())
def test_pooled_quantiles_are_those_of_the_two_lists_put_together(data):
    sizes = [data.draw(shapes(4, 8)) for _ in range(2)]
    found = [data.draw(cells(size, np.arange(91, dtype=np.intp))) for size in sizes]
    weights = [data.draw(cells(size[1:], np.arange(6.0))) for size in sizes]
    for counts in weights:
        counts[0] += 1  # somebody is there; of areas without anybody nothing depends
    got = _pooled_quantiles(found[0], found[1], (weights[0], weights[1]), 91, 0.9)
    for i, j in np.ndindex(got.shape):
        both = np.concatenate([found[0][i], found[1][j]])
        assert got[i, j] == weighted_quantile(both, np.concatenate(weights), 0.9)


@st.composite
def choices(draw):
    areas, sites = draw(st.integers(1, 8)), draw(st.integers(2, 5))
    minutes = draw(cells((areas, sites), [*range(31), *[INF] * 15]))
    counts = draw(cells((areas,), range(10)))
    minutes[0, 0], counts[0] = 3.0, 1
    ids = [f"a{i}" for i in range(areas)]
    decile = draw(cells((areas,), range(1, 11)))
    demand = pd.DataFrame(
        {"id": ids, "count": counts, "imd_decile": decile, "imd_rank": decile * 3000}
    )
    m = TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=[f"s{j}" for j in range(sites)])
    keep = draw(st.integers(1, sites))
    return m, keep, demand, list(draw(st.permutations(m.site_ids)))[:keep]


@settings(max_examples=150)
@given(st.data())
def test_the_order_of_sites_ranks_options_as_measuring_area_by_area_does(data):
    areas, sites = data.draw(st.integers(1, 12)), data.draw(st.integers(2, 6))
    keep = data.draw(st.integers(1, sites))
    always, many = data.draw(st.integers(0, 2)), data.draw(st.integers(1, 3))
    cell = [*range(13), *[INF] * 12, 5e-324, 1e-300, 1e-9]
    minutes = data.draw(cells((many, areas, sites + always), cell, between=(0, 50)))
    count = data.draw(cells((many, areas), np.arange(7.0)))
    minutes[:, 0, 0], count[:, 0] = 3.0, 2.0
    kept = np.array(list(combinations(range(sites), keep)))
    proposal = data.draw(st.booleans())
    if proposal:  # an option, or one that the rules leave out
        own = data.draw(st.integers(0, len(kept) - 1))
        listed = data.draw(st.booleans()) or len(kept) == 1
        kept = np.vstack([kept if listed else np.delete(kept, own, axis=0), kept[[own]]])
    fifth = data.draw(st.none() | cells((areas,), [1.0, 3.0, 5.0, np.nan]))
    limit = data.draw(st.sampled_from([0.0, 7.0, 20.0]))
    per_family = 1 + count / 7
    orders = _in_order(kept, sites, proposal=proposal)
    assert orders is not None
    if data.draw(st.booleans()):
        orders.every = None  # as with many options, where sets that are no area's are left out
    by_site = np.moveaxis(minutes, 2, 1)
    chosen = [c for c in _CRITERIA if c != "savings" and (fifth is not None or c not in DEPRIVED)]
    for _ in range(2):  # what it learnt of the first time changes nothing
        found = orders.stood(
            by_site[:, :sites], count, per_family, fifth, chosen,
            threshold_minutes=np.full(many, limit), always_minutes=by_site[:, sites:],
        )  # fmt: skip
    assert set(found) == set(chosen)
    for k in range(many):
        usual = _evaluate(
            _prepare(
                minutes[k, :, :sites], count[k], per_family[k], fifth,
                threshold_minutes=limit, always_minutes=minutes[k, :, sites:],
            ),
            kept,
        )  # fmt: skip
        for name in chosen:
            values = usual.get(name, np.zeros(len(kept)))  # of nobody: all are alike
            _same_standing(found[name], _stood_by(values[None], proposal=proposal), values, k, name)


def _same_standing(got, usual, values, k, name):
    """Compare with what the values say; sums may differ by their last digit, and ties with them."""
    every, digit = values[: got.best.shape[1]], 0.0 if name in ("p90", "worst") else 2e-9
    np.testing.assert_allclose(got.least[k], usual.least[0], rtol=0, atol=digit, err_msg=name)
    pairs = [(got.best[k], usual.best[0], usual.least[0])]
    if usual.own is not None:
        np.testing.assert_allclose(got.own[k], usual.own[0], rtol=0, atol=digit, err_msg=name)
        pairs += [
            (getattr(got, what)[k], getattr(usual, what)[0], usual.own[0])
            for what in ("better", "worse")
        ]
    for mine, theirs, beside in pairs:
        with np.errstate(invalid="ignore"):
            near = np.abs(every - beside) <= digit
        assert (mine == theirs)[~near | (digit == 0)].all(), name


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.data())
def test_the_nearest_sites_come_in_the_order_that_a_stable_sort_gives(shape, data):
    sites, wanted = shape
    cell = [0.0, 3.0, 7.5, 1e-3, INF]
    minutes = np.round(data.draw(cells((3, sites, 2), cell, between=(1e-3, 500))), 6)
    got = _nearest(minutes, _network(sites, wanted), wanted)
    assert got.tolist() == np.argsort(minutes, axis=1, kind="stable")[:, :wanted].tolist()


def test_options_with_too_many_sets_are_measured_area_by_area():
    assert _in_order(np.array([[0]]), 9) is not None
    assert _in_order(np.array([[0]]), 10) is None
    assert _in_order(np.arange(20)[None, :], 21) is None


@settings(max_examples=80)
@given(choices())
def test_ranks_fronts_and_regrets_hang_together(choice):
    m, keep, demand, proposal = choice
    ranking = rank_closures(m, keep=keep, demand=demand, proposal=proposal)
    table, p = ranking.table, ranking.proposal
    for c in ranking.criteria:
        ranks = table[f"rank_{c}"]
        assert ranks.min() == 1
        assert (table.loc[ranks == 1, c] == table[c].min()).all()
        assert p[f"rank_{c}"] == ranks[p["option"]]
        assert p[f"tied_{c}"] == (ranks == p[f"rank_{c}"]).sum() - 1
        assert ("joint" in ranking.place(c)) == (p[f"tied_{c}"] > 0)
        assert p[f"regret_{c}"] is None or p[f"regret_{c}"] >= 0
        assert (p[f"rank_{c}"] == 1) or p[f"regret_{c}"] is None or p[f"regret_{c}"] > 0
        assert 0 <= p[f"percentile_{c}"] <= 100
        assert p[f"near_ties_1pct_{c}"] <= p[f"near_ties_5pct_{c}"] < len(table)
    assert p["on_front"] == table["on_front"][p["option"]]
    assert table["on_front"].any()
    assert set(table["kept"].map(len)) == {keep}


@settings(max_examples=40)
@given(choices())
def test_keeping_one_more_never_makes_the_best_worse(choice):
    m, keep, demand, _ = choice
    if keep < len(m.site_ids):
        less = rank_closures(m, keep=keep, demand=demand, weights="none").table
        more = rank_closures(m, keep=keep + 1, demand=demand, weights="none").table
        for c in ("mean", "p90", "worst", "share_beyond"):
            assert more[c].min() <= less[c].min()
