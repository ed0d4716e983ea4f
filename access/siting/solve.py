"""The general call: read the problem, meet its goals in order, explain, verify, answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from access.siting.capacitated import _solve_capacitated
from access.siting.goals import _GoalSearch, _GoalStep, _meet_goal
from access.siting.infeasible import _explain
from access.siting.inputs import _Faults, _read_count, _read_number
from access.siting.model import Ints, _tolerance
from access.siting.problem import Problem
from access.siting.progress import Progress, _relative_gap, _Stop, _Watch
from access.siting.resolve import _goal_value, _Resolved, resolve
from access.siting.solution import (
    Solution,
    _assign,
    _blank,
    _GoalValue,
    _peak_memory_mb,
    _unserved_by,
    _whole_demand,
)
from access.siting.verify import _confirm

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
    resolved = resolve(problem)
    if resolved.capacities is not None:
        return _on_one_thread(_solve_capacitated)(problem, resolved, watch, gap)
    return _Run(problem, resolved, watch, gap, seed).answer()


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
            # The search counts unserved families at a stand-in; both sides shift by as much.
            best = _goal_value(self.resolved, goal, [int(c) for c in stage.chosen])
            scale, shift = self._served_scale(goal.kinds, stage, best)
            bound = min(stage.bound * scale - shift, best) if np.isfinite(stage.bound) else -np.inf
            proven = bool(bound >= best - 10 * _tolerance(best)) and stage.complete
            values.append(_GoalValue(goal.words, value, best, best if proven else bound, proven))
        return tuple(values)

    def _served_scale(
        self, kinds: frozenset[str], stage: _GoalStep, best: float
    ) -> tuple[float, float]:
        if self.course.served_only:
            return 1.0, 0.0
        stacked = self.course.stacked
        left = ~np.isfinite(stacked.minutes[:, stage.chosen].min(axis=1)) & stacked.active
        scale = 1.0
        if kinds == {"mean"} and len(self.resolved.services) == 1:
            scale = 1.0 / max(1.0 - float(stacked.mean[left].sum()), 1e-300)
        return scale, stage.value * scale - best

    def _note(self, unserved: tuple[str, ...], weight: float) -> str:
        parts = []
        if self.watch.stopped:
            parts.append(f"Stopped ({self.watch.stopped}) before the proof was finished.")
        if unserved:
            parts.append("Minutes are those of the families that are served.")
        return " ".join(parts)
