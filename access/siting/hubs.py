"""The Family Hub question: where hubs would best stand, and how far a council's choice is off.

Values in, values out: minutes, demand and names come from the caller; nothing is read here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import checked, text, whole
from access.errors import ParameterError
from access.siting.alternatives import (
    Alternatives,
    Curve,
    Front,
    SetRank,
    _rank_of_set,
    alternatives,
    curve,
    pareto_front,
)
from access.siting.constraints import _demand_rows
from access.siting.plans import NOBODY, USUAL_MINUTES, HubField, PlanRules, _Listing, standing
from access.siting.problem import (
    Demand,
    Goal,
    Problem,
    Rule,
    _Faults,
    _read_by_id,
    _read_count,
    _read_ids,
    _read_number,
)
from access.siting.resolve import _resolve
from access.siting.search import Progress
from access.siting.set_figures import _HOW_CHOSEN, Figures, _Found, _told_minute_by_minute
from access.siting.solution import Solution
from access.siting.solve import site
from access.text import (
    Claim,
    Said,
    about_ordinal,
    at_most,
    joined,
    level_words,
    minutes_words,
    number,
    numeral,
    sentence,
    share_figure,
)


@dataclass(frozen=True, eq=False)
class HubSearch:
    """Everything found about where hubs would best stand.

    Parameters
    ----------
    curve : Curve
        The best hubs for each number of them.
    best : Solution
        The best hubs, as many as the council's (or as asked).
    best_worst : Solution
        The hubs that are best for the worst-off area, as many.
    near_best : Alternatives
        The best sets within a share of the best.
    front : Front
        Every trade-off between mean and worst (and cost where given).
    kinds : dict of str to str
        What stands at each site today.
    assumptions : tuple of str
        What must be said beside any of these numbers.
    whole : bool
        Whether everybody can reach every site that may be chosen.
    """

    curve: Curve
    best: Solution
    best_worst: Solution
    near_best: Alternatives
    front: Front
    council: SetRank | None
    names: Mapping[str, str]
    kinds: Mapping[str, str]
    shares: Mapping[str, float]
    assumptions: tuple[str, ...] = ()
    whole: bool = True

    def curve_frame(self) -> pd.DataFrame:
        """Give the curve with names, one row a number of hubs."""
        table = self.curve.to_frame().rename(columns={"objective": "mean_minutes"})
        table["names"] = [self.named(chosen) for chosen in table["chosen"]]
        table["elbow"] = [p == self.curve.elbow for p in table.index]
        return table.drop(columns="mean minutes", errors="ignore")

    def alternatives_frame(self) -> pd.DataFrame:
        """Give the near-best sets with names, one row a set."""
        table = self.near_best.table.rename(columns={"mean minutes": "mean_minutes"})
        return table.assign(names=[self.named(chosen) for chosen in table["chosen"]])

    def front_frame(self) -> pd.DataFrame:
        """Give the trade-offs with names, one row a set."""
        table = self.front.table
        return table.assign(names=[self.named(chosen) for chosen in table["chosen"]])

    def named(self, chosen: Iterable[str]) -> str:
        """Name sites in one line."""
        return "; ".join(self.names.get(i, i) for i in chosen)

    @property
    def words(self) -> Said:
        """What was found, as a planner would say it, with what it claims as data."""
        lines = [self._best_words(), self._unserved_words(), self._near_words()]
        if self.council is not None:
            lines.append(self._council_words(self.council))
        lines.append(bend_words(self.curve))
        return joined(lines, "\n")

    def _unserved_words(self) -> Said:
        """Say how many areas none of the best hubs can be reached from."""
        best = self.best
        if not best.unserved:
            return Said("")
        share = best.unserved_weight / best.demand
        claims = [Claim("hub_unserved_areas", "is", (float(len(best.unserved)),)),
                  Claim("hub_unserved", "is", (share,))]  # fmt: skip
        are = "is" if len(best.unserved) == 1 else "are"
        return Said(
            f"{number(len(best.unserved), 'area').capitalize()} with {share_figure(share, 1)} of "
            f"the demand cannot reach any of them, and {are} in no average.",
            claims,
        )

    def _near_words(self) -> Said:
        """Say how many other sets that were found are close to the best, and how close."""
        table = self.near_best.table
        others, level = len(table) - 1, self.near_best.ties - 1
        if others < 1:
            return Said("")
        share = float(table["worse"].max())
        least, relation = ("at least ", "least") if self.near_best.full else ("", "is")
        tied = relation if level == others else "is"
        claims = [Claim("hub_listed_worse", "largest", (share,)),
                  Claim("hub_listed", relation, (float(others),)),
                  Claim("hub_level", tied, (float(level),))]  # fmt: skip
        how = "exactly as good" if share <= 0 else f"within {at_most(share)} of it"
        as_good = f", {level} of them exactly as good" if level > 0 and share > 0 else ""
        verb = "is" if others == 1 else "are"
        text = f"it is not alone: {least}{number(others, 'other set')} {verb} {how}{as_good}"
        return Said(sentence(text), claims)

    def _best_words(self) -> Said:
        best, n = self.best, len(self.best.chosen)
        if best.status == "infeasible":
            return Said(best.words)
        proven = best.status == "proven_optimal"
        sure = "proven: no other set has a lower mean"
        if not self.whole:
            sure = "proven: no set that leaves as few people out has a lower mean"
        if best.status == USUAL_MINUTES:
            sure = "proven for each place's own usual minutes, not minute by minute"
        elif not proven:
            sure = "not proven"
            if np.isfinite(best.bound):
                sure += f": another set may come down to {best.bound:.2f}, and none below"
        near = self.near_best
        some = near.full and near.ties == len(near.table)
        level = level_words(near.ties - 1, or_more=some) if proven else ""
        how = "best" if proven else "is"
        claims = [Claim("hub_best_size", "is", (float(n),)),
                  Claim("hub_best_mean", how, (best.objective,))]  # fmt: skip
        hubs = "hub" if n == 1 else f"{n} hubs"
        hubs += "" if proven else " found"
        hubs += " for joint demand" if len(self.shares) > 1 else ""
        hubs += " is" if n == 1 else " are"
        return Said(
            f"The best {hubs} {self.named(best.chosen)}: a mean of {best.objective:.2f} minutes "
            f"({sure}{level}).",
            claims,
        )

    def _council_words(self, council: SetRank) -> Said:
        missed, n = council.missed > NOBODY, len(council.chosen)
        claims = [Claim("hub_council_mean", "is", (council.mean_minutes,)),
                  Claim("hub_council_worst", "is", (council.worst_minutes,))]  # fmt: skip
        text = (
            f"The council's {n} ({self.named(council.chosen)}) have a mean of "
            f"{council.mean_minutes:.2f} minutes"
        )
        if missed:
            claims.append(Claim("hub_council_missed", "is", (council.missed,)))
            text += (
                f" for those who reach one; {share_figure(council.missed, 1)} more of the demand "
                f"than with the best {n} reaches none"
            )
        else:
            claims.append(Claim("hub_council_more", "is", (council.mean_excess_minutes,)))
            claims.append(Claim("hub_least_worst", "is", (council.best_worst_minutes,)))
            text += f", {council.mean_excess_minutes:.2f} more than the best {n}"
        if council.rank_mean is not None and council.rank_worst is not None and council.sets > 1:
            claims += [
                Claim("hub_sets", "is", (float(council.sets),)),
                Claim("hub_rank:mean", "is", (float(council.rank_mean),)),
                Claim("hub_rank:worst", "is", (float(council.rank_worst),)),
            ]
            text += (
                f": {about_ordinal(council.rank_mean, council.sets)} of {council.sets:,} sets by "
                f"the mean and {about_ordinal(council.rank_worst, council.sets)} by the worst-off "
                "area"
                f"{'' if self.whole else ', those that leave fewest out first'}"
            )
        against = f" against {council.best_worst_minutes:.1f} at best"
        text += f" ({council.worst_minutes:.1f} minutes{'' if missed else against})."
        if council.within_rules:
            return Said(text, claims)
        claims.append(Claim("council_keeps_rules", "none", (0.0,)))
        return Said(f"{text} It does not keep the rules asked for: compared without them.", claims)


def _bend_of(curve: Curve) -> tuple[int, int, float, float] | None:
    """Give where more hubs begin to save less, the most asked for, and what each saves to each."""
    at = curve.elbow
    means = {p: float(h.objective) for p, h in sorted(curve.solutions.items())}
    if at is None or not all(np.isfinite(m) for m in means.values()):
        return None
    first, last = min(means), max(means)
    if not first < at < last:
        return None
    early = (means[first] - means[at]) / (at - first)
    late = (means[at] - means[last]) / (last - at)
    return (at, last, early, late) if late < early else None


def bend_words(curve: Curve) -> Said:
    """Say where more hubs begin to save less, and what each saves; empty where not proven."""
    bend = _bend_of(curve)
    proven = {s.status for s in curve.solutions.values()} == {"proven_optimal"}
    if bend is None or not proven:
        return Said("")
    at, last, early, late = bend
    claims = [Claim("hub_saves:early", "is", (early,)), Claim("hub_saves:late", "is", (late,)),
              Claim("hub_saves", "less", (late, early))]  # fmt: skip
    text = (
        f"up to {number(at, 'hub')} each further one saves {minutes_words(early)} on average; "
        f"beyond, up to {numeral(last)}, {minutes_words(late)}"
    )
    return Said(sentence(text), claims)


def hub_search(
    demands: Sequence[Demand],
    *,
    most: int = 12,
    size: int | None = None,
    council: Iterable[str] = (),
    rules: Sequence[Rule] = (),
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    site_costs: Any = None,
    near_best: int = 10,
    within: float = 0.02,
    names: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    assumptions: Sequence[str] = (),
    time_limit_s: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    field: HubField | None = None,
    brief: bool = False,
) -> HubSearch:
    """Find the best hubs for joint demand, how choices trade off, and where a choice stands.

    `field` holds the same minutes and demand: where its sets can be listed, each is measured in
    place of a search; where its minutes change with the time of day, every figure is told by
    them. A brief search looks at no other number of hubs.
    """
    base = Problem(
        tuple(demands), p=1, goals=Goal.mean(), locked_open=tuple(locked_open),
        locked_closed=tuple(locked_closed), site_costs=site_costs, rules=tuple(rules),
    )  # fmt: skip
    opened, ids, size, most = _sizes(base, council, most, size, near_best, within)
    search: dict[str, Any] = {"time_limit_s": time_limit_s, "progress": progress}
    numbers = [size] if brief else range(max(1, opened), most + 1)
    bends = curve(_joined(replace(base, p=max(1, opened))), numbers, **search)
    bends = Curve(
        {p: s for p, s in bends.solutions.items() if s.status != "infeasible"}, bends.elbow
    )
    asked = replace(base, p=size)
    best = bends.solutions.get(size) or site(asked, **search)
    if best.status == "infeasible":
        raise ParameterError(f"no {size} hubs keep the rules. {site(asked).explanation}")
    goals = (Goal.worst(), Goal.mean())
    every = _every(asked, field)
    if every is not None and best.status != "proven_optimal":
        best = site(replace(asked, locked_open=every.least("mean")))  # measured: the least of all
        bends.solutions[size] = best
    if every is not None and site_costs is None:
        worst = site(replace(asked, goals=goals, locked_open=every.least("worst", "mean")))
        near, front = every.near_best(best, near_best, within), every.front()
    else:
        worst = site(replace(asked, goals=goals), **search)
        near = alternatives(asked, near_best, within=within, **search)
        front = pareto_front(asked, with_cost=site_costs is not None, **search)
    found = _Found(
        curve=bends, best=best, best_worst=worst, near_best=near, front=front,
        council=_standing_of(asked, ids, every),
    )  # fmt: skip
    told, resolved = tuple(assumptions), _resolve(asked)
    whole = all(
        bool(np.isfinite(s.minutes[s.weights > 0][:, resolved.may]).all())
        for s in resolved.services
    )
    if field is not None and field.each:

        def least(p: int) -> tuple[str, ...] | None:
            listed = every if p == size else _every(replace(asked, p=p), field)
            return None if listed is None else listed.least("mean")

        def solved(ids: tuple[str, ...]) -> Solution:
            return site(replace(asked, p=len(ids), locked_open=ids))

        listed = every is not None and site_costs is None
        found = _told_minute_by_minute(found, field, least, solved, listed=listed)
        told = (*told, _HOW_CHOSEN)
    return HubSearch(
        **found,
        names=dict(names or {}),
        kinds=dict(kinds or {}),
        shares={d.name: s.share for d, s in zip(demands, resolved.services, strict=True)},
        assumptions=told,
        whole=whole,
    )


def _joined(base: Problem) -> Problem:
    """Put demands over the same minutes, which everybody can reach, into one: the same question."""
    resolved = _resolve(base)
    rows = _demand_rows(resolved)
    first = resolved.services[0]
    if len(rows.mean) != len(first.area_ids) or not np.isfinite(rows.minutes).all():
        return base
    if resolved.reaches or resolved.serve_all or len(resolved.services) < 2:
        return base
    costs = pd.DataFrame(rows.minutes, index=first.area_ids, columns=resolved.site_ids)
    return replace(base, demands=(Demand(costs, rows.mean, 1.0, "joint"),))


@dataclass(frozen=True, eq=False)
class _Every:
    """Every set of so many hubs that keeps the rules, measured."""

    field: HubField
    listing: _Listing
    kept: np.ndarray
    rules: PlanRules

    def ids(self, number: int) -> tuple[str, ...]:
        """Name the sites of a set."""
        return tuple(self.field.site_ids[int(c)] for c in self.listing.sets[number])

    def least(self, *criteria: str) -> tuple[str, ...]:
        """Give the best set by criteria in order."""
        keys = [np.round(self.listing.by[c][self.kept], 7) for c in criteria]
        return self.ids(int(self.kept[np.lexsort((self.kept, *keys[::-1]))[0]]))

    def near_best(self, best: Solution, count: int, within: float) -> Alternatives:
        """List the best sets by the mean."""
        mean = self.listing.by["mean"][self.kept]
        near = self.kept[np.lexsort((self.kept, np.round(mean, 7)))[:count]]
        values = np.array([self.field.values(self.ids(k))["mean"] for k in near])
        least = float(values.min())
        worse = (values - least) / (abs(least) if least else 1.0)
        rows = pd.DataFrame(
            {"chosen": [self.ids(k) for k in near], "mean minutes": values, "worse": worse}
        )[worse <= within + 1e-9].reset_index(drop=True)
        return Alternatives(rows, True, best, len(rows) >= count)

    def front(self) -> Front:
        """List the sets that no other beats on both the mean and the worst-off area."""
        inside = np.zeros(len(self.listing.sets), bool)
        inside[self.kept] = True
        sets = [self.ids(k) for k in self.listing.front(inside)]
        values = [self.field.values(ids) for ids in sets]
        return Front(
            pd.DataFrame(
                {
                    "chosen": sets,
                    "mean_minutes": [v["mean"] for v in values],
                    "worst_minutes": [v["worst"] for v in values],
                }
            ),
            True,
        )


def _every(asked: Problem, field: HubField | None) -> _Every | None:
    """List every set where that can be done and says all that is asked."""
    if field is None or asked.p is None or not np.isfinite(field.minutes).all():
        return None
    resolved = _resolve(asked)
    listing = field.listing(asked.p)
    if listing is None or resolved.reaches or resolved.capacities or resolved.serve_all:
        return None
    rules = PlanRules(
        tuple(asked.rules), tuple(asked.locked_open), tuple(asked.locked_closed),
        costs=asked.site_costs,
    )  # fmt: skip
    return _Every(field, listing, np.flatnonzero(field.kept_sets(listing, rules)), rules)


def _standing_of(asked: Problem, ids: tuple[str, ...], every: _Every | None) -> SetRank | None:
    """Rank the council's own among all sets of as many."""
    if not ids:
        return None
    if every is not None and len(ids) == asked.p:
        found = _listed_rank(every.field, ids, every.rules)
        return found if found.within_rules else _unruled(_listed_rank(every.field, ids))
    ranked = _rank_of_set(asked, ids)
    if ranked.within_rules:
        return ranked
    # Among sets that keep rules it does not keep, it has no rank; among all it has.
    return _unruled(_rank_of_set(replace(asked, rules=(), locked_open=(), locked_closed=()), ids))


def _unruled(rank: SetRank) -> SetRank:
    return replace(rank, within_rules=False)


def _listed_rank(
    field: HubField,
    ids: tuple[str, ...],
    rules: PlanRules = PlanRules(),  # noqa: B008 - frozen
) -> SetRank:
    found, own = standing(field, ids, rules), field.values(ids)
    if found is None:
        raise ParameterError("the sets are too many to list")
    means = Figures.of(field.near(ids), field.offers, {}, ()).by_offer
    return SetRank(
        ids, own["mean"], own["worst"], {o.title: means[o.key] for o in field.offers},
        found.best["mean"], found.best["worst"], found.sets, found.rank["mean"],
        found.rank["worst"], found.within_rules,
    )  # fmt: skip


def _sizes(
    base: Problem,
    council: Iterable[str],
    most: int,
    size: int | None,
    near_best: int,
    within: float,
) -> tuple[int, tuple[str, ...], int, int]:
    """Check what is asked, all at once, against the sites there are."""
    faults = _Faults("hub_search")
    opened = len(tuple(base.locked_open))
    resolved = _resolve(replace(base, p=None, fewest=None, most=None), "hub_search")
    sites = int(resolved.may.sum())
    ids = _read_ids(council, resolved.site_ids, faults, "council")
    most = _read_count(most, max(1, opened), 10_000, faults, "most")
    wanted = size if size is not None else max(opened, len(ids) or min(3, sites))
    wanted = _read_count(wanted, max(1, opened), sites, faults, "size")
    _read_count(near_best, 1, 10_000, faults, "near_best")
    _read_number(within, faults, "within")
    faults.stop()
    return opened, ids, wanted, min(most, sites)


_Snap = Callable[[np.ndarray], Any]
_FARTHEST_M = 1e8  # twice around the Earth: no CRS in metres reaches it


def _moved(snap: _Snap, centres: np.ndarray, faults: _Faults) -> np.ndarray:
    """Move the centres to where a site can stand, or stop where `snap` gives no such points."""
    try:
        moved = np.asarray(snap(centres), dtype=float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"snap cannot move the points: {error}") from error
    if moved.shape != centres.shape or not np.isfinite(moved).all():
        faults.add("snap", f"shape {moved.shape}", f"finite metres of shape {centres.shape}")
        faults.stop()
    return moved


@checked(seed=whole(0, 2**32 - 1), prefix=text)
def greenfield(
    points: Any,
    count: int,
    *,
    weights: Any = None,
    snap: _Snap | None = None,
    prefix: str = "GF",
    seed: int = 0,
) -> pd.DataFrame:
    """Propose candidate sites at the centres of demand (weighted k-means).

    Parameters
    ----------
    points : DataFrame or array_like, shape (areas, 2)
        Easting and northing of the areas in metres of one CRS (never degrees: a degree of
        longitude is shorter than one of latitude).
    count : int
        How many candidates.
    weights : Series, mapping, array_like or None
        Demand of each area; 1 each when None. By id where `points` is a DataFrame.
    snap : callable, optional
        Moves points to where a site can stand: takes and returns an array of shape (n, 2), for
        example the nearest point on the walking network.
    prefix : str
        Ids are the prefix and a number: ``GF01``, ``GF02``, ... from west to east.
    seed : int
        Of the k-means starts.

    Returns
    -------
    DataFrame
        ``id``, ``x``, ``y`` in metres, ``weight`` (demand nearest to it before snapping) and
        ``moved_m`` (how far snapping moved it).

    Raises
    ------
    ParameterError
        Naming every fault of the inputs.

    Source: Lloyd's algorithm with k-means++ starts, as in scikit-learn.

    Examples
    --------
    >>> greenfield([[0, 0], [0, 2], [100, 0], [100, 2]], 2)[["id", "x", "y"]].values.tolist()
    [['GF01', 0.0, 1.0], ['GF02', 100.0, 1.0]]
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    faults = _Faults("greenfield")
    if snap is not None and not callable(snap):
        faults.add("snap", type(snap).__name__, "a function that moves points")
    ids = points.index if isinstance(points, pd.DataFrame) else None
    try:
        if np.iscomplexobj(points):
            raise TypeError
        xy = np.asarray(points, dtype=float)
    except (TypeError, ValueError, OverflowError):
        xy = np.zeros((0, 2))
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy):
        faults.add("points", f"shape {xy.shape}", "easting and northing of at least one area")
        faults.stop()
    if not (np.abs(xy) <= _FARTHEST_M).all():
        faults.add("points", "nan, inf or too far", f"finite metres within {_FARTHEST_M:,.0f}")
        faults.stop()
    if np.abs(xy).max() <= 180:
        spread = float(np.ptp(xy, axis=0).max())
        if 0 < spread < 20:
            faults.add("points", f"all within {spread:g}", "metres, not degrees")
    names = [str(i) for i in (range(len(xy)) if ids is None else ids)]
    demand = _read_by_id(weights, names, faults, "weights")
    used = np.flatnonzero(demand > 0)
    different = len(np.unique(xy[used], axis=0)) if len(used) else 0
    count = _read_count(count, 1, max(different, 1), faults, "count (different places with demand)")
    faults.stop()
    means = KMeans(n_clusters=count, n_init=10, random_state=seed)
    # One thread: sums in one order give the same centres on every machine.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # places almost at one point
        label = means.fit_predict(xy[used], sample_weight=demand[used])
    centres = np.round(means.cluster_centers_, 2)
    if not np.isfinite(centres).all():
        faults.add("weights", "too large or too small to take a mean", "people, or shares of them")
        faults.stop()
    heavy = np.bincount(label, demand[used], count)
    order = np.lexsort((centres[:, 1], centres[:, 0]))
    centres, heavy = centres[order], heavy[order]
    moved = centres if snap is None else _moved(snap, centres, faults)
    width = max(2, len(str(count)))
    return pd.DataFrame(
        {
            "id": [f"{prefix}{k + 1:0{width}d}" for k in range(count)],
            "x": moved[:, 0],
            "y": moved[:, 1],
            "weight": heavy,
            "moved_m": np.hypot(*(moved - centres).T),
        }
    )
