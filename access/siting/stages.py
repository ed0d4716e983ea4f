"""Goals one after another: each is made as good as it can be while the earlier ones are held."""

from __future__ import annotations

import numpy as np

from access.siting.course import Course, Stage
from access.siting.model import SideRows
from access.siting.problem import Goal
from access.siting.rows import solve_rows
from access.siting.stack import goal_rows, join_rows
from access.siting.worst_off import blend_stage, worst_stage


def meet_goal(
    course: Course, goal: Goal, *, last: bool, keep: int = 1, within: float = 0.0
) -> Stage:
    """Make one goal as good as it can be, and hold it for those that follow.

    Parameters
    ----------
    course : Course
        Prepared; it is moved on by the goal.
    goal : Goal
    last : bool
        Whether no goal follows: the course's own gap is good enough, and nothing is held.
    keep : int
        How many sets to list, for a goal that adds up over areas.
    within : float
        Only sets up to this share worse than the best are listed.

    Returns
    -------
    Stage

    Raises
    ------
    ParameterError
        If worst minutes are blended where not all areas can be served at once.
    Stop
        If the watch ends it before any answer.
    """
    if goal.kinds == {"worst"}:
        stage = worst_stage(course, goal)
    elif "worst" in goal.kinds:
        stage = blend_stage(course, goal)
    elif not goal.kinds - {"sites", "cost"} and not course.held:
        stage = _sites_alone(course, goal)
    else:
        stage = _sum(course, goal, keep, within, last)
    if len(stage.chosen):
        course.start = stage.chosen
    if not last:
        course.hold(goal, stage)
    return stage


def _sum(course: Course, goal: Goal, keep: int, within: float, last: bool) -> Stage:
    part = goal_rows(goal, course.stacked, course.resolved)
    gap = course.gap if last else 0.0
    course.outcome = course.minimise(part, course.rows, keep, within, gap)
    best = course.outcome.best
    return Stage(
        goal, best.value, course.outcome.bound, best.chosen, course.outcome.method,
        course.outcome.complete,
    )  # fmt: skip


def _sites_alone(course: Course, goal: Goal) -> Stage:
    """Solve a goal that only looks at which sites are open."""
    part = goal_rows(goal, course.stacked, course.resolved)
    sites = len(part.opening)
    every = SideRows(
        np.ones((1, sites)), np.array([course.resolved.fewest]), np.array([course.resolved.most])
    )
    rows = join_rows(course.rows, every)
    answer = solve_rows(
        part.opening, rows.matrix, rows.low, rows.high,
        column_low=course.resolved.must.astype(float),
        column_high=course.resolved.may.astype(float), watch=course.watch,
    )  # fmt: skip
    value = float(part.opening[answer.chosen].sum())
    bound = value if answer.optimal else min(answer.bound, value)
    return Stage(goal, value, bound, answer.chosen, "integer programme", answer.optimal)
