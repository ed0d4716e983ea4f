"""Cutting planes: groups of areas share an estimate, which cuts raise until it is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from access.siting.heuristics import _Near
from access.siting.search import (
    INFEASIBLE,
    PAST_BOUND,
    Bools,
    Floats,
    Ints,
    _Model,
    _quiet_highs,
    _solved,
    _Watch,
)

_CELLS_AT_ONCE = 2_500_000


@dataclass(frozen=True, eq=False)
class _Block:
    """Areas whose weighted minutes are estimated together: the objective, or one limit.

    Parameters
    ----------
    group : ndarray of int, shape (areas,)
        Which estimate each area belongs to.
    first : int
        Column of the block's first estimate in the programme.
    """

    weights: Floats
    group: Ints
    groups: int
    first: int

    def cut_groups(self, wanted: Bools, reach: Floats) -> Ints:
        """Give the groups, of those wanted, for which a reach makes a cut."""
        return np.unique(self.group[wanted[self.group] & (self.weights > 0) & (reach > 0)])


def _make_blocks(
    minutes: Floats, weights: Iterable[Floats], marks: Ints, *, first: int, most_groups: int
) -> list[_Block]:
    """Group the areas for the objective and for every limit."""
    blocks = []
    for weight in weights:
        used = np.flatnonzero(weight > 0)
        label = np.zeros(len(weight), np.intp)
        if len(used) <= most_groups:
            label[used], groups = np.arange(len(used)), len(used)
        else:
            label[used], groups = _nearest_mark(minutes, used, marks[: max(most_groups, 1)])
        blocks.append(_Block(weight, label, max(groups, 1), first))
        first += max(groups, 1)
    return blocks


def _nearest_mark(minutes: Floats, used: Ints, marks: Ints) -> tuple[Ints, int]:
    """Number areas by which of some sites is nearest."""
    label = np.empty(len(used), np.intp)
    step = max(1, _CELLS_AT_ONCE // len(marks))
    for start in range(0, len(used), step):
        rows = used[start : start + step]
        label[start : start + step] = minutes[np.ix_(rows, marks)].argmin(axis=1)
    unique, inverse = np.unique(label, return_inverse=True)
    return inverse.ravel(), len(unique)


def _reach_of(minutes: Floats, support: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Give each area's reach and its relaxed minutes at a fractional choice of sites."""
    n = len(minutes)
    reach, relaxed = np.empty(n), np.empty(n)
    step = max(1, _CELLS_AT_ONCE // max(1, len(support)))
    for start in range(0, n, step):
        block = slice(start, start + step)
        cost = minutes[block][:, support]
        order = np.argsort(cost, axis=1, kind="stable")
        cost = np.take_along_axis(cost, order, 1)
        filled = np.cumsum(share[order], axis=1)
        last = np.minimum((filled < 1 - 1e-9).sum(axis=1), len(support) - 1)
        at = cost[np.arange(len(cost)), last]
        before = np.maximum(at[:, None] - cost, 0.0)
        reach[block] = at
        relaxed[block] = at - (before * share[order]).sum(axis=1)
    return reach, relaxed


_INF = highspy.kHighsInf
_BASIC = highspy.HighsBasisStatus.kBasic
_NO_PRICE = 1e-12

_IDLE_ROUNDS = 8
_FORGET_AFTER = 30
_FORGET_SHARE = 0.1
_KEPT_FOR_GOOD = -1


def _snapped(y: Floats) -> Floats:
    """Take values that the engine left within rounding of 0 or 1 as 0 or 1."""
    return np.where(y < 1e-7, 0.0, np.where(y > 1 - 1e-7, 1.0, y))


@dataclass(frozen=True, eq=False)
class _Relaxed:
    """What the programme answered.

    Parameters
    ----------
    reduced : ndarray, shape (sites,)
        Reduced costs of opening each site.
    """

    feasible: bool
    value: float
    y: Floats
    reduced: Floats


class _CuttingPlanes:
    """The programme and its cuts, for the sites that are still free.

    Parameters
    ----------
    near : Near
        Over the free sites at least.
    rho : ndarray, shape (sites,)
        The lower, the likelier a site is open; areas near one likely site share an estimate.
    most_groups : int
        At most about so many estimates.
    """

    def __init__(
        self, model: _Model, near: _Near, must: Bools, may: Bools, rho: Floats, *, most_groups: int
    ) -> None:
        self.model, self.near, self.must, self.may = model, near, must, may
        self.columns = np.flatnonzero(may)
        self.column_of = np.full(model.shape[1], -1)
        self.column_of[self.columns] = np.arange(len(self.columns))
        self.k = len(self.columns)
        self.history: list[tuple[Floats, list[Bools], int]] = []
        self.unused_for = np.zeros(0, np.intp)  # solves since each row last held the answer up
        self.rounds = self.cuts = self.held = 0
        self.blocks = _make_blocks(
            model.minutes,
            [model.weights, *(limit.weights for limit in model.limits)],
            self.columns[np.argsort(rho[self.columns], kind="stable")],
            first=self.k,
            most_groups=most_groups,
        )
        self.engine = _quiet_highs()
        self._add_columns()
        self._add_rows()

    # -- building ---------------------------------------------------------------------------
    def _add_columns(self) -> None:
        model, k = self.model, self.k
        cost = [model.opening[self.columns]]
        cost += [np.full(b.groups, float(n == 0)) for n, b in enumerate(self.blocks)]
        total = k + sum(b.groups for b in self.blocks)
        low, high = np.zeros(total), np.full(total, _INF)
        low[:k], high[:k] = self.must[self.columns], 1.0
        # An estimate is never under the minutes to the nearest free site.
        floor = model.minutes[:, self.columns].min(axis=1)
        for block in self.blocks:
            end = block.first + block.groups
            low[block.first : end] = np.bincount(block.group, block.weights * floor, block.groups)
        none = np.zeros(0)
        self.engine.addCols(
            total, np.concatenate(cost), low, high, 0, np.zeros(total, np.int32),
            none.astype(np.int32), none,
        )  # fmt: skip

    def _add_rows(self) -> None:
        model, k = self.model, self.k
        every = np.arange(k, dtype=np.int32)
        self.row(float(model.fewest), float(model.most), every, np.ones(k))
        for row, low, high in zip(
            model.rows.matrix[:, self.columns], model.rows.low, model.rows.high, strict=True
        ):
            at = np.flatnonzero(row)
            self.row(low, high, at, row[at])
        for limit, block in zip(model.limits, self.blocks[1:], strict=True):
            estimates = np.arange(block.first, block.first + block.groups)
            opening = limit.opening[self.columns]
            self.row(
                -np.inf,
                limit.at_most,
                np.concatenate([every, estimates]),
                np.concatenate([opening, np.ones(block.groups)]),
            )

    def tight(self) -> list[tuple[Floats, list[Bools]]]:
        """Give the cuts that hold the last answer up, ready to be used by another master."""
        dual = np.array(self.engine.getSolution().row_dual)
        kept, self.held = [], 0
        for reach, picked, row in self.history:
            again = []
            for block, wanted in zip(self.blocks, picked, strict=True):
                used = block.cut_groups(wanted, reach)
                mask = np.zeros(block.groups, bool)
                mask[used] = np.abs(dual[row : row + len(used)]) > 0
                row += len(used)
                self.held += int(mask.sum())
                again.append(mask[block.group])
            if any(mask.any() for mask in again):
                kept.append((reach, again))
        return kept

    def adopt(self, cuts: list[tuple[Floats, list[Bools]]]) -> None:
        """Add cuts that another master gave by `tight`."""
        for reach, areas in cuts:
            picked = []
            for block, mask in zip(self.blocks, areas, strict=True):
                wanted = np.zeros(block.groups, bool)
                wanted[block.group[mask]] = True
                picked.append(wanted)
            self.cut(reach, picked)

    def row(self, low: float, high: float, columns: NDArray[Any], values: Floats) -> None:
        """Add one row to the programme, by its own column numbers."""
        self.engine.addRow(
            max(low, -_INF), min(high, _INF), len(columns), columns.astype(np.int32), values
        )
        self.unused_for = np.append(self.unused_for, _KEPT_FOR_GOOD)

    def forget(self) -> None:
        """Delete cuts that have long held nothing up, once they are many; they can come again.

        Rows other than cuts stay. `tight` has nothing to give afterwards.
        """
        old = np.flatnonzero(self.unused_for >= _FORGET_AFTER)
        if len(old) <= _FORGET_SHARE * len(self.unused_for):
            return
        status = self.engine.getBasis().row_status
        # a row outside the basis is part of it: taking it away would cost the warm start
        old = np.array([i for i in old if status[i] == _BASIC], np.int32)
        self.engine.deleteRows(len(old), old)
        self.unused_for = np.delete(self.unused_for, old)
        self.history = []

    # -- cuts -------------------------------------------------------------------------------
    def cut(self, reach: Floats, picked: list[Bools] | None = None) -> int:
        """Add the cuts of every group, or of picked groups, for a reach of every area."""
        added = 0
        if picked is None:
            picked = [np.ones(block.groups, bool) for block in self.blocks]
        self.history.append((reach, picked, self.engine.getNumRow()))
        for block, wanted in zip(self.blocks, picked, strict=True):
            rows = np.flatnonzero(wanted[block.group] & (block.weights > 0) & (reach > 0))
            if len(rows):
                added += self._cut_block(block, rows, reach)
        self.cuts += added
        return added

    def _cut_block(self, block: _Block, rows: Ints, reach: Floats) -> int:
        weights, group = block.weights[rows], block.group[rows]
        names, local = np.unique(group, return_inverse=True)
        local = local.ravel()
        right = np.bincount(local, weights * reach[rows], len(names)).astype(float)
        area, site, cost = self._closer(rows, reach[rows])
        value: Floats = weights[area] * (reach[rows][area] - cost)
        total: Floats
        key = local[area] * self.k + self.column_of[site]
        if len(names) * self.k <= 4 * len(key) + 100_000:
            dense: Floats = np.bincount(key, value, len(names) * self.k).astype(float)
            key = np.flatnonzero(dense)
            total = dense[key]
        else:
            key, inverse = np.unique(key, return_inverse=True)
            total = np.bincount(inverse.ravel(), value).astype(float)
        owner, column = np.divmod(key, self.k)
        size = np.bincount(owner, minlength=len(names))
        # Each cut's own estimate stands last in its row.
        ends = np.cumsum(size)
        index = np.insert(column, ends, block.first + names).astype(np.int32)
        total = np.insert(total, ends, 1.0)
        start = np.concatenate([[0], (ends + np.arange(1, len(names) + 1))[:-1]]).astype(np.int32)
        self.engine.addRows(
            len(names), right, np.full(len(names), _INF), len(index), start, index, total
        )
        self.unused_for = np.append(self.unused_for, np.zeros(len(names), np.intp))
        return len(names)

    def _closer(self, rows: Ints, reach: Floats) -> tuple[Ints, Ints, Floats]:
        """List (row, free site, minutes) of every free site closer than each row's reach."""
        deep = reach > self.near.limit[rows]
        area, site, cost = self.near.within(rows, np.where(deep, -1.0, reach))
        free = self.may[site]
        area, cost = area[free], cost[free]
        sites = site[free].astype(np.intp)
        if deep.any():
            far = np.flatnonzero(deep)
            part = self.model.minutes[np.ix_(rows[far], self.columns)]
            i, j = np.nonzero(part < reach[far][:, None])
            area = np.concatenate([area, far[i]])
            sites = np.concatenate([sites, self.columns[j]])
            cost = np.concatenate([cost, part[i, j]])
        return area, sites, cost

    # -- solving ----------------------------------------------------------------------------
    def run(self, cutoff: float = np.inf) -> _Relaxed:
        """Solve the programme as it stands, giving up early once past the cutoff."""
        engine = self.engine
        sites = self.model.shape[1]
        nothing = np.zeros(sites)
        engine.setOptionValue("objective_bound", min(cutoff, _INF))
        engine.setOptionValue("simplex_iteration_limit", 3_000 + 3 * engine.getNumRow())
        self.rounds += 1
        status = _solved(engine)
        if status == INFEASIBLE:
            return _Relaxed(False, np.inf, nothing, nothing)
        if status == PAST_BOUND:
            return _Relaxed(True, float(np.nextafter(cutoff, np.inf)), nothing, nothing)
        solution = engine.getSolution()
        self.column_value = np.array(solution.col_value)
        idle = (np.abs(np.array(solution.row_dual)) < _NO_PRICE) & (self.unused_for >= 0)
        self.unused_for = np.where(idle, self.unused_for + 1, np.minimum(self.unused_for, 0))
        y, reduced = np.zeros(sites), np.zeros(sites)
        y[self.columns] = self.column_value[: self.k]
        reduced[self.columns] = np.array(solution.col_dual)[: self.k]
        return _Relaxed(True, engine.getObjectiveValue(), y, reduced)

    def separate(self, y: Floats, least: float) -> int:
        """Add the cuts that a choice breaks by more than `least`; tell how many."""
        support = self.columns[y[self.columns] > 1e-9]
        reach, minutes = _reach_of(self.model.minutes, support, y[support])
        picked = []
        for block in self.blocks:
            true = np.bincount(block.group, block.weights * minutes, block.groups)
            estimate = self.column_value[block.first : block.first + block.groups]
            picked.append(true - estimate > np.maximum(least, 1e-9 * true))
        return self.cut(reach, picked) if any(p.any() for p in picked) else 0

    def solve(
        self,
        cutoff: float,
        *,
        watch: _Watch,
        rounds: int = 200,
        tick: Callable[[float], None] | None = None,
    ) -> _Relaxed:
        """Solve and cut until no cut is broken or the bound passes the cutoff."""
        groups = sum(block.groups for block in self.blocks)
        before, idle = -np.inf, 0
        for _ in range(rounds):
            left = watch.left()
            if left is not None:
                self.engine.setOptionValue("time_limit", self.engine.getRunTime() + left)
            answer = self.run(cutoff)
            if not answer.feasible or answer.value > cutoff:
                return answer
            if tick is not None:
                tick(answer.value)
            # Cuts that no longer move the value only chase the engine's own rounding.
            idle = idle + 1 if answer.value <= before + 1e-9 * abs(answer.value) else 0
            before = max(before, answer.value)
            least = 1e-8 * max(1.0, abs(answer.value)) / groups
            if idle >= _IDLE_ROUNDS or not self.separate(_snapped(answer.y), least):
                break
        return answer

    def bounds(self, must: Bools, may: Bools) -> None:
        """Set which free sites are fixed in the programme."""
        low = must[self.columns].astype(float)
        high = may[self.columns].astype(float)
        index = np.arange(self.k, dtype=np.int32)
        self.engine.changeColsBounds(self.k, index, low, high)
