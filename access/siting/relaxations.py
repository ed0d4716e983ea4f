"""For each rule that stands in the way, the least change to it alone that lets the rest stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from access.siting.asking import Asking, Unit, count_words
from access.siting.levels import within
from access.siting.resolved import CountRule, ReachRule


def relaxations(asking: Asking) -> tuple[str, ...]:
    """Give, for each rule alone, the least change that lets the others stand.

    Parameters
    ----------
    asking : Asking

    Returns
    -------
    tuple of str
        In words, in the order of the rules; those that no change mends are left out.

    Raises
    ------
    Stop
        If the watch ends it first.
    """
    ways: list[str] = []
    makers: dict[str, Callable[[Asking, Unit], str | None]] = {
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


def _others(asking: Asking, unit: Unit) -> list[Unit]:
    return [u for u in asking.units if u is not unit]


def _more_sites(asking: Asking, unit: Unit) -> str | None:
    others = [u for u in _others(asking, unit) if u.kind != "fewest"]
    answer = asking.ask(others, cost=np.ones(asking.sites))
    now, needed = asking.resolved.most, len(answer.chosen)
    if answer.feasible and needed > now:
        return f"{count_words(needed)} instead of {now}"
    most = asking.ask(others, cost=-np.ones(asking.sites))
    if most.feasible and len(most.chosen) < asking.resolved.fewest:
        return f"{count_words(len(most.chosen))} instead of {asking.resolved.fewest}"
    return None


def _more_minutes(asking: Asking, unit: Unit) -> str | None:
    rule = unit.rule
    if not isinstance(rule, ReachRule):
        return None
    # A rule asked of several services is one rule to a planner: relaxed together.
    alike = [
        (u, u.rule)
        for u in asking.units
        if isinstance(u.rule, ReachRule) and (u.kind, u.rule.extra) == (unit.kind, rule.extra)
    ]
    found = []
    for _, each in alike:
        minutes = asking.resolved.services[each.service].minutes[each.areas]
        found.append((minutes - each.base[:, None])[np.isfinite(minutes)])
    steps = np.unique(np.concatenate(found))
    steps = steps[~within(steps, rule.extra)]
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


def _more_money(asking: Asking, unit: Unit) -> str | None:
    if not isinstance(unit.rule, CountRule):
        return None
    answer = asking.ask(_others(asking, unit), cost=unit.rule.amounts)
    if not answer.feasible:
        return None
    cost = float(unit.rule.amounts[answer.chosen].sum())
    return f"a budget of {cost:,.15g} instead of {unit.rule.high:,.15g}"


def _other_number(asking: Asking, unit: Unit) -> str | None:
    """Give how many of a group can, or must, be open when the group's rule is dropped."""
    if not isinstance(unit.rule, CountRule):
        return None
    sign = -1.0 if unit.kind == "at least" else 1.0
    answer = asking.ask(_others(asking, unit), cost=sign * unit.rule.amounts)
    if not answer.feasible:
        return None
    count = round(float(unit.rule.amounts[answer.chosen].sum()))
    return f"{count} instead of {unit.label}"


def _drop(asking: Asking, unit: Unit) -> str | None:
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
        if not within(np.array(minutes), shown):
            shown = round(shown + 10.0**-digits, digits)
        if shown > above:
            return f"{shown:.15g}"
    return f"{minutes!r}"
