"""Goals that look at the worst-off area: alone, with earlier goals held, and in a blend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from access.errors import ParameterError
from access.siting.core import minimise
from access.siting.course import Course, Stage
from access.siting.interchange import Interchange
from access.siting.model import MOST_ADDED, Floats, Ints, SideRows, tolerance
from access.siting.near import Near
from access.siting.problem import Goal
from access.siting.radius import Worst, least_worst
from access.siting.search import Stop
from access.siting.stack import goal_rows, make_model


def worst_stage(course: Course, goal: Goal) -> Stage:
    """Make the minutes of the worst-off area as few as they can be.

    Parameters
    ----------
    course : Course
        Its earlier goals are held.
    goal : Goal
        Of worst minutes alone.

    Returns
    -------
    Stage

    Raises
    ------
    Stop
        If the watch ends it before any answer.
    """
    factor = sum(f for _, _, f in goal.parts)
    minutes = course.counted()
    start = _first(course, course.rows)
    if not len(minutes):
        return Stage(goal, 0.0, 0.0, start, "nobody can be served", True)
    if course.held:
        worst = _worst_held(course, minutes, start)
    else:
        worst = least_worst(
            minutes, course.rows, fewest=course.resolved.fewest, most=course.resolved.most,
            must=course.resolved.must, may=course.resolved.may, start=start,
            levels=course.levels, watch=course.watch,
        )  # fmt: skip
        worst = replace(worst, chosen=_settle(course, worst))
    return Stage(
        goal, factor * worst.value, factor * worst.bound, worst.chosen,
        "halving over covers", worst.complete,
    )  # fmt: skip


def _first(course: Course, rows: SideRows) -> Ints:
    """Give a good set to begin a search for the worst-off from."""
    if course.start is not None and rows.hold(course.start):
        return course.start
    mean = goal_rows(Goal.mean(), course.stacked, course.resolved)
    model = make_model(mean, course.held, course.resolved, rows)
    if model.minutes.max() > MOST_ADDED:  # a beginning only: the worst-off are not added up
        model = replace(model, minutes=np.minimum(model.minutes, MOST_ADDED))
    outcome = minimise(model, watch=course.watch, gap=0.05)
    return outcome.best.chosen


def _settle(course: Course, worst: Worst) -> Ints:
    """Among answers equally good for the worst-off, move to one better on average."""
    part = goal_rows(Goal.mean(), course.stacked, course.resolved)
    model = make_model(part, (), course.resolved, course.capped(worst.value))
    near = Near.of(model.minutes, np.flatnonzero(course.resolved.may), 60)
    chosen, _ = Interchange(model, near).improve(worst.chosen)
    return chosen if model.holds(chosen) else worst.chosen


def _worst_held(course: Course, minutes: Floats, start: Ints) -> Worst:
    """Halve over covers where earlier goals are held: each step is a search of its own."""
    part, most = course.held[-1]
    held, course.held = course.held, course.held[:-1]
    chosen, value = start, float(_finite_worst(minutes, start))
    floor = float(minutes[:, course.resolved.may].min(axis=1).max())
    levels = course.levels
    low = high = levels.level(value)
    if course.served_only:
        low = levels.level(floor)
    complete = course.served_only
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            middle = (low + high) // 2
            course.start = None
            outcome = course.minimise(part, course.capped(float(levels.top[middle])))
            if not outcome.complete:
                raise Stop
            if outcome.best.value <= most + tolerance(most):
                chosen = outcome.best.chosen
                value = float(_finite_worst(minutes, chosen))
                high = min(levels.level(value), middle)
            else:
                low = middle + 1
    except (Stop, KeyboardInterrupt):
        complete = False
    course.held = held
    bound = floor if not course.served_only else value if low >= high else float(levels.low[low])
    return Worst(value, bound, chosen, complete)


def blend_stage(course: Course, goal: Goal) -> Stage:
    """Blend with the worst-off: walk down the worst minutes that occur, bounding the rest.

    Parameters
    ----------
    course : Course
    goal : Goal
        Of worst minutes and something else.

    Returns
    -------
    Stage

    Raises
    ------
    ParameterError
        If not all areas can be served at once.
    Stop
        If the watch ends it before any answer.
    """
    if not course.served_only:
        raise ParameterError(
            "a blend with worst minutes needs answers that serve every area; "
            "not all areas can be served at once here. Use goals one after another instead."
        )
    factor = sum(f for kind, _, f in goal.parts if kind == "worst")
    rest = Goal(tuple(p for p in goal.parts if p[0] != "worst"))
    part = goal_rows(rest, course.stacked, course.resolved)
    minutes = course.counted()
    start = course.start
    least = worst_stage(course, Goal.worst())
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
        if not outcome.complete or bound >= best - tolerance(best) or below is None:
            complete = complete and outcome.complete
            if outcome.complete and below is None:
                bound = best
            break
        cap = below
        course.start = None
    return Stage(goal, best, min(bound, best), chosen, "walk over worst minutes", complete)


def _finite_worst(minutes: Floats, chosen: Ints) -> float:
    nearest = minutes[:, chosen].min(axis=1)
    reached = nearest[np.isfinite(nearest)]
    return float(reached.max()) if len(reached) else 0.0
