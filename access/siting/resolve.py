"""From a `Problem` to checked arrays: ids become positions, every fault is named at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.measure.distribution import weighted_sums
from access.siting.problem import (
    KINDS,
    AtLeast,
    AtMost,
    Budget,
    Capacity,
    Demand,
    Goal,
    NoWorse,
    Problem,
    ServeAll,
    Within,
    _CostTable,
    _Faults,
    _listed_values,
    _read_by_id,
    _read_costs,
    _read_count,
    _read_flag,
    _read_ids,
    _read_number,
)
from access.siting.search import MOST_ADDED, Bools, Floats, Ints, _within
from access.text import limit_words


@dataclass(frozen=True, eq=False)
class _Service:
    """One demand, checked.

    Parameters
    ----------
    share : float
        Shares of all services add up to 1.
    """

    name: str
    area_ids: tuple[str, ...]
    minutes: Floats
    weights: Floats
    share: float


@dataclass(frozen=True, eq=False)
class _CountRule:
    """Between `low` and `high` of some sites are open, in all or counted at a cost each.

    Parameters
    ----------
    label : str
        The rule in a planner's words.
    amounts : ndarray, shape (sites,)
        What each site counts when it is open: 1 or 0 for a group, its cost for a budget.
    kind : str
        ``"at least"``, ``"at most"`` or ``"budget"``.
    """

    label: str
    amounts: Floats
    low: float
    high: float
    kind: str


@dataclass(frozen=True, eq=False)
class _ReachRule:
    """Areas of one service must have an open site within their own cap of minutes.

    Parameters
    ----------
    label : str
        The rule in a planner's words.
    service : int
        Position of the service.
    areas : ndarray of int
        Positions of the areas among those of the service.
    base : ndarray, shape (areas of the rule,)
        Minutes today; 0 for a rule that does not look at today.
    extra : float
        Minutes allowed on top of `base`.
    kind : str
        ``"within"`` or ``"no worse"``.
    """

    label: str
    service: int
    areas: Ints
    base: Floats
    extra: float
    kind: str

    @property
    def caps(self) -> Floats:
        """Minutes each area may have at most."""
        return self.base + self.extra


@dataclass(frozen=True, eq=False)
class _Capacities:
    """What sites can take and areas take up.

    Parameters
    ----------
    uses : ndarray, shape (areas,)
        In the unit of `room`.
    split : bool
        Whether an area may be shared among sites.
    """

    room: Floats
    uses: Floats
    split: bool


@dataclass(frozen=True, eq=False)
class _Resolved:
    """A problem as checked arrays.

    Parameters
    ----------
    problem : Problem
        As it was asked.
    goals : tuple of Goal
        The first matters most.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    counts : tuple of CountRule
        Groups and budgets.
    reaches : tuple of ReachRule
        Rules on areas' minutes.
    serve_all : bool
        Whether every area with demand must be served.
    """

    problem: Problem
    site_ids: tuple[str, ...]
    services: tuple[_Service, ...]
    goals: tuple[Goal, ...]
    fewest: int
    most: int
    must: Bools
    may: Bools
    site_costs: Floats | None
    counts: tuple[_CountRule, ...]
    reaches: tuple[_ReachRule, ...]
    serve_all: bool
    capacities: _Capacities | None


class _RuleReader:
    """Collects the rules of a problem as rows.

    Parameters
    ----------
    faults : Faults
        Where anything wrong is noted; nothing is raised here.
    """

    def __init__(
        self,
        site_ids: tuple[str, ...],
        services: tuple[_Service, ...],
        site_costs: Floats | None,
        faults: _Faults,
    ) -> None:
        self.site_ids, self.services, self.site_costs = site_ids, services, site_costs
        self.faults = faults
        self.counts: list[_CountRule] = []
        self.reaches: list[_ReachRule] = []
        self.serve_all = False
        self.capacities: _Capacities | None = None

    def add(self, rule: object) -> None:
        """Read one rule."""
        if isinstance(rule, AtLeast | AtMost):
            self._group(rule)
        elif isinstance(rule, Within):
            self._within(rule)
        elif isinstance(rule, NoWorse):
            self._no_worse(rule)
        elif isinstance(rule, Budget):
            self._budget(rule)
        elif isinstance(rule, ServeAll):
            self.serve_all = True
        elif isinstance(rule, Capacity):
            self._capacity(rule)
        else:
            self.faults.add("rules", repr(rule), "AtLeast, AtMost, Within, NoWorse, Budget, ...")

    def _group(self, rule: AtLeast | AtMost) -> None:
        ids = _read_ids(rule.sites, self.site_ids, self.faults, f"sites of {rule.name}")
        count = _read_count(rule.count, 0, max(len(ids), 1), self.faults, f"count of {rule.name}")
        amounts = np.isin(np.array(self.site_ids, object), ids).astype(float)
        least = isinstance(rule, AtLeast)
        label = f"at {'least' if least else 'most'} {count} open in {rule.name}"
        low, high = (float(count), np.inf) if least else (-np.inf, float(count))
        kind = "at least" if least else "at most"
        self.counts.append(_CountRule(label, amounts, low, high, kind))

    def _budget(self, rule: Budget) -> None:
        limit = _read_number(rule.limit, self.faults, "limit of Budget")
        if self.site_costs is None:
            self.faults.add("rules", "Budget", "site_costs to be given")
            return
        self.counts.append(
            _CountRule(f"a budget of {limit:,.15g}", self.site_costs, -np.inf, limit, "budget")
        )

    def _chosen_services(self, name: str | None) -> list[int]:
        names = [service.name for service in self.services]
        if name is None:
            return list(range(len(names)))
        if name not in names:
            self.faults.add("rules", name, f"the name of a demand: {', '.join(names)}")
            return []
        return [names.index(name)]

    def _areas(self, values: Any, number: int, what: str) -> Ints:
        service = self.services[number]
        if values is None:
            return np.flatnonzero(service.weights > 0)
        ids = _read_ids(values, service.area_ids, self.faults, what)
        return pd.Index(service.area_ids).get_indexer(pd.Index(ids)).astype(np.intp)

    def _within(self, rule: Within) -> None:
        minutes = _read_number(rule.minutes, self.faults, "minutes of Within")
        areas = (
            None
            if rule.areas is None
            else _listed_values(rule.areas, self.faults, "areas of Within")
        )
        for number in self._chosen_services(rule.demand):
            where = self._areas(areas, number, "areas of Within")
            who = "every area" if areas is None else f"{len(where)} named areas"
            label = f"{who} within {limit_words(minutes)}{self._of(number)}"
            base = np.zeros(len(where))
            self.reaches.append(_ReachRule(label, number, where, base, minutes, "within"))

    def _no_worse(self, rule: NoWorse) -> None:
        extra = _read_number(rule.minutes, self.faults, "minutes of NoWorse")
        areas = _listed_values(rule.areas, self.faults, f"areas of NoWorse ({rule.name})")
        for number in self._chosen_services(rule.demand):
            where = self._areas(areas, number, f"areas of NoWorse ({rule.name})")
            today = self._today(rule.today, number)
            if today is None:
                continue
            base = today[where]
            bound = np.isfinite(base)
            label = f"{rule.name} no more than {limit_words(extra)} worse than today"
            self.reaches.append(
                _ReachRule(
                    label + self._of(number), number, where[bound], base[bound], extra, "no worse"
                )
            )

    def _today(self, today: Any, number: int) -> Floats | None:
        service = self.services[number]
        if isinstance(today, Mapping | pd.Series):
            values = pd.Series(dict(today)) if isinstance(today, Mapping) else today
            # Only inf says that an area reaches nothing today; what is no number is a fault.
            far = values.isin([np.inf])
            read = _read_by_id(values.mask(far, 0.0), service.area_ids, self.faults, "today")
            lost = values.index[far].map(str).to_list()
            return np.where(np.isin(np.array(service.area_ids, object), lost), np.inf, read)
        ids = _read_ids(today, self.site_ids, self.faults, "today's sites")
        if not ids:
            return None
        columns = pd.Index(self.site_ids).get_indexer(pd.Index(ids))
        nearest: Floats = service.minutes[:, columns].min(axis=1)
        return nearest

    def _capacity(self, rule: Capacity) -> None:
        if len(self.services) > 1:
            self.faults.add("rules", "Capacity", "a single demand")
            return
        service = self.services[0]
        if rule.capacities is None:
            self.faults.add("capacities", None, "a number, or one for every site")
            return
        split = _read_flag(rule.split, self.faults, "split")
        room = _read_by_id(rule.capacities, self.site_ids, self.faults, "capacities")
        uses = service.weights
        if rule.uses is not None:
            uses = _read_by_id(
                rule.uses, service.area_ids, self.faults, "demands (uses of capacity)"
            )
        self.capacities = _Capacities(room, uses, split)

    def _of(self, number: int) -> str:
        return f" ({self.services[number].name})" if len(self.services) > 1 else ""


def _resolve(problem: Problem, call: str = "site") -> _Resolved:
    """Check a problem and turn it into arrays."""
    faults = _Faults(call)
    if not isinstance(problem, Problem):
        faults.add("problem", repr(problem)[:80], "a Problem")
        faults.stop()
    services, site_ids = _services(problem, faults)
    if not services:
        faults.add("demands", "none usable", "at least one demand with costs")
        faults.stop()
    opened = _read_ids(problem.locked_open, site_ids, faults, "locked_open")
    closed = _read_ids(problem.locked_closed, site_ids, faults, "locked_closed")
    both = [i for i in opened if i in set(closed)]
    if both:
        faults.add("locked_open and locked_closed", ", ".join(both), "each site in one of them")
    must = np.isin(np.array(site_ids, object), opened)
    may = ~np.isin(np.array(site_ids, object), closed)
    fewest, most = _range(problem, must, may, faults)
    site_costs = None
    if problem.site_costs is not None:
        site_costs = _read_by_id(problem.site_costs, site_ids, faults, "site_costs")
    goals = _goals(problem, site_costs, faults)
    _check_sums(services, goals, faults)
    rules = _RuleReader(site_ids, services, site_costs, faults)
    for rule in _listed_values(problem.rules, faults, "rules"):
        rules.add(rule)
    faults.stop()
    return _Resolved(
        problem, site_ids, services, goals, fewest, most, must, may, site_costs,
        tuple(rules.counts), tuple(rules.reaches), rules.serve_all, rules.capacities,
    )  # fmt: skip


def _services(problem: Problem, faults: _Faults) -> tuple[tuple[_Service, ...], tuple[str, ...]]:
    demands = problem.demand_list
    tables: list[tuple[Demand, _CostTable]] = []
    for number, demand in enumerate(demands):
        if not isinstance(demand, Demand):
            faults.add("demands", repr(demand)[:80], "a Demand, or a list of them")
            continue
        if not isinstance(demand.name, str):
            faults.add("demands, name", repr(demand.name)[:80], "a text")
            continue
        name = "costs" if len(demands) == 1 else f"costs of demand {demand.name or number}"
        table = _read_costs(demand.costs, faults, name)
        if table is not None:
            tables.append((demand, table))
    if not tables:
        return (), ()
    names = [demand.name for demand, _ in tables]
    if len(set(names)) < len(names):
        faults.add("demands", ", ".join(names), "a name of its own for each demand")
    site_ids = tables[0][1].site_ids
    shares = [_read_number(d.share, faults, f"share of {d.name}") for d, _ in tables]
    if sum(shares) <= 0:
        faults.add("shares", str(shares), "at least one share above 0")
    services = []
    for (demand, table), share in zip(tables, shares, strict=True):
        minutes = table.minutes
        if table.site_ids != site_ids:
            if set(table.site_ids) != set(site_ids):
                odd = sorted(set(table.site_ids) ^ set(site_ids))
                faults.add(
                    f"costs of demand {demand.name}", ", ".join(odd[:12]), "the same sites in all"
                )
                continue
            where = pd.Index(table.site_ids).get_indexer(pd.Index(site_ids))
            minutes = np.ascontiguousarray(minutes[:, where])
        weights = _read_by_id(demand.weights, table.area_ids, faults, f"weights ({demand.name})")
        total = max(sum(shares), 1e-300)
        services.append(_Service(demand.name, table.area_ids, minutes, weights, share / total))
    return tuple(services), site_ids


def _check_sums(services: tuple[_Service, ...], goals: tuple[Goal, ...], faults: _Faults) -> None:
    """Refuse minutes too many to be added up, where a goal adds them up."""
    kinds = {kind for goal in goals if isinstance(goal, Goal) for kind in goal.kinds}
    for service in services:
        greatest = float(service.minutes.max())
        if np.isinf(greatest):
            reached = np.isfinite(service.minutes)
            greatest = float(service.minutes.max(initial=0.0, where=reached))
        if kinds & {"total", "mean"} and greatest > MOST_ADDED:
            faults.add(
                f"costs ({service.name})", greatest,
                f"minutes of at most {MOST_ADDED:g}, or inf where a site cannot be reached",
            )  # fmt: skip
        with np.errstate(over="ignore"):
            demand = float(service.weights.sum())
        if demand > MOST_ADDED:
            faults.add(f"weights ({service.name})", demand, f"a sum of at most {MOST_ADDED:g}")


def _range(problem: Problem, must: Bools, may: Bools, faults: _Faults) -> tuple[int, int]:
    least, most = max(int(must.sum()), 1), max(int(may.sum()), 1)
    why = ""
    if must.any() or not may.all():
        why = f" ({int(must.sum())} sites locked open, {int((~may).sum())} locked closed)"
    if problem.p is not None:
        if problem.fewest is not None or problem.most is not None:
            faults.add("p, fewest, most", "all given", "p alone, or fewest and most")
        p = _read_count(problem.p, least, most, faults, f"p{why}")
        return p, p
    low = least if problem.fewest is None else _read_count(
        problem.fewest, 0, most, faults, f"fewest{why}"
    )  # fmt: skip
    high = most if problem.most is None else _read_count(
        problem.most, least, most, faults, f"most{why}"
    )  # fmt: skip
    low = max(low, least)
    if low > high:
        faults.add("fewest, most", f"{low}, {high}", "fewest no greater than most")
    return low, high


def _goals(problem: Problem, site_costs: Any, faults: _Faults) -> tuple[Goal, ...]:
    goals = problem.goal_list
    if not goals:
        faults.add("goals", "none", "at least one Goal")
    for number, goal in enumerate(goals):
        if not isinstance(goal, Goal) or not goal.parts:
            faults.add("goals", repr(goal), "Goal.mean(), Goal.worst(), Goal.blend(...), ...")
            continue
        for kind, minutes, factor in goal.parts:
            if kind not in KINDS:
                faults.add("goals", kind, f"one of {', '.join(KINDS)}")
            if kind in ("beyond", "left_out"):
                _read_number(minutes, faults, "minutes of Goal.beyond")
            if kind == "cost" and site_costs is None:
                faults.add("goals", "cost", "site_costs to be given")
            _read_number(factor, faults, f"factor of {goal.words}")
        _read_number(goal.within, faults, f"within of {goal.words}")
        if "worst" in goal.kinds and len(goal.kinds) > 1 and number < len(goals) - 1:
            faults.add("goals", goal.words, "a blend with worst minutes to be the last goal")
    return goals


def _goal_value(resolved: _Resolved, goal: Goal, columns: Sequence[int]) -> float:
    """Work out a goal from the cost tables for a set of open columns.

    Families that no open site can reach count in the measures beyond a threshold, and are left
    out of sums, means and the worst (which are over the families that are served).
    """
    nearest = [service.minutes[:, columns].min(axis=1)[:, None] for service in resolved.services]
    return float(_goal_values(resolved, goal, nearest, [list(columns)])[0])


def _goal_values(
    resolved: _Resolved, goal: Goal, nearest: list[Floats], sets: list[list[int]]
) -> Floats:
    """Work out a goal for several sets at once, from each service's (areas, sets) minutes."""
    value = np.zeros(len(sets))
    for kind, minutes, factor in goal.parts:
        if kind == "sites":
            value += factor * np.array([len(s) for s in sets])
        elif kind == "cost" and resolved.site_costs is not None:
            value += factor * np.array([resolved.site_costs[s].sum() for s in sets])
        elif kind == "worst":
            parts = [_worst(s, t) for s, t in zip(resolved.services, nearest, strict=True)]
            value += factor * np.max(parts, axis=0)
        elif kind != "cost":
            for service, table in zip(resolved.services, nearest, strict=True):
                alone = len(resolved.services) == 1
                value += factor * _of(service, kind, minutes, table, alone)
    return value


def _worst(service: _Service, nearest: Floats) -> Floats:
    if service.share <= 0:
        return np.zeros(nearest.shape[1])
    counted = nearest[service.weights > 0]
    worst: Floats = np.where(np.isfinite(counted), counted, 0.0).max(axis=0, initial=0.0)
    return worst


def _of(
    service: _Service, kind: str, minutes: float | None, nearest: Floats, alone: bool
) -> Floats:
    weights = service.weights
    share = 1.0 if alone else service.share
    everyone = max(float(weights.sum()), 1e-300)
    if minutes is not None:
        far = weighted_sums(~_within(nearest, minutes).T, weights)
        return share * far if kind == "left_out" else share * far / everyone
    served = np.isfinite(nearest)
    total = weighted_sums(np.where(served, nearest, 0.0).T, weights)
    if kind == "total":
        return share * total
    return share * total / np.maximum(weighted_sums(served.T, weights), 1e-300)
