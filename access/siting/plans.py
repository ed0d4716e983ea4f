"""Plans of hubs side by side: every set measured, near-best sets, firm sites, and ranks."""

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
from numpy.typing import NDArray

from access.errors import ParameterError
from access.measure.distribution import weighted_sums
from access.network.matrix import at_rank
from access.siting.alternatives import alternatives
from access.siting.constraints import _count_rows
from access.siting.problem import Capacity, Demand, Goal, Problem, Rule
from access.siting.resolve import _resolve
from access.siting.search import Bools, Floats, Ints
from access.siting.solve import site

#: Sets of sites that are all listed; of more, the best are searched for with a proof.
_MOST_LISTED = 250_000
_MOST_CELLS = 400_000_000
_MOST_MINUTE_CELLS = 1_000_000_000
_CLOSE = 1e-9
#: A share of people below this is none.
NOBODY = 1e-9
#: A site in so many of the near-best sets is a firm choice.
_FIRM_SHARE = 0.9
FIRM_FROM = 3
_SEARCHED = 20
#: A plan with room need not be nearer to the best than this share.
_ROOM_GAP = 0.001
#: Work that a plan with room may take where no time limit is given: some 20 seconds.
_ROOM_WORK = 600_000_000
#: Status of a set that is best, or near-best, by each site's own usual minutes, which is proven;
#: minute by minute it was measured and not proven.
USUAL_MINUTES = "usual_minutes"


#: Minutes at every time of setting out.
Minutes = NDArray[np.float32]


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
    kept_each : ndarray, shape (areas of its block, minutes of the day), optional
        The second at every time of setting out.
    block : int
        Of the field's `each`: the one in whose window it is given, which has all its people.
    """

    key: str
    title: str
    ages: str
    share: float
    people: Floats
    today: Floats | None = None
    kept: Floats | None = None
    kept_each: Minutes | None = None
    block: int = 0

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
    each : tuple of ndarray, shape (areas, minutes of the day, sites)
        Where minutes depend on when one sets out: all of them, in blocks of areas, a block for
        each window. `minutes` are then each site's own at `percentile`, and a set's are the least
        over it minute by minute, and then the percentile.
    percentile : float
        By nearest rank.

    Attributes
    ----------
    alike : list of HubField
        Others of the same minutes, whose sets are measured with these where they are listed.
    """

    site_ids: tuple[str, ...]
    minutes: Floats
    offers: tuple[Offer, ...]
    deprived: Bools | None = None
    places: tuple[Any, ...] = ()
    each: tuple[Minutes, ...] = ()
    percentile: float = 50.0
    alike: list[HubField] = field(default_factory=list, init=False, repr=False)

    def near(self, chosen: Sequence[str]) -> Floats:
        """Give every area's minutes to the nearest of a set."""
        columns = self.columns(chosen)
        if not self.each:
            least: Floats = self.minutes[:, columns].min(axis=1)
            return least
        blocks = [at_rank(b[:, :, columns].min(axis=2), self.percentile) for b in self.each]
        return np.concatenate(blocks).astype(float)

    def rows(self, offer: Offer) -> slice:
        """Give the areas that an offer's people live in."""
        if not self.each:
            return slice(0, len(self.minutes))
        start = sum(len(block) for block in self.each[: offer.block])
        return slice(start, start + len(self.each[offer.block]))

    @cached_property
    def _reached(self) -> Bools:
        """Mark the areas that some site is in reach of; by the others no set is told apart."""
        return np.isfinite(self.near(self.site_ids)) if self.site_ids else np.zeros(0, bool)

    @cached_property
    def weights(self) -> Floats:
        """What a minute in each area adds to the joint mean, all offers by their shares."""
        if (
            not self._reached.all()
            and (own := _own_weights(self.offers, self._reached)) is not None
        ):
            return own
        total: Floats = np.sum([offer.weights for offer in self.offers], axis=0)
        return total

    @cached_property
    def deprived_weights(self) -> Floats | None:
        """The same for the most deprived fifth's own mean; None where nobody is in it."""
        if self.deprived is None:
            return None
        return _own_weights(self.offers, self.deprived & self._reached)

    @cached_property
    def whole(self) -> bool:
        """Whether everybody can reach every site."""
        return bool(np.isfinite(self.minutes[self.weights > 0]).all())

    @cached_property
    def shares(self) -> dict[str, Floats]:
        """What is added to each mean by an area, one row an offer: the weights are their sums."""
        inside = {"mean": self._reached}
        if self.deprived is not None and self.deprived_weights is not None:
            inside["deprived"] = self.deprived & self._reached
        every = [offer.weights for offer in self.offers]  # where nobody reaches any site
        return {k: np.array(own_shares(self.offers, areas) or every) for k, areas in inside.items()}

    @cached_property
    def stand_in(self) -> Floats:
        """Minutes with the greatest finite ones where a site is out of reach: to choose by only."""
        return np.where(np.isfinite(self.minutes), self.minutes, self._top)

    @cached_property
    def _top(self) -> float:
        """Give what stands in for a site out of reach."""
        reached = [part[np.isfinite(part)].max(initial=0.0) for part in self.each or [self.minutes]]
        return float(max(reached))

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
        """Measure one set by every criterion, as all sets are measured: of those whom it serves."""
        near = self.near(chosen)
        if not self.whole:
            return {name: values[0] for name, (values, _) in self._served(chosen).items()}
        near = np.where(np.isfinite(near), near, self._top)
        return {
            name: float(near[self.weights > 0].max(initial=0.0))
            if weights is None
            else float(weighted_sums(near[None, :], weights)[0])
            for name, weights in self.criteria.items()
        }

    def left_out(self, chosen: Sequence[str]) -> dict[str, float]:
        """Give the share of the people of every criterion who reach no site of a set."""
        if self.whole:
            return dict.fromkeys(self.criteria, 0.0)
        return {name: float(lost[0]) for name, (_, lost) in self._served(chosen).items()}

    def _served(self, chosen: Sequence[str]) -> dict[str, tuple[Floats, Floats]]:
        used = self.weights > 0
        return _of_served(
            self.near(chosen)[None, used], {k: v[:, used] for k, v in self.shares.items()}
        )

    def listing(self, size: int) -> _Listing | None:
        """List every set of so many sites; None where they are too many."""
        if size not in self._listings:
            used = self.weights > 0
            fields = [self, *(f for f in self.alike if np.array_equal(f.weights > 0, used))]
            for each, listing in zip(fields, self._list(size, fields), strict=True):
                each._listings.setdefault(size, listing)
        return self._listings[size]

    def kept_sets(self, listing: _Listing, rules: PlanRules) -> Bools:
        """Tell which of the sets listed keep rules."""
        asked = rules, len(listing.columns)
        if asked not in self._kept:
            self._kept[asked] = listing.kept(rules.rows(self))
        return self._kept[asked]

    @cached_property
    def _kept(self) -> dict[tuple[PlanRules, int], Bools]:
        return {}

    @cached_property
    def _listings(self) -> dict[int, _Listing | None]:
        return {}

    def _list(self, size: int, fields: Sequence[HubField]) -> Sequence[_Listing | None]:
        sets = math.comb(len(self.site_ids), size)
        if not 0 < sets <= _MOST_LISTED or sets * len(self.minutes) > _MOST_CELLS:
            return [None] * len(fields)
        used = self.weights > 0
        sums = [
            {name: w[used] for name, w in each.criteria.items() if w is not None} for each in fields
        ]
        shares = None if self.whole else [
            {name: rows[:, used] for name, rows in each.shares.items()} for each in fields
        ]  # fmt: skip
        if not self.each:
            layers: list[NDArray[Any]] = [self.minutes[used].T]
        else:
            ends = np.cumsum([len(block) for block in self.each])[:-1]
            parts = zip(self.each, np.split(used, ends), strict=True)
            layers = [block[rows].transpose(2, 0, 1) for block, rows in parts]
            if sets * sum(layer[0].size for layer in layers) > _MOST_MINUTE_CELLS:
                return [None] * len(fields)
        return _list_sets(layers, sums, size, self.percentile, shares)


def _own_weights(offers: Sequence[Offer], inside: Bools) -> Floats | None:
    """Give what a minute adds to the mean of the people of some areas alone."""
    parts = own_shares(offers, inside)
    if not parts:
        return None
    total: Floats = np.sum(parts, axis=0)
    return total


def own_shares(offers: Sequence[Offer], inside: Bools) -> list[Floats]:
    """Give what each offer's people of some areas add to the mean of these; none without a mean."""
    parts = [
        (offer.share, offer.people * inside)
        for offer in offers
        if float((offer.people * inside).sum()) > 0
    ]
    whole = sum(share for share, _ in parts)
    return [s / whole * people / people.sum() for s, people in parts] if whole else []


def _of_served(near: Floats, shares: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    """Give sets' means and worst of those whom they serve, and the share that each leaves out.

    Parameters
    ----------
    near : ndarray, shape (sets, areas)
        ``inf`` where an area reaches no site of a set.
    shares : mapping of str to ndarray, shape (offers, areas)
    """
    served = np.isfinite(near)
    some, found = np.where(served, near, 0.0), {}
    for name, rows in shares.items():
        reached, all_of = served @ rows.T, rows.sum(axis=1)
        means = some @ rows.T / np.maximum(reached, 1e-300)
        told = np.where(reached > 0, all_of, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(told.any(axis=1), (means * told).sum(axis=1) / told.sum(axis=1), np.inf)
        found[name] = mean, np.maximum(1 - reached.sum(axis=1) / all_of.sum(), 0.0)
    return {**found, "worst": (some.max(axis=1, initial=0.0), found["mean"][1])}


@dataclass(frozen=True, eq=False)
class _Listing:
    """Every set of so many sites, measured.

    Parameters
    ----------
    sets : ndarray of int, shape (sets, size)
        Columns, rising.
    by : dict of str to ndarray, shape (sets,)
        Its figure by each criterion, of those whom it serves.
    lost : dict of str to ndarray, shape (sets,)
        The share that it leaves out; empty where everybody reaches every site.
    """

    sets: Ints
    by: Mapping[str, Floats]
    lost: Mapping[str, Floats] = field(default_factory=dict)

    def fewest_out(self, kept: Ints, by: str) -> Ints:
        """Keep those of some sets that leave out least: before any minutes are compared."""
        if not self.lost or not len(kept):
            return kept
        lost = self.lost.get(by, self.lost["mean"])[kept]
        fewest: Ints = kept[lost <= lost.min() + _CLOSE]
        return fewest

    @cached_property
    def columns(self) -> Ints:
        """The sets' first sites, their second ones, ...: shape (size, sets)."""
        return np.ascontiguousarray(self.sets.T)

    def _summed(self, amounts: NDArray[Any]) -> NDArray[Any]:
        """Add up what the sites of each set have."""
        total: NDArray[Any] = amounts[self.columns[0]]
        for column in self.columns[1:]:
            total += amounts[column]
        return total

    def kept(self, rows: _RuleRows) -> Bools:
        """Tell which sets keep rules."""
        good = np.ones(len(self.sets), bool)
        for column in self.columns if not rows.may.all() else ():
            good &= rows.may[column]
        if rows.must.any():
            good &= self._summed(rows.must.astype(np.intp)) == int(rows.must.sum())
        for amounts, low, high in zip(rows.amounts, rows.low, rows.high, strict=True):
            total = self._summed(amounts)
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


def _list_sets(
    layers: Sequence[NDArray[Any]],
    sums: Sequence[Mapping[str, Floats]],
    size: int,
    percentile: float = 50.0,
    shares: Sequence[Mapping[str, Floats]] | None = None,
) -> list[_Listing]:
    """Measure every set of so many sites by weighted sums and by the worst-off area.

    Parameters
    ----------
    layers : sequence of ndarray, shape (sites, areas) or (sites, areas, minutes of the day)
        Blocks of areas.
    sums : sequence of dict of str to ndarray, shape (areas,)
        Weights by name, for each listing that is wanted.
    size : int
    percentile : float
        Taken over the minutes of the day, after the least over a set.
    shares : sequence of dict of str to ndarray, shape (offers, areas), optional
        Where some sets leave some out: of which offers the weights are made.
    """
    layers = [np.ascontiguousarray(layer) for layer in layers]
    weights = [np.stack(list(own.values()), axis=1) for own in sums]
    many = len(layers[0])
    worst, sets = [], []
    totals: list[list[Floats]] = [[] for _ in weights]
    served: list[list[dict[str, tuple[Floats, Floats]]]] = [[] for _ in weights]
    spare = [np.empty_like(layer) for layer in layers]
    for head in itertools.combinations(range(many), size - 1):
        first = head[-1] + 1 if head else 0
        if first == many:
            continue
        near = _with_each(layers, list(head), first, spare, percentile)
        if shares is None:
            for total, own in zip(totals, weights, strict=True):
                total.append(near @ own)
            worst.append(near.max(axis=1, initial=0.0))
        else:
            for some, rows in zip(served, shares, strict=True):
                some.append(_of_served(near, rows))
        block = np.empty((many - first, size), np.intp)
        block[:, :-1] = head
        block[:, -1] = np.arange(first, many)
        sets.append(block)
    every = np.concatenate(sets)
    if shares is not None:
        return [_joined_listing(every, some) for some in served]
    furthest = np.concatenate(worst)
    return [
        _Listing(every, {**dict(zip(own, np.concatenate(total).T, strict=True)), "worst": furthest})
        for own, total in zip(sums, totals, strict=True)
    ]


def _joined_listing(sets: Ints, parts: Sequence[dict[str, tuple[Floats, Floats]]]) -> _Listing:
    """Put together what was measured of some sets after others."""
    by, lost = (
        {name: np.concatenate([part[name][k] for part in parts]) for name in parts[0]}
        for k in (0, 1)
    )
    return _Listing(sets, by, lost)


def _with_each(
    layers: Sequence[NDArray[Any]],
    head: list[int],
    first: int,
    spare: Sequence[NDArray[Any]],
    percentile: float,
) -> Floats:
    """Give every area's minutes to some sites and each from one on in turn: (others, areas).

    What it gives may stand in the spare room for one layer each, and goes with the next call.
    """
    found = []
    for layer, room in zip(layers, spare, strict=True):
        near = layer[first:]
        if head:
            near = np.minimum(near, layer[head].min(axis=0), out=room[first:])
        if near.ndim > 2:
            near = at_rank(near, percentile).astype(float)
        found.append(near)
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


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

    def problem(
        self, asked: HubField, size: int, weights: Floats, goals: Any, shares: Floats | None = None
    ) -> Problem:
        """Put the question as a siting problem, offer by offer where some may be left out."""
        rows = weights > 0
        minutes = _frame(asked.minutes[rows], asked.site_ids)
        parts: Sequence[Floats] = [] if shares is None or asked.whole else list(shares)
        demands = [
            Demand(minutes, own[rows], float(own.sum()), f"offer {k}")
            for k, own in enumerate(parts, 1)
            if own.any()
        ] or [Demand(minutes, weights[rows])]
        return Problem(
            tuple(demands), p=size, goals=goals, locked_open=self.must,
            locked_closed=self.closed(asked.site_ids), site_costs=self.costs, rules=self.rules,
        )  # fmt: skip

    def rows(self, asked: HubField) -> _RuleRows:
        """Give the rules as sums over the sites that are open."""
        problem = Problem(
            Demand(_frame(asked.minutes[:1], asked.site_ids)), locked_open=self.must,
            locked_closed=self.closed(asked.site_ids), site_costs=self.costs, rules=self.rules,
        )  # fmt: skip
        found = _resolve(problem)
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
        As of `access.siting.Solution`; or `USUAL_MINUTES`.
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
    assigned : ndarray of int, shape (areas,), optional
        Where room is limited: the column of the site that each area goes to.
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
    assigned: Ints | None = None


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
    A set that leaves fewer people out of reach is better, whatever its minutes: these are of the
    people whom it serves. Where the sets can be listed every one is measured: the answer is exact
    and owes nothing to the optimiser. Elsewhere it is searched for and proven by
    `access.siting.alternatives`. Where minutes depend on when one sets out, that proof is of each
    site's own minutes at the percentile: of the sets within the near-best share of it the best
    minute by minute is taken, which is no proof, and the status says ``"usual_minutes"``.
    """
    listing = asked.listing(size)
    if listing is None:
        found = _searched(asked, size, by, rules, within, search)
        return _minute_by_minute(asked, by, found, within) if asked.each and found.chosen else found
    kept = np.flatnonzero(asked.kept_sets(listing, rules))
    if not len(kept):
        return _NONE
    many, kept = len(kept), listing.fewest_out(kept, by)
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
        chosen, round(value, 6) if by == "compromise" else value, "proven_optimal", 0.0, many,
        tuple(_ids(asked, sets[k]) for k in near[:_SEARCHED]), len(near), True, firm,
    )  # fmt: skip


def _shortfall(values: Mapping[str, Floats]) -> Floats:
    """Give each set's greatest distance from the best on any criterion, as a share of that."""
    # where no set reaches any of those whose mean it is, it tells none apart
    parts = [
        v / max(least, 1e-12) - 1 for v in values.values() if (least := float(v.min())) < math.inf
    ]
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
        asked_for = rules.problem(asked, size, asked.weights, goals, asked.shares["mean"])
        found = site(asked_for, **search)
        if found.status == "infeasible":
            return _NONE
        value = found.goals[0].value if found.goals else math.nan
        return Choice(found.chosen, value, found.status, found.gap, None, (found.chosen,), 1, False)
    problem = rules.problem(asked, size, weights, Goal.mean(), asked.shares[by])
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


def _minute_by_minute(asked: HubField, by: str, found: Choice, within: float) -> Choice:
    """Take the best minute by minute of the sets that are near-best by each site's own minutes."""
    sets = list(dict.fromkeys((found.chosen, *found.near)))
    lost = {ids: asked.left_out(ids)[by] for ids in sets}
    fewest = min(lost.values()) + _CLOSE
    values = {ids: asked.values(ids)[by] for ids in sets if lost[ids] <= fewest}
    order = sorted(values, key=lambda ids: (round(values[ids], 7), ids != found.chosen))
    best = order[0]
    near = tuple(i for i in order if values[i] <= values[best] * (1 + within) + _CLOSE)
    proven = found.status == "proven_optimal"
    columns = np.array([asked.columns(ids) for ids in near], np.intp)
    return replace(
        found, chosen=best, value=values[best], status=USUAL_MINUTES if proven else "feasible",
        gap=math.inf, near=near, near_count=len(near), near_complete=False,
        firm=_firm(asked, columns),
    )  # fmt: skip


def with_room(
    asked: HubField, size: int, room: Mapping[str, float], rules: PlanRules, **search: Any
) -> Choice:
    """Choose hubs whose room nobody exceeds, families going where there is room.

    An area goes to one hub as a whole; one that can reach none of the sites is left out. The joint
    figure is the goal; room is used up by people, each counted once at the largest of the offers'
    counts of its area. Without a time limit the search ends after so much work, the same on every
    machine, with its gap.
    """
    own = _once_an_area(asked)
    may = asked.columns([i for i in asked.site_ids if i not in rules.closed(asked.site_ids)])
    rows = (own.weights > 0) & np.isfinite(own.minutes[:, may]).any(axis=1)
    if not rows.any():
        return _NONE
    uses = np.max([offer.people for offer in own.offers], axis=0)[rows]
    problem = rules.problem(own, size, np.where(rows, own.weights, 0.0), Goal.mean())
    known = {i: float(room.get(i, 0.0)) for i in asked.site_ids}
    rule = Capacity(known, dict(zip(map(str, range(int(rows.sum()))), uses.tolist(), strict=True)))
    work = None if search.get("time_limit_s") is not None else _ROOM_WORK
    found = site(
        replace(problem, rules=(*problem.rules, rule)), gap=_ROOM_GAP, work_limit=work, **search
    )
    if found.status == "infeasible":
        return _NONE
    if not found.chosen:
        return replace(_NONE, status=found.status)
    columns = asked.columns(found.assignment.tolist())
    assigned = np.full(len(rows), asked.columns(found.chosen)[0], np.intp)
    assigned[rows] = columns
    assigned = np.tile(assigned, len(asked.minutes) // len(rows))
    return Choice(
        found.chosen, found.objective, found.status, found.gap, None, (found.chosen,), 1, False,
        assigned=assigned,
    )  # fmt: skip


def _once_an_area(asked: HubField) -> HubField:
    """Put the question with every area once, for whom one hub is for good: its minutes on average.

    By bus an area stands once a window, and who goes to a hub in one goes there in the others.
    """
    if len(asked.each) < 2:
        return asked
    parts = asked.weights.reshape(len(asked.each), -1, 1)
    minutes = asked.minutes.reshape(len(asked.each), -1, len(asked.site_ids))
    with np.errstate(invalid="ignore"):
        spent = np.where(parts > 0, minutes * parts, 0.0).sum(axis=0)
    offers = tuple(
        replace(o, people=o.people.reshape(len(asked.each), -1).sum(axis=0), today=None, kept=None,
                kept_each=None, block=0)
        for o in asked.offers
    )  # fmt: skip
    once = spent / np.maximum(parts.sum(axis=0), 1e-300)
    return HubField(asked.site_ids, once, offers, places=asked.places)


@dataclass(frozen=True)
class Standing:
    """Where a set stands among all sets of as many under rules: 1 is best.

    Parameters
    ----------
    sets : int
    rank, best : dict of str to number
        By criterion: its place, those that leave fewer people out before it, and the least that any
        such set reaches that leaves out least.
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
    keeps = asked.kept_sets(listing, rules)
    kept, own, here = np.flatnonzero(keeps), asked.values(chosen), keeps.copy()
    for column, own_site in zip(listing.columns, sorted(asked.columns(chosen)), strict=True):
        here &= column == own_site
    rank, best, lost = {}, {}, asked.left_out(chosen)
    for name, values in listing.by.items():
        among, slack = values[kept], 1e-7 * max(1.0, own[name]) if own[name] < math.inf else 0.0
        better = among < own[name] - slack
        if listing.lost:
            fewer = listing.lost[name][kept] - lost[name]
            better = (fewer < -_CLOSE) | (better & (fewer <= _CLOSE))
        rank[name] = 1 + int(better.sum())
        least = listing.fewest_out(kept, name)
        first = least[values[least].argmin()] if len(least) else None
        best[name] = (
            math.inf if first is None else asked.values(_ids(asked, listing.sets[first]))[name]
        )
    return Standing(len(kept), rank, best, bool(here.any()))
