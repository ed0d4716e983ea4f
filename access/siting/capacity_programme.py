"""Sites with limited room as an integer programme, which HiGHS solves or bounds."""

from __future__ import annotations

import highspy
import numpy as np
import scipy.sparse as sp

from access.siting.capacity_model import Plan, Shape, cutoff_of
from access.siting.mip import INF, add_columns, add_rows, integer_engine, make_integer, run
from access.siting.model import Bools, Ints
from access.siting.search import Watch


def close_proof(
    shape: Shape, must: Bools, may: Bools, pairs: Bools, plan: Plan | None, watch: Watch
) -> tuple[Plan | None, float, int]:
    """Close the proof with an integer programme over the pairs that still matter.

    Parameters
    ----------
    shape : Shape
    must, may : ndarray of bool, shape (sites,)
        Sites that are open in every better answer; that may be open in one.
    pairs : ndarray of bool, shape (areas, sites)
        Which areas may go where in a better answer.
    plan : Plan or None
        The best so far.
    watch : Watch

    Returns
    -------
    tuple of (Plan or None, float, int)
        A better plan, where one was found; a bound; nodes searched.

    Raises
    ------
    Stop
        If the watch ends it.
    """
    m = shape.cost.shape[1]
    area, site = np.nonzero(pairs & may[None, :])
    columns = np.flatnonzero(may)
    k = len(columns)
    column_of = np.full(m, -1)
    column_of[columns] = np.arange(k)
    engine = integer_engine(watch)
    low = np.concatenate([must[columns].astype(float), np.zeros(len(area))])
    cost = np.concatenate([np.zeros(k), shape.cost[area, site]])
    add_columns(engine, cost, low, np.ones(len(cost)))
    make_integer(engine, np.arange(k if shape.split else len(cost)))
    _rows(engine, shape, area, site, columns, column_of)
    if plan is not None:
        start = highspy.HighsSolution()
        opened = np.zeros(m)
        opened[plan.chosen] = 1.0
        start.col_value = np.concatenate([opened[columns], plan.parts[area, site]]).tolist()
        engine.setSolution(start)
        engine.setOptionValue("objective_bound", cutoff_of(shape, plan))
    run(engine, watch, "integer programme")
    status, info = engine.getModelStatus(), engine.getInfo()
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kObjectiveBound,
    ):
        # Nothing better than the plan is left; without a plan nothing is possible at all.
        return None, plan.value if plan else np.inf, 0
    found = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        found = _read(engine, shape, area, site, columns)
    done = status == highspy.HighsModelStatus.kOptimal
    bound = found.value if done and found is not None else info.mip_dual_bound
    return found, float(bound), max(int(info.mip_node_count), 0)


def _rows(
    engine: highspy.Highs,
    shape: Shape,
    area: Ints,
    site: Ints,
    columns: Ints,
    column_of: Ints,
) -> None:
    n, k, pairs = len(shape.uses), len(columns), len(area)
    width = k + pairs
    pair = k + np.arange(pairs)
    ones = np.ones(pairs)
    once = sp.csr_matrix((ones, (area, pair)), shape=(n, width))
    add_rows(engine, once, np.ones(n), np.ones(n))
    fill = sp.csr_matrix((shape.uses[area], (column_of[site], pair)), shape=(k, width))
    room = sp.csr_matrix((-shape.room[columns], (np.arange(k), np.arange(k))), shape=(k, width))
    add_rows(engine, (fill + room).tocsr(), np.full(k, -INF), np.zeros(k))
    at = np.arange(pairs)
    link = sp.csr_matrix((ones, (at, pair)), shape=(pairs, width)) - sp.csr_matrix(
        (ones, (at, column_of[site])), shape=(pairs, width)
    )
    add_rows(engine, link.tocsr(), np.full(pairs, -INF), np.zeros(pairs))
    every = np.concatenate([np.ones(k), np.zeros(pairs)])[None, :]
    count = (np.array([float(shape.fewest)]), np.array([float(shape.most)]))
    add_rows(engine, sp.csr_matrix(every), *count)
    if len(shape.rows):
        side = sp.hstack(
            [sp.csr_matrix(shape.rows.matrix[:, columns]), sp.csr_matrix((len(shape.rows), pairs))]
        )
        add_rows(engine, side.tocsr(), shape.rows.low, shape.rows.high)


def _read(engine: highspy.Highs, shape: Shape, area: Ints, site: Ints, columns: Ints) -> Plan:
    value = np.array(engine.getSolution().col_value)
    k = len(columns)
    chosen = columns[value[:k] > 0.5]
    parts = np.zeros_like(shape.cost)
    flow = value[k:] if shape.split else np.rint(value[k:])
    parts[area, site] = np.where(np.abs(flow) < 1e-9, 0.0, flow)
    used = parts > 0
    total = float((parts[used] * shape.cost[used]).sum())
    return Plan(total, chosen, parts)
