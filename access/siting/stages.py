"""Goals one after another: each is made as good as it can be while the earlier ones are held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from access.errors import ParameterError
from access.siting.core import Outcome, minimise
from access.siting.interchange import Interchange
from access.siting.model import Floats, Ints, Model, SideRows, tolerance
from access.siting.near import Near
from access.siting.problem import Goal
from access.siting.radius import Worst, least_worst
from access.siting.resolved import Resolved
from access.siting.rows import feasible_sites, solve_rows
from access.siting.search import Stop, Watch
from access.siting.stack import (
    CAP_SLACK,
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

    def __post_init__(self) -> None:
        self.stacked = stack(self.resolved)
        self.rows = join_rows(count_rows(self.resolved), reach_rows(self.resolved))
        self.start: Ints | None = None

    # -- before the goals ---------------------------------------------------------------
    def prepare(self) -> bool:
        """Find a first set that keeps the rules and serves whom it can; False when none does."""
        reached = np.isfinite(self.stacked.minutes) & self.resolved.may
        demanded, served = self.stacked.part > 0, reached.any(axis=1)
        self.unservable = np.flatnonzero(demanded & ~served)
        if self.resolved.serve_all and len(self.unservable):
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
    def run(self, goal: Goal, *, last: bool, keep: int = 1, within: float = 0.0) -> Stage:
        """Make one goal as good as it can be, and hold it for those that follow."""
        if goal.kinds == {"worst"}:
            stage = self._worst(goal)
        elif "worst" in goal.kinds:
            stage = self._blend(goal)
        elif not goal.kinds - {"sites", "cost"} and not self.held:
            stage = self._sites_alone(goal)
        else:
            stage = self._sum(goal, keep, within, last)
        if len(stage.chosen):
            self.start = stage.chosen
        if not last:
            self._hold(goal, stage)
        return stage

    def _sum(self, goal: Goal, keep: int, within: float, last: bool) -> Stage:
        part = goal_rows(goal, self.stacked, self.resolved)
        gap = self.gap if last else 0.0
        self.outcome = self.minimise(part, self.rows, keep, within, gap)
        best = self.outcome.best
        return Stage(
            goal, best.value, self.outcome.bound, best.chosen, self.outcome.method,
            self.outcome.complete,
        )  # fmt: skip

    def minimise(
        self,
        part: GoalRows,
        rows: SideRows,
        keep: int = 1,
        within: float = 0.0,
        gap: float = 0.0,
    ) -> Outcome:
        """Minimise rows of a goal while earlier goals are held."""
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

    def _sites_alone(self, goal: Goal) -> Stage:
        """Solve a goal that only looks at which sites are open."""
        part = goal_rows(goal, self.stacked, self.resolved)
        sites = len(part.opening)
        every = SideRows(
            np.ones((1, sites)), np.array([self.resolved.fewest]), np.array([self.resolved.most])
        )
        rows = join_rows(self.rows, every)
        answer = solve_rows(
            part.opening, rows.matrix, rows.low, rows.high,
            column_low=self.resolved.must.astype(float),
            column_high=self.resolved.may.astype(float), watch=self.watch,
        )  # fmt: skip
        value = float(part.opening[answer.chosen].sum())
        bound = value if answer.optimal else min(answer.bound, value)
        return Stage(goal, value, bound, answer.chosen, "integer programme", answer.optimal)

    def _counted(self) -> Floats:
        """Give the rows of minutes that the worst-off are sought among."""
        minutes: Floats = self.stacked.minutes[self.stacked.active]
        return minutes

    def _first(self, rows: SideRows) -> Ints:
        """Give a good set to begin a search for the worst-off from."""
        if self.start is not None and rows.hold(self.start):
            return self.start
        mean = goal_rows(Goal.mean(), self.stacked, self.resolved)
        outcome = minimise(
            make_model(mean, self.held, self.resolved, rows), watch=self.watch, gap=0.05
        )
        return outcome.best.chosen

    def _worst(self, goal: Goal) -> Stage:
        factor = sum(f for _, _, f in goal.parts)
        minutes = self._counted()
        start = self._first(self.rows)
        if not len(minutes):
            return Stage(goal, 0.0, 0.0, start, "nobody can be served", True)
        if self.held:
            worst = self._worst_held(minutes, start)
        else:
            worst = least_worst(
                minutes, self.rows, fewest=self.resolved.fewest, most=self.resolved.most,
                must=self.resolved.must, may=self.resolved.may, start=start, watch=self.watch,
            )  # fmt: skip
            worst = replace(worst, chosen=self._settle(worst))
        return Stage(
            goal, factor * worst.value, factor * worst.bound, worst.chosen,
            "halving over covers", worst.complete,
        )  # fmt: skip

    def _settle(self, worst: Worst) -> Ints:
        """Among answers equally good for the worst-off, move to one better on average."""
        part = goal_rows(Goal.mean(), self.stacked, self.resolved)
        model = make_model(part, (), self.resolved, self.capped(worst.value))
        near = Near.of(model.minutes, np.flatnonzero(self.resolved.may), 60)
        chosen, _ = Interchange(model, near).improve(worst.chosen)
        return chosen if model.holds(chosen) else worst.chosen

    def capped(self, minutes: float) -> SideRows:
        """Give the rules, and every servable row within so many minutes."""
        counted = self._counted()
        if not self.served_only:
            return self.rows
        near = counted <= minutes * (1 + CAP_SLACK)
        return join_rows(self.rows, cover_rows(near, self.resolved.may))

    def steps_below(self, minutes: float) -> float | None:
        """Give the greatest minutes that occur below some minutes; None where none do."""
        counted = self._counted()
        below = counted[np.isfinite(counted) & (counted < minutes)]
        return float(below.max()) if len(below) and self.served_only else None

    def _worst_held(self, minutes: Floats, start: Ints) -> Worst:
        """Halve over covers where earlier goals are held: each step is a search of its own."""
        part, most = self.held[-1]
        held, self.held = self.held, self.held[:-1]
        chosen, value = start, float(_finite_worst(minutes, start))
        floor = float(minutes[:, self.resolved.may].min(axis=1).max())
        steps = np.unique(minutes[np.isfinite(minutes)])
        steps = steps[(steps >= floor) & (steps < value)] if self.served_only else steps[:0]
        low, high, complete = 0, len(steps), self.served_only
        try:
            while low < high:
                middle = (low + high) // 2
                self.start = None
                outcome = self.minimise(part, self.capped(float(steps[middle])))
                if not outcome.complete:
                    raise Stop
                if outcome.best.value <= most + tolerance(most):
                    chosen = outcome.best.chosen
                    value = float(_finite_worst(minutes, chosen))
                    high = int(np.searchsorted(steps, value))
                else:
                    low = middle + 1
        except (Stop, KeyboardInterrupt):
            complete = False
        self.held = held
        bound = floor if not self.served_only else value if low >= high else float(steps[low])
        return Worst(value, bound, chosen, complete)

    def _blend(self, goal: Goal) -> Stage:
        """Blend with the worst-off: walk down the worst minutes that occur, bounding the rest."""
        if not self.served_only:
            raise ParameterError(
                "a blend with worst minutes needs answers that serve every area; "
                "not all areas can be served at once here. Use goals one after another instead."
            )
        factor = sum(f for kind, _, f in goal.parts if kind == "worst")
        rest = Goal(tuple(p for p in goal.parts if p[0] != "worst"))
        part = goal_rows(rest, self.stacked, self.resolved)
        minutes = self._counted()
        start = self.start
        least = self._worst(Goal.worst())
        self.start = start
        steps = np.unique(minutes[np.isfinite(minutes)])
        best, chosen, bound = np.inf, least.chosen, -np.inf
        cap, complete, value = np.inf, least.complete, np.inf
        while True:
            rows = self.rows if np.isinf(cap) else self.capped(cap)
            outcome = self.minimise(part, rows)
            if not outcome.best.pool:
                bound = best if outcome.complete else bound
                break
            value = outcome.best.value
            worst = _finite_worst(minutes, outcome.best.chosen)
            if value + factor * worst < best:
                best, chosen = value + factor * worst, outcome.best.chosen
            # Whatever comes after has at least this value, and at least the least worst.
            bound = min(best, outcome.bound + factor * least.bound)
            below = steps[steps < worst]
            if not outcome.complete or bound >= best - tolerance(best) or not len(below):
                complete = complete and outcome.complete
                if outcome.complete and not len(below):
                    bound = best
                break
            cap = float(below[-1])
            self.start = None
        return Stage(goal, best, min(bound, best), chosen, "walk over worst minutes", complete)

    def _hold(self, goal: Goal, stage: Stage) -> None:
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


def _finite_worst(minutes: Floats, chosen: Ints) -> float:
    nearest = minutes[:, chosen].min(axis=1)
    reached = nearest[np.isfinite(nearest)]
    return float(reached.max()) if len(reached) else 0.0


def model_of(course: Course, goal: Goal) -> Model:
    """Make the model of a goal as the course stands now.

    Parameters
    ----------
    course : Course
    goal : Goal

    Returns
    -------
    Model
    """
    part = goal_rows(goal, course.stacked, course.resolved)
    return make_model(part, course.held, course.resolved, course.rows)
