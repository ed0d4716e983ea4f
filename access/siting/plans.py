"""Plans of hubs side by side: every set measured, near-best sets, firm sites, and chance.

Values in, values out: minutes, people and rules come from the caller; nothing is read here.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.measure.distribution import weighted_mean, weighted_sums
from access.siting.alternatives import alternatives
from access.siting.constraints import _count_rows
from access.siting.model import Bools, Floats, Ints
from access.siting.problem import Capacity, Demand, Goal, Problem, Rule
from access.siting.resolve import resolve
from access.siting.solve import site

#: Sets of sites that are all listed; of more, the best are searched for with a proof.
_MOST_LISTED = 250_000
_MOST_CELLS = 400_000_000
_CLOSE = 1e-9
#: A site in so many of the near-best sets is a firm choice.
_FIRM_SHARE = 0.9
FIRM_FROM = 3
_SEARCHED = 20


@dataclass(frozen=True, eq=False)
class Offer:
    """Something given at a hub: who it is for, and where it is given besides.

    Parameters
    ----------
    key, title, ages : str
    share : float
        What a minute counts beside the other offers'; all shares together are 1.
    people : ndarray, shape (areas,)
    today, kept : ndarray, shape (areas,), optional
        Minutes to the nearest centre that gives it today, and of those that stay.
    """

    key: str
    title: str
    ages: str
    share: float
    people: Floats
    today: Floats | None = None
    kept: Floats | None = None

    @property
    def weights(self) -> Floats:
        """What a minute in each area adds to the joint figure."""
        total = float(self.people.sum())
        return self.share * self.people / total if total else np.zeros(len(self.people))


@dataclass(frozen=True, eq=False)
class HubField:
    """Where hubs could stand, and what a minute to each site counts for.

    Parameters
    ----------
    site_ids : tuple of str
    minutes : ndarray, shape (areas, sites)
        ``inf`` where a site cannot be reached.
    offers : tuple of Offer
    deprived : ndarray of bool, shape (areas,), optional
        Areas of the most deprived fifth.
    places : tuple
        What stands at one spot has one mark; the site's own id when not given.
    """

    site_ids: tuple[str, ...]
    minutes: Floats
    offers: tuple[Offer, ...]
    deprived: Bools | None = None
    places: tuple[Any, ...] = ()

    @cached_property
    def weights(self) -> Floats:
        """What a minute in each area adds to the joint mean, all offers by their shares."""
        total: Floats = np.sum([offer.weights for offer in self.offers], axis=0)
        return total

    @cached_property
    def deprived_weights(self) -> Floats | None:
        """The same for the most deprived fifth's own mean; None where nobody is in it."""
        return None if self.deprived is None else own_weights(self.offers, self.deprived)

    @cached_property
    def stand_in(self) -> Floats:
        """Minutes with the greatest finite ones where a site is out of reach: to choose by only."""
        reached = np.isfinite(self.minutes)
        top = float(self.minutes[reached].max()) if reached.any() else 0.0
        return np.where(reached, self.minutes, top)

    @property
    def criteria(self) -> dict[str, Floats | None]:
        """Weights of everything that sets are chosen by; None for the worst-off area."""
        found: dict[str, Floats | None] = {"mean": self.weights}
        if self.deprived_weights is not None:
            found["deprived"] = self.deprived_weights
        return {**found, "worst": None}

    def columns(self, chosen: Sequence[str]) -> list[int]:
        """Find sites' columns."""
        where = {name: k for k, name in enumerate(self.site_ids)}
        if unknown := [i for i in chosen if i not in where]:
            raise ParameterError(f"{unknown} are no sites to choose from")
        return [where[i] for i in chosen]

    def values(self, chosen: Sequence[str]) -> dict[str, float]:
        """Measure one set by every criterion, as all sets are measured."""
        near = self.stand_in[:, self.columns(chosen)].min(axis=1)
        return {
            name: float(near[self.weights > 0].max(initial=0.0))
            if weights is None
            else float(weighted_sums(near[None, :], weights)[0])
            for name, weights in self.criteria.items()
        }

    def listing(self, size: int) -> _Listing | None:
        """List every set of so many sites; None where they are too many."""
        if size not in self._listings:
            self._listings[size] = self._list(size)
        return self._listings[size]

    @cached_property
    def _listings(self) -> dict[int, _Listing | None]:
        return {}

    def _list(self, size: int) -> _Listing | None:
        sets = math.comb(len(self.site_ids), size)
        if not 0 < sets <= _MOST_LISTED or sets * len(self.minutes) > _MOST_CELLS:
            return None
        used = self.weights > 0
        columns = [w for w in self.criteria.values() if w is not None]
        weights = np.stack(columns, axis=1)[used]
        return _list_sets(self.stand_in[used], weights, size, tuple(self.criteria))


def own_weights(offers: Sequence[Offer], inside: Bools) -> Floats | None:
    """Give what a minute adds to the mean of the people of some areas alone."""
    parts = [
        (offer.share, offer.people * inside)
        for offer in offers
        if float((offer.people * inside).sum()) > 0
    ]
    whole = sum(share for share, _ in parts)
    if not whole:
        return None
    total: Floats = np.sum([s / whole * people / people.sum() for s, people in parts], axis=0)
    return total


@dataclass(frozen=True, eq=False)
class _Listing:
    """Every set of so many sites, measured.

    Parameters
    ----------
    sets : ndarray of int, shape (sets, size)
        Columns, rising.
    by : dict of str to ndarray, shape (sets,)
        Its figure by each criterion.
    """

    sets: Ints
    by: Mapping[str, Floats]

    def kept(self, rows: _RuleRows) -> Bools:
        """Tell which sets keep rules."""
        good = rows.may[self.sets].all(axis=1)
        if rows.must.any():
            good &= rows.must[self.sets].sum(axis=1) == int(rows.must.sum())
        for amounts, low, high in zip(rows.amounts, rows.low, rows.high, strict=True):
            total = amounts[self.sets].sum(axis=1)
            slack = _CLOSE * np.maximum(1.0, np.abs(total))
            good &= (total >= low - slack) & (total <= high + slack)
        return np.asarray(good)

    def front(self, kept: Bools) -> Ints:
        """Find the sets that no other beats on both the mean and the worst-off area."""
        mean, worst = self.by["mean"], self.by["worst"]
        order = np.flatnonzero(kept)
        order = order[np.lexsort((order, _round(worst[order]), _round(mean[order])))]
        least = np.minimum.accumulate(np.concatenate([[np.inf], worst[order][:-1]]))
        return order[worst[order] < least - _CLOSE * np.maximum(1.0, worst[order])]


def _round(values: Floats) -> Floats:
    """Take figures that differ by their last digits alone as alike."""
    return np.round(values, 7)


def _list_sets(minutes: Floats, weights: Floats, size: int, names: Sequence[str]) -> _Listing:
    """Measure every set of so many sites by weighted sums and by the worst-off area.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        Finite.
    weights : ndarray, shape (areas, sums)
    size : int
    names : sequence of str
        Of the sums, in order; ``"worst"`` last.
    """
    by_site = np.ascontiguousarray(minutes.T)
    many = len(by_site)
    sums, worst, sets = [], [], []
    for head in itertools.combinations(range(many), size - 1):
        rest = np.arange(head[-1] + 1 if head else 0, many)
        if not len(rest):
            continue
        near = by_site[rest]
        if head:
            near = np.minimum(near, by_site[list(head)].min(axis=0))
        sums.append(near @ weights)
        worst.append(near.max(axis=1, initial=0.0))
        block = np.empty((len(rest), size), np.intp)
        block[:, :-1] = head
        block[:, -1] = rest
        sets.append(block)
    total = np.concatenate(sums)
    values = {name: total[:, k] for k, name in enumerate(n for n in names if n != "worst")}
    return _Listing(np.concatenate(sets), values | {"worst": np.concatenate(worst)})


@dataclass(frozen=True, eq=False)
class _RuleRows:
    """Rules on which sites are open together, as sums with limits."""

    amounts: Floats
    low: Floats
    high: Floats
    must: Bools
    may: Bools


@dataclass(frozen=True, eq=False)
class PlanRules:
    """What a plan must keep.

    Parameters
    ----------
    rules : tuple of Rule
    must, never : tuple of str
    among : tuple of str, optional
        Only these sites.
    costs : mapping of str to float, optional
    """

    rules: tuple[Rule, ...] = ()
    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    among: tuple[str, ...] | None = None
    costs: Mapping[str, float] | None = None

    def closed(self, sites: Sequence[str]) -> tuple[str, ...]:
        """Give the sites that may not be chosen."""
        inside = set(sites if self.among is None else self.among) - set(self.never)
        return tuple(i for i in sites if i not in inside)

    def problem(self, asked: HubField, size: int, weights: Floats, goals: Any) -> Problem:
        """Put the question as a siting problem."""
        rows = weights > 0
        demand = Demand(_frame(asked.minutes[rows], asked.site_ids), weights[rows])
        return Problem(
            demand, p=size, goals=goals, locked_open=self.must,
            locked_closed=self.closed(asked.site_ids), site_costs=self.costs, rules=self.rules,
        )  # fmt: skip

    def rows(self, asked: HubField) -> _RuleRows:
        """Give the rules as sums over the sites that are open."""
        problem = Problem(
            Demand(_frame(asked.minutes[:1], asked.site_ids)), locked_open=self.must,
            locked_closed=self.closed(asked.site_ids), site_costs=self.costs, rules=self.rules,
        )  # fmt: skip
        found = resolve(problem)
        held = _count_rows(found)
        return _RuleRows(held.matrix, held.low, held.high, found.must, found.may)


def _frame(minutes: Floats, site_ids: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(minutes, columns=list(site_ids))


@dataclass(frozen=True, eq=False)
class Choice:
    """The best set of sites under rules, and its near-best rivals.

    Parameters
    ----------
    chosen : tuple of str
        Empty where no set keeps the rules.
    value : float
        By what it was chosen.
    status : str
        As of `access.siting.Solution`.
    gap : float
        How far from the best it may be, as a share of its value.
    sets : int or None
        How many sets keep the rules; None where they were not listed.
    near : tuple of tuple of str
        Near-best sets, itself first, as far as they are kept.
    near_count : int
        How many there are.
    near_complete : bool
        Whether that is all of them.
    firm : tuple of str
        Sites in nine of ten near-best sets; empty with fewer than three of them.
    """

    chosen: tuple[str, ...]
    value: float
    status: str
    gap: float
    sets: int | None
    near: tuple[tuple[str, ...], ...] = ()
    near_count: int = 0
    near_complete: bool = True
    firm: tuple[str, ...] = ()


_NONE = Choice((), math.nan, "infeasible", 0.0, 0)


def choose(
    asked: HubField,
    size: int,
    by: str = "mean",
    rules: PlanRules = PlanRules(),
    *,
    within: float = 0.02,
    **search: Any,
) -> Choice:
    """Choose the best so many sites by a criterion, with a proof.

    Parameters
    ----------
    asked : HubField
    size : int
    by : str
        ``"mean"`` (joint), ``"deprived"`` (the most deprived fifth's own mean), ``"worst"``, or
        ``"compromise"``: the set whose greatest shortfall on these, as a share of the best on
        each, is least.
    rules : PlanRules
    within : float
        Near-best sets are those within this share of the best.
    **search
        ``time_limit_s`` and ``progress``, as for `access.siting.site`.

    Notes
    -----
    Where the sets can be listed every one is measured: the answer is exact and owes nothing to
    the optimiser. Elsewhere it is searched for and proven by `access.siting.alternatives`.
    """
    listing = asked.listing(size)
    if listing is None:
        return _searched(asked, size, by, rules, within, search)
    kept = np.flatnonzero(listing.kept(rules.rows(asked)))
    if not len(kept):
        return _NONE
    values = {name: found[kept] for name, found in listing.by.items()}
    own = _shortfall(values) if by == "compromise" else values[by]
    order = np.lexsort((kept, _round(values["mean"]), _round(own)))
    least = float(own[order[0]])
    bound = within if by == "compromise" else least * within
    near = order[own[order] <= least + bound + _CLOSE]
    sets = listing.sets[kept]
    firm = _firm(asked, sets[near])
    chosen = _ids(asked, sets[order[0]])
    value = least if by == "compromise" else asked.values(chosen)[by]
    return Choice(
        chosen, round(value, 6) if by == "compromise" else value, "proven_optimal", 0.0, len(kept),
        tuple(_ids(asked, sets[k]) for k in near[:_SEARCHED]), len(near), True, firm,
    )  # fmt: skip


def _shortfall(values: Mapping[str, Floats]) -> Floats:
    """Give each set's greatest distance from the best on any criterion, as a share of that."""
    parts = [v / max(float(v.min()), 1e-12) - 1 for v in values.values()]
    worst: Floats = np.max(parts, axis=0)
    return worst


def _ids(asked: HubField, columns: Ints) -> tuple[str, ...]:
    return tuple(asked.site_ids[int(c)] for c in columns)


def _firm(asked: HubField, sets: Ints) -> tuple[str, ...]:
    """Name the sites of the best set whose spot nine of ten near-best sets use."""
    if len(sets) < FIRM_FROM:
        return ()
    places = asked.places or asked.site_ids
    count: Counter[Any] = Counter()
    spots = np.array([list(places).index(p) for p in places])[sets]
    for row in spots:
        count.update(set(row.tolist()))
    return tuple(
        asked.site_ids[int(c)]
        for c, spot in zip(sets[0], spots[0], strict=True)
        if count[int(spot)] >= _FIRM_SHARE * len(sets) - _CLOSE
    )


def _searched(
    asked: HubField, size: int, by: str, rules: PlanRules, within: float, search: dict[str, Any]
) -> Choice:
    """Search for the best set where there are too many to list."""
    if by == "compromise":
        return _NONE
    weights = asked.criteria[by]
    if weights is None:
        goals = (Goal.worst(), Goal.mean())
        found = site(rules.problem(asked, size, asked.weights, goals), **search)
        if found.status == "infeasible":
            return _NONE
        value = found.goals[0].value if found.goals else math.nan
        return Choice(found.chosen, value, found.status, found.gap, None, (found.chosen,), 1, False)
    problem = rules.problem(asked, size, weights, Goal.mean())
    try:
        listed = alternatives(problem, _SEARCHED, within=within, **search)
    except ParameterError:
        if site(problem).status != "infeasible":
            raise
        return _NONE
    near = tuple(listed.table["chosen"])
    best = listed.best
    sets = np.array([asked.columns(ids) for ids in near], np.intp).reshape(len(near), size)
    whole = listed.complete and len(near) < _SEARCHED
    return Choice(
        best.chosen, best.objective, best.status, best.gap, None, near, len(near), whole,
        _firm(asked, sets),
    )  # fmt: skip


def with_room(
    asked: HubField, size: int, room: Mapping[str, float], rules: PlanRules, **search: Any
) -> Choice:
    """Choose hubs whose room nobody exceeds, families going where there is room.

    An area goes to one hub as a whole. The joint figure is the goal; room is used up by people,
    each counted once at the largest of the offers' counts of its area.
    """
    weights = asked.weights
    rows = weights > 0
    uses = np.max([offer.people for offer in asked.offers], axis=0)[rows]
    problem = rules.problem(asked, size, weights, Goal.mean())
    known = {i: float(room.get(i, 0.0)) for i in asked.site_ids}
    rule = Capacity(known, dict(zip(map(str, range(int(rows.sum()))), uses.tolist(), strict=True)))
    found = site(replace(problem, rules=(*problem.rules, rule)), gap=0.01, **search)
    if found.status == "infeasible":
        return _NONE
    return Choice(found.chosen, found.objective, found.status, found.gap, None)


@dataclass(frozen=True)
class Standing:
    """Where a set stands among all sets of as many under rules: 1 is best.

    Parameters
    ----------
    sets : int
    rank, best : dict of str to number
        By criterion: its place, and the least that any such set reaches.
    within_rules : bool
    """

    sets: int
    rank: Mapping[str, int]
    best: Mapping[str, float]
    within_rules: bool


def standing(asked: HubField, chosen: Sequence[str], rules: PlanRules) -> Standing | None:
    """Rank a set among all sets of as many that keep rules; None where they are too many."""
    listing = asked.listing(len(chosen))
    if listing is None:
        return None
    rows = rules.rows(asked)
    kept = listing.kept(rows)
    own = asked.values(chosen)
    columns = np.array([sorted(asked.columns(chosen))], np.intp)
    inside = bool(_Listing(columns, {}).kept(rows)[0])
    rank, best = {}, {}
    for name, values in listing.by.items():
        among = values[kept]
        rank[name] = 1 + int((among < own[name] - 1e-7 * max(1.0, own[name])).sum())
        first = np.flatnonzero(kept)[among.argmin()] if len(among) else None
        best[name] = (
            math.inf if first is None else asked.values(_ids(asked, listing.sets[first]))[name]
        )
    return Standing(int(kept.sum()), rank, best, inside)


# --- what one set of sites does ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Figures:
    """What a set of hubs does for families.

    Parameters
    ----------
    joint : float
        Mean minutes to the nearest hub, offers by their shares; ``nan`` where nobody gets there.
    by_offer, by_group : dict of str to float
        Mean minutes of each offer's own people; of all of them in each group of areas.
    worst_minutes : float
    worst_area : int or None
        Row of the area that has furthest to go.
    reach : dict of int to float
        Share within so many minutes of a hub.
    unserved : float
        Share of the joint demand that reaches no hub: in no mean.
    """

    joint: float
    by_offer: Mapping[str, float]
    by_group: Mapping[str, float]
    worst_minutes: float
    worst_area: int | None
    reach: Mapping[float, float]
    unserved: float


def figures_of(
    near: Floats,
    offers: Sequence[Offer],
    groups: Mapping[str, Floats],
    within: Sequence[float],
) -> Figures:
    """Measure the minutes to the nearest hub of every area.

    Parameters
    ----------
    near : ndarray, shape (areas,)
    offers : sequence of Offer
    groups : mapping of str to ndarray, shape (areas,)
        What a minute of each area counts in the group's mean.
    within : sequence of float
        Minutes that shares are given for.
    """
    weights = np.sum([offer.weights for offer in offers], axis=0)
    whole = float(weights.sum()) or 1.0
    by_offer = {offer.key: weighted_mean(near, offer.people) for offer in offers}
    reached = [(o.share, by_offer[o.key]) for o in offers if np.isfinite(by_offer[o.key])]
    part = sum(share for share, _ in reached)
    joint = sum(share * mean for share, mean in reached) / part if part else math.nan
    far = np.where((weights > 0) & np.isfinite(near), near, -1.0)
    worst = int(far.argmax()) if len(far) and far.max() >= 0 else None
    return Figures(
        joint=joint,
        by_offer=by_offer,
        by_group={name: weighted_mean(near, counts) for name, counts in groups.items()},
        worst_minutes=math.nan if worst is None else float(near[worst]),
        worst_area=worst,
        reach={m: float(weights[near <= m + _CLOSE].sum()) / whole for m in within},
        unserved=float(weights[~np.isfinite(near)].sum()) / whole,
    )


@dataclass(frozen=True)
class BesideStays:
    """What closures add, and what hubs beside the centres that stay give back, in minutes.

    Parameters
    ----------
    today, kept, after : dict of str to float
        Mean minutes of each offer's people to the nearest centre that gives it: today, of those
        that stay, and of those that stay and the hubs.
    shares : dict of str to float
    lost : float
        Share of people who reach a centre today and none that stays: their minutes are in no
        mean after, so that means are not to be compared.
    """

    today: Mapping[str, float]
    kept: Mapping[str, float]
    after: Mapping[str, float]
    shares: Mapping[str, float]
    lost: float = 0.0

    def joint(self, means: Mapping[str, float]) -> float:
        """Average over the offers by their shares."""
        return sum(self.shares[k] * means[k] for k in means)

    @property
    def added(self) -> float:
        """Minutes that the closures add, on average over the offers."""
        return self.joint(self.kept) - self.joint(self.today)

    @property
    def given_back(self) -> float:
        """Minutes that the hubs give back."""
        return self.joint(self.kept) - self.joint(self.after)


def beside_stays(offers: Sequence[Offer], near: Floats | None) -> BesideStays | None:
    """Measure hubs as delivery points beside the centres that stay; None where none is known."""
    known = [o for o in offers if o.today is not None and o.kept is not None and o.people.any()]
    if not known:
        return None
    total = sum(o.share for o in known) or 1.0
    today, kept, after, lost = {}, {}, {}, 0.0
    for offer in known:
        if offer.today is None or offer.kept is None:
            continue
        best = offer.kept if near is None else np.minimum(offer.kept, near)
        cut = np.isfinite(offer.today) != np.isfinite(best)
        cut |= np.isfinite(offer.today) & ~np.isfinite(offer.kept)
        lost += offer.share / total * float(offer.people[cut].sum()) / float(offer.people.sum())
        today[offer.key] = weighted_mean(offer.today, offer.people)
        kept[offer.key] = weighted_mean(offer.kept, offer.people)
        after[offer.key] = weighted_mean(best, offer.people)
    return BesideStays(today, kept, after, {o.key: o.share / total for o in known}, lost)


def delivery_field(asked: HubField) -> HubField | None:
    """Put the other question: which hubs, beside the centres that stay, leave families best.

    Rows are the areas once for every offer that some centre gives: to the nearer of the hub and
    the nearest centre of its own that stays.
    """
    known = [o for o in asked.offers if o.kept is not None and o.today is not None]
    if not known:
        return None
    total = sum(o.share for o in known) or 1.0
    blocks, offers = [], []
    areas = len(asked.minutes)
    for place, offer in enumerate(known):
        if offer.kept is None:
            continue
        blocks.append(np.minimum(asked.minutes, offer.kept[:, None]))
        people = np.zeros(areas * len(known))
        people[place * areas : (place + 1) * areas] = offer.people
        offers.append(Offer(offer.key, offer.title, offer.ages, offer.share / total, people))
    deprived = None if asked.deprived is None else np.tile(asked.deprived, len(known))
    return HubField(asked.site_ids, np.vstack(blocks), tuple(offers), deprived, asked.places)


# --- chance -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chance:
    """What may be otherwise: drawn evenly again and again, with a fixed seed.

    Parameters
    ----------
    cells : ndarray of int, shape (areas,)
        Areas whose streets err alike.
    street_error : float or ndarray of float, shape (areas,)
        Standard deviation of the logarithm of a trip's error; of each area's, where they differ.
    draws, seed : int
    """

    cells: Ints = field(default_factory=lambda: np.zeros(0, np.intp))
    street_error: float | Floats = 0.1
    draws: int = 1000
    seed: int = 2018


_BATCH = 25


def draw_sets(asked: HubField, sets: Sequence[Sequence[str]], chance: Chance) -> dict[str, Floats]:
    """Measure sets under many drawn counts of people and errors of the streets.

    Parameters
    ----------
    asked : HubField
    sets : sequence of sequence of str
    chance : Chance

    Returns
    -------
    dict of str to ndarray, shape (draws, sets)
        By criterion. Every set meets the same draws. People of each area are drawn about their
        count (Poisson); minutes between a group of neighbouring areas and a site are all longer
        or shorter by one factor (log-normal).
    """
    rng = np.random.default_rng([chance.seed, 7])
    columns = sorted({c for ids in sets for c in asked.columns(ids)})
    at = {c: k for k, c in enumerate(columns)}
    used = asked.weights > 0
    minutes = np.ascontiguousarray(
        asked.stand_in[np.ix_(np.flatnonzero(used), np.array(columns))].T
    )
    cells = np.unique(chance.cells[used], return_inverse=True)[1]
    wrong = np.broadcast_to(np.asarray(chance.street_error, float), used.shape)[used]
    members = [np.array([at[c] for c in asked.columns(ids)]) for ids in sets]
    people = [(o.share, o.people[used]) for o in asked.offers if o.people.any()]
    deprived = None if asked.deprived is None else asked.deprived[used]
    found = {name: np.empty((chance.draws, len(sets))) for name in asked.criteria}
    for start in range(0, chance.draws, _BATCH):
        many = min(_BATCH, chance.draws - start)
        draw = slice(start, start + many)
        bend = rng.standard_normal((many, len(columns), int(cells.max()) + 1))
        drawn = minutes[None] * np.exp(bend[:, :, cells] * wrong)
        drawn_people = [(share, rng.poisson(n, (many, len(n)))) for share, n in people]
        weights = _blend(drawn_people, None)
        own = None if "deprived" not in found else _blend(drawn_people, deprived)
        for k, held in enumerate(members):
            near = drawn[:, held].min(axis=1)
            found["mean"][draw, k] = np.einsum("da,da->d", near, weights)
            if own is not None:
                found["deprived"][draw, k] = np.einsum("da,da->d", near, own)
            found["worst"][draw, k] = near.max(axis=1)
    return found


def _blend(people: Sequence[tuple[float, Ints]], inside: Bools | None) -> Floats:
    """Give each draw's weights in the joint mean, or in that of some areas."""
    parts = [(share, n if inside is None else n * inside) for share, n in people]
    total: Floats = np.sum(
        [share * n / np.maximum(n.sum(axis=1, keepdims=True), 1) for share, n in parts], axis=0
    )
    whole: Floats = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-300)
    return whole


@dataclass(frozen=True)
class Held:
    """How a set holds when what may be otherwise is otherwise.

    Parameters
    ----------
    near : float
        Share of draws in which it is within the near-best share of the best of its rivals.
    best : float
        Share of draws in which none of them is better.
    low, high : float
        Nine of ten draws lie between: the joint mean minutes.
    rivals : int
        Sets that it was drawn beside, itself included.
    """

    near: float
    best: float
    low: float
    high: float
    rivals: int


def held(drawn: Floats, means: Floats, own: int, rivals: Sequence[int], within: float) -> Held:
    """Say how a set holds beside its rivals, each by its number among those drawn."""
    mine = drawn[:, own]
    least = drawn[:, sorted({own, *rivals})].min(axis=1)
    # of values drawn, so that nine in ten lie between them whatever their number
    low, high = np.quantile(means[:, own], (0.05, 0.95), method="inverted_cdf")
    return Held(
        float((mine <= least * (1 + within) + _CLOSE).mean()),
        float((mine <= least + _CLOSE).mean()),
        float(low), float(high), len({own, *rivals}),
    )  # fmt: skip
