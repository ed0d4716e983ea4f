"""A problem on its way through its goals; the least worst minutes as a search over covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from access.errors import ParameterError
from access.siting.branch_and_cut import _minimise, _Outcome
from access.siting.constraints import (
    _count_rows,
    _cover_rows,
    _demand_rows,
    _DemandRows,
    _feasible_sites,
    _goal_rows,
    _GoalRows,
    _inside,
    _join_rows,
    _make_model,
    _reach_rows,
    _solve_rows,
)
from access.siting.heuristics import _Interchange, _Near
from access.siting.problem import Goal
from access.siting.resolve import _Resolved
from access.siting.search import (
    MOST_ADDED,
    Bools,
    Floats,
    Ints,
    _Levels,
    _SideRows,
    _Stop,
    _tolerance,
    _Watch,
)

# The least worst minutes: a search over the distances that occur, each asked as a cover.
#
# Some set of sites has every area within R exactly when a cover exists (Minieka 1970), so the
# answer is found by halving the sorted list of minutes that occur in the table.

_HALF = 0.5
_MOST_COMPARED = 6_000
_NEARLY = 0.2
_SWAPS = 60
_WAIT = 8


@dataclass(frozen=True, eq=False)
class _Worst:
    """The least worst minutes found, and what was proven."""

    value: float
    bound: float
    chosen: Ints
    complete: bool


def _least_worst(
    minutes: Floats,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    start: Ints,
    levels: _Levels,
    watch: _Watch,
) -> _Worst:
    """Find the sites whose worst-off row is best off."""
    chosen, value = start, float(minutes[:, start].min(axis=1).max())
    # Levels under `low` are proven too small, and an answer at level `high` is known.
    low = levels.level(float(minutes[:, may].min(axis=1).max()))
    high = levels.level(value)
    complete = True
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            bound = float(levels.low[low])
            watch.tick("radius", bound, value)
            middle = (low + high) // 2
            found = _cover_within(
                minutes, float(levels.top[middle]), rows, fewest=fewest, most=most,
                must=must, may=may, watch=watch,
            )  # fmt: skip
            watch.nodes += 1
            if found is None:
                low = middle + 1
            else:
                chosen, value = found, float(minutes[:, found].min(axis=1).max())
                high = min(levels.level(value), middle)
    except (_Stop, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"
        complete = False
    bound = value if low >= high else float(levels.low[low])
    return _Worst(value, bound, chosen, complete)


def _cover_within(
    minutes: Floats,
    radius: float,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    watch: _Watch,
) -> Ints | None:
    """Find sites that keep the rows and have every row of minutes within a radius."""
    near = minutes <= radius
    if len(rows):
        cover = _cover_rows(near, may)
        every = _SideRows(np.ones((1, minutes.shape[1])), np.array([fewest]), np.array([most]))
        together, low, high = _join_rows(rows, cover, every), must, may
    else:
        # Without other rules a site that serves less than another is never needed.
        missing = ~near[:, must].any(axis=1)
        spare = most - int(must.sum())
        quick = _Quick(near[missing], may & ~must, spare)
        if (found := quick.cover()) is not None:
            return _filled(found, fewest, must, may)
        if quick.apart() > spare:
            return None
        cover, useful = _shrunk_cover(near[missing], may & ~must)
        room = np.array([float(spare)])
        every = _SideRows(np.ones((1, minutes.shape[1])), np.zeros(1), room)
        together, low, high = _join_rows(cover, every), np.zeros(len(must), bool), useful
    answer = _solve_rows(
        np.ones(minutes.shape[1]),
        together.matrix,
        together.low,
        together.high,
        column_low=low.astype(float),
        column_high=high.astype(float),
        watch=watch,
        target=float(most),
    )
    if not answer.feasible:
        return None
    return _filled(answer.chosen, fewest, must, may)


def _filled(found: Ints, fewest: int, must: Bools, may: Bools) -> Ints:
    """Add the sites that must be open, and others up to the fewest."""
    chosen = np.union1d(found, np.flatnonzero(must))
    spare = np.setdiff1d(np.flatnonzero(may), chosen)[: max(fewest - len(chosen), 0)]
    return np.union1d(chosen, spare).astype(np.intp)


class _Quick:
    """Answers to a cover that need no programme: a cover found, or rows that no site shares.

    Parameters
    ----------
    near : ndarray of bool, shape (rows, sites)
    allowed : ndarray of bool, shape (sites,)
    most : int
        Sites that a cover may have.
    """

    def __init__(self, near: Bools, allowed: Bools, most: int) -> None:
        self.sites = np.flatnonzero(allowed)
        self.near = np.ascontiguousarray(near[:, allowed], np.float32)
        self.most = most

    def cover(self) -> Ints | None:
        """Look for a cover: greedily, then by swaps while they cover more; None where none is."""
        rows = len(self.near)
        if not rows:
            return np.zeros(0, np.intp)
        if not self.near.any(axis=1).all() or self.most < 1:
            return None
        chosen, left = self._greedy()
        # a swap seldom covers more than a row or two
        if left.any() and left.sum() <= _NEARLY * rows:
            chosen, left = self._swapped(chosen)
        return None if left.any() else self.sites[np.unique(chosen)]

    def apart(self) -> int:
        """Count rows of which no two share a site: a cover has a site for each."""
        order = np.argsort(self.near.sum(axis=1), kind="stable")
        free, count = np.ones(len(self.near), bool), 0
        for row in order:
            if free[row]:
                free &= self.near @ self.near[row] < _HALF
                free[row], count = False, count + 1
        return count

    def _greedy(self) -> tuple[list[int], Bools]:
        """Take, of the sites near the row that has fewest, the one near most rows left."""
        near, left = self.near, np.ones(len(self.near), bool)
        chosen: list[int] = []
        scarce, gain = near.sum(axis=1), near.sum(axis=0)
        while left.any() and len(chosen) < self.most:
            row = int(np.where(left, scarce, np.inf).argmin())
            site = int(np.where(near[row] > 0, gain, -1.0).argmax())
            taken = left & (near[:, site] > 0)
            gain -= near[taken].sum(axis=0)
            left &= ~taken
            chosen.append(site)
        return chosen, left

    def _swapped(self, chosen: list[int]) -> tuple[list[int], Bools]:
        """Swap one site for another again and again, the best swap first; none that was swapped out
        comes back before some others did.
        """
        near, chosen, barred = self.near, list(chosen), np.zeros(self.near.shape[1], int)
        times = near[:, chosen].sum(axis=1)
        best = list(chosen), times < _HALF
        for turn in range(_SWAPS):
            left, once = times < _HALF, np.abs(times - 1) < _HALF
            gain = near[left].sum(axis=0)
            new = np.flatnonzero((gain > 0) & (barred <= turn))
            if not left.any() or not len(new):
                break
            alone = near[once]
            mine = alone[:, chosen]
            change = gain[new, None] + alone[:, new].T @ mine - mine.sum(axis=0)
            best_new, slot = np.unravel_index(int(change.argmax()), change.shape)
            out, into = chosen[slot], int(new[best_new])
            times += near[:, into] - near[:, out]
            chosen[slot], barred[out] = into, turn + _WAIT
            if (times < _HALF).sum() < best[1].sum():
                best = list(chosen), times < _HALF
        return best


def _shrunk_cover(near: Bools, allowed: Bools) -> tuple[_SideRows, Bools]:
    """Leave out rows that others imply and sites that others outdo, until neither is left."""
    useful = allowed & near.any(axis=0)
    rows = _cover_rows(near, useful)
    while len(rows):  # ends: each turn takes a useful site away, or is the last
        columns = np.flatnonzero(useful)
        outdone = _outdone(rows.matrix[:, columns])
        if not outdone.any():
            break
        useful[columns[outdone]] = False
        rows = _cover_rows(rows.matrix > 0.5, useful)
    return rows, useful


def _outdone(matrix: Floats) -> Bools:
    """Find columns whose ones are all in another column (the first of equals stays)."""
    sets = matrix.T > _HALF
    size = sets.sum(axis=1)
    outdone: Bools = size == 0
    if len(sets) <= _MOST_COMPARED:
        inner, outer = _inside(sets)
        more = (size[outer] > size[inner]) | ((size[outer] == size[inner]) & (outer < inner))
        outdone[inner[more]] = True
    return outdone


# ------------------------------------------------------------------------------
# A problem on its way through its goals: what is held so far, and where to begin from.


@dataclass(frozen=True, eq=False)
class _GoalStep:
    """What became of one goal.

    Parameters
    ----------
    value, bound : float
        As they were searched: what the goal comes to, times `unit` and `shift` added.
    """

    goal: Goal
    value: float
    bound: float
    chosen: Ints
    method: str
    complete: bool
    unit: float = 1.0
    shift: float = 0.0

    @property
    def meets(self) -> bool:
        """Whether the bound meets the value."""
        return self.complete and bool(self.bound >= self.value - 10 * _tolerance(self.value))


@dataclass(eq=False)
class _GoalSearch:
    """A problem on its way through its goals.

    Parameters
    ----------
    gap : float
        A proven gap that is good enough for the last goal.

    Attributes
    ----------
    stacked : DemandRows
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
    lost : float
        Else the share of servable demand that has to be left out.
    left_out : ndarray of bool, shape (rows,)
        Rows that one such answer leaves out.
    same_means : bool
        Whether every answer leaves out as much of each service, so that means go by sums.
    """

    resolved: _Resolved
    watch: _Watch
    gap: float = 0.0
    seed: int = 0
    stacked: _DemandRows = field(init=False)
    rows: _SideRows = field(init=False)
    held: list[tuple[_GoalRows, float]] = field(default_factory=list)
    served_only: bool = True
    lost: float = 0.0
    same_means: bool = True
    feasible: bool = True
    start: Ints | None = field(init=False, default=None)
    left_out: Bools = field(init=False, repr=False)
    outcome: _Outcome = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.stacked = _demand_rows(self.resolved)
        self.rows = _join_rows(_count_rows(self.resolved), _reach_rows(self.resolved))

    # -- before the goals ---------------------------------------------------------------
    def prepare(self) -> bool:
        """Find a first set that keeps the rules and serves whom it can; False when none does."""
        if (self.resolved.may | self.resolved.must).sum() < self.resolved.fewest:
            self.feasible = False
            return False
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

    def _keeps(self, rows: _SideRows) -> Ints | None:
        nobody = np.zeros(len(self.stacked.mean))
        blank = _GoalRows(
            ("minutes",), self.stacked.finite, nobody, np.zeros(len(self.resolved.site_ids))
        )
        model = replace(_make_model(blank, (), self.resolved, rows), weights=self.stacked.mean)
        return _feasible_sites(model, self.watch)

    def _serve(self, fragile: np.ndarray, reached: np.ndarray) -> bool:
        """Make serving everyone a rule where that can be done, else serve as many as possible."""
        everyone = _join_rows(self.rows, _cover_rows(reached[fragile]))
        self.start = self._keeps(everyone)
        if self.start is not None:
            self.rows = everyone
            return True
        if self.resolved.serve_all or (len(self.rows) and self._keeps(self.rows) is None):
            self.feasible = False
            return False
        self.served_only = False
        missed = self._beyond(("unserved",), np.isfinite(self.stacked.minutes))
        outcome = _minimise(_make_model(missed, (), self.resolved, self.rows), watch=self.watch)
        if not outcome.complete:
            raise _Stop
        self.lost = outcome.best.value + _tolerance(outcome.best.value)
        self.held.append((missed, self.lost))
        self.start = outcome.best.chosen
        near = np.isfinite(self.stacked.minutes[:, self.start]).any(axis=1)
        self.left_out = self.stacked.active & ~near
        lost = self._lost_by_service(self.start)
        if len(lost) > 1:
            self.same_means = self._is_least(lost)
        self.stacked = _demand_rows(self.resolved, lost)
        return True

    def _beyond(self, key: tuple[object, ...], near: Bools) -> _GoalRows:
        """Make rows of the share of servable demand that is near no open site."""
        far: Floats = (~near).astype(float)
        return _GoalRows(key, far, self._served_by, np.zeros(near.shape[1]))

    @cached_property
    def _served_by(self) -> Floats:
        """What every row adds to the demand that is served, of which as much as can be is.

        As it is first asked for, before it is known what is lost.
        """
        total = any("total" in goal.kinds for goal in self.resolved.goals)
        weights = self.stacked.total if total else self.stacked.mean
        share: Floats = weights / max(float(weights.sum()), 1e-300)
        return share

    def _lost_by_service(self, chosen: Ints) -> list[float]:
        """Give the servable demand of each service that a set leaves out."""
        found = []
        for service in self.resolved.services:
            near = np.isfinite(service.minutes)
            out = near[:, self.resolved.may].any(axis=1) & ~near[:, chosen].any(axis=1)
            found.append(float(service.weights[out].sum()))
        return found

    def _is_least(self, lost: list[float]) -> bool:
        """Tell whether no answer leaves out less of any one service, and so more of another."""
        for number, service in enumerate(self.resolved.services):
            whole = float(service.weights.sum())
            if service.share <= 0 or not lost[number]:
                continue
            alone = replace(
                self.resolved,
                services=tuple(
                    each if k == number else replace(each, weights=np.zeros_like(each.weights))
                    for k, each in enumerate(self.resolved.services)
                ),
            )
            rows = _demand_rows(alone)
            near = np.isfinite(rows.minutes)
            part = _GoalRows(
                ("unserved",), (~near).astype(float), rows.total / max(rows.total.sum(), 1e-300),
                np.zeros(near.shape[1]),
            )  # fmt: skip
            outcome = self.minimise(part, self.rows)
            if not outcome.complete:
                raise _Stop
            least = self._lost_by_service(outcome.best.chosen)[number]
            if least < lost[number] - _tolerance(0.0) * whole:
                return False
        return True

    def rows_of(self, goal: Goal) -> _GoalRows:
        """Turn a goal without its worst-minutes part into rows, in a unit that is searched well."""
        part = _goal_rows(goal, self.stacked, self.resolved)
        if not self.served_only:
            weights = {"total": self.stacked.total, "mean": self.stacked.mean}
            stands_in = sum(
                factor * float(weights[kind][self.left_out].sum())
                for kind, _, factor in goal.parts
                if kind in weights
            )
            part = replace(part, shift=stands_in * float(self.stacked.finite.max()))
        return part.scaled()

    # -- the goals ----------------------------------------------------------------------
    def minimise(
        self,
        part: _GoalRows,
        rows: _SideRows,
        keep: int = 1,
        within: float = 0.0,
        gap: float = 0.0,
        more: Sequence[tuple[_GoalRows, float]] = (),
    ) -> _Outcome:
        """Minimise rows of a goal while earlier goals, and what else is given, are held."""
        model = _make_model(part, (*self.held, *more), self.resolved, rows)
        outcome = _minimise(
            model,
            watch=self.watch,
            keep=keep,
            within=within,
            start=self.start,
            gap=gap,
            seed=self.seed,
            shift=part.shift,
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
    def levels(self) -> _Levels:
        """The levels of the minutes that the worst-off are sought among."""
        return _Levels.of(self.counted())

    def within(self, minutes: float) -> tuple[_SideRows, tuple[tuple[_GoalRows, float], ...]]:
        """Give the rules, and what is held, where all who are served are at or under minutes."""
        if self.served_only:
            return self.capped(minutes), ()
        level = self.levels.ceiling(minutes)
        # of those left out no less can be: nobody else may be beyond
        beyond = self._beyond(("level", level), self.stacked.minutes <= level)
        return self.rows, ((beyond, self.lost),)

    def capped(self, minutes: float) -> _SideRows:
        """Give the rules, and every servable row at or under the level of some minutes."""
        near = self.counted() <= self.levels.ceiling(minutes)
        return _join_rows(self.rows, _cover_rows(near, self.resolved.may))

    def steps_below(self, minutes: float) -> float | None:
        """Give the greatest minutes of the level below that of some minutes; None where none is.

        An answer under this cap is a level lower: who walks down by it comes to an end.
        """
        at = self.levels.level(minutes)
        return float(self.levels.top[at - 1]) if at > 0 else None

    def hold(self, goal: Goal, stage: _GoalStep) -> None:
        """Turn a goal that was met into a rule for the goals that follow."""
        allowed = stage.value + goal.within * abs(stage.value - stage.shift)
        allowed += _tolerance(allowed)
        if goal.kinds == {"worst"}:
            factor = sum(f for _, _, f in goal.parts)
            self.rows, more = self.within(allowed / max(factor, 1e-300))
            self.held += more
            return
        part = self.rows_of(goal)
        if not part.weights.any():
            self.rows = self.rows.and_row(part.opening, -np.inf, allowed)
            return
        self.held.append((part, allowed))


def _worst_goal(course: _GoalSearch, goal: Goal) -> _GoalStep:
    """Make the minutes of the worst-off area as few as they can be."""
    factor = sum(f for _, _, f in goal.parts)
    minutes = course.counted()
    start = _first(course, course.rows)
    if not len(minutes):
        return _GoalStep(goal, 0.0, 0.0, start, "nobody can be served", True)
    if not course.served_only:
        worst = _worst_served(course, minutes, start)
    elif course.held:
        worst = _worst_held(course, minutes, start)
    else:
        worst = _least_worst(
            minutes, course.rows, fewest=course.resolved.fewest, most=course.resolved.most,
            must=course.resolved.must, may=course.resolved.may, start=start,
            levels=course.levels, watch=course.watch,
        )  # fmt: skip
        worst = replace(worst, chosen=_settle(course, worst))
    return _GoalStep(
        goal, factor * worst.value, factor * worst.bound, worst.chosen,
        "halving over covers", worst.complete,
    )  # fmt: skip


def _first(course: _GoalSearch, rows: _SideRows) -> Ints:
    """Give a good set to begin a search for the worst-off from."""
    if course.start is not None and rows.hold(course.start):
        return course.start
    mean = course.rows_of(Goal.mean())
    model = _make_model(mean, course.held, course.resolved, rows)
    if model.minutes.max() > MOST_ADDED:  # a beginning only: the worst-off are not added up
        model = replace(model, minutes=np.minimum(model.minutes, MOST_ADDED))
    outcome = _minimise(model, watch=course.watch, gap=0.05)
    return outcome.best.chosen


def _settle(course: _GoalSearch, worst: _Worst) -> Ints:
    """Among answers equally good for the worst-off, move to one better on average."""
    part = _goal_rows(Goal.mean(), course.stacked, course.resolved)
    model = _make_model(part, (), course.resolved, course.capped(worst.value))
    near = _Near.of(model.minutes, np.flatnonzero(course.resolved.may), 60)
    chosen, _ = _Interchange(model, near).improve(worst.chosen)
    return chosen if model.holds(chosen) else worst.chosen


def _worst_held(course: _GoalSearch, minutes: Floats, start: Ints) -> _Worst:
    """Halve over covers where earlier goals are held: each step is a search of its own."""
    part, most = course.held[-1]
    held, course.held = course.held, course.held[:-1]
    chosen, value = start, float(_finite_worst(minutes, start))
    floor = float(minutes[:, course.resolved.may].min(axis=1).max())
    levels = course.levels
    low, high = levels.level(floor), levels.level(value)
    complete = True
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            middle = (low + high) // 2
            course.start = None
            outcome = course.minimise(part, course.capped(float(levels.top[middle])))
            if not outcome.complete:
                raise _Stop
            if outcome.best.value <= most + _tolerance(most):
                chosen = outcome.best.chosen
                value = float(_finite_worst(minutes, chosen))
                high = min(levels.level(value), middle)
            else:
                low = middle + 1
    except (_Stop, KeyboardInterrupt):
        complete = False
    course.held = held
    bound = value if low >= high else float(levels.low[low])
    return _Worst(value, bound, chosen, complete)


def _worst_served(course: _GoalSearch, minutes: Floats, start: Ints) -> _Worst:
    """Halve over the minutes of those who are served, where not everybody can be."""
    chosen, value = start, _finite_worst(minutes, start)
    levels = course.levels
    low, high, complete = 0, levels.level(value), True
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            middle = (low + high) // 2
            rows, ((part, most),) = course.within(float(levels.top[middle]))
            outcome = course.minimise(part, rows)
            if not outcome.complete:
                raise _Stop
            if outcome.best.value > most:
                low = middle + 1
                continue
            worst = _finite_worst(minutes, outcome.best.chosen)
            if levels.level(worst) > middle:  # demand too small to be seen beside all of it
                raise _Stop
            chosen, value, high = outcome.best.chosen, worst, levels.level(worst)
    except (_Stop, KeyboardInterrupt):
        complete = False
    return _Worst(value, value if low >= high else float(levels.low[low]), chosen, complete)


def _blend_goal(course: _GoalSearch, goal: Goal) -> _GoalStep:
    """Blend with the worst-off: walk down the worst minutes that occur, bounding the rest."""
    if not course.served_only:
        raise ParameterError(
            "a blend with worst minutes needs answers that serve every area; "
            "not all areas can be served at once here. Use goals one after another instead."
        )
    rest = Goal(tuple(p for p in goal.parts if p[0] != "worst"))
    part = course.rows_of(rest)
    factor = part.unit * sum(f for kind, _, f in goal.parts if kind == "worst")
    minutes = course.counted()
    start = course.start
    least = _worst_goal(course, Goal.worst())
    course.start = start
    best, chosen, bound = np.inf, least.chosen, -np.inf
    cap, complete, value = np.inf, least.complete, np.inf
    while True:  # ends: each turn caps the worst-off a level lower, and levels are finite
        rows = course.rows if np.isinf(cap) else course.capped(cap)
        outcome = course.minimise(part, rows)
        if not outcome.best.pool:
            bound = best if outcome.complete else bound
            break
        value = outcome.best.value
        worst = _finite_worst(minutes, outcome.best.chosen)
        if value + factor * worst < best:
            best, chosen = value + factor * worst, outcome.best.chosen
        # Whatever comes after has at least this value, and at least the least worst.
        bound = min(best, outcome.bound + factor * least.bound)
        below = course.steps_below(worst)
        if not outcome.complete or bound >= best - _tolerance(best) or below is None:
            complete = complete and outcome.complete
            if outcome.complete and below is None:
                bound = best
            break
        cap = below
        course.start = None
    return _GoalStep(
        goal, best, min(bound, best), chosen, "walk over worst minutes", complete, part.unit
    )


def _finite_worst(minutes: Floats, chosen: Ints) -> float:
    nearest = minutes[:, chosen].min(axis=1)
    reached = nearest[np.isfinite(nearest)]
    return float(reached.max()) if len(reached) else 0.0


def _meet_goal(
    course: _GoalSearch, goal: Goal, *, last: bool, keep: int = 1, within: float = 0.0
) -> _GoalStep:
    """Make one goal as good as it can be, and hold it for those that follow."""
    if goal.kinds == {"worst"}:
        stage = _worst_goal(course, goal)
    elif "worst" in goal.kinds:
        stage = _blend_goal(course, goal)
    elif not goal.kinds - {"sites", "cost"} and not course.held:
        stage = _sites_alone(course, goal)
    else:
        stage = _sum(course, goal, keep, within, last)
    if len(stage.chosen):
        course.start = stage.chosen
    if not last:
        course.hold(goal, stage)
    return stage


def _sum(course: _GoalSearch, goal: Goal, keep: int, within: float, last: bool) -> _GoalStep:
    part = course.rows_of(goal)
    gap = course.gap if last else 0.0
    course.outcome = course.minimise(part, course.rows, keep, within, gap)
    best = course.outcome.best
    bound, complete = course.outcome.bound, course.outcome.complete
    if "mean" in goal.kinds and not course.same_means:
        bound, complete = -np.inf, False
    return _GoalStep(
        goal, best.value, bound, best.chosen, course.outcome.method, complete, part.unit, part.shift
    )


def _sites_alone(course: _GoalSearch, goal: Goal) -> _GoalStep:
    """Solve a goal that only looks at which sites are open."""
    part = course.rows_of(goal)
    sites = len(part.opening)
    every = _SideRows(
        np.ones((1, sites)), np.array([course.resolved.fewest]), np.array([course.resolved.most])
    )
    rows = _join_rows(course.rows, every)
    answer = _solve_rows(
        part.opening, rows.matrix, rows.low, rows.high,
        column_low=course.resolved.must.astype(float),
        column_high=course.resolved.may.astype(float), watch=course.watch,
    )  # fmt: skip
    value = float(part.opening[answer.chosen].sum())
    bound = value if answer.optimal else min(answer.bound, value)
    return _GoalStep(
        goal, value, bound, answer.chosen, "integer programme", answer.optimal, part.unit
    )
