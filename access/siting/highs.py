"""HiGHS as the search uses it: made here alone, silent from its first moment on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from access.errors import SitingError
from access.siting.model import Floats
from access.siting.progress import _Stop, _Watch

_OPTIMAL = highspy.HighsModelStatus.kOptimal
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
PAST_BOUND = highspy.HighsModelStatus.kObjectiveBound
_ATTEMPTS = 3


class _Silent(highspy.Highs):
    """HiGHS that is told to be silent before it can say anything.

    Some versions print a banner to standard output while they are made, as callbacks are set up.
    """

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS calls it so
        self.setOptionValue("output_flag", False)
        self.setOptionValue("log_to_console", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _silent_highs(**options: bool | int | float | str) -> highspy.Highs:
    """Make a silent single-threaded HiGHS with further options; nothing else makes one."""
    engine = _Silent()  # type: ignore[no-untyped-call]
    silent = {"output_flag": False, "log_to_console": False, "threads": 1, "random_seed": 0}
    for option, value in {**silent, **options}.items():
        engine.setOptionValue(option, value)
    return engine


def _quiet_highs() -> highspy.Highs:
    """Make a HiGHS for warm-started dual simplex."""
    return _silent_highs(presolve="off", solver="simplex", simplex_strategy=1)


def _solved(engine: highspy.Highs) -> highspy.HighsModelStatus:
    """Run HiGHS; where it labours, start it afresh from its basis, then from none."""
    for attempt in range(_ATTEMPTS):
        engine.run()
        status = engine.getModelStatus()
        if status in (_OPTIMAL, INFEASIBLE, PAST_BOUND):
            return status
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise _Stop
        basis = engine.getBasis()
        engine.clearSolver()
        engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        if attempt == 0:
            engine.setBasis(basis)
    raise SitingError(
        "HiGHS could not solve a linear programme of the search "
        f"({engine.modelStatusToString(status)}); try rounding the costs to 0.01 minutes"
    )


INF = highspy.kHighsInf


def _integer_engine(watch: _Watch) -> highspy.Highs:
    """Make a silent HiGHS for integer programmes, with the watch's time limit."""
    engine = _silent_highs(
        mip_rel_gap=0.0,
        mip_abs_gap=1e-9,
        # A budget missed by a hair is missed: rules are kept to rounding, not to 1e-6.
        mip_feasibility_tolerance=1e-9,
        primal_feasibility_tolerance=1e-9,
    )
    left = watch.left()
    if left is not None:
        engine.setOptionValue("time_limit", max(left, 0.01))
    return engine


def _add_columns(engine: highspy.Highs, cost: Floats, low: Floats, high: Floats) -> None:
    """Add columns without entries."""
    count = len(cost)
    nothing = np.zeros(0)
    engine.addCols(
        count, cost, low, high, 0, np.zeros(count, np.int32), nothing.astype(np.int32), nothing
    )


def _add_rows(engine: highspy.Highs, rows: sp.csr_matrix, low: Floats, high: Floats) -> None:
    """Add sparse rows."""
    if rows.shape[0]:
        engine.addRows(
            rows.shape[0],
            np.maximum(low, -INF),
            np.minimum(high, INF),
            rows.nnz,
            rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32),
            rows.data.astype(np.float64),
        )


def _make_integer(engine: highspy.Highs, columns: np.ndarray) -> None:
    """Ask whole values of some columns."""
    engine.changeColsIntegrality(
        len(columns), columns.astype(np.int32), np.ones(len(columns), np.uint8)
    )


def _run(engine: highspy.Highs, watch: _Watch, stage: str, *, final: bool = True) -> None:
    """Run HiGHS; the watch looks in, and Ctrl-C or a caller's no ends it early.

    The incumbent stays in the engine. `watch.stopped` says why it ended early.
    """
    halted: list[BaseException] = []

    def look(event: Any) -> None:
        state = event.data_out
        try:
            watch.tick(stage, float(state.mip_dual_bound), float(state.mip_primal_bound))
        except BaseException as stop:
            halted.append(stop)
        if halted or caught:
            event.interrupt()

    with _catch_interrupt() as caught:
        engine.cbMipInterrupt.subscribe(look)
        engine.run()
    if caught:
        watch.stopped = "interrupted"
    elif final and engine.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
        watch.stopped = "time limit"
    for stop in halted:
        if not isinstance(stop, _Stop | KeyboardInterrupt):
            raise stop
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"


@contextmanager
def _catch_interrupt() -> Iterator[list[int]]:
    """Note Ctrl-C instead of raising it inside the solver, where it would lose the answer."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    before = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield caught
    finally:
        signal.signal(signal.SIGINT, before)
