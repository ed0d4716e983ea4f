"""Where a Family Hub could stand: centres that stay, the study's candidates, and new sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.results import HubResult, StudyResults, site_names, weighting
from access.errors import Fault, ParameterError, StudyError
from access.measure import typical_matrix
from access.measure.weights import deprivation_weights
from access.network import TravelMatrix, travel_matrix
from access.network.matrix import positions
from access.network.snapping import read_points, snap
from access.siting import Demand, NoWorse, Rule, greenfield, per_locality
from access.siting.hubs import hub_search
from access.siting.progress import Progress as Search
from access.study import Study
from access.study.sheet import read_numbers, read_sheet
from access.text import listed, percent
from access.units import metric_crs, project, unproject

_COLUMNS = ["id", "name", "kind", "locality", "lon", "lat", "assumed"]
_FURTHER_THAN_A_HOME = 10
"""A centre of demand may lie in a field: so many times a home's limit to look for a street."""


def _hub_candidates(results: StudyResults, among: Sequence[str] | None = None) -> pd.DataFrame:
    """List where a hub could go: centres that every proposal keeps, and the candidates."""
    sites = results.sites
    if among is not None:
        positions(sites["id"].tolist(), [str(i) for i in among], "site")
        keep = sites["id"].isin([str(i) for i in among])
    else:
        closed = {i for p in results.study.config.proposals.values() for i in p.close}
        stays = (sites["kind"] == "centre") & ~sites["id"].isin(closed)
        keep = (sites["kind"] == "candidate") | stays
    return sites.loc[keep, _COLUMNS].reset_index(drop=True)


def _new_sites(results: StudyResults, count: int) -> pd.DataFrame:
    """Propose sites at the centres of demand, on a street."""
    study = results.study
    areas = study.areas
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    families = [study.demand(key).set_index("id")["count"] for key in study.config.services]
    limit_m = _FURTHER_THAN_A_HOME * study.config.travel.snap_limit_m

    def to_street(points: np.ndarray) -> np.ndarray:
        lonlat = unproject(points, crs)
        frame = pd.DataFrame(lonlat, columns=["lon", "lat"])
        frame.insert(0, "id", [str(k) for k in range(len(lonlat))])
        joined = snap(
            results.networks["walk"], read_points(frame, "centres of demand"), limit_m=limit_m
        )
        onto = project(joined.lonlat[:, 0], joined.lonlat[:, 1], crs)
        return np.where(joined.found[:, None], onto, points)

    found = greenfield(
        pd.DataFrame(project(areas["lon"], areas["lat"], crs), index=areas["id"]),
        count,
        weights=pd.concat(families, axis=1).sum(axis=1).loc[areas["id"]],
        snap=to_street,
    )
    lonlat = unproject(found[["x", "y"]].to_numpy(), crs)
    return pd.DataFrame(
        {
            "id": found["id"],
            "name": [f"New site {i} at a centre of demand" for i in found["id"]],
            "kind": "greenfield",
            "locality": "",
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
            "assumed": False,
        }
    )


def _minutes_to(results: StudyResults, sites: pd.DataFrame, mode: str) -> TravelMatrix:
    """Measure the way from every area to sites that the study's matrices do not hold."""
    if mode not in (*results.networks, "typical"):
        raise ParameterError(f"no way to measure mode {mode!r} to new sites")
    study = results.study
    limit_m = study.config.travel.snap_limit_m
    made = {
        m: travel_matrix(results.networks[m], study.areas, sites, snap_limit_m=limit_m)
        for m in (["walk", "drive"] if mode == "typical" else [mode])
    }
    if mode != "typical":
        return made[mode]
    no_car = study.areas.set_index("id")["p_no_car"]
    return typical_matrix(made["walk"], made["drive"], no_car, study.config.travel.parking_minutes)


Progress = Callable[[str], None]
_DEPRIVED_DECILES = 2
_TRAVEL_ALONE = (
    "Only travel is weighed: whether a building is free, large enough, sound or affordable is not "
    "known here."
)


@dataclass(frozen=True)
class HubQuestion:
    """What a user may ask beyond what the study says.

    Parameters
    ----------
    mode : str
    most : int, optional
        The study's `hubs.most` unless told otherwise, and no fewer than `size`.
    size : int, optional
        Hubs for the alternatives and the front; as many as the council's, or 3.
    among : tuple of str, optional
        Choose among these sites only; without the council's choice where they lack one of it.
    min_per_locality : int
    protect_minutes : float, optional
        Nobody in deprivation deciles 1 and 2 may be further than today by more than this.
    locked_open, locked_closed : tuple of str
    greenfield : int
        Candidates to propose at the centres of demand.
    near_best : int
    within : float
    costs : Path, optional
        A CSV of ``id,cost``, one row a candidate.
    time_limit_s : float, optional
        For each search.
    """

    mode: str = "walk"
    most: int | None = None
    size: int | None = None
    among: tuple[str, ...] | None = None
    min_per_locality: int = 0
    protect_minutes: float | None = None
    locked_open: tuple[str, ...] = ()
    locked_closed: tuple[str, ...] = ()
    greenfield: int = 0
    near_best: int = 10
    within: float = 0.02
    costs: Path | None = None
    time_limit_s: float | None = None


def hub_answer(
    results: StudyResults,
    question: HubQuestion = HubQuestion(),
    *,
    progress: Progress = lambda step: None,
    search: Callable[[Search], object] | None = None,
) -> HubResult:
    """Find where a study's Family Hubs would best stand."""
    if question.mode not in results.matrices:
        raise ParameterError(
            f"no mode {question.mode!r} is measured; expected one of {[*results.matrices]}"
        )
    candidates = _hub_candidates(results, question.among)
    matrix = results.matrices[question.mode]
    minutes = matrix.sites(candidates["id"].tolist()).to_frame()
    if question.greenfield:
        progress("candidates at the centres of demand")
        new = _new_sites(results, question.greenfield)
        minutes = pd.concat([minutes, _minutes_to(results, new, question.mode).to_frame()], axis=1)
        candidates = pd.concat([candidates, new], ignore_index=True)
    settings = _settings(results, question, candidates) | {"progress": search}
    progress("hubs, every family counted the same")
    plain = hub_search(_demands(results.study, minutes), **settings)
    weights, note = _weights(results.study)
    weighted = None
    if weights is not None:
        progress("hubs, families weighted by deprivation")
        weighted = hub_search(_demands(results.study, minutes, weights), **settings)
    return HubResult(plain, weighted, note, question.mode, candidates)


def _demands(study: Study, minutes: pd.DataFrame, weights: pd.Series | None = None) -> list[Demand]:
    out = []
    for key, service in study.config.services.items():
        counts = study.demand(key).set_index("id")["count"]
        if weights is not None:
            counts = counts * weights
        out.append(Demand(minutes, counts, _share(study, key), service.title))
    return out


def _share(study: Study, service: str) -> float:
    given = study.config.hubs.shares
    return given.get(service, 0.0) if given else 1.0


def _weights(study: Study) -> tuple[pd.Series | None, str]:
    """Give the study's deprivation weights by area; None where it has none."""
    chosen = weighting(study)
    if chosen["weights"] == "none":
        return None, ""
    # one weight an area for both services: the areas count alike where a weight needs a count
    areas = pd.DataFrame(study.areas.drop(columns="geometry")).assign(count=1.0)
    found = deprivation_weights(
        areas, chosen["weights"], lam=chosen["lam"], national_areas=chosen["national_areas"]
    )
    return pd.Series(found.per_family, index=areas["id"]), found.note


def _settings(
    results: StudyResults, question: HubQuestion, candidates: pd.DataFrame
) -> dict[str, Any]:
    hubs = results.study.config.hubs
    rules: list[Rule] = []
    if question.min_per_locality:
        placed = candidates[candidates["locality"].fillna("") != ""]
        rules += per_locality(
            dict(zip(placed["id"], placed["locality"], strict=True)), question.min_per_locality
        )
    if question.protect_minutes is not None:
        matrix = results.matrices[question.mode]
        rules += _protect(results.study, question.protect_minutes, matrix)
    names = dict(zip(candidates["id"], candidates["name"], strict=True))
    return {
        "most": question.most or max(hubs.most, question.size or 0),
        "size": question.size,
        "council": _council(results.study, set(candidates["id"])),
        "rules": tuple(rules),
        "locked_open": question.locked_open,
        "locked_closed": question.locked_closed,
        "site_costs": _costs(question.costs, candidates),
        "near_best": question.near_best,
        "within": question.within,
        "names": names | {i: n for i, n in site_names(results).items() if i in names},
        "kinds": dict(zip(candidates["id"], candidates["kind"], strict=True)),
        "assumptions": _assumptions(results.study, candidates),
        "time_limit_s": question.time_limit_s,
    }


def _council(study: Study, known: set[str]) -> tuple[str, ...]:
    """Give the council's own choice, if every hub of it could be chosen."""
    choice = study.config.hubs.council_choice
    return choice if set(choice) <= known else ()


def _assumptions(study: Study, candidates: pd.DataFrame) -> tuple[str, ...]:
    services = study.config.services
    total = sum(_share(study, key) for key in services) or 1.0
    shares = [f"{s.title} {percent(_share(study, key) / total)}" for key, s in services.items()]
    told = [f"Joint demand: {listed(shares)} of the mean."] if len(shares) > 1 else []
    told.append(_TRAVEL_ALONE)
    lost = sorted(set(study.config.hubs.council_choice) - set(candidates["id"]))
    if lost:
        told.append(
            f"The council's choice of hubs is not set beside the others: {listed(lost)} could not "
            "be chosen here, closed by a proposal or not among the sites."
        )
    elif study.config.hubs.council_source:
        told.append(f"The council's choice: {study.config.hubs.council_source}.")
    assumed = candidates.loc[candidates["assumed"].eq(True), "name"].tolist()
    if assumed:
        told.append(f"Assumed sites among the candidates: {'; '.join(assumed)}.")
    new = int((candidates["kind"] == "greenfield").sum())
    if new:
        told.append(
            f"{new} candidates are new sites at centres of demand: nothing is known to stand there."
        )
    return tuple(told)


def _protect(study: Study, minutes: float, matrix: TravelMatrix) -> list[NoWorse]:
    """Hold the most deprived fifth to no more than so many minutes beyond today's centres."""
    areas = study.areas
    if "imd_decile" not in areas:
        raise ParameterError("the study's areas have no imd_decile to tell who is most deprived")
    deprived = areas.loc[areas["imd_decile"] <= _DEPRIVED_DECILES, "id"].tolist()
    rules = []
    for key, service in study.config.services.items():
        now = matrix.sites(study.centres_of(key)["id"].tolist()).total_minutes.min(axis=1)
        today = dict(zip(matrix.area_ids, now.tolist(), strict=True))
        who = f"areas in deprivation deciles 1 to {_DEPRIVED_DECILES}"
        rules.append(NoWorse(minutes, deprived, today, service.title, who))
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


def with_hubs(
    results: StudyResults, *, mode: str | None = None, progress: Progress = lambda step: None
) -> StudyResults:
    """Add where Family Hubs would best stand to what a run found."""
    if len(_hub_candidates(results)) < 2:
        return results
    question = HubQuestion(mode=mode or next(iter(results.matrices)))
    answer = hub_answer(results, question, progress=progress)
    told = (*results.ledger.assumptions, *answer.plain.assumptions)
    return replace(results, hubs=answer, ledger=replace(results.ledger, assumptions=told))
