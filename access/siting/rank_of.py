"""Where a set of sites stands among all sets of as many: every one of them listed and measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from access.measure.distribution import weighted_sums
from access.siting.constraints import count_rows, demand_rows, join_rows, reach_rows
from access.siting.inputs import Faults, read_ids
from access.siting.model import Bools, Floats, Ints, SideRows
from access.siting.problem import Goal, Problem
from access.siting.resolve import Resolved, goal_value, resolve
from access.siting.solve import site

_MOST_SETS = 5_000_000
_CELLS_AT_ONCE = 500_000


@dataclass(frozen=True, eq=False)
class SetRank:
    """Where a given set of sites stands among all sets of as many.

    Parameters
    ----------
    mean_minutes, worst_minutes : float
        Of the families that it serves; a set that leaves some out ranks after all that do not.
    by_demand : dict of str to float
        Mean minutes of each demand.
    best_mean_minutes, best_worst_minutes : float
        The least that any as many sites reach.
    sets : int
        How many sets of as many sites keep the rules.
    rank_mean, rank_worst : int or None
        1 is best; sets that are equal share the better rank. None where there are too many to
        list.
    within_rules : bool
        Whether the set itself keeps the rules.
    """

    chosen: tuple[str, ...]
    mean_minutes: float
    worst_minutes: float
    by_demand: Mapping[str, float]
    best_mean_minutes: float
    best_worst_minutes: float
    sets: int
    rank_mean: int | None
    rank_worst: int | None
    within_rules: bool

    @property
    def mean_excess_minutes(self) -> float:
        """Minutes by which its mean is longer than the best."""
        return self.mean_minutes - self.best_mean_minutes

    @property
    def worst_excess_minutes(self) -> float:
        """Minutes by which its worst-off area is further than it need be."""
        return self.worst_minutes - self.best_worst_minutes


def rank_of_set(problem: Problem, chosen: Sequence[str]) -> SetRank:
    """Rank a set of sites among all sets of as many that keep a problem's rules.

    Every set is listed and measured, so the rank is exact and owes nothing to the optimiser.
    """
    faults = Faults("standing")
    everything = replace(problem, p=None, fewest=None, most=None, goals=Goal.mean())
    resolved = resolve(everything)
    ids = read_ids(chosen, resolved.site_ids, faults, "chosen")
    if not ids:
        faults.add("chosen", "none", "at least one site")
    faults.stop()
    columns = [resolved.site_ids.index(i) for i in ids]
    mean = goal_value(resolved, Goal.mean(), columns)
    worst = goal_value(resolved, Goal.worst(), columns)
    by_demand = {
        s.name: goal_value(
            replace(resolved, services=(replace(s, share=1.0),)), Goal.mean(), columns
        )
        for s in resolved.services
    }
    k = len(columns)
    if math.comb(len(resolved.site_ids), k) > _MOST_SETS:
        asked = replace(problem, p=k)
        least = site(replace(asked, goals=Goal.mean())).objective
        least_worst = site(replace(asked, goals=Goal.worst())).objective
        return SetRank(ids, mean, worst, by_demand, least, least_worst, 0, None, None, True)
    means, worsts, keeps = _every_set(resolved, k)
    own = [values[0] for values in _measured(resolved, [np.array([columns])])]
    means, worsts = means[keeps], worsts[keeps]
    return SetRank(
        ids, mean, worst, by_demand,
        float(means.min(initial=np.inf)), float(worsts.min(initial=np.inf)), int(keeps.sum()),
        _rank(means, own[0]), _rank(worsts, own[1]), bool(own[2]),
    )  # fmt: skip


def _rank(values: Floats, own: float) -> int:
    slack = 1e-9 * max(1.0, own) if np.isfinite(own) else 0.0
    return 1 + int((values < own - slack).sum())


def _every_set(resolved: Resolved, k: int) -> tuple[Floats, Floats, Bools]:
    """Measure every set of k sites."""
    rows = sum(len(service.area_ids) for service in resolved.services)
    step = max(1, _CELLS_AT_ONCE // max(1, rows))
    return _measured(resolved, _blocks(len(resolved.site_ids), k, step))


def _measured(resolved: Resolved, blocks: Iterable[Ints]) -> tuple[Floats, Floats, Bools]:
    """Give the mean, the worst, and whether it keeps the rules, for each of many sets.

    A set that leaves families out is no better for it: its mean and worst are ``inf``.
    """
    stacked = demand_rows(resolved)
    counted = stacked.active
    by_site = np.ascontiguousarray(stacked.minutes[counted].T)
    weights = stacked.mean[counted]
    rows = join_rows(count_rows(resolved), reach_rows(resolved))
    means, worsts, keeps = [], [], []
    for sets in blocks:
        nearest = by_site[sets[:, 0]]
        for slot in range(1, sets.shape[1]):
            np.minimum(nearest, by_site[sets[:, slot]], out=nearest)
        means.append(weighted_sums(nearest, weights))
        worsts.append(nearest.max(axis=1, initial=0.0))
        keeps.append(_keeps(resolved, rows, sets))
    return np.concatenate(means), np.concatenate(worsts), np.concatenate(keeps)


def _blocks(m: int, k: int, step: int) -> Iterator[Ints]:
    """List all choices of k of m positions, so many at a time."""
    every = itertools.combinations(range(m), k)
    while block := list(itertools.islice(every, step)):  # ends: the choices are finite
        yield np.array(block, dtype=np.intp)


def _keeps(resolved: Resolved, rows: SideRows, sets: Ints) -> Bools:
    """Tell which sets keep the locks and rules."""
    inside = np.zeros((len(sets), len(resolved.site_ids)), bool)
    inside[np.arange(len(sets))[:, None], sets] = True
    good = inside[:, resolved.must].all(axis=1) & ~inside[:, ~resolved.may].any(axis=1)
    if len(rows):
        total = inside.astype(float) @ rows.matrix.T
        slack = 1e-9 * np.maximum(1.0, np.abs(total))
        good &= ((total >= rows.low - slack) & (total <= rows.high + slack)).all(axis=1)
    return np.asarray(good)
