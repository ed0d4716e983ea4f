"""Why no set of sites keeps the rules, in a planner's words.

Looks for areas that nobody can serve, a smallest set of rules that cannot all be kept, and for
each rule alone the least change that would let the rest stand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from access.siting.course import Course
from access.siting.model import Bools, Floats, Ints, SideRows
from access.siting.resolved import CountRule, ReachRule
from access.siting.rows import Answer, solve_rows
from access.siting.search import Stop
from access.siting.solution import Explanation
from access.siting.stack import CAP_SLACK, cover_rows, join_rows

_MOST_RULES_TRIED_IN_FULL = 10
_MOST_AREAS_NAMED = 40


@dataclass(frozen=True, eq=False)
class _Unit:
    """One rule that can be kept or dropped."""

    label: str
    kind: str
    rule: CountRule | ReachRule | None = None


class _Why:
    def __init__(self, course: Course) -> None:
        self.course, self.resolved, self.watch = course, course.resolved, course.watch
        self.sites = len(self.resolved.site_ids)
        self.covers: dict[int, SideRows] = {}
        self.units = self._units()

    def _units(self) -> list[_Unit]:
        resolved = self.resolved
        units = []
        if resolved.fewest == resolved.most:
            units.append(_Unit(f"exactly {_count(resolved.most)} open", "count"))
        else:
            if resolved.most < int(resolved.may.sum()):
                units.append(_Unit(f"at most {_count(resolved.most)} open", "count"))
            if resolved.fewest > max(1, int(resolved.must.sum())):
                units.append(_Unit(f"at least {_count(resolved.fewest)} open", "fewest"))
        if resolved.must.any():
            units.append(_Unit(f"locked open: {self._names(resolved.must)}", "must"))
        if not resolved.may.all():
            units.append(_Unit(f"locked closed: {self._names(~resolved.may)}", "may"))
        units += [_Unit(rule.label, rule.kind, rule) for rule in resolved.counts]
        units += [_Unit(rule.label, rule.kind, rule) for rule in resolved.reaches]
        if resolved.serve_all:
            units.append(_Unit("every area can reach an open site", "serve"))
        return units

    def _names(self, mask: Bools) -> str:
        return ", ".join(self.resolved.site_ids[k] for k in np.flatnonzero(mask))

    # -- asking -------------------------------------------------------------------------
    def reach(self, rule: ReachRule, extra: float | None = None) -> Bools:
        """Tell which sites would satisfy each area of a rule."""
        minutes = self.resolved.services[rule.service].minutes[rule.areas]
        caps = rule.base + (rule.extra if extra is None else extra)
        near: Bools = minutes <= (caps * (1 + CAP_SLACK))[:, None]
        return near

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
    ) -> Answer:
        """Ask for the cheapest sites that keep some of the rules."""
        kinds = {unit.kind for unit in units}
        resolved = self.resolved
        must = resolved.must if "must" in kinds else np.zeros(self.sites, bool)
        may = resolved.may if "may" in kinds else np.ones(self.sites, bool)
        parts = [SideRows.none(self.sites)]
        for unit in units:
            if isinstance(unit.rule, CountRule):
                rule = unit.rule
                parts.append(
                    SideRows(rule.amounts[None, :], np.array([rule.low]), np.array([rule.high]))
                )
            elif isinstance(unit.rule, ReachRule):
                parts.append(self._cover(unit, unit.rule, may, only or {}, extra or {}))
            elif unit.kind == "serve":
                parts.append(cover_rows(self.serve(), may))
        low = float(resolved.fewest) if kinds & {"count", "fewest"} else 0.0
        if resolved.fewest < resolved.most and "fewest" not in kinds:
            low = 0.0
        high = float(resolved.most) if "count" in kinds else float(self.sites)
        parts.append(SideRows(np.ones((1, self.sites)), np.array([low]), np.array([high])))
        rows = join_rows(*parts)
        return solve_rows(
            np.zeros(self.sites) if cost is None else cost, rows.matrix, rows.low, rows.high,
            column_low=(must & may).astype(float), column_high=may.astype(float),
            watch=self.watch,
        )  # fmt: skip

    def _cover(
        self,
        unit: _Unit,
        rule: ReachRule,
        may: Bools,
        only: dict[int, Ints],
        extra: dict[int, float],
    ) -> SideRows:
        """Make the rows of a rule on minutes, kept where the rule is asked as it is."""
        key = id(unit)
        plain = key not in only and key not in extra and bool((may == self.resolved.may).all())
        if plain and key in self.covers:
            return self.covers[key]
        near = self.reach(rule, extra.get(key))
        rows = cover_rows(near[only[key]] if key in only else near, may)
        if plain:
            self.covers[key] = rows
        return rows

    def possible(self, units: Sequence[_Unit]) -> bool:
        """Tell whether some of the rules can all be kept."""
        return bool(self.ask(units).feasible)

    # -- answers ------------------------------------------------------------------------
    def unservable(self) -> tuple[str, ...]:
        """Name areas that no allowed site can serve as the rules ask."""
        names: dict[str, None] = {}
        may = self.resolved.may
        for rule in self.resolved.reaches:
            ids = self.resolved.services[rule.service].area_ids
            lost = rule.areas[~self.reach(rule)[:, may].any(axis=1)]
            names.update(dict.fromkeys(ids[i] for i in lost))
        if self.resolved.serve_all:
            for service in self.resolved.services:
                reached = np.isfinite(service.minutes[:, may]).any(axis=1)
                lost = np.flatnonzero(~reached & (service.weights > 0))
                names.update(dict.fromkeys(service.area_ids[i] for i in lost))
        return tuple(names)

    def conflict(self) -> list[_Unit]:
        """Find a smallest set of rules that cannot all be kept."""
        if len(self.units) <= _MOST_RULES_TRIED_IN_FULL:
            for size in range(1, len(self.units) + 1):
                for some in itertools.combinations(self.units, size):
                    if not self.possible(some):
                        return list(some)
        kept = list(self.units)
        for unit in self.units:
            without = [u for u in kept if u is not unit]
            if not self.possible(without):
                kept = without
        return kept

    def areas(self, units: list[_Unit]) -> tuple[str, ...]:
        """Narrow the areas of the conflicting rules down to a smallest set that shows it."""
        names: list[str] = []
        for unit in units:
            if not isinstance(unit.rule, ReachRule):
                continue
            keep = np.arange(len(unit.rule.areas))
            step = max(1, len(keep) // 2)
            while True:
                start = 0
                while start < len(keep):
                    fewer = np.delete(keep, slice(start, start + step))
                    if self.ask(units, only={id(unit): fewer}).feasible:
                        start += step
                    else:
                        keep = fewer
                if step == 1:
                    break
                step = max(1, step // 2)
            ids = self.resolved.services[unit.rule.service].area_ids
            names += [ids[i] for i in unit.rule.areas[keep]]
        return tuple(dict.fromkeys(names)) if len(names) <= _MOST_AREAS_NAMED else ()

    def relaxations(self) -> tuple[str, ...]:
        """Give, for each rule alone, the least change that lets the others stand."""
        ways: list[str] = []
        makers: dict[str, Callable[[_Unit], str | None]] = {
            "count": self._more_sites,
            "within": self._more_minutes,
            "no worse": self._more_minutes,
            "budget": self._more_money,
            "at least": self._fewer_of_group,
            "at most": self._more_of_group,
            "may": self._drop,
            "must": self._drop,
        }
        for unit in self.units:
            maker = makers.get(unit.kind)
            text = maker(unit) if maker else None
            if text and text not in ways:
                ways.append(text)
        return tuple(ways)

    def _others(self, unit: _Unit) -> list[_Unit]:
        return [u for u in self.units if u is not unit]

    def _more_sites(self, unit: _Unit) -> str | None:
        others = [u for u in self._others(unit) if u.kind != "fewest"]
        answer = self.ask(others, cost=np.ones(self.sites))
        now, needed = self.resolved.most, len(answer.chosen)
        if answer.feasible and needed > now:
            return f"{_count(needed)} instead of {now}"
        most = self.ask(others, cost=-np.ones(self.sites))
        if most.feasible and len(most.chosen) < self.resolved.fewest:
            return f"{_count(len(most.chosen))} instead of {self.resolved.fewest}"
        return None

    def _more_minutes(self, unit: _Unit) -> str | None:
        rule = unit.rule
        if not isinstance(rule, ReachRule):
            return None
        # A rule asked of several services is one rule to a planner: relaxed together.
        alike = [
            (u, u.rule)
            for u in self.units
            if isinstance(u.rule, ReachRule) and (u.kind, u.rule.extra) == (unit.kind, rule.extra)
        ]
        found = []
        for _, each in alike:
            minutes = self.resolved.services[each.service].minutes[each.areas]
            found.append((minutes - each.base[:, None])[np.isfinite(minutes)])
        steps = np.unique(np.concatenate(found))
        steps = steps[steps > rule.extra]
        low, high = 0, len(steps)
        while low < high:
            middle = (low + high) // 2
            extra = {id(u): float(steps[middle]) for u, _ in alike}
            if self.ask(self.units, extra=extra).feasible:
                high = middle
            else:
                low = middle + 1
        if low == len(steps):
            return None
        who = "" if rule.kind == "within" else " worse than today"
        return f"{_up(steps[low])} minutes{who} instead of {rule.extra:g}"

    def _more_money(self, unit: _Unit) -> str | None:
        if not isinstance(unit.rule, CountRule):
            return None
        answer = self.ask(self._others(unit), cost=unit.rule.amounts)
        if not answer.feasible:
            return None
        cost = float(unit.rule.amounts[answer.chosen].sum())
        return f"a budget of {cost:,.15g} instead of {unit.rule.high:,.15g}"

    def _fewer_of_group(self, unit: _Unit) -> str | None:
        if not isinstance(unit.rule, CountRule):
            return None
        answer = self.ask(self._others(unit), cost=-unit.rule.amounts)
        if not answer.feasible:
            return None
        count = round(float(unit.rule.amounts[answer.chosen].sum()))
        return f"{count} instead of {unit.label}"

    def _more_of_group(self, unit: _Unit) -> str | None:
        if not isinstance(unit.rule, CountRule):
            return None
        answer = self.ask(self._others(unit), cost=unit.rule.amounts)
        if not answer.feasible:
            return None
        count = round(float(unit.rule.amounts[answer.chosen].sum()))
        return f"{count} instead of {unit.label}"

    def _drop(self, unit: _Unit) -> str | None:
        which = "closed" if unit.kind == "may" else "open"
        mask = ~self.resolved.may if unit.kind == "may" else self.resolved.must
        cost = np.where(mask, 1.0, 0.0) if unit.kind == "may" else np.where(mask, -1.0, 0.0)
        answer = self.ask(self._others(unit), cost=cost)
        if not answer.feasible:
            return None
        inside = np.zeros(self.sites, bool)
        inside[answer.chosen] = True
        freed = mask & inside if unit.kind == "may" else mask & ~inside
        return f"{self._names(freed)} no longer locked {which}"


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
    why = _Why(course)
    unservable = why.unservable()
    conflict: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    try:
        units = why.conflict()
        conflict = tuple(unit.label for unit in units)
        areas = () if unservable else why.areas(units)
        ways = why.relaxations()
    except (Stop, KeyboardInterrupt):
        pass
    return Explanation(unservable, conflict, areas, ways)


def _count(number: int) -> str:
    return f"{number} site{'' if number == 1 else 's'}"


def _up(minutes: float) -> str:
    """Round minutes up to hundredths, so that the number given works."""
    return f"{np.ceil(minutes * 100 - 1e-6) / 100:g}"
