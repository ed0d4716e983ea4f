"""What one set of hubs does: its figures, beside what stays, minute by minute, and by chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import pandas as pd

from access.measure.demand import people_drawn
from access.measure.distribution import weighted_mean
from access.network.matrix import at_rank
from access.siting.alternatives import Alternatives, Curve, Front, SetRank, _elbow_among
from access.siting.plans import _CLOSE, USUAL_MINUTES, HubField, Offer
from access.siting.search import Bools, Floats, Ints
from access.siting.solution import Solution

# What one set of hubs does: its figures, beside what stays, minute by minute, and by chance.

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

    @classmethod
    def of(
        cls,
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
        groups : mapping of str to ndarray, shape (offers, areas)
            What a minute of each area counts in the group's mean, offer by offer.
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
        return cls(
            joint=joint,
            by_offer=by_offer,
            by_group={name: _mean_over_offers(near, rows) for name, rows in groups.items()},
            worst_minutes=math.nan if worst is None else float(near[worst]),
            worst_area=worst,
            reach={m: float(weights[near <= m + _CLOSE].sum()) / whole for m in within},
            unserved=float(weights[~np.isfinite(near)].sum()) / whole,
        )


def _mean_over_offers(near: Floats, rows: Floats) -> float:
    """Average each offer's mean of those who reach a hub, as the joint mean and ranks do."""
    weights = rows.sum(axis=0)
    if np.isfinite(near[weights > 0]).all():
        return weighted_mean(near, weights)
    means = [(float(row.sum()), weighted_mean(near, row)) for row in rows]
    told = [(share, mean) for share, mean in means if np.isfinite(mean)]
    part = sum(share for share, _ in told)
    return sum(share * mean for share, mean in told) / part if part else math.nan


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

    @classmethod
    def of(
        cls, offers: Sequence[Offer], near: Floats | None, both: Mapping[str, Floats] | None = None
    ) -> BesideStays | None:
        """Measure hubs as delivery points beside the centres that stay; None where none is known.

        Parameters
        ----------
        offers : sequence of Offer
        near : ndarray, shape (areas,), optional
            Minutes to the nearest hub; None for no hub.
        both : mapping of str to ndarray, optional
            By offer, minutes to the nearest of hubs and kept centres, where that is not the
            lesser of both: as `nearest_of_both` gives.
        """
        known = [o for o in offers if o.today is not None and o.kept is not None and o.people.any()]
        if not known:
            return None
        total = sum(o.share for o in known) or 1.0
        today, kept, after, lost = {}, {}, {}, 0.0
        for offer in known:
            if offer.today is None or offer.kept is None:
                continue
            best = offer.kept if near is None else np.minimum(offer.kept, near)
            best = best if both is None else both[offer.key]
            cut = np.isfinite(offer.today) != np.isfinite(best)
            cut |= np.isfinite(offer.today) & ~np.isfinite(offer.kept)
            lost += offer.share / total * float(offer.people[cut].sum()) / float(offer.people.sum())
            today[offer.key] = weighted_mean(offer.today, offer.people)
            kept[offer.key] = weighted_mean(offer.kept, offer.people)
            after[offer.key] = weighted_mean(best, offer.people)
        return cls(today, kept, after, {o.key: o.share / total for o in known}, lost)

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


def nearest_of_both(asked: HubField, chosen: Sequence[str]) -> dict[str, Floats] | None:
    """Give minutes to the nearest of hubs and kept centres by offer; None where both are plain."""
    if not asked.each:
        return None
    beside = delivery_field(asked)
    if beside is None:
        return {}
    near, found = beside.near(chosen), {}
    for mine in beside.offers:
        own = next(o for o in asked.offers if o.key == mine.key)
        found[mine.key] = np.full(len(asked.minutes), np.inf)
        found[mine.key][asked.rows(own)] = near[beside.rows(mine)]
    return found


def delivery_field(asked: HubField) -> HubField | None:
    """Put the other question: which hubs, beside the centres that stay, leave families best.

    Rows are the areas once for every offer that some centre gives: to the nearer of the hub and
    the nearest centre of its own that stays.
    """
    known = [o for o in asked.offers if o.kept is not None and o.today is not None]
    if not known:
        return None
    total = sum(o.share for o in known) or 1.0
    rows = [asked.rows(offer) for offer in known]
    sizes = [r.stop - r.start for r in rows]
    blocks, each, offers = [], [], []
    for place, offer in enumerate(known):
        if offer.kept is None:
            continue
        block = np.minimum(asked.minutes[rows[place]], offer.kept[rows[place], None])
        if asked.each and offer.kept_each is not None:
            each.append(np.minimum(asked.each[offer.block], offer.kept_each[:, :, None]))
            block = at_rank(each[-1].transpose(0, 2, 1), asked.percentile).astype(float)
        blocks.append(block)
        people = np.zeros(sum(sizes))
        start = sum(sizes[:place])
        people[start : start + sizes[place]] = offer.people[rows[place]]
        offers.append(
            Offer(offer.key, offer.title, offer.ages, offer.share / total, people, block=place)
        )
    deprived = None
    if asked.deprived is not None:
        deprived = np.concatenate([asked.deprived[r] for r in rows])
    return HubField(
        asked.site_ids, np.vstack(blocks), tuple(offers), deprived, asked.places, tuple(each),
        asked.percentile,
    )  # fmt: skip


# --- chance -------------------------------------------------------------------------------------


class SetDraws:
    """Measures sets under drawn minutes and counts of people, some draws at a time.

    Parameters
    ----------
    asked : HubField
    sets, draws, seed : int
        Every set meets the same draws. People of each area are drawn about their count (Poisson).
    like : SetDraws, optional
        Of the same draws and seed: where its first people are the same, in other rows, so are its
        draws.
    served : ndarray of bool, shape (sets, areas), optional
        Whom each set serves, where some leave some out: these are in none of its minutes.

    Attributes
    ----------
    found : dict of str to ndarray, shape (draws, sets)
        By criterion.
    """

    def __init__(
        self, asked: HubField, sets: int, draws: int, seed: int, like: SetDraws | None = None,
        served: Bools | None = None,
    ) -> None:  # fmt: skip
        self._used = asked.weights > 0
        self._served = None if served is None else served[:, self._used]
        people = [(o.share, o.people[self._used]) for o in asked.offers if o.people.any()]
        self._drawn: list[Ints]
        # nobody is drawn where nobody is: no random number is spent on it
        self._people = [n[n > 0] for _, n in people]
        many = len(self._people)
        if like is not None and _all_equal(self._people, like._people[:many]):
            self._drawn = like._drawn[:many]  # they would be drawn in the same order
        else:
            rng = np.random.default_rng([seed, 7])
            self._drawn = [people_drawn(rng, n, draws) for n in self._people]
        self._counts = [
            (share, _in_rows(drawn, n > 0))
            for (share, n), drawn in zip(people, self._drawn, strict=True)
        ]
        self._inside: dict[str, Bools | None] = {"mean": None}
        if asked.deprived_weights is not None and asked.deprived is not None:
            self._inside["deprived"] = asked.deprived[self._used]
        self.found = {name: np.zeros((draws, sets)) for name in (*self._inside, "worst")}

    def take(self, start: int, near: Floats) -> None:
        """Take the minutes of draws from a number on, shape (draws, sets, areas)."""
        near = near if self._used.all() else near[..., self._used]
        if self._served is not None:
            near = np.where(self._served, near, 0.0)
        run = slice(start, start + len(near))
        worst = near.max(axis=2, initial=0.0)
        counts = [(share, n[run]) for share, n in self._counts]
        for name, inside in self._inside.items():
            if self._served is not None:
                self.found[name][run] = _means_of_served(counts, inside, self._served, near)
                continue
            own = _blend(counts, inside)
            self.found[name][run] = _summed(own, near, finite=bool(np.isfinite(worst).all()))
        self.found["worst"][run] = worst


def _means_of_served(
    people: Sequence[tuple[float, Ints]], inside: Bools | None, served: Bools, near: Floats
) -> Floats:
    """Give each draw's joint means of those whom sets serve: offers by their shares, as told."""
    total, whole = np.zeros(near.shape[:2]), np.zeros(near.shape[:2])
    finite = bool(np.isfinite(near).all())
    for share, drawn in people:
        own = (drawn if inside is None else drawn * inside).astype(float)
        reached = own @ served.T
        total += share * _summed(own, near, finite=finite) / np.maximum(reached, 1)
        whole += share * (reached > 0)
    means: Floats = total / np.maximum(whole, 1e-300)
    return means


def _summed(own: Floats, near: Floats, *, finite: bool) -> Floats:
    """Add up minutes, (draws, sets, areas), by weights: none in an area without a way adds none."""
    met = near if finite else np.where(own[:, None] > 0, near, 0.0)
    total: Floats = np.einsum("da,dsa->ds", own, met)
    return total


def _all_equal(some: Sequence[Floats], others: Sequence[Floats]) -> bool:
    """Tell whether arrays are the same, in order."""
    return len(some) == len(others) and all(map(np.array_equal, some, others))


def _in_rows(drawn: Ints, rows: Bools) -> Ints:
    """Set people drawn, shape (draws, areas with people), in their rows; the others have none."""
    if rows.all():
        return drawn
    whole = np.zeros((len(drawn), len(rows)), drawn.dtype)
    whole[:, rows] = drawn
    return whole


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

    @classmethod
    def of(
        cls, drawn: Floats, means: Floats, own: int, rivals: Sequence[int], within: float
    ) -> Held:
        """Say how a set holds beside its rivals, each by its number among those drawn."""
        mine = drawn[:, own]
        least = drawn[:, sorted({own, *rivals})].min(axis=1)
        # of values drawn, so that nine in ten lie between them whatever their number
        low, high = np.quantile(means[:, own], (0.05, 0.95), method="inverted_cdf")
        return cls(
            float((mine <= least * (1 + within) + _CLOSE).mean()),
            float((mine <= least + _CLOSE).mean()),
            float(low), float(high), len({own, *rivals}),
        )  # fmt: skip


# ------------------------------------------------------------------------------
# A hub search told minute by minute: what is nearest changes with when one sets out.

_Least = Callable[[int], tuple[str, ...] | None]
"""The best set of so many, where every set was measured minute by minute."""
_Solved = Callable[[tuple[str, ...]], Solution]

_HOW_CHOSEN = (
    "Minutes change with when one sets out. The figures count the quickest of the chosen places at "
    "every minute of the window, and then the percentile. Where all sets can be listed the best is "
    'proven by these; where they cannot ("proven for each place\'s own usual minutes"), the '
    "proof is for trips to whichever place is usually nearest, and the set may not be the best "
    "minute by minute."
)


class _Found(TypedDict):
    """What a hub search found, by the names that it has there."""

    curve: Curve
    best: Solution
    best_worst: Solution
    near_best: Alternatives
    front: Front
    council: SetRank | None


def _told_minute_by_minute(
    found: _Found, field: HubField, least: _Least, solved: _Solved, *, listed: bool
) -> _Found:
    """Tell every set of a search by its minutes at every time of setting out.

    Parameters
    ----------
    found : Found
        By each site's own minutes; where every set was listed, its near-best and trade-offs are
        told minute by minute already.
    field : HubField
    least : callable
    solved : callable
        Gives a set as a solution.
    listed : bool
        Whether every set of as many as were asked for was measured.
    """
    sets = {}
    for p, solution in found["curve"].solutions.items():
        ids = least(p)
        sets[p] = _told(field, solution if ids is None else solved(ids), proven=ids is not None)
    curve = Curve(sets, _elbow_among(sets))
    best = sets.get(len(found["best"].chosen)) or _told(field, found["best"], proven=listed)
    near, front, council = found["near_best"], found["front"], found["council"]
    if not listed:
        near, front = _near(field, near), _front(field, front)
        first = near.table["chosen"].iloc[0] if len(near.table) else best.chosen
        if set(first) != set(best.chosen):
            best = _told(field, solved(first), proven=False)
            curve.solutions[len(first)] = best
    if council is not None and not (listed and len(council.chosen) == len(best.chosen)):
        council = _unranked(field, council, curve.solutions.get(len(council.chosen)))
    worst = _told(field, found["best_worst"], proven=listed, worst=True)
    return _Found(
        curve=curve, best=best, best_worst=worst, near_best=replace(near, best=best), front=front,
        council=council,
    )  # fmt: skip


def _told(field: HubField, solution: Solution, *, proven: bool, worst: bool = False) -> Solution:
    """Give a set with its own figure and minutes, and what is proven of these."""
    if not solution.chosen:
        return solution
    near = field.near(solution.chosen)
    used = near[(field.weights > 0) & np.isfinite(near)]
    value = float(used.max(initial=0.0)) if worst else _mean(field, near, solution.chosen)
    usual = solution.status == "proven_optimal"
    status = "proven_optimal" if proven else USUAL_MINUTES if usual else "feasible"
    each = np.concatenate([near[field.rows(offer)] for offer in field.offers])
    minutes = solution.minutes
    for rows in (near, each):
        if len(rows) == len(minutes):
            minutes = pd.Series(rows, minutes.index, name=minutes.name)
            break
    return replace(
        solution, objective=value, bound=value if proven else -math.inf,
        gap=0.0 if proven else math.inf, status=status, minutes=minutes, goals=(), checks=(),
    )  # fmt: skip


def _mean(field: HubField, near: Floats, chosen: Sequence[str]) -> float:
    """Give a set's mean; where some may reach no site, of those whom it serves by their offers."""
    return weighted_mean(near, field.weights) if field.whole else field.values(chosen)["mean"]


def _near(field: HubField, near: Alternatives) -> Alternatives:
    """Order near-best sets by their minutes at every time of setting out."""
    table = near.table
    if table.empty:
        return near
    lost = np.array([field.left_out(ids)["mean"] for ids in table["chosen"]])
    table = table[lost <= lost.min() + _CLOSE]  # who leaves fewer people out comes first
    means = np.array([field.values(ids)["mean"] for ids in table["chosen"]])
    least = float(means.min())
    table = table.assign(**{"mean minutes": means}, worse=(means - least) / (least or 1.0))
    table = table.sort_values("worse", kind="stable").reset_index(drop=True)
    return replace(near, table=table, complete=False)


def _front(field: HubField, front: Front) -> Front:
    """Keep the trade-offs that no other beats, minute by minute."""
    table = front.table
    if table.empty:
        return front
    values = [field.values(ids) for ids in table["chosen"]]
    table = table.assign(
        mean_minutes=[v["mean"] for v in values], worst_minutes=[v["worst"] for v in values]
    )
    columns = [c for c in ("mean_minutes", "worst_minutes", "cost") if c in table]
    marks = table[columns].to_numpy(float)
    kept = [not _beaten(mark, marks) for mark in marks]
    table = table[kept].sort_values(columns, kind="stable").reset_index(drop=True)
    return replace(front, table=table, complete=False)


def _beaten(mark: Floats, others: Floats) -> bool:
    no_worse = (others <= mark + 1e-9).all(axis=1)
    return bool((no_worse & (others < mark - 1e-9).any(axis=1)).any())


def _unranked(field: HubField, council: SetRank, best: Solution | None) -> SetRank:
    """Set the council's own beside the best of as many that was found: it has no place."""
    values = field.values(council.chosen)
    means = Figures.of(field.near(council.chosen), field.offers, {}, ()).by_offer
    found = values if best is None else field.values(best.chosen)
    return replace(
        council, mean_minutes=values["mean"], worst_minutes=values["worst"],
        by_demand={o.title: means[o.key] for o in field.offers},
        best_mean_minutes=min(found["mean"], values["mean"]),
        best_worst_minutes=min(found["worst"], values["worst"]),
        sets=0, rank_mean=None, rank_worst=None,
        missed=0.0
        if best is None
        else max(_unserved(field, council) - _unserved(field, best), 0.0),
    )  # fmt: skip


def _unserved(field: HubField, found: SetRank | Solution) -> float:
    """Give the share of all people who reach no site of a set."""
    return Figures.of(field.near(found.chosen), field.offers, {}, ()).unserved
