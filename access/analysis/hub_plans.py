"""Plans of Family Hubs side by side: the council's own, and the best under each rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from access.analysis.results import HubPlan, HubPlans, StudyResults
from access.errors import ParameterError
from access.network.modelled import modelled_error
from access.scenario.criteria import fifths
from access.siting.candidates import apart, at_most_of, in_group
from access.siting.plans import (
    Chance,
    Choice,
    HubField,
    Offer,
    PlanRules,
    beside_stays,
    choose,
    delivery_field,
    draw_sets,
    figures_of,
    held,
    own_weights,
    standing,
    with_room,
)
from access.siting.problem import AtLeast, Budget, Rule
from access.study import Study
from access.text import listed, number, pounds
from access.units import metric_crs, project

_CELL_M = 2000.0
_DECLARED_ERROR = 0.05
"""Real streets: a trip is off by this share on average, a declared assumption."""
_SEED = 2018
_TO_SD = np.sqrt(np.pi / 2)
"""Standard deviation of a normal error by its mean size."""
_DRAWN_RIVALS = 4
_LIMITED = ("kept", "room", "budget")
"""Plans among some sites only: they hold beside their own near-best."""
DEPRIVED = "most deprived fifth"


@dataclass(frozen=True, eq=False)
class _OfferAsked:
    """An offer as the study asks for it."""

    key: str
    title: str
    ages: str
    share: float
    columns: tuple[str, ...]
    service: str | None


def offers_of(study: Study) -> tuple[_OfferAsked, ...]:
    """List a study's offers, shares together 1; each service is one where none are given."""
    hubs = study.config.hubs
    if hubs.offers:
        found = [
            _OfferAsked(key, o.title, o.ages, o.share, o.columns, o.service)
            for key, o in hubs.offers.items()
        ]
    else:
        found = [
            _OfferAsked(key, s.title, s.age_band or "",
                       hubs.shares.get(key, 0.0) if hubs.shares else 1.0, (s.demand,), key)
            for key, s in study.config.services.items()
        ]  # fmt: skip
    whole = sum(offer.share for offer in found)
    return tuple(replace(offer, share=offer.share / whole) for offer in found)


def people_of(study: Study, offer: _OfferAsked) -> pd.Series:
    """Count who an offer is for, by area."""
    areas = pd.DataFrame(study.areas.drop(columns="geometry")).set_index("id")
    return areas[list(offer.columns)].astype(float).sum(axis=1)


def _kept_sites(study: Study, service: str) -> tuple[list[str], list[str], str]:
    """Give a service's centres of today, those after its first proposal, and its title."""
    today = sorted(map(str, study.centres_of(service)["id"]))
    first = next((p for p in study.config.proposals.values() if p.service == service), None)
    if first is None:
        return today, today, ""
    kept = [i for i in today if i not in set(first.closes)]
    return today, [*kept, *first.opens], first.title


def _nearest(results: StudyResults, mode: str, sites: Sequence[str]) -> np.ndarray | None:
    matrix = results.matrices[mode]
    known = [i for i in sites if i in set(matrix.site_ids)]
    if not known:
        return None
    areas = results.study.areas["id"].tolist()
    nearest: np.ndarray = matrix.areas(areas).sites(known).total_minutes.min(axis=1)
    return nearest


def _offers(results: StudyResults, mode: str) -> tuple[tuple[Offer, ...], tuple[str, ...]]:
    """Measure each offer's people and its centres of today, and name the proposals meant."""
    study, made, titles = results.study, [], []
    for asked in offers_of(study):
        today = kept = None
        if asked.service is not None:
            open_now, stay, title = _kept_sites(study, asked.service)
            today, kept = _nearest(results, mode, open_now), _nearest(results, mode, stay)
            titles += [title] if title else []
        people = people_of(study, asked).to_numpy(float)
        if people.any():
            made.append(Offer(asked.key, asked.title, asked.ages, asked.share, people, today, kept))
    whole = sum(offer.share for offer in made)
    if not whole:
        raise ParameterError("nobody is counted for any offer of the hubs; expected people")
    return tuple(replace(o, share=o.share / whole) for o in made), tuple(dict.fromkeys(titles))


class _PlanMaker:
    """Makes the plans of one study, one after the other."""

    def __init__(
        self, results: StudyResults, candidates: pd.DataFrame, minutes: pd.DataFrame, mode: str
    ) -> None:
        self.results, self.study, self.mode = results, results.study, mode
        self.candidates = candidates.set_index("id")
        self.kinds = self._kinds()
        self.hubs = self.study.config.hubs
        self.offers, self.closures = _offers(results, mode)
        areas = pd.DataFrame(self.study.areas.drop(columns="geometry"))
        self.areas = areas
        fifth = fifths(areas, self.study.config.weights.national_areas)
        poor = None if fifth is None else fifth == 1
        spots = candidates[["lon", "lat"]].round(6).itertuples(index=False, name=None)
        self.field = HubField(
            tuple(candidates["id"]), minutes.loc[areas["id"]].to_numpy(float), self.offers,
            poor, tuple(spots),
        )  # fmt: skip
        self.groups = self._groups(areas, poor)
        self.foot, self.without_car = self._foot(minutes)
        self.notes: list[str] = [
            f"{listed(lost)}, named in hubs.{name}, cannot be chosen here: closed by a proposal, "
            "or not among these sites."
            for name in ("must", "never")
            if (lost := sorted(set(getattr(self.hubs, name)) - set(candidates["id"])))
        ]
        self.plans: list[HubPlan] = []
        self.search: dict[str, Any] = {}
        self._note_localities()

    def _note_localities(self) -> None:
        """Say where no site can be chosen, so that the locality rule asks for none there."""
        centres = self.study.centres
        if not self.hubs.per_locality or "locality" not in centres:
            return
        here = set(self.candidates["locality"].fillna("").astype(str))
        named = self.study.config.localities.names or sorted(
            set(centres["locality"].fillna("").astype(str)) - {""}
        )
        if lost := [name for name in named if name not in here]:
            self.notes.append(
                f"No site to choose from is in {listed(lost)}: the locality rule asks for none "
                "there."
            )

    def _kinds(self) -> dict[str, str]:
        """Say what stands at each site: as the candidates' table has it, or a centre."""
        kinds = {str(i): str(kind) for i, kind in self.candidates["kind"].items()}
        places = self.study.candidates
        if "kind" in places:
            own = dict(zip(places["id"], places["kind"].fillna("").astype(str), strict=True))
            kinds |= {i: kind for i, kind in own.items() if i in kinds}
        return kinds

    def _groups(self, areas: pd.DataFrame, poor: np.ndarray | None) -> dict[str, np.ndarray]:
        groups = {} if poor is None else {DEPRIVED: poor}
        if "locality" in areas:
            for name in sorted(set(areas["locality"].dropna().astype(str)) - {""}):
                groups[name] = (areas["locality"] == name).to_numpy()
        weighed = {name: own_weights(self.offers, inside) for name, inside in groups.items()}
        return {name: weights for name, weights in weighed.items() if weights is not None}

    def _foot(self, minutes: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Give what families without a car have: the bus where it is measured, or their feet."""
        have = [m for m in ("walk", "bus") if m in self.results.matrices]
        tables = []
        for mode in have:
            table = self.results.matrices[mode].to_frame()
            if set(minutes.columns) <= set(table.columns):
                tables.append(table.loc[minutes.index, minutes.columns].to_numpy(float))
        if not tables:
            return minutes, self.mode
        best = np.minimum.reduce(tables)
        return pd.DataFrame(best, minutes.index, minutes.columns), have[len(tables) - 1]

    def weighted_field(self, per_family: np.ndarray) -> HubField:
        """Put the same question with families counted by deprivation."""
        offers = tuple(replace(o, people=o.people * per_family) for o in self.offers)
        return replace(self.field, offers=offers, deprived=None)

    @property
    def car_known(self) -> bool:
        """Whether the study says who has no car."""
        return "p_no_car" in self.areas and bool(self.areas["p_no_car"].notna().all())

    def base(self) -> PlanRules:
        """Give the board's wishes, which every plan keeps."""
        known = set(self.field.site_ids)
        return PlanRules(
            rules=(
                *at_most_of(self.kinds, self.hubs.at_most),
                *apart(list(self.field.site_ids), self.candidates["lon"].tolist(),
                       self.candidates["lat"].tolist(), self.hubs.apart_m),
            ),
            must=tuple(i for i in self.hubs.must if i in known),
            never=tuple(i for i in self.hubs.never if i in known),
        )  # fmt: skip

    def locality_rules(self) -> tuple[AtLeast, ...]:
        """Ask for hubs in every locality of the sites to choose from; none where there is one."""
        least = self.hubs.per_locality
        where = self.candidates["locality"].fillna("").astype(str)
        named = self.study.config.localities.names
        names = [n for n in sorted(set(where) - {""}) if not named or n in named]
        if not least or len(names) < 2:
            return ()
        return tuple(AtLeast(tuple(where.index[where == n]), least, n) for n in names)

    def under(self, rules: PlanRules, size: int) -> tuple[PlanRules, bool]:
        """Add the locality rule where so many hubs among these sites can keep it."""
        open_sites = set(self.field.site_ids) - set(rules.closed(self.field.site_ids))
        asked = self.locality_rules()
        can = all(len(open_sites & set(r.sites)) >= r.count for r in asked)
        if not asked or not can or sum(r.count for r in asked) > size:
            return rules, False
        return replace(rules, rules=(*rules.rules, *asked)), True

    def add(
        self, key: str, title: str, chosen: Sequence[str], by: str = "given",
        choice: Choice | None = None, rule: bool = False,
    ) -> None:  # fmt: skip
        """Measure a plan and keep it."""
        columns = self.field.columns(chosen)
        near = self.field.minutes[:, columns].min(axis=1)
        foot = self.foot.to_numpy(float)[:, columns].min(axis=1)
        people = self.offers
        if self.car_known:
            share = self.areas["p_no_car"].to_numpy(float)
            people = tuple(replace(o, people=o.people * share) for o in self.offers)
        base, reach = self.base(), self.hubs.reach_minutes
        ruled, asked = self.under(base, len(chosen))
        self.plans.append(
            HubPlan(
                key, title, tuple(chosen), by, rule, choice,
                figures_of(near, self.offers, self.groups, reach),
                figures_of(foot, people, {}, reach),
                beside_stays(self.offers, near),
                standing(self.field, chosen, ruled) if asked else None,
                standing(self.field, chosen, base),
            )
        )  # fmt: skip

    def best(
        self, key: str, title: str, size: int, *, by: str = "mean", ruled: bool = True,
        rules: PlanRules | None = None, asked: HubField | None = None, within: float = 0.02,
    ) -> None:  # fmt: skip
        """Find a best plan and keep it; say so where no set keeps the rules."""
        base = self.base() if rules is None else rules
        kept, rule = self.under(base, size) if ruled else (base, False)
        choice = choose(asked or self.field, size, by, kept, within=within, **self.search)
        if not choice.chosen:
            why = f"no {size} sites keep the rules"
            if choice.status != "infeasible":
                why = "the search was ended before it found any"
            self.notes.append(f"{title}: not made, for {why}.")
            return
        self.add(key, title, choice.chosen, "stays" if asked else by, choice, rule)


def _hub_plans(
    maker: _PlanMaker,
    *,
    size: int,
    council: Sequence[str] = (),
    typed: Sequence[Sequence[str]] = (),
    draws: int = 1000,
    within: float = 0.02,
    search: Mapping[str, Any] | None = None,
) -> HubPlans:
    """Make every plan of a study side by side.

    Parameters
    ----------
    maker : PlanMaker
    size : int
        Hubs of most plans.
    council : sequence of str
        The council's own, if all of them can be chosen.
    typed : sequence of sequence of str
        Further plans to measure, as ids.
    draws : int
    within : float
    search : mapping, optional
        ``time_limit_s`` and ``progress`` of each search, where sets are too many to list.
    """
    maker.search = dict(search or {})
    candidates, mode = maker.candidates, maker.mode
    n = number(size, "hub")
    own: Any = {"within": within}
    if council:
        maker.add("council", "The council's own", council)
    asked = maker.locality_rules()
    ruled = bool(asked) and maker.under(maker.base(), size)[1]
    if ruled:
        maker.best("locality", f"Best {n}, one or more in each locality", size, **own)
    maker.best("freely", f"Best {n} anywhere", size, ruled=False, **own)
    _among(maker, size, n, own)
    if maker.field.deprived_weights is not None:
        title = f"Best {n} for the {DEPRIVED}"
        maker.best("deprived", title, size, by="deprived", **own)
    maker.best("worst", f"Best {n} for those furthest away", size, by="worst", **own)
    if maker.field.listing(size) is not None:
        maker.best("compromise", f"Best {n} on all of these at once", size, by="compromise", **own)
    else:
        maker.notes.append("A compromise is not looked for: there are too many sets to list.")
    beside = delivery_field(maker.field)
    if beside is not None:
        maker.best("stays", f"Best {n} beside the centres that stay", size, asked=beside, **own)
    for more in [s for s in maker.hubs.sizes if s != size and s <= len(candidates)]:
        also = ", one or more in each locality" if maker.under(maker.base(), more)[1] else ""
        maker.best(f"size_{more}", f"Best {number(more, 'hub')}{also}", more, **own)
    _room_and_cost(maker, size, n)
    for k, ids in enumerate(typed, 1):
        maker.add(f"asked_{k}", f"Plan asked for{'' if len(typed) == 1 else f', {k}'}", ids)
    found = _drawn(maker, draws, within)
    rows = {p.figures.worst_area for p in found} - {None}
    return HubPlans(
        plans=found, offers=maker.offers, mode=mode, without_car=maker.without_car,
        car_known=maker.car_known,
        rule=_rule_words(asked, maker.hubs.per_locality) if ruled else "",
        localities=tuple(r.name for r in asked) if ruled else (),
        closures=maker.closures, draws=draws, drawn=_drawn_words(maker), within=within,
        notes=tuple(maker.notes),
        worst_words={k: _area_words(maker.study, k) for k in sorted(filter(_is_row, rows))},
    )  # fmt: skip


def _rule_words(asked: Sequence[AtLeast], least: int) -> str:
    return f"at least {number(least, 'hub')} in each of {listed([r.name for r in asked])}"


def _is_row(row: int | None) -> TypeGuard[int]:
    return row is not None


def _among(maker: _PlanMaker, size: int, n: str, own: Mapping[str, Any]) -> None:
    """Make the plans among some sites only: the centres that stay, and those the study names."""
    kinds = maker.kinds
    groups = {"the centres that stay": in_group(kinds, ["centre"])}
    places = maker.study.candidates
    owners: dict[str, str] = {}
    if "owner" in places:
        owners = dict(zip(places["id"], places["owner"].fillna("").astype(str), strict=True))
    for label, wanted in maker.hubs.among.items():
        inside = {*in_group(kinds, wanted), *in_group(owners, wanted)}
        groups[label] = tuple(i for i in maker.field.site_ids if i in inside)
    for k, (label, ids) in enumerate(groups.items()):
        if len(ids) < size or len(ids) == len(maker.field.site_ids):
            continue
        key = "kept" if not k else f"among_{k}"
        maker.best(
            key, f"Best {n} among {label}", size, rules=replace(maker.base(), among=ids), **own
        )


def _room_and_cost(maker: _PlanMaker, size: int, n: str) -> None:
    """Choose with room and costs where the register knows them; say once where it does not."""
    room, costs = (_register(maker, c) for c in ("capacity", "annual_cost_gbp"))
    if room:
        rules = replace(maker.base(), among=tuple(room))
        kept, rule = maker.under(rules, size)
        choice = with_room(maker.field, size, room, kept, **maker.search)
        if choice.chosen:
            maker.add(
                "room", f"Best {n} with room for everybody", choice.chosen, "mean", choice, rule
            )
        else:
            maker.notes.append(f"No {n} of known room hold everybody whom an offer is for.")
        _partly(maker, room, "room")
    budget = maker.hubs.budget_gbp
    if costs and budget is not None:
        within: tuple[Rule, ...] = (*maker.base().rules, Budget(budget))
        every = {i: costs.get(i, 0.0) for i in maker.field.site_ids}
        rules = replace(maker.base(), rules=within, among=tuple(costs), costs=every)
        maker.best("budget", f"Best {n} within {pounds(budget)} a year", size, rules=rules)
        _partly(maker, costs, "cost")
    lacking = [w for w, known in (("room", room), ("running cost", costs)) if not known]
    if lacking:
        maker.notes.append(
            f"The {listed(lacking)} of the sites {'is' if len(lacking) == 1 else 'are'} not known, "
            "so no plan is limited by it: with capacity and annual_cost_gbp in the register the "
            "same question is answered within them."
        )
    elif budget is None:
        maker.notes.append(
            "Running costs are known; without hubs.budget_gbp no plan is limited by them."
        )


def _partly(maker: _PlanMaker, known: Mapping[str, float], what: str) -> None:
    if len(known) < len(maker.field.site_ids):
        maker.notes.append(
            f"The {what} of {len(known)} of {len(maker.field.site_ids)} sites is known: only these "
            f"are chosen from where {what} counts."
        )


def _register(maker: _PlanMaker, column: str) -> dict[str, float]:
    """Give what the register knows of the sites to choose from."""
    found: dict[str, float] = {}
    for table in (maker.study.centres, maker.study.candidates):
        if column in table:
            values = pd.to_numeric(table[column], errors="coerce")
            found |= {
                str(i): float(v) for i, v in zip(table["id"], values, strict=True) if np.isfinite(v)
            }
    return {i: found[i] for i in maker.field.site_ids if i in found}


def _drawn(maker: _PlanMaker, draws: int, within: float) -> tuple[HubPlan, ...]:
    """Say of every plan how it holds: each beside those of as many hubs."""
    plans = maker.plans
    sets: dict[frozenset[str], tuple[str, ...]] = {}
    for plan in plans:
        near = plan.choice.near[:_DRAWN_RIVALS] if plan.choice is not None else ()
        for some in (plan.chosen, *(near if plan.by != "stays" else ())):
            sets.setdefault(frozenset(some), some)
    if not sets or not draws:
        return tuple(plans)
    xy = project(
        maker.areas["lon"], maker.areas["lat"],
        metric_crs(float(maker.areas["lon"].mean()), float(maker.areas["lat"].mean())),
    )  # fmt: skip
    cells = np.unique(np.floor(xy / _CELL_M), axis=0, return_inverse=True)[1].reshape(-1)
    chance = Chance(cells, _error(maker) * float(_TO_SD), draws, _SEED)
    drawn = draw_sets(maker.field, list(sets.values()), chance)
    at = {ids: k for k, ids in enumerate(sets)}
    asked = maker.locality_rules()

    def keeps(ids: frozenset[str]) -> bool:
        return all(len(ids & set(r.sites)) >= r.count for r in asked)

    out = []
    for plan in plans:
        if plan.by == "stays":  # chosen by minutes that are not drawn
            out.append(plan)
            continue
        ids = frozenset(plan.chosen)
        by = plan.by if plan.by in drawn else "mean"
        rivals = [
            k
            for other, k in at.items()
            if len(other) == len(ids) and (not plan.rule or keeps(other))
        ]
        if (
            plan.choice is not None and plan.key in ("kept", "room", "budget")
        ) or "among" in plan.key:
            rivals = (
                [at[frozenset(i)] for i in plan.choice.near[:_DRAWN_RIVALS]] if plan.choice else []
            )
        out.append(replace(plan, held=held(drawn[by], drawn["mean"], at[ids], rivals, within)))
    return tuple(out)


def _error(maker: _PlanMaker) -> float:
    return modelled_error(maker.mode) if maker.results.modelled else _DECLARED_ERROR


def _drawn_words(maker: _PlanMaker) -> str:
    how = "as measured where the model was held against real streets"
    if not maker.results.modelled:
        how = "a declared assumption"
    return (
        "people of each area about their count (Poisson), and trips between a neighbourhood of "
        f"{_CELL_M / 1000:g} km and a site off by {_error(maker) * 100:.0f}% on average ({how})"
    )


def _area_words(study: Study, row: int) -> str:
    """Name an area by its id and the place it is nearest to."""
    area = study.areas.iloc[row]
    near = _near_place(study, float(area["lon"]), float(area["lat"]))
    return f"{area['id']}{f' (near {near})' if near else ''}"


def _near_place(study: Study, lon: float, lat: float) -> str:
    """Name the nearest place of the gazetteer, or the locality of the nearest centre."""
    for table, column in ((study.places, "name"), (study.centres, "locality")):
        if column not in table or table.empty:
            continue
        known = table[table[column].fillna("").astype(str) != ""]
        if "rank" in known and len(known[known["rank"] <= _LOCALITY_RANK]):
            known = known[known["rank"] <= _LOCALITY_RANK]
        if len(known):
            east = (known["lon"].astype(float) - lon) * np.cos(np.radians(lat))
            metres = np.hypot(east, known["lat"].astype(float) - lat)
            return str(known[column].iloc[int(np.argmin(metres.to_numpy()))])
    return ""


_LOCALITY_RANK = 3
"""Places of the gazetteer up to this rank are villages and estates; beyond it are streets."""


@dataclass(frozen=True, eq=False)
class PlanPair:
    """Who gains and who loses between two plans.

    Parameters
    ----------
    one, two : HubPlan
    table : DataFrame
        One row an area: ``id minutes_one minutes_two change people``; a change below 0 is a gain
        under the second.
    gain, lose, same : dict of str to float
        People of each offer that are nearer under the second plan, further, and as far (within a
        minute).
    """

    one: HubPlan
    two: HubPlan
    table: pd.DataFrame
    gain: Mapping[str, float]
    lose: Mapping[str, float]
    same: Mapping[str, float]


_SAME_MINUTES = 1.0


def plan_pair(plans: HubPlans, minutes: pd.DataFrame, one: HubPlan, two: HubPlan) -> PlanPair:
    """Compare two plans area by area."""
    a, b = (minutes[list(p.chosen)].min(axis=1).to_numpy(float) for p in (one, two))
    with np.errstate(invalid="ignore"):
        change = np.where(np.isinf(a) & np.isinf(b), 0.0, b - a)
    people = np.max([o.people for o in plans.offers], axis=0)
    table = pd.DataFrame(
        {
            "id": minutes.index,
            "minutes_one": a,
            "minutes_two": b,
            "change": change,
            "people": people,
        }
    )
    nearer, further = change < -_SAME_MINUTES, change > _SAME_MINUTES
    found = [
        {o.key: float(o.people[mask].sum()) for o in plans.offers}
        for mask in (nearer, further, ~(nearer | further))
    ]
    return PlanPair(one, two, table, *found)


@dataclass(frozen=True)
class PlanForPage:
    """A plan as a page names it: its key, title and sites, and if it keeps the locality rule."""

    key: str
    title: str
    chosen: tuple[str, ...]
    rule: bool = False


@dataclass(frozen=True, eq=False)
class HubsForPage:
    """What an interactive page needs to rank any set of hubs as the study ranks them.

    Parameters
    ----------
    site_ids : tuple of str
        Where a hub could go.
    localities : tuple of str
        Of each site; empty where it is in none.
    mode : str
    offers : tuple of Offer
    area_ids : tuple of str
        Whose rows the offers' people are in.
    plans : tuple of PlanForPage
    labels : dict of str to str
        Of plans among some sites only, what the study calls these.
    must, may : ndarray of bool, shape (sites,)
    sums : tuple of (ndarray, float, float)
        What the board wishes: amounts of the sites, and the least and most that they may sum to.
    locality_rule : tuple of AtLeast
        Kept by every set that is large enough; empty where there is none or none can keep it.
    reach_minutes : tuple of float
    source : str
        Of the council's own choice.
    """

    site_ids: tuple[str, ...]
    localities: tuple[str, ...]
    mode: str
    offers: tuple[Offer, ...]
    area_ids: tuple[str, ...]
    plans: tuple[PlanForPage, ...]
    labels: Mapping[str, str]
    must: np.ndarray
    may: np.ndarray
    sums: tuple[tuple[np.ndarray, float, float], ...]
    locality_rule: tuple[AtLeast, ...]
    reach_minutes: tuple[float, ...]
    source: str


def asks_for_hubs(study: Study) -> bool:
    """Tell whether a study has a table of hubs, so that the public is shown where they could be."""
    return "hubs" in study.config.model_fields_set


def hubs_for_page(results: StudyResults) -> HubsForPage | None:
    """Give what a page needs of hubs; None where the study asks for none."""
    answer, hubs = results.hubs, results.study.config.hubs
    if answer is None or answer.plans is None or not answer.plans.plans:
        return None
    if not asks_for_hubs(results.study):
        return None
    maker = _PlanMaker(results, answer.candidates, answer.minutes, answer.mode)
    rows, asked = maker.base().rows(maker.field), maker.locality_rules()
    kept = maker.under(maker.base(), len(maker.field.site_ids))[1]
    return HubsForPage(
        site_ids=maker.field.site_ids,
        localities=tuple(maker.candidates["locality"].fillna("").astype(str)),
        mode=answer.mode,
        offers=answer.plans.offers,
        area_ids=tuple(results.study.areas["id"].astype(str)),
        plans=tuple(PlanForPage(p.key, p.title, p.chosen, p.rule) for p in answer.plans.plans),
        labels={f"among_{k}": label for k, label in enumerate(hubs.among, 1)},
        must=rows.must,
        may=rows.may,
        sums=tuple(zip(rows.amounts, rows.low.tolist(), rows.high.tolist(), strict=True)),
        locality_rule=asked if kept else (),
        reach_minutes=tuple(map(float, hubs.reach_minutes)),
        source=hubs.council_source or "",
    )
