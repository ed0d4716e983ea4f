"""What an optimiser answers, with what it proved, and in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from access.display import html_answer
from access.siting.problem import Problem
from access.siting.resolve import _Resolved
from access.siting.search import Ints, _Watch

STATUSES = ("proven_optimal", "within_gap", "feasible", "infeasible")


@dataclass(frozen=True)
class _GoalValue:
    """What one goal came to.

    Parameters
    ----------
    goal : str
        In words.
    value : float
        Its value in the answer.
    best, bound : float
        The best found when it was its turn, and the proven limit on what any answer reaches.
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
    goals: tuple[_GoalValue, ...] = ()
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

        return _solution_html(self)


def _plain(series: pd.Series) -> dict[str, Any]:
    return {_key(key): value for key, value in series.items()}


def _key(key: object) -> str:
    return " / ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _peak_memory_mb() -> float:
    """Give the greatest memory of this process so far, in MiB (2^20 bytes)."""
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _blank(
    problem: Problem,
    resolved: _Resolved,
    watch: _Watch,
    status: str,
    note: str,
    explanation: Explanation | None = None,
) -> Solution:
    """Make the answer that opens nothing: infeasible, or nothing found in time."""
    ids = resolved.services[0].area_ids
    index = pd.Index(ids, dtype=object, name="area_id")
    worst = float("inf")
    return Solution(
        status=status, objective=worst, bound=worst if status == "infeasible" else -worst,
        gap=worst, chosen=(),
        assignment=pd.Series([None] * len(ids), index=index, dtype=object, name="site_id"),
        minutes=pd.Series(worst, index=index, name="minutes"),
        method="rules alone" if status == "infeasible" else "stopped", nodes=watch.nodes,
        unserved=tuple(ids), unserved_weight=_whole_demand(resolved),
        demand=_whole_demand(resolved),
        explanation=explanation, note=note, problem=problem,
        seconds=watch.seconds(), peak_memory_mb=_peak_memory_mb(),
    )  # fmt: skip


def _assign(resolved: _Resolved, chosen: Ints) -> tuple[pd.Series, pd.Series]:
    """Send every area to its nearest open site, ties to the earlier column."""
    columns = np.sort(chosen)
    names = np.array(resolved.site_ids, dtype=object)[columns]
    parts = []
    for service in resolved.services:
        table = service.minutes[:, columns]
        first = table.argmin(axis=1)
        minutes = table[np.arange(len(table)), first]
        sites = np.where(np.isfinite(minutes), names[first], None)
        index = pd.Index(service.area_ids, dtype=object, name="area_id")
        parts.append(
            (
                pd.Series(sites, index=index, dtype=object, name="site_id"),
                pd.Series(minutes, index=index, name="minutes"),
            )
        )
    first_sites, first_minutes = parts[0]
    alike = all(
        sites.index.equals(first_sites.index) and minutes.equals(first_minutes)
        for sites, minutes in parts
    )
    if alike:
        return first_sites, first_minutes
    keys = [service.name for service in resolved.services]
    joined = [
        pd.concat([part[k] for part in parts], keys=keys, names=["demand", "area_id"])
        for k in (0, 1)
    ]
    return joined[0], joined[1]


def _unserved_by(resolved: _Resolved, chosen: Ints) -> tuple[tuple[str, ...], float]:
    """Name the areas that no open site can reach."""
    names: dict[str, None] = {}
    weight = 0.0
    for service in resolved.services:
        left = ~np.isfinite(service.minutes[:, chosen].min(axis=1))
        names.update(dict.fromkeys(service.area_ids[i] for i in np.flatnonzero(left)))
        weight += float(service.weights[left].sum())
    return tuple(names), weight


def _whole_demand(resolved: _Resolved) -> float:
    """Give the demand of all services, served or not."""
    return float(sum(service.weights.sum() for service in resolved.services))


_MOST = 40


def _solution_html(solution: Solution) -> str:
    """Write an answer for a notebook: the sites, whom they serve, and what is proven."""
    served = solution.to_frame()
    served = served[np.isfinite(served["minutes"].to_numpy(float))]
    groups = served.groupby("site_id")["minutes"]
    areas, longest = groups.size(), groups.max()
    rows = [
        (site, f"{areas.get(site, 0):,}", f"{longest[site]:.1f}" if site in longest else "none")
        for site in solution.chosen[:_MOST]
    ]
    if len(solution.chosen) > _MOST:
        rows.append((f"and {len(solution.chosen) - _MOST:,} more", "", ""))
    proven = [
        f"{goal.goal}: {goal.value:,.6g}"
        + (" (proven)" if goal.proven else f" (bound {goal.bound:,.6g})")
        for goal in solution.goals
    ]
    head = ["Open", "Areas served", "Longest, minutes"] if rows else []
    notes = (*proven, f"How: {solution.method}", *(f"Checked: {c}" for c in solution.checks))
    return html_answer(
        solution.words, head, rows, notes=notes, notes_title="What is proven, and how"
    )
