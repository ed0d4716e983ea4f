"""From a `Problem` to checked arrays: ids become positions, rules become rows with a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.siting.inputs import (
    CostTable,
    Faults,
    read_by_id,
    read_costs,
    read_count,
    read_ids,
    read_number,
)
from access.siting.model import Bools, Floats, Ints
from access.siting.problem import KINDS, Demand, Goal, Problem
from access.siting.rules import AtLeast, AtMost, Budget, Capacity, NoWorse, ServeAll, Within


@dataclass(frozen=True, eq=False)
class Service:
    """One demand, checked.

    Parameters
    ----------
    name : str
    area_ids : tuple of str
    minutes : ndarray, shape (areas, sites)
    weights : ndarray, shape (areas,)
    share : float
        Shares of all services add up to 1.
    """

    name: str
    area_ids: tuple[str, ...]
    minutes: Floats
    weights: Floats
    share: float


@dataclass(frozen=True, eq=False)
class CountRule:
    """Between `low` and `high` of some sites are open, in all or counted at a cost each."""

    label: str
    amounts: Floats
    low: float
    high: float
    kind: str


@dataclass(frozen=True, eq=False)
class ReachRule:
    """Areas of one service must have an open site within their own cap of minutes."""

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
class Capacities:
    """What sites can take and areas take up."""

    room: Floats
    uses: Floats
    split: bool


@dataclass(frozen=True, eq=False)
class Resolved:
    """A problem as checked arrays."""

    problem: Problem
    site_ids: tuple[str, ...]
    services: tuple[Service, ...]
    goals: tuple[Goal, ...]
    fewest: int
    most: int
    must: Bools
    may: Bools
    site_costs: Floats | None
    counts: tuple[CountRule, ...]
    reaches: tuple[ReachRule, ...]
    serve_all: bool
    capacities: Capacities | None


def resolve(problem: Problem, call: str = "site") -> Resolved:
    """Check a problem and turn it into arrays.

    Parameters
    ----------
    problem : Problem
    call : str
        What to call it in messages.

    Returns
    -------
    Resolved

    Raises
    ------
    ParameterError
        Naming every fault found.

    Examples
    --------
    >>> resolve(Problem(Demand([[1, 2]]), p=1)).site_ids
    ('0', '1')
    """
    faults = Faults(call)
    services, site_ids = _services(problem, faults)
    if not services:
        faults.add("demands", "none usable", "at least one demand with costs")
        faults.stop()
    opened = read_ids(problem.locked_open, site_ids, faults, "locked_open")
    closed = read_ids(problem.locked_closed, site_ids, faults, "locked_closed")
    both = [i for i in opened if i in set(closed)]
    if both:
        faults.add("locked_open and locked_closed", ", ".join(both), "each site in one of them")
    must = np.isin(np.array(site_ids, object), opened)
    may = ~np.isin(np.array(site_ids, object), closed)
    fewest, most = _range(problem, must, may, faults)
    site_costs = None
    if problem.site_costs is not None:
        site_costs = read_by_id(problem.site_costs, site_ids, faults, "site_costs")
    goals = _goals(problem, site_costs, faults)
    rules = _Rules(site_ids, services, site_costs, faults)
    for rule in problem.rules:
        rules.add(rule)
    faults.stop()
    return Resolved(
        problem, site_ids, services, goals, fewest, most, must, may, site_costs,
        tuple(rules.counts), tuple(rules.reaches), rules.serve_all, rules.capacities,
    )  # fmt: skip


def _services(problem: Problem, faults: Faults) -> tuple[tuple[Service, ...], tuple[str, ...]]:
    demands = problem.demand_list
    tables: list[tuple[Demand, CostTable]] = []
    for number, demand in enumerate(demands):
        name = "costs" if len(demands) == 1 else f"costs of demand {demand.name or number}"
        table = read_costs(demand.costs, faults, name)
        if table is not None:
            tables.append((demand, table))
    if not tables:
        return (), ()
    names = [demand.name for demand, _ in tables]
    if len(set(names)) < len(names):
        faults.add("demands", ", ".join(names), "a name of its own for each demand")
    site_ids = tables[0][1].site_ids
    shares = [read_number(d.share, faults, f"share of {d.name}") for d, _ in tables]
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
        weights = read_by_id(demand.weights, table.area_ids, faults, f"weights ({demand.name})")
        total = max(sum(shares), 1e-300)
        services.append(Service(demand.name, table.area_ids, minutes, weights, share / total))
    return tuple(services), site_ids


def _range(problem: Problem, must: Bools, may: Bools, faults: Faults) -> tuple[int, int]:
    least, most = max(int(must.sum()), 1), max(int(may.sum()), 1)
    why = ""
    if must.any() or not may.all():
        why = f" ({int(must.sum())} sites locked open, {int((~may).sum())} locked closed)"
    if problem.p is not None:
        if problem.fewest is not None or problem.most is not None:
            faults.add("p, fewest, most", "all given", "p alone, or fewest and most")
        p = read_count(problem.p, least, most, faults, f"p{why}")
        return p, p
    low = least if problem.fewest is None else read_count(
        problem.fewest, 0, most, faults, f"fewest{why}"
    )  # fmt: skip
    high = most if problem.most is None else read_count(
        problem.most, least, most, faults, f"most{why}"
    )  # fmt: skip
    low = max(low, least)
    if low > high:
        faults.add("fewest, most", f"{low}, {high}", "fewest no greater than most")
    return low, high


def _goals(problem: Problem, site_costs: Any, faults: Faults) -> tuple[Goal, ...]:
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
                read_number(minutes, faults, "minutes of Goal.beyond")
            if kind == "cost" and site_costs is None:
                faults.add("goals", "cost", "site_costs to be given")
            read_number(factor, faults, f"factor of {goal.words}")
        read_number(goal.within, faults, f"within of {goal.words}")
        if "worst" in goal.kinds and len(goal.kinds) > 1 and number < len(goals) - 1:
            faults.add("goals", goal.words, "a blend with worst minutes to be the last goal")
    return goals


class _Rules:
    """Collects the rules of a problem as rows."""

    def __init__(
        self,
        site_ids: tuple[str, ...],
        services: tuple[Service, ...],
        site_costs: Floats | None,
        faults: Faults,
    ) -> None:
        self.site_ids, self.services, self.site_costs = site_ids, services, site_costs
        self.faults = faults
        self.counts: list[CountRule] = []
        self.reaches: list[ReachRule] = []
        self.serve_all = False
        self.capacities: Capacities | None = None

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
        ids = read_ids(rule.sites, self.site_ids, self.faults, f"sites of {rule.name}")
        count = read_count(rule.count, 0, max(len(ids), 1), self.faults, f"count of {rule.name}")
        amounts = np.isin(np.array(self.site_ids, object), ids).astype(float)
        least = isinstance(rule, AtLeast)
        label = f"at {'least' if least else 'most'} {count} open in {rule.name}"
        low, high = (float(count), np.inf) if least else (-np.inf, float(count))
        kind = "at least" if least else "at most"
        self.counts.append(CountRule(label, amounts, low, high, kind))

    def _budget(self, rule: Budget) -> None:
        limit = read_number(rule.limit, self.faults, "limit of Budget")
        if self.site_costs is None:
            self.faults.add("rules", "Budget", "site_costs to be given")
            return
        self.counts.append(
            CountRule(f"a budget of {limit:,.15g}", self.site_costs, -np.inf, limit, "budget")
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
        ids = read_ids(values, service.area_ids, self.faults, what)
        return pd.Index(service.area_ids).get_indexer(pd.Index(ids)).astype(np.intp)

    def _within(self, rule: Within) -> None:
        minutes = read_number(rule.minutes, self.faults, "minutes of Within")
        areas = None if rule.areas is None else list(rule.areas)
        for number in self._chosen_services(rule.demand):
            where = self._areas(areas, number, "areas of Within")
            who = "every area" if areas is None else f"{len(where)} named areas"
            label = f"{who} within {minutes:g} minutes{self._of(number)}"
            base = np.zeros(len(where))
            self.reaches.append(ReachRule(label, number, where, base, minutes, "within"))

    def _no_worse(self, rule: NoWorse) -> None:
        extra = read_number(rule.minutes, self.faults, "minutes of NoWorse")
        areas = list(rule.areas)
        for number in self._chosen_services(rule.demand):
            where = self._areas(areas, number, f"areas of NoWorse ({rule.name})")
            today = self._today(rule.today, number)
            if today is None:
                continue
            base = today[where]
            bound = np.isfinite(base)
            label = f"{rule.name} no more than {extra:g} minutes worse than today"
            self.reaches.append(
                ReachRule(
                    label + self._of(number), number, where[bound], base[bound], extra, "no worse"
                )
            )

    def _today(self, today: Any, number: int) -> Floats | None:
        service = self.services[number]
        if isinstance(today, Mapping | pd.Series):
            values = pd.Series(dict(today)) if isinstance(today, Mapping) else today
            finite = values.replace([np.inf], np.nan)
            read = read_by_id(finite.fillna(0.0), service.area_ids, self.faults, "today")
            far = values.index[~np.isfinite(values.to_numpy(float))]
            return np.where(np.isin(np.array(service.area_ids, object), far), np.inf, read)
        ids = read_ids(today, self.site_ids, self.faults, "today's sites")
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
        room = read_by_id(rule.capacities, self.site_ids, self.faults, "capacities")
        uses = service.weights
        if rule.uses is not None:
            uses = read_by_id(rule.uses, service.area_ids, self.faults, "uses of capacity")
        self.capacities = Capacities(room, uses, bool(rule.split))

    def _of(self, number: int) -> str:
        return f" ({self.services[number].name})" if len(self.services) > 1 else ""
