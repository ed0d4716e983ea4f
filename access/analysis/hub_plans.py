"""Plans of Family Hubs side by side: the council's own, and the best under each rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from access.analysis.hub_minutes import HubMinutes, HubOffer, _Drawing, _hub_field, _kept_sites
from access.analysis.results import HubPlan, HubPlans, StudyResults
from access.errors import ParameterError
from access.scenario.criteria import fifths
from access.siting.plans import (
    NOBODY,
    Choice,
    HubField,
    Offer,
    PlanRules,
    choose,
    own_shares,
    standing,
    with_room,
)
from access.siting.problem import AtLeast, AtMost, Budget, Rule
from access.siting.search import Floats
from access.siting.set_figures import (
    BesideStays,
    Figures,
    Held,
    delivery_field,
    nearest_of_both,
)
from access.study import Study
from access.study.tables import without_shapes
from access.text import listed, number, numeral, pounds

_SEED = 2018
_DRAWN_RIVALS = 4
_LIMITED = ("kept", "room", "budget")
"""Plans among some sites only: they hold beside their own near-best."""
DEPRIVED = "most deprived fifth"


def _closures(study: Study) -> tuple[str, ...]:
    """Name the proposals whose closures hubs are set beside."""
    asked = [o.service for o in HubOffer.of(study) if o.service is not None]
    titles = [_kept_sites(study, service)[2] for service in asked]
    return tuple(dict.fromkeys(title for title in titles if title))


def _room_column(study: Study, asked: str | None) -> str:
    """Give the register's column of room; one that was asked for must hold numbers."""
    if asked is None:
        return "capacity"
    tables = [pd.DataFrame(t) for t in (study.centres, study.candidates) if asked in t]
    numbers = [pd.to_numeric(t[asked], errors="coerce") for t in tables]
    bad = [
        f"{i} {v!r}"
        for t, n in zip(tables, numbers, strict=True)
        for i, v, number in zip(t["id"], t[asked], n, strict=True)
        if (np.isnan(number) and str(v).strip() not in ("", "nan", "None")) or number < 0
    ]
    if bad or not any(n.notna().any() for n in numbers):
        known = sorted(
            {str(c) for t in (study.centres, study.candidates) for c in t.columns}
            - {"id", "name", "service", "kind", "lon", "lat", "geometry"}
        )
        found = f"holds {listed(bad, most=3)}" if bad else "holds no number"
        found = found if tables else f"is none of the columns {known}"
        raise ParameterError(
            f"capacity {asked!r} {found}; expected a column of centres.csv and candidates.csv "
            "with how many people each site can take"
        )
    return asked


def _must_and_never(
    study: Study, names: pd.Series, must: Sequence[str], never: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put the study's wishes and a question's together, of the sites to choose from by id."""
    hubs = study.config.hubs
    musts, nevers = (
        tuple(dict.fromkeys(i for i in (*own, *asked) if i in names.index))
        for own, asked in ((hubs.must, must), (hubs.never, never))
    )
    if both := sorted(set(musts) & set(nevers)):
        raise ParameterError(
            f"{listed([f'{names[i]} ({i})' for i in both])} must be a hub and may not be one; "
            "expected each site in one of the two"
        )
    return musts, nevers


class _PlanMaker:
    """Makes the plans of one study, one after the other."""

    def __init__(
        self,
        results: StudyResults,
        candidates: pd.DataFrame,
        minutes: HubMinutes,
        mode: str,
        capacity: str | None = None,
        *,
        must: Sequence[str] = (),
        never: Sequence[str] = (),
    ) -> None:
        self.results, self.study, self.mode = results, results.study, mode
        self.asked = tuple(must), tuple(never)
        self.candidates = candidates.set_index("id")
        self.kinds = self._kinds()
        self.hubs = self.study.config.hubs
        areas = without_shapes(self.study.areas)
        self.areas = areas
        fifth = fifths(areas, self.study.config.weights.national_areas)
        poor = None if fifth is None else fifth == 1
        self.poor = poor if poor is not None and poor.any() else None
        self.minutes = minutes
        self.field = _hub_field(self.study, minutes, candidates, poor)
        self.offers = self.field.offers
        self.closures = _closures(self.study)
        self.groups = self._groups(areas, poor)
        self.foot, self.without_car = self._foot()
        self.notes: list[str] = [
            f"{listed(lost)}, named in hubs.{name}, cannot be chosen here: closed by a proposal, "
            "or not among these sites."
            for name in ("must", "never")
            if (lost := sorted(set(getattr(self.hubs, name)) - set(candidates["id"])))
        ]
        self.room_column = _room_column(self.study, capacity)
        self.plans: list[HubPlan] = []
        self.search: dict[str, Any] = {}
        self._base = self._wishes()
        self._under: dict[tuple[PlanRules, int], tuple[PlanRules, bool]] = {}
        self._note_localities()
        self._note_windows()

    def _note_windows(self) -> None:
        """Say whose window an offer has that no service gives, where windows differ."""
        asked = [o for o in HubOffer.of(self.study) if o.service is None]
        if len(self.minutes.matrices) > 1 and asked:
            first = next(iter(self.study.config.services.values())).title
            self.notes.append(
                f"{listed([o.title for o in asked])}: no service gives it, so by bus it has the "
                f"window of {first}."
            )

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
        many = len(self.minutes.matrices)
        weighed = {
            name: own_shares(self.offers, np.tile(inside, many)) for name, inside in groups.items()
        }
        return {name: np.array(shares) for name, shares in weighed.items() if shares}

    def _foot(self) -> tuple[HubField, str]:
        """Give what families without a car have: the bus where it is measured, or their feet."""
        mode = next((m for m in ("bus", "walk") if m in self.results.matrices), self.mode)
        if mode == self.mode:
            return self.field, mode
        own = HubMinutes.by(self.results, mode)
        if len(own.matrices) != len(self.minutes.matrices):  # minutes by bus stand once a window
            spread = (own.matrices[0],) * len(self.minutes.matrices)
            own = HubMinutes(spread, self.minutes.window)
        minutes, each, percentile = own.stacked(self.field.site_ids)
        if mode == "bus" and not each:
            walk = HubMinutes.by(self.results, "walk").stacked(self.field.site_ids)[0]
            minutes = np.minimum(minutes, walk)
        return replace(self.field, minutes=minutes, each=each, percentile=percentile), mode

    def weighted_field(self, per_family: np.ndarray) -> HubField:
        """Put the same question with families counted by deprivation."""
        counts = np.tile(per_family, len(self.minutes.matrices))
        offers = tuple(replace(o, people=o.people * counts) for o in self.offers)
        made = replace(self.field, offers=offers, deprived=None)
        self.field.alike.append(made)
        return made

    def offers_by_area(self) -> tuple[Offer, ...]:
        """Give the offers with their people once an area."""
        if len(self.minutes.matrices) == 1:
            return self.offers
        return tuple(
            replace(o, people=o.people[self.field.rows(o)], today=None, kept=None, kept_each=None)
            for o in self.offers
        )

    @property
    def car_known(self) -> bool:
        """Whether the study says who has no car."""
        return self.study.knows_cars

    def base(self) -> PlanRules:
        """Give the board's wishes, which every plan keeps."""
        return self._base

    def _wishes(self) -> PlanRules:
        """Put the study's wishes and the question's together."""
        must, never = _must_and_never(self.study, self.candidates["name"], *self.asked)
        return PlanRules(
            rules=(
                *AtMost.of_kinds(self.kinds, self.hubs.at_most),
                *AtMost.apart(list(self.field.site_ids), self.candidates["lon"].tolist(),
                       self.candidates["lat"].tolist(), self.hubs.apart_m),
            ),
            must=must,
            never=never,
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
        if (rules, size) not in self._under:
            self._under[rules, size] = self._ruled(rules, size)
        return self._under[rules, size]

    def _ruled(self, rules: PlanRules, size: int) -> tuple[PlanRules, bool]:
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
        near, foot = self.field.near(chosen), self.foot.near(chosen)
        roomy = None if choice is None else choice.assigned
        if roomy is not None:  # where there is room, not where is nearest
            rows = np.arange(len(near))
            near, foot = self.field.minutes[rows, roomy], self.foot.minutes[rows, roomy]
        people = self.offers
        if self.car_known:
            share = np.tile(self.areas["p_no_car"].to_numpy(float), len(self.minutes.matrices))
            people = tuple(replace(o, people=o.people * share) for o in self.offers)
        base, reach = self.base(), self.hubs.reach_minutes
        ruled, asked = self.under(base, len(chosen))
        self.plans.append(
            HubPlan(
                key, title, tuple(chosen), by, rule, choice,
                self._of_areas(Figures.of(near, self.offers, self.groups, reach)),
                self._of_areas(Figures.of(foot, people, {}, reach)),
                None if roomy is not None else self._stays(chosen, near),
                standing(self.field, chosen, ruled) if asked and roomy is None else None,
                standing(self.field, chosen, base) if roomy is None else None,
                near={o.key: near[self.field.rows(o)] for o in self.offers},
            )
        )  # fmt: skip

    def _stays(self, chosen: Sequence[str], near: Floats) -> BesideStays | None:
        """Measure hubs as delivery points beside the sites that stay."""
        return BesideStays.of(self.offers, near, nearest_of_both(self.field, chosen))

    def _of_areas(self, figures: Figures) -> Figures:
        """Name the furthest area by its row in the study."""
        row = figures.worst_area
        return figures if row is None else replace(figures, worst_area=row % len(self.areas))

    def best(
        self, key: str, title: str, size: int, *, by: str = "mean", ruled: bool = True,
        rules: PlanRules | None = None, asked: HubField | None = None, within: float = 0.02,
    ) -> None:  # fmt: skip
        """Find a best plan and keep it; say so where no set keeps the rules."""
        base = self.base() if rules is None else rules
        if why := self.why_not(base, size):
            self.notes.append(f"{title}: not made, for {why}.")
            return
        kept, rule = self.under(base, size) if ruled else (base, False)
        choice = choose(asked or self.field, size, by, kept, within=within, **self.search)
        if not choice.chosen:
            why = f"no {size} sites keep the rules"
            if choice.status != "infeasible":
                why = "the search was ended before it found any"
            self.notes.append(f"{title}: not made, for {why}.")
            return
        self.add(key, title, choice.chosen, "stays" if asked else by, choice, rule)

    def why_not(self, rules: PlanRules, size: int) -> str:
        """Say why so many sites cannot be chosen, where that shows without a search."""
        sites = set(self.field.site_ids) - set(rules.closed(self.field.site_ids))
        names = self.candidates["name"].astype(str)
        if lost := [i for i in rules.must if i not in sites]:
            whose = listed([f"{names[i]} ({i})" for i in lost])
            verb = "is" if len(lost) == 1 else "are"
            return f"{whose}, which every plan has, {verb} not among the sites to choose from then"
        if len(rules.must) > size:
            return f"every plan has {number(len(rules.must), 'site')}"
        if len(sites) < size:
            only = f"only {number(len(sites), 'site')}" if sites else "no site"
            return f"{only} can be chosen then"
        return ""


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
    each = f"{numeral(maker.hubs.per_locality)} or more in each locality"
    if maker.under(maker.base(), size)[1]:
        maker.best("locality", f"Best {n}, {each}", size, **own)
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
        maker.best("stays", f"Best {n} beside the sites that stay", size, asked=beside, **own)
    for more in [s for s in maker.hubs.sizes if s != size and s <= len(candidates)]:
        also = f", {each}" if maker.under(maker.base(), more)[1] else ""
        maker.best(f"size_{more}", f"Best {number(more, 'hub')}{also}", more, **own)
    _room_and_cost(maker, size, n, own)
    for k, ids in enumerate(typed, 1):
        maker.add(f"asked_{k}", f"Plan asked for{'' if len(typed) == 1 else f', {k}'}", ids)
    found, drawn = _drawn(maker, draws, within)
    rows = {p.figures.worst_area for p in found} - {None}
    ruled, base = any(p.rule or p.standing is not None for p in found), maker.base()
    return HubPlans(
        plans=found, offers=maker.offers_by_area(), mode=mode, without_car=maker.without_car,
        car_known=maker.car_known,
        rule=_rule_words(asked, maker.hubs.per_locality) if ruled else "",
        localities=tuple(r.name for r in asked) if ruled else (),
        closures=maker.closures, draws=draws, drawn=drawn, within=within,
        notes=(*maker.notes, *([drawn] if drawn else [])),
        worst_words={k: _area_words(maker.study, k) for k in sorted(filter(_is_row, rows))},
        wishes=bool(base.rules or base.must or base.never),
    )  # fmt: skip


def _rule_words(asked: Sequence[AtLeast], least: int) -> str:
    return f"at least {number(least, 'hub')} in each of {listed([r.name for r in asked])}"


def _is_row(row: int | None) -> TypeGuard[int]:
    return row is not None


def _in_group(kinds: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Name the sites whose kind is one of those wanted."""
    return tuple(i for i, kind in kinds.items() if kind in set(wanted))


def _among(maker: _PlanMaker, size: int, n: str, own: Mapping[str, Any]) -> None:
    """Make the plans among some sites only: the sites that stay, and those the study names."""
    kinds = maker.kinds
    groups = {"the sites that stay": _in_group(kinds, ["centre"])}
    places = maker.study.candidates
    owners: dict[str, str] = {}
    if "owner" in places:
        owners = dict(zip(places["id"], places["owner"].fillna("").astype(str), strict=True))
    for label, wanted in maker.hubs.among.items():
        inside = {*_in_group(kinds, wanted), *_in_group(owners, wanted)}
        groups[label] = tuple(i for i in maker.field.site_ids if i in inside)
    for k, (label, ids) in enumerate(groups.items()):
        if len(ids) < size or len(ids) == len(maker.field.site_ids):
            continue
        key = "kept" if not k else f"among_{k}"
        maker.best(
            key, f"Best {n} among {label}", size, rules=replace(maker.base(), among=ids), **own
        )


def _room_and_cost(maker: _PlanMaker, size: int, n: str, own: Mapping[str, Any]) -> None:
    """Choose with room and costs where the register knows them; say once where it does not."""
    room, costs = _register(maker, maker.room_column), _register(maker, "annual_cost_gbp")
    if room:
        _with_room(maker, size, f"Best {n} with room for everybody", n, room)
        _partly(maker, room, "room")
    budget = maker.hubs.budget_gbp
    if costs and budget is not None:
        within: tuple[Rule, ...] = (*maker.base().rules, Budget(budget))
        every = {i: costs.get(i, 0.0) for i in maker.field.site_ids}
        rules = replace(maker.base(), rules=within, among=tuple(costs), costs=every)
        title = f"Best {n} within {pounds(budget)} a year"
        maker.best("budget", title, size, rules=rules, **own)
        _partly(maker, costs, "cost")
    lacking = [w for w, known in (("room", room), ("running cost", costs)) if not known]
    if lacking:
        maker.notes.append(
            f"The {listed(lacking)} of the sites {'is' if len(lacking) == 1 else 'are'} not known, "
            "so no plan is limited by it: with capacity and yearly cost in the register the "
            "same question is answered within them."
        )
    elif budget is None:
        of = len(maker.field.site_ids)
        whose = "" if len(costs) == of else f" of {len(costs)} of {of} sites"
        maker.notes.append(
            f"Running costs{whose} are known; without hubs.budget_gbp no plan is limited by them."
        )


def _with_room(maker: _PlanMaker, size: int, title: str, n: str, room: Mapping[str, float]) -> None:
    """Choose among the sites whose room is known, so that it holds everybody."""
    rules = replace(maker.base(), among=tuple(room))
    if why := maker.why_not(rules, size):
        maker.notes.append(f"{title}: not made, for {why}.")
        return
    kept, rule = maker.under(rules, size)
    choice = with_room(maker.field, size, room, kept, **maker.search)
    if choice.chosen:
        maker.add("room", title, choice.chosen, "mean", choice, rule)
    elif choice.status == "infeasible":
        maker.notes.append(f"No {n} of known room hold everybody whom an offer is for.")
    else:
        maker.notes.append(
            f"No {n} with room for everybody were found before the search was ended; whether "
            "there are any is not known."
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


def _drawn(maker: _PlanMaker, draws: int, within: float) -> tuple[tuple[HubPlan, ...], str]:
    """Say of every plan how it holds: each beside those of as many hubs; and what is drawn."""
    plans = maker.plans
    sets: dict[frozenset[str], tuple[str, ...]] = {}
    beside: dict[frozenset[str], tuple[str, ...]] = {}
    for plan in plans:
        near = plan.choice.near[:_DRAWN_RIVALS] if plan.choice is not None else ()
        sets.setdefault(frozenset(plan.chosen), plan.chosen)
        for some in near:
            (beside if plan.by == "stays" else sets).setdefault(frozenset(some), some)
    if not sets or not draws:
        return tuple(plans), ""
    for some in list(sets.values()):  # every plan of as many hubs is a rival beside what stays
        if beside and len(some) == len(next(iter(beside.values()))):
            beside.setdefault(frozenset(some), some)
    drawing = _Drawing(
        maker.results, maker.field, maker.mode, maker.candidates.reset_index(), draws, _SEED
    )
    drawn, with_stays, words = drawing.measure(list(sets.values()), list(beside.values()))
    at = {ids: k for k, ids in enumerate(sets)}
    there = {ids: k for k, ids in enumerate(beside)}
    out = []
    for plan in plans:
        ids = frozenset(plan.chosen)
        if plan.by == "stays":
            means = with_stays.get("mean")
            if means is not None:
                theirs = delivery_field(maker.field) or maker.field
                own = _held(theirs, with_stays, "mean", there, ids, list(there.values()), within)
                plan = replace(plan, held=own)
            out.append(plan)
            continue
        by = plan.by if plan.by in drawn else "mean"
        rivals = _rivals(maker, plan, at)
        own = _held(maker.field, drawn, by, at, ids, rivals, within)
        out.append(replace(plan, held=own))
    return tuple(out), words


def _held(
    asked: HubField, drawn: Mapping[str, Floats], by: str, at: Mapping[frozenset[str], int],
    ids: frozenset[str], rivals: Sequence[int], within: float,
) -> Held:  # fmt: skip
    """Say how a set holds: beside who leaves fewer people out never, and always beside who more."""
    values, means = drawn[by], drawn["mean"]
    if asked.whole:
        return Held.of(values, means, at[ids], rivals, within)
    named = {k: some for some, k in at.items()}
    out = {k: asked.left_out(sorted(named[k]))[by] for k in {at[ids], *rivals}}
    mine = out[at[ids]]
    alike = [k for k in rivals if abs(out[k] - mine) <= NOBODY]
    found = Held.of(values, means, at[ids], alike, within)
    found = replace(found, rivals=len(out))
    return replace(found, near=0.0, best=0.0) if min(out.values()) < mine - NOBODY else found


def _rivals(maker: _PlanMaker, plan: HubPlan, at: Mapping[frozenset[str], int]) -> list[int]:
    """Give the sets that a plan is drawn beside."""
    if plan.key in _LIMITED or "among" in plan.key:
        near = () if plan.choice is None else plan.choice.near[:_DRAWN_RIVALS]
        return [at[frozenset(ids)] for ids in near]
    asked = maker.locality_rules()

    def keeps(ids: frozenset[str]) -> bool:
        return all(len(ids & set(r.sites)) >= r.count for r in asked)

    size = len(set(plan.chosen))
    return [k for ids, k in at.items() if len(ids) == size and (not plan.rule or keeps(ids))]


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
_SAME_MINUTES = 1.0


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

    @classmethod
    def of(cls, plans: HubPlans, minutes: pd.DataFrame, one: HubPlan, two: HubPlan) -> PlanPair:
        """Compare two plans area by area."""
        ways = [_way(plans, minutes, p) for p in (one, two)]
        counts = np.array([o.people for o in plans.offers])
        old, new = (_over_offers(list(way.values()), counts) for way in ways)
        table = pd.DataFrame(
            {
                "id": minutes.index,
                "minutes_one": old,
                "minutes_two": new,
                "change": _change(old, new),
                "people": counts.max(axis=0),
            }
        )
        found: list[dict[str, float]] = [{}, {}, {}]
        for offer in plans.offers:
            change = _change(ways[0][offer.key], ways[1][offer.key])
            nearer, further = change < -_SAME_MINUTES, change > _SAME_MINUTES
            for said, mask in zip(found, (nearer, further, ~(nearer | further)), strict=True):
                said[offer.key] = float(offer.people[mask].sum())
        return cls(one, two, table, *found)


def _way(plans: HubPlans, minutes: pd.DataFrame, plan: HubPlan) -> dict[str, Floats]:
    """Give the minutes to the nearest hub of a plan, by offer."""
    if plan.near:
        return dict(plan.near)
    each = [minutes[site].to_numpy(float) for site in plan.chosen]
    least: Floats = np.fmin.reduce(each)
    return {o.key: least for o in plans.offers}


def _over_offers(ways: Sequence[Floats], counts: Floats) -> Floats:
    """Average an area's minutes over its people, where offers have windows of their own."""
    first = ways[0]
    if all(np.array_equal(first, other) for other in ways[1:]):
        return first
    total = counts.sum(axis=0)
    shares = np.where(total > 0, counts / np.maximum(total, 1e-300), 1 / len(counts))
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(shares > 0, np.array(ways) * shares, 0.0).sum(axis=0)
    return mean


def _change(a: Floats, b: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        change: Floats = np.where(np.isinf(a) & np.isinf(b), 0.0, b - a)
    return change


@dataclass(frozen=True)
class PlanForPage:
    """A plan as a page names it: its key, title and sites, and if it keeps the locality rule.

    `measured` is what the study found of it, where a page cannot work that out by itself; `sure`
    says whether one that is called best is proven to be.
    """

    key: str
    title: str
    chosen: tuple[str, ...]
    rule: bool = False
    measured: HubPlan | None = None
    sure: bool = True


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
        Of plans among some sites only, what the study calls these; of the council's own, when it
        was chosen if that was later than the study's date.
    must, may : ndarray of bool, shape (sites,)
    sums : tuple of (ndarray, float, float)
        What the board wishes: amounts of the sites, and the least and most that they may sum to.
    locality_rule : tuple of AtLeast
        Kept by every set that is large enough; empty where there is none or none can keep it.
    reach_minutes : tuple of float
    source : str
        Of the council's own choice.
    deprived : ndarray of bool, shape (areas,), optional
        Areas of the most deprived fifth; None where that is not known.
    by_the_minute : bool
        Whether minutes depend on when one sets out. A page holds one figure an area and site, so
        it shows the plans as they were measured, and no other set.
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
    deprived: np.ndarray | None = None
    by_the_minute: bool = False

    @classmethod
    def of(cls, results: StudyResults) -> HubsForPage | None:
        """Give what a page needs of hubs; None where the study asks for none."""
        answer, hubs = results.hubs, results.study.config.hubs
        if answer is None or answer.plans is None or not answer.plans.plans:
            return None
        if not results.study.config.asks_for_hubs:
            return None
        there = HubMinutes.by(results, answer.mode)
        maker = _PlanMaker(results, answer.candidates, there, answer.mode)
        rows, asked = maker.base().rows(maker.field), maker.locality_rules()
        kept = maker.under(maker.base(), len(maker.field.site_ids))[1]
        return cls(
            site_ids=maker.field.site_ids,
            localities=tuple(maker.candidates["locality"].fillna("").astype(str)),
            mode=answer.mode,
            offers=answer.plans.offers,
            area_ids=tuple(results.study.areas["id"].astype(str)),
            plans=tuple(
                PlanForPage(
                    p.key,
                    p.title,
                    p.chosen,
                    p.rule,
                    p if there.by_the_minute else None,
                    p.choice is None or p.choice.status == "proven_optimal",
                )
                for p in answer.plans.plans
            ),
            labels={
                **{f"among_{k}": label for k, label in enumerate(hubs.among, 1)},
                **({"council": hubs.council_date or ""} if results.chosen_later else {}),
            },
            must=rows.must,
            may=rows.may,
            sums=tuple(zip(rows.amounts, rows.low.tolist(), rows.high.tolist(), strict=True)),
            locality_rule=asked if kept else (),
            reach_minutes=tuple(map(float, hubs.reach_minutes)),
            source=hubs.council_source or "",
            deprived=maker.poor,
            by_the_minute=there.by_the_minute,
        )
