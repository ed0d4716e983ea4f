"""What an optimiser answers, with what it proved, and in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from access.siting.problem import Problem

STATUSES = ("proven_optimal", "within_gap", "feasible", "infeasible")


@dataclass(frozen=True)
class GoalValue:
    """What one goal came to.

    Parameters
    ----------
    goal : str
        In words.
    value : float
        Its value in the answer.
    best, bound : float
        The best found when it was its turn, and the proven limit on what any answer reaches.
    proven : bool
    """

    goal: str
    value: float
    best: float
    bound: float
    proven: bool


@dataclass(frozen=True)
class Explanation:
    """Why there is no answer, and the least that would make one.

    Parameters
    ----------
    unservable : tuple of str
        Areas that no allowed site can serve as the rules ask.
    conflict : tuple of str
        A smallest set of rules that cannot all be kept.
    conflict_areas : tuple of str
        Where rules on minutes take part: a smallest set of areas that shows the conflict.
    relaxations : tuple of str
        Changes, each sufficient alone.

    Examples
    --------
    >>> print(Explanation((), ("exactly 1 open", "every area within 5 minutes"), ("a", "b"),
    ...                   ("2 open sites instead of 1",)))
    These rules cannot all be kept: exactly 1 open; every area within 5 minutes.
    Already these areas show it: a, b.
    It would work with 2 open sites instead of 1.
    """

    unservable: tuple[str, ...]
    conflict: tuple[str, ...]
    conflict_areas: tuple[str, ...] = ()
    relaxations: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = []
        if self.unservable:
            lines.append(f"No allowed site can serve: {', '.join(self.unservable)}.")
        if self.conflict:
            lines.append(f"These rules cannot all be kept: {'; '.join(self.conflict)}.")
        if self.conflict_areas:
            lines.append(f"Already these areas show it: {', '.join(self.conflict_areas)}.")
        if self.relaxations:
            lines.append(f"It would work with {', or with '.join(self.relaxations)}.")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen sites, who goes where, and what is proven.

    Equality and `to_dict` leave out seconds and memory: those are measurements of a run, not
    part of its answer.

    Parameters
    ----------
    status : str
        ``"proven_optimal"`` (the bound meets the objective), ``"within_gap"`` (a bound is known,
        some way off), ``"feasible"`` (no bound) or ``"infeasible"``.
    objective : float
        Value of the last goal; ``inf`` when infeasible.
    bound : float
        Proven limit on the objective of any answer.
    gap : float
        Distance between the two as a share.
    chosen : tuple of str
        Open sites, in the order of the cost table's columns.
    assignment : Series
        Area id to site id; None where no open site can be reached. With several demands over
        different costs, indexed by (demand, area).
    minutes : Series
        Minutes of each area to its site; ``inf`` where unserved.
    method : str
        How the proof was closed, or how far the search came.
    nodes : int
        Nodes of the branch-and-cut tree.
    goals : tuple of GoalValue
        Every goal in order.
    unserved : tuple of str
        Areas that cannot reach any chosen site.
    unserved_weight : float
        Their demand.
    demand : float
        All demand of the problem.
    explanation : Explanation or None
        Why there is no answer.
    shares : Series or None
        With capacities: (area, site) to the part of the area served there.
    sense : str
        ``"min"``, or ``"max"`` where more is better and the bound lies above.
    note : str
        What else a reader must know.
    checks : tuple of str
        What `verify` confirmed.
    problem : Problem or None
    seconds : float
        Wall time of the run.
    peak_memory_mb : float
        Greatest memory of the whole process so far; ``nan`` where the system does not tell.

    Examples
    --------
    >>> from access.siting import p_median
    >>> best = p_median([[1, 9, 4], [9, 1, 4], [8, 2, 3]], 1)
    >>> best.chosen, best.status
    (('2',), 'proven_optimal')
    """

    status: str
    objective: float
    bound: float
    gap: float
    chosen: tuple[str, ...]
    assignment: pd.Series
    minutes: pd.Series
    method: str
    nodes: int
    goals: tuple[GoalValue, ...] = ()
    unserved: tuple[str, ...] = ()
    unserved_weight: float = 0.0
    demand: float = 0.0
    explanation: Explanation | None = None
    shares: pd.Series | None = None
    sense: str = "min"
    note: str = ""
    checks: tuple[str, ...] = ()
    problem: Problem | None = field(default=None, repr=False)
    seconds: float = field(default=float("nan"), repr=False)
    peak_memory_mb: float = field(default=float("nan"), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Give the deterministic part as plain values: same inputs, same content.

        Returns
        -------
        dict
        """
        return {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "chosen": list(self.chosen),
            "assignment": _plain(self.assignment),
            "method": self.method,
            "nodes": self.nodes,
            "goals": [[g.goal, g.value, g.best, g.bound, g.proven] for g in self.goals],
            "unserved": list(self.unserved),
            "unserved_weight": self.unserved_weight,
            "demand": self.demand,
            "explanation": None if self.explanation is None else str(self.explanation),
            "shares": None if self.shares is None else _plain(self.shares),
            "note": self.note,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Solution) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def to_frame(self) -> pd.DataFrame:
        """Give who goes where as a table.

        Returns
        -------
        DataFrame
            One row an area: ``site_id`` and ``minutes``.
        """
        return pd.DataFrame({"site_id": self.assignment, "minutes": self.minutes})

    @property
    def words(self) -> str:
        """The answer as a sentence or two."""
        if self.status == "infeasible":
            return f"No answer keeps all the rules.\n{self.explanation or ''}".strip()
        sure = {
            "proven_optimal": "proven best",
            "within_gap": f"within {self.gap:.2%} of the best possible",
            "feasible": "keeps the rules; how good it is was not proven",
        }[self.status]
        text = f"Open {', '.join(self.chosen)}: {self.objective:,.10g} ({sure})."
        if self.unserved:
            text += (
                f" {len(self.unserved)} areas with a demand of {self.unserved_weight:,.10g} "
                "cannot reach any of them."
            )
        return f"{text} {self.note}".strip()

    def __repr__(self) -> str:
        shown = ", ".join(self.chosen[:8]) + (", ..." if len(self.chosen) > 8 else "")
        return f"<Solution {self.status}: {self.objective:,.10g} with {shown}>"

    def _repr_html_(self) -> str:
        from access.siting.show import solution_html

        return solution_html(self)


def _plain(series: pd.Series) -> dict[str, Any]:
    return {_key(key): value for key, value in series.items()}


def _key(key: object) -> str:
    return " / ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def peak_memory_mb() -> float:
    """Give the greatest memory of this process so far, in MiB (2^20 bytes).

    Returns
    -------
    float
        ``nan`` where the system does not tell.
    """
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
