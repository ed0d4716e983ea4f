"""A problem on its way through its goals: what is held so far, and where to begin from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from access.siting.core import Outcome, minimise
from access.siting.levels import Levels
from access.siting.model import Floats, Ints, SideRows, tolerance
from access.siting.problem import Goal
from access.siting.resolved import Resolved
from access.siting.rows import feasible_sites
from access.siting.search import Stop, Watch
from access.siting.stack import (
    GoalRows,
    Stack,
    count_rows,
    cover_rows,
    goal_rows,
    join_rows,
    make_model,
    reach_rows,
    stack,
)


@dataclass(frozen=True, eq=False)
class Stage:
    """What became of one goal.

    Parameters
    ----------
    goal : Goal
    value, bound : float
    chosen : ndarray of int
    method : str
    complete : bool
    """

    goal: Goal
    value: float
    bound: float
    chosen: Ints
    method: str
    complete: bool


@dataclass(eq=False)
class Course:
    """A problem on its way through its goals.

    Parameters
    ----------
    resolved : Resolved
    watch : Watch
    gap : float
        A proven gap that is good enough for the last goal.
    seed : int

    Attributes
    ----------
    stacked : Stack
        The areas of all services.
    rows : SideRows
        The rules so far, with what earlier goals have added to them.
    held : list of (GoalRows, float)
        Earlier goals that add up over areas, and what they may come to at most.
    start : ndarray of int or None
        A set of sites that keeps the rules, to begin from.
    outcome : Outcome
        Of the last goal that adds up over areas; there once one was met.
    served_only : bool
        Whether only answers that serve every servable area are looked at.
    feasible : bool
    """

    resolved: Resolved
    watch: Watch
    gap: float = 0.0
    seed: int = 0
    stacked: Stack = field(init=False)
    rows: SideRows = field(init=False)
    held: list[tuple[GoalRows, float]] = field(default_factory=list)
    served_only: bool = True
    feasible: bool = True
    start: Ints | None = field(init=False, default=None)
    outcome: Outcome = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.stacked = stack(self.resolved)
        self.rows = join_rows(count_rows(self.resolved), reach_rows(self.resolved))

    # -- before the goals ---------------------------------------------------------------
    def prepare(self) -> bool:
        """Find a first set that keeps the rules and serves whom it can; False when none does.

        Returns
        -------
        bool

        Raises
        ------
        Stop
            If the watch ends it before an answer or a proof.
        """
        reached = np.isfinite(self.stacked.minutes) & self.resolved.may
        demanded, served = self.stacked.part > 0, reached.any(axis=1)
        if self.resolved.serve_all and (demanded & ~served).any():
            self.feasible = False
            return False
        fragile = self.stacked.active & ~reached[:, self.resolved.may].all(axis=1)
        if fragile.any():
            return self._serve(fragile, reached)
        if len(self.rows):
            self.start = self._keeps(self.rows)
            self.feasible = self.start is not None
        return self.feasible

    def _keeps(self, rows: SideRows) -> Ints | None:
        nobody = np.zeros(len(self.stacked.mean))
        blank = GoalRows(
            ("minutes",), self.stacked.finite, nobody, np.zeros(len(self.resolved.site_ids))
        )
        model = replace(make_model(blank, (), self.resolved, rows), weights=self.stacked.mean)
        return feasible_sites(model, self.watch)

    def _serve(self, fragile: np.ndarray, reached: np.ndarray) -> bool:
        """Make serving everyone a rule where that can be done, else serve as many as possible."""
        everyone = join_rows(self.rows, cover_rows(reached[fragile]))
        self.start = self._keeps(everyone)
        if self.start is not None:
            self.rows = everyone
            return True
        if self.resolved.serve_all or (len(self.rows) and self._keeps(self.rows) is None):
            self.feasible = False
            return False
        self.served_only = False
        total = any("total" in goal.kinds for goal in self.resolved.goals)
        weights = (self.stacked.total if total else self.stacked.mean) * fragile
        missed = GoalRows(
            ("unserved",), (~reached).astype(float), weights, np.zeros(reached.shape[1])
        )
        outcome = minimise(make_model(missed, (), self.resolved, self.rows), watch=self.watch)
        if not outcome.complete:
            raise Stop
        self.held.append((missed, outcome.best.value + tolerance(outcome.best.value)))
        self.start = outcome.best.chosen
        return True

    # -- the goals ----------------------------------------------------------------------
    def minimise(
        self,
        part: GoalRows,
        rows: SideRows,
        keep: int = 1,
        within: float = 0.0,
        gap: float = 0.0,
    ) -> Outcome:
        """Minimise rows of a goal while earlier goals are held.

        Parameters
        ----------
        part : GoalRows
        rows : SideRows
        keep : int
            How many sets to list.
        within : float
            Only sets up to this share worse than the best are listed.
        gap : float
            Stop once proven within this share of the best.

        Returns
        -------
        Outcome
        """
        model = make_model(part, self.held, self.resolved, rows)
        outcome = minimise(
            model,
            watch=self.watch,
            keep=keep,
            within=within,
            start=self.start,
            gap=gap,
            seed=self.seed,
        )
        unfinished = not outcome.best.pool and not outcome.complete
        if unfinished and self.start is not None and model.holds(self.start):
            outcome.best.offer(self.start, model.value(self.start))
        return outcome

    def counted(self) -> Floats:
        """Give the rows of minutes that the worst-off are sought among."""
        minutes: Floats = self.stacked.minutes[self.stacked.active]
        return minutes

    @cached_property
    def levels(self) -> Levels:
        """The levels of the minutes that the worst-off are sought among."""
        return Levels.of(self.counted())

    def capped(self, minutes: float) -> SideRows:
        """Give the rules, and every servable row at or under the level of some minutes."""
        if not self.served_only:
            return self.rows
        near = self.counted() <= self.levels.ceiling(minutes)
        return join_rows(self.rows, cover_rows(near, self.resolved.may))

    def steps_below(self, minutes: float) -> float | None:
        """Give the greatest minutes of the level below that of some minutes; None where none is.

        An answer under this cap is a level lower: who walks down by it comes to an end.
        """
        at = self.levels.level(minutes)
        return float(self.levels.top[at - 1]) if at > 0 and self.served_only else None

    def hold(self, goal: Goal, stage: Stage) -> None:
        """Turn a goal that was met into a rule for the goals that follow."""
        allowed = stage.value + goal.within * abs(stage.value)
        allowed += tolerance(allowed)
        if goal.kinds == {"worst"}:
            factor = sum(f for _, _, f in goal.parts)
            self.rows = self.capped(allowed / max(factor, 1e-300))
            return
        part = goal_rows(goal, self.stacked, self.resolved)
        if not part.weights.any():
            self.rows = self.rows.and_row(part.opening, -np.inf, allowed)
            return
        self.held.append((part, allowed))
