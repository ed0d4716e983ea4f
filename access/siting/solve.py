"""The general call: meet a problem's goals in order, verify; or say which rules cannot be kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from access.siting.capacitated import _solve_capacitated
from access.siting.constraints import _Answer, _cover_rows, _join_rows, _solve_rows
from access.siting.goals import _GoalSearch, _GoalStep, _meet_goal
from access.siting.problem import Problem, _Faults, _read_count, _read_number
from access.siting.resolve import _CountRule, _goal_value, _ReachRule, _resolve, _Resolved
from access.siting.search import (
    Bools,
    Floats,
    Ints,
    Progress,
    _relative_gap,
    _SideRows,
    _Stop,
    _tolerance,
    _Watch,
    _within,
)
from access.siting.solution import (
    Explanation,
    Solution,
    _assign,
    _blank,
    _GoalValue,
    _peak_memory_mb,
    _unserved_by,
    _whole_demand,
)
from access.siting.verify import _confirm

# Which rules can all be kept: any of them asked together, some areas left out, minutes widened.


@dataclass(frozen=True, eq=False)
class _Unit:
    """One rule that can be kept or dropped.

    Parameters
    ----------
    label : str
        The rule in a planner's words.
    kind : str
        ``"count"``, ``"fewest"``, ``"must"``, ``"may"``, ``"serve"`` or the kind of `rule`.
    rule : CountRule, ReachRule or None
        Where the rule is one of the problem's own.
    """

    label: str
    kind: str
    rule: _CountRule | _ReachRule | None = None


class _FeasibilityTrials:
    """Asks which of a course's rules can all be kept.

    Attributes
    ----------
    units : list of Unit
        The rules one by one, the number of sites and the locks among them.
    """

    def __init__(self, course: _GoalSearch) -> None:
        self.course, self.resolved, self.watch = course, course.resolved, course.watch
        self.sites = len(self.resolved.site_ids)
        self.covers: dict[int, _SideRows] = {}
        self.units = self._units()

    def _units(self) -> list[_Unit]:
        resolved = self.resolved
        units = []
        if resolved.fewest == resolved.most:
            units.append(_Unit(f"exactly {_count_words(resolved.most)} open", "count"))
        else:
            if resolved.most < int(resolved.may.sum()):
                units.append(_Unit(f"at most {_count_words(resolved.most)} open", "count"))
            if resolved.fewest > max(1, int(resolved.must.sum())):
                units.append(_Unit(f"at least {_count_words(resolved.fewest)} open", "fewest"))
        if resolved.must.any():
            units.append(_Unit(f"locked open: {self.names(resolved.must)}", "must"))
        if not resolved.may.all():
            units.append(_Unit(f"locked closed: {self.names(~resolved.may)}", "may"))
        units += [_Unit(rule.label, rule.kind, rule) for rule in resolved.counts]
        units += [_Unit(rule.label, rule.kind, rule) for rule in resolved.reaches]
        if resolved.serve_all:
            units.append(_Unit("every area can reach an open site", "serve"))
        return units

    def names(self, mask: Bools) -> str:
        """Name the sites of a mask."""
        return ", ".join(self.resolved.site_ids[k] for k in np.flatnonzero(mask))

    # -- asking -------------------------------------------------------------------------
    def reach(self, rule: _ReachRule, extra: float | None = None) -> Bools:
        """Tell which sites would satisfy each area of a rule."""
        minutes = self.resolved.services[rule.service].minutes[rule.areas]
        caps = rule.base + (rule.extra if extra is None else extra)
        return _within(minutes, caps[:, None])

    def serve(self) -> Bools:
        """Tell which sites can be reached at all from each row that has demand."""
        stacked = self.course.stacked
        near: Bools = np.isfinite(stacked.minutes[stacked.part > 0])
        return near

    def ask(
        self,
        units: Sequence[_Unit],
        *,
        cost: Floats | None = None,
        only: dict[int, Ints] | None = None,
        extra: dict[int, float] | None = None,
    ) -> _Answer:
        """Ask for the cheapest sites that keep some of the rules."""
        kinds = {unit.kind for unit in units}
        resolved = self.resolved
        must = resolved.must if "must" in kinds else np.zeros(self.sites, bool)
        may = resolved.may if "may" in kinds else np.ones(self.sites, bool)
        parts = [_SideRows.none(self.sites)]
        for unit in units:
            if isinstance(unit.rule, _CountRule):
                rule = unit.rule
                parts.append(
                    _SideRows(rule.amounts[None, :], np.array([rule.low]), np.array([rule.high]))
                )
            elif isinstance(unit.rule, _ReachRule):
                parts.append(self._cover(unit, unit.rule, may, only or {}, extra or {}))
            elif unit.kind == "serve":
                parts.append(_cover_rows(self.serve(), may))
        low = float(resolved.fewest) if kinds & {"count", "fewest"} else 0.0
        if resolved.fewest < resolved.most and "fewest" not in kinds:
            low = 0.0
        high = float(resolved.most) if "count" in kinds else float(self.sites)
        parts.append(_SideRows(np.ones((1, self.sites)), np.array([low]), np.array([high])))
        rows = _join_rows(*parts)
        return _solve_rows(
            np.zeros(self.sites) if cost is None else cost, rows.matrix, rows.low, rows.high,
            column_low=(must & may).astype(float), column_high=may.astype(float),
            watch=self.watch,
        )  # fmt: skip

    def _cover(
        self,
        unit: _Unit,
        rule: _ReachRule,
        may: Bools,
        only: dict[int, Ints],
        extra: dict[int, float],
    ) -> _SideRows:
        """Make the rows of a rule on minutes, kept where the rule is asked as it is."""
        key = id(unit)
        plain = key not in only and key not in extra and bool((may == self.resolved.may).all())
        if plain and key in self.covers:
            return self.covers[key]
        near = self.reach(rule, extra.get(key))
        rows = _cover_rows(near[only[key]] if key in only else near, may)
        if plain:
            self.covers[key] = rows
        return rows

    def possible(self, units: Sequence[_Unit]) -> bool:
        """Tell whether some of the rules can all be kept."""
        return bool(self.ask(units).feasible)


def _count_words(number: int) -> str:
    """Give a number of sites in words."""
    return f"{number} site{'' if number == 1 else 's'}"


def _relaxations(asking: _FeasibilityTrials) -> tuple[str, ...]:
    """Give, for each rule alone, the least change that lets the others stand."""
    ways: list[str] = []
    makers: dict[str, Callable[[_FeasibilityTrials, _Unit], str | None]] = {
        "count": _more_sites,
        "within": _more_minutes,
        "no worse": _more_minutes,
        "budget": _more_money,
        "at least": _other_number,
        "at most": _other_number,
        "may": _drop,
        "must": _drop,
    }
    for unit in asking.units:
        maker = makers.get(unit.kind)
        text = maker(asking, unit) if maker else None
        if text and text not in ways:
            ways.append(text)
    return tuple(ways)


def _others(asking: _FeasibilityTrials, unit: _Unit) -> list[_Unit]:
    return [u for u in asking.units if u is not unit]


def _more_sites(asking: _FeasibilityTrials, unit: _Unit) -> str | None:
    others = [u for u in _others(asking, unit) if u.kind != "fewest"]
    answer = asking.ask(others, cost=np.ones(asking.sites))
    now, needed = asking.resolved.most, len(answer.chosen)
    if answer.feasible and needed > now:
        return f"{_count_words(needed)} instead of {now}"
    most = asking.ask(others, cost=-np.ones(asking.sites))
    if most.feasible and len(most.chosen) < asking.resolved.fewest:
        return f"{_count_words(len(most.chosen))} instead of {asking.resolved.fewest}"
    return None


def _more_minutes(asking: _FeasibilityTrials, unit: _Unit) -> str | None:
    rule = unit.rule
    if not isinstance(rule, _ReachRule):
        return None
    # A rule asked of several services is one rule to a planner: relaxed together.
    alike = [
        (u, u.rule)
        for u in asking.units
        if isinstance(u.rule, _ReachRule) and (u.kind, u.rule.extra) == (unit.kind, rule.extra)
    ]
    found = []
    for _, each in alike:
        minutes = asking.resolved.services[each.service].minutes[each.areas]
        found.append((minutes - each.base[:, None])[np.isfinite(minutes)])
    steps = np.unique(np.concatenate(found))
    steps = steps[~_within(steps, rule.extra)]
    low, high = 0, len(steps)
    while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
        middle = (low + high) // 2
        extra = {id(u): float(steps[middle]) for u, _ in alike}
        if asking.ask(asking.units, extra=extra).feasible:
            high = middle
        else:
            low = middle + 1
    if low == len(steps):
        return None
    who = "" if rule.kind == "within" else " worse than today"
    return f"{_up(float(steps[low]), rule.extra)} minutes{who} instead of {rule.extra:.15g}"


def _more_money(asking: _FeasibilityTrials, unit: _Unit) -> str | None:
    if not isinstance(unit.rule, _CountRule):
        return None
    answer = asking.ask(_others(asking, unit), cost=unit.rule.amounts)
    if not answer.feasible:
        return None
    cost = float(unit.rule.amounts[answer.chosen].sum())
    return f"a budget of {cost:,.15g} instead of {unit.rule.high:,.15g}"


def _other_number(asking: _FeasibilityTrials, unit: _Unit) -> str | None:
    """Give how many of a group can, or must, be open when the group's rule is dropped."""
    if not isinstance(unit.rule, _CountRule):
        return None
    sign = -1.0 if unit.kind == "at least" else 1.0
    answer = asking.ask(_others(asking, unit), cost=sign * unit.rule.amounts)
    if not answer.feasible:
        return None
    count = round(float(unit.rule.amounts[answer.chosen].sum()))
    return f"{count} instead of {unit.label}"


def _drop(asking: _FeasibilityTrials, unit: _Unit) -> str | None:
    which = "closed" if unit.kind == "may" else "open"
    mask = ~asking.resolved.may if unit.kind == "may" else asking.resolved.must
    cost = np.where(mask, 1.0, 0.0) if unit.kind == "may" else np.where(mask, -1.0, 0.0)
    answer = asking.ask(_others(asking, unit), cost=cost)
    if not answer.feasible:
        return None
    inside = np.zeros(asking.sites, bool)
    inside[answer.chosen] = True
    freed = mask & inside if unit.kind == "may" else mask & ~inside
    return f"{asking.names(freed)} no longer locked {which}"


def _up(minutes: float, above: float) -> str:
    """Round minutes to hundredths, or finer, so that the number works and is seen to be above."""
    for digits in range(2, 16):
        shown = round(minutes, digits)
        if not _within(np.array(minutes), shown):
            shown = round(shown + 10.0**-digits, digits)
        if shown > above:
            return f"{shown:.15g}"
    return f"{minutes!r}"


_MOST_RULES_TRIED_IN_FULL = 10
_MOST_AREAS_NAMED = 40


def _explain(course: _GoalSearch) -> Explanation:
    """Explain why a prepared course has no answer."""
    asking = _FeasibilityTrials(course)
    unservable = _unservable(asking)
    conflict: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    try:
        units = _conflict(asking)
        conflict = tuple(unit.label for unit in units)
        areas = () if unservable else _areas(asking, units)
        ways = _relaxations(asking)
    except (_Stop, KeyboardInterrupt):
        pass
    return Explanation(unservable, conflict, areas, ways)


def _unservable(asking: _FeasibilityTrials) -> tuple[str, ...]:
    """Name areas that no allowed site can serve as the rules ask."""
    names: dict[str, None] = {}
    may = asking.resolved.may
    for rule in asking.resolved.reaches:
        ids = asking.resolved.services[rule.service].area_ids
        lost = rule.areas[~asking.reach(rule)[:, may].any(axis=1)]
        names.update(dict.fromkeys(ids[i] for i in lost))
    if asking.resolved.serve_all:
        for service in asking.resolved.services:
            reached = np.isfinite(service.minutes[:, may]).any(axis=1)
            lost = np.flatnonzero(~reached & (service.weights > 0))
            names.update(dict.fromkeys(service.area_ids[i] for i in lost))
    return tuple(names)


def _conflict(asking: _FeasibilityTrials) -> list[_Unit]:
    """Find a smallest set of rules that cannot all be kept."""
    if len(asking.units) <= _MOST_RULES_TRIED_IN_FULL:
        for size in range(1, len(asking.units) + 1):
            for some in itertools.combinations(asking.units, size):
                if not asking.possible(some):
                    return list(some)
    kept = list(asking.units)
    for unit in asking.units:
        without = [u for u in kept if u is not unit]
        if not asking.possible(without):
            kept = without
    return kept


def _areas(asking: _FeasibilityTrials, units: list[_Unit]) -> tuple[str, ...]:
    """Narrow the areas of the conflicting rules down to a smallest set that shows it."""
    names: list[str] = []
    for unit in units:
        if not isinstance(unit.rule, _ReachRule):
            continue
        keep = np.arange(len(unit.rule.areas))
        step = max(1, len(keep) // 2)
        while True:  # ends: the step halves down to 1
            start = 0
            while start < len(keep):  # ends: either start moves on or areas are left out
                fewer = np.delete(keep, slice(start, start + step))
                if asking.ask(units, only={id(unit): fewer}).feasible:
                    start += step
                else:
                    keep = fewer
            if step == 1:
                break
            step = max(1, step // 2)
        ids = asking.resolved.services[unit.rule.service].area_ids
        names += [ids[i] for i in unit.rule.areas[keep]]
    return tuple(dict.fromkeys(names)) if len(names) <= _MOST_AREAS_NAMED else ()


# ------------------------------------------------------------------------------
# The general call: read the problem, meet its goals in order, explain, verify, answer.

_P = ParamSpec("_P")
_T = TypeVar("_T")


def site(
    problem: Problem,
    *,
    time_limit_s: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    work_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Choose sites for a problem, with a proof and an independent check.

    Parameters
    ----------
    problem : Problem
    time_limit_s : float, optional
        Stop after so many seconds and give the best answer with its bound.
    seed : int
        Of the random roundings; may decide between equally good answers, nothing else.
    gap : float
        Stop once the last goal is proven within this share of the best.
    work_limit : float, optional
        With capacities: stop after so many cells of the problem's tables looked at (about 30
        million a second), which ends at the same place on every machine.
    progress : callable, optional
        Called with `Progress` as bound and incumbent close in; returning ``False`` stops.

    Returns
    -------
    Solution

    Raises
    ------
    ParameterError
        Naming every fault of the problem.
    SitingError
        If an answer failed its independent check (never handed on).

    Notes
    -----
    Ctrl-C stops the search; the best answer so far is returned with its honest gap.

    Examples
    --------
    >>> from access.siting import Demand, Goal, Problem, site
    >>> minutes = [[2, 9, 6], [9, 3, 6], [8, 9, 5]]
    >>> best = site(Problem(Demand(minutes, weights=[9, 8, 1]), p=2,
    ...                     goals=(Goal.worst(within=0.1), Goal.mean())))
    >>> best.chosen, best.status
    (('0', '2'), 'proven_optimal')
    """
    watch = _watch_of(time_limit_s, progress, gap, seed, work_limit)
    return _solve(problem, _resolve(problem), watch, gap, seed)


def _solve(
    problem: Problem,
    resolved: _Resolved,
    watch: _Watch,
    gap: float = 0.0,
    seed: int = 0,
    *,
    explaining: bool = True,
) -> Solution:
    """Solve a problem by the search that is made for its rules."""
    if resolved.capacities is not None:
        return _on_one_thread(_solve_capacitated)(problem, resolved, watch, gap)
    return _Run(problem, resolved, watch, gap, seed, explaining=explaining).answer()


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _on_one_thread(search: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a search's many small products of matrices wait for no other thread.

    Threads took three times the processor's time for the same answer, and add in another order.
    """

    @wraps(search)
    def alone(*args: _P.args, **options: _P.kwargs) -> _T:
        with _threads().limit(limits=1):
            return search(*args, **options)

    return alone


def _watch_of(
    time_limit_s: float | None,
    progress: Callable[[Progress], object] | None,
    gap: float = 0.0,
    seed: int = 0,
    work_limit: float | None = None,
) -> _Watch:
    """Check how a search is to be run, and start the clock."""
    faults = _Faults("the search")
    if time_limit_s is not None:
        time_limit_s = _read_number(time_limit_s, faults, "time_limit_s", strict=True)
    _read_number(gap, faults, "gap")
    if work_limit is not None:
        work_limit = _read_number(work_limit, faults, "work_limit", strict=True)
    _read_count(seed, 0, 2**63 - 1, faults, "seed")
    if progress is not None and not callable(progress):
        faults.add("progress", repr(progress), "a function that takes a Progress")
    faults.stop()
    return _Watch(time_limit_s, progress, work_limit)


class _Run:
    """One problem, from checked arrays to a verified answer.

    Parameters
    ----------
    explaining : bool
        Whether to say why, where there is no answer.
    """

    def __init__(
        self,
        problem: Problem,
        resolved: _Resolved,
        watch: _Watch,
        gap: float = 0.0,
        seed: int = 0,
        *,
        explaining: bool = True,
    ) -> None:
        self.problem, self.resolved, self.watch = problem, resolved, watch
        self.explaining = explaining
        self.course = _GoalSearch(resolved, watch, gap, seed)

    @_on_one_thread
    def answer(self) -> Solution:
        """Meet the goals in order and make a `Solution` of the outcome."""
        stages: list[_GoalStep] = []
        try:
            if not self.course.prepare():
                return self.infeasible()
            goals = self.resolved.goals
            for number, goal in enumerate(goals):
                stages.append(_meet_goal(self.course, goal, last=number == len(goals) - 1))
                if not stages[-1].complete or not len(stages[-1].chosen):
                    break
        except (_Stop, KeyboardInterrupt) as stop:
            if isinstance(stop, KeyboardInterrupt):
                self.watch.stopped = "interrupted"
        return self.finish(stages)

    def finish(self, stages: Sequence[_GoalStep]) -> Solution:
        """Make the answer of what the stages found."""
        chosen = self.course.start
        for stage in stages:
            if len(stage.chosen):
                chosen = stage.chosen
        if chosen is None or not len(chosen):
            return self._nothing(stages)
        return self.solution(chosen, stages)

    def _nothing(self, stages: Sequence[_GoalStep]) -> Solution:
        if stages and stages[-1].complete:
            return self.infeasible()
        note = f"{self.watch.stopped}: no answer was found in time"
        return _blank(self.problem, self.resolved, self.watch, "feasible", note)

    def infeasible(self) -> Solution:
        """Say why there is no answer."""
        explanation = _explain(self.course) if self.explaining else None
        return _blank(self.problem, self.resolved, self.watch, "infeasible", "", explanation)

    def solution(self, chosen: Ints, stages: Sequence[_GoalStep]) -> Solution:
        """Make a verified `Solution` of chosen positions."""
        values = self._goal_values(chosen, stages)
        objective, bound = values[-1].value, values[-1].bound
        proven = all(value.proven for value in values)
        gap = _relative_gap(objective, bound)
        status = "proven_optimal" if proven else "within_gap" if np.isfinite(gap) else "feasible"
        assignment, minutes = _assign(self.resolved, chosen)
        unserved, weight = _unserved_by(self.resolved, chosen)
        made = Solution(
            status=status, objective=objective, bound=bound, gap=gap,
            chosen=tuple(self.resolved.site_ids[c] for c in np.sort(chosen)),
            assignment=assignment, minutes=minutes,
            method=stages[-1].method if stages else "heuristic", nodes=self.watch.nodes,
            goals=values, unserved=unserved, unserved_weight=weight,
            demand=_whole_demand(self.resolved), note=self._note(unserved, weight),
            problem=self.problem,
        )  # fmt: skip
        checks = _confirm(self.problem, made)
        return replace(
            made, checks=checks, seconds=self.watch.seconds(), peak_memory_mb=_peak_memory_mb()
        )

    def _goal_values(self, chosen: Ints, stages: Sequence[_GoalStep]) -> tuple[_GoalValue, ...]:
        columns = [int(c) for c in chosen]
        values = []
        for number, goal in enumerate(self.resolved.goals):
            value = _goal_value(self.resolved, goal, columns)
            if number >= len(stages) or not len(stages[number].chosen):
                values.append(_GoalValue(goal.words, value, value, -np.inf, False))
                continue
            stage = stages[number]
            best = _goal_value(self.resolved, goal, [int(c) for c in stage.chosen])
            bound = min(float(stage.bound - stage.shift) / stage.unit, best)
            searched = best * stage.unit + stage.shift
            proven = stage.meets and abs(searched - stage.value) <= 10 * _tolerance(searched)
            values.append(_GoalValue(goal.words, value, best, best if proven else bound, proven))
        return tuple(values)

    def _note(self, unserved: tuple[str, ...], weight: float) -> str:
        parts = []
        if self.watch.stopped:
            parts.append(f"Stopped ({self.watch.stopped}) before the proof was finished.")
        if not self.course.same_means:
            parts.append(
                "Sets leave out as much demand in all but more of one service or of another: "
                "which has the least mean was not proven."
            )
        if unserved:
            parts.append("Minutes are those of the families that are served.")
        return " ".join(parts)
