"""A second look at every answer, with none of the solver's code.

Here is the call; the checks that it makes are in `access.siting.verify_checks`.
"""

from __future__ import annotations

from dataclasses import dataclass

from access.errors import SitingError
from access.siting.problem import Problem
from access.siting.resolve import resolve
from access.siting.solution import Solution
from access.siting.verify_checks import Look


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what was found wrong.

    Parameters
    ----------
    passed : tuple of str
    failed : tuple of str
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when nothing was found wrong."""
        return not self.failed

    def __str__(self) -> str:
        lines = [f"ok: {text}" for text in self.passed] + [f"WRONG: {t}" for t in self.failed]
        return "\n".join(lines)


def verify(problem: Problem, solution: Solution) -> Verification:
    """Check an answer against the question, without the solver.

    Parameters
    ----------
    problem : Problem
        As it was asked (`solution.problem` where one of the short calls made it).
    solution : Solution

    Returns
    -------
    Verification
        Every check that was made, passed or failed.

    Raises
    ------
    ParameterError
        If the problem itself is faulty.

    Examples
    --------
    >>> import access
    >>> best = access.p_median([[1, 9], [9, 1], [4, 5]], 1)
    >>> access.verify(best.problem, best).ok
    True
    """
    look = Look(resolve(problem), solution)
    look.status()
    if solution.status != "infeasible" and look.sites():
        look.rules()
        look.assignment()
        look.objective()
        look.swaps()
    return Verification(tuple(look.passed), tuple(look.failed))


def confirm(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Verify, and refuse to hand on an answer that fails.

    Parameters
    ----------
    problem : Problem
    solution : Solution

    Returns
    -------
    tuple of str
        The checks that passed.

    Raises
    ------
    SitingError
        Naming every check that failed.
    """
    seen = verify(problem, solution)
    if not seen.ok:
        raise SitingError(
            "the optimiser's answer failed its independent check and is withheld: "
            + "; ".join(seen.failed)
        )
    return seen.passed
