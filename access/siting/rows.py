"""Questions about the open sites alone, asked of HiGHS as small integer programmes."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from access.siting.mip import add_columns, add_rows, integer_engine, make_integer, run
from access.siting.model import Floats, Ints, Model
from access.siting.search import Stop, Watch

_INFEASIBLE = highspy.HighsModelStatus.kInfeasible


@dataclass(frozen=True, eq=False)
class Answer:
    """What an integer programme over the sites answered.

    Parameters
    ----------
    feasible : bool or None
        None when the time ran out before an answer or a proof.
    chosen : ndarray of int
    value, bound : float
    optimal : bool
    """

    feasible: bool | None
    chosen: Ints
    value: float
    bound: float
    optimal: bool


def solve_rows(
    cost: Floats,
    matrix: Floats | sp.csr_matrix,
    low: Floats,
    high: Floats,
    *,
    column_low: Floats,
    column_high: Floats,
    watch: Watch,
    target: float | None = None,
) -> Answer:
    """Minimise a cost over whole choices of sites that keep rows.

    Parameters
    ----------
    cost : ndarray, shape (sites,)
    matrix : ndarray or sparse matrix, shape (rows, sites)
    low, high : ndarray, shape (rows,)
    column_low, column_high : ndarray, shape (sites,)
        0 or 1: locked open, locked closed.
    watch : Watch
    target : float, optional
        Any answer at or under this whole number will do.

    Returns
    -------
    Answer

    Raises
    ------
    Stop
        If the watch ends it before any answer.
    """
    sites = len(cost)
    engine = integer_engine(watch)
    if target is not None:
        engine.setOptionValue("objective_target", target + 0.5)
    add_columns(engine, cost, column_low, column_high)
    make_integer(engine, np.arange(sites))
    add_rows(engine, sp.csr_matrix(matrix), low, high)
    run(engine, watch, "integer programme")
    status = engine.getModelStatus()
    none = np.zeros(0, np.intp)
    if status in (_INFEASIBLE, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Answer(False, none, np.inf, np.inf, True)
    info = engine.getInfo()
    solved = status == highspy.HighsModelStatus.kOptimal
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        watch.stopped = watch.stopped or "time limit"
        raise Stop
    y = np.array(engine.getSolution().col_value)
    bound = info.mip_dual_bound if not solved else info.objective_function_value
    return Answer(True, np.flatnonzero(y > 0.5), info.objective_function_value, bound, solved)


def feasible_sites(model: Model, watch: Watch) -> Ints | None:
    """Find a set of sites that keeps a model's side rows; None where none does.

    Parameters
    ----------
    model : Model
    watch : Watch

    Returns
    -------
    ndarray of int or None
    """
    reach = model.minutes.mean(axis=0)
    answer = solve_rows(
        model.opening + model.weights.sum() * reach / max(float(reach.max()), 1e-12),
        np.vstack([model.rows.matrix, np.ones(model.shape[1])]),
        np.append(model.rows.low, model.fewest),
        np.append(model.rows.high, model.most),
        column_low=model.must.astype(float),
        column_high=model.may.astype(float),
        watch=watch,
    )
    return answer.chosen if answer.feasible else None
