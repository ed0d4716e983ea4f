"""A second look at every answer, with none of the solver's code.

Here is the call; the checks that it makes are in `access.siting.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.arguments import a, checked
from access.errors import SitingError
from access.siting.problem import Problem
from access.siting.resolve import _goal_value, _goal_values, _resolve, _Resolved
from access.siting.search import Floats
from access.siting.solution import STATUSES, Solution

_CLOSE = 1e-6
_MOST_SWAP_CELLS = 20_000_000


def _near(one: float, other: float) -> bool:
    """Tell whether two objectives agree up to rounding."""
    return one == other or abs(one - other) <= _CLOSE * max(1.0, abs(one), abs(other))


class _Look:
    """A second look at one answer: each method makes some checks and notes how they went.

    Parameters
    ----------
    resolved : Resolved
        The problem as it was asked.
    solution : Solution
        The answer as it was given.
    """

    def __init__(self, resolved: _Resolved, solution: Solution) -> None:
        self.resolved, self.solution = resolved, solution
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.columns: list[int] = []

    def check(self, good: bool, text: str, found: str = "") -> bool:
        """Note a check as passed, or as failed with what was found instead."""
        (self.passed if good else self.failed).append(text if good else f"{text}: {found}")
        return good

    def status(self) -> None:
        """Check the status against the bound and the objective."""
        s = self.solution
        self.check(s.status in STATUSES, "status is one of the four", s.status)
        if s.status == "infeasible":
            self.check(not s.chosen, "an infeasible problem opens nothing", str(s.chosen))
            return
        low, high = s.bound, s.objective
        if s.sense == "max":
            low, high = high, low
        self.check(
            low <= high or _near(low, high), "bound and objective stand the right way round",
            f"{s.bound} and {s.objective}",
        )  # fmt: skip
        if s.status == "proven_optimal":
            self.check(
                _near(s.bound, s.objective), "the bound meets the objective",
                f"{s.bound} and {s.objective}",
            )  # fmt: skip

    def sites(self) -> bool:
        """Check number, locks and ids of the sites; False when there is nothing more to check."""
        where = {name: k for k, name in enumerate(self.resolved.site_ids)}
        unknown = [c for c in self.solution.chosen if c not in where]
        if not self.check(not unknown, "chosen sites are known", ", ".join(unknown)):
            return False
        self.columns = [where[c] for c in self.solution.chosen]
        count, low, high = len(self.columns), self.resolved.fewest, self.resolved.most
        self.check(len(set(self.columns)) == count, "no site is chosen twice", str(count))
        self.check(low <= count <= high, f"between {low} and {high} sites are open", str(count))
        inside = np.zeros(len(where), bool)
        inside[self.columns] = True
        self.check(bool(inside[self.resolved.must].all()), "sites locked open are open")
        self.check(not inside[~self.resolved.may].any(), "sites locked closed are closed")
        return bool(self.columns)

    def rules(self) -> None:
        """Check every rule on groups, budgets and minutes."""
        for rule in self.resolved.counts:
            total = float(sum(rule.amounts[c] for c in self.columns))
            slack = _CLOSE * max(1.0, abs(total))
            self.check(rule.low - slack <= total <= rule.high + slack, rule.label, f"{total:g}")
        furthest = self._furthest_sent()
        for reach in self.resolved.reaches:
            service = self.resolved.services[reach.service]
            nearest = service.minutes[np.ix_(reach.areas, np.array(self.columns))].min(
                axis=1, initial=np.inf
            )
            if furthest is not None:
                nearest = furthest[reach.areas]
            caps = reach.base + reach.extra
            bad = reach.areas[nearest > caps + _CLOSE * np.maximum(1, caps)]
            names = ", ".join(service.area_ids[i] for i in bad[:10])
            self.check(not len(bad), reach.label, names)
        if self.resolved.serve_all:
            lost = [
                area
                for service in self.resolved.services
                for area, weight, minutes in zip(
                    service.area_ids, service.weights,
                    service.minutes[:, self.columns].min(axis=1), strict=True,
                )
                if weight > 0 and service.share > 0 and not np.isfinite(minutes)
            ]  # fmt: skip
            self.check(not lost, "every area that has any demand is served", ", ".join(lost[:10]))

    def _furthest_sent(self) -> Floats | None:
        """Give the minutes to the furthest site each area is sent to; None without capacities."""
        flow = self.solution.shares
        if self.resolved.capacities is None or flow is None:
            return None
        service = self.resolved.services[0]
        site_of = {name: k for k, name in enumerate(self.resolved.site_ids)}
        area_of = {name: k for k, name in enumerate(service.area_ids)}
        furthest = np.zeros(len(area_of))
        for (area, site), share in zip(flow.index.to_list(), flow.to_list(), strict=True):
            i, j = area_of.get(area), site_of.get(site)
            if i is not None and j is not None and share > 0:
                furthest[i] = max(furthest[i], service.minutes[i, j])
        return furthest

    def assignment(self) -> None:
        """Compare who goes where with the nearest open site, area by area."""
        if self.resolved.capacities is not None:
            self._capacities()
            return
        s = self.solution
        unserved: set[str] = set()
        for service in self.resolved.services:
            given = s.assignment
            if isinstance(given.index, pd.MultiIndex):
                given = given.xs(service.name, level=0)
            self.check(
                tuple(given.index) == service.area_ids, f"every area of {service.name} is answered"
            )
            nearest = service.minutes[:, self.columns].min(axis=1)
            where = {name: k for k, name in enumerate(self.resolved.site_ids)}
            wrong = []
            for i, (area, site) in enumerate(given.items()):
                if site is None or site != site:
                    good = not np.isfinite(nearest[i])
                    unserved.add(str(area))
                else:
                    good = where.get(site) in self.columns
                    good = good and service.minutes[i, where[site]] == nearest[i] < np.inf
                if not good:
                    wrong.append(str(area))
            self.check(
                not wrong, f"every area of {service.name} goes to a nearest open site",
                ", ".join(wrong[:10]),
            )  # fmt: skip
        self.check(unserved == set(s.unserved), "areas left unserved are all named", str(unserved))

    def _capacities(self) -> None:
        service, capacities = self.resolved.services[0], self.resolved.capacities
        flow = self.solution.shares
        if capacities is None or flow is None:
            self.check(False, "a capacitated answer says who goes where", "no shares")
            return
        where = {name: k for k, name in enumerate(self.resolved.site_ids)}
        at = {name: k for k, name in enumerate(service.area_ids)}
        load = np.zeros(len(where))
        given = np.zeros(len(at))
        cost = 0.0
        unknown = [f"{a}, {s}" for a, s in flow.index.to_list() if a not in at or s not in where]
        if unknown:
            self.check(False, "who goes where names known areas and sites", "; ".join(unknown[:10]))
            return
        for (area, site), share in zip(flow.index.to_list(), flow.to_list(), strict=True):
            i, j = at[area], where[site]
            load[j] += share * capacities.uses[i]
            given[i] += share
            cost += share * service.weights[i] * service.minutes[i, j]
            if j not in self.columns:
                self.check(False, f"{area} goes to an open site", str(site))
        slack = _CLOSE * min(1.0, float(capacities.uses.max(initial=0.0)))
        full = load > capacities.room * (1 + _CLOSE) + slack
        names = ", ".join(n for n, k in where.items() if full[k])
        self.check(not full.any(), "no site takes more than it can", names)
        out = np.array([area in set(self.solution.unserved) for area in service.area_ids])
        idle = (service.weights <= 0) & (capacities.uses <= 0)
        idle &= ~np.isfinite(service.minutes[:, self.columns]).any(axis=1)
        whole = bool(np.allclose(given, np.where(out, 0.0, 1.0), atol=1e-6))
        self.check(whole, "every area is served whole")
        self.check(bool((out == idle).all()), "only who counts for nothing is left out")
        if not capacities.split:
            whole = all(_near(share, 1.0) for share in flow)
            self.check(whole, "no area is split")
        everyone = max(float(service.weights.sum()), 1e-300)
        value = sum(
            factor * (cost / everyone if kind == "mean" else cost)
            for kind, _, factor in self.resolved.goals[0].parts
        )
        self.check(_near(value, self.solution.objective), "the objective adds up", f"{value}")

    def objective(self) -> None:
        """Check every goal's value, and that earlier goals are held."""
        if self.resolved.capacities is not None:
            return
        for goal, told in zip(self.resolved.goals, self.solution.goals, strict=True):
            value = _goal_value(self.resolved, goal, self.columns)
            self.check(
                _near(value, told.value), f"{goal.words} adds up", f"{value}, not {told.value}"
            )
        s = self.solution
        if s.sense == "max":
            told_value = s.demand - s.goals[-1].value
            self.check(_near(told_value, s.objective), "covered demand adds up", f"{told_value}")
        for earlier, told in zip(self.resolved.goals[:-1], self.solution.goals, strict=False):
            allowed = told.best + earlier.within * abs(told.best)
            held = told.value <= allowed or _near(told.value, allowed)
            self.check(held, f"{earlier.words} is held", f"{told.value} over {allowed}")

    def swaps(self) -> None:
        """Put a claim of optimality to the test of every single swap that keeps the rules."""
        resolved, s = self.resolved, self.solution
        cells = sum(service.minutes.size for service in resolved.services) * len(self.columns)
        if s.status != "proven_optimal" or s.unserved or len(resolved.goals) > 1:
            return
        if resolved.capacities is not None or cells > _MOST_SWAP_CELLS:
            return
        goal = resolved.goals[0]
        enough = _goal_value(resolved, goal, self.columns)
        enough -= _CLOSE * max(1.0, abs(enough))
        entering = [k for k in np.flatnonzero(resolved.may) if k not in self.columns]
        better = None
        for out in self.columns:
            if resolved.must[out] or not entering:
                continue
            kept = [c for c in self.columns if c != out]
            sets = [[*kept, int(k)] for k in entering]
            nearest = [
                np.minimum(
                    service.minutes[:, kept].min(axis=1, initial=np.inf)[:, None],
                    service.minutes[:, entering],
                )
                for service in resolved.services
            ]
            values = _goal_values(resolved, goal, nearest, sets)
            for k in np.flatnonzero(values < enough):
                if self._allowed(sets[k]):
                    better = sets[k]
        self.check(
            better is None, "no single swap is better",
            "" if better is None else ", ".join(resolved.site_ids[c] for c in better),
        )  # fmt: skip

    def _allowed(self, columns: list[int]) -> bool:
        for rule in self.resolved.counts:
            total = float(rule.amounts[columns].sum())
            if not rule.low - _CLOSE <= total <= rule.high + _CLOSE:
                return False
        for reach in self.resolved.reaches:
            minutes = self.resolved.services[reach.service].minutes[
                np.ix_(reach.areas, np.array(columns))
            ]
            if (minutes.min(axis=1, initial=np.inf) > reach.caps + _CLOSE).any():
                return False
        for service in self.resolved.services:
            servable = np.isfinite(service.minutes[:, self.resolved.may]).any(axis=1)
            counted = service.minutes[servable & (service.weights > 0)][:, columns]
            if not np.isfinite(counted.min(axis=1)).all():
                return False
        return True


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what was found wrong.

    Parameters
    ----------
    passed : tuple of str
    failed : tuple of str
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when nothing was found wrong."""
        return not self.failed

    def __str__(self) -> str:
        lines = [f"ok: {text}" for text in self.passed] + [f"WRONG: {t}" for t in self.failed]
        return "\n".join(lines)


@checked(
    problem=a(Problem, expected="a Problem"),
    solution=a(Solution, expected="a Solution, such as access.site gives"),
)
def verify(problem: Problem, solution: Solution) -> Verification:
    """Check an answer against the question, without the solver.

    Parameters
    ----------
    problem : Problem
        As it was asked (`solution.problem` where one of the short calls made it).
    solution : Solution

    Returns
    -------
    Verification
        Every check that was made, passed or failed.

    Raises
    ------
    ParameterError
        If the problem itself is faulty.

    Examples
    --------
    >>> import access
    >>> best = access.p_median([[1, 9], [9, 1], [4, 5]], 1)
    >>> access.verify(best.problem, best).ok
    True
    """
    look = _Look(_resolve(problem), solution)
    look.status()
    if solution.status != "infeasible" and look.sites():
        look.rules()
        look.assignment()
        look.objective()
        look.swaps()
    return Verification(tuple(look.passed), tuple(look.failed))


def _confirm(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Verify, and refuse to hand on an answer that fails."""
    seen = verify(problem, solution)
    if not seen.ok:
        raise SitingError(
            "the optimiser's answer failed its independent check and is withheld: "
            + "; ".join(seen.failed)
        )
    return seen.passed
