"""All services' areas in one table of rows, and what each goal makes of a row's minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from access.siting.problem import Goal
from access.siting.resolve import _Resolved, _Service
from access.siting.search import (
    Bools,
    Floats,
    Ints,
    _add_columns,
    _add_rows,
    _integer_engine,
    _Limit,
    _make_integer,
    _Model,
    _run,
    _SideRows,
    _Stop,
    _unit_of,
    _Watch,
    _within,
)


@dataclass(frozen=True, eq=False)
class _DemandRows:
    """Rows of all services; services over the very same minutes share rows.

    Parameters
    ----------
    minutes : ndarray, shape (rows, sites)
        With ``inf``.
    finite : ndarray, shape (rows, sites)
        The same with ``inf`` replaced by the greatest finite minutes, a declared stand-in: an
        answer that uses it is reported as leaving the area unserved.
    mean, total : ndarray, shape (rows,)
        What a minute of each row adds to the mean and to the sum of family-minutes; 0 for rows
        that no allowed site can serve.
    part : ndarray, shape (rows,)
        Each row's part of all demand, served or not.
    whole : ndarray, shape (rows,)
        Each row's demand, served or not.
    first_row : tuple of int
        Where each service's areas begin.
    """

    minutes: Floats
    finite: Floats
    mean: Floats
    total: Floats
    part: Floats
    whole: Floats
    first_row: tuple[int, ...]

    @property
    def active(self) -> Bools:
        """Rows that have demand and some allowed site to serve it."""
        return self.total > 0


def _demand_rows(resolved: _Resolved, lost: Sequence[float] = ()) -> _DemandRows:
    """Put all services' areas under one another; means are over all but the demand that is lost."""
    tables: list[Floats] = []
    starts: list[int] = []
    weights: list[list[Floats]] = []
    for number, service in enumerate(resolved.services):
        here = _weights(service, resolved, lost[number] if lost else 0.0)
        same = next((k for k, seen in enumerate(tables) if _same(seen, service.minutes)), None)
        if same is None:
            starts.append(sum(len(table) for table in tables))
            tables.append(service.minutes)
            weights.append(here)
        else:
            starts.append(sum(len(table) for table in tables[:same]))
            weights[same] = [old + new for old, new in zip(weights[same], here, strict=True)]
    minutes = tables[0] if len(tables) == 1 else np.vstack(tables)
    mean, total, part, whole = (np.concatenate(column) for column in zip(*weights, strict=True))
    return _DemandRows(minutes, _finite(minutes), mean, total, part, whole, tuple(starts))


def _weights(service: _Service, resolved: _Resolved, lost: float = 0.0) -> list[Floats]:
    """Give a service's weights in the mean, in the total, and as parts of all demand."""
    weights = service.weights
    served = weights
    if not np.isfinite(service.minutes.max()):
        served = weights * np.isfinite(service.minutes[:, resolved.may]).any(axis=1)
    share = service.share if len(resolved.services) > 1 else 1.0
    reached = float(served.sum()) - lost
    if lost and reached <= 1e-12 * lost:  # nobody is served: there is no mean
        reached = np.inf
    return [
        service.share * served / max(reached, 1e-300),
        share * served,
        service.share * weights / max(float(weights.sum()), 1e-300),
        share * weights,
    ]


def _same(one: Floats, other: Floats) -> bool:
    return one is other or (one.shape == other.shape and bool(np.array_equal(one, other)))


def _finite(minutes: Floats) -> Floats:
    if np.isfinite(minutes.max()):
        return minutes
    reached = np.isfinite(minutes)
    ceiling = minutes[reached].max() if reached.any() else 0.0
    return np.where(reached, minutes, ceiling)


@dataclass(frozen=True, eq=False)
class _GoalRows:
    """A goal as weighted minima over rows plus what each open site adds.

    Parameters
    ----------
    key : tuple
        Equal for goals over the same table.
    unit : float
        A power of two that weights and opening were multiplied by.
    shift : float
        What stands in for families that are left out: part of every value, but not of the goal.
    """

    key: tuple[Any, ...]
    table: Floats
    weights: Floats
    opening: Floats
    unit: float = 1.0
    shift: float = 0.0

    def scaled(self) -> _GoalRows:
        """Give the same in a unit in which its sums are of ordinary size."""
        most = float(self.weights @ self.table.max(axis=1) + self.opening.sum())
        unit = _unit_of(most)
        if unit == 1.0:
            return self
        return replace(
            self, weights=self.weights * unit, opening=self.opening * unit, unit=self.unit * unit,
            shift=self.shift * unit,
        )  # fmt: skip


def _goal_rows(goal: Goal, stacked: _DemandRows, resolved: _Resolved) -> _GoalRows:
    """Turn a goal without its worst-minutes part into rows."""
    opening = np.zeros(len(resolved.site_ids))
    by_row: list[tuple[str, float | None, float]] = []
    for kind, minutes, factor in goal.parts:
        if kind == "sites":
            opening += factor
        elif kind == "cost" and resolved.site_costs is not None:
            opening += factor * resolved.site_costs
        elif kind != "worst":
            by_row.append((kind, minutes, factor))
    if not by_row:
        return _GoalRows(("minutes",), stacked.finite, np.zeros(len(stacked.mean)), opening)
    if len(by_row) == 1:
        kind, minutes, factor = by_row[0]
        weights = factor * _of_kind(kind, stacked)
        if kind in ("beyond", "left_out"):
            table = _beyond(stacked, float(minutes or 0.0))
            return _GoalRows(("beyond", minutes), table, weights, opening)
        return _GoalRows(("minutes",), stacked.finite, weights, opening)
    table = np.zeros_like(stacked.finite)
    for kind, minutes, factor in by_row:
        weights = factor * _of_kind(kind, stacked)
        part = stacked.finite if minutes is None else _beyond(stacked, minutes)
        table += weights[:, None] * part
    return _GoalRows(tuple(by_row), table, (stacked.part > 0).astype(float), opening)


def _of_kind(kind: str, stacked: _DemandRows) -> Floats:
    return {
        "total": stacked.total,
        "mean": stacked.mean,
        "beyond": stacked.part,
        "left_out": stacked.whole,
    }[kind]


def _beyond(stacked: _DemandRows, minutes: float) -> Floats:
    far: Floats = (~_within(stacked.minutes, minutes)).astype(float)
    return far


def _make_model(
    goal: _GoalRows,
    held: Sequence[tuple[_GoalRows, float]],
    resolved: _Resolved,
    rows: _SideRows,
) -> _Model:
    """Make the model of one goal while earlier goals are held at or under values."""
    tables: dict[tuple[Any, ...], Floats] = {}
    for part in (goal, *(h for h, _ in held)):
        tables.setdefault(part.key, part.table)
    size = len(goal.weights)

    def spread(part: _GoalRows) -> Floats:
        weights = np.zeros(size * len(tables))
        at = list(tables).index(part.key) * size
        weights[at : at + size] = part.weights
        return weights

    table = goal.table if len(tables) == 1 else np.vstack(list(tables.values()))
    return _Model(
        minutes=table,
        weights=spread(goal),
        opening=goal.opening,
        fewest=resolved.fewest,
        most=resolved.most,
        must=resolved.must,
        may=resolved.may,
        rows=rows,
        scale=goal.unit,
        limits=tuple(_Limit(spread(part), value, part.opening) for part, value in held),
    )


def _cover_rows(reached: Bools, allowed: Bools | None = None) -> _SideRows:
    """Make rows that say "one of these sites is open", without those that others imply."""
    if allowed is not None:
        reached = reached & allowed
    sites = reached.shape[1]
    if not len(reached):
        return _SideRows.none(sites)
    packed = np.unique(np.packbits(reached, axis=1), axis=0)
    reached = np.unpackbits(packed, axis=1)[:, :sites].astype(bool)
    if len(reached) <= 4_000:
        reached = reached[~_implied(reached)]
    ones = np.ones(len(reached))
    return _SideRows(reached.astype(float), ones, np.full(len(reached), np.inf))


def _implied(reached: Bools) -> Bools:
    """Find rows that hold another row's sites and more."""
    size = reached.sum(axis=1)
    inner, outer = _inside(reached)
    implied = np.zeros(len(reached), bool)
    implied[outer[size[outer] > size[inner]]] = True
    return implied


_SPARSE = 0.05
"""Share of ones up to which pairs of sets are compared by what they share, one by one."""


def _inside(sets: Bools) -> tuple[Ints, Ints]:
    """List pairs of rows of which the first's ones are all in the second; empty rows in none."""
    size = sets.sum(axis=1)
    if sets.mean() < _SPARSE:
        table = sp.csr_array(sets, dtype=np.float32)
        common = (table @ table.T).tocoo()
        inside = common.data > size[common.row] - 0.5
        return common.row[inside], common.col[inside]
    dense = sets.astype(np.float32)
    first, second = np.nonzero(dense @ dense.T > np.where(size, size, np.inf)[:, None] - 0.5)
    return first, second


def _join_rows(*parts: _SideRows) -> _SideRows:
    """Put side rows under one another."""
    return _SideRows(
        np.vstack([part.matrix for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
    )


def _count_rows(resolved: _Resolved) -> _SideRows:
    """Give the group and budget rules as rows."""
    sites = len(resolved.site_ids)
    if not resolved.counts:
        return _SideRows.none(sites)
    return _SideRows(
        np.vstack([rule.amounts for rule in resolved.counts]),
        np.array([rule.low for rule in resolved.counts]),
        np.array([rule.high for rule in resolved.counts]),
    )


def _reach_rows(resolved: _Resolved) -> _SideRows:
    """Give the rules on areas' minutes as rows."""
    parts = [_SideRows.none(len(resolved.site_ids))]
    for rule in resolved.reaches:
        minutes = resolved.services[rule.service].minutes[rule.areas]
        near = _within(minutes, rule.caps[:, None])
        parts.append(_cover_rows(near, resolved.may))
    return _join_rows(*parts)


_INFEASIBLE = highspy.HighsModelStatus.kInfeasible


@dataclass(frozen=True, eq=False)
class _Answer:
    """What an integer programme over the sites answered.

    Parameters
    ----------
    feasible : bool or None
        None when the time ran out before an answer or a proof.
    """

    feasible: bool | None
    chosen: Ints
    value: float
    bound: float
    optimal: bool


def _solve_rows(
    cost: Floats,
    matrix: Floats | sp.csr_matrix,
    low: Floats,
    high: Floats,
    *,
    column_low: Floats,
    column_high: Floats,
    watch: _Watch,
    target: float | None = None,
) -> _Answer:
    """Minimise a cost over whole choices of sites that keep rows."""
    sites = len(cost)
    engine = _integer_engine(watch)
    if target is not None:
        engine.setOptionValue("objective_target", target + 0.5)
    _add_columns(engine, cost, column_low, column_high)
    _make_integer(engine, np.arange(sites))
    _add_rows(engine, sp.csr_matrix(matrix), low, high)
    _run(engine, watch, "integer programme")
    status = engine.getModelStatus()
    none = np.zeros(0, np.intp)
    if status in (_INFEASIBLE, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return _Answer(False, none, np.inf, np.inf, True)
    info = engine.getInfo()
    solved = status == highspy.HighsModelStatus.kOptimal
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        watch.stopped = watch.stopped or "time limit"
        raise _Stop
    y = np.array(engine.getSolution().col_value)
    bound = info.mip_dual_bound if not solved else info.objective_function_value
    return _Answer(True, np.flatnonzero(y > 0.5), info.objective_function_value, bound, solved)


def _feasible_sites(model: _Model, watch: _Watch) -> Ints | None:
    """Find a set of sites that keeps a model's side rows; None where none does."""
    reach = model.minutes.mean(axis=0)
    cost = model.opening + model.weights.sum() * reach / max(float(reach.max()), 1e-12)
    counted = _by_counting(model, cost)
    if counted is not None:
        return counted if len(counted) else None
    answer = _solve_rows(
        cost,
        np.vstack([model.rows.matrix, np.ones(model.shape[1])]),
        np.append(model.rows.low, model.fewest),
        np.append(model.rows.high, model.most),
        column_low=model.must.astype(float),
        column_high=model.may.astype(float),
        watch=watch,
    )
    return answer.chosen if answer.feasible else None


_APART = 1e-5
"""Costs that differ by less, as a share of the greatest, are left to the integer programme."""


def _by_counting(model: _Model, cost: Floats) -> Ints | None:
    """Give what an integer programme would, where counting shows it; empty where nothing works.

    Rows that share no site and ask for one or more of theirs are kept at least cost by the
    cheapest of each, and then the cheapest of all. Where that keeps every other row too nothing
    is cheaper, and nothing else as cheap where no two sites are.
    """
    rows, must, may = model.rows, model.must, model.may
    free = may & ~must
    own = rows.matrix[:, must].sum(axis=1)
    spare = model.most - int(must.sum())
    if spare < 0 or (must & ~may).any() or may.sum() < model.fewest:
        return None
    most = -np.sort(-np.maximum(rows.matrix[:, free], 0.0), axis=1)[:, :spare].sum(axis=1)
    if (own + most < rows.low - 1e-6 * np.maximum(1.0, np.abs(rows.low))).any():
        return np.zeros(0, np.intp)
    plain = ((rows.matrix == 0) | (rows.matrix == 1)).all(axis=1) & (rows.high == np.inf)
    wanted = np.where(plain, np.ceil(rows.low - own - 1e-9), 0.0)
    taken = np.zeros(model.shape[1], bool)
    chosen = must.copy()
    order = np.argsort(cost, kind="stable")
    for row in np.lexsort((rows.matrix.sum(axis=1), -wanted)):
        mine = free & (rows.matrix[row] > 0)
        if wanted[row] > 0 and not (mine & taken).any():
            chosen[order[mine[order]][: int(wanted[row])]] = True
            taken |= mine
    if chosen.sum() > model.most:
        return np.zeros(0, np.intp)
    more = max(model.fewest - int(chosen.sum()), 0)
    chosen[order[(free & ~chosen)[order]][:more]] = True
    found = np.flatnonzero(chosen)
    costs = cost[order[free[order]]]
    near = _APART * max(float(costs.max(initial=0.0)), 1e-300)
    alike = len(costs) and (costs[0] <= near or np.diff(costs).min(initial=np.inf) <= near)
    return found if rows.hold(found) and not alike and len(found) else None
