"""HiGHS as the search uses it: made here alone, silent from its first moment on."""

from __future__ import annotations

import highspy

from access.errors import SitingError
from access.siting.search import Stop

OPTIMAL = highspy.HighsModelStatus.kOptimal
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
        super().enableCallbacks()


def silent_highs(**options: bool | int | float | str) -> highspy.Highs:
    """Make a silent single-threaded HiGHS with further options; nothing else makes one."""
    engine = _Silent()
    silent = {"output_flag": False, "log_to_console": False, "threads": 1, "random_seed": 0}
    for option, value in {**silent, **options}.items():
        engine.setOptionValue(option, value)
    return engine


def quiet_highs() -> highspy.Highs:
    """Make a HiGHS for warm-started dual simplex."""
    return silent_highs(presolve="off", solver="simplex", simplex_strategy=1)


def solved(engine: highspy.Highs) -> highspy.HighsModelStatus:
    """Run HiGHS; where it labours, start it afresh from its basis, then from none.

    Parameters
    ----------
    engine : highspy.Highs
        With an iteration limit at which it counts as labouring.

    Returns
    -------
    highspy.HighsModelStatus
        `OPTIMAL`, `INFEASIBLE` or `PAST_BOUND`.

    Raises
    ------
    Stop
        When HiGHS reached the time limit it was given.
    SitingError
        When it could not solve the programme at all.
    """
    for attempt in range(_ATTEMPTS):
        engine.run()
        status = engine.getModelStatus()
        if status in (OPTIMAL, INFEASIBLE, PAST_BOUND):
            return status
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise Stop
        basis = engine.getBasis()
        engine.clearSolver()
        engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        if attempt == 0:
            engine.setBasis(basis)
    raise SitingError(
        "HiGHS could not solve a linear programme of the search "
        f"({engine.modelStatusToString(status)}); try rounding the costs to 0.01 minutes"
    )
