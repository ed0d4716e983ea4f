"""From the rules of a `Problem` to rows with a name: ids become positions, words become labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from access.siting.inputs import (
    Faults,
    listed,
    read_by_id,
    read_count,
    read_flag,
    read_ids,
    read_number,
)
from access.siting.model import Floats, Ints
from access.siting.resolved import Capacities, CountRule, ReachRule, Service
from access.siting.rules import AtLeast, AtMost, Budget, Capacity, NoWorse, ServeAll, Within


class RuleReader:
    """Collects the rules of a problem as rows.

    Parameters
    ----------
    site_ids : tuple of str
    services : tuple of Service
    site_costs : ndarray, shape (sites,), or None
    faults : Faults
        Where anything wrong is noted; nothing is raised here.

    Examples
    --------
    >>> import numpy as np
    >>> from access.siting.inputs import Faults
    >>> from access.siting.rules import AtMost
    >>> one = Service("all", ("a",), np.array([[1.0, 2.0]]), np.ones(1), 1.0)
    >>> read = RuleReader(("x", "y"), (one,), None, Faults("site"))
    >>> read.add(AtMost(["x", "y"], 1, "the square"))
    >>> [rule.label for rule in read.counts]
    ['at most 1 open in the square']
    """

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
        areas = None if rule.areas is None else listed(rule.areas, self.faults, "areas of Within")
        for number in self._chosen_services(rule.demand):
            where = self._areas(areas, number, "areas of Within")
            who = "every area" if areas is None else f"{len(where)} named areas"
            label = f"{who} within {minutes:g} minutes{self._of(number)}"
            base = np.zeros(len(where))
            self.reaches.append(ReachRule(label, number, where, base, minutes, "within"))

    def _no_worse(self, rule: NoWorse) -> None:
        extra = read_number(rule.minutes, self.faults, "minutes of NoWorse")
        areas = listed(rule.areas, self.faults, f"areas of NoWorse ({rule.name})")
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
            # Only inf says that an area reaches nothing today; what is no number is a fault.
            far = values.isin([np.inf])
            read = read_by_id(values.mask(far, 0.0), service.area_ids, self.faults, "today")
            lost = values.index[far].map(str).to_list()
            return np.where(np.isin(np.array(service.area_ids, object), lost), np.inf, read)
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
        if rule.capacities is None:
            self.faults.add("capacities", None, "a number, or one for every site")
            return
        split = read_flag(rule.split, self.faults, "split")
        room = read_by_id(rule.capacities, self.site_ids, self.faults, "capacities")
        uses = service.weights
        if rule.uses is not None:
            uses = read_by_id(
                rule.uses, service.area_ids, self.faults, "demands (uses of capacity)"
            )
        self.capacities = Capacities(room, uses, split)

    def _of(self, number: int) -> str:
        return f" ({self.services[number].name})" if len(self.services) > 1 else ""
