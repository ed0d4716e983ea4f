"""The linear programme of branch and price: its columns, and its cuts of three areas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from access.siting.search import (
    INF,
    INFEASIBLE,
    Bools,
    Floats,
    Ints,
    _add_columns,
    _add_rows,
    _integer_engine,
    _make_integer,
    _quiet_highs,
    _run,
    _SideRows,
    _solved,
    _Watch,
)

# Cuts of three areas: at most one open site takes two or more of them.
#
# They hold for every plan and not for a mixture of plans (subset-row cuts: Jepsen, Petersen,
# Spoorendonk and Pisinger 2008, Operations Research 56). A site that takes two of three pays the
# cut's price, which the knapsacks know nothing of: what a site saves at most is found by branching
# on whether it pays or leaves all but one out.

_BROKEN = 0.05
"""By how much a cut must be broken to be taken in."""
_MOST_CUTS, _MOST_EACH = 40, 6
"""Cuts that are taken in at once, and how many of them an area may be in."""
_HALF = 1e-6
_PAYS = 1e-9

Filling = Callable[[Floats, Ints], tuple[Floats, Floats]]
"""Savings and sites to what each one's best filling saves, and whom it takes."""


def _both(take: Bools, triples: Ints) -> Bools:
    """Tell which columns take two or more areas of each triple: shape (triples, columns)."""
    first, second, third = (take[triples[:, k]] for k in range(3))
    found: Bools = (first & second) | (first & third) | (second & third)
    return found


def _broken(take: Bools, part: Floats) -> Ints:
    """Find the triples that a mixture of columns breaks most: shape (triples, 3)."""
    mixed = (part > _HALF) & (part < 1 - _HALF)
    own, weight = take[:, : len(part)][:, mixed].astype(float), part[mixed]
    together = (own * weight) @ own.T
    np.fill_diagonal(together, 0.0)
    found, by = [], []
    for a in range(len(own)):
        near = a + 1 + np.flatnonzero(together[a, a + 1 :] > _HALF)
        if len(near) < 2:
            continue
        all_three = (own[near] * (weight * own[a])) @ own[near].T
        pairs = together[a, near]
        over = pairs[:, None] + pairs[None, :] + together[np.ix_(near, near)] - 2 * all_three - 1
        b, c = np.nonzero(np.triu(over > _BROKEN, 1))
        found.append(np.column_stack([np.full(len(b), a), near[b], near[c]]))
        by.append(over[b, c])
    if not found:
        return np.zeros((0, 3), np.intp)
    triples, over = np.concatenate(found), np.concatenate(by)
    used = np.zeros(len(own), int)
    kept: list[int] = []
    for k in np.argsort(-np.round(over, 9), kind="stable"):
        if len(kept) < _MOST_CUTS and used[triples[k]].max() < _MOST_EACH:
            used[triples[k]] += 1
            kept.append(int(k))
    return triples[kept]


def _fill_at_prices(
    fill: Filling, saving: Floats, sites: Ints, bonus: Floats, least: int, triples: Ints,
    fines: Floats, most: float,
) -> tuple[Floats, Floats, Floats, int]:  # fmt: skip
    """Fill sites where each pays a fine for every triple of which it takes two areas or more.

    Parameters
    ----------
    fill : callable
        The knapsacks without fines.
    saving : ndarray, shape (areas, sites)
    sites : ndarray of int
    bonus : ndarray, shape (sites,)
        What else each saves when it is open; ``inf`` where it must be.
    least : int
        How many sites are open: the bound of one that cannot be among the best is not sharpened.
    triples : ndarray of int, shape (cuts, 3)
    fines : ndarray, shape (cuts,)
        Above 0.
    most : float
        Fillings that are made at most, as a multiple of the sites.

    Returns
    -------
    upper, found : ndarray, shape (sites,)
        No filling of a site saves more; the best found saves so much.
    taken : ndarray, shape (areas, sites)
        What is found.
    filled : int
        How many fillings that took.
    """
    count = len(sites)
    worth, own = fill(saving, sites)
    who, shut = np.arange(count), np.zeros(saving.shape, bool)
    paid = np.zeros((len(triples), count), bool)
    best, top, upper, filled = own.copy(), np.full(count, -np.inf), np.full(count, -np.inf), count
    left = who[:0], worth[:0], shut[:, :0], paid[:, :0]
    while True:
        broken = _both(own > 0.5, triples)
        _keep_best(who, worth - fines @ broken, own, top, best)
        floor = (
            np.partition(top + bonus, count - least)[count - least] if count > least else -np.inf
        )
        more = _branches(
            who, worth - fines @ paid, broken & ~paid, fines, triples, saving, shut, paid
        )
        at, bound, shut, paid = (
            np.concatenate([one, two], axis=-1) for one, two in zip(left, more, strict=True)
        )
        pays = (bound > top[at] + _PAYS) & (bound + bonus[at] > floor)
        np.maximum.at(upper, at[~pays], bound[~pays])
        order = np.flatnonzero(pays)
        order = order[np.argsort(-(bound + bonus[at])[order], kind="stable")]
        now, later = order[:count], order[count:]
        if not len(now) or filled + len(now) > most * count:
            np.maximum.at(upper, at[order], bound[order])
            break
        left = at[later], bound[later], shut[:, later], paid[:, later]
        who, shut, paid = at[now], shut[:, now], paid[:, now]
        filled += len(now)
        worth, own = fill(np.where(shut, 0.0, saving[:, who]), sites[who])
    return np.maximum(upper, top), top, best, filled


def _keep_best(who: Ints, value: Floats, own: Floats, top: Floats, best: Floats) -> None:
    """Keep each site's best filling so far; changes `top` and `best`."""
    order = np.lexsort((-value, who))
    first = order[np.append(True, np.diff(who[order]) != 0)[: len(order)]]
    better = first[value[first] > top[who[first]] + 1e-12]
    top[who[better]] = value[better]
    best[:, who[better]] = own[:, better]


def _branches(
    who: Ints, bound: Floats, broken: Bools, fines: Floats, triples: Ints, saving: Floats,
    shut: Bools, paid: Bools,
) -> tuple[Ints, Floats, Bools, Bools]:  # fmt: skip
    """Split fillings that break cuts: the dearest is kept, or it is paid and the next is kept, ...

    All of them paid is the filling itself. A cut is kept where all but one of its areas are shut.
    """
    order = np.argsort(np.where(broken, -fines[:, None], np.inf), axis=0, kind="stable")
    many = broken.sum(axis=0)
    found: list[tuple[Ints, Floats, Bools, Bools]] = []
    bound, paid = bound.copy(), paid.copy()
    for rank in range(int(many.max(initial=0))):
        left = np.flatnonzero(many > rank)
        cut = order[rank, left]
        areas = triples[cut]
        for k in range(3):
            useful = (saving[areas[:, k], who[left]] > 0) & ~shut[areas[:, k], left]
            here, out = left[useful], np.delete(areas[useful], k, axis=1)
            closed = shut[:, here]
            closed[out[:, 0], np.arange(len(here))] = True
            closed[out[:, 1], np.arange(len(here))] = True
            found.append((who[here], bound[here], closed, paid[:, here]))
        paid[cut, left] = True
        bound[left] -= fines[cut]
    if not found:
        return who[:0], bound[:0], shut[:, :0], paid[:, :0]
    return (
        np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found]),
        np.hstack([f[2] for f in found]), np.hstack([f[3] for f in found]),
    )  # fmt: skip


# ------------------------------------------------------------------------------
# The linear programme of branch and price: over the columns found so far, at one node.

_DUAL, _PRIMAL = 1, 4
"""Simplex of HiGHS: where bounds are new, and where columns are."""
_PROBE_STEPS = 40
"""Steps in which a branch is tried."""
_PLAN_NODES = 2_000
"""Nodes in which a plan is sought among the columns."""


@dataclass(frozen=True, eq=False)
class _Node:
    """A part of the problem: sites that must be or may be open, and pairs that may be used.

    `groups` limits how many sites of a group are open: number of the row, least, most.
    """

    bound: float
    must: Bools
    may: Bools
    pairs: Bools
    prices: Floats
    row_prices: Floats
    groups: tuple[tuple[int, float, float], ...] = ()
    basis: highspy.HighsBasis | None = None


@dataclass(frozen=True, eq=False)
class _Point:
    """The master programme's answer at a node."""

    value: float
    prices: Floats
    row_prices: Floats
    opening: Floats
    open: Floats
    share: Floats
    part: Floats
    missing: float

    @property
    def whole(self) -> bool:
        """Whether nothing is left to branch on."""
        parts = (self.open, self.share)
        return all(bool((np.abs(part - np.rint(part)) <= _HALF).all()) for part in parts)


class _Master:
    """The linear programme over the columns found so far; its steps are work that is spent."""

    def __init__(
        self, cost: Floats, p: int, rows: _SideRows, dear: float, spend: Callable[[float], None]
    ) -> None:
        n, m = cost.shape
        self.n, self.m, self.cost, self.p, self.rows = n, m, cost, p, rows
        self.spend = spend
        self.engine = _quiet_highs()
        # An area left out at a high price, and a site that is open with nobody.
        _add_columns(self.engine, np.full(n, dear), np.zeros(n), np.full(n, INF))
        _add_columns(self.engine, np.zeros(m), np.zeros(m), np.ones(m))
        self.fixed = n + m
        eye = sp.hstack([sp.eye_array(n), sp.csr_array((n, m))]).tocsr()
        _add_rows(self.engine, sp.csr_matrix(eye), np.ones(n), np.full(n, INF))
        empty = sp.csr_matrix((m, n))
        each = sp.hstack([empty, sp.eye(m)]).tocsr()
        _add_rows(self.engine, sp.csr_matrix(each), np.zeros(m), np.ones(m))
        count = sp.csr_matrix(np.concatenate([np.zeros(n), np.ones(m)])[None, :])
        _add_rows(self.engine, count, np.array([float(p)]), np.array([float(p)]))
        if len(rows):
            side = sp.csr_matrix(np.hstack([np.zeros((len(rows), n)), rows.matrix]))
            _add_rows(self.engine, side, rows.low, rows.high)
        self.own = len(rows)
        self.must = np.zeros(m, bool)
        self.held = np.zeros(m, bool)  # open in every plan
        self.site = np.zeros(0, np.intp)
        self.take = np.zeros((n, 0), bool)
        self.known: set[tuple[int, bytes]] = set()
        self.basis: highspy.HighsBasis | None = None
        self.triples, self.cut_rows = np.zeros((0, 3), np.intp), np.zeros(0, np.intp)

    def add(self, sites: Ints, take: Bools) -> int:
        """Add clusters that are not known yet; give how many."""
        new = []
        for k, j in enumerate(sites):
            key = (int(j), np.packbits(take[:, k]).tobytes())
            if key not in self.known and take[:, k].any():
                self.known.add(key)
                new.append(k)
        if not new:
            return 0
        sites, take = sites[new], take[:, new]
        costs = np.where(take, self.cost[:, sites], 0.0).sum(axis=0)
        count = len(new)
        column, area = np.nonzero(take.T)  # each column: its areas, its site, the count, the rules
        below = np.vstack([np.ones(count), self.rows.matrix[:, sites]])
        below[1 + self.cut_rows] = _both(take, self.triples)
        which, row = np.nonzero(below.T)
        indices = np.concatenate([area, self.n + sites, self.n + self.m + row])
        data = np.concatenate([np.ones(len(area) + count), below[row, which]])
        of = np.concatenate([column, np.arange(count), which])
        order = np.argsort(of, kind="stable")
        start = np.searchsorted(of[order], np.arange(count))
        self.engine.addCols(
            count, costs, np.zeros(count), np.full(count, INF), len(order),
            start.astype(np.int32), indices[order].astype(np.int32), data[order],
        )  # fmt: skip
        self.site = np.concatenate([self.site, sites])
        self.take = np.hstack([self.take, take])
        return count

    def group(self, sites: Bools) -> int:
        """Give the number of a row that counts the open sites of a group."""
        row = sites.astype(float)
        same = np.flatnonzero((self.rows.matrix[self.own :] == row).all(axis=1))
        if len(same):
            return self.own + int(same[0])
        whole = sp.csr_matrix(np.concatenate([np.zeros(self.n), row, row[self.site]])[None, :])
        _add_rows(self.engine, whole, np.array([-INF]), np.array([INF]))
        self.rows = self.rows.and_row(row, -np.inf, np.inf)
        return len(self.rows) - 1

    def paying(self, sites: Ints, take: Bools, point: _Point) -> Floats:
        """Tell what columns save at a point's prices."""
        gain = np.where(take, point.prices[:, None] - self.cost[:, sites], 0.0).sum(axis=0)
        fines = point.row_prices[self.cut_rows] @ _both(take, self.triples)
        saved: Floats = gain + fines + point.opening[sites]
        return saved

    def worth(self, prices: Floats, row_prices: Floats) -> Floats:
        """Tell what every column saves at the prices of areas and rows, whose sites are free."""
        of_rows = np.append(row_prices, np.zeros(len(self.rows) - len(row_prices)))
        gain = np.where(self.take, prices[:, None] - self.cost[:, self.site], 0.0).sum(axis=0)
        fines = of_rows[self.cut_rows] @ _both(self.take, self.triples)
        saved: Floats = gain + fines + (of_rows @ self.rows.matrix)[self.site]
        return saved

    def cut(self, triples: Ints) -> None:
        """Let at most one site take two or more areas of each triple."""
        many, nobody = len(triples), np.zeros(self.m)
        taken = _both(self.take, triples).astype(float)
        whole = sp.csr_matrix(np.hstack([np.zeros((many, self.fixed)), taken]))
        _add_rows(self.engine, whole, np.full(many, -INF), np.ones(many))
        self.cut_rows = np.append(self.cut_rows, len(self.rows) + np.arange(many))
        self.triples = np.concatenate([self.triples, triples])
        for _ in range(many):
            self.rows = self.rows.and_row(nobody, -np.inf, 1.0)
        self._simplex(_DUAL)

    def limits(self, node: _Node) -> tuple[Floats, Floats]:
        """Give the least and most of every row at a node."""
        low, high = self.rows.low.copy(), self.rows.high.copy()
        for row, least, most in node.groups:
            low[row], high[row] = max(low[row], least), min(high[row], most)
        return low, high

    def usable(self, node: _Node) -> Bools:
        """Tell which columns a node may use."""
        bad = (self.take & ~node.pairs[:, self.site]).any(axis=0)
        found: Bools = node.may[self.site] & ~bad
        return found

    def enter(self, node: _Node) -> None:
        """Set the bounds of a node."""
        count = len(self.site)
        high = np.concatenate([node.may.astype(float), np.where(self.usable(node), 1.0, 0.0)])
        at = np.arange(self.n, self.fixed + count, dtype=np.int32)
        self.engine.changeColsBounds(len(at), at, np.zeros(len(at)), high)
        for j in np.flatnonzero(node.must != self.must):
            self.engine.changeRowBounds(self.n + int(j), float(node.must[j]), 1.0)
        self.must = node.must
        low, high = self.limits(node)
        for k in range(self.own, len(low)):
            self.engine.changeRowBounds(
                self.n + self.m + 1 + k, max(low[k], -INF), min(high[k], INF)
            )
        if node.basis is not None and node.basis is not self.basis:
            self._begin_from(node.basis)
        self._simplex(_DUAL)  # what was best is still priced right, and breaks a bound

    def _begin_from(self, basis: highspy.HighsBasis) -> None:
        """Begin from the basis of a node above: what came since is out, its rows are loose."""
        columns, rows = basis.col_status, basis.row_status
        more = self.fixed + len(self.site) - len(columns)
        further = self.n + self.m + 1 + len(self.rows) - len(rows)
        made = highspy.HighsBasis()
        made.col_status = columns + [highspy.HighsBasisStatus.kLower] * more
        made.row_status = rows + [highspy.HighsBasisStatus.kBasic] * further
        made.valid = True
        self.engine.setBasis(made)

    def _simplex(self, strategy: int) -> None:
        self.engine.setOptionValue("simplex_strategy", strategy)

    def keep(self) -> highspy.HighsBasis:
        """Give the basis at hand, for the nodes below."""
        self.basis = self.engine.getBasis()
        return self.basis

    def probe(self, groups: list[Bools], counts: list[float]) -> list[tuple[float, float]]:
        """Tell what it costs to open fewer of a group than now, and more, each to some steps."""
        engine, basis, found, cells = self.engine, self.keep(), [], 0.0
        self._simplex(_DUAL)
        engine.setOptionValue("simplex_iteration_limit", _PROBE_STEPS)
        at = self.n + self.m + 1 + len(self.rows)
        for group, count in zip(groups, counts, strict=True):
            row = group.astype(float)
            whole = sp.csr_matrix(np.concatenate([np.zeros(self.n), row, row[self.site]])[None, :])
            values = []
            for low, high in ((-INF, float(np.floor(count))), (float(np.ceil(count)), INF)):
                _add_rows(engine, whole, np.array([low]), np.array([high]))
                engine.run()
                status = engine.getModelStatus()
                value = float(engine.getInfo().objective_function_value)
                cells += self._cells()
                values.append(np.inf if status == INFEASIBLE else value)
                engine.deleteRows(1, np.array([at], np.int32))
                engine.setBasis(basis)
            found.append((values[0], values[1]))
        engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        self.spend(cells)
        return found

    def _cells(self) -> float:
        """Tell what the last solving looked at: each row and column once a step."""
        steps = int(self.engine.getInfo().simplex_iteration_count)
        return float(steps * (self.fixed + len(self.site)))

    def solve(self) -> _Point | None:
        """Solve the programme; None where no such sites keep the rules, whatever the columns."""
        status = _solved(self.engine)
        self.spend(self._cells())
        self._simplex(_PRIMAL)  # what comes now are columns that pay
        if status == INFEASIBLE:
            return None
        found = self.engine.getSolution()
        value = np.array(found.col_value)
        dual = np.array(found.row_dual)
        row_prices = dual[self.n + self.m + 1 :]
        opening = dual[self.n : self.n + self.m] + dual[self.n + self.m]
        opening = opening + row_prices @ self.rows.matrix
        part = value[self.fixed :]
        open_: Floats = value[self.n : self.fixed] + np.bincount(self.site, part, self.m).astype(
            float
        )
        share = np.zeros((self.n, self.m))
        used = np.flatnonzero(part > 1e-9)
        for k in used:
            share[self.take[:, k], self.site[k]] += part[k]
        return _Point(
            float(self.engine.getInfo().objective_function_value), np.maximum(dual[: self.n], 0.0),
            row_prices, opening, open_, share, part, float(value[: self.n].max()),
        )  # fmt: skip

    def read(self, open_: Floats, part: Floats) -> tuple[Ints, Ints]:
        """Give the open sites and each area's site of whole columns."""
        where = np.full(self.n, -1, np.intp)
        for k in np.flatnonzero(part > 0.5):
            mine = self.take[:, k]
            nearer = np.where(where >= 0, self.cost[np.arange(self.n), where], np.inf)
            where[mine & (self.cost[:, self.site[k]] < nearer)] = self.site[k]
        return np.flatnonzero(open_ > 0.5), where

    def plan(
        self, dear: Bools, cutoff: float, watch: _Watch, share: float
    ) -> tuple[Ints, Ints] | None:
        """Seek a plan among the columns but the dear ones, in a share of the time that is left."""
        engine, columns = _integer_engine(watch), self.fixed + len(self.site)
        engine.passModel(self.engine.getLp())
        engine.setOptionValue("mip_max_nodes", _PLAN_NODES)
        engine.setOptionValue("objective_bound", cutoff)
        left = watch.left()
        if left is not None:
            engine.setOptionValue("time_limit", max(share * left, 0.01))
        high = np.concatenate([np.zeros(self.n), np.ones(self.m), np.where(dear, 0.0, 1.0)])
        at = np.arange(columns, dtype=np.int32)
        engine.changeColsBounds(columns, at, np.zeros(columns), high)
        # what a node asks of sites and groups is not asked of a plan; the cuts hold for all
        for k in np.setdiff1d(np.arange(self.own, len(self.rows)), self.cut_rows):
            engine.changeRowBounds(self.n + self.m + 1 + int(k), -INF, INF)
        for j in np.flatnonzero(self.must & ~self.held):
            engine.changeRowBounds(self.n + int(j), 0.0, 1.0)
        _make_integer(engine, at[self.n :])
        _run(engine, watch, "columns", final=False)
        feasible = highspy.SolutionStatus.kSolutionStatusFeasible
        if engine.getInfo().primal_solution_status != feasible:
            return None
        value = np.array(engine.getSolution().col_value)
        part = value[self.fixed :]
        open_ = value[self.n : self.fixed] + np.bincount(self.site, part, self.m)
        return self.read(np.asarray(open_, float), part)
