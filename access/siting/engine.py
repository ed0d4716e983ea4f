"""HiGHS as the search uses it: a silent, warm-started simplex engine and nothing more."""

from __future__ import annotations

import highspy

from access.errors import SitingError
from access.siting.search import Stop

OPTIMAL = highspy.HighsModelStatus.kOptimal
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
PAST_BOUND = highspy.HighsModelStatus.kObjectiveBound
_ATTEMPTS = 3


def quiet_highs() -> highspy.Highs:
    """Make a silent single-threaded HiGHS for warm-started dual simplex."""
    engine = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("presolve", "off"),
        ("solver", "simplex"),
        ("simplex_strategy", 1),
        ("random_seed", 0),
    ):
        engine.setOptionValue(option, value)
    return engine


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
