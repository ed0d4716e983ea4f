"""Why no set of sites keeps the rules, in a planner's words.

Looks for areas that nobody can serve, a smallest set of rules that cannot all be kept, and for
each rule alone the least change that would let the rest stand.
"""

from __future__ import annotations

import itertools

import numpy as np

from access.siting.asking import Asking, Unit
from access.siting.course import Course
from access.siting.relaxations import relaxations
from access.siting.resolved import ReachRule
from access.siting.search import Stop
from access.siting.solution import Explanation

_MOST_RULES_TRIED_IN_FULL = 10
_MOST_AREAS_NAMED = 40


def explain(course: Course) -> Explanation:
    """Explain why a prepared course has no answer.

    Parameters
    ----------
    course : Course

    Returns
    -------
    Explanation
        As far as time allowed.
    """
    asking = Asking(course)
    unservable = _unservable(asking)
    conflict: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    try:
        units = _conflict(asking)
        conflict = tuple(unit.label for unit in units)
        areas = () if unservable else _areas(asking, units)
        ways = relaxations(asking)
    except (Stop, KeyboardInterrupt):
        pass
    return Explanation(unservable, conflict, areas, ways)


def _unservable(asking: Asking) -> tuple[str, ...]:
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


def _conflict(asking: Asking) -> list[Unit]:
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


def _areas(asking: Asking, units: list[Unit]) -> tuple[str, ...]:
    """Narrow the areas of the conflicting rules down to a smallest set that shows it."""
    names: list[str] = []
    for unit in units:
        if not isinstance(unit.rule, ReachRule):
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
