"""Which rules can all be kept: any of them asked together, some areas left out, minutes widened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from access.siting.course import Course
from access.siting.levels import within
from access.siting.model import Bools, Floats, Ints, SideRows
from access.siting.resolved import CountRule, ReachRule
from access.siting.rows import Answer, solve_rows
from access.siting.stack import cover_rows, join_rows


@dataclass(frozen=True, eq=False)
class Unit:
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
    rule: CountRule | ReachRule | None = None


class Asking:
    """Asks which of a course's rules can all be kept.

    Parameters
    ----------
    course : Course

    Attributes
    ----------
    units : list of Unit
        The rules one by one, the number of sites and the locks among them.
    """

    def __init__(self, course: Course) -> None:
        self.course, self.resolved, self.watch = course, course.resolved, course.watch
        self.sites = len(self.resolved.site_ids)
        self.covers: dict[int, SideRows] = {}
        self.units = self._units()

    def _units(self) -> list[Unit]:
        resolved = self.resolved
        units = []
        if resolved.fewest == resolved.most:
            units.append(Unit(f"exactly {count_words(resolved.most)} open", "count"))
        else:
            if resolved.most < int(resolved.may.sum()):
                units.append(Unit(f"at most {count_words(resolved.most)} open", "count"))
            if resolved.fewest > max(1, int(resolved.must.sum())):
                units.append(Unit(f"at least {count_words(resolved.fewest)} open", "fewest"))
        if resolved.must.any():
            units.append(Unit(f"locked open: {self.names(resolved.must)}", "must"))
        if not resolved.may.all():
            units.append(Unit(f"locked closed: {self.names(~resolved.may)}", "may"))
        units += [Unit(rule.label, rule.kind, rule) for rule in resolved.counts]
        units += [Unit(rule.label, rule.kind, rule) for rule in resolved.reaches]
        if resolved.serve_all:
            units.append(Unit("every area can reach an open site", "serve"))
        return units

    def names(self, mask: Bools) -> str:
        """Name the sites of a mask."""
        return ", ".join(self.resolved.site_ids[k] for k in np.flatnonzero(mask))

    # -- asking -------------------------------------------------------------------------
    def reach(self, rule: ReachRule, extra: float | None = None) -> Bools:
        """Tell which sites would satisfy each area of a rule.

        Parameters
        ----------
        rule : ReachRule
        extra : float, optional
            In place of the rule's own.

        Returns
        -------
        ndarray of bool, shape (areas of the rule, sites)
        """
        minutes = self.resolved.services[rule.service].minutes[rule.areas]
        caps = rule.base + (rule.extra if extra is None else extra)
        return within(minutes, caps[:, None])

    def serve(self) -> Bools:
        """Tell which sites can be reached at all from each row that has demand."""
        stacked = self.course.stacked
        near: Bools = np.isfinite(stacked.minutes[stacked.part > 0])
        return near

    def ask(
        self,
        units: Sequence[Unit],
        *,
        cost: Floats | None = None,
        only: dict[int, Ints] | None = None,
        extra: dict[int, float] | None = None,
    ) -> Answer:
        """Ask for the cheapest sites that keep some of the rules.

        Parameters
        ----------
        units : sequence of Unit
            The rules to keep; the others are dropped.
        cost : ndarray, shape (sites,), optional
            0 each when None.
        only : dict of int to ndarray of int, optional
            For a unit (by `id`), which areas of its rule are asked; all when not named.
        extra : dict of int to float, optional
            For a unit (by `id`), minutes in place of its rule's own `extra`.

        Returns
        -------
        Answer

        Raises
        ------
        Stop
            If the watch ends it before any answer.
        """
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
        unit: Unit,
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

    def possible(self, units: Sequence[Unit]) -> bool:
        """Tell whether some of the rules can all be kept."""
        return bool(self.ask(units).feasible)


def count_words(number: int) -> str:
    """Give a number of sites in words.

    Examples
    --------
    >>> count_words(1), count_words(3)
    ('1 site', '3 sites')
    """
    return f"{number} site{'' if number == 1 else 's'}"
