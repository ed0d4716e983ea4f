"""Where a Family Hub could stand: centres that stay, the study's candidates, and new sites."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from access.analysis.anew import _measured_to, _site_rows, _sites
from access.analysis.hub_minutes import HubMinutes, HubOffer
from access.analysis.hub_plans import (
    _hub_plans,
    _must_and_never,
    _near_place,
    _PlanMaker,
    _room_column,
)
from access.analysis.questions import _site_ids
from access.analysis.results import HubResult, StudyResults
from access.arguments import number, optional, refuse, whole
from access.errors import Fault, ParameterError, StudyError
from access.measure.demand import Weights
from access.network.snapping import read_points, snap
from access.scenario.criteria import fifths
from access.siting import AtLeast, Demand, NoWorse, Rule, per_locality
from access.siting import greenfield as centres_of_demand
from access.siting.hubs import hub_search
from access.siting.search import Progress as Search
from access.study import Study
from access.study.sheet import read_numbers, read_sheet
from access.text import counted, is_missing, listed, sentence, shares_of
from access.units import great_circle_m, metric_crs, project, unproject

Progress = Callable[[str], None]
_HUBS_UNASKED = 3
_COLUMNS = ["id", "name", "kind", "locality", "lon", "lat", "assumed"]
_MOST_NEAR = 10_000
_PLAN_KEY = re.compile(
    r"council|locality|freely|kept|deprived|worst|compromise|stays|room|budget|"
    r"(among|size|asked)_[1-9]\d*"
)
"""What keys of plans look like, whichever are made."""
_FURTHER_THAN_A_HOME = 10
"""A centre of demand may lie in a field: so many times a home's limit to look for a street."""


def _hub_candidates(results: StudyResults, among: Sequence[str] | None = None) -> pd.DataFrame:
    """List where a hub could go: centres that every proposal keeps, and the candidates."""
    sites = results.sites
    if among is not None:
        places = sites[["id", "name", "kind"]]
        wanted = _site_ids(results.study, among, places, name="among", what="sites of the study")
        keep = sites["id"].isin(wanted)
    else:
        keep = _choosable(results.study, sites)
    return sites.loc[keep, _COLUMNS].reset_index(drop=True)


def _choosable(study: Study, sites: pd.DataFrame) -> pd.Series:
    """Say which sites a hub could go to, unless a question names them."""
    closed = {i for p in study.config.proposals.values() for i in p.closes}
    stays = (sites["kind"] == "centre") & ~sites["id"].isin(closed)
    return (sites["kind"] == "candidate") | stays


def check_hub_question(
    study: Study, size: int | None = None, *, between: Sequence[str] = (), **asked: Any
) -> None:
    """Refuse what cannot be meant: before anything is measured.

    Parameters
    ----------
    study : Study
    size : int, optional
        Hubs that are asked for.
    between : sequence of str
        Keys of plans to set side by side.
    **asked
        As `HubOptions`, but how one travels and what a family counts for, which are those of any
        question; where new sites are to be proposed, sites are known only afterwards.

    Raises
    ------
    ParameterError, StudyError
        As `access.analysis.analysis.Analysis.hubs` and its ``hub_pair``.
    """
    plans, new = asked.get("plans", ()), asked.get("greenfield", 0)
    _check_plan_keys(between, len(plans))
    optional(number(0, above=True))(asked.get("time_limit_s"), "time_limit_s")
    number(0)(asked.get("within", 0.0), "within")
    whole(1, _MOST_NEAR)(asked.get("near_best", 1), "near_best")
    sites = _sites(study)
    candidates = sites[_choosable(study, sites)]
    _room_column(study, asked.get("capacity"))
    _costs(asked.get("costs"), candidates)
    if asked.get("protect_minutes") is not None:
        _most_deprived(study)
    if new:
        _check_new(study, new)
        return
    _check_some(candidates)
    rules = _locality_rules(study, asked.get("min_per_locality"), candidates)
    _typed_plans(study, candidates, plans)
    opened = _meant(study, candidates, asked.get("locked_open", ()), "locked_open")
    never = asked.get("locked_closed", ())
    closed = _meant(study, candidates, never, "locked_closed", chosen=False)
    names = candidates.set_index("id")["name"].astype(str)
    must, never = _must_and_never(study, names, opened, closed)
    _check_size(size, len(names), must, never)
    _check_localities(rules, size, never)


def _check_plan_keys(keys: Sequence[str], typed: int) -> None:
    """Refuse keys that no plan can have, of which so many are typed."""
    for key in keys:
        asked = key.removeprefix("asked_")
        if not _PLAN_KEY.fullmatch(key) or (asked != key and int(asked) > typed):
            raise ParameterError(
                f"no plan {key!r}; expected a key of a plan, such as 'council', 'locality' or "
                "'freely', or 'asked_1' for the first that is typed (--plan)"
            )


def _check_new(study: Study, count: int) -> None:
    """Refuse more new sites than there are places where the hubs' people live."""
    people = pd.concat([offer.people(study) for offer in HubOffer.of(study)], axis=1).sum(axis=1)
    lived_in = study.areas["id"].isin(people.index[people > 0])
    most = len(study.areas.loc[lived_in, ["lon", "lat"]].drop_duplicates())
    if count > most:
        raise refuse("greenfield", count, f"at most {most:,}, the places where people live")


def _check_size(size: int | None, sites: int, must: Sequence[str], never: Sequence[str]) -> None:
    """Refuse more hubs than there are sites for, and fewer than must be open."""
    least, most = max(1, len(must)), sites - len(never)
    if size is not None and not (isinstance(size, Integral) and least <= size <= most):
        span = f"a whole number of hubs from {least:,} to {most:,}: so many must be open, and so "
        raise refuse("size", size, f"{span}many sites there are to choose from")


def _check_localities(rules: Sequence[AtLeast], size: int | None, never: Sequence[str]) -> None:
    """Refuse more hubs in a locality than it has sites for, and fewer in all than they ask for."""
    for rule in rules:
        there = len(set(rule.sites) - set(never))
        if there < rule.count:
            raise ParameterError(
                f"no hubs keep the rules: at least {counted(rule.count, 'hub')} in {rule.name}, "
                f"which has {counted(there, 'site')} to choose from; expected at most so many"
            )
    needed = sum(rule.count for rule in rules)
    if size is not None and size < needed:
        each = listed([f"{rule.count} in {rule.name}" for rule in rules], most=6)
        raise ParameterError(
            f"no {counted(size, 'hub')} keep the rules: at least {each}; expected {needed:,} hubs "
            "or more, or a lesser min_per_locality"
        )


def _new_sites(results: StudyResults, count: int) -> pd.DataFrame:
    """Propose sites at the centres of demand, on a street."""
    study = results.study
    areas = study.areas
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    families = [offer.people(study) for offer in HubOffer.of(study)]
    limit_m = _FURTHER_THAN_A_HOME * study.config.travel.snap_limit_m

    def to_street(points: np.ndarray) -> np.ndarray:
        lonlat = unproject(points, crs)
        frame = pd.DataFrame(lonlat, columns=["lon", "lat"])
        frame.insert(0, "id", [str(k) for k in range(len(lonlat))])
        streets = results.networks["walk"]
        joined = snap(streets, read_points(frame, "centres of demand"), limit_m=limit_m)
        joints = joined.joints_lonlat(streets)
        onto = project(joints[:, 0], joints[:, 1], crs)
        return np.where(joined.found[:, None], onto, points)

    found = centres_of_demand(
        pd.DataFrame(project(areas["lon"], areas["lat"], crs), index=areas["id"]),
        count,
        weights=pd.concat(families, axis=1).sum(axis=1).loc[areas["id"]],
        snap=to_street,
    )
    lonlat = unproject(found[["x", "y"]].to_numpy(), crs)
    near = [_near_place(study, float(x), float(y)) for x, y in lonlat]
    return pd.DataFrame(
        {
            "id": found["id"],
            "name": [
                f"New place {i}, near {place}" if place else f"New place {i} at a centre of demand"
                for i, place in zip(found["id"], near, strict=True)
            ],
            "kind": "greenfield",
            "locality": _localities_near(results, lonlat),
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
            "assumed": False,
        }
    )


def _localities_near(results: StudyResults, lonlat: np.ndarray) -> list[str]:
    """Give each new place the locality of the nearest site that has one."""
    known = results.sites[results.sites["locality"].fillna("") != ""]
    if known.empty:
        return [""] * len(lonlat)
    metres = great_circle_m(
        lonlat[:, :1], lonlat[:, 1:], known["lon"].to_numpy(float), known["lat"].to_numpy(float)
    )
    return [str(name) for name in known["locality"].iloc[metres.argmin(axis=1)]]


_UNKNOWN = {"": "free", "capacity": "large enough", "condition": "sound",
            "annual_cost_gbp": "affordable"}  # fmt: skip
"""What is not known of a building without a column of the register."""


class HubOptions(TypedDict, total=False):
    """What may be said of the hub question beyond what the study says.

    Parameters
    ----------
    mode : str
        ``"walk"``, ``"drive"``, ``"typical"`` or, with a timetable, ``"bus"``; the study's
        headline when not given.
    weights : str
        Of the weighted count; the study's scheme when not given.
    walk_km_h : float
        Another walking speed than the study's.
    most : int
        Look at one hub up to so many; the study's `hubs.most` unless told otherwise, and no fewer
        than the number asked for.
    among : sequence of str
        Choose among these sites only; without the council's choice where they lack one of it.
    min_per_locality : int
        The study's `localities.minimum_open`, as far as a locality has so many sites to choose
        from, when not given.
    protect_minutes : float
        Nobody in the most deprived national fifth may be further than today by more than this.
    locked_open, locked_closed : sequence of str
        Sites that must be, or may not be, a hub: ids or names.
    greenfield : int
        Candidates to propose at the centres of demand.
    near_best : int
        How many near-best sets to list (10).
    within : float
        Near-best means within this share (0.02).
    costs : Path
        A CSV of ``id,cost``, one row a candidate.
    time_limit_s : float
        For each search.
    plans : sequence of sequence of str
        Plans of your own, as ids or names: measured and ranked beside the others.
    draws : int
        Settings that plans are held against (1,000); 0 for none.
    capacity : str
        Column of the register with how many people each site can take, for the plan with room
        for everybody; ``"capacity"`` when not given.
    """

    mode: str | None
    weights: str | None
    walk_km_h: float | None
    most: int | None
    among: Sequence[str] | None
    min_per_locality: int | None
    protect_minutes: float | None
    locked_open: Sequence[str]
    locked_closed: Sequence[str]
    greenfield: int
    near_best: int
    within: float
    costs: Path | None
    time_limit_s: float | None
    plans: Sequence[Sequence[str]]
    draws: int
    capacity: str | None


def _hub_result(  # noqa: PLR0913 - one option a rule of the board
    results: StudyResults,
    weights: Weights | None,
    size: int | None = None,
    *,
    mode: str = "walk",
    most: int | None = None,
    among: Sequence[str] | None = None,
    min_per_locality: int | None = None,
    protect_minutes: float | None = None,
    locked_open: Sequence[str] = (),
    locked_closed: Sequence[str] = (),
    greenfield: int = 0,
    near_best: int = 10,
    within: float = 0.02,
    costs: Path | None = None,
    time_limit_s: float | None = None,
    plans: Sequence[Sequence[str]] = (),
    draws: int = 1000,
    capacity: str | None = None,
    brief: bool = False,
    progress: Progress = lambda step: None,
    search: Callable[[Search], object] | None = None,
) -> HubResult:
    """Find where a study's Family Hubs would best stand; options as `HubOptions`."""
    study = results.study
    results, candidates = _to_choose_from(results, among, greenfield, progress)
    there = HubMinutes.by(results, mode)
    minutes = there.matrices[0].sites(candidates["id"].tolist()).to_frame()
    localities = _locality_rules(study, min_per_locality, candidates)
    council = _council(study, set(candidates["id"]))
    rules: tuple[Rule, ...] = localities
    if protect_minutes is not None:
        rules = (*rules, *_protect(study, protect_minutes, there))
    typed = _typed_plans(study, candidates, plans)
    opened = _meant(study, candidates, locked_open, "locked_open")
    closed = _meant(study, candidates, locked_closed, "locked_closed", chosen=False)
    maker = _PlanMaker(results, candidates, there, mode, capacity, must=opened, never=closed)
    wishes = maker.base()
    _check_size(size, len(candidates), wishes.must, wishes.never)
    _check_localities(localities, size, wishes.never)
    size = _least_size(size, localities, council)
    maker.notes += _only_searched(rules if protect_minutes is not None or min_per_locality else ())
    rules = (*rules, *wishes.rules)
    names = dict(zip(candidates["id"], candidates["name"], strict=True))
    names |= {i: name for i, name in results.names().items() if i in names}
    settings: dict[str, Any] = {
        "most": most or max(study.config.hubs.most, size or 0, len(wishes.must)),
        "size": size,
        "council": council,
        "rules": rules,
        "locked_open": wishes.must,
        "locked_closed": wishes.never,
        "site_costs": _costs(costs, candidates),
        "near_best": near_best,
        "within": within,
        "names": names | {i: n for i, n in results.site_names().items() if i in names},
        "kinds": dict(zip(candidates["id"], candidates["kind"], strict=True)),
        "assumptions": _assumptions(study, candidates),
        "time_limit_s": time_limit_s,
        "progress": search,
    }
    # made before any search: the sets of both questions are measured together
    by_weight = None if weights is None else maker.weighted_field(weights.per_family)
    progress("hubs, every family counted the same")
    plain = hub_search(_demands(study, there, candidates), field=maker.field, **settings)
    weighted = None
    if weights is not None:
        progress("hubs, families weighted by deprivation")
        by_area = pd.Series(weights.per_family, index=study.areas["id"])
        weighted = hub_search(
            _demands(study, there, candidates, by_area), brief=brief,
            field=by_weight, **settings,
        )  # fmt: skip
    note = "" if weights is None else weights.note
    progress("plans of hubs side by side")
    beside = _hub_plans(
        maker, size=len(plain.best.chosen), council=council, typed=typed, draws=draws,
        within=within, search={"time_limit_s": time_limit_s, "progress": search},
    )  # fmt: skip
    return HubResult(plain, weighted, note, mode, candidates, minutes, beside)


def _to_choose_from(
    results: StudyResults, among: Sequence[str] | None, greenfield: int, progress: Progress
) -> tuple[StudyResults, pd.DataFrame]:
    """List the sites that may become hubs, with new ones where demand is; measure the way there."""
    candidates = _hub_candidates(results, among)
    if greenfield:
        progress("candidates at the centres of demand")
        new = _new_sites(results, greenfield)
        results = _measured_to(results, _site_rows(new, "new"), must_join=False)
        candidates = pd.concat([candidates, new], ignore_index=True)
    _check_some(candidates)
    return results, candidates


def _check_some(candidates: pd.DataFrame) -> None:
    """Refuse to choose from nothing."""
    if candidates.empty:
        raise ParameterError(
            "there is no site to choose hubs from: each centre is closed by a proposal and no "
            "candidate is given; expected candidates.csv, sites to choose among, or new places "
            "(greenfield)"
        )


def _typed_plans(
    study: Study, candidates: pd.DataFrame, plans: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Read the plans that somebody typed, each of sites that stand once."""
    typed = [_meant(study, candidates, ids, "plans") for ids in plans]
    for ids in typed:
        if not ids or len(set(ids)) < len(ids):
            raise ParameterError(f"a plan of {ids}; expected one site or more, each once")
    return typed


def _only_searched(rules: Sequence[Rule]) -> list[str]:
    """Say which rules of a question the plans side by side do not keep."""
    if not rules:
        return []
    asked = listed([*dict.fromkeys(getattr(r, "name", "a rule") for r in rules)], most=6)
    return [
        f"The best sets and those nearly as good keep the rules on {asked}; the plans side by side "
        "keep what each of them says, and which sites must or may not be hubs."
    ]


def _meant(
    study: Study, candidates: pd.DataFrame, given: Sequence[str], name: str, *, chosen: bool = True
) -> list[str]:
    """Read which sites are meant; what is to be chosen must be among those to choose from."""
    places = candidates[["id", "name", "kind"]]
    found = _site_ids(study, given, places, name=name, what="sites to choose from")
    known = set(places["id"].astype(str))
    if chosen and (lost := [i for i in found if i not in known]):
        raise ParameterError(
            f"{name}: {listed(lost)} cannot be chosen: closed by a proposal, a neighbour's, or not "
            "among these sites; expected sites to choose from, such as "
            f"{listed(places['id'].astype(str).tolist()[:3])}"
        )
    return found


def _locality_rules(
    study: Study, asked: int | None, candidates: pd.DataFrame
) -> tuple[AtLeast, ...]:
    """Ask for hubs in every locality: so many as asked, or as the study's own rule says."""
    own = study.config.localities
    least = own.minimum_open if asked is None else asked
    if not least:
        return ()
    placed = candidates[candidates["locality"].fillna("") != ""]
    if asked is not None and placed.empty:
        raise ParameterError(
            f"min_per_locality={asked}: no site to choose from has its locality given; expected "
            "the column locality in centres.csv or candidates.csv"
        )
    if asked is None and own.names:
        placed = placed[placed["locality"].isin(own.names)]
    rules = per_locality(dict(zip(placed["id"], placed["locality"], strict=True)), least)
    if asked is not None:
        return rules
    return tuple(replace(r, count=min(r.count, len(tuple(r.sites)))) for r in rules)


def _least_size(size: int | None, rules: Sequence[AtLeast], council: Sequence[str]) -> int | None:
    """Look for as many hubs as the localities need, where no number is asked for."""
    needed = sum(rule.count for rule in rules)
    usual = len(council) or _HUBS_UNASKED
    return needed if size is None and needed > usual else size


def _demands(
    study: Study, there: HubMinutes, candidates: pd.DataFrame, weights: pd.Series | None = None
) -> list[Demand]:
    ids = candidates["id"].tolist()
    frames = [matrix.sites(ids).to_frame() for matrix in there.matrices]
    out = []
    for offer in HubOffer.of(study):
        counts = offer.people(study)
        if weights is not None:
            counts = counts * weights
        minutes = frames[there.window[offer.key]]
        out.append(Demand(minutes, counts, offer.share, offer.title))
    return out


def _council(study: Study, known: set[str]) -> tuple[str, ...]:
    """Give the council's own choice, if every hub of it could be chosen; else it is said so."""
    choice = study.config.hubs.council_choice
    return choice if set(choice) <= known else ()


def _assumptions(study: Study, candidates: pd.DataFrame) -> tuple[str, ...]:
    offers = HubOffer.of(study)
    parts = {f"{o.title}{f' ({o.ages})' if o.ages else ''}": o.share for o in offers}
    told = [f"Joint demand: {shares_of(parts)}."] if len(parts) > 1 else []
    told += [
        f"{title}: nobody is counted for it, so it weighs nothing in where hubs stand."
        for title in HubOffer.without_people(study)
    ]
    told.append(_travel_alone(study, candidates["id"]))
    lost = sorted(set(study.config.hubs.council_choice) - set(candidates["id"]))
    if lost:
        told.append(
            f"The council's choice of hubs has no place among the others: {listed(lost)} could not "
            "be chosen here, closed by a proposal or not among the sites."
        )
    elif study.config.hubs.council_source:
        told.append(sentence(f"the council's choice: {study.config.hubs.council_source}"))
    assumed = candidates.loc[candidates["assumed"].eq(True), "name"].tolist()
    if assumed:
        told.append(f"Assumed sites among the candidates: {'; '.join(assumed)}.")
    new = int((candidates["kind"] == "greenfield").sum())
    if new:
        told.append(
            f"{new} candidates are new sites at centres of demand: nothing is known to stand there."
        )
    return tuple(told)


def _travel_alone(study: Study, sites: Iterable[str]) -> str:
    """Say that only travel is weighed, and what is not known of the buildings to choose from."""
    choice, tables = set(sites), (study.centres, study.candidates)
    lost: list[str] = []
    some: list[str] = []
    for column, word in _UNKNOWN.items():
        given = [t.loc[t["id"].isin(choice) & ~t[column].map(is_missing), "id"]
                 for t in tables if column in t]  # fmt: skip
        known = {str(i) for ids in given for i in ids}
        lost += [] if known >= choice else [word]
        some += [word] if known and not known >= choice else []
    words = f"{', '.join(lost[:-1])} or {lost[-1]}" if len(lost) > 1 else lost[0]
    but = f", save of some sites what tells whether they are {listed(some)}" if some else ""
    return f"Only travel is weighed: whether a building is {words} is not known here{but}."


def _most_deprived(study: Study) -> list[str]:
    """Name the areas that are protected."""
    areas = study.areas
    fifth = fifths(areas, study.config.weights.national_areas)
    if fifth is None:
        raise ParameterError(
            "the study's areas have no imd_decile or imd_fifth to tell who is most deprived"
        )
    return list(areas.loc[fifth == 1, "id"])


def _protect(study: Study, minutes: float, there: HubMinutes) -> list[NoWorse]:
    """Hold the most deprived fifth to no more than so many minutes beyond today's centres."""
    deprived = _most_deprived(study)
    rules = []
    for offer in HubOffer.of(study):
        if offer.service is None:  # where it is given today is not known
            continue
        centres = study.open_ids(offer.service)
        matrix = there.of(offer.key)
        now = matrix.least(centres)
        today = dict(zip(matrix.area_ids, now.tolist(), strict=True))
        who = "areas in the most deprived national fifth"
        rules.append(NoWorse(minutes, deprived, today, offer.title, who))
    return rules


def _costs(path: Path | None, candidates: pd.DataFrame) -> Mapping[str, float] | None:
    if path is None:
        return None
    table, faults = read_sheet(path)
    missing = [c for c in ("id", "cost") if c not in table]
    faults = faults or [Fault(path.name, "", c, "", f"a column named {c!r}") for c in missing]
    if not faults:
        table["cost"], faults = read_numbers(table["cost"], path.name, needed=True)
    if faults:
        raise StudyError(
            f"{path} cannot be read as a table of costs. Expected a CSV with the columns id and "
            "cost, one row a candidate site",
            faults,
        )
    costs = dict(zip(table["id"], table["cost"], strict=True))
    wanted = set(candidates["id"])
    return {key: value for key, value in costs.items() if key in wanted}
